// Reductions, and the scan and the arg-reductions that are written as reductions.
#include "Reduction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// The axes of a reduction, sorted: operand 1 or the attribute; all if neither is given. nullopt after a refusal, and
/// no axes for an explicit no-op.
std::optional<Ints> reductionAxes(NodeLowering &n) {
  Ints axes;
  if (n.operand(1)) {
    auto values = n.constantInts(1);
    if (!values) {
      (void)n.notConstant("axes");
      return std::nullopt;
    }
    axes = *values;
  } else {
    axes = n.intsAttr("axes", {});
  }
  if (axes.empty()) {
    if (n.intAttr("noop_with_empty_axes", 0))
      return Ints();
    axes.resize(n.rank(0));
    std::iota(axes.begin(), axes.end(), 0);
    return axes;
  }
  for (int64_t &axis : axes) {
    auto normal = NodeLowering::normalizeAxis(axis, n.rank(0));
    if (!normal) {
      (void)n.invalid("axis " + Twine(axis) + " is out of range");
      return std::nullopt;
    }
    axis = *normal;
  }
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return axes;
}

Value mapOne(NodeLowering &n, Value x, function_ref<Value(S &, Value)> fn) {
  return n.t.map({x}, n.t.element(x), [&](S &s, ValueRange v) { return fn(s, v[0]); });
}

struct Form {
  ReduceKind kind;
  Value (*before)(S &, Value) = nullptr;
  Value (*after)(S &, Value) = nullptr;
};

LogicalResult reduceAs(NodeLowering &n, const Form &form) {
  auto axes = reductionAxes(n);
  if (!axes)
    return failure();
  bool keep = n.intAttr("keepdims", 1);
  Value x = n.operand(0);
  if (form.before)
    x = mapOne(n, x, form.before);
  x = n.t.reduce(x, *axes, keep, form.kind);
  if (form.after)
    x = mapOne(n, x, form.after);
  n.setOutput(0, x);
  return success();
}

Value square(S &s, Value x) { return s.mul(x, x); }
Value absolute(S &s, Value x) { return s.abs(x); }
/// A function of floats; of integers its result without the fraction.
template <typename Op> Value ofFloat(S &s, Value x) {
  return S::isFloat(x) ? s.op<Op>(x) : s.cast(s.op<Op>(s.cast(x, s.b.getF64Type())), x.getType());
}

LogicalResult lowerReduceSum(NodeLowering &n) { return reduceAs(n, {ReduceKind::Add}); }
LogicalResult lowerReduceProd(NodeLowering &n) { return reduceAs(n, {ReduceKind::Mul}); }
LogicalResult lowerReduceMax(NodeLowering &n) { return reduceAs(n, {ReduceKind::Max}); }
LogicalResult lowerReduceMin(NodeLowering &n) { return reduceAs(n, {ReduceKind::Min}); }
LogicalResult lowerReduceL1(NodeLowering &n) { return reduceAs(n, {ReduceKind::Add, absolute}); }
LogicalResult lowerReduceL2(NodeLowering &n) { return reduceAs(n, {ReduceKind::Add, square, ofFloat<math::SqrtOp>}); }
LogicalResult lowerReduceSumSquare(NodeLowering &n) { return reduceAs(n, {ReduceKind::Add, square}); }
LogicalResult lowerReduceLogSum(NodeLowering &n) {
  return reduceAs(n, {ReduceKind::Add, nullptr, ofFloat<math::LogOp>});
}

LogicalResult lowerReduceMean(NodeLowering &n) {
  auto axes = reductionAxes(n);
  if (!axes)
    return failure();
  int64_t count = 1;
  for (int64_t axis : *axes)
    count *= n.shape(0)[axis];
  Value sum = n.t.reduce(n.operand(0), *axes, n.intAttr("keepdims", 1), ReduceKind::Add);
  n.setOutput(0, mapOne(n, sum, [&](S &s, Value x) {
                return S::isFloat(x) ? s.mul(x, s.constant(x.getType(), 1.0 / count))
                                     : s.div(x, s.constant(x.getType(), count));
              }));
  return success();
}

