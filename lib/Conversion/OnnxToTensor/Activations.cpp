// Activation functions, written out in the scalar functions that the machine has.
#include "Activations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace wafer;

using S = ScalarBuilder;
using V = Value;

V wafer::sigmoid(S &s, V x) {
  V one = s.constant(x.getType(), 1);
  return s.div(one, s.add(one, s.op<math::ExpOp>(s.neg(x))));
}

V wafer::gelu(S &s, V x) {
  Type type = x.getType();
  V half = s.mul(s.constant(type, 0.5), x);
  return s.mul(half, s.add(s.constant(type, 1), s.op<math::ErfOp>(s.mul(x, s.constant(type, M_SQRT1_2)))));
}

V wafer::geluByTanh(S &s, V x) {
  Type type = x.getType();
  V half = s.mul(s.constant(type, 0.5), x), cube = s.mul(s.mul(x, x), x);
  V inner = s.mul(s.constant(type, std::sqrt(2 / M_PI)), s.add(x, s.mul(s.constant(type, 0.044715), cube)));
  return s.mul(half, s.add(s.constant(type, 1), s.op<math::TanhOp>(inner)));
}

namespace {

// log(1 + e^x) without overflow, and without loss where e^x is small against 1: max(x, 0) + log1p(e^-|x|).
V softplus(S &s, V x) {
  V zero = s.constant(x.getType(), 0);
  V tail = s.op<math::Log1pOp>(s.op<math::ExpOp>(s.neg(s.abs(x))));
  return s.add(s.max(x, zero), tail);
}

// scale * (alpha * (e^x - 1)) below zero, scale * x above.
V eluLike(S &s, V x, double alpha, double scale, double divisor) {
  Type type = x.getType();
  V zero = s.constant(type, 0);
  V exponent = s.min(x, zero);
  if (divisor != 1)
    exponent = s.div(exponent, s.constant(type, divisor));
  V below = s.mul(s.constant(type, alpha), s.sub(s.op<math::ExpOp>(exponent), s.constant(type, 1)));
  V result = s.select(s.cmp("lt", x, zero), below, x);
  return scale == 1 ? result : s.mul(s.constant(type, scale), result);
}

template <typename Fn> LogicalResult map(NodeLowering &n, Fn fn) {
  if (!isa<FloatType>(n.element(0)))
    return n.unsupported("the operand is not of floats");
  n.setOutput(0, n.t.map({n.operand(0)}, n.element(0), [&](S &s, ValueRange v) -> V { return fn(s, v[0]); }));
  return success();
}

LogicalResult lowerRelu(NodeLowering &n) {
  n.setOutput(0, n.t.map({n.operand(0)}, n.element(0),
                         [](S &s, ValueRange v) { return s.max(v[0], s.constant(v[0].getType(), 0)); }));
  return success();
}

LogicalResult lowerSigmoid(NodeLowering &n) { return map(n, sigmoid); }
LogicalResult lowerSoftplus(NodeLowering &n) { return map(n, softplus); }

LogicalResult lowerLeakyRelu(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 0.01);
  return map(n, [&](S &s, V x) {
    V zero = s.constant(x.getType(), 0);
    return s.select(s.cmp("lt", x, zero), s.mul(s.constant(x.getType(), alpha), x), x);
  });
}

LogicalResult lowerPRelu(NodeLowering &n) {
  Value slope = n.operand(1);
  auto fits = [&] {
    auto shape = broadcastShapes(n.shape(0), shapeOf(slope));
    return shape && *shape == SmallVector<int64_t>(n.shape(0));
  };
  // Before opset 7 a slope of rank one was one number per channel; the library's version conversion leaves it so.
  if (ArrayRef<int64_t> x = n.shape(0), s = n.shape(1); !fits() && s.size() == 1 && x.size() > 1 && s[0] == x[1]) {
    SmallVector<int64_t> perChannel(x.size() - 1, 1);
    perChannel[0] = s[0];
    slope = n.t.reshape(slope, perChannel);
  }
  if (!fits())
    return n.invalid("the slope does not broadcast to the operand");
  n.setOutput(0, n.t.map({n.operand(0), slope}, n.element(0), [](S &s, ValueRange v) {
    return s.select(s.cmp("lt", v[0], s.constant(v[0].getType(), 0)), s.mul(v[1], v[0]), v[0]);
  }));
  return success();
}

