// The interpreter of the tensor level: what an op yields when its operands are known.
#ifndef WAFER_TENSOR_INTERPRETER_H
#define WAFER_TENSOR_INTERPRETER_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace wafer {

struct FoldLimits {
  /// Results of more elements are not computed (unless all are the same).
  int64_t maxElements = 1 << 20;
  /// Nor are ops that take more steps than this.
  int64_t maxSteps = 1 << 26;
};

/// The constant behind a tensor, or null.
mlir::DenseElementsAttr constantOf(mlir::Value value);

/// The value of a tensor-level op with one tensor result whose operands are constants, `tensor.empty` or `linalg.fill`
/// of constants; null if it is none of these, too large, or undefined (an integer division by zero). `tensor.empty`
/// and `linalg.fill` themselves are never computed: they are how an init is written.
mlir::DenseElementsAttr evaluateTensorOp(mlir::Operation *op, const FoldLimits &limits = {});

} // namespace wafer

#endif // WAFER_TENSOR_INTERPRETER_H
