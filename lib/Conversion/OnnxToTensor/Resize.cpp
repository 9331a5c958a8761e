// Resize and Upsample.
//
// Along each axis an element of the result is a weighted sum of a few elements of the operand, its taps. Sizes and
// scales are constants, so the taps are known here, all modes become the same thing, and axes are independent of one
// another (Taps.cpp applies them).
//
// Coordinates follow ONNX Runtime where ONNX's text leaves room (the resized length of align_corners is the result's).
#include "Taps.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

struct Axis {
  int64_t axis, input, output;
  double scale, roiStart = 0, roiEnd = 1;

  bool changes() const { return output != input || roiStart != 0 || roiEnd != 1; }
};

/// Attributes in one place, as Resize names them.
struct Form {
  StringRef mode, coordinates, nearest;
  double cubic = -0.75, extrapolation = 0;
  bool antialias = false, excludeOutside = false;

  bool crops() const { return coordinates == "tf_crop_and_resize"; }
};

/// Where element `o` of the result lies on the operand's axis. `Real` is float for nearest, whose ties ONNX Runtime
/// decides in that type.
template <typename Real> Real sourceOf(const Form &form, const Axis &axis, int64_t o) {
  Real x = static_cast<Real>(o), scale = static_cast<Real>(axis.scale);
  Real in = static_cast<Real>(axis.input), out = static_cast<Real>(axis.output);
  Real half = static_cast<Real>(0.5);
  StringRef mode = form.coordinates;
  if (mode == "asymmetric")
    return x / scale;
  if (mode == "align_corners")
    return out == 1 ? 0 : x * (in - 1) / (out - 1);
  if (mode == "pytorch_half_pixel")
    return out > 1 ? (x + half) / scale - half : 0;
  if (mode == "tf_half_pixel_for_nn")
    return (x + half) / scale;
  if (mode == "half_pixel_symmetric") {
    Real adjustment = out / (scale * in), center = in / 2;
    return center * (1 - adjustment) + (x + half) / scale - half;
  }
  if (form.crops()) {
    Real start = static_cast<Real>(axis.roiStart), end = static_cast<Real>(axis.roiEnd);
    return out > 1 ? start * (in - 1) + x * (end - start) * (in - 1) / (out - 1) : half * (start + end) * (in - 1);
  }
  return (x + half) / scale - half; // half_pixel
}

int64_t nearestOf(const Form &form, const Axis &axis, float x) {
  float rounded;
  if (form.nearest == "floor")
    rounded = std::floor(x);
  else if (form.nearest == "ceil")
    rounded = std::ceil(x);
  else if (form.nearest == "round_prefer_ceil")
    rounded = std::floor(x + 0.5f);
  else if (form.nearest == "simple") // before opset 11
    rounded = axis.scale < 1 ? std::ceil(x) : std::trunc(x);
  else // round_prefer_floor
    rounded = std::ceil(x - 0.5f);
  return std::clamp<int64_t>(static_cast<int64_t>(rounded), 0, axis.input - 1);
}

