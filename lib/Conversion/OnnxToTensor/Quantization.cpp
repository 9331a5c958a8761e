// Quantized arithmetic: q = saturate(round(x / scale) + zero point), and products of such numbers.
//
// Narrow integers arrive here as numbers of 32 bits (see Lowering.h), so a zero point is subtracted exactly and
// products accumulate in 32 bits, as ONNX Runtime does. Halves are rounded to even before the zero point is added;
// saturation is done on floats, where the limits of 16 bits are exact.
#include "Quantization.h"
#include "MatMul.h"
#include "Window.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// The numbers that a quantized type holds.
struct Limits {
  double low, high;
};
std::optional<Limits> limitsOf(Type declared) {
  bool isUnsigned = declared.isUnsignedInteger();
  if (declared.isInteger(8))
    return isUnsigned ? Limits{0, 255} : Limits{-128, 127};
  if (declared.isInteger(16))
    return isUnsigned ? Limits{0, 65535} : Limits{-32768, 32767};
  return std::nullopt;
}

/// A parameter (scale or zero point) of one value, of one per element of `axis`, or of one per block of `block`
/// elements along it, in a shape that broadcasts to `shape`. Null after a refusal.
Value spread(NodeLowering &n, Value parameter, ArrayRef<int64_t> shape, int64_t axis, int64_t block) {
  ArrayRef<int64_t> own = shapeOf(parameter);
  if (tensorTypeOf(parameter).getNumElements() == 1 && block == 0)
    return n.t.reshape(parameter, {});
  auto where = NodeLowering::normalizeAxis(axis, shape.size());
  if (!where) {
    (void)n.invalid("axis " + Twine(axis) + " is out of range");
    return {};
  }
  if (block == 0) {
    if (own.size() != 1 || own[0] != shape[*where]) {
      (void)n.invalid("a scale or zero point has neither one element nor one for each of axis " + Twine(axis));
      return {};
    }
    Ints column(shape.size() - *where, 1);
    column[0] = own[0];
    return n.t.reshape(parameter, column);
  }
  // Every block's value repeated, the last block's as far as there are elements.
  Ints blocks(shape);
  blocks[*where] = (shape[*where] + block - 1) / block;
  if (own != ArrayRef<int64_t>(blocks)) {
    (void)n.invalid("blocks of " + Twine(block) + " do not divide the operand as the scale has it");
    return {};
  }
  Ints column(blocks), repeated(blocks), whole(blocks), offsets(shape.size(), 0), ones(shape.size(), 1);
  column.insert(column.begin() + *where + 1, 1);
  repeated.insert(repeated.begin() + *where + 1, block);
  whole[*where] *= block;
  Value all = n.t.reshape(n.t.broadcast(n.t.reshape(parameter, column), repeated), whole);
  return n.t.slice(all, offsets, shape, ones);
}

/// saturate(round(x / scale) + zero) as a number of 32 bits.
Value quantized(S &s, Value x, Value scale, Value zero, const Limits &limits) {
  Value q = s.op<math::RoundEvenOp>(s.div(x, scale));
  if (zero)
    q = s.add(q, s.cast(zero, q.getType()));
  q = s.min(s.max(q, s.constant(q.getType(), limits.low)), s.constant(q.getType(), limits.high));
  return s.cast(q, s.b.getI32Type());
}

/// The type that QuantizeLinear makes: that of its zero point, else what output_dtype says, else uint8.
Type quantizedType(NodeLowering &n, size_t zeroPoint) {
  if (n.operand(zeroPoint))
    return n.declared(zeroPoint);
  constexpr int64_t kUnset = 0, kUint8 = 2;
  int64_t number = n.intAttr("output_dtype", kUnset);
  auto type =
      dyn_cast_or_null<IntegerType>(onnx::elementTypeFor(n.t.b.getContext(), number == kUnset ? kUint8 : number));
  return type && (type.getWidth() == 8 || type.getWidth() == 16) ? type : Type();
}

LogicalResult refuseQuantizedType(NodeLowering &n) {
  return n.refuse(ErrorCode::ElementTypeUnsupported, "quantizes to a type that is not int8, uint8, int16 or uint16",
                  "");
}

LogicalResult lowerQuantizeLinear(NodeLowering &n) {
  Type type = quantizedType(n, 2);
  std::optional<Limits> limits = type ? limitsOf(type) : std::nullopt;
  if (!limits)
    return refuseQuantizedType(n);
  int64_t axis = n.intAttr("axis", 1), block = n.intAttr("block_size", 0);
  SmallVector<Value> operands{n.operand(0), spread(n, n.operand(1), n.shape(0), axis, block)};
  if (n.operand(2))
    operands.push_back(spread(n, n.operand(2), n.shape(0), axis, block));
  if (llvm::is_contained(operands, Value()))
    return failure();
  Type f32 = n.t.b.getF32Type();
  Value y = n.t.mapInto(n.shape(0), operands, n.t.b.getI32Type(), [&](S &s, ValueRange v) {
    return quantized(s, s.cast(v[0], f32), s.cast(v[1], f32), v.size() > 2 ? v[2] : Value(), *limits);
  });
  n.setOutput(0, n.t.cast(y, type));
  return success();
}

