// TopK.
//
// An element's rank is the number of elements that come before it: a reduction of comparisons over the row, n^2 of them
// and no exchange of elements, which is what a spread row is good at. The elements of the first k ranks are then
// picked by comparing ranks, n * k. Of equals the one with the lower index comes first; NaN counts as infinity (ONNX
// Runtime's order depends on how it happens to compare them).
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

LogicalResult lowerTopK(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  int64_t k = n.intAttr("k", -1);
  if (!n.hasAttr("k")) {
    auto given = n.constantInts(1);
    if (!given || given->size() != 1)
      return n.notConstant("k");
    k = given->front();
  }
  int64_t extent = n.shape(0)[*axis], elements = tensorTypeOf(n.operand(0)).getNumElements();
  if (k < 0 || k > extent)
    return n.invalid("k is " + Twine(k) + " of a dimension of " + Twine(extent));
  Value x = n.operand(0);
  Type element = n.element(0), i32 = n.t.b.getI32Type(), i64 = n.t.b.getI64Type();
  Ints shape(n.shape(0));
  shape[*axis] = k;
  if (llvm::is_contained(shape, 0)) {
    n.setOutput(0, n.t.splat(shape, element, 0));
    n.setOutput(1, n.t.splat(shape, i64, 0));
    return success();
  }
  if (elements > (int64_t(1) << 32) / extent)
    return n.unsupported("sorting rows of " + Twine(extent) + " elements takes " + Twine(elements) + " times as many " +
                             "comparisons, more than 2^32",
                         "reduce the dimension first, for example by a maximum over its parts");
  bool largest = n.intAttr("largest", 1);
  Value key = x;
  if (isa<FloatType>(element))
    key = n.t.map({x}, element, [&](S &s, ValueRange v) {
      return s.select(s.cmp("eq", v[0], v[0]), v[0], s.constant(element, INFINITY));
    });
  MLIRContext *context = n.t.b.getContext();
  auto rank = static_cast<unsigned>(n.rank(0)), at = static_cast<unsigned>(*axis);
  AffineMap own = AffineMap::getMultiDimIdentityMap(rank + 1, context).getMajorSubMap(rank);
  SmallVector<AffineExpr> read(own.getResults());
  read[at] = getAffineDimExpr(rank, context);
  AffineMap other = AffineMap::get(rank + 1, 0, read, context);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Value ranks =
      n.t.generic({key, key}, n.t.filled(n.shape(0), i32, 0), {own, other, own}, iterators, [&](S &s, ValueRange v) {
        Value before = s.cmp(largest ? "gt" : "lt", v[1], v[0]), equal = s.cmp("eq", v[1], v[0]);
        Value earlier = s.cmp("lt", s.index(rank, i32), s.index(at, i32));
        Value first = s.op<arith::OrIOp>(before, s.op<arith::AndIOp>(equal, earlier));
        return s.add(v[2], s.cast(first, i32));
      });
  // Loops: the result's dimensions, then the place in the row.
  auto pick = [&](Value from, Type type, bool position) {
    SmallVector<Value> operands{ranks};
    SmallVector<AffineMap> maps{other};
    if (!position) {
      operands.push_back(from);
      maps.push_back(other);
    }
    maps.push_back(own);
    return n.t.generic(operands, n.t.filled(shape, type, 0), maps, iterators, [&](S &s, ValueRange v) {
      Value value = position ? s.index(rank, type) : v[1];
      Value term = s.select(s.cmp("eq", v[0], s.index(at, i32)), value, s.constant(type, 0));
      return type.isInteger(1) ? s.max(v.back(), term) : s.add(v.back(), term);
    });
  };
  if (n.outputUsed(0))
    n.setOutput(0, pick(x, element, false));
  if (n.outputUsed(1))
    n.setOutput(1, n.t.cast(pick({}, i32, true), i64));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::sortLowerings() {
  static constexpr LoweringEntry table[] = {
      {"TopK", 1, lowerTopK},
  };
  return table;
}
