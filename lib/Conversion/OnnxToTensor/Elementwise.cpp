// Elementwise arithmetic, comparison, logic, selection and conversion: one generic each, broadcasting by its maps.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using V = Value;

/// The broadcast shape of the operands, or a refusal.
LogicalResult checkBroadcast(NodeLowering &n, ArrayRef<Value> operands) {
  SmallVector<int64_t> shape;
  for (Value operand : operands) {
    auto next = broadcastShapes(shape, shapeOf(operand));
    if (!next) {
      std::string text;
      llvm::raw_string_ostream os(text);
      os << "operands of shape ";
      llvm::interleave(
          operands, os,
          [&](Value v) {
            os << '[';
            llvm::interleaveComma(shapeOf(v), os);
            os << ']';
          },
          " and ");
      return n.invalid(text + " do not broadcast");
    }
    shape = *next;
  }
  return success();
}

template <auto Fn> LogicalResult unary(NodeLowering &n) {
  n.setOutput(0, n.t.map({n.operand(0)}, n.element(0), [](S &s, ValueRange v) { return Fn(s, v[0]); }));
  return success();
}

/// Unary on floats only.
template <auto Fn> LogicalResult floatUnary(NodeLowering &n) {
  if (!isa<FloatType>(n.element(0)))
    return n.invalid("the operand must be of floats");
  return unary<Fn>(n);
}

template <auto Fn> LogicalResult binary(NodeLowering &n) {
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  n.setOutput(0, n.t.map(n.allOperands(), n.element(0), [](S &s, ValueRange v) { return Fn(s, v[0], v[1]); }));
  return success();
}

/// All operands combined, from the left. A kernel of very many would have to have all of them at once: they are taken
/// some at a time.
template <auto Fn> Value combined(NodeLowering &n) {
  constexpr size_t kMostAtOnce = 16;
  SmallVector<Value> left(n.allOperands());
  do {
    size_t count = std::min(kMostAtOnce, left.size());
    left[count - 1] = n.t.map(ArrayRef(left).take_front(count), n.element(0), [](S &s, ValueRange v) {
      V result = v[0];
      for (V next : v.drop_front())
        result = std::invoke(Fn, s, result, next);
      return result;
    });
    left.erase(left.begin(), left.begin() + count - 1);
  } while (left.size() > 1);
  return left.front();
}

/// Min, Max, Sum: any number of operands.
template <auto Fn> LogicalResult variadic(NodeLowering &n) {
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  n.setOutput(0, combined<Fn>(n));
  return success();
}

LogicalResult lowerMean(NodeLowering &n) {
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  size_t count = n.allOperands().size();
  n.setOutput(0, n.t.map({combined<&S::add>(n)}, n.element(0),
                         [&](S &s, ValueRange v) { return s.div(v[0], s.constant(v[0].getType(), count)); }));
  return success();
}

template <const char *Predicate> LogicalResult compare(NodeLowering &n) {
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  n.setOutput(
      0, n.t.map(n.allOperands(), n.t.b.getI1Type(), [](S &s, ValueRange v) { return s.cmp(Predicate, v[0], v[1]); }));
  return success();
}

constexpr char eq[] = "eq", lt[] = "lt", le[] = "le", gt[] = "gt", ge[] = "ge";

LogicalResult lowerWhere(NodeLowering &n) {
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  n.setOutput(0, n.t.map(n.allOperands(), n.element(1), [](S &s, ValueRange v) { return s.select(v[0], v[1], v[2]); }));
  return success();
}

/// What an int32 power becomes that leaves its type: where ONNX Runtime's conversion from double ends up.
constexpr double beyondInt32 = -0x1p31;

/// x^exponent by squaring, in x's own type, for an exponent of at least 1.
V power(S &s, V x, int64_t exponent) {
  V result;
  for (V square = x;; square = s.mul(square, square)) {
    if (exponent & 1)
      result = result ? s.mul(result, square) : square;
    exponent >>= 1;
    if (exponent == 0)
      return result;
  }
}

V integerPower(S &s, V x, int64_t exponent) {
  V result = power(s, x, exponent);
  Type type = x.getType();
  if (exponent == 1 || !type.isInteger(32))
    return result;
  // The largest number whose power is an int32.
  double largest = std::floor(std::pow(0x1p31, 1.0 / static_cast<double>(exponent)) + 1e-9);
  while (std::pow(largest, static_cast<double>(exponent)) > 0x1p31 - 1)
    --largest;
  V fits = s.op<arith::AndIOp>(s.cmp("le", x, s.constant(type, largest)), s.cmp("ge", x, s.constant(type, -largest)));
  return s.select(fits, result, s.constant(type, beyondInt32));
}

