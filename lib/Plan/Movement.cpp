// One pass along rows can change how the elements of each row are spread over it, one along columns likewise. Two
// passes, rows first or columns first, get from nearly any layout to nearly any other: in between, a PE holds what its
// row (column) had and its column (row) needs. Where an axis shards the same dimension on both sides of the change, the
// middle layout keeps the source's interval: it is the fuller one (docs/rationale/wafer.md has the table), and the
// memory it takes is part of the price.
#include "Movement.h"

#include "wafer/Dialect/Wafer/Transfer.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

struct Interval {
  Affine start;
  int64_t length;
};

/// The axes of a side in the order of their steps.
std::array<Axis, 2> axesByStep(const Affine &start, Side side) {
  Axis major = majorAxis(side), minor = minorAxis(side);
  if (std::abs(start.step[major]) < std::abs(start.step[minor]))
    std::swap(major, minor);
  return {minor, major};
}

/// Union over a line; nothing if it has gaps.
std::optional<Interval> unionAlong(const LayoutDim &dim, Side side, const AxisSizes &sizes) {
  Interval interval{dim.start, dim.length};
  for (Axis axis : axesByStep(dim.start, side)) {
    int64_t step = interval.start.step[axis], count = sizes.size[axis];
    interval.start.step[axis] = 0;
    if (step == 0 || count == 1)
      continue;
    if (step < 0 || step > interval.length)
      return std::nullopt;
    interval.length += step * (count - 1);
  }
  return interval;
}

/// The same, gaps filled.
Interval hullAlong(const LayoutDim &dim, Side side, const AxisSizes &sizes) {
  Interval interval{dim.start, dim.length};
  for (Axis axis : axesByStep(dim.start, side)) {
    int64_t step = interval.start.step[axis];
    if (step < 0)
      interval.start.constant += step * (sizes.size[axis] - 1);
    interval.length += std::abs(step) * (sizes.size[axis] - 1);
    interval.start.step[axis] = 0;
  }
  return interval;
}

/// `has` holds all of `need` that exists: elements 0 .. extent - 1, and of those the ones in `all` (one chunk of a
/// tensor is all there is of it for now).
bool covers(const Interval &has, const Interval &need, const Interval &all, int64_t extent, const AxisSizes &sizes) {
  Affine hasEnd = has.start + Affine(has.length), needEnd = need.start + Affine(need.length),
         allEnd = all.start + Affine(all.length);
  bool low = maxOf(has.start - need.start, sizes) <= 0 || maxOf(has.start, sizes) <= 0 ||
             maxOf(has.start - all.start, sizes) <= 0;
  bool high =
      minOf(hasEnd - needEnd, sizes) >= 0 || minOf(hasEnd, sizes) >= extent || minOf(hasEnd - allEnd, sizes) >= 0;
  return low && high;
}

/// What there is of a dimension: all of it, but of a tensor that is made chunk by chunk only what the PEs hold
/// together.
Interval existing(const LayoutDim &dim, int64_t extent, const AxisSizes &sizes) {
  if (dim.start.step[T] == 0)
    return {Affine(0), extent};
  Interval rows = hullAlong(dim, Side::X, sizes);
  return hullAlong({rows.length, rows.start}, Side::Y, sizes);
}

class Planner {
public:
  Planner(const MoveRequest &request, RegionShape region, int64_t chunks, const ResourceModel &model)
      : request(request), region(region), model(model), chunks(chunks), sizes(region.axes(chunks)) {
    for (auto [d, dim] : llvm::enumerate(request.to.dims))
      need.push_back({dim.length, dim.start - Affine(request.shift.empty() ? 0 : request.shift[d])});
    for (auto [dim, extent] : llvm::zip(request.from.dims, request.fromShape))
      all.push_back(existing(dim, extent, sizes));
  }

  std::optional<Movement> run() {
    const Layout &from = request.from;
    if (from.atAxes == 0 && inPlace(from)) {
      Movement movement;
      if (request.copy) {
        double cycles = model.vectorCycles(isa::VectorOp::Mov, request.to.words());
        movement.steps.push_back({std::nullopt, request.to, cycles});
        movement.cycles = cycles;
      }
      return movement;
    }
    std::optional<Movement> best;
    auto consider = [&](std::optional<Movement> movement) {
      if (movement && (!best || movement->cycles < best->cycles))
        best = movement;
    };
    for (Side side : kSides)
      if (canPass(from, side)) {
        consider(single(from, side));
        consider(gathered(from, side));
      }
    if (best)
      return best;
    for (Side first : kSides)
      consider(twoPasses(first));
    return best;
  }

private:
  bool inPlace(const Layout &has) const {
    for (size_t d = 0; d != need.size(); ++d)
      if (!covers({has.dims[d].start, has.dims[d].length}, {need[d].start, need[d].length}, all[d],
                  request.fromShape[d], sizes))
        return false;
    return true;
  }

