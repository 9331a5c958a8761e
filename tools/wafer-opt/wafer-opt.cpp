// Runs waferc's passes on IR: the tool of the lit tests.
#include "wafer/Driver/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  wafer::driver::registerAllDialects(registry);
  wafer::driver::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "waferc's optimizer driver\n", registry));
}
