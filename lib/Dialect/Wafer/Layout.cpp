#include "wafer/Dialect/Wafer/Layout.h"

using namespace mlir;
using namespace wafer::wfr;

Layout Layout::replicated(ArrayRef<int64_t> shape) {
  Layout layout;
  for (int64_t extent : shape)
    layout.dims.push_back({extent, Affine(0)});
  return layout;
}

Layout Layout::get(LayoutAttr attr) {
  Layout layout;
  layout.splitX = attr.getSplitX();
  layout.splitY = attr.getSplitY();
  layout.kind = attr.getKind();
  layout.partialAxes = attr.getPartialAxes();
  layout.atAxes = attr.getAtAxes();
  layout.dims.assign(attr.getDims().begin(), attr.getDims().end());
  return layout;
}

LayoutAttr Layout::attr(MLIRContext *context) const {
  return LayoutAttr::get(context, splitX, splitY, dims, kind, partialAxes, atAxes);
}

int64_t Layout::words() const {
  int64_t words = 1;
  for (const LayoutDim &dim : dims)
    words *= dim.length;
  return words;
}

SmallVector<int64_t> Layout::strides() const {
  SmallVector<int64_t> strides(dims.size(), 1);
  for (int d = static_cast<int>(strides.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * dims[d + 1].length;
  return strides;
}

bool Layout::dependsOn(Axis axis) const {
  return llvm::any_of(dims, [&](const LayoutDim &dim) { return dim.start.step[axis] != 0; });
}

Layout wafer::wfr::layoutOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (auto attr = dyn_cast_or_null<LayoutAttr>(tensor.getEncoding()))
    return Layout::get(attr);
  return Layout::replicated(tensor.getShape());
}

RankedTensorType wafer::wfr::withLayout(RankedTensorType type, const Layout &layout) {
  return RankedTensorType::get(type.getShape(), type.getElementType(), layout.attr(type.getContext()));
}

/// Axis `outer` of a side becomes two: coordinates of `inner` are so many of them.
static void divideAxis(Layout &layout, Axis outer, Axis inner, int64_t count) {
  if (count == 1)
    return;
  for (LayoutDim &dim : layout.dims) {
    dim.start.step[inner] = dim.start.step[outer];
    dim.start.step[outer] *= count;
  }
  for (unsigned *axes : {&layout.partialAxes, &layout.atAxes})
    if (*axes & axisBit(outer))
      *axes |= axisBit(inner);
}

/// The other way round: what two axes say is said by the outer one.
static void joinAxes(Layout &layout, Axis outer, Axis inner) {
  for (LayoutDim &dim : layout.dims)
    dim.start.step[outer] = std::exchange(dim.start.step[inner], 0);
  layout.partialAxes &= ~axisBit(inner);
  layout.atAxes &= ~axisBit(inner);
}

/// Whether two axes say no more than one, of which `count` coordinates of the inner one are one of the outer.
static bool sayOne(const Layout &layout, Axis outer, Axis inner, int64_t count) {
  auto both = [&](unsigned axes) { return (axes >> outer & 1) == (axes >> inner & 1); };
  return both(layout.partialAxes) && both(layout.atAxes) && llvm::all_of(layout.dims, [&](const LayoutDim &dim) {
           return dim.start.step[outer] == count * dim.start.step[inner];
         });
}

static void moveAxis(Layout &layout, Axis from, Axis to) {
  for (LayoutDim &dim : layout.dims)
    dim.start.step[to] = std::exchange(dim.start.step[from], 0);
  for (unsigned *axes : {&layout.partialAxes, &layout.atAxes}) {
    *axes |= *axes & axisBit(from) ? axisBit(to) : 0;
    *axes &= ~axisBit(from);
  }
}

Layout Layout::withSplits(Split x, Split y) const {
  Layout layout = *this;
  for (Side side : kSides) {
    const Split from = split(side), to = side == Side::X ? x : y;
    if (from == to)
      continue;
    const Axis major = majorAxis(side), middle = middleAxis(side), minor = minorAxis(side);
    layout.split(side) = to;
    if (!from.divides()) {
      divideAxis(layout, major, minor, to.minor);
      divideAxis(layout, major, middle, to.middle);
      continue;
    }
    assert(from.middle == 1 && "what has three axes has no more");
    if (from.minor == to.minor) {
      divideAxis(layout, major, middle, to.middle);
      continue;
    }
    assert(from.minor == to.inner() && "one division must refine the other");
    moveAxis(layout, minor, middle);
    divideAxis(layout, middle, minor, to.minor);
  }
  return layout;
}

Layout Layout::simplified() const {
  Layout layout = *this;
  for (Side side : kSides) {
    Split &split = layout.split(side);
    const Axis major = majorAxis(side), middle = middleAxis(side), minor = minorAxis(side);
    if (split.middle > 1 && sayOne(layout, major, middle, split.middle)) {
      joinAxes(layout, major, middle);
      split = split.minor;
    } else if (split.middle > 1 && sayOne(layout, middle, minor, split.minor)) {
      joinAxes(layout, middle, minor);
      moveAxis(layout, middle, minor);
      split = split.inner();
    }
    if (split.middle == 1 && split.minor > 1 && sayOne(layout, major, minor, split.minor)) {
      joinAxes(layout, major, minor);
      split = Split();
    }
  }
  return layout;
}

std::optional<Split> wafer::wfr::commonSplit(Split a, Split b) {
  SmallVector<int64_t, 4> groups; // of neighbors, each within the next
  for (const Split &split : {a, b})
    for (int64_t group : {split.minor, split.inner()})
      if (group > 1 && !llvm::is_contained(groups, group))
        groups.push_back(group);
  llvm::sort(groups);
  if (groups.empty())
    return Split();
  if (groups.size() == 1)
    return Split(groups[0]);
  if (groups.size() > 2 || groups[1] % groups[0] != 0)
    return std::nullopt;
  return Split(groups[1] / groups[0], groups[0]);
}

void wafer::wfr::alignSplits(ArrayRef<Layout *> layouts) {
  Split all[2];
  for (Layout *layout : layouts) {
    *layout = layout->simplified();
    for (Side side : kSides) {
      Split &split = all[side == Side::Y];
      std::optional<Split> common = commonSplit(split, layout->split(side));
      assert(common && "a side has one way to be split");
      split = *common;
    }
  }
  for (Layout *layout : layouts)
    *layout = layout->withSplits(all[0], all[1]);
}
