// The lines on which a plan's all-reduces run.
#ifndef WAFER_LIB_PLAN_REGIONLINES_H
#define WAFER_LIB_PLAN_REGIONLINES_H

#include "Plan.h"

namespace wafer::wfr {

/// A search prices each all-reduce on the line that is best for it. A region's channels are routed for one line a side,
/// and one kind of groups: takes those that are best for all, on channels that leave colors for nets.
void settleLines(Plan &plan, const ResourceModel &model);

/// Colors that regions' channels leave for nets.
int netColors(const Plan &plan, const Profile &profile);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_REGIONLINES_H
