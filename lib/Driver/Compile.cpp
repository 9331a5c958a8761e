#include "wafer/Driver/Compile.h"

#include "Report.h"

#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"
#include "wafer/Driver/DiagnosticReport.h"
#include "wafer/Frontend/Import.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Support/OutputFile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

void driver::addTensorPasses(OpPassManager &passes) {
  passes.addPass(createConvertOnnxToTensor());
  passes.addPass(createFoldTensorConstants());
  passes.addPass(createVerifyTensorLevel());
}

namespace {

class Compilation {
public:
  Compilation(const CompileOptions &options, llvm::raw_ostream &errors) : options(options), errors(errors) {
    context.loadDialect<func::FuncDialect, onnx::OnnxDialect>();
    // Dumps of operations are for developers; users get node names.
    context.printOpOnDiagnostic(false);
  }

  LogicalResult run() {
    report.model = options.model;
    report.seed = options.backend.seed;
    std::optional<Profile> profile;
    if (options.backend.stopAfter > Stage::Tensor) {
      // A wrong target is told before any work is done.
      Result<Profile> loaded = Profile::load(options.backend.target);
      if (!loaded)
        return wafer::emitError(UnknownLoc::get(&context), loaded.error());
      profile = loaded.take();
      report.profile = &*profile;
    }
    LogicalResult result = runStages(profile ? &*profile : nullptr);
    return result;
  }

  /// Writes the JSON report, if one is wanted; `diagnostics` holds what went wrong.
  LogicalResult writeReportFile(const std::vector<ReportedDiagnostic> &diagnostics) {
    if (options.report.empty())
      return success();
    for (const ReportedDiagnostic &d : diagnostics)
      if (d.severity == "error" && report.errorMessage.empty()) {
        report.errorCode = d.code;
        report.errorMessage = d.message;
      }
    return writeText(options.report, [&](llvm::raw_ostream &os) { writeReport(report, os); });
  }

  MLIRContext *getContext() { return &context; }

private:
  LogicalResult runStages(const Profile *profile) {
    frontend::ModelOptions frontend = options.frontend;
    frontend.hasLowering = hasOnnxLowering;
    OwningOpRef<ModuleOp> module;
    bool imported = timed(Stage::Onnx, [&] {
      auto result = frontend::importOnnxModel(context, frontend::ModelSource::file(options.model), frontend, weights);
      if (failed(result))
        return failure();
      module = std::move(*result);
      return success();
    });
    if (!imported)
      return failure();
    report.stages.back() = reportOf(Stage::Onnx, *module, report.stages.back().seconds);
    module->walk([&](onnx::NodeOp) { ++report.modelNodes; });
    if (options.backend.stopAfter == Stage::Onnx)
      return print(*module);
    if (!runPasses(*module, Stage::Tensor, addTensorPasses))
      return failure();
    if (options.backend.stopAfter == Stage::Tensor)
      return print(*module);
    return runBackendStages(*module, *profile);
  }

  LogicalResult runBackendStages(ModuleOp module, const Profile &profile) {
    ImageWriter writer;
    FailureOr<BackendResult> result = runBackend(
        module, profile, options.backend, llvm::sys::path::filename(options.model),
        [&](Operation *symbol) { return weights.bytes(cast<onnx::WeightOp>(symbol)); }, writer,
        [&](const StageReport &stage) { printTiming(stage); },
        [&](const std::string &text) {
          if (options.progress)
            errors << "wafer-compile: " << text << "\n";
        });
    if (failed(result))
      return failure();
    compiled = std::move(*result);
    llvm::append_range(report.stages, compiled.stages);
    report.result = &compiled;
    if (options.backend.stopAfter != Stage::Image)
      return print(*compiled.module);
    if (auto ignored = module->getAttrOfType<ArrayAttr>("onnx.ignored_inputs"))
      for (Attribute name : ignored)
        writer.manifest.add_ignored_inputs(cast<StringAttr>(name).str());
    if (auto extents = module->getAttrOfType<ArrayAttr>("onnx.extents"))
      for (auto note : extents.getAsRange<DictionaryAttr>()) {
        image::RuntimeExtent &extent = *writer.manifest.add_extents();
        extent.set_output(note.getAs<StringAttr>("output").str());
        extent.set_dim(note.getAs<IntegerAttr>("dim").getInt());
        extent.set_count(note.getAs<StringAttr>("count").str());
      }
    for (const image::Weight &weight : writer.manifest.weights()) {
      int64_t elements = 1;
      for (int64_t extent : weight.tensor().shape())
        elements *= extent;
      if (weightSections.insert(weight.section()).second)
        report.weightBytes += 4 * elements;
    }
    if (Status status = writer.write(options.output); !status)
      return wafer::emitError(UnknownLoc::get(&context), status.error());
    uint64_t size = 0;
    if (!llvm::sys::fs::file_size(options.output, size))
      report.imageBytes = static_cast<int64_t>(size);
    return success();
  }

  void printTiming(const StageReport &stage) {
    if (options.timing)
      errors << llvm::formatv("{0,-10} {1,9:f1} ms\n", stageName(stage.stage), stage.seconds * 1e3);
  }

  bool timed(Stage stage, llvm::function_ref<LogicalResult()> run) {
    auto begin = std::chrono::steady_clock::now();
    LogicalResult result = run();
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    report.stages.push_back({stage, time.count(), 0});
    printTiming(report.stages.back());
    return succeeded(result);
  }

  bool runPasses(ModuleOp module, Stage stage, llvm::function_ref<void(OpPassManager &)> add) {
    PassManager passes(&context);
    add(passes);
    bool done = timed(stage, [&] { return passes.run(module); });
    report.stages.back() = reportOf(stage, module, report.stages.back().seconds);
    return done;
  }

  LogicalResult print(ModuleOp module) {
    OpPrintingFlags flags;
    flags.enableDebugInfo(options.printLocations, /*prettyForm=*/false);
    return writeText(options.output.empty() ? "-" : StringRef(options.output), [&](llvm::raw_ostream &os) {
      module.print(os, flags);
      os << "\n";
    });
  }

  /// `path` may be "-", standard output. A full disk or a pipe without a reader is an error like any other.
  LogicalResult writeText(StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> write) {
    std::error_code code;
    if (path == "-") {
      llvm::raw_fd_ostream file(path, code);
      write(file);
      file.flush();
      code = file.error();
      file.clear_error();
    } else {
      std::string text;
      llvm::raw_string_ostream os(text);
      write(os);
      OutputFile file(path.str());
      file.write(text);
      code = std::error_code(file.finish(), std::generic_category());
    }
    if (!code)
      return success();
    std::string name = path == "-" ? "to standard output" : "'" + path.str() + "'";
    wafer::emitError(UnknownLoc::get(&context), ErrorCode::ToolUsage, "cannot write " + name + ": " + code.message());
    return failure();
  }

  const CompileOptions &options;
  llvm::raw_ostream &errors;
  MLIRContext context;
  frontend::WeightStore weights;
  BackendResult compiled;
  CompilationReport report;
  std::set<uint32_t> weightSections;
};

} // namespace

int driver::compile(const CompileOptions &options, llvm::raw_ostream &errors) {
  Compilation compilation(options, errors);
  DiagnosticReport report(compilation.getContext());
  LogicalResult result = compilation.run();
  if (failed(compilation.writeReportFile(report.diagnostics())))
    result = failure();
  if (options.jsonErrors)
    report.printJson(errors);
  else
    report.printText(errors);
  return failed(result) || report.hasErrors() ? 1 : 0;
}
