// The enums of the wafer dialect.
#ifndef WAFER_DIALECT_WAFER_WAFERENUMS_H
#define WAFER_DIALECT_WAFER_WAFERENUMS_H

#include "mlir/IR/BuiltinAttributes.h"

#include "wafer/Dialect/Wafer/WaferEnums.h.inc"

#endif // WAFER_DIALECT_WAFER_WAFERENUMS_H
