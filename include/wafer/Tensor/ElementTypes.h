// Element types: declared, stored, computed and carried (docs/rationale/types.md).
//
// Declared is ONNX's type; an unsigned integer is MLIR's `ui8`. Stored is what tensors of the tensor level have: the
// same, integers signless. Computed is what arithmetic is done in there. Carried is what the machine has a word for.
#ifndef WAFER_TENSOR_ELEMENTTYPES_H
#define WAFER_TENSOR_ELEMENTTYPES_H

#include "mlir/IR/BuiltinTypes.h"

namespace wafer {

/// f16, bf16, f32, f64, booleans and integers of 8 to 64 bits: what a tensor may be declared as.
bool isDeclarable(mlir::Type declared);

/// Integers signless, all else as it is.
mlir::Type storedType(mlir::Type declared);

/// f32 for floats, i32 for integers, i1 and index as they are.
mlir::Type carriedType(mlir::Type type);

/// What a node computes in: f32 for f16 and bf16, i32 for integers of 8 and 16 bits, else the declared type.
mlir::Type computedType(mlir::Type declared);

/// NumPy's name of a declared type: "uint8", "bfloat16"...
std::string elementTypeName(mlir::Type declared);

} // namespace wafer

#endif // WAFER_TENSOR_ELEMENTTYPES_H
