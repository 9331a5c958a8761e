#include "wafer/Dialect/Wafer/Layout.h"

using namespace mlir;
using namespace wafer::wfr;

bool Affine::isConstant() const {
  return llvm::all_of(step, [](int64_t s) { return s == 0; });
}

Affine wafer::wfr::operator+(Affine a, const Affine &b) {
  a.constant += b.constant;
  for (unsigned i = 0; i != kNumAxes; ++i)
    a.step[i] += b.step[i];
  return a;
}

Affine wafer::wfr::operator*(Affine a, int64_t factor) {
  a.constant *= factor;
  for (int64_t &s : a.step)
    s *= factor;
  return a;
}

Affine wafer::wfr::operator-(Affine a, const Affine &b) { return a + b * -1; }

int64_t wafer::wfr::minOf(const Affine &a, const AxisSizes &sizes) {
  int64_t value = a.constant;
  for (unsigned i = 0; i != kNumAxes; ++i)
    if (a.step[i] < 0)
      value += a.step[i] * (sizes.size[i] - 1);
  return value;
}

int64_t wafer::wfr::maxOf(const Affine &a, const AxisSizes &sizes) { return -minOf(a * -1, sizes); }

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
  ArrayRef<int64_t> data = attr.getDims();
  for (unsigned d = 0; d != attr.getRank(); ++d) {
    LayoutDim dim;
    dim.length = data[7 * d];
    dim.start.constant = data[7 * d + 1];
    for (unsigned a = 0; a != kLayoutAxes; ++a)
      dim.start.step[a] = data[7 * d + 2 + a];
    layout.dims.push_back(dim);
  }
  return layout;
}

LayoutAttr Layout::attr(MLIRContext *context) const {
  SmallVector<int64_t> data;
  for (const LayoutDim &dim : dims) {
    data.push_back(dim.length);
    data.push_back(dim.start.constant);
    data.append(dim.start.step.begin(), dim.start.step.begin() + kLayoutAxes);
  }
  return LayoutAttr::get(context, splitX, splitY, data, kind, partialAxes, atAxes);
}

int64_t Layout::words() const {
  int64_t words = 1;
  for (const LayoutDim &dim : dims)
    words *= dim.length;
  return words;
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

AxisSizes wafer::wfr::axisSizes(RegionSize region, int64_t splitX, int64_t splitY, int64_t chunks) {
  AxisSizes sizes;
  sizes.size[X0] = llvm::divideCeil(region.width, splitX);
  sizes.size[X1] = std::min(region.width, splitX);
  sizes.size[Y0] = llvm::divideCeil(region.height, splitY);
  sizes.size[Y1] = std::min(region.height, splitY);
  sizes.size[T] = chunks;
  return sizes;
}

std::optional<SmallVector<int64_t>> wafer::wfr::linearForm(AffineExpr expression, unsigned dims) {
  SmallVector<int64_t> form(dims + 1, 0);
  if (auto dim = dyn_cast<AffineDimExpr>(expression)) {
    form[dim.getPosition()] = 1;
    return form;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expression)) {
    form.back() = constant.getValue();
    return form;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary || (binary.getKind() != AffineExprKind::Add && binary.getKind() != AffineExprKind::Mul))
    return std::nullopt;
  std::optional<SmallVector<int64_t>> a = linearForm(binary.getLHS(), dims), b = linearForm(binary.getRHS(), dims);
  if (!a || !b)
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::Add) {
    for (unsigned i = 0; i <= dims; ++i)
      form[i] = (*a)[i] + (*b)[i];
    return form;
  }
  // One factor of a product is a constant, on the right in canonical form.
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!factor)
    return std::nullopt;
  for (unsigned i = 0; i <= dims; ++i)
    form[i] = (*a)[i] * factor.getValue();
  return form;
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

int64_t wafer::wfr::coordinatesInUse(const Layout &layout, ArrayRef<int64_t> shape, Side side, RegionSize region) {
  Senders senders = sendersOf(layout, shape, side, region);
  return senders.major == 1 ? senders.minor : senders.major * senders.split;
}

int64_t wafer::wfr::reducedGroup(const Layout &layout, Side side, RegionSize region) {
  int64_t split = layout.split(side);
  bool major = layout.partialAxes & axisBit(majorAxis(side)), minor = layout.partialAxes & axisBit(minorAxis(side));
  if (major && (minor || split == 1))
    return region.along(side);
  return minor && !major ? split : 0;
}
