#include "FoundPlans.h"
#include "Preference.h"

using namespace wafer;
using namespace wafer::wfr;

KnownSearches::Question KnownSearches::questionOf(const PlanRequest &request) {
  const RegionShape &region = request.region;
  return {region.width,
          region.height,
          region.splitX,
          region.splitY,
          request.maxRegions,
          request.hostLanes,
          request.maxRegions > 1 ? request.lanesBetween : 0,
          request.fill};
}

std::optional<Plan> KnownSearches::searchOnce(const PlanRequest &request, PlanFailure &failure, Search search) {
  const Question question = questionOf(request);
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (auto it = known.find(question); it != known.end()) {
      failure = it->second.second;
      return it->second.first;
    }
  }
  std::optional<Plan> plan = search(request, failure);
  if (plan || !failure.outrun) {
    std::lock_guard<std::mutex> lock(mutex);
    known.try_emplace(question, plan, failure);
  }
  return plan;
}

void FoundPlans::keep(const Plan &best, std::vector<Plan> others, double fastest) {
  plans.assign(1, best);
  llvm::stable_sort(others, [](const Plan &a, const Plan &b) { return a.cycles < b.cycles; });
  int64_t crossing = best.crossingLanes();
  for (Plan &plan : others) {
    // Which slower plans a search completes depends on its threads.
    if (plan.cycles > fastest * kNearlyAsFast || plan.crossingLanes() >= crossing)
      continue;
    crossing = plan.crossingLanes();
    plans.push_back(std::move(plan));
  }
}

std::shared_ptr<FoundPlans> wafer::makeFoundPlans(bool trace) {
  auto found = std::make_shared<FoundPlans>();
  found->tracing = trace;
  return found;
}

const std::string &wafer::traceOf(const FoundPlans &found) { return found.trace; }
