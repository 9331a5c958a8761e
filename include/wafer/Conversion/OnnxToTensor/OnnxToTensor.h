// The onnx dialect to the tensor level.
#ifndef WAFER_CONVERSION_ONNXTOTENSOR_ONNXTOTENSOR_H
#define WAFER_CONVERSION_ONNXTOTENSOR_ONNXTOTENSOR_H

#include "mlir/Pass/Pass.h"

#include <string_view>

namespace wafer {

/// True if the op has a lowering of its own; others can only come as the body of their ONNX function.
bool hasOnnxLowering(std::string_view domain, std::string_view op, int since);

#define GEN_PASS_DECL
#include "wafer/Conversion/OnnxToTensor/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "wafer/Conversion/OnnxToTensor/Passes.h.inc"

} // namespace wafer

#endif // WAFER_CONVERSION_ONNXTOTENSOR_ONNXTOTENSOR_H
