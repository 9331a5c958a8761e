// The second half of a compilation. A mesh that is given is planned once; for `--mesh auto` ever larger squares are
// tried until one holds the program. What a plan takes is known exactly only once its code is assembled: a plan that
// turns out too large is made again with less memory to count on, so that it opens more regions, before the mesh grows.
#include "wafer/Driver/Backend.h"

#include "wafer/Conversion/Passes.h"
#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Dialect/Wafer/Passes.h"
#include "wafer/Driver/DiagnosticReport.h"
#include "wafer/Plan/Passes.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Target/ResourceModel.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <chrono>
#include <cmath>

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

namespace {

/// Collects what is said instead of printing it: an attempt that fails is not yet an error.
template <typename Run> auto quietly(MLIRContext *context, std::vector<ReportedDiagnostic> &said, Run run) {
  DiagnosticReport report(context);
  auto result = run();
  said = report.diagnostics();
  return result;
}

/// Says again what an attempt said.
void repeat(MLIRContext *context, const std::vector<ReportedDiagnostic> &diagnostics) {
  for (const ReportedDiagnostic &d : diagnostics) {
    Location location = UnknownLoc::get(context);
    if (!d.node.empty())
      location = NameLoc::get(StringAttr::get(context, d.node));
    std::string code = d.code.empty() ? codeString(ErrorCode::KernelUnsupported) : d.code;
    InFlightDiagnostic error = mlir::emitError(location);
    error << "[" << code << "] " << d.message;
    if (!d.hint.empty())
      error.attachNote() << "hint: " << d.hint;
  }
}

bool says(const std::vector<ReportedDiagnostic> &said, std::initializer_list<ErrorCode> codes) {
  return llvm::any_of(said, [&](const ReportedDiagnostic &d) {
    return llvm::any_of(codes, [&](ErrorCode code) { return d.code == codeString(code); });
  });
}

class Backend {
public:
  Backend(ModuleOp module, const Profile &profile, const BackendOptions &options, StringRef modelName,
          const WeightBytes &bytes, const StageDone &stageDone)
      : tensorLevel(module), profile(profile), options(options), modelName(modelName), bytes(bytes),
        stageDone(stageDone) {}

  LogicalResult prepare() {
    prepared = cast<ModuleOp>(tensorLevel->clone());
    return stage("kernels", *prepared, [](PassManager &pm) {
      pm.addPass(createPrepareKernels());
      pm.addPass(createCanonicalizerPass());
      pm.addPass(createCSEPass());
    });
  }

  FailureOr<BackendResult> attempt(int64_t width, int64_t height, int64_t largestSide, int64_t fill,
                                   ImageWriter &writer) {
    OwningOpRef<ModuleOp> module = cast<ModuleOp>((*prepared)->clone());
    BackendResult result;
    result.meshWidth = width;
    result.meshHeight = height;
    auto run = [&](StringRef name, llvm::function_ref<void(PassManager &)> build) {
      return succeeded(stage(name, *module, build));
    };
    auto stopHere = [&](StringRef name) {
      if (options.stopAfter != name)
        return false;
      result.module = std::move(module);
      return true;
    };
    if (!run("wafer", [&](PassManager &pm) {
          WaferPlanOptions plan;
          plan.target = options.target;
          plan.meshWidth = width;
          plan.meshHeight = height;
          plan.fill = fill;
          plan.regions = options.maxRegions;
          plan.splitX = options.splitX;
          plan.splitY = options.splitY;
          plan.largestSide = largestSide;
          pm.addPass(createWaferPlan(plan));
          pm.addNestedPass<wfr::ProgramOp>(createWaferVerifyOrder());
        }))
      return failure();
    if (failed(placeAndRoute(module)))
      return failure();
    if (stopHere("wafer"))
      return std::move(result);
    if (stopHere("fabric"))
      return std::move(result);
    if (!run("pe", [&](PassManager &pm) {
          ConvertWaferToPeOptions convert;
          convert.target = options.target;
          pm.addPass(createConvertWaferToPe(convert));
          pe::addCodePasses(pm.nest<pe::ProgramOp>(), ResourceModel(profile).usableSramBytes());
        }))
      return failure();
    if (stopHere("pe"))
      return std::move(result);
    auto start = std::chrono::steady_clock::now();
    FailureOr<std::vector<EmittedRegion>> regions = emitImage(*module, profile, modelName, bytes, writer);
    if (failed(regions))
      return failure();
    report("image", *module, start);
    result.module = std::move(module);
    result.regions = std::move(*regions);
    return std::move(result);
  }

  /// Places regions and routes their streams. The placer prices crowding but routes nothing: where the router gives up,
  /// other places are tried, from seeds that follow from the given one.
  LogicalResult placeAndRoute(OwningOpRef<ModuleOp> &module) {
    constexpr int kTries = 4;
    OwningOpRef<ModuleOp> planned = std::move(module);
    std::vector<ReportedDiagnostic> first;
    for (int i = 0; i != kTries; ++i) {
      module = cast<ModuleOp>((*planned)->clone());
      int64_t seed = static_cast<int64_t>(options.seed + static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15u);
      std::vector<ReportedDiagnostic> said;
      if (succeeded(quietly(module->getContext(), said, [&] { return placeAndRoute(*module, seed); })))
        return success();
      if (i == 0)
        first = said;
      if (!says(said, {ErrorCode::RouteGivenUp}))
        break;
    }
    repeat(planned->getContext(), first);
    return failure();
  }

