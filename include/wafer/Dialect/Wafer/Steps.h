// What the planner has said of the steps of a region: the ops that become code.
#ifndef WAFER_DIALECT_WAFER_STEPS_H
#define WAFER_DIALECT_WAFER_STEPS_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include <set>
#include <string>

namespace wafer::wfr {

/// Cycles of one run, movements of operands and result included; 0 and "compute" for an op without an estimate.
struct StepEstimate {
  int64_t cycles = 0;
  llvm::StringRef bound = "compute"; // what most of them go to
  int64_t boundCycles = 0;           // and how many
};
StepEstimate estimateOf(mlir::Operation *step);

/// It becomes instructions: not what is a tensor's place, or another name for it.
bool hasCode(mlir::Operation &op);
/// Each PE does it for itself, with what it holds.
bool computesOnEachPe(mlir::Operation &op);

/// The name of the ONNX node that a location is of, as it is in the model; empty if there is none.
std::string nodeOf(mlir::Location location);
/// Of all ONNX nodes that a step came from.
std::set<std::string> nodesOf(mlir::Operation *step);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_STEPS_H
