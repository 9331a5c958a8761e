// Runs waferc's passes on IR: the tool of the lit tests.
#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"
#include "wafer/Conversion/Passes.h"
#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Dialect/Wafer/Passes.h"
#include "wafer/Dialect/Wafer/WaferDialect.h"
#include "wafer/Frontend/Model.h"
#include "wafer/Plan/Passes.h"
#include "wafer/Tensor/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllPasses();
  wafer::registerOnnxToTensorPasses();
  wafer::pe::registerPePasses();
  wafer::pe::registerPePipelines();
  registry
      .insert<wafer::fabric::FabricDialect, wafer::onnx::OnnxDialect, wafer::pe::PeDialect, wafer::wfr::WaferDialect>();
  // The ONNX library tells the onnx dialect what operators look like.
  registry.addExtension(+[](mlir::MLIRContext *, wafer::onnx::OnnxDialect *dialect) {
    dialect->setSchemaSource(&wafer::frontend::onnxSchemas());
  });
  wafer::fabric::registerFabricPasses();
  wafer::registerWaferPasses();
  wafer::registerConversionPasses();
  wafer::registerPlanPasses();
  wafer::registerTensorPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "waferc's optimizer driver\n", registry));
}
