// Recurrences at the tensor level: a body that runs a number of times known at compile time, carrying tensors, reading
// one slice a step of tensors from outside and handing out one slice a step of its results.
//
// Rolled it is an scf.for (docs/tensor-level.md has its form): code, IR and compile time do not grow with the steps.
// Unrolled it is the body as often as there are steps, which folds, and is faster to run where there are few.
#ifndef WAFER_TENSOR_LOOP_H
#define WAFER_TENSOR_LOOP_H

#include "wafer/Tensor/TensorBuilder.h"

namespace wafer {

/// Loops of at most so many steps are unrolled.
constexpr int64_t kUnrolledSteps = 4;

/// One step of a loop, inside of its body.
class LoopStep {
public:
  using Value = mlir::Value;

  /// Slice number step of `x` along `axis` (or, reversed, step from the end), without that dimension.
  Value slice(TensorBuilder &t, Value x, int64_t axis, bool reversed = false);
  /// The step's number, a scalar of i64.
  Value number(TensorBuilder &t);

private:
  friend class LoopBuilder;
  int64_t trips = 0, constant = 0;
  Value variable{}; // null in an unrolled step
};

/// What a step hands out: slice number step (reversed: from the end) along dimension 0 of an output of the loop.
struct StepOutput {
  mlir::Value value;
  bool reversed = false;
};

struct StepResult {
  llvm::SmallVector<mlir::Value> carried; // of the types that came in
  llvm::SmallVector<StepOutput> outputs;
};

struct LoopResult {
  llvm::SmallVector<mlir::Value> carried, outputs;
};

/// The body builds at `t`; nothing if it cannot be built (it has said why).
using LoopBody = llvm::function_ref<std::optional<StepResult>(TensorBuilder &t, LoopStep &step, mlir::ValueRange)>;

/// True if the insertion point is in a rolled loop: loops do not nest.
bool insideLoop(TensorBuilder &t);

/// A rolled loop; nothing, and no op left behind, if the body cannot be built, or hands on other types than came in.
std::optional<LoopResult> buildLoop(TensorBuilder &t, int64_t trips, llvm::ArrayRef<mlir::Value> inits, LoopBody body);

/// The steps one after the other.
std::optional<LoopResult> buildSteps(TensorBuilder &t, int64_t trips, llvm::ArrayRef<mlir::Value> inits, LoopBody body);

} // namespace wafer

#endif // WAFER_TENSOR_LOOP_H
