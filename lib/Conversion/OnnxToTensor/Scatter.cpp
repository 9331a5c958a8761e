// Scatters: the machine has no write to a computed place of a spread tensor, so each element of the result asks which
// update is its own.
//
// By indices that the run computes, that is a reduction over the updates that could be, of the comparison of the index
// with the place. Without a reduction of ONNX's own the last update wins: the reduction finds its number first.
// Constant indices are turned around here: they say where each element of the result comes from, which is a
// concatenation of slices, or a gather.
#include "Scatter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// Comparisons of a scatter by run-time indices, at most.
constexpr int64_t maxComparisons = int64_t(1) << 32;

int64_t productOf(ArrayRef<int64_t> extents) {
  int64_t product = 1;
  for (int64_t extent : extents)
    product *= extent;
  return product;
}

LogicalResult checkComparisons(NodeLowering &n, int64_t places, int64_t updates) {
  if (updates == 0 || places <= maxComparisons / updates)
    return success();
  return n.unsupported("comparing " + Twine(places) + " places with " + Twine(updates) +
                           " updates, because the indices are computed from run-time data: more than 2^32 comparisons",
                       "make the indices constant (--const), or scatter along a shorter dimension");
}

/// nullopt for "none".
FailureOr<std::optional<ReduceKind>> reductionOf(NodeLowering &n) {
  StringRef name = n.stringAttr("reduction", "none");
  if (name == "none")
    return std::optional<ReduceKind>();
  if (name == "add")
    return std::optional(ReduceKind::Add);
  if (name == "mul")
    return std::optional(ReduceKind::Mul);
  if (name == "max")
    return std::optional(ReduceKind::Max);
  if (name == "min")
    return std::optional(ReduceKind::Min);
  return n.invalid("reduction is '" + name + "'");
}

/// Indices in i32, negative ones counted from the end.
Value normalized(NodeLowering &n, Value indices, int64_t extent) {
  Type i32 = n.t.b.getI32Type();
  return n.t.map({indices}, i32, [&](S &s, ValueRange v) {
    Value at = s.cast(v[0], i32);
    return s.select(s.cmp("lt", at, s.constant(i32, 0)), s.add(at, s.constant(i32, static_cast<double>(extent))), at);
  });
}

/// A reduction over the last of `loops`, the updates, for each point of the others. `maps` read the operands.
Value overUpdates(NodeLowering &n, ArrayRef<Value> operands, ArrayRef<AffineMap> maps, ArrayRef<int64_t> loops,
                  ReduceKind kind, Type type, TypedAttr identity, function_ref<Value(S &, ValueRange)> term) {
  unsigned rank = loops.size() - 1;
  SmallVector<AffineMap> all(maps);
  all.push_back(AffineMap::getMultiDimIdentityMap(loops.size(), n.t.b.getContext()).getMajorSubMap(rank));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  return n.t.generic(operands, n.t.filled(loops.drop_back(), type, identity), all, iterators,
                     [&](S &s, ValueRange v) { return s.reduce(kind, v.back(), term(s, v.drop_back())); });
}

/// Where every update goes and what comes of it, for both scatters. Places are [places...], one of them dimension
/// `axis`, that the updates' numbers run along; `indices` and `updates` are read by their maps over (places...,
/// number).
struct Search {
  Ints places;
  int64_t axis, updates;
  AffineMap indexMap, updateMap, placeMap;
};

