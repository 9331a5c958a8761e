// A program as far as its plan has become IR.
#ifndef WAFER_LIB_PLAN_EMITSTATE_H
#define WAFER_LIB_PLAN_EMITSTATE_H

#include "Plan.h"

namespace wafer::wfr {

struct EmittedRegion {
  explicit EmittedRegion(RegionOp op) : op(op), builder(mlir::OpBuilder::atBlockEnd(&op.getBody().emplaceBlock())) {}
  RegionOp op;
  mlir::OpBuilder builder;                 // at its end; before the loop that is being written, if one is
  llvm::DenseMap<int, mlir::Value> values; // where tensors rest, by their numbers
};

/// What all that writes a plan shares: what is written is the program, its empty regions at first.
struct EmitState {
  EmitState(const Graph &graph, const Plan &plan, mlir::OpBuilder &builder, mlir::Location loc, int64_t meshWidth,
            int64_t meshHeight);

  EmittedRegion &regionOf(size_t node) { return regions[plan.nodes[node].region]; }
  mlir::RankedTensorType typeOf(int tensor, const Layout &layout) const;

  const Graph &graph;
  const Plan &plan;
  ProgramOp program;
  mlir::OpBuilder streamBuilder; // behind the regions
  std::vector<EmittedRegion> regions;
};

mlir::RankedTensorType typeOf(llvm::ArrayRef<int64_t> shape, mlir::Type element, const Layout &layout);

/// What the plan thought that a node takes, with the movements of its operands and of its result. An op of several
/// nodes (a reshape that moves nothing is no op of its own) has their sum.
void noteEstimate(mlir::Operation *op, const NodePlan &plan);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITSTATE_H
