#include "EmitOperands.h"
#include "EmitMovement.h"

using namespace mlir;
using namespace wafer::wfr;

Value OperandEmitter::resident(int tensor, const Layout &layout, OpBuilder &builder) {
  const GraphTensor &source = state.graph.tensors[tensor];
  RankedTensorType type = state.typeOf(tensor, layout);
  if (source.kind == GraphTensor::Weight)
    return WeightOp::create(builder, source.loc, type, source.weight);
  if (source.kind == GraphTensor::Fill)
    return FillOp::create(builder, source.loc, type, cast<TypedAttr>(source.value));
  return ConstantOp::create(builder, source.loc, type, cast<ElementsAttr>(source.value));
}

Value OperandEmitter::operand(size_t n, size_t i, OpBuilder &builder, Value place) {
  const GraphNode &node = state.graph.nodes[n];
  const GraphOperand &operand = node.operands[i];
  const NodePlan &nodePlan = state.plan.nodes[n];
  const OperandPlan &operandPlan = nodePlan.operands[i];
  EmittedRegion &region = state.regionOf(n);
  if (Value value = sums.arrived(n, i))
    return value;
  int first = operand.pieces.empty() ? -1 : operand.pieces[0].tensor;
  if (operandPlan.direct) {
    if (!state.graph.tensors[first].resident())
      return region.values[first];
    return resident(first, wholeOfChunks(operandPlan.needed, nodePlan.candidate.steps), region.builder);
  }
  Value into = place;
  if (!operand.plain()) {
    Type type = typeOf(operand.shape, state.graph.tensors[first].element, operandPlan.needed);
    into = operand.fill ? Value(FillOp::create(builder, node.loc, type, cast<TypedAttr>(operand.fill)))
                        : Value(EmptyOp::create(builder, node.loc, type));
  }
  for (auto [piece, movement] : llvm::zip(operand.pieces, operandPlan.pieces)) {
    const GraphTensor &tensor = state.graph.tensors[piece.tensor];
    Value from;
    if (tensor.resident()) {
      Layout layout = operandPlan.needed;
      for (auto [dim, shift] : llvm::zip(layout.dims, piece.shift))
        dim.start = dim.start - Affine(shift);
      from = resident(piece.tensor, wholeOfChunks(layout, nodePlan.candidate.steps), region.builder);
    } else {
      from = region.values[piece.tensor];
    }
    const bool fromOutside = nodePlan.candidate.chunks > 1 || (node.repeated() && tensor.loop != node.loop);
    into = emitMovement(movement, from, tensor.shape, {operand.shape, into, piece.shift}, builder, node.loc,
                        fromOutside ? &region.builder : nullptr);
  }
  return into;
}

SmallVector<Value> OperandEmitter::inLoop(size_t n, OpBuilder &builder) {
  SmallVector<Value> operands;
  for (size_t i = 0; i != state.graph.nodes[n].operands.size(); ++i)
    operands.push_back(operand(n, i, builder));
  return operands;
}

SmallVector<Value> OperandEmitter::once(size_t n) {
  const GraphNode &node = state.graph.nodes[n];
  const NodePlan &nodePlan = state.plan.nodes[n];
  EmittedRegion &region = state.regionOf(n);
  SmallVector<Value> operands;
  std::map<int, Value> moved;
  sums.gatherOperands(n);
  for (auto [i, operandPlan] : llvm::enumerate(nodePlan.operands)) {
    const int first = node.operands[i].pieces.empty() ? -1 : node.operands[i].pieces[0].tensor;
    const auto rests = nodePlan.moved.find(first);
    if (rests == nodePlan.moved.end() || operandPlan.direct || !(rests->second == operandPlan.needed)) {
      operands.push_back(operand(n, i, region.builder));
      continue;
    }
    Value &value = moved[first];
    operands.push_back(value ? value : value = operand(n, i, region.builder));
  }
  for (auto [tensor, value] : moved)
    region.values[tensor] = value;
  return operands;
}
