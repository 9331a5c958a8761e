// Softmax and its kin: the maximum is subtracted first, so that nothing overflows.
#include "Softmax.h"

#include "Reduction.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;

/// log of the softmax: x - max - log(sum of exp(x - max)).
Value logSoftmax(NodeLowering &n, Value x, ArrayRef<int64_t> axes) {
  Type element = elementTypeOf(x);
  Value centered = n.t.sub(x, n.t.reduce(x, axes, /*keep=*/true, ReduceKind::Max));
  Value e = n.t.map({centered}, element, [](S &s, ValueRange v) { return s.op<math::ExpOp>(v[0]); });
  Value sum = n.t.reduce(e, axes, /*keep=*/true, ReduceKind::Add);
  return n.t.map({centered, sum}, element, [](S &s, ValueRange v) { return s.sub(v[0], s.op<math::LogOp>(v[1])); });
}

LogicalResult softmaxOver(NodeLowering &n, ArrayRef<int64_t> axes) {
  Value x = n.operand(0);
  n.setOutput(0, n.op() == "LogSoftmax" ? logSoftmax(n, x, axes) : softmax(n, x, axes));
  return success();
}

LogicalResult lowerSoftmax(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  return softmaxOver(n, {*axis});
}

// Before version 13 the operand was a matrix, with all dimensions from `axis` on as its columns.
LogicalResult lowerMatrixSoftmax(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", 1), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  SmallVector<int64_t> axes(n.rank(0) - *axis);
  std::iota(axes.begin(), axes.end(), *axis);
  return softmaxOver(n, axes);
}

/// 1 at the first maximum of each row.
Value hardmax(NodeLowering &n, Value x, int64_t axis) {
  Type i32 = n.t.b.getI32Type(), element = elementTypeOf(x);
  Value first = positionOfExtreme(n, x, axis, ReduceKind::Max);
  return n.t.mapInto(shapeOf(x), {first}, element,
                     [&](S &s, ValueRange v) { return s.cast(s.cmp("eq", v[0], s.index(axis, i32)), element); });
}

LogicalResult lowerHardmax(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  if (!axis || n.shape(0)[*axis] == 0)
    return n.invalid("axis is out of range, or the dimension is empty");
  n.setOutput(0, hardmax(n, n.operand(0), *axis));
  return success();
}

LogicalResult lowerMatrixHardmax(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", 1), n.rank(0));
  if (!axis || llvm::is_contained(n.shape(0), 0))
    return n.invalid("axis is out of range, or a dimension is empty");
  int64_t rows = 1, columns = 1;
  for (auto [d, dim] : llvm::enumerate(n.shape(0)))
    (static_cast<int64_t>(d) < *axis ? rows : columns) *= dim;
  n.setOutput(0, n.t.reshape(hardmax(n, n.t.reshape(n.operand(0), {rows, columns}), 1), n.shape(0)));
  return success();
}

} // namespace

Value wafer::softmax(NodeLowering &n, Value x, ArrayRef<int64_t> axes) {
  Value top = n.t.reduce(x, axes, /*keep=*/true, ReduceKind::Max);
  Value e = n.t.map({x, top}, elementTypeOf(x),
                    [](S &s, ValueRange v) -> Value { return s.op<math::ExpOp>(s.sub(v[0], v[1])); });
  Value sum = n.t.reduce(e, axes, /*keep=*/true, ReduceKind::Add);
  // One division a row: the sum lies between 1 and its number of terms. Narrower types would be rounded once more.
  if (!elementTypeOf(x).isF32())
    return n.t.div(e, sum);
  Value share = n.t.map({sum}, elementTypeOf(x),
                        [](S &s, ValueRange v) -> Value { return s.div(s.constant(v[0].getType(), 1), v[0]); });
  return n.t.mul(e, share);
}

ArrayRef<LoweringEntry> wafer::softmaxLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Softmax", 1, lowerMatrixSoftmax}, {"Softmax", 13, lowerSoftmax},      {"LogSoftmax", 1, lowerMatrixSoftmax},
      {"LogSoftmax", 13, lowerSoftmax},   {"Hardmax", 1, lowerMatrixHardmax}, {"Hardmax", 13, lowerHardmax},
  };
  return table;
}
