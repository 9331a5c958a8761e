// ONNX Runtime's own operators (domain com.microsoft) around attention: fused normalizations, activations, matrix
// products and convolutions, by the lowerings of what was fused.
#include "Activations.h"
#include "MatMul.h"
#include "Normalization.h"
#include "Window.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

bool isVectorOf(Value x, int64_t extent) { return x && shapeOf(x) == ArrayRef<int64_t>{extent}; }

// The (root mean square or layer) normalization of input + skip [+ bias].
LogicalResult lowerSkipNormalization(NodeLowering &n) {
  bool simplified = n.op() == "SkipSimplifiedLayerNormalization";
  Value beta = simplified ? Value() : n.operand(3), bias = n.operand(simplified ? 3 : 4);
  if (n.rank(0) < 1)
    return n.invalid("the input must not be a scalar");
  int64_t width = n.shape(0).back(), last = n.rank(0) - 1;
  auto sumShape = broadcastShapes(n.shape(0), n.shape(1));
  if (!isVectorOf(n.operand(2), width) || (beta && !isVectorOf(beta, width)) || (bias && !isVectorOf(bias, width)) ||
      !sumShape || *sumShape != Ints(n.shape(0)))
    return n.invalid("skip must broadcast to the input; gamma, beta and bias must have one element per column");
  Value sum = n.t.add(n.operand(0), n.operand(1));
  if (bias)
    sum = n.t.add(sum, bias);
  double epsilon = n.floatAttr("epsilon", 1e-12);
  Normalized result = simplified ? normalizeRms(n, sum, last, n.operand(2), epsilon)
                                 : normalizeLayer(n, sum, last, n.operand(2), beta, epsilon);
  n.setOutput(0, result.y);
  n.setOutput(1, result.mean);
  n.setOutput(2, result.inverse);
  n.setOutput(3, sum);
  return success();
}

LogicalResult lowerSimplifiedLayerNormalization(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  auto shape = broadcastShapes(n.shape(0), n.shape(1));
  if (!shape || *shape != Ints(n.shape(0)))
    return n.invalid("scale does not broadcast to the operand");
  Normalized result = normalizeRms(n, n.operand(0), *axis, n.operand(1), n.floatAttr("epsilon", 1e-5));
  n.setOutput(0, result.y);
  n.setOutput(1, result.inverse);
  return success();
}

// The normalization of the sum of a word's, its position's and its segment's embedding.
LogicalResult lowerEmbedLayerNormalization(NodeLowering &n) {
  if (n.rank(0) != 2 || !n.operand(2) || !n.operand(3) || n.rank(2) != 2 || n.rank(3) != 2)
    return n.invalid("needs input_ids of [batch, length] and matrices of embeddings");
  int64_t batch = n.shape(0)[0], length = n.shape(0)[1], width = n.shape(2)[1];
  if (n.shape(3)[1] != width || !isVectorOf(n.operand(5), width) || !isVectorOf(n.operand(6), width) ||
      (n.operand(1) && n.shape(1) != n.shape(0)) || (n.operand(7) && n.shape(7) != n.shape(0)))
    return n.invalid("the embeddings, gamma and beta must be of one width, and the ids and the mask of one shape");
  Value sum = n.t.gatherRows(n.operand(2), n.operand(0)), positions;
  if (n.operand(8)) {
    positions = n.t.gatherRows(n.operand(3), n.operand(8));
  } else {
    if (n.shape(3)[0] < length)
      return n.invalid("there are fewer positions than tokens");
    positions = n.t.reshape(n.t.slice(n.operand(3), {0, 0}, {length, width}, {1, 1}), {1, length, width});
  }
  auto sumShape = broadcastShapes(shapeOf(sum), shapeOf(positions));
  if (!sumShape || *sumShape != Ints(shapeOf(sum)))
    return n.invalid("position_ids must be [1 or batch, length]");
  sum = n.t.add(sum, positions);
  if (n.operand(1)) {
    if (!n.operand(4) || n.rank(4) != 2 || n.shape(4)[1] != width)
      return n.invalid("segment_ids need a matrix of embeddings of the same width");
    sum = n.t.add(sum, n.t.gatherRows(n.operand(4), n.operand(1)));
  }
  n.setOutput(0, normalizeLayer(n, sum, 2, n.operand(5), n.operand(6), n.floatAttr("epsilon", 1e-12)).y);
  if (n.outputUsed(1)) {
    // How many tokens of each sequence count.
    Type i32 = n.t.b.getI32Type();
    n.setOutput(1, n.operand(7) ? n.t.reduce(n.t.cast(n.operand(7), i32), {1}, /*keep=*/false, ReduceKind::Add)
                                : n.t.splat({batch}, i32, 0));
  }
  n.setOutput(2, sum);
  return success();
}

// FastGelu, BiasGelu, Gelu and QuickGelu, the first two with a bias.
LogicalResult lowerGelu(NodeLowering &n) {
  Value x = n.operand(0);
  if (!isa<FloatType>(n.element(0)))
    return n.unsupported("the operand is not of floats");
  if (n.operand(1)) {
    auto shape = broadcastShapes(n.shape(0), n.shape(1));
    if (!shape || *shape != Ints(n.shape(0)))
      return n.invalid("the bias does not broadcast to the operand");
    x = n.t.add(x, n.operand(1));
  }
  StringRef op = n.op();
  double alpha = n.floatAttr("alpha", 1.702);
  n.setOutput(0, n.t.map({x}, n.element(0), [&](S &s, ValueRange v) {
    if (op == "QuickGelu")
      return s.mul(v[0], sigmoid(s, s.mul(s.constant(v[0].getType(), alpha), v[0])));
    return op == "FastGelu" ? geluByTanh(s, v[0]) : gelu(s, v[0]);
  }));
  return success();
}

