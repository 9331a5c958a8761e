// ONNX Runtime's own attention operators (domain com.microsoft), which exporters and its optimizer write: other
// spellings of queries, keys, values and masks for the same attention as ONNX's.
#include "Attention.h"
#include "MatMul.h"
#include "Scatter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// `count` elements from `first` on along dimension `d`.
Value part(NodeLowering &n, Value x, int64_t d, int64_t first, int64_t count) {
  Ints offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), ones(sizes.size(), 1);
  offsets[d] = first;
  sizes[d] = count;
  return n.t.slice(x, offsets, sizes, ones);
}

/// Adds to what is added to the scores; either may be null.
LogicalResult addBias(NodeLowering &n, Value &bias, Value more) {
  if (bias && more && !broadcastShapes(shapeOf(bias), shapeOf(more)))
    return n.invalid("the mask and the attention bias do not go together");
  if (more)
    bias = bias ? n.t.add(bias, more) : more;
  return success();
}

/// What a mask of keys adds to the scores, [batch or 1, 1, queries or 1, keys]: 0, or `hidden` where the mask is 0 (or
/// beyond the lengths that it gives). A refusal for another form.
FailureOr<Value> maskBias(NodeLowering &n, Value mask, int64_t batch, int64_t queries, int64_t keys, double hidden) {
  Type f32 = n.t.b.getF32Type(), i32 = n.t.b.getI32Type();
  Ints shape(shapeOf(mask));
  mask = n.t.cast(mask, i32);
  if (shape == Ints{batch} || shape == Ints{2 * batch}) {
    // The first padded key, and with left padding also the first one that is not.
    Value end = n.t.reshape(part(n, mask, 0, 0, batch), {batch, 1, 1, 1});
    Value begin =
        shape[0] == batch ? n.t.splat({}, i32, 0) : n.t.reshape(part(n, mask, 0, batch, batch), {batch, 1, 1, 1});
    return n.t.mapInto({batch, 1, 1, keys}, {end, begin}, f32, [&](S &s, ValueRange v) {
      Value at = s.index(3, i32), seen = s.op<arith::AndIOp>(s.cmp("lt", at, v[0]), s.cmp("ge", at, v[1]));
      return s.select(seen, s.constant(f32, 0), s.constant(f32, hidden));
    });
  }
  if (shape == Ints{batch, keys})
    shape = {batch, 1, 1, keys};
  else if (shape == Ints{batch, queries, keys})
    shape = {batch, 1, queries, keys};
  else
    return n.unsupported("a mask of this shape", "give it as [batch], [batch, keys] or [batch, queries, keys]");
  return n.t.map({n.t.reshape(mask, shape)}, f32, [&](S &s, ValueRange v) {
    return s.select(s.cmp("ne", v[0], s.constant(i32, 0)), s.constant(f32, 0), s.constant(f32, hidden));
  });
}

LogicalResult finish(NodeLowering &n, AttentionForm &form) {
  ArrayRef<int64_t> q = shapeOf(form.q), k = shapeOf(form.k), v = shapeOf(form.v);
  if (k[0] != q[0] || v[0] != q[0] || k[3] != q[3] || v[2] != k[2] || v[1] != k[1] || q[1] % k[1] != 0 || k[2] == 0)
    return n.invalid("the shapes of queries, keys and values do not go together");
  if (form.bias) {
    Ints scores{q[0], q[1], q[2], k[2]};
    auto shape = broadcastShapes(shapeOf(form.bias), scores);
    if (!shape || *shape != scores)
      return n.invalid("the mask or the attention bias does not broadcast to the scores");
  }
  // 0 stands for the default, too.
  form.scale = n.floatAttr("scale", 0);
  if (form.scale == 0)
    form.scale = 1 / std::sqrt(static_cast<double>(q[3]));
  n.setOutput(0, joinHeads(n, attend(n, form).y));
  return success();
}

