// Whether PEs hold what is needed of a tensor, term by term: one dimension is one interval with an affine start, on
// every PE. The planner decides by it; that movements bring what kernels read is proved once more, op by op, without
// it (Proof.h).
#ifndef WAFER_DIALECT_WAFER_COVERAGE_H
#define WAFER_DIALECT_WAFER_COVERAGE_H

#include "wafer/Dialect/Wafer/Layout.h"

namespace wafer::wfr {

/// What the PEs that differ in their coordinates on a set of axes hold between them; nothing if that has gaps.
std::optional<LayoutDim> unionOver(unsigned axes, const LayoutDim &dim, const AxisSizes &sizes);

/// What a line holds of a dimension between its PEs; nothing if that has gaps.
std::optional<LayoutDim> unionAlong(Side side, const LayoutDim &dim, const AxisSizes &sizes);

/// The same, gaps filled.
LayoutDim hullAlong(Side side, const LayoutDim &dim, const AxisSizes &sizes);
/// Its length.
inline int64_t spanAlong(Side side, const LayoutDim &dim, const AxisSizes &sizes) {
  int64_t span = dim.length;
  for (Axis axis : sideAxes(side))
    span += std::abs(dim.start.step[axis]) * (sizes.size[axis] - 1);
  return span;
}

/// What there is of a dimension: all of it, but of a tensor that is made chunk by chunk only what the PEs hold
/// together.
LayoutDim existing(const LayoutDim &dim, int64_t extent, const AxisSizes &sizes);

/// `has` holds all of `need` that exists: elements 0 .. extent - 1, and of those the ones in `all` (one chunk of a
/// tensor is all there is of it for now).
bool covers(const LayoutDim &has, const LayoutDim &need, const LayoutDim &all, int64_t extent, const AxisSizes &sizes);

/// Every PE's `need` lies inside what it holds, whatever the chunk.
bool holds(const Layout &has, const Layout &need, llvm::ArrayRef<int64_t> shape, RegionShape region, int64_t chunks);

/// Those of a set of axes along which all PEs hold the same.
unsigned axesOfCopies(unsigned axes, const Layout &layout);

/// Of PEs that differ in their coordinates on a set of axes no two hold the same element.
bool holdsOnce(unsigned axes, const Layout &layout, const AxisSizes &sizes);

/// The PEs together hold the whole tensor.
bool holdsAll(const Layout &layout, llvm::ArrayRef<int64_t> shape, RegionShape region);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_COVERAGE_H
