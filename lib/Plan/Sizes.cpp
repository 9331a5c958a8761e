#include "Sizes.h"
#include "SideChoices.h"

#include "Decision.h"

#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

// Where regions only lie above one another, all heads
// stand in columns 0 .. meshWidth - width, and lanes of one color, which cannot cross and keep their order, each go
// down a column of their own: between heads that both stand at the mesh's edge there is a way for one.
int64_t wafer::wfr::lanesBetween(int64_t meshWidth, int64_t width) {
  return meshWidth / width > 1 ? INT64_MAX : meshWidth - width + 1;
}

namespace {

constexpr int kMostRegions = 64;

/// Free rectangles are few where no more of the largest would cover the mesh.
constexpr int64_t kMostPlaces = 16;

constexpr int64_t kLadder[] = {4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};

/// Lanes of a stream between regions around dead parts: they go straight where regions fit beside one another, and
/// elsewhere a few find a way round. A bus gives way in a stair of a column a lane for each dead part that it meets, so
/// it shall not meet one in every column.
int64_t lanesAround(const FreeSpace &space, ArrayRef<Rect> widest, int64_t meshWidth, int64_t w, int64_t h) {
  constexpr int kFew = 4;
  constexpr double kDeadPartsPerColumn = 1.0 / 3;
  int64_t most = lanesBetween(meshWidth, w);
  if (!space.hasDeadParts() || h <= kFew)
    return most;
  if (widest[h - 1].w >= 2 * w)
    return std::min(most, std::max<int64_t>(kFew, static_cast<int64_t>(kDeadPartsPerColumn / space.density())));
  return std::min<int64_t>(most, std::max(kFew, space.lanesBeside(static_cast<int>(w), static_cast<int>(h))));
}

/// Regions of one size that fit around dead parts.
int64_t roomFor(const FreeSpace &space, int64_t meshWidth, int64_t meshHeight, int64_t w, int64_t h) {
  return packingRoom(space, static_cast<int>(meshWidth), static_cast<int>(meshHeight), static_cast<int>(w),
                     static_cast<int>(h), kMostRegions);
}

/// Of the rectangles that lie high, or wide, the largest that so many find places for.
SmallVector<RegionShape, 2> largestFor(const FreeSpace &space, int64_t meshWidth, int64_t meshHeight,
                                       int64_t largestSide, int64_t places) {
  SmallVector<RegionShape, 2> largest;
  const int64_t most = meshWidth * meshHeight / places;
  for (const bool wide : {true, false}) {
    int64_t bestW = 0, bestH = 0;
    for (int64_t h = 1; h <= std::min(meshHeight, largestSide); ++h) {
      auto hasPlaces = [&](int64_t w) {
        return packingRoom(space, static_cast<int>(meshWidth), static_cast<int>(meshHeight), static_cast<int>(w),
                           static_cast<int>(h), static_cast<int>(places)) == places;
      };
      const int64_t last = std::min({meshWidth, largestSide, most / h, wide ? meshWidth : h});
      // Only what is larger than the best so far is asked for.
      for (int64_t w = std::max(bestW * bestH / h + 1, wide ? h : 1); w <= last && hasPlaces(w); ++w)
        bestW = w, bestH = h;
    }
    if (bestW > 0)
      largest.push_back(RegionShape{{bestW, bestH}});
  }
  return largest;
}

/// Region sizes worth trying on a mesh.
SmallVector<Size> sizesFor(const FreeSpace &space, ArrayRef<Rect> widest, int64_t meshWidth, int64_t meshHeight,
                           int64_t largestSide, int64_t lanes) {
  SmallVector<Size> sizes;
  auto add = [&](int64_t w, int64_t h) {
    if (w < 1 || h < 1 || h > meshHeight || w > widest[h - 1].w)
      return;
    if (!llvm::any_of(sizes, [&](const Size &s) { return s.shape.width == w && s.shape.height == h; }))
      sizes.push_back({{{w, h}}, roomFor(space, meshWidth, meshHeight, w, h), 0, 0, lanesBetween(meshWidth, w)});
  };
  // Divisions of the whole mesh, as long as regions are not much larger than any kernel can use.
  for (int64_t columns = 1; columns <= std::min<int64_t>(meshWidth, 8); ++columns)
    for (int64_t rows = 1; rows <= std::min<int64_t>(meshHeight, 4); ++rows)
      if (meshWidth / columns <= largestSide && meshHeight / rows <= largestSide && columns * rows <= 16)
        add(meshWidth / columns, meshHeight / rows);
  for (int64_t side : kLadder) {
    int64_t limited = std::min(side, largestSide);
    add(std::min(limited, meshWidth), std::min(limited, meshHeight));
  }
  if (!space.hasDeadParts())
    return sizes;
  // Around dead parts: the largest free square, and beside it what is wider or higher, free and not much smaller.
  auto widthAt = [&](int64_t h) { return std::min<int64_t>(widest[h - 1].w, largestSide); };
  int64_t square = 0;
  while (square < std::min(meshHeight, largestSide) && widthAt(square + 1) > square)
    ++square;
  add(square, square);
  // What all lanes of the host reach straight.
  for (int64_t h : kLadder) {
    if (h > std::min(meshHeight, largestSide))
      break;
    int w = 0;
    for (int y = 0; y + h <= meshHeight; ++y)
      while (w < std::min(meshWidth, largestSide) &&
             space.besideClearRows(y, w + 1, static_cast<int>(h), static_cast<int>(std::min(h, lanes))))
        ++w;
    add(w, h);
  }
  int64_t most = 0;
  for (const Rect &rect : widest)
    most = std::max(most, rect.area());
  // Where the free rectangles are few: for every number of regions the largest that find places.
  if (most * kMostPlaces >= meshWidth * meshHeight)
    for (int64_t places : {1, 2, 3, 4, 5, 6, 8, 12, 16})
      for (const RegionShape &shape : largestFor(space, meshWidth, meshHeight, largestSide, places))
        add(shape.width, shape.height);
  auto addIfLarge = [&](int64_t w, int64_t h) {
    if (2 * w * h >= std::min(most, largestSide * largestSide))
      add(w, h);
  };
  for (int64_t side : kLadder) {
    if (side <= std::min(meshHeight, largestSide))
      addIfLarge(widthAt(side), side);
    int64_t h = 0;
    while (h < std::min(meshHeight, largestSide) && widthAt(h + 1) >= side)
      ++h;
    addIfLarge(side, h);
  }
  return sizes;
}

} // namespace

