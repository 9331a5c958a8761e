// Reductions that are ready together are one.
#ifndef WAFER_LIB_PLAN_COMBINE_H
#define WAFER_LIB_PLAN_COMBINE_H

#include "Plan.h"

namespace wafer::wfr {

/// Has terms of several nodes combined at a time, along the same lines, where nobody needs the earlier ones' results
/// before: of a few words an all-reduce takes hardly less time than of twice as many.
void combineReductions(const Graph &graph, Plan &plan, const ResourceModel &model);

/// Some reductions or outputs may be combined at a time, which makes a plan faster than its search had it.
bool mayCombine(const Graph &graph);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_COMBINE_H
