// What a train's tail does to the switches that it passes, and what waits before them.
#include "Fabric.h"
#include "RouterKey.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

RouterState &Fabric::routerAt(uint32_t pe, uint8_t color) {
  auto [state, isNew] = routers.at(pe, color);
  if (isNew)
    state.pe = pe, state.color = color;
  return state;
}

void Fabric::advanceTails(Train &train) {
  if (train.injected < train.total)
    return;
  for (size_t i = 0; i != train.leaves.size(); ++i)
    while (!broken && train.leaves[i].tail < train.leaves[i].path.size()) {
      TrainLeaf &leaf = train.leaves[i];
      uint64_t capacity = capacityBeyond(leaf, leaf.tail);
      bool passed = leaf.parked ? train.total + parkedAhead(train, leaf) <= capacity
                                : leaf.base + train.total <= leaf.end->settled + capacity;
      TrainNode &node = train.nodes[leaf.path[leaf.tail].node];
      if (!passed) {
        // Perhaps some more of it has, and what waits behind it has their room.
        const RouterSetup *setup = program.routes.at(train.stream->color, node.pe);
        if (train.control != isa::Control::None && setup->positions > 1) {
          const RouterState &state = routerAt(node.pe, train.stream->color);
          for (const RouterState::Parked &behind : state.parked[sideIndex(state.pendingSide)])
            enqueue(behind.train.get());
        }
        break;
      }
      if (timed)
        node.passed = std::max(node.passed, passedAt(train, leaf, leaf.tail, train.total - 1));
      ++leaf.tail;
      if (--node.openLeaves == 0)
        flip(train, node);
    }
}

/// The train's last wavelet, a control wavelet perhaps, has passed a router.
void Fabric::flip(Train &train, TrainNode &node) {
  if (train.control == isa::Control::None)
    return;
  const uint8_t color = train.stream->color;
  const uint32_t pe = node.pe;
  const RouterSetup *setup = program.routes.at(color, pe);
  if (setup->positions == 1)
    return;
  RouterState &state = routerAt(pe, color);
  state.pending = TrainRef();
  state.position = train.control == isa::Control::Reset ? 0 : std::min<int>(state.position + 1, setup->positions - 1);
  state.openedAt = node.passed;
  unpark(pe, color, state);
}

void Fabric::unpark(uint32_t pe, uint8_t color, RouterState &state) {
  const RouterSetup *setup = program.routes.at(color, pe);
  while (!state.pending && !broken) {
    Fifo<RouterState::Parked> &queue = state.parked[sideIndex(setup->input[state.position])];
    if (queue.empty())
      break;
    RouterState::Parked parked = queue.front();
    queue.pop();
    advanceHead(parked.train, parked.leaf, true);
  }
  for (Fifo<RouterState::Parked> &queue : state.parked)
    for (RouterState::Parked &parked : queue)
      enqueue(parked.train.get());
}

const RouterState::Parked *Fabric::firstParked() const {
  const RouterState *first = nullptr;
  auto parkedAt = [](const RouterState &state) -> const RouterState::Parked * {
    for (const Fifo<RouterState::Parked> &waiting : state.parked)
      if (!waiting.empty())
        return &waiting.front();
    return nullptr;
  };
  for (const RouterState &state : routers)
    if (parkedAt(state) && (!first || key(state.pe, state.color) < key(first->pe, first->color)))
      first = &state;
  return first ? parkedAt(*first) : nullptr;
}