  LogicalResult placeAndRoute(ModuleOp module, int64_t seed) {
    if (failed(stage("place", module, [&](PassManager &pm) {
          WaferPlaceOptions place;
          place.target = options.target;
          place.seed = seed;
          pm.addNestedPass<wfr::ProgramOp>(createWaferPlace(place));
        })))
      return failure();
    if (options.stopAfter == "wafer")
      return success();
    return stage("fabric", module, [&](PassManager &pm) {
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

  /// A square mesh cannot be smaller than its weights.
  int64_t smallestSide() {
    int64_t total = 0;
    prepared->walk([&](onnx::WeightOp weight) { total += static_cast<int64_t>(weight.getLength()); });
    double pes = static_cast<double>(total) / static_cast<double>(ResourceModel(profile).usableSramBytes());
    return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(std::sqrt(pes))));
  }

private:
  using Clock = std::chrono::steady_clock::time_point;

  void report(StringRef name, ModuleOp module, Clock start) {
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (stageDone)
      stageDone(name, module, seconds.count());
  }

  LogicalResult stage(StringRef name, ModuleOp module, llvm::function_ref<void(PassManager &)> build) {
    auto start = std::chrono::steady_clock::now();
    PassManager pm(module.getContext());
    build(pm);
    if (failed(pm.run(module)))
      return failure();
    report(name, module, start);
    return success();
  }

  ModuleOp tensorLevel;
  const Profile &profile;
  const BackendOptions &options;
  StringRef modelName;
  const WeightBytes &bytes;
  const StageDone &stageDone;
  OwningOpRef<ModuleOp> prepared;
};

} // namespace

FailureOr<BackendResult> driver::runBackend(ModuleOp module, const Profile &profile, const BackendOptions &options,
                                            StringRef modelName, const WeightBytes &bytes, ImageWriter &writer,
                                            const StageDone &stageDone,
                                            const std::function<void(std::string)> &progress) {
  Backend backend(module, profile, options, modelName, bytes, stageDone);
  if (failed(backend.prepare()))
    return failure();
  constexpr int64_t kFills[] = {100, 95, 90, 85, 80, 70};
  int64_t width = options.meshWidth ? options.meshWidth : profile.meshWidth,
          height = options.meshHeight ? options.meshHeight : profile.meshHeight;
  if (width > profile.meshWidth || height > profile.meshHeight) {
    wafer::emitError(module.getLoc(), ErrorCode::PlaceTooLarge,
                     "a mesh of " + std::to_string(width) + " x " + std::to_string(height) + " is larger than '" +
                         profile.name + "', which has " + std::to_string(profile.meshWidth) + " x " +
                         std::to_string(profile.meshHeight) + " PEs",
                     "give a smaller --mesh, or another --target");
    return failure();
  }
  int64_t side = options.smallestMesh ? backend.smallestSide() : 0;
  int64_t last = options.smallestMesh ? std::min(profile.meshWidth, profile.meshHeight) : 0;
  std::vector<ReportedDiagnostic> messages;
  for (; side <= last; ++side) {
    if (options.smallestMesh) {
      width = height = side;
      if (progress)
        progress("trying a mesh of " + std::to_string(side) + " x " + std::to_string(side));
    }
    // Regions as large as the mesh allows first. Where they leave streams no room beside them (rows with dead PEs),
    // smaller ones.
    int64_t whole = std::min(options.largestSide, std::max(width, height));
    for (int64_t largest : {whole, whole * 3 / 4, whole / 2, whole * 3 / 8, whole / 4}) {
      bool noRoom = false;
      for (int64_t fill : kFills) {
        std::vector<ReportedDiagnostic> said;
        ImageWriter attempt;
        FailureOr<BackendResult> result =
            quietly(module.getContext(), said, [&] { return backend.attempt(width, height, largest, fill, attempt); });
        if (succeeded(result)) {
          writer = std::move(attempt);
          return result;
        }
        // Of several failures the first says most: the later ones had less to count on.
        bool first = fill == kFills[0] && largest == whole, noPlan = says(said, {ErrorCode::PlanDoesNotFit});
        if (first || !noPlan)
          messages = said;
        noRoom = says(said, {ErrorCode::PlaceNoRoom, ErrorCode::PlaceTooLarge, ErrorCode::RouteImpossible,
                             ErrorCode::RouteGivenUp});
        bool tooLarge = says(said, {ErrorCode::BuffersTooLarge, ErrorCode::ProgramTooLarge});
        if (!tooLarge && !noPlan && !noRoom) {
          // Nothing that memory or room could mend.
          repeat(module.getContext(), messages);
          return failure();
        }
        if (!tooLarge)
          break;
        if (progress)
          progress("the code is larger than planned (" + said.front().message + "): planning with less memory");
      }
      if (!noRoom || largest < 2)
        break;
    }
  }
  repeat(module.getContext(), messages);
  return failure();
}
