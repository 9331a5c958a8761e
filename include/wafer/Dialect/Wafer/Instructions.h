// What the scalar operations of a kernel's body become on the machine. The planner prices bodies by it and code
// generation emits by it: they cannot disagree.
#ifndef WAFER_DIALECT_WAFER_INSTRUCTIONS_H
#define WAFER_DIALECT_WAFER_INSTRUCTIONS_H

#include "wafer/Program/Isa.h"

#include "mlir/IR/Block.h"

#include <optional>

namespace wafer::wfr {

/// The instruction of a scalar op of the arith or math dialect, if it is one instruction on its operands as they stand.
std::optional<isa::VectorOp> instructionOf(mlir::Operation *op);

/// A second instruction, on the first one's result: a conversion from an integer to a narrow float rounds at its end.
/// (arith's canonicalization makes that of a conversion to f32 and a rounding.)
std::optional<isa::VectorOp> roundingOf(mlir::Operation *op);

/// Ops that change nothing about a word, so that they are no instruction: casts between integers, and from a narrow
/// float, whose word is that of an f32.
bool keepsWord(mlir::Operation *op);

/// The value whose word `value` is: looks through such ops.
mlir::Value wordOf(mlir::Value value);

/// A product whose only reader adds it to the body's accumulator (its last argument): the two are one fma. Elsewhere
/// the two roundings of the model's own operations are kept.
bool isFusedProduct(mlir::Operation *op, mlir::Block &body);

/// A sum whose one term is a fused product, as that one instruction: op(a, b, c).
struct FusedSum {
  isa::VectorOp op;
  mlir::Value a, b, c;
};
std::optional<FusedSum> fusedSum(mlir::Operation *op, mlir::Block &body);

/// The instructions of a body, in order.
llvm::SmallVector<isa::VectorOp> instructionsOf(mlir::Block &body);

/// Sums of many terms are accumulated in several lanes, which are added pairwise at the end: one accumulator would lose
/// a bit of every term once it is large. Into how many a PE's sum of so many terms is cut: about its square root, so
/// that a lane's sum is no longer than it must be. 0: too short to be worth it.
int64_t lanesOfSum(int64_t terms);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_INSTRUCTIONS_H