/// data with the updates: data's shape is search.places.
Value scatterByComparing(NodeLowering &n, const Search &search, Value data, Value indices, Value updates,
                         std::optional<ReduceKind> kind) {
  Type element = elementTypeOf(data), i32 = n.t.b.getI32Type();
  Ints loops(search.places);
  loops.push_back(search.updates);
  auto last = static_cast<unsigned>(search.places.size()), axis = static_cast<unsigned>(search.axis);
  if (kind) {
    TypedAttr identity = identityOf(*kind, element);
    Value found =
        overUpdates(n, {indices, updates}, {search.indexMap, search.updateMap}, loops, *kind, element, identity,
                    [&](S &s, ValueRange v) {
                      return s.select(s.cmp("eq", v[0], s.index(axis, i32)), v[1], s.constant(element, identity));
                    });
    return n.t.map({data, found}, element, [&](S &s, ValueRange v) { return s.reduce(*kind, v[0], v[1]); });
  }
  Value winner =
      overUpdates(n, {indices}, {search.indexMap}, loops, ReduceKind::Max, i32, scalarAttr(i32, int64_t(-1)),
                  [&](S &s, ValueRange v) {
                    return s.select(s.cmp("eq", v[0], s.index(axis, i32)), s.index(last, i32), s.constant(i32, -1));
                  });
  // Booleans are picked by "or", numbers by a sum of one of them and zeros.
  ReduceKind pick = element.isInteger(1) ? ReduceKind::Max : ReduceKind::Add;
  Value found = overUpdates(n, {winner, updates}, {search.placeMap, search.updateMap}, loops, pick, element,
                            identityOf(pick, element), [&](S &s, ValueRange v) {
                              return s.select(s.cmp("eq", v[0], s.index(last, i32)), v[1], s.constant(element, 0));
                            });
  return n.t.map({data, winner, found}, element,
                 [&](S &s, ValueRange v) { return s.select(s.cmp("lt", v[1], s.constant(i32, 0)), v[0], v[2]); });
}

//===- Constant indices ---------------------------------------------------===//

/// Rows of `from`: those numbered `numbers`, in order.
Value takeRows(NodeLowering &n, Value from, ArrayRef<int64_t> numbers) {
  constexpr size_t maxSlices = 16;
  SmallVector<std::pair<int64_t, int64_t>> runs; // first, count
  for (int64_t number : numbers) {
    if (!runs.empty() && runs.back().first + runs.back().second == number)
      ++runs.back().second;
    else
      runs.push_back({number, 1});
  }
  if (runs.size() > maxSlices)
    return n.t.gatherRows(from, n.t.ints(numbers));
  SmallVector<Value> parts;
  Ints offsets(shapeOf(from).size(), 0), sizes(shapeOf(from)), ones(sizes.size(), 1);
  for (auto [first, count] : runs) {
    offsets[0] = first;
    sizes[0] = count;
    parts.push_back(n.t.slice(from, offsets, sizes, ones));
  }
  return n.t.concat(parts, 0);
}

/// The rows of `data` with the rows of `updates`, whose i-th goes to row `targets[i]`. A place that several updates go
/// to is filled in as many rounds.
Value scatterRows(NodeLowering &n, Value data, Value updates, ArrayRef<int64_t> targets,
                  std::optional<ReduceKind> kind) {
  int64_t rows = shapeOf(data)[0];
  Type element = elementTypeOf(data);
  SmallVector<Ints> hits(rows);
  for (auto [i, target] : llvm::enumerate(targets))
    hits[target].push_back(i);
  if (!kind) {
    Ints source(rows);
    for (int64_t row = 0; row != rows; ++row)
      source[row] = hits[row].empty() ? row : rows + hits[row].back();
    return takeRows(n, n.t.concat({data, updates}, 0), source);
  }
  Ints unit(shapeOf(data));
  unit[0] = 1;
  Value table = n.t.concat({updates, n.t.splat(unit, element, identityOf(*kind, element))}, 0);
  auto neutral = static_cast<int64_t>(targets.size());
  for (size_t round = 0;; ++round) {
    Ints source(rows, neutral);
    bool any = false;
    for (int64_t row = 0; row != rows; ++row)
      if (round < hits[row].size()) {
        source[row] = hits[row][round];
        any = true;
      }
    if (!any)
      return data;
    data = n.t.map({data, takeRows(n, table, source)}, element,
                   [&](S &s, ValueRange v) { return s.reduce(*kind, v[0], v[1]); });
  }
}

