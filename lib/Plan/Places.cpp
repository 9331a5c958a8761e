#include "Places.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// A node must be able to start this much earlier elsewhere before another region is looked at. It covers what the
/// estimates leave out of a further region: its own code, its streams' routes.
constexpr double kWorthLeaving = 2000;

bool beginsLoop(const Graph &graph, size_t n) {
  const int loop = graph.nodes[n].loop;
  return loop >= 0 && graph.loops[loop].firstNode == static_cast<int>(n);
}

/// Where a node may run: the region opened last, those that made its operands, and a next one.
SmallVector<int> regionsFor(size_t n, const State &state, const PlanRequest &request) {
  const Graph &graph = request.graph;
  const GraphNode &node = graph.nodes[n];
  if (node.loop >= 0 && !beginsLoop(graph, n))
    return {state.plan->region}; // that of the loop
  int next = static_cast<int>(state.memory.size());
  SmallVector<int> regions;
  auto add = [&](int region) {
    if (region >= 0 && region < request.maxRegions && !llvm::is_contained(regions, region))
      regions.push_back(region);
  };
  add(next - 1);
  for (const GraphOperand &operand : node.operands)
    for (const Piece &piece : operand.pieces)
      if (std::optional<Timeline::Produced> made = state.timeline.produced(piece.tensor);
          made && graph.tensors[piece.tensor].kind == GraphTensor::Computed)
        add(made->region);
  add(next);
  return regions;
}

/// The regions that are open to the node are busy long after the node's operands are ready.
bool worthLeaving(const GraphNode &node, const State &state, ArrayRef<int> regions) {
  double ready = 0, free = INFINITY;
  for (int region : regions)
    if (region != static_cast<int>(state.memory.size()))
      free = std::min(free, state.timeline.free(region));
  for (const GraphOperand &operand : node.operands)
    for (const Piece &piece : operand.pieces)
      if (std::optional<Timeline::Produced> made = state.timeline.produced(piece.tensor))
        ready = std::max(ready, made->ready);
  return node.kind == GraphNode::Kernel && free > ready + kWorthLeaving;
}

/// Nothing if what the node takes cannot come there. That is the same for all of its candidates.
std::optional<Place> placeIn(size_t n, const State &state, const GraphNode &node, const Pricing &pricing, int region) {
  Work work;
  for (auto [i, operand] : llvm::enumerate(node.operands))
    for (const Piece &piece : operand.pieces)
      if (!Pricing::stays(node, i) && state.restingOf(piece.tensor))
        work.taken.push_back(piece.tensor);
  std::optional<Price> price = pricing.price(n, state, work, region);
  if (!price)
    return std::nullopt;
  Timeline timeline = timelineAfter(state, n, work, *price, region, /*result=*/-1);
  Place place{region, timeline.free(region), timeline.end(), timeline.work(), price->memory, price->memory.liveWords};
  for (const Arrival &arrival : price->arrivals)
    place.restingWords += state.restingOf(arrival.tensor)->layout->words();
  return place;
}

} // namespace

Places wfr::placesAfter(const State &state, size_t n, const PlanRequest &request, const Pricing &pricing) {
  const GraphNode &node = request.graph.nodes[n];
  const SmallVector<int> regions = regionsFor(n, state, request);
  Places places;
  for (int region : regions)
    if (std::optional<Place> place = placeIn(n, state, node, pricing, region))
      places.list.push_back(*place);
  places.leave = beginsLoop(request.graph, n) || worthLeaving(node, state, regions);
  return places;
}

Timeline wfr::timelineAfter(const State &state, size_t n, const Work &work, const Price &price, int region,
                            int result) {
  Timeline timeline = state.timeline;
  timeline.run(static_cast<int>(n), region, price.arrivals, work.cycles.total(), result);
  return timeline;
}
