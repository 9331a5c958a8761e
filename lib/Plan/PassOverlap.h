// Passes that follow one another wait for the way along their lines once.
#ifndef WAFER_LIB_PLAN_PASSOVERLAP_H
#define WAFER_LIB_PLAN_PASSOVERLAP_H

#include "Plan.h"

namespace wafer::wfr {

/// Takes from the plan's cycles what operands of a node that move along the same side, one after the other, were said
/// to wait for each: the far end of a line comes to the second pass later, and so do its words.
void overlapPasses(Plan &plan, const ResourceModel &model);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PASSOVERLAP_H
