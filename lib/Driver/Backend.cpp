// The second half of a compilation. Attempts.h has the order of attempts; here are the stages that one is made of.
#include "wafer/Driver/Backend.h"

#include "Outcome.h"
#include "Workspace.h"

#include "wafer/Conversion/Passes.h"
#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Dialect/Wafer/Passes.h"
#include "wafer/Plan/Passes.h"
#include "wafer/Support/Cancellation.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Target/ResourceModel.h"
#include "wafer/Tensor/Passes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <chrono>
#include <cmath>

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

namespace {

class Backend {
public:
  Backend(Workspace &workspace, ModuleOp module, const Profile &profile, const BackendOptions &options,
          StringRef modelName, const WeightBytes &bytes, const StageDone &stageDone)
      : workspace(workspace), tensorLevel(module), profile(profile), options(options), modelName(modelName),
        bytes(bytes), stageDone(stageDone) {}

  LogicalResult prepare() {
    prepared = cast<ModuleOp>(tensorLevel->clone());
    return keptPasses(Stage::Kernels, "", *prepared, addKernelPasses);
  }

  int64_t weightBytes() {
    int64_t total = 0;
    prepared->walk([&](onnx::WeightOp weight) { // a word an element, whatever the model stores
      total += isa::kWordBytes * cast<RankedTensorType>(weight.getType()).getNumElements();
    });
    return total;
  }

  /// All stages, as far as one asked to stop after.
  Outcome run(const Attempt &attempt, BackendResult &result, ImageWriter &writer) {
    result.meshWidth = attempt.width;
    result.meshHeight = attempt.height;
    Outcome outcome = outcomeOf(prepared->getContext(), [&] {
      if (!plannedFor || !attempt.hasPlanOf(*plannedFor)) {
        const bool isNew = !searchedFor || !attempt.hasSearchOf(*searchedFor);
        plannedFor.reset();
        if (isNew)
          searchedFor.reset();
        stages.resize(kBeforePlan);
        planned = cast<ModuleOp>((*prepared)->clone());
        if (failed(plan(*planned, attempt, isNew)))
          return failure();
        plannedFor = searchedFor = attempt;
        extent = extentOf(*planned);
      }
      if (attempt.planOnly)
        return success();
      stages.resize(kBeforePlan + 1);
      result.module = cast<ModuleOp>((*planned)->clone());
      ModuleOp module = *result.module;
      // Seeds that follow from the given one.
      int64_t seed = static_cast<int64_t>(options.seed + static_cast<uint64_t>(attempt.places) * 0x9e3779b97f4a7c15u);
      if (failed(place(module, seed)))
        return failure();
      if (options.stopAfter == Stage::Wafer)
        return success();
      return route(module, seed);
    });
    if (outcome && !attempt.planOnly && options.stopAfter > Stage::Fabric)
      outcome = finish(attempt, result, writer);
    result.stages = stages;
    result.planTrace = traceOf(*found);
    if (plannedFor)
      outcome.plan = extent;
    return outcome;
  }

private:
  /// From routes on. Code that is too large may do with all-reduces in one part each: then regions need not be smaller,
  /// and nothing is searched again. If it does not, that is what says how much is missing.
  Outcome finish(const Attempt &attempt, BackendResult &result, ImageWriter &writer) {
    MLIRContext *context = prepared->getContext();
    OwningOpRef<ModuleOp> routed = cast<ModuleOp>((*result.module)->clone());
    const size_t before = stages.size();
    auto finished = [&](bool wholeSums) {
      return outcomeOf(context, [&] {
        if (failed(generate(*result.module, attempt, wholeSums)))
          return failure();
        return options.stopAfter == Stage::Pe ? success() : emit(*result.module, result, writer);
      });
    };
    Outcome outcome = finished(/*wholeSums=*/false);
    if (outcome.obstacle != Obstacle::TooLarge)
      return outcome;
    stages.resize(before);
    result.module = std::move(routed);
    return finished(/*wholeSums=*/true);
  }

  static PlanExtent extentOf(ModuleOp module) {
    PlanExtent extent;
    module.walk([&](wfr::RegionOp region) {
      ++extent.regions;
      extent.side =
          std::max({extent.side, static_cast<int64_t>(region.getWidth()), static_cast<int64_t>(region.getHeight())});
    });
    module.walk(
        [&](wfr::StreamOp stream) { extent.lanes = std::max(extent.lanes, static_cast<int64_t>(stream.getLanes())); });
    return extent;
  }