  /// An interval holds nothing beyond what there is. What is handed on from a layout must: of a tensor that is made
  /// chunk by chunk only the last step may end in one that other chunks fill.
  bool exists(const Interval &interval, size_t d) const {
    if (request.from.dims[d].start.step[T] == 0)
      return true;
    Affine end = interval.start + Affine(interval.length), allEnd = all[d].start + Affine(all[d].length);
    return minOf(interval.start - all[d].start, sizes) >= 0 && maxOf(end - allEnd, sizes) <= 0;
  }

  bool canPass(const Layout &has, Side side) const {
    if (has.atAxes & axesOf(otherSide(side)))
      return false;
    for (size_t d = 0; d != need.size(); ++d) {
      std::optional<Interval> line = unionAlong(has.dims[d], side, sizes);
      if (!line || !covers(*line, {need[d].start, need[d].length}, all[d], request.fromShape[d], sizes))
        return false;
    }
    return true;
  }

  /// A step along one side, by the fastest algorithm.
  MoveStep along(Side side, Layout has, Layout result, ArrayRef<LayoutDim> wanted) const {
    double words = 1;
    for (size_t d = 0; d != wanted.size(); ++d) {
      int64_t held = hullAlong(has.dims[d], side, sizes).length, asked = hullAlong(wanted[d], side, sizes).length;
      words *= static_cast<double>(std::min({held, asked, request.fromShape[d]}));
    }
    Layout to = alignedTo(has, wanted);
    auto [collective, cycles] =
        fastestMove({side, region, has, to, request.fromShape, sizesOf(has), static_cast<int64_t>(words)}, model);
    return {side, std::move(result), cycles, collective->algorithm()};
  }

  /// The layout of `wanted`; both in as few axes as say them, as code generation will have them.
  static Layout alignedTo(Layout &has, ArrayRef<LayoutDim> wanted) {
    Layout to;
    to.splitX = has.splitX;
    to.splitY = has.splitY;
    to.dims.assign(wanted.begin(), wanted.end());
    alignSplits({&has, &to});
    return to;
  }

  AxisSizes sizesOf(const Layout &layout) const { return axisSizes(region, layout.splitX, layout.splitY, chunks); }

  Movement single(const Layout &has, Side side) const {
    Movement movement;
    movement.steps.push_back(along(side, has, request.to, need));
    movement.cycles = movement.steps.front().cycles;
    return movement;
  }

  /// Everybody keeps all that its line needs, and then its own part of it. Blocks that nobody cuts are taken together:
  /// where they are many and small that is faster than a window of each.
  std::optional<Movement> gathered(const Layout &has, Side side) const {
    Layout middle;
    middle.splitX = has.splitX;
    middle.splitY = has.splitY;
    for (size_t d = 0; d != need.size(); ++d) {
      Interval line = hullAlong(need[d], side, sizes);
      if (line.length > request.fromShape[d] && line.start.isConstant())
        line = {Affine(0), request.fromShape[d]};
      if (!exists(line, d))
        return std::nullopt;
      middle.dims.push_back({line.length, line.start});
    }
    double copy = model.vectorCycles(isa::VectorOp::Mov, request.to.words());
    Movement movement;
    movement.steps.push_back(along(side, has, middle, middle.dims));
    movement.steps.push_back({std::nullopt, request.to, copy});
    movement.cycles = movement.steps.front().cycles + copy;
    movement.middleWords = middle.words();
    return movement;
  }

  std::optional<Movement> twoPasses(Side first) const {
    const Side second = otherSide(first);
    const Layout &from = request.from;
    // The first pass must not start from lines that hold nothing valid; columns first may carry rows' validity along.
    if (first == Side::X && (from.atAxes & axesOf(Side::Y)))
      return std::nullopt;
    Layout middle;
    middle.splitX = from.splitX;
    middle.splitY = from.splitY;
    middle.atAxes = from.atAxes & ~axesOf(first);
    for (size_t d = 0; d != need.size(); ++d) {
      std::optional<Interval> had = unionAlong(from.dims[d], first, sizes);
      if (!had)
        return std::nullopt;
      Interval asked = hullAlong(need[d], second, sizes);
      Interval chosen = covers(*had, asked, all[d], request.fromShape[d], sizes) && exists(asked, d) ? asked : *had;
      if (chosen.length > request.fromShape[d] && chosen.start.isConstant())
        chosen = {Affine(0), request.fromShape[d]};
      middle.dims.push_back({chosen.length, chosen.start});
    }
    if (!canPass(middle, second))
      return std::nullopt;
    Movement movement;
    movement.steps.push_back(along(first, from, middle, middle.dims));
    movement.steps.push_back(along(second, middle, request.to, need));
    movement.cycles = movement.steps[0].cycles + movement.steps[1].cycles;
    movement.middleWords = middle.words();
    return movement;
  }

  const MoveRequest &request;
  RegionShape region;
  const ResourceModel &model;
  int64_t chunks;
  AxisSizes sizes;
  SmallVector<LayoutDim> need; // in the source's indices
  SmallVector<Interval> all;   // that exists
};

} // namespace

