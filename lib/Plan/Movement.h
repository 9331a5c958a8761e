// How a tensor gets from one layout to another: which passes along lines of PEs, through which layouts, at what cost.
#ifndef WAFER_LIB_PLAN_MOVEMENT_H
#define WAFER_LIB_PLAN_MOVEMENT_H

#include "wafer/Dialect/Wafer/Layout.h"
#include "wafer/Target/ResourceModel.h"

#include <optional>

namespace wafer::wfr {

struct RegionShape {
  int64_t width, height;
};

struct MoveStep {
  enum Kind { Local, AlongX, AlongY } kind;
  Layout result;
  double cycles;
};

struct Movement {
  llvm::SmallVector<MoveStep, 2> steps;
  double cycles = 0;
  int64_t middleWords = 0; // of the layout between two passes
};

/// Cycles that a pass costs per sender beside its words: interval arithmetic, set-up of receive and relay.
constexpr double kSenderOverheadCycles = 80;

struct MoveRequest {
  const Layout &from;
  llvm::ArrayRef<int64_t> fromShape;
  const Layout &to;
  llvm::ArrayRef<int64_t> toShape;
  llvm::ArrayRef<int64_t> shift; // element i goes to i + shift; empty: nowhere else
  bool copy;                     // the data must end in memory of its own, even if it is in place already
};

/// The cheapest movement, or nothing if no two passes do it.
std::optional<Movement> planMovement(const MoveRequest &request, RegionShape region, int64_t chunks,
                                     const ResourceModel &model);

/// Every PE's `need` lies inside what it holds.
bool holds(const Layout &has, const Layout &need, llvm::ArrayRef<int64_t> shape, RegionShape region, int64_t chunks);

/// The PEs together hold the whole tensor.
bool holdsAll(const Layout &layout, llvm::ArrayRef<int64_t> shape, RegionShape region);

int64_t linesInUse(const Layout &layout, llvm::ArrayRef<int64_t> shape, bool y, RegionShape region);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_MOVEMENT_H
