#include "wafer/Tensor/TensorBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace wafer;
using utils::IteratorType;

bool wafer::isCountable(ArrayRef<int64_t> shape) {
  constexpr int64_t kSide = int64_t(1) << 31, kElements = int64_t(1) << 36;
  int64_t elements = 1;
  return llvm::all_of(shape, [&](int64_t extent) {
    return extent < kSide && !llvm::MulOverflow(elements, extent, elements) && elements < kElements;
  });
}

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

TypedAttr wafer::scalarAttr(Type declared, int64_t value) {
  Type type = storedType(declared);
  if (isa<FloatType>(type))
    return FloatAttr::get(type, static_cast<double>(value));
  if (type.isInteger(1))
    return IntegerAttr::get(type, value != 0);
  return IntegerAttr::get(type, APInt(type.isIndex() ? 64 : type.getIntOrFloatBitWidth(), static_cast<uint64_t>(value),
                                      /*isSigned=*/true, /*implicitTrunc=*/true));
}

TypedAttr wafer::scalarAttr(Type declared, double value) {
  if (isa<FloatType>(declared))
    return FloatAttr::get(declared, value);
  return scalarAttr(declared, declared.isInteger(1) ? value != 0 : static_cast<int64_t>(value));
}

TypedAttr wafer::identityOf(ReduceKind kind, Type declared) {
  bool isMax = kind == ReduceKind::Max;
  if (kind == ReduceKind::Add || kind == ReduceKind::Mul)
    return scalarAttr(declared, int64_t(kind == ReduceKind::Mul));
  if (isa<FloatType>(declared))
    return scalarAttr(declared, isMax ? -INFINITY : INFINITY);
  unsigned width = declared.getIntOrFloatBitWidth();
  if (width == 1 || declared.isUnsignedInteger())
    return scalarAttr(declared, int64_t(isMax ? 0 : -1));
  APInt extreme = isMax ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width);
  return scalarAttr(declared, extreme.getSExtValue());
}

/// What the legalization of 64-bit integers must know: an unsigned one is never negative.
static Value mark(UnsignedValues &unsignedValues, Value value, bool isUnsigned) {
  if (!isUnsigned) {
    unsignedValues.erase(value);
    return value;
  }
  unsignedValues.insert(value);
  if (Operation *op = value.getDefiningOp(); op && getElementTypeOrSelf(value).isInteger(64))
    op->setAttr("wafer.unsigned", UnitAttr::get(op->getContext()));
  return value;
}

Value ScalarBuilder::as(V v, Type declared) { return mark(unsignedValues, v, declared.isUnsignedInteger()); }
Value ScalarBuilder::like(V x, V y, V result) {
  bool same = result.getType() == x.getType() || result.getType() == y.getType();
  return mark(unsignedValues, result, same && (isUnsigned(x) || isUnsigned(y)));
}
Value ScalarBuilder::constant(Type declared, TypedAttr value) {
  return as(arith::ConstantOp::create(b, loc, value), declared);
}
Value ScalarBuilder::add(V x, V y) { return isFloat(x) ? op<arith::AddFOp>(x, y) : op<arith::AddIOp>(x, y); }
Value ScalarBuilder::sub(V x, V y) { return isFloat(x) ? op<arith::SubFOp>(x, y) : op<arith::SubIOp>(x, y); }
Value ScalarBuilder::mul(V x, V y) { return isFloat(x) ? op<arith::MulFOp>(x, y) : op<arith::MulIOp>(x, y); }
Value ScalarBuilder::div(V x, V y) {
  if (isFloat(x))
    return op<arith::DivFOp>(x, y);
  return isUnsigned(x) || isUnsigned(y) ? op<arith::DivUIOp>(x, y) : op<arith::DivSIOp>(x, y);
}
Value ScalarBuilder::max(V x, V y) {
  if (isFloat(x))
    return op<arith::MaximumFOp>(x, y);
  if (isUnsigned(x) || isUnsigned(y))
    return op<arith::MaxUIOp>(x, y);
  return x.getType().isInteger(1) ? op<arith::OrIOp>(x, y) : op<arith::MaxSIOp>(x, y);
}
Value ScalarBuilder::min(V x, V y) {
  if (isFloat(x))
    return op<arith::MinimumFOp>(x, y);
  if (isUnsigned(x) || isUnsigned(y))
    return op<arith::MinUIOp>(x, y);
  return x.getType().isInteger(1) ? op<arith::AndIOp>(x, y) : op<arith::MinSIOp>(x, y);
}
Value ScalarBuilder::neg(V x) { return isFloat(x) ? op<arith::NegFOp>(x) : sub(constant(x.getType(), 0), x); }
Value ScalarBuilder::abs(V x) {
  if (isFloat(x))
    return op<math::AbsFOp>(x);
  return isUnsigned(x) ? x : op<math::AbsIOp>(x);
}
Value ScalarBuilder::shiftLeft(V x, V count) { return op<arith::ShLIOp>(x, count); }
Value ScalarBuilder::shiftRight(V x, V count) {
  return isUnsigned(x) ? op<arith::ShRUIOp>(x, count) : op<arith::ShRSIOp>(x, count);
}
Value ScalarBuilder::select(V condition, V x, V y) {
  return like(x, y, arith::SelectOp::create(b, loc, condition, x, y));
}

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
  bool unsignedForm = x.getType().isInteger(1) || isUnsigned(x) || isUnsigned(y);
  return arith::CmpIOp::create(b, loc, unsignedForm ? row->u : row->i, x, y);
}

