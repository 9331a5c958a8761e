// Passes on the fabric dialect; Passes.td describes them.
#ifndef WAFER_DIALECT_FABRIC_PASSES_H
#define WAFER_DIALECT_FABRIC_PASSES_H

#include "wafer/Dialect/Fabric/FabricDialect.h"

#include "mlir/Pass/Pass.h"

namespace wafer::fabric {

#define GEN_PASS_DECL
#include "wafer/Dialect/Fabric/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "wafer/Dialect/Fabric/Passes.h.inc"

} // namespace wafer::fabric

#endif // WAFER_DIALECT_FABRIC_PASSES_H
