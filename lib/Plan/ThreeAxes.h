// Plans on a region with a side divided in three.
#ifndef WAFER_LIB_PLAN_THREEAXES_H
#define WAFER_LIB_PLAN_THREEAXES_H

#include "SizeSearch.h"

namespace wafer::wfr {

/// Looks for a better plan than `best` on a region of the same size, with an axis for a third loop on a side that is
/// divided in two. A kernel's loop that others lack (queries that share keys and values) then has PEs of its own, and
/// sums lie on fewer neighbors.
void divideInThree(const SizeSearch &search, Plan &best);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_THREEAXES_H
