// What the nodes that a search has not come to yet take at least: a plan that cannot be among the fastest any more is
// given up long before its last node, and a size of regions often before the first.
#ifndef WAFER_LIB_PLAN_REMAINING_H
#define WAFER_LIB_PLAN_REMAINING_H

#include "State.h"

namespace wafer::wfr {

class Remaining {
public:
  /// `least`: cycles that each node takes in any region, whatever was decided before.
  Remaining(const Graph &graph, llvm::ArrayRef<double> least, int maxRegions);

  /// The cycle in which a plan ends at the earliest that begins as `state` says and goes on with node n.
  double leastEnd(const State &state, size_t n) const;

  /// Cycles from the end of node n to that of the plan.
  double behind(size_t n) const { return following[n]; }

private:
  double through(const GraphTensor &tensor, size_t n) const;

  const Graph &graph;
  int maxRegions;
  std::vector<double> path;      // by node: of it and what must follow it, one after the other
  std::vector<double> following; // by node: of what must follow it
  std::vector<double> longest;   // by node: of the paths from it or a later one
  std::vector<double> work;      // by node: of it and all later ones, in whatever regions
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_REMAINING_H
