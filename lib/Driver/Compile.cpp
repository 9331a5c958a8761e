#include "wafer/Driver/Compile.h"

#include "Report.h"
#include "Workspace.h"

#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"
#include "wafer/Frontend/Import.h"
#include "wafer/Support/Cancellation.h"
#include "wafer/Support/MlirDiagnostic.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
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

bool driver::hasOperator(std::string_view domain, std::string_view op, int opset) {
  const onnx::SchemaSource &schemas = frontend::onnxSchemas();
  if (const onnx::OpSchema *schema = schemas.find(domain, op, opset))
    return schema->hasFunctionBody || hasOnnxLowering(domain, op, schema->sinceVersion);
  if (!schemas.knowsDomain(domain))
    return hasOnnxLowering(domain, op, opset);
  // ONNX Runtime keeps a few of its own in ONNX's domain.
  return domain.empty() && !schemas.find("", op, frontend::kNewestOpset) && hasOnnxLowering("com.microsoft", op, 1);
}

/// Models of fewer nodes are compiled on one thread: others would take longer to start than they could help.
constexpr int64_t kWorthThreads = 16;

class Compilation::Impl {
public:
  Impl(CompileOptions options, CompileHooks hooks) : options(std::move(options)), hooks(std::move(hooks)) {}

  ~Impl() {
    module = {};
    compiled = {};
    diagnostics.reset();
    if (ended)
      Workspace::giveBack(std::move(workspace));
  }

  bool run() {
    CancellationScope scope(hooks.isCancelled);
    report.model = options.model.name;
    report.seed = options.backend.seed;
    if (options.backend.stopAfter > Stage::Tensor) {
      // A wrong target is told before any work is done.
      Result<Profile> loaded = Profile::load(options.backend.target);
      if (!loaded) {
        wafer::emitError(UnknownLoc::get(&context), loaded.error());
        return false;
      }
      profile = loaded.take();
      report.profile = &*profile;
    }
    LogicalResult result = runStages();
    ended = true;
    if (isCancelled())
      wafer::emitError(UnknownLoc::get(&context), ErrorCode::Cancelled, "the compilation was cancelled");
    return succeeded(result) && !diagnostics->hasErrors();
  }

  CompileOptions options;
  CompileHooks hooks;
  std::unique_ptr<Workspace> workspace = Workspace::take();
  MLIRContext &context = workspace->context;
  std::optional<DiagnosticReport> diagnostics{&context};
  std::optional<Profile> profile;
  BackendResult compiled;
  CompilationReport report;
  std::string printed;
  ImageWriter writer;

private:
  LogicalResult runStages() {
    frontend::ModelOptions frontend = options.frontend;
    frontend.hasLowering = hasOnnxLowering;
    bool imported = timed(Stage::Onnx, [&] {
      auto result = frontend::importOnnxModel(context, options.model, frontend, weights);
      if (failed(result))
        return failure();
      module = std::move(*result);
      return success();
    });
    if (!imported || isCancelled())
      return failure();
    report.stages.back() = reportOf(Stage::Onnx, *module, report.stages.back().seconds);
    module->walk([&](onnx::NodeOp) { ++report.modelNodes; });
    workspace->account(*module);
    if (report.modelNodes >= kWorthThreads)
      context.enableMultithreading();
    if (options.backend.stopAfter == Stage::Onnx)
      return print(*module);
    if (!runPasses(*module, Stage::Tensor, addTensorPasses) || isCancelled())
      return failure();
    if (options.checkOnly)
      return success(runPasses(*module, Stage::Kernels, addKernelPasses));
    if (options.backend.stopAfter == Stage::Tensor)
      return print(*module);
    return runBackendStages();
  }

