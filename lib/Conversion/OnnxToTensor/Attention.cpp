// Attention and RotaryEmbedding.
//
// Two contractions around a softmax. Heads that share keys are a loop of their own in both contractions, so keys and
// values are never repeated, and what a query sees is compared where the scores are scaled: a causal mask costs a
// comparison with the key's number and no memory.
#include "Attention.h"

#include "Softmax.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace wafer;

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

AttentionResult wafer::attend(NodeLowering &n, const AttentionForm &form) {
  ArrayRef<int64_t> q = shapeOf(form.q), k = shapeOf(form.k), v = shapeOf(form.v);
  int64_t batch = q[0], heads = q[1], queries = q[2], size = q[3], groups = k[1], keys = k[2], valueSize = v[3];
  int64_t sharing = heads / groups;
  Type element = elementTypeOf(form.q), i32 = n.t.b.getI32Type();
  AffineExpr b, g, r, i, j, d;
  MLIRContext *context = n.t.b.getContext();
  bindDims(context, b, g, r, i, j, d);
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(6, 0, exprs, context); };

  AttentionResult result;
  Value scores =
      n.t.contract(n.t.reshape(form.q, {batch, groups, sharing, queries, size}), form.k, map({b, g, r, i, d}),
                   map({b, g, j, d}), map({b, g, r, i, j}), {batch, groups, sharing, queries, keys, size});
  scores = n.t.reshape(scores, {batch, heads, queries, keys});
  result.scores =
      n.t.map({scores}, element, [&](S &s, ValueRange v) { return s.mul(v[0], s.constant(element, form.scale)); });
  result.capped = result.scores;
  if (form.softcap != 0)
    result.capped = n.t.map({result.scores}, element, [&](S &s, ValueRange v) -> Value {
      Value cap = s.constant(element, form.softcap);
      return s.mul(cap, s.op<math::TanhOp>(s.mul(v[0], s.constant(element, 1 / form.softcap))));
    });
  SmallVector<Value> operands{result.capped};
  auto add = [&](Value operand) {
    if (operand)
      operands.push_back(operand);
  };
  add(form.bias);
  add(form.visible);
  add(form.first);
  add(form.last);
  result.biased = result.capped;
  if (operands.size() > 1)
    result.biased = n.t.mapInto({batch, heads, queries, keys}, operands, element, [&](S &s, ValueRange v) {
      size_t next = 1;
      Value x = form.bias ? s.add(v[0], v[next++]) : v[0];
      Value hidden = s.constant(element, -INFINITY);
      if (form.visible)
        x = s.select(v[next++], x, hidden);
      if (form.first)
        x = s.select(s.cmp("lt", s.index(3, i32), v[next++]), hidden, x);
      if (form.last)
        x = s.select(s.cmp("gt", s.index(3, i32), v[next++]), hidden, x);
      return x;
    });
  Type inner = form.softmaxType ? form.softmaxType : element;
  result.weights = n.t.cast(softmax(n, n.t.cast(result.biased, inner), {3}), element);
  AffineExpr value = d;
  result.y =
      n.t.contract(n.t.reshape(result.weights, {batch, groups, sharing, queries, keys}), form.v, map({b, g, r, i, j}),
                   map({b, g, j, value}), map({b, g, r, i, value}), {batch, groups, sharing, queries, keys, valueSize});
  result.y = n.t.reshape(result.y, {batch, heads, queries, valueSize});
  return result;
}

