// How a stage, or an attempt of several, ended.
#ifndef WAFER_LIB_DRIVER_OUTCOME_H
#define WAFER_LIB_DRIVER_OUTCOME_H

#include "wafer/Driver/Attempts.h"
#include "wafer/Place/FreeSpace.h"

#include "mlir/IR/Diagnostics.h"

#include <vector>

namespace wafer::driver {

/// Nothing stood in the way, or an obstacle did: a value for the driver, and for the user what was said about it.
struct [[nodiscard]] Outcome {
  std::optional<Obstacle> obstacle;
  int64_t missing = 0; // in percent: of TooLarge the usable memory, of NoRoute the nets
  PlanExtent plan;     // of the attempt, if it came so far
  std::vector<mlir::Diagnostic> said;

  explicit operator bool() const { return !obstacle; }
};

/// Runs a stage. What it says is kept, not printed: an attempt that fails is not yet an error.
Outcome outcomeOf(mlir::MLIRContext *context, llvm::function_ref<mlir::LogicalResult()> stage);

/// Where parts of the mesh are dead, what sizes or places stood in the way of says how large a rectangle is free.
void nameLargestFree(Outcome &outcome, const FreeSpace &space);

/// Says now what was kept.
mlir::LogicalResult report(mlir::MLIRContext *context, Outcome outcome);

} // namespace wafer::driver

#endif // WAFER_LIB_DRIVER_OUTCOME_H
