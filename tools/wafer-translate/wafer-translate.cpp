// Translates between waferc's IR and other formats: the tool of the lit tests. Each library registers its own.
#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"
#include "wafer/Conversion/PeToProgram.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Dialect/Wafer/WaferDialect.h"
#include "wafer/Frontend/Import.h"
#include "wafer/Program/ImageText.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

/// `--image-to-text`: what is in a program image.
static void registerImageToText() {
  static mlir::TranslateRegistration registration(
      "image-to-text", "print a program image, its code disassembled",
      [](const std::shared_ptr<llvm::SourceMgr> &sources, llvm::raw_ostream &output, mlir::MLIRContext *) {
        llvm::StringRef bytes = sources->getMemoryBuffer(sources->getMainFileID())->getBuffer();
        auto image = wafer::Image::fromBytes(std::vector<uint8_t>(bytes.bytes_begin(), bytes.bytes_end()));
        if (!image) {
          llvm::errs() << image.error().str() << "\n";
          return mlir::failure();
        }
        output << wafer::imageText(*image);
        return mlir::success();
      });
}

int main(int argc, char **argv) {
  wafer::frontend::registerOnnxTextTranslation(wafer::hasOnnxLowering);
  wafer::registerPeToAsmTranslation([](mlir::DialectRegistry &registry) {
    registry.insert<mlir::ml_program::MLProgramDialect, wafer::onnx::OnnxDialect, wafer::wfr::WaferDialect>();
  });
  registerImageToText();
  return mlir::failed(mlir::mlirTranslateMain(argc, argv, "waferc's translation driver"));
}
