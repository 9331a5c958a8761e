// Folding by interpretation.
//
// Exporters compute shapes, masks and positions with ordinary nodes. Once the model's dimensions are fixed these are
// constants, but which nodes take part is anyone's guess, so there is no list of foldable operators: every operator
// that has a lowering can be folded, because the ops it lowers to are interpreted here. A linalg body is compiled to a
// tape of scalar steps, operands to strided accesses (an indexing map is linear, so a step of a loop moves each operand
// by a constant), and the loop nest runs over both. Floats are computed in double and rounded to their type after each
// step, which is exact for + - * / and sqrt in f32.
#include "wafer/Tensor/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <bit>
#include <cmath>

using namespace mlir;
using namespace wafer;

DenseElementsAttr wafer::constantOf(Value value) {
  DenseElementsAttr attr;
  if (matchPattern(value, m_Constant(&attr)))
    return attr;
  return {};
}

namespace {

union Cell {
  double f;
  int64_t i;
};

double roundTo(double value, unsigned width) {
  if (width == 32)
    return static_cast<float>(value);
  return value;
}

double roundToType(double value, Type type) {
  if (type.isF64())
    return value;
  if (type.isF32())
    return static_cast<float>(value);
  APFloat exact(value);
  bool lossy;
  exact.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
  return exact.convertToDouble();
}

int64_t wrap(int64_t value, unsigned width) {
  if (width >= 64)
    return value;
  if (width == 1)
    return value & 1;
  uint64_t shifted = static_cast<uint64_t>(value) << (64 - width);
  return static_cast<int64_t>(shifted) >> (64 - width);
}

/// The number that an integer's bits are when they have no sign.
uint64_t unsignedValue(int64_t value, unsigned width) {
  return width >= 64 ? static_cast<uint64_t>(value) : static_cast<uint64_t>(value) & ((uint64_t(1) << width) - 1);
}

/// A float toward zero as an integer of `width` bits, as ONNX Runtime has it: what 32 bits (for 64 bits: 64) do not
/// hold is the lowest number of that size, and narrower integers are the lower bits of that.
int64_t truncated(double value, unsigned width) {
  unsigned first = std::max(width, 32u);
  double limit = std::ldexp(1.0, static_cast<int>(first) - 1), whole = std::trunc(value);
  bool fits = whole >= -limit && whole < limit;
  return wrap(fits ? static_cast<int64_t>(whole) : static_cast<int64_t>(-limit), width);
}

/// The same to an unsigned integer: modulo 2^width.
int64_t truncatedUnsigned(double value, unsigned width) {
  double whole = std::trunc(value);
  if (width == 64 && whole >= 0x1p63)
    return whole < 0x1p64 ? static_cast<int64_t>(static_cast<uint64_t>(whole)) : 0;
  if (width < 32)
    return truncated(value, width);
  return std::fabs(whole) < 0x1p63 ? wrap(static_cast<int64_t>(whole), width) : 0;
}

/// A tensor's elements. A splat has one.
struct Dense {
  RankedTensorType type;
  std::vector<Cell> cells;
  bool splat = false;

