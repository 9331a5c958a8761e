// Passes on the tensor level.
#ifndef WAFER_TENSOR_PASSES_H
#define WAFER_TENSOR_PASSES_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/Pass/Pass.h"

namespace wafer {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "wafer/Tensor/Passes.h.inc"

/// Of an argument that prepare-kernels gives another shape: the one that the host knows it by.
constexpr llvm::StringLiteral kHostShape = "wafer.host_shape";
} // namespace wafer

#endif // WAFER_TENSOR_PASSES_H
