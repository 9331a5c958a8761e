// ONNX's element types in MLIR.
#ifndef WAFER_DIALECT_ONNX_ELEMENTTYPES_H
#define WAFER_DIALECT_ONNX_ELEMENTTYPES_H

#include "mlir/IR/Types.h"

namespace wafer::onnx {

/// The type for a number of TensorProto.DataType; unsigned integers are MLIR's `ui8`. Null for those that have no form
/// in the dialect: strings, complex numbers, floats and integers of less than a byte.
mlir::Type elementTypeFor(mlir::MLIRContext *context, int64_t dataType);

} // namespace wafer::onnx

#endif // WAFER_DIALECT_ONNX_ELEMENTTYPES_H