// Queries, keys and values are parts of one product.
LogicalResult lowerPackedAttention(NodeLowering &n) {
  int64_t heads = n.intAttr("num_heads", 0);
  if (n.rank(0) != 3 || n.rank(1) != 2 || heads < 1)
    return n.invalid("needs an input of [batch, length, size], a weight matrix and num_heads");
  if (n.intAttr("do_rotary", 0) || n.intAttr("past_present_share_buffer", 0))
    return n.unsupported("do_rotary or past_present_share_buffer", "export the model without them");
  int64_t batch = n.shape(0)[0], queries = n.shape(0)[1], width = n.shape(1)[1];
  Ints sizes = n.intsAttr("qkv_hidden_sizes", {width / 3, width / 3, width / 3});
  bool divides = sizes.size() == 3 &&
                 llvm::all_of(sizes, [&](int64_t size) { return size > 0 && size <= width && size % heads == 0; });
  if (!divides || sizes[0] + sizes[1] + sizes[2] != width)
    return n.invalid("the weight's columns do not divide into heads of queries, keys and values");
  auto product = matrixProduct(n, n.operand(0), n.operand(1));
  if (failed(product))
    return failure();
  if (n.operand(2) && n.shape(2) != ArrayRef<int64_t>{width})
    return n.invalid("the bias must have one element per column of the weight");
  Value all = n.operand(2) ? n.t.add(*product, n.operand(2)) : *product;
  AttentionForm form;
  form.q = splitHeads(n, part(n, all, 2, 0, sizes[0]), heads);
  form.k = splitHeads(n, part(n, all, 2, sizes[0], sizes[1]), heads);
  form.v = splitHeads(n, part(n, all, 2, sizes[0] + sizes[1], sizes[2]), heads);
  int64_t past = 0;
  if (n.operand(4)) {
    ArrayRef<int64_t> shape = n.shape(4), fresh = shapeOf(form.k);
    if (shape.size() != 5 || shape[0] != 2 || shape[1] != batch || shape[2] != heads || shape[4] != fresh[3] ||
        shapeOf(form.v)[3] != fresh[3])
      return n.invalid("past must be [2, batch, heads, length, head size], with keys and values of one size");
    past = shape[3];
    auto old = [&](int64_t i) { return n.t.reshape(part(n, n.operand(4), 0, i, 1), shape.drop_front()); };
    form.k = n.t.concat({old(0), form.k}, 2);
    form.v = n.t.concat({old(1), form.v}, 2);
  }
  int64_t keys = past + queries;
  if (n.operand(3)) {
    auto bias = maskBias(n, n.operand(3), batch, queries, keys, n.floatAttr("mask_filter_value", -10000));
    if (failed(bias))
      return failure();
    form.bias = *bias;
  }
  if (failed(addBias(n, form.bias, n.operand(5))))
    return failure();
  if (n.intAttr("unidirectional", 0))
    form.last = causalLimit(n, queries, past);
  if (n.outputUsed(1)) {
    Ints one{1};
    llvm::append_range(one, shapeOf(form.k));
    n.setOutput(1, n.t.concat({n.t.reshape(form.k, one), n.t.reshape(form.v, one)}, 0));
  }
  return finish(n, form);
}

