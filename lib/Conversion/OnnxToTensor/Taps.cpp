// Three ways to apply taps, the cheapest that fits:
//
//   copies    one tap of weight 1 each: a repetition, a slice or a gather by constant indices, exact for any element
//   periodic  q further elements of the result have the same taps p elements further on: one contraction with a
//             q x taps matrix over windows that slide by p (a transposed convolution by phases, if q is the scale)
//   otherwise a contraction with a matrix of the axis's extents
#include "Taps.h"

using namespace mlir;
using namespace wafer;

using Ints = SmallVector<int64_t>;

namespace {

Value floats(NodeLowering &n, ArrayRef<int64_t> shape, ArrayRef<float> values) {
  return n.t.constant(DenseElementsAttr::get(RankedTensorType::get(shape, n.t.b.getF32Type()), values));
}

/// Contracts axis `axis` of x with `matrix`. Its place in x is `place` of the loops that stand for it in the result
/// (`extents`; all of them read the matrix) and of the loop over the taps.
Value contractAxis(NodeLowering &n, Value x, int64_t axis, Value matrix, ArrayRef<int64_t> extents, int64_t taps,
                   function_ref<AffineExpr(ArrayRef<AffineExpr>, AffineExpr)> place, size_t matrixFrom) {
  MLIRContext *context = n.t.b.getContext();
  Ints loops(shapeOf(x));
  loops.erase(loops.begin() + axis);
  loops.insert(loops.begin() + axis, extents.begin(), extents.end());
  size_t rank = loops.size();
  loops.push_back(taps);
  SmallVector<AffineExpr> dims;
  for (size_t d = 0; d != loops.size(); ++d)
    dims.push_back(getAffineDimExpr(d, context));
  ArrayRef<AffineExpr> all = dims, own = all.slice(axis, extents.size());
  SmallVector<AffineExpr> read(all.take_front(axis)), matrixRead(own.drop_front(matrixFrom));
  read.push_back(place(own, dims.back()));
  llvm::append_range(read, all.slice(axis + extents.size(), rank - axis - extents.size()));
  matrixRead.push_back(dims.back());
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(loops.size(), 0, exprs, context); };
  return n.t.contract(x, matrix, map(read), map(matrixRead), map(all.take_front(rank)), loops);
}

Value applyMatrix(NodeLowering &n, Value x, const TappedAxis &axis) {
  SmallVector<float> weights(axis.output() * axis.input, 0);
  for (auto [o, row] : llvm::enumerate(axis.taps))
    for (const Tap &tap : row)
      weights[o * axis.input + std::clamp<int64_t>(tap.at, 0, axis.input - 1)] += static_cast<float>(tap.weight);
  Value matrix = floats(n, {axis.output(), axis.input}, weights);
  return contractAxis(
      n, x, axis.axis, matrix, {axis.output()}, axis.input, [](ArrayRef<AffineExpr>, AffineExpr k) { return k; }, 0);
}

/// Every `results` further elements of the result have the same taps `step` elements further on. The window of each
/// such group of results is `span` elements from `base` on.
struct Period {
  int64_t results, step, base, span;
};

bool sameTaps(const Taps &a, const Taps &b, int64_t step) {
  return llvm::equal(
      a, b, [&](const Tap &x, const Tap &y) { return x.at + step == y.at && std::abs(x.weight - y.weight) < 1e-7; });
}

std::optional<Period> findPeriod(ArrayRef<Taps> taps) {
  constexpr int64_t maxResults = 64;
  auto count = static_cast<int64_t>(taps.size());
  for (int64_t q = 1; q <= std::min(maxResults, count / 2); ++q) {
    if (taps[0].empty() || taps[q].empty())
      return std::nullopt;
    int64_t p = taps[q].front().at - taps[0].front().at;
    bool repeats = p > 0;
    for (int64_t o = 0; repeats && o + q < count; ++o)
      repeats = sameTaps(taps[o], taps[o + q], p);
    if (!repeats)
      continue;
    int64_t first = taps[0].front().at, last = first;
    for (const Taps &row : taps.take_front(q)) {
      first = std::min(first, row.front().at);
      last = std::max(last, row.back().at);
    }
    return Period{q, p, first, last - first + 1};
  }
  return std::nullopt;
}

/// Elements first .. first + size - 1 of an axis that goes on forever with its outermost elements.
Value cutWithEdges(NodeLowering &n, Value x, int64_t axis, int64_t first, int64_t size) {
  int64_t extent = shapeOf(x)[axis], end = first + size;
  SmallVector<Value> parts;
  auto add = [&](int64_t from, int64_t count, int64_t stride) {
    if (count <= 0)
      return;
    Ints offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
    offsets[axis] = from;
    sizes[axis] = count;
    strides[axis] = count == 1 ? 1 : stride;
    parts.push_back(n.t.slice(x, offsets, sizes, strides));
  };
  int64_t inside = std::clamp<int64_t>(first, 0, extent), insideEnd = std::clamp<int64_t>(end, 0, extent);
  add(0, std::min<int64_t>(end, 0) - first, 0);
  add(inside, insideEnd - inside, 1);
  add(extent - 1, end - std::max(first, extent), 0);
  return n.t.concat(parts, axis);
}