  LogicalResult plan(ModuleOp module, const Attempt &attempt, bool isNew) {
    return passes(Stage::Wafer, module, [&](PassManager &pm) {
      WaferPlanOptions plan;
      plan.target = options.target;
      plan.meshWidth = attempt.width;
      plan.meshHeight = attempt.height;
      plan.fill = attempt.fill;
      plan.regions = attempt.regions > 0 ? attempt.regions : options.maxRegions;
      plan.splitX = options.splitX.minor;
      plan.splitY = options.splitY.minor;
      plan.middleX = options.splitX.middle;
      plan.middleY = options.splitY.middle;
      plan.largestSide = attempt.largestSide;
      if (options.largestSide == 0 &&
          attempt.largestSide == std::min(kUsualSide, std::max(attempt.width, attempt.height)))
        plan.growTo = std::max(attempt.width, attempt.height);
      plan.lanes = attempt.lanes;
      plan.first = attempt.firstPlan;
      plan.quick = options.quick;
      pm.addPass(createWaferPlan(plan, found, {isNew, attempt.sameSize, attempt.other}));
      pm.addNestedPass<wfr::ProgramOp>(createWaferVerifyOrder());
    });
  }

  LogicalResult place(ModuleOp module, int64_t seed) {
    return passes(Stage::Place, module, [&](PassManager &pm) {
      WaferPlaceOptions place;
      place.target = options.target;
      place.seed = seed;
      pm.addNestedPass<wfr::ProgramOp>(createWaferPlace(place));
    });
  }

  LogicalResult route(ModuleOp module, int64_t seed) {
    return passes(Stage::Fabric, module, [&](PassManager &pm) {
      ConvertWaferToFabricOptions convert;
      convert.target = options.target;
      pm.addPass(createConvertWaferToFabric(convert));
      fabric::FabricRouteNetsOptions route;
      route.target = options.target;
      route.seed = seed;
      pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricRouteNets(route));
      pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricExpandChannels());
      fabric::FabricVerifyRoutesOptions verify;
      verify.target = options.target;
      pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricVerifyRoutes(verify));
    });
  }

  LogicalResult generate(ModuleOp module, const Attempt &attempt, bool wholeSums) {
    const int64_t usableBytes = ResourceModel(profile).usableSramBytes();
    const bool wholeMesh = profile.isWholeMesh(attempt.width, attempt.height);
    const std::string settings =
        options.target + " " + std::to_string(usableBytes) + (wholeMesh ? " whole" : "") + (wholeSums ? " sums" : "");
    return keptPasses(Stage::Pe, settings, module, [&](PassManager &pm) {
      ConvertWaferToPeOptions convert;
      convert.target = options.target;
      convert.wholeSums = wholeSums;
      pm.addPass(createConvertWaferToPe(convert));
      pe::addCodePasses(pm.nest<pe::ProgramOp>(), usableBytes, wholeMesh);
    });
  }

  LogicalResult emit(ModuleOp module, BackendResult &result, ImageWriter &writer) {
    return stage(Stage::Image, module, [&] {
      FailureOr<std::vector<EmittedRegion>> regions = emitImage(module, profile, modelName, bytes, writer);
      if (failed(regions))
        return failure();
      result.regions = std::move(*regions);
      return success();
    });
  }

  LogicalResult passes(Stage name, ModuleOp module, llvm::function_ref<void(PassManager &)> build) {
    return stage(name, module, [&] {
      PassManager pm(module.getContext());
      build(pm);
      return runStage(pm, module);
    });
  }

  /// Those that are worth keeping: they canonicalise.
  LogicalResult keptPasses(Stage name, const std::string &settings, ModuleOp module,
                           llvm::function_ref<void(PassManager &)> build) {
    return stage(name, module, [&] {
      LogicalResult result = runStage(workspace.passes(name, settings, build), module);
      workspace.account(module);
      return result;
    });
  }

  LogicalResult stage(Stage name, ModuleOp module, llvm::function_ref<LogicalResult()> run) {
    auto start = std::chrono::steady_clock::now();
    if (isCancelled() || failed(run()))
      return failure();
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    stages.push_back(reportOf(name, module, seconds.count()));
    if (stageDone)
      stageDone(stages.back());
    return success();
  }

  Workspace &workspace;
  ModuleOp tensorLevel;
  const Profile &profile;
  const BackendOptions &options;
  StringRef modelName;
  const WeightBytes &bytes;
  const StageDone &stageDone;
  static constexpr size_t kBeforePlan = 1;
  std::vector<StageReport> stages; // of the current attempt; the first is the preparation, which all share
  OwningOpRef<ModuleOp> prepared, planned;
  std::shared_ptr<FoundPlans> found = makeFoundPlans(options.tracePlan);
  std::optional<Attempt> plannedFor;  // what `planned` is for
  PlanExtent extent;                  // of `planned`
  std::optional<Attempt> searchedFor; // what `found` is of
};

} // namespace

