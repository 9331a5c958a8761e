// A node's price: bringing its operands to where it needs them, computing, combining partial terms, and bringing the
// result to where it rests. Each in cycles by the resource model, in bytes of code, and in words of memory.
#include "Pricing.h"
#include "Transfers.h"

#include "wafer/Collectives/Deal.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

std::optional<Work> Pricing::work(size_t n, const State &state, const Candidate &candidate, NodePlan *plan) {
  const GraphNode &node = graph.nodes[n];
  Work work;
  work.codeBytes = kKernelCodeBytes;
  if (plan) {
    plan->candidate = candidate;
    plan->operands.resize(node.operands.size());
  }
  for (size_t i = 0; i != node.operands.size(); ++i)
    if (!stays(node, i) && !bringOperand(state, node, candidate, i, work, plan ? &plan->operands[i] : nullptr))
      return std::nullopt;
  if (candidate.keepMoved && work.moved.empty()) // as without
    return std::nullopt;
  if (!finish(node, candidate, work, plan))
    return std::nullopt;
  addOwn(node, candidate, work);
  if (plan) {
    plan->candidate.result = work.result;
    plan->entries = work.entries;
    plan->moved = work.moved;
    plan->cycles = work.cycles;
  }
  return work;
}

/// What a node takes wherever its operands come from.
void Pricing::addOwn(const GraphNode &node, const Candidate &candidate, Cost &cost) const {
  if (node.kind == GraphNode::Kernel)
    cost.cycles.compute += computeCycles(node, candidate, request.model);
  if (node.kind == GraphNode::Output) {
    ArrayRef<int64_t> shape = node.operands[0].shape;
    if (candidate.dealt) {
      DealtSend send(*dealColumns(candidate.result, shape, request.region, request.hostLanes),
                     candidate.result.words());
      cost.cycles.host += send.cycles(request.model);
      cost.temporaryWords += send.stagingWords();
      cost.codeBytes += kDealCodeBytes;
      return;
    }
    int64_t senders = columnsInUse(candidate.result, shape, request.region);
    cost.cycles.host += request.model.hostCycles(laneWords(candidate.result, shape, request.region)) +
                        request.model.scalarCycles(kOfSender) * static_cast<double>(senders);
  }
  cost.temporaryWords += node.body.size() > 1 ? 256 * std::min<int64_t>(node.body.size(), 4) : 0;
}

std::optional<Price> Pricing::price(size_t n, const State &state, const Work &work, int region) const {
  Price price;
  if (region < static_cast<int>(state.memory.size()))
    price.memory = state.memory[region];
  price.memory.codeBytes += work.codeBytes;
  price.memory.weightBytes += work.weightBytes;
  int64_t arrivedWords = 0;
  for (int tensor : work.taken) {
    const Resting &resting = *state.restingOf(tensor);
    if (resting.isIn(region) || llvm::any_of(price.arrivals, [&](const Arrival &a) { return a.tensor == tensor; }))
      continue;
    // The region does not have it yet: it comes over a stream.
    if (resting.crossingCycles == INFINITY)
      return std::nullopt;
    price.memory.codeBytes += kTransferCodeBytes;
    arrivedWords += resting.layout->words();
    price.arrivals.push_back({tensor, resting.crossingCycles});
  }
  countTensors(n, state, work, arrivedWords, region, price);
  return price;
}

double Pricing::crossingCycles(int tensor, const Layout &layout, bool fromHost) const {
  ArrayRef<int64_t> shape = graph.tensors[tensor].shape;
  if (!fromHost && rowsInUse(layout, shape, request.region) > request.lanesBetween)
    return INFINITY;
  return request.model.broadcastCycles(laneWords(layout, shape, request.region),
                                       static_cast<int>(2 * request.region.width)) +
         request.model.scalarCycles(kOfSender) * static_cast<double>(request.region.width);
}

