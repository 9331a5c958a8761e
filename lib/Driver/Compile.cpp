#include "wafer/Driver/Compile.h"

#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"
#include "wafer/Driver/DiagnosticReport.h"
#include "wafer/Frontend/Import.h"
#include "wafer/Support/MlirDiagnostic.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

#include <chrono>

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
  Compilation(const CompileOptions &options, llvm::raw_ostream &errors)
      : options(options), errors(errors), context(MLIRContext::Threading::DISABLED) {
    context.loadDialect<func::FuncDialect, onnx::OnnxDialect>();
    // Dumps of operations are for developers; users get node names.
    context.printOpOnDiagnostic(false);
  }

  LogicalResult run() {
    frontend::ModelOptions frontend = options.frontend;
    frontend.hasLowering = hasOnnxLowering;
    OwningOpRef<ModuleOp> module;
    bool imported = timed("import", [&] {
      auto result = frontend::importOnnxModel(context, options.model, frontend, weights);
      if (failed(result))
        return failure();
      module = std::move(*result);
      return success();
    });
    if (!imported)
      return failure();
    if (options.emit == Stage::Onnx)
      return print(*module);
    if (!runPasses(*module, "tensor", addTensorPasses))
      return failure();
    return print(*module);
  }

  MLIRContext *getContext() { return &context; }

private:
  bool timed(StringRef stage, llvm::function_ref<LogicalResult()> run) {
    auto begin = std::chrono::steady_clock::now();
    LogicalResult result = run();
    if (options.timing) {
      std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
      errors << llvm::formatv("{0,-10} {1,9:f1} ms\n", stage, time.count());
    }
    return succeeded(result);
  }

  bool runPasses(ModuleOp module, StringRef stage, llvm::function_ref<void(OpPassManager &)> add) {
    PassManager passes(&context);
    add(passes);
    return timed(stage, [&] { return passes.run(module); });
  }

  LogicalResult print(ModuleOp module) {
    OpPrintingFlags flags;
    flags.enableDebugInfo(options.printLocations, /*prettyForm=*/false);
    if (options.output.empty() || options.output == "-") {
      module.print(llvm::outs(), flags);
      llvm::outs() << "\n";
      return success();
    }
    std::error_code code;
    llvm::raw_fd_ostream file(options.output, code);
    if (!code) {
      module.print(file, flags);
      file << "\n";
      file.close();
      code = file.error();
    }
    if (code) {
      file.clear_error();
      wafer::emitError(UnknownLoc::get(&context), ErrorCode::ToolUsage,
                       "cannot write '" + options.output + "': " + code.message());
      return failure();
    }
    return success();
  }

  const CompileOptions &options;
  llvm::raw_ostream &errors;
  MLIRContext context;
  frontend::WeightStore weights;
};

} // namespace

int driver::compile(const CompileOptions &options, llvm::raw_ostream &errors) {
  Compilation compilation(options, errors);
  DiagnosticReport report(compilation.getContext());
  LogicalResult result = compilation.run();
  if (options.jsonErrors)
    report.printJson(errors);
  else
    report.printText(errors);
  return failed(result) || report.hasErrors() ? 1 : 0;
}
