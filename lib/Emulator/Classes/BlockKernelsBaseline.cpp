// The kernels over blocks for any host, and the choice between the two.
#include "BlockKernelsImpl.h"

using namespace wafer::emulator;

KernelStatus wafer::emulator::runPlanBaseline(const BlockPlan &plan, uint32_t *const *data, uint32_t laneMask) {
  return runPlan(plan, data, laneMask);
}

void wafer::emulator::copyToBlockBaseline(uint32_t *to, int64_t toStride, const uint32_t *from, int64_t fromStride,
                                          int fromLanes, int64_t count, uint32_t laneMask) {
  copyGroups(to, toStride, from, fromStride, fromLanes, count, laneMask);
}

static bool hasAvx2() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

BlockRunner wafer::emulator::selectBlockRunner() { return hasAvx2() ? runPlanAvx2 : runPlanBaseline; }

BlockCopy wafer::emulator::selectBlockCopy() { return hasAvx2() ? copyToBlockAvx2 : copyToBlockBaseline; }

BlockFunction wafer::emulator::selectBlockKernels() {
  return [](const BlockCall &call, uint32_t laneMask) {
    static const BlockRunner runner = selectBlockRunner();
    return runner(planBlock(call), nullptr, laneMask);
  };
}
