// Softmax for other topics.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_SOFTMAX_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_SOFTMAX_H

#include "Lowering.h"

namespace wafer {

/// exp(x - max) / sum of it, over `axes` (sorted).
mlir::Value softmax(NodeLowering &n, mlir::Value x, llvm::ArrayRef<int64_t> axes);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_SOFTMAX_H
