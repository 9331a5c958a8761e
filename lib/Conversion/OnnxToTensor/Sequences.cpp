// Sequences and optional values: lists and values of the walk. Their lengths are known, so that all that is left of
// these nodes at the tensor level is slices and concatenations.
#include "Lowering.h"
#include "Walk.h"

using namespace mlir;
using namespace wafer;

namespace {

/// The items of operand `i`, or nothing: then the node was refused.
std::optional<Lowered::Items> itemsOf(Walk &walk, onnx::NodeOp node, size_t i = 0) {
  Lowered value = walk.lookup(node.getInputs()[i]);
  if (value.kind == Lowered::Sequence)
    return *value.items;
  if (value.kind == Lowered::Unknown)
    (void)walk.poison(node);
  else
    (void)walk.unsupported(node, "operand " + Twine(i) + " is not a sequence whose items are known");
  return std::nullopt;
}

/// A constant position; nothing if the node was refused.
std::optional<int64_t> positionOf(Walk &walk, onnx::NodeOp node, size_t operand, int64_t length, int64_t otherwise) {
  if (node.getInputs().size() <= operand || walk.lookup(node.getInputs()[operand]).kind == Lowered::Absent)
    return otherwise;
  Value value = walk.tensor(node.getInputs()[operand]);
  DenseElementsAttr attr = value ? constantOf(value) : DenseElementsAttr();
  if (!attr || attr.getNumElements() != 1 || !attr.getElementType().isInteger()) {
    (void)walk.refuse(node, ErrorCode::ShapeUnknown, "the position in the sequence is computed from run-time data",
                      "fix the input that it depends on with --const", value);
    return std::nullopt;
  }
  int64_t position = (*attr.getValues<APInt>().begin()).getSExtValue();
  if (position < -length || position > length) {
    (void)walk.refuse(node, ErrorCode::NodeInvalid,
                      "position " + Twine(position) + " is out of range for a sequence of " + Twine(length), "");
    return std::nullopt;
  }
  return position < 0 ? position + length : position;
}

LogicalResult defineList(Walk &walk, onnx::NodeOp node, Lowered::Items items) {
  ++walk.nodes;
  walk.define(node.getResult(0), Lowered::list(std::move(items), walk.readsTainted(node)));
  return success();
}

LogicalResult defineTensor(Walk &walk, onnx::NodeOp node, Value value) {
  ++walk.nodes;
  walk.define(node.getResult(0), Lowered::of(value, walk.readsTainted(node)));
  return success();
}

LogicalResult lowerSequenceConstruct(Walk &walk, onnx::NodeOp node) {
  Lowered::Items items;
  for (auto [i, operand] : llvm::enumerate(node.getInputs())) {
    items.push_back(walk.tensor(operand));
    if (!items.back())
      return walk.refuseNoTensor(node, operand, "operand " + Twine(i));
  }
  return defineList(walk, node, items);
}

LogicalResult lowerSequenceEmpty(Walk &walk, onnx::NodeOp node) { return defineList(walk, node, {}); }

LogicalResult lowerSequenceAt(Walk &walk, onnx::NodeOp node) {
  auto items = itemsOf(walk, node);
  if (!items)
    return success();
  int64_t length = static_cast<int64_t>(items->size());
  auto position = positionOf(walk, node, 1, length, 0);
  if (!position)
    return success();
  if (*position == length)
    return walk.refuse(node, ErrorCode::NodeInvalid,
                       "position " + Twine(length) + " is out of range for a sequence of " + Twine(length), "");
  return defineTensor(walk, node, (*items)[*position]);
}

LogicalResult lowerSequenceInsert(Walk &walk, onnx::NodeOp node) {
  auto items = itemsOf(walk, node);
  if (!items)
    return success();
  auto position = positionOf(walk, node, 2, items->size(), items->size());
  if (!position)
    return success();
  Value tensor = walk.tensor(node.getInputs()[1]);
  if (!tensor)
    return walk.refuseNoTensor(node, node.getInputs()[1], "operand 1");
  items->insert(items->begin() + *position, tensor);
  return defineList(walk, node, *items);
}

LogicalResult lowerSequenceErase(Walk &walk, onnx::NodeOp node) {
  auto items = itemsOf(walk, node);
  if (!items)
    return success();
  int64_t length = static_cast<int64_t>(items->size());
  auto position = positionOf(walk, node, 1, length, length - 1);
  if (!position)
    return success();
  if (*position < 0 || *position >= length)
    return walk.refuse(node, ErrorCode::NodeInvalid, "there is no item to erase at the end of the sequence", "");
  items->erase(items->begin() + *position);
  return defineList(walk, node, *items);
}

LogicalResult lowerSequenceLength(Walk &walk, onnx::NodeOp node) {
  auto items = itemsOf(walk, node);
  if (!items)
    return success();
  TensorBuilder t = walk.at(node.getLoc());
  return defineTensor(walk, node, t.reshape(t.ints({static_cast<int64_t>(items->size())}), {}));
}

int64_t intAttr(onnx::NodeOp node, StringRef name, int64_t otherwise) {
  auto attr = dyn_cast_or_null<IntegerAttr>(node.getNodeAttr(name));
  return attr ? attr.getInt() : otherwise;
}

/// `split` absent: single slices, without the dimension if `keepdims` is 0; one number: pieces of that length, the last
/// may be shorter; a list: their lengths.
LogicalResult lowerSplitToSequence(Walk &walk, onnx::NodeOp node) {
  Value x = walk.tensor(node.getInputs()[0]);
  if (!x)
    return walk.refuseNoTensor(node, node.getInputs()[0], "operand 0");
  SmallVector<int64_t> shape(shapeOf(x));
  auto axis = NodeLowering::normalizeAxis(intAttr(node, "axis", 0), shape.size());
  if (!axis)
    return walk.refuse(node, ErrorCode::NodeInvalid, "axis is out of range", "");
  SmallVector<int64_t> lengths;
  bool drop = false;
  if (node.getInputs().size() < 2 || walk.lookup(node.getInputs()[1]).kind == Lowered::Absent) {
    lengths.assign(shape[*axis], 1);
    drop = intAttr(node, "keepdims", 1) == 0;
  } else {
    Value split = walk.tensor(node.getInputs()[1]);
    DenseElementsAttr attr = split ? constantOf(split) : DenseElementsAttr();
    if (!attr || !attr.getElementType().isInteger())
      return walk.refuse(node, ErrorCode::ShapeUnknown, "the lengths are computed from run-time data",
                         "fix the input that they depend on with --const", split);
    for (const APInt &length : attr.getValues<APInt>())
      lengths.push_back(length.getSExtValue());
    if (attr.getType().getRank() == 0) {
      int64_t length = lengths.pop_back_val();
      if (length < 1)
        return walk.refuse(node, ErrorCode::NodeInvalid, "pieces of " + Twine(length) + " elements", "");
      for (int64_t start = 0; start < shape[*axis]; start += length)
        lengths.push_back(std::min(length, shape[*axis] - start));
    }
  }
  TensorBuilder t = walk.at(node.getLoc());
  Lowered::Items items;
  SmallVector<int64_t> offsets(shape.size(), 0), strides(shape.size(), 1), sizes = shape;
  for (int64_t length : lengths) {
    if (length < 0 || length > shape[*axis] - offsets[*axis])
      return walk.refuse(node, ErrorCode::NodeInvalid, "the lengths do not add up to the dimension", "");
    sizes[*axis] = length;
    Value piece = t.slice(x, offsets, sizes, strides);
    if (drop) {
      SmallVector<int64_t> rest = sizes;
      rest.erase(rest.begin() + *axis);
      piece = t.reshape(piece, rest);
    }
    items.push_back(piece);
    offsets[*axis] += length;
  }
  if (offsets[*axis] != shape[*axis])
    return walk.refuse(node, ErrorCode::NodeInvalid, "the lengths do not add up to the dimension", "");
  return defineList(walk, node, std::move(items));
}

LogicalResult lowerConcatFromSequence(Walk &walk, onnx::NodeOp node) {
  auto items = itemsOf(walk, node);
  if (!items)
    return success();
  if (items->empty())
    return walk.refuse(node, ErrorCode::NodeInvalid, "the sequence is empty", "");
  bool stack = intAttr(node, "new_axis", 0) != 0;
  int64_t rank = shapeOf(items->front()).size();
  auto axis = NodeLowering::normalizeAxis(intAttr(node, "axis", 0), rank + stack);
  if (!axis)
    return walk.refuse(node, ErrorCode::NodeInvalid, "axis is out of range", "");
  TensorBuilder t = walk.at(node.getLoc());
  SmallVector<Value> parts;
  for (Value item : *items) {
    SmallVector<int64_t> shape(shapeOf(item)), first(shapeOf(items->front()));
    if (stack)
      shape.insert(shape.begin() + *axis, 1), first.insert(first.begin() + *axis, 1);
    if (shape.size() == first.size())
      first[*axis] = shape[*axis];
    if (shape != first || elementTypeOf(item) != elementTypeOf(items->front()))
      return walk.refuse(node, ErrorCode::NodeInvalid, "the items' shapes do not go together", "");
    parts.push_back(t.reshape(item, shape));
  }
  return defineTensor(walk, node, t.concat(parts, *axis));
}

//===- Optional values ----------------------------------------------------===//

LogicalResult lowerOptional(Walk &walk, onnx::NodeOp node) {
  ++walk.nodes;
  walk.define(node.getResult(0), node.getInputs().empty() ? Lowered::absent() : walk.lookup(node.getInputs()[0]));
  return success();
}

LogicalResult lowerOptionalHasElement(Walk &walk, onnx::NodeOp node) {
  Lowered value = node.getInputs().empty() ? Lowered::absent() : walk.lookup(node.getInputs()[0]);
  if (value.kind == Lowered::Unknown)
    return walk.poison(node);
  TensorBuilder t = walk.at(node.getLoc());
  return defineTensor(walk, node, t.splat({}, walk.b.getI1Type(), value.kind != Lowered::Absent));
}

LogicalResult lowerOptionalGetElement(Walk &walk, onnx::NodeOp node) {
  Lowered value = node.getInputs().empty() ? Lowered::absent() : walk.lookup(node.getInputs()[0]);
  if (value.kind == Lowered::Absent)
    return walk.refuse(node, ErrorCode::NodeInvalid, "the optional has no value", "");
  ++walk.nodes;
  walk.define(node.getResult(0), value);
  return success();
}

} // namespace

ArrayRef<WalkEntry> wafer::sequenceLowerings() {
  static constexpr WalkEntry table[] = {
      {"SequenceConstruct", 11, lowerSequenceConstruct},
      {"SequenceEmpty", 11, lowerSequenceEmpty},
      {"SequenceAt", 11, lowerSequenceAt},
      {"SequenceInsert", 11, lowerSequenceInsert},
      {"SequenceErase", 11, lowerSequenceErase},
      {"SequenceLength", 11, lowerSequenceLength},
      {"SplitToSequence", 11, lowerSplitToSequence},
      {"ConcatFromSequence", 11, lowerConcatFromSequence},
      {"Optional", 15, lowerOptional},
      {"OptionalHasElement", 15, lowerOptionalHasElement},
      {"OptionalGetElement", 15, lowerOptionalGetElement},
  };
  return table;
}
