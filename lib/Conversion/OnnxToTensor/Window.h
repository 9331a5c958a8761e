// Sliding windows: what convolutions and pools have in common.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_WINDOW_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_WINDOW_H

#include "Lowering.h"

namespace wafer {

/// A window over the spatial dimensions of [N, C, spatial...].
struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations, low, high, output;

  size_t rank() const { return kernel.size(); }

  /// Reads strides, dilations, pads, auto_pad and ceil_mode; `kernel` is given. nullopt after a refusal.
  static std::optional<Window> read(NodeLowering &n, llvm::ArrayRef<int64_t> kernel);

  /// low and high padding for a tensor of `leading` more dimensions in front. `extra` includes what ceil_mode reads
  /// beyond the end.
  llvm::SmallVector<int64_t> padLow(size_t leading) const;
  llvm::SmallVector<int64_t> padHigh(size_t leading, llvm::ArrayRef<int64_t> input) const;
};

/// [N, C, ...] plus one number per channel; y itself if there is no bias.
mlir::Value addChannelBias(NodeLowering &n, mlir::Value y, mlir::Value bias);

mlir::LogicalResult lowerConv(NodeLowering &n);
/// The convolution of [N, C, spatial...] with [F, C / groups, kernel...], by the node's attributes; a refusal if they
/// do not go together.
mlir::FailureOr<mlir::Value> convolution(NodeLowering &n, mlir::Value x, mlir::Value weight);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_WINDOW_H
