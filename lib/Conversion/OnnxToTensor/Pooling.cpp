// Pools: a reduction over a window. The window's extent comes from a tensor.empty operand, as in upstream's named ops.
#include "Window.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// Reduces `term` of the elements of each window of an already padded [N, C, spatial...]. The term sees the element and
/// the elements of `more`, which have the result's shape; its loops are N, C, output..., window...
Value slide(NodeLowering &n, Value x, ArrayRef<Value> more, const Window &w, Type element, ReduceKind kind,
            function_ref<Value(S &, ValueRange)> term) {
  MLIRContext *context = n.t.b.getContext();
  ArrayRef<int64_t> shape = shapeOf(x);
  size_t rank = w.rank(), loops = 2 + 2 * rank;
  Ints output{shape[0], shape[1]};
  llvm::append_range(output, w.output);
  SmallVector<AffineExpr> read, window, write;
  for (size_t d = 0; d != 2 + rank; ++d)
    write.push_back(getAffineDimExpr(d, context));
  read.append({write[0], write[1]});
  for (size_t d = 0; d != rank; ++d) {
    window.push_back(getAffineDimExpr(2 + rank + d, context));
    read.push_back(write[2 + d] * w.strides[d] + window[d] * w.dilations[d]);
  }
  SmallVector<utils::IteratorType> iterators(2 + rank, utils::IteratorType::parallel);
  iterators.append(rank, utils::IteratorType::reduction);
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(loops, 0, exprs, context); };
  SmallVector<Value> operands{x};
  SmallVector<AffineMap> maps{map(read)};
  for (Value operand : more) {
    operands.push_back(operand);
    maps.push_back(map(write));
  }
  operands.push_back(n.t.empty(w.kernel, n.t.element(x)));
  maps.append({map(window), map(write)});
  return n.t.generic(operands, n.t.filled(output, element, identityOf(kind, element)), maps, iterators,
                     [&](S &s, ValueRange v) { return s.reduce(kind, v.back(), term(s, v.drop_back(2))); });
}

Value slide(NodeLowering &n, Value x, const Window &w, ReduceKind kind) {
  return slide(n, x, {}, w, n.t.element(x), kind, [](S &, ValueRange v) { return v[0]; });
}

std::optional<Window> readWindow(NodeLowering &n) {
  Ints kernel = n.intsAttr("kernel_shape", {});
  if (n.rank(0) < 3 || static_cast<int64_t>(kernel.size()) != n.rank(0) - 2) {
    (void)n.invalid("kernel_shape must have one element per spatial dimension");
    return std::nullopt;
  }
  return Window::read(n, kernel);
}

