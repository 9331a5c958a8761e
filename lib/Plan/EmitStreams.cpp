#include "EmitStreams.h"

using namespace mlir;
using namespace wafer::wfr;

StreamEmitter::StreamEmitter(EmitState &state, ArrayRef<Transfer> transfers, int64_t hostLanes)
    : state(state), transfers(transfers), hostLanes(hostLanes) {
  for (const Transfer &transfer : transfers)
    if (transfer.kind == Transfer::Output)
      outputs.try_emplace(transfer.node, outputs.size());
}

StringRef StreamEmitter::of(size_t transfer, size_t hop) {
  std::string &name = written[{transfer, hop}];
  if (name.empty()) {
    name = nameOf(transfer, transfers[transfer].way[hop].net);
    emit(transfers[transfer], hop, name);
  }
  return name;
}

std::string StreamEmitter::nameOf(size_t number, const Net &net) {
  const Transfer &transfer = transfers[number];
  std::string name = transfer.kind == Transfer::Output ? "out" : transfer.kind == Transfer::Input ? "in" : "t";
  name += std::to_string(transfer.kind == Transfer::Output ? outputs.lookup(transfer.node) : transfer.tensor);
  for (int region : net.to)
    if (region != kHost)
      name += "_r" + std::to_string(region);
  // What is passed on twice by one region comes to it by two streams.
  if (int again = names[name]++)
    name += "_" + std::to_string(again);
  return name;
}

void StreamEmitter::emit(const Transfer &transfer, size_t hop, StringRef name) {
  OpBuilder &builder = state.streamBuilder;
  const GraphTensor &tensor = state.graph.tensors[transfer.tensor];
  const GraphNode &node = state.graph.nodes[transfer.node];
  const Net &net = transfer.way[hop].net;
  const bool toHost = net.to.front() == kHost;
  auto symbolOf = [&](int region) { return FlatSymbolRefAttr::get(state.regions[region].op.getSymNameAttr()); };
  SmallVector<Attribute> to;
  if (!toHost)
    for (int region : net.to)
      to.push_back(symbolOf(region));
  StringAttr hostName;
  if (toHost)
    hostName = builder.getStringAttr(node.hostName);
  else if (net.from == kHost)
    hostName = builder.getStringAttr(tensor.hostName);
  Lanes lanes = lanesOf(transfer, hop, tensor.shape, state.plan.region, hostLanes);
  ArrayRef<int64_t> inside = tensor.shape, outside = toHost ? node.hostShape : tensor.hostShape;
  Type element = toHost ? node.declared : hostName ? tensor.declared : tensor.element;
  StreamOp::create(builder, locationOf(transfer, state.graph), name,
                   net.from == kHost ? FlatSymbolRefAttr() : symbolOf(net.from), builder.getArrayAttr(to),
                   typeOf(tensor.shape, element, lanes.layout), lanes.senders, lanes.count, hostName,
                   hostName && outside != inside ? builder.getDenseI64ArrayAttr(outside) : DenseI64ArrayAttr());
}

Location wafer::wfr::locationOf(const Transfer &transfer, const Graph &graph) {
  return transfer.kind == Transfer::Output ? graph.nodes[transfer.node].loc : graph.tensors[transfer.tensor].loc;
}
