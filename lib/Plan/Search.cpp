// The search: a beam over the nodes in topological order.
//
// A state is what has been decided so far: where each live tensor rests, how full the current region is, and how many
// cycles it took. Every state meets every candidate of the next node (Candidates.cpp); movements (Movement.cpp),
// reductions and arithmetic are priced with the resource model; what does not fit the SRAM of a PE is dropped. The best
// few states go on. Local information was enough for others on 50 models, with a beam of 8; a few states also keep the
// time linear in nodes. States that differ in nothing that later nodes see count as one: without that the beam fills
// with histories of one future and is worth little more than one state (the classifier of the tests on wse2: 176,666
// cycles without, 147,116 with it).
//
// Further regions open for two reasons. Memory: code (an estimate per op), weights, live tensors and the node's own
// temporaries fill a PE; the node goes on in a next region, and what it reads is streamed over, row by row, in the
// layout that it has. Time: a node whose operands are ready long before the region is free runs beside it, in a region
// of its own or in the one that made its operands; Timeline.h keeps the account of who waits for whom.
#include "Plan.h"
#include "Timeline.h"

#include <cmath>
#include <deque>
#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

// Estimates of code, per op of a region; checked against the assembled program afterwards.
constexpr int64_t kBaseCodeBytes = 3500, kKernelCodeBytes = 130, kTransferCodeBytes = 110;

/// A node must be able to start this much earlier elsewhere before another region is looked at. It covers what the
/// estimates leave out of a further region: its own code, its streams' routes.
constexpr double kWorthLeaving = 2000;

struct Resting {
  std::shared_ptr<const Layout> layout;
  uint64_t regions = 0; // a bit for each that has it
  bool isIn(int region) const { return regions >> region & 1; }
};

struct Memory {
  int64_t weightBytes = 0, codeBytes = kBaseCodeBytes;
};

struct State {
  Timeline timeline;
  std::vector<Memory> memory;  // by region
  std::map<int, Resting> live; // by tensor: those that later nodes read
  std::shared_ptr<const NodePlan> plan;
  std::shared_ptr<const State> parent;
};

const Resting *restingOf(const State &state, int tensor) {
  auto it = state.live.find(tensor);
  return it == state.live.end() ? nullptr : &it->second;
}

class Search {
public:
  Search(const PlanRequest &request, PlanFailure &failure)
      : request(request), graph(request.graph), movements(request.region, request.model), failure(failure),
        hostLanes(request.model.hostLanes()),
        budget(static_cast<int64_t>(request.fill * static_cast<double>(request.model.usableSramBytes()))) {
    lastUser.resize(graph.tensors.size(), -1);
    dying.resize(graph.nodes.size());
    for (auto [t, tensor] : llvm::enumerate(graph.tensors))
      if (!tensor.users.empty()) {
        lastUser[t] = tensor.users.back();
        dying[tensor.users.back()].push_back(t);
      }
  }

  std::optional<Plan> run() {
    std::vector<std::shared_ptr<const State>> beam;
    beam.push_back(std::make_shared<State>());
    for (size_t n = 0; n != graph.nodes.size(); ++n) {
      std::vector<Successor> successors;
      smallestNeed = INT64_MAX;
      offers.clear();
      for (const auto &state : beam)
        expand(n, state, successors);
      if (successors.empty()) {
        failure = {static_cast<int>(n), smallestNeed == INT64_MAX ? 0 : smallestNeed, budget};
        return std::nullopt;
      }
      keepBest(n, successors);
      std::vector<std::shared_ptr<const State>> next;
      for (Successor &successor : successors)
        next.push_back(apply(n, successor));
      beam = std::move(next);
    }
    Plan plan;
    plan.region = request.region;
    plan.cycles = beam.front()->timeline.end();
    plan.regions = static_cast<int>(beam.front()->memory.size());
    plan.candidates = priced;
    for (const State *state = beam.front().get(); state->plan; state = state->parent.get())
      plan.nodes.push_back(*state->plan);
    std::reverse(plan.nodes.begin(), plan.nodes.end());
    return plan;
  }

private:
  struct Successor {
    std::shared_ptr<const State> from;
    std::shared_ptr<NodePlan> plan;
    Timeline timeline;
    Memory memory; // of the node's region
    double score;
  };

  static int64_t liveWords(const State &state) {
    int64_t words = 0;
    for (const auto &[tensor, resting] : state.live)
      words += resting.layout->words();
    return words;
  }