LogicalResult lowerElu(NodeLowering &n) {
  return map(n, [&](S &s, V x) { return eluLike(s, x, n.floatAttr("alpha", 1), 1, 1); });
}
LogicalResult lowerCelu(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 1);
  return map(n, [&](S &s, V x) { return eluLike(s, x, alpha, 1, alpha); });
}
LogicalResult lowerSelu(NodeLowering &n) {
  return map(n, [&](S &s, V x) {
    return eluLike(s, x, n.floatAttr("alpha", 1.67326319217681884765625),
                   n.floatAttr("gamma", 1.05070102214813232421875), 1);
  });
}

V hardSigmoid(S &s, V x, double alpha, double beta) {
  Type type = x.getType();
  V line = s.add(s.mul(s.constant(type, alpha), x), s.constant(type, beta));
  return s.max(s.constant(type, 0), s.min(s.constant(type, 1), line));
}

LogicalResult lowerHardSigmoid(NodeLowering &n) {
  return map(n, [&](S &s, V x) { return hardSigmoid(s, x, n.floatAttr("alpha", 0.2), n.floatAttr("beta", 0.5)); });
}
LogicalResult lowerHardSwish(NodeLowering &n) {
  return map(n, [&](S &s, V x) { return s.mul(x, hardSigmoid(s, x, 1.0 / 6, 0.5)); });
}

LogicalResult lowerGelu(NodeLowering &n) {
  StringRef approximate = n.stringAttr("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return n.invalid("approximate is '" + approximate + "'");
  return map(n, [&](S &s, V x) { return approximate == "none" ? gelu(s, x) : geluByTanh(s, x); });
}

LogicalResult lowerSwish(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 1);
  return map(n, [&](S &s, V x) {
    V argument = alpha == 1 ? x : s.mul(s.constant(x.getType(), alpha), x);
    return s.mul(x, sigmoid(s, argument));
  });
}

LogicalResult lowerMish(NodeLowering &n) {
  return map(n, [](S &s, V x) { return s.mul(x, s.op<math::TanhOp>(softplus(s, x))); });
}

LogicalResult lowerSoftsign(NodeLowering &n) {
  return map(n, [](S &s, V x) { return s.div(x, s.add(s.constant(x.getType(), 1), s.abs(x))); });
}

LogicalResult lowerThresholdedRelu(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 1);
  return map(n, [&](S &s, V x) {
    return s.select(s.cmp("gt", x, s.constant(x.getType(), alpha)), x, s.constant(x.getType(), 0));
  });
}

LogicalResult lowerShrink(NodeLowering &n) {
  double lambd = n.floatAttr("lambd", 0.5), bias = n.floatAttr("bias", 0);
  return map(n, [&](S &s, V x) {
    Type type = x.getType();
    V upper = s.select(s.cmp("gt", x, s.constant(type, lambd)), s.sub(x, s.constant(type, bias)), s.constant(type, 0));
    return s.select(s.cmp("lt", x, s.constant(type, -lambd)), s.add(x, s.constant(type, bias)), upper);
  });
}

} // namespace

ArrayRef<LoweringEntry> wafer::activationLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Relu", 6, lowerRelu},
      {"Sigmoid", 6, lowerSigmoid},
      {"Softplus", 1, lowerSoftplus},
      {"LeakyRelu", 6, lowerLeakyRelu},
      {"PRelu", 9, lowerPRelu},
      {"Elu", 6, lowerElu},
      {"Celu", 12, lowerCelu},
      {"Selu", 6, lowerSelu},
      {"HardSigmoid", 6, lowerHardSigmoid},
      {"HardSwish", 14, lowerHardSwish},
      {"Gelu", 20, lowerGelu},
      {"Swish", 24, lowerSwish},
      {"Mish", 18, lowerMish},
      {"Softsign", 1, lowerSoftsign},
      {"ThresholdedRelu", 10, lowerThresholdedRelu},
      {"Shrink", 9, lowerShrink},
  };
  return table;
}
