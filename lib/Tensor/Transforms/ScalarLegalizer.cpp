// Bodies in carried types.
//
// A carried value is a word that stands for the value of the stored type exactly: an f16 is the f32 of the same value,
// an i8 the sign-extended i32, an i64 the i32 of the same number. Operations that could leave that set bring their
// result back into it (rounding, wrapping) or end the run (64 bits). What reads an integer without its sign masks or
// shifts the order of its range first.
//
// A constant of 64 bits that no word holds is known only here, by its value: comparisons and extremes with it are
// decided, since every carried value is below it or above it, and whoever else reads it is refused.
#include "ScalarLegalizer.h"

#include "wafer/Dialect/Wafer/WaferDialect.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Tensor/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer;
using wfr::CheckedKind;

std::string wafer::nodeNamed(Operation *op) {
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    return "node '" + name.getName().str() + "'";
  return "a node";
}

static bool fits(const APInt &value, bool isUnsigned) { return isUnsigned ? value.isIntN(31) : value.isSignedIntN(32); }

static bool hasSign(Operation *op) { return !op->hasAttr("wafer.unsigned"); }

static void refuseWide(Operation *where, const APInt &value, bool isUnsigned) {
  llvm::SmallString<32> text;
  value.toString(text, 10, /*Signed=*/!isUnsigned);
  wafer::emitError(where->getLoc(), ErrorCode::ConstantRange,
                   nodeNamed(where) + " needs " + text.str().str() +
                       " as a value at run time, and the machine's integers have 32 bits",
                   "constants beyond 32 bits can only be compared with, and be limits of Min, Max and Clip");
}

FailureOr<TypedAttr> wafer::carriedScalar(TypedAttr value, bool isUnsigned, Operation *where) {
  Type type = carriedType(value.getType());
  if (auto number = dyn_cast<FloatAttr>(value)) {
    APFloat single = number.getValue();
    bool lossy;
    single.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &lossy);
    if (number.getValue().isFinite() && !single.isFinite()) {
      llvm::SmallString<32> text;
      number.getValue().toString(text, /*FormatPrecision=*/6);
      wafer::emitError(where->getLoc(), ErrorCode::ConstantRange,
                       nodeNamed(where) + " needs the constant " + text.str().str() +
                           ", beyond the range of 32-bit floats",
                       "float64 is computed in float32; use infinity, or a number up to 3.4e38");
      return failure();
    }
    return TypedAttr(FloatAttr::get(type, single));
  }
  auto number = dyn_cast<IntegerAttr>(value);
  if (!number || number.getType().isIndex() || number.getType().isInteger(1))
    return value;
  if (number.getType().isInteger(64) && !fits(number.getValue(), isUnsigned)) {
    refuseWide(where, number.getValue(), isUnsigned);
    return failure();
  }
  return TypedAttr(IntegerAttr::get(type, number.getValue().sextOrTrunc(32)));
}

//===- Pieces -------------------------------------------------------------===//

Value ScalarLegalizer::constant(Location loc, int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value ScalarLegalizer::wrapped(Location loc, Value word, unsigned width) {
  Value count = constant(loc, 32 - width);
  return arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, word, count), count);
}

Value ScalarLegalizer::masked(Location loc, Value word, unsigned width) {
  return arith::AndIOp::create(b, loc, word, constant(loc, (int64_t(1) << width) - 1));
}

Value ScalarLegalizer::roundedTo(Location loc, Value value, Type type) {
  if (type.isF32() || type.isF64())
    return value;
  ++rounded;
  Value narrow = arith::TruncFOp::create(b, loc, type, value);
  return arith::ExtFOp::create(b, loc, b.getF32Type(), narrow);
}

/// Unsigned order becomes signed order.
Value ScalarLegalizer::upperBitChanged(Location loc, Value word) {
  return arith::XOrIOp::create(b, loc, word, constant(loc, int64_t(1) << 31));
}

std::optional<APInt> ScalarLegalizer::constantOf(Value value) {
  IntegerAttr attr;
  if (matchPattern(value, m_Constant(&attr)))
    return attr.getValue();
  return std::nullopt;
}

