// The kernels for any x86-64 (or other) host, and the choice between the two.
#include "KernelsImpl.h"

wafer::emulator::KernelStatus wafer::emulator::runKernelBaseline(const KernelCall &call) { return runKernel(call); }

wafer::emulator::KernelFunction wafer::emulator::selectKernels() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return runKernelAvx2;
#endif
  return runKernelBaseline;
}