/// What tensors take in the region while node n runs: those that rest there, what comes, and the node's own.
void Pricing::countTensors(size_t n, const State &state, const Work &work, int64_t arrivedWords, int region,
                           Price &price) const {
  Memory &memory = price.memory;
  int64_t words = work.temporaryWords + work.resultWords;
  const GraphNode &node = graph.nodes[n];
  auto inBody = [&](int tensor) {
    const GraphTensor &made = graph.tensors[tensor];
    return node.repeated() && made.loop == node.loop && graph.nodes[made.producer].kind != GraphNode::Carry;
  };
  // The next step needs what this one does, so all buffers of a loop's body are there at once.
  if (node.repeated())
    words = memory.loopWords = words + (memory.lastLoop == node.loop ? memory.loopWords : 0);
  memory.lastLoop = node.repeated() ? node.loop : -1;
  words += arrivedWords + memory.liveWords;
  if (node.repeated())
    for (const auto &[tensor, resting] : state.live)
      if (resting.isIn(region) && inBody(tensor))
        words -= resting.layout->words();
  // Tensors are taken in the order of their production: while older nodes of this region run, what arrives for this one
  // may be there already.
  if (llvm::any_of(price.arrivals,
                   [&](const Arrival &arrival) { return graph.tensors[arrival.tensor].producer < memory.lastNode; }))
    memory.tensorWords += arrivedWords;
  memory.tensorWords = std::max(memory.tensorWords, words);
  memory.lastNode = static_cast<int>(n);
}

Pricing::Combination Pricing::combine(const Layout &terms, bool forAll) {
  Combination combination;
  combination.result = terms;
  for (Side side : kSides) {
    const Layout before = combination.result;
    if (!before.isPartialAlong(side))
      continue;
    ReduceTask task = ReduceTask::of(before, side, request.region);
    Layout &result = combination.result = afterReduce(before, side);
    if (task.group == 1 || forAll)
      result.atAxes &= ~axesOf(side);
    if (task.group == 1)
      continue;
    if (forAll) {
      const auto &[line, cycles] = lines.fastest(task);
      combination.steps.push_back({side, result, ReduceAlgorithm::Chain, line, task.words});
      combination.cycles += cycles;
    } else {
      auto [collective, cycles] = fastestReduce(task, request.model);
      combination.steps.push_back({side, result, collective->algorithm()});
      combination.cycles += cycles;
    }
  }
  return combination;
}

/// The ways to combine a candidate's terms, as far as there is memory for them, and where what is there then must end.
SmallVector<std::pair<Pricing::Combination, Ending>, 2> Pricing::combinations(const Candidate &candidate) {
  SmallVector<std::pair<Combination, Ending>, 2> ways;
  const Ending ending = candidate.chunks > 1 ? Ending::Given : Ending::Anywhere;
  ways.emplace_back(combine(candidate.local, /*forAll=*/false), ending);
  // Combined for all it takes the memory of the terms once more, and what it saves are hops, which many words hide.
  if (candidate.local.partialAxes && isa::kWordBytes * candidate.local.words() <= request.model.usableSramBytes() / 8) {
    // What all have would rest there as it is, and take the memory: where a part of it is asked for, that is copied.
    Combination all = combine(candidate.local, /*forAll=*/true);
    const bool part = ending == Ending::Anywhere && !(all.result == candidate.result);
    ways.emplace_back(std::move(all), part ? Ending::Own : ending);
  }
  return ways;
}