/// x^exponent of integers, the exponent known at run time only: squares are taken in where the exponent has a bit, and
/// none is made that is not. Negative exponents leave 1 / x^-e, rounded to zero.
V integerPower(S &s, V x, V exponent) {
  Type type = x.getType(), f32 = s.b.getF32Type();
  V zero = s.constant(type, 0), one = s.constant(type, 1), minusOne = s.constant(type, -1);
  V result = one, square = x, rest = s.max(exponent, zero);
  for (int bit = 0; bit != 31; ++bit) {
    V odd = s.cmp("ne", s.op<arith::AndIOp>(rest, one), zero);
    result = s.mul(result, s.select(odd, square, one));
    rest = s.op<arith::ShRSIOp>(rest, one);
    if (bit == 30)
      break;
    V needed = s.select(s.cmp("ne", rest, zero), square, one);
    square = s.mul(needed, needed);
  }
  if (type.isInteger(32)) {
    // No int32 is a power between this bound, which is coarse enough for f32, and 2^31.
    V size = s.op<math::PowFOp>(s.abs(s.cast(x, f32)), s.cast(exponent, f32));
    V beyond = s.op<arith::AndIOp>(s.cmp("gt", size, s.constant(f32, 2147440000)), s.cmp("gt", exponent, one));
    result = s.select(beyond, s.constant(type, beyondInt32), result);
  }
  V odd = s.cmp("ne", s.op<arith::AndIOp>(exponent, one), zero);
  V unit = s.select(s.cmp("eq", x, minusOne), s.select(odd, minusOne, one), zero);
  unit = s.select(s.cmp("eq", x, one), one, unit);
  return s.select(s.cmp("lt", exponent, zero), unit, result);
}

/// An integer to a fractional power, truncated. What is an integer but for rounding is that integer.
V truncatedPower(S &s, V x, V exponent) {
  Type f32 = s.b.getF32Type(), type = x.getType();
  V power = s.op<math::PowFOp>(s.cast(x, f32), s.cast(exponent, f32));
  V nearest = s.op<math::RoundEvenOp>(power);
  V close = s.cmp("le", s.abs(s.sub(power, nearest)), s.mul(s.abs(power), s.constant(f32, 1e-6)));
  return s.cast(s.select(close, nearest, power), type);
}

// x^2, x^0.5... are what models mean by Pow; the rest is powf, and repeated squaring for integers.
LogicalResult lowerPow(NodeLowering &n) {
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  Type element = n.element(0);
  std::optional<double> exponent = n.constantScalar(1);
  bool isFloat = isa<FloatType>(element);
  bool isWhole = exponent && *exponent >= 0 && *exponent < 0x1p31 && *exponent == std::floor(*exponent);
  n.setOutput(0, n.t.map(n.allOperands(), element, [&](S &s, ValueRange v) -> V {
    V x = v[0];
    if (exponent == 0.0)
      return s.constant(element, 1);
    if (isWhole && !isFloat)
      return integerPower(s, x, static_cast<int64_t>(*exponent));
    if (isWhole && *exponent <= 3)
      return power(s, x, static_cast<int64_t>(*exponent));
    if (!isFloat && isa<IntegerType>(v[1].getType()))
      return integerPower(s, x, s.cast(v[1], element));
    if (!isFloat)
      return truncatedPower(s, x, v[1]);
    if (exponent == 0.5)
      return s.op<math::SqrtOp>(x);
    if (exponent == -0.5)
      return s.op<math::RsqrtOp>(x);
    if (exponent == -1.0)
      return s.div(s.constant(element, 1), x);
    return s.op<math::PowFOp>(x, s.cast(v[1], element));
  }));
  return success();
}

LogicalResult lowerMod(NodeLowering &n) {
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  bool fmod = n.intAttr("fmod", 0) != 0;
  if (isa<FloatType>(n.element(0)) && !fmod)
    return n.invalid("fmod must be 1 for floats");
  n.setOutput(0, n.t.map(n.allOperands(), n.element(0), [&](S &s, ValueRange v) -> V {
    if (S::isFloat(v[0]))
      return s.op<arith::RemFOp>(v[0], v[1]);
    if (s.isUnsigned(v[0]))
      return s.op<arith::RemUIOp>(v[0], v[1]);
    V remainder = s.op<arith::RemSIOp>(v[0], v[1]);
    if (fmod)
      return remainder;
    // The result takes the divisor's sign. The sum is within the operands' range.
    V zero = s.constant(remainder.getType(), 0);
    V differ = s.op<arith::XOrIOp>(s.cmp("lt", remainder, zero), s.cmp("lt", v[1], zero));
    V adjust = s.op<arith::AndIOp>(differ, s.cmp("ne", remainder, zero));
    return s.add(remainder, s.select(adjust, v[1], zero));
  }));
  return success();
}