LogicalResult lowerMultiHeadAttention(NodeLowering &n) {
  int64_t heads = n.intAttr("num_heads", 0), queries = n.shape(0).size() > 1 ? n.shape(0)[1] : 0;
  if (heads < 1 || (n.rank(0) != 3 && n.rank(0) != 5))
    return n.invalid("needs queries of three dimensions (or five if packed) and num_heads");
  if (n.operand(8) || n.operand(9))
    return n.unsupported("a shared buffer of keys and values (past_sequence_length, cache_indirection)",
                         "export the model without them");
  // Member `i` of a packed [batch, length, heads, members, size].
  auto member = [&](Value packed, int64_t i) {
    ArrayRef<int64_t> shape = shapeOf(packed);
    return n.t.reshape(part(n, packed, 3, i, 1), {shape[0], shape[1], shape[2] * shape[4]});
  };
  Value parts[3] = {n.operand(0), n.operand(1), n.operand(2)};
  if (n.rank(0) == 5) {
    if (n.operand(1) || n.operand(2) || n.shape(0)[2] != heads || n.shape(0)[3] != 3)
      return n.invalid("packed queries, keys and values must be [batch, length, heads, 3, size], with no others");
    for (int64_t i = 0; i != 3; ++i)
      parts[i] = member(n.operand(0), i);
  } else if (n.operand(1) && n.rank(1) == 5) {
    if (n.operand(2) || n.shape(1)[2] != heads || n.shape(1)[3] != 2)
      return n.invalid("packed keys and values must be [batch, length, heads, 2, size]");
    parts[1] = member(n.operand(1), 0);
    parts[2] = member(n.operand(1), 1);
  } else if (!n.operand(1) || !n.operand(2) || n.rank(1) != n.rank(2) || (n.rank(1) != 3 && n.rank(1) != 4)) {
    return n.invalid("keys and values must both have three dimensions, or four");
  }
  if (Value bias = n.operand(3)) {
    int64_t first = 0;
    for (Value &x : parts) {
      int64_t size = shapeOf(x).size() == 3 ? shapeOf(x)[2] : -1;
      if (size < 0 || n.rank(3) != 1 || first + size > n.shape(3)[0])
        return n.unsupported("a bias that does not fit queries, keys and values of [batch, length, size]");
      x = n.t.add(x, part(n, bias, 0, first, size));
      first += size;
    }
  }
  Value split[3];
  for (int i = 0; i != 3; ++i) {
    bool isSplit = shapeOf(parts[i]).size() == 4;
    if (isSplit ? shapeOf(parts[i])[1] != heads : shapeOf(parts[i])[2] % heads != 0)
      return n.invalid("a hidden size does not divide by num_heads");
    split[i] = isSplit ? parts[i] : splitHeads(n, parts[i], heads);
  }
  AttentionForm form;
  form.q = split[0], form.k = split[1], form.v = split[2];
  int64_t past = 0;
  if (n.operand(6) || n.operand(7)) {
    if (!n.operand(6) || !n.operand(7) || n.rank(6) != 4 || n.rank(7) != 4)
      return n.invalid("past_key and past_value must both be there, with four dimensions");
    for (auto [old, fresh] : {std::pair{6, form.k}, {7, form.v}})
      for (int64_t d : {0, 1, 3})
        if (n.shape(old)[d] != shapeOf(fresh)[d])
          return n.invalid("past_key or past_value differs from the keys or values in more than its length");
    past = n.shape(6)[2];
    form.k = n.t.concat({n.operand(6), form.k}, 2);
    form.v = n.t.concat({n.operand(7), form.v}, 2);
  }
  if (n.operand(4)) {
    auto bias = maskBias(n, n.operand(4), shapeOf(form.q)[0], queries, shapeOf(form.k)[2],
                         n.floatAttr("mask_filter_value", -10000));
    if (failed(bias))
      return failure();
    form.bias = *bias;
  }
  if (failed(addBias(n, form.bias, n.operand(5))))
    return failure();
  if (n.intAttr("unidirectional", 0))
    form.last = causalLimit(n, queries, past);
  n.setOutput(1, form.k);
  n.setOutput(2, form.v);
  return finish(n, form);
}

/// The rows of a cache of angles for positions, i32 or i64 [batch, length]; `turned` elements of a head.
FailureOr<Value> angles(NodeLowering &n, Value cache, Value positions, int64_t half) {
  if (!cache || shapeOf(cache).size() != 2 || shapeOf(cache)[1] != half)
    return n.invalid("cos_cache and sin_cache must be matrices with one column per pair that is turned");
  return n.t.gatherRows(cache, positions);
}

