// A compilation, as a library: a model in, a program image or one stage of the pipeline out.
//
//   Compilation compilation(options, hooks);
//   if (compilation.run())
//     compilation.writeImage("model.wafer");
//   else
//     compilation.diagnostics() says why
//
// Several may run at once, each in a thread.
#ifndef WAFER_DRIVER_COMPILE_H
#define WAFER_DRIVER_COMPILE_H

#include "wafer/Driver/Backend.h"
#include "wafer/Driver/DiagnosticReport.h"
#include "wafer/Frontend/Model.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace wafer::driver {

struct CompileOptions {
  frontend::ModelSource model;
  frontend::ModelOptions frontend;
  BackendOptions backend;
  /// With the IR of a stage, print locations (ONNX node names).
  bool printLocations = false;
  /// Only find out which nodes are in the way, if any: everything before the first plan, and no result.
  bool checkOnly = false;
};

/// How the caller follows a compilation. Called in the thread that runs it.
struct CompileHooks {
  /// What is being tried, if it takes more than one attempt.
  std::function<void(const std::string &)> progress;
  StageDone stageDone;
  /// Asked now and then; if it says yes, the compilation ends with WF8010.
  std::function<bool()> isCancelled;
};

class Compilation {
public:
  explicit Compilation(CompileOptions options, CompileHooks hooks = {});
  ~Compilation();

  /// False after errors. Once.
  bool run();

  const std::vector<ReportedDiagnostic> &diagnostics() const;
  /// An error that was met with the result.
  void addError(const Diagnostic &diagnostic);
  /// The IR of the stage that was to be the last one; empty if that is the image.
  const std::string &printed() const;
  /// The image, if it was to be made and run() succeeded. What the model's file holds is read again for it.
  Status writeImage(const std::string &path);
  std::vector<uint8_t> imageBytes();
  /// docs/report.md; also of a compilation that failed.
  std::string report() const;
  /// What the planner looked at (docs/report.md), if that was asked for and there is a plan.
  const std::string &planTrace() const;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

/// Whether any node of an operator can be compiled. False: none, whatever it is given.
bool hasOperator(std::string_view domain, std::string_view op, int opset);

/// From the onnx dialect to the checked and folded tensor level.
void addTensorPasses(mlir::OpPassManager &passes);

} // namespace wafer::driver

#endif // WAFER_DRIVER_COMPILE_H
