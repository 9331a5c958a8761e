// GridSample, RoiAlign and AffineGrid.
//
// Places are known at run time only, so pixels are rows of a table, [images * pixels, channels], and each tap is a
// gather of rows. Indices and weights are small tensors of [images, points], computed in f32 (exact for the integers
// that occur); if the coordinates are constants, they are too.
#include "Sampling.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

Value clampTo(S &s, Value x, double low, double high) {
  return s.max(s.constant(x.getType(), low), s.min(s.constant(x.getType(), high), x));
}

/// x mirrored into [low, high] as often as it takes: a triangle wave.
Value reflect(S &s, Value x, double low, double high) {
  Type type = x.getType();
  double range = high - low;
  if (range <= 0)
    return s.constant(type, low);
  Value period = s.constant(type, 2 * range), distance = s.sub(x, s.constant(type, low));
  Value turns = s.op<math::FloorOp>(s.mul(distance, s.constant(type, 1 / (2 * range))));
  Value phase = s.sub(distance, s.mul(turns, period));
  return s.add(s.constant(type, low), s.min(phase, s.sub(period, phase)));
}

/// Keys' cubic with a = -0.75 at a distance of 0 to 1 (near) or 1 to 2 (far).
Value cubicWeight(S &s, Value distance, bool near) {
  constexpr double a = -0.75;
  Type type = distance.getType();
  auto polynomial = [&](ArrayRef<double> c) {
    Value sum = s.constant(type, c.front());
    for (double coefficient : c.drop_front())
      sum = s.add(s.mul(sum, distance), s.constant(type, coefficient));
    return sum;
  };
  return near ? polynomial({a + 2, -(a + 3), 0, 1}) : polynomial({a, -5 * a, 8 * a, -4 * a});
}

} // namespace

Sampler::Sampler(NodeLowering &n, Value x) : n(n), spatial(shapeOf(x).drop_front(2)), images(shapeOf(x)[0]) {
  int64_t channels = shapeOf(x)[1], pixels = 1;
  for (int64_t extent : spatial)
    pixels *= extent;
  if (images * pixels >= int64_t(1) << 24) {
    (void)n.unsupported("an image of more than 2^24 pixels is sampled", "split the batch or the image");
    return;
  }
  Value flat = n.t.reshape(x, {images, channels, pixels});
  table = n.t.reshape(n.t.transpose(flat, {0, 2, 1}), {images * pixels, channels});
}

SmallVector<SamplingTap> Sampler::taps(size_t d, Value coordinates, const SamplingForm &form) {
  Type f32 = n.t.b.getF32Type(), i32 = n.t.b.getI32Type();
  auto extent = static_cast<double>(spatial[d]), last = extent - 1;
  double low = form.alignCorners ? 0 : -0.5, high = form.alignCorners ? last : extent - 0.5;
  auto map = [&](ArrayRef<Value> operands, Type type, function_ref<Value(S &, ValueRange)> fn) {
    return n.t.map(operands, type, [&](S &s, ValueRange v) { return fn(s, v); });
  };
  bool nearest = form.interpolation == Interpolation::Nearest;
  Value x = map({coordinates}, f32, [&](S &s, ValueRange v) -> Value {
    Value at = nearest ? s.op<math::RoundEvenOp>(v[0]) : v[0];
    // A cubic bends beyond the outermost center: there its taps stay inside, but not the point.
    if (form.outside == Outside::Border && form.interpolation != Interpolation::Cubic)
      return clampTo(s, at, 0, last);
    return form.outside == Outside::Reflection ? reflect(s, at, low, high) : at;
  });
  // Integers again after mirroring at half integers.
  Value base = nearest ? x : map({x}, f32, [](S &s, ValueRange v) -> Value { return s.op<math::FloorOp>(v[0]); });
  int first = form.interpolation == Interpolation::Cubic ? -1 : 0;
  int count = nearest ? 1 : form.interpolation == Interpolation::Linear ? 2 : 4;
  SmallVector<SamplingTap> result;
  for (int k = first; k != first + count; ++k) {
    auto placeOf = [&](S &s, Value floor) { return s.add(floor, s.constant(f32, k)); };
    Value place = map({base}, i32, [&](S &s, ValueRange v) {
      Value at = placeOf(s, v[0]);
      if (form.outside == Outside::Reflection)
        at = reflect(s, at, low, high);
      return s.cast(clampTo(s, at, 0, last), i32);
    });
    bool zeros = form.outside == Outside::Zeros;
    Value weight;
    if (!nearest || zeros)
      weight = map({x, base}, f32, [&](S &s, ValueRange v) {
        Value one = s.constant(f32, 1), w = one;
        Value fraction = s.sub(v[0], v[1]);
        if (form.interpolation == Interpolation::Linear)
          w = k == 0 ? s.sub(one, fraction) : fraction;
        else if (form.interpolation == Interpolation::Cubic)
          w = cubicWeight(s, s.abs(s.sub(fraction, s.constant(f32, k))), k == 0 || k == 1);
        if (!zeros)
          return w;
        Value at = placeOf(s, v[1]), zero = s.constant(f32, 0);
        Value inside = s.op<arith::AndIOp>(s.cmp("ge", at, zero), s.cmp("le", at, s.constant(f32, last)));
        return s.select(inside, w, zero);
      });
    result.push_back({place, weight});
  }
  return result;
}

