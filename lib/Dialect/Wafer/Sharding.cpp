#include "wafer/Dialect/Wafer/Sharding.h"

using namespace mlir;
using namespace wafer::wfr;

Layout wafer::wfr::replicatedOn(ArrayRef<int64_t> extents, RegionShape region) {
  Layout layout = Layout::replicated(extents);
  layout.splitX = region.splitX;
  layout.splitY = region.splitY;
  return layout;
}

Layout wafer::wfr::shardLayout(ArrayRef<int64_t> extents, SideDims x, SideDims y, RegionShape region, int64_t rows) {
  Layout layout = replicatedOn(extents, region);
  AxisSizes sizes = region.axes();
  if (rows)
    sizes.size[Y0] = llvm::divideCeil(rows, region.splitY.inner());
  for (int d = 0; d != static_cast<int>(extents.size()); ++d) {
    if (!x.has(d) && !y.has(d))
      continue;
    // From the axis whose neighbors hold neighboring blocks to that with the largest steps.
    SmallVector<Axis> axes;
    // Of both sides a column holds neighboring blocks: so what the host's lanes carry row by row spreads along columns.
    // Where only the first rows are to hold something, the rows' steps are the largest: the others' blocks then lie
    // beyond the end.
    SmallVector<std::pair<Axis, int>, 6> sides{{Y1, y.minor}, {YM, y.middle}, {Y0, y.major},
                                               {X1, x.minor}, {XM, x.middle}, {X0, x.major}};
    if (rows)
      std::rotate(sides.begin(), sides.begin() + 3, sides.end());
    for (auto [axis, on] : sides)
      if (on == d && (sizes.size[axis] > 1 || axis == X0 || axis == Y0))
        axes.push_back(axis);
    int64_t blocks = 1;
    for (Axis axis : axes)
      blocks *= sizes.size[axis];
    if (rows && y == SideDims(d)) // the last of the rows' coordinates may not all be there
      blocks = blocks / (sizes.size[Y0] * sizes.size[YM] * sizes.size[Y1]) * rows;
    LayoutDim &dim = layout.dims[d];
    int64_t step = dim.length = llvm::divideCeil(extents[d], blocks);
    for (Axis axis : axes) {
      dim.start.step[axis] = step;
      step *= sizes.size[axis];
    }
  }
  return layout;
}

LayoutDim wafer::wfr::shardedOn(Side side, int64_t extent, RegionShape region) {
  return (side == Side::X ? shardLayout(extent, 0, {}, region) : shardLayout(extent, {}, 0, region)).dims.front();
}

std::vector<Layout> wafer::wfr::plainLayouts(ArrayRef<int64_t> shape, RegionShape region, int64_t rows) {
  std::vector<Layout> layouts;
  SmallVector<int> dims{kNoDim};
  for (size_t d = 0; d != shape.size(); ++d)
    if (shape[d] > 1)
      dims.push_back(d);
  for (int dx : dims)
    for (int dy : dims) {
      if ((dx != kNoDim && region.width == 1) || (dy != kNoDim && region.height == 1))
        continue;
      Layout layout = shardLayout(shape, dx, dy, region, rows);
      if (!llvm::is_contained(layouts, layout))
        layouts.push_back(layout);
    }
  return layouts;
}

Layout wafer::wfr::operandLayout(AffineMap map, const Layout &iteration) {
  Layout layout;
  layout.splitX = iteration.splitX;
  layout.splitY = iteration.splitY;
  for (AffineExpr expression : map.getResults()) {
    if (auto loop = dyn_cast<AffineDimExpr>(expression)) {
      layout.dims.push_back(iteration.dims[loop.getPosition()]);
      continue;
    }
    std::optional<SmallVector<int64_t>> linear = linearForm(expression, map.getNumDims());
    assert(linear && "the graph holds kernels with linear maps only");
    ArrayRef<int64_t> flat = *linear;
    LayoutDim dim;
    dim.length = 1;
    dim.start = Affine(flat.back());
    for (size_t d = 0; d != iteration.dims.size(); ++d) {
      if (flat[d] == 0)
        continue;
      dim.start = dim.start + iteration.dims[d].start * flat[d];
      if (flat[d] < 0) // read backwards: the loop's last step is the box's first element
        dim.start = dim.start + Affine(flat[d] * (iteration.dims[d].length - 1));
      dim.length += std::abs(flat[d]) * (iteration.dims[d].length - 1);
    }
    layout.dims.push_back(dim);
  }
  return layout;
}