LogicalResult lowerClip(NodeLowering &n) {
  SmallVector<Value> operands{n.operand(0)};
  int lower = -1, upper = -1;
  if (n.operand(1))
    lower = operands.size(), operands.push_back(n.operand(1));
  if (n.operand(2))
    upper = operands.size(), operands.push_back(n.operand(2));
  if (failed(checkBroadcast(n, operands)))
    return failure();
  n.setOutput(0, n.t.map(operands, n.element(0), [&](S &s, ValueRange v) {
    V x = v[0];
    if (lower >= 0)
      x = s.max(x, v[lower]);
    if (upper >= 0)
      x = s.min(x, v[upper]);
    return x;
  }));
  return success();
}

} // namespace

namespace {

LogicalResult lowerCast(NodeLowering &n) {
  int64_t number = n.intAttr("to", 1);
  Type to = n.op() == "CastLike" ? n.element(1) : onnx::elementTypeFor(n.t.b.getContext(), number);
  if (!to) {
    static constexpr const char *names[] = {
        "undefined", "float",      "uint8",      "int8",         "uint16",         "int16",      "int32",
        "int64",     "string",     "bool",       "float16",      "double",         "uint32",     "uint64",
        "complex64", "complex128", "bfloat16",   "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz",
        "uint4",     "int4",       "float4e2m1", "float8e8m0"};
    bool known = number >= 0 && number < static_cast<int64_t>(std::size(names));
    std::string name = known ? names[number] : "element type number " + std::to_string(number);
    return n.refuse(ErrorCode::ElementTypeUnsupported, "casts to " + name + ", which the machine does not have",
                    "cast to a type of 8 to 64 bits");
  }
  n.setOutput(0, n.t.cast(n.operand(0), to));
  return success();
}

LogicalResult lowerBitCast(NodeLowering &n) {
  Type from = n.element(0), to = onnx::elementTypeFor(n.t.b.getContext(), n.intAttr("to", 0));
  bool fromBool = from.isInteger(1), toBool = to && to.isInteger(1);
  auto width = [](Type type) { return std::max(type.getIntOrFloatBitWidth(), 8u); };
  if (!to || width(to) != width(from) || toBool != (toBool && fromBool))
    return n.unsupported("types of different widths, or one without support");
  bool sameKind = isa<FloatType>(from) == isa<FloatType>(to) && (!isa<FloatType>(from) || from == to);
  if (!sameKind && width(from) != 32)
    return n.refuse(ErrorCode::ElementTypeUnsupported, "bits of floats of other than 32 bits have no form here", "");
  n.setOutput(0, n.t.mapInto(n.shape(0), {n.operand(0)}, to, [&](S &s, ValueRange v) -> V {
    if (storedType(from) == storedType(to))
      return v[0];
    return fromBool ? s.cast(v[0], to) : s.as(arith::BitcastOp::create(s.b, s.loc, storedType(to), v[0]), to);
  }));
  return success();
}

LogicalResult lowerBitShift(NodeLowering &n) {
  StringRef direction = n.stringAttr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.invalid("direction must be LEFT or RIGHT");
  if (!n.element(0).isInteger())
    return n.invalid("the operands must be integers");
  if (failed(checkBroadcast(n, n.allOperands())))
    return failure();
  n.setOutput(0, n.t.map(n.allOperands(), n.element(0), [&](S &s, ValueRange v) {
    return direction == "LEFT" ? s.shiftLeft(v[0], v[1]) : s.shiftRight(v[0], v[1]);
  }));
  return success();
}

LogicalResult lowerSign(NodeLowering &n) {
  n.setOutput(0, n.t.map({n.operand(0)}, n.element(0), [](S &s, ValueRange v) -> V {
    V zero = s.constant(v[0].getType(), 0), one = s.constant(v[0].getType(), 1);
    V negative = s.select(s.cmp("lt", v[0], zero), s.constant(v[0].getType(), -1), zero);
    return s.select(s.cmp("gt", v[0], zero), one, negative);
  }));
  return success();
}

LogicalResult lowerIsNaN(NodeLowering &n) {
  n.setOutput(0,
              n.t.map({n.operand(0)}, n.t.b.getI1Type(), [](S &s, ValueRange v) { return s.cmp("ne", v[0], v[0]); }));
  return success();
}

LogicalResult lowerIsInf(NodeLowering &n) {
  bool positive = n.intAttr("detect_positive", 1), negative = n.intAttr("detect_negative", 1);
  n.setOutput(0, n.t.map({n.operand(0)}, n.t.b.getI1Type(), [&](S &s, ValueRange v) -> V {
    Type type = v[0].getType();
    V result = s.constant(s.b.getI1Type(), 0);
    if (positive)
      result = s.op<arith::OrIOp>(result, s.cmp("eq", v[0], s.constant(type, INFINITY)));
    if (negative)
      result = s.op<arith::OrIOp>(result, s.cmp("eq", v[0], s.constant(type, -INFINITY)));
    return result;
  }));
  return success();
}

V add(S &s, V x, V y) { return s.add(x, y); }
V sub(S &s, V x, V y) { return s.sub(x, y); }
V mul(S &s, V x, V y) { return s.mul(x, y); }
V quotient(S &s, V x, V y) { return s.div(x, y); }
V max(S &s, V x, V y) { return s.max(x, y); }
V min(S &s, V x, V y) { return s.min(x, y); }
V neg(S &s, V x) { return s.neg(x); }
V absolute(S &s, V x) { return s.abs(x); }
V logicalNot(S &s, V x) { return s.op<arith::XOrIOp>(x, s.constant(x.getType(), 1)); }
V bitwiseNot(S &s, V x) { return s.op<arith::XOrIOp>(x, s.constant(x.getType(), -1)); }
V reciprocal(S &s, V x) { return s.div(s.constant(x.getType(), 1), x); }
template <typename Op> V math1(S &s, V x) { return s.op<Op>(x); }
template <typename Op> V op2(S &s, V x, V y) { return s.op<Op>(x, y); }

} // namespace

