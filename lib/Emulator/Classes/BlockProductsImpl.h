// Accumulations over blocks of PEs: products (dst += a b) and folds (dst = op(dst, b)), with the destination in
// registers while the reduced dimensions run.
//
// A tile is TI x TJ words of the destination, each eight PEs wide. Along i operand a moves, along j operand b, so TI +
// TJ loads serve TI x TJ operations; and eight sums that do not wait for each other hide the latency of fma. For each
// word the reduced dimensions run in the nest's order, so the bits are those of one element after the other.
#ifndef WAFER_LIB_EMULATOR_CLASSES_BLOCKPRODUCTSIMPL_H
#define WAFER_LIB_EMULATOR_CLASSES_BLOCKPRODUCTSIMPL_H

#include "BlockVector.h"

namespace wafer::emulator {
namespace {

/// What a product or a fold does to one word of the destination, where a and b are.
template <VectorOp op, ElementType type, int lanesA, int lanesB> struct Accumulation {
  static constexpr bool product = op == VectorOp::Fma;

  const BlockPlan &plan;
  const Words lanes;
  const bool masked;

  /// `together`: operand a moves along j as well.
  template <int TI, int TJ, bool together> void tile(uint32_t *d, const uint32_t *a, const uint32_t *b) const {
    const int64_t di = plan.kept[0].dst, dj = plan.kept[1].dst, ai = plan.kept[0].a, aj = plan.kept[1].a,
                  bj = plan.kept[1].b;
    Words sum[TI][TJ];
    for (int i = 0; i != TI; ++i)
      for (int j = 0; j != TJ; ++j)
        sum[i][j] = load<kLanes>(d + i * di + j * dj);
    const BlockPlan::Loop *loop = plan.reduced;
    auto run = [&](const uint32_t *pa, const uint32_t *pb) {
      const int64_t n = loop[3].extent, an = loop[3].a, bn = loop[3].b;
      for (int64_t k = 0; k != n; ++k, pa += an, pb += bn) {
        Words vb[TJ];
        for (int j = 0; j != TJ; ++j)
          vb[j] = load<lanesB>(pb + j * bj);
        for (int i = 0; i != TI; ++i) {
          if constexpr (!product) {
            for (int j = 0; j != TJ; ++j)
              sum[i][j] = combine<op, type>(sum[i][j], vb[j]);
          } else {
            Words va = load<lanesA>(pa + i * ai);
            for (int j = 0; j != TJ; ++j) {
              if constexpr (together)
                va = load<lanesA>(pa + j * aj);
              sum[i][j] = multiplyAdd<type>(va, vb[j], sum[i][j]);
            }
          }
        }
      }
    };
    for (int64_t k0 = 0; k0 != loop[0].extent; ++k0)
      for (int64_t k1 = 0; k1 != loop[1].extent; ++k1)
        for (int64_t k2 = 0; k2 != loop[2].extent; ++k2)
          run(a + k0 * loop[0].a + k1 * loop[1].a + k2 * loop[2].a,
              b + k0 * loop[0].b + k1 * loop[1].b + k2 * loop[2].b);
    for (int i = 0; i != TI; ++i)
      for (int j = 0; j != TJ; ++j) {
        const Words v = type == ElementType::F32 ? canonical(sum[i][j]) : sum[i][j];
        uint32_t *p = d + i * di + j * dj;
        masked ? store<true>(p, v, lanes) : store<false>(p, v, lanes);
      }
  }

  /// TJ words along j from `j` on, as long as there are as many; all of i.
  template <int TI, int TJ, bool together = false>
  void columns(int64_t &j, uint32_t *d, const uint32_t *a, const uint32_t *b) const {
    const BlockPlan::Loop &rows = plan.kept[0], &cols = plan.kept[1];
    for (; j + TJ <= cols.extent; j += TJ) {
      uint32_t *dj = d + j * cols.dst;
      const uint32_t *aj = a + j * cols.a, *bj = b + j * cols.b;
      int64_t i = 0;
      auto tiles = [&]<int height>() {
        for (; i + height <= rows.extent; i += height)
          tile<height, TJ, together>(dj + i * rows.dst, aj + i * rows.a, bj);
      };
      tiles.template operator()<TI>();
      if constexpr (TI > 4)
        tiles.template operator()<4>();
      if constexpr (TI > 1)
        tiles.template operator()<1>();
    }
  }

  void block(uint32_t *d, const uint32_t *a, const uint32_t *b) const {
    int64_t j = 0;
    if constexpr (product) {
      if (plan.kept[1].a != 0) { // one dimension that moves both
        columns<1, 8, true>(j, d, a, b);
        return columns<1, 1, true>(j, d, a, b);
      }
      if (plan.kept[0].extent >= 4) {
        columns<4, 2>(j, d, a, b);
        return columns<8, 1>(j, d, a, b);
      }
    }
    columns<1, 8>(j, d, a, b);
    columns<1, 4>(j, d, a, b);
    columns<1, 1>(j, d, a, b);
  }

  void all(uint32_t *d, const uint32_t *a, const uint32_t *b) const {
    int64_t i[4] = {0, 0, 0, 0};
    while (true) {
      block(d, a, b);
      int q = 2;
      for (; q < plan.keptRank; ++q) {
        const BlockPlan::Loop &loop = plan.kept[q];
        d += loop.dst, a += loop.a, b += loop.b;
        if (++i[q] < loop.extent)
          break;
        d -= loop.dst * loop.extent, a -= loop.a * loop.extent, b -= loop.b * loop.extent;
        i[q] = 0;
      }
      if (q >= plan.keptRank)
        return;
    }
  }
};

template <VectorOp op, ElementType type, int lanesA, int lanesB>
void accumulate(const BlockPlan &plan, uint32_t *const *data, uint32_t mask) {
  Accumulation<op, type, lanesA, lanesB>{plan, lanesOf(mask), mask != kAllLanes}.all(data[0], data[1], data[2]);
}

using AccumulateFunction = void (*)(const BlockPlan &, uint32_t *const *, uint32_t);

template <VectorOp op, ElementType type> AccumulateFunction accumulateOf(const BlockPlan &plan) {
  if constexpr (op == VectorOp::Fma)
    if (plan.lanes[1] == 1)
      return plan.lanes[2] == 1 ? accumulate<op, type, 1, 1> : accumulate<op, type, 1, kLanes>;
  return plan.lanes[2] == 1 ? accumulate<op, type, kLanes, 1> : accumulate<op, type, kLanes, kLanes>;
}

template <VectorOp op> AccumulateFunction accumulateOf(const BlockPlan &plan) {
  if constexpr (op == VectorOp::And || op == VectorOp::Or || op == VectorOp::Xor)
    return accumulateOf<op, ElementType::I32>(plan);
  else
    return plan.type == ElementType::F32 ? accumulateOf<op, ElementType::F32>(plan)
                                         : accumulateOf<op, ElementType::I32>(plan);
}

inline void runAccumulation(const BlockPlan &plan, uint32_t *const *data, uint32_t mask) {
  switch (plan.op) {
#define WAFER_FOLD(OP)                                                                                                 \
  case VectorOp::OP:                                                                                                   \
    return accumulateOf<VectorOp::OP>(plan)(plan, data, mask);
    WAFER_FOLD(Fma)
    WAFER_FOLD(Add)
    WAFER_FOLD(Sub)
    WAFER_FOLD(Mul)
    WAFER_FOLD(Min)
    WAFER_FOLD(Max)
    WAFER_FOLD(And)
    WAFER_FOLD(Or)
    WAFER_FOLD(Xor)
#undef WAFER_FOLD
  default:
    __builtin_unreachable(); // planBlock makes no others
  }
}

} // namespace
} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_BLOCKPRODUCTSIMPL_H
