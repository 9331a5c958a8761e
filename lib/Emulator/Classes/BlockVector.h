// A word of each of eight PEs as one SIMD register. Compiled once per instruction set of the host: all static.
#ifndef WAFER_LIB_EMULATOR_CLASSES_BLOCKVECTOR_H
#define WAFER_LIB_EMULATOR_CLASSES_BLOCKVECTOR_H

#include "../ElementOperations.h"
#include "BlockKernels.h"

namespace wafer::emulator {
namespace {

typedef uint32_t Words __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(32), aligned(4), may_alias));
typedef float Floats __attribute__((vector_size(32), aligned(4), may_alias));

WAFER_INLINE Words splat(uint32_t v) { return Words{v, v, v, v, v, v, v, v}; }

template <int lanes> WAFER_INLINE Words load(const uint32_t *p) {
  if constexpr (lanes == 1) {
    return splat(*p);
  } else {
    Words v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
}

WAFER_INLINE void store(uint32_t *p, Words v) { __builtin_memcpy(p, &v, sizeof v); }

/// All ones in the lanes of the mask.
WAFER_INLINE Words lanesOf(uint32_t mask) {
  const Words bit = {1, 2, 4, 8, 16, 32, 64, 128};
  return (Words)((splat(mask) & bit) != 0);
}

template <bool masked> WAFER_INLINE void store(uint32_t *p, Words v, Words lanes) {
  if constexpr (masked)
    v = (v & lanes) | (load<kLanes>(p) & ~lanes);
  store(p, v);
}

WAFER_INLINE Words canonical(Words v) {
  const Words nan = (Words)((Integers)(v & 0x7fffffff) > 0x7f800000);
  return (v & ~nan) | (nan & kNaN);
}

/// The operations that folds and products are made of, but for NaNs, which stay NaNs until the caller makes them
/// canonical.
template <VectorOp op, ElementType type> WAFER_INLINE Words combine(Words a, Words b) {
  constexpr bool real = type == ElementType::F32;
  if constexpr (op == VectorOp::Add)
    return real ? (Words)((Floats)a + (Floats)b) : a + b;
  else if constexpr (op == VectorOp::Sub)
    return real ? (Words)((Floats)a - (Floats)b) : a - b;
  else if constexpr (op == VectorOp::Mul)
    return real ? (Words)((Floats)a * (Floats)b) : a * b;
  else if constexpr (op == VectorOp::And)
    return a & b;
  else if constexpr (op == VectorOp::Or)
    return a | b;
  else if constexpr (op == VectorOp::Xor)
    return a ^ b;
  else { // Min, Max: as minimum and maximum of Arithmetic.h
    constexpr bool least = op == VectorOp::Min;
    auto choose = [](Words which, Words x, Words y) { return (which & x) | (~which & y); };
    if constexpr (real) {
      const Floats x = (Floats)a, y = (Floats)b;
      const Words first = (Words)(least ? x < y : x > y), second = (Words)(least ? y < x : y > x);
      const Words nan = (Words)(x != x) | (Words)(y != y);
      return choose(first, a, choose(second, b, least ? a | b : a & b)) | (nan & kNaN);
    } else {
      const Integers x = (Integers)a, y = (Integers)b;
      return choose((Words)(least ? x < y : x > y), a, b);
    }
  }
}

/// a b + c.
template <ElementType type> WAFER_INLINE Words multiplyAdd(Words a, Words b, Words c) {
  if constexpr (type == ElementType::F32)
    return (Words)__builtin_elementwise_fma((Floats)a, (Floats)b, (Floats)c);
  else
    return a * b + c;
}

/// Calls body(offsets of operands) for every row of a plan, in order, while it returns true.
template <typename Body> WAFER_INLINE void forEachPlanRow(const BlockPlan &plan, Body body) {
  int64_t i[4] = {0, 0, 0, 0}, at[4] = {0, 0, 0, 0};
  while (body(at)) {
    int d = plan.rank - 2;
    for (; d >= 0; --d) {
      for (int k = 0; k <= plan.sources; ++k)
        at[k] += plan.stride[k][d];
      if (++i[d] < plan.extent[d])
        break;
      for (int k = 0; k <= plan.sources; ++k)
        at[k] -= plan.stride[k][d] * plan.extent[d];
      i[d] = 0;
    }
    if (d < 0)
      return;
  }
}

} // namespace
} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_BLOCKVECTOR_H
