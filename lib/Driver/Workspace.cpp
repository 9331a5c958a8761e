#include "Workspace.h"

#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <mutex>
#include <vector>

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

namespace {

/// Of contexts that wait. More are in use only while as many threads compile.
constexpr size_t kMostKept = 2;

/// What a context that is kept may have got, and what an operation leaves in one: attributes, types, a location.
constexpr int64_t kMostBytes = int64_t(8) << 20, kBytesOfOperation = 256;

struct Kept {
  std::mutex mutex;
  std::vector<std::unique_ptr<Workspace>> workspaces;
};

Kept &kept() {
  static Kept &kept = *new Kept; // a compilation may end later than what is static
  return kept;
}

int64_t bytesOf(Attribute attribute) {
  if (auto elements = dyn_cast<DenseElementsAttr>(attribute))
    return static_cast<int64_t>(elements.getRawData().size());
  return 0;
}

} // namespace

Workspace::Workspace() : context(MLIRContext::Threading::DISABLED) {
  context.loadDialect<affine::AffineDialect, arith::ArithDialect, fabric::FabricDialect, func::FuncDialect,
                      linalg::LinalgDialect, math::MathDialect, ml_program::MLProgramDialect, onnx::OnnxDialect,
                      pe::PeDialect, scf::SCFDialect, tensor::TensorDialect, wfr::WaferDialect>();
  // Dumps of operations are for developers; users get node names.
  context.printOpOnDiagnostic(false);
}

std::unique_ptr<Workspace> Workspace::take() {
  std::unique_lock lock(kept().mutex, std::try_to_lock);
  if (!lock || kept().workspaces.empty())
    return std::make_unique<Workspace>();
  std::unique_ptr<Workspace> workspace = std::move(kept().workspaces.back());
  kept().workspaces.pop_back();
  return workspace;
}

void Workspace::giveBack(std::unique_ptr<Workspace> workspace) {
  if (workspace->context.isMultithreadingEnabled() || workspace->bytes > kMostBytes)
    return;
  std::unique_lock lock(kept().mutex, std::try_to_lock);
  if (lock && kept().workspaces.size() < kMostKept)
    kept().workspaces.push_back(std::move(workspace));
}

PassManager &Workspace::passes(Stage stage, const std::string &settings,
                               llvm::function_ref<void(PassManager &)> build) {
  std::unique_ptr<PassManager> &manager = managers[{stage, settings}];
  if (!manager) {
    manager = std::make_unique<PassManager>(&context);
    build(*manager);
  }
  return *manager;
}

void Workspace::account(ModuleOp module) {
  if (context.isMultithreadingEnabled()) // it is not kept
    return;
  module->walk([&](Operation *op) {
    bytes += kBytesOfOperation;
    for (NamedAttribute attribute : op->getAttrs())
      bytes += bytesOf(attribute.getValue());
  });
}
