// The pass wafer-plan: how large the regions are, how many there may be, and then the search for that size.
//
// A region's side costs: a pass along a line takes a cycle per word and hop and some 80 cycles for every run of
// senders, while arithmetic shrinks with the PEs. So the best size lies between, and the planner tries a ladder of
// sizes and keeps the cheapest plan. On a mesh that is given small every division of it into equal regions is tried.
#include "Plan.h"
#include "wafer/Place/Placer.h"
#include "wafer/Plan/Passes.h"
#include "wafer/Route/ChannelColors.h"
#include "wafer/Support/Cancellation.h"

#include "wafer/Target/LoadProfile.h"

#include "mlir/IR/Threading.h"

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

  /// What all searches of a size came to that nothing ended early, by everything that they were asked.
  using Question = std::array<int64_t, 8>;
  std::map<Question, std::pair<std::optional<wfr::Plan>, wfr::PlanFailure>> known;
  std::mutex mutex;
};

std::shared_ptr<FoundPlans> makeFoundPlans() { return std::make_shared<FoundPlans>(); }
} // namespace wafer

namespace {

struct Size {
  RegionShape shape;
  int64_t room;         // regions of this shape that the mesh has room for
  int64_t lanes;        // of a stream with the host
  int64_t lanesOfTwo;   // the same, if several regions have one
  int64_t lanesBetween; // of a stream between regions
  int64_t pes() const { return shape.width * shape.height; }
};

constexpr int kMostRegions = 64;

/// A plan on more PEs must be that much faster than the one on the fewest: they are others' otherwise, and estimates
/// are no finer.
constexpr double kWorthGrowing = 0.97;

/// Around dead parts, plans that take so much longer than the best one are kept: it may find no routes.
constexpr double kWorthKeeping = 1.1;

/// Where nothing fits in regions of the usual size, a side may be that much longer, and again.
constexpr int64_t kGrowBy = 4;

constexpr int64_t kSides[] = {4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};

/// Lanes that a stream between regions of this width may have. Where regions only lie above one another, all heads
/// stand in columns 0 .. meshWidth - width, and lanes of one color, which cannot cross and keep their order, each go
/// down a column of their own: between heads that both stand at the mesh's edge there is a way for one.
int64_t lanesBetween(int64_t meshWidth, int64_t width) {
  return meshWidth / width > 1 ? INT64_MAX : meshWidth - width + 1;
}

/// The same around dead parts: lanes go straight where regions fit beside one another, and elsewhere a few find a way
/// round. A bus gives way in a stair of a column a lane for each dead part that it meets, so it shall not meet one in
/// every column.
int64_t lanesBetween(const FreeSpace &space, ArrayRef<Rect> widest, int64_t meshWidth, int64_t w, int64_t h) {
  constexpr int kFew = 4;
  constexpr double kDeadPartsPerColumn = 1.0 / 3;
  int64_t most = lanesBetween(meshWidth, w);
  if (!space.hasDeadParts() || h <= kFew)
    return most;
  if (widest[h - 1].w >= 2 * w)
    return std::min(most, std::max<int64_t>(kFew, static_cast<int64_t>(kDeadPartsPerColumn / space.density())));
  return std::min<int64_t>(most, std::max(kFew, space.lanesBeside(static_cast<int>(w), static_cast<int>(h))));
}

/// Regions of one size that fit around dead parts.
int64_t roomFor(const FreeSpace &space, int64_t meshWidth, int64_t meshHeight, int64_t w, int64_t h) {
  return packingRoom(space, static_cast<int>(meshWidth), static_cast<int>(meshHeight), static_cast<int>(w),
                     static_cast<int>(h), kMostRegions);
}

/// Region sizes worth trying on a mesh.
SmallVector<Size> sizesFor(const FreeSpace &space, int64_t meshWidth, int64_t meshHeight, int64_t largestSide,
                           int64_t lanes) {
  SmallVector<Size> sizes;
  const std::vector<Rect> widest = space.widest();
  auto add = [&](int64_t w, int64_t h) {
    if (w < 1 || h < 1 || h > meshHeight || w > widest[h - 1].w)
      return;
    if (!llvm::any_of(sizes, [&](const Size &s) { return s.shape.width == w && s.shape.height == h; }))
      sizes.push_back({{{w, h}}, roomFor(space, meshWidth, meshHeight, w, h), 0, 0, lanesBetween(meshWidth, w)});
  };
  // Divisions of the whole mesh, as long as regions are not much larger than any kernel can use.
  for (int64_t columns = 1; columns <= std::min<int64_t>(meshWidth, 8); ++columns)
    for (int64_t rows = 1; rows <= std::min<int64_t>(meshHeight, 4); ++rows)
      if (meshWidth / columns <= largestSide && meshHeight / rows <= largestSide && columns * rows <= 16)
        add(meshWidth / columns, meshHeight / rows);
  for (int64_t side : kSides) {
    int64_t limited = std::min(side, largestSide);
    add(std::min(limited, meshWidth), std::min(limited, meshHeight));
  }
  if (!space.hasDeadParts())
    return sizes;
  // Around dead parts: the largest free square, and beside it what is wider or higher, free and not much smaller.
  auto widthAt = [&](int64_t h) { return std::min<int64_t>(widest[h - 1].w, largestSide); };
  int64_t square = 0;
  while (square < std::min(meshHeight, largestSide) && widthAt(square + 1) > square)
    ++square;
  add(square, square);
  // What all lanes of the host reach straight.
  for (int64_t h : kSides) {
    if (h > std::min(meshHeight, largestSide))
      break;
    int w = 0;
    for (int y = 0; y + h <= meshHeight; ++y)
      while (w < std::min(meshWidth, largestSide) &&
             space.besideClearRows(y, w + 1, static_cast<int>(h), static_cast<int>(std::min(h, lanes))))
        ++w;
    add(w, h);
  }
  int64_t most = 0;
  for (const Rect &rect : widest)
    most = std::max(most, rect.area());
  auto addIfLarge = [&](int64_t w, int64_t h) {
    if (2 * w * h >= std::min(most, largestSide * largestSide))
      add(w, h);
  };
  for (int64_t side : kSides) {
    if (side <= std::min(meshHeight, largestSide))
      addIfLarge(widthAt(side), side);
    int64_t h = 0;
    while (h < std::min(meshHeight, largestSide) && widthAt(h + 1) >= side)
      ++h;
    addIfLarge(side, h);
  }
  return sizes;
}

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
    numRegions += best->regions;
    numCandidates += best->candidates;
    OpBuilder builder(module.getContext());
    builder.setInsertionPointToEnd(module.getBody());
    emitPlan(*graph, *best, builder, function.getLoc(), meshW, meshH,
             {best->hostLanes, static_cast<int>(meshW / best->region.width), netColors(*profile, *best)});
    function.erase();
  }

  /// The best plan that a search of all sizes finds; what else it finds is left in `found`.
  FailureOr<Plan> searchSizes(const Graph &graph, const Profile &profile, int64_t meshW, int64_t meshH) {
    if (choice.sameSize)
      width = found->taken.width, height = found->taken.height, splitX = found->taken.splitX,
      splitY = found->taken.splitY;
    ResourceModel model(profile);
    FreeSpace space(profile, static_cast<int>(meshW), static_cast<int>(meshH));
    FailureOr<SmallVector<Size>> chosen = sizesToTry(profile, space, meshW, meshH, largestSide);
    if (failed(chosen))
      return failure();
    SmallVector<Size> sizes = *chosen;
    std::optional<Plan> best;
    PlanFailure nearest;
    SmallVector<Size> hopeless;
    if (space.hasDeadParts() && sizes.size() > 1)
      hopeless = takeHopeless(graph, model, sizes, nearest);
    keeping = found && space.hasDeadParts() && !first;
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
    for (int64_t side = largestSide; !best && width == 0 && side < growTo;) {
      const int64_t before = std::exchange(side, std::min<int64_t>(side * kGrowBy, growTo));
      chosen = sizesToTry(profile, space, meshW, meshH, side);
      if (failed(chosen))
        return failure();
      llvm::erase_if(*chosen,
                     [&](const Size &size) { return std::max(size.shape.width, size.shape.height) <= before; });
      search(graph, model, *chosen, best, nearest);
    }
    if (best && splitX == 0 && splitY == 0 && !first) {
      // Either side; the other as well where dividing the one has gained something, and not so little around dead
      // parts, where searches are many.
      const double undivided = best->cycles * (space.hasDeadParts() ? kWorthGrowing : 1);
      Size whole = *llvm::find_if(*chosen, [&](const Size &size) {
        return size.shape.width == best->region.width && size.shape.height == best->region.height;
      });
      search(graph, model, divisionsOf(graph, whole), best, nearest);
      whole.shape = best->region;
      if ((whole.shape.splitX > 1 || whole.shape.splitY > 1) && best->cycles <= undivided)
        search(graph, model, divisionsOf(graph, whole), best, nearest);
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
      if (plan.cycles > fastest * kWorthKeeping || plan.crossingLanes() >= crossing)
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

  /// Where several regions have the host, each needs a place that its lanes reach. Lanes beside two regions also find
  /// ways that are not straight; those of more regions are in one another's way.
  std::optional<Plan> searchSize(const Graph &graph, const ResourceModel &model, const Size &size,
                                 const std::function<double()> &limit, PlanFailure &failure) const {
    constexpr int kAlsoRound = 4; // times as many lanes as go straight
    std::optional<Plan> plan = searchOnce(requestFor(graph, model, size, limit), failure);
    if (!plan || size.lanesOfTwo == size.lanes || regionsWithHost(graph, *plan) == 1 ||
        (plan->regions == 2 && kAlsoRound * size.lanesOfTwo >= size.lanes))
      return plan;
    Size ofTwo = size;
    ofTwo.lanes = size.lanesOfTwo;
    return searchOnce(requestFor(graph, model, ofTwo, limit), failure);
  }

  /// Attempts on one mesh ask for many sizes again.
  std::optional<Plan> searchOnce(const PlanRequest &request, PlanFailure &failure) const {
    if (!found)
      return searchPlan(request, failure);
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
    std::optional<Plan> plan = searchPlan(request, failure);
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

  /// Colors that regions' channels leave for nets.
  static int netColors(const Profile &profile, const Plan &plan) {
    std::map<Side, ChannelSet> channels{{Side::X, kChannelsOfAll}, {Side::Y, kChannelsOfAll}};
    auto note = [&](const Movement &movement) {
      for (const MoveStep &step : movement.steps)
        if (step.along)
          channels[*step.along] |= collectiveOf(step.algorithm).channels();
    };
    for (const NodePlan &node : plan.nodes) {
      note(node.toResult);
      for (const OperandPlan &operand : node.operands)
        llvm::for_each(operand.pieces, note);
      for (const ReduceStep &step : node.reduces)
        channels[step.side] |= collectiveOf(step.algorithm).channels();
    }
    int colors = profile.colors - static_cast<int>(profile.reservedColors.size());
    for (const auto &[side, set] : channels)
      colors -= colorsOf(set);
    return colors;
  }

  /// Regions of at most `largest` PEs a side.
  FailureOr<SmallVector<Size>> sizesToTry(const Profile &profile, const FreeSpace &space, int64_t meshW, int64_t meshH,
                                          int64_t largest) {
    const int64_t limit = lanes > 0 ? std::min<int64_t>(lanes, profile.hostLanes) : profile.hostLanes,
                  most = space.hasDeadParts() ? space.openLanes(static_cast<int>(limit)) : limit;
    SmallVector<Size> sizes;
    if (width > 0 && height > 0)
      sizes.push_back(
          {{{width, height}}, roomFor(space, meshW, meshH, width, height), 0, 0, lanesBetween(meshW, width)});
    else
      sizes = sizesFor(space, meshW, meshH, largest, most);
    llvm::erase_if(sizes, [](const Size &size) { return size.room == 0; });
    const std::vector<Rect> widest = space.widest();
    // Around dead parts a large region may be had only where few lanes of the host, or none, reach it straight. One
    // lane nearly always finds a way.
    for (Size &size : sizes) {
      size.lanes = size.lanesOfTwo = most;
      if (space.hasDeadParts()) {
        auto [one, two] = space.straightLanes(static_cast<int>(size.shape.width), static_cast<int>(size.shape.height),
                                              static_cast<int>(most));
        size.lanes = std::max(1, one);
        size.lanesOfTwo = size.room > 1 ? std::max(1, two) : size.lanes;
      }
      if (size.room > 1)
        size.lanesBetween = lanesBetween(space, widest, meshW, size.shape.width, size.shape.height);
      if (lanes > 0)
        size.lanesBetween = std::min<int64_t>(size.lanesBetween, lanes);
    }
    auto refuse = [&](const std::string &why, const std::string &hint) {
      wafer::emitError(getOperation().getLoc(), ErrorCode::PlanDoesNotFit, why, hint);
      return failure();
    };
    const std::string mesh =
        "a mesh of " + std::to_string(meshW) + " x " + std::to_string(meshH) + " PEs of '" + profile.name + "' ";
    if (most == 0)
      return refuse(mesh + "is dead along its west edge, where the host's data enter and leave",
                    "give another --target");
    if (sizes.empty())
      return refuse(mesh + "has no room for any region: its PEs are dead, or the regions asked for are larger" +
                        (space.hasDeadParts() ? "; its largest free rectangle is " + space.describeLargest() : ""),
                    "give another --mesh or --target");
    if (splitX <= 1 && splitY <= 1)
      return sizes;
    for (Size &size : sizes) {
      size.shape.splitX = std::max<int64_t>(splitX, 1);
      size.shape.splitY = std::max<int64_t>(splitY, 1);
    }
    auto divides = [](int64_t split, int64_t side) { return split == 1 || (side % split == 0 && side > split); };
    llvm::erase_if(sizes, [&](const Size &size) {
      return !divides(size.shape.splitX, size.shape.width) || !divides(size.shape.splitY, size.shape.height);
    });
    if (sizes.empty())
      return refuse("no region size for this mesh has sides that " + std::to_string(splitX) + " x " +
                        std::to_string(splitY) + " divides",
                    "give factors of the mesh's sides (--split), or let the compiler choose");
    return sizes;
  }

  /// Searches sizes in parallel, those with the most lanes and PEs first. One that is already beaten ends early; which
  /// are depends on the threads, the choice does not: of the plans that are nearly as fast as the fastest the one on
  /// the fewest PEs.
  void search(const Graph &graph, const ResourceModel &model, ArrayRef<Size> sizes, std::optional<Plan> &best,
              PlanFailure &nearest) {
    std::vector<std::optional<Plan>> plans(sizes.size());
    std::vector<PlanFailure> failures(sizes.size());
    SmallVector<size_t> turns = llvm::to_vector(llvm::seq<size_t>(0, sizes.size()));
    // Around dead parts the largest hear the host by one lane only, and are slow.
    auto promise = [&](size_t i) { return std::pair(keeping ? sizes[i].lanesOfTwo : 0, sizes[i].pes()); };
    llvm::stable_sort(turns, [&](size_t a, size_t b) { return promise(a) > promise(b); });
    std::vector<std::atomic<double>> cycles(sizes.size()); // of plans that are done
    for (std::atomic<double> &each : cycles)
      each = INFINITY;
    CancellationScope *scope = CancellationScope::current();
    parallelFor(&getContext(), 0, sizes.size(), [&](size_t turn) {
      CancellationScope::Join join(scope);
      size_t i = turns[turn];
      auto limit = [&] {
        double least = best ? best->cycles : INFINITY;
        for (size_t other : first ? ArrayRef(turns).take_front(turn) : ArrayRef(turns))
          least = std::min<double>(least, cycles[other]);
        return first && least < INFINITY ? 0 : keeping ? least * kWorthKeeping : least / kWorthGrowing;
      };
      if (limit() == 0)
        return;
      plans[i] = searchSize(graph, model, sizes[i], limit, failures[i]);
      if (plans[i])
        cycles[i] = plans[i]->cycles;
    });
    for (auto [plan, failure] : llvm::zip(plans, failures))
      if (!plan && !failure.outrun && failure.node >= nearest.node)
        nearest = failure;
    SmallVector<Plan *> complete;
    if (best)
      complete.push_back(&*best);
    for (size_t i : turns)
      if (plans[i])
        complete.push_back(&*plans[i]);
    Plan *chosen = first && !complete.empty() ? complete.front() : nullptr;
    double fastest = INFINITY;
    for (const Plan *plan : complete)
      fastest = std::min(fastest, plan->cycles);
    for (Plan *plan : complete)
      if (!first && plan->cycles <= fastest / kWorthGrowing &&
          (!chosen || std::make_pair(plan->pes(), plan->cycles) < std::make_pair(chosen->pes(), chosen->cycles)))
        chosen = plan;
    if (keeping)
      for (Plan *plan : complete)
        if (plan != chosen)
          others.push_back(*plan);
    if (chosen && (!best || chosen != &*best))
      best = std::move(*chosen);
  }

  /// A size with one more of its sides divided, as far as some kernel would use that.
  static SmallVector<Size> divisionsOf(const Graph &graph, const Size &size) {
    SmallVector<Size> divisions;
    auto divide = [&](int64_t side, int64_t RegionShape::*splitOf) {
      for (int64_t split : {2, 4, 8}) {
        Size division = size;
        division.shape.*splitOf = split;
        if (side % split == 0 && side > split && usesDivision(graph, division.shape))
          divisions.push_back(division);
      }
    };
    if (size.shape.splitX == 1)
      divide(size.shape.width, &RegionShape::splitX);
    if (size.shape.splitY == 1)
      divide(size.shape.height, &RegionShape::splitY);
    return divisions;
  }

  std::shared_ptr<FoundPlans> found;
  PlanChoice choice;
  bool keeping = false;     // others than the best, too
  std::vector<Plan> others; // kept
};

} // namespace

std::unique_ptr<Pass> wafer::createWaferPlan(const WaferPlanOptions &options, std::shared_ptr<FoundPlans> found,
                                             PlanChoice choice) {
  return std::make_unique<WaferPlanPass>(options, std::move(found), choice);
}
