// Scaled dot product attention and rotary embeddings, for whoever spells them.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_ATTENTION_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_ATTENTION_H

#include "Lowering.h"

namespace wafer {

/// q is [batch, heads, queries, size], k [batch, groups, keys, size], v [batch, groups, keys, value size]; groups
/// divide heads, and neighboring heads share one.
struct AttentionForm {
  mlir::Value q, k, v;
  double scale;
  /// 0 for none: scores become softcap * tanh(scores / softcap).
  double softcap = 0;
  // What follows broadcasts to [batch, heads, queries, keys]; null if there is none.
  /// Added to the scores.
  mlir::Value bias;
  /// i1: which keys a query sees.
  mlir::Value visible;
  /// i32, with a last dimension of 1: the first and last key that a query sees.
  mlir::Value first, last;
  /// The softmax computes in this type; null for the scores' own.
  mlir::Type softmaxType;
};

struct AttentionResult {
  mlir::Value y;                               // [batch, heads, queries, value size]
  mlir::Value scores, capped, biased, weights; // [batch, heads, queries, keys], in this order
};

AttentionResult attend(NodeLowering &n, const AttentionForm &form);

/// [batch, length, heads * size] to [batch, heads, length, size], and back.
mlir::Value splitHeads(NodeLowering &n, mlir::Value x, int64_t heads);
mlir::Value joinHeads(NodeLowering &n, mlir::Value x);

/// i32 [queries, 1]: query i plus `offset`, the last key that it sees if it sees no later ones than itself.
mlir::Value causalLimit(NodeLowering &n, int64_t queries, int64_t offset);
/// The smaller of two limits; either may be null.
mlir::Value minLimit(NodeLowering &n, mlir::Value a, mlir::Value b);

/// The first 2 * half elements of each head of x, [batch, heads, length, size], turned by the angles of which cos and
/// sin, [batch or 1, length, half], are given: element i with element i + half, or neighbors if interleaved.
mlir::Value rotate(NodeLowering &n, mlir::Value x, mlir::Value cos, mlir::Value sin, bool interleaved);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_ATTENTION_H