/// Combines partial terms, then brings the result to where it rests.
bool Pricing::finish(const GraphNode &node, const Candidate &candidate, Work &work, NodePlan *plan) {
  if (node.gathers) { // its kernel writes where the output rests
    work.result = candidate.result;
    work.resultWords = work.result.words();
    return true;
  }
  double steps = static_cast<double>(candidate.steps);
  work.result = candidate.result;
  if (candidate.regroupAlong) {
    std::optional<MoveStep> step =
        movements.regroup(candidate.operands[0], node.operands[0].shape, candidate.result,
                          graph.tensors[node.result].shape, node.regroup, *candidate.regroupAlong);
    if (!step)
      return false;
    work.cycles.moves += step->cycles * steps;
    work.codeBytes += kTransferCodeBytes;
    work.resultWords = work.result.words();
    if (plan) {
      plan->toResult.cycles = step->cycles;
      plan->toResult.steps.push_back(std::move(*step));
    }
  } else if (node.result >= 0) {
    // Combined for all, the result often is where it should rest; combined toward heads, it goes on from there.
    Combination combination;
    const Movement *movement = nullptr;
    for (auto &[other, ending] : combinations(candidate)) {
      const Movement *after = movements.plan(
          {other.result, graph.tensors[node.result].shape, candidate.result, {}, ending}, candidate.steps);
      if (!after || (movement && other.cycles + after->cycles >= combination.cycles + movement->cycles))
        continue;
      combination = std::move(other);
      movement = after;
    }
    if (!movement)
      return false;
    work.cycles.reductions += combination.cycles * steps;
    work.cycles.moves += movement->cycles * steps;
    work.codeBytes += kTransferCodeBytes * static_cast<int64_t>(movement->steps.size());
    for (const ReduceStep &step : combination.steps) {
      work.codeBytes += step.line ? kAllReduceCodeBytes : kTransferCodeBytes;
      if (step.line) // is no longer where the terms were
        work.temporaryWords += step.words;
    }
    // What needs no movement rests as it was made, which may be more than what was asked for.
    if (movement->steps.empty())
      work.result = combination.result;
    else
      work.temporaryWords += candidate.local.words() + movement->middleWords;
    work.resultWords = worksInPlace(node) ? 0 : work.result.words();
    if (plan) {
      plan->reduces = std::move(combination.steps);
      plan->toResult = *movement;
    }
  }
  return true;
}

Pricing::Access Pricing::accessOf(const GraphNode &node) {
  // A reshape is no instruction: its result is the words of its operand, all of them. An output leaves as it rests: by
  // more lanes if every row holds another part.
  return node.kind == GraphNode::Reshape || node.kind == GraphNode::Output ? Access::Exact
         : node.kind == GraphNode::Carry || node.kind == GraphNode::Next   ? Access::Copy
                                                                           : Access::Any;
}

Ending Pricing::endingOf(const GraphNode &node, const GraphOperand &operand) {
  return !operand.plain() || accessOf(node) == Access::Copy ? Ending::Given
         : accessOf(node) == Access::Exact                  ? Ending::Own
                                                            : Ending::Anywhere;
}

/// The operand is taken from where it is.
bool Pricing::liesInPlace(const State &state, const GraphNode &node, const Candidate &candidate, size_t number) const {
  const GraphOperand &source = node.operands[number];
  const Layout &needed = candidate.operands[number];
  Access access = accessOf(node);
  if (!source.plain() || access == Access::Copy)
    return false;
  if (graph.tensors[source.pieces[0].tensor].resident())
    return true;
  const Resting *resting = state.restingOf(source.pieces[0].tensor);
  return resting &&
         (access == Access::Exact ? *resting->layout == needed
                                  : holds(*resting->layout, needed, source.shape, request.region, candidate.steps));
}

/// Of a resident operand. A chunk's part of a weight lies inside what the PE holds of all chunks.
int64_t Pricing::weightBytes(const Candidate &candidate, size_t number) const {
  return isa::kWordBytes * wordsOfChunks(candidate.operands[number], candidate.steps);
}

/// A piece that is resident where it is needed; only a local copy is left. Its cycles.
double Pricing::copyResident(const Candidate &candidate, size_t number, Cost &cost) const {
  cost.weightBytes += weightBytes(candidate, number);
  cost.codeBytes += kTransferCodeBytes;
  return request.model.vectorCycles(isa::VectorOp::Mov, candidate.operands[number].words());
}

