// Quantization by the range of the data, for other topics.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_QUANTIZATION_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_QUANTIZATION_H

#include "Lowering.h"

namespace wafer {

/// x is about (values - zeroPoint) * scale.
struct DynamicallyQuantized {
  mlir::Value values;           // i32 of 0..255, in the shape of x
  mlir::Value scale, zeroPoint; // f32 and i32, in the shape of x with extent 1 along the axes
};

/// DynamicQuantizeLinear of each part of a tensor of f32 that `axes` (sorted, not empty ones) span.
DynamicallyQuantized quantizeDynamically(TensorBuilder &t, mlir::Value x, llvm::ArrayRef<int64_t> axes);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_QUANTIZATION_H
