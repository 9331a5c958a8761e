// A model's bytes, through the wire format's walk, the ONNX library, import and tensor lowering. Every refusal has a
// code; what is lowered verifies, its weights can be read, and the same bytes give the same IR.
#include "Fuzz.h"

#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"
#include "wafer/Driver/Compile.h"
#include "wafer/Driver/DiagnosticReport.h"
#include "wafer/Frontend/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::fuzz;

namespace {

/// Attributes and types live as long as their context, so it is made anew now and then; that takes longer than an
/// input.
MLIRContext &sharedContext() {
  constexpr int kInputs = 500;
  static std::unique_ptr<MLIRContext> context;
  static int inputs = 0;
  if (!context || ++inputs % kInputs == 0) {
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
    context->loadDialect<func::FuncDialect, onnx::OnnxDialect>();
    context->printOpOnDiagnostic(false);
  }
  return *context;
}

/// The IR, or the refusal.
std::string lower(const frontend::ModelSource &source, bool wantText) {
  MLIRContext &context = sharedContext();
  driver::DiagnosticReport report(&context);
  frontend::ModelOptions options;
  options.isolated = false; // what is found must be found here
  options.hasLowering = hasOnnxLowering;
  options.maxInlineElements = 16; // so that small inputs have weights outside the IR
  // Much quicker, and coverage is seen; but the ONNX library, which has bugs of its own, takes this process with it.
  options.isolated = !std::getenv("WAFER_FUZZ_IN_PROCESS");
  frontend::WeightStore weights;
  auto module = frontend::importOnnxModel(context, source, options, weights);
  bool good = succeeded(module);
  if (good) {
    require(succeeded(verify(**module)), "what is imported verifies");
    (*module)->walk([&](onnx::WeightOp weight) {
      require(succeeded(weights.bytes(weight)), "a weight's bytes are where the IR says");
    });
    PassManager passes(&context);
    driver::addTensorPasses(passes);
    good = succeeded(passes.run(**module));
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  if (!good || report.hasErrors()) {
    require(!good && report.hasErrors(), "a failure says why, and an error is a failure");
    for (const driver::ReportedDiagnostic &d : report.diagnostics())
      require(d.severity != "error" || d.code != codeString(ErrorCode::InternalError), "a refusal has a code",
              d.message);
    driver::printDiagnosticsAsJson(report.diagnostics(), os);
  } else if (wantText) {
    (*module)->print(os);
  }
  return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TimeLimit limit;
  frontend::ModelSource source{"input", std::span(data, size)};
  bool twice = hashOf(data, size) % 16 == 0;
  std::string text = lower(source, twice);
  if (twice)
    require(lower(source, true) == text, "the same bytes give the same result");
  return 0;
}
