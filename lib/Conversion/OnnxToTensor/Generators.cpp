// Tensors that follow from attributes and shapes alone.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

LogicalResult lowerEyeLike(NodeLowering &n) {
  if (n.rank(0) != 2)
    return n.invalid("the operand must be a matrix");
  Type element = n.hasAttr("dtype") ? onnx::elementTypeFor(n.t.b.getContext(), n.intAttr("dtype", 1)) : n.element(0);
  if (!element)
    return n.refuse(ErrorCode::ElementTypeUnsupported,
                    "dtype is element type number " + Twine(n.intAttr("dtype", 1)) + ", without support", "");
  int64_t k = std::clamp<int64_t>(n.intAttr("k", 0), -(1 << 30), 1 << 30);
  Type i32 = n.t.b.getI32Type();
  n.setOutput(0, n.t.mapInto(n.shape(0), {}, element, [&](S &s, ValueRange) {
    Value diagonal = s.sub(s.index(1, i32), s.index(0, i32));
    return s.cast(s.cmp("eq", diagonal, s.constant(i32, static_cast<double>(k))), element);
  }));
  return success();
}

// Triangles between frequencies that are equally spaced in mels, over the bins of a DFT.
LogicalResult lowerMelWeightMatrix(NodeLowering &n) {
  SmallVector<double> given;
  for (size_t i = 0; i != 5; ++i) {
    auto value = n.constantScalar(i);
    if (!value)
      return n.notConstant("operand " + Twine(i));
    given.push_back(*value);
  }
  auto bins = static_cast<int64_t>(given[0]), length = static_cast<int64_t>(given[1]);
  double rate = given[2], low = given[3], high = given[4];
  int64_t rows = length / 2 + 1;
  if (bins < 1 || length < 1 || bins > (1 << 20) / rows || !(rate > 0) || !(low >= 0) || !(high > low))
    return n.invalid("the numbers of bins, the rate or the edge frequencies are out of range");
  auto toMel = [](double frequency) { return 2595 * std::log10(1 + frequency / 700); };
  double first = toMel(low), step = (toMel(high) - first) / static_cast<double>(bins + 2);
  Ints edges;
  for (int64_t i = 0; i != bins + 2; ++i) {
    double frequency = 700 * (std::pow(10, (static_cast<double>(i) * step + first) / 2595) - 1);
    edges.push_back(static_cast<int64_t>(std::floor(static_cast<double>(length + 1) * frequency / rate)));
  }
  SmallVector<float> weights(rows * bins, 0);
  for (int64_t i = 0; i != bins; ++i) {
    int64_t from = edges[i], center = edges[i + 1], to = edges[i + 2];
    auto set = [&](int64_t row, double weight) {
      if (row >= 0 && row < rows)
        weights[row * bins + i] = static_cast<float>(weight);
    };
    if (center == from)
      set(center, 1);
    for (int64_t row = from; row <= center && center != from; ++row)
      set(row, static_cast<double>(row - from) / static_cast<double>(center - from));
    for (int64_t row = center; row < to; ++row)
      set(row, static_cast<double>(to - row) / static_cast<double>(to - center));
  }
  auto type = RankedTensorType::get({rows, bins}, n.t.b.getF32Type());
  Value matrix = n.t.constant(DenseElementsAttr::get(type, ArrayRef<float>(weights)));
  Type element = onnx::elementTypeFor(n.t.b.getContext(), n.intAttr("output_datatype", 1));
  if (!element)
    return n.refuse(ErrorCode::ElementTypeUnsupported, "the output's type is without support", "");
  n.setOutput(0, n.t.cast(matrix, element));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::generatorLowerings() {
  static constexpr LoweringEntry table[] = {
      {"EyeLike", 9, lowerEyeLike},
      {"MelWeightMatrix", 17, lowerMelWeightMatrix},
  };
  return table;
}
