// A decode layer has three products of one vector for queries, keys and values, and two for the halves of its gate.
// Each ends in an all-reduce of some ten words along the same lines, and most of what that takes are hops. The terms of
// the earlier ones wait: they take the memory of their sums meanwhile, and nothing else of the region's depends on
// them.
//
// The same goes for outputs, one after the other, that are gathered by sums before they leave. Between two of them the
// region takes nothing that others wait for it to pass on, so the earlier one may leave after the later one's sum.
//
// And what a node reads that is gathered by a sum rides with the sum of a node before it, as terms that change nothing
// else, if its parts are there by then. Else it comes with what the node reads beside.
#include "Combine.h"
#include "LinePlanner.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Combining {
public:
  Combining(const Graph &graph, Plan &plan, const ResourceModel &model)
      : graph(graph), plan(plan), model(model), lines(model) {}

  void run() {
    for (int n = 0; n != static_cast<int>(plan.nodes.size()); ++n)
      if (canWait(n))
        if (std::optional<int> later = nextLike(n))
          combine(n, *later);
    for (int n = 0; n != static_cast<int>(plan.nodes.size()); ++n)
      for (size_t i = 0; i != plan.nodes[n].operands.size(); ++i)
        if (mayRide(n, i))
          if (std::optional<int> sum = sumBefore(n, i))
            ride(n, i, *sum);
    for (int n = 0; n != static_cast<int>(plan.nodes.size()); ++n)
      gatherTogether(n);
    for (int n = 0; n + 1 < static_cast<int>(plan.nodes.size()); ++n)
      if (isGathered(n) && isGathered(n + 1) && areGatheredAlike(n, 0, n + 1, 0))
        combineGathers(n, n + 1);
  }