// max + log(sum(exp(x - max))), of integers without the fraction.
LogicalResult lowerReduceLogSumExp(NodeLowering &n) {
  auto axes = reductionAxes(n);
  if (!axes)
    return failure();
  bool keep = n.intAttr("keepdims", 1);
  Value x = n.operand(0);
  const Type declared = n.t.element(x);
  if (!isa<FloatType>(declared))
    x = n.t.cast(x, n.t.b.getF64Type());
  Value top = n.t.reduce(x, *axes, /*keep=*/true, ReduceKind::Max);
  // An infinite maximum would give inf - inf.
  top = mapOne(n, top, [](S &s, Value v) {
    Value finite = s.cmp("lt", s.abs(v), s.constant(v.getType(), INFINITY));
    return s.select(finite, v, s.constant(v.getType(), 0));
  });
  Value e = n.t.map({x, top}, n.t.element(x),
                    [](S &s, ValueRange v) -> Value { return s.op<math::ExpOp>(s.sub(v[0], v[1])); });
  Value sum = n.t.reduce(e, *axes, /*keep=*/true, ReduceKind::Add);
  Value result =
      n.t.map({sum, top}, n.t.element(x), [](S &s, ValueRange v) { return s.add(s.op<math::LogOp>(v[0]), v[1]); });
  if (!keep)
    result = n.t.reshape(result, shapeOf(n.t.reduce(x, *axes, false, ReduceKind::Add)));
  n.setOutput(0, n.t.cast(result, declared));
  return success();
}

LogicalResult lowerArg(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
  if (!axis || n.shape(0)[*axis] == 0)
    return n.invalid("axis is out of range, or the dimension is empty");
  ReduceKind kind = n.op() == "ArgMax" ? ReduceKind::Max : ReduceKind::Min;
  Value result = positionOfExtreme(n, n.operand(0), *axis, kind, n.intAttr("select_last_index", 0));
  if (!n.intAttr("keepdims", 1)) {
    Ints shape(shapeOf(result));
    shape.erase(shape.begin() + *axis);
    result = n.t.reshape(result, shape);
  }
  n.setOutput(0, n.t.cast(result, n.t.b.getI64Type()));
  return success();
}

// out[i] = sum (or product) over j <= i of x[j], as a reduction over j with the rest masked.
Value cumulative(NodeLowering &n, int64_t axis) {
  ReduceKind kind = n.op() == "CumSum" ? ReduceKind::Add : ReduceKind::Mul;
  bool exclusive = n.intAttr("exclusive", 0), reverse = n.intAttr("reverse", 0);
  MLIRContext *context = n.t.b.getContext();
  int64_t rank = n.rank(0);
  Type element = n.element(0), i32 = n.t.b.getI32Type();
  double identity = kind == ReduceKind::Add ? 0 : 1;
  // Loops: the result's dimensions, then j. The window operand gives j its range.
  SmallVector<AffineExpr> read, write;
  for (int64_t d = 0; d != rank; ++d) {
    write.push_back(getAffineDimExpr(d, context));
    read.push_back(getAffineDimExpr(d == axis ? rank : d, context));
  }
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  return n.t.generic({n.operand(0)}, n.t.filled(n.shape(0), element, identity),
                     {AffineMap::get(rank + 1, 0, read, context), AffineMap::get(rank + 1, 0, write, context)},
                     iterators, [&](S &s, ValueRange v) {
                       Value i = s.index(axis, i32), j = s.index(rank, i32);
                       StringRef predicate = reverse ? (exclusive ? "gt" : "ge") : (exclusive ? "lt" : "le");
                       Value term = s.select(s.cmp(predicate, j, i), v[0], s.constant(element, identity));
                       return s.reduce(kind, v[1], term);
                     });
}