  void expand(size_t n, const std::shared_ptr<const State> &state, std::vector<Successor> &successors) {
    const GraphNode &node = graph.nodes[n];
    SmallVector<const Layout *> current;
    for (const GraphOperand &operand : node.operands) {
      const Resting *resting = operand.plain() ? restingOf(*state, operand.pieces[0].tensor) : nullptr;
      current.push_back(resting ? resting->layout.get() : nullptr);
    }
    const std::vector<Candidate> &candidates = candidatesOf(node, current);
    priced += candidates.size();
    int64_t live = liveWords(*state);
    SmallVector<int> regions = regionsFor(node, *state);
    int next = static_cast<int>(state->memory.size());
    bool leave = worthLeaving(node, *state, regions);
    for (const Candidate &candidate : candidates) {
      bool placed = false;
      for (int region : regions)
        if (region != next || !placed || leave)
          placed |= tryCandidate(n, state, candidate, region, live, successors);
    }
  }

  /// The candidates of the node at hand. Most states have its operands in the same layouts and so share them.
  const std::vector<Candidate> &candidatesOf(const GraphNode &node, ArrayRef<const Layout *> current) {
    auto same = [](const Layout *a, const Layout *b) { return a == b || (a && b && *a == *b); };
    for (const Offer &offer : offers)
      if (std::equal(current.begin(), current.end(), offer.current.begin(), offer.current.end(), same))
        return offer.candidates;
    CandidateContext context{request.region, request.model, budget / 4 / 5, hostLanes};
    offers.push_back(
        {SmallVector<const Layout *>(current.begin(), current.end()), candidatesFor(graph, node, current, context)});
    return offers.back().candidates;
  }

  /// Where a node may run: the region opened last, those that made its operands, and a next one.
  SmallVector<int> regionsFor(const GraphNode &node, const State &state) const {
    int next = static_cast<int>(state.memory.size());
    SmallVector<int> regions;
    auto add = [&](int region) {
      if (region >= 0 && region < request.maxRegions && !llvm::is_contained(regions, region))
        regions.push_back(region);
    };
    add(next - 1);
    for (const GraphOperand &operand : node.operands)
      for (const Piece &piece : operand.pieces)
        if (std::optional<Timeline::Produced> made = state.timeline.produced(piece.tensor))
          add(made->region);
    add(next);
    return regions;
  }

  /// The regions that are open to the node are busy long after the node's operands are ready.
  bool worthLeaving(const GraphNode &node, const State &state, ArrayRef<int> regions) const {
    double ready = 0, free = INFINITY;
    for (int region : regions)
      if (region != static_cast<int>(state.memory.size()))
        free = std::min(free, state.timeline.free(region));
    for (const GraphOperand &operand : node.operands)
      for (const Piece &piece : operand.pieces)
        if (std::optional<Timeline::Produced> made = state.timeline.produced(piece.tensor))
          ready = std::max(ready, made->ready);
    return node.kind == GraphNode::Kernel && free > ready + kWorthLeaving;
  }

