// A decode layer's key and value are ready long before its result, and the host's lanes take a word in several cycles.
// Sent in their turn, which is the last, all outputs leave one after the other with nothing else to do. The heads that
// deal columns to lanes leave the lanes to threads, so what costs time is that columns have their turns; and beside a
// sum (WorkBesideSums.h) that costs nothing either. An output that rides with a sum (Combine.h) is there after that.
#include "EarlyOutputs.h"
#include "LinePlanner.h"

#include "wafer/Collectives/Deal.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Sending {
public:
  Sending(const Graph &graph, Plan &plan, const ResourceModel &model)
      : graph(graph), plan(plan), model(model), lines(model), ends(plan.nodes.size()), before(plan.regions) {
    for (int n = 0; n != static_cast<int>(plan.nodes.size()); ++n)
      if (graph.nodes[n].kind != GraphNode::Output)
        ends[n] = before[plan.nodes[n].region] += plan.nodes[n].cycles.total();
  }

  /// The last ones first: lanes carry one output after the other.
  void run() {
    for (int n = static_cast<int>(plan.nodes.size()); n-- > 0;)
      if (std::optional<DealtSend> dealt = dealtToThreads(n))
        if (std::optional<int> since = thereAfter(n))
          send(n, *since, *dealt);
  }

private:
  /// An output whose lanes are left to threads.
  std::optional<DealtSend> dealtToThreads(int n) const {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &output = plan.nodes[n];
    if (node.kind != GraphNode::Output || !output.candidate.dealt || output.combinedWith >= 0)
      return std::nullopt;
    const Layout &layout = output.candidate.result;
    const std::optional<Deal> deal = dealColumns(layout, node.operands[0].shape, plan.region, plan.hostLanes);
    if (!deal || DealtSend(*deal, layout.words()).atOnce())
      return std::nullopt;
    return DealtSend(*deal, layout.words());
  }

  /// The node after which an output's columns hold it.
  std::optional<int> thereAfter(int n) const {
    const OperandPlan &operand = plan.nodes[n].operands.front();
    if (operand.ridesWith >= 0)
      return operand.ridesWith;
    const bool moves = llvm::any_of(operand.pieces, [](const Movement &movement) { return !movement.steps.empty(); });
    const int producer = graph.tensors[graph.nodes[n].operands[0].pieces[0].tensor].producer;
    if (moves || producer < 0 || plan.nodes[producer].combinedWith >= 0)
      return std::nullopt;
    return producer;
  }

  /// Beside the last sum that takes as long as columns have their turns, and from which on lanes have the time.
  void send(int n, int since, const DealtSend &dealt) {
    NodePlan &output = plan.nodes[n];
    double &free = before[output.region];
    const double lane = dealt.laneCycles(model);
    for (int m = n - 1; m > since; --m) {
      if (plan.nodes[m].region != output.region || ends[m] + lane > free || dealt.turnCycles(model) > sumCycles(m))
        continue;
      output.leavesAfter = m;
      free = ends[m];
      plan.cycles -= output.cycles.host;
      output.cycles.host = 0;
      return;
    }
  }

  /// Of a node, behind whose sum what is sent stands beside it; else 0. Heads must not be roots, whose additions all
  /// wait for.
  double sumCycles(int m) {
    const NodePlan &node = plan.nodes[m];
    if (graph.nodes[m].kind != GraphNode::Kernel || graph.nodes[m].loop >= 0 || node.candidate.chunks != 1 ||
        node.combinedWith >= 0 || node.reduces.empty() || !node.reduces.back().line || !node.toResult.steps.empty())
      return 0;
    const ReduceStep &sum = node.reduces.back();
    const int64_t pes = sum.line->pes;
    if (sum.side == Side::X && sum.line->root == 0)
      return 0;
    return lines.fastest({sum.side, sum.line->grouped ? 2 * pes : pes, pes, sum.words}).second;
  }

  const Graph &graph;
  Plan &plan;
  const ResourceModel &model;
  LinePlanner lines;
  std::vector<double> ends;   // of nodes, on their region
  SmallVector<double> before; // by region: when the next output's turn begins
};

} // namespace

void wafer::wfr::sendOutputsEarly(const Graph &graph, Plan &plan, const ResourceModel &model) {
  Sending(graph, plan, model).run();
}
