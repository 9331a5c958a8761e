// Reading an image between its pixels, at coordinates that the run computes.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_SAMPLING_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_SAMPLING_H

#include "Lowering.h"

namespace wafer {

/// What lies outside an axis: zeros, its outermost element, or its mirror image.
enum class Outside { Zeros, Border, Reflection };

enum class Interpolation { Nearest, Linear, Cubic };

struct SamplingForm {
  Interpolation interpolation;
  Outside outside;
  /// Mirrors are at the outermost elements' centers instead of at their far edges.
  bool alignCorners = false;
};

/// One element that takes part along one axis: its place, always inside (i32 [images, points]), and its weight (f32,
/// null for 1; 0 where the place stands for one outside).
struct SamplingTap {
  mlir::Value place, weight;
};

/// Images of [images, channels, spatial...], read at `points` places each.
class Sampler {
public:
  Sampler(NodeLowering &n, mlir::Value images);

  /// nullopt (after a refusal) if there are more pixels than an index counts.
  bool ok() const { return table != nullptr; }
  /// The taps along spatial dimension `d` for coordinates in pixels (f32 [images, points]).
  llvm::SmallVector<SamplingTap> taps(size_t d, mlir::Value coordinates, const SamplingForm &form);
  /// f32 [images, points, channels]: image `image` (i32, broadcast to [images, points]) at one tap per dimension.
  mlir::Value rows(mlir::Value image, llvm::ArrayRef<SamplingTap> taps);
  /// The product of the taps' weights, [images, points]; null if all are 1.
  mlir::Value weight(llvm::ArrayRef<SamplingTap> taps);
  /// The weighted sum over all combinations of taps: f32 [images, points, channels].
  mlir::Value interpolate(mlir::Value image, llvm::ArrayRef<llvm::SmallVector<SamplingTap>> taps);
  /// i32 [images, 1]: each image itself.
  mlir::Value ownImage();

private:
  NodeLowering &n;
  mlir::Value table; // [images * pixels, channels]
  llvm::SmallVector<int64_t> spatial;
  int64_t images;
};

/// Calls fn with every choice of one element from each list.
void forEachChoice(llvm::ArrayRef<llvm::SmallVector<SamplingTap>> taps,
                   llvm::function_ref<void(llvm::ArrayRef<SamplingTap>)> fn);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_SAMPLING_H
