#include "wafer/Tensor/TensorBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace wafer;
using utils::IteratorType;

std::optional<SmallVector<int64_t>> wafer::broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> shape(std::max(a.size(), b.size()), 1);
  for (ArrayRef<int64_t> operand : {a, b})
    for (size_t i = 0; i != operand.size(); ++i) {
      int64_t &dim = shape[shape.size() - operand.size() + i];
      if (operand[i] == 1 || operand[i] == dim)
        continue;
      if (dim != 1)
        return std::nullopt;
      dim = operand[i];
    }
  return shape;
}

//===- Scalars ------------------------------------------------------------===//

static TypedAttr scalarAttr(Type type, double value) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, value);
  if (type.isInteger(1))
    return IntegerAttr::get(type, value != 0);
  return IntegerAttr::get(type, static_cast<int64_t>(value));
}

Value ScalarBuilder::constant(Type type, double value) {
  return arith::ConstantOp::create(b, loc, scalarAttr(type, value));
}
Value ScalarBuilder::add(V x, V y) { return isFloat(x) ? op<arith::AddFOp>(x, y) : op<arith::AddIOp>(x, y); }
Value ScalarBuilder::sub(V x, V y) { return isFloat(x) ? op<arith::SubFOp>(x, y) : op<arith::SubIOp>(x, y); }
Value ScalarBuilder::mul(V x, V y) { return isFloat(x) ? op<arith::MulFOp>(x, y) : op<arith::MulIOp>(x, y); }
Value ScalarBuilder::div(V x, V y) { return isFloat(x) ? op<arith::DivFOp>(x, y) : op<arith::DivSIOp>(x, y); }
Value ScalarBuilder::max(V x, V y) {
  if (isFloat(x))
    return op<arith::MaximumFOp>(x, y);
  return x.getType().isInteger(1) ? op<arith::OrIOp>(x, y) : op<arith::MaxSIOp>(x, y);
}
Value ScalarBuilder::min(V x, V y) {
  if (isFloat(x))
    return op<arith::MinimumFOp>(x, y);
  return x.getType().isInteger(1) ? op<arith::AndIOp>(x, y) : op<arith::MinSIOp>(x, y);
}
Value ScalarBuilder::neg(V x) { return isFloat(x) ? op<arith::NegFOp>(x) : sub(constant(x.getType(), 0), x); }
Value ScalarBuilder::abs(V x) { return isFloat(x) ? op<math::AbsFOp>(x) : op<math::AbsIOp>(x); }
Value ScalarBuilder::select(V condition, V x, V y) { return arith::SelectOp::create(b, loc, condition, x, y); }

Value ScalarBuilder::cmp(StringRef predicate, V x, V y) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  struct Row {
    StringLiteral name;
    F f;
    I i, u;
  };
  static constexpr Row rows[] = {{"eq", F::OEQ, I::eq, I::eq},   {"ne", F::UNE, I::ne, I::ne},
                                 {"lt", F::OLT, I::slt, I::ult}, {"le", F::OLE, I::sle, I::ule},
                                 {"gt", F::OGT, I::sgt, I::ugt}, {"ge", F::OGE, I::sge, I::uge}};
  const Row *row = llvm::find_if(rows, [&](const Row &r) { return r.name == predicate; });
  if (isFloat(x))
    return arith::CmpFOp::create(b, loc, row->f, x, y);
  return arith::CmpIOp::create(b, loc, x.getType().isInteger(1) ? row->u : row->i, x, y);
}

