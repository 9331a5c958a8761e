// Normalizations. Statistics are two reductions (mean, then mean square of the centered values), never the difference
// of two large sums. Of a long row even the mean is two: what rounding leaves of a sum of thousands of values around
// 1000 is as large as a thousandth of their deviation, and the mean of what is then left of the values says how much.
#include "Normalization.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// mean over `axes`, kept as unit dimensions.
Value mean(NodeLowering &n, Value x, ArrayRef<int64_t> axes) {
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shapeOf(x)[axis];
  Value sum = n.t.reduce(x, axes, /*keep=*/true, ReduceKind::Add);
  return n.t.map({sum}, n.t.element(x),
                 [&](S &s, ValueRange v) { return s.mul(v[0], s.constant(v[0].getType(), 1.0 / count)); });
}

/// Rows of so many elements have their mean refined: shorter ones lose less of it than the values' own rounding.
constexpr int64_t kLongRow = 512;

/// mean, to the last bit or two even if the values are large against their deviation.
Value exactMean(NodeLowering &n, Value x, ArrayRef<int64_t> axes) {
  Value center = mean(n, x, axes);
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shapeOf(x)[axis];
  return count < kLongRow ? center : n.t.add(center, mean(n, n.t.sub(x, center), axes));
}

Value meanSquare(NodeLowering &n, Value x, ArrayRef<int64_t> axes) {
  return mean(n, n.t.map({x}, n.t.element(x), [](S &s, ValueRange v) { return s.mul(v[0], v[0]); }), axes);
}

Value inverseRoot(NodeLowering &n, Value variance, double epsilon) {
  return n.t.map({variance}, n.t.element(variance), [&](S &s, ValueRange v) -> Value {
    return s.op<math::RsqrtOp>(s.add(v[0], s.constant(v[0].getType(), epsilon)));
  });
}

/// x * inverse [* scale] [+ bias], in one pass.
Value applyScale(NodeLowering &n, Value x, Value inverse, Value scale, Value bias) {
  SmallVector<Value> operands{x, inverse};
  if (scale)
    operands.push_back(scale);
  if (bias)
    operands.push_back(bias);
  return n.t.map(operands, n.t.element(x), [&](S &s, ValueRange v) {
    Value y = s.mul(v[0], v[1]);
    size_t next = 2;
    if (scale)
      y = s.mul(y, v[next++]);
    if (bias)
      y = s.add(y, v[next]);
    return y;
  });
}

Ints axesFrom(int64_t first, int64_t rank) {
  Ints axes(rank - first);
  std::iota(axes.begin(), axes.end(), first);
  return axes;
}

bool broadcastsTo(Value value, ArrayRef<int64_t> shape) {
  auto result = broadcastShapes(shapeOf(value), shape);
  return result && ArrayRef<int64_t>(*result) == shape;
}

LogicalResult lowerLayerNormalization(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  for (size_t i : {1, 2})
    if (n.operand(i) && !broadcastsTo(n.operand(i), n.shape(0)))
      return n.invalid("scale or bias does not broadcast to the operand");
  Normalized result = normalizeLayer(n, n.operand(0), *axis, n.operand(1), n.operand(2), n.floatAttr("epsilon", 1e-5));
  n.setOutput(0, result.y);
  n.setOutput(1, result.mean);
  n.setOutput(2, result.inverse);
  return success();
}

LogicalResult lowerRMSNormalization(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  if (n.operand(1) && !broadcastsTo(n.operand(1), n.shape(0)))
    return n.invalid("scale does not broadcast to the operand");
  n.setOutput(0, normalizeRms(n, n.operand(0), *axis, n.operand(1), n.floatAttr("epsilon", 1e-5)).y);
  return success();
}

/// A per-channel vector as [C, 1, 1...], to broadcast against [N, C, ...].
Value perChannel(NodeLowering &n, Value vector, int64_t rank) {
  Ints shape(rank - 1, 1);
  shape[0] = tensorTypeOf(vector).getNumElements();
  return n.t.reshape(vector, shape);
}

bool isVectorOf(Value value, int64_t extent) {
  return value && tensorTypeOf(value).getRank() == 1 && shapeOf(value)[0] == extent;
}

