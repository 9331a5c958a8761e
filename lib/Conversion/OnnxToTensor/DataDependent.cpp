// Operators whose result has as many elements as the data say. Where the values that decide are constants, so is the
// extent. Else the result has room for the most there can be, with a count beside it (RuntimeExtent).
#include "DataDependent.h"
#include "Gather.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;
using S = ScalarBuilder;

/// Loops i, j: the result's elements are of i, a reduction goes over j.
struct Pairs {
  explicit Pairs(MLIRContext *context)
      : one(AffineMap::get(2, 0, {getAffineDimExpr(0, context)}, context)),
        other(AffineMap::get(2, 0, {getAffineDimExpr(1, context)}, context)) {}
  AffineMap one, other;
  utils::IteratorType iterators[2] = {utils::IteratorType::parallel, utils::IteratorType::reduction};
};

/// More comparisons than this are refused.
constexpr int64_t kMostPairs = int64_t(1) << 32;

LogicalResult checkPairs(NodeLowering &n, int64_t elements) {
  if (elements <= kMostPairs / std::max<int64_t>(elements, 1))
    return success();
  return n.unsupported("finding the places of " + Twine(elements) + " elements takes that number squared of " +
                           "comparisons, more than 2^32",
                       "end the model before this node");
}

/// Sums of `term`, a number of i32 for each i and j.
Value sumOverPairs(NodeLowering &n, int64_t extent, ArrayRef<Value> operands, ArrayRef<AffineMap> maps,
                   llvm::function_ref<Value(S &, ValueRange)> term) {
  Pairs pairs(n.t.b.getContext());
  SmallVector<AffineMap> all(maps);
  all.push_back(pairs.one);
  return n.t.generic(operands, n.t.filled({extent}, n.t.b.getI32Type(), 0), all, pairs.iterators,
                     [&](S &s, ValueRange v) { return s.add(v.back(), term(s, v)); });
}

/// What operand 0 is divided into: slices along an axis, or without one its elements. Nothing if the axis is none.
std::optional<std::pair<Value, int64_t>> slicesOf(NodeLowering &n) {
  Value x = n.operand(0);
  if (!n.hasAttr("axis"))
    return std::pair(n.t.reshape(x, {tensorTypeOf(x).getNumElements()}), int64_t(0));
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
  return axis ? std::optional(std::pair(x, *axis)) : std::nullopt;
}

// The elements (or slices along an axis) where the condition holds.
LogicalResult lowerCompress(NodeLowering &n) {
  if (n.rank(1) != 1)
    return n.invalid("the condition is not a vector");
  auto slices = slicesOf(n);
  if (!slices)
    return n.invalid("axis is out of range");
  auto [x, axis] = *slices;
  auto condition = n.constantInts(1);
  if (n.shape(1)[0] == 0)
    condition.emplace();
  if (!condition) {
    if (n.shape(1)[0] > shapeOf(x)[axis])
      return n.invalid("the condition is longer than the dimension");
    if (failed(checkPairs(n, n.shape(1)[0])))
      return failure();
    Compacted kept = compact(n, n.operand(1));
    n.setOutput(0, gatherAlong(n, x, axis, kept.numbers), RuntimeExtent{axis, kept.count});
    return success();
  }
  Ints chosen;
  for (auto [i, holds] : llvm::enumerate(*condition))
    if (holds)
      chosen.push_back(i);
  if (!chosen.empty() && chosen.back() >= shapeOf(x)[axis])
    return n.invalid("the condition is longer than the dimension");
  n.setOutput(0, takeAlong(n, x, axis, chosen));
  return success();
}