LogicalResult lowerDequantizeLinear(NodeLowering &n) {
  if (!n.element(0).isInteger())
    return n.refuse(ErrorCode::ElementTypeUnsupported, "dequantizes a type that is no integer of 8, 16 or 32 bits", "");
  int64_t axis = n.intAttr("axis", 1), block = n.intAttr("block_size", 0);
  SmallVector<Value> operands{n.operand(0), spread(n, n.operand(1), n.shape(0), axis, block)};
  if (n.operand(2))
    operands.push_back(spread(n, n.operand(2), n.shape(0), axis, block));
  if (llvm::is_contained(operands, Value()))
    return failure();
  Type type = n.element(1);
  n.setOutput(0, n.t.mapInto(n.shape(0), operands, type, [&](S &s, ValueRange v) {
    Value x = v.size() > 2 ? s.sub(v[0], v[2]) : v[0];
    return s.mul(s.cast(x, type), v[1]);
  }));
  return success();
}

LogicalResult lowerDynamicQuantizeLinear(NodeLowering &n) {
  Type u8 = n.t.b.getIntegerType(8, false);
  if (!n.element(0).isF32() || tensorTypeOf(n.operand(0)).getNumElements() == 0)
    return n.invalid("the operand must be of float32, and not empty");
  Ints axes(n.rank(0));
  std::iota(axes.begin(), axes.end(), 0);
  DynamicallyQuantized q = quantizeDynamically(n.t, n.operand(0), axes);
  n.setOutput(0, n.t.cast(q.values, u8));
  n.setOutput(1, n.t.reshape(q.scale, {}));
  n.setOutput(2, n.t.cast(n.t.reshape(q.zeroPoint, {}), u8));
  return success();
}

/// A parameter of a matrix product's operand: of one value, or of one for each row (`lines` -2) or column (-1).
Value alongLines(NodeLowering &n, Value parameter, int64_t line) {
  ArrayRef<int64_t> shape = shapeOf(parameter);
  if (tensorTypeOf(parameter).getNumElements() == 1)
    return n.t.reshape(parameter, {});
  if (shape.size() != 1)
    return parameter; // given with the operand's dimensions
  return line == -2 ? n.t.reshape(parameter, {shape[0], 1}) : parameter;
}

/// `x` less its zero point.
Value centered(NodeLowering &n, Value x, Value zeroPoint) { return zeroPoint ? n.t.sub(x, zeroPoint) : x; }

bool broadcasts(Value parameter, Value to) {
  auto shape = broadcastShapes(shapeOf(to), shapeOf(parameter));
  return shape && ArrayRef<int64_t>(*shape) == shapeOf(to);
}

/// The product of operands `a` and `b` less their zero points, in 32 bits.
FailureOr<Value> integerProduct(NodeLowering &n, size_t a, size_t b, size_t zeroA, size_t zeroB) {
  Value x = n.operand(a), y = n.operand(b);
  Value zx = n.operand(zeroA) ? alongLines(n, n.operand(zeroA), -2) : Value(),
        zy = n.operand(zeroB) ? alongLines(n, n.operand(zeroB), -1) : Value();
  if ((zx && !broadcasts(zx, x)) || (zy && !broadcasts(zy, y)))
    return n.invalid("a zero point has neither one element nor one for each row or column");
  return matrixProduct(n, centered(n, x, zx), centered(n, y, zy));
}

LogicalResult lowerMatMulInteger(NodeLowering &n) {
  FailureOr<Value> product = integerProduct(n, 0, 1, 2, 3);
  if (failed(product))
    return failure();
  n.setOutput(0, *product);
  return success();
}

/// acc * (scale / result scale), quantized: the end of QLinearMatMul and QLinearConv. Scales broadcast to acc.
LogicalResult requantize(NodeLowering &n, Value acc, Value scaleA, Value scaleB, size_t scale, size_t zeroPoint) {
  Type type = n.declared(zeroPoint);
  std::optional<Limits> limits = limitsOf(type);
  if (!limits)
    return refuseQuantizedType(n);
  Value scaleY = n.t.reshape(n.operand(scale), {}), zero = n.t.reshape(n.operand(zeroPoint), {});
  Value y = n.t.mapInto(shapeOf(acc), {acc, scaleA, scaleB, scaleY, zero}, n.t.b.getI32Type(), [&](S &s, ValueRange v) {
    Type f32 = s.b.getF32Type();
    Value factor = s.div(s.mul(s.cast(v[1], f32), s.cast(v[2], f32)), s.cast(v[3], f32));
    return quantized(s, s.mul(s.cast(v[0], f32), factor), s.constant(f32, 1), v[4], *limits);
  });
  n.setOutput(0, n.t.cast(y, type));
  return success();
}

bool isScalar(NodeLowering &n, size_t i) { return tensorTypeOf(n.operand(i)).getNumElements() == 1; }