Value ScalarLegalizer::in(Operation *op, unsigned i) {
  Value operand = op->getOperand(i);
  if (auto found = wide.find(operand); found != wide.end()) {
    refuseWide(op, found->second, !hasSign(op));
    return {};
  }
  return mapping.lookup(operand);
}

//===- Constants beyond 32 bits -------------------------------------------===//

std::optional<APInt> ScalarLegalizer::wideConstant(Operation *op, unsigned i) {
  auto found = wide.find(op->getOperand(i));
  return found == wide.end() ? std::optional<APInt>() : found->second;
}

std::optional<FailureOr<Value>> ScalarLegalizer::withWideConstants(Operation *op) {
  std::optional<APInt> left = op->getNumOperands() ? wideConstant(op, 0) : std::nullopt,
                       right = op->getNumOperands() == 2 ? wideConstant(op, 1) : std::nullopt;
  if (!left && !right)
    return std::nullopt;
  Location loc = op->getLoc();
  // Every carried number lies on one side of a constant that is not carried: any will do to compare with.
  auto nearby = [&](const std::optional<APInt> &value) { return value.value_or(APInt(64, 0)); };
  if (auto cmp = dyn_cast<arith::CmpIOp>(op)) {
    bool holds = arith::applyCmpPredicate(cmp.getPredicate(), nearby(left), nearby(right));
    return FailureOr<Value>(arith::ConstantOp::create(b, loc, b.getBoolAttr(holds)).getResult());
  }
  if (isa<arith::MaxSIOp, arith::MaxUIOp, arith::MinSIOp, arith::MinUIOp>(op)) {
    bool isSigned = isa<arith::MaxSIOp, arith::MinSIOp>(op), isMax = isa<arith::MaxSIOp, arith::MaxUIOp>(op);
    APInt x = nearby(left), y = nearby(right);
    bool leftIsLess = isSigned ? x.slt(y) : x.ult(y);
    unsigned chosen = leftIsLess == isMax ? 1 : 0;
    if (std::optional<APInt> value = chosen ? right : left) {
      wide[op->getResult(0)] = *value;
      return FailureOr<Value>(Value());
    }
    return FailureOr<Value>(in(op, chosen));
  }
  if (auto trunc = dyn_cast<arith::TruncIOp>(op)) {
    APInt bits = left->trunc(trunc.getType().getIntOrFloatBitWidth());
    if (trunc.getType().isInteger(1))
      return FailureOr<Value>(arith::ConstantOp::create(b, loc, b.getBoolAttr(!bits.isZero())).getResult());
    return FailureOr<Value>(constant(loc, bits.getSExtValue()));
  }
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
    auto type = cast<FloatType>(op->getResult(0).getType());
    APFloat value(type.getFloatSemantics());
    value.convertFromAPInt(*left, isa<arith::SIToFPOp>(op), APFloat::rmNearestTiesToEven);
    FailureOr<TypedAttr> attr = carriedScalar(FloatAttr::get(type, value), false, op);
    if (failed(attr))
      return FailureOr<Value>(failure());
    return FailureOr<Value>(arith::ConstantOp::create(b, loc, *attr).getResult());
  }
  return std::nullopt;
}

//===- Conversions --------------------------------------------------------===//

