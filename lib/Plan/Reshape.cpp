// A reshape is free where every PE's box is the same words on both sides: blocks of the first dimension of a group,
// the others whole. So the memory of a PE and the extent of that dimension decide how fine it may be cut: of
// 3 x 224 x 224 no more than three PEs of a line would hold anything. Elsewhere two dimensions are merged (or one is
// split) by a pass along a line that holds both of them whole between its PEs; the other side's blocks may then be cut
// anywhere. A reshape of more dimensions is taken in such steps, and the search finds for each the cheaper way: of
// 3 x 224 x 224, 3 and the rows are merged along y while x still holds the columns, then every line of x gathers its
// columns and they are the last dimension of what is a box again.
#include "Reshape.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

SmallVector<ReshapeStep> wafer::wfr::reshapeSteps(ArrayRef<int64_t> fine, ArrayRef<int64_t> coarse,
                                                  ArrayRef<ReassociationIndices> groups) {
  SmallVector<ReshapeStep> steps;
  // What is left of each group after dimensions of one element are gone.
  SmallVector<SmallVector<int64_t>> left;
  ReshapeStep squeeze;
  squeeze.fine = SmallVector<int64_t>(fine);
  for (const ReassociationIndices &group : groups) {
    SmallVector<int64_t> kept;
    ReassociationIndices members;
    for (int64_t d : group) {
      if (fine[d] != 1 && !kept.empty()) {
        squeeze.groups.push_back(members);
        members.clear();
      }
      if (fine[d] != 1)
        kept.push_back(fine[d]);
      members.push_back(d);
    }
    squeeze.groups.push_back(members);
    if (kept.empty())
      kept.push_back(1);
    squeeze.coarse.append(kept);
    left.push_back(kept);
  }
  if (groups.empty() || squeeze.coarse.size() != fine.size())
    steps.push_back(squeeze);
  for (size_t g = 0; g != left.size(); ++g)
    while (left[g].size() > 1) {
      ReshapeStep merge;
      for (size_t other = 0; other != left.size(); ++other) {
        if (other == g)
          merge.merged = merge.fine.size();
        merge.fine.append(left[other]);
      }
      left[g][1] *= left[g][0];
      left[g].erase(left[g].begin());
      for (const SmallVector<int64_t> &dims : left)
        merge.coarse.append(dims);
      for (int64_t d = 0; d != static_cast<int64_t>(merge.fine.size()); ++d) {
        if (d == static_cast<int64_t>(*merge.merged) + 1)
          merge.groups.back().push_back(d);
        else
          merge.groups.push_back({d});
      }
      steps.push_back(merge);
    }
  return steps;
}

namespace {

/// Where the two dimensions, or the one, may rest on a side by a pass along it: the layouts on the other side of a pass
/// from `layout`.
std::vector<Layout> regroupedLayouts(const Layout &layout, ArrayRef<int64_t> to, Regroup regroup, Side side,
                                     RegionShape region) {
  unsigned d = regroup.dim;
  bool merge = regroup.kind == Regroup::Merge;
  // The pass brings together what its line holds: all of what is regrouped must be on the line.
  ArrayRef<LayoutDim> moved = ArrayRef(layout.dims).slice(d, merge ? 2 : 1);
  auto staysOnLine = [&](const LayoutDim &dim) {
    return dim.start.constant == 0 && dim.start.step[T] == 0 && !dim.start.dependsOn(otherSide(side));
  };
  auto onLine = [&](const LayoutDim &dim) { return dim.start.dependsOn(side); };
  // Merged where the inner one is whole, nothing would have to move.
  if (!llvm::all_of(moved, staysOnLine) || !onLine(moved.back()) || (merge && onLine(moved.front())))
    return {};
  std::vector<Layout> layouts;
  auto add = [&](ArrayRef<LayoutDim> dims) {
    Layout result = layout;
    result.dims.clear();
    result.dims.append(layout.dims.begin(), layout.dims.begin() + d);
    result.dims.append(dims.begin(), dims.end());
    result.dims.append(layout.dims.begin() + d + moved.size(), layout.dims.end());
    layouts.push_back(std::move(result));
  };
  if (merge) {
    add(shardedOn(side, to[d], region));
  } else {
    LayoutDim outer{to[d], Affine(0)}, inner{to[d + 1], Affine(0)};
    add({shardedOn(side, to[d], region), inner});
    add({outer, shardedOn(side, to[d + 1], region)});
  }
  return layouts;
}

} // namespace

std::vector<Candidate> wafer::wfr::reshapeCandidates(const Graph &graph, const GraphNode &node, const Layout *current,
                                                     RegionShape region) {
  ArrayRef<int64_t> from = node.operands[0].shape, to = graph.tensors[node.result].shape;
  std::vector<Candidate> candidates;
  auto add = [&](const Layout &layout, const Layout &result, std::optional<Side> along = std::nullopt) {
    Candidate candidate;
    candidate.operands.push_back(layout);
    candidate.local = candidate.result = result;
    candidate.regroupAlong = along;
    candidate.steps = graph.tripsOf(node);
    candidates.push_back(std::move(candidate));
  };
  auto consider = [&](const Layout &layout) {
    if (layout.atAxes || layout.partialAxes)
      return;
    if (std::optional<Layout> other = reshapeLayout(layout, from, to, node.groups, node.expand))
      add(layout, *other);
    if (node.regroup.kind == Regroup::None)
      return;
    for (Side side : kSides)
      if (region.along(side) > 1)
        for (const Layout &result : regroupedLayouts(layout, to, node.regroup, side, region))
          add(layout, result, side);
  };
  if (current)
    consider(*current);
  // Shard the collapsed side; the expanded side's blocks follow where they line up. Blocks are cut in units of what
  // stays together: the expanded dimensions after the first that is longer than one.
  for (const Layout &layout : plainLayouts(from, region))
    consider(layout);
  // The layout of the result that we want gives that of the source.
  if (node.expand)
    for (const Layout &layout : plainLayouts(to, region))
      if (std::optional<Layout> source = reshapeLayout(layout, to, from, node.groups, false))
        if (std::optional<Layout> result = reshapeLayout(*source, from, to, node.groups, true))
          add(*source, *result);
  return candidates;
}
