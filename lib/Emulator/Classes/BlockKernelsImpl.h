// The kernels over blocks of PEs, compiled once per instruction set of the host by BlockKernelsBaseline.cpp and
// BlockKernelsAvx2.cpp: all static.
//
// Any operation runs on pieces of rows: operands that do not lie as the operation wants them (one word for eight PEs,
// or words apart) are first copied side by side, and results are copied to where they belong. So each operation is
// compiled once, as a loop over neighboring words; the copies stay in the first cache.
#ifndef WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELSIMPL_H
#define WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELSIMPL_H

#include "BlockProductsImpl.h"

namespace wafer::emulator {
namespace {

//===- Operations on neighboring words ------------------------------------===//

// Eight at a time, without a rest to treat otherwise.
#define WAFER_LANES _Pragma("clang loop vectorize(assume_safety) vectorize_width(8) interleave_count(1)")

/// r[i] = op(a[i], b[i], c[i]) for `words` words, a multiple of eight. r is one of the others or apart from all. False
/// if the operation failed at a lane of the mask.
using ComputeFunction = bool (*)(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *c, int64_t words,
                                 const uint32_t *lanes);

/// sin and cos take another way beyond 2^30, which no SIMD loop can.
template <VectorOp op> void computeAngles(uint32_t *r, const uint32_t *a, int64_t words) {
  constexpr bool isSin = op == VectorOp::Sin;
  for (int64_t i = 0; i != words; i += kLanes) {
    uint32_t far = 0;
    WAFER_LANES
    for (int l = 0; l < kLanes; ++l)
      far |= (a[i + l] & 0x7fffffffu) >= 0x4e800000u; // 2^30, infinity, NaN
    if (far)
      for (int l = 0; l < kLanes; ++l)
        r[i + l] = apply<op, ElementType::F32>(a[i + l], 0, 0);
    else
      WAFER_LANES
    for (int l = 0; l < kLanes; ++l)
      r[i + l] = bits(isSin ? sinNear(F(a[i + l])) : cosNear(F(a[i + l])));
  }
}

template <VectorOp op, ElementType type>
bool compute(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *c, int64_t words,
             const uint32_t *lanes) {
  __builtin_assume(words > 0 && words % kLanes == 0);
  constexpr int sources = arity<op>();
  if constexpr (mayFail(op, type)) {
    uint32_t failed = 0;
    WAFER_LANES
    for (int64_t i = 0; i < words; ++i) {
      const uint32_t x = a[i], z = sources > 2 ? c[i] : 0;
      uint32_t y = sources > 1 ? b[i] : 0;
      if constexpr (divides(op, type)) {
        failed |= lanes[i] & -uint32_t(y == 0);
        y = y ? y : 1;
      }
      if constexpr (isChecked(op)) {
        const int64_t value = exact<op>(x, y, z);
        failed |= lanes[i] & -uint32_t(value != static_cast<int32_t>(value));
        r[i] = static_cast<uint32_t>(value);
      } else {
        r[i] = apply<op, type>(x, y, z);
      }
    }
    return !failed;
  } else if constexpr (op == VectorOp::Sin || op == VectorOp::Cos) {
    computeAngles<op>(r, a, words);
  } else {
    WAFER_LANES
    for (int64_t i = 0; i < words; ++i)
      r[i] = apply<op, type>(a[i], sources > 1 ? b[i] : 0, sources > 2 ? c[i] : 0);
  }
  return true;
}

template <VectorOp op> ComputeFunction computeOf(ElementType type) {
  constexpr VectorTypes types = vectorOpInfo(op)->types;
  if constexpr (op == VectorOp::Iota || op == VectorOp::Mov)
    return nullptr; // kinds of their own
  else if constexpr (types == VectorTypes::Both)
    return type == ElementType::F32 ? compute<op, ElementType::F32> : compute<op, ElementType::I32>;
  else
    return compute < op, types == VectorTypes::F32 ? ElementType::F32 : ElementType::I32 > ;
}

inline ComputeFunction computeOf(VectorOp op, ElementType type) {
  switch (op) {
#define WAFER_VECTOR_OP(NAME, NUMBER, MNEMONIC, ARITY, TYPES, COST, HELPER)                                            \
  case VectorOp::NAME:                                                                                                 \
    return computeOf<VectorOp::NAME>(type);
#include "wafer/Program/VectorOps.def"
  }
  return nullptr;
}

//===- Copies -------------------------------------------------------------===//

/// n groups of eight words, one after the other.
template <int lanes, bool masked>
inline void copyGroups(uint32_t *d, int64_t ds, const uint32_t *s, int64_t ss, int64_t n, Words mask) {
  for (int64_t i = 0; i != n; ++i)
    store<masked>(d + i * ds, load<lanes>(s + i * ss), mask);
}

inline void copyGroups(uint32_t *d, int64_t ds, const uint32_t *s, int64_t ss, int lanes, int64_t n, uint32_t mask) {
  const Words m = lanesOf(mask);
  if (mask == kAllLanes)
    return lanes == 1 ? copyGroups<1, false>(d, ds, s, ss, n, m) : copyGroups<kLanes, false>(d, ds, s, ss, n, m);
  return lanes == 1 ? copyGroups<1, true>(d, ds, s, ss, n, m) : copyGroups<kLanes, true>(d, ds, s, ss, n, m);
}

/// What one source has for the next elements of a row, eight words each.
inline void copySideBySide(uint32_t *d, const uint32_t *s, int64_t stride, int lanes, int64_t n) {
  if (lanes == kLanes)
    copyGroups<kLanes, false>(d, kLanes, s, stride, n, {});
  else if (stride != 0)
    copyGroups<1, false>(d, kLanes, s, stride, n, {});
  else
    for (const Words v = splat(*s); n > 0; --n, d += kLanes)
      store(d, v);
}

//===- Plans --------------------------------------------------------------===//

inline void runMove(const BlockPlan &plan, uint32_t *const *data, uint32_t mask) {
  const int last = plan.rank - 1;
  const int64_t n = plan.extent[last], ds = plan.stride[0][last], ss = plan.stride[1][last];
  const bool whole = mask == kAllLanes && plan.apart && plan.lanes[1] == kLanes && ds == kLanes && ss == kLanes;
  forEachPlanRow(plan, [&](const int64_t *at) {
    if (whole)
      __builtin_memcpy(data[0] + at[0], data[1] + at[1], n * kLanes * sizeof(uint32_t));
    else
      copyGroups(data[0] + at[0], ds, data[1] + at[1], ss, plan.lanes[1], n, mask);
    return true;
  });
}

inline KernelStatus runRows(const BlockPlan &plan, uint32_t *const *data, uint32_t mask) {
  constexpr int kGroups = kBlockPiece;
  const ComputeFunction function = computeOf(plan.op, plan.type);
  const int last = plan.rank - 1;
  const int64_t n = plan.extent[last], ds = plan.stride[0][last];
  alignas(32) uint32_t copies[5][kGroups * kLanes];
  uint32_t *const lanes = copies[4];
  const bool direct = mask == kAllLanes && ds == kLanes;
  bool inPlace[4] = {}, whole = direct && !plan.traps && plan.piece > 1;
  for (int k = 1; k <= plan.sources; ++k) {
    inPlace[k] = plan.lanes[k] == kLanes && (plan.stride[k][last] == kLanes || n == 1 || plan.piece == 1);
    whole &= inPlace[k];
  }
  const int64_t piece = whole ? n : n < plan.piece ? n : plan.piece;
  if (plan.traps) {
    const Words m = lanesOf(mask);
    for (int64_t i = 0; i != piece; ++i)
      store(lanes + i * kLanes, m);
  }
  bool done = true;
  forEachPlanRow(plan, [&](const int64_t *at) {
    for (int64_t i = 0; i < n && done; i += piece) {
      const int64_t groups = n - i < piece ? n - i : piece;
      const uint32_t *source[4] = {};
      for (int k = 1; k <= plan.sources; ++k) {
        const int64_t stride = plan.stride[k][last];
        source[k] = data[k] + at[k] + i * stride;
        if (inPlace[k])
          continue;
        if (stride != 0 || i == 0)
          copySideBySide(copies[k], source[k], stride, plan.lanes[k], groups);
        source[k] = copies[k];
      }
      uint32_t *to = data[0] + at[0] + i * ds;
      uint32_t *results = direct ? to : copies[0];
      done = function(results, source[1], source[2], source[3], groups * kLanes, lanes);
      if (!direct)
        copyGroups(to, ds, results, kLanes, kLanes, groups, mask);
    }
    return done;
  });
  if (done)
    return KernelStatus::Done;
  return divides(plan.op, plan.type) ? KernelStatus::DivideByZero : KernelStatus::Overflow;
}

inline void runCount(const BlockPlan &plan, uint32_t *const *data, uint32_t mask) {
  const int last = plan.rank - 1;
  const Words lanes = lanesOf(mask);
  const Words base = data[1] ? load<kLanes>(data[1]) : splat(plan.iotaBase);
  const uint32_t step = plan.stride[1][last];
  forEachPlanRow(plan, [&](const int64_t *at) {
    uint32_t *d = data[0] + at[0];
    Words value = base + static_cast<uint32_t>(at[1]);
    for (int64_t i = 0; i != plan.extent[last]; ++i, d += plan.stride[0][last], value += step)
      store<true>(d, value, lanes);
    return true;
  });
}

inline KernelStatus runPlan(const BlockPlan &plan, uint32_t *const *where, uint32_t mask) {
  if (!where)
    where = plan.data;
  uint32_t *const data[4] = {where[0], where[plan.swapped ? 2 : 1], where[plan.swapped ? 1 : 2], where[3]};
  switch (plan.kind) {
  case BlockPlan::Nothing:
    break;
  case BlockPlan::Count:
    runCount(plan, data, mask);
    break;
  case BlockPlan::Move:
    runMove(plan, data, mask);
    break;
  case BlockPlan::Rows:
    return runRows(plan, data, mask);
  case BlockPlan::Fold:
  case BlockPlan::Product:
    runAccumulation(plan, data, mask);
    break;
  }
  return KernelStatus::Done;
}

} // namespace
} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELSIMPL_H
