// A decode layer takes the token's vector from the host, a thousand cycles at the host's rate, and later the factors of
// its rotation, some words, which then have to go all along lines of hundreds of PEs. Taken before the vector they hold
// up no one but the PEs where both come in, and those for some instructions; all others pass them on while the vector
// comes in.
#include "EarlyInputs.h"

#include "wafer/Dialect/Wafer/Lines.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Taking {
public:
  Taking(const Graph &graph, Plan &plan, const ResourceModel &model) : graph(graph), plan(plan), model(model) {}

  void run() {
    for (int n = 0; n != static_cast<int>(plan.nodes.size()); ++n) {
      NodePlan &reader = plan.nodes[n];
      if (reader.entries.empty() || graph.nodes[n].loop >= 0)
        continue;
      auto [first, isFirst] = firsts.try_emplace(reader.region, First{n, reader.cycles.host});
      if (isFirst)
        continue;
      const std::map<int, Layout> entries = reader.entries;
      for (const auto &[input, layout] : entries)
        if (laneWordsOf(input, n) <= mostWordsOf(first->second.node))
          take(input, n, first->second);
    }
  }

private:
  /// The first node of a region that takes inputs, and how long they take.
  struct First {
    int node;
    double host;
  };

  int64_t laneWordsOf(int input, int n) const {
    return laneWords(plan.nodes[n].entries.at(input), graph.tensors[input].shape, plan.region);
  }

  int64_t mostWordsOf(int n) const {
    int64_t most = 0;
    for (const auto &[input, layout] : plan.nodes[n].entries)
      most = std::max(most, laneWordsOf(input, n));
    return most;
  }

  /// Where the input rests once it has moved for the node; nowhere if somebody reads it as it came in.
  std::optional<Layout> restsAt(int input, int n) const {
    const NodePlan &reader = plan.nodes[n];
    if (auto moved = reader.moved.find(input); moved != reader.moved.end())
      return moved->second;
    for (auto [i, operand] : llvm::enumerate(graph.nodes[n].operands))
      if (graph.tensors[input].users.size() == 1 && operand.plain() && operand.pieces.front().tensor == input)
        return reader.operands[i].needed;
    return std::nullopt;
  }

  /// The node's operands that read an input, if all of them read the whole of it there; else none.
  SmallVector<int> readsOf(int input, int n, const Layout &there) const {
    const NodePlan &reader = plan.nodes[n];
    SmallVector<int> reads;
    for (auto [i, operand] : llvm::enumerate(graph.nodes[n].operands)) {
      if (llvm::none_of(operand.pieces, [&](const Piece &piece) { return piece.tensor == input; }))
        continue;
      if (!operand.plain() || reader.operands[i].direct || !(reader.operands[i].needed == there))
        return {};
      reads.push_back(static_cast<int>(i));
    }
    return reads;
  }

  /// If there is memory for it until its reader comes.
  void take(int input, int n, First &first) {
    NodePlan &reader = plan.nodes[n], &early = plan.nodes[first.node];
    const std::optional<Layout> there = restsAt(input, n);
    const SmallVector<int> reads = there ? readsOf(input, n, *there) : SmallVector<int>();
    if (reads.empty())
      return;
    const Movement &movement = reader.operands[reads.front()].pieces.front();
    // Of an all-reduce everybody waits for the end: that keeps its turn.
    const bool moves = llvm::none_of(movement.steps, [](const MoveStep &step) { return step.line.has_value(); });
    if (!moves && plan.regions > 1)
      return;
    const int64_t more = isa::kWordBytes * (there->words() + reader.entries.at(input).words());
    int64_t &bytes = plan.bytes[reader.region];
    if (bytes + more > model.usableSramBytes())
      return;
    bytes += more;
    // Ways overlap one another, and the wait for the first node's own inputs.
    const double host = reader.cycles.host / static_cast<double>(reader.entries.size()),
                 moving = moves ? movement.cycles : 0,
                 seen = std::min(host + moving,
                                 model.hostCycles(laneWordsOf(input, n)) + std::max(0.0, host + moving - first.host));
    early.entries.insert(reader.entries.extract(input));
    reader.cycles.host -= host;
    early.cycles.host += seen;
    plan.cycles -= host + moving - seen;
    if (!moves) {
      early.early.push_back({input, n, -1});
      return;
    }
    for (int i : reads)
      reader.operands[i].direct = true;
    early.early.push_back({input, n, reads.front()});
    early.moved.try_emplace(input, *there);
    reader.moved.erase(input);
    reader.cycles.moves -= moving * static_cast<double>(reads.size());
    plan.cycles -= moving * static_cast<double>(reads.size() - 1);
  }

  const Graph &graph;
  Plan &plan;
  const ResourceModel &model;
  llvm::DenseMap<int, First> firsts; // by region
};

} // namespace

void wafer::wfr::takeInputsEarly(const Graph &graph, Plan &plan, const ResourceModel &model) {
  Taking(graph, plan, model).run();
}
