// The pass wafer-plan: from the tensor level to the graph, its plan (Planner.h), and from that to a wafer.program.
#include "FoundPlans.h"
#include "Planner.h"
#include "RegionLines.h"
#include "SignedFactors.h"
#include "WorkBesideSums.h"

#include "wafer/Plan/Passes.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Target/LoadProfile.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace wafer {
#define GEN_PASS_DEF_WAFERPLAN
#include "wafer/Plan/Passes.h.inc"
} // namespace wafer

namespace {

struct WaferPlanPass : wafer::impl::WaferPlanBase<WaferPlanPass> {
  using WaferPlanBase::WaferPlanBase;
  WaferPlanPass(const WaferPlanOptions &options, std::shared_ptr<FoundPlans> found, PlanChoice choice)
      : WaferPlanBase(options), found(std::move(found)), choice(choice) {}

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Profile> profile = loadProfile(module.getLoc(), target);
    if (failed(profile))
      return signalPassFailure();
    auto function = module.lookupSymbol<func::FuncOp>("main");
    if (!function) {
      module.emitError("wafer-plan needs a function @main");
      return signalPassFailure();
    }
    FailureOr<Graph> graph = buildGraph(function);
    if (failed(graph))
      return signalPassFailure();
    const int64_t meshW = meshWidth > 0 ? meshWidth : profile->meshWidth,
                  meshH = meshHeight > 0 ? meshHeight : profile->meshHeight;
    const ResourceModel model(*profile);
    const SizeSearch search(*graph, model, {regions, fill, static_cast<int>(beam)}, found ? &found->known : nullptr,
                            getContext());
    FailureOr<Plan> best =
        choice.search ? choosePlan(search, plannerOptions(meshW, meshH), module.getLoc()) : takeFound();
    if (failed(best))
      return signalPassFailure();
    if (found)
      found->taken = best->region;
    if (found && found->tracing)
      found->trace = search.trace(*best);
    numRegions += best->regions;
    numCandidates += best->candidates;
    OpBuilder builder(module.getContext());
    builder.setInsertionPointToEnd(module.getBody());
    ProgramOp program =
        emitPlan(*graph, *best, builder, function.getLoc(), meshW, meshH,
                 {best->hostLanes, static_cast<int>(meshW / best->region.width), netColors(*best, *profile)});
    for (RegionOp region : program.getBody().getOps<RegionOp>()) {
      shareSignedFactors(region, model);
      workBesideSums(region, model);
    }
    function.erase();
  }

  PlannerOptions plannerOptions(int64_t meshW, int64_t meshH) const {
    const Split ofX(middleX, splitX), ofY(middleY, splitY);
    SizeRequest sizes{meshW, meshH, largestSide, width, height, ofX, ofY, lanes};
    if (choice.sameSize) {
      const RegionShape &taken = found->taken;
      sizes.width = taken.width, sizes.height = taken.height, sizes.splitX = taken.splitX, sizes.splitY = taken.splitY;
    }
    return {sizes, growTo, first, quick, found.get()};
  }

  /// Of the plans that the last search found the one that is asked for.
  FailureOr<Plan> takeFound() {
    if (choice.other >= static_cast<int64_t>(found->plans.size()))
      return wafer::emitError(getOperation().getLoc(), ErrorCode::PlanDoesNotFit, "no other plan was found", "");
    return found->plans[choice.other];
  }

  std::shared_ptr<FoundPlans> found;
  PlanChoice choice;
};

} // namespace

std::unique_ptr<Pass> wafer::createWaferPlan(const WaferPlanOptions &options, std::shared_ptr<FoundPlans> found,
                                             PlanChoice choice) {
  return std::make_unique<WaferPlanPass>(options, std::move(found), choice);
}
