// Taps: how an element of a resized axis follows from elements of the operand.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_TAPS_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_TAPS_H

#include "Lowering.h"

namespace wafer {

/// An element of the operand, before it is brought inside the axis, and its weight.
struct Tap {
  int64_t at;
  double weight;
};

using Taps = llvm::SmallVector<Tap, 4>;

/// An axis and the taps of each element that it gets; the operand goes on forever with its outermost elements.
struct TappedAxis {
  int64_t axis, input;
  std::vector<Taps> taps;

  int64_t output() const { return static_cast<int64_t>(taps.size()); }
};

/// The weighted sums along one axis of x, of f32.
mlir::Value sumTaps(NodeLowering &n, mlir::Value x, const TappedAxis &axis);

/// Copies, of elements of any type: each element has one tap, inside the axis, of weight 1.
mlir::Value copyTaps(NodeLowering &n, mlir::Value x, llvm::ArrayRef<TappedAxis> axes);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_TAPS_H
