// Translates between waferc's IR and other formats: the tool of the lit tests. Each library registers its own.
#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"
#include "wafer/Conversion/PeToProgram.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Dialect/Wafer/WaferDialect.h"
#include "wafer/Frontend/Import.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
  wafer::frontend::registerOnnxTextTranslation(wafer::hasOnnxLowering);
  wafer::registerPeToAsmTranslation([](mlir::DialectRegistry &registry) {
    registry.insert<mlir::ml_program::MLProgramDialect, wafer::onnx::OnnxDialect, wafer::wfr::WaferDialect>();
  });
  return mlir::failed(mlir::mlirTranslateMain(argc, argv, "waferc's translation driver"));
}
