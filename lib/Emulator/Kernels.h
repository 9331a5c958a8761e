// Vector instructions over memory: dst = op(a, b, c) over a nest of up to four dimensions, in row-major order.
//
// Each element is read and written before the next: what a destination stride of 0 accumulates, or an overlap feeds
// forward, is part of the result. Where operands do not interfere the order of independent elements is free, and rows
// run through SIMD loops; the results are the same bits.
#ifndef WAFER_LIB_EMULATOR_KERNELS_H
#define WAFER_LIB_EMULATOR_KERNELS_H

#include "wafer/Program/Isa.h"

#include <cstdint>

namespace wafer::emulator {

struct KernelOperand {
  uint32_t *data = nullptr;
  int32_t stride[4] = {0, 0, 0, 0}; // words
};

struct KernelCall {
  isa::VectorOp op;
  isa::ElementType type;
  int rank;                 // 1..4
  int32_t extent[4];        // all > 0
  KernelOperand operand[4]; // dst, a, b, c; Iota: a.data is unused, a.stride and iotaBase count
  int32_t iotaBase;
};

/// What ended a call before its last element.
enum class KernelStatus : uint8_t {
  Done,
  DivideByZero, // of integers
  Overflow,     // the result of a checked operation does not fit 32 bits
};
using KernelFunction = KernelStatus (*)(const KernelCall &call);

KernelStatus runKernelBaseline(const KernelCall &call);
KernelStatus runKernelAvx2(const KernelCall &call);

/// The fastest that this host has.
KernelFunction selectKernels();

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_KERNELS_H