// Each batch element has its own number of cached keys; new ones follow them.
LogicalResult lowerGroupQueryAttention(NodeLowering &n) {
  int64_t heads = n.intAttr("num_heads", 0), groups = n.intAttr("kv_num_heads", 0);
  if (n.rank(0) != 3 || heads < 1 || groups < 1 || heads % groups != 0)
    return n.invalid("needs queries of three dimensions, and num_heads that kv_num_heads divides");
  for (size_t i = 11; i < n.operandCount(); ++i)
    if (n.operand(i))
      return n.unsupported("operand " + Twine(i) + " (sinks, quantized caches, norms or query lengths)",
                           "export the model without it");
  if (n.intAttr("smooth_softmax", -1) > 0 || n.intAttr("sliding_window_cache", 0))
    return n.unsupported("smooth_softmax or sliding_window_cache", "export the model without them");
  Value parts[3] = {n.operand(0), n.operand(1), n.operand(2)};
  int64_t batch = n.shape(0)[0], queries = n.shape(0)[1];
  if (!parts[1]) {
    int64_t size = n.shape(0)[2] / (heads + 2 * groups);
    if (n.shape(0)[2] % (heads + 2 * groups) != 0)
      return n.invalid("packed queries, keys and values do not divide into heads");
    parts[0] = part(n, n.operand(0), 2, 0, heads * size);
    parts[1] = part(n, n.operand(0), 2, heads * size, groups * size);
    parts[2] = part(n, n.operand(0), 2, (heads + groups) * size, groups * size);
  }
  for (int i = 0; i != 3; ++i)
    if (!parts[i] || shapeOf(parts[i]).size() != 3 || shapeOf(parts[i])[2] % (i ? groups : heads) != 0)
      return n.invalid("a hidden size does not divide by the number of heads");
  AttentionForm form;
  form.q = splitHeads(n, parts[0], heads);
  form.k = splitHeads(n, parts[1], groups);
  form.v = splitHeads(n, parts[2], groups);
  int64_t size = shapeOf(form.q)[3];
  for (Value x : {form.k, form.v})
    if (shapeOf(x)[0] != batch || shapeOf(x)[2] != queries)
      return n.invalid("queries, keys and values must be of one batch and one length");
  if (shapeOf(form.k)[3] != size)
    return n.invalid("the heads of queries and keys differ in size");
  auto total = n.constantInts(6);
  if (!total || total->size() != 1)
    return n.notConstant("total_sequence_length, which decides the extent of the cache,");
  if (tensorTypeOf(n.operand(5)).getNumElements() != batch || total->front() < queries || total->front() > INT32_MAX)
    return n.invalid("seqlens_k must have one element per batch element, and the total length be that of the keys");
  // How many keys each batch element has had before: none in the prompt. With one element that is no secret.
  Type i32 = n.t.b.getI32Type();
  bool isPrompt = total->front() == queries;
  Value past;
  if (isPrompt || batch == 1)
    past = n.t.splat({batch}, i32, static_cast<double>(total->front() - queries));
  else
    past = n.t.map({n.t.cast(n.t.reshape(n.operand(5), {batch}), i32)}, i32,
                   [&](S &s, ValueRange v) { return s.add(v[0], s.constant(i32, static_cast<double>(1 - queries))); });
  Value position = n.t.mapInto({batch, queries}, {n.t.reshape(past, {batch, 1})}, i32,
                               [&](S &s, ValueRange v) { return s.add(v[0], s.index(1, i32)); });
  if (n.intAttr("do_rotary", 0)) {
    Value at = n.operand(9) && !isPrompt && n.shape(9) == ArrayRef<int64_t>{batch, queries} ? n.operand(9) : position;
    int64_t half = n.operand(7) && n.rank(7) == 2 ? n.shape(7)[1] : 0;
    auto cos = angles(n, n.operand(7), at, half), sin = angles(n, n.operand(8), at, half);
    if (failed(cos) || failed(sin) || half < 1 || 2 * half > size)
      return n.refusal ? failure() : n.invalid("the caches of angles are wider than a head");
    bool interleaved = n.intAttr("rotary_interleaved", 0);
    form.q = rotate(n, form.q, *cos, *sin, interleaved);
    form.k = rotate(n, form.k, *cos, *sin, interleaved);
  }
  for (auto [i, fresh] : {std::pair<size_t, Value *>{3, &form.k}, {4, &form.v}}) {
    Value cache = n.operand(i);
    ArrayRef<int64_t> shape = shapeOf(*fresh);
    if (cache && (n.rank(i) != 4 || n.shape(i)[0] != batch || n.shape(i)[1] != groups || n.shape(i)[3] != shape[3]))
      return n.invalid("past_key or past_value is not [batch, kv_num_heads, length, head size]");
    int64_t length = cache ? n.shape(i)[2] : 0, room = std::max(length, total->front());
    if (length == 0) {
      if (room != queries)
        return n.invalid("without a past the total length must be that of the queries");
      continue;
    }
    cache = n.t.padZero(cache, {0, 0, 0, 0}, {0, 0, room - length, 0});
    *fresh = writeEntries(n, cache, *fresh, 2, past);
  }
  n.setOutput(1, form.k);
  n.setOutput(2, form.v);
  int64_t keys = shapeOf(form.k)[2], window = n.intAttr("local_window_size", -1);
  Value last = n.t.reshape(position, {batch, 1, queries, 1});
  if (n.intAttr("causal", 1)) {
    form.last = last;
  } else {
    Value lengths = n.t.map({n.t.reshape(past, {batch, 1, 1, 1})}, i32, [&](S &s, ValueRange v) {
      return s.add(v[0], s.constant(i32, static_cast<double>(queries - 1)));
    });
    form.last = lengths;
  }
  if (window >= 0)
    form.first = n.t.map(
        {last}, i32, [&](S &s, ValueRange v) { return s.sub(v[0], s.constant(i32, static_cast<double>(window - 1))); });
  form.softcap = n.floatAttr("softcap", 0);
  if (Value bias = n.operand(10)) {
    if (n.rank(10) != 4 || n.shape(10)[3] > keys)
      return n.invalid("attention_bias must be [batch, heads, queries, keys]");
    form.bias = n.t.padZero(bias, {0, 0, 0, 0}, {0, 0, 0, keys - n.shape(10)[3]});
  }
  return finish(n, form);
}

