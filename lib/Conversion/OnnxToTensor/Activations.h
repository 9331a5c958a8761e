// Activation functions of one scalar, for other topics.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_ACTIVATIONS_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_ACTIVATIONS_H

#include "Lowering.h"

namespace wafer {

/// 1 / (1 + e^-x).
mlir::Value sigmoid(ScalarBuilder &s, mlir::Value x);
/// x times the normal distribution's share below x, exactly (erf) or nearly (tanh).
mlir::Value gelu(ScalarBuilder &s, mlir::Value x);
mlir::Value geluByTanh(ScalarBuilder &s, mlir::Value x);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_ACTIVATIONS_H