Value ScalarBuilder::cast(V x, Type type) {
  Type from = x.getType();
  if (from == type)
    return x;
  if (type.isInteger(1))
    return cmp("ne", x, constant(from, 0));
  bool fromFloat = isFloat(x), toFloat = isa<FloatType>(type);
  unsigned fromWidth = from.getIntOrFloatBitWidth(), toWidth = type.getIntOrFloatBitWidth();
  if (fromFloat && toFloat) {
    if (fromWidth == toWidth) // f16 and bf16
      return cast(cast(x, b.getF32Type()), type);
    return fromWidth < toWidth ? Value(arith::ExtFOp::create(b, loc, type, x))
                               : Value(arith::TruncFOp::create(b, loc, type, x));
  }
  if (fromFloat)
    return arith::FPToSIOp::create(b, loc, type, x);
  if (toFloat)
    return from.isInteger(1) ? Value(arith::UIToFPOp::create(b, loc, type, x))
                             : Value(arith::SIToFPOp::create(b, loc, type, x));
  if (from.isInteger(1))
    return arith::ExtUIOp::create(b, loc, type, x);
  return fromWidth < toWidth ? Value(arith::ExtSIOp::create(b, loc, type, x))
                             : Value(arith::TruncIOp::create(b, loc, type, x));
}

Value ScalarBuilder::reduce(ReduceKind kind, V x, V y) {
  switch (kind) {
  case ReduceKind::Add:
    return add(x, y);
  case ReduceKind::Mul:
    return mul(x, y);
  case ReduceKind::Max:
    return max(x, y);
  case ReduceKind::Min:
    return min(x, y);
  }
  return {};
}

Value ScalarBuilder::index(unsigned loop, Type type) {
  Value index = linalg::IndexOp::create(b, loc, loop);
  if (isa<FloatType>(type))
    return cast(arith::IndexCastOp::create(b, loc, b.getI32Type(), index), type);
  return arith::IndexCastOp::create(b, loc, type, index);
}

//===- Tensors ------------------------------------------------------------===//

Value TensorBuilder::fold(Operation *op) {
  DenseElementsAttr value = evaluateTensorOp(op, limits);
  if (!value)
    return op->getResult(0);
  op->erase();
  return constant(value);
}

Value TensorBuilder::constant(DenseElementsAttr value) { return arith::ConstantOp::create(b, loc, value); }

Value TensorBuilder::splat(Shape shape, Type element, double value) {
  return constant(DenseElementsAttr::get(RankedTensorType::get(shape, element), Attribute(scalarAttr(element, value))));
}

Value TensorBuilder::ints(ArrayRef<int64_t> values) {
  return constant(
      DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type()), values));
}

Value TensorBuilder::empty(Shape shape, Type element) { return tensor::EmptyOp::create(b, loc, shape, element); }

Value TensorBuilder::filled(Shape shape, Type element, double value) {
  Value scalar = arith::ConstantOp::create(b, loc, scalarAttr(element, value));
  return linalg::FillOp::create(b, loc, scalar, empty(shape, element)).getResult(0);
}

Value TensorBuilder::generic(ArrayRef<Value> operands, Value init, ArrayRef<AffineMap> maps,
                             ArrayRef<IteratorType> iterators, Body body) {
  auto op = linalg::GenericOp::create(b, loc, init.getType(), operands, init, maps, iterators,
                                      [&](OpBuilder &inner, Location at, ValueRange arguments) {
                                        ScalarBuilder scalar(inner, at);
                                        linalg::YieldOp::create(inner, at, body(scalar, arguments));
                                      });
  return fold(op);
}

/// The map that reads `shape` broadcast into the loops of `into`.
static AffineMap broadcastMap(MLIRContext *context, ArrayRef<int64_t> shape, ArrayRef<int64_t> into) {
  SmallVector<AffineExpr> exprs;
  size_t skip = into.size() - shape.size();
  for (auto [i, dim] : llvm::enumerate(shape)) {
    bool stretched = dim == 1 && into[skip + i] != 1;
    exprs.push_back(stretched ? getAffineConstantExpr(0, context) : getAffineDimExpr(skip + i, context));
  }
  return AffineMap::get(into.size(), 0, exprs, context);
}

/// The tensor that `x` repeats, if it was made by broadcast(): its readers can repeat it by their own maps.
static Value lookThroughBroadcast(Value x, AffineMap &map) {
  auto op = x.getDefiningOp<linalg::GenericOp>();
  if (!op || !op->hasAttr("wafer.broadcast") || op.getNumDpsInputs() != 1)
    return x;
  map = op.getIndexingMapsArray()[0].compose(map);
  return op.getDpsInputs()[0];
}

