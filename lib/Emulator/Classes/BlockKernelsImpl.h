// The kernels over blocks of PEs, compiled once per instruction set of the host by BlockKernelsBaseline.cpp and
// BlockKernelsAvx2.cpp: all static.
//
// Any operation runs on pieces of rows: operands that do not lie as the operation wants them (one word for eight PEs,
// or words apart) are first copied side by side, and results are copied to where they belong. So each operation is
// compiled once, as a loop over neighboring words; the copies stay in the first cache.
#ifndef WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELSIMPL_H
#define WAFER_LIB_EMULATOR_CLASSES_BLOCKKERNELSIMPL_H

#include "BlockOperationsImpl.h"
#include "BlockProductsImpl.h"

namespace wafer::emulator {
namespace {

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
  const RowFunction function = rowFunctionOf(plan.op, plan.type);
  const int last = plan.rank - 1;
  const int64_t n = plan.extent[last];
  alignas(32) uint32_t copies[4][kBlockPiece * kLanes], lanes[kLanes];
  store(lanes, lanesOf(mask));
  const bool masked = mask != kAllLanes;
  bool copied = masked;
  GroupWalk walk[4];
  for (int k = 0; k <= plan.sources; ++k) {
    walk[k].step = plan.stride[k][last];
    copied |= plan.lanes[k] == 1 && walk[k].step != 0;
  }
  const int64_t piece = copied && plan.piece < n ? plan.piece : n;
  bool done = true;
  forEachPlanRow(plan, [&](const int64_t *at) {
    for (int64_t i = 0; i < n && done; i += piece) {
      const int64_t groups = n - i < piece ? n - i : piece;
      for (int k = 0; k <= plan.sources; ++k) {
        const int64_t stride = plan.stride[k][last];
        uint32_t *from = data[k] + at[k] + i * stride;
        walk[k].data = from;
        if (k > 0 && plan.lanes[k] == 1) {
          copyGroups<1, false>(copies[k], kLanes, from, stride, stride ? groups : 1, {});
          walk[k] = {copies[k], stride ? kLanes : 0};
        }
      }
      const GroupWalk to = walk[0];
      if (masked)
        walk[0] = {copies[0], kLanes};
      done = function(walk, groups, lanes);
      if (masked)
        copyGroups<kLanes, true>(to.data, plan.stride[0][last], copies[0], kLanes, groups, load<kLanes>(lanes));
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