Value Sampler::rows(Value image, ArrayRef<SamplingTap> taps) {
  Type i32 = n.t.b.getI32Type();
  SmallVector<Value> operands{image};
  for (const SamplingTap &tap : taps)
    operands.push_back(tap.place);
  Value indices = n.t.map(operands, i32, [&](S &s, ValueRange v) {
    Value sum = v[0];
    for (size_t d = 0; d != spatial.size(); ++d)
      sum = s.add(s.mul(sum, s.constant(i32, static_cast<double>(spatial[d]))), v[d + 1]);
    return sum;
  });
  return n.t.gatherRows(table, indices);
}

Value Sampler::weight(ArrayRef<SamplingTap> taps) {
  SmallVector<Value> weights;
  for (const SamplingTap &tap : taps)
    if (tap.weight)
      weights.push_back(tap.weight);
  if (weights.empty())
    return {};
  return n.t.map(weights, n.t.b.getF32Type(), [](S &s, ValueRange v) {
    Value product = v[0];
    for (Value next : v.drop_front())
      product = s.mul(product, next);
    return product;
  });
}

Value Sampler::interpolate(Value image, ArrayRef<SmallVector<SamplingTap>> taps) {
  Type f32 = n.t.b.getF32Type();
  Value sum;
  forEachChoice(taps, [&](ArrayRef<SamplingTap> choice) {
    Value found = rows(image, choice), weights = weight(choice);
    SmallVector<Value> operands{found};
    if (weights) {
      Ints column(shapeOf(weights));
      column.push_back(1);
      operands.push_back(n.t.reshape(weights, column));
    }
    if (sum)
      operands.push_back(sum);
    sum = n.t.map(operands, f32, [&](S &s, ValueRange v) {
      Value term = v[0];
      // A pixel without weight takes no part, whatever it holds.
      if (weights)
        term = s.select(s.cmp("ne", v[1], s.constant(f32, 0)), s.mul(v[0], v[1]), s.constant(f32, 0));
      return sum ? s.add(v.back(), term) : term;
    });
  });
  return sum;
}

Value Sampler::ownImage() {
  Type i32 = n.t.b.getI32Type();
  return n.t.mapInto({images, 1}, {}, i32, [&](S &s, ValueRange) { return s.index(0, i32); });
}

void wafer::forEachChoice(ArrayRef<SmallVector<SamplingTap>> taps, function_ref<void(ArrayRef<SamplingTap>)> fn) {
  SmallVector<size_t> choice(taps.size(), 0);
  while (true) {
    SmallVector<SamplingTap> chosen;
    for (auto [d, k] : llvm::enumerate(choice))
      chosen.push_back(taps[d][k]);
    fn(chosen);
    size_t d = taps.size();
    while (d != 0 && ++choice[d - 1] == taps[d - 1].size())
      choice[--d] = 0;
    if (d == 0)
      return;
  }
}