  bool isFloat() const { return isa<FloatType>(type.getElementType()); }
  const Cell &at(int64_t index) const { return cells[splat ? 0 : index]; }
};

std::optional<Dense> toDense(DenseElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  if (!type)
    return std::nullopt;
  Dense dense{type, {}, attr.isSplat() && type.getNumElements() != 0};
  dense.cells.reserve(dense.splat ? 1 : type.getNumElements());
  Type element = type.getElementType();
  auto add = [&](auto values, auto convert) {
    for (auto value : values) {
      Cell cell;
      convert(cell, value);
      dense.cells.push_back(cell);
      if (dense.splat)
        break;
    }
  };
  if (element.isF32())
    add(attr.getValues<float>(), [](Cell &c, float v) { c.f = v; });
  else if (isa<FloatType>(element))
    add(attr.getValues<APFloat>(), [](Cell &c, const APFloat &v) { c.f = v.convertToDouble(); });
  else if (element.isInteger(64))
    add(attr.getValues<int64_t>(), [](Cell &c, int64_t v) { c.i = v; });
  else if (element.isInteger(1))
    add(attr.getValues<bool>(), [](Cell &c, bool v) { c.i = v; });
  else if (element.isSignlessInteger())
    add(attr.getValues<APInt>(), [](Cell &c, const APInt &v) { c.i = v.getSExtValue(); });
  else if (element.isIndex())
    add(attr.getValues<APInt>(), [](Cell &c, const APInt &v) { c.i = v.getSExtValue(); });
  else
    return std::nullopt;
  return dense;
}

DenseElementsAttr toAttr(const Dense &dense) {
  Type element = dense.type.getElementType();
  size_t count = dense.cells.size();
  if (element.isF32()) {
    std::vector<float> values(count);
    for (size_t i = 0; i != count; ++i)
      values[i] = static_cast<float>(dense.cells[i].f);
    return DenseElementsAttr::get(dense.type, ArrayRef<float>(values));
  }
  if (auto type = dyn_cast<FloatType>(element)) {
    SmallVector<APFloat> values;
    for (const Cell &cell : dense.cells) {
      APFloat value(cell.f);
      bool lossy;
      value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
      values.push_back(value);
    }
    return DenseElementsAttr::get(dense.type, values);
  }
  if (element.isInteger(64)) {
    std::vector<int64_t> values(count);
    for (size_t i = 0; i != count; ++i)
      values[i] = dense.cells[i].i;
    return DenseElementsAttr::get(dense.type, ArrayRef<int64_t>(values));
  }
  unsigned width = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  SmallVector<APInt> values;
  values.reserve(count);
  for (const Cell &cell : dense.cells)
    values.push_back(APInt(width, static_cast<uint64_t>(cell.i), /*isSigned=*/true, /*implicitTrunc=*/true));
  return DenseElementsAttr::get(dense.type, values);
}

//===- The tape -----------------------------------------------------------===//

struct Step {
  enum Undefined { Never, IfSecondIsZero };
  Cell (*compute)(Cell a, Cell b, Cell c, const Step &step) = nullptr;
  int out = 0;
  int in[3] = {0, 0, 0};
  unsigned width = 0; // of the result
  unsigned from = 0;  // of the first operand
  int64_t detail = 0; // predicate, loop number
  Undefined undefined = Never;
  Type type;
};

Cell cellF(double value) {
  Cell c;
  c.f = value;
  return c;
}
Cell cellI(int64_t value) {
  Cell c;
  c.i = value;
  return c;
}

Cell compareFloats(Cell a, Cell b, Cell, const Step &step) {
  bool unordered = std::isnan(a.f) || std::isnan(b.f);
  switch (static_cast<arith::CmpFPredicate>(step.detail)) {
  case arith::CmpFPredicate::AlwaysFalse:
    return cellI(0);
  case arith::CmpFPredicate::OEQ:
    return cellI(a.f == b.f);
  case arith::CmpFPredicate::OGT:
    return cellI(a.f > b.f);
  case arith::CmpFPredicate::OGE:
    return cellI(a.f >= b.f);
  case arith::CmpFPredicate::OLT:
    return cellI(a.f < b.f);
  case arith::CmpFPredicate::OLE:
    return cellI(a.f <= b.f);
  case arith::CmpFPredicate::ONE:
    return cellI(!unordered && a.f != b.f);
  case arith::CmpFPredicate::ORD:
    return cellI(!unordered);
  case arith::CmpFPredicate::UEQ:
    return cellI(unordered || a.f == b.f);
  case arith::CmpFPredicate::UGT:
    return cellI(unordered || a.f > b.f);
  case arith::CmpFPredicate::UGE:
    return cellI(unordered || a.f >= b.f);
  case arith::CmpFPredicate::ULT:
    return cellI(unordered || a.f < b.f);
  case arith::CmpFPredicate::ULE:
    return cellI(unordered || a.f <= b.f);
  case arith::CmpFPredicate::UNE:
    return cellI(unordered || a.f != b.f);
  case arith::CmpFPredicate::UNO:
    return cellI(unordered);
  case arith::CmpFPredicate::AlwaysTrue:
    return cellI(1);
  }
  return cellI(0);
}

Cell compareInts(Cell a, Cell b, Cell, const Step &step) {
  uint64_t ua = unsignedValue(a.i, step.from), ub = unsignedValue(b.i, step.from);
  switch (static_cast<arith::CmpIPredicate>(step.detail)) {
  case arith::CmpIPredicate::eq:
    return cellI(a.i == b.i);
  case arith::CmpIPredicate::ne:
    return cellI(a.i != b.i);
  case arith::CmpIPredicate::slt:
    return cellI(a.i < b.i);
  case arith::CmpIPredicate::sle:
    return cellI(a.i <= b.i);
  case arith::CmpIPredicate::sgt:
    return cellI(a.i > b.i);
  case arith::CmpIPredicate::sge:
    return cellI(a.i >= b.i);
  case arith::CmpIPredicate::ult:
    return cellI(ua < ub);
  case arith::CmpIPredicate::ule:
    return cellI(ua <= ub);
  case arith::CmpIPredicate::ugt:
    return cellI(ua > ub);
  case arith::CmpIPredicate::uge:
    return cellI(ua >= ub);
  }
  return cellI(0);
}

using C = Cell;
using S = const Step &;

/// What an op of arithmetic does to scalars; false for any other op.
bool describeArithmetic(Operation *op, Step &step) {
  auto set = [&](Cell (*compute)(C, C, C, S)) {
    step.compute = compute;
    return true;
  };
#define WAFER_FLOAT(OP, EXPRESSION)                                                                                    \
  .Case<OP>([&](auto) { return set([](C a, C b, C c, S s) -> Cell { return cellF(roundTo(EXPRESSION, s.width)); }); })
#define WAFER_INT(OP, EXPRESSION)                                                                                      \
  .Case<OP>([&](auto) { return set([](C a, C b, C c, S s) -> Cell { return cellI(wrap(EXPRESSION, s.width)); }); })
#define WAFER_DIVISION(OP, EXPRESSION)                                                                                 \
  .Case<OP>([&](auto) {                                                                                                \
    step.undefined = Step::IfSecondIsZero;                                                                             \
    return set([](C a, C b, C c, S s) -> Cell { return cellI(wrap(EXPRESSION, s.width)); });                           \
  })
  return TypeSwitch<Operation *, bool>(op)
      // clang-format off
      WAFER_FLOAT(arith::AddFOp, a.f + b.f)
      WAFER_FLOAT(arith::SubFOp, a.f - b.f)
      WAFER_FLOAT(arith::MulFOp, a.f * b.f)
      WAFER_FLOAT(arith::DivFOp, a.f / b.f)
      WAFER_FLOAT(arith::RemFOp, std::fmod(a.f, b.f))
      WAFER_FLOAT(arith::NegFOp, -a.f)
      WAFER_FLOAT(arith::MaximumFOp, std::isnan(a.f) || std::isnan(b.f) ? NAN : std::fmax(a.f, b.f))
      WAFER_FLOAT(arith::MinimumFOp, std::isnan(a.f) || std::isnan(b.f) ? NAN : std::fmin(a.f, b.f))
      WAFER_FLOAT(arith::MaxNumFOp, std::fmax(a.f, b.f))
      WAFER_FLOAT(arith::MinNumFOp, std::fmin(a.f, b.f))
      WAFER_FLOAT(math::ExpOp, std::exp(a.f))
      WAFER_FLOAT(math::LogOp, std::log(a.f))
      WAFER_FLOAT(math::Log1pOp, std::log1p(a.f))
      WAFER_FLOAT(math::SqrtOp, std::sqrt(a.f))
      WAFER_FLOAT(math::RsqrtOp, 1.0 / std::sqrt(a.f))
      WAFER_FLOAT(math::TanhOp, std::tanh(a.f))
      WAFER_FLOAT(math::ErfOp, std::erf(a.f))
      WAFER_FLOAT(math::SinOp, std::sin(a.f))
      WAFER_FLOAT(math::CosOp, std::cos(a.f))
      WAFER_FLOAT(math::TanOp, std::tan(a.f))
      WAFER_FLOAT(math::AsinOp, std::asin(a.f))
      WAFER_FLOAT(math::AcosOp, std::acos(a.f))
      WAFER_FLOAT(math::AtanOp, std::atan(a.f))
      WAFER_FLOAT(math::SinhOp, std::sinh(a.f))
      WAFER_FLOAT(math::CoshOp, std::cosh(a.f))
      WAFER_FLOAT(math::AsinhOp, std::asinh(a.f))
      WAFER_FLOAT(math::AcoshOp, std::acosh(a.f))
      WAFER_FLOAT(math::AtanhOp, std::atanh(a.f))
      WAFER_FLOAT(math::AbsFOp, std::fabs(a.f))
      WAFER_FLOAT(math::FloorOp, std::floor(a.f))
      WAFER_FLOAT(math::CeilOp, std::ceil(a.f))
      WAFER_FLOAT(math::RoundEvenOp, std::nearbyint(a.f))
      WAFER_FLOAT(math::TruncOp, std::trunc(a.f))
      WAFER_FLOAT(math::PowFOp, std::pow(a.f, b.f))
      WAFER_FLOAT(math::FmaOp, std::fma(a.f, b.f, c.f))
      WAFER_INT(arith::AddIOp, static_cast<int64_t>(uint64_t(a.i) + uint64_t(b.i)))
      WAFER_INT(arith::SubIOp, static_cast<int64_t>(uint64_t(a.i) - uint64_t(b.i)))
      WAFER_INT(arith::MulIOp, static_cast<int64_t>(uint64_t(a.i) * uint64_t(b.i)))
      WAFER_DIVISION(arith::DivSIOp, b.i == -1 ? static_cast<int64_t>(0 - uint64_t(a.i)) : a.i / b.i)
      WAFER_DIVISION(arith::RemSIOp, b.i == -1 ? 0 : a.i % b.i)
      WAFER_DIVISION(arith::FloorDivSIOp, b.i == -1 ? static_cast<int64_t>(0 - uint64_t(a.i))
                                                    : a.i / b.i - ((a.i % b.i != 0) && ((a.i < 0) != (b.i < 0))))
      WAFER_DIVISION(arith::DivUIOp, static_cast<int64_t>(unsignedValue(a.i, s.width) / unsignedValue(b.i, s.width)))
      WAFER_DIVISION(arith::RemUIOp, static_cast<int64_t>(unsignedValue(a.i, s.width) % unsignedValue(b.i, s.width)))
      WAFER_INT(arith::MaxSIOp, std::max(a.i, b.i))
      WAFER_INT(arith::MinSIOp, std::min(a.i, b.i))
      WAFER_INT(arith::MaxUIOp, unsignedValue(a.i, s.width) < unsignedValue(b.i, s.width) ? b.i : a.i)
      WAFER_INT(arith::MinUIOp, unsignedValue(b.i, s.width) < unsignedValue(a.i, s.width) ? b.i : a.i)
      WAFER_INT(arith::AndIOp, a.i & b.i)
      WAFER_INT(arith::OrIOp, a.i | b.i)
      WAFER_INT(arith::XOrIOp, a.i ^ b.i)
      WAFER_INT(arith::ShLIOp, b.i < 0 || b.i > 63 ? 0 : static_cast<int64_t>(uint64_t(a.i) << b.i))
      WAFER_INT(arith::ShRUIOp,
                b.i < 0 || b.i > 63 ? 0 : static_cast<int64_t>(unsignedValue(a.i, s.width) >> b.i))
      WAFER_INT(arith::ShRSIOp, a.i >> std::clamp<int64_t>(b.i, 0, 63))
      WAFER_INT(math::AbsIOp, a.i < 0 ? static_cast<int64_t>(0 - uint64_t(a.i)) : a.i)
      WAFER_INT(arith::ExtSIOp, a.i)
      WAFER_INT(arith::ExtUIOp, static_cast<int64_t>(unsignedValue(a.i, s.from)))
      WAFER_INT(arith::TruncIOp, a.i)
      WAFER_INT(arith::IndexCastOp, a.i)
      .Default([](Operation *) { return false; });
  // clang-format on
#undef WAFER_FLOAT
#undef WAFER_INT
#undef WAFER_DIVISION
}

/// What an op that converts, compares or selects does to scalars; false for any other op.
bool describeConversion(Operation *op, Step &step) {
  auto set = [&](Cell (*compute)(C, C, C, S)) {
    step.compute = compute;
    return true;
  };
  return TypeSwitch<Operation *, bool>(op)
      .Case<arith::SIToFPOp>([&](auto) {
        return set([](C a, C, C, S s) -> Cell {
          return cellF(s.width == 32 ? static_cast<float>(a.i) : static_cast<double>(a.i));
        });
      })
      .Case<arith::UIToFPOp>([&](auto) {
        return set([](C a, C, C, S s) -> Cell {
          uint64_t value = unsignedValue(a.i, s.from);
          return cellF(s.width == 32 ? static_cast<float>(value) : static_cast<double>(value));
        });
      })
      .Case<arith::FPToSIOp>(
          [&](auto) { return set([](C a, C, C, S s) -> Cell { return cellI(truncated(a.f, s.width)); }); })
      .Case<arith::FPToUIOp>(
          [&](auto) { return set([](C a, C, C, S s) -> Cell { return cellI(truncatedUnsigned(a.f, s.width)); }); })
      .Case<arith::BitcastOp>([&](arith::BitcastOp cast) {
        if (cast.getIn().getType() != cast.getType())
          return false;
        return set([](C a, C, C, S) -> Cell { return a; });
      })
      .Case<arith::ExtFOp, arith::TruncFOp>([&](auto) {
        return set([](C a, C, C, S s) -> Cell { return cellF(s.width == 32 ? static_cast<float>(a.f) : a.f); });
      })
      .Case<arith::BitcastOp>([&](arith::BitcastOp cast) {
        if (step.width != 32)
          return false;
        if (isa<FloatType>(cast.getType()))
          return set([](C a, C, C, S) -> Cell { return cellF(std::bit_cast<float>(static_cast<int32_t>(a.i))); });
        return set([](C a, C, C, S) -> Cell { return cellI(std::bit_cast<int32_t>(static_cast<float>(a.f))); });
      })
      .Case<arith::CmpFOp>([&](arith::CmpFOp cmp) {
        step.detail = static_cast<int64_t>(cmp.getPredicate());
        return set(compareFloats);
      })
      .Case<arith::CmpIOp>([&](arith::CmpIOp cmp) {
        step.detail = static_cast<int64_t>(cmp.getPredicate());
        return set(compareInts);
      })
      .Case<arith::SelectOp>([&](auto) { return set([](C a, C b, C c, S) -> Cell { return a.i & 1 ? b : c; }); })
      .Default([](Operation *) { return false; });
}

bool describe(Operation *op, Step &step) { return describeArithmetic(op, step) || describeConversion(op, step); }

/// A linalg body, compiled.
struct Tape {
  std::vector<Cell> slots; // block arguments first, then values, constants filled in
  std::vector<Step> steps;
  std::vector<std::pair<int, int64_t>> loopSlots; // slot, loop number (linalg.index)
  int result = 0;

