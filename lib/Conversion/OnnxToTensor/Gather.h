// Gathers, for other topics.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_GATHER_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_GATHER_H

#include "Lowering.h"

namespace wafer {

/// The elements of `axis` with these numbers, which must be inside: a slice if they are in progression.
mlir::Value takeAlong(NodeLowering &n, mlir::Value x, int64_t axis, llvm::ArrayRef<int64_t> numbers);

/// x by indices >= 0 along `axis`, whose place the indices' dimensions take.
mlir::Value gatherAlong(NodeLowering &n, mlir::Value x, int64_t axis, mlir::Value indices);

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_GATHER_H
