// Outputs leave while the region goes on.
#ifndef WAFER_LIB_PLAN_EARLY_OUTPUTS_H
#define WAFER_LIB_PLAN_EARLY_OUTPUTS_H

#include "Plan.h"

namespace wafer::wfr {

/// Has outputs whose columns are dealt to lanes leave beside earlier sums, where what they hold is there by then.
void sendOutputsEarly(const Graph &graph, Plan &plan, const ResourceModel &model);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EARLY_OUTPUTS_H