LogicalResult lowerCumulative(NodeLowering &n) {
  Value given = n.operand(1);
  if (tensorTypeOf(given).getNumElements() != 1)
    return n.invalid("axis is not one number");
  int64_t rank = n.rank(0);
  if (auto values = n.constantInts(1)) {
    auto axis = NodeLowering::normalizeAxis(values->front(), rank);
    if (!axis)
      return n.invalid("axis is out of range");
    n.setOutput(0, cumulative(n, *axis));
    return success();
  }
  if (rank == 0)
    return n.invalid("the operand is a scalar");
  // An axis that is only known at run time chooses among the results for each. The gather ends a run with another one.
  Type number = n.t.element(given);
  Value fromFront = n.t.map({n.t.reshape(given, {1})}, number, [&](S &s, ValueRange v) {
    return s.select(s.cmp("lt", v[0], s.constant(number, 0)), s.add(v[0], s.constant(number, rank)), v[0]);
  });
  Value axes = n.t.ints(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  Value axis = n.t.reshape(n.t.gatherRows(axes, fromFront), {}), result = cumulative(n, 0);
  for (int64_t d = 1; d != rank; ++d)
    result = n.t.map({axis, cumulative(n, d), result}, n.element(0), [&](S &s, ValueRange v) {
      return s.select(s.cmp("eq", v[0], s.constant(v[0].getType(), d)), v[1], v[2]);
    });
  n.setOutput(0, result);
  return success();
}

} // namespace

// A reduction finds the extreme, a second its position. NaN counts as ONNX Runtime's loop counts it: one at the front
// is never replaced, since nothing compares greater; any other is passed over.
Value wafer::positionOfExtreme(NodeLowering &n, Value x, int64_t axis, ReduceKind kind, bool last) {
  Type element = elementTypeOf(x), i32 = n.t.b.getI32Type();
  ArrayRef<int64_t> shape = shapeOf(x);
  bool mayBeNaN = isa<FloatType>(element);
  Value numbers = x;
  if (mayBeNaN)
    numbers = mapOne(n, x, [&](S &s, Value v) {
      double never = kind == ReduceKind::Max ? -INFINITY : INFINITY;
      return s.select(s.cmp("eq", v, v), v, s.constant(element, never));
    });
  Value extreme = n.t.reduce(numbers, {axis}, /*keep=*/true, kind);
  int64_t never = last ? -1 : shape[axis];
  Value positions = n.t.mapInto(shape, {x, extreme}, i32, [&](S &s, ValueRange v) {
    return s.select(s.cmp("eq", v[0], v[1]), s.index(axis, i32), s.constant(i32, never));
  });
  Value position = n.t.reduce(positions, {axis}, /*keep=*/true, last ? ReduceKind::Max : ReduceKind::Min);
  if (!mayBeNaN)
    return position;
  Ints offsets(shape.size(), 0), sizes(shape), strides(shape.size(), 1);
  sizes[axis] = 1;
  Value first = n.t.slice(x, offsets, sizes, strides);
  return n.t.map({first, position}, i32,
                 [&](S &s, ValueRange v) { return s.select(s.cmp("eq", v[0], v[0]), v[1], s.constant(i32, 0)); });
}

ArrayRef<LoweringEntry> wafer::reductionLowerings() {
  static constexpr LoweringEntry table[] = {
      {"ReduceSum", 1, lowerReduceSum},
      {"ReduceMean", 1, lowerReduceMean},
      {"ReduceProd", 1, lowerReduceProd},
      {"ReduceMax", 1, lowerReduceMax},
      {"ReduceMin", 1, lowerReduceMin},
      {"ReduceL1", 1, lowerReduceL1},
      {"ReduceL2", 1, lowerReduceL2},
      {"ReduceSumSquare", 1, lowerReduceSumSquare},
      {"ReduceLogSum", 1, lowerReduceLogSum},
      {"ReduceLogSumExp", 1, lowerReduceLogSumExp},
      {"ArgMax", 1, lowerArg},
      {"ArgMin", 1, lowerArg},
      {"CumSum", 11, lowerCumulative},
      {"CumProd", 26, lowerCumulative},
  };
  return table;
}
