// Tensors without elements: legal in ONNX, where slices and reductions of them appear at the edges of models. None of
// them takes a place on the machine.
#include "PrepareKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

static bool isEmpty(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() == 0;
}

static void replaceByConstant(Value value, OpBuilder &builder) {
  auto type = cast<RankedTensorType>(value.getType());
  auto nothing = DenseElementsAttr::get(type, ArrayRef<Attribute>());
  value.replaceAllUsesWith(arith::ConstantOp::create(builder, value.getLoc(), nothing));
}

/// The value of an op that reads or writes nothing on behalf of an empty operand; null if it is not such an op.
static Value withoutEmptyOperand(Operation *op, OpBuilder &builder) {
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](linalg::LinalgOp op) {
        return llvm::is_contained(op.getStaticLoopRanges(), 0) && op.getNumDpsInits() == 1 ? op.getDpsInits()[0]
                                                                                           : Value();
      })
      .Case([&](tensor::PadOp op) {
        Value padding = op.getConstantPaddingValue();
        if (!isEmpty(op.getSource()) || !padding)
          return Value();
        RankedTensorType type = op.getResultType();
        Value shape = tensor::EmptyOp::create(builder, op.getLoc(), type.getShape(), type.getElementType());
        return linalg::FillOp::create(builder, op.getLoc(), padding, shape).getResult(0);
      })
      .Case([&](tensor::ConcatOp op) {
        SmallVector<Value> parts = llvm::filter_to_vector(op.getInputs(), [](Value part) { return !isEmpty(part); });
        return parts.size() == op.getInputs().size()
                   ? Value()
                   : tensor::ConcatOp::create(builder, op.getLoc(), op.getDim(), parts).getResult();
      })
      .Case([&](tensor::InsertSliceOp op) { return isEmpty(op.getSource()) ? op.getDest() : Value(); })
      .Default([](Operation *) { return Value(); });
}

void wafer::dropEmptyTensors(func::FuncOp function) {
  OpBuilder builder(function.getContext());
  builder.setInsertionPointToStart(&function.getBody().front());
  for (BlockArgument argument : function.getArguments())
    if (isEmpty(argument) && !argument.use_empty())
      replaceByConstant(argument, builder);
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    if (op.hasTrait<OpTrait::ConstantLike>() || op.getNumResults() != 1)
      continue;
    builder.setInsertionPoint(&op);
    Value result = op.getResult(0);
    if (isEmpty(result)) {
      if (!result.use_empty())
        replaceByConstant(result, builder);
    } else if (Value value = withoutEmptyOperand(&op, builder)) {
      result.replaceAllUsesWith(value);
    } else {
      continue;
    }
    op.erase();
  }
}
