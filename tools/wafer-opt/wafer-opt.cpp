// Runs waferc's passes on IR: the tool of the lit tests.
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllPasses();
  wafer::pe::registerPePasses();
  registry.insert<wafer::pe::PeDialect, wafer::wfr::WaferDialect>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "waferc's optimizer driver\n", registry));
}
