// The pass wafer-plan: a search for each size of regions that is worth it (Sizes.h), and the cheapest of the plans
// found.
#include "Combine.h"
#include "EarlyInputs.h"
#include "Nets.h"
#include "PassOverlap.h"
#include "PlanTrace.h"
#include "RegionLines.h"
#include "Sizes.h"
#include "WeightBound.h"

#include "wafer/Plan/Passes.h"
#include "wafer/Route/ChannelColors.h"
#include "wafer/Support/Cancellation.h"

#include "wafer/Target/LoadProfile.h"

#include "mlir/IR/Threading.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallBitVector.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace wafer {
#define GEN_PASS_DEF_WAFERPLAN
#include "wafer/Plan/Passes.h.inc"
struct FoundPlans {
  std::vector<wfr::Plan> plans; // the chosen one first, then others, the fastest first
  wfr::RegionShape taken{};     // of the plan that was taken last
  bool tracing = false;
  std::string trace; // of the search that found it

  /// What all searches of a size came to that nothing ended early, by everything that they were asked.
  using Question = std::array<int64_t, 8>;
  std::map<Question, std::pair<std::optional<wfr::Plan>, wfr::PlanFailure>> known;
  std::mutex mutex;
};

std::shared_ptr<FoundPlans> makeFoundPlans(bool trace) {
  auto found = std::make_shared<FoundPlans>();
  found->tracing = trace;
  return found;
}

const std::string &traceOf(const FoundPlans &found) { return found.trace; }
} // namespace wafer

