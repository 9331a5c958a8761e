// A flow stands for many sources; what they reach, and what is wanted of them, are boxes that are affine in the source.
// Whether one box lies in another is a few inequalities between affine terms, and the number of their tiles is affine
// too (they have one row or column). What of these holds at the corners of an area of sources holds all over it. A flow
// passes a router once, so its ends are disjoint: if all of them are wanted, and they are as many as wanted, they are
// what is wanted.
//
// Where the corners do not settle it (another box for each of two corners, say) the area is halved. A single source is
// always settled, by comparing sets.
#include "CompareFlows.h"

#include "llvm/ADT/STLExtras.h"

#include <set>

using namespace mlir;
using namespace wafer::fabric;

namespace {

/// The same box as seen from each corner of an area of sources.
using Corners = SmallVector<Box, 4>;

Box boxAt(const Ends &ends, Tile source) {
  return {ends.xLow.at(source.x), ends.xHigh.at(source.x), ends.yLow.at(source.y), ends.yHigh.at(source.y), ends.port};
}

bool holds(const Corners &outer, const Corners &inner) {
  return llvm::all_of(llvm::zip(outer, inner), [](auto pair) { return std::get<0>(pair).holds(std::get<1>(pair)); });
}

/// Whether ends lie in one of the boxes that are wanted; or each of them in one of its own.
bool areWanted(const Corners &ends, ArrayRef<Corners> wanted) {
  auto isWanted = [&](const Corners &some) {
    return llvm::any_of(wanted, [&](const Corners &box) { return holds(box, some); });
  };
  if (isWanted(ends))
    return true;
  int64_t size = ends.front().size();
  // No more ends than boxes can each have one of its own.
  if (size > static_cast<int64_t>(wanted.size()) ||
      llvm::any_of(ends, [&](const Box &box) { return box.size() != size; }))
    return false;
  return llvm::all_of(llvm::seq(size), [&](int64_t i) {
    return isWanted(llvm::map_to_vector<4>(ends, [&](const Box &box) { return box.part(i); }));
  });
}

bool equalAtCorners(const Flow &flow, Wanted wanted) {
  const Area &sources = flow.sources;
  std::set<Tile> corners{{sources.x.first, sources.y.first},
                         {sources.x.first, sources.y.last()},
                         {sources.x.last(), sources.y.first},
                         {sources.x.last(), sources.y.last()}};
  std::vector<Corners> heard(flow.ends.size()), wants;
  for (Tile corner : corners) {
    SmallVector<Box> boxes = wanted(corner);
    wants.resize(boxes.size());
    for (auto [want, box] : llvm::zip(wants, boxes))
      want.push_back(box);
    for (auto [some, ends] : llvm::zip(heard, flow.ends))
      some.push_back(boxAt(ends, corner));
  }
  // Two runs of sinks may name one terminal.
  llvm::sort(wants);
  wants.erase(llvm::unique(wants), wants.end());
  auto sizeAt = [](ArrayRef<Corners> boxes, size_t corner) {
    int64_t sum = 0;
    for (const Corners &box : boxes)
      sum += box[corner].size();
    return sum;
  };
  return llvm::all_of(llvm::seq(corners.size()), [&](size_t c) { return sizeAt(heard, c) == sizeAt(wants, c); }) &&
         llvm::all_of(heard, [&](const Corners &ends) { return areWanted(ends, wants); });
}

std::optional<Difference> compareOne(const Flow &flow, Wanted wanted) {
  Tile source = flow.sources.first();
  std::set<Box> heardEnds, wantedEnds;
  auto spread = [](const Box &box, std::set<Box> &ends) {
    for (int64_t i = 0; i != box.size(); ++i)
      ends.insert(box.part(i));
  };
  for (const Ends &ends : flow.ends)
    spread(boxAt(ends, source), heardEnds);
  for (const Box &box : wanted(source))
    spread(box, wantedEnds);
  for (const Box &end : wantedEnds)
    if (!heardEnds.count(end))
      return Difference{source, {end.xLow, end.yLow}, true};
  for (const Box &end : heardEnds)
    if (!wantedEnds.count(end))
      return Difference{source, {end.xLow, end.yLow}, false};
  return std::nullopt;
}

} // namespace

std::optional<Difference> wafer::fabric::compare(const Flow &flow, Wanted wanted) {
  if (equalAtCorners(flow, wanted))
    return std::nullopt;
  if (flow.sources.size() == 1)
    return compareOne(flow, wanted);
  bool alongY = flow.sources.y.count > flow.sources.x.count;
  const Progression &whole = alongY ? flow.sources.y : flow.sources.x;
  int64_t half = whole.count / 2;
  Progression halves[] = {Progression::make(whole.first, whole.step, half),
                          Progression::make(whole.first + half * whole.step, whole.step, whole.count - half)};
  for (const Progression &part : halves) {
    Area sources = alongY ? Area{flow.sources.x, part} : Area{part, flow.sources.y};
    if (std::optional<Difference> difference = compare({sources, flow.ends}, wanted))
      return difference;
  }
  return std::nullopt;
}