Value TensorBuilder::mapInto(Shape shape, ArrayRef<Value> operands, Type element, Body body) {
  MLIRContext *context = b.getContext();
  unsigned rank = shape.size();
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  SmallVector<std::pair<int, TypedAttr>> plan; // operand number, or -1 and the scalar
  for (Value operand : operands) {
    DenseElementsAttr value = constantOf(operand);
    if (value && value.isSplat() && value.getNumElements()) {
      plan.push_back({-1, cast<TypedAttr>(value.getSplatValue<Attribute>())});
      continue;
    }
    AffineMap map = broadcastMap(context, shapeOf(operand), shape);
    operand = lookThroughBroadcast(operand, map);
    int at = 0;
    for (; at != static_cast<int>(tensors.size()); ++at)
      if (tensors[at] == operand && maps[at] == map)
        break;
    plan.push_back({at, {}});
    if (at == static_cast<int>(tensors.size())) {
      tensors.push_back(operand);
      maps.push_back(map);
    }
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  SmallVector<IteratorType> iterators(rank, IteratorType::parallel);
  return generic(tensors, empty(shape, element), maps, iterators, [&](ScalarBuilder &s, ValueRange arguments) {
    SmallVector<Value> scalars;
    for (auto &[at, value] : plan)
      scalars.push_back(at >= 0 ? arguments[at] : Value(arith::ConstantOp::create(s.b, s.loc, value)));
    return body(s, scalars);
  });
}

Value TensorBuilder::map(ArrayRef<Value> operands, Type element, Body body) {
  SmallVector<int64_t> shape;
  for (Value operand : operands)
    shape = *broadcastShapes(shape, shapeOf(operand));
  return mapInto(shape, operands, element, body);
}

double wafer::identityOf(ReduceKind kind, Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  switch (kind) {
  case ReduceKind::Add:
    return 0;
  case ReduceKind::Mul:
    return 1;
  case ReduceKind::Max:
    if (isa<FloatType>(type))
      return -std::numeric_limits<double>::infinity();
    return width == 1 ? 0 : -std::ldexp(1.0, width - 1);
  case ReduceKind::Min:
    if (isa<FloatType>(type))
      return std::numeric_limits<double>::infinity();
    return width == 1 ? 1 : width == 64 ? std::ldexp(1.0, 62) : std::ldexp(1.0, width - 1) - 1;
  }
  return 0;
}

Value TensorBuilder::reduce(Value x, ArrayRef<int64_t> axes, bool keep, ReduceKind kind) {
  MLIRContext *context = b.getContext();
  Shape shape = shapeOf(x);
  SmallVector<int64_t> kept, outShape;
  SmallVector<AffineExpr> exprs;
  SmallVector<IteratorType> iterators;
  for (auto [d, dim] : llvm::enumerate(shape)) {
    bool reduced = llvm::is_contained(axes, static_cast<int64_t>(d));
    iterators.push_back(reduced ? IteratorType::reduction : IteratorType::parallel);
    kept.push_back(reduced ? 1 : dim);
    if (!reduced) {
      outShape.push_back(dim);
      exprs.push_back(getAffineDimExpr(d, context));
    }
  }
  Value result = x;
  if (!axes.empty()) {
    Type element = elementTypeOf(x);
    SmallVector<AffineMap> maps{AffineMap::getMultiDimIdentityMap(shape.size(), context),
                                AffineMap::get(shape.size(), 0, exprs, context)};
    result = generic({x}, filled(outShape, element, identityOf(kind, element)), maps, iterators,
                     [&](ScalarBuilder &s, ValueRange args) { return s.reduce(kind, args[0], args[1]); });
  }
  return keep ? reshape(result, kept) : result;
}

Value TensorBuilder::contract(Value lhs, Value rhs, AffineMap lhsMap, AffineMap rhsMap, AffineMap resultMap,
                              ArrayRef<int64_t> loops) {
  SmallVector<IteratorType> iterators(loops.size(), IteratorType::reduction);
  SmallVector<int64_t> shape;
  for (AffineExpr expr : resultMap.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    iterators[loop] = IteratorType::parallel;
    shape.push_back(loops[loop]);
  }
  return generic({lhs, rhs}, filled(shape, elementTypeOf(lhs), 0), {lhsMap, rhsMap, resultMap}, iterators,
                 [](ScalarBuilder &s, ValueRange args) { return s.add(args[2], s.mul(args[0], args[1])); });
}

Value TensorBuilder::add(Value x, Value y) {
  return map({x, y}, elementTypeOf(x), [](ScalarBuilder &s, ValueRange v) { return s.add(v[0], v[1]); });
}
Value TensorBuilder::sub(Value x, Value y) {
  return map({x, y}, elementTypeOf(x), [](ScalarBuilder &s, ValueRange v) { return s.sub(v[0], v[1]); });
}
Value TensorBuilder::mul(Value x, Value y) {
  return map({x, y}, elementTypeOf(x), [](ScalarBuilder &s, ValueRange v) { return s.mul(v[0], v[1]); });
}
Value TensorBuilder::div(Value x, Value y) {
  return map({x, y}, elementTypeOf(x), [](ScalarBuilder &s, ValueRange v) { return s.div(v[0], v[1]); });
}
Value TensorBuilder::cast(Value x, Type element) {
  if (elementTypeOf(x) == element)
    return x;
  return map({x}, element, [&](ScalarBuilder &s, ValueRange v) { return s.cast(v[0], element); });
}

// Both shapes are cut into the finest groups of dimensions with equal products; each group collapses to one dimension
// and expands again. Unit dimensions at the end join the last group.
Value TensorBuilder::reshape(Value x, Shape to) {
  Shape from = shapeOf(x);
  if (from == to)
    return x;
  Type element = elementTypeOf(x);
  if (llvm::is_contained(from, 0))
    return constant(DenseElementsAttr::get(RankedTensorType::get(to, element), ArrayRef<Attribute>{}));
  SmallVector<ReassociationIndices> collapse, expand;
  SmallVector<int64_t> middle;
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices left{static_cast<int64_t>(i)}, right{static_cast<int64_t>(j)};
    int64_t a = from[i++], c = to[j++];
    while (a != c) {
      if (a < c) {
        left.push_back(i);
        a *= from[i++];
      } else {
        right.push_back(j);
        c *= to[j++];
      }
    }
    collapse.push_back(left);
    expand.push_back(right);
    middle.push_back(a);
  }
  for (; i < from.size(); ++i)
    if (!collapse.empty())
      collapse.back().push_back(i);
  for (; j < to.size(); ++j)
    if (!expand.empty())
      expand.back().push_back(j);
  Value result = x;
  if (middle.size() != from.size())
    result = fold(tensor::CollapseShapeOp::create(b, loc, RankedTensorType::get(middle, element), result, collapse));
  if (middle.size() != to.size())
    result = fold(tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get(to, element), result, expand));
  return result;
}

