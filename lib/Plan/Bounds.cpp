// The least that a node's work can be. Of the many candidates of a node few are among the best, and what takes long to
// find out about one is how its tensors move: by which passes, with how many senders. From below a movement is known by
// the words that lines must carry at least, which takes a fraction of the time, and that something moves at all shows
// at a glance. The search (Ways.cpp) measures, and then prices, those candidates only whose bounds do not rule them
// out; what it finds is the same.
//
// Everything here must be at most what Pricing::work finds, term by term, and nothing only where that finds nothing.
#include "Pricing.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

/// Sums that are made in another order may differ by their rounding.
constexpr double kRounding = 1e-12;

std::optional<Cost> Pricing::leastCostOfResult(size_t n, const Candidate &candidate) {
  const GraphNode &node = graph.nodes[n];
  Cost cost;
  cost.codeBytes = kKernelCodeBytes;
  if (!boundResult(node, candidate, cost))
    return std::nullopt;
  addOwn(node, candidate, cost);
  return cost;
}

std::optional<Cost> Pricing::leastCost(size_t n, const State &state, const Candidate &candidate, const Cost &ofResult,
                                       Look look) {
  const GraphNode &node = graph.nodes[n];
  Cost cost = ofResult;
  SmallVector<int> entered;
  for (size_t i = 0; i != node.operands.size(); ++i)
    if (!stays(node, i) && !boundOperand(state, node, candidate, i, look, entered, cost))
      return std::nullopt;
  if (cost.cycles.moves > 0)
    cost.cycles.moves -= kRounding * cost.cycles.total();
  return cost;
}

double Pricing::leastCycles(size_t n) const {
  const GraphNode &node = graph.nodes[n];
  double cycles = 0;
  SmallVector<int> entered;
  for (const GraphOperand &operand : node.operands)
    for (const Piece &piece : operand.pieces) {
      const GraphTensor &tensor = graph.tensors[piece.tensor];
      if (tensor.kind != GraphTensor::Input || tensor.users.front() != static_cast<int>(n) ||
          llvm::is_contained(entered, piece.tensor))
        continue;
      entered.push_back(piece.tensor);
      cycles += leastEntry(tensor);
    }
  if (node.kind == GraphNode::Kernel)
    cycles += leastComputeCycles(graph, node, request.region, request.model);
  if (node.kind == GraphNode::Output)
    cycles += request.model.hostCycles(llvm::divideCeil(ShapedType::getNumElements(node.operands[0].shape),
                                                        std::min(hostLanes, request.region.height))) +
              request.model.scalarCycles(kOfSender);
  return cycles;
}

bool Pricing::boundOperand(const State &state, const GraphNode &node, const Candidate &candidate, size_t number,
                           Look look, SmallVectorImpl<int> &entered, Cost &cost) {
  const GraphOperand &source = node.operands[number];
  const Layout &needed = candidate.operands[number];
  if (liesInPlace(state, node, candidate, number)) {
    if (graph.tensors[source.pieces[0].tensor].resident())
      cost.weightBytes += weightBytes(candidate, number);
    return true;
  }
  cost.temporaryWords += needed.words();
  // What no step of a loop changes may move before the loop, all that the steps need together (cheapestWay).
  auto isUnchanging = [&](const GraphTensor &tensor) {
    return node.repeated() && source.plain() && tensor.loop != node.loop;
  };
  auto enter = [&](int number, const Layout *direct, const MoveRequest &move) {
    const GraphTensor &tensor = graph.tensors[number];
    double cycles =
        look == Look::Glance || isUnchanging(tensor) ? leastEntry(tensor) : leastEntry(tensor, direct, move, candidate);
    entered.push_back(number);
    cost.cycles.host += cycles;
    cost.codeBytes += kTransferCodeBytes;
    return cycles != INFINITY;
  };
  if (mayEnterAlone(state, node, number) && !llvm::is_contained(entered, source.pieces[0].tensor)) {
    const int number = source.pieces[0].tensor;
    const GraphTensor &tensor = graph.tensors[number];
    Layout whole = wholeOfChunks(needed, candidate.steps);
    return enter(number, look == Look::Measure && mayEnterAs(whole, tensor) ? &whole : nullptr,
                 {whole, source.shape, needed, {}, Ending::Anywhere});
  }
  const Ending ending = endingOf(node, source);
  double cycles = 0;
  for (const Piece &piece : source.pieces) {
    const GraphTensor &tensor = graph.tensors[piece.tensor];
    if (tensor.resident()) {
      cycles += copyResident(candidate, number, cost) * static_cast<double>(candidate.steps);
      continue;
    }
    const Resting *resting = state.restingOf(piece.tensor);
    if (!resting) {
      // How it came in for another operand is not known here, and it may lie where this one needs it.
      if (!llvm::is_contained(entered, piece.tensor) &&
          !enter(piece.tensor, nullptr, {needed, tensor.shape, needed, piece.shift, ending}))
        return false;
      continue;
    }
    MoveBound least =
        leastMove({*resting->layout, tensor.shape, needed, piece.shift, ending}, candidate, isUnchanging(tensor), look);
    if (least.cycles == INFINITY)
      return false;
    cycles += least.cycles;
    cost.codeBytes += kTransferCodeBytes * least.steps;
  }
  cost.cycles.moves += cycles;
  return true;
}