namespace {

/// Column `k` of [..., columns], without it.
Value column(NodeLowering &n, Value x, int64_t k) {
  Ints offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
  offsets.back() = k;
  sizes.back() = 1;
  return n.t.reshape(n.t.slice(x, offsets, sizes, strides), ArrayRef<int64_t>(sizes).drop_back());
}

LogicalResult lowerGridSample(NodeLowering &n) {
  int64_t rank = n.rank(0), spatialRank = rank - 2;
  if (rank < 3 || n.rank(1) != rank || n.shape(1).back() != spatialRank || n.shape(1)[0] != n.shape(0)[0])
    return n.invalid("the grid must have the operand's batch and rank, and end in a coordinate per spatial dimension");
  if (!n.element(0).isF32() || !n.element(1).isF32())
    return n.unsupported("operands that are not of f32");
  StringRef mode = n.stringAttr("mode", n.since() >= 20 ? "linear" : "bilinear");
  StringRef padding = n.stringAttr("padding_mode", "zeros");
  SamplingForm form;
  form.alignCorners = n.intAttr("align_corners", 0);
  if (mode == "nearest")
    form.interpolation = Interpolation::Nearest;
  else if (mode == "linear" || mode == "bilinear")
    form.interpolation = Interpolation::Linear;
  else if (mode == "cubic" || mode == "bicubic")
    form.interpolation = Interpolation::Cubic;
  else
    return n.invalid("mode is '" + mode + "'");
  if (form.interpolation == Interpolation::Cubic && spatialRank != 2)
    return n.unsupported("cubic interpolation in " + Twine(spatialRank) + " dimensions");
  if (padding == "zeros")
    form.outside = Outside::Zeros;
  else if (padding == "border")
    form.outside = Outside::Border;
  else if (padding == "reflection")
    form.outside = Outside::Reflection;
  else
    return n.invalid("padding_mode is '" + padding + "'");
  int64_t images = n.shape(0)[0], channels = n.shape(0)[1], points = 1;
  for (int64_t extent : n.shape(1).drop_front().drop_back())
    points *= extent;
  Ints result{images, channels};
  llvm::append_range(result, n.shape(1).drop_front().drop_back());
  if (llvm::is_contained(result, 0)) {
    n.setOutput(0, n.t.splat(result, n.element(0), 0));
    return success();
  }
  if (llvm::is_contained(n.shape(0), 0))
    return n.invalid("an image without pixels is sampled");
  Sampler sampler(n, n.operand(0));
  if (!sampler.ok())
    return failure();
  Value grid = n.t.reshape(n.operand(1), {images, points, spatialRank});
  SmallVector<SmallVector<SamplingTap>> taps;
  for (int64_t d = 0; d != spatialRank; ++d) {
    auto extent = static_cast<double>(n.shape(0)[2 + d]);
    // -1 and 1 are the outermost elements' centers or their far edges; the last dimension's coordinate comes first.
    double scale = form.alignCorners ? (extent - 1) / 2 : extent / 2;
    Value pixels = n.t.map({column(n, grid, spatialRank - 1 - d)}, n.t.b.getF32Type(), [&](S &s, ValueRange v) {
      return s.add(s.mul(v[0], s.constant(v[0].getType(), scale)), s.constant(v[0].getType(), (extent - 1) / 2));
    });
    taps.push_back(sampler.taps(d, pixels, form));
  }
  Value sampled = sampler.interpolate(sampler.ownImage(), taps);
  n.setOutput(0, n.t.reshape(n.t.transpose(sampled, {0, 2, 1}), result));
  return success();
}

// Each bin of a region averages (or takes the largest of) sampling_ratio^2 interpolated points.
LogicalResult lowerRoiAlign(NodeLowering &n) {
  if (n.rank(0) != 4 || n.rank(1) != 2 || n.shape(1)[1] != 4 || n.rank(2) != 1 || n.shape(2)[0] != n.shape(1)[0])
    return n.invalid("needs images of [N, C, H, W], regions of [R, 4] and batch_indices of [R]");
  StringRef mode = n.stringAttr("mode", "avg");
  StringRef transformation =
      n.stringAttr("coordinate_transformation_mode", n.since() >= 16 ? "half_pixel" : "output_half_pixel");
  int64_t height = n.intAttr("output_height", 1), width = n.intAttr("output_width", 1);
  int64_t ratio = n.intAttr("sampling_ratio", 0);
  double scale = n.floatAttr("spatial_scale", 1);
  if (mode != "avg" && mode != "max")
    return n.invalid("mode is '" + mode + "'");
  if (height < 1 || width < 1 || ratio < 0 || height > 1024 || width > 1024 || ratio > 64)
    return n.invalid("output_height, output_width or sampling_ratio is out of range");
  if (ratio == 0)
    return n.unsupported("sampling_ratio is 0: the number of samples would follow from run-time data",
                         "set sampling_ratio when exporting the model");
  int64_t regions = n.shape(1)[0], channels = n.shape(0)[1];
  Ints result{regions, channels, height, width};
  if (llvm::is_contained(result, 0)) {
    n.setOutput(0, n.t.splat(result, n.element(0), 0));
    return success();
  }
  Sampler sampler(n, n.operand(0));
  if (!sampler.ok())
    return failure();
  bool half = transformation == "half_pixel";
  Type f32 = n.t.b.getF32Type(), i32 = n.t.b.getI32Type();
  int64_t rows = height * ratio, columns = width * ratio, points = rows * columns;
  SmallVector<SmallVector<SamplingTap>> taps;
  Value inside;
  for (int64_t d = 0; d != 2; ++d) {
    auto extent = static_cast<double>(n.shape(0)[2 + d]);
    Value start = n.t.reshape(column(n, n.operand(1), 1 - d), {regions, 1, 1});
    Value end = n.t.reshape(column(n, n.operand(1), 3 - d), {regions, 1, 1});
    int64_t bins = d == 0 ? height : width;
    // start + (sample + 1/2) * (end - start) / samples
    Value at = n.t.mapInto({regions, rows, columns}, {start, end}, f32, [&](S &s, ValueRange v) {
      Value shift = s.constant(f32, half ? 0.5 : 0), factor = s.constant(f32, scale);
      Value from = s.sub(s.mul(v[0], factor), shift), to = s.sub(s.mul(v[1], factor), shift);
      Value length = s.sub(to, from);
      if (!half)
        length = s.max(length, s.constant(f32, 1));
      Value place = s.mul(s.add(s.index(1 + d, f32), s.constant(f32, 0.5)), s.constant(f32, 1.0 / (bins * ratio)));
      return s.add(from, s.mul(place, length));
    });
    at = n.t.reshape(at, {regions, points});
    // Up to one pixel outside the edge counts as the edge, what is farther as zero.
    Value near = n.t.map({at}, f32, [&](S &s, ValueRange v) {
      Value one = s.constant(f32, 1), zero = s.constant(f32, 0);
      Value is =
          s.op<arith::AndIOp>(s.cmp("ge", v[0], s.constant(f32, -1)), s.cmp("le", v[0], s.constant(f32, extent)));
      return s.select(is, one, zero);
    });
    inside = inside ? n.t.mul(inside, near) : near;
    taps.push_back(sampler.taps(d, at, {Interpolation::Linear, Outside::Border}));
  }
  for (SamplingTap &tap : taps[0])
    tap.weight = n.t.mul(tap.weight, inside);
  Value image = n.t.reshape(n.t.cast(n.operand(2), i32), {regions, 1});
  Value sampled;
  if (mode == "avg") {
    sampled = sampler.interpolate(image, taps);
  } else {
    // The largest weighted pixel, as ONNX defines it, and not the largest interpolated value.
    forEachChoice(taps, [&](ArrayRef<SamplingTap> choice) {
      Value term = n.t.mul(sampler.rows(image, choice), n.t.reshape(sampler.weight(choice), {regions, points, 1}));
      sampled = sampled ? n.t.map({sampled, term}, f32, [](S &s, ValueRange v) { return s.max(v[0], v[1]); }) : term;
    });
  }
  sampled = n.t.reshape(sampled, {regions, height, ratio, width, ratio, channels});
  Value pooled = n.t.reduce(sampled, {2, 4}, /*keep=*/false, mode == "avg" ? ReduceKind::Add : ReduceKind::Max);
  if (mode == "avg")
    pooled = n.t.map({pooled}, f32, [&](S &s, ValueRange v) {
      return s.mul(v[0], s.constant(f32, 1.0 / static_cast<double>(ratio * ratio)));
    });
  n.setOutput(0, n.t.transpose(pooled, {0, 3, 1, 2}));
  return success();
}

// A grid's point is theta times the coordinates of an output element, the last dimension first, and 1. ONNX defines it
// by a function, which loses the batch where that is 1.
LogicalResult lowerAffineGrid(NodeLowering &n) {
  auto size = n.constantInts(1);
  if (!size)
    return n.notConstant("the size");
  int64_t rank = static_cast<int64_t>(size->size()) - 2, batch = rank < 0 ? 0 : size->front();
  if ((rank != 2 && rank != 3) || n.shape(0) != ArrayRef<int64_t>{batch, rank, rank + 1} ||
      llvm::any_of(*size, [](int64_t extent) { return extent < 0; }) || !isCountable(*size))
    return n.invalid("theta must be of [N, 2, 3] or [N, 3, 4], and the size go with it");
  bool corners = n.intAttr("align_corners", 0) != 0;
  Type element = n.element(0);
  Ints shape(*size), row(rank + 2, 1);
  shape.erase(shape.begin() + 1); // channels
  shape.push_back(rank);
  row.front() = batch;
  row.back() = rank;
  SmallVector<Value> columns;
  for (int64_t j = 0; j <= rank; ++j)
    columns.push_back(n.t.reshape(n.t.slice(n.operand(0), {0, 0, j}, {batch, rank, 1}, {1, 1, 1}), row));
  n.setOutput(0, n.t.mapInto(shape, columns, element, [&](ScalarBuilder &s, ValueRange v) {
    Value sum = v[rank];
    for (int64_t j = 0; j != rank; ++j) {
      // From -1 to 1: the places of corner elements, or the edges of the outermost ones.
      int64_t d = rank - j, extent = shape[d];
      double step =
          corners ? (extent > 1 ? 2.0 / static_cast<double>(extent - 1) : 0) : 2.0 / static_cast<double>(extent);
      Value place = s.mul(s.index(d, element), s.constant(element, step));
      place = s.add(place, s.constant(element, corners ? -1.0 : step / 2 - 1));
      sum = s.add(sum, s.mul(v[j], place));
    }
    return sum;
  }));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::samplingLowerings() {
  static constexpr LoweringEntry table[] = {
      {"GridSample", 16, lowerGridSample},
      {"RoiAlign", 10, lowerRoiAlign},
      {"AffineGrid", 20, lowerAffineGrid},
  };
  return table;
}
