// What nodes read, where they need it.
#ifndef WAFER_LIB_PLAN_EMITOPERANDS_H
#define WAFER_LIB_PLAN_EMITOPERANDS_H

#include "EmitSums.h"

namespace wafer::wfr {

class OperandEmitter {
public:
  OperandEmitter(EmitState &state, SumEmitter &sums) : state(state), sums(sums) {}

  /// One operand of a node; in memory that is given, if that is given and the operand is plain. Weights and what rests
  /// come from where the region's builder stands, which is not that of a loop.
  mlir::Value operand(size_t node, size_t i, mlir::OpBuilder &builder, mlir::Value place = {});
  /// All operands of a node that is in a loop, its own or one of many nodes.
  llvm::SmallVector<mlir::Value> inLoop(size_t node, mlir::OpBuilder &builder);
  /// All operands of a node that runs once. An input that it moves rests where it needs it from then on; its own
  /// operands all begin where the input came in.
  llvm::SmallVector<mlir::Value> once(size_t node);

private:
  mlir::Value resident(int tensor, const Layout &layout, mlir::OpBuilder &builder);

  EmitState &state;
  SumEmitter &sums;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITOPERANDS_H
