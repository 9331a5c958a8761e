// Vector instructions over blocks of eight PEs along x: dst = op(a, b, c) at each of them, over the same nest.
//
// Words of a block stand word by word, eight PEs side by side (BlockMemory.h), so an operation on one word of eight PEs
// is one SIMD operation, whatever the nest's strides are. The bits are those of Kernels.h, PE by PE: each element is
// read and written before the next, in row-major order, and what is done otherwise shows in no bit.
//
// Deciding how a nest is done costs more than a small nest itself, and a context does the same nest in many blocks:
// planBlock decides once, and a plan runs wherever its operands lie to each other as they did in the call.
#ifndef WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELS_H
#define WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELS_H

#include "../Kernels.h"

#include <cstdint>

namespace wafer::emulator {

constexpr int kLanes = 8; // PEs of a block
constexpr uint32_t kAllLanes = (1u << kLanes) - 1;
constexpr int kBlockPiece = 32; // elements of a row that are computed together: 1 KiB an operand

/// Where an operand's words are.
struct BlockOperand {
  uint32_t *data = nullptr;
  /// Eight lanes: in groups of eight words. One lane: in words.
  int32_t stride[4] = {0, 0, 0, 0};
  /// 8: a word for each PE, side by side: memory, the trains of eight columns, a scalar by PE (strides 0).
  /// 1: one word for all: read-only memory, a uniform scalar, a train that all of them hear. The destination has 8.
  uint8_t lanes = kLanes;
};

struct BlockCall {
  isa::VectorOp op;
  isa::ElementType type;
  int rank;                // 1..4
  int32_t extent[4];       // all > 0
  BlockOperand operand[4]; // dst (null: results are dropped), a, b, c
  /// Iota counts from here at all PEs, or, if a.data is set, from the eight words there; a.stride counts.
  int32_t iotaBase = 0;
};

/// How a call is done (BlockPlan.cpp). Strides are in words; dimensions may have been merged or permuted.
struct BlockPlan {
  enum Kind : uint8_t {
    Nothing,
    Count,   // iota
    Move,    // mov
    Rows,    // any operation, on pieces of rows
    Fold,    // dst = op(dst, b) where dst stands still along some dimensions: in registers
    Product, // the same of dst = a * b + dst
  };
  /// A dimension of a Fold or Product, and the steps of its operands.
  struct Loop {
    int64_t extent = 1, dst = 0, a = 0, b = 0;
  };

  Kind kind = Nothing;
  isa::VectorOp op;
  isa::ElementType type;
  bool traps = false;   // the mask must not name lanes that take no part, nor those past the region's edge
  bool apart = false;   // no operand has a word of the destination
  bool swapped = false; // a and b have changed places: the operation does not mind
  uint8_t sources = 0;
  uint8_t lanes[4] = {};
  uint32_t *data[4] = {}; // of the call
  int32_t iotaBase = 0;

  int rank = 0;
  int64_t extent[4];
  int64_t stride[4][4]; // operand, dimension
  int32_t piece;        // Rows: elements that may be computed before the first of them is written

  // Fold, Product: what accumulates, in the nest's order, and what is independent of each other: the first two of these
  // are blocked, so that kept[0] reuses words of b and kept[1] words of a.
  Loop reduced[4], kept[4];
  int keptRank;
};

BlockPlan planBlock(const BlockCall &call);

/// Runs a plan with operands at `data` (null: where the call had them). `laneMask` has a bit for each PE that takes
/// part; other PEs' words do not change. A failure is that of some lane, and leaves the destination unspecified.
using BlockRunner = KernelStatus (*)(const BlockPlan &plan, uint32_t *const *data, uint32_t laneMask);
/// The same of a call that runs once.
using BlockFunction = KernelStatus (*)(const BlockCall &call, uint32_t laneMask);

/// Copies elements into a block in order, as what a window receives: strides are in words, those of eight lanes
/// multiples of eight.
using BlockCopy = void (*)(uint32_t *to, int64_t toStride, const uint32_t *from, int64_t fromStride, int fromLanes,
                           int64_t count, uint32_t laneMask);

KernelStatus runPlanBaseline(const BlockPlan &plan, uint32_t *const *data, uint32_t laneMask);
KernelStatus runPlanAvx2(const BlockPlan &plan, uint32_t *const *data, uint32_t laneMask);
void copyToBlockBaseline(uint32_t *to, int64_t toStride, const uint32_t *from, int64_t fromStride, int fromLanes,
                         int64_t count, uint32_t laneMask);
void copyToBlockAvx2(uint32_t *to, int64_t toStride, const uint32_t *from, int64_t fromStride, int fromLanes,
                     int64_t count, uint32_t laneMask);

// The fastest that this host has.
BlockRunner selectBlockRunner();
BlockFunction selectBlockKernels();
BlockCopy selectBlockCopy();

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELS_H