/// What a fused node does to its result, by the activation's ONNX name and parameters; null for an unknown one.
Value activate(NodeLowering &n, Value y, StringRef name, ArrayRef<double> parameters) {
  Type type = elementTypeOf(y);
  auto parameter = [&](size_t i, double otherwise) { return i < parameters.size() ? parameters[i] : otherwise; };
  auto map = [&](function_ref<Value(S &, Value)> fn) {
    return n.t.map({y}, type, [&](S &s, ValueRange v) { return fn(s, v[0]); });
  };
  auto number = [&](S &s, double value) { return s.constant(type, value); };
  if (name.empty())
    return y;
  if (name == "Relu")
    return map([&](S &s, Value x) { return s.max(x, number(s, 0)); });
  if (name == "Tanh")
    return map([&](S &s, Value x) -> Value { return s.op<math::TanhOp>(x); });
  if (name == "Sigmoid")
    return map([&](S &s, Value x) { return sigmoid(s, x); });
  if (name == "LeakyRelu")
    return map([&](S &s, Value x) {
      return s.select(s.cmp("lt", x, number(s, 0)), s.mul(number(s, parameter(0, 0.01)), x), x);
    });
  if (name == "Clip")
    return map([&](S &s, Value x) {
      return s.min(s.max(x, number(s, parameter(0, -INFINITY))), number(s, parameter(1, INFINITY)));
    });
  if (name == "HardSigmoid")
    return map([&](S &s, Value x) {
      Value line = s.add(s.mul(number(s, parameter(0, 0.2)), x), number(s, parameter(1, 0.5)));
      return s.max(number(s, 0), s.min(number(s, 1), line));
    });
  return {};
}

LogicalResult finishFused(NodeLowering &n, Value y, ArrayRef<double> parameters) {
  StringRef name = n.stringAttr("activation", "");
  Value result = activate(n, y, name, parameters);
  if (!result)
    return n.unsupported("the activation '" + name + "'", "disable the fusion when optimizing the model");
  n.setOutput(0, result);
  return success();
}

// Conv, then the sum with another tensor, then an activation.
LogicalResult lowerFusedConv(NodeLowering &n) {
  if (failed(lowerConv(n)))
    return failure();
  Value y = n.results()[0];
  if (Value z = n.operand(3)) {
    if (shapeOf(z) != shapeOf(y))
      return n.invalid("Z must have the convolution's shape");
    y = n.t.add(y, z);
  }
  SmallVector<double> parameters;
  if (auto given = dyn_cast_or_null<DenseF32ArrayAttr>(n.attr("activation_params")))
    parameters.assign(given.asArrayRef().begin(), given.asArrayRef().end());
  return finishFused(n, y, parameters);
}

LogicalResult lowerFusedGemm(NodeLowering &n) {
  if (failed(lowerGemm(n)))
    return failure();
  SmallVector<double> parameters;
  for (StringRef name : {"activation_alpha", "activation_beta"})
    if (n.hasAttr(name))
      parameters.push_back(n.floatAttr(name, 0));
  return finishFused(n, n.results()[0], parameters);
}

// MatMul of operands that may be transposed; with transBatch the matrices' rows come before the batch dimensions.
LogicalResult lowerFusedMatMul(NodeLowering &n) {
  auto prepare = [&](size_t i, bool transposed, bool batchTransposed) -> Value {
    int64_t rank = n.rank(i);
    if (rank < 2 || (!transposed && !batchTransposed))
      return n.operand(i);
    Ints order;
    for (int64_t d = 0; d != rank; ++d)
      order.push_back(d);
    if (batchTransposed) // [m, batch..., k] to [batch..., m, k]
      std::rotate(order.begin(), order.begin() + 1, order.end() - 1);
    if (transposed)
      std::swap(order[rank - 2], order[rank - 1]);
    return n.t.transpose(n.operand(i), order);
  };
  Value a = prepare(0, n.intAttr("transA", 0), n.intAttr("transBatchA", 0));
  Value b = prepare(1, n.intAttr("transB", 0), n.intAttr("transBatchB", 0));
  auto product = matrixProduct(n, a, b);
  if (failed(product))
    return failure();
  double alpha = n.floatAttr("alpha", 1);
  Value y = *product;
  if (alpha != 1)
    y = n.t.map({y}, elementTypeOf(y),
                [&](S &s, ValueRange v) { return s.mul(v[0], s.constant(v[0].getType(), alpha)); });
  n.setOutput(0, y);
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::contribLowerings() {
  static constexpr LoweringEntry table[] = {
      {"SkipLayerNormalization", 1, lowerSkipNormalization, "com.microsoft", "FFFff"},
      {"SkipSimplifiedLayerNormalization", 1, lowerSkipNormalization, "com.microsoft", "FFFf"},
      {"SimplifiedLayerNormalization", 1, lowerSimplifiedLayerNormalization, "com.microsoft", "FF"},
      {"EmbedLayerNormalization", 1, lowerEmbedLayerNormalization, "com.microsoft", "IiFFfFFii"},
      {"Gelu", 1, lowerGelu, "com.microsoft", "F"},
      {"BiasGelu", 1, lowerGelu, "com.microsoft", "FF"},
      {"FastGelu", 1, lowerGelu, "com.microsoft", "Ff"},
      {"QuickGelu", 1, lowerGelu, "com.microsoft", "F"},
      {"FusedConv", 1, lowerFusedConv, "com.microsoft", "FFff"},
      {"FusedGemm", 1, lowerFusedGemm, "com.microsoft", "FFf"},
      {"FusedMatMul", 1, lowerFusedMatMul, "com.microsoft", "FF"},
  };
  return table;
}
