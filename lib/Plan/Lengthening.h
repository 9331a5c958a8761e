// Larger regions than those that are just large enough.
#ifndef WAFER_LIB_PLAN_LENGTHENING_H
#define WAFER_LIB_PLAN_LENGTHENING_H

#include "SizeSearch.h"

namespace wafer::wfr {

/// Regions that had to grow were tried in one size that they fit. A side may be twice as long where that is faster,
/// its minor axis as long as before or twice as long, too, and the other side divided as it is or not at all, but no
/// side longer than `longest`. Plans are compared after the search with the wide beam (WideBeam.h), the best one's so
/// far included.
void lengthen(const SizeSearch &search, const FreeSpace &space, const SizeRequest &request, int64_t longest,
              Plan &best);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_LENGTHENING_H
