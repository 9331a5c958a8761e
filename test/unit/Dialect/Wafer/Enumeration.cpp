#include "Enumeration.h"

#include "llvm/Support/raw_os_ostream.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

std::vector<Pe> wafer::wfr::allPes(RegionSize region, int64_t chunks) {
  std::vector<Pe> pes;
  for (int64_t t = 0; t != chunks; ++t)
    for (int64_t y = 0; y != region.height; ++y)
      for (int64_t x = 0; x != region.width; ++x)
        pes.push_back({x, y, t});
  return pes;
}

void wafer::wfr::eachElement(ArrayRef<std::pair<int64_t, int64_t>> ranges,
                             const std::function<void(const Element &)> &body) {
  Element element;
  auto nest = [&](auto &self, size_t d) -> void {
    if (d == ranges.size())
      return body(element);
    for (int64_t i = ranges[d].first; i < ranges[d].second; ++i) {
      element.push_back(i);
      self(self, d + 1);
      element.pop_back();
    }
  };
  nest(nest, 0);
}

std::array<int64_t, kLayoutAxes> wafer::wfr::coordinatesOf(Pe pe, Split x, Split y) {
  std::array<int64_t, kLayoutAxes> coordinates{};
  for (Side side : kSides) {
    const Split split = side == Side::X ? x : y;
    const int64_t at = pe.along(side);
    coordinates[majorAxis(side)] = at / (split.middle * split.minor);
    coordinates[middleAxis(side)] = at / split.minor % split.middle;
    coordinates[minorAxis(side)] = at % split.minor;
  }
  coordinates[T] = pe.t;
  return coordinates;
}

int64_t wafer::wfr::valueAt(const Affine &affine, const Layout &axes, Pe pe) {
  const std::array<int64_t, kLayoutAxes> coordinates = coordinatesOf(pe, axes.splitX, axes.splitY);
  int64_t value = affine.constant;
  for (unsigned a = 0; a != kLayoutAxes; ++a)
    value += affine.step[a] * coordinates[a];
  return value;
}

std::pair<int64_t, int64_t> wafer::wfr::rangeAt(const LayoutDim &dim, int64_t extent, const Layout &axes, Pe pe) {
  int64_t start = valueAt(dim.start, axes, pe);
  return {std::max<int64_t>(0, start), std::min(extent, start + dim.length)};
}

bool wafer::wfr::isValidAt(const Layout &layout, Pe pe) {
  for (Axis axis : kPlaceAxes) {
    Affine coordinate;
    coordinate.step[axis] = 1;
    if ((layout.atAxes & axisBit(axis)) && valueAt(coordinate, layout, pe) != 0)
      return false;
  }
  return true;
}

Elements wafer::wfr::elementsOf(const Layout &layout, ArrayRef<int64_t> shape, Pe pe) {
  Elements elements;
  if (!isValidAt(layout, pe))
    return elements;
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (auto [dim, extent] : llvm::zip(layout.dims, shape))
    ranges.push_back(rangeAt(dim, extent, layout, pe));
  eachElement(ranges, [&](const Element &element) { elements.insert(element); });
  return elements;
}

std::ostream &wafer::wfr::operator<<(std::ostream &out, const Layout &layout) {
  MLIRContext context;
  context.loadDialect<WaferDialect>();
  llvm::raw_os_ostream stream(out);
  stream << layout.attr(&context);
  return out;
}

RegionShape Samples::region() {
  auto length = [&] { return chance(15) ? 8 : between(1, 6); };
  RegionShape region{{length(), length()}};
  for (Side side : kSides) {
    const int64_t pes = region.along(side), split = between(1, pes);
    if (pes == 8 && chance(60))
      region.split(side) = Split(2, 2);
    else
      region.split(side) = pes % split == 0 ? split : 1;
  }
  return region;
}

SmallVector<int64_t> Samples::shape(int64_t rank) {
  SmallVector<int64_t> shape;
  for (int64_t d = 0; d != rank; ++d)
    shape.push_back(chance(15) ? 1 : between(2, 9));
  return shape;
}

Samples::Reshape Samples::reshape(int64_t rank) {
  Reshape reshape{shape(rank), {}, {}};
  for (int64_t d = 0; d != rank; ++d) {
    if (d == 0 || chance(50)) {
      reshape.groups.emplace_back();
      reshape.coarse.push_back(1);
    }
    reshape.groups.back().push_back(d);
    reshape.coarse.back() *= reshape.fine[d];
  }
  return reshape;
}

Layout Samples::layout(ArrayRef<int64_t> shape, RegionShape region, int64_t chunks) {
  Layout layout = Layout::replicated(shape);
  layout.splitX = region.splitX;
  layout.splitY = region.splitY;
  AxisSizes sizes = region.axes(chunks);
  SmallVector<Axis> axes(kPlaceAxes.begin(), kPlaceAxes.end());
  if (chunks > 1)
    axes.push_back(T);
  if (shape.empty())
    return layout;
  bool wild = chance(10);
  for (Axis axis : axes) {
    if (chance(45) || sizes.size[axis] == 1)
      continue;
    int64_t d = between(0, static_cast<int64_t>(shape.size()) - 1);
    LayoutDim &dim = layout.dims[d];
    if (wild) {
      dim.length = between(1, shape[d]);
      dim.start.step[axis] = between(-3, 5);
      dim.start.constant = between(-2, 2);
      continue;
    }
    // Blocks of what a PE had of the dimension so far.
    int64_t block = llvm::divideCeil(dim.length, sizes.size[axis]);
    dim.start.step[axis] = dim.length = block;
  }
  for (auto [dim, extent] : llvm::zip(layout.dims, shape))
    if (!dim.start.isConstant() && chance(20)) { // a window
      int64_t halo = between(0, 2);
      dim.start.constant -= halo;
      dim.length += halo + between(0, 2);
    } else if (dim.start.isConstant() && chance(10)) { // a slice
      dim.start.constant = between(0, extent - 1);
      dim.length = between(1, extent - dim.start.constant);
    }
  return layout;
}