Value applyPeriod(NodeLowering &n, Value x, const TappedAxis &axis, const Period &period) {
  int64_t groups = (axis.output() + period.results - 1) / period.results;
  SmallVector<float> weights(period.results * period.span, 0);
  for (int64_t o = 0; o != period.results; ++o)
    for (const Tap &tap : axis.taps[o])
      weights[o * period.span + tap.at - period.base] = static_cast<float>(tap.weight);
  x = cutWithEdges(n, x, axis.axis, period.base, (groups - 1) * period.step + period.span);
  Ints shape(shapeOf(x)), offsets(shape.size(), 0), strides(shape.size(), 1);
  Value y = contractAxis(
      n, x, axis.axis, floats(n, {period.results, period.span}, weights), {groups, period.results}, period.span,
      [&](ArrayRef<AffineExpr> own, AffineExpr k) { return own[0] * period.step + k; }, 1);
  shape[axis.axis] = groups * period.results;
  y = n.t.reshape(y, shape);
  shape[axis.axis] = axis.output();
  return n.t.slice(y, offsets, shape, strides);
}

} // namespace

Value wafer::sumTaps(NodeLowering &n, Value x, const TappedAxis &axis) {
  auto period = findPeriod(axis.taps);
  return period && period->span < axis.input ? applyPeriod(n, x, axis, *period) : applyMatrix(n, x, axis);
}

// All axes at once: what repeats is a broadcast dimension behind its axis; what takes
// every so many is a slice; the rest is one gather of rows.
Value wafer::copyTaps(NodeLowering &n, Value x, ArrayRef<TappedAxis> axes) {
  int64_t rank = shapeOf(x).size();
  Ints offsets(rank, 0), sizes(shapeOf(x)), strides(rank, 1), repeats(rank, 1);
  SmallVector<std::pair<int64_t, Ints>> gathered;
  for (const TappedAxis &axis : axes) {
    Ints at;
    for (const Taps &row : axis.taps)
      at.push_back(row.front().at);
    int64_t step = at.size() > 1 ? at[1] - at[0] : 1, repeat = axis.output() / axis.input;
    auto each = [&](function_ref<int64_t(int64_t)> expected) {
      return llvm::all_of(llvm::enumerate(at), [&](auto item) { return item.value() == expected(item.index()); });
    };
    if (axis.output() % axis.input == 0 && each([&](int64_t o) { return o / repeat; })) {
      repeats[axis.axis] = repeat;
    } else if (step > 0 && each([&](int64_t o) { return at[0] + o * step; })) {
      offsets[axis.axis] = at[0];
      sizes[axis.axis] = axis.output();
      strides[axis.axis] = step;
    } else {
      gathered.push_back({axis.axis, at});
    }
  }
  x = n.t.slice(x, offsets, sizes, strides);
  if (!gathered.empty()) {
    // [gathered axes, others] as a table of rows; the rows' numbers are constants.
    Ints permutation, places, rest{1}, others;
    Value rows = n.t.reshape(n.t.ints({0}), {});
    for (auto &[axis, at] : gathered) {
      permutation.push_back(axis);
      places.push_back(at.size());
      Ints shape(gathered.size(), 1);
      shape[permutation.size() - 1] = at.size();
      Value scaled = n.t.mul(rows, n.t.reshape(n.t.ints({shapeOf(x)[axis]}), {}));
      rows = n.t.add(scaled, n.t.reshape(n.t.ints(at), shape));
    }
    int64_t count = 1;
    for (int64_t axis : permutation)
      count *= shapeOf(x)[axis];
    for (int64_t d = 0; d != rank; ++d)
      if (!llvm::is_contained(permutation, d)) {
        permutation.push_back(d);
        others.push_back(shapeOf(x)[d]);
        rest[0] *= shapeOf(x)[d];
      }
    Value table = n.t.reshape(n.t.transpose(x, permutation), {count, rest[0]});
    Value taken = n.t.gatherRows(table, rows);
    llvm::append_range(places, others);
    Ints back(rank);
    for (auto [to, from] : llvm::enumerate(permutation))
      back[from] = to;
    x = n.t.transpose(n.t.reshape(taken, places), back);
  }
  Ints split, wide, shape;
  for (int64_t d = 0; d != rank; ++d) {
    int64_t extent = shapeOf(x)[d];
    split.push_back(extent);
    wide.push_back(extent);
    shape.push_back(extent * repeats[d]);
    if (repeats[d] != 1) {
      split.push_back(1);
      wide.push_back(repeats[d]);
    }
  }
  return shape == Ints(shapeOf(x)) ? x : n.t.reshape(n.t.broadcast(n.t.reshape(x, split), wide), shape);
}
