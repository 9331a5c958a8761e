// wafer-translate --import-onnx-text: ONNX's text syntax to the onnx dialect, so that tests can be read.
#include "wafer/Frontend/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace wafer;

void frontend::registerOnnxTextTranslation(bool (*hasLowering)(std::string_view, std::string_view, int)) {
  static TranslateToMLIRRegistration registration(
      "import-onnx-text", "import a model in ONNX's text syntax",
      [hasLowering](llvm::SourceMgr &sources, MLIRContext *context) -> OwningOpRef<Operation *> {
        const llvm::MemoryBuffer *buffer = sources.getMemoryBuffer(sources.getMainFileID());
        WeightStore weights;
        ModelOptions options;
        options.hasLowering = hasLowering;
        auto module = importOnnxText(*context, buffer->getBuffer(), buffer->getBufferIdentifier(), options, weights);
        if (failed(module))
          return {};
        return OwningOpRef<Operation *>(module->release().getOperation());
      },
      [](DialectRegistry &registry) { registry.insert<func::FuncDialect, onnx::OnnxDialect>(); });
}