/// How often the most frequent target occurs.
size_t mostHits(ArrayRef<int64_t> targets, int64_t rows) {
  Ints count(rows, 0);
  int64_t most = 0;
  for (int64_t target : targets)
    most = std::max(most, ++count[target]);
  return most;
}

constexpr size_t maxRounds = 8;

//===- The operators ------------------------------------------------------===//

/// Brings each index into its dimension; false after a refusal.
bool bringInside(NodeLowering &n, int64_t &index, int64_t extent) {
  if (index < -extent || index >= extent) {
    (void)n.invalid("index " + Twine(index) + " is out of range for a dimension of " + Twine(extent));
    return false;
  }
  if (index < 0)
    index += extent;
  return true;
}

LogicalResult lowerScatterElements(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
  auto kind = reductionOf(n);
  if (failed(kind))
    return failure();
  if (!axis || n.rank(1) != n.rank(0) || n.shape(2) != n.shape(1))
    return n.invalid("axis is out of range, or indices and updates differ in shape from each other or in rank");
  Value data = n.operand(0), indices = n.operand(1), updates = n.operand(2);
  for (int64_t d = 0; d != n.rank(0); ++d)
    if (d != *axis && n.shape(1)[d] > n.shape(0)[d])
      return n.invalid("dimension " + Twine(d) + " of the indices is larger than the operand's");
  if (llvm::is_contained(n.shape(1), 0)) {
    n.setOutput(0, data);
    return success();
  }
  if (auto values = n.constantInts(1)) {
    int64_t elements = tensorTypeOf(data).getNumElements();
    Ints strides(n.rank(0), 1), point(n.rank(0), 0), targets;
    for (int64_t d = n.rank(0) - 2; d >= 0; --d)
      strides[d] = strides[d + 1] * n.shape(0)[d + 1];
    for (int64_t index : *values) {
      if (!bringInside(n, index, n.shape(0)[*axis]))
        return failure();
      int64_t target = index * strides[*axis];
      for (int64_t d = 0; d != n.rank(0); ++d)
        target += d == *axis ? 0 : point[d] * strides[d];
      targets.push_back(target);
      for (int64_t d = n.rank(0) - 1; d >= 0 && ++point[d] == n.shape(1)[d]; --d)
        point[d] = 0;
    }
    if (elements <= (1 << 20) && (!*kind || mostHits(targets, elements) <= maxRounds)) {
      Value result = scatterRows(n, n.t.reshape(data, {elements}),
                                 n.t.reshape(updates, {static_cast<int64_t>(targets.size())}), targets, *kind);
      n.setOutput(0, n.t.reshape(result, n.shape(0)));
      return success();
    }
  }
  // The part of the operand that the indices cover across the axis.
  Ints box(n.shape(1)), zero(n.rank(0), 0), ones(n.rank(0), 1);
  box[*axis] = n.shape(0)[*axis];
  if (failed(checkComparisons(n, productOf(box), n.shape(1)[*axis])))
    return failure();
  MLIRContext *context = n.t.b.getContext();
  auto rank = static_cast<unsigned>(n.rank(0));
  AffineMap place = AffineMap::getMultiDimIdentityMap(rank + 1, context).getMajorSubMap(rank);
  SmallVector<AffineExpr> read(place.getResults());
  read[*axis] = getAffineDimExpr(rank, context);
  AffineMap number = AffineMap::get(rank + 1, 0, read, context);
  Search search{box, *axis, n.shape(1)[*axis], number, number, place};
  Value part = n.t.slice(data, zero, box, ones);
  part = scatterByComparing(n, search, part, normalized(n, indices, n.shape(0)[*axis]), updates, *kind);
  // What lies beyond the box in each dimension stays.
  for (unsigned d = rank; d-- > 0;) {
    int64_t beyond = n.shape(0)[d] - shapeOf(part)[d];
    if (beyond == 0)
      continue;
    Ints offsets(zero), sizes(shapeOf(part));
    offsets[d] = shapeOf(part)[d];
    sizes[d] = beyond;
    part = n.t.concat({part, n.t.slice(data, offsets, sizes, ones)}, d);
  }
  n.setOutput(0, part);
  return success();
}