bool Pricing::bringOperand(const State &state, const GraphNode &node, const Candidate &candidate, size_t number,
                           Work &work, OperandPlan *plan) {
  const GraphOperand &source = node.operands[number];
  const Layout &needed = candidate.operands[number];
  if (plan)
    plan->needed = needed;
  auto direct = [&] {
    if (plan)
      plan->direct = true;
    return true;
  };
  if (liesInPlace(state, node, candidate, number)) {
    int tensor = source.pieces[0].tensor;
    if (graph.tensors[tensor].resident())
      work.weightBytes += weightBytes(candidate, number);
    else
      work.taken.push_back(tensor);
    return direct();
  }
  if (mayEnterAlone(state, node, number) && !work.entries.count(source.pieces[0].tensor)) {
    int number = source.pieces[0].tensor;
    const GraphTensor &tensor = graph.tensors[number];
    Layout whole = wholeOfChunks(needed, candidate.steps);
    Entry entry = cheapestEntry(tensor, mayEnterAs(whole, tensor) ? &whole : nullptr,
                                {whole, source.shape, needed, {}, Ending::Anywhere}, candidate);
    if (entry.direct) {
      work.entries[number] = whole;
      work.cycles.host += entry.cycles;
      work.codeBytes += kTransferCodeBytes;
      work.temporaryWords += whole.words();
      return direct();
    }
  }
  const Ending ending = endingOf(node, source);
  double cycles = 0, steps = static_cast<double>(candidate.steps);
  int64_t words = needed.words();
  for (const Piece &piece : source.pieces) {
    const GraphTensor &tensor = graph.tensors[piece.tensor];
    if (tensor.resident()) {
      double copying = copyResident(candidate, number, work);
      cycles += copying * steps;
      if (plan) {
        Movement local;
        local.steps.push_back({std::nullopt, needed, copying});
        local.cycles = copying;
        plan->pieces.push_back(local);
      }
      continue;
    }
    const Resting *resting = state.restingOf(piece.tensor);
    const Layout *from = resting ? resting->layout.get() : nullptr;
    if (from) {
      work.taken.push_back(piece.tensor);
    } else {
      auto known = work.entries.find(piece.tensor);
      if (known == work.entries.end()) {
        Entry entry = cheapestEntry(tensor, nullptr, {needed, tensor.shape, needed, piece.shift, ending}, candidate);
        known = work.entries.insert({piece.tensor, entry.layout}).first;
        work.cycles.host += entry.cycles;
        work.temporaryWords += entry.layout.words();
        work.codeBytes += kTransferCodeBytes;
      }
      from = &known->second;
    }
    bool unchanging = node.repeated() && source.plain() && tensor.loop != node.loop;
    Way way = cheapestWay({*from, tensor.shape, needed, piece.shift, ending}, candidate, unchanging);
    if (!way.movement)
      return false;
    if (candidate.keepMoved && candidate.steps == 1 && ending == Ending::Anywhere && work.entries.count(piece.tensor) &&
        !(needed == *from) && holdsAll(needed, tensor.shape, request.region))
      work.moved.try_emplace(piece.tensor, needed);
    cycles += way.cycles;
    words = std::max(words, way.words);
    work.temporaryWords += way.movement->middleWords;
    work.codeBytes += kTransferCodeBytes * static_cast<int64_t>(way.movement->steps.size());
    if (plan)
      plan->pieces.push_back(*way.movement);
  }
  work.temporaryWords += words;
  work.cycles.moves += cycles;
  return true;
}

/// What no step of a loop changes (`unchanging`) moves before the loop (EmitMovement.cpp): if every step needs the same
/// of it, and else all that the steps need together, if that is cheaper than each step's part in turn and leaves
/// memory.
Pricing::Way Pricing::cheapestWay(const MoveRequest &move, const Candidate &candidate, bool unchanging) {
  Way way;
  auto consider = [&](const Movement *movement, double times, int64_t words) {
    if (movement && movement->cycles * times < way.cycles)
      way = {movement, movement->cycles * times, words};
  };
  const Movement *each = movements.plan(move, candidate.steps);
  bool same = each && llvm::none_of(each->steps, [](const MoveStep &step) { return step.result.dependsOn(T); });
  consider(each, unchanging && same ? 1.0 : static_cast<double>(candidate.steps), move.to.words());
  if (!unchanging || same)
    return way;
  Layout all = wholeOfChunks(move.to, candidate.steps);
  if (4 * all.words() <= request.model.usableSramBytes() / 8)
    consider(movements.plan({move.from, move.fromShape, all, move.shift, move.ending}, 1), 1.0, all.words());
  return way;
}