FailureOr<Value> ScalarLegalizer::convert(Operation *op) {
  Location loc = op->getLoc();
  Value x = in(op, 0);
  if (!x)
    return failure();
  Type from = op->getOperand(0).getType(), to = op->getResult(0).getType(), i32 = b.getI32Type(), f32 = b.getF32Type();
  auto checkedOp = [&](CheckedKind kind, Value value) -> Value {
    ++checked;
    return wfr::CheckedOp::create(b, loc, i32, kind, value, Value());
  };
  unsigned fromWidth = from.isIndex() ? 64 : from.getIntOrFloatBitWidth(),
           toWidth = to.isIndex() ? 64 : to.getIntOrFloatBitWidth();
  return TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case<arith::ExtFOp>([&](auto) { return x; })
      .Case<arith::TruncFOp>([&](auto) { return roundedTo(loc, x, to); })
      .Case<arith::ExtSIOp>([&](auto) -> Value {
        if (fromWidth != 1)
          return x;
        return arith::SubIOp::create(b, loc, constant(loc, 0), arith::ExtUIOp::create(b, loc, i32, x));
      })
      .Case<arith::ExtUIOp>([&](auto) -> Value {
        if (fromWidth == 1)
          return arith::ExtUIOp::create(b, loc, i32, x);
        return fromWidth == 32 ? checkedOp(CheckedKind::NonNegative, x) : masked(loc, x, fromWidth);
      })
      .Case<arith::TruncIOp>([&](auto) -> Value {
        if (toWidth == 1)
          return arith::TruncIOp::create(b, loc, to, masked(loc, x, 1));
        return toWidth == 32 ? x : wrapped(loc, x, toWidth);
      })
      .Case<arith::SIToFPOp>([&](auto) -> Value {
        if (fromWidth == 1)
          x = arith::SubIOp::create(b, loc, constant(loc, 0), arith::ExtUIOp::create(b, loc, i32, x));
        return roundedTo(loc, arith::SIToFPOp::create(b, loc, f32, x), to);
      })
      .Case<arith::UIToFPOp>([&](auto) -> Value {
        if (fromWidth == 1 || fromWidth == 32)
          return roundedTo(loc, arith::UIToFPOp::create(b, loc, f32, x), to);
        return roundedTo(loc, arith::SIToFPOp::create(b, loc, f32, fromWidth == 64 ? x : masked(loc, x, fromWidth)),
                         to);
      })
      .Case<arith::FPToSIOp>([&](auto) -> Value {
        if (toWidth == 64)
          return checkedOp(CheckedKind::FromFloat, x);
        Value whole = arith::FPToSIOp::create(b, loc, i32, x);
        return toWidth == 32 ? whole : wrapped(loc, whole, toWidth);
      })
      .Case<arith::FPToUIOp>([&](auto) -> Value {
        if (toWidth == 64)
          return checkedOp(CheckedKind::NonNegative, checkedOp(CheckedKind::FromFloat, x));
        if (toWidth == 32)
          return arith::FPToUIOp::create(b, loc, i32, x);
        return wrapped(loc, arith::FPToSIOp::create(b, loc, i32, x), toWidth);
      })
      .Case<arith::BitcastOp>([&](auto) -> Value {
        if (from != to)
          return arith::BitcastOp::create(b, loc, carriedType(to), x);
        return toWidth == 64 && !hasSign(op) ? checkedOp(CheckedKind::NonNegative, x) : x;
      })
      .Case<arith::IndexCastOp>([&](auto) -> Value { return arith::IndexCastOp::create(b, loc, carriedType(to), x); });
}

FailureOr<Value> ScalarLegalizer::compare(Operation *op) {
  Location loc = op->getLoc();
  Value x = in(op, 0), y = in(op, 1);
  if (!x || !y)
    return failure();
  if (auto cmp = dyn_cast<arith::CmpFOp>(op))
    return arith::CmpFOp::create(b, loc, cmp.getPredicate(), x, y).getResult();
  auto cmp = cast<arith::CmpIOp>(op);
  Type type = op->getOperand(0).getType();
  arith::CmpIPredicate predicate = cmp.getPredicate(), ordered = predicate;
  switch (predicate) {
  case arith::CmpIPredicate::ult:
    ordered = arith::CmpIPredicate::slt;
    break;
  case arith::CmpIPredicate::ule:
    ordered = arith::CmpIPredicate::sle;
    break;
  case arith::CmpIPredicate::ugt:
    ordered = arith::CmpIPredicate::sgt;
    break;
  case arith::CmpIPredicate::uge:
    ordered = arith::CmpIPredicate::sge;
    break;
  default:
    break;
  }
  if (type.isInteger(1) || type.isIndex() || ordered == predicate)
    return arith::CmpIOp::create(b, loc, predicate, x, y).getResult();
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 32)
    x = upperBitChanged(loc, x), y = upperBitChanged(loc, y);
  else if (width < 32)
    x = masked(loc, x, width), y = masked(loc, y, width);
  return arith::CmpIOp::create(b, loc, ordered, x, y).getResult();
}

//===- Arithmetic ---------------------------------------------------------===//