LogicalResult lowerScatterND(NodeLowering &n) {
  auto kind = reductionOf(n);
  if (failed(kind))
    return failure();
  if (n.rank(0) < 1 || n.rank(1) < 1)
    return n.invalid("operand and indices must not be scalars");
  int64_t depth = n.shape(1).back();
  if (depth < 1 || depth > n.rank(0))
    return n.invalid("the indices address " + Twine(depth) + " dimensions of " + Twine(n.rank(0)));
  ArrayRef<int64_t> outer = n.shape(1).drop_back(), row = n.shape(0).drop_front(depth);
  Ints expected(outer);
  llvm::append_range(expected, row);
  if (n.shape(2) != ArrayRef<int64_t>(expected))
    return n.invalid("the updates' shape does not follow from the indices' and the operand's");
  int64_t rows = productOf(n.shape(0).take_front(depth)), count = productOf(outer), width = productOf(row);
  if (count == 0 || rows * width == 0) {
    n.setOutput(0, n.operand(0));
    return success();
  }
  Value data = n.t.reshape(n.operand(0), {rows, width}), updates = n.t.reshape(n.operand(2), {count, width});
  if (auto values = n.constantInts(1)) {
    Ints targets;
    for (int64_t i = 0; i != count; ++i) {
      int64_t target = 0;
      for (int64_t k = 0; k != depth; ++k) {
        int64_t index = (*values)[i * depth + k];
        if (!bringInside(n, index, n.shape(0)[k]))
          return failure();
        target = target * n.shape(0)[k] + index;
      }
      targets.push_back(target);
    }
    if (!*kind || mostHits(targets, rows) <= maxRounds) {
      n.setOutput(0, n.t.reshape(scatterRows(n, data, updates, targets, *kind), n.shape(0)));
      return success();
    }
  }
  if (failed(checkComparisons(n, *kind ? rows * width : rows, count)))
    return failure();
  // Each update's row number.
  Type i32 = n.t.b.getI32Type();
  Value indices = n.t.reshape(n.operand(1), {count, depth}), target;
  for (int64_t k = 0; k != depth; ++k) {
    Value part = n.t.reshape(n.t.slice(indices, {0, k}, {count, 1}, {1, 1}), {count});
    part = normalized(n, part, n.shape(0)[k]);
    auto extent = static_cast<double>(n.shape(0)[k]);
    target = target ? n.t.map({target, part}, i32,
                              [&](S &s, ValueRange v) { return s.add(s.mul(v[0], s.constant(i32, extent)), v[1]); })
                    : part;
  }
  AffineExpr place, column, number;
  MLIRContext *context = n.t.b.getContext();
  bindDims(context, place, column, number);
  Value result;
  if (*kind) {
    Search search{{rows, width},
                  0,
                  count,
                  AffineMap::get(3, 0, number, context),
                  AffineMap::get(3, 0, {number, column}, context),
                  AffineMap::get(3, 0, {place, column}, context)};
    result = scatterByComparing(n, search, data, target, updates, *kind);
  } else {
    // Only the last update's number is searched for; rows are gathered by it, from the operand where there is none.
    AffineExpr update = column;
    Value winner =
        overUpdates(n, {target}, {AffineMap::get(2, 0, update, context)}, {rows, count}, ReduceKind::Max, i32,
                    scalarAttr(i32, int64_t(-1)), [&](S &s, ValueRange v) {
                      return s.select(s.cmp("eq", v[0], s.index(0, i32)), s.index(1, i32), s.constant(i32, -1));
                    });
    Value source = n.t.map({winner}, i32, [&](S &s, ValueRange v) {
      Value update = s.add(v[0], s.constant(i32, static_cast<double>(rows)));
      return s.select(s.cmp("lt", v[0], s.constant(i32, 0)), s.index(0, i32), update);
    });
    result = n.t.gatherRows(n.t.concat({data, updates}, 0), source);
  }
  n.setOutput(0, n.t.reshape(result, n.shape(0)));
  return success();
}

