// How much code a function will take, from its IR alone: for decisions that are made before anything is assembled.
#ifndef WAFER_DIALECT_PE_CODESIZE_H
#define WAFER_DIALECT_PE_CODESIZE_H

#include "wafer/Dialect/Pe/PeDialect.h"

namespace wafer::pe {

/// Bytes of the function's instructions, at most, unless values must go to the frame; without tables and helpers. One
/// walk over the ops.
int64_t estimateCodeBytes(FuncOp function);
int64_t estimateCodeBytes(MainOp main);

/// Bytes of an entry of a parameter table that holds `values`: 2 if all fit into signed, or all into unsigned 16 bits,
/// else 4.
int64_t tableEntryBytes(llvm::ArrayRef<int32_t> values);

/// The field of an instruction that an operand may go to.
enum class Field {
  Register,    // no constant but zero
  Immediate14, // scalar operations
  Size,        // extents, strides, corners: 15 bits
  Base,        // a descriptor's base: an address of 16 bits
};
/// Which field operand `operand` may go to once constants stand on the right.
Field fieldOf(mlir::OpOperand &operand);
/// True if the constant goes into the instruction and takes no register.
bool fitsField(Field field, int32_t value);
/// True if nothing but branches use the comparison, so that it is no instruction of its own.
bool isFusedCompare(ScalarOp op);

} // namespace wafer::pe

#endif // WAFER_DIALECT_PE_CODESIZE_H
