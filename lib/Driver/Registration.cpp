#include "wafer/Driver/Registration.h"

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

using namespace wafer;

void driver::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  registry.insert<fabric::FabricDialect, onnx::OnnxDialect, pe::PeDialect, wfr::WaferDialect>();
  // The ONNX library tells the onnx dialect what operators look like.
  registry.addExtension(
      +[](mlir::MLIRContext *, onnx::OnnxDialect *dialect) { dialect->setSchemaSource(&frontend::onnxSchemas()); });
}

void driver::registerAllPasses() {
  mlir::registerAllPasses();
  registerOnnxToTensorPasses();
  pe::registerPePasses();
  pe::registerPePipelines();
  fabric::registerFabricPasses();
  registerWaferPasses();
  registerConversionPasses();
  registerPlanPasses();
  registerTensorPasses();
}
