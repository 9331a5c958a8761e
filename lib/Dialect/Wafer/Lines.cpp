#include "wafer/Dialect/Wafer/Lines.h"

using namespace mlir;
using namespace wafer::wfr;

/// The coordinates of one axis, from 0 on, at which something of the tensor begins.
static int64_t valuesInUse(const Layout &layout, ArrayRef<int64_t> shape, Axis axis, const AxisSizes &sizes) {
  if ((layout.atAxes & axisBit(axis)) || !layout.dependsOn(axis))
    return 1;
  int64_t count = sizes.size[axis];
  for (auto [dim, extent] : llvm::zip(layout.dims, shape)) {
    int64_t step = dim.start.step[axis];
    if (step <= 0)
      continue;
    // The first start at each coordinate lies inside the tensor for so many of them.
    Affine rest = dim.start;
    rest.step[axis] = 0;
    count = std::min<int64_t>(count, llvm::divideCeil(std::max<int64_t>(extent - minOf(rest, sizes), 1), step));
  }
  return std::max<int64_t>(count, 1);
}

Senders wafer::wfr::sendersOf(const Layout &layout, ArrayRef<int64_t> shape, Side side, RegionSize region) {
  AxisSizes sizes = axisSizes(region, layout.splitX, layout.splitY);
  return {valuesInUse(layout, shape, majorAxis(side), sizes), valuesInUse(layout, shape, minorAxis(side), sizes),
          layout.split(side)};
}

int64_t wafer::wfr::reducedGroup(const Layout &layout, Side side, RegionSize region) {
  int64_t split = layout.split(side);
  bool major = layout.partialAxes & axisBit(majorAxis(side)), minor = layout.partialAxes & axisBit(minorAxis(side));
  if (major && (minor || split == 1))
    return region.along(side);
  return minor && !major ? split : 0;
}

static int64_t coordinatesInUse(const Layout &layout, ArrayRef<int64_t> shape, Side side, RegionSize region) {
  Senders senders = sendersOf(layout.simplified(), shape, side, region);
  return senders.major == 1 ? senders.minor : senders.major * senders.split;
}

int64_t wafer::wfr::columnsInUse(const Layout &layout, ArrayRef<int64_t> shape, RegionSize region) {
  return coordinatesInUse(layout, shape, Side::X, region);
}

int64_t wafer::wfr::rowsInUse(const Layout &layout, ArrayRef<int64_t> shape, RegionSize region) {
  return coordinatesInUse(layout, shape, Side::Y, region);
}

int64_t wafer::wfr::laneWords(const Layout &layout, ArrayRef<int64_t> shape, RegionSize region) {
  // Rows and columns may hold the same as their neighbors: then it is sent again.
  Layout simple = layout.simplified();
  Senders rows = sendersOf(simple, shape, Side::Y, region), columns = sendersOf(simple, shape, Side::X, region);
  int64_t repeated = llvm::divideCeil(columnsInUse(layout, shape, region), columns.major * columns.minor);
  return llvm::divideCeil(ShapedType::getNumElements(shape), rows.major * rows.minor) * repeated;
}