// The places of what is not zero, a column each.
LogicalResult lowerNonZero(NodeLowering &n) {
  Type element = n.element(0), i32 = n.t.b.getI32Type(), i64 = n.t.b.getI64Type();
  int64_t elements = tensorTypeOf(n.operand(0)).getNumElements();
  // A scalar counts as a vector of one element.
  Ints shape(n.shape(0));
  if (shape.empty())
    shape.push_back(1);
  if (elements == 0) {
    n.setOutput(0, n.t.splat({static_cast<int64_t>(shape.size()), 0}, i64, 0));
    return success();
  }
  if (DenseElementsAttr attr = n.constantOperand(0)) {
    SmallVector<bool> isZero;
    if (isa<FloatType>(attr.getElementType()))
      for (const APFloat &value : attr.getValues<APFloat>())
        isZero.push_back(value.isZero());
    else
      for (const APInt &value : attr.getValues<APInt>())
        isZero.push_back(value.isZero());
    SmallVector<Ints> places(shape.size());
    for (auto [flat, zero] : llvm::enumerate(isZero)) {
      if (zero)
        continue;
      auto rest = static_cast<int64_t>(flat);
      for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
        places[d].push_back(rest % shape[d]);
    }
    Ints all;
    for (const Ints &along : places)
      llvm::append_range(all, along);
    n.setOutput(
        0, n.t.reshape(n.t.ints(all), {static_cast<int64_t>(shape.size()), static_cast<int64_t>(places[0].size())}));
    return success();
  }
  if (failed(checkPairs(n, elements)))
    return failure();
  Value holds = n.t.map({n.t.reshape(n.operand(0), {elements})}, n.t.b.getI1Type(),
                        [&](S &s, ValueRange v) { return s.cmp("ne", v[0], s.constant(element, 0)); });
  Compacted found = compact(n, holds);
  SmallVector<Value> rows;
  int64_t stride = elements;
  for (int64_t extent : shape) {
    stride /= extent;
    rows.push_back(n.t.reshape(n.t.map({found.numbers}, i32,
                                       [&](S &s, ValueRange v) {
                                         Value along = s.div(v[0], s.constant(i32, stride));
                                         Value above = s.div(along, s.constant(i32, extent));
                                         return s.sub(along, s.mul(above, s.constant(i32, extent)));
                                       }),
                               {1, elements}));
  }
  n.setOutput(0, n.t.cast(n.t.concat(rows, 0), i64), RuntimeExtent{1, found.count});
  return success();
}

/// For the slices along dimension 0 of a matrix, by pairs: whether they are equal, and whether the first comes before
/// the second in lexicographic order. NaN comes last and equals nothing.
struct SliceOrder {
  Value equal, less; // [slices, slices] of i1
};

SliceOrder compareSlices(NodeLowering &n, Value rows) {
  int64_t slices = shapeOf(rows)[0], width = shapeOf(rows)[1];
  Type i1 = n.t.b.getI1Type();
  SliceOrder order;
  for (int64_t w = width; w-- != 0;) {
    Value column = n.t.slice(rows, {0, w}, {slices, 1}, {1, 1});
    Value across = n.t.reshape(column, {1, slices});
    Value equal = n.t.map({column, across}, i1, [](S &s, ValueRange v) { return s.cmp("eq", v[0], v[1]); });
    Value less = n.t.map({column, across}, i1, [](S &s, ValueRange v) {
      Value less = s.cmp("lt", v[0], v[1]);
      if (!S::isFloat(v[0]))
        return less;
      Value isNumber = s.cmp("eq", v[0], v[0]), isNaN = s.cmp("ne", v[1], v[1]);
      return s.op<arith::OrIOp>(less, s.op<arith::AndIOp>(isNumber, isNaN));
    });
    if (!order.equal) {
      order = {equal, less};
      continue;
    }
    order.less = n.t.map({less, equal, order.less}, i1,
                         [](S &s, ValueRange v) { return s.op<arith::OrIOp>(v[0], s.op<arith::AndIOp>(v[1], v[2])); });
    order.equal = n.t.map({equal, order.equal}, i1, [](S &s, ValueRange v) { return s.op<arith::AndIOp>(v[0], v[1]); });
  }
  return order;
}

