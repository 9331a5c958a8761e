// What nodes do with their operands, without a word between PEs.
#ifndef WAFER_LIB_PLAN_EMITCOMPUTE_H
#define WAFER_LIB_PLAN_EMITCOMPUTE_H

#include "EmitState.h"

namespace wafer::wfr {

/// The local result of a node: where the node only moves, its operand.
mlir::Value emitCompute(EmitState &state, size_t node, mlir::ValueRange operands, mlir::OpBuilder &builder);

/// `into`: memory that the kernel writes a part of.
mlir::Value emitKernel(EmitState &state, size_t node, mlir::ValueRange operands, mlir::OpBuilder &builder,
                       mlir::Value into = {});

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITCOMPUTE_H
