// Resize and Upsample.
//
// Along each axis an element of the result is a weighted sum of a few elements of the operand, its taps. Sizes and
// scales are constants, so the taps are known here, all modes become the same thing, and axes are independent of one
// another. Three ways to apply them, the cheapest that fits:
//
//   nearest   one tap of weight 1: a repetition, a slice or a gather by constant indices, exact for any element
//   periodic  q further elements of the result have the same taps p elements further on: one contraction with a
//             q x taps matrix over windows that slide by p (a transposed convolution by phases, if q is the scale)
//   otherwise a contraction with a matrix of the axis's extents
//
// Coordinates follow ONNX Runtime where ONNX's text leaves room (the resized length of align_corners is the result's).
#include "Lowering.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

/// An element of the operand, before it is brought inside the axis, and its weight.
struct Tap {
  int64_t at;
  double weight;
};

using Taps = SmallVector<Tap, 4>;

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

//===- Applying taps ------------------------------------------------------===//

Value floats(NodeLowering &n, ArrayRef<int64_t> shape, ArrayRef<float> values) {
  return n.t.constant(DenseElementsAttr::get(RankedTensorType::get(shape, n.t.b.getF32Type()), values));
}

/// Contracts axis `axis` of x with `matrix`. Its place in x is `place` of the loops that stand for it in the result
/// (`extents`; all of them read the matrix) and of the loop over the taps.
Value contractAxis(NodeLowering &n, Value x, int64_t axis, Value matrix, ArrayRef<int64_t> extents, int64_t taps,
                   function_ref<AffineExpr(ArrayRef<AffineExpr>, AffineExpr)> place, size_t matrixFrom) {
  MLIRContext *context = n.t.b.getContext();
  Ints loops(shapeOf(x));
  loops.erase(loops.begin() + axis);
  loops.insert(loops.begin() + axis, extents.begin(), extents.end());
  size_t rank = loops.size();
  loops.push_back(taps);
  SmallVector<AffineExpr> dims;
  for (size_t d = 0; d != loops.size(); ++d)
    dims.push_back(getAffineDimExpr(d, context));
  ArrayRef<AffineExpr> all = dims, own = all.slice(axis, extents.size());
  SmallVector<AffineExpr> read(all.take_front(axis)), matrixRead(own.drop_front(matrixFrom));
  read.push_back(place(own, dims.back()));
  llvm::append_range(read, all.slice(axis + extents.size(), rank - axis - extents.size()));
  matrixRead.push_back(dims.back());
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(loops.size(), 0, exprs, context); };
  return n.t.contract(x, matrix, map(read), map(matrixRead), map(all.take_front(rank)), loops);
}

Value applyMatrix(NodeLowering &n, Value x, const Axis &axis, ArrayRef<Taps> taps) {
  SmallVector<float> weights(axis.output * axis.input, 0);
  for (auto [o, row] : llvm::enumerate(taps))
    for (const Tap &tap : row)
      weights[o * axis.input + std::clamp<int64_t>(tap.at, 0, axis.input - 1)] += static_cast<float>(tap.weight);
  Value matrix = floats(n, {axis.output, axis.input}, weights);
  return contractAxis(
      n, x, axis.axis, matrix, {axis.output}, axis.input, [](ArrayRef<AffineExpr>, AffineExpr k) { return k; }, 0);
}

/// Every `results` further elements of the result have the same taps `step` elements further on. The window of each
/// such group of results is `span` elements from `base` on.
struct Period {
  int64_t results, step, base, span;
};

bool sameTaps(const Taps &a, const Taps &b, int64_t step) {
  return llvm::equal(
      a, b, [&](const Tap &x, const Tap &y) { return x.at + step == y.at && std::abs(x.weight - y.weight) < 1e-7; });
}

std::optional<Period> findPeriod(ArrayRef<Taps> taps) {
  constexpr int64_t maxResults = 64;
  auto count = static_cast<int64_t>(taps.size());
  for (int64_t q = 1; q <= std::min(maxResults, count / 2); ++q) {
    if (taps[0].empty() || taps[q].empty())
      return std::nullopt;
    int64_t p = taps[q].front().at - taps[0].front().at;
    bool repeats = p > 0;
    for (int64_t o = 0; repeats && o + q < count; ++o)
      repeats = sameTaps(taps[o], taps[o + q], p);
    if (!repeats)
      continue;
    int64_t first = taps[0].front().at, last = first;
    for (const Taps &row : taps.take_front(q)) {
      first = std::min(first, row.front().at);
      last = std::max(last, row.back().at);
    }
    return Period{q, p, first, last - first + 1};
  }
  return std::nullopt;
}

/// Elements first .. first + size - 1 of an axis that goes on forever with its outermost elements.
Value cutWithEdges(NodeLowering &n, Value x, int64_t axis, int64_t first, int64_t size) {
  int64_t extent = shapeOf(x)[axis], end = first + size;
  SmallVector<Value> parts;
  auto add = [&](int64_t from, int64_t count, int64_t stride) {
    if (count <= 0)
      return;
    Ints offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
    offsets[axis] = from;
    sizes[axis] = count;
    strides[axis] = count == 1 ? 1 : stride;
    parts.push_back(n.t.slice(x, offsets, sizes, strides));
  };
  int64_t inside = std::clamp<int64_t>(first, 0, extent), insideEnd = std::clamp<int64_t>(end, 0, extent);
  add(0, std::min<int64_t>(end, 0) - first, 0);
  add(inside, insideEnd - inside, 1);
  add(extent - 1, end - std::max(first, extent), 0);
  return n.t.concat(parts, axis);
}

