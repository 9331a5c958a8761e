// Pools: a reduction over a window. The window's extent comes from a tensor.empty operand, as in upstream's named ops.
#include "Window.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// Reduces each window of an already padded [N, C, spatial...].
Value slide(NodeLowering &n, Value x, const Window &w, ReduceKind kind) {
  MLIRContext *context = n.t.b.getContext();
  ArrayRef<int64_t> shape = shapeOf(x);
  Type element = elementTypeOf(x);
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
  double identity = kind == ReduceKind::Add ? 0 : -std::numeric_limits<double>::infinity();
  if (kind == ReduceKind::Max && !isa<FloatType>(element))
    identity = -std::ldexp(1.0, element.getIntOrFloatBitWidth() - 1);
  return n.t.generic({x, n.t.empty(w.kernel, element)}, n.t.filled(output, element, identity),
                     {map(read), map(window), map(write)}, iterators,
                     [&](S &s, ValueRange v) { return s.reduce(kind, v[2], v[0]); });
}

std::optional<Window> readWindow(NodeLowering &n) {
  Ints kernel = n.intsAttr("kernel_shape", {});
  if (n.rank(0) < 3 || static_cast<int64_t>(kernel.size()) != n.rank(0) - 2) {
    (void)n.invalid("kernel_shape must have one element per spatial dimension");
    return std::nullopt;
  }
  return Window::read(n, kernel);
}

TypedAttr lowest(Type element) {
  if (isa<FloatType>(element))
    return FloatAttr::get(element, -std::numeric_limits<double>::infinity());
  return IntegerAttr::get(element, APInt::getSignedMinValue(element.getIntOrFloatBitWidth()));
}

LogicalResult lowerMaxPool(NodeLowering &n) {
  if (n.outputUsed(1))
    return n.unsupported("the Indices output is used");
  auto window = readWindow(n);
  if (!window)
    return failure();
  Value x =
      n.t.pad(n.operand(0), window->padLow(2), window->padHigh(2, n.shape(0).drop_front(2)), lowest(n.element(0)));
  n.setOutput(0, slide(n, x, *window, ReduceKind::Max));
  return success();
}

/// How many elements each window along dimension `d` counts.
Ints windowCounts(const Window &w, size_t d, int64_t input, bool includePad) {
  Ints counts;
  for (int64_t o = 0; o != w.output[d]; ++o) {
    int64_t count = 0;
    for (int64_t k = 0; k != w.kernel[d]; ++k) {
      int64_t at = o * w.strides[d] + k * w.dilations[d] - w.low[d];
      bool inside = includePad ? at < input + w.high[d] : at >= 0 && at < input;
      count += inside;
    }
    counts.push_back(std::max<int64_t>(count, 1));
  }
  return counts;
}

LogicalResult lowerAveragePool(NodeLowering &n) {
  auto window = readWindow(n);
  if (!window)
    return failure();
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

LogicalResult lowerGlobalPool(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if (rank < 3)
    return n.invalid("the operand must have spatial dimensions");
  Ints axes(rank - 2);
  std::iota(axes.begin(), axes.end(), 2);
  Value x = n.operand(0);
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
  auto power = [&](S &s, Value x) -> Value {
    if (p == 2)
      return s.mul(x, x);
    return p == 1 ? s.abs(x) : s.op<math::PowFOp>(s.abs(x), s.constant(x.getType(), static_cast<double>(p)));
  };
  auto root = [&](S &s, Value x) -> Value {
    if (p == 2)
      return s.op<math::SqrtOp>(x);
    return s.op<math::PowFOp>(x, s.constant(x.getType(), 1 / static_cast<double>(p)));
  };
  Value x = n.t.map({n.operand(0)}, n.element(0), [&](S &s, ValueRange v) { return power(s, v[0]); });
  x = n.t.padZero(x, window->padLow(2), window->padHigh(2, n.shape(0).drop_front(2)));
  Value sum = slide(n, x, *window, ReduceKind::Add);
  n.setOutput(0, p == 1 ? sum : n.t.map({sum}, n.element(0), [&](S &s, ValueRange v) { return root(s, v[0]); }));
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
  };
  return table;
}
