#include "WideBeam.h"
#include "Preference.h"

using namespace wafer;
using namespace wafer::wfr;

namespace {

/// The beam of the search for a better plan of the chosen size, in beams of the others.
constexpr int kTimesAsWide = 8, kTimesAsWideInLoops = 4;

/// Graphs of fewer nodes have little to choose from: half as wide does, and one division.
constexpr size_t kNodesWorthMostWidth = 24;

/// Which of two plans that are no farther apart is better shows when both are searched with the wide beam.
constexpr double kAsGood = 1.01;

/// A region that a plan fills so far leaves little room for a faster one.
constexpr double kScarce = 0.75;

bool haveSameShape(const Plan &plan, const Plan &other) {
  auto shape = [](const RegionShape &region) {
    return std::make_tuple(region.width, region.height, region.splitX, region.splitY);
  };
  return shape(plan.region) == shape(other.region);
}

} // namespace

PlanRequest wfr::wideRequest(const SizeSearch &search, const Plan &plan) {
  const int times = search.graph.nodes.size() < kNodesWorthMostWidth ? kTimesAsWide / 2 : kTimesAsWide;
  return search.requestFor(plan, times * search.options.beam);
}

void wfr::widen(const SizeSearch &search, Plan &best) { search.runAgain(wideRequest(search, best), best); }

void wfr::widenBest(const SizeSearch &search, std::optional<Plan> rival, Plan &best) {
  const bool close = search.graph.nodes.size() >= kNodesWorthMostWidth && rival &&
                     rival->cycles <= best.cycles * kAsGood && !haveSameShape(*rival, best);
  widen(search, best);
  if (!close)
    return;
  widen(search, *rival);
  if (isBetter(*rival, best))
    best = std::move(*rival);
}

bool wfr::isMemoryScarce(const SizeSearch &search, const Plan &plan) {
  const double budget = static_cast<double>(search.model.usableSramBytes() * search.options.fill) / 100;
  return plan.regions > 1 || llvm::any_of(plan.bytes, [&](int64_t bytes) { return bytes > kScarce * budget; });
}

void wfr::weighMemory(const SizeSearch &search, Plan &best) {
  PlanRequest request = search.requestFor(best, search.options.beam);
  request.beamInLoops = kTimesAsWideInLoops * search.options.beam;
  request.lean = Lean::Product;
  search.runAgain(std::move(request), best);
}