ArrayRef<LoweringEntry> wafer::elementwiseLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Add", 7, binary<add>},
      {"Sub", 7, binary<sub>},
      {"Mul", 7, binary<mul>},
      {"Div", 7, binary<quotient>},
      {"Pow", 7, lowerPow},
      {"Mod", 10, lowerMod},
      {"Max", 8, variadic<max>},
      {"Min", 8, variadic<min>},
      {"Sum", 8, variadic<add>},
      {"Mean", 8, lowerMean},
      {"Clip", 11, lowerClip},
      {"Where", 9, lowerWhere, Operands::Stored},
      {"Equal", 7, compare<eq>},
      {"Less", 7, compare<lt>},
      {"LessOrEqual", 12, compare<le>},
      {"Greater", 7, compare<gt>},
      {"GreaterOrEqual", 12, compare<ge>},
      {"And", 7, binary<op2<arith::AndIOp>>},
      {"Or", 7, binary<op2<arith::OrIOp>>},
      {"Xor", 7, binary<op2<arith::XOrIOp>>},
      {"BitwiseAnd", 18, binary<op2<arith::AndIOp>>},
      {"BitwiseOr", 18, binary<op2<arith::OrIOp>>},
      {"BitShift", 11, lowerBitShift},
      {"BitwiseXor", 18, binary<op2<arith::XOrIOp>>},
      {"Not", 1, unary<logicalNot>},
      {"BitwiseNot", 18, unary<bitwiseNot>},
      {"Neg", 6, unary<neg>},
      {"Abs", 6, unary<absolute>},
      {"Sign", 9, lowerSign},
      {"IsNaN", 9, lowerIsNaN},
      {"IsInf", 10, lowerIsInf},
      {"Reciprocal", 6, floatUnary<reciprocal>},
      {"Exp", 6, floatUnary<math1<math::ExpOp>>},
      {"Log", 6, floatUnary<math1<math::LogOp>>},
      {"Sqrt", 6, floatUnary<math1<math::SqrtOp>>},
      {"Tanh", 6, floatUnary<math1<math::TanhOp>>},
      {"Erf", 9, floatUnary<math1<math::ErfOp>>},
      {"Sin", 7, floatUnary<math1<math::SinOp>>},
      {"Cos", 7, floatUnary<math1<math::CosOp>>},
      {"Tan", 7, floatUnary<math1<math::TanOp>>},
      {"Asin", 7, floatUnary<math1<math::AsinOp>>},
      {"Acos", 7, floatUnary<math1<math::AcosOp>>},
      {"Atan", 7, floatUnary<math1<math::AtanOp>>},
      {"Sinh", 9, floatUnary<math1<math::SinhOp>>},
      {"Cosh", 9, floatUnary<math1<math::CoshOp>>},
      {"Asinh", 9, floatUnary<math1<math::AsinhOp>>},
      {"Acosh", 9, floatUnary<math1<math::AcoshOp>>},
      {"Atanh", 9, floatUnary<math1<math::AtanhOp>>},
      {"Floor", 6, floatUnary<math1<math::FloorOp>>},
      {"Ceil", 6, floatUnary<math1<math::CeilOp>>},
      {"Round", 11, floatUnary<math1<math::RoundEvenOp>>},
      {"Cast", 6, lowerCast, Operands::Stored},
      {"CastLike", 15, lowerCast, Operands::Stored},
      {"BitCast", 26, lowerBitCast, Operands::Stored},
  };
  return table;
}
