// What classical pipelines compute on their inputs: n-gram counts, thresholds, columns.
#include "Gather.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// How often each of `grams` ([number, length], as a flat list) occurs in x, [batch, tokens], with `gap` tokens from
/// one of its elements to the next: f32 [batch, number].
Value countGrams(NodeLowering &n, Value x, ArrayRef<int64_t> grams, int64_t length, int64_t gap) {
  int64_t batch = shapeOf(x)[0], number = static_cast<int64_t>(grams.size()) / length;
  int64_t windows = shapeOf(x)[1] - (length - 1) * gap;
  Type f32 = n.t.b.getF32Type();
  AffineExpr b, g, i;
  MLIRContext *context = n.t.b.getContext();
  bindDims(context, b, g, i);
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (int64_t k = 0; k != length; ++k) {
    Ints column;
    for (int64_t m = 0; m != number; ++m)
      column.push_back(grams[m * length + k]);
    operands.push_back(n.t.slice(x, {0, k * gap}, {batch, windows}, {1, 1}));
    maps.push_back(AffineMap::get(3, 0, {b, i}, context));
    operands.push_back(n.t.cast(n.t.ints(column), elementTypeOf(x)));
    maps.push_back(AffineMap::get(3, 0, g, context));
  }
  maps.push_back(AffineMap::get(3, 0, {b, g}, context));
  utils::IteratorType parallel = utils::IteratorType::parallel;
  return n.t.generic(operands, n.t.filled({batch, number}, f32, 0), maps,
                     {parallel, parallel, utils::IteratorType::reduction}, [&](S &s, ValueRange v) {
                       Value all;
                       for (int64_t k = 0; k != length; ++k) {
                         Value same = s.cmp("eq", v[2 * k], v[2 * k + 1]);
                         all = all ? s.op<arith::AndIOp>(all, same) : same;
                       }
                       return s.add(v.back(), s.cast(all, f32));
                     });
}

LogicalResult lowerTfIdfVectorizer(NodeLowering &n) {
  StringRef mode = n.stringAttr("mode", "TF");
  int64_t shortest = n.intAttr("min_gram_length", 1), longest = n.intAttr("max_gram_length", 1);
  int64_t skips = n.intAttr("max_skip_count", 0);
  Ints starts = n.intsAttr("ngram_counts", {}), places = n.intsAttr("ngram_indexes", {}),
       pool = n.intsAttr("pool_int64s", {});
  if (n.hasAttr("pool_strings") || !isa<IntegerType>(n.element(0)))
    return n.refuse(ErrorCode::ElementTypeUnsupported, "strings are not supported", "number the tokens on the host");
  if ((mode != "TF" && mode != "IDF" && mode != "TFIDF") || (n.rank(0) != 1 && n.rank(0) != 2) || shortest < 1 ||
      longest < shortest || longest > 16 || skips < 0 || skips > 1024)
    return n.invalid("the mode, the lengths of n-grams, the skips or the operand's rank is out of range");
  int64_t batch = n.rank(0) == 2 ? n.shape(0)[0] : 1, tokens = n.shape(0).back();
  Value x = n.t.reshape(n.operand(0), {batch, tokens});
  // Counts of all n-grams in the pool's order, those of one length after the other.
  SmallVector<Value> parts;
  Type f32 = n.t.b.getF32Type();
  int64_t total = 0;
  for (int64_t length = 1; length <= static_cast<int64_t>(starts.size()); ++length) {
    int64_t first = starts[length - 1];
    int64_t last = length < static_cast<int64_t>(starts.size()) ? starts[length] : static_cast<int64_t>(pool.size());
    if (first < 0 || last < first || last > static_cast<int64_t>(pool.size()) || (last - first) % length != 0)
      return n.invalid("ngram_counts does not divide the pool into n-grams");
    int64_t number = (last - first) / length;
    total += number;
    if (number == 0)
      continue;
    Value counts = n.t.splat({batch, number}, f32, 0);
    bool wanted = length >= shortest && length <= longest;
    for (int64_t gap = 1; wanted && gap <= (length == 1 ? 1 : skips + 1); ++gap)
      if ((length - 1) * gap < tokens)
        counts = n.t.add(counts, countGrams(n, x, ArrayRef<int64_t>(pool).slice(first, last - first), length, gap));
    parts.push_back(counts);
  }
  if (total != static_cast<int64_t>(places.size()) || total == 0)
    return n.invalid("ngram_indexes must have one element per n-gram of the pool");
  Value counts = n.t.concat(parts, 1);
  if (mode == "IDF")
    counts = n.t.map({counts}, f32, [&](S &s, ValueRange v) { return s.min(v[0], s.constant(f32, 1)); });
  if (auto weights = dyn_cast_or_null<DenseF32ArrayAttr>(n.attr("weights")); weights && mode != "TF") {
    if (weights.size() != total)
      return n.invalid("weights must have one element per n-gram of the pool");
    counts = n.t.mul(counts,
                     n.t.constant(DenseElementsAttr::get(RankedTensorType::get({total}, f32), weights.asArrayRef())));
  }
  // Each column of the result is an n-gram's, or the zeros behind them.
  int64_t width = 0;
  for (int64_t place : places) {
    if (place < 0 || place >= (1 << 24))
      return n.invalid("ngram_indexes holds " + Twine(place));
    width = std::max(width, place + 1);
  }
  Ints source(width, total);
  for (auto [gram, place] : llvm::enumerate(places)) {
    if (source[place] != total)
      return n.unsupported("two n-grams share a column");
    source[place] = gram;
  }
  if (llvm::is_contained(source, total))
    counts = n.t.concat({counts, n.t.splat({batch, 1}, f32, 0)}, 1);
  Value result = takeAlong(n, counts, 1, source);
  n.setOutput(0, n.rank(0) == 2 ? result : n.t.reshape(result, {width}));
  return success();
}

LogicalResult lowerBinarizer(NodeLowering &n) {
  double threshold = n.floatAttr("threshold", 0);
  Type element = n.element(0);
  n.setOutput(0, n.t.map({n.operand(0)}, element, [&](S &s, ValueRange v) {
    return s.cast(s.cmp("gt", v[0], s.constant(element, threshold)), element);
  }));
  return success();
}

// Columns of the last dimension by number; a vector counts as a matrix of one row.
LogicalResult lowerArrayFeatureExtractor(NodeLowering &n) {
  auto columns = n.constantInts(1);
  if (!columns)
    return n.notConstant("the columns' numbers");
  if (n.rank(0) < 1)
    return n.invalid("the operand must not be a scalar");
  for (int64_t column : *columns)
    if (column < 0 || column >= n.shape(0).back())
      return n.invalid("column " + Twine(column) + " is out of range");
  Value x = n.rank(0) == 1 ? n.t.reshape(n.operand(0), {1, n.shape(0)[0]}) : n.operand(0);
  n.setOutput(0, takeAlong(n, x, static_cast<int64_t>(shapeOf(x).size()) - 1, *columns));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::featureLowerings() {
  static constexpr LoweringEntry table[] = {
      {"TfIdfVectorizer", 9, lowerTfIdfVectorizer},
      {"Binarizer", 1, lowerBinarizer, "ai.onnx.ml"},
      {"ArrayFeatureExtractor", 1, lowerArrayFeatureExtractor, "ai.onnx.ml"},
  };
  return table;
}
