// From a plan to IR: node after node, each in its region. What every one of them needs beside the state of what is
// written (EmitState.h) has a file of its own: what crosses regions, and why its order proves that nobody waits for
// ever (EmitTransfers.h, on streams from EmitStreams.h); operands (EmitOperands.h) and how they move (EmitMovement.h);
// what PEs compute (EmitCompute.h); sums of several tensors (EmitSums.h); loops and chunks (EmitLoop.h).
#include "EmitCompute.h"
#include "EmitLoop.h"
#include "EmitTransfers.h"

using namespace mlir;
using namespace wafer::wfr;

namespace {

class Emitter {
public:
  Emitter(EmitState &state, const NetBounds &bounds)
      : state(state), transfers(state, bounds), sums(state), operands(state, sums), loops(state, operands, sums) {}

  void run() {
    for (const GraphTensor &tensor : state.graph.tensors)
      if (tensor.kind == GraphTensor::Input && tensor.users.empty())
        UnreadOp::create(state.streamBuilder, tensor.loc, tensor.hostName,
                         RankedTensorType::get(tensor.hostShape, tensor.declared));
    const int nodes = static_cast<int>(state.graph.nodes.size());
    std::map<int, SmallVector<int, 1>> leaving; // outputs, by the node beside whose sum they leave
    for (int n = 0; n != nodes; ++n)
      if (const int after = state.plan.nodes[n].leavesAfter; after >= 0)
        leaving[after].push_back(n);
    for (int n = 0; n != nodes; ++n) {
      const GraphNode &node = state.graph.nodes[n];
      const int region = state.plan.nodes[n].region;
      transfers.takeUntil(region, n);
      if (state.plan.nodes[n].leavesAfter >= 0)
        continue;
      if (node.kind == GraphNode::Output)
        emitOutput(n);
      else if (node.loop < 0 ? emitNode(n) : loops.emitNode(n))
        transfers.sendAfter(n, region);
      for (int output : leaving[n])
        emitOutput(output);
    }
    for (int r = 0; r != state.plan.regions; ++r)
      transfers.takeUntil(r, nodes);
  }

private:
  /// With the outputs that wait for it, which leave first.
  void emitOutput(int n) {
    if (state.plan.nodes[n].gathersLater())
      return sums.keepParts(n);
    SmallVector<std::pair<size_t, Value>> all;
    if (sums.hasTermsFor(n))
      all = sums.gatherOutputs(n);
    else
      all.push_back({n, operands.operand(n, 0, state.regionOf(n).builder)});
    for (auto [output, value] : all) {
      noteEstimate(value.getDefiningOp(), state.plan.nodes[output]);
      transfers.sendAfter(static_cast<int>(output), state.plan.nodes[n].region, value);
    }
  }

  /// Says whether its result is there.
  bool emitNode(int n) {
    const GraphNode &node = state.graph.nodes[n];
    const NodePlan &nodePlan = state.plan.nodes[n];
    EmittedRegion &region = state.regionOf(n);
    Value value;
    if (nodePlan.candidate.chunks > 1) {
      value = loops.emitChunks(n);
    } else {
      value = emitCompute(state, n, operands.once(n), region.builder);
      if (nodePlan.combinedWith >= 0) {
        sums.keepTerms(n, value);
        return false;
      }
      value = sums.finish(n, value, Value(), region.builder);
    }
    if (node.kind != GraphNode::Kernel)
      noteEstimate(value.getDefiningOp(), nodePlan);
    region.values[node.result] = value;
    return true;
  }

  EmitState &state;
  TransferEmitter transfers;
  SumEmitter sums;
  OperandEmitter operands;
  LoopEmitter loops;
};

} // namespace

ProgramOp wafer::wfr::emitPlan(const Graph &graph, const Plan &plan, OpBuilder &builder, Location loc,
                               int64_t meshWidth, int64_t meshHeight, const NetBounds &bounds) {
  EmitState state(graph, plan, builder, loc, meshWidth, meshHeight);
  Emitter(state, bounds).run();
  return state.program;
}
