#include "Transition.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// `fromHost`: every region that reads it gets it from there.
void layOut(Resting &resting, const Pricing &pricing, int tensor, const Layout &layout, bool fromHost) {
  resting.layout = std::make_shared<Layout>(layout);
  resting.crossingCycles = pricing.crossingCycles(tensor, layout, fromHost);
}

/// A tensor rests in this region from now on, if it did not before.
void rest(State &state, Resting &resting, int region) {
  if (resting.isIn(region))
    return;
  resting.regions |= uint64_t{1} << region;
  state.memory[region].liveWords += resting.layout->words();
}

} // namespace

std::shared_ptr<const State> wfr::stateAfter(size_t n, const Successor &successor, const SearchContext &context,
                                             ArrayRef<int> dying, size_t traced) {
  const Graph &graph = context.request.graph;
  Pricing &pricing = context.pricing;
  const GraphNode &node = graph.nodes[n];
  auto decided = std::make_shared<NodePlan>();
  decided->region = successor.region;
  pricing.work(n, *successor.from, *successor.candidate, decided.get());
  const NodePlan &plan = *decided;
  auto state = std::make_shared<State>();
  state->parent = successor.from;
  state->plan = decided;
  state->traced = traced;
  state->timeline = timelineAfter(*successor.from, n, *successor.work, successor.price, successor.region, node.result);
  for (const auto &[input, layout] : successor.work->entries)
    state->timeline.enter(input, static_cast<int>(n), successor.region,
                          successor.work->cycles.total() - successor.work->cycles.host);
  if (const GraphLoop *loop = node.loop >= 0 ? &graph.loops[node.loop] : nullptr;
      loop && loop->endNode == static_cast<int>(n) + 1)
    state->timeline.endLoop(loop->firstNode, static_cast<int>(n), successor.region);
  state->memory = successor.from->memory;
  state->memory.resize(std::max<size_t>(state->memory.size(), plan.region + 1));
  state->memory[plan.region] = successor.price.memory;
  state->live = successor.from->live;
  for (const GraphOperand &operand : node.operands)
    for (const Piece &piece : operand.pieces) {
      const GraphTensor &tensor = graph.tensors[piece.tensor];
      if (tensor.resident())
        continue;
      Resting &resting = state->live[piece.tensor];
      if (tensor.kind == GraphTensor::Input && !resting.layout) {
        auto moved = plan.moved.find(piece.tensor);
        const bool asItCame = moved == plan.moved.end();
        layOut(resting, pricing, piece.tensor, asItCame ? plan.entries.at(piece.tensor) : moved->second, asItCame);
      }
      rest(*state, resting, plan.region);
    }
  if (node.result >= 0) {
    Resting &resting = state->live[node.result];
    layOut(resting, pricing, node.result, plan.candidate.result, /*fromHost=*/false);
    rest(*state, resting, plan.region);
  }
  // What nobody reads any more is forgotten.
  for (int tensor : dying)
    if (auto it = state->live.find(tensor); it != state->live.end()) {
      for (auto [region, memory] : llvm::enumerate(state->memory))
        if (it->second.isIn(static_cast<int>(region)))
          memory.liveWords -= it->second.layout->words();
      state->live.erase(it);
    }
  state->timeline.forget(dying);
  return state;
}