Value wafer::splitHeads(NodeLowering &n, Value x, int64_t heads) {
  ArrayRef<int64_t> shape = shapeOf(x);
  return n.t.transpose(n.t.reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

Value wafer::joinHeads(NodeLowering &n, Value x) {
  Ints shape(shapeOf(x));
  return n.t.reshape(n.t.transpose(x, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
}

Value wafer::causalLimit(NodeLowering &n, int64_t queries, int64_t offset) {
  Type i32 = n.t.b.getI32Type();
  return n.t.mapInto({queries, 1}, {}, i32, [&](S &s, ValueRange) {
    return s.add(s.index(0, i32), s.constant(i32, static_cast<double>(offset)));
  });
}

Value wafer::minLimit(NodeLowering &n, Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return n.t.map({a, b}, elementTypeOf(a), [](S &s, ValueRange v) { return s.min(v[0], v[1]); });
}

Value wafer::rotate(NodeLowering &n, Value x, Value cos, Value sin, bool interleaved) {
  Ints shape(shapeOf(x)), angles(shapeOf(cos));
  int64_t half = angles[2];
  Type element = elementTypeOf(x);
  auto cut = [&](int64_t from, int64_t count, int64_t stride) {
    return n.t.slice(x, {0, 0, 0, from}, {shape[0], shape[1], shape[2], count}, {1, 1, 1, stride});
  };
  Value left = interleaved ? cut(0, half, 2) : cut(0, half, 1);
  Value right = interleaved ? cut(1, half, 2) : cut(half, half, 1);
  cos = n.t.reshape(cos, {angles[0], 1, angles[1], half});
  sin = n.t.reshape(sin, {angles[0], 1, angles[1], half});
  Value real = n.t.map({left, right, cos, sin}, element,
                       [](S &s, ValueRange v) { return s.sub(s.mul(v[2], v[0]), s.mul(v[3], v[1])); });
  Value imaginary = n.t.map({left, right, cos, sin}, element,
                            [](S &s, ValueRange v) { return s.add(s.mul(v[3], v[0]), s.mul(v[2], v[1])); });
  Value turned;
  if (interleaved) {
    Ints pairs{shape[0], shape[1], shape[2], half, 1};
    turned = n.t.concat({n.t.reshape(real, pairs), n.t.reshape(imaginary, pairs)}, 4);
    turned = n.t.reshape(turned, {shape[0], shape[1], shape[2], 2 * half});
  } else {
    turned = n.t.concat({real, imaginary}, 3);
  }
  return 2 * half == shape[3] ? turned : n.t.concat({turned, cut(2 * half, shape[3] - 2 * half, 1)}, 3);
}

namespace {

LogicalResult lowerAttention(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if ((rank != 3 && rank != 4) || n.rank(1) != rank || n.rank(2) != rank)
    return n.invalid("queries, keys and values must all have three or all have four dimensions");
  int64_t heads = rank == 4 ? n.shape(0)[1] : n.intAttr("q_num_heads", 0);
  int64_t groups = rank == 4 ? n.shape(1)[1] : n.intAttr("kv_num_heads", 0);
  if (heads < 1 || groups < 1 || heads % groups != 0)
    return n.invalid(Twine(heads) + " heads do not share " + Twine(groups) + " heads of keys evenly");
  AttentionForm form;
  form.q = n.operand(0), form.k = n.operand(1), form.v = n.operand(2);
  if (rank == 3) {
    if (n.shape(0)[2] % heads || n.shape(1)[2] % groups || n.shape(2)[2] % groups)
      return n.invalid("a hidden size does not divide by the number of heads");
    form.q = splitHeads(n, form.q, heads);
    form.k = splitHeads(n, form.k, groups);
    form.v = splitHeads(n, form.v, groups);
  }
  for (size_t i : {1, 2, 4, 5})
    if (n.operand(i) && elementTypeOf(n.operand(i)) != elementTypeOf(form.q))
      return n.unsupported("queries, keys and values of several types", "cast them to one");
  int64_t past = 0;
  if (n.operand(4) || n.operand(5)) {
    if (!n.operand(4) || !n.operand(5) || n.rank(4) != 4 || n.rank(5) != 4)
      return n.invalid("past_key and past_value must both be there, with four dimensions");
    past = n.shape(4)[2];
    for (auto [old, fresh] : {std::pair{4, form.k}, {5, form.v}})
      for (int64_t d : {0, 1, 3})
        if (n.shape(old)[d] != shapeOf(fresh)[d])
          return n.invalid("past_key or past_value differs from the keys or values in more than its length");
    form.k = n.t.concat({n.operand(4), form.k}, 2);
    form.v = n.t.concat({n.operand(5), form.v}, 2);
  }
  ArrayRef<int64_t> q = shapeOf(form.q), k = shapeOf(form.k), v = shapeOf(form.v);
  int64_t batch = q[0], queries = q[2], keys = k[2];
  if (k[0] != batch || v[0] != batch || k[3] != q[3] || v[2] != keys || v[1] != groups || keys == 0)
    return n.invalid("the shapes of queries, keys and values do not go together");
  form.scale = n.floatAttr("scale", 1 / std::sqrt(static_cast<double>(q[3])));
  form.softcap = n.floatAttr("softcap", 0);
  if (n.hasAttr("softmax_precision")) {
    form.softmaxType = onnx::elementTypeFor(n.t.b.getContext(), n.intAttr("softmax_precision", 1));
    if (!isa_and_nonnull<FloatType>(form.softmaxType))
      return n.invalid("softmax_precision is no type of floats");
  }
  if (Value mask = n.operand(3)) {
    int64_t missing = n.rank(3) ? keys - n.shape(3).back() : 0;
    bool isBool = n.element(3).isInteger(1);
    if (!isBool && elementTypeOf(mask) != elementTypeOf(form.q))
      return n.unsupported("a mask that is neither of booleans nor of the queries' type", "cast it");
    if (missing > 0 && n.shape(3).back() != 1) {
      Ints low(n.rank(3), 0), high(low);
      high.back() = missing;
      Type element = n.element(3);
      TypedAttr hidden =
          isBool ? TypedAttr(IntegerAttr::get(element, 0)) : TypedAttr(FloatAttr::get(element, -INFINITY));
      mask = n.t.pad(mask, low, high, hidden);
    }
    Ints scores{batch, heads, queries, keys};
    auto shape = broadcastShapes(shapeOf(mask), scores);
    if (!shape || *shape != scores)
      return n.invalid("attn_mask does not broadcast to the scores");
    (isBool ? form.visible : form.bias) = mask;
  }
  if (n.intAttr("is_causal", 0))
    form.last = causalLimit(n, queries, past);
  if (n.operand(6)) {
    Type i32 = n.t.b.getI32Type();
    if (n.rank(6) != 1 || n.shape(6)[0] != batch)
      return n.invalid("nonpad_kv_seqlen must have one element per batch element");
    Value last = n.t.map({n.t.cast(n.operand(6), i32)}, i32,
                         [&](S &s, ValueRange v) { return s.sub(v[0], s.constant(i32, 1)); });
    form.last = minLimit(n, form.last, n.t.reshape(last, {batch, 1, 1, 1}));
  }
  AttentionResult result = attend(n, form);
  n.setOutput(0, rank == 3 ? joinHeads(n, result.y) : result.y);
  n.setOutput(1, form.k);
  n.setOutput(2, form.v);
  int64_t mode = n.intAttr("qk_matmul_output_mode", 0);
  Value choices[] = {result.scores, result.capped, result.biased, result.weights};
  if (mode < 0 || mode > 3)
    return n.invalid("qk_matmul_output_mode is " + Twine(mode));
  n.setOutput(3, choices[mode]);
  return success();
}

LogicalResult lowerRotaryEmbedding(NodeLowering &n) {
  int64_t rank = n.rank(0), heads = rank == 4 ? n.shape(0)[1] : n.intAttr("num_heads", 0);
  if ((rank != 3 && rank != 4) || heads < 1 || (rank == 3 && n.shape(0)[2] % heads))
    return n.invalid("needs four dimensions, or three of which the last divides by num_heads");
  Value x = rank == 4 ? n.operand(0) : splitHeads(n, n.operand(0), heads);
  int64_t batch = shapeOf(x)[0], length = shapeOf(x)[2], size = shapeOf(x)[3];
  int64_t turned = n.intAttr("rotary_embedding_dim", 0);
  if (turned == 0)
    turned = size;
  Value cos = n.operand(1), sin = n.operand(2);
  if (n.operand(3)) {
    if (n.rank(1) != 2 || n.rank(2) != 2 || n.shape(3) != ArrayRef<int64_t>{batch, length})
      return n.invalid("with position_ids of [batch, length] the caches must be matrices");
    cos = n.t.gatherRows(cos, n.operand(3));
    sin = n.t.gatherRows(sin, n.operand(3));
  }
  Ints angles{batch, length, turned / 2};
  if (turned % 2 || turned < 0 || turned > size || shapeOf(cos) != ArrayRef<int64_t>(angles) ||
      shapeOf(sin) != ArrayRef<int64_t>(angles))
    return n.invalid("the caches do not fit the part of a head that is turned");
  Value y = rotate(n, x, cos, sin, n.intAttr("interleaved", 0));
  n.setOutput(0, rank == 4 ? y : joinHeads(n, y));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::attentionLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Attention", 23, lowerAttention},
      {"RotaryEmbedding", 23, lowerRotaryEmbedding},
  };
  return table;
}