Value ScalarBuilder::cast(V x, Type declared) {
  Type from = x.getType(), type = storedType(declared);
  bool fromUnsigned = from.isInteger(1) || isUnsigned(x);
  if (from == type)
    return isUnsigned(x) == declared.isUnsignedInteger() || from.isInteger(1)
               ? x
               : as(arith::BitcastOp::create(b, loc, type, x), declared);
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
    return declared.isUnsignedInteger() ? as(arith::FPToUIOp::create(b, loc, type, x), declared)
                                        : Value(arith::FPToSIOp::create(b, loc, type, x));
  if (toFloat)
    return fromUnsigned ? Value(arith::UIToFPOp::create(b, loc, type, x))
                        : Value(arith::SIToFPOp::create(b, loc, type, x));
  if (fromWidth > toWidth)
    return as(arith::TruncIOp::create(b, loc, type, x), declared);
  return as(fromUnsigned ? Value(arith::ExtUIOp::create(b, loc, type, x))
                         : Value(arith::ExtSIOp::create(b, loc, type, x)),
            declared);
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

Value ScalarBuilder::index(unsigned loop, Type declared) {
  Value index = linalg::IndexOp::create(b, loc, loop);
  if (isa<FloatType>(declared))
    return cast(arith::IndexCastOp::create(b, loc, b.getI32Type(), index), declared);
  return as(arith::IndexCastOp::create(b, loc, storedType(declared), index), declared);
}

//===- Tensors ------------------------------------------------------------===//

Value TensorBuilder::fold(Operation *op) {
  DenseElementsAttr value = evaluateTensorOp(op, limits);
  if (!value)
    return op->getResult(0);
  op->erase();
  return constant(value);
}

Type TensorBuilder::element(Value x) const {
  Type stored = elementTypeOf(x);
  return unsignedTensors.contains(x)
             ? IntegerType::get(stored.getContext(), stored.getIntOrFloatBitWidth(), IntegerType::Unsigned)
             : stored;
}

Value TensorBuilder::as(Value x, Type declared) { return mark(unsignedTensors, x, declared.isUnsignedInteger()); }

Value TensorBuilder::constant(DenseElementsAttr value) {
  Type declared = value.getElementType(), stored = storedType(declared);
  return as(arith::ConstantOp::create(b, loc, declared == stored ? value : value.bitcast(stored)), declared);
}

Value TensorBuilder::splat(Shape shape, Type element, TypedAttr value) {
  return as(constant(DenseElementsAttr::get(RankedTensorType::get(shape, storedType(element)), Attribute(value))),
            element);
}

Value TensorBuilder::ints(ArrayRef<int64_t> values) {
  return constant(
      DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type()), values));
}

Value TensorBuilder::empty(Shape shape, Type element) {
  return as(tensor::EmptyOp::create(b, loc, shape, storedType(element)), element);
}

Value TensorBuilder::filled(Shape shape, Type element, TypedAttr value) {
  Value scalar = arith::ConstantOp::create(b, loc, value);
  return as(linalg::FillOp::create(b, loc, scalar, empty(shape, element)).getResult(0), element);
}