  static std::optional<Tape> compile(Block &body) {
    Tape tape;
    DenseMap<Value, int> slotOf;
    auto slot = [&](Value value) {
      auto [entry, inserted] = slotOf.try_emplace(value, tape.slots.size());
      if (inserted)
        tape.slots.push_back(cellI(0));
      return entry->second;
    };
    for (Value argument : body.getArguments())
      slot(argument);
    for (Operation &op : body) {
      if (auto yield = dyn_cast<linalg::YieldOp>(op)) {
        if (yield.getNumOperands() != 1)
          return std::nullopt;
        auto found = slotOf.find(yield.getOperand(0));
        if (found == slotOf.end()) {
          if (!tape.constant(yield.getOperand(0), slot(yield.getOperand(0))))
            return std::nullopt;
          found = slotOf.find(yield.getOperand(0));
        }
        tape.result = found->second;
        return tape;
      }
      if (op.getNumResults() != 1)
        return std::nullopt;
      int out = slot(op.getResult(0));
      if (isa<arith::ConstantOp>(op)) {
        if (!tape.constant(op.getResult(0), out))
          return std::nullopt;
        continue;
      }
      if (auto index = dyn_cast<linalg::IndexOp>(op)) {
        tape.loopSlots.push_back({out, static_cast<int64_t>(index.getDim())});
        continue;
      }
      Step step;
      step.out = out;
      step.type = op.getResult(0).getType();
      auto widthOf = [](Type type) { return type.isIndex() ? 64 : type.getIntOrFloatBitWidth(); };
      step.width = widthOf(step.type);
      step.from = op.getNumOperands() ? widthOf(op.getOperand(0).getType()) : 0;
      if (op.getNumOperands() > 3 || !describe(&op, step))
        return std::nullopt;
      for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
        auto found = slotOf.find(operand);
        if (found == slotOf.end()) { // a constant from outside the body
          int fresh = slot(operand);
          if (!tape.constant(operand, fresh))
            return std::nullopt;
          step.in[i] = fresh;
        } else {
          step.in[i] = found->second;
        }
      }
      tape.steps.push_back(step);
    }
    return std::nullopt;
  }