/// Streams tell senders apart by two axes, so a region with a side divided in three is alone.
static Size dividedBy(Size size, Split splitX, Split splitY) {
  size.shape.splitX = splitX.divides() ? splitX : Split();
  size.shape.splitY = splitY.divides() ? splitY : Split();
  if (splitX.middle > 1 || splitY.middle > 1)
    size.room = std::min<int64_t>(size.room, 1);
  return size;
}

Result<SmallVector<Size>> wafer::wfr::sizesToTry(const Profile &profile, const FreeSpace &space,
                                                 const SizeRequest &request) {
  const auto &[meshW, meshH, largest, width, height, splitX, splitY, lanes] = request;
  const int64_t limit = lanes > 0 ? std::min<int64_t>(lanes, profile.hostLanes) : profile.hostLanes,
                most = space.hasDeadParts() ? space.openLanes(static_cast<int>(limit)) : limit;
  const std::vector<Rect> widest = space.widest();
  SmallVector<Size> sizes;
  if (width > 0 && height > 0)
    sizes.push_back({{{width, height}}, roomFor(space, meshW, meshH, width, height), 0, 0, lanesBetween(meshW, width)});
  else
    sizes = sizesFor(space, widest, meshW, meshH, largest, most);
  llvm::erase_if(sizes, [](const Size &size) { return size.room == 0; });
  // Around dead parts a large region may be had only where few lanes of the host, or none, reach it straight. One
  // lane nearly always finds a way.
  for (Size &size : sizes) {
    size.lanes = size.lanesOfTwo = most;
    if (space.hasDeadParts()) {
      auto [one, two] = space.straightLanes(static_cast<int>(size.shape.width), static_cast<int>(size.shape.height),
                                            static_cast<int>(most));
      size.lanes = std::max(1, one);
      size.lanesOfTwo = size.room > 1 ? std::max(1, two) : size.lanes;
    }
    if (size.room > 1)
      size.lanesBetween = lanesAround(space, widest, meshW, size.shape.width, size.shape.height);
    if (lanes > 0)
      size.lanesBetween = std::min<int64_t>(size.lanesBetween, lanes);
  }
  auto refuse = [&](const std::string &why, const std::string &hint) {
    return Diagnostic{ErrorCode::PlanDoesNotFit, why, hint};
  };
  const std::string mesh =
      "a mesh of " + std::to_string(meshW) + " x " + std::to_string(meshH) + " PEs of '" + profile.name + "' ";
  if (most == 0)
    return refuse(mesh + "is dead along its west edge, where the host's data enter and leave", "give another --target");
  if (sizes.empty())
    return refuse(mesh + "has no room for any region: its PEs are dead, or the regions asked for are larger",
                  "give another --mesh or --target");
  if (!splitX.divides() && !splitY.divides())
    return sizes;
  for (Size &size : sizes)
    size = dividedBy(size, splitX, splitY);
  auto divides = [](Split split, int64_t side) {
    return !split.divides() || (side % split.inner() == 0 && side > split.inner());
  };
  llvm::erase_if(sizes, [&](const Size &size) {
    return !divides(size.shape.splitX, size.shape.width) || !divides(size.shape.splitY, size.shape.height);
  });
  if (sizes.empty())
    return refuse("no region size for this mesh has sides that " + std::to_string(splitX.inner()) + " x " +
                      std::to_string(splitY.inner()) + " divides",
                  "give factors of the mesh's sides (--split), or let the compiler choose");
  return sizes;
}

