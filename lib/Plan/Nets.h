// Which nets carry tensors between regions and the host, and which regions pass them on. Nets.cpp has the idea.
#ifndef WAFER_LIB_PLAN_NETS_H
#define WAFER_LIB_PLAN_NETS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace wafer::wfr {

/// The host as an end of a net: it stands before the first region.
constexpr int kHost = -1;

/// With fewer colors than this, nets of several regions may find no way: as many are left where regions exchange halos
/// along both sides.
constexpr int kLeastNetColors = 9;

/// One region hears the host in one color and speaks to it in another.
constexpr int kHostColors = 2;

/// All that goes one way: from a region, or the host, to others.
struct Net {
  int from;
  llvm::SmallVector<int, 2> to; // ascending

  bool operator==(const Net &) const = default;
  bool operator<(const Net &other) const { return from != other.from ? from < other.from : to < other.to; }
};

/// A tensor that crosses: from where it is made to all that read it.
struct Crossing {
  Net ends;
  int64_t lanes;
  double words; // of its fullest lane
};

/// How the planner thinks that regions will lie: in the order in which they were opened, so many beside one another,
/// the host west of each such row.
struct Rows {
  int regions, perRow;

  int rowOf(int region) const { return region / perRow; }
  /// The regions that a net lies over, from the first to the last.
  std::pair<int, int> under(const Net &net) const;
};

/// One net on a tensor's way.
struct Hop {
  Net net;
  bool relayed; // it begins where the hop before ends, in a region that only passes on
};

/// The way of each crossing: hops in an order in which each begins where a hop before it ends, or at the source. A
/// relayed hop follows the one that it hands on; its region reads nothing of it. All ways together use so few nets that
/// no region lies under more than `colors` of them, or under four if there are fewer colors.
std::vector<llvm::SmallVector<Hop, 1>> chooseNets(llvm::ArrayRef<Crossing> crossings, Rows rows, int colors);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_NETS_H