  /// False if the result is undefined.
  bool run() {
    for (const Step &step : steps) {
      if (step.undefined == Step::IfSecondIsZero && slots[step.in[1]].i == 0)
        return false;
      Cell value = step.compute(slots[step.in[0]], slots[step.in[1]], slots[step.in[2]], step);
      if (isa<FloatType>(step.type) && step.width < 32)
        value.f = roundToType(value.f, step.type);
      slots[step.out] = value;
    }
    return true;
  }

private:
  bool constant(Value value, int slot) {
    Attribute attr;
    if (!matchPattern(value, m_Constant(&attr)))
      return false;
    if (auto f = dyn_cast<FloatAttr>(attr))
      slots[slot].f = f.getValueAsDouble();
    else if (auto i = dyn_cast<IntegerAttr>(attr))
      slots[slot].i = i.getType().isInteger(1) ? i.getValue().getZExtValue() : i.getValue().getSExtValue();
    else
      return false;
    return true;
  }
};

//===- Operands -----------------------------------------------------------===//

SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = static_cast<int64_t>(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

/// offset + sum of coefficient * loop, the flat index of an operand's element.
struct Access {
  int64_t offset = 0;
  SmallVector<int64_t> coefficients;
};

std::optional<Access> accessOf(AffineMap map, ArrayRef<int64_t> shape) {
  Access access;
  access.coefficients.assign(map.getNumDims(), 0);
  SmallVector<int64_t> strides = stridesOf(shape);
  SmallVector<int64_t> zero(map.getNumDims(), 0);
  auto flat = [&](ArrayRef<int64_t> point) {
    int64_t sum = 0;
    for (auto [value, stride] : llvm::zip_equal(map.compose(point), strides))
      sum += value * stride;
    return sum;
  };
  for (AffineExpr expr : map.getResults())
    if (!expr.isPureAffine() || expr.walk([](AffineExpr e) -> WalkResult {
                                      AffineExprKind kind = e.getKind();
                                      bool linear = kind != AffineExprKind::Mod && kind != AffineExprKind::FloorDiv &&
                                                    kind != AffineExprKind::CeilDiv && kind != AffineExprKind::SymbolId;
                                      return linear ? WalkResult::advance() : WalkResult::interrupt();
                                    })
                                    .wasInterrupted())
      return std::nullopt;
  access.offset = flat(zero);
  for (unsigned d = 0; d != map.getNumDims(); ++d) {
    SmallVector<int64_t> unit = zero;
    unit[d] = 1;
    access.coefficients[d] = flat(unit) - access.offset;
  }
  return access;
}

/// The constant behind an operand: a constant, a fill of a constant, or undefined contents (zeros).
std::optional<Dense> operandValue(Value value) {
  if (DenseElementsAttr attr = constantOf(value))
    return toDense(attr);
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
    return Dense{empty.getType(), {cellI(0)}, true};
  if (auto fill = value.getDefiningOp<linalg::FillOp>()) {
    Attribute attr;
    if (!matchPattern(fill.getInputs()[0], m_Constant(&attr)))
      return std::nullopt;
    auto type = cast<RankedTensorType>(value.getType());
    if (auto f = dyn_cast<FloatAttr>(attr))
      return Dense{type, {cellF(f.getValueAsDouble())}, true};
    if (auto i = dyn_cast<IntegerAttr>(attr))
      return Dense{
          type, {cellI(i.getType().isInteger(1) ? i.getValue().getZExtValue() : i.getValue().getSExtValue())}, true};
  }
  return std::nullopt;
}

//===- The ops ------------------------------------------------------------===//

class Evaluator {
public:
  explicit Evaluator(const FoldLimits &limits) : limits(limits) {}

  std::optional<Dense> evaluate(Operation *op) {
    if (op->getNumResults() != 1 || isa<tensor::EmptyOp, linalg::FillOp>(op))
      return std::nullopt;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape())
      return std::nullopt;
    if (!isa<linalg::GenericOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp,
             tensor::InsertSliceOp, tensor::ConcatOp, tensor::PadOp, tensor::GatherOp>(op))
      return std::nullopt;
    if (llvm::none_of(op->getOperands(), [](Value v) { return constantOf(v) != nullptr; }) &&
        !isa<linalg::GenericOp>(op))
      return std::nullopt;
    for (Value operand : op->getOperands()) {
      if (!isa<RankedTensorType>(operand.getType()))
        continue;
      auto value = operandValue(operand);
      if (!value)
        return std::nullopt;
      operands.push_back(std::move(*value));
    }
    Dense result{type, {}, false};
    bool done = TypeSwitch<Operation *, bool>(op)
                    .Case<linalg::GenericOp>([&](auto generic) { return evaluateGeneric(generic, result); })
                    .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>([&](auto) {
                      result.cells = std::move(operands[0].cells);
                      result.splat = operands[0].splat;
                      return true;
                    })
                    .Case<tensor::ExtractSliceOp>([&](auto slice) { return evaluateExtract(slice, result); })
                    .Case<tensor::InsertSliceOp>([&](auto slice) { return evaluateInsert(slice, result); })
                    .Case<tensor::ConcatOp>([&](auto concat) { return evaluateConcat(concat, result); })
                    .Case<tensor::PadOp>([&](auto pad) { return evaluatePad(pad, result); })
                    .Case<tensor::GatherOp>([&](auto gather) { return evaluateGather(gather, result); })
                    .Default([](Operation *) { return false; });
    if (!done)
      return std::nullopt;
    return result;
  }

private:
  bool allocate(Dense &result) {
    if (result.type.getNumElements() > limits.maxElements)
      return false;
    result.cells.assign(result.type.getNumElements(), cellI(0));
    return true;
  }

  bool evaluateGeneric(linalg::GenericOp op, Dense &result) {
    if (op.getNumDpsInits() != 1)
      return false;
    auto tape = Tape::compile(*op.getBody());
    if (!tape)
      return false;
    SmallVector<int64_t> loops = op.getStaticLoopRanges();
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    bool empty = llvm::is_contained(loops, 0);
    if (!empty && op.getNumParallelLoops() == op.getNumLoops() && tape->loopSlots.empty() &&
        llvm::all_of(operands, [](const Dense &d) { return d.splat; })) {
      for (auto [i, operand] : llvm::enumerate(operands))
        tape->slots[i] = operand.cells[0];
      if (!tape->run())
        return false;
      result.cells = {tape->slots[tape->result]};
      result.splat = true;
      return true;
    }
    int64_t steps = 1;
    for (int64_t loop : loops) {
      steps *= std::max<int64_t>(loop, 1);
      if (steps > limits.maxSteps)
        return false;
    }
    if (!allocate(result))
      return false;
    const Dense &init = operands.back();
    for (size_t i = 0; i != result.cells.size(); ++i)
      result.cells[i] = init.at(i);
    if (empty)
      return true;
    SmallVector<Access> accesses;
    for (auto [operand, map] : llvm::zip_equal(operands, maps)) {
      auto access = accessOf(map, operand.type.getShape());
      if (!access)
        return false;
      accesses.push_back(*access);
    }
    SmallVector<int64_t> flat;
    for (const Access &access : accesses)
      flat.push_back(access.offset);
    SmallVector<int64_t> point(loops.size(), 0);
    size_t last = operands.size() - 1;
    while (true) {
      for (size_t i = 0; i != last; ++i)
        tape->slots[i] = operands[i].at(flat[i]);
      tape->slots[last] = result.cells[flat[last]];
      for (auto [slot, loop] : tape->loopSlots)
        tape->slots[slot].i = point[loop];
      if (!tape->run())
        return false;
      result.cells[flat[last]] = tape->slots[tape->result];
      int64_t d = static_cast<int64_t>(loops.size()) - 1;
      for (; d >= 0; --d) {
        for (size_t i = 0; i != flat.size(); ++i)
          flat[i] += accesses[i].coefficients[d];
        if (++point[d] != loops[d])
          break;
        for (size_t i = 0; i != flat.size(); ++i)
          flat[i] -= accesses[i].coefficients[d] * loops[d];
        point[d] = 0;
      }
      if (d < 0)
        return true;
    }
  }

  /// Calls fn(flat index in `shape`, point) for every point of `shape`.
  template <typename Fn> static void forEach(ArrayRef<int64_t> shape, Fn fn) {
    if (llvm::is_contained(shape, 0))
      return;
    SmallVector<int64_t> point(shape.size(), 0);
    for (int64_t flat = 0;; ++flat) {
      fn(flat, ArrayRef<int64_t>(point));
      int64_t d = static_cast<int64_t>(shape.size()) - 1;
      for (; d >= 0; --d) {
        if (++point[d] != shape[d])
          break;
        point[d] = 0;
      }
      if (d < 0)
        return;
    }
  }

  bool evaluateExtract(tensor::ExtractSliceOp op, Dense &result) {
    if (!op.hasUnitStride() && llvm::any_of(op.getStaticStrides(), ShapedType::isDynamic))
      return false;
    if (llvm::any_of(op.getStaticOffsets(), ShapedType::isDynamic) ||
        llvm::any_of(op.getStaticSizes(), ShapedType::isDynamic))
      return false;
    const Dense &source = operands[0];
    if (source.splat) {
      result.cells = source.cells;
      result.splat = true;
      return true;
    }
    if (!allocate(result))
      return false;
    SmallVector<int64_t> strides = stridesOf(source.type.getShape());
    forEach(op.getStaticSizes(), [&](int64_t flat, ArrayRef<int64_t> point) {
      int64_t from = 0;
      for (size_t d = 0; d != point.size(); ++d)
        from += (op.getStaticOffsets()[d] + point[d] * op.getStaticStrides()[d]) * strides[d];
      result.cells[flat] = source.at(from);
    });
    return true;
  }

  bool evaluateInsert(tensor::InsertSliceOp op, Dense &result) {
    if (op->getNumOperands() != 2 || !allocate(result))
      return false;
    const Dense &source = operands[0], &into = operands[1];
    for (size_t i = 0; i != result.cells.size(); ++i)
      result.cells[i] = into.at(i);
    SmallVector<int64_t> strides = stridesOf(result.type.getShape());
    forEach(op.getStaticSizes(), [&](int64_t flat, ArrayRef<int64_t> point) {
      int64_t to = 0;
      for (size_t d = 0; d != point.size(); ++d)
        to += (op.getStaticOffsets()[d] + point[d] * op.getStaticStrides()[d]) * strides[d];
      result.cells[to] = source.at(flat);
    });
    return true;
  }

  bool evaluateConcat(tensor::ConcatOp op, Dense &result) {
    if (!allocate(result))
      return false;
    SmallVector<int64_t> strides = stridesOf(result.type.getShape());
    int64_t start = 0;
    for (const Dense &source : operands) {
      forEach(source.type.getShape(), [&](int64_t flat, ArrayRef<int64_t> point) {
        int64_t to = start * strides[op.getDim()];
        for (size_t d = 0; d != point.size(); ++d)
          to += point[d] * strides[d];
        result.cells[to] = source.at(flat);
      });
      start += source.type.getDimSize(op.getDim());
    }
    return true;
  }

  bool evaluatePad(tensor::PadOp op, Dense &result) {
    Value padding = op.getConstantPaddingValue();
    Attribute attr;
    if (!padding || !matchPattern(padding, m_Constant(&attr)) || op->getNumOperands() != 1 || !allocate(result))
      return false;
    Cell fill;
    if (auto f = dyn_cast<FloatAttr>(attr))
      fill.f = f.getValueAsDouble();
    else
      fill.i = cast<IntegerAttr>(attr).getType().isInteger(1) ? cast<IntegerAttr>(attr).getValue().getZExtValue()
                                                              : cast<IntegerAttr>(attr).getValue().getSExtValue();
    std::fill(result.cells.begin(), result.cells.end(), fill);
    const Dense &source = operands[0];
    SmallVector<int64_t> strides = stridesOf(result.type.getShape());
    forEach(source.type.getShape(), [&](int64_t flat, ArrayRef<int64_t> point) {
      int64_t to = 0;
      for (size_t d = 0; d != point.size(); ++d)
        to += (point[d] + op.getStaticLow()[d]) * strides[d];
      result.cells[to] = source.at(flat);
    });
    return true;
  }

  bool evaluateGather(tensor::GatherOp op, Dense &result) {
    const Dense &source = operands[0], &indices = operands[1];
    if (op.getGatherDims() != ArrayRef<int64_t>{0} || !allocate(result))
      return false;
    int64_t rows = source.type.getDimSize(0);
    int64_t row = rows ? source.type.getNumElements() / rows : 0;
    int64_t count = indices.type.getNumElements();
    for (int64_t i = 0; i != count; ++i) {
      int64_t index = indices.at(i).i;
      if (index < 0 || index >= rows)
        return false;
      for (int64_t j = 0; j != row; ++j)
        result.cells[i * row + j] = source.at(index * row + j);
    }
    return true;
  }

  const FoldLimits &limits;
  std::vector<Dense> operands;
};

} // namespace

DenseElementsAttr wafer::evaluateTensorOp(Operation *op, const FoldLimits &limits) {
  auto dense = Evaluator(limits).evaluate(op);
  return dense ? toAttr(*dense) : DenseElementsAttr();
}
