#include "SizeSearch.h"
#include "Combine.h"
#include "EarlyInputs.h"
#include "EarlyOutputs.h"
#include "PassOverlap.h"
#include "PlanTrace.h"
#include "Preference.h"
#include "RegionLines.h"
#include "WeightBound.h"

#include "wafer/Support/Cancellation.h"

#include "mlir/IR/Threading.h"

#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Regions that the host sends to or hears from.
int regionsWithHost(const Graph &graph, const Plan &plan) {
  llvm::SmallBitVector regions(plan.regions);
  for (auto [node, decided] : llvm::zip_equal(graph.nodes, plan.nodes))
    if (!decided.entries.empty() || node.kind == GraphNode::Output)
      regions.set(decided.region);
  return static_cast<int>(regions.count());
}

/// A search, and what only whole plans show: which reductions are ready together, and which lines are best for all.
std::optional<Plan> searchWhole(const PlanRequest &request, PlanFailure &failure) {
  std::optional<Plan> plan = searchPlan(request, failure);
  if (plan) {
    takeInputsEarly(request.graph, *plan, request.model);
    combineReductions(request.graph, *plan, request.model);
    overlapPasses(*plan, request.model);
    settleLines(*plan, request.model);
    sendOutputsEarly(request.graph, *plan, request.model);
  }
  return plan;
}

} // namespace

std::vector<double> SizeSearch::leastCycles(ArrayRef<Size> sizes) const {
  std::vector<double> least;
  for (const Size &size : sizes)
    least.push_back(wfr::leastCycles(requestFor(size, {})));
  return least;
}

/// Where several regions have the host, each needs a place that its lanes reach. Lanes beside two regions also find
/// ways that are not straight; those of more regions are in one another's way.
std::optional<Plan> SizeSearch::run(const Size &size, const std::function<double()> &limit,
                                    const Expectation &expectation, PlanFailure &failure) const {
  constexpr int kAlsoRound = 4; // times as many lanes as go straight
  PlanRequest request = requestFor(size, limit);
  request.expectation = expectation;
  std::optional<Plan> plan = runOnce(request, failure);
  if (!plan || size.lanesOfTwo == size.lanes || regionsWithHost(graph, *plan) == 1 ||
      (plan->regions == 2 && kAlsoRound * size.lanesOfTwo >= size.lanes))
    return plan;
  request.hostLanes = size.lanesOfTwo;
  return runOnce(request, failure);
}

std::optional<Plan> SizeSearch::runAlone(const Size &size, PlanFailure &failure) const {
  return runOnce(requestFor(size, {}), failure);
}

std::optional<Plan> SizeSearch::runOnce(const PlanRequest &request, PlanFailure &failure) const {
  if (std::optional<PlanFailure> lack = lackOfRoomForWeights(request)) {
    failure = *lack;
    return std::nullopt;
  }
  return known ? known->searchOnce(request, failure, searchWhole) : searchWhole(request, failure);
}

PlanRequest SizeSearch::requestFor(const Size &size, std::function<double()> limit) const {
  const int64_t room = options.regions > 0 ? std::min<int64_t>(size.room, options.regions) : size.room;
  const double share = static_cast<double>(options.fill) / 100;
  return {graph,        model, size.shape,      static_cast<int>(room), size.lanes, size.lanesBetween,
          options.beam, share, std::move(limit)};
}

PlanRequest SizeSearch::requestFor(const Plan &plan, int beam) const {
  const double share = static_cast<double>(options.fill) / 100;
  return {graph, model, plan.region, plan.mayOpen, plan.hostLanes, plan.lanesBetween, beam, share};
}

void SizeSearch::runAgain(PlanRequest request, Plan &best) const {
  if (wfr::leastCycles(request) >= best.cycles)
    return;
  request.ceiling = mayCombine(graph) ? limitBeside(best, /*improvable=*/false) : best.cycles;
  request.expectation = {best.pace, request.ceiling};
  PlanFailure none;
  std::optional<Plan> again = searchWhole(request, none);
  if (again && again->cycles < best.cycles && isBetter(*again, best) &&
      regionsWithHost(graph, *again) <= regionsWithHost(graph, best))
    best = std::move(*again);
}

std::optional<Plan> SizeSearch::runWithin(PlanRequest request, const Plan &other, double times) const {
  request.ceiling = times * other.searched;
  if (wfr::leastCycles(request) >= request.ceiling)
    return std::nullopt;
  request.expectation = {other.pace, request.ceiling};
  PlanFailure none;
  std::optional<Plan> plan = searchWhole(request, none);
  return plan && plan->cycles <= times * other.cycles ? std::move(plan) : std::nullopt;
}

std::string SizeSearch::trace(const Plan &plan) const {
  PlanTrace trace;
  PlanFailure none;
  PlanRequest request = requestFor(plan, plan.beam);
  request.ceiling = plan.ceiling;
  request.expectation = plan.expectation;
  request.beamInLoops = plan.beamInLoops;
  request.lean = plan.lean;
  request.trace = &trace;
  [[maybe_unused]] std::optional<Plan> again = searchPlan(request, none);
  assert(again && again->searched == plan.searched && "a search finds again what it has found");
  return trace.json(graph, plan, &context);
}

void SizeSearch::inParallel(size_t begin, size_t end, llvm::function_ref<void(size_t)> search) const {
  CancellationScope *scope = CancellationScope::current();
  parallelFor(&context, begin, end, [&](size_t i) {
    CancellationScope::Join join(scope);
    search(i);
  });
}
