// Softmax and its kin: the maximum is subtracted first, so that nothing overflows.
#include "Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;

LogicalResult softmaxOver(NodeLowering &n, ArrayRef<int64_t> axes) {
  Value x = n.operand(0);
  Type element = n.element(0);
  Value top = n.t.reduce(x, axes, /*keep=*/true, ReduceKind::Max);
  if (n.op() == "LogSoftmax") {
    Value centered = n.t.sub(x, top);
    Value e = n.t.map({centered}, element, [](S &s, ValueRange v) { return s.op<math::ExpOp>(v[0]); });
    Value sum = n.t.reduce(e, axes, /*keep=*/true, ReduceKind::Add);
    n.setOutput(
        0, n.t.map({centered, sum}, element, [](S &s, ValueRange v) { return s.sub(v[0], s.op<math::LogOp>(v[1])); }));
    return success();
  }
  Value e =
      n.t.map({x, top}, element, [](S &s, ValueRange v) -> Value { return s.op<math::ExpOp>(s.sub(v[0], v[1])); });
  Value sum = n.t.reduce(e, axes, /*keep=*/true, ReduceKind::Add);
  n.setOutput(0, n.t.div(e, sum));
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

LogicalResult lowerHardmax(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  Value x = n.operand(0);
  Type i32 = n.t.b.getI32Type(), element = n.element(0);
  Value top = n.t.reduce(x, {*axis}, /*keep=*/true, ReduceKind::Max);
  Value positions = n.t.mapInto(n.shape(0), {x, top}, i32, [&](S &s, ValueRange v) {
    return s.select(s.cmp("eq", v[0], v[1]), s.index(*axis, i32), s.constant(i32, n.shape(0)[*axis]));
  });
  Value first = n.t.reduce(positions, {*axis}, /*keep=*/true, ReduceKind::Min);
  n.setOutput(0, n.t.mapInto(n.shape(0), {first}, element, [&](S &s, ValueRange v) {
    return s.cast(s.cmp("eq", v[0], s.index(*axis, i32)), element);
  }));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::softmaxLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Softmax", 1, lowerMatrixSoftmax}, {"Softmax", 13, lowerSoftmax}, {"LogSoftmax", 1, lowerMatrixSoftmax},
      {"LogSoftmax", 13, lowerSoftmax},   {"Hardmax", 13, lowerHardmax},
  };
  return table;
}