namespace {

/// A plan on more PEs must be that much faster than the one on the fewest: they are others' otherwise, and estimates
/// are no finer.
constexpr double kWorthGrowing = 0.97;

/// Which of two plans that are no farther apart is better shows when both are searched with the wide beam.
constexpr double kAsGood = 1.01;

/// Plans that take so much longer than the fastest one may still turn out to be better: with divided sides, or where
/// that one finds no routes around dead parts.
constexpr double kNearlyAsFast = 1.1;

/// A plan on longer sides that takes so much longer than the best one may still be better once both are searched with
/// the wide beam.
constexpr double kMayGrow = 1.05;

/// So many sizes are divided, those of the fastest plans.
constexpr size_t kSizesToDivide = 2;

/// The beam of the search for a better plan of the chosen size, in beams of the others.
constexpr int kTimesAsWide = 8, kTimesAsWideInLoops = 4;

/// Graphs of fewer nodes have little to choose from: half as wide does, and one division.
constexpr size_t kNodesWorthMostWidth = 24;

/// Of graphs of so many nodes. Longer ones take longer than trying all sizes with narrow beams: a text detector of 176
/// nodes 8 s more, for one hundredth of its cycles.
constexpr size_t kNodesWorthWidening = 128;

/// Of several regions, or of one that a plan fills so far, memory decides about the plan.
constexpr double kScarce = 0.75;

/// Where nothing fits in regions of the usual size, a side may be that much longer, and again.
constexpr int64_t kGrowBy = 4;

/// Regions that the host sends to or hears from.
int regionsWithHost(const Graph &graph, const Plan &plan) {
  llvm::SmallBitVector regions(plan.regions);
  for (auto [node, decided] : llvm::zip_equal(graph.nodes, plan.nodes))
    if (!decided.entries.empty() || node.kind == GraphNode::Output)
      regions.set(decided.region);
  return static_cast<int>(regions.count());
}

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
    int64_t meshW = meshWidth > 0 ? meshWidth : profile->meshWidth,
            meshH = meshHeight > 0 ? meshHeight : profile->meshHeight;
    FailureOr<Plan> best = choice.search ? searchSizes(*graph, *profile, meshW, meshH) : takeFound();
    if (failed(best))
      return signalPassFailure();
    if (found)
      found->taken = best->region;
    if (found && found->tracing)
      found->trace = traceOf(*graph, ResourceModel(*profile), *best);
    numRegions += best->regions;
    numCandidates += best->candidates;
    OpBuilder builder(module.getContext());
    builder.setInsertionPointToEnd(module.getBody());
    emitPlan(*graph, *best, builder, function.getLoc(), meshW, meshH,
             {best->hostLanes, static_cast<int>(meshW / best->region.width), netColors(*best, *profile)});
    function.erase();
  }

  /// The best plan that a search of all sizes finds; what else it finds is left in `found`.
  FailureOr<Plan> searchSizes(const Graph &graph, const Profile &profile, int64_t meshW, int64_t meshH) {
    if (choice.sameSize)
      width = found->taken.width, height = found->taken.height, splitX = found->taken.splitX,
      splitY = found->taken.splitY;
    ResourceModel model(profile);
    FreeSpace space(profile, static_cast<int>(meshW), static_cast<int>(meshH));
    SizeRequest request{meshW, meshH, largestSide, width, height, splitX, splitY, lanes};
    Result<SmallVector<Size>> chosen = sizesToTry(profile, space, request);
    if (!chosen)
      return wafer::emitError(getOperation().getLoc(), chosen.error());
    SmallVector<Size> sizes = *chosen;
    std::optional<Plan> best;
    PlanFailure nearest;
    SmallVector<Size> hopeless;
    if (space.hasDeadParts() && sizes.size() > 1)
      hopeless = takeHopeless(graph, model, sizes, nearest);
    keeping = found && space.hasDeadParts() && !first;
    collecting = splitX == 0 && splitY == 0 && !first && !quick && !space.hasDeadParts();
    if (quick)
      search(graph, model, takeMostPromising(graph, model, sizes), best, nearest);
    if (!best)
      search(graph, model, sizes, best, nearest);
    keeping = false;
    const double fastest = best ? best->cycles : 0;
    if (!best && lanes == 0) {
      // No plan does without wide streams that dead parts are in the way of: perhaps the router finds a way.
      SmallVector<Size> wider;
      for (Size size : sizes)
        if (int64_t most = lanesBetween(meshW, size.shape.width); std::exchange(size.lanesBetween, most) < most)
          wider.push_back(size);
      search(graph, model, wider, best, nearest);
    }
    if (!best)
      search(graph, model, hopeless, best, nearest);
    // A program that fills regions of the usual size has larger ones.
    const bool fitsUsual = best.has_value();
    for (int64_t side = largestSide; !best && width == 0 && side < growTo;) {
      const int64_t before = std::exchange(side, std::min<int64_t>(side * kGrowBy, growTo));
      request.largestSide = side;
      chosen = sizesToTry(profile, space, request);
      if (!chosen)
        return wafer::emitError(getOperation().getLoc(), chosen.error());
      llvm::erase_if(*chosen,
                     [&](const Size &size) { return std::max(size.shape.width, size.shape.height) <= before; });
      search(graph, model, *chosen, best, nearest);
    }
    collecting = false;
    if (best && !first && !quick) {
      if (splitX == 0 && splitY == 0)
        divide(graph, model, *chosen, space.hasDeadParts(), best);
      if (!space.hasDeadParts() && graph.nodes.size() <= kNodesWorthWidening) {
        if (fitsUsual || splitX != 0 || splitY != 0)
          widenBest(graph, model, *best);
        else
          lengthen(graph, model, space, request, *best);
      }
      if (!graph.loops.empty() || memoryIsScarce(*best, model))
        weighMemory(graph, model, *best);
    }
    if (best) {
      keepOthers(*best, fastest);
      return std::move(*best);
    }
    // The node that stopped the plan that came farthest.
    Location where = graph.nodes.empty() ? getOperation().getLoc() : graph.nodes[nearest.node].loc;
    std::string mesh = std::to_string(meshW) + " x " + std::to_string(meshH) + " PEs",
                why = nearest.neededBytes
                          ? "here " + std::to_string(nearest.neededBytes) + " bytes of SRAM per PE are needed and " +
                                std::to_string(nearest.budgetBytes) + " are usable"
                          : "no layout of this node can be reached from where its operands rest";
    if (space.hasDeadParts())
      why += "; its largest free rectangle is " + space.describeLargest();
    bool whole = profile.isWholeMesh(meshW, meshH);
    wafer::Diagnostic error{ErrorCode::PlanDoesNotFit, "no plan fits a mesh of " + mesh + ": " + why,
                            whole && growTo > 0 ? "give smaller dimensions (--dim), or another --target"
                            : whole ? "let regions be larger (--largest-region), or give another --target"
                                    : "give a larger mesh (--mesh), or let the compiler choose one (--mesh auto)"};
    return wafer::emitError(where, error);
  }

  /// What has been asked for a plan, with another beam.
  PlanRequest requestFor(const Graph &graph, const ResourceModel &model, const Plan &plan, int withBeam) const {
    const double share = static_cast<double>(fill) / 100;
    return {graph, model, plan.region, plan.mayOpen, plan.hostLanes, plan.lanesBetween, withBeam, share};
  }

  bool memoryIsScarce(const Plan &plan, const ResourceModel &model) const {
    const double budget = static_cast<double>(model.usableSramBytes() * fill) / 100;
    return plan.regions > 1 || llvm::any_of(plan.bytes, [&](int64_t bytes) { return bytes > kScarce * budget; });
  }

  /// Looks for a better plan on regions of the chosen size: searching longer takes less than trying all sizes did.
  void widen(const Graph &graph, const ResourceModel &model, Plan &best) {
    const int times = graph.nodes.size() < kNodesWorthMostWidth ? kTimesAsWide / 2 : kTimesAsWide;
    searchAgain(graph, requestFor(graph, model, best, times * static_cast<int>(beam)), best);
  }

  /// The same with other lean states in the beam: which make the better plan, only the end shows. A node of a loop
  /// counts as often as the loop runs, so there the beam is wide.
  void weighMemory(const Graph &graph, const ResourceModel &model, Plan &best) {
    PlanRequest request = requestFor(graph, model, best, static_cast<int>(beam));
    request.beamInLoops = kTimesAsWideInLoops * static_cast<int>(beam);
    request.lean = Lean::Product;
    searchAgain(graph, std::move(request), best);
  }

  void searchAgain(const Graph &graph, PlanRequest request, Plan &best) {
    if (leastCycles(request) >= best.cycles)
      return;
    request.ceiling = mayCombine(graph) ? limitOf(best, /*improvable=*/false) : best.cycles;
    request.expectation = {best.pace, request.ceiling};
    PlanFailure none;
    std::optional<Plan> again = searchWhole(request, none);
    if (again && again->cycles < best.cycles && isBetter(*again, best) &&
        regionsWithHost(graph, *again) <= regionsWithHost(graph, best))
      best = std::move(*again);
  }

  /// Searches once more for a plan, and tells what is looked at.
  std::string traceOf(const Graph &graph, const ResourceModel &model, const Plan &plan) {
    PlanTrace trace;
    PlanFailure none;
    PlanRequest request = requestFor(graph, model, plan, plan.beam);
    request.ceiling = plan.ceiling;
    request.expectation = plan.expectation;
    request.beamInLoops = plan.beamInLoops;
    request.lean = plan.lean;
    request.trace = &trace;
    [[maybe_unused]] std::optional<Plan> again = searchPlan(request, none);
    assert(again && again->searched == plan.searched && "a search finds again what it has found");
    return trace.json(graph, plan, &getContext());
  }

  /// Looks for faster plans on regions whose sides are divided. Around dead parts, where searches are many, only those
  /// of the best size, and not so little faster.
  void divide(const Graph &graph, const ResourceModel &model, ArrayRef<Size> sizes, bool deadParts,
              std::optional<Plan> &best) {
    SmallVector<Plan> undivided;
    if (!deadParts)
      undivided.append(std::make_move_iterator(promising.begin()), std::make_move_iterator(promising.end()));
    if (undivided.empty())
      undivided.push_back(*best);
    for (const Plan &plan : undivided) {
      Size size = *llvm::find_if(sizes, [&](const Size &size) {
        return size.shape.width == plan.region.width && size.shape.height == plan.region.height;
      });
      // Either side; the other as well where dividing the one has gained something.
      std::optional<Plan> divided = plan;
      PlanFailure none;
      ceiling = limitOf(*best, /*improvable=*/false);
      for (Side side : kSides) {
        std::optional<Plan> first = plan;
        search(graph, model, divisionsOf(graph, size, side), first, none);
        Size once = size;
        once.shape = first->region;
        if (once.shape.split(side) > 1 && first->cycles <= plan.cycles * (deadParts ? kWorthGrowing : 1))
          search(graph, model, divisionsOf(graph, once, otherSide(side)), first, none);
        if (isBetter(*first, *divided))
          std::swap(first, divided);
        noteRival(*first);
      }
      ceiling = INFINITY;
      if (isBetter(*divided, *best))
        std::swap(divided, best);
      noteRival(*divided);
    }
  }

  /// The fastest plan on divided sides that another was preferred to.
  void noteRival(const Plan &plan) {
    if (!rival || plan.cycles < rival->cycles)
      rival = plan;
  }

  /// With the wide beam, and another plan that is as good as the best one before.
  void widenBest(const Graph &graph, const ResourceModel &model, Plan &best) {
    auto shape = [](const Plan &plan) {
      return std::make_tuple(plan.region.width, plan.region.height, plan.region.splitX, plan.region.splitY);
    };
    const bool close = graph.nodes.size() >= kNodesWorthMostWidth && rival && rival->cycles <= best.cycles * kAsGood &&
                       shape(*rival) != shape(best);
    widen(graph, model, best);
    if (!close)
      return;
    widen(graph, model, *rival);
    if (isBetter(*rival, best))
      best = std::move(*rival);
  }

  /// Regions that had to grow were tried in one size that they fit. A side may be twice as long where that is faster,
  /// its minor axis as long as before or twice as long, too, and the other side divided as it is or not at all. Plans
  /// are compared after the search with the wide beam (`widen`), the best one's so far included.
  void lengthen(const Graph &graph, const ResourceModel &model, const FreeSpace &space, const SizeRequest &request,
                Plan &best) {
    const RegionShape region = best.region;
    SmallVector<Size> sizes;
    for (Side side : kSides) {
      const int64_t own = region.split(side), other = region.split(otherSide(side));
      for (int64_t split : std::set<int64_t>{own, own > 1 ? 2 * own : 1})
        for (int64_t beside : std::set<int64_t>{1, other}) {
          SizeRequest longer = request;
          const bool alongX = side == Side::X;
          longer.width = region.width * (alongX ? 2 : 1), longer.height = region.height * (alongX ? 1 : 2);
          longer.splitX = alongX ? split : beside, longer.splitY = alongX ? beside : split;
          if (std::max(longer.width, longer.height) > growTo)
            continue;
          if (Result<SmallVector<Size>> found = sizesToTry(model.figures(), space, longer))
            llvm::append_range(sizes, *found);
        }
    }
    // A wider search finds what they have in them, so none is given up for another.
    std::vector<std::optional<Plan>> plans(sizes.size());
    CancellationScope *scope = CancellationScope::current();
    const double limit = best.searched * kMayGrow;
    parallelFor(&getContext(), 0, sizes.size(), [&](size_t i) {
      CancellationScope::Join join(scope);
      PlanFailure none;
      plans[i] = searchSize(graph, model, sizes[i], [limit] { return limit; }, {}, none);
    });
    llvm::erase_if(plans, [](const std::optional<Plan> &plan) { return !plan; });
    llvm::stable_sort(plans, [](const auto &a, const auto &b) { return a->cycles < b->cycles; });
    widen(graph, model, best);
    for (std::optional<Plan> &plan : MutableArrayRef(plans).take_front(kSizesToDivide)) {
      widen(graph, model, *plan);
      if (isBetter(*plan, best))
        best = std::move(*plan);
    }
  }

  /// Of the plans that are nearly as fast as the fastest the one on the fewest PEs.
  static bool isBetter(const Plan &plan, const Plan &other) {
    if (std::max(plan.cycles, other.cycles) > std::min(plan.cycles, other.cycles) / kWorthGrowing)
      return plan.cycles < other.cycles;
    return std::make_pair(plan.pes(), plan.cycles) < std::make_pair(other.pes(), other.cycles);
  }

  /// Of the plans that the last search found the one that is asked for.
  FailureOr<Plan> takeFound() {
    if (choice.other >= static_cast<int64_t>(found->plans.size()))
      return wafer::emitError(getOperation().getLoc(), ErrorCode::PlanDoesNotFit, "no other plan was found", "");
    return found->plans[choice.other];
  }

  /// The best plan, and those others whose streams are narrower or fewer each time.
  void keepOthers(const Plan &best, double fastest) {
    if (!found)
      return;
    found->plans.assign(1, best);
    llvm::stable_sort(others, [](const Plan &a, const Plan &b) { return a.cycles < b.cycles; });
    int64_t crossing = best.crossingLanes();
    for (Plan &plan : others) {
      // Which slower plans a search completes depends on its threads.
      if (plan.cycles > fastest * kNearlyAsFast || plan.crossingLanes() >= crossing)
        continue;
      crossing = plan.crossingLanes();
      found->plans.push_back(std::move(plan));
    }
  }

  /// Around dead parts many sizes have room for one region only. Where the largest of them is full long before the
  /// program's end, the others are left for when there is no plan else.
  SmallVector<Size> takeHopeless(const Graph &graph, const ResourceModel &model, SmallVector<Size> &sizes,
                                 PlanFailure &nearest) {
    constexpr double kLongBefore = 2.0 / 3;
    const Size *largest = nullptr;
    for (const Size &size : sizes)
      if (size.room == 1 && (!largest || size.pes() > largest->pes()))
        largest = &size;
    PlanFailure why;
    if (!largest || searchOnce(requestFor(graph, model, *largest, {}), why) || why.neededBytes == 0 ||
        why.node > kLongBefore * static_cast<double>(graph.nodes.size()))
      return {};
    nearest = why;
    SmallVector<Size> hopeless;
    llvm::copy_if(sizes, std::back_inserter(hopeless), [](const Size &size) { return size.room == 1; });
    llvm::erase_if(sizes, [](const Size &size) { return size.room == 1; });
    return hopeless;
  }

  std::vector<double> leastOf(const Graph &graph, const ResourceModel &model, ArrayRef<Size> sizes) const {
    std::vector<double> least;
    for (const Size &size : sizes)
      least.push_back(leastCycles(requestFor(graph, model, size, {})));
    return least;
  }

  /// The size whose plans may be the fastest: `sizes` has the others then.
  Size takeMostPromising(const Graph &graph, const ResourceModel &model, SmallVector<Size> &sizes) const {
    const std::vector<double> least = leastOf(graph, model, sizes);
    Size *const most = sizes.begin() + (llvm::min_element(least) - least.begin());
    Size taken = *most;
    sizes.erase(most);
    return taken;
  }

  /// Where several regions have the host, each needs a place that its lanes reach. Lanes beside two regions also find
  /// ways that are not straight; those of more regions are in one another's way.
  std::optional<Plan> searchSize(const Graph &graph, const ResourceModel &model, const Size &size,
                                 const std::function<double()> &limit, const Expectation &expectation,
                                 PlanFailure &failure) const {
    constexpr int kAlsoRound = 4; // times as many lanes as go straight
    PlanRequest request = requestFor(graph, model, size, limit);
    request.expectation = expectation;
    std::optional<Plan> plan = searchOnce(request, failure);
    if (!plan || size.lanesOfTwo == size.lanes || regionsWithHost(graph, *plan) == 1 ||
        (plan->regions == 2 && kAlsoRound * size.lanesOfTwo >= size.lanes))
      return plan;
    request.hostLanes = size.lanesOfTwo;
    return searchOnce(request, failure);
  }

  /// A search, and what only whole plans show: which reductions are ready together, and which lines are best for all.
  static std::optional<Plan> searchWhole(const PlanRequest &request, PlanFailure &failure) {
    std::optional<Plan> plan = searchPlan(request, failure);
    if (plan) {
      takeInputsEarly(request.graph, *plan, request.model);
      combineReductions(request.graph, *plan, request.model);
      overlapPasses(*plan, request.model);
      settleLines(*plan, request.model);
    }
    return plan;
  }

  /// Attempts on one mesh ask for many sizes again.
  std::optional<Plan> searchOnce(const PlanRequest &request, PlanFailure &failure) const {
    if (std::optional<PlanFailure> lack = lackOfRoomForWeights(request)) {
      failure = *lack;
      return std::nullopt;
    }
    if (!found)
      return searchWhole(request, failure);
    const FoundPlans::Question question{request.region.width,
                                        request.region.height,
                                        request.region.splitX,
                                        request.region.splitY,
                                        request.maxRegions,
                                        request.hostLanes,
                                        request.maxRegions > 1 ? request.lanesBetween : 0,
                                        fill};
    {
      std::lock_guard<std::mutex> lock(found->mutex);
      if (auto it = found->known.find(question); it != found->known.end()) {
        failure = it->second.second;
        return it->second.first;
      }
    }
    std::optional<Plan> plan = searchWhole(request, failure);
    if (plan || !failure.outrun) {
      std::lock_guard<std::mutex> lock(found->mutex);
      found->known.try_emplace(question, plan, failure);
    }
    return plan;
  }

  PlanRequest requestFor(const Graph &graph, const ResourceModel &model, const Size &size,
                         std::function<double()> limit) const {
    int64_t room = regions > 0 ? std::min<int64_t>(size.room, regions) : size.room;
    return {graph,
            model,
            size.shape,
            static_cast<int>(room),
            size.lanes,
            size.lanesBetween,
            static_cast<int>(beam),
            static_cast<double>(fill) / 100,
            std::move(limit)};
  }

  /// Of two failures the one that came farther, or lacked less there.
  static bool isNearer(const PlanFailure &failure, const PlanFailure &than) {
    if (failure.node != than.node || than.neededBytes == 0)
      return failure.node >= than.node;
    return failure.neededBytes > 0 && failure.neededBytes < than.neededBytes;
  }

  /// A search whose states all take longer than that is of no use beside a plan, unless what it finds may be improved
  /// later. The plan's own search ended by then, so it is there whichever search ends first.
  double limitOf(const Plan &plan, bool improvable) const {
    return std::max(keeping || improvable ? plan.cycles * kNearlyAsFast : plan.cycles / kWorthGrowing, plan.searched);
  }

  /// Some reductions or outputs may be combined at a time, which makes a plan faster than its search had it.
  static bool mayCombine(const Graph &graph) {
    auto several = [&](auto isOne) { return llvm::count_if(graph.nodes, isOne) > 1; };
    return several([](const GraphNode &node) { return node.combiner != PartialKind::None; }) ||
           several([](const GraphNode &node) { return node.kind == GraphNode::Output; });
  }

  /// Sizes whose plans may become faster than others that are faster now: a side may be divided, or reductions
  /// combined.
  llvm::BitVector improvableOf(const Graph &graph, ArrayRef<Size> sizes) const {
    llvm::BitVector improvable(sizes.size());
    if (!collecting)
      return improvable;
    const bool combines = mayCombine(graph);
    for (auto [i, size] : llvm::enumerate(sizes))
      improvable[i] =
          combines || llvm::any_of(kSides, [&](Side side) { return !divisionsOf(graph, size, side).empty(); });
    return improvable;
  }

  /// Searches sizes in parallel, those first that may be the fastest. One that is beaten for sure ends early, or does
  /// not begin; which are depends on the threads, the choice does not: of the plans that are nearly as fast as the
  /// fastest the one on the fewest PEs. What reductions that are combined save (Combine.h) shows in whole plans only,
  /// so that the fastest need not be the one that the searches have as the fastest.
  void search(const Graph &graph, const ResourceModel &model, ArrayRef<Size> sizes, std::optional<Plan> &best,
              PlanFailure &nearest) {
    std::vector<std::optional<Plan>> plans(sizes.size());
    std::vector<PlanFailure> failures(sizes.size());
    SmallVector<size_t> turns = llvm::to_vector(llvm::seq<size_t>(0, sizes.size()));
    // Around dead parts the largest hear the host by one lane only, and are slow.
    auto promise = [&](size_t i) { return std::pair(keeping ? sizes[i].lanesOfTwo : 0, sizes[i].pes()); };
    llvm::stable_sort(turns, [&](size_t a, size_t b) { return promise(a) > promise(b); });
    // The sooner a fast plan is found, the fewer slow ones are looked for.
    SmallVector<size_t> order = turns;
    if (!first && sizes.size() > 1) {
      const std::vector<double> least = leastOf(graph, model, sizes);
      llvm::stable_sort(order, [&](size_t a, size_t b) { return least[a] < least[b]; });
    }
    const llvm::BitVector improvable = improvableOf(graph, sizes);
    std::vector<std::array<std::atomic<double>, 2>> limits(sizes.size()); // of plans that are done
    for (auto &[strict, lax] : limits)
      strict = lax = INFINITY;
    CancellationScope *scope = CancellationScope::current();
    std::optional<Plan> pilot = best;
    auto searchTurn = [&](size_t turn) {
      CancellationScope::Join join(scope);
      size_t i = order[turn];
      auto limit = [&] {
        double least = best ? limitOf(*best, improvable[i]) : INFINITY;
        for (size_t other : first ? ArrayRef(order).take_front(turn) : ArrayRef(order))
          least = std::min<double>(least, limits[other][improvable[i]]);
        return first && least < INFINITY ? 0 : std::min(least, ceiling);
      };
      if (limit() == 0)
        return;
      Expectation expectation;
      if (pilot)
        expectation = {pilot->pace, limitOf(*pilot, improvable[i])};
      plans[i] = searchSize(graph, model, sizes[i], limit, expectation, failures[i]);
      if (plans[i])
        for (bool lax : {false, true})
          limits[i][lax] = limitOf(*plans[i], lax);
    };
    // What is expected must not depend on the threads: it follows from the plan of one size, which is found alone.
    size_t turn = 0;
    if (!first && !pilot && sizes.size() > 1) {
      searchTurn(turn++);
      pilot = plans[order[0]];
    }
    parallelFor(&getContext(), turn, sizes.size(), searchTurn);
    for (auto [plan, failure] : llvm::zip(plans, failures))
      if (!plan && !failure.outrun && isNearer(failure, nearest))
        nearest = failure;
    // Slower ones are complete or not as threads have it.
    std::array<double, 2> least;
    for (bool lax : {false, true}) {
      least[lax] = std::min(ceiling, best ? limitOf(*best, lax) : INFINITY);
      for (const auto &limit : limits)
        least[lax] = std::min<double>(least[lax], limit[lax]);
    }
    SmallVector<Plan *> complete;
    if (best)
      complete.push_back(&*best);
    for (size_t i : turns)
      if (plans[i] && (first || plans[i]->searched <= least[improvable[i]]))
        complete.push_back(&*plans[i]);
    Plan *chosen = first && !complete.empty() ? complete.front() : nullptr;
    double fastest = INFINITY;
    for (const Plan *plan : complete)
      fastest = std::min(fastest, plan->cycles);
    for (Plan *plan : complete)
      if (!first && plan->cycles <= fastest / kWorthGrowing &&
          (!chosen || std::make_pair(plan->pes(), plan->cycles) < std::make_pair(chosen->pes(), chosen->cycles)))
        chosen = plan;
    if (collecting) {
      SmallVector<Plan *> fast;
      llvm::copy_if(complete, std::back_inserter(fast),
                    [&](const Plan *plan) { return plan->cycles <= fastest * kNearlyAsFast; });
      llvm::stable_sort(fast, [](const Plan *a, const Plan *b) { return a->cycles < b->cycles; });
      promising.clear();
      for (const Plan *plan : ArrayRef(fast).take_front(kSizesToDivide))
        promising.push_back(*plan);
    }
    if (keeping)
      for (Plan *plan : complete)
        if (plan != chosen)
          others.push_back(*plan);
    if (chosen && (!best || chosen != &*best))
      best = std::move(*chosen);
  }

  std::shared_ptr<FoundPlans> found;
  PlanChoice choice;
  bool keeping = false;     // others than the best, too
  std::vector<Plan> others; // kept
  bool collecting = false;  // sizes that may be divided
  std::vector<Plan> promising;
  std::optional<Plan> rival; // of the best plan, on divided sides
  double ceiling = INFINITY; // limit of a plan of another size
};

} // namespace

std::unique_ptr<Pass> wafer::createWaferPlan(const WaferPlanOptions &options, std::shared_ptr<FoundPlans> found,
                                             PlanChoice choice) {
  return std::make_unique<WaferPlanPass>(options, std::move(found), choice);
}