// What a MaxPool kept, back where it was: indices count the elements of the whole result.
LogicalResult lowerMaxUnpool(NodeLowering &n) {
  Ints kernel = n.intsAttr("kernel_shape", {});
  int64_t rank = n.rank(0), spatial = rank - 2;
  Ints strides = n.intsAttr("strides", Ints(std::max<int64_t>(spatial, 0), 1));
  Ints pads = n.intsAttr("pads", Ints(2 * std::max<int64_t>(spatial, 0), 0));
  if (rank < 3 || n.shape(1) != n.shape(0) || static_cast<int64_t>(kernel.size()) != spatial ||
      static_cast<int64_t>(strides.size()) != spatial || static_cast<int64_t>(pads.size()) != 2 * spatial)
    return n.invalid("indices must have the operand's shape; kernel, strides and pads its spatial dimensions");
  for (ArrayRef<int64_t> values : {ArrayRef<int64_t>(kernel), ArrayRef<int64_t>(strides), ArrayRef<int64_t>(pads)})
    if (llvm::any_of(values, [](int64_t v) { return v < 0 || v > INT32_MAX; }))
      return n.invalid("kernel, strides and pads are from 0 to 2^31 - 1");
  Ints shape{n.shape(0)[0], n.shape(0)[1]};
  for (int64_t d = 0; d != spatial; ++d)
    shape.push_back((n.shape(0)[2 + d] - 1) * strides[d] + kernel[d] - pads[d] - pads[spatial + d]);
  if (n.operand(2)) {
    auto given = n.constantInts(2);
    if (!given)
      return n.notConstant("output_shape");
    shape = *given;
  }
  if (static_cast<int64_t>(shape.size()) != rank || llvm::any_of(shape, [](int64_t dim) { return dim < 1; }) ||
      !isCountable(shape))
    return n.invalid("the result's shape is not positive, beyond all machines, or of another rank");
  int64_t places = productOf(shape), count = tensorTypeOf(n.operand(0)).getNumElements();
  if (failed(checkComparisons(n, places, count)))
    return failure();
  AffineExpr place, number;
  MLIRContext *context = n.t.b.getContext();
  bindDims(context, place, number);
  AffineMap byNumber = AffineMap::get(2, 0, number, context);
  Search search{{places}, 0, count, byNumber, byNumber, AffineMap::get(2, 0, place, context)};
  Value result = scatterByComparing(n, search, n.t.splat({places}, n.element(0), 0),
                                    n.t.cast(n.t.reshape(n.operand(1), {count}), n.t.b.getI32Type()),
                                    n.t.reshape(n.operand(0), {count}), std::nullopt);
  n.setOutput(0, n.t.reshape(result, shape));
  return success();
}

// A cache with new entries along one axis, from a place per batch element on.
LogicalResult lowerTensorScatter(NodeLowering &n) {
  StringRef mode = n.stringAttr("mode", "linear");
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -2), n.rank(0));
  if (mode != "linear" && mode != "circular")
    return n.invalid("mode is '" + mode + "'");
  if (!axis || *axis == 0 || n.rank(1) != n.rank(0))
    return n.invalid("axis is out of range or the batch, or the ranks differ");
  for (int64_t d = 0; d != n.rank(0); ++d)
    if (d == *axis ? n.shape(1)[d] > n.shape(0)[d] : n.shape(1)[d] != n.shape(0)[d])
      return n.invalid("the update does not fit the cache in dimension " + Twine(d));
  int64_t batch = n.shape(0)[0];
  Type i32 = n.t.b.getI32Type();
  Value start = n.operand(2) ? n.t.cast(n.operand(2), i32) : n.t.splat({batch}, i32, 0);
  if (shapeOf(start) != ArrayRef<int64_t>{batch})
    return n.invalid("write_indices must have one element per batch element");
  n.setOutput(0, writeEntries(n, n.operand(0), n.operand(1), *axis, start, mode == "circular"));
  return success();
}

} // namespace

