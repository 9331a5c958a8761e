// Which loops of a kernel a side of a region may be given to.
#ifndef WAFER_LIB_PLAN_SIDECHOICES_H
#define WAFER_LIB_PLAN_SIDECHOICES_H

#include "Graph.h"

#include "wafer/Dialect/Wafer/Sharding.h"

namespace wafer::wfr {

/// No loop, any one loop, and as many as the side has axes, where fewer would leave too much of the work to each PE;
/// `other`: what the other side has already.
llvm::SmallVector<SideDims> sideChoices(const GraphNode &node, Side side, RegionShape region, SideDims other = {});

/// Every side of the region that is divided has a kernel that would put a loop on each of its axes.
bool usesDivision(const Graph &graph, RegionShape region);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_SIDECHOICES_H
