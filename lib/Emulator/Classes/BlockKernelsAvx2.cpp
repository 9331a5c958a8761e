// The kernels over blocks with 256-bit vectors and hardware fma (see CMakeLists.txt for the flags).
#include "BlockKernelsImpl.h"

using namespace wafer::emulator;

KernelStatus wafer::emulator::runPlanAvx2(const BlockPlan &plan, uint32_t *const *data, uint32_t laneMask) {
  return runPlan(plan, data, laneMask);
}

void wafer::emulator::copyToBlockAvx2(uint32_t *to, int64_t toStride, const uint32_t *from, int64_t fromStride,
                                      int fromLanes, int64_t count, uint32_t laneMask) {
  copyGroups(to, toStride, from, fromStride, fromLanes, count, laneMask);
}
