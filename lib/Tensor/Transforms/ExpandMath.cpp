// Scalar functions that the machine has no helper for, by those that it has (docs/isa.md). Each is within a few units
// of the last place where the machine's own functions are, close to zero and close to the ends of its range too: the
// textbook formulas subtract nearly equal numbers there, or overflow on the way to a finite result.
#include "PrepareKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;

namespace {

/// f32 scalars at one place.
class Scalars {
public:
  Scalars(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Value constant(double value) {
    return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(static_cast<float>(value)));
  }
  template <typename Op, typename... Args> Value make(Args... args) { return Op::create(builder, loc, args...); }
  Value add(Value a, Value b) { return make<arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return make<arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return make<arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return make<arith::DivFOp>(a, b); }
  Value neg(Value a) { return make<arith::NegFOp>(a); }
  Value abs(Value a) { return make<math::AbsFOp>(a); }
  Value sqrt(Value a) { return make<math::SqrtOp>(a); }
  Value log(Value a) { return make<math::LogOp>(a); }
  Value exp(Value a) { return make<math::ExpOp>(a); }
  Value less(Value a, Value b) { return make<arith::CmpFOp>(arith::CmpFPredicate::OLT, a, b); }
  Value select(Value condition, Value a, Value b) { return make<arith::SelectOp>(condition, a, b); }

  /// |value| with the sign of `sign`; zero for zero.
  Value withSign(Value value, Value sign) { return select(less(sign, constant(0)), neg(value), value); }

  /// c[0] + c[1] x + c[2] x^2 + ...
  Value polynomial(Value x, ArrayRef<double> c) {
    Value sum = constant(c.back());
    for (double coefficient : llvm::reverse(c.drop_back()))
      sum = make<math::FmaOp>(sum, x, constant(coefficient));
    return sum;
  }

  /// log(1 + u). What rounding 1 + u to w loses is made good by the factor u / (w - 1).
  Value log1p(Value u) {
    Value one = constant(1), w = add(one, u), rounded = sub(w, one);
    Value small =
        select(make<arith::CmpFOp>(arith::CmpFPredicate::OEQ, rounded, constant(0)), u, mul(log(w), div(u, rounded)));
    return select(less(u, constant(1e6)), small, log(w));
  }

  /// exp(|x|) / 2 and exp(-|x|) / 2. The square of exp(|x| / 2) reaches as far as the result does.
  std::pair<Value, Value> halfExps(Value x) {
    Value half = constant(0.5), root = exp(mul(half, abs(x)));
    return {mul(mul(half, root), root), div(div(half, root), root)};
  }

private:
  OpBuilder &builder;
  Location loc;
};

Value log1p(Scalars &s, Value x) { return s.log1p(x); }

Value tangent(Scalars &s, Value x) { return s.div(s.make<math::SinOp>(x), s.make<math::CosOp>(x)); }

Value sinh(Scalars &s, Value x) {
  auto [up, down] = s.halfExps(x);
  Value series = s.mul(x, s.polynomial(s.mul(x, x), {1, 1.0 / 6, 1.0 / 120, 1.0 / 5040}));
  return s.select(s.less(s.abs(x), s.constant(0.5)), series, s.withSign(s.sub(up, down), x));
}

Value cosh(Scalars &s, Value x) {
  auto [up, down] = s.halfExps(x);
  return s.add(up, down);
}

/// log(x + sqrt(x^2 +- 1)) for x so large that the one is lost, where the square would overflow.
Value logOfTwice(Scalars &s, Value x) { return s.add(s.log(x), s.constant(M_LN2)); }

Value asinh(Scalars &s, Value x) {
  Value one = s.constant(1), a = s.abs(x), square = s.mul(a, a);
  Value u = s.add(a, s.div(square, s.add(one, s.sqrt(s.add(square, one)))));
  return s.withSign(s.select(s.less(a, s.constant(1e4)), s.log1p(u), logOfTwice(s, a)), x);
}

Value acosh(Scalars &s, Value x) {
  Value one = s.constant(1), t = s.sub(x, one);
  Value u = s.add(t, s.sqrt(s.mul(t, s.add(x, one))));
  return s.select(s.less(x, s.constant(1e4)), s.log1p(u), logOfTwice(s, x));
}

Value atanh(Scalars &s, Value x) {
  Value a = s.abs(x), u = s.div(s.add(a, a), s.sub(s.constant(1), a));
  return s.withSign(s.mul(s.constant(0.5), s.log1p(u)), x);
}

/// atan(x) of x >= 0: on [0, 1] a polynomial (Chebyshev interpolation of atan(sqrt(w)) / sqrt(w), relative error
/// 1.4e-7 in f32), beyond by atan(x) = pi / 2 - atan(1 / x).
Value atanOfPositive(Scalars &s, Value x) {
  Value one = s.constant(1), beyond = s.less(one, x), z = s.select(beyond, s.div(one, x), x), w = s.mul(z, z);
  Value inside = s.mul(z, s.polynomial(w, {1.0, -0.333330363, 0.199918717, -0.141977981, 0.106183708, -0.0745685473,
                                           0.0421376228, -0.015731249, 0.00276628346}));
  return s.select(beyond, s.sub(s.constant(M_PI_2), inside), inside);
}

Value atan(Scalars &s, Value x) { return s.withSign(atanOfPositive(s, s.abs(x)), x); }

/// (1 - x) (1 + x), without the loss of 1 - x^2.
Value oneMinusSquare(Scalars &s, Value x) {
  Value one = s.constant(1);
  return s.mul(s.sub(one, x), s.add(one, x));
}

Value asin(Scalars &s, Value x) {
  Value a = s.abs(x);
  return s.withSign(atanOfPositive(s, s.div(a, s.sqrt(oneMinusSquare(s, a)))), x);
}

Value acos(Scalars &s, Value x) {
  Value one = s.constant(1);
  Value half = atanOfPositive(s, s.sqrt(s.div(s.sub(one, x), s.add(one, x))));
  return s.add(half, half);
}

template <typename Op, Value (*formula)(Scalars &, Value)> struct Expand : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return rewriter.notifyMatchFailure(op, "not an f32 scalar");
    Scalars scalars(rewriter, op.getLoc());
    rewriter.replaceOp(op, formula(scalars, op.getOperand()));
    return success();
  }
};

} // namespace

void wafer::populateExpandMathPatterns(RewritePatternSet &patterns) {
  patterns.add<Expand<math::Log1pOp, log1p>, Expand<math::TanOp, tangent>, Expand<math::SinhOp, sinh>,
               Expand<math::CoshOp, cosh>, Expand<math::AsinhOp, asinh>, Expand<math::AcoshOp, acosh>,
               Expand<math::AtanhOp, atanh>, Expand<math::AtanOp, atan>, Expand<math::AsinOp, asin>,
               Expand<math::AcosOp, acos>>(patterns.getContext());
}