/// 64 bits: what could leave 32 is checked.
FailureOr<Value> ScalarLegalizer::lowerLong(Operation *op) {
  Location loc = op->getLoc();
  SmallVector<Value, 3> v;
  for (unsigned i = 0; i != op->getNumOperands(); ++i) {
    v.push_back(in(op, i));
    if (!v.back())
      return failure();
  }
  auto make = [&](CheckedKind kind, Value x, Value y) -> Value {
    ++checked;
    return wfr::CheckedOp::create(b, loc, b.getI32Type(), kind, x, y);
  };
  // Numbers carried have no bits beyond the 31st to shift in.
  auto shiftRight = [&]() -> Value {
    std::optional<APInt> count = constantOf(op->getOperand(1));
    if (!count || count->ugt(31))
      v[1] = arith::MinSIOp::create(b, loc, v[1], constant(loc, 31));
    return arith::ShRSIOp::create(b, loc, v[0], v[1]);
  };
  auto result =
      TypeSwitch<Operation *, Value>(op)
          .Case<arith::AddIOp>([&](auto) { return make(CheckedKind::Add, v[0], v[1]); })
          .Case<arith::SubIOp>([&](auto) { return make(CheckedKind::Sub, v[0], v[1]); })
          .Case<arith::MulIOp>([&](auto) { return make(CheckedKind::Mul, v[0], v[1]); })
          .Case<arith::ShLIOp>([&](auto) { return make(CheckedKind::Shl, v[0], v[1]); })
          .Case<arith::DivSIOp>([&](auto) -> Value {
            // Only -2^31 / -1 leaves 32 bits.
            std::optional<APInt> divisor = constantOf(op->getOperand(1));
            if (divisor && !divisor->isAllOnes())
              return arith::DivSIOp::create(b, loc, v[0], v[1]);
            return make(CheckedKind::Div, v[0], v[1]);
          })
          .Case<arith::DivUIOp>([&](auto) -> Value { return arith::DivSIOp::create(b, loc, v[0], v[1]); })
          .Case<arith::RemSIOp, arith::RemUIOp>(
              [&](auto) -> Value { return arith::RemSIOp::create(b, loc, v[0], v[1]); })
          .Case<arith::MaxSIOp, arith::MaxUIOp>(
              [&](auto) -> Value { return arith::MaxSIOp::create(b, loc, v[0], v[1]); })
          .Case<arith::MinSIOp, arith::MinUIOp>(
              [&](auto) -> Value { return arith::MinSIOp::create(b, loc, v[0], v[1]); })
          .Case<arith::AndIOp>([&](auto) -> Value { return arith::AndIOp::create(b, loc, v[0], v[1]); })
          .Case<arith::OrIOp>([&](auto) -> Value { return arith::OrIOp::create(b, loc, v[0], v[1]); })
          .Case<arith::XOrIOp>([&](auto) -> Value { return arith::XOrIOp::create(b, loc, v[0], v[1]); })
          .Case<arith::ShRSIOp, arith::ShRUIOp>([&](auto) { return shiftRight(); })
          .Case<arith::SelectOp>([&](auto) -> Value { return arith::SelectOp::create(b, loc, v[0], v[1], v[2]); })
          .Case<math::AbsIOp>([&](auto) -> Value {
            return arith::MaxSIOp::create(b, loc, v[0], make(CheckedKind::Sub, constant(loc, 0), v[0]));
          })
          .Default([](Operation *) { return Value(); });
  if (!result) {
    wafer::emitError(loc, ErrorCode::NodeUnsupported,
                     nodeNamed(op) + " uses '" + op->getName().getStringRef() + "' on 64 bits, which has no form here");
    return failure();
  }
  // Of unsigned numbers only a difference can become negative.
  if (!hasSign(op) && isa<arith::SubIOp>(op))
    result = make(CheckedKind::NonNegative, result, Value());
  return result;
}

/// Ops whose results need no rounding when their operands are of the narrow type.
static bool isExactOnNarrow(Operation *op) {
  return isa<arith::SelectOp, arith::NegFOp, math::AbsFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
             arith::MinNumFOp, arith::RemFOp, math::FloorOp, math::CeilOp, math::RoundEvenOp, math::TruncOp,
             arith::MaxSIOp, arith::MinSIOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::RemSIOp,
             arith::ShRSIOp>(op);
}