void driver::addKernelPasses(OpPassManager &passes) {
  passes.addPass(createLegalizeElementTypes());
  passes.addPass(createLoopInvariantCodeMotionPass());
  passes.addPass(createPrepareKernels());
  // Regions have one block each.
  passes.addPass(createCanonicalizerPass(GreedyRewriteConfig().setUseTopDownTraversal().setRegionSimplificationLevel(
      GreedySimplifyRegionLevel::Disabled)));
  passes.addPass(createCSEPass());
}

LogicalResult driver::runStage(PassManager &passes, ModuleOp module) {
  passes.enableVerifier(false);
  return success(succeeded(passes.run(module)) && succeeded(verify(module)));
}

StageReport driver::reportOf(Stage stage, ModuleOp module, double seconds) {
  StageReport report{stage, seconds, 0};
  module->walk([&](Operation *) { ++report.ops; });
  return report;
}

FailureOr<BackendResult> driver::runBackend(Workspace &workspace, ModuleOp module, const Profile &profile,
                                            const BackendOptions &options, StringRef modelName,
                                            const WeightBytes &bytes, ImageWriter &writer, const StageDone &stageDone,
                                            const std::function<void(std::string)> &progress) {
  Backend backend(workspace, module, profile, options, modelName, bytes, stageDone);
  if (failed(backend.prepare()))
    return failure();
  AttemptLimits limits;
  limits.largestRegion = options.largestSide > 0 ? options.largestSide : kUsualSide;
  limits.lanes = profile.hostLanes;
  if (options.smallestMesh) {
    // A mesh cannot be smaller than the weights.
    const int64_t bytes = backend.weightBytes(), usable = ResourceModel(profile).usableSramBytes();
    const double pes = static_cast<double>(bytes) / static_cast<double>(usable);
    limits.firstSide = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(std::sqrt(pes))));
    limits.lastSide = std::min(profile.meshWidth, profile.meshHeight);
    if (limits.firstSide > limits.lastSide)
      return wafer::emitError(module.getLoc(), ErrorCode::PlanDoesNotFit,
                              "the weights take " + std::to_string(bytes) + " bytes, more than the " +
                                  std::to_string(usable) + " usable ones of each of the " +
                                  std::to_string(limits.lastSide) + " x " + std::to_string(limits.lastSide) +
                                  " PEs of the largest square of '" + profile.name + "'",
                              "give a mesh that is no square (--mesh WxH), or another --target");
  } else {
    limits.width = options.meshWidth ? options.meshWidth : profile.meshWidth;
    limits.height = options.meshHeight ? options.meshHeight : profile.meshHeight;
  }
  if (limits.width > profile.meshWidth || limits.height > profile.meshHeight)
    return wafer::emitError(module.getLoc(), ErrorCode::PlaceTooLarge,
                            "a mesh of " + std::to_string(limits.width) + " x " + std::to_string(limits.height) +
                                " is larger than '" + profile.name + "', which has " +
                                std::to_string(profile.meshWidth) + " x " + std::to_string(profile.meshHeight) + " PEs",
                            "give a smaller --mesh, or another --target");
  auto freeSpace = [&](int64_t width, int64_t height) {
    return FreeSpace(profile, static_cast<int>(width), static_cast<int>(height));
  };
  limits.deadParts = limits.width > 0 && freeSpace(limits.width, limits.height).hasDeadParts();
  Attempts attempts(limits);
  std::optional<Attempt> before;
  std::optional<BackendResult> done;
  Outcome worst;
  std::optional<Attempt> worstAt;
  while (std::optional<Attempt> attempt = attempts.current()) {
    if (progress && (before || options.smallestMesh))
      progress(describe(*attempt, before));
    before = attempt;
    BackendResult result;
    ImageWriter image;
    Outcome outcome = backend.run(*attempt, result, image);
    if (isCancelled())
      return failure();
    if (!outcome) {
      if (attempts.stoppedBy(*outcome.obstacle, outcome.missing, outcome.plan)) {
        worst = std::move(outcome);
        worstAt = attempt;
      }
      continue;
    }
    attempts.succeeded();
    if (attempt->planOnly)
      continue;
    done = std::move(result);
    writer = std::move(image);
  }
  if (done)
    return std::move(*done);
  if (worstAt)
    nameLargestFree(worst, freeSpace(worstAt->width, worstAt->height));
  return report(module.getContext(), std::move(worst));
}