unsigned wafer::wfr::partialAxesOf(ArrayRef<bool> reduction, const Layout &iteration) {
  unsigned axes = 0;
  for (auto [reduced, dim] : llvm::zip(reduction, iteration.dims))
    if (reduced)
      for (Axis axis : kPlaceAxes)
        if (dim.start.step[axis] != 0)
          axes |= axisBit(axis);
  return axes;
}

Layout wafer::wfr::afterReduce(const Layout &layout, Side side) {
  Layout result = layout;
  result.atAxes |= layout.partialAxes & axesOf(side);
  result.partialAxes &= ~axesOf(side);
  if (!result.partialAxes)
    result.kind = PartialKind::None;
  return result;
}

Layout wafer::wfr::wholeOfChunks(const Layout &layout, int64_t chunks) {
  Layout whole = layout;
  for (LayoutDim &dim : whole.dims) {
    int64_t step = std::exchange(dim.start.step[T], 0);
    dim.length += std::abs(step) * (chunks - 1);
    if (step < 0)
      dim.start.constant += step * (chunks - 1);
  }
  return whole;
}

int64_t wafer::wfr::wordsOfChunks(const Layout &layout, int64_t chunks) {
  int64_t words = 1;
  for (const LayoutDim &dim : layout.dims)
    words *= dim.length + std::abs(dim.start.step[T]) * (chunks - 1);
  return words;
}

std::optional<Layout> wafer::wfr::reshapeLayout(const Layout &layout, ArrayRef<int64_t> fromShape,
                                                ArrayRef<int64_t> toShape, ArrayRef<ReassociationIndices> groups,
                                                bool expand) {
  Layout result = Layout::replicated(toShape);
  result.splitX = layout.splitX;
  result.splitY = layout.splitY;
  auto full = [&](size_t d, ArrayRef<int64_t> shape) {
    return layout.dims[d].start == Affine(0) && layout.dims[d].length == shape[d];
  };
  ArrayRef<int64_t> expandedShape = expand ? toShape : fromShape;
  for (auto [g, group] : llvm::enumerate(groups)) {
    // The first dimension of the group that is longer than one leads; what follows it stays together.
    size_t lead = 0;
    while (lead + 1 < group.size() && expandedShape[group[lead]] == 1)
      ++lead;
    int64_t inner = 1;
    for (size_t i = lead + 1; i < group.size(); ++i)
      inner *= expandedShape[group[i]];
    if (group.empty())
      continue;
    if (expand) {
      if (full(g, fromShape))
        continue;
      const LayoutDim &dim = layout.dims[g];
      LayoutDim &target = result.dims[group[lead]];
      if (dim.length % inner || dim.start.constant % inner ||
          llvm::any_of(dim.start.step, [&](int64_t s) { return s % inner != 0; }))
        return std::nullopt;
      target.length = dim.length / inner;
      target.start.constant = dim.start.constant / inner;
      for (unsigned a = 0; a != kLayoutAxes; ++a)
        target.start.step[a] = dim.start.step[a] / inner;
    } else {
      for (size_t i = 0; i != group.size(); ++i)
        if (i != lead && !full(group[i], fromShape))
          return std::nullopt;
      const LayoutDim &dim = layout.dims[group[lead]];
      result.dims[g].length = dim.length * inner;
      result.dims[g].start = dim.start * inner;
    }
  }
  if (expand && groups.empty())
    return llvm::all_of(toShape, [](int64_t n) { return n == 1; }) ? std::optional<Layout>(result) : std::nullopt;
  return result;
}
