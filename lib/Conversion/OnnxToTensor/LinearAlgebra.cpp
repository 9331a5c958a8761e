// Determinants: elimination with row exchanges, a step of which is a few tensor operations on all matrices at once.
#include "Reduction.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

LogicalResult lowerDet(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if (rank < 2 || n.shape(0)[rank - 1] != n.shape(0)[rank - 2] || !isa<FloatType>(n.element(0)))
    return n.invalid("the operand must hold square matrices of floats");
  int64_t order = n.shape(0).back(), matrices = 1;
  constexpr int64_t maxOrder = 32;
  if (order > maxOrder)
    return n.unsupported("matrices of order " + Twine(order) + ", up to " + Twine(maxOrder) + " is supported",
                         "compute the determinant on the host");
  Ints outer(n.shape(0).drop_back(2));
  for (int64_t extent : outer)
    matrices *= extent;
  Type element = n.element(0), i32 = n.t.b.getI32Type();
  if (order == 0 || matrices == 0) {
    n.setOutput(0, n.t.splat(outer, element, 1));
    return success();
  }
  Value rest = n.t.reshape(n.operand(0), {matrices, order, order}), determinant;
  for (int64_t size = order;; --size) {
    auto cut = [&](Value x, Ints offsets, Ints sizes) { return n.t.slice(x, offsets, sizes, {1, 1, 1}); };
    Value column = cut(rest, {0, 0, 0}, {matrices, size, 1});
    Value magnitude = n.t.map({column}, element, [](S &s, ValueRange v) { return s.abs(v[0]); });
    Value pivotAt = positionOfExtreme(n, magnitude, 1, ReduceKind::Max); // [matrices, 1, 1]
    // The pivot's row, picked from the others.
    Value picked = n.t.map({rest, pivotAt}, element, [&](S &s, ValueRange v) {
      return s.select(s.cmp("eq", v[1], s.index(1, i32)), v[0], s.constant(element, 0));
    });
    Value row = n.t.reduce(picked, {1}, /*keep=*/true, ReduceKind::Add); // [matrices, 1, size]
    Value pivot = cut(row, {0, 0, 0}, {matrices, 1, 1});
    // Each exchange of rows changes the sign.
    Value factor = n.t.map({pivot, pivotAt}, element, [&](S &s, ValueRange v) {
      return s.select(s.cmp("eq", v[1], s.constant(i32, 0)), v[0], s.neg(v[0]));
    });
    determinant = determinant ? n.t.mul(determinant, factor) : factor;
    if (size == 1)
      break;
    // The first row takes the pivot's place; a singular matrix has a pivot of 0 and nothing to divide by.
    Value top = cut(rest, {0, 0, 0}, {matrices, 1, size}), below = cut(rest, {0, 1, 0}, {matrices, size - 1, size});
    Value exchanged = n.t.map({below, top, pivotAt}, element, [&](S &s, ValueRange v) {
      Value here = s.add(s.index(1, i32), s.constant(i32, 1));
      return s.select(s.cmp("eq", v[2], here), v[1], v[0]);
    });
    Value ratio =
        n.t.map({cut(exchanged, {0, 0, 0}, {matrices, size - 1, 1}), pivot}, element, [&](S &s, ValueRange v) {
          Value zero = s.constant(element, 0), singular = s.cmp("eq", v[1], zero);
          Value divisor = s.select(singular, s.constant(element, 1), v[1]);
          return s.select(singular, zero, s.div(v[0], divisor));
        });
    Value remaining = cut(exchanged, {0, 0, 1}, {matrices, size - 1, size - 1});
    Value pivotRow = cut(row, {0, 0, 1}, {matrices, 1, size - 1});
    rest = n.t.map({remaining, ratio, pivotRow}, element,
                   [](S &s, ValueRange v) { return s.sub(v[0], s.mul(v[1], v[2])); });
  }
  n.setOutput(0, n.t.reshape(determinant, outer));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::linearAlgebraLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Det", 11, lowerDet},
  };
  return table;
}
