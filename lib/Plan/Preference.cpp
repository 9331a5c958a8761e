#include "Preference.h"

using namespace wafer;
using namespace wafer::wfr;

static bool isOnFewerPes(const Plan &plan, const Plan &other) {
  return std::make_pair(plan.pes(), plan.cycles) < std::make_pair(other.pes(), other.cycles);
}

bool wfr::isBetter(const Plan &plan, const Plan &other) {
  if (std::max(plan.cycles, other.cycles) > std::min(plan.cycles, other.cycles) / kWorthGrowing)
    return plan.cycles < other.cycles;
  return isOnFewerPes(plan, other);
}

double wfr::fastestOf(llvm::ArrayRef<Plan *> plans) {
  double fastest = INFINITY;
  for (const Plan *plan : plans)
    fastest = std::min(fastest, plan->cycles);
  return fastest;
}

Plan *wfr::bestOf(llvm::ArrayRef<Plan *> plans) {
  const double latest = fastestOf(plans) / kWorthGrowing;
  Plan *best = nullptr;
  for (Plan *plan : plans)
    if (plan->cycles <= latest && (!best || isOnFewerPes(*plan, *best)))
      best = plan;
  return best;
}

double wfr::limitBeside(const Plan &plan, bool improvable) {
  return std::max(improvable ? plan.cycles * kNearlyAsFast : plan.cycles / kWorthGrowing, plan.searched);
}

bool wfr::isNearer(const PlanFailure &failure, const PlanFailure &than) {
  if (failure.node != than.node || than.neededBytes == 0)
    return failure.node >= than.node;
  return failure.neededBytes > 0 && failure.neededBytes < than.neededBytes;
}
