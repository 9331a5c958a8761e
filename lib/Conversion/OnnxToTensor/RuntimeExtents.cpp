// Operators on tensors with a dimension whose extent only the run tells.
//
// Such a tensor has room for the most elements there can be; how many count is a number computed beside it. Operators
// that work on each slice along the dimension by itself keep it: the slices beyond the count are computed for nothing,
// and dropped by the host. What they hold means nothing, so an operator that might end the run over a value is not
// among them, and indices are masked.
#include "Lowering.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;

/// `x` with 0 beyond the extent.
Value masked(NodeLowering &n, Value x, RuntimeExtent extent) {
  Type element = n.t.element(x), i32 = n.t.b.getI32Type();
  return n.t.mapInto(shapeOf(x), {extent.count, x}, element, [&](S &s, ValueRange v) {
    Value counts = s.cmp("lt", s.index(extent.axis, i32), s.cast(v[0], i32));
    return s.select(counts, v[1], s.constant(element, 0));
  });
}

bool worksOnElements(NodeLowering &n) {
  static const llvm::StringSet<> always{
      "Abs",         "And",        "Cast",     "Ceil",  "Clip",    "Cos",       "Elu",
      "Equal",       "Erf",        "Exp",      "Floor", "Greater", "Gelu",      "GreaterOrEqual",
      "HardSigmoid", "HardSwish",  "Identity", "IsInf", "IsNaN",   "LeakyRelu", "Less",
      "LessOrEqual", "Log",        "Max",      "Min",   "Mish",    "Neg",       "Not",
      "Or",          "Reciprocal", "Relu",     "Round", "Sigmoid", "Sign",      "Sin",
      "Softplus",    "Sqrt",       "Tanh",     "Where", "Xor"};
  // Of floats only: integers might end the run with a division by zero, or with a number beyond 32 bits.
  static const llvm::StringSet<> ofFloats{"Add", "Div", "Mod", "Mul", "Pow", "Sub", "Sum", "Mean"};
  if (always.contains(n.op()))
    return true;
  return ofFloats.contains(n.op()) && n.operand(0) && isa<FloatType>(n.element(0));
}

/// Whether a Slice leaves dimension `axis` whole because it does not name it.
bool slicesElsewhere(NodeLowering &n, int64_t axis) {
  auto starts = n.intsOperandOrAttr(1, "starts"), axes = n.intsOperandOrAttr(3, "axes");
  if (starts && !axes)
    return axis >= static_cast<int64_t>(starts->size());
  return axes && llvm::none_of(*axes, [&](int64_t given) { return given == axis || given + n.rank(0) == axis; });
}

/// The result's dimension for dimension `axis` of operand `i`; nothing if the operator is not known to keep it.
std::optional<int64_t> keptAs(NodeLowering &n, size_t i, int64_t axis) {
  StringRef op = n.op();
  Value result = n.results().front();
  if (!result)
    return std::nullopt;
  ArrayRef<int64_t> from = n.shape(i), to = shapeOf(result);
  int64_t rank = n.rank(i), extent = from[axis];
  if (worksOnElements(n) || ((op == "Add" || op == "Sub" || op == "Mul") && i < 2)) {
    int64_t kept = static_cast<int64_t>(to.size()) - rank + axis;
    for (size_t other = 0; other != n.operandCount(); ++other) {
      if (!n.operand(other) || n.extent(other))
        continue;
      int64_t there = kept - (static_cast<int64_t>(to.size()) - n.rank(other));
      if (there >= 0 && n.shape(other)[there] != 1)
        return std::nullopt;
    }
    return kept;
  }
  if (op == "Gather") {
    int64_t along = *NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
    if (i == 1)
      return along + axis;
    if (axis == along)
      return std::nullopt;
    return axis < along ? axis : axis - 1 + n.rank(1);
  }
  if (op == "GatherND")
    return i == 1 && axis < rank - 1 && n.intAttr("batch_dims", 0) == 0 ? std::optional(axis) : std::nullopt;
  if (i != 0 && op != "Concat")
    return std::nullopt;
  if (op == "Transpose") {
    SmallVector<int64_t> reversed = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank)));
    SmallVector<int64_t> permutation = n.intsAttr("perm", reversed);
    return llvm::find(permutation, axis) - permutation.begin();
  }
  if (op == "Concat")
    return NodeLowering::normalizeAxis(n.intAttr("axis", 0), rank) != axis ? std::optional(axis) : std::nullopt;
  if (op == "Slice")
    return slicesElsewhere(n, axis) ? std::optional(axis) : std::nullopt;
  if (op == "Split")
    return NodeLowering::normalizeAxis(n.intAttr("axis", 0), rank) != axis ? std::optional(axis) : std::nullopt;
  if (op == "Softmax" || op == "LogSoftmax")
    return NodeLowering::normalizeAxis(n.intAttr("axis", -1), rank) != axis ? std::optional(axis) : std::nullopt;
  if (op == "Squeeze" || op == "Unsqueeze" || op == "Reshape" || op == "Flatten") {
    // The dimension that as many elements lie before. Around an extent of 1 that is not one dimension.
    auto before = [](ArrayRef<int64_t> shape, int64_t d) {
      int64_t product = 1;
      for (int64_t other : shape.take_front(d))
        product *= other;
      return product;
    };
    for (int64_t d = 0; extent != 1 && d != static_cast<int64_t>(to.size()); ++d)
      if (to[d] == extent && before(to, d) == before(from, axis))
        return d;
  }
  return std::nullopt;
}

/// The count of one of the operands.
Value decider(NodeLowering &n) {
  for (size_t i = 0; i != n.operandCount(); ++i)
    if (std::optional<RuntimeExtent> extent = n.extent(i))
      return extent->count;
  return {};
}

} // namespace

void wafer::maskExtents(NodeLowering &n) {
  bool gathers = n.op() == "Gather" || n.op() == "GatherND" || n.op() == "GatherElements";
  bool computes = !worksOnElements(n) && (n.op() == "Add" || n.op() == "Sub" || n.op() == "Mul");
  for (size_t i = 0; i != n.operandCount(); ++i)
    if (std::optional<RuntimeExtent> extent = n.extent(i); extent && (computes || (gathers && i == 1)))
      n.setOperand(i, masked(n, n.operand(i), *extent));
}

LogicalResult wafer::passExtents(NodeLowering &n) {
  std::optional<RuntimeExtent> result;
  for (size_t i = 0; i != n.operandCount(); ++i) {
    std::optional<RuntimeExtent> extent = n.extent(i);
    if (!extent && n.op() == "Concat") // joins only what has the dimension in common
      return n.refuse(ErrorCode::ShapeUnknown, "joins tensors of which one has as many elements as the data say",
                      kExtentHint, decider(n));
    if (!extent)
      continue;
    std::optional<int64_t> kept = keptAs(n, i, extent->axis);
    if (!kept || (result && (result->axis != *kept || result->count != extent->count)))
      return n.refuse(ErrorCode::ShapeUnknown,
                      "dimension " + Twine(extent->axis) + " of operand " + Twine(i) +
                          " is as long as the data say (at most " + Twine(n.shape(i)[extent->axis]) +
                          "), which the operator does not take there",
                      kExtentHint, extent->count);
    result = RuntimeExtent{*kept, extent->count};
  }
  for (size_t i = 0; i != n.outputCount(); ++i)
    if (Value value = n.results()[i])
      n.setOutput(i, value, result);
  return success();
}
