// Gathers. A gather by one constant index, or by constants in arithmetic progression, is a slice; by other indices it
// is tensor.gather along dimension 0, with transposes around it for other axes.
#include "Gather.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

/// `indices` with negative values counted from the end of `extent`.
Value normalizeIndices(NodeLowering &n, Value indices, int64_t extent) {
  return n.t.map({indices}, n.t.element(indices), [&](ScalarBuilder &s, ValueRange v) {
    Type type = v[0].getType();
    Value fromEnd = s.add(v[0], s.constant(type, extent));
    return s.select(s.cmp("lt", v[0], s.constant(type, 0)), fromEnd, v[0]);
  });
}

/// The common difference of constant indices; nullopt if there is none.
std::optional<int64_t> progression(ArrayRef<int64_t> indices) {
  if (indices.size() < 2)
    return 1;
  int64_t step = indices[1] - indices[0];
  for (size_t i = 1; i != indices.size(); ++i)
    if (indices[i] - indices[i - 1] != step)
      return std::nullopt;
  return step > 0 ? std::optional<int64_t>(step) : std::nullopt;
}

} // namespace

Value wafer::gatherAlong(NodeLowering &n, Value x, int64_t axis, Value indices) {
  int64_t rank = tensorTypeOf(x).getRank(), indexRank = tensorTypeOf(indices).getRank();
  // Bring the axis to the front, gather, and bring the indices' dimensions to the axis's place.
  Ints toFront{axis}, back;
  for (int64_t d = 0; d != rank; ++d)
    if (d != axis)
      toFront.push_back(d);
  Value rows = n.t.gatherRows(n.t.transpose(x, toFront), indices);
  for (int64_t d = 0; d != axis; ++d)
    back.push_back(indexRank + d);
  for (int64_t d = 0; d != indexRank; ++d)
    back.push_back(d);
  for (int64_t d = axis; d != rank - 1; ++d)
    back.push_back(indexRank + d);
  return n.t.transpose(rows, back);
}

Value wafer::takeAlong(NodeLowering &n, Value x, int64_t axis, ArrayRef<int64_t> numbers) {
  auto step = progression(numbers);
  if (!step && !numbers.empty())
    return gatherAlong(n, x, axis, n.t.ints(numbers));
  Ints offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
  offsets[axis] = numbers.empty() ? 0 : numbers.front();
  sizes[axis] = numbers.size();
  strides[axis] = numbers.size() > 1 ? *step : 1;
  return n.t.slice(x, offsets, sizes, strides);
}

