// What wafer-compile does, as a library: a model file in, one stage of the pipeline out.
#ifndef WAFER_DRIVER_COMPILE_H
#define WAFER_DRIVER_COMPILE_H

#include "wafer/Driver/Backend.h"
#include "wafer/Frontend/Model.h"

#include "llvm/Support/raw_ostream.h"

#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace wafer::driver {

struct CompileOptions {
  std::string model;
  frontend::ModelOptions frontend;
  /// `stopAfter` is the stage to print; the image is written.
  BackendOptions backend;
  /// A JSON report of the compilation (docs/report.md); empty: none.
  std::string report;
  /// Tell on standard error what is being done, if it takes long.
  bool progress = false;
  /// Where the image is written, or a stage printed; for stages "-" or empty is standard output.
  std::string output;
  /// Errors as one JSON object on standard error instead of text.
  bool jsonErrors = false;
  /// Print the time of each stage on standard error.
  bool timing = false;
  /// Print locations (ONNX node names) with the IR.
  bool printLocations = false;
};

/// Compiles. Errors go to `errors`, each with its code and hint. Returns the exit code: 0, or 1 after errors.
int compile(const CompileOptions &options, llvm::raw_ostream &errors);

/// From the onnx dialect to the checked and folded tensor level.
void addTensorPasses(mlir::OpPassManager &passes);

} // namespace wafer::driver

#endif // WAFER_DRIVER_COMPILE_H