  bool tryCandidate(size_t n, const std::shared_ptr<const State> &state, const Candidate &candidate, int region,
                    int64_t live, std::vector<Successor> &successors) {
    const GraphNode &node = graph.nodes[n];
    bool opened = region == static_cast<int>(state->memory.size());
    Memory memory = opened ? Memory() : state->memory[region];
    auto plan = std::make_shared<NodePlan>();
    plan->region = region;
    plan->candidate = candidate;
    double cycles = 0;
    int64_t temporaries = 0, &weights = memory.weightBytes, &code = memory.codeBytes;
    code += kKernelCodeBytes;
    SmallVector<Arrival> arrivals;
    for (size_t i = 0; i != node.operands.size(); ++i) {
      OperandPlan operand;
      operand.needed = candidate.operands[i];
      if (!planOperand(*state, node, i, candidate, region, plan->entries, operand, cycles, temporaries, weights, code,
                       arrivals))
        return false;
      plan->operands.push_back(std::move(operand));
    }
    // Combine partial terms, then bring the result to where it rests.
    Layout local = candidate.local;
    double once = 0;
    for (bool y : {false, true}) {
      unsigned side = y ? 1u << Y0 | 1u << Y1 : 1u << X0 | 1u << X1;
      if (!(local.partialAxes & side))
        continue;
      int64_t line = y ? request.region.height : request.region.width,
              group = reducedGroup(local, y, request.region.width, request.region.height);
      Layout reduced = afterReduce(local, y);
      double chain = request.model.reduceChainCycles(local.words(), static_cast<int>(group)), star = INFINITY;
      if (group == line)
        star = request.model.reduceStarCycles(local.words(), static_cast<int>(line)) + 40.0 * static_cast<double>(line);
      if (group > 1) {
        plan->reduces.push_back({y, star < chain, reduced});
        once += std::min(chain, star);
        code += kTransferCodeBytes;
      }
      local = reduced;
      if (group == 1)
        local.atAxes &= ~side;
    }
    int64_t resultWords = 0;
    if (node.result >= 0) {
      ArrayRef<int64_t> shape = graph.tensors[node.result].shape;
      bool copy = candidate.chunks > 1;
      const Movement *movement = movements.plan({local, shape, candidate.result, {}, copy}, candidate.chunks);
      if (!movement)
        return false;
      once += movement->cycles;
      code += kTransferCodeBytes * static_cast<int64_t>(movement->steps.size());
      plan->toResult = *movement;
      // What needs no movement rests as it was made, which may be more than what was asked for.
      if (movement->steps.empty())
        plan->candidate.result = local;
      resultWords = node.kind == GraphNode::Reshape ? 0 : plan->candidate.result.words();
      if (!movement->steps.empty())
        temporaries += candidate.local.words() + movement->middleWords;
    }
    cycles += once * static_cast<double>(candidate.chunks);
    if (node.kind == GraphNode::Kernel)
      cycles += computeCycles(node, candidate, request.model);
    if (node.kind == GraphNode::Output) {
      ArrayRef<int64_t> shape = node.operands[0].shape;
      int64_t senders = linesInUse(candidate.result, shape, false, request.region);
      cycles += request.model.hostCycles(laneWords(candidate.result, shape, request.region)) +
                kSenderOverheadCycles * static_cast<double>(senders);
    }
    int64_t scratch = node.body.size() > 1 ? 256 * std::min<int64_t>(node.body.size(), 4) : 0;
    int64_t bytes = code + weights + 4 * (live + temporaries + resultWords + scratch);
    smallestNeed = std::min(smallestNeed, bytes);
    if (bytes > budget)
      return false;
    plan->cycles = cycles;
    Timeline timeline = state->timeline;
    timeline.run(static_cast<int>(n), region, arrivals, cycles, node.result);
    // Memory that is taken leaves less for what follows: a byte has a price, however small.
    double regions = static_cast<double>(state->memory.size() + (opened ? 1 : 0)),
           pressure = static_cast<double>(weights) / static_cast<double>(budget) + regions,
           score = timeline.end() + kShareOfWork * timeline.work() + pressure * memoryPrice;
    successors.push_back({state, plan, std::move(timeline), memory, score});
    return true;
  }

