// The parts of prepare-kernels that are more than a pattern or two.
#ifndef WAFER_LIB_TENSOR_TRANSFORMS_PREPAREKERNELS_H
#define WAFER_LIB_TENSOR_TRANSFORMS_PREPAREKERNELS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace wafer {

/// Tensors without elements become constants, and what computes on them what is left of it: a sum over nothing is its
/// initial value. No kernel, movement or layout sees an extent of zero afterwards.
void dropEmptyTensors(mlir::func::FuncOp function);

/// Gives the function's very long arguments in two dimensions instead of one (kHostShape says so), where all readers
/// can do with that; true if there are any. Readers see a collapse of them, which populateSplitLoopPatterns folds into
/// their loops.
bool splitLongInputs(mlir::func::FuncOp function);
void populateSplitLoopPatterns(mlir::RewritePatternSet &patterns);

/// Reshapes between kernels become loops of the kernels, where nothing else looks into what they cut or merge.
void foldReshapes(mlir::func::FuncOp function);

/// Dimensions that follow one another in all that has them become one, where kernels would have more loops than an
/// instruction has dimensions; true if there were any.
bool mergeDimensions(mlir::func::FuncOp function);

/// Concatenations of a tensor's own slices.
void populateReorderedSlicesPatterns(mlir::RewritePatternSet &patterns);

/// Scales of products become scales of smaller operands.
void populateScaleOperandsPatterns(mlir::RewritePatternSet &patterns);

/// One result, in loops of its own shape.
bool isElementwise(mlir::linalg::GenericOp op);
/// acc + a * b, where a and b are read along loops.
bool isProduct(mlir::linalg::GenericOp op);

/// Factors that a sum's terms have in common are applied to the sum; true if there were any.
bool commuteFactors(mlir::func::FuncOp function);

/// Scalar functions that the machine lacks, as those that it has.
void populateExpandMathPatterns(mlir::RewritePatternSet &patterns);

/// Gathers whose rows an instruction can copy.
void populateGatherRowsPatterns(mlir::RewritePatternSet &patterns);

} // namespace wafer

#endif // WAFER_LIB_TENSOR_TRANSFORMS_PREPAREKERNELS_H
