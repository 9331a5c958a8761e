// Results with as many elements as the data say.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_DATADEPENDENT_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_DATADEPENDENT_H

#include "Lowering.h"

namespace wafer {

struct Compacted {
  mlir::Value numbers, count; // i32 like the vector; a scalar of i64
};

/// The numbers of the true elements of a vector of booleans, in order, then zeros; and how many they are. Takes the
/// square of its extent of comparisons.
Compacted compact(NodeLowering &n, mlir::Value holds);

mlir::LogicalResult lowerNonMaxSuppression(NodeLowering &n);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_DATADEPENDENT_H
