#include "SideChoices.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Two loops on a side must leave less than this share of the work that one loop leaves, to be looked at.
constexpr double kWorthDividing = 0.8;

/// What is left of a loop nest's work on one PE if a side has these loops: 1 of 1 at worst, less is better.
double shareOfWork(ArrayRef<int64_t> extents, SideDims side, RegionShape region, Side of) {
  const Split split = region.split(of);
  const int64_t majorSize = region.along(of) / split.inner();
  auto share = [&](int d, int64_t size) {
    return d == kNoDim ? 1.0
                       : static_cast<double>(llvm::divideCeil(extents[d], size)) / static_cast<double>(extents[d]);
  };
  if (side.major == side.minor)
    return share(side.major, region.along(of));
  if (side.major == side.middle)
    return share(side.major, majorSize * split.middle) * share(side.minor, split.minor);
  if (side.middle == side.minor)
    return share(side.major, majorSize) * share(side.minor, split.inner());
  return share(side.major, majorSize) * share(side.middle, split.middle) * share(side.minor, split.minor);
}

/// What a side may be given to.
class SideChoices {
public:
  SideChoices(const GraphNode &node, Side side, RegionShape region, SideDims other)
      : node(node), side(side), region(region), other(other), loops(static_cast<int>(node.extents.size())) {}

  /// No loop, any one loop, or, if the side is divided, two or three of them, where fewer would leave too much of the
  /// work to each PE. Sums may go to neighbors only.
  SmallVector<SideDims> run() {
    choices.push_back(SideDims());
    if (region.along(side) == 1)
      return std::move(choices);
    for (int d = 0; d != loops; ++d)
      if (node.extents[d] > 1 && d != node.stepLoop) {
        choices.push_back(SideDims(d));
        if (!other.has(d))
          best = std::min(best, shareOf(SideDims(d)));
      }
    const Split split = region.split(side);
    if (!split.divides())
      return std::move(choices);
    for (int major = 0; major != loops; ++major)
      for (int minor = 0; minor != loops; ++minor)
        if (major != minor && free(major) && free(minor) && (!node.reduction[major] || node.reduction[minor]))
          split.middle > 1 ? three(major, minor) : two(major, minor);
    return std::move(choices);
  }

private:
  double shareOf(SideDims dims) const { return shareOfWork(node.extents, dims, region, side); }
  bool free(int d) const { return d != node.stepLoop && node.extents[d] > 1 && !other.has(d); }

  void two(int major, int minor) {
    if (shareOf({major, minor}) < kWorthDividing * best)
      choices.push_back({major, minor});
  }

  /// On the middle axis a third loop, or nothing: where the major axis alone has PEs enough for its loop, those of the
  /// middle one hold the same. What is on one of the others as well is the choice of a side divided in two.
  void three(int major, int minor) {
    const SideDims copies(major, kNoDim, minor);
    if (!node.reduction[major] && shareOf(copies) <= best)
      choices.push_back(copies);
    const double two = std::min(shareOf({major, major, minor}), shareOf({major, minor, minor}));
    for (int middle = 0; middle != loops; ++middle) {
      const SideDims dims(major, middle, minor);
      if (middle != major && middle != minor && free(middle) && node.reduction[middle] == node.reduction[major] &&
          shareOf(dims) <= std::min(two, kWorthDividing * best))
        choices.push_back(dims);
    }
  }

  const GraphNode &node;
  Side side;
  RegionShape region;
  SideDims other;
  int loops;
  double best = 1;
  SmallVector<SideDims> choices;
};

} // namespace

SmallVector<SideDims> wafer::wfr::sideChoices(const GraphNode &node, Side side, RegionShape region, SideDims other) {
  return SideChoices(node, side, region, other).run();
}

/// A side's loops are two.
static bool isTwo(const SideDims &dims) { return dims.major != dims.minor; }

/// A kernel with a sum for the minor axis of a side that is divided in three, and a loop that fills each of the others.
static bool hasThreeLoops(const GraphNode &node, Side side, RegionShape region) {
  const AxisSizes sizes = region.axes();
  auto fills = [&](size_t d, bool reduced, Axis axis) {
    return node.reduction[d] == reduced && static_cast<int>(d) != node.stepLoop &&
           node.extents[d] % sizes.size[axis] == 0;
  };
  const auto loops = llvm::seq(node.extents.size());
  return llvm::any_of(loops, [&](size_t d) { return fills(d, true, minorAxis(side)); }) &&
         llvm::any_of(loops, [&](size_t major) {
           return fills(major, false, majorAxis(side)) && llvm::any_of(loops, [&](size_t middle) {
                    return middle != major && fills(middle, false, middleAxis(side));
                  });
         });
}

bool wafer::wfr::usesDivision(const Graph &graph, RegionShape region) {
  for (Side side : kSides) {
    const Split split = region.split(side);
    if (!split.divides())
      continue;
    bool used = llvm::any_of(graph.nodes, [&](const GraphNode &node) {
      return node.kind == GraphNode::Kernel &&
             (split.middle > 1 ? hasThreeLoops(node, side, region)
                               : llvm::any_of(sideChoices(node, side, region), isTwo));
    });
    if (!used)
      return false;
  }
  return true;
}