private:
  ReduceStep &stepOf(int n) { return plan.nodes[n].reduces.front(); }

  /// A kernel whose terms are combined once, for all, where its result then rests.
  bool canWait(int n) const {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &decided = plan.nodes[n];
    return node.kind == GraphNode::Kernel && node.loop < 0 && !node.gathers && decided.candidate.steps == 1 &&
           decided.reduces.size() == 1 && decided.reduces.front().line && decided.toResult.steps.empty() &&
           staysInRegion(node.result, decided.region) &&
           llvm::all_of(decided.moved, [&](const auto &moved) { return staysInRegion(moved.first, decided.region); });
  }

  bool staysInRegion(int tensor, int region) const {
    return llvm::all_of(graph.tensors[tensor].users, [&](int user) { return plan.nodes[user].region == region; });
  }

  /// Whole lines, or groups of one size: where the root is, and the leaders, is settled for all (RegionLines.h).
  static bool areAlike(const LineShape &a, const LineShape &b) { return a.pes == b.pes && a.grouped == b.grouped; }

  Type elementOf(int n, size_t i) const { return graph.tensors[graph.nodes[n].operands[i].pieces[0].tensor].element; }

  /// Terms of both are combined in the same way.
  bool isLike(int n, int m) {
    const ReduceStep &a = stepOf(n), &b = stepOf(m);
    return plan.nodes[n].region == plan.nodes[m].region && a.side == b.side && areAlike(*a.line, *b.line) &&
           graph.nodes[n].combiner == graph.nodes[m].combiner &&
           graph.tensors[graph.nodes[n].result].element == graph.tensors[graph.nodes[m].result].element;
  }

  /// The first later node of that kind, if what waits for it is not needed before.
  std::optional<int> nextLike(int n) {
    for (int m = n + 1; m != static_cast<int>(plan.nodes.size()); ++m) {
      for (int waiting = 0; waiting <= n; ++waiting)
        if ((waiting == n || plan.nodes[waiting].combinedWith == n) &&
            llvm::is_contained(graph.tensors[graph.nodes[waiting].result].users, m))
          return std::nullopt;
      if (canWait(m) && isLike(n, m))
        return m;
    }
    return std::nullopt;
  }

  /// An output that is gathered by a sum at last, and leaves.
  bool isGathered(int n) const {
    const NodePlan &decided = plan.nodes[n];
    if (graph.nodes[n].kind != GraphNode::Output || decided.operands.front().pieces.size() != 1 ||
        decided.operands.front().ridesWith >= 0)
      return false;
    const Movement &movement = decided.operands.front().pieces.front();
    return decided.entries.empty() && !movement.steps.empty() && movement.steps.back().line;
  }

  /// Operands that are gathered, and by one sum can be.
  bool areGatheredAlike(int n, size_t i, int m, size_t j) {
    const MoveStep &a = gatherOf(n, i), &b = gatherOf(m, j);
    return plan.nodes[n].region == plan.nodes[m].region && a.along == b.along && areAlike(*a.line, *b.line) &&
           elementOf(n, i) == elementOf(m, j);
  }

  MoveStep &gatherOf(int n, size_t i) { return plan.nodes[n].operands[i].pieces.front().steps.back(); }

  /// An operand that is gathered by a sum at last, and nothing else. (One that is read twice would be gathered twice.)
  bool mayRide(int n, size_t i) {
    const GraphNode &node = graph.nodes[n];
    const OperandPlan &operand = plan.nodes[n].operands[i];
    if (node.loop >= 0 || plan.nodes[n].candidate.steps != 1 || operand.direct || operand.pieces.size() != 1 ||
        operand.pieces.front().steps.empty() || !gatherOf(n, i).line ||
        (node.kind != GraphNode::Output && !node.operands[i].plain()))
      return false;
    const int tensor = node.operands[i].pieces[0].tensor;
    return llvm::count_if(node.operands, [&](const GraphOperand &other) {
             return llvm::any_of(other.pieces, [&](const Piece &piece) { return piece.tensor == tensor; });
           }) == 1;
  }

  /// Operands of a kernel that are gathered along the same lines.
  void gatherTogether(int n) {
    if (graph.nodes[n].kind != GraphNode::Kernel || plan.nodes[n].candidate.chunks > 1)
      return;
    for (size_t last = plan.nodes[n].operands.size(); last-- > 0;)
      for (size_t i = 0; i != last; ++i) {
        OperandPlan &earlier = plan.nodes[n].operands[i];
        if (!mayRide(n, i) || !mayRide(n, last) || earlier.gathersElsewhere() ||
            plan.nodes[n].operands[last].gathersElsewhere() || !areGatheredAlike(n, i, n, last))
          continue;
        MoveStep &gather = gatherOf(n, last);
        if (addWords(gatherOf(n, i).words, gather.words, *gather.along, *gather.line, n, &Cycles::moves, n,
                     &Cycles::moves))
          earlier.gatheredWith = static_cast<int>(last);
      }
  }

  /// Where a tensor rests when node n comes to read it, and the first node before which it does.
  struct Resting {
    Layout layout;
    int since;
  };
  std::optional<Resting> restingBefore(int n, int tensor) const {
    const GraphTensor &read = graph.tensors[tensor];
    if (read.resident())
      return std::nullopt;
    if (read.producer >= 0)
      return Resting{plan.nodes[read.producer].candidate.result, read.producer + 1};
    std::optional<Resting> resting;
    for (int k = 0; k != n; ++k) {
      if (auto entry = plan.nodes[k].entries.find(tensor); entry != plan.nodes[k].entries.end())
        resting = Resting{entry->second, k};
      if (auto moved = plan.nodes[k].moved.find(tensor); moved != plan.nodes[k].moved.end())
        resting = Resting{moved->second, k};
    }
    return resting;
  }

  /// The last node before that adds up terms of the same elements along the lines of the operand's gather, while the
  /// operand's parts are there; of an output the first, so that it may leave early. A sum counts what several PEs hold
  /// as often.
  std::optional<int> sumBefore(int n, size_t i) {
    const MoveStep &gather = gatherOf(n, i);
    const int tensor = graph.nodes[n].operands[i].pieces[0].tensor;
    const std::optional<Resting> resting = restingBefore(n, tensor);
    if (!resting || !isHeldOnce(plan.nodes[n].operands[i].pieces.front(), resting->layout))
      return std::nullopt;
    const bool leaves = graph.nodes[n].kind == GraphNode::Output;
    for (int k = resting->since; k < n; ++k) {
      const int m = leaves ? k : n - 1 - (k - resting->since);
      const GraphNode &node = graph.nodes[m];
      const NodePlan &decided = plan.nodes[m];
      if (node.kind != GraphNode::Kernel || node.loop >= 0 || node.combiner != PartialKind::Add ||
          graph.tensors[node.result].element != elementOf(n, i) || decided.region != plan.nodes[n].region ||
          decided.candidate.steps != 1 || decided.reduces.size() != 1 || decided.combinedWith >= 0)
        continue;
      const ReduceStep &sum = decided.reduces.front();
      if (sum.line && sum.side == *gather.along && areAlike(*sum.line, *gather.line))
        return m;
    }
    return std::nullopt;
  }

  bool isHeldOnce(const Movement &movement, Layout from) const {
    const MoveStep &gather = movement.steps.back();
    if (movement.steps.size() > 1)
      from = movement.steps[movement.steps.size() - 2].result;
    Layout to = gather.result;
    alignSplits({&from, &to});
    const unsigned axes = gather.line->grouped ? axisBit(minorAxis(*gather.along)) : axesOf(*gather.along);
    return holdsOnce(axes & ~axesOfCopies(axes, from), from, axisSizes(plan.region, from.splitX, from.splitY));
  }

  double cyclesOf(Side side, const LineShape &line, int64_t words) {
    return lines.fastest({side, line.grouped ? 2 * line.pes : line.pes, line.pes, words}).second;
  }

  void combine(int n, int m) {
    ReduceStep &later = stepOf(m);
    if (addWords(stepOf(n).words, later.words, later.side, *later.line, n, &Cycles::reductions, m, &Cycles::reductions))
      wait(n, m);
  }

  void combineGathers(int n, int m) {
    MoveStep &later = gatherOf(m, 0);
    if (addWords(gatherOf(n, 0).words, later.words, *later.along, *later.line, n, &Cycles::moves, m, &Cycles::moves))
      wait(n, m);
  }

  void ride(int n, size_t i, int m) {
    ReduceStep &sum = stepOf(m);
    if (addWords(gatherOf(n, i).words, sum.words, sum.side, *sum.line, n, &Cycles::moves, m, &Cycles::reductions))
      plan.nodes[n].operands[i].ridesWith = m;
  }

  /// With all that waits for n.
  void wait(int n, int m) {
    for (NodePlan &waiting : plan.nodes)
      if (waiting.combinedWith == n)
        waiting.combinedWith = m;
    plan.nodes[n].combinedWith = m;
  }

  /// Adds the words of node n to a sum of node m, if that is faster than a sum for each and there is memory for it.
  /// `from` and `to` say which of the nodes' cycles the sums were, and are, part of.
  bool addWords(int64_t words, int64_t &sum, Side side, const LineShape &line, int n, double Cycles::*from, int m,
                double Cycles::*to) {
    const double before = cyclesOf(side, line, words), after = cyclesOf(side, line, sum),
                 together = cyclesOf(side, line, words + sum);
    int64_t &bytes = plan.bytes[plan.nodes[m].region];
    const int64_t more = isa::kWordBytes * words;
    if (together >= before + after || bytes + more > model.usableSramBytes())
      return false;
    sum += words;
    bytes += more;
    plan.nodes[n].cycles.*from -= before;
    plan.nodes[m].cycles.*to += together - after;
    plan.cycles += together - before - after;
    return true;
  }

  const Graph &graph;
  Plan &plan;
  const ResourceModel &model;
  LinePlanner lines;
};

} // namespace

void wafer::wfr::combineReductions(const Graph &graph, Plan &plan, const ResourceModel &model) {
  Combining(graph, plan, model).run();
}

bool wafer::wfr::mayCombine(const Graph &graph) {
  auto several = [&](auto isOne) { return llvm::count_if(graph.nodes, isOne) > 1; };
  return several([](const GraphNode &node) { return node.combiner != PartialKind::None; }) ||
         several([](const GraphNode &node) { return node.kind == GraphNode::Output; });
}
