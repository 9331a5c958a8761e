// Reductions that other topics build on.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_REDUCTION_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_REDUCTION_H

#include "Lowering.h"

namespace wafer {

/// Where along `axis` the maximum (or minimum) is, the first or last of equals: i32, the axis kept as 1. Always inside
/// the axis, NaN or not; the axis must not be empty.
mlir::Value positionOfExtreme(NodeLowering &n, mlir::Value x, int64_t axis, ReduceKind kind, bool last = false);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_REDUCTION_H
