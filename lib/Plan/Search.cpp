// The search: a beam over the nodes in topological order.
//
// A state is what has been decided so far: where each live tensor rests, how full the current region is, and how many
// cycles it took. Every state meets every candidate of the next node (Candidates.cpp); movements (Movement.cpp),
// reductions and arithmetic are priced with the resource model, of those candidates only that bounds (Bounds.cpp) do
// not rule out; what does not fit the SRAM of a PE is dropped. The best few states go on. Local information was enough
// for others on 50 models, with a beam of 8; a few states also keep the time linear in nodes. States that differ in
// nothing that later nodes see count as one: without that the beam fills with histories of one future and is worth
// little more than one state (the classifier of the tests on wse2: 176,666 cycles without, 147,116 with it).
//
// Further regions open for two reasons. Memory: code (an estimate per op), weights, live tensors and the node's own
// temporaries fill a PE; the node goes on in a next region, and what it reads is streamed over, row by row, in the
// layout that it has. Time: a node whose operands are ready long before the region is free runs beside it, in a region
// of its own or in the one that made its operands; Timeline.h keeps the account of who waits for whom. A loop, which
// cannot go on elsewhere, may begin in a next region in any case.
#include "PlanTrace.h"
#include "Ranking.h"
#include "Transition.h"

#include "wafer/Support/Cancellation.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Search {
public:
  Search(const PlanRequest &request, PlanFailure &failure)
      : request(request), graph(request.graph), pricing(request), remaining(graph, leastCycles(), request.maxRegions),
        failure(failure),
        budget(static_cast<int64_t>(request.fill * static_cast<double>(request.model.usableSramBytes()))) {
    dying.resize(graph.nodes.size());
    for (auto [t, tensor] : llvm::enumerate(graph.tensors))
      if (int last = graph.lastUser(tensor); last >= 0)
        dying[last].push_back(t);
  }

  double leastEnd() const { return remaining.leastEnd(State(), 0); }

  std::optional<Plan> run() {
    Beam beam;
    beam.push_back(std::make_shared<State>());
    if (isOutrun(beam, 0))
      return std::nullopt;
    for (size_t n = 0; n != graph.nodes.size(); ++n) {
      Ways ways(context, n);
      for (const auto &state : beam)
        ways.addAfter(state);
      candidates += ways.candidates;
      const SmallVector<Successor *> best = keepBest(ways, context, dying[n]);
      llvm::DenseMap<const Candidate *, size_t> traced;
      if (request.trace)
        traced = ways.trace(best, *request.trace);
      if (best.empty()) {
        failure = {static_cast<int>(n), ways.smallestNeed == INT64_MAX ? 0 : ways.smallestNeed, budget};
        return std::nullopt;
      }
      Beam next;
      for (Successor *successor : best)
        next.push_back(stateAfter(n, *successor, context, dying[n], traced.lookup(successor->candidate)));
      beam = std::move(next);
      if (isOutrun(beam, n + 1))
        return std::nullopt;
    }
    // Memory that is left over is worth nothing now.
    return planOf(**firstToEnd(beam));
  }

private:
  std::vector<double> leastCycles() const {
    std::vector<double> least(graph.nodes.size());
    for (size_t n = 0; n != least.size(); ++n)
      least[n] = pricing.leastCycles(n);
    return least;
  }

  using Beam = std::vector<std::shared_ptr<const State>>;

  static Beam::const_iterator firstToEnd(const Beam &beam) {
    return llvm::min_element(beam, [](const auto &a, const auto &b) { return a->timeline.end() < b->timeline.end(); });
  }

  /// No plan that goes on with node n from here is of use. Time only grows.
  bool isOutrun(const Beam &beam, size_t n) {
    const double limit = std::min(request.limit ? request.limit() : INFINITY, request.ceiling);
    auto isTooLate = [&](const auto &state) {
      const double least = remaining.leastEnd(*state, n);
      return least > limit || request.expectation.isBehind(least, n);
    };
    if (!isCancelled() && !llvm::all_of(beam, isTooLate))
      return false;
    failure = {static_cast<int>(n), 0, budget, /*outrun=*/true};
    return true;
  }

  std::shared_ptr<const Pace> paceOf(const State &last) const {
    auto pace = std::make_shared<Pace>();
    pace->end = last.timeline.end();
    pace->leastEnd.resize(graph.nodes.size() + 1);
    for (auto [state, n] = std::pair(&last, graph.nodes.size()); state; state = state->parent.get(), --n)
      pace->leastEnd[n] = remaining.leastEnd(*state, n);
    return pace;
  }

  Plan planOf(const State &last) const {
    Plan plan;
    plan.region = request.region;
    plan.mayOpen = request.maxRegions;
    plan.beam = request.beam;
    plan.beamInLoops = request.beamInLoops;
    plan.lean = request.lean;
    plan.ceiling = request.ceiling;
    plan.expectation = request.expectation;
    plan.pace = paceOf(last);
    plan.hostLanes = request.hostLanes;
    plan.lanesBetween = request.lanesBetween;
    plan.cycles = plan.searched = last.timeline.end();
    plan.regions = static_cast<int>(last.memory.size());
    plan.candidates = candidates;
    for (const Memory &memory : last.memory)
      plan.bytes.push_back(memory.bytes());
    for (const State *state = &last; state->plan; state = state->parent.get())
      plan.nodes.push_back(*state->plan);
    std::reverse(plan.nodes.begin(), plan.nodes.end());
    if (request.trace)
      for (auto [state, n] = std::pair(&last, graph.nodes.size()); state->plan; state = state->parent.get())
        request.trace->choose(--n, state->traced);
    return plan;
  }

  const PlanRequest &request;
  const Graph &graph;
  Pricing pricing;
  Remaining remaining;
  PlanFailure &failure;
  int64_t budget;
  SearchContext context{request, pricing, remaining, budget};
  std::vector<SmallVector<int>> dying; // by node: tensors read last by it
  int64_t candidates = 0;
};

} // namespace

double wafer::wfr::leastCycles(const PlanRequest &request) {
  PlanFailure none;
  return Search(request, none).leastEnd();
}

std::optional<Plan> wafer::wfr::searchPlan(const PlanRequest &request, PlanFailure &failure) {
  return Search(request, failure).run();
}