/// The position in the operand of each window's first maximum: its number in the tensor, counted along columns within
/// an image if `columnMajor`.
Value maximumPositions(NodeLowering &n, Value padded, Value maximum, const Window &w, bool columnMajor) {
  ArrayRef<int64_t> shape = n.shape(0);
  Type i32 = n.t.b.getI32Type(), i1 = n.t.b.getI1Type();
  Ints strides(shape.size(), 1);
  for (int64_t d = static_cast<int64_t>(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  if (columnMajor) {
    strides[2] = 1;
    for (size_t d = 3; d != shape.size(); ++d)
      strides[d] = strides[d - 1] * shape[d - 1];
  }
  constexpr double never = std::numeric_limits<int32_t>::max();
  Value found = slide(n, padded, {maximum}, w, i32, ReduceKind::Min, [&](S &s, ValueRange v) {
    auto number = [&](int64_t value) { return s.constant(i32, static_cast<double>(value)); };
    // A maximum of NaN equals nothing: then the first element stands for it.
    Value takes = s.op<arith::XOrIOp>(s.cmp("lt", v[0], v[1]), s.constant(i1, 1));
    Value position = s.add(s.mul(s.index(0, i32), number(strides[0])), s.mul(s.index(1, i32), number(strides[1])));
    for (size_t d = 0; d != w.rank(); ++d) {
      Value at = s.add(s.mul(s.index(2 + d, i32), number(w.strides[d])),
                       s.mul(s.index(2 + w.rank() + d, i32), number(w.dilations[d])));
      if (w.low[d] != 0)
        at = s.sub(at, number(w.low[d]));
      if (shapeOf(padded)[2 + d] != shape[2 + d]) {
        Value inside = s.op<arith::AndIOp>(s.cmp("ge", at, number(0)), s.cmp("lt", at, number(shape[2 + d])));
        takes = s.op<arith::AndIOp>(takes, inside);
      }
      position = s.add(position, s.mul(at, number(strides[2 + d])));
    }
    return s.select(takes, position, s.constant(i32, never));
  });
  return n.t.cast(found, n.t.b.getI64Type());
}

LogicalResult lowerMaxPool(NodeLowering &n) {
  auto window = readWindow(n);
  if (!window)
    return failure();
  Value x = n.t.pad(n.operand(0), window->padLow(2), window->padHigh(2, n.shape(0).drop_front(2)),
                    identityOf(ReduceKind::Max, n.element(0)));
  Value maximum = slide(n, x, *window, ReduceKind::Max);
  n.setOutput(0, maximum);
  if (n.outputUsed(1)) {
    if (tensorTypeOf(n.operand(0)).getNumElements() >= std::numeric_limits<int32_t>::max())
      return n.unsupported("Indices into more than 2^31 elements");
    n.setOutput(1, maximumPositions(n, x, maximum, *window, n.intAttr("storage_order", 0) != 0));
  }
  return success();
}

/// How many elements each window along dimension `d` counts.
Ints windowCounts(const Window &w, size_t d, int64_t input, bool includePad) {
  Ints counts;
  const int64_t end = includePad ? input + w.high[d] : input, step = w.dilations[d];
  // Of places at, at + step... those below a limit.
  auto below = [&](int64_t limit, int64_t at) {
    return std::clamp<int64_t>(limit > at ? llvm::divideCeil(limit - at, step) : 0, 0, w.kernel[d]);
  };
  for (int64_t o = 0; o != w.output[d]; ++o) {
    const int64_t at = o * w.strides[d] - w.low[d];
    const int64_t count = below(end, at) - (includePad ? 0 : below(0, at));
    counts.push_back(std::max<int64_t>(count, 1));
  }
  return counts;
}

LogicalResult lowerAveragePool(NodeLowering &n) {
  auto window = readWindow(n);
  if (!window)
    return failure();
  // Each counts by itself what it divides by.
  constexpr int64_t kMostWindows = 1 << 24;
  if (llvm::any_of(window->output, [](int64_t windows) { return windows > kMostWindows; }))
    return n.unsupported("more than " + Twine(kMostWindows) + " windows along a dimension");
  bool includePad = n.intAttr("count_include_pad", 0);
  ArrayRef<int64_t> input = n.shape(0).drop_front(2);
  Value x = n.t.padZero(n.operand(0), window->padLow(2), window->padHigh(2, input));
  Value sum = slide(n, x, *window, ReduceKind::Add);
  // The counts of a window are a product over dimensions; where they are the same everywhere they are a scalar.
  Type element = n.element(0);
  Value counts = n.t.splat({}, element, 1);
  for (size_t d = 0; d != window->rank(); ++d) {
    Ints along = windowCounts(*window, d, input[d], includePad);
    SmallVector<float> values(along.begin(), along.end());
    Ints shape(window->rank(), 1);
    shape[d] = along.size();
    Value vector =
        n.t.constant(DenseElementsAttr::get(RankedTensorType::get(shape, n.t.b.getF32Type()), ArrayRef<float>(values)));
    if (llvm::all_equal(along))
      vector = n.t.splat({}, n.t.b.getF32Type(), along.front());
    counts = n.t.mul(counts, n.t.cast(vector, element));
  }
  n.setOutput(0, n.t.div(sum, counts));
  return success();
}

/// |x|^p and its inverse for sums of them.
Value power(S &s, Value x, int64_t p) {
  if (p == 2)
    return s.mul(x, x);
  return p == 1 ? s.abs(x) : s.op<math::PowFOp>(s.abs(x), s.constant(x.getType(), static_cast<double>(p)));
}
Value root(S &s, Value x, int64_t p) {
  if (p == 2)
    return s.op<math::SqrtOp>(x);
  return p == 1 ? x : s.op<math::PowFOp>(x, s.constant(x.getType(), 1 / static_cast<double>(p)));
}

LogicalResult lowerGlobalPool(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if (rank < 3)
    return n.invalid("the operand must have spatial dimensions");
  Ints axes(rank - 2);
  std::iota(axes.begin(), axes.end(), 2);
  Value x = n.operand(0);
  if (n.op() == "GlobalLpPool") {
    int64_t p = n.intAttr("p", 2);
    if (p < 1)
      return n.invalid("p is " + Twine(p) + ", at least 1 is needed");
    x = n.t.map({x}, n.element(0), [&](S &s, ValueRange v) { return power(s, v[0], p); });
    x = n.t.reduce(x, axes, /*keep=*/true, ReduceKind::Add);
    n.setOutput(0, n.t.map({x}, n.element(0), [&](S &s, ValueRange v) { return root(s, v[0], p); }));
    return success();
  }
  if (n.op() == "GlobalMaxPool") {
    n.setOutput(0, n.t.reduce(x, axes, /*keep=*/true, ReduceKind::Max));
    return success();
  }
  int64_t count = 1;
  for (int64_t dim : n.shape(0).drop_front(2))
    count *= dim;
  Value sum = n.t.reduce(x, axes, /*keep=*/true, ReduceKind::Add);
  n.setOutput(0, n.t.map({sum}, n.element(0),
                         [&](S &s, ValueRange v) { return s.mul(v[0], s.constant(v[0].getType(), 1.0 / count)); }));
  return success();
}

LogicalResult lowerLpPool(NodeLowering &n) {
  auto window = readWindow(n);
  int64_t p = n.intAttr("p", 2);
  if (!window)
    return failure();
  if (p < 1)
    return n.invalid("p is " + Twine(p) + ", at least 1 is needed");
  Value x = n.t.map({n.operand(0)}, n.element(0), [&](S &s, ValueRange v) { return power(s, v[0], p); });
  x = n.t.padZero(x, window->padLow(2), window->padHigh(2, n.shape(0).drop_front(2)));
  Value sum = slide(n, x, *window, ReduceKind::Add);
  n.setOutput(0, n.t.map({sum}, n.element(0), [&](S &s, ValueRange v) { return root(s, v[0], p); }));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::poolingLowerings() {
  static constexpr LoweringEntry table[] = {
      {"MaxPool", 1, lowerMaxPool},
      {"AveragePool", 7, lowerAveragePool},
      {"LpPool", 2, lowerLpPool},
      {"GlobalAveragePool", 1, lowerGlobalPool},
      {"GlobalMaxPool", 1, lowerGlobalPool},
      {"GlobalLpPool", 2, lowerGlobalPool},
  };
  return table;
}
