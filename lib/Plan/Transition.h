// The state after a node has run.
#ifndef WAFER_LIB_PLAN_TRANSITION_H
#define WAFER_LIB_PLAN_TRANSITION_H

#include "Ways.h"

namespace wafer::wfr {

/// What a successor of node n leaves to later nodes. `dying`: tensors that n is the last to read. `traced`: as State
/// has it.
std::shared_ptr<const State> stateAfter(size_t n, const Successor &successor, const SearchContext &context,
                                        llvm::ArrayRef<int> dying, size_t traced);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_TRANSITION_H
