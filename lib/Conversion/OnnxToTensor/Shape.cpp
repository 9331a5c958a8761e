// Ops that move or make elements without computing on them. What they need to know of their operands (a shape, bounds,
// repeats) must be constant by now.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

LogicalResult lowerIdentity(NodeLowering &n) {
  n.setOutput(0, n.operand(0));
  return success();
}

LogicalResult lowerDropout(NodeLowering &n) {
  if (n.operand(2)) {
    std::optional<double> training = n.constantScalar(2), ratio = n.operand(1) ? n.constantScalar(1) : 0.5;
    bool nothing = (training && *training == 0) || (ratio && *ratio == 0);
    if (!nothing && !training)
      return n.notConstant("training_mode");
    if (!nothing && !ratio)
      return n.notConstant("ratio");
    if (!nothing)
      return n.unsupported("training mode", "export the model for inference");
  }
  n.setOutput(0, n.operand(0));
  if (n.outputUsed(1))
    n.setOutput(1, n.t.splat(n.shape(0), n.t.b.getI1Type(), 1));
  return success();
}

LogicalResult lowerShape(NodeLowering &n) {
  int64_t rank = n.rank(0);
  auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  int64_t start = clamp(n.intAttr("start", 0)), end = clamp(n.intAttr("end", rank));
  n.setOutput(0, n.t.ints(n.shape(0).slice(start, std::max<int64_t>(end - start, 0))));
  return success();
}

LogicalResult lowerSize(NodeLowering &n) {
  n.setOutput(0, n.t.reshape(n.t.ints({tensorTypeOf(n.operand(0)).getNumElements()}), {}));
  return success();
}

LogicalResult lowerConstantOfShape(NodeLowering &n) {
  auto shape = n.constantInts(0);
  if (!shape)
    return n.notConstant("the shape");
  int64_t elements = 1;
  for (int64_t dim : *shape) {
    if (dim < 0 || (dim > 0 && elements > (int64_t(1) << 40) / dim))
      return n.invalid("the shape holds " + Twine(dim));
    elements *= dim;
  }
  auto value = dyn_cast_or_null<DenseElementsAttr>(n.attr("value"));
  if (!value) {
    n.setOutput(0, n.t.splat(*shape, n.t.b.getF32Type(), 0));
    return success();
  }
  if (value.getNumElements() != 1)
    return n.invalid("value must have one element");
  auto type = RankedTensorType::get(*shape, value.getElementType());
  n.setOutput(0, n.t.constant(DenseElementsAttr::get(type, *value.getValues<Attribute>().begin())));
  return success();
}

/// The operand reshaped; the element counts must agree.
LogicalResult reshapeTo(NodeLowering &n, ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t dim : shape)
    elements *= dim;
  if (elements != tensorTypeOf(n.operand(0)).getNumElements())
    return n.invalid("the operand has " + Twine(tensorTypeOf(n.operand(0)).getNumElements()) +
                     " elements, the new shape " + Twine(elements));
  n.setOutput(0, n.t.reshape(n.operand(0), shape));
  return success();
}

LogicalResult lowerReshape(NodeLowering &n) {
  auto shape = n.constantInts(1);
  if (!shape)
    return n.notConstant("the new shape");
  bool allowZero = n.intAttr("allowzero", 0);
  int64_t wild = -1, known = 1;
  for (auto [i, dim] : llvm::enumerate(*shape)) {
    if (dim == 0 && !allowZero) {
      if (static_cast<int64_t>(i) >= n.rank(0))
        return n.invalid("dimension " + Twine(i) + " of the new shape copies one that the operand lacks");
      dim = n.shape(0)[i];
    }
    if (dim == -1) {
      if (wild >= 0)
        return n.invalid("the new shape has two -1");
      wild = i;
    } else if (dim < 0 || dim > (int64_t(1) << 40) || known > (int64_t(1) << 40)) {
      return n.invalid("the new shape holds " + Twine(dim));
    } else {
      known *= dim;
    }
  }
  if (wild >= 0) {
    int64_t elements = tensorTypeOf(n.operand(0)).getNumElements();
    if (known == 0 || elements % known != 0)
      return n.invalid(Twine(elements) + " elements do not divide by " + Twine(known));
    (*shape)[wild] = elements / known;
  }
  return reshapeTo(n, *shape);
}

