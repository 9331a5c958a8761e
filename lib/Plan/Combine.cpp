// A decode layer has three products of one vector for queries, keys and values, and two for the halves of its gate.
// Each ends in an all-reduce of some ten words along the same lines, and most of what that takes are hops. The terms of
// the earlier ones wait: they take the memory of their sums meanwhile, and nothing else of the region's depends on
// them.
//
// The same goes for outputs, one after the other, that are gathered by sums before they leave. Between two of them the
// region takes nothing that others wait for it to pass on, so the earlier one may leave after the later one's sum. Or
// an output's parts ride with the sum of a product before it, as terms that change nothing else.
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
      if (isGathered(n))
        if (std::optional<int> sum = sumBefore(n))
          ride(n, *sum);
    for (int n = 0; n + 1 < static_cast<int>(plan.nodes.size()); ++n)
      if (isGathered(n) && isGathered(n + 1) && areGatheredAlike(n, n + 1))
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

  /// Terms of both are combined in the same way.
  bool isLike(int n, int m) {
    const ReduceStep &a = stepOf(n), &b = stepOf(m);
    return plan.nodes[n].region == plan.nodes[m].region && a.side == b.side && a.line->pes == b.line->pes &&
           a.line->grouped == b.line->grouped && graph.nodes[n].combiner == graph.nodes[m].combiner &&
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

  MoveStep &gatherOf(int n) { return plan.nodes[n].operands.front().pieces.front().steps.back(); }

  /// An output that is gathered by a sum at last, and leaves.
  bool isGathered(int n) const {
    const NodePlan &decided = plan.nodes[n];
    if (graph.nodes[n].kind != GraphNode::Output || decided.operands.front().pieces.size() != 1 || decided.rides)
      return false;
    const Movement &movement = decided.operands.front().pieces.front();
    return decided.entries.empty() && !movement.steps.empty() && movement.steps.back().line;
  }

  bool areGatheredAlike(int n, int m) {
    const MoveStep &a = gatherOf(n), &b = gatherOf(m);
    auto element = [&](int node) { return graph.tensors[graph.nodes[node].operands[0].pieces[0].tensor].element; };
    return plan.nodes[n].region == plan.nodes[m].region && a.along == b.along && a.line->pes == b.line->pes &&
           a.line->grouped == b.line->grouped && element(n) == element(m);
  }

  /// The last node before an output that adds up terms of the same elements along the lines of its gather, and runs
  /// when what leaves is there.
  std::optional<int> sumBefore(int n) {
    const MoveStep &gather = gatherOf(n);
    const GraphTensor &tensor = graph.tensors[graph.nodes[n].operands[0].pieces[0].tensor];
    if (tensor.producer < 0 || !isHeldOnce(n))
      return std::nullopt;
    for (int m = n - 1; m > tensor.producer; --m) {
      const GraphNode &node = graph.nodes[m];
      const NodePlan &decided = plan.nodes[m];
      if (node.kind != GraphNode::Kernel || node.loop >= 0 || node.combiner != PartialKind::Add ||
          graph.tensors[node.result].element != tensor.element || decided.region != plan.nodes[n].region ||
          decided.candidate.steps != 1 || decided.reduces.size() != 1 || decided.combinedWith >= 0)
        continue;
      const ReduceStep &sum = decided.reduces.front();
      if (sum.line && sum.side == *gather.along && sum.line->pes == gather.line->pes &&
          sum.line->grouped == gather.line->grouped)
        return m;
    }
    return std::nullopt;
  }

  /// A sum counts what several PEs hold as often.
  bool isHeldOnce(int n) const {
    const Movement &movement = plan.nodes[n].operands.front().pieces.front();
    const MoveStep &gather = movement.steps.back();
    Layout from = movement.steps.size() > 1 ? movement.steps[movement.steps.size() - 2].result : restingPlace(n),
           to = gather.result;
    alignSplits({&from, &to});
    const unsigned axes = gather.line->grouped ? axisBit(minorAxis(*gather.along)) : axesOf(*gather.along);
    return holdsOnce(axes, from, axisSizes(plan.region, from.splitX, from.splitY));
  }

  /// Of what an output reads, as a node of the region made it.
  const Layout &restingPlace(int n) const {
    return plan.nodes[graph.tensors[graph.nodes[n].operands[0].pieces[0].tensor].producer].candidate.result;
  }

  double cyclesOf(Side side, const LineShape &line, int64_t words) {
    return lines.fastest({side, line.grouped ? 2 * line.pes : line.pes, line.pes, words}).second;
  }

  void combine(int n, int m) {
    ReduceStep &earlier = stepOf(n), &later = stepOf(m);
    combine(n, m, later.side, *later.line, earlier.words, later.words, &Cycles::reductions);
  }

  void combineGathers(int n, int m) {
    MoveStep &earlier = gatherOf(n), &later = gatherOf(m);
    combine(n, m, *later.along, *later.line, earlier.words, later.words, &Cycles::moves);
  }

  void ride(int n, int m) {
    MoveStep &gather = gatherOf(n);
    ReduceStep &sum = stepOf(m);
    const double before = cyclesOf(sum.side, *sum.line, gather.words), after = cyclesOf(sum.side, *sum.line, sum.words),
                 together = cyclesOf(sum.side, *sum.line, gather.words + sum.words);
    int64_t &bytes = plan.bytes[plan.nodes[m].region];
    const int64_t more = isa::kWordBytes * gather.words;
    if (together >= before + after || bytes + more > model.usableSramBytes())
      return;
    plan.nodes[n].combinedWith = m;
    plan.nodes[n].rides = true;
    sum.words += gather.words;
    bytes += more;
    plan.nodes[n].cycles.moves -= before;
    plan.nodes[m].cycles.reductions += together - after;
    plan.cycles += together - before - after;
  }

  /// If that is faster, and there is memory for it.
  void combine(int n, int m, Side side, const LineShape &line, int64_t earlier, int64_t &later, double Cycles::*spent) {
    const double before = cyclesOf(side, line, earlier), after = cyclesOf(side, line, later),
                 together = cyclesOf(side, line, earlier + later);
    int64_t &bytes = plan.bytes[plan.nodes[m].region];
    const int64_t more = isa::kWordBytes * earlier;
    if (together >= before + after || bytes + more > model.usableSramBytes())
      return;
    for (NodePlan &waiting : plan.nodes)
      if (waiting.combinedWith == n)
        waiting.combinedWith = m;
    plan.nodes[n].combinedWith = m;
    later += earlier;
    bytes += more;
    plan.nodes[n].cycles.*spent -= before;
    plan.nodes[m].cycles.*spent += together - after;
    plan.cycles += together - before - after;
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
