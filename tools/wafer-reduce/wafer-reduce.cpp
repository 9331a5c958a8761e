// Cuts IR down to what still fails: a test script says of each smaller version whether it does.
#include "ReductionPatterns.h"

#include "wafer/Driver/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  wafer::driver::registerAllDialects(registry);
  wafer::registerReductionPatterns(registry);
  wafer::driver::registerAllPasses();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
