// A step of an optimizer (domain ai.onnx.preview.training): elementwise, for each of the tensors that are optimized.
#include "Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;

/// Operands are the rate R, the update count T, then all X, all gradients and all states of each kind; results are all
/// new X, then all new states. `step` computes the results of one tensor from R, T and its operands.
LogicalResult optimize(NodeLowering &n, size_t states,
                       function_ref<SmallVector<Value>(Value, Value, ArrayRef<Value>)> step) {
  size_t kinds = 2 + states, count = n.operandCount() < 2 ? 0 : (n.operandCount() - 2) / kinds;
  if (count == 0 || n.operandCount() != 2 + count * kinds || n.outputCount() != count * (1 + states))
    return n.invalid("needs R, T, and a value, a gradient and " + Twine(states) + " state(s) of each tensor");
  for (size_t i = 0; i != n.operandCount(); ++i)
    if (!n.operand(i) || (i != 1 && !n.element(i).isF32()))
      return n.unsupported("operands that are absent or not of f32");
  if (tensorTypeOf(n.operand(0)).getNumElements() != 1 || tensorTypeOf(n.operand(1)).getNumElements() != 1)
    return n.invalid("R and T must be scalars");
  Value rate = n.t.reshape(n.operand(0), {}), updates = n.t.cast(n.t.reshape(n.operand(1), {}), n.t.b.getF32Type());
  for (size_t i = 0; i != count; ++i) {
    SmallVector<Value> own;
    for (size_t kind = 0; kind != kinds; ++kind)
      own.push_back(n.operand(2 + kind * count + i));
    if (!llvm::all_of(own, [&](Value v) { return shapeOf(v) == shapeOf(own[0]); }))
      return n.invalid("a gradient or state has not its tensor's shape");
    for (auto [kind, result] : llvm::enumerate(step(rate, updates, own)))
      n.setOutput(kind * count + i, result);
  }
  return success();
}

/// The gradient with that of norm_coefficient / 2 * |x|^2.
Value regularized(NodeLowering &n, Value x, Value gradient) {
  double norm = n.floatAttr("norm_coefficient", 0);
  return n.t.map({x, gradient}, elementTypeOf(x),
                 [&](S &s, ValueRange v) { return s.add(s.mul(s.constant(v[0].getType(), norm), v[0]), v[1]); });
}

LogicalResult lowerAdagrad(NodeLowering &n) {
  double decay = n.floatAttr("decay_factor", 0), epsilon = n.floatAttr("epsilon", 1e-6);
  return optimize(n, 1, [&](Value rate, Value updates, ArrayRef<Value> own) -> SmallVector<Value> {
    Type f32 = elementTypeOf(own[0]);
    Value gradient = regularized(n, own[0], own[1]);
    Value squares = n.t.map({own[2], gradient}, f32, [](S &s, ValueRange v) { return s.add(v[0], s.mul(v[1], v[1])); });
    Value x = n.t.map({own[0], gradient, squares, rate, updates}, f32, [&](S &s, ValueRange v) {
      Value slowed = s.div(v[3], s.add(s.constant(f32, 1), s.mul(v[4], s.constant(f32, decay))));
      Value scale = s.add(s.op<math::SqrtOp>(v[2]), s.constant(f32, epsilon));
      return s.sub(v[0], s.div(s.mul(slowed, v[1]), scale));
    });
    return {x, squares};
  });
}

LogicalResult lowerAdam(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 0.9), beta = n.floatAttr("beta", 0.999), epsilon = n.floatAttr("epsilon", 1e-6);
  double after = 1 - n.floatAttr("norm_coefficient_post", 0);
  return optimize(n, 2, [&](Value rate, Value updates, ArrayRef<Value> own) -> SmallVector<Value> {
    Type f32 = elementTypeOf(own[0]);
    auto average = [&](Value old, Value fresh, double keep) {
      return n.t.map({old, fresh}, f32, [&](S &s, ValueRange v) {
        return s.add(s.mul(s.constant(f32, keep), v[0]), s.mul(s.constant(f32, 1 - keep), v[1]));
      });
    };
    Value gradient = regularized(n, own[0], own[1]);
    Value mean = average(own[2], gradient, alpha), squares = average(own[3], n.t.mul(gradient, gradient), beta);
    // The averages begin at zero; the rate makes up for what they lack of their weights.
    Value adjusted = n.t.map({rate, updates}, f32, [&](S &s, ValueRange v) {
      auto missing = [&](double base) {
        return s.sub(s.constant(f32, 1), s.op<math::PowFOp>(s.constant(f32, base), v[1]));
      };
      Value scaled = s.div(s.mul(v[0], s.op<math::SqrtOp>(missing(beta))), missing(alpha));
      return s.select(s.cmp("gt", v[1], s.constant(f32, 0)), scaled, v[0]);
    });
    Value x = n.t.map({own[0], mean, squares, adjusted}, f32, [&](S &s, ValueRange v) {
      Value scale = s.add(s.op<math::SqrtOp>(v[2]), s.constant(f32, epsilon));
      return s.mul(s.constant(f32, after), s.sub(v[0], s.div(s.mul(v[3], v[1]), scale)));
    });
    return {x, mean, squares};
  });
}

LogicalResult lowerMomentum(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 0), beta = n.floatAttr("beta", 0);
  StringRef mode = n.stringAttr("mode", "");
  if (mode != "standard" && mode != "nesterov")
    return n.invalid("mode is '" + mode + "'");
  return optimize(n, 1, [&](Value rate, Value updates, ArrayRef<Value> own) -> SmallVector<Value> {
    Type f32 = elementTypeOf(own[0]);
    Value gradient = regularized(n, own[0], own[1]);
    Value momentum = n.t.map({own[2], gradient, updates}, f32, [&](S &s, ValueRange v) {
      // The first step takes the whole gradient.
      Value zero = s.constant(f32, 0), share = s.constant(f32, beta), one = s.constant(f32, 1);
      Value part = s.select(s.cmp("gt", v[2], zero), share, one);
      return s.add(s.mul(s.constant(f32, alpha), v[0]), s.mul(part, v[1]));
    });
    Value x = n.t.map({own[0], gradient, momentum, rate}, f32, [&](S &s, ValueRange v) {
      Value direction = mode == "standard" ? v[2] : s.add(v[1], s.mul(s.constant(f32, alpha), v[2]));
      return s.sub(v[0], s.mul(v[3], direction));
    });
    return {x, momentum};
  });
}

} // namespace

ArrayRef<LoweringEntry> wafer::optimizerLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Adagrad", 1, lowerAdagrad, "ai.onnx.preview.training"},
      {"Adam", 1, lowerAdam, "ai.onnx.preview.training"},
      {"Momentum", 1, lowerMomentum, "ai.onnx.preview.training"},
  };
  return table;
}
