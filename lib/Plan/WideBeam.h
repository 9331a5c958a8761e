// Better plans on regions of a size that has been chosen, by searches with wide beams: these take less time than the
// narrow ones on all sizes did.
#ifndef WAFER_LIB_PLAN_WIDEBEAM_H
#define WAFER_LIB_PLAN_WIDEBEAM_H

#include "SizeSearch.h"

namespace wafer::wfr {

/// What was asked for a plan, with the wide beam.
PlanRequest wideRequest(const SizeSearch &search, const Plan &plan);

/// With the wide beam.
void widen(const SizeSearch &search, Plan &best);

/// The same, and for another plan that is as good as the best one before.
void widenBest(const SizeSearch &search, std::optional<Plan> rival, Plan &best);

/// Memory decides about the plan: it has several regions, or one that it nearly fills.
bool isMemoryScarce(const SizeSearch &search, const Plan &plan);

/// With other lean states in the beam: which make the better plan, only the end shows. A node of a loop counts as often
/// as the loop runs, so there the beam is wide.
void weighMemory(const SizeSearch &search, Plan &best);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_WIDEBEAM_H
