// Which of several plans is better: of those that are nearly as fast as the fastest the one on the fewest PEs, for they
// are others' otherwise, and estimates are no finer.
#ifndef WAFER_LIB_PLAN_PREFERENCE_H
#define WAFER_LIB_PLAN_PREFERENCE_H

#include "Plan.h"

namespace wafer::wfr {

/// A plan on more PEs must be that much faster than the one on the fewest.
constexpr double kWorthGrowing = 0.97;

/// Plans that take so much longer than the fastest one may still turn out to be better: with divided sides, or where
/// that one finds no routes around dead parts.
constexpr double kNearlyAsFast = 1.1;

/// Of so many sizes more is looked for, those of the fastest plans.
constexpr size_t kSizesToImprove = 2;

bool isBetter(const Plan &plan, const Plan &other);

/// The best of the plans, in whatever order; of equal ones the first.
Plan *bestOf(llvm::ArrayRef<Plan *> plans);

/// Cycles of the fastest; INFINITY: there is none.
double fastestOf(llvm::ArrayRef<Plan *> plans);

/// A search whose states all take longer than that is of no use beside a plan, unless what it finds may be improved
/// later. The plan's own search ended by then, so it is there whichever search ends first.
double limitBeside(const Plan &plan, bool improvable);

/// Of two failures the one that came farther, or lacked less there.
bool isNearer(const PlanFailure &failure, const PlanFailure &than);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PREFERENCE_H