FailureOr<Value> ScalarLegalizer::lower(Operation *op) {
  Location loc = op->getLoc();
  Type type = op->getResult(0).getType();
  if (type.isInteger(64))
    return lowerLong(op);
  SmallVector<Value, 3> v;
  for (unsigned i = 0; i != op->getNumOperands(); ++i) {
    v.push_back(in(op, i));
    if (!v.back())
      return failure();
  }
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  bool isNarrowInteger = type.isInteger() && width > 1 && width < 32;
  bool hasUnsignedForm =
      isa<arith::DivUIOp, arith::RemUIOp, arith::ShRUIOp, arith::MaxUIOp, arith::MinUIOp>(op) && width > 1;
  if (hasUnsignedForm && isNarrowInteger) {
    // Without the sign they are small and not negative.
    Value x = masked(loc, v[0], width), y = masked(loc, v[1], width);
    Value result = TypeSwitch<Operation *, Value>(op)
                       .Case<arith::DivUIOp>([&](auto) -> Value { return arith::DivSIOp::create(b, loc, x, y); })
                       .Case<arith::RemUIOp>([&](auto) -> Value { return arith::RemSIOp::create(b, loc, x, y); })
                       .Case<arith::ShRUIOp>([&](auto) -> Value { return arith::ShRSIOp::create(b, loc, x, y); })
                       .Case<arith::MaxUIOp>([&](auto) -> Value { return arith::MaxSIOp::create(b, loc, x, y); })
                       .Default([&](auto) -> Value { return arith::MinSIOp::create(b, loc, x, y); });
    return wrapped(loc, result, width);
  }
  if (width == 32 && isa<arith::MaxUIOp, arith::MinUIOp>(op)) {
    Value x = upperBitChanged(loc, v[0]), y = upperBitChanged(loc, v[1]);
    Value result = isa<arith::MaxUIOp>(op) ? Value(arith::MaxSIOp::create(b, loc, x, y))
                                           : Value(arith::MinSIOp::create(b, loc, x, y));
    return upperBitChanged(loc, result);
  }
  // The same op on the carried types.
  Operation *same = b.clone(*op, mapping);
  same->getResult(0).setType(carriedType(type));
  Value result = same->getResult(0);
  if (isExactOnNarrow(op))
    return result;
  if (isNarrowInteger)
    return wrapped(loc, result, width);
  return isa<FloatType>(type) ? roundedTo(loc, result, type) : result;
}

LogicalResult ScalarLegalizer::legalize(Operation *op) {
  if (isa<linalg::YieldOp>(op)) {
    SmallVector<Value> values;
    for (unsigned i = 0; i != op->getNumOperands(); ++i) {
      values.push_back(in(op, i));
      if (!values.back())
        return failure();
    }
    linalg::YieldOp::create(b, op->getLoc(), values);
    return success();
  }
  if (op->getNumResults() != 1)
    return wafer::emitUnsupported(op, "has no place in a body");
  Value result = op->getResult(0);
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto number = dyn_cast<IntegerAttr>(constant.getValue());
    if (number && number.getType().isInteger(64) && !fits(number.getValue(), !hasSign(op))) {
      wide[result] = number.getValue();
      return success();
    }
    FailureOr<TypedAttr> value = carriedScalar(constant.getValue(), !hasSign(op), op);
    if (failed(value))
      return failure();
    mapping.map(result, arith::ConstantOp::create(b, op->getLoc(), *value));
    return success();
  }
  FailureOr<Value> lowered = failure();
  if (std::optional<FailureOr<Value>> decided = withWideConstants(op))
    lowered = *decided;
  else if (isa<linalg::IndexOp>(op))
    lowered = b.clone(*op, mapping)->getResult(0);
  else if (isa<arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp, arith::SIToFPOp,
               arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp, arith::BitcastOp, arith::IndexCastOp>(op))
    lowered = convert(op);
  else if (isa<arith::CmpIOp, arith::CmpFOp>(op))
    lowered = compare(op);
  else
    lowered = lower(op);
  if (failed(lowered))
    return failure();
  if (*lowered)
    mapping.map(result, *lowered);
  return success();
}