  bool planOperand(const State &state, const GraphNode &node, size_t number, const Candidate &candidate, int region,
                   std::map<int, Layout> &entries, OperandPlan &operand, double &cycles, int64_t &temporaries,
                   int64_t &weights, int64_t &code, SmallVectorImpl<Arrival> &arrivals) {
    const GraphOperand &source = node.operands[number];
    const Layout &needed = operand.needed;
    // A reshape is no instruction: its result is the words of its operand, all of them. An output leaves as it rests:
    // by more lanes if every row holds another part.
    bool exact = node.kind == GraphNode::Reshape || node.kind == GraphNode::Output;
    double once = 0;
    if (source.plain()) {
      const GraphTensor &tensor = graph.tensors[source.pieces[0].tensor];
      if (tensor.resident()) {
        // A chunk's part of a weight lies inside what the PE holds of all chunks.
        operand.direct = true;
        weights += 4 * wholeOfChunks(needed, source.shape, candidate.chunks).words();
        return true;
      }
      const Resting *resting = restingOf(state, source.pieces[0].tensor);
      if (resting && (exact ? *resting->layout == needed
                            : holds(*resting->layout, needed, source.shape, request.region, candidate.chunks))) {
        operand.direct = true;
        bring(*resting, source.pieces[0].tensor, source.shape, region, code, arrivals);
        return true;
      }
      if (!resting && !entries.count(source.pieces[0].tensor)) {
        Layout whole = wholeOfChunks(needed, source.shape, candidate.chunks);
        // Who reads a part of it only may have that part, if nobody needs the rest.
        std::optional<Layout> direct;
        if (tensor.reads == 1 || holdsAll(whole, source.shape, request.region))
          direct = whole;
        Entry entry = cheapestEntry(tensor, direct, {whole, source.shape, needed, {}, false}, candidate);
        if (entry.direct) {
          operand.direct = true;
          entries[source.pieces[0].tensor] = whole;
          cycles += entry.cycles;
          code += kTransferCodeBytes;
          temporaries += whole.words();
          return true;
        }
      }
    }
    bool copy = !source.plain() || exact;
    for (const Piece &piece : source.pieces) {
      const GraphTensor &tensor = graph.tensors[piece.tensor];
      if (tensor.resident()) {
        // Resident where it is needed; only a local copy is left.
        Movement local;
        local.steps.push_back(
            {MoveStep::Local, needed, request.model.vectorCycles(isa::VectorOp::Mov, needed.words())});
        local.cycles = local.steps[0].cycles;
        weights += 4 * needed.words() * (candidate.chunks > 1 ? candidate.chunks : 1);
        operand.pieces.push_back(local);
        once += local.cycles;
        code += kTransferCodeBytes;
        continue;
      }
      const Resting *resting = restingOf(state, piece.tensor);
      const Layout *from = resting ? resting->layout.get() : nullptr;
      if (!from) {
        auto known = entries.find(piece.tensor);
        if (known == entries.end()) {
          Entry entry =
              cheapestEntry(tensor, std::nullopt, {needed, tensor.shape, needed, piece.shift, copy}, candidate);
          known = entries.insert({piece.tensor, entry.layout}).first;
          cycles += entry.cycles;
          temporaries += entry.layout.words();
          code += kTransferCodeBytes;
        }
        from = &known->second;
      } else {
        bring(*resting, piece.tensor, tensor.shape, region, code, arrivals);
      }
      const Movement *movement = movements.plan({*from, tensor.shape, needed, piece.shift, copy}, candidate.chunks);
      if (!movement)
        return false;
      once += movement->cycles;
      temporaries += movement->middleWords;
      code += kTransferCodeBytes * static_cast<int64_t>(movement->steps.size());
      operand.pieces.push_back(*movement);
    }
    temporaries += needed.words();
    cycles += once * static_cast<double>(candidate.chunks);
    return true;
  }

  struct Entry {
    Layout layout;
    bool direct = false;
    double cycles = INFINITY; // of the host's stream, without the movement behind it
  };

  /// How an input comes in: as it is needed (`direct`, if that is given), or by rows, for the sake of more lanes, and
  /// then moved as `move` says.
  Entry cheapestEntry(const GraphTensor &tensor, const std::optional<Layout> &direct, MoveRequest move,
                      const Candidate &candidate) {
    Entry best;
    double least = INFINITY;
    auto consider = [&](const Layout &layout, bool isDirect, double after) {
      double cycles = entryCycles(tensor, layout);
      if (cycles + after < least) {
        least = cycles + after;
        best = {layout, isDirect, cycles};
      }
    };
    if (direct)
      consider(*direct, true, 0);
    int64_t rows = std::min(hostLanes, request.region.height);
    for (const Layout &layout : plainLayouts(tensor.shape, request.region, rows)) {
      MoveRequest behind{layout, move.fromShape, move.to, move.shift, move.copy};
      if (const Movement *movement = movements.plan(behind, candidate.chunks))
        consider(layout, false, movement->cycles * static_cast<double>(candidate.chunks));
    }
    return best;
  }

  /// Cycles of the host's stream of an input; infinite if rows need more lanes than there are.
  double entryCycles(const GraphTensor &tensor, const Layout &layout) {
    int64_t width = request.region.width, height = request.region.height;
    if (linesInUse(layout, tensor.shape, true, request.region) > hostLanes)
      return INFINITY;
    Senders rows = sendersOf(layout, tensor.shape, true, width, height);
    double cycles = request.model.hostCycles(llvm::divideCeil(tensor.elements(), rows.major * rows.minor)) +
                    request.model.broadcastCycles(0, static_cast<int>(width));
    if (!layout.dependsOn(Y0) && height > hostLanes) // comes in at the first rows and goes on from there
      cycles += request.model.broadcastCycles(layout.words(), static_cast<int>(height)) + kSenderOverheadCycles;
    return cycles;
  }

  /// A tensor that the region does not have yet comes over a stream.
  void bring(const Resting &resting, int tensor, ArrayRef<int64_t> shape, int region, int64_t &code,
             SmallVectorImpl<Arrival> &arrivals) {
    if (resting.isIn(region) || llvm::any_of(arrivals, [&](const Arrival &a) { return a.tensor == tensor; }))
      return;
    code += kTransferCodeBytes;
    arrivals.push_back({tensor, request.model.broadcastCycles(laneWords(*resting.layout, shape, request.region),
                                                              static_cast<int>(2 * request.region.width)) +
                                    kSenderOverheadCycles * static_cast<double>(request.region.width)});
  }