Value TensorBuilder::transpose(Value x, ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return x;
  MLIRContext *context = b.getContext();
  unsigned rank = permutation.size();
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> exprs(rank);
  // Transposes that only move unit dimensions are reshapes.
  SmallVector<int64_t> moving;
  for (auto [to, from] : llvm::enumerate(permutation)) {
    shape.push_back(shapeOf(x)[from]);
    exprs[from] = getAffineDimExpr(to, context);
    if (shape.back() != 1)
      moving.push_back(from);
  }
  if (llvm::is_sorted(moving))
    return reshape(x, shape);
  SmallVector<IteratorType> iterators(rank, IteratorType::parallel);
  return generic({x}, empty(shape, elementTypeOf(x)),
                 {AffineMap::get(rank, 0, exprs, context), AffineMap::getMultiDimIdentityMap(rank, context)}, iterators,
                 [](ScalarBuilder &, ValueRange v) { return v[0]; });
}

Value TensorBuilder::broadcast(Value x, Shape shape) {
  if (shapeOf(x) == shape)
    return x;
  int64_t elements = 1;
  for (int64_t dim : shape)
    elements *= dim;
  if (tensorTypeOf(x).getNumElements() == elements) // only unit dimensions in front
    return reshape(x, shape);
  Value result = mapInto(shape, {x}, elementTypeOf(x), [](ScalarBuilder &, ValueRange v) { return v[0]; });
  if (Operation *op = result.getDefiningOp<linalg::GenericOp>())
    op->setAttr("wafer.broadcast", b.getUnitAttr());
  return result;
}

