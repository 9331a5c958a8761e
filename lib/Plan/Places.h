// The regions that a node may run in.
#ifndef WAFER_LIB_PLAN_PLACES_H
#define WAFER_LIB_PLAN_PLACES_H

#include "Pricing.h"

namespace wafer::wfr {

/// A region as it is when what the node takes has come.
struct Place {
  int region;
  double free, end, work; // cycles of it, of all regions, and of their work
  Memory memory;
  int64_t restingWords; // of tensors
};

/// Where a node may run after a state.
struct Places {
  llvm::SmallVector<Place> list;
  bool leave; // a next region is worth looking at even if there is room in the open ones
};

Places placesAfter(const State &state, size_t n, const PlanRequest &request, const Pricing &pricing);

/// When the regions are done once a node has run; `result`: a tensor that is there then, or -1.
Timeline timelineAfter(const State &state, size_t n, const Work &work, const Price &price, int region, int result);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PLACES_H
