// The end of the compiler: a module whose regions are placed, routed and lowered, as a program image.
#ifndef WAFER_CONVERSION_TOIMAGE_H
#define WAFER_CONVERSION_TOIMAGE_H

#include "wafer/Conversion/PeToProgram.h"
#include "wafer/Program/Image.h"

#include "mlir/IR/BuiltinOps.h"

namespace wafer {

/// The bytes of the weight that a module-level symbol stands for: little-endian, row-major. Valid until the image is
/// written.
using WeightBytes = std::function<mlir::FailureOr<llvm::ArrayRef<char>>(mlir::Operation *symbol)>;

struct EmittedRegion {
  std::string name;
  SramLedger ledger;
};

/// Fills `writer` from the module: wafer.program (rectangles, host streams), fabric.program (routes, colors),
/// pe.programs (code) and the weights that they name.
mlir::FailureOr<std::vector<EmittedRegion>> emitImage(mlir::ModuleOp module, const Profile &profile,
                                                      llvm::StringRef modelName, const WeightBytes &bytes,
                                                      ImageWriter &writer);

} // namespace wafer

#endif // WAFER_CONVERSION_TOIMAGE_H
