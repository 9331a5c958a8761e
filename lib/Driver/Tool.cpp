#include "wafer/Driver/Tool.h"

#include "wafer/Driver/Page.h"
#include "wafer/Support/OutputFile.h"
#include "wafer/Support/StandardStreams.h"

#include "llvm/Support/FormatVariadic.h"

#include <cstring>

using namespace wafer;
using namespace wafer::driver;

/// A full disk or a pipe without a reader is an error like any other.
static Status writeText(const std::string &path, const std::string &text) {
  if (path == "-")
    return writeStandardOutput(text);
  OutputFile file(path);
  file.write(text);
  if (int error = file.finish())
    return Diagnostic{ErrorCode::ToolUsage, "cannot write '" + path + "': " + std::strerror(error), ""};
  return Status::ok();
}

static Status writeResult(Compilation &compilation, const ToolOptions &options) {
  if (options.compile.backend.stopAfter != Stage::Image)
    return writeText(options.output, compilation.printed());
  if (options.output != "-")
    return compilation.writeImage(options.output);
  std::vector<uint8_t> bytes = compilation.imageBytes();
  return writeStandardOutput({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
}

static std::string reportText(const Compilation &compilation, const std::string &file) {
  std::string json = compilation.report();
  return isPageName(file) ? pageOf(json) : json;
}

int driver::runCompileTool(const ToolOptions &options, llvm::raw_ostream &errors) {
  CompileOptions compile = options.compile;
  compile.backend.tracePlan = !options.planTrace.empty();
  std::vector<uint8_t> given;
  if (compile.model.name == "-") {
    Result<std::vector<uint8_t>> bytes = readStandardInput();
    if (!bytes) {
      errors << bytes.error().str() << "\n";
      return 1;
    }
    given = bytes.take();
    compile.model.name = "<standard input>";
    compile.model.bytes = given;
  }
  CompileHooks hooks;
  if (options.progress)
    hooks.progress = [&](const std::string &text) { errors << "wafer-compile: " << text << "\n"; };
  if (options.timing)
    hooks.stageDone = [&](const StageReport &stage) {
      errors << llvm::formatv("{0,-10} {1,9:f1} ms\n", stageName(stage.stage), stage.seconds * 1e3);
    };
  Compilation compilation(compile, hooks);
  bool good = compilation.run();
  if (good)
    if (Status written = writeResult(compilation, options); !written) {
      good = false;
      compilation.addError(written.error());
    }
  if (!options.report.empty())
    if (Status written = writeText(options.report, reportText(compilation, options.report)); !written) {
      good = false;
      compilation.addError(written.error());
    }
  if (!options.planTrace.empty() && !compilation.planTrace().empty())
    if (Status written = writeText(options.planTrace, compilation.planTrace()); !written) {
      good = false;
      compilation.addError(written.error());
    }
  (options.jsonErrors ? printDiagnosticsAsJson : printDiagnostics)(compilation.diagnostics(), errors);
  return good ? 0 : 1;
}
