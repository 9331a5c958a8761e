// Discrete Fourier transforms as contractions with the matrix of their roots of unity: for the lengths that models use,
// a product on many PEs takes fewer steps than the exchanges of a fast transform. Complex numbers are pairs in the last
// dimension, so the matrix is [time, part, frequency, part].
#include "Lowering.h"

#include <cmath>

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

/// A transform of `length` points. Inputs and outputs may be fewer (one side of a symmetric spectrum), parts are 1 for
/// real numbers and 2 for complex ones.
struct Transform {
  int64_t length, inputs, inputParts, outputs, outputParts;
  bool inverse, onesided;
};

/// Bounds the matrix, a constant of the model.
constexpr int64_t maxMatrix = int64_t(1) << 22;

FailureOr<Value> matrixOf(NodeLowering &n, const Transform &t) {
  if (t.inputs * t.inputParts > maxMatrix / std::max<int64_t>(t.outputs * t.outputParts, 1))
    return n.unsupported("a transform of " + Twine(t.length) + " points, whose matrix has more than 2^22 elements",
                         "transform shorter frames");
  SmallVector<float> values;
  values.reserve(t.inputs * t.inputParts * t.outputs * t.outputParts);
  double scale = t.inverse ? 1 / static_cast<double>(t.length) : 1;
  for (int64_t i = 0; i != t.inputs; ++i)
    for (int64_t from = 0; from != t.inputParts; ++from)
      for (int64_t o = 0; o != t.outputs; ++o)
        for (int64_t to = 0; to != t.outputParts; ++to) {
          double angle = 2 * M_PI * static_cast<double>((i * o) % t.length) / static_cast<double>(t.length);
          double sine = t.inverse ? std::sin(angle) : -std::sin(angle), weight = scale;
          // One side of a spectrum stands for the other, too, but for what is its own mirror image.
          if (t.inverse && t.onesided && i != 0 && 2 * i != t.length)
            weight *= 2;
          double root = from == to ? std::cos(angle) : from == 0 ? sine : -sine;
          values.push_back(static_cast<float>(weight * root));
        }
  auto type = RankedTensorType::get({t.inputs, t.inputParts, t.outputs, t.outputParts}, n.t.b.getF32Type());
  return n.t.constant(DenseElementsAttr::get(type, ArrayRef<float>(values)));
}

/// A length that an operand gives; nullopt after a refusal, `otherwise` if it is absent.
std::optional<int64_t> lengthOperand(NodeLowering &n, size_t i, int64_t otherwise, StringRef what) {
  if (!n.operand(i))
    return otherwise;
  auto value = n.constantInts(i);
  if (!value || value->size() != 1) {
    (void)n.notConstant(what);
    return std::nullopt;
  }
  if (value->front() < 1 || value->front() > maxMatrix) {
    (void)n.invalid(what + " is " + Twine(value->front()));
    return std::nullopt;
  }
  return value->front();
}

