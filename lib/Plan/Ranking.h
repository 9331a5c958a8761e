// Which of the ways to run a node a search goes on from: the beam.
#ifndef WAFER_LIB_PLAN_RANKING_H
#define WAFER_LIB_PLAN_RANKING_H

#include "Ways.h"

namespace wafer::wfr {

/// The cheapest successors, and a few lean ones. Cheap states tend to spend memory early; where it is scarce, the lean
/// ones are those that reach the end. A loop runs in one region, and that there is no room for it may show at its last
/// node only: some in other regions go on beside them. `dying`: tensors that the node is the last to read.
llvm::SmallVector<Successor *> keepBest(Ways &ways, const SearchContext &context, llvm::ArrayRef<int> dying);

/// The states have the same tensors at rest, in the same layouts and regions, but for those of `dying`.
bool haveSameFuture(const State &a, const State &b, llvm::ArrayRef<int> dying);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_RANKING_H