LogicalResult lowerFlatten(NodeLowering &n) {
  int64_t rank = n.rank(0), axis = n.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return n.invalid("axis " + Twine(axis) + " is out of range");
  if (axis < 0)
    axis += rank;
  int64_t rows = 1, columns = 1;
  for (auto [i, dim] : llvm::enumerate(n.shape(0)))
    (static_cast<int64_t>(i) < axis ? rows : columns) *= dim;
  return reshapeTo(n, {rows, columns});
}

LogicalResult lowerSqueeze(NodeLowering &n) {
  Ints axes;
  if (auto given = n.intsOperandOrAttr(1, "axes")) {
    axes = *given;
  } else if (n.refusal) {
    return failure();
  } else {
    for (auto [i, dim] : llvm::enumerate(n.shape(0)))
      if (dim == 1)
        axes.push_back(i);
  }
  for (int64_t &axis : axes) {
    auto normal = NodeLowering::normalizeAxis(axis, n.rank(0));
    if (!normal)
      return n.invalid("axis " + Twine(axis) + " is out of range");
    if (n.shape(0)[*normal] != 1)
      return n.invalid("dimension " + Twine(*normal) + " is not 1");
    axis = *normal;
  }
  Ints shape;
  for (auto [i, dim] : llvm::enumerate(n.shape(0)))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      shape.push_back(dim);
  return reshapeTo(n, shape);
}

LogicalResult lowerUnsqueeze(NodeLowering &n) {
  auto axes = n.intsOperandOrAttr(1, "axes");
  if (!axes)
    return n.refusal ? failure() : n.invalid("axes are missing");
  int64_t rank = n.rank(0) + axes->size();
  Ints shape(rank, 0);
  for (int64_t axis : *axes) {
    auto normal = NodeLowering::normalizeAxis(axis, rank);
    if (!normal || shape[*normal] == 1)
      return n.invalid("axis " + Twine(axis) + " is out of range or given twice");
    shape[*normal] = 1;
  }
  size_t next = 0;
  for (int64_t &dim : shape)
    if (dim == 0)
      dim = n.shape(0)[next++];
  n.setOutput(0, n.t.reshape(n.operand(0), shape));
  return success();
}

LogicalResult lowerTranspose(NodeLowering &n) {
  Ints reversed(n.rank(0));
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  Ints permutation = n.intsAttr("perm", reversed);
  Ints sorted = permutation;
  llvm::sort(sorted);
  for (auto [i, axis] : llvm::enumerate(sorted))
    if (axis != static_cast<int64_t>(i) || sorted.size() != reversed.size())
      return n.invalid("perm is not a permutation of the dimensions");
  n.setOutput(0, n.t.transpose(n.operand(0), permutation));
  return success();
}

LogicalResult lowerConcat(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  for (Value operand : n.allOperands()) {
    ArrayRef<int64_t> shape = shapeOf(operand);
    bool fits = static_cast<int64_t>(shape.size()) == n.rank(0);
    for (size_t d = 0; fits && d != shape.size(); ++d)
      fits = static_cast<int64_t>(d) == *axis || shape[d] == n.shape(0)[d];
    if (!fits)
      return n.invalid("the operands differ in more than dimension " + Twine(*axis));
  }
  n.setOutput(0, n.t.concat(n.allOperands(), *axis));
  return success();
}

LogicalResult lowerSplit(NodeLowering &n) {
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  int64_t extent = n.shape(0)[*axis];
  int64_t parts = static_cast<int64_t>(n.outputCount());
  Ints sizes;
  if (auto given = n.intsOperandOrAttr(1, "split")) {
    sizes = *given;
  } else if (n.refusal) {
    return failure();
  } else {
    if (n.since() < 18 && extent % parts != 0)
      return n.invalid("dimension " + Twine(*axis) + " of " + Twine(extent) + " does not divide into " + Twine(parts) +
                       " equal parts");
    int64_t part = (extent + parts - 1) / parts;
    for (int64_t i = 0; i != parts; ++i)
      sizes.push_back(std::clamp<int64_t>(extent - i * part, 0, part));
  }
  // None that is larger than the whole is added up.
  if (static_cast<int64_t>(sizes.size()) != parts ||
      llvm::any_of(sizes, [&](int64_t size) { return size < 0 || size > extent; }) ||
      std::accumulate(sizes.begin(), sizes.end(), int64_t(0)) != extent)
    return n.invalid("the parts do not add up to dimension " + Twine(*axis));
  Ints offsets(n.rank(0), 0), strides(n.rank(0), 1), shape(n.shape(0));
  for (auto [i, size] : llvm::enumerate(sizes)) {
    shape[*axis] = size;
    n.setOutput(i, n.t.slice(n.operand(0), offsets, shape, strides));
    offsets[*axis] += size;
  }
  return success();
}