LogicalResult lowerRotaryEmbedding(NodeLowering &n) {
  if (n.intAttr("is_packed_batching", 0) || n.floatAttr("scale", 1) != 1)
    return n.unsupported("is_packed_batching, or a scale that is not 1", "export the model without them");
  int64_t rank = n.rank(0), heads = n.intAttr("num_heads", 0);
  if ((rank != 3 && rank != 4) || n.rank(2) != 2)
    return n.invalid("needs an input of three or four dimensions and matrices of angles");
  int64_t half = n.shape(2)[1];
  if (rank == 3 && heads == 0 && half > 0)
    heads = n.shape(0)[2] / (2 * half);
  if (rank == 3 && (heads < 1 || n.shape(0)[2] % heads != 0))
    return n.invalid("the hidden size does not divide into heads");
  Value x = rank == 4 ? n.operand(0) : splitHeads(n, n.operand(0), heads);
  int64_t batch = shapeOf(x)[0], length = shapeOf(x)[2];
  if (2 * half > shapeOf(x)[3])
    return n.invalid("the caches of angles are wider than a head");
  Value positions = n.operand(1);
  if (tensorTypeOf(positions).getNumElements() == 1) {
    // The first position; the others follow it.
    Type type = n.element(1);
    positions = n.t.mapInto({batch, length}, {n.t.reshape(positions, {1, 1})}, type,
                            [&](S &s, ValueRange v) { return s.add(v[0], s.index(1, type)); });
  } else if (n.shape(1) != ArrayRef<int64_t>{batch, length}) {
    return n.invalid("position_ids must be [1] or [batch, length]");
  }
  auto cos = angles(n, n.operand(2), positions, half), sin = angles(n, n.operand(3), positions, half);
  if (failed(cos) || failed(sin))
    return failure();
  Value y = rotate(n, x, *cos, *sin, n.intAttr("interleaved", 0));
  n.setOutput(0, rank == 4 ? y : joinHeads(n, y));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::contribAttentionLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Attention", 1, lowerPackedAttention, "com.microsoft", "FFfiffi"},
      {"MultiHeadAttention", 1, lowerMultiHeadAttention, "com.microsoft", "Ffffifffii"},
      {"GroupQueryAttention", 1, lowerGroupQueryAttention, "com.microsoft", "FffffIIffifaaaaaa"},
      {"RotaryEmbedding", 1, lowerRotaryEmbedding, "com.microsoft", "FIFF"},
  };
  return table;
}
