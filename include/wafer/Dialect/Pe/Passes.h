// Passes on the pe dialect; Passes.td describes them.
#ifndef WAFER_DIALECT_PE_PASSES_H
#define WAFER_DIALECT_PE_PASSES_H

#include "wafer/Dialect/Pe/PeDialect.h"

#include "mlir/Pass/Pass.h"

namespace wafer::pe {

#define GEN_PASS_DECL
#include "wafer/Dialect/Pe/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "wafer/Dialect/Pe/Passes.h.inc"

/// All of them, with clean-up between, in the order that gives the least code. `programs` runs on pe.program. What does
/// not fit is told with a remedy, which a larger mesh is not if there is none (`wholeMesh`).
void addCodePasses(mlir::OpPassManager &programs, int64_t usableBytes, bool wholeMesh = false);
/// --pe-code=usable-bytes=N.
void registerPePipelines();

} // namespace wafer::pe

#endif // WAFER_DIALECT_PE_PASSES_H
