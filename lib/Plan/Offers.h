// The candidates of one node by the layouts that its operands rest in, and what has been found out about each: most
// states of a search's beam have the operands in the same layouts.
#ifndef WAFER_LIB_PLAN_OFFERS_H
#define WAFER_LIB_PLAN_OFFERS_H

#include "Pricing.h"

namespace wafer::wfr {

struct Offer {
  /// Of the operands' pieces, null: not at rest. The states that ask keep them alive.
  llvm::SmallVector<const Layout *> resting;
  llvm::SmallVector<const Candidate *> candidates;
  std::deque<Candidate> others;                                      // of these, what the node's source has not made
  std::vector<std::optional<std::optional<Cost>>> glanced, measured; // bounds, by candidate
  std::vector<std::unique_ptr<std::optional<Work>>> works;           // likewise
};

/// All offers to a node, each made when the first state asks.
class Offers {
public:
  Offers(const Graph &graph, const GraphNode &node, const CandidateContext &context)
      : graph(graph), node(node), source(graph, node, context) {}

  Offer &after(const State &state);

  const std::deque<Offer> &all() const { return offers; }

private:
  bool mayKeepMoved(const State &state) const;

  const Graph &graph;
  const GraphNode &node;
  NodeCandidates source;
  std::deque<Offer> offers;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_OFFERS_H
