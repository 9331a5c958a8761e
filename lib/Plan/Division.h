// Plans on regions whose sides are divided.
#ifndef WAFER_LIB_PLAN_DIVISION_H
#define WAFER_LIB_PLAN_DIVISION_H

#include "SizeSearch.h"

namespace wafer::wfr {

/// Looks for better plans than `best` on regions of the same sizes as those of the `undivided` plans, which are among
/// `sizes`, whose sides are divided. Around dead parts, where searches are many, a second side only where dividing the
/// first has gained more than a little. Returns the fastest plan on divided sides, even if another was preferred to it.
std::optional<Plan> divide(const SizeSearch &search, llvm::ArrayRef<Plan> undivided, llvm::ArrayRef<Size> sizes,
                           bool deadParts, Plan &best);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_DIVISION_H
