// Small inputs come in while the region waits for a large one.
#ifndef WAFER_LIB_PLAN_EARLY_INPUTS_H
#define WAFER_LIB_PLAN_EARLY_INPUTS_H

#include "Plan.h"

namespace wafer::wfr {

/// Has inputs of few words that move to where they are needed taken before the first input of many: most PEs have
/// nothing to do until that is there.
void takeInputsEarly(const Graph &graph, Plan &plan, const ResourceModel &model);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EARLY_INPUTS_H