Value TensorBuilder::generic(ArrayRef<Value> operands, Value init, ArrayRef<AffineMap> maps,
                             ArrayRef<IteratorType> iterators, Body body) {
  Type result = element(init);
  auto op = linalg::GenericOp::create(b, loc, init.getType(), operands, init, maps, iterators,
                                      [&](OpBuilder &inner, Location at, ValueRange arguments) {
                                        ScalarBuilder scalar(inner, at);
                                        for (auto [argument, operand] : llvm::zip(arguments, operands))
                                          scalar.as(argument, element(operand));
                                        scalar.as(arguments.back(), result);
                                        linalg::YieldOp::create(inner, at, body(scalar, arguments));
                                      });
  return as(fold(op), result);
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
  struct Source {
    int operand; // or -1 and the scalar
    TypedAttr scalar;
    Type declared;
  };
  SmallVector<Source> plan;
  for (Value operand : operands) {
    DenseElementsAttr value = constantOf(operand);
    if (value && value.isSplat() && value.getNumElements()) {
      plan.push_back({-1, cast<TypedAttr>(value.getSplatValue<Attribute>()), this->element(operand)});
      continue;
    }
    AffineMap map = broadcastMap(context, shapeOf(operand), shape);
    operand = lookThroughBroadcast(operand, map);
    int at = 0;
    for (; at != static_cast<int>(tensors.size()); ++at)
      if (tensors[at] == operand && maps[at] == map)
        break;
    plan.push_back({at, {}, {}});
    if (at == static_cast<int>(tensors.size())) {
      tensors.push_back(operand);
      maps.push_back(map);
    }
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  SmallVector<IteratorType> iterators(rank, IteratorType::parallel);
  return generic(tensors, empty(shape, element), maps, iterators, [&](ScalarBuilder &s, ValueRange arguments) {
    SmallVector<Value> scalars;
    for (auto &[at, value, declared] : plan)
      scalars.push_back(at >= 0 ? arguments[at] : s.as(arith::ConstantOp::create(s.b, s.loc, value), declared));
    return body(s, scalars);
  });
}

Value TensorBuilder::map(ArrayRef<Value> operands, Type element, Body body) {
  SmallVector<int64_t> shape;
  for (Value operand : operands)
    shape = *broadcastShapes(shape, shapeOf(operand));
  return mapInto(shape, operands, element, body);
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
    // Extremes of unsigned 32 bits are those of signed ones with the upper bit changed: the machine compares signed.
    Type declared = element(x), compared = declared;
    bool biased = declared.isUnsignedInteger(32) && (kind == ReduceKind::Max || kind == ReduceKind::Min);
    auto changeUpperBit = [&](Value value, Type to) {
      return map({value}, to, [&](ScalarBuilder &s, ValueRange v) {
        return s.cast(s.op<arith::XOrIOp>(v[0], s.constant(v[0].getType(), int64_t(1) << 31)), to);
      });
    };
    if (biased) {
      compared = storedType(declared);
      result = changeUpperBit(result, compared);
    }
    SmallVector<AffineMap> maps{AffineMap::getMultiDimIdentityMap(shape.size(), context),
                                AffineMap::get(shape.size(), 0, exprs, context)};
    result = generic({result}, filled(outShape, compared, identityOf(kind, compared)), maps, iterators,
                     [&](ScalarBuilder &s, ValueRange args) { return s.reduce(kind, args[0], args[1]); });
    if (biased)
      result = changeUpperBit(result, declared);
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
  return generic({lhs, rhs}, filled(shape, element(lhs), identityOf(ReduceKind::Add, element(lhs))),
                 {lhsMap, rhsMap, resultMap}, iterators,
                 [](ScalarBuilder &s, ValueRange args) { return s.add(args[2], s.mul(args[0], args[1])); });
}

Value TensorBuilder::add(Value x, Value y) {
  return map({x, y}, element(x), [](ScalarBuilder &s, ValueRange v) { return s.add(v[0], v[1]); });
}
Value TensorBuilder::sub(Value x, Value y) {
  return map({x, y}, element(x), [](ScalarBuilder &s, ValueRange v) { return s.sub(v[0], v[1]); });
}
Value TensorBuilder::mul(Value x, Value y) {
  return map({x, y}, element(x), [](ScalarBuilder &s, ValueRange v) { return s.mul(v[0], v[1]); });
}
Value TensorBuilder::div(Value x, Value y) {
  return map({x, y}, element(x), [](ScalarBuilder &s, ValueRange v) { return s.div(v[0], v[1]); });
}
Value TensorBuilder::cast(Value x, Type declared) {
  if (element(x) == declared)
    return x;
  return mapInto(shapeOf(x), {x}, declared, [&](ScalarBuilder &s, ValueRange v) { return s.cast(v[0], declared); });
}

// Both shapes are cut into the finest groups of dimensions with equal products; each group collapses to one dimension
// and expands again. Unit dimensions at the end join the last group.
Value TensorBuilder::reshape(Value x, Shape to) {
  Shape from = shapeOf(x);
  if (from == to)
    return x;
  Type declared = element(x), stored = elementTypeOf(x);
  if (llvm::is_contained(from, 0))
    return as(constant(DenseElementsAttr::get(RankedTensorType::get(to, stored), ArrayRef<Attribute>{})), declared);
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
    result = fold(tensor::CollapseShapeOp::create(b, loc, RankedTensorType::get(middle, stored), result, collapse));
  if (middle.size() != to.size())
    result = fold(tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get(to, stored), result, expand));
  return as(result, declared);
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
  return generic({x}, empty(shape, element(x)),
                 {AffineMap::get(rank, 0, exprs, context), AffineMap::getMultiDimIdentityMap(rank, context)}, iterators,
                 [](ScalarBuilder &, ValueRange v) { return v[0]; });
}

