#include "Planner.h"
#include "Division.h"
#include "Lengthening.h"
#include "Preference.h"
#include "SizeChoice.h"
#include "ThreeAxes.h"
#include "WideBeam.h"

#include "wafer/Support/MlirDiagnostic.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Graphs of so many nodes are searched with the wide beam. Longer ones take longer than trying all sizes with narrow
/// beams: a text detector of 176 nodes 8 s more, for one hundredth of its cycles.
constexpr size_t kNodesWorthWidening = 128;

/// Where nothing fits in regions of the usual size, a side may be that much longer, and again.
constexpr int64_t kGrowBy = 4;

class Planner {
public:
  Planner(const SizeSearch &search, const PlannerOptions &options, Location loc)
      : search(search), options(options), loc(loc), request(options.sizes),
        space(profile(), static_cast<int>(request.meshWidth), static_cast<int>(request.meshHeight)), choice(search) {}

  FailureOr<Plan> run() {
    Result<SmallVector<Size>> sizes = sizesToTry(profile(), space, request);
    if (!sizes)
      return wafer::emitError(loc, sizes.error());
    tryUsual(*sizes);
    // A program that fills regions of the usual size has larger ones.
    const bool fitsUsual = choice.best.has_value();
    const double fastest = fastestUsual;
    while (!choice.best && options.sizes.width == 0 && request.largestSide < options.growTo) {
      sizes = largerSizes();
      if (!sizes)
        return wafer::emitError(loc, sizes.error());
      choice.among(*sizes, aim());
    }
    if (!choice.best)
      return emitNoPlan();
    if (!options.first && !options.quick)
      improve(*sizes, fitsUsual);
    if (options.found)
      options.found->keep(*choice.best, std::move(choice.others), fastest);
    return std::move(*choice.best);
  }

private:
  const Profile &profile() const { return search.model.figures(); }

  bool choosesDivision() const { return request.splitX.minor == 0 && request.splitY.minor == 0; }

  /// Beside whether there is a plan, and the best one, what serves to improve it.
  Aim aim() const {
    if (options.first)
      return Aim::First;
    return choosesDivision() && !options.quick && !space.hasDeadParts() ? Aim::Divide : Aim::Best;
  }

  void tryUsual(SmallVector<Size> sizes) {
    SmallVector<Size> hopeless;
    if (space.hasDeadParts() && sizes.size() > 1)
      hopeless = takeHopeless(sizes);
    const bool wantsOthers = options.found && space.hasDeadParts() && !options.first;
    const Aim usual = wantsOthers ? Aim::Others : aim();
    if (options.quick)
      choice.among(takeMostPromising(sizes), usual);
    if (!choice.best)
      choice.among(sizes, usual);
    fastestUsual = choice.best ? choice.best->cycles : 0;
    if (!choice.best && request.lanes == 0)
      choice.among(withMoreLanes(sizes), aim());
    if (!choice.best)
      choice.among(hopeless, aim());
  }

  /// Around dead parts many sizes have room for one region only. Where the largest of them is full long before the
  /// program's end, the others are left for when there is no plan else.
  SmallVector<Size> takeHopeless(SmallVector<Size> &sizes) {
    constexpr double kLongBefore = 2.0 / 3;
    const Size *largest = nullptr;
    for (const Size &size : sizes)
      if (size.room == 1 && (!largest || size.pes() > largest->pes()))
        largest = &size;
    PlanFailure why;
    if (!largest || search.runAlone(*largest, why) || why.neededBytes == 0 ||
        why.node > kLongBefore * static_cast<double>(search.graph.nodes.size()))
      return {};
    choice.nearest = why;
    SmallVector<Size> hopeless;
    llvm::copy_if(sizes, std::back_inserter(hopeless), [](const Size &size) { return size.room == 1; });
    llvm::erase_if(sizes, [](const Size &size) { return size.room == 1; });
    return hopeless;
  }

  /// The size whose plans may be the fastest: `sizes` has the others then.
  Size takeMostPromising(SmallVector<Size> &sizes) const {
    const std::vector<double> least = search.leastCycles(sizes);
    Size *const most = sizes.begin() + (llvm::min_element(least) - least.begin());
    Size taken = *most;
    sizes.erase(most);
    return taken;
  }

  /// No plan does without wide streams that dead parts are in the way of: perhaps the router finds a way.
  SmallVector<Size> withMoreLanes(ArrayRef<Size> sizes) const {
    SmallVector<Size> wider;
    for (Size size : sizes)
      if (int64_t most = lanesBetween(request.meshWidth, size.shape.width);
          std::exchange(size.lanesBetween, most) < most)
        wider.push_back(size);
    return wider;
  }

  Result<SmallVector<Size>> largerSizes() {
    const int64_t before = request.largestSide;
    request.largestSide = std::min<int64_t>(before * kGrowBy, options.growTo);
    Result<SmallVector<Size>> sizes = sizesToTry(profile(), space, request);
    if (sizes)
      llvm::erase_if(*sizes, [&](const Size &size) { return std::max(size.shape.width, size.shape.height) <= before; });
    return sizes;
  }

  void improve(ArrayRef<Size> sizes, bool fitsUsual) {
    Plan &best = *choice.best;
    std::optional<Plan> rival;
    if (choosesDivision()) {
      std::vector<Plan> undivided = std::move(choice.fastest);
      if (undivided.empty())
        undivided.push_back(best);
      rival = divide(search, undivided, sizes, space.hasDeadParts(), best);
    }
    if (!space.hasDeadParts() && search.graph.nodes.size() <= kNodesWorthWidening) {
      if (fitsUsual || !choosesDivision())
        widenBest(search, std::move(rival), best);
      else
        lengthen(search, space, request, options.growTo, best);
    }
    if (choosesDivision() && !space.hasDeadParts() && search.graph.nodes.size() <= kNodesWorthWidening)
      divideInThree(search, best);
    if (!search.graph.loops.empty() || isMemoryScarce(search, best))
      weighMemory(search, best);
  }

  LogicalResult emitNoPlan() const {
    const PlanFailure &nearest = choice.nearest;
    Location where = search.graph.nodes.empty() ? loc : search.graph.nodes[nearest.node].loc;
    std::string mesh = std::to_string(request.meshWidth) + " x " + std::to_string(request.meshHeight) + " PEs",
                why = nearest.neededBytes
                          ? "here " + std::to_string(nearest.neededBytes) + " bytes of SRAM per PE are needed and " +
                                std::to_string(nearest.budgetBytes) + " are usable"
                          : "no layout of this node can be reached from where its operands rest";
    const bool whole = profile().isWholeMesh(request.meshWidth, request.meshHeight);
    wafer::Diagnostic error{ErrorCode::PlanDoesNotFit, "no plan fits a mesh of " + mesh + ": " + why,
                            whole && options.growTo > 0 ? "give smaller dimensions (--dim), or another --target"
                            : whole ? "let regions be larger (--largest-region), or give another --target"
                                    : "give a larger mesh (--mesh), or let the compiler choose one (--mesh auto)"};
    return wafer::emitError(where, error);
  }

  const SizeSearch &search;
  const PlannerOptions &options;
  Location loc;
  SizeRequest request;
  FreeSpace space;
  SizeChoice choice;
  double fastestUsual = 0; // cycles
};

} // namespace

FailureOr<Plan> wfr::choosePlan(const SizeSearch &search, const PlannerOptions &options, Location loc) {
  return Planner(search, options, loc).run();
}
