// The tensors of a plan that cross between regions, or between a region and the host.
#ifndef WAFER_LIB_PLAN_TRANSFERS_H
#define WAFER_LIB_PLAN_TRANSFERS_H

#include "Nets.h"
#include "Plan.h"

namespace wafer::wfr {

struct Transfer {
  enum Kind { Input, Result, Output } kind;
  int node; // an input comes just before it, its first reader; the others just after it
  int tensor;
  Layout layout; // in which it rests, or leaves
  llvm::SmallVector<Hop, 1> way;
  bool dealt = false;                // to lanes, column by column
  int place = node;                  // the node at which it has its turn: of an early output an earlier one
  const EarlyInput *early = nullptr; // Input: it comes before others of its node, for a later one

  /// The host, not a region, sends what the hop carries.
  bool fromHost(size_t hop) const;
  /// The hop ends in a region that does no more than pass on.
  bool relayedAfter(size_t hop) const { return hop + 1 != way.size() && way[hop + 1].relayed; }
};

/// What a stream's lanes carry, and how many there are.
struct Lanes {
  Layout layout;
  int64_t senders, count;
};
Lanes lanesOf(const Transfer &transfer, size_t hop, llvm::ArrayRef<int64_t> shape, RegionShape region,
              int64_t hostLanes);

/// Rows that hold what the first rows hold do not get it by lanes of their own: `layout` as it is before the first rows
/// have passed it on.
Layout inFirstRows(const Layout &layout);

/// All of them, in the global order: that of the nodes.
std::vector<Transfer> findTransfers(const Graph &graph, const Plan &plan, const NetBounds &bounds);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_TRANSFERS_H
