// Passes on the wafer dialect.
#ifndef WAFER_DIALECT_WAFER_PASSES_H
#define WAFER_DIALECT_WAFER_PASSES_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/Pass/Pass.h"

namespace wafer {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "wafer/Dialect/Wafer/Passes.h.inc"
} // namespace wafer

#endif // WAFER_DIALECT_WAFER_PASSES_H