const Movement *MovementPlanner::plan(const MoveRequest &request, int64_t chunks) {
  key.assign({chunks, request.copy, static_cast<int64_t>(request.fromShape.size())});
  auto add = [&](ArrayRef<int64_t> numbers) { key.append(numbers.begin(), numbers.end()); };
  add(request.fromShape);
  add(request.shift);
  for (const Layout *layout : {&request.from, &request.to}) {
    key.push_back(static_cast<int64_t>(layout->atAxes));
    for (const LayoutDim &dim : layout->dims) {
      add({dim.length, dim.start.constant});
      add(ArrayRef(dim.start.step).take_front(kLayoutAxes));
    }
  }
  auto it = known.find(key);
  if (it == known.end())
    it = known.emplace(key, Planner(request, region, chunks, model).run()).first;
  return it->second ? &*it->second : nullptr;
}

std::optional<MoveStep> MovementPlanner::regroup(const Layout &from, ArrayRef<int64_t> fromShape, const Layout &to,
                                                 ArrayRef<int64_t> toShape, Regroup regroup, Side side) const {
  AxisSizes sizes = region.axes();
  unsigned d = regroup.dim;
  bool merge = regroup.kind == Regroup::Merge;
  int64_t outer = (merge ? fromShape : toShape)[d], inner = (merge ? fromShape : toShape)[d + 1];
  // Both sides in the dimensions of the coarser one.
  auto coarse = [&](auto interval, const Layout &layout) -> std::optional<SmallVector<Interval>> {
    bool fine = &layout == (merge ? &from : &to);
    SmallVector<Interval> intervals;
    for (size_t k = 0; k != layout.dims.size(); ++k) {
      std::optional<Interval> dim = interval(layout.dims[k]);
      if (!dim)
        return std::nullopt;
      if (fine && k == d + 1) // of the rows all, or what is said is not an interval
        continue;
      if (fine && k == d)
        dim = Interval{dim->start * inner, dim->length * inner};
      intervals.push_back(*dim);
    }
    return intervals;
  };
  std::optional<SmallVector<Interval>>
      has = coarse([&](const LayoutDim &dim) { return unionAlong(dim, side, sizes); }, from),
      need = coarse([](const LayoutDim &dim) { return std::optional(Interval{dim.start, dim.length}); }, to);
  if (!has || from.atAxes || from.partialAxes || from.dependsOn(T) || to.dependsOn(T))
    return std::nullopt;
  if (merge) {
    std::optional<Interval> rows = unionAlong(from.dims[d + 1], side, sizes);
    if (!covers(*rows, {Affine(0), inner}, {Affine(0), inner}, inner, sizes))
      return std::nullopt;
  }
  double words = 1;
  for (size_t k = 0; k != has->size(); ++k) {
    int64_t extent = (merge ? toShape : fromShape)[k];
    if (!covers((*has)[k], (*need)[k], {Affine(0), extent}, extent, sizes))
      return std::nullopt;
    int64_t asked = hullAlong({(*need)[k].length, (*need)[k].start}, side, sizes).length;
    words *= static_cast<double>(std::min({(*has)[k].length, asked, extent}));
  }
  Senders senders = sendersOf(from.simplified(), fromShape, side, region);
  MoveStep step{side, to, 0};
  step.regroup = regroup;
  step.cycles =
      model.broadcastCycles(static_cast<int64_t>(words), static_cast<int>(region.along(side))) +
      static_cast<double>(outer) * (kSenderOverheadCycles * static_cast<double>(senders.major * senders.minor) +
                                    static_cast<double>(senders.end()));
  return step;
}

bool wafer::wfr::holds(const Layout &has, const Layout &need, ArrayRef<int64_t> shape, RegionShape region,
                       int64_t chunks) {
  AxisSizes sizes = region.axes(chunks);
  if (has.atAxes || has.partialAxes)
    return false;
  for (size_t d = 0; d != need.dims.size(); ++d)
    if (!covers({has.dims[d].start, has.dims[d].length}, {need.dims[d].start, need.dims[d].length},
                existing(has.dims[d], shape[d], sizes), shape[d], sizes))
      return false;
  return true;
}

bool wafer::wfr::holdsAll(const Layout &layout, ArrayRef<int64_t> shape, RegionShape region) {
  AxisSizes sizes = region.axes();
  for (auto [dim, extent] : llvm::zip(layout.dims, shape)) {
    std::optional<Interval> rows = unionAlong(dim, Side::X, sizes), all;
    if (rows)
      all = unionAlong({rows->length, rows->start}, Side::Y, sizes);
    if (!all || maxOf(all->start, sizes) > 0 || minOf(all->start + Affine(all->length), sizes) < extent)
      return false;
  }
  return true;
}

int64_t wafer::wfr::laneWords(const Layout &layout, ArrayRef<int64_t> shape, RegionShape region) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  // Rows and columns may hold the same as their neighbors: then it is sent again.
  Layout simple = layout.simplified();
  Senders rows = sendersOf(simple, shape, Side::Y, region), columns = sendersOf(simple, shape, Side::X, region);
  int64_t repeated = llvm::divideCeil(coordinatesInUse(simple, shape, Side::X, region), columns.major * columns.minor);
  return llvm::divideCeil(elements, rows.major * rows.minor) * repeated;
}