// a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point
LogicalResult lowerQLinearMatMul(NodeLowering &n) {
  if (!isScalar(n, 6) || !isScalar(n, 7))
    return n.unsupported("the result has a scale or zero point per row", "quantize it per tensor");
  FailureOr<Value> product = integerProduct(n, 0, 3, 2, 5);
  if (failed(product))
    return failure();
  Value scaleA = alongLines(n, n.operand(1), -2), scaleB = alongLines(n, n.operand(4), -1);
  if (!broadcasts(scaleA, *product) || !broadcasts(scaleB, *product))
    return n.invalid("a scale has neither one element nor one for each row or column");
  return requantize(n, *product, scaleA, scaleB, 6, 7);
}

/// A parameter per output channel, along the first dimension of a weight (`dims` dimensions follow).
Value perChannel(NodeLowering &n, Value parameter, int64_t dims) {
  if (tensorTypeOf(parameter).getNumElements() == 1)
    return n.t.reshape(parameter, {});
  Ints shape(1 + dims, 1);
  shape[0] = tensorTypeOf(parameter).getNumElements();
  return n.t.reshape(parameter, shape);
}

/// The convolution of operands less their zero points, in 32 bits: what pads x then is 0.
FailureOr<Value> integerConvolution(NodeLowering &n, size_t x, size_t w, size_t zeroX, size_t zeroW) {
  Value weight = n.operand(w);
  Value zx = n.operand(zeroX) ? n.t.reshape(n.operand(zeroX), {}) : Value();
  Value zw = n.operand(zeroW) ? perChannel(n, n.operand(zeroW), tensorTypeOf(weight).getRank() - 1) : Value();
  if (zw && !broadcasts(zw, weight))
    return n.invalid("the weight's zero point has neither one element nor one for each output channel");
  return convolution(n, centered(n, n.operand(x), zx), centered(n, weight, zw));
}

LogicalResult lowerConvInteger(NodeLowering &n) {
  if (n.operand(2) && !isScalar(n, 2))
    return n.unsupported("x has more than one zero point");
  FailureOr<Value> y = integerConvolution(n, 0, 1, 2, 3);
  if (failed(y))
    return failure();
  n.setOutput(0, *y);
  return success();
}

// x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias
LogicalResult lowerQLinearConv(NodeLowering &n) {
  for (size_t i : {1, 2, 6, 7})
    if (!isScalar(n, i))
      return n.unsupported("operand or result have more than one scale or zero point", "quantize them per tensor");
  FailureOr<Value> acc = integerConvolution(n, 0, 3, 2, 5);
  if (failed(acc))
    return failure();
  int64_t spatial = tensorTypeOf(*acc).getRank() - 2;
  Value y = *acc;
  if (n.operand(8)) {
    Value bias = perChannel(n, n.operand(8), spatial);
    if (!broadcasts(bias, y))
      return n.invalid("the bias has neither one element nor one for each output channel");
    y = n.t.add(y, bias);
  }
  Value scaleW = perChannel(n, n.operand(4), spatial);
  if (!broadcasts(scaleW, y))
    return n.invalid("the weight's scale has neither one element nor one for each output channel");
  return requantize(n, y, n.t.reshape(n.operand(1), {}), scaleW, 6, 7);
}

} // namespace

// The range with 0 in it becomes 0..255.
DynamicallyQuantized wafer::quantizeDynamically(TensorBuilder &t, Value x, ArrayRef<int64_t> axes) {
  Type f32 = t.b.getF32Type(), i32 = t.b.getI32Type();
  Value low = t.reduce(x, axes, /*keep=*/true, ReduceKind::Min),
        high = t.reduce(x, axes, /*keep=*/true, ReduceKind::Max);
  Limits limits{0, 255};
  DynamicallyQuantized q;
  q.scale = t.map({low, high}, f32, [&](S &s, ValueRange v) {
    Value zero = s.constant(f32, 0);
    Value range = s.sub(s.max(v[1], zero), s.min(v[0], zero));
    // A constant 0 has no range: any scale will do.
    return s.select(s.cmp("eq", range, zero), s.constant(f32, 1), s.div(range, s.constant(f32, 255)));
  });
  q.zeroPoint = t.map({low, q.scale}, i32, [&](S &s, ValueRange v) {
    Value lowest = s.min(v[0], s.constant(f32, 0));
    return quantized(s, s.neg(lowest), v[1], Value(), limits);
  });
  q.values = t.mapInto(shapeOf(x), {x, q.scale, q.zeroPoint}, i32,
                       [&](S &s, ValueRange v) { return quantized(s, v[0], v[1], v[2], limits); });
  return q;
}

ArrayRef<LoweringEntry> wafer::quantizationLowerings() {
  static constexpr LoweringEntry table[] = {
      {"QuantizeLinear", 10, lowerQuantizeLinear},
      {"DequantizeLinear", 10, lowerDequantizeLinear},
      {"DynamicQuantizeLinear", 11, lowerDynamicQuantizeLinear},
      {"MatMulInteger", 10, lowerMatMulInteger},
      {"QLinearMatMul", 10, lowerQLinearMatMul},
      {"ConvInteger", 10, lowerConvInteger},
      {"QLinearConv", 10, lowerQLinearConv},
  };
  return table;
}