  void keepBest(size_t n, std::vector<Successor> &successors) {
    std::stable_sort(successors.begin(), successors.end(),
                     [](const Successor &a, const Successor &b) { return a.score < b.score; });
    std::vector<Successor> kept;
    std::map<std::pair<const State *, const State *>, bool> alike;
    for (Successor &successor : successors) {
      // Of states between which later nodes see no difference but the cost, the cheapest is enough.
      bool same = llvm::any_of(kept, [&](const Successor &other) {
        if (other.plan->region != successor.plan->region || other.plan->entries != successor.plan->entries ||
            !(other.plan->candidate.result == successor.plan->candidate.result) ||
            other.memory.weightBytes > successor.memory.weightBytes + budget / 50)
          return false;
        if (other.from == successor.from)
          return true;
        auto [it, isNew] = alike.try_emplace({other.from.get(), successor.from.get()});
        if (isNew)
          it->second = sameFuture(n, *other.from, *successor.from);
        return it->second;
      });
      if (same)
        continue;
      kept.push_back(std::move(successor));
      if (static_cast<int>(kept.size()) == request.beam)
        break;
    }
    successors = std::move(kept);
  }

  /// After node n the states have the same tensors at rest, in the same layouts and regions.
  bool sameFuture(size_t n, const State &a, const State &b) const {
    if (a.memory.size() != b.memory.size())
      return false;
    for (auto [in, out] : {std::pair{&a, &b}, {&b, &a}})
      for (const auto &[tensor, resting] : in->live) {
        if (llvm::is_contained(dying[n], tensor))
          continue;
        const Resting *other = restingOf(*out, tensor);
        if (!other || other->regions != resting.regions ||
            (other->layout != resting.layout && !(*other->layout == *resting.layout)))
          return false;
      }
    return true;
  }

  std::shared_ptr<const State> apply(size_t n, Successor &successor) {
    const GraphNode &node = graph.nodes[n];
    auto state = std::make_shared<State>();
    const NodePlan &plan = *successor.plan;
    state->parent = successor.from;
    state->plan = successor.plan;
    state->timeline = std::move(successor.timeline);
    state->memory = successor.from->memory;
    state->memory.resize(std::max<size_t>(state->memory.size(), plan.region + 1));
    state->memory[plan.region] = successor.memory;
    state->live = successor.from->live;
    for (const GraphOperand &operand : node.operands)
      for (const Piece &piece : operand.pieces) {
        const GraphTensor &tensor = graph.tensors[piece.tensor];
        if (tensor.resident())
          continue;
        Resting &resting = state->live[piece.tensor];
        if (tensor.kind == GraphTensor::Input && !resting.layout)
          resting.layout = std::make_shared<Layout>(plan.entries.at(piece.tensor));
        resting.regions |= uint64_t{1} << plan.region;
      }
    if (node.result >= 0)
      state->live[node.result] = {std::make_shared<Layout>(plan.candidate.result), uint64_t{1} << plan.region};
    // What nobody reads any more is forgotten.
    for (int tensor : dying[n])
      state->live.erase(tensor);
    state->timeline.forget(dying[n]);
    return state;
  }

  const PlanRequest &request;
  const Graph &graph;
  MovementPlanner movements;
  PlanFailure &failure;
  int64_t hostLanes, budget;
  std::vector<int> lastUser;
  std::vector<SmallVector<int>> dying; // by node: tensors read last by it
  struct Offer {
    SmallVector<const Layout *> current; // of the node's operands; the beam's states keep them alive
    std::vector<Candidate> candidates;
  };
  std::deque<Offer> offers; // of the node at hand
  int64_t smallestNeed = INT64_MAX;
  int64_t priced = 0;
  static constexpr double memoryPrice = 2000, kShareOfWork = 0.02;
};

} // namespace

Layout wafer::wfr::wholeOfChunks(const Layout &layout, ArrayRef<int64_t> shape, int64_t chunks) {
  Layout whole = layout;
  for (auto [dim, extent] : llvm::zip(whole.dims, shape)) {
    int64_t step = dim.start.step[T];
    dim.start.step[T] = 0;
    if (step != 0)
      dim.length += step * (chunks - 1);
    (void)extent;
  }
  return whole;
}

std::optional<Plan> wafer::wfr::searchPlan(const PlanRequest &request, PlanFailure &failure) {
  return Search(request, failure).run();
}
