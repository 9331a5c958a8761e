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
  assert(layout.split(side).middle == 1 && "a line's senders are told apart by two axes");
  AxisSizes sizes = axisSizes(region, layout.splitX, layout.splitY);
  return {valuesInUse(layout, shape, majorAxis(side), sizes), valuesInUse(layout, shape, minorAxis(side), sizes),
          layout.split(side).minor};
}

int64_t wafer::wfr::reducedGroup(const Layout &layout, Side side, RegionSize region) {
  const Split split = layout.split(side);
  const unsigned partial = layout.partialAxes & axesOf(side);
  if (partial == axesOf(side, split))
    return region.along(side);
  return partial == axisBit(minorAxis(side)) ? split.minor : 0;
}

static int64_t coordinatesInUse(const Layout &given, ArrayRef<int64_t> shape, Side side, RegionSize region) {
  const Layout layout = given.simplified();
  const AxisSizes sizes = axisSizes(region, layout.splitX, layout.splitY);
  auto inUse = [&](Axis axis) { return valuesInUse(layout, shape, axis, sizes); };
  if (int64_t major = inUse(majorAxis(side)); major > 1)
    return major * layout.split(side).inner();
  if (int64_t middle = inUse(middleAxis(side)); middle > 1)
    return middle * layout.split(side).minor;
  return inUse(minorAxis(side));
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

std::optional<Deal> wafer::wfr::dealColumns(const Layout &given, ArrayRef<int64_t> shape, RegionSize region,
                                            int64_t mostLanes) {
  const Layout layout = given.simplified();
  if (layout.atAxes || layout.partialAxes || layout.dependsOn(T) || layout.dependsOn(Side::Y) ||
      layout.splitX.middle > 1)
    return std::nullopt;
  const Senders columns = sendersOf(layout, shape, Side::X, region);
  const int64_t split = columns.split, count = columns.end();
  if (columns.minor != split || count < 2)
    return std::nullopt;
  AxisSizes sizes = axisSizes(region, layout.splitX, layout.splitY);
  sizes.size[X0] = columns.major;
  bool whole = true;
  for (auto [dim, extent] : llvm::zip_equal(layout.dims, shape)) {
    // No element twice, none before the first.
    int64_t reach = dim.length;
    const auto &step = dim.start.step;
    for (Axis axis : step[X0] < step[X1] ? std::array{X0, X1} : std::array{X1, X0}) {
      if (step[axis] < 0 || (step[axis] > 0 && step[axis] < reach))
        return std::nullopt;
      reach += step[axis] * (sizes.size[axis] - 1);
    }
    if (dim.start.constant < 0)
      return std::nullopt;
    whole = whole && maxOf(dim.start, sizes) + dim.length <= extent;
  }
  Deal deal;
  // A lane's column is a place on the minor axis and a row of lanes further on; or places on it are several rounds.
  const int64_t most = std::min({mostLanes, region.height, count});
  deal.lanes = most / split * split;
  if (most < split) {
    deal.lanes = most;
    while (split % deal.lanes)
      --deal.lanes;
    if (!whole)
      return std::nullopt;
  }
  deal.columns = count;
  deal.rounds = llvm::divideCeil(count, deal.lanes);
  // Of an undivided side only the last column may hold less than the others.
  deal.wholeRounds = whole ? count / deal.lanes : split == 1 ? (count - 1) / deal.lanes : 0;
  deal.layout = layout;
  deal.layout.splitX = std::max<int64_t>(split / deal.lanes, 1);
  deal.layout.splitY = most < split ? 1 : split;
  for (LayoutDim &dim : deal.layout.dims) {
    auto &step = dim.start.step;
    if (most < split) {
      step[Y0] = step[X1];
      step[X1] *= deal.lanes;
    } else {
      step[Y0] = step[X0];
      step[Y1] = step[X1];
      step[X0] *= deal.lanes / split;
      step[X1] = 0;
    }
  }
  deal.layout = deal.layout.simplified();
  return deal;
}
