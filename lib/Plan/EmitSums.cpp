#include "EmitSums.h"
#include "EmitMovement.h"

using namespace mlir;
using namespace wafer::wfr;

namespace {

/// The tensors of one all-reduce.
struct Terms {
  SmallVector<Value> values;
  SmallVector<Type> sums;
  void add(Value value, Type sum) {
    values.push_back(value);
    sums.push_back(sum);
  }
  AllReduceOp combine(OpBuilder &builder, Location where, Side side, const LineShape &line) const {
    return AllReduceOp::create(builder, where, sums, values, side, line.attr(builder.getContext()));
  }
};

} // namespace

/// By which an operand of one piece is gathered.
static const MoveStep &gatherOf(const Plan &plan, size_t node, size_t operand) {
  return plan.nodes[node].operands[operand].pieces.front().steps.back();
}

static int tensorOf(const Graph &graph, size_t node, size_t operand) {
  return graph.nodes[node].operands[operand].pieces[0].tensor;
}

SumEmitter::SumEmitter(EmitState &state) : state(state) {
  for (auto [node, nodePlan] : llvm::enumerate(state.plan.nodes))
    for (auto [i, operand] : llvm::enumerate(nodePlan.operands))
      if (operand.ridesWith >= 0)
        riders[operand.ridesWith].push_back({node, i});
}

void SumEmitter::keepTerms(size_t node, Value terms) {
  waiting[state.plan.nodes[node].combinedWith].push_back({node, terms});
}

void SumEmitter::keepParts(size_t output) { keepTerms(output, termsOf({output, 0})); }

/// Of an operand that is gathered by a sum.
Value SumEmitter::termsOf(Operand operand) {
  const auto [node, i] = operand;
  const OperandPlan &operandPlan = state.plan.nodes[node].operands[i];
  const int tensor = tensorOf(state.graph, node, i);
  ArrayRef<int64_t> shape = state.graph.tensors[tensor].shape;
  Location where = state.graph.nodes[node].loc;
  EmittedRegion &region = state.regionOf(node);
  Movement before = operandPlan.pieces.front();
  const MoveStep gather = before.steps.pop_back_val();
  Value parts = emitMovement(before, region.values[tensor], shape, {shape}, region.builder, where);
  return emitTerms(gather, parts, shape, operandPlan.ridesWith >= 0 ? PartialKind::Add : PartialKind::Pick,
                   region.builder, where);
}

Value SumEmitter::finish(size_t n, Value value, Value into, OpBuilder &builder) {
  const GraphNode &node = state.graph.nodes[n];
  const NodePlan &nodePlan = state.plan.nodes[n];
  for (const ReduceStep &step : nodePlan.reduces)
    value = step.line ? combine(n, value, step, builder)
                      : ReduceOp::create(builder, node.loc, state.typeOf(node.result, step.result), value, step.side,
                                         step.algorithm)
                            .getResult();
  ArrayRef<int64_t> shape = state.graph.tensors[node.result].shape;
  return emitMovement(nodePlan.toResult, value, shape, {shape, into}, builder, node.loc);
}

/// For all, with terms of earlier nodes and parts of later operands.
Value SumEmitter::combine(size_t n, Value value, const ReduceStep &step, OpBuilder &builder) {
  const GraphNode &node = state.graph.nodes[n];
  const auto earlier = waiting.lookup(n);
  const auto riding = riders.lookup(n);
  Terms terms;
  for (auto [waited, term] : earlier)
    terms.add(term, state.typeOf(state.graph.nodes[waited].result, state.plan.nodes[waited].reduces.front().result));
  for (auto [rider, i] : riding)
    terms.add(termsOf({rider, i}),
              state.typeOf(tensorOf(state.graph, rider, i), gatherOf(state.plan, rider, i).result));
  terms.add(value, state.typeOf(node.result, step.result));
  AllReduceOp op = terms.combine(builder, node.loc, step.side, *step.line);
  for (auto [waited, sum] : llvm::zip(earlier, op.getSums()))
    state.regionOf(n).values[state.graph.nodes[waited.first].result] = sum;
  for (auto [rider, sum] : llvm::zip(riding, op.getSums().drop_front(earlier.size())))
    together[rider] = sum;
  return op.getSums().back();
}

SmallVector<std::pair<size_t, Value>> SumEmitter::gatherOutputs(size_t output) {
  SmallVector<std::pair<size_t, Value>> all = waiting.lookup(output);
  all.push_back({output, termsOf({output, 0})});
  Terms terms;
  for (auto [node, term] : all)
    terms.add(term, state.typeOf(tensorOf(state.graph, node, 0), gatherOf(state.plan, node, 0).result));
  const MoveStep &gather = gatherOf(state.plan, output, 0);
  AllReduceOp op =
      terms.combine(state.regionOf(output).builder, state.graph.nodes[output].loc, *gather.along, *gather.line);
  for (auto [gathered, sum] : llvm::zip(all, op.getSums()))
    gathered.second = sum;
  return all;
}

void SumEmitter::gatherOperands(size_t node) {
  std::map<size_t, SmallVector<size_t>> groups; // by the last of them
  for (auto [i, operand] : llvm::enumerate(state.plan.nodes[node].operands))
    if (operand.gatheredWith >= 0)
      groups[operand.gatheredWith].push_back(i);
  for (auto &[last, all] : groups) {
    all.push_back(last);
    Terms terms;
    for (size_t i : all)
      terms.add(termsOf({node, i}), state.typeOf(tensorOf(state.graph, node, i), gatherOf(state.plan, node, i).result));
    const MoveStep &gather = gatherOf(state.plan, node, last);
    AllReduceOp op =
        terms.combine(state.regionOf(node).builder, state.graph.nodes[node].loc, *gather.along, *gather.line);
    for (auto [i, sum] : llvm::zip(all, op.getSums()))
      together[{node, i}] = sum;
  }
}

Value SumEmitter::arrived(size_t node, size_t operand) const {
  auto found = together.find({node, operand});
  return found == together.end() ? Value() : found->second;
}
