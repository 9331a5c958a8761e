// Passes of the planner.
#ifndef WAFER_PLAN_PASSES_H
#define WAFER_PLAN_PASSES_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace wafer {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "wafer/Plan/Passes.h.inc"

/// What a search has found, for passes that run after one another on the same tensors.
struct FoundPlans;
std::shared_ptr<FoundPlans> makeFoundPlans(bool trace = false);
/// What the search that found the plan taken last looked at, as JSON (docs/report.md), if that is traced.
const std::string &traceOf(const FoundPlans &found);

/// Which plan wafer-plan takes.
struct PlanChoice {
  bool search = true;    // or what the last search found is used
  bool sameSize = false; // search only the size of the plan that was taken last
  int64_t other = 0;     // the plan after so many better ones
};

/// wafer-plan that leaves in `found` what it finds.
std::unique_ptr<mlir::Pass> createWaferPlan(const WaferPlanOptions &options, std::shared_ptr<FoundPlans> found,
                                            PlanChoice choice);
} // namespace wafer

#endif // WAFER_PLAN_PASSES_H
