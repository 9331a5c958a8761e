// How a loop of the tensor level reads (docs/tensor-level.md): the counterpart of wafer/Tensor/Loop.h for those that
// take it apart.
#ifndef WAFER_TENSOR_LOOPFORM_H
#define WAFER_TENSOR_LOOPFORM_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <optional>

namespace wafer {

struct LoopForm {
  int64_t trips;
  /// By carried tensor: the op that writes the step's slice of an output gathered in it; null: it is carried.
  llvm::SmallVector<mlir::tensor::InsertSliceOp> writes;
};

/// Nothing, and why not, if the loop is not of that form.
std::optional<LoopForm> loopFormOf(mlir::scf::ForOp loop, std::string &why);

/// Where a slice's elements lie in the larger tensor: indices of that as a function of the slice's indices, and of one
/// symbol, the step of the loop around. Nothing if it has strides, or an offset that is not the step or a constant less
/// the step.
std::optional<mlir::AffineMap> sliceMapOf(mlir::tensor::ExtractSliceOp op);
std::optional<mlir::AffineMap> sliceMapOf(mlir::tensor::InsertSliceOp op);

} // namespace wafer

#endif // WAFER_TENSOR_LOOPFORM_H
