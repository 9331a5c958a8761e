#include "Outcome.h"

#include "wafer/Support/MlirDiagnostic.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

Outcome driver::outcomeOf(MLIRContext *context, llvm::function_ref<LogicalResult()> stage) {
  Outcome outcome;
  ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      outcome.said.push_back(std::move(diagnostic));
    return success();
  });
  if (succeeded(stage()))
    return outcome;
  // Programs of several regions fail together: what can be mended in one is tried first.
  outcome.obstacle = Obstacle::Unmendable;
  for (mlir::Diagnostic &diagnostic : outcome.said)
    if (std::optional<ErrorCode> code = errorCodeOf(diagnostic); code && obstacleOf(*code) != Obstacle::Unmendable) {
      outcome.obstacle = obstacleOf(*code);
      break;
    }
  for (mlir::Diagnostic &diagnostic : outcome.said)
    outcome.missing = std::max(outcome.missing, shortfallOf(diagnostic));
  return outcome;
}

void driver::nameLargestFree(Outcome &outcome, const FreeSpace &space) {
  if (!space.hasDeadParts())
    return;
  for (mlir::Diagnostic &diagnostic : outcome.said)
    if (std::optional<ErrorCode> code = errorCodeOf(diagnostic); code && obstacleOf(*code) != Obstacle::Unmendable)
      diagnostic << Twine("; the largest free rectangle of the mesh is " + space.describeLargest());
}

LogicalResult driver::report(MLIRContext *context, Outcome outcome) {
  if (outcome)
    return success();
  for (mlir::Diagnostic &diagnostic : outcome.said) {
    if (errorCodeOf(diagnostic))
      context->getDiagEngine().emit(std::move(diagnostic));
    else
      wafer::emitError(diagnostic.getLocation(), ErrorCode::KernelUnsupported, diagnostic.str());
  }
  return failure();
}
