#include "wafer/Dialect/Wafer/Coverage.h"

using namespace mlir;
using namespace wafer::wfr;

/// Those of a set of axes that move the start of a dimension, the shortest steps first. They are few, and this is asked
/// very often.
static SmallVector<Axis, 6> axesByStep(unsigned axes, const LayoutDim &dim) {
  auto stepOf = [&](Axis axis) { return std::abs(dim.start.step[axis]); };
  SmallVector<Axis, 6> ordered;
  for (Axis axis : {X1, XM, X0, Y1, YM, Y0}) {
    if (!(axes & axisBit(axis)) || dim.start.step[axis] == 0)
      continue;
    ordered.push_back(axis);
    for (size_t at = ordered.size() - 1; at > 0 && stepOf(ordered[at - 1]) > stepOf(axis); --at)
      std::swap(ordered[at], ordered[at - 1]);
  }
  return ordered;
}

std::optional<LayoutDim> wafer::wfr::unionOver(unsigned axes, const LayoutDim &dim, const AxisSizes &sizes) {
  LayoutDim all = dim;
  for (Axis axis : axesByStep(axes, dim)) {
    int64_t step = std::exchange(all.start.step[axis], 0), coordinates = sizes.size[axis];
    if (coordinates == 1)
      continue;
    if (step < 0 || step > all.length)
      return std::nullopt;
    all.length += step * (coordinates - 1);
  }
  return all;
}

unsigned wafer::wfr::axesOfCopies(unsigned axes, const Layout &layout) {
  for (Axis axis : kPlaceAxes)
    if (layout.dependsOn(axis))
      axes &= ~axisBit(axis);
  return axes;
}

bool wafer::wfr::holdsOnce(unsigned axes, const Layout &layout, const AxisSizes &sizes) {
  unsigned telling = 0; // axes that lead to other elements
  for (const LayoutDim &dim : layout.dims) {
    int64_t span = dim.length;
    for (Axis axis : axesByStep(axes, dim)) {
      const int64_t step = std::abs(dim.start.step[axis]);
      if (sizes.size[axis] == 1)
        continue;
      if (step < span)
        return false;
      span += step * (sizes.size[axis] - 1);
      telling |= axisBit(axis);
    }
  }
  return llvm::all_of(kPlaceAxes, [&](Axis axis) {
    return !(axes & axisBit(axis)) || sizes.size[axis] == 1 || (telling & axisBit(axis));
  });
}

std::optional<LayoutDim> wafer::wfr::unionAlong(Side side, const LayoutDim &dim, const AxisSizes &sizes) {
  return unionOver(axesOf(side), dim, sizes);
}

LayoutDim wafer::wfr::hullAlong(Side side, const LayoutDim &dim, const AxisSizes &sizes) {
  LayoutDim line{spanAlong(side, dim, sizes), dim.start};
  for (Axis axis : sideAxes(side))
    line.start.constant += std::min<int64_t>(std::exchange(line.start.step[axis], 0), 0) * (sizes.size[axis] - 1);
  return line;
}

LayoutDim wafer::wfr::existing(const LayoutDim &dim, int64_t extent, const AxisSizes &sizes) {
  if (dim.start.step[T] == 0)
    return {extent, Affine(0)};
  return hullAlong(Side::Y, hullAlong(Side::X, dim, sizes), sizes);
}

bool wafer::wfr::covers(const LayoutDim &has, const LayoutDim &need, const LayoutDim &all, int64_t extent,
                        const AxisSizes &sizes) {
  bool low = maxOf(has.start - need.start, sizes) <= 0 || maxOf(has.start, sizes) <= 0 ||
             maxOf(has.start - all.start, sizes) <= 0;
  if (!low)
    return false;
  // An interval ends behind another where it begins behind it by as much as it is shorter.
  return minOf(has.start - need.start, sizes) >= need.length - has.length ||
         minOf(has.start, sizes) >= extent - has.length ||
         minOf(has.start - all.start, sizes) >= all.length - has.length;
}

bool wafer::wfr::holds(const Layout &has, const Layout &need, ArrayRef<int64_t> shape, RegionShape region,
                       int64_t chunks) {
  AxisSizes sizes = region.axes(chunks);
  if (has.atAxes || has.partialAxes)
    return false;
  for (auto [had, needed, extent] : llvm::zip(has.dims, need.dims, shape))
    if (!covers(had, needed, existing(had, extent, sizes), extent, sizes))
      return false;
  return true;
}

bool wafer::wfr::holdsAll(const Layout &layout, ArrayRef<int64_t> shape, RegionShape region) {
  AxisSizes sizes = region.axes();
  for (auto [dim, extent] : llvm::zip(layout.dims, shape)) {
    std::optional<LayoutDim> all = unionAlong(Side::X, dim, sizes);
    if (all)
      all = unionAlong(Side::Y, *all, sizes);
    if (!all || maxOf(all->start, sizes) > 0 || minOf(all->start + Affine(all->length), sizes) < extent)
      return false;
  }
  return true;
}
