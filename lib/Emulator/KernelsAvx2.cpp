// The kernels with 256-bit vectors and hardware fma (see CMakeLists.txt for the flags).
#include "KernelsImpl.h"

wafer::emulator::KernelStatus wafer::emulator::runKernelAvx2(const KernelCall &call) { return runKernel(call); }
