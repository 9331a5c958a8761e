#include "EmitCompute.h"
#include "Reshape.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace wafer::wfr;

/// The body of the tensor-level op, less the arguments that nobody reads.
static void emitBody(linalg::GenericOp generic, Block &body) {
  Block &source = generic.getRegion().front();
  IRMapping mapping;
  for (BlockArgument argument : source.getArguments()) {
    bool accumulator = argument.getArgNumber() + 1 == source.getNumArguments();
    bool dropped = argument.use_empty();
    if (accumulator || !dropped)
      mapping.map(argument, body.addArgument(argument.getType(), argument.getLoc()));
  }
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  // Constants of the function that the body reads come along.
  generic.getRegion().walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (Operation *def = operand.getDefiningOp();
          def && !generic.getRegion().isAncestor(def->getParentRegion()) && !mapping.contains(operand))
        mapping.map(operand, inner.clone(*def)->getResult(0));
  });
  for (Operation &op : source.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op))
      mapping.map(index.getResult(),
                  IndexOp::create(inner, op.getLoc(), inner.getIndexType(), index.getDim()).getResult());
    else
      inner.clone(op, mapping);
  }
  YieldOp::create(inner, generic.getLoc(), ValueRange{mapping.lookupOrDefault(source.getTerminator()->getOperand(0))});
}

/// The body of a kernel that yields its one operand.
static void emitCopy(Type element, Location where, Block &body) {
  body.addArguments({element, element}, {where, where});
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  YieldOp::create(inner, where, ValueRange{body.getArgument(0)});
}

Value wafer::wfr::emitKernel(EmitState &state, size_t n, ValueRange operands, OpBuilder &builder, Value into) {
  const GraphNode &node = state.graph.nodes[n];
  const NodePlan &nodePlan = state.plan.nodes[n];
  const Candidate &candidate = nodePlan.candidate;
  SmallVector<Attribute> iterators;
  for (bool reduction : node.reduction)
    iterators.push_back(builder.getStringAttr(reduction ? "reduction" : "parallel"));
  auto identity = cast_or_null<TypedAttr>(node.identity);
  Type type = into ? into.getType() : state.typeOf(node.result, candidate.local);
  auto kernel = KernelOp::create(builder, node.loc, type, operands, into, builder.getAffineMapArrayAttr(node.maps),
                                 builder.getArrayAttr(iterators), builder.getDenseI64ArrayAttr(node.extents),
                                 candidate.iteration.simplified().attr(builder.getContext()), identity,
                                 candidate.shared < 0 ? IntegerAttr() : builder.getI64IntegerAttr(candidate.shared));
  noteEstimate(kernel, nodePlan);
  Block &body = kernel.getBody().emplaceBlock();
  if (node.copies)
    emitCopy(state.graph.tensors[node.result].element, node.loc, body);
  else
    emitBody(cast<linalg::GenericOp>(node.op), body);
  return kernel.getResult();
}

Value wafer::wfr::emitCompute(EmitState &state, size_t n, ValueRange operands, OpBuilder &builder) {
  const GraphNode &node = state.graph.nodes[n];
  const Candidate &candidate = state.plan.nodes[n].candidate;
  switch (node.kind) {
  case GraphNode::Kernel:
    return emitKernel(state, n, operands, builder);
  case GraphNode::Gather:
    return GatherOp::create(builder, node.loc, state.typeOf(node.result, candidate.local), operands[0], operands[1]);
  case GraphNode::Reshape:
    if (candidate.regroupAlong)
      break; // the way to the result is the reshape
    return ReshapeOp::create(
        builder, node.loc,
        state.typeOf(node.result, *reshapeLayout(layoutOf(operands[0].getType()), node.operands[0].shape,
                                                 state.graph.tensors[node.result].shape, node.groups, node.expand)),
        operands[0]);
  case GraphNode::Move:
  case GraphNode::Carry:
  case GraphNode::Next:
  case GraphNode::Output:
    break;
  }
  return operands[0];
}