LogicalResult lowerDft(NodeLowering &n) {
  int64_t rank = n.rank(0), parts = rank ? n.shape(0).back() : 0;
  if (rank < 2 || (parts != 1 && parts != 2) || !n.element(0).isF32())
    return n.invalid("the operand must be of f32 and end in a dimension of 1 or 2");
  int64_t given = n.since() >= 20 ? -2 : n.intAttr("axis", 1);
  if (n.operand(2)) {
    auto value = n.constantInts(2);
    if (!value || value->size() != 1)
      return n.notConstant("axis");
    given = value->front();
  }
  auto axis = NodeLowering::normalizeAxis(given, rank);
  if (!axis || *axis == rank - 1)
    return n.invalid("axis is out of range, or that of the parts");
  bool inverse = n.intAttr("inverse", 0), onesided = n.intAttr("onesided", 0);
  int64_t extent = n.shape(0)[*axis];
  auto length = lengthOperand(n, 1, inverse && onesided ? 2 * (extent - 1) : extent, "dft_length");
  if (!length)
    return failure();
  if (*length < 1 || (onesided && parts != (inverse ? 2 : 1)))
    return n.invalid("nothing to transform, or onesided of a signal that is not real");
  int64_t half = *length / 2 + 1;
  Transform transform{*length,
                      std::min(extent, inverse && onesided ? half : *length),
                      parts,
                      onesided && !inverse ? half : *length,
                      onesided && inverse ? 1 : 2,
                      inverse,
                      onesided};
  auto matrix = matrixOf(n, transform);
  if (failed(matrix))
    return failure();
  // What is beyond the length takes no part; what is missing is zero, which takes none either.
  Ints offsets(rank, 0), sizes(n.shape(0)), ones(rank, 1), result(n.shape(0));
  sizes[*axis] = transform.inputs;
  result[*axis] = transform.outputs;
  result.back() = transform.outputParts;
  int64_t before = 1, behind = 1;
  for (int64_t d = 0; d != rank - 1; ++d)
    (d < *axis ? before : d > *axis ? behind : extent) *= d == *axis ? 1 : n.shape(0)[d];
  Value x = n.t.reshape(n.t.slice(n.operand(0), offsets, sizes, ones), {before, transform.inputs, behind, parts});
  AffineExpr p, k, q, to, i, from;
  bindDims(n.t.b.getContext(), p, k, q, to, i, from);
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(6, 0, exprs, n.t.b.getContext()); };
  Value y = n.t.contract(x, *matrix, map({p, i, q, from}), map({i, from, k, to}), map({p, k, q, to}),
                         {before, transform.outputs, behind, transform.outputParts, transform.inputs, parts});
  n.setOutput(0, n.t.reshape(y, result));
  return success();
}

// Frames of the signal, each times the window: the window goes into the matrix, the frames are its sliding.
LogicalResult lowerStft(NodeLowering &n) {
  int64_t rank = n.rank(0);
  if ((rank != 2 && rank != 3) || !n.element(0).isF32() || (rank == 3 && n.shape(0)[2] != 1 && n.shape(0)[2] != 2))
    return n.invalid("the signal must be of f32, [batch, length, 1 or 2]");
  int64_t batch = n.shape(0)[0], extent = n.shape(0)[1], parts = rank == 3 ? n.shape(0)[2] : 1;
  auto step = lengthOperand(n, 1, 0, "frame_step");
  if (!step)
    return failure();
  if (n.operand(2) && n.rank(2) != 1)
    return n.invalid("the window must have one dimension");
  int64_t windowLength = n.operand(2) ? n.shape(2)[0] : extent;
  auto length = lengthOperand(n, 3, windowLength, "frame_length");
  if (!length)
    return failure();
  bool onesided = n.intAttr("onesided", 1);
  if (*step < 1 || *length < 1 || *length > extent || (n.operand(2) && windowLength != *length) ||
      (onesided && parts != 1))
    return n.invalid("frame_step, frame_length, window and signal do not go together");
  int64_t frames = (extent - *length) / *step + 1;
  Transform transform{*length, *length, parts, onesided ? *length / 2 + 1 : *length, 2, /*inverse=*/false, onesided};
  auto matrix = matrixOf(n, transform);
  if (failed(matrix))
    return failure();
  Value weights = *matrix;
  if (n.operand(2))
    weights = n.t.mul(weights, n.t.reshape(n.operand(2), {*length, 1, 1, 1}));
  AffineExpr b, f, k, to, i, from;
  bindDims(n.t.b.getContext(), b, f, k, to, i, from);
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(6, 0, exprs, n.t.b.getContext()); };
  n.setOutput(0, n.t.contract(n.t.reshape(n.operand(0), {batch, extent, parts}), weights, map({b, f * *step + i, from}),
                              map({i, from, k, to}), map({b, f, k, to}),
                              {batch, frames, transform.outputs, 2, *length, parts}));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::fourierLowerings() {
  static constexpr LoweringEntry table[] = {
      {"DFT", 17, lowerDft},
      {"STFT", 17, lowerStft},
  };
  return table;
}
