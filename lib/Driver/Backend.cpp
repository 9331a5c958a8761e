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
#include "wafer/Plan/Passes.h"
#include "wafer/Target/ResourceModel.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <chrono>
#include <cmath>

using namespace mlir;
using namespace wafer;

namespace {

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

  FailureOr<BackendResult> attempt(int64_t width, int64_t height, int64_t fill, ImageWriter &writer) {
    OwningOpRef<ModuleOp> module = cast<ModuleOp>((*prepared)->clone());
    bool done = succeeded(stage("wafer", *module,
                                [&](PassManager &pm) {
                                  WaferPlanOptions plan;
                                  plan.target = options.target;
                                  plan.meshWidth = width;
                                  plan.meshHeight = height;
                                  plan.fill = fill;
                                  pm.addPass(createWaferPlan(plan));
                                })) &&
                succeeded(stage("place", *module,
                                [&](PassManager &pm) {
                                  WaferPlaceOptions place;
                                  place.target = options.target;
                                  place.seed = static_cast<int64_t>(options.seed);
                                  pm.addNestedPass<wfr::ProgramOp>(createWaferPlace(place));
                                })) &&
                succeeded(stage("fabric", *module,
                                [&](PassManager &pm) {
                                  ConvertWaferToFabricOptions convert;
                                  convert.target = options.target;
                                  pm.addPass(createConvertWaferToFabric(convert));
                                  fabric::FabricRouteNetsOptions route;
                                  route.target = options.target;
                                  route.seed = options.seed;
                                  pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricRouteNets(route));
                                  pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricExpandChannels());
                                  fabric::FabricVerifyRoutesOptions verify;
                                  verify.target = options.target;
                                  pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricVerifyRoutes(verify));
                                })) &&
                succeeded(stage("pe", *module, [&](PassManager &pm) {
                  ConvertWaferToPeOptions convert;
                  convert.target = options.target;
                  pm.addPass(createConvertWaferToPe(convert));
                  OpPassManager &programs = pm.nest<pe::ProgramOp>();
                  programs.addPass(createCSEPass());
                  programs.addPass(createCanonicalizerPass());
                  programs.addPass(createCSEPass());
                  pe::PeAllocateBuffersOptions allocate;
                  allocate.usableBytes = ResourceModel(profile).usableSramBytes();
                  programs.addPass(pe::createPeAllocateBuffers(allocate));
                  programs.addPass(createCanonicalizerPass());
                  programs.addPass(createCSEPass());
                  programs.addPass(pe::createPeShareFunctions());
                }));
    if (!done)
      return failure();
    auto start = std::chrono::steady_clock::now();
    FailureOr<std::vector<EmittedRegion>> regions = emitImage(*module, profile, modelName, bytes, writer);
    if (failed(regions))
      return failure();
    report("image", *module, start);
    BackendResult result;
    result.module = std::move(module);
    result.regions = std::move(*regions);
    result.meshWidth = width;
    result.meshHeight = height;
    return result;
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

/// Collects diagnostics instead of printing them.
class QuietAttempt {
public:
  explicit QuietAttempt(MLIRContext *context)
      : handler(context, [this](mlir::Diagnostic &diagnostic) {
          messages.push_back({diagnostic.getLocation(), diagnostic.str()});
          return success();
        }) {}
  std::vector<std::pair<Location, std::string>> messages;

private:
  ScopedDiagnosticHandler handler;
};

} // namespace

FailureOr<BackendResult> wafer::runBackend(ModuleOp module, const Profile &profile, const BackendOptions &options,
                                           StringRef modelName, const WeightBytes &bytes, ImageWriter &writer,
                                           const StageDone &stageDone,
                                           const std::function<void(std::string)> &progress) {
  Backend backend(module, profile, options, modelName, bytes, stageDone);
  if (failed(backend.prepare()))
    return failure();
  constexpr int64_t kFills[] = {100, 88, 76, 64};
  int64_t width = options.meshWidth ? options.meshWidth : profile.meshWidth,
          height = options.meshHeight ? options.meshHeight : profile.meshHeight;
  int64_t side = options.smallestMesh ? backend.smallestSide() : 0;
  int64_t last = options.smallestMesh ? std::min(profile.meshWidth, profile.meshHeight) : 0;
  std::vector<std::pair<Location, std::string>> messages;
  for (; side <= last; ++side) {
    if (options.smallestMesh) {
      width = height = side;
      if (progress)
        progress("trying a mesh of " + std::to_string(side) + " x " + std::to_string(side));
    }
    for (int64_t fill : kFills) {
      QuietAttempt quiet(module.getContext());
      ImageWriter attempt;
      FailureOr<BackendResult> result = backend.attempt(width, height, fill, attempt);
      if (succeeded(result)) {
        writer = std::move(attempt);
        return result;
      }
      // Of several failures the first says most: the later ones had less to count on.
      bool planFailed = quiet.messages.empty() || llvm::any_of(quiet.messages, [](const auto &message) {
                          return StringRef(message.second).contains(codeString(ErrorCode::PlanDoesNotFit));
                        });
      if (fill == kFills[0] || messages.empty())
        messages = quiet.messages;
      if (planFailed)
        break;
    }
  }
  for (const auto &[location, message] : messages)
    emitError(location) << message;
  return failure();
}
