// One PE of a block by itself: the kernels of one PE, with words that are kLanes apart.
#ifndef WAFER_LIB_EMULATOR_CLASSES_LANEKERNELS_H
#define WAFER_LIB_EMULATOR_CLASSES_LANEKERNELS_H

#include "BlockKernels.h"

namespace wafer::emulator {

/// Operand k of the call lies in a lane of a block (memory, or a train of eight columns) from now on: `data` is its
/// word of element 0. False if the strides do not fit a call then; no operand of less than 2^28 words has such.
inline bool moveToLane(KernelCall &call, int k, uint32_t *data) {
  KernelOperand &operand = call.operand[k];
  operand.data = data;
  for (int d = 0; d != call.rank; ++d) {
    // Nothing walks along one element, and its stride may be anything.
    const int64_t stride = call.extent[d] > 1 ? int64_t(operand.stride[d]) * kLanes : 0;
    if (stride != static_cast<int32_t>(stride))
      return false;
    operand.stride[d] = static_cast<int32_t>(stride);
  }
  return true;
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_LANEKERNELS_H
