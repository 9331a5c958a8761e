// From the tensor level to a program image: the second half of a compilation, stage by stage.
#ifndef WAFER_DRIVER_BACKEND_H
#define WAFER_DRIVER_BACKEND_H

#include "wafer/Conversion/ToImage.h"
#include "wafer/Dialect/Wafer/Affine.h"
#include "wafer/Driver/Stage.h"
#include "wafer/Target/Profile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlir {
class OpPassManager;
class PassManager;
} // namespace mlir

namespace wafer::driver {

class Workspace;

/// Regions are no larger if nothing is said. Where they could be, on the whole wafer, programs would often be faster,
/// but take more PEs and longer to emulate.
constexpr int64_t kUsualSide = 64;

struct BackendOptions {
  std::string target = "wse2";           // a profile's name or file
  int64_t meshWidth = 0, meshHeight = 0; // 0: the whole target
  bool smallestMesh = false;             // the smallest square mesh that the program fits
  uint64_t seed = 0;
  int64_t maxRegions = 0;            // 0: as many as there is room for
  bool quick = false;                // looks for a plan as short as may be
  int64_t largestSide = 0;           // of a region; 0: kUsualSide, larger where nothing fits in that
  wfr::Split splitX = 0, splitY = 0; // how regions' sides are divided; minor axis 0: by cost
  bool tracePlan = false;            // keep what the planner looked at
  Stage stopAfter = Stage::Image;
};

/// What running a stage once took, and how many operations there are at its end (0: it has no IR).
struct StageReport {
  Stage stage;
  double seconds;
  int64_t ops;
};

StageReport reportOf(Stage stage, mlir::ModuleOp module, double seconds);

/// Runs a stage's passes and verifies what they made: once, not behind each of them. (wafer-opt does that.)
mlir::LogicalResult runStage(mlir::PassManager &passes, mlir::ModuleOp module);

/// A stage has ended. Stages run again for every attempt.
using StageDone = std::function<void(const StageReport &)>;

/// From the tensor level to what the planner takes.
void addKernelPasses(mlir::OpPassManager &passes);

struct BackendResult {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<EmittedRegion> regions;
  std::vector<StageReport> stages; // of the attempt that succeeded
  int64_t meshWidth = 0, meshHeight = 0;
  std::string planTrace; // docs/report.md
};

/// Runs all stages on a module of the tensor level, which is left as it is, and fills `writer`. `progress` is told of
/// every mesh that is tried. The module is of the workspace's context.
mlir::FailureOr<BackendResult> runBackend(Workspace &workspace, mlir::ModuleOp module, const Profile &profile,
                                          const BackendOptions &options, llvm::StringRef modelName,
                                          const WeightBytes &bytes, ImageWriter &writer, const StageDone &stageDone,
                                          const std::function<void(std::string)> &progress);

} // namespace wafer::driver

#endif // WAFER_DRIVER_BACKEND_H