LogicalResult lowerSlice(NodeLowering &n) {
  auto starts = n.intsOperandOrAttr(1, "starts"), ends = n.intsOperandOrAttr(2, "ends");
  if (!starts || !ends)
    return n.refusal ? failure() : n.invalid("starts or ends are missing");
  Ints axes(starts->size()), steps(starts->size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  if (auto given = n.intsOperandOrAttr(3, "axes"))
    axes = *given;
  else if (n.refusal)
    return failure();
  if (n.operand(4)) {
    auto values = n.constantInts(4);
    if (!values)
      return n.notConstant("steps");
    steps = *values;
  }
  if (ends->size() != starts->size() || axes.size() != starts->size() || steps.size() != starts->size())
    return n.invalid("starts, ends, axes and steps differ in length");
  Ints offsets(n.rank(0), 0), strides(n.rank(0), 1), sizes(n.shape(0));
  for (size_t i = 0; i != axes.size(); ++i) {
    auto axis = NodeLowering::normalizeAxis(axes[i], n.rank(0));
    if (!axis)
      return n.invalid("axis " + Twine(axes[i]) + " is out of range");
    int64_t extent = n.shape(0)[*axis], step = steps[i];
    if (step == 0)
      return n.invalid("a step is 0");
    auto bound = [&](int64_t at) {
      if (at < 0)
        at = at < -extent ? -1 : at + extent;
      return step > 0 ? std::clamp<int64_t>(at, 0, extent) : std::clamp<int64_t>(at, -1, extent - 1);
    };
    // A start before the first element is the first element, going up.
    int64_t start = (*starts)[i] < -extent ? (step > 0 ? 0 : -1) : bound((*starts)[i]);
    int64_t end = (*ends)[i] < -extent ? (step > 0 ? 0 : -1) : bound((*ends)[i]);
    // Steps beyond the extent take one element; this keeps the arithmetic small.
    step = std::clamp<int64_t>(step, -extent - 1, extent + 1);
    int64_t size = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
    sizes[*axis] = std::max<int64_t>(size, 0);
    offsets[*axis] = std::max<int64_t>(start, 0);
    strides[*axis] = sizes[*axis] <= 1 ? 1 : step;
  }
  n.setOutput(0, n.t.slice(n.operand(0), offsets, sizes, strides));
  return success();
}

LogicalResult lowerExpand(NodeLowering &n) {
  auto target = n.constantInts(1);
  if (!target)
    return n.notConstant("the shape");
  if (llvm::any_of(*target, [](int64_t dim) { return dim < 0 || dim > (int64_t(1) << 40); }))
    return n.invalid("the shape holds a negative dimension");
  auto shape = broadcastShapes(n.shape(0), *target);
  if (!shape)
    return n.invalid("the operand does not broadcast to the shape");
  n.setOutput(0, n.t.broadcast(n.operand(0), *shape));
  return success();
}

// Each dimension d repeated r times: [d] -> [1, d] -> [r, d] -> [r * d].
LogicalResult lowerTile(NodeLowering &n) {
  auto repeats = n.constantInts(1);
  if (!repeats)
    return n.notConstant("repeats");
  if (static_cast<int64_t>(repeats->size()) != n.rank(0))
    return n.invalid("repeats has the wrong length");
  Ints split, wide, shape;
  for (auto [dim, repeat] : llvm::zip_equal(n.shape(0), *repeats)) {
    if (repeat < 0 || repeat > (int64_t(1) << 40))
      return n.invalid("a repeat is negative");
    split.append({1, dim});
    wide.append({repeat, dim});
    shape.push_back(repeat * dim);
  }
  n.setOutput(0, n.t.reshape(n.t.broadcast(n.t.reshape(n.operand(0), split), wide), shape));
  return success();
}

/// Bounds the IR that a pad may become: a slice per turn around the axis.
constexpr int64_t maxOwnPadding = 1 << 16;

/// The element that stands at place i of a padded axis of n elements: the nearest (edge), mirrored at the first and
/// last ones (reflect), or as if the axis were a ring (wrap).
int64_t paddedElement(StringRef mode, int64_t i, int64_t n) {
  auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  if (mode == "edge")
    return std::clamp<int64_t>(i, 0, n - 1);
  if (mode == "wrap")
    return modulo(i, n);
  int64_t period = std::max<int64_t>(1, 2 * (n - 1)), at = modulo(i, period);
  return at < n ? at : period - at;
}

/// Padding with elements of the tensor itself: a concatenation of slices, forwards, backwards and standing still.
Value padWithOwn(NodeLowering &n, StringRef mode, Value x, int64_t axis, int64_t before, int64_t after) {
  Ints shape(shapeOf(x)), offsets(shape.size(), 0), strides(shape.size(), 1);
  SmallVector<Value> parts;
  int64_t extent = shape[axis], end = extent + after;
  for (int64_t i = -before; i < end;) {
    int64_t first = paddedElement(mode, i, extent), size = 1;
    int64_t step = i + 1 < end ? paddedElement(mode, i + 1, extent) - first : 1;
    if (std::abs(step) > 1)
      step = 1; // the next element begins a slice of its own
    while (i + size < end && paddedElement(mode, i + size, extent) == first + step * size)
      ++size;
    offsets[axis] = first;
    strides[axis] = size == 1 ? 1 : step;
    shape[axis] = size;
    parts.push_back(n.t.slice(x, offsets, shape, strides));
    i += size;
  }
  return parts.size() == 1 ? parts[0] : n.t.concat(parts, axis);
}

LogicalResult lowerPad(NodeLowering &n) {
  StringRef mode = n.stringAttr("mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    return n.invalid("mode '" + mode + "' is none of constant, edge, reflect and wrap");
  auto pads = n.intsOperandOrAttr(1, "pads");
  if (!pads)
    return n.refusal ? failure() : n.invalid("pads are missing");
  TypedAttr value = n.operand(2) ? n.constantScalarAttr(2) : scalarAttr(n.element(0), n.floatAttr("value", 0));
  if (!value)
    return n.notConstant("the padding value");
  Ints axes(n.rank(0));
  std::iota(axes.begin(), axes.end(), 0);
  if (n.operand(3)) {
    auto values = n.constantInts(3);
    if (!values)
      return n.notConstant("axes");
    axes = *values;
  }
  if (pads->size() != 2 * axes.size())
    return n.invalid("pads has the wrong length");
  Ints low(n.rank(0), 0), high(n.rank(0), 0), offsets(n.rank(0), 0), sizes(n.shape(0)), strides(n.rank(0), 1);
  for (size_t i = 0; i != axes.size(); ++i) {
    auto axis = NodeLowering::normalizeAxis(axes[i], n.rank(0));
    if (!axis)
      return n.invalid("axis " + Twine(axes[i]) + " is out of range");
    int64_t before = (*pads)[i], after = (*pads)[i + axes.size()];
    constexpr int64_t kMost = int64_t(1) << 40;
    if (std::min(before, after) < -kMost || std::max(before, after) > kMost)
      return n.invalid("a pad is too large");
    // Negative pads cut off.
    offsets[*axis] = std::max<int64_t>(-before, 0);
    sizes[*axis] += std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    if (sizes[*axis] < 0)
      return n.invalid("negative pads cut off more than there is");
    low[*axis] = std::max<int64_t>(before, 0);
    high[*axis] = std::max<int64_t>(after, 0);
  }
  if (mode != "constant") {
    Value x = n.t.slice(n.operand(0), offsets, sizes, strides);
    for (int64_t axis = 0; axis != n.rank(0); ++axis) {
      if (low[axis] == 0 && high[axis] == 0)
        continue;
      if (sizes[axis] == 0)
        return n.invalid("mode '" + mode + "' pads an axis without elements");
      if (low[axis] + high[axis] > maxOwnPadding)
        return n.unsupported("a pad of more than " + Twine(maxOwnPadding) + " elements in mode '" + mode + "'",
                             "pad with a constant, or by less");
      x = padWithOwn(n, mode, x, axis, low[axis], high[axis]);
    }
    n.setOutput(0, x);
    return success();
  }
  if (value.getType() != elementTypeOf(n.operand(0)))
    return n.invalid("the padding value is of another type than the operand");
  n.setOutput(0, n.t.pad(n.t.slice(n.operand(0), offsets, sizes, strides), low, high, value));
  return success();
}

/// Elements of a range, at least 0; nullopt if there is no such range.
std::optional<double> rangeLength(NodeLowering &n) {
  if (n.element(0).isInteger()) {
    // Exact: 64 bits are more than a double holds.
    __int128 start = n.constantInts(0)->front(), limit = n.constantInts(1)->front(), delta = n.constantInts(2)->front();
    if (delta == 0)
      return std::nullopt;
    __int128 distance = delta > 0 ? limit - start : start - limit, step = delta > 0 ? delta : -delta;
    return distance <= 0 ? 0.0 : static_cast<double>((distance + step - 1) / step);
  }
  double start = *n.constantScalar(0), limit = *n.constantScalar(1), delta = *n.constantScalar(2);
  if (delta == 0 || !std::isfinite(start) || !std::isfinite(limit) || !std::isfinite(delta))
    return std::nullopt;
  return std::max(std::ceil((limit - start) / delta), 0.0);
}

LogicalResult lowerRange(NodeLowering &n) {
  static constexpr const char *names[] = {"start", "limit", "delta"};
  for (size_t i = 0; i != std::size(names); ++i)
    if (!n.constantScalarAttr(i))
      return n.notConstant(names[i]);
  std::optional<double> count = rangeLength(n);
  if (!count)
    return n.invalid("delta is 0, or a bound is not finite");
  if (*count > double(int64_t(1) << 32))
    return n.invalid("the range has too many elements");
  Type element = n.element(0);
  n.setOutput(
      0, n.t.mapInto({static_cast<int64_t>(*count)}, {n.operand(0), n.operand(2)}, element,
                     [&](ScalarBuilder &s, ValueRange v) { return s.add(v[0], s.mul(s.index(0, element), v[1])); }));
  return success();
}

LogicalResult lowerTrilu(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if (rank < 2)
    return n.invalid("the operand must have at least two dimensions");
  bool upper = n.intAttr("upper", 1);
  Type i32 = n.t.b.getI32Type();
  SmallVector<Value> operands{n.operand(0)};
  int64_t k = 0;
  if (Value given = n.operand(1)) {
    if (tensorTypeOf(given).getNumElements() != 1)
      return n.invalid("k is not one number");
    if (auto values = n.constantInts(1))
      k = std::clamp<int64_t>(values->front(), -(1 << 30), 1 << 30);
    else
      operands.push_back(n.t.reshape(given, {}));
  }
  // A splat operand is no operand of the generic, so the shape is given.
  n.setOutput(0, n.t.mapInto(n.shape(0), operands, n.element(0), [&](ScalarBuilder &s, ValueRange v) {
    Value diagonal = s.sub(s.index(rank - 1, i32), s.index(rank - 2, i32));
    Value bound = v.size() == 1 ? s.constant(i32, k) : s.cast(v[1], i32);
    Value keep = s.cmp(upper ? "ge" : "le", diagonal, bound);
    return s.select(keep, v[0], s.constant(v[0].getType(), 0));
  }));
  return success();
}

// No side of a tensor is longer than a square of it.
constexpr int64_t kLargestBlock = 1 << 16;

// Blocks of the depth become blocks of rows and columns; a reshape around a transpose.
LogicalResult lowerDepthToSpace(NodeLowering &n) {
  int64_t block = n.intAttr("blocksize", 0);
  if (n.rank(0) != 4 || block < 1 || block > kLargestBlock || n.shape(0)[1] % (block * block) != 0)
    return n.invalid("the depth does not divide by blocksize squared");
  int64_t batch = n.shape(0)[0], depth = n.shape(0)[1] / (block * block), h = n.shape(0)[2], w = n.shape(0)[3];
  bool columnsFirst = n.stringAttr("mode", "DCR") == "CRD";
  Value x = n.t.reshape(n.operand(0),
                        columnsFirst ? Ints{batch, depth, block, block, h, w} : Ints{batch, block, block, depth, h, w});
  x = n.t.transpose(x, columnsFirst ? Ints{0, 1, 4, 2, 5, 3} : Ints{0, 3, 4, 1, 5, 2});
  n.setOutput(0, n.t.reshape(x, {batch, depth, h * block, w * block}));
  return success();
}

LogicalResult lowerSpaceToDepth(NodeLowering &n) {
  int64_t block = n.intAttr("blocksize", 0);
  if (n.rank(0) != 4 || block < 1 || block > kLargestBlock || n.shape(0)[2] % block || n.shape(0)[3] % block)
    return n.invalid("height or width does not divide by blocksize");
  int64_t batch = n.shape(0)[0], depth = n.shape(0)[1], h = n.shape(0)[2] / block, w = n.shape(0)[3] / block;
  Value x = n.t.reshape(n.operand(0), {batch, depth, h, block, w, block});
  n.setOutput(0, n.t.reshape(n.t.transpose(x, {0, 3, 5, 1, 2, 4}), {batch, depth * block * block, h, w}));
  return success();
}

// Constants that are not a dense tensor; those were imported as onnx.constant.
LogicalResult lowerConstant(NodeLowering &n) {
  OpBuilder &b = n.t.b;
  if (auto value = dyn_cast_or_null<IntegerAttr>(n.attr("value_int")))
    n.setOutput(0, n.t.splat({}, b.getI64Type(), value.getInt()));
  else if (auto value = dyn_cast_or_null<FloatAttr>(n.attr("value_float")))
    n.setOutput(0, n.t.splat({}, b.getF32Type(), value.getValueAsDouble()));
  else if (auto values = dyn_cast_or_null<DenseI64ArrayAttr>(n.attr("value_ints")))
    n.setOutput(0, n.t.ints(values.asArrayRef()));
  else if (auto values = dyn_cast_or_null<DenseF32ArrayAttr>(n.attr("value_floats")))
    n.setOutput(
        0, n.t.constant(DenseElementsAttr::get(
               RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getF32Type()), values.asArrayRef())));
  else if (auto value = dyn_cast_or_null<DenseElementsAttr>(n.attr("value")))
    n.setOutput(0, n.t.constant(value));
  else
    return n.unsupported("the value is not a tensor of numbers");
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::shapeLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Identity", 1, lowerIdentity, Operands::Stored},
      {"Dropout", 10, lowerDropout, Operands::Stored},
      {"Shape", 1, lowerShape, Operands::Stored},
      {"Size", 1, lowerSize, Operands::Stored},
      {"Constant", 1, lowerConstant, Operands::Stored},
      {"ConstantOfShape", 9, lowerConstantOfShape, Operands::Stored},
      {"Reshape", 5, lowerReshape, Operands::Stored},
      {"Flatten", 1, lowerFlatten, Operands::Stored},
      {"Squeeze", 1, lowerSqueeze, Operands::Stored},
      {"Unsqueeze", 1, lowerUnsqueeze, Operands::Stored},
      {"Transpose", 1, lowerTranspose, Operands::Stored},
      {"Concat", 4, lowerConcat, Operands::Stored},
      {"Split", 2, lowerSplit, Operands::Stored},
      {"Slice", 1, lowerSlice, Operands::Stored},
      {"Expand", 8, lowerExpand, Operands::Stored},
      {"Tile", 6, lowerTile, Operands::Stored},
      {"Pad", 2, lowerPad, Operands::Stored},
      {"Range", 11, lowerRange},
      {"Trilu", 14, lowerTrilu, Operands::Stored},
      {"DepthToSpace", 1, lowerDepthToSpace, Operands::Stored},
      {"SpaceToDepth", 1, lowerSpaceToDepth, Operands::Stored},
  };
  return table;
}
