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

Layout Layout::withSplits(int64_t x, int64_t y) const {
  Layout layout = *this;
  for (Side side : kSides) {
    int64_t &split = layout.split(side), by = side == Side::X ? x : y;
    if (split == by)
      continue;
    assert(split == 1 && "a side has one way to be split");
    Axis major = majorAxis(side), minor = minorAxis(side);
    split = by;
    for (LayoutDim &dim : layout.dims) {
      dim.start.step[minor] = dim.start.step[major];
      dim.start.step[major] *= by;
    }
    for (unsigned *axes : {&layout.partialAxes, &layout.atAxes})
      if (*axes & axisBit(major))
        *axes |= axisBit(minor);
  }
  return layout;
}

Layout Layout::simplified() const {
  Layout layout = *this;
  for (Side side : kSides) {
    int64_t &split = layout.split(side);
    Axis major = majorAxis(side), minor = minorAxis(side);
    auto both = [&](unsigned axes) { return (axes >> major & 1) == (axes >> minor & 1); };
    bool one = both(partialAxes) && both(atAxes) && llvm::all_of(layout.dims, [&](const LayoutDim &dim) {
                 return dim.start.step[major] == split * dim.start.step[minor];
               });
    if (split == 1 || !one)
      continue;
    split = 1;
    for (LayoutDim &dim : layout.dims) {
      dim.start.step[major] = dim.start.step[minor];
      dim.start.step[minor] = 0;
    }
    layout.partialAxes &= ~axisBit(minor);
    layout.atAxes &= ~axisBit(minor);
  }
  return layout;
}

void wafer::wfr::alignSplits(ArrayRef<Layout *> layouts) {
  int64_t x = 1, y = 1;
  for (Layout *layout : layouts) {
    *layout = layout->simplified();
    x = std::max(x, layout->splitX);
    y = std::max(y, layout->splitY);
  }
  for (Layout *layout : layouts)
    *layout = layout->withSplits(x, y);
}