  LogicalResult runBackendStages() {
    FailureOr<BackendResult> result = runBackend(
        *workspace, *module, *profile, options.backend, llvm::sys::path::filename(options.model.name),
        [&](Operation *symbol) { return weights.bytes(cast<onnx::WeightOp>(symbol)); }, writer, hooks.stageDone,
        hooks.progress);
    if (failed(result))
      return failure();
    compiled = std::move(*result);
    llvm::append_range(report.stages, compiled.stages);
    report.result = &compiled;
    if (options.backend.stopAfter != Stage::Image)
      return print(*compiled.module);
    report.manifest = &writer.manifest;
    if (auto ignored = (*module)->getAttrOfType<ArrayAttr>("onnx.ignored_inputs"))
      for (Attribute name : ignored)
        writer.manifest.add_ignored_inputs(cast<StringAttr>(name).str());
    if (auto extents = (*module)->getAttrOfType<ArrayAttr>("onnx.extents"))
      for (auto note : extents.getAsRange<DictionaryAttr>()) {
        image::RuntimeExtent &extent = *writer.manifest.add_extents();
        extent.set_output(note.getAs<StringAttr>("output").str());
        extent.set_dim(note.getAs<IntegerAttr>("dim").getInt());
        extent.set_count(note.getAs<StringAttr>("count").str());
      }
    std::set<uint32_t> sections;
    for (const image::Weight &weight : writer.manifest.weights()) {
      int64_t elements = 1;
      for (int64_t extent : weight.tensor().shape())
        elements *= extent;
      if (sections.insert(weight.section()).second)
        report.weightBytes += 4 * elements;
    }
    return success();
  }

  bool timed(Stage stage, llvm::function_ref<LogicalResult()> run) {
    auto begin = std::chrono::steady_clock::now();
    LogicalResult result = run();
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    report.stages.push_back({stage, time.count(), 0});
    if (hooks.stageDone)
      hooks.stageDone(report.stages.back());
    return succeeded(result);
  }

  bool runPasses(ModuleOp module, Stage stage, llvm::function_ref<void(OpPassManager &)> add) {
    PassManager &passes = workspace->passes(stage, "", add);
    bool done = timed(stage, [&] { return runStage(passes, module); });
    report.stages.back() = reportOf(stage, module, report.stages.back().seconds);
    workspace->account(module);
    return done;
  }

  LogicalResult print(ModuleOp module) {
    OpPrintingFlags flags;
    flags.enableDebugInfo(options.printLocations, /*prettyForm=*/false);
    llvm::raw_string_ostream os(printed);
    module.print(os, flags);
    os << "\n";
    return success();
  }

  // Weights and modules that the writer's sections refer to.
  frontend::WeightStore weights;
  bool ended = false; // whatever came of it
  OwningOpRef<ModuleOp> module;
};

Compilation::Compilation(CompileOptions options, CompileHooks hooks)
    : impl(std::make_unique<Impl>(std::move(options), std::move(hooks))) {}
Compilation::~Compilation() = default;

bool Compilation::run() { return impl->run(); }
const std::vector<ReportedDiagnostic> &Compilation::diagnostics() const { return impl->diagnostics->diagnostics(); }
void Compilation::addError(const wafer::Diagnostic &diagnostic) {
  wafer::emitError(UnknownLoc::get(&impl->context), diagnostic);
}
const std::string &Compilation::printed() const { return impl->printed; }

Status Compilation::writeImage(const std::string &path) {
  if (Status status = impl->writer.write(path); !status)
    return status;
  uint64_t size = 0;
  if (!llvm::sys::fs::file_size(path, size))
    impl->report.imageBytes = static_cast<int64_t>(size);
  return Status::ok();
}

std::vector<uint8_t> Compilation::imageBytes() {
  std::vector<uint8_t> bytes = impl->writer.bytes();
  impl->report.imageBytes = static_cast<int64_t>(bytes.size());
  return bytes;
}

const std::string &Compilation::planTrace() const { return impl->compiled.planTrace; }

std::string Compilation::report() const {
  CompilationReport report = impl->report;
  for (const ReportedDiagnostic &d : diagnostics())
    if (d.severity == "error" && report.errorMessage.empty()) {
      report.errorCode = d.code;
      report.errorMessage = d.message;
    }
  std::string text;
  llvm::raw_string_ostream os(text);
  writeReport(report, os);
  return text;
}
