// Passes of the planner.
#ifndef WAFER_PLAN_PASSES_H
#define WAFER_PLAN_PASSES_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/Pass/Pass.h"

namespace wafer {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "wafer/Plan/Passes.h.inc"
} // namespace wafer

#endif // WAFER_PLAN_PASSES_H
