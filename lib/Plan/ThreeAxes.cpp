#include "ThreeAxes.h"
#include "Preference.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

/// What a loop of its own is worth shows at the kernels behind those that it slows down: to a wide beam. A narrow one
/// has told before whether it may be worth that, where its plan takes so much longer at most.
constexpr int kTimesAsWide = 16;
constexpr double kMayGain = 1.05;
constexpr size_t kShapesToImprove = 2;

void wfr::divideInThree(const SizeSearch &search, Plan &best) {
  // Streams tell senders apart by two axes, so such a region is alone: no other may open beside it.
  if (best.regions > 1)
    return;
  SmallVector<RegionShape> shapes;
  for (Side side : kSides)
    llvm::append_range(shapes, divisionsInThree(search.graph, best.region, side));
  std::vector<std::optional<Plan>> plans(shapes.size());
  auto requestFor = [&](RegionShape shape, int beam) {
    PlanRequest request = search.requestFor(best, beam);
    request.region = shape;
    request.maxRegions = 1;
    return request;
  };
  search.inParallel(0, shapes.size(), [&](size_t i) {
    plans[i] = search.runWithin(requestFor(shapes[i], search.options.beam), best, kMayGain);
  });
  llvm::erase_if(plans, [](const std::optional<Plan> &plan) { return !plan; });
  llvm::stable_sort(plans, [](const auto &a, const auto &b) { return a->cycles < b->cycles; });
  for (std::optional<Plan> &plan : MutableArrayRef(plans).take_front(kShapesToImprove)) {
    search.runAgain(requestFor(plan->region, kTimesAsWide * search.options.beam), *plan);
    if (isBetter(*plan, best))
      best = std::move(*plan);
  }
}