Value wafer::writeEntries(NodeLowering &n, Value cache, Value update, int64_t axis, Value start, bool circular) {
  Ints shape(shapeOf(cache));
  auto rank = static_cast<int64_t>(shape.size());
  int64_t batch = shape[0], length = shape[axis], fresh = shapeOf(update)[axis];
  if (fresh == 0 || tensorTypeOf(cache).getNumElements() == 0)
    return cache;
  // One known place for all: no entry moves but the new ones.
  if (DenseElementsAttr places = constantOf(start); places && places.isSplat() && !circular) {
    int64_t from = places.getSplatValue<APInt>().getSExtValue();
    if (from >= 0 && from + fresh <= length) {
      auto part = [&](int64_t first, int64_t count) {
        Ints offsets(rank, 0), sizes(shape), ones(rank, 1);
        offsets[axis] = first;
        sizes[axis] = count;
        return n.t.slice(cache, offsets, sizes, ones);
      };
      return n.t.concat({part(0, from), update, part(from + fresh, length - from - fresh)}, axis);
    }
  }
  // Batch and axis in front: each place of the result is a row of the cache or of the update.
  Type i32 = n.t.b.getI32Type();
  Ints order{0, axis}, back(rank), rest;
  for (int64_t d = 1; d != rank; ++d)
    if (d != axis) {
      order.push_back(d);
      rest.push_back(shape[d]);
    }
  for (auto [to, from] : llvm::enumerate(order))
    back[from] = to;
  int64_t width = productOf(rest);
  Value old = n.t.reshape(n.t.transpose(cache, order), {batch * length, width});
  Value rows = n.t.reshape(n.t.transpose(update, order), {batch * fresh, width});
  Value source = n.t.mapInto({batch, length}, {n.t.reshape(start, {batch, 1})}, i32, [&](S &s, ValueRange v) {
    auto number = [&](int64_t value) { return s.constant(i32, static_cast<double>(value)); };
    Value at = s.sub(s.index(1, i32), v[0]);
    if (circular) {
      at = s.op<arith::RemSIOp>(at, number(length));
      at = s.select(s.cmp("lt", at, number(0)), s.add(at, number(length)), at);
    }
    Value isNew = s.op<arith::AndIOp>(s.cmp("ge", at, number(0)), s.cmp("lt", at, number(fresh)));
    Value kept = s.add(s.mul(s.index(0, i32), number(length)), s.index(1, i32));
    Value updated = s.add(s.add(s.mul(s.index(0, i32), number(fresh)), at), number(batch * length));
    return s.select(isNew, updated, kept);
  });
  Value table = n.t.concat({old, rows}, 0), result;
  if (DenseElementsAttr constant = constantOf(source)) {
    Ints numbers;
    for (const APInt &number : constant.getValues<APInt>())
      numbers.push_back(number.getSExtValue());
    result = takeRows(n, table, numbers);
  } else {
    result = n.t.gatherRows(table, n.t.reshape(source, {batch * length}));
  }
  Ints ordered{batch, length};
  llvm::append_range(ordered, rest);
  return n.t.transpose(n.t.reshape(result, ordered), back);
}

ArrayRef<LoweringEntry> wafer::scatterLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Scatter", 9, lowerScatterElements},      {"ScatterElements", 11, lowerScatterElements},
      {"ScatterND", 11, lowerScatterND},         {"MaxUnpool", 9, lowerMaxUnpool},
      {"TensorScatter", 24, lowerTensorScatter},
  };
  return table;
}