/// How an input comes in: as it is needed (`direct`, if that is given), or by rows, for the sake of more lanes, and
/// then moved as `move` says. The cheapest way of those that there is memory for. A movement is planned only where the
/// way would be the best one if it moved for nothing, or for the least that a movement takes.
Pricing::Entry Pricing::cheapestEntry(const GraphTensor &tensor, const Layout *direct, const MoveRequest &move,
                                      const Candidate &candidate) {
  using Rank = std::tuple<bool, double, size_t>; // too large, cycles, number
  Entry best;
  Rank least{true, INFINITY, 0};
  const double budget = request.fill * static_cast<double>(request.model.usableSramBytes()),
               steps = static_cast<double>(candidate.steps);
  auto isTooLarge = [&](int64_t words) { return static_cast<double>(kBaseCodeBytes + 4 * words) > budget; };
  if (direct) {
    double cycles = entryCycles(tensor, *direct);
    if (Rank now{isTooLarge(direct->words()), cycles, 0}; now < least) {
      least = now;
      best = {*direct, true, cycles};
    }
  }
  const int64_t needed = move.to.words();
  for (const RowsEntry &rows : rowsEntries(tensor)) {
    if (!std::get<bool>(least) && rows.cycles > std::get<double>(least))
      break; // and so do all that follow
    MoveRequest behind{rows.layout, move.fromShape, move.to, move.shift, move.ending};
    int64_t words = rows.layout.words() + needed;
    auto isWorse = [&](double moving) {
      return Rank{isTooLarge(words), rows.cycles + moving * steps, rows.number} >= least;
    };
    if (isWorse(0) || isWorse(movements.bound(behind, candidate.steps).cycles))
      continue;
    const Movement *movement = movements.plan(behind, candidate.steps);
    if (!movement)
      continue;
    words += movement->middleWords;
    if (!isWorse(movement->cycles)) {
      least = {isTooLarge(words), rows.cycles + movement->cycles * steps, rows.number};
      best = {rows.layout, false, rows.cycles};
    }
  }
  return best;
}

/// Those of an input, the cheapest first.
ArrayRef<Pricing::RowsEntry> Pricing::rowsEntries(const GraphTensor &tensor) {
  std::vector<RowsEntry> &entries = entriesByRows[&tensor - graph.tensors.data()];
  if (entries.empty()) {
    int64_t rows = std::min(hostLanes, request.region.height);
    for (Layout &layout : plainLayouts(tensor.shape, request.region, rows)) {
      double cycles = entryCycles(tensor, layout);
      entries.push_back({std::move(layout), cycles, entries.size() + 1}); // 0 is the direct one
    }
    llvm::stable_sort(entries, [](const RowsEntry &a, const RowsEntry &b) { return a.cycles < b.cycles; });
  }
  return entries;
}

/// Cycles of the host's stream of an input; infinite if rows need more lanes than there are.
double Pricing::entryCycles(const GraphTensor &tensor, Layout layout) const {
  int64_t height = request.region.height;
  if (request.region.splitX.middle > 1 || request.region.splitY.middle > 1) {
    layout = layout.simplified();
    if (layout.splitX.middle > 1 || layout.splitY.middle > 1) // lanes and lines tell PEs apart by two axes
      return INFINITY;
  }
  if (rowsInUse(layout, tensor.shape, request.region) > hostLanes)
    return INFINITY;
  Senders rows = sendersOf(layout, tensor.shape, Side::Y, request.region);
  double cycles = streamCycles(tensor, rows.major * rows.minor);
  if (Layout arrived = inFirstRows(layout); height > hostLanes && !(arrived == layout)) {
    const AxisSizes sizes = axisSizes(request.region, layout.splitX, layout.splitY);
    int64_t words = 1;
    for (auto [dim, extent] : llvm::zip_equal(layout.dims, tensor.shape))
      words *= std::min(hullAlong(Side::Y, dim, sizes).length, extent);
    cycles += passMove().cycles({Side::Y, request.region, arrived, layout, tensor.shape, sizes, words}, request.model);
  }
  return cycles;
}

/// Of an input that comes by so many rows.
double Pricing::streamCycles(const GraphTensor &tensor, int64_t rows) const {
  return request.model.hostCycles(llvm::divideCeil(tensor.elements(), rows)) +
         request.model.broadcastCycles(0, static_cast<int>(request.region.width));
}
