// Conversions between waferc's levels.
#ifndef WAFER_CONVERSION_PASSES_H
#define WAFER_CONVERSION_PASSES_H

#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Pass/Pass.h"

namespace wafer {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "wafer/Conversion/Passes.h.inc"
} // namespace wafer

#endif // WAFER_CONVERSION_PASSES_H