namespace {

LogicalResult lowerGather(NodeLowering &n) {
  auto axisOr = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
  if (!axisOr)
    return n.invalid("axis is out of range");
  int64_t axis = *axisOr, extent = n.shape(0)[axis];
  Value x = n.operand(0), indices = n.operand(1);
  if (auto values = n.constantInts(1)) {
    for (int64_t &index : *values) {
      if (index < -extent || index >= extent)
        return n.invalid("index " + Twine(index) + " is out of range for dimension " + Twine(axis) + " of " +
                         Twine(extent));
      if (index < 0)
        index += extent;
    }
    Ints result(n.shape(0).take_front(axis));
    llvm::append_range(result, n.shape(1));
    llvm::append_range(result, n.shape(0).drop_front(axis + 1));
    if (values->empty() || progression(*values)) {
      n.setOutput(0, n.t.reshape(takeAlong(n, x, axis, *values), result));
      return success();
    }
  }
  if (extent == 0)
    return n.invalid("gathers from an empty dimension");
  n.setOutput(0, gatherAlong(n, x, axis, normalizeIndices(n, indices, extent)));
  return success();
}

// out[i, j, ..] = x[i, .., indices[i, j, ..], ..] along `axis`: a gather of single elements from the flattened operand.
// Neighbors other than the axis are one loop where the inner one is all of the operand's dimension, and an axis of one
// index is none.
LogicalResult lowerGatherElements(NodeLowering &n) {
  auto axisOr = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
  if (!axisOr || n.rank(0) != n.rank(1))
    return n.invalid("axis is out of range, or the ranks differ");
  int64_t axis = *axisOr, extent = n.shape(0)[axis], elements = 1, axisStride = 1;
  // Of each loop, from the innermost on, its extent and how far apart the operand's elements are; 0 along the axis.
  Ints loops, strides;
  bool merges = false;
  for (int64_t d = n.rank(0) - 1; d >= 0; --d) {
    int64_t taken = n.shape(1)[d];
    if (d == axis) {
      axisStride = elements;
      if (taken != 1) {
        loops.push_back(taken);
        strides.push_back(0);
      }
      merges = false;
    } else {
      if (merges) {
        loops.back() *= taken;
      } else {
        loops.push_back(taken);
        strides.push_back(elements);
      }
      merges = taken == n.shape(0)[d];
    }
    elements *= n.shape(0)[d];
  }
  if (loops.empty()) {
    loops.push_back(1);
    strides.push_back(0);
  }
  std::reverse(loops.begin(), loops.end());
  std::reverse(strides.begin(), strides.end());
  Type type = n.element(1);
  Value flat = n.t.mapInto(loops, {n.t.reshape(n.operand(1), loops)}, type, [&](ScalarBuilder &s, ValueRange v) {
    Value fromEnd = s.add(v[0], s.constant(type, extent));
    Value sum = s.select(s.cmp("lt", v[0], s.constant(type, 0)), fromEnd, v[0]);
    sum = s.mul(sum, s.constant(type, axisStride));
    for (auto [loop, stride] : llvm::enumerate(strides))
      if (stride != 0)
        sum = s.add(sum, s.mul(s.index(loop, type), s.constant(type, stride)));
    return sum;
  });
  Value x = n.t.reshape(n.operand(0), {elements});
  n.setOutput(0, n.t.reshape(n.t.gatherRows(x, flat), n.shape(1)));
  return success();
}

// The last dimension of the indices addresses the leading dimensions of x (after batch_dims): one flat index each.
LogicalResult lowerGatherND(NodeLowering &n) {
  if (n.rank(0) < 1 || n.rank(1) < 1)
    return n.invalid("operands must not be scalars");
  int64_t batch = n.intAttr("batch_dims", 0), depth = n.shape(1).back();
  if (batch < 0 || depth < 1 || batch + depth > n.rank(0) || batch >= n.rank(1))
    return n.invalid("the indices address more dimensions than the operand has");
  Ints outer(n.shape(1).drop_back()), rowShape(n.shape(0).drop_front(batch + depth));
  Ints strides(batch + depth, 1);
  for (int64_t d = batch + depth - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * n.shape(0)[d + 1];
  Type type = n.element(1);
  SmallVector<Value> parts;
  for (int64_t k = 0; k != depth; ++k) {
    Ints offsets(n.rank(1), 0), sizes(n.shape(1)), ones(n.rank(1), 1);
    offsets.back() = k;
    sizes.back() = 1;
    parts.push_back(n.t.reshape(n.t.slice(n.operand(1), offsets, sizes, ones), outer));
  }
  Value flat = n.t.mapInto(outer, parts, type, [&](ScalarBuilder &s, ValueRange v) {
    Value sum = s.constant(type, 0);
    for (int64_t d = 0; d != batch; ++d)
      sum = s.add(sum, s.mul(s.index(d, type), s.constant(type, strides[d])));
    for (int64_t k = 0; k != depth; ++k) {
      Value fromEnd = s.add(v[k], s.constant(type, n.shape(0)[batch + k]));
      Value index = s.select(s.cmp("lt", v[k], s.constant(type, 0)), fromEnd, v[k]);
      sum = s.add(sum, s.mul(index, s.constant(type, strides[batch + k])));
    }
    return sum;
  });
  int64_t rows = 1;
  Ints table{1};
  for (int64_t d = 0; d != batch + depth; ++d)
    rows *= n.shape(0)[d];
  table[0] = rows;
  llvm::append_range(table, rowShape);
  n.setOutput(0, n.t.gatherRows(n.t.reshape(n.operand(0), table), flat));
  return success();
}

// The first len elements of each sequence backwards, the rest as they are: rows by computed numbers.
LogicalResult lowerReverseSequence(NodeLowering &n) {
  int64_t batchAxis = n.intAttr("batch_axis", 1), timeAxis = n.intAttr("time_axis", 0), rank = n.rank(0);
  if (rank < 2 || batchAxis + timeAxis != 1 || (batchAxis != 0 && batchAxis != 1))
    return n.invalid("batch_axis and time_axis must be 0 and 1");
  if (n.rank(1) != 1 || n.shape(1)[0] != n.shape(0)[batchAxis])
    return n.invalid("sequence_lens must have one element per sequence");
  int64_t width = 1;
  for (int64_t extent : n.shape(0).drop_front(2))
    width *= extent;
  int64_t rows = n.shape(0)[0] * n.shape(0)[1];
  if (rows * width == 0) {
    n.setOutput(0, n.operand(0));
    return success();
  }
  Type i32 = n.t.b.getI32Type();
  Value lengths = n.t.reshape(n.t.cast(n.operand(1), i32), batchAxis == 0 ? Ints{n.shape(0)[0], 1} : n.shape(1));
  Value source = n.t.mapInto(n.shape(0).take_front(2), {lengths}, i32, [&](ScalarBuilder &s, ValueRange v) {
    Value time = s.index(timeAxis, i32), mirrored = s.sub(s.sub(v[0], s.constant(i32, 1)), time);
    Value at = s.select(s.cmp("lt", time, v[0]), mirrored, time), batch = s.index(batchAxis, i32);
    Value width = s.constant(i32, static_cast<double>(n.shape(0)[1]));
    return batchAxis == 0 ? s.add(s.mul(batch, width), at) : s.add(s.mul(at, width), batch);
  });
  n.setOutput(0, n.t.reshape(n.t.gatherRows(n.t.reshape(n.operand(0), {rows, width}), source), n.shape(0)));
  return success();
}

LogicalResult lowerOneHot(NodeLowering &n) {
  std::optional<double> depth = n.constantScalar(1); // within 2^30, so exact
  DenseElementsAttr values = n.constantOperand(2);
  if (!depth || !values || values.getNumElements() != 2)
    return n.notConstant("depth or values");
  int64_t rank = n.rank(0) + 1;
  auto axis = NodeLowering::normalizeAxis(n.intAttr("axis", -1), rank);
  if (!axis || *depth < 1 || *depth > (1 << 30))
    return n.invalid("axis or depth is out of range");
  Ints shape(n.shape(0)), unit(n.shape(0));
  shape.insert(shape.begin() + *axis, static_cast<int64_t>(*depth));
  unit.insert(unit.begin() + *axis, 1);
  Type type = n.element(0), element = n.element(2);
  auto scalar = [&](int i) {
    return n.t.splat({}, element, cast<TypedAttr>(*std::next(values.getValues<Attribute>().begin(), i)));
  };
  Value off = scalar(0), on = scalar(1);
  n.setOutput(
      0, n.t.mapInto(shape, {n.t.reshape(n.operand(0), unit), off, on}, element, [&](ScalarBuilder &s, ValueRange v) {
        Value size = s.constant(type, *depth);
        Value index = s.select(s.cmp("lt", v[0], s.constant(type, 0)), s.add(v[0], size), v[0]);
        return s.select(s.cmp("eq", index, s.index(*axis, type)), v[2], v[1]);
      }));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::gatherLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Gather", 1, lowerGather, Operands::Stored},
      {"GatherElements", 11, lowerGatherElements, Operands::Stored},
      {"GatherND", 11, lowerGatherND, Operands::Stored},
      {"OneHot", 9, lowerOneHot},
      {"ReverseSequence", 10, lowerReverseSequence, Operands::Stored},
  };
  return table;
}
