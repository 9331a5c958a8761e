// The plan of a graph: which sizes of regions are searched, one after the other, and what is tried to improve the best
// plan that they have.
#ifndef WAFER_LIB_PLAN_PLANNER_H
#define WAFER_LIB_PLAN_PLANNER_H

#include "SizeSearch.h"

namespace wafer::wfr {

/// How much is looked at, and where.
struct PlannerOptions {
  SizeRequest sizes;
  int64_t growTo = 0;     // sides may be so long where no plan has regions as `sizes` has them (0: they may not)
  bool first = false;     // whether there is a plan is the question
  bool quick = false;     // only the size that promises most, once
  FoundPlans *found = {}; // takes the plans found, if it is given
};

/// The best plan, or an error, coded, at `loc` or at the node that stopped the plan that came farthest.
mlir::FailureOr<Plan> choosePlan(const SizeSearch &search, const PlannerOptions &options, mlir::Location loc);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PLANNER_H
