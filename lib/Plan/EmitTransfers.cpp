#include "EmitTransfers.h"
#include "EmitMovement.h"

using namespace mlir;
using namespace wafer::wfr;

TransferEmitter::TransferEmitter(EmitState &state, const NetBounds &bounds)
    : state(state), hostLanes(bounds.hostLanes), transfers(findTransfers(state.graph, state.plan, bounds)),
      streams(state, transfers, hostLanes), arriving(state.regions.size()) {
  for (auto [number, transfer] : llvm::enumerate(transfers)) {
    if (transfer.kind != Transfer::Input)
      leaving[transfer.node].push_back(number);
    for (const Hop &hop : transfer.way)
      for (int region : hop.net.to)
        if (region != kHost && (arriving[region].expected.empty() || arriving[region].expected.back() != number))
          arriving[region].expected.push_back(number);
  }
}

void TransferEmitter::takeUntil(int region, int node) {
  Arriving &here = arriving[region];
  for (; here.taken != here.expected.size(); ++here.taken) {
    size_t number = here.expected[here.taken];
    const Transfer &transfer = transfers[number];
    if (transfer.place > node || (transfer.place == node && transfer.kind != Transfer::Input))
      break;
    if (!transfer.early && !comesAside(transfer, region, node))
      moveEarly(region);
    for (auto [hop, step] : llvm::enumerate(transfer.way))
      if (llvm::is_contained(step.net.to, region))
        take(region, number, hop);
    if (transfer.early && region == state.plan.nodes[transfer.node].region)
      here.early.push_back(transfer.early);
  }
  moveEarly(region);
}

/// The last transfer that a node waits for, which rests as it comes in from the host: while it does, others move.
bool TransferEmitter::comesAside(const Transfer &transfer, int region, int node) const {
  const Arriving &here = arriving[region];
  const bool last = here.taken + 1 == here.expected.size() || transfers[here.expected[here.taken + 1]].place > node;
  return last && transfer.kind == Transfer::Input && transfer.way.size() == 1 &&
         arrivedLayout(transfer, 0) == transfer.layout;
}

Layout TransferEmitter::arrivedLayout(const Transfer &transfer, size_t hop) const {
  const bool firstRows = state.plan.region.height > (transfer.fromHost(hop) ? hostLanes : 1);
  return firstRows ? inFirstRows(transfer.layout) : transfer.layout;
}

/// What came early goes to where its reader needs it.
void TransferEmitter::moveEarly(int region) {
  EmittedRegion &here = state.regions[region];
  for (const EarlyInput *input : arriving[region].early) {
    if (input->operand < 0)
      continue;
    ArrayRef<int64_t> shape = state.graph.tensors[input->tensor].shape;
    const Movement &movement = state.plan.nodes[input->node].operands[input->operand].pieces.front();
    Value &value = here.values[input->tensor];
    value = emitMovement(movement, value, shape, {shape}, here.builder, state.graph.nodes[input->node].loc);
  }
  arriving[region].early.clear();
}

void TransferEmitter::take(int region, size_t number, size_t hop) {
  EmittedRegion &here = state.regions[region];
  const Transfer &transfer = transfers[number];
  Location where = state.graph.tensors[transfer.tensor].loc;
  StringRef stream = streams.of(number, hop);
  if (transfer.relayedAfter(hop)) {
    RelayOp::create(here.builder, where, stream, streams.of(number, hop + 1));
    return;
  }
  Layout arrived = arrivedLayout(transfer, hop);
  Value value = ReceiveOp::create(here.builder, where, state.typeOf(transfer.tensor, arrived), stream);
  if (!(arrived == transfer.layout)) // the first rows pass it on
    value = RedistributeOp::create(here.builder, where, state.typeOf(transfer.tensor, transfer.layout), value, Value(),
                                   Side::Y, ArrayRef<int64_t>());
  here.values[transfer.tensor] = value;
  send(region, number, value);
}

/// Sends a tensor down all the nets that its way takes from the region.
void TransferEmitter::send(int region, size_t number, Value value) {
  const Transfer &transfer = transfers[number];
  for (auto [hop, step] : llvm::enumerate(transfer.way))
    if (step.net.from == region && !step.relayed)
      SendOp::create(state.regions[region].builder, locationOf(transfer, state.graph), value, streams.of(number, hop),
                     transfer.dealt);
}

void TransferEmitter::sendAfter(int node, int region, Value output) {
  for (size_t number : leaving.lookup(node))
    send(region, number, output ? output : state.regions[region].values.lookup(transfers[number].tensor));
}
