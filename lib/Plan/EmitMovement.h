// A movement as ops: passes along lines, sums that gather, copies.
#ifndef WAFER_LIB_PLAN_EMITMOVEMENT_H
#define WAFER_LIB_PLAN_EMITMOVEMENT_H

#include "EmitState.h"

namespace wafer::wfr {

/// What a movement's last step makes.
struct MoveEnd {
  llvm::ArrayRef<int64_t> shape;
  mlir::Value into = {};              // memory that is given
  llvm::ArrayRef<int64_t> shift = {}; // element i goes to i + shift; empty: nowhere else
};

/// `shape` is that of steps before the last. What is the same for every step of a loop moves `outside`, if that is
/// given: before the loop.
mlir::Value emitMovement(const Movement &movement, mlir::Value value, llvm::ArrayRef<int64_t> shape, const MoveEnd &end,
                         mlir::OpBuilder &builder, mlir::Location where, mlir::OpBuilder *outside = nullptr);

/// Parts as terms of the sum by which a step gathers them: one that picks, or one that adds what they are to others.
mlir::Value emitTerms(const MoveStep &step, mlir::Value value, llvm::ArrayRef<int64_t> shape, PartialKind kind,
                      mlir::OpBuilder &builder, mlir::Location where);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITMOVEMENT_H
