// The wafer dialect: kernels on rectangles of cores.
#ifndef WAFER_DIALECT_WAFER_WAFERDIALECT_H
#define WAFER_DIALECT_WAFER_WAFERDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "wafer/Dialect/Wafer/Affine.h"

#include "wafer/Dialect/Wafer/WaferDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "wafer/Dialect/Wafer/WaferAttrs.h.inc"
namespace wafer::wfr {

/// Two dimensions of one side of a transfer that are one, row-major, of the other: `dim` and `dim + 1` of the source
/// are `dim` of the result (Merge), or the other way about (Split).
struct Regroup {
  enum Kind { None, Merge, Split } kind = None;
  unsigned dim = 0;
};

} // namespace wafer::wfr

#define GET_OP_CLASSES
#include "wafer/Dialect/Wafer/WaferOps.h.inc"

#endif // WAFER_DIALECT_WAFER_WAFERDIALECT_H
