// Writes into caches, for whoever spells them.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_SCATTER_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_SCATTER_H

#include "Lowering.h"

namespace wafer {

/// The cache with the update's entries along `axis` in place of its own from `start` (i32 [batch]) on; batch is
/// dimension 0. What would lie beyond the end is dropped, or starts over at 0 if circular.
mlir::Value writeEntries(NodeLowering &n, mlir::Value cache, mlir::Value update, int64_t axis, mlir::Value start,
                         bool circular = false);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_SCATTER_H
