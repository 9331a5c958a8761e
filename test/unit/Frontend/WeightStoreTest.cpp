#include "wafer/Frontend/Import.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace wafer::frontend;

namespace {

struct WeightStoreTest : testing::Test {
  void SetUp() override {
    context.loadDialect<wafer::onnx::OnnxDialect>();
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) { errors.push_back(diagnostic.str()); });
  }

  wafer::onnx::WeightOp weight(StringRef name, StringRef file, int64_t offset, int64_t elements) {
    OpBuilder b(&context);
    b.setInsertionPointToEnd(module->getBody());
    auto type = RankedTensorType::get({elements}, b.getF32Type());
    return wafer::onnx::WeightOp::create(b, b.getUnknownLoc(), b.getStringAttr(name), TypeAttr::get(type),
                                         file.empty() ? StringAttr() : b.getStringAttr(file),
                                         b.getI64IntegerAttr(offset), b.getI64IntegerAttr(4 * elements));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  std::vector<std::string> errors;
  WeightStore store;
};

/// A file of `text` that goes away with this.
struct TemporaryFile {
  explicit TemporaryFile(StringRef text) {
    int fd;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("weights", "bin", fd, path));
    llvm::raw_fd_ostream(fd, /*shouldClose=*/true) << text;
  }
  ~TemporaryFile() { llvm::sys::fs::remove(path); }
  SmallString<128> path;
};

} // namespace

TEST_F(WeightStoreTest, ReadsTheNamedBytesOfAFile) {
  TemporaryFile file("0123456789abcdef");
  auto bytes = store.bytes(weight("w", file.path, 4, 2));
  ASSERT_TRUE(succeeded(bytes));
  EXPECT_EQ(StringRef(bytes->data(), bytes->size()), "456789ab");
}

TEST_F(WeightStoreTest, ReportsAFileThatBecameTooShort) {
  TemporaryFile file("0123456789");
  EXPECT_TRUE(failed(store.bytes(weight("w", file.path, 4, 2))));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("[WF1003]"), std::string::npos);
  EXPECT_NE(errors[0].find("too short for the weight 'w'"), std::string::npos);
}

TEST_F(WeightStoreTest, ReportsAMissingFile) {
  EXPECT_TRUE(failed(store.bytes(weight("w", "/nonexistent/model.onnx", 0, 2))));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("[WF1003] cannot read '/nonexistent/model.onnx'"), std::string::npos);
}

TEST_F(WeightStoreTest, OwnsWhatNoFileHolds) {
  EXPECT_TRUE(failed(store.bytes(weight("a", "", 0, 1))));
  store.own("b", "wxyz");
  auto bytes = store.bytes(weight("b", "", 0, 1));
  ASSERT_TRUE(succeeded(bytes));
  EXPECT_EQ(StringRef(bytes->data(), bytes->size()), "wxyz");
}

TEST_F(WeightStoreTest, ImportOfTextOwnsBigTensors) {
  // 2048 elements in float_data: more than stay inline.
  std::string values = "0";
  for (int i = 1; i != 2048; ++i)
    values += ", " + std::to_string(i);
  std::string text = "<ir_version: 10, opset_import: [\"\" : 20]>\n"
                     "g (float[2048] x) => (float[2048] y) <float[2048] w = {" +
                     values + "}> { y = Add(x, w) }";
  auto imported = importOnnxText(context, text, "text", ModelOptions(), store);
  ASSERT_TRUE(succeeded(imported));
  auto weights = llvm::to_vector((*imported)->getOps<wafer::onnx::WeightOp>());
  ASSERT_EQ(weights.size(), 1u);
  auto bytes = store.bytes(weights[0]);
  ASSERT_TRUE(succeeded(bytes));
  ASSERT_EQ(bytes->size(), 2048u * 4);
  float last;
  std::memcpy(&last, bytes->data() + 2047 * 4, 4);
  EXPECT_EQ(last, 2047.0f);
}