Value applyPeriod(NodeLowering &n, Value x, const Axis &axis, ArrayRef<Taps> taps, const Period &period) {
  int64_t groups = (axis.output + period.results - 1) / period.results;
  SmallVector<float> weights(period.results * period.span, 0);
  for (int64_t o = 0; o != period.results; ++o)
    for (const Tap &tap : taps[o])
      weights[o * period.span + tap.at - period.base] = static_cast<float>(tap.weight);
  x = cutWithEdges(n, x, axis.axis, period.base, (groups - 1) * period.step + period.span);
  Ints shape(shapeOf(x)), offsets(shape.size(), 0), strides(shape.size(), 1);
  Value y = contractAxis(
      n, x, axis.axis, floats(n, {period.results, period.span}, weights), {groups, period.results}, period.span,
      [&](ArrayRef<AffineExpr> own, AffineExpr k) { return own[0] * period.step + k; }, 1);
  shape[axis.axis] = groups * period.results;
  y = n.t.reshape(y, shape);
  shape[axis.axis] = axis.output;
  return n.t.slice(y, offsets, shape, strides);
}

Value applyWeights(NodeLowering &n, Value x, const Axis &axis, ArrayRef<Taps> taps) {
  auto period = findPeriod(taps);
  if (period && period->span < axis.input)
    return applyPeriod(n, x, axis, taps, *period);
  return applyMatrix(n, x, axis, taps);
}

/// Axes of which the result has copies, all at once: what repeats is a broadcast dimension behind its axis; what takes
/// every so many is a slice; the rest is one gather of rows.
Value applyNearest(NodeLowering &n, Value x, ArrayRef<Axis> axes, ArrayRef<SmallVector<Taps>> taps) {
  int64_t rank = shapeOf(x).size();
  Ints offsets(rank, 0), sizes(shapeOf(x)), strides(rank, 1), repeats(rank, 1);
  SmallVector<std::pair<int64_t, Ints>> gathered;
  for (auto [axis, rows] : llvm::zip_equal(axes, taps)) {
    Ints at;
    for (const Taps &row : rows)
      at.push_back(row.front().at);
    int64_t step = at.size() > 1 ? at[1] - at[0] : 1, repeat = axis.output / axis.input;
    auto each = [&](function_ref<int64_t(int64_t)> expected) {
      return llvm::all_of(llvm::enumerate(at), [&](auto item) { return item.value() == expected(item.index()); });
    };
    if (axis.output % axis.input == 0 && each([&](int64_t o) { return o / repeat; })) {
      repeats[axis.axis] = repeat;
    } else if (step > 0 && each([&](int64_t o) { return at[0] + o * step; })) {
      offsets[axis.axis] = at[0];
      sizes[axis.axis] = axis.output;
      strides[axis.axis] = step;
    } else {
      gathered.push_back({axis.axis, at});
    }
  }
  x = n.t.slice(x, offsets, sizes, strides);
  if (!gathered.empty()) {
    // [gathered axes, others] as a table of rows; the rows' numbers are constants.
    Ints permutation, places, rest{1}, others;
    Value rows = n.t.reshape(n.t.ints({0}), {});
    for (auto &[axis, at] : gathered) {
      permutation.push_back(axis);
      places.push_back(at.size());
      Ints shape(gathered.size(), 1);
      shape[permutation.size() - 1] = at.size();
      Value scaled = n.t.mul(rows, n.t.reshape(n.t.ints({shapeOf(x)[axis]}), {}));
      rows = n.t.add(scaled, n.t.reshape(n.t.ints(at), shape));
    }
    int64_t count = 1;
    for (int64_t axis : permutation)
      count *= shapeOf(x)[axis];
    for (int64_t d = 0; d != rank; ++d)
      if (!llvm::is_contained(permutation, d)) {
        permutation.push_back(d);
        others.push_back(shapeOf(x)[d]);
        rest[0] *= shapeOf(x)[d];
      }
    Value table = n.t.reshape(n.t.transpose(x, permutation), {count, rest[0]});
    Value taken = n.t.gatherRows(table, rows);
    llvm::append_range(places, others);
    Ints back(rank);
    for (auto [to, from] : llvm::enumerate(permutation))
      back[from] = to;
    x = n.t.transpose(n.t.reshape(taken, places), back);
  }
  Ints split, wide, shape;
  for (int64_t d = 0; d != rank; ++d) {
    int64_t extent = shapeOf(x)[d];
    split.push_back(extent);
    wide.push_back(extent);
    shape.push_back(extent * repeats[d]);
    if (repeats[d] != 1) {
      split.push_back(1);
      wide.push_back(repeats[d]);
    }
  }
  return shape == Ints(shapeOf(x)) ? x : n.t.reshape(n.t.broadcast(n.t.reshape(x, split), wide), shape);
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
  SmallVector<SmallVector<Taps>> taps;
  for (const Axis &axis : axes) {
    taps.emplace_back();
    for (int64_t o = 0; o != axis.output; ++o)
      taps.back().push_back(tapsOf(form, axis, o));
  }
  Value y = n.operand(0);
  if (form.mode == "nearest") {
    y = applyNearest(n, y, axes, taps);
  } else if (!axes.empty()) {
    y = n.t.cast(y, n.t.b.getF32Type());
    for (auto [axis, rows] : llvm::zip_equal(axes, taps))
      y = applyWeights(n, y, axis, rows);
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
  DenseElementsAttr attr = constantOf(n.operand(i));
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
