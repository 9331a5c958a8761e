// Matrix products, for other topics.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_MATMUL_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_MATMUL_H

#include "Lowering.h"

namespace wafer {

/// NumPy's matmul; a refusal if the shapes do not go together.
mlir::FailureOr<mlir::Value> matrixProduct(NodeLowering &n, mlir::Value lhs, mlir::Value rhs);

mlir::LogicalResult lowerGemm(NodeLowering &n);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_MATMUL_H