/// Training mode: by the batch's own statistics, which also move the running ones.
LogicalResult normalizeBatch(NodeLowering &n) {
  int64_t rank = n.rank(0);
  Ints axes;
  for (int64_t d = 0; d != rank; ++d)
    if (d != 1)
      axes.push_back(d);
  Value x = n.operand(0), center = exactMean(n, x, axes), centered = n.t.sub(x, center);
  Value variance = meanSquare(n, centered, axes);
  Value inverse = inverseRoot(n, variance, n.floatAttr("epsilon", 1e-5));
  n.setOutput(0,
              applyScale(n, centered, inverse, perChannel(n, n.operand(1), rank), perChannel(n, n.operand(2), rank)));
  double keep = n.floatAttr("momentum", 0.9);
  for (auto [i, old, fresh] : {std::tuple{1, n.operand(3), center}, {2, n.operand(4), variance}})
    n.setOutput(i, n.t.map({old, n.t.reshape(fresh, shapeOf(old))}, elementTypeOf(old), [&](S &s, ValueRange v) {
      Type type = v[0].getType();
      return s.add(s.mul(s.constant(type, keep), v[0]), s.mul(s.constant(type, 1 - keep), v[1]));
    }));
  return success();
}

LogicalResult lowerBatchNormalization(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if (rank < 2)
    return n.invalid("the operand must have a channel dimension");
  for (size_t i = 1; i != 5; ++i)
    if (!isVectorOf(n.operand(i), n.shape(0)[1]))
      return n.invalid("scale, bias, mean and variance must have one element per channel");
  if (n.intAttr("training_mode", 0))
    return normalizeBatch(n);
  // scale / sqrt(var + eps) and bias - mean * that are per channel, and constants if these are.
  Value scale = n.t.mul(inverseRoot(n, n.operand(4), n.floatAttr("epsilon", 1e-5)), n.operand(1));
  Value shift = n.t.sub(n.operand(2), n.t.mul(n.operand(3), scale));
  n.setOutput(0, n.t.map({n.operand(0), perChannel(n, scale, rank), perChannel(n, shift, rank)}, n.element(0),
                         [](S &s, ValueRange v) { return s.add(s.mul(v[0], v[1]), v[2]); }));
  return success();
}

LogicalResult lowerInstanceNormalization(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if (rank < 3 || !isVectorOf(n.operand(1), n.shape(0)[1]) || !isVectorOf(n.operand(2), n.shape(0)[1]))
    return n.invalid("needs an operand with spatial dimensions, and scale and bias of one element per channel");
  Ints axes = axesFrom(2, rank);
  Value x = n.operand(0);
  Value centered = n.t.sub(x, exactMean(n, x, axes));
  Value inverse = inverseRoot(n, meanSquare(n, centered, axes), n.floatAttr("epsilon", 1e-5));
  n.setOutput(0,
              applyScale(n, centered, inverse, perChannel(n, n.operand(1), rank), perChannel(n, n.operand(2), rank)));
  return success();
}

LogicalResult lowerGroupNormalization(NodeLowering &n) {
  int64_t rank = n.rank(0), groups = n.intAttr("num_groups", 0);
  if (rank < 3 || groups < 1 || n.shape(0)[1] % groups != 0)
    return n.invalid("the channels do not divide into num_groups");
  if (!isVectorOf(n.operand(1), n.shape(0)[1]) || !isVectorOf(n.operand(2), n.shape(0)[1]))
    return n.invalid("scale and bias must have one element per channel");
  Ints grouped{n.shape(0)[0], groups, n.shape(0)[1] / groups};
  llvm::append_range(grouped, n.shape(0).drop_front(2));
  Value x = n.t.reshape(n.operand(0), grouped);
  Ints axes = axesFrom(2, grouped.size());
  Value centered = n.t.sub(x, exactMean(n, x, axes));
  Value inverse = inverseRoot(n, meanSquare(n, centered, axes), n.floatAttr("epsilon", 1e-5));
  Value normal = n.t.reshape(n.t.mul(centered, inverse), n.shape(0));
  n.setOutput(0, n.t.map({normal, perChannel(n, n.operand(1), rank), perChannel(n, n.operand(2), rank)}, n.element(0),
                         [](S &s, ValueRange v) { return s.add(s.mul(v[0], v[1]), v[2]); }));
  return success();
}