/// The filter's value at a distance: the hat of linear, Keys' cubic with parameter a.
double filter(const Form &form, double distance) {
  double d = std::abs(distance);
  if (form.mode == "linear")
    return std::max(0.0, 1 - d);
  double a = form.cubic;
  if (d <= 1)
    return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

Taps tapsOf(const Form &form, const Axis &axis, int64_t o) {
  if (form.mode == "nearest")
    return {{nearestOf(form, axis, sourceOf<float>(form, axis, o)), 1}};
  double x = sourceOf<double>(form, axis, o);
  // Antialiasing widens the filter by which the axis shrinks.
  double narrow = form.antialias ? std::min(axis.scale, 1.0) : 1.0;
  double reach = (form.mode == "linear" ? 1 : 2) / narrow;
  Taps taps;
  double sum = 0;
  for (auto at = static_cast<int64_t>(std::floor(x - reach)); static_cast<double>(at) <= x + reach; ++at) {
    double weight = filter(form, (static_cast<double>(at) - x) * narrow);
    if (std::abs(weight) < 1e-9 || (form.excludeOutside && (at < 0 || at >= axis.input)))
      continue;
    taps.push_back({at, weight});
    sum += weight;
  }
  if (form.antialias || form.excludeOutside)
    for (Tap &tap : taps)
      tap.weight /= sum;
  return taps;
}

/// What lies outside the operand is the extrapolation value.
Value extrapolate(NodeLowering &n, Value y, const Form &form, ArrayRef<Axis> axes) {
  Type i1 = n.t.b.getI1Type();
  Value outside;
  for (const Axis &axis : axes) {
    SmallVector<bool> along;
    for (int64_t o = 0; o != axis.output; ++o) {
      double x = sourceOf<double>(form, axis, o);
      along.push_back(x < 0 || x > static_cast<double>(axis.input - 1));
    }
    if (!llvm::is_contained(along, true))
      continue;
    Ints shape(shapeOf(y).size(), 1);
    shape[axis.axis] = axis.output;
    Value here = n.t.constant(DenseElementsAttr::get(RankedTensorType::get(shape, i1), along));
    outside =
        outside ? n.t.map({outside, here}, i1, [](ScalarBuilder &s, ValueRange v) { return s.max(v[0], v[1]); }) : here;
  }
  if (!outside)
    return y;
  return n.t.map({outside, y}, elementTypeOf(y), [&](ScalarBuilder &s, ValueRange v) {
    return s.select(v[0], s.constant(v[1].getType(), form.extrapolation), v[1]);
  });
}

LogicalResult resize(NodeLowering &n, const Form &form, SmallVector<Axis> axes) {
  // Bounds the constants: a matrix of the extents, or indices of the result.
  constexpr int64_t maxExtent = 1 << 16;
  int64_t elements = 1;
  for (int64_t dim : n.shape(0))
    elements *= dim;
  for (Axis &axis : axes) {
    if (axis.output < 0 || axis.output > maxExtent || (axis.changes() && axis.input > maxExtent))
      return n.unsupported("dimension " + Twine(axis.axis) + " of " + Twine(axis.input) + " elements becomes " +
                               Twine(axis.output) + ", resized axes have up to " + Twine(maxExtent),
                           "cut the tensor into parts before");
    if (axis.output == 0)
      elements = 0;
    // Where the scale is the ratio of the extents but for its rounding, taps repeat exactly with the ratio.
    double ratio = static_cast<double>(axis.output) / static_cast<double>(axis.input);
    if (axis.input != 0 && std::abs(axis.scale - ratio) < 1e-6 * ratio)
      axis.scale = ratio;
  }
  if (elements == 0) {
    Ints shape(n.shape(0));
    for (const Axis &axis : axes)
      shape[axis.axis] = axis.output;
    if (tensorTypeOf(n.operand(0)).getNumElements() == 0 && !llvm::is_contained(shape, 0))
      return n.invalid("an empty tensor becomes one with elements");
    n.setOutput(0, n.t.splat(shape, n.element(0), 0));
    return success();
  }
  llvm::erase_if(axes, [](const Axis &axis) { return !axis.changes(); });
  // What shrinks comes first: less to do for the rest.
  llvm::sort(axes, [](const Axis &a, const Axis &b) {
    return std::pair(a.output * b.input, a.axis) < std::pair(b.output * a.input, b.axis);
  });
  SmallVector<TappedAxis> tapped;
  for (const Axis &axis : axes) {
    tapped.push_back({axis.axis, axis.input, {}});
    for (int64_t o = 0; o != axis.output; ++o)
      tapped.back().taps.push_back(tapsOf(form, axis, o));
  }
  Value y = n.operand(0);
  if (form.mode == "nearest") {
    y = copyTaps(n, y, tapped);
  } else if (!axes.empty()) {
    y = n.t.cast(y, n.t.b.getF32Type());
    for (const TappedAxis &axis : tapped)
      y = sumTaps(n, y, axis);
  }
  if (form.crops())
    y = extrapolate(n, y, form, axes);
  n.setOutput(0, n.t.cast(y, n.element(0)));
  return success();
}

/// The numbers of a constant operand of floats; empty if it is absent or empty, nullopt after a refusal.
std::optional<SmallVector<double>> constantFloats(NodeLowering &n, size_t i, StringRef what) {
  SmallVector<double> numbers;
  if (!n.operand(i) || tensorTypeOf(n.operand(i)).getNumElements() == 0)
    return numbers;
  DenseElementsAttr attr = n.constantOperand(i);
  if (!attr || !isa<FloatType>(attr.getElementType())) {
    (void)n.notConstant(what);
    return std::nullopt;
  }
  for (const APFloat &value : attr.getValues<APFloat>())
    numbers.push_back(value.convertToDouble());
  return numbers;
}

/// Axes of a form that gives a scale for each.
std::optional<SmallVector<Axis>> axesByScale(NodeLowering &n, ArrayRef<int64_t> axes, ArrayRef<double> scales) {
  SmallVector<Axis> result;
  for (auto [axis, scale] : llvm::zip_equal(axes, scales)) {
    if (!(scale > 0) || scale > 1e6) {
      (void)n.invalid("a scale is not positive, or too large");
      return std::nullopt;
    }
    int64_t input = n.shape(0)[axis];
    auto output = static_cast<int64_t>(static_cast<float>(input) * static_cast<float>(scale));
    result.push_back({axis, input, output, scale});
  }
  return result;
}

/// Axes of a form that gives sizes. With a policy the aspect ratio stays, and the sizes are bounds.
SmallVector<Axis> axesBySize(NodeLowering &n, ArrayRef<int64_t> axes, ArrayRef<int64_t> sizes, StringRef policy) {
  SmallVector<Axis> result;
  double common = policy == "not_larger" ? INFINITY : 0;
  for (auto [axis, size] : llvm::zip_equal(axes, sizes)) {
    double scale = static_cast<double>(size) / static_cast<double>(std::max<int64_t>(n.shape(0)[axis], 1));
    common = policy == "not_larger" ? std::min(common, scale) : std::max(common, scale);
    result.push_back({axis, n.shape(0)[axis], size, scale});
  }
  if (policy != "stretch")
    for (Axis &axis : result) {
      axis.scale = common;
      axis.output = std::llround(common * static_cast<double>(axis.input));
    }
  return result;
}

LogicalResult lowerResize(NodeLowering &n) {
  Form form;
  form.mode = n.stringAttr("mode", "nearest");
  form.coordinates = n.stringAttr("coordinate_transformation_mode", "half_pixel");
  form.nearest = n.stringAttr("nearest_mode", "round_prefer_floor");
  form.cubic = n.floatAttr("cubic_coeff_a", -0.75);
  form.extrapolation = n.floatAttr("extrapolation_value", 0);
  form.antialias = n.intAttr("antialias", 0);
  form.excludeOutside = n.intAttr("exclude_outside", 0);
  if (!llvm::is_contained({"nearest", "linear", "cubic"}, form.mode))
    return n.invalid("mode is '" + form.mode + "'");
  if (!llvm::is_contained({"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
                           "tf_crop_and_resize", "tf_half_pixel_for_nn"},
                          form.coordinates))
    return n.invalid("coordinate_transformation_mode is '" + form.coordinates + "'");
  if (!llvm::is_contained({"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}, form.nearest))
    return n.invalid("nearest_mode is '" + form.nearest + "'");
  StringRef policy = n.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (!llvm::is_contained({"stretch", "not_larger", "not_smaller"}, policy))
    return n.invalid("keep_aspect_ratio_policy is '" + policy + "'");
  Ints every(n.rank(0));
  std::iota(every.begin(), every.end(), 0);
  Ints axes = n.intsAttr("axes", every);
  for (int64_t &axis : axes) {
    auto normal = NodeLowering::normalizeAxis(axis, n.rank(0));
    if (!normal)
      return n.invalid("axis " + Twine(axis) + " is out of range");
    axis = *normal;
  }
  auto roi = form.crops() ? constantFloats(n, 1, "roi") : SmallVector<double>();
  auto scales = constantFloats(n, 2, "scales");
  if (!roi || !scales)
    return failure();
  std::optional<SmallVector<Axis>> resized;
  if (!scales->empty()) {
    if (scales->size() != axes.size())
      return n.invalid("scales must have one element per axis");
    resized = axesByScale(n, axes, *scales);
    if (!resized)
      return failure();
  } else {
    if (!n.operand(3))
      return n.invalid("neither scales nor sizes are given");
    auto sizes = n.constantInts(3);
    if (!sizes)
      return n.notConstant("sizes");
    if (sizes->size() != axes.size() || llvm::any_of(*sizes, [](int64_t size) { return size < 0; }))
      return n.invalid("sizes must have one element per axis, none of them negative");
    resized = axesBySize(n, axes, *sizes, policy);
  }
  if (form.crops()) {
    if (roi->size() != 2 * axes.size())
      return n.invalid("roi must have a start and an end per axis");
    for (size_t i = 0; i != axes.size(); ++i) {
      (*resized)[i].roiStart = (*roi)[i];
      (*resized)[i].roiEnd = (*roi)[i + axes.size()];
    }
  }
  return resize(n, form, std::move(*resized));
}

// Upsample, and Resize before it had coordinates to choose from.
LogicalResult lowerScales(NodeLowering &n) {
  Form form;
  form.mode = n.stringAttr("mode", "nearest");
  if (form.mode == "bilinear")
    form.mode = "linear";
  form.coordinates = "asymmetric";
  form.nearest = "simple";
  if (form.mode != "nearest" && form.mode != "linear")
    return n.invalid("mode is '" + form.mode + "'");
  SmallVector<double> scales;
  if (n.hasAttr("scales")) {
    if (auto values = dyn_cast<DenseF32ArrayAttr>(n.attr("scales")))
      scales.assign(values.asArrayRef().begin(), values.asArrayRef().end());
  } else if (auto values = constantFloats(n, 1, "scales")) {
    scales = *values;
  } else {
    return failure();
  }
  if (static_cast<int64_t>(scales.size()) != n.rank(0))
    return n.invalid("scales must have one element per dimension");
  Ints axes(n.rank(0));
  std::iota(axes.begin(), axes.end(), 0);
  auto resized = axesByScale(n, axes, scales);
  return resized ? resize(n, form, std::move(*resized)) : failure();
}

} // namespace

ArrayRef<LoweringEntry> wafer::resizeLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Resize", 10, lowerScales},
      {"Resize", 11, lowerResize},
      {"Upsample", 7, lowerScales},
  };
  return table;
}
