// The search: a beam over the nodes in topological order.
//
// A state is what has been decided so far: where each live tensor rests, how full the current region is, and how many
// cycles it took. Every state meets every candidate of the next node (Candidates.cpp); movements (Movement.cpp),
// reductions and arithmetic are priced with the resource model; what does not fit the SRAM of a PE is dropped. The best
// few states go on. Local information was enough for others on 50 models, with a beam of 8; a few states also keep the
// time linear in nodes.
//
// Memory decides when a region is full: code (an estimate per op), weights, live tensors and the node's own
// temporaries. Then the state may go on in a next region: what is live is streamed over, row by row, in the layout that
// it has.
#include "Plan.h"

#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

// Estimates of code, per op of a region; checked against the assembled program afterwards.
constexpr int64_t kBaseCodeBytes = 3500, kKernelCodeBytes = 130, kTransferCodeBytes = 110;

struct Resting {
  std::shared_ptr<const Layout> layout;
  int region = 0; // the last one that it was brought to
};

struct State {
  double cycles = 0;
  int region = 0;
  int64_t weightBytes = 0, codeBytes = kBaseCodeBytes;
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
      : request(request), graph(request.graph), failure(failure), hostLanes(request.model.hostLanes()),
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
    auto start = std::make_shared<State>();
    beam.push_back(start);
    for (size_t n = 0; n != graph.nodes.size(); ++n) {
      std::vector<Successor> successors;
      smallestNeed = INT64_MAX;
      for (const auto &state : beam)
        expand(n, state, successors);
      if (successors.empty()) {
        failure = {static_cast<int>(n), smallestNeed, budget};
        return std::nullopt;
      }
      keepBest(successors);
      std::vector<std::shared_ptr<const State>> next;
      for (Successor &successor : successors)
        next.push_back(apply(n, successor));
      beam = std::move(next);
    }
    Plan plan;
    plan.region = request.region;
    plan.cycles = beam.front()->cycles;
    plan.regions = beam.front()->region + 1;
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
    double cycles;
    int64_t weightBytes, codeBytes;
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
    CandidateContext context{request.region, request.model, budget / 4 / 5, hostLanes};
    std::vector<Candidate> candidates = candidatesFor(graph, node, current, context);
    priced += candidates.size();
    int64_t live = liveWords(*state);
    for (const Candidate &candidate : candidates)
      for (int region : {state->region, state->region + 1}) {
        if (region >= request.maxRegions)
          break;
        if (tryCandidate(n, state, candidate, region, live, successors))
          break; // it fits here: no reason to leave
      }
  }

  bool tryCandidate(size_t n, const std::shared_ptr<const State> &state, const Candidate &candidate, int region,
                    int64_t live, std::vector<Successor> &successors) {
    const GraphNode &node = graph.nodes[n];
    bool moved = region != state->region;
    auto plan = std::make_shared<NodePlan>();
    plan->region = region;
    plan->candidate = candidate;
    double cycles = 0;
    int64_t temporaries = 0, weights = moved ? 0 : state->weightBytes,
            code = (moved ? kBaseCodeBytes : state->codeBytes) + kKernelCodeBytes;
    std::map<int, Layout> delivered; // inputs that this node is the first to read, by its first operand
    for (size_t i = 0; i != node.operands.size(); ++i) {
      OperandPlan operand;
      operand.needed = candidate.operands[i];
      if (!planOperand(*state, node.operands[i], candidate, region, delivered, operand, cycles, temporaries, weights,
                       code))
        return false;
      plan->operands.push_back(std::move(operand));
    }
    // Combine partial terms, then bring the result to where it rests.
    Layout local = candidate.local;
    double once = 0;
    for (bool y : {false, true}) {
      unsigned side = y ? 1u << Y0 : 1u << X0;
      if (!(local.partialAxes & side))
        continue;
      int line = static_cast<int>(y ? request.region.height : request.region.width);
      Layout reduced = afterReduce(local, y);
      double chain = request.model.reduceChainCycles(local.words(), line),
             star = request.model.reduceStarCycles(local.words(), line) + 40.0 * line;
      if (line > 1) {
        plan->reduces.push_back({y, star < chain, reduced});
        once += std::min(chain, star);
        code += kTransferCodeBytes;
      }
      local = reduced;
      if (line == 1)
        local.atAxes &= ~side;
    }
    int64_t resultWords = 0;
    if (node.result >= 0) {
      ArrayRef<int64_t> shape = graph.tensors[node.result].shape;
      bool copy = candidate.chunks > 1;
      std::optional<Movement> movement = planMovement({local, shape, candidate.result, shape, {}, copy}, request.region,
                                                      candidate.chunks, request.model);
      if (!movement)
        return false;
      once += movement->cycles;
      code += kTransferCodeBytes * static_cast<int64_t>(movement->steps.size());
      plan->toResult = *movement;
      resultWords = node.kind == GraphNode::Reshape ? 0 : candidate.result.words();
      if (!movement->steps.empty())
        temporaries += candidate.local.words() + movement->middleWords;
    }
    cycles += once * static_cast<double>(candidate.chunks);
    if (node.kind == GraphNode::Kernel)
      cycles += computeCycles(node, candidate, request.model);
    int64_t scratch = node.bodyOps > 2 ? 256 * std::min(node.bodyOps, 4) : 0;
    int64_t bytes = code + weights + 4 * (live + temporaries + resultWords + scratch);
    if (bytes > budget) {
      if (moved || request.maxRegions == 1)
        smallestNeed = std::min(smallestNeed, bytes);
      return false;
    }
    plan->cycles = cycles;
    // Weights that take more memory leave less for what follows: a byte has a price, however small.
    double pressure = static_cast<double>(weights) / static_cast<double>(budget) + static_cast<double>(region);
    successors.push_back(
        {state, plan, state->cycles + cycles, weights, code, state->cycles + cycles + pressure * memoryPrice});
    return true;
  }

  bool planOperand(const State &state, const GraphOperand &source, const Candidate &candidate, int region,
                   std::map<int, Layout> &delivered, OperandPlan &operand, double &cycles, int64_t &temporaries,
                   int64_t &weights, int64_t &code) {
    const Layout &needed = operand.needed;
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
      if (resting && holds(*resting->layout, needed, source.shape, request.region, candidate.chunks)) {
        operand.direct = true;
        cycles += bring(*resting, source.shape, region, code);
        return true;
      }
      if (!resting && tensor.kind == GraphTensor::Input && !delivered.count(source.pieces[0].tensor)) {
        // The host delivers any layout in which no row needs more than one lane brings.
        operand.direct = true;
        Layout whole = wholeOfChunks(needed, source.shape, candidate.chunks);
        delivered[source.pieces[0].tensor] = whole;
        cycles +=
            request.model.broadcastCycles(tensor.elements() / linesInUse(whole, source.shape, true, request.region),
                                          static_cast<int>(request.region.width));
        code += kTransferCodeBytes;
        temporaries += whole.words();
        return linesInUse(whole, source.shape, true, request.region) <= hostLanes || request.region.height <= hostLanes;
      }
    }
    bool copy = !source.plain();
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
        // An input that is only ever read in pieces comes in whole first.
        auto [entry, fresh] = delivered.try_emplace(piece.tensor, inputLayout(tensor.shape, request.region, hostLanes));
        from = &entry->second;
        if (fresh) {
          temporaries += from->words();
          code += kTransferCodeBytes;
        }
      } else {
        cycles += bring(*resting, tensor.shape, region, code);
      }
      std::optional<Movement> movement = planMovement({*from, tensor.shape, needed, source.shape, piece.shift, copy},
                                                      request.region, candidate.chunks, request.model);
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

  /// Cycles to bring a tensor from an earlier region.
  double bring(const Resting &resting, ArrayRef<int64_t> shape, int region, int64_t &code) {
    if (resting.region == region)
      return 0;
    int64_t lanes = linesInUse(*resting.layout, shape, true, request.region);
    int64_t words = 1;
    for (int64_t extent : shape)
      words *= extent;
    code += kTransferCodeBytes;
    return request.model.broadcastCycles(words / lanes, static_cast<int>(2 * request.region.width)) +
           kSenderOverheadCycles * static_cast<double>(request.region.width);
  }

  void keepBest(std::vector<Successor> &successors) {
    std::stable_sort(successors.begin(), successors.end(),
                     [](const Successor &a, const Successor &b) { return a.score < b.score; });
    std::vector<Successor> kept;
    for (Successor &successor : successors) {
      // States that differ in nothing that later nodes can see are one.
      bool same = llvm::any_of(kept, [&](const Successor &other) {
        return other.from == successor.from && other.plan->candidate.result == successor.plan->candidate.result &&
               other.weightBytes == successor.weightBytes && other.plan->region == successor.plan->region;
      });
      if (same)
        continue;
      kept.push_back(std::move(successor));
      if (static_cast<int>(kept.size()) == request.beam)
        break;
    }
    successors = std::move(kept);
  }

  std::shared_ptr<const State> apply(size_t n, const Successor &successor) {
    const GraphNode &node = graph.nodes[n];
    auto state = std::make_shared<State>();
    const NodePlan &plan = *successor.plan;
    state->parent = successor.from;
    state->plan = successor.plan;
    state->cycles = successor.cycles;
    state->region = plan.region;
    state->weightBytes = successor.weightBytes;
    state->codeBytes = successor.codeBytes;
    state->live = successor.from->live;
    for (auto [i, operand] : llvm::enumerate(node.operands))
      for (const Piece &piece : operand.pieces) {
        const GraphTensor &tensor = graph.tensors[piece.tensor];
        if (tensor.resident())
          continue;
        Resting &resting = state->live[piece.tensor];
        if (tensor.kind == GraphTensor::Input && !resting.layout) {
          Layout layout = operand.plain() ? wholeOfChunks(plan.operands[i].needed, operand.shape, plan.candidate.chunks)
                                          : inputLayout(tensor.shape, request.region, hostLanes);
          resting.layout = std::make_shared<Layout>(layout);
        }
        resting.region = plan.region;
      }
    if (node.result >= 0)
      state->live[node.result] = {std::make_shared<Layout>(plan.candidate.result), plan.region};
    // What nobody reads any more is forgotten.
    for (int tensor : dying[n])
      state->live.erase(tensor);
    return state;
  }

  const PlanRequest &request;
  const Graph &graph;
  PlanFailure &failure;
  int64_t hostLanes, budget;
  std::vector<int> lastUser;
  std::vector<SmallVector<int>> dying; // by node: tensors read last by it
  int64_t smallestNeed = INT64_MAX;
  int64_t priced = 0;
  static constexpr double memoryPrice = 2000;
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

Layout wafer::wfr::inputLayout(ArrayRef<int64_t> shape, RegionShape region, int64_t hostLanes) {
  Layout layout = Layout::replicated(shape);
  int largest = -1;
  for (size_t d = 0; d != shape.size(); ++d)
    if (shape[d] > 1 && (largest < 0 || shape[d] > shape[largest]))
      largest = d;
  int64_t rows = std::min(region.height, hostLanes);
  if (largest >= 0 && rows > 1) {
    int64_t block = llvm::divideCeil(shape[largest], rows);
    layout.dims[largest].length = block;
    layout.dims[largest].start.step[Y0] = block;
  }
  return layout;
}

std::optional<Plan> wafer::wfr::searchPlan(const PlanRequest &request, PlanFailure &failure) {
  return Search(request, failure).run();
}