/// Of kernels' loops, without those of one step.
static std::set<int64_t> loopExtents(const Graph &graph) {
  std::set<int64_t> extents;
  for (const GraphNode &node : graph.nodes)
    if (node.kind == GraphNode::Kernel)
      extents.insert(node.extents.begin(), node.extents.end());
  extents.erase(1);
  extents.erase(0);
  return extents;
}

/// The PEs of a minor axis that are worth a try: few, and those with which one of the two axes just holds a loop.
static std::set<int64_t> splitsFor(const Graph &graph, int64_t side) {
  std::set<int64_t> divisors, splits;
  for (int64_t d = 2; d < side; ++d)
    if (side % d == 0)
      divisors.insert(d);
  for (int64_t few : {2, 4, 8})
    if (divisors.count(few))
      splits.insert(few);
  for (int64_t extent : loopExtents(graph))
    if (auto minor = divisors.lower_bound(extent); minor != divisors.end()) {
      splits.insert(*minor);
      splits.insert(side / *minor);
    }
  return splits;
}

SmallVector<Size> wafer::wfr::divisionsOf(const Graph &graph, const Size &size, Side side) {
  SmallVector<Size> divisions;
  for (int64_t split : splitsFor(graph, size.shape.along(side))) {
    Size division = size;
    division.shape.split(side) = split;
    if (usesDivision(graph, division.shape))
      divisions.push_back(division);
  }
  return divisions;
}

/// Neighbors whose sums are long enough for a third axis to be worth the search: on WSE-2 17 words of 64 PEs take 380
/// cycles, of 16 PEs 145.
constexpr int64_t kLongSum = 64;

SmallVector<RegionShape> wafer::wfr::divisionsInThree(const Graph &graph, const RegionShape &shape, Side side) {
  const Split two = shape.split(side);
  if (two.middle > 1 || two.minor < kLongSum)
    return {};
  const int64_t major = shape.along(side) / two.minor;
  std::set<Split> splits;
  for (int64_t extent : loopExtents(graph)) {
    if (two.minor % extent == 0 && two.minor > extent)
      splits.insert(Split(extent, two.minor / extent));
    if (major % extent == 0 && major > extent)
      splits.insert(Split(extent, two.minor));
  }
  SmallVector<RegionShape> divisions;
  for (Split three : splits) {
    RegionShape division = shape;
    division.split(side) = three;
    if (usesDivision(graph, division))
      divisions.push_back(division);
  }
  return divisions;
}
