// What a search looked at: for every node the candidates, what they would have taken, and why others were preferred.
#ifndef WAFER_LIB_PLAN_PLANTRACE_H
#define WAFER_LIB_PLAN_PLANTRACE_H

#include "Plan.h"

#include <string>

namespace wafer::wfr {

/// What became of a candidate, the worst first.
enum class Fate {
  NoWay,   // its operands or its terms cannot be brought to where they are needed
  NoRoom,  // it takes more than the SRAM of a PE
  Bounded, // it takes more than others at least, so it was not priced
  Beaten,  // it was priced, and others take less
  Alike,   // a cheaper one leaves the same to later nodes
  Kept,    // the search went on from it
  Chosen,  // it is part of the plan
};

/// A candidate of a node, after the state of those that were looked at after which it fared best.
struct Consideration {
  Layout iteration, result; // of a node that is no kernel, only the result
  int64_t chunks = 1;
  Fate fate = Fate::NoWay;
  double score = INFINITY;      // cycles of the plan so far, and a price for memory; at least, where it is bounded
  std::optional<Cycles> cycles; // of the node itself, where it was priced
  int region = -1;
};

/// Of one search.
class PlanTrace {
public:
  /// The candidates of the next node.
  void add(std::vector<Consideration> candidates) { nodes.push_back(std::move(candidates)); }

  /// Of node n one was chosen for the plan.
  void choose(size_t n, size_t candidate) { nodes[n][candidate].fate = Fate::Chosen; }

  /// As docs/report.md has it.
  std::string json(const Graph &graph, const Plan &plan, mlir::MLIRContext *context) const;

private:
  std::vector<std::vector<Consideration>> nodes;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PLANTRACE_H
