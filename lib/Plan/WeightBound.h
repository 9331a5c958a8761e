// What no plan can do without: room for weights.
#ifndef WAFER_LIB_PLAN_WEIGHTBOUND_H
#define WAFER_LIB_PLAN_WEIGHTBOUND_H

#include "Plan.h"

namespace wafer::wfr {

/// Where weights alone are more than regions of the requested shape hold, one node's in one region or those of all
/// nodes so far in all regions: the node, and the bytes of a PE that it would take at least.
std::optional<PlanFailure> lackOfRoomForWeights(const PlanRequest &request);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_WEIGHTBOUND_H
