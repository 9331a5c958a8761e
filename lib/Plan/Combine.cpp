// A decode layer has three products of one vector for queries, keys and values, and two for the halves of its gate.
// Each ends in an all-reduce of some ten words along the same lines, and most of what that takes are hops. The terms of
// the earlier ones wait: they take the memory of their sums meanwhile, and nothing else of the region's depends on
// them.
//
// The same goes for outputs, one after the other, that are gathered by sums before they leave. Between two of them the
// region takes nothing that others wait for it to pass on, so the earlier one may leave after the later one's sum.
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
    if (graph.nodes[n].kind != GraphNode::Output || decided.operands.front().pieces.size() != 1)
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
