// What the wafer-compile command does around a compilation: files, standard streams, and what is printed.
#ifndef WAFER_DRIVER_TOOL_H
#define WAFER_DRIVER_TOOL_H

#include "wafer/Driver/Compile.h"

#include "llvm/Support/raw_ostream.h"

namespace wafer::driver {

struct ToolOptions {
  /// A model named "-" is read from standard input.
  CompileOptions compile;
  /// Where the image is written, or a stage printed; "-" is standard output.
  std::string output;
  /// A report of the compilation (docs/report.md): a page if the name ends with .html, else JSON; "-" for standard
  /// output; empty: none.
  std::string report;
  /// Where what the planner looked at is written; "-" for standard output; empty: nowhere.
  std::string planTrace;
  /// Tell on standard error what is being done, if it takes long.
  bool progress = false;
  /// Errors as one JSON object on standard error instead of text.
  bool jsonErrors = false;
  /// Print the time of each stage on standard error.
  bool timing = false;
};

/// Compiles. Errors go to `errors`, each with its code and hint. Returns the exit code: 0, or 1 after errors.
int runCompileTool(const ToolOptions &options, llvm::raw_ostream &errors);

} // namespace wafer::driver

#endif // WAFER_DRIVER_TOOL_H