/// Of cheapestWay: cycles of all steps of a node, of what is not in place or is copied in any case.
MoveBound Pricing::leastMove(const MoveRequest &move, const Candidate &candidate, bool unchanging, Look look) {
  const double steps = unchanging ? 1 : static_cast<double>(candidate.steps);
  if (look == Look::Glance)
    return {std::min(movements.leastCycles(), request.model.vectorCycles(isa::VectorOp::Mov, move.to.words())) * steps,
            1};
  MoveBound each = movements.bound(move, candidate.steps);
  each.cycles *= steps;
  if (!unchanging)
    return each;
  Layout all = wholeOfChunks(move.to, candidate.steps);
  MoveBound together = movements.bound({move.from, move.fromShape, all, move.shift, move.ending}, 1);
  return {std::min(each.cycles, together.cycles), std::min(each.steps, together.steps)};
}

/// Of an input that comes by as many lanes as there are.
double Pricing::leastEntry(const GraphTensor &tensor) const {
  return streamCycles(tensor, std::min(hostLanes, request.region.height));
}

/// Of cheapestEntry with the movement behind it.
double Pricing::leastEntry(const GraphTensor &tensor, const Layout *direct, const MoveRequest &move,
                           const Candidate &candidate) {
  double least = direct ? entryCycles(tensor, *direct) : INFINITY;
  for (const RowsEntry &rows : rowsEntries(tensor)) {
    if (rows.cycles >= least)
      break;
    MoveRequest behind{rows.layout, move.fromShape, move.to, move.shift, move.ending};
    double moving = movements.bound(behind, candidate.steps).cycles * static_cast<double>(candidate.steps);
    least = std::min(least, rows.cycles + moving * (1 - kRounding));
  }
  return least;
}

bool Pricing::boundResult(const GraphNode &node, const Candidate &candidate, Cost &cost) {
  // These take no movement that would be looked for.
  if (node.gathers || candidate.regroupAlong || node.result < 0) {
    Work work;
    bool ends = finish(node, candidate, work, nullptr);
    cost.cycles.moves += work.cycles.moves;
    cost.codeBytes += work.codeBytes;
    cost.resultWords = work.resultWords;
    return ends;
  }
  if (!candidate.local.partialAxes && candidate.chunks == 1 && candidate.local == candidate.result) {
    cost.resultWords = worksInPlace(node) ? 0 : candidate.result.words();
    return true;
  }
  double cycles = INFINITY;
  int64_t codeBytes = INT64_MAX, temporaryWords = INT64_MAX, resultWords = INT64_MAX;
  for (auto &[combination, ending] : combinations(candidate)) {
    MoveBound moved = movements.bound(
        {combination.result, graph.tensors[node.result].shape, candidate.result, {}, ending}, candidate.steps);
    if (moved.cycles == INFINITY)
      continue;
    int64_t code = kTransferCodeBytes * moved.steps, words = moved.steps ? candidate.local.words() : 0;
    for (const ReduceStep &step : combination.steps) {
      code += step.line ? kAllReduceCodeBytes : kTransferCodeBytes;
      words += step.line ? step.words : 0;
    }
    cycles = std::min(cycles, combination.cycles + moved.cycles);
    codeBytes = std::min(codeBytes, code);
    temporaryWords = std::min(temporaryWords, words);
    resultWords = std::min(resultWords, moved.steps ? candidate.result.words() : combination.result.words());
  }
  if (cycles == INFINITY)
    return false;
  cost.cycles.moves += cycles * static_cast<double>(candidate.steps);
  cost.codeBytes += codeBytes;
  cost.temporaryWords += temporaryWords;
  cost.resultWords = worksInPlace(node) ? 0 : resultWords;
  return true;
}
