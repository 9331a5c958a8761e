// Normalizations of the last dimensions, for whoever spells them.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_NORMALIZATION_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_NORMALIZATION_H

#include "Lowering.h"

namespace wafer {

struct Normalized {
  mlir::Value y;
  mlir::Value mean, inverse; // over the dimensions from `axis` on, which are 1
};

/// (x - mean) / sqrt(variance + epsilon) over the dimensions from `axis` on [* scale] [+ bias].
Normalized normalizeLayer(NodeLowering &n, mlir::Value x, int64_t axis, mlir::Value scale, mlir::Value bias,
                          double epsilon);
/// x / sqrt(mean square + epsilon) [* scale]; no mean.
Normalized normalizeRms(NodeLowering &n, mlir::Value x, int64_t axis, mlir::Value scale, double epsilon);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_NORMALIZATION_H