Value TensorBuilder::slice(Value x, Shape offsets, Shape sizes, Shape strides) {
  Type element = elementTypeOf(x);
  if (sizes == shapeOf(x) && llvm::all_of(offsets, [](int64_t o) { return o == 0; }) &&
      llvm::all_of(strides, [](int64_t s) { return s == 1; }))
    return x;
  if (llvm::is_contained(sizes, 0))
    return constant(DenseElementsAttr::get(RankedTensorType::get(sizes, element), ArrayRef<Attribute>{}));
  if (llvm::all_of(strides, [](int64_t s) { return s > 0; })) {
    auto attrs = [&](Shape values) { return getAsIndexOpFoldResult(b.getContext(), values); };
    return fold(tensor::ExtractSliceOp::create(b, loc, RankedTensorType::get(sizes, element), x, attrs(offsets),
                                               attrs(sizes), attrs(strides)));
  }
  // Backwards, or one element again and again: read by an indexing map what is cut out before. Every extent of it is
  // then that of its loop, or the window's.
  MLIRContext *context = b.getContext();
  SmallVector<int64_t> starts(offsets), spans(sizes), forward(strides);
  SmallVector<AffineExpr> exprs;
  for (size_t d = 0; d != sizes.size(); ++d) {
    AffineExpr place = getAffineDimExpr(d, context);
    if (strides[d] <= 0) {
      int64_t last = -strides[d] * (sizes[d] - 1);
      starts[d] -= last;
      spans[d] = last + 1;
      forward[d] = 1;
      place = place * strides[d] + last;
    }
    exprs.push_back(place);
  }
  Value cut = slice(x, starts, spans, forward);
  SmallVector<IteratorType> iterators(sizes.size(), IteratorType::parallel);
  return generic(
      {cut}, empty(sizes, element),
      {AffineMap::get(sizes.size(), 0, exprs, context), AffineMap::getMultiDimIdentityMap(sizes.size(), context)},
      iterators, [](ScalarBuilder &, ValueRange v) { return v[0]; });
}

Value TensorBuilder::concat(ArrayRef<Value> values, int64_t axis) {
  SmallVector<Value> parts;
  for (Value value : values)
    if (shapeOf(value)[axis] != 0)
      parts.push_back(value);
  if (parts.empty())
    return values.front();
  if (parts.size() == 1)
    return parts.front();
  return fold(tensor::ConcatOp::create(b, loc, axis, parts));
}

Value TensorBuilder::pad(Value x, Shape low, Shape high, TypedAttr value) {
  auto zero = [](int64_t n) { return n == 0; };
  if (llvm::all_of(low, zero) && llvm::all_of(high, zero))
    return x;
  SmallVector<int64_t> shape;
  for (auto [dim, l, h] : llvm::zip_equal(shapeOf(x), low, high))
    shape.push_back(dim + l + h);
  Value scalar = arith::ConstantOp::create(b, loc, value);
  auto attrs = [&](Shape values) { return getAsIndexOpFoldResult(b.getContext(), values); };
  return fold(tensor::PadOp::create(b, loc, RankedTensorType::get(shape, elementTypeOf(x)), x, attrs(low), attrs(high),
                                    scalar));
}

Value TensorBuilder::padZero(Value x, Shape low, Shape high) {
  return pad(x, low, high, scalarAttr(elementTypeOf(x), 0));
}

Value TensorBuilder::gatherRows(Value x, Value indices) {
  SmallVector<int64_t> indexShape(shapeOf(indices));
  SmallVector<int64_t> shape = indexShape;
  llvm::append_range(shape, shapeOf(x).drop_front());
  indexShape.push_back(1);
  Value column = reshape(indices, indexShape);
  return fold(tensor::GatherOp::create(b, loc, RankedTensorType::get(shape, elementTypeOf(x)), x, column,
                                       ArrayRef<int64_t>{0}));
}