// Slices that are there for the first time are those that no earlier one equals. Their places in the result are the
// numbers of such slices that come before them: in the order of values, or as they stand.
LogicalResult lowerUnique(NodeLowering &n) {
  auto given = slicesOf(n);
  if (!given)
    return n.invalid("axis is out of range");
  auto [x, axis] = *given;
  Type i1 = n.t.b.getI1Type(), i32 = n.t.b.getI32Type(), i64 = n.t.b.getI64Type();
  int64_t elements = tensorTypeOf(x).getNumElements();
  if (elements == 0)
    return n.unsupported("the operand has no elements");
  Ints toFront{axis};
  for (int64_t d = 0, rank = tensorTypeOf(x).getRank(); d != rank; ++d)
    if (d != axis)
      toFront.push_back(d);
  int64_t slices = shapeOf(x)[axis], width = elements / slices;
  if (failed(checkPairs(n, slices)))
    return failure();
  if (width > 64)
    return n.unsupported("compares slices of " + Twine(width) + " elements, more than 64",
                         "end the model before this node");
  SliceOrder order = compareSlices(n, n.t.reshape(n.t.transpose(x, toFront), {slices, width}));
  Pairs pairs(n.t.b.getContext());
  AffineMap both = AffineMap::getMultiDimIdentityMap(2, n.t.b.getContext());
  AffineMap turned = AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, n.t.b.getContext());
  Value earlier = sumOverPairs(n, slices, {order.equal}, {both}, [&](S &s, ValueRange v) {
    Value before = s.cmp("lt", s.index(1, i32), s.index(0, i32));
    return s.cast(s.op<arith::AndIOp>(v[0], before), i32);
  });
  Value first = n.t.map({earlier}, i1, [&](S &s, ValueRange v) { return s.cmp("eq", v[0], s.constant(i32, 0)); });
  bool sorted = n.intAttr("sorted", 1);
  // By slice: how many first ones come before it. For j, i of `turned`: slice j before slice i.
  Value place = sumOverPairs(n, slices, {first, order.less, order.less, order.equal}, {pairs.other, turned, both, both},
                             [&](S &s, ValueRange v) {
                               Value before = s.cmp("lt", s.index(1, i32), s.index(0, i32));
                               Value counts = before;
                               if (sorted) { // of those without an order the earlier one comes first
                                 Value ordered = s.op<arith::OrIOp>(s.op<arith::OrIOp>(v[1], v[2]), v[3]);
                                 Value tie = s.op<arith::AndIOp>(before, s.cmp("eq", ordered, s.constant(i1, 0)));
                                 counts = s.op<arith::OrIOp>(v[1], tie);
                               }
                               return s.cast(s.op<arith::AndIOp>(v[0], counts), i32);
                             });
  Value numbers = sumOverPairs(n, slices, {first, place}, {pairs.other, pairs.other}, [&](S &s, ValueRange v) {
    Value here = s.op<arith::AndIOp>(v[0], s.cmp("eq", v[1], s.index(0, i32)));
    return s.select(here, s.index(1, i32), s.constant(i32, 0));
  });
  Value count = n.t.cast(n.t.reduce(n.t.cast(first, i32), {0}, /*keep=*/false, ReduceKind::Add), i64);
  RuntimeExtent extent{0, count};
  n.setOutput(0, gatherAlong(n, x, axis, numbers), RuntimeExtent{axis, count});
  if (n.outputUsed(1))
    n.setOutput(1, n.t.cast(numbers, i64), extent);
  // A slice's own place is that of the first one equal to it.
  if (n.outputUsed(2))
    n.setOutput(2, n.t.cast(sumOverPairs(n, slices, {first, place, order.equal}, {pairs.other, pairs.other, both},
                                         [&](S &s, ValueRange v) {
                                           Value same =
                                               s.op<arith::OrIOp>(v[2], s.cmp("eq", s.index(0, i32), s.index(1, i32)));
                                           return s.select(s.op<arith::AndIOp>(v[0], same), v[1], s.constant(i32, 0));
                                         }),
                            i64));
  if (n.outputUsed(3)) {
    Value times = sumOverPairs(n, slices, {order.equal}, {both}, [&](S &s, ValueRange v) {
      Value same = s.op<arith::OrIOp>(v[0], s.cmp("eq", s.index(0, i32), s.index(1, i32)));
      return s.cast(same, i32);
    });
    n.setOutput(3, n.t.cast(n.t.gatherRows(times, numbers), i64), extent);
  }
  return success();
}

} // namespace

Compacted wafer::compact(NodeLowering &n, Value holds) {
  int64_t extent = shapeOf(holds)[0];
  Type i32 = n.t.b.getI32Type();
  Pairs pairs(n.t.b.getContext());
  Value places = sumOverPairs(n, extent, {holds}, {pairs.other}, [&](S &s, ValueRange v) {
    Value before = s.cmp("lt", s.index(1, i32), s.index(0, i32));
    return s.cast(s.op<arith::AndIOp>(v[0], before), i32);
  });
  Value numbers = sumOverPairs(n, extent, {holds, places}, {pairs.other, pairs.other}, [&](S &s, ValueRange v) {
    Value here = s.op<arith::AndIOp>(v[0], s.cmp("eq", v[1], s.index(0, i32)));
    return s.select(here, s.index(1, i32), s.constant(i32, 0));
  });
  Value count = n.t.reduce(n.t.cast(holds, i32), {0}, /*keep=*/false, ReduceKind::Add);
  return {numbers, n.t.cast(count, n.t.b.getI64Type())};
}

ArrayRef<LoweringEntry> wafer::dataDependentLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Compress", 9, lowerCompress},
      {"NonMaxSuppression", 10, lowerNonMaxSuppression},
      {"NonZero", 9, lowerNonZero},
      {"Unique", 11, lowerUnique},
  };
  return table;
}
