#include "EmitLoop.h"
#include "EmitCompute.h"

using namespace mlir;
using namespace wafer::wfr;

Value LoopEmitter::emitChunks(size_t n) {
  const GraphNode &node = state.graph.nodes[n];
  const Candidate &candidate = state.plan.nodes[n].candidate;
  EmittedRegion &region = state.regionOf(n);
  Type type = state.typeOf(node.result, candidate.result);
  Value init = EmptyOp::create(region.builder, node.loc, type);
  auto op = ChunksOp::create(region.builder, node.loc, TypeRange{type}, ValueRange{init}, candidate.chunks);
  Block &body = op.getBody().emplaceBlock();
  Value carried = body.addArgument(type, node.loc);
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  region.builder.setInsertionPoint(op);
  SmallVector<Value> values = operands.inLoop(n, inner);
  region.builder.setInsertionPointToEnd(&region.op.getBody().front());
  Value value = sums.finish(n, emitCompute(state, n, values, inner), carried, inner);
  YieldOp::create(inner, node.loc, ValueRange{value});
  return op.getResult(0);
}

bool LoopEmitter::emitNode(size_t n) {
  const GraphNode &node = state.graph.nodes[n];
  if (node.kind == GraphNode::Carry) {
    emitCarry(n);
    return false;
  }
  EmittedRegion &region = state.regionOf(n);
  if (!loop)
    open(node.loop, region);
  emitStep(n);
  if (static_cast<int>(n) + 1 != state.graph.loops[node.loop].endNode)
    return false;
  close(region);
  return true;
}

/// What is carried starts in a place of its own.
void LoopEmitter::emitCarry(size_t n) {
  const GraphNode &node = state.graph.nodes[n];
  const NodePlan &nodePlan = state.plan.nodes[n];
  EmittedRegion &region = state.regionOf(n);
  Value place = EmptyOp::create(region.builder, node.loc, state.typeOf(node.result, nodePlan.candidate.result));
  Value value = operands.operand(n, 0, region.builder, place);
  region.values[node.result] = value;
  noteEstimate(value.getDefiningOp(), nodePlan);
}

void LoopEmitter::emitStep(size_t n) {
  const GraphNode &node = state.graph.nodes[n];
  OpBuilder &inner = loop->inner;
  Value value;
  if (node.kind == GraphNode::Next) {
    const int carried = node.operands[1].pieces[0].tensor;
    value = operands.operand(n, 0, inner, loop->now[carried]);
    loop->next[carried] = {node.result, value};
  } else if (node.gathers) {
    value = emitKernel(state, n, operands.inLoop(n, inner), inner, loop->now[node.result]);
    loop->next[node.result] = {node.result, value};
  } else {
    value = sums.finish(n, emitCompute(state, n, operands.inLoop(n, inner), inner), Value(), inner);
    state.regionOf(n).values[node.result] = value;
  }
  if (node.kind != GraphNode::Kernel)
    noteEstimate(value.getDefiningOp(), state.plan.nodes[n]);
}

void LoopEmitter::open(int number, EmittedRegion &region) {
  const GraphLoop &graphLoop = state.graph.loops[number];
  SmallVector<int> tensors;
  SmallVector<Value> inits;
  Location where = state.graph.nodes[graphLoop.firstNode].loc;
  for (int n = graphLoop.firstNode; n != graphLoop.endNode; ++n) {
    const GraphNode &node = state.graph.nodes[n];
    if (node.kind != GraphNode::Carry && !node.gathers)
      continue;
    tensors.push_back(node.result);
    inits.push_back(node.gathers ? EmptyOp::create(region.builder, node.loc,
                                                   state.typeOf(node.result, state.plan.nodes[n].candidate.result))
                                 : region.values[node.result]);
  }
  auto op = ChunksOp::create(region.builder, where, ValueRange(inits).getTypes(), inits, graphLoop.trips);
  Block &body = op.getBody().emplaceBlock();
  loop.emplace(op, std::move(tensors));
  for (auto [tensor, init] : llvm::zip(loop->tensors, inits))
    region.values[tensor] = loop->now[tensor] = body.addArgument(init.getType(), where);
  region.builder.setInsertionPoint(op);
}

void LoopEmitter::close(EmittedRegion &region) {
  SmallVector<Value> yielded;
  for (int tensor : loop->tensors)
    yielded.push_back(loop->next[tensor].second);
  YieldOp::create(loop->inner, loop->op.getLoc(), yielded);
  region.builder.setInsertionPointToEnd(&region.op.getBody().front());
  for (auto [tensor, value] : llvm::zip(loop->tensors, loop->op.getResults()))
    region.values[loop->next[tensor].first] = value;
  loop.reset();
}