Value TensorBuilder::broadcast(Value x, Shape shape) {
  if (shapeOf(x) == shape)
    return x;
  uint64_t elements = 1;
  for (int64_t dim : shape) // larger than any machine, maybe: whoever reads the result refuses it
    elements = llvm::SaturatingMultiply<uint64_t>(elements, dim);
  if (static_cast<uint64_t>(tensorTypeOf(x).getNumElements()) == elements) // only unit dimensions in front
    return reshape(x, shape);
  Value result = mapInto(shape, {x}, element(x), [](ScalarBuilder &, ValueRange v) { return v[0]; });
  if (Operation *op = result.getDefiningOp<linalg::GenericOp>())
    op->setAttr("wafer.broadcast", b.getUnitAttr());
  return result;
}

Value TensorBuilder::slice(Value x, Shape offsets, Shape sizes, Shape strides) {
  Type declared = element(x), stored = elementTypeOf(x);
  if (sizes == shapeOf(x) && llvm::all_of(offsets, [](int64_t o) { return o == 0; }) &&
      llvm::all_of(strides, [](int64_t s) { return s == 1; }))
    return x;
  if (llvm::is_contained(sizes, 0))
    return as(constant(DenseElementsAttr::get(RankedTensorType::get(sizes, stored), ArrayRef<Attribute>{})), declared);
  if (llvm::all_of(strides, [](int64_t s) { return s > 0; })) {
    auto attrs = [&](Shape values) { return getAsIndexOpFoldResult(b.getContext(), values); };
    return as(fold(tensor::ExtractSliceOp::create(b, loc, RankedTensorType::get(sizes, stored), x, attrs(offsets),
                                                  attrs(sizes), attrs(strides))),
              declared);
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
      {cut}, empty(sizes, declared),
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
  return as(fold(tensor::ConcatOp::create(b, loc, axis, parts)), element(parts.front()));
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
  return as(fold(tensor::PadOp::create(b, loc, RankedTensorType::get(shape, elementTypeOf(x)), x, attrs(low),
                                       attrs(high), scalar)),
            element(x));
}

Value TensorBuilder::padZero(Value x, Shape low, Shape high) {
  return pad(x, low, high, scalarAttr(elementTypeOf(x), int64_t(0)));
}

Value TensorBuilder::gatherRows(Value x, Value indices) {
  SmallVector<int64_t> indexShape(shapeOf(indices));
  SmallVector<int64_t> shape = indexShape;
  llvm::append_range(shape, shapeOf(x).drop_front());
  indexShape.push_back(1);
  Value column = reshape(indices, indexShape);
  return as(fold(tensor::GatherOp::create(b, loc, RankedTensorType::get(shape, elementTypeOf(x)), x, column,
                                          ArrayRef<int64_t>{0})),
            element(x));
}
