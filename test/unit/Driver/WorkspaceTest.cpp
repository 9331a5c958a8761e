// What one compilation leaves for the next.
#include "Driver/Workspace.h"

#include "wafer/Conversion/Passes.h"
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Dialect/Wafer/Passes.h"
#include "wafer/Driver/Compile.h"
#include "wafer/Plan/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <gtest/gtest.h>

#include <thread>

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

namespace {

/// Whether the workspace that take() returns now has passes from before; it leaves some, and is gone if `keep` is not
/// set.
bool wasUsed(bool keep = true) {
  std::unique_ptr<Workspace> workspace = Workspace::take();
  bool isNew = false;
  workspace->passes(Stage::Tensor, "a setting", [&](PassManager &) { isNew = true; });
  if (keep)
    Workspace::giveBack(std::move(workspace));
  return !isNew;
}

/// None is kept.
struct WorkspaceTest : testing::Test {
  void SetUp() override {
    while (wasUsed(/*keep=*/false))
      ;
  }
};

TEST_F(WorkspaceTest, IsKeptWithItsPasses) {
  EXPECT_FALSE(wasUsed());
  EXPECT_TRUE(wasUsed());
  std::unique_ptr<Workspace> workspace = Workspace::take();
  auto unwanted = [](PassManager &) { FAIL() << "built again"; };
  PassManager &passes = workspace->passes(Stage::Tensor, "a setting", unwanted);
  EXPECT_EQ(passes.getContext(), &workspace->context);
  bool built = false;
  EXPECT_NE(&workspace->passes(Stage::Tensor, "another", [&](PassManager &) { built = true; }), &passes);
  EXPECT_TRUE(built);
}

TEST_F(WorkspaceTest, IsOneCompilationsOwn) {
  std::unique_ptr<Workspace> first = Workspace::take(), second = Workspace::take();
  EXPECT_NE(first.get(), second.get());
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([] {
      for (int k = 0; k != 20; ++k)
        wasUsed();
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_F(WorkspaceTest, IsNotKeptWithThreads) {
  EXPECT_FALSE(wasUsed());
  std::unique_ptr<Workspace> workspace = Workspace::take();
  workspace->context.enableMultithreading();
  Workspace::giveBack(std::move(workspace));
  EXPECT_FALSE(wasUsed());
}

/// A module with constants that have so many elements together.
OwningOpRef<ModuleOp> constants(MLIRContext &context, int count, int64_t elements) {
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, builder.getUnknownLoc());
  builder.setInsertionPointToStart(module->getBody());
  for (int i = 0; i != count; ++i) {
    std::vector<int32_t> values(elements, 0);
    values.front() = i + 1;
    arith::ConstantOp::create(builder, builder.getUnknownLoc(), builder.getI32TensorAttr(values));
  }
  return module;
}

TEST_F(WorkspaceTest, IsNotKeptWhenItHasGrown) {
  EXPECT_FALSE(wasUsed());
  for (int64_t elements : {1 << 10, 1 << 20}) {
    std::unique_ptr<Workspace> workspace = Workspace::take();
    workspace->account(*constants(workspace->context, 3, elements));
    Workspace::giveBack(std::move(workspace));
    EXPECT_EQ(wasUsed(), elements == 1 << 10);
  }
  // Many small models are as much as a large one.
  wasUsed();
  int rounds = 0;
  for (bool used = true; used && rounds != 10'000; ++rounds) {
    std::unique_ptr<Workspace> workspace = Workspace::take();
    workspace->account(*constants(workspace->context, 10, 8));
    Workspace::giveBack(std::move(workspace));
    used = wasUsed();
  }
  EXPECT_GT(rounds, 100);
  EXPECT_LT(rounds, 10'000);
}

/// Canonicalisation of a later compilation would see more of them.
TEST_F(WorkspaceTest, HasTheDialectsOfAllPasses) {
  Workspace workspace;
  PassManager passes(&workspace.context);
  addTensorPasses(passes);
  addKernelPasses(passes);
  passes.addPass(createWaferPlan());
  passes.addPass(createConvertWaferToFabric());
  passes.addPass(createConvertWaferToPe());
  passes.addNestedPass<wfr::ProgramOp>(createWaferPlace());
  passes.addNestedPass<wfr::ProgramOp>(createWaferVerifyOrder());
  OpPassManager &fabric = passes.nest<fabric::ProgramOp>();
  fabric.addPass(fabric::createFabricRouteNets());
  fabric.addPass(fabric::createFabricExpandChannels());
  fabric.addPass(fabric::createFabricVerifyRoutes());
  pe::addCodePasses(passes.nest<pe::ProgramOp>(), 40'000);
  DialectRegistry wanted;
  passes.getDependentDialects(wanted);
  size_t count = 0;
  for (StringRef name : wanted.getDialectNames()) {
    EXPECT_NE(workspace.context.getLoadedDialect(name), nullptr) << name.str();
    ++count;
  }
  EXPECT_GT(count, 5u);
}

} // namespace
