// What PEs compute while a sum is under way.
#ifndef WAFER_LIB_PLAN_WORKBESIDESUMS_H
#define WAFER_LIB_PLAN_WORKBESIDESUMS_H

#include "wafer/Dialect/Wafer/WaferDialect.h"
#include "wafer/Target/ResourceModel.h"

namespace wafer::wfr {

/// Moves short work that needs no sum yet, or not any more, directly behind an all-reduce, where PEs would wait.
void workBesideSums(RegionOp region, const ResourceModel &model);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_WORKBESIDESUMS_H
