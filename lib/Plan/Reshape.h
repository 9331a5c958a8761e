// Reshapes: which steps they are made of, and how each of them can be had.
#ifndef WAFER_LIB_PLAN_RESHAPE_H
#define WAFER_LIB_PLAN_RESHAPE_H

#include "Decision.h"

namespace wafer::wfr {

/// A step of a reshape between a finer shape and a coarser one, each dimension of which is a group of the finer one's.
struct ReshapeStep {
  llvm::SmallVector<int64_t> fine, coarse;
  llvm::SmallVector<mlir::ReassociationIndices> groups;
  std::optional<unsigned> merged; // the coarse dimension that is the product of two, if that is the only difference
};

/// The steps from the fine shape to the coarse one: dimensions of one element first, then two at a time, from the outer
/// ones on.
llvm::SmallVector<ReshapeStep> reshapeSteps(llvm::ArrayRef<int64_t> fine, llvm::ArrayRef<int64_t> coarse,
                                            llvm::ArrayRef<mlir::ReassociationIndices> groups);

/// `current`: where the operand rests, if it does.
std::vector<Candidate> reshapeCandidates(const Graph &graph, const GraphNode &node, const Layout *current,
                                         RegionShape region);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_RESHAPE_H
