// Operators whose result has as many elements as the data say. Extents are fixed before a model runs, so these need the
// values that decide, as constants.
#include "Gather.h"

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

// The elements (or slices along an axis) where the condition holds.
LogicalResult lowerCompress(NodeLowering &n) {
  auto condition = n.constantInts(1);
  if (!condition)
    return n.notConstant("the condition, which decides the extent of the result,");
  Value x = n.operand(0);
  int64_t axis = 0;
  if (n.hasAttr("axis")) {
    auto given = NodeLowering::normalizeAxis(n.intAttr("axis", 0), n.rank(0));
    if (!given)
      return n.invalid("axis is out of range");
    axis = *given;
  } else {
    x = n.t.reshape(x, {tensorTypeOf(x).getNumElements()});
  }
  Ints chosen;
  for (auto [i, holds] : llvm::enumerate(*condition))
    if (holds)
      chosen.push_back(i);
  if (!chosen.empty() && chosen.back() >= shapeOf(x)[axis])
    return n.invalid("the condition is longer than the dimension");
  n.setOutput(0, takeAlong(n, x, axis, chosen));
  return success();
}

// The places of what is not zero, a column each.
LogicalResult lowerNonZero(NodeLowering &n) {
  DenseElementsAttr attr = constantOf(n.operand(0));
  if (!attr)
    return n.notConstant("the operand, whose values decide the extent of the result,");
  SmallVector<bool> isZero;
  if (isa<FloatType>(attr.getElementType()))
    for (const APFloat &value : attr.getValues<APFloat>())
      isZero.push_back(value.isZero());
  else
    for (const APInt &value : attr.getValues<APInt>())
      isZero.push_back(value.isZero());
  // A scalar counts as a vector of one element.
  Ints shape(n.shape(0));
  if (shape.empty())
    shape.push_back(1);
  SmallVector<Ints> places(shape.size());
  for (auto [flat, zero] : llvm::enumerate(isZero)) {
    if (zero)
      continue;
    auto rest = static_cast<int64_t>(flat);
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
      places[d].push_back(rest % shape[d]);
  }
  Ints all;
  for (const Ints &along : places)
    llvm::append_range(all, along);
  n.setOutput(0,
              n.t.reshape(n.t.ints(all), {static_cast<int64_t>(shape.size()), static_cast<int64_t>(places[0].size())}));
  return success();
}

LogicalResult refuseUnique(NodeLowering &n) {
  return n.unsupported("how many distinct elements there are depends on the data, and extents are fixed beforehand",
                       "end the model before this node and look for distinct elements on the host");
}

LogicalResult refuseNonMaxSuppression(NodeLowering &n) {
  return n.unsupported("how many boxes are selected depends on the data, and extents are fixed beforehand",
                       "end the model with the boxes and scores, and select on the host");
}

} // namespace

ArrayRef<LoweringEntry> wafer::dataDependentLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Compress", 9, lowerCompress},
      {"NonZero", 9, lowerNonZero},
      // Refused in words that say why.
      {"NonMaxSuppression", 10, refuseNonMaxSuppression},
      {"Unique", 11, refuseUnique},
  };
  return table;
}