// x / norm(x) along one axis.
LogicalResult lowerLpNormalization(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  int64_t p = n.intAttr("p", 2);
  if (!axis || (p != 1 && p != 2))
    return n.invalid("axis is out of range, or p is not 1 or 2");
  Value x = n.operand(0);
  Value powers =
      n.t.map({x}, n.element(0), [&](S &s, ValueRange v) { return p == 1 ? s.abs(v[0]) : s.mul(v[0], v[0]); });
  Value sum = n.t.reduce(powers, {*axis}, /*keep=*/true, ReduceKind::Add);
  n.setOutput(0, n.t.map({x, sum}, n.element(0), [&](S &s, ValueRange v) {
    // A vector of zeros stays one.
    Value zero = s.constant(v[1].getType(), 0);
    Value norm = p == 1 ? v[1] : s.op<math::SqrtOp>(v[1]);
    return s.select(s.cmp("eq", v[1], zero), zero, s.div(v[0], norm));
  }));
  return success();
}

// x / (bias + alpha / size * sum of squares over `size` neighbouring channels) ^ beta.
LogicalResult lowerLRN(NodeLowering &n) {
  int64_t size = n.intAttr("size", 0), rank = n.rank(0);
  if (rank < 3 || size < 1 || size > (1 << 20))
    return n.invalid("needs channels and spatial dimensions, and a positive size");
  double alpha = n.floatAttr("alpha", 1e-4), beta = n.floatAttr("beta", 0.75), bias = n.floatAttr("bias", 1);
  Value x = n.operand(0);
  Type element = n.element(0);
  Ints low(rank, 0), high(rank, 0);
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  Value squares = n.t.map({x}, element, [](S &s, ValueRange v) { return s.mul(v[0], v[0]); });
  squares = n.t.padZero(squares, low, high);
  MLIRContext *context = n.t.b.getContext();
  AffineMap write = AffineMap::getMultiDimIdentityMap(rank + 1, context).getMajorSubMap(rank);
  SmallVector<AffineExpr> read(write.getResults());
  read[1] = read[1] + getAffineDimExpr(rank, context);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Value sums = n.t.generic(
      {squares, n.t.empty({size}, element)}, n.t.filled(n.shape(0), element, 0),
      {AffineMap::get(rank + 1, 0, read, context), AffineMap::get(rank + 1, 0, getAffineDimExpr(rank, context)), write},
      iterators, [](S &s, ValueRange v) { return s.add(v[2], v[0]); });
  n.setOutput(0, n.t.map({x, sums}, element, [&](S &s, ValueRange v) -> Value {
    Value scale = s.add(s.constant(element, bias), s.mul(v[1], s.constant(element, alpha / static_cast<double>(size))));
    return s.mul(v[0], s.op<math::PowFOp>(scale, s.constant(element, -beta)));
  }));
  return success();
}

} // namespace

Normalized wafer::normalizeLayer(NodeLowering &n, Value x, int64_t axis, Value scale, Value bias, double epsilon) {
  Ints axes = axesFrom(axis, tensorTypeOf(x).getRank());
  Value center = exactMean(n, x, axes);
  Value centered = n.t.sub(x, center);
  Value inverse = inverseRoot(n, meanSquare(n, centered, axes), epsilon);
  return {applyScale(n, centered, inverse, scale, bias), center, inverse};
}

Normalized wafer::normalizeRms(NodeLowering &n, Value x, int64_t axis, Value scale, double epsilon) {
  Value inverse = inverseRoot(n, meanSquare(n, x, axesFrom(axis, tensorTypeOf(x).getRank())), epsilon);
  return {applyScale(n, x, inverse, scale, Value()), Value(), inverse};
}

ArrayRef<LoweringEntry> wafer::normalizationLowerings() {
  static constexpr LoweringEntry table[] = {
      {"LayerNormalization", 17, lowerLayerNormalization},
      {"RMSNormalization", 23, lowerRMSNormalization},
      {"BatchNormalization", 9, lowerBatchNormalization},
      {"InstanceNormalization", 6, lowerInstanceNormalization},
      {"GroupNormalization", 21, lowerGroupNormalization},
      {"LpNormalization", 1, lowerLpNormalization},
      {"LRN", 1, lowerLRN},
  };
  return table;
}
