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

class Planner {
public:
  Planner(const MoveRequest &request, RegionShape region, int64_t chunks, const ResourceModel &model,
          LinePlanner &lines)
      : request(request), region(region), model(model), lines(lines), chunks(chunks), sizes(region.axes(chunks)) {
    for (auto [d, dim] : llvm::enumerate(request.to.dims))
      need.push_back({dim.length, dim.start - Affine(request.shift.empty() ? 0 : request.shift[d])});
    for (auto [dim, extent] : llvm::zip(request.from.dims, request.fromShape))
      all.push_back(existing(dim, extent, sizes));
  }

  std::optional<Movement> run() {
    const Layout &from = request.from;
    if (inPlace()) {
      Movement movement;
      if (request.ending != Ending::Anywhere) {
        movement.cycles = copyCycles();
        movement.steps.push_back({std::nullopt, request.to, movement.cycles});
      }
      return movement;
    }
    for (Side side : kSides)
      if (canPass(from, side)) {
        single(from, side);
        gathered(from, side);
      }
    auto addSum = [&](const Sum &sum, Movement &movement) {
      movement.steps.push_back(sum.gathered);
      if (mustCopy())
        movement.steps.push_back({std::nullopt, request.to, copyCycles()});
    };
    for (Side side : kSides) {
      if (std::optional<Sum> sum = sumAlong(from, side)) {
        consider(sum->cycles, sum->middleWords, [&](Movement &movement) { addSum(*sum, movement); });
      } else if (std::optional<PassAndSum> both = passAndSum(side)) {
        std::optional<Along> pass = along(otherSide(side), from, both->middle.dims, limit() - both->sum.cycles);
        if (pass)
          consider(pass->cycles + both->sum.cycles, both->middle.words() + both->sum.middleWords,
                   [&](Movement &movement) {
                     movement.steps.push_back(pass->to(both->middle));
                     addSum(both->sum, movement);
                   });
      }
    }
    if (!best)
      for (Side first : kSides)
        twoPasses(first);
    return std::move(best);
  }

  /// The least that run() may find, from the words that have to go along lines.
  MoveBound bound() const {
    const Layout &from = request.from;
    if (inPlace())
      return request.ending != Ending::Anywhere ? MoveBound{copyCycles(), 1} : MoveBound{0, 0};
    double least = INFINITY;
    // What gathers the same words along the side takes no less.
    for (Side side : kSides)
      if (canPass(from, side))
        least = std::min(least, leastAlong(side, from.dims, need));
    for (Side side : kSides)
      if (std::optional<Sum> sum = sumAlong(from, side))
        least = std::min(least, sum->cycles);
      else if (std::optional<PassAndSum> both = passAndSum(side))
        least = std::min(least, leastAlong(otherSide(side), from.dims, both->middle.dims) + both->sum.cycles);
    if (least == INFINITY)
      for (Side first : kSides)
        if (std::optional<Layout> middle = between(first))
          least = std::min(least, leastAlong(first, from.dims, middle->dims) +
                                      leastAlong(otherSide(first), middle->dims, need));
    return {least, 1};
  }

private:
  bool inPlace() const {
    const Layout &has = request.from;
    if (has.atAxes)
      return false;
    for (size_t d = 0; d != need.size(); ++d)
      if (!covers(has.dims[d], need[d], all[d], request.fromShape[d], sizes))
        return false;
    return true;
  }

  double copyCycles() const { return model.vectorCycles(isa::VectorOp::Mov, request.to.words()); }

  /// An interval holds nothing beyond what there is. What is handed on from a layout must: of a tensor that is made
  /// chunk by chunk only the last step may end in one that other chunks fill.
  bool exists(const LayoutDim &interval, size_t d) const {
    if (request.from.dims[d].start.step[T] == 0)
      return true;
    Affine end = interval.start + Affine(interval.length), allEnd = all[d].start + Affine(all[d].length);
    return minOf(interval.start - all[d].start, sizes) >= 0 && maxOf(end - allEnd, sizes) <= 0;
  }

  bool canPass(const Layout &has, Side side) const {
    return !(has.atAxes & axesOf(otherSide(side))) && haveTogether(has, axesOf(side));
  }

  /// PEs that differ on these axes only have between them what each of them needs.
  bool haveTogether(const Layout &has, unsigned axes) const {
    for (size_t d = 0; d != need.size(); ++d) {
      std::optional<LayoutDim> together = unionOver(axes, has.dims[d], sizes);
      if (!together || !covers(*together, need[d], all[d], request.fromShape[d], sizes))
        return false;
    }
    return true;
  }

  /// The all-gather by a sum: where all PEs of a line, or of a group of neighbors, need the same of what they have in
  /// parts, these are terms beside zeros.
  struct Sum {
    MoveStep gathered;
    double cycles;
    int64_t middleWords;
  };

  /// Sums are in memory of their own.
  bool mustCopy() const {
    return request.ending == Ending::Given || llvm::any_of(request.shift, [](int64_t shift) { return shift != 0; });
  }

  std::optional<Sum> sumAlong(const Layout &from, Side side) const {
    if (from.atAxes || from.dependsOn(T) || request.to.dependsOn(T) || region.along(side) == 1)
      return std::nullopt;
    std::optional<Sum> best;
    const int64_t group = region.split(side).minor;
    for (bool whole : {false, true}) {
      const unsigned axes = whole ? axesOf(side) : axisBit(minorAxis(side));
      if ((!whole && (group == 1 || group == region.along(side))) || !gives(from, axes))
        continue;
      Layout result = request.to;
      result.dims.assign(need.begin(), need.end());
      ReduceTask task{side, region.along(side), whole ? region.along(side) : group, result.words()};
      const auto &[line, reducing] = lines.fastest(task);
      // Zeros, the own part, and what is due elsewhere.
      double cycles =
          reducing + 2 * model.vectorCycles(isa::VectorOp::Mov, task.words) + (mustCopy() ? copyCycles() : 0);
      if (best && best->cycles <= cycles)
        continue;
      MoveStep step{side, std::move(result), cycles - (mustCopy() ? copyCycles() : 0)};
      step.line = line;
      step.words = task.words;
      best = {std::move(step), cycles, (mustCopy() ? 2 : 1) * task.words};
    }
    return best;
  }

  /// PEs that differ on these axes only need the same, and have it between them.
  bool gives(const Layout &from, unsigned axes) const {
    for (const LayoutDim &dim : need)
      for (Axis axis : kPlaceAxes)
        if ((axes & axisBit(axis)) && dim.start.step[axis] != 0)
          return false;
    return haveTogether(from, axes);
  }

  /// Where few PEs of the other side's lines have the parts, all of a line hear them first. A kernel that needs such a
  /// movement has better layouts to choose from; an output leaves from few.
  struct PassAndSum {
    Layout middle;
    Sum sum;
  };

  std::optional<PassAndSum> passAndSum(Side side) const {
    const Side first = otherSide(side);
    if (request.ending != Ending::Own || !request.from.dependsOn(first))
      return std::nullopt;
    std::optional<Layout> middle = between(first);
    if (!middle || middle->dependsOn(first))
      return std::nullopt;
    std::optional<Sum> sum = sumAlong(*middle, side);
    return sum ? std::optional<PassAndSum>({std::move(*middle), std::move(*sum)}) : std::nullopt;
  }

  /// A step along one side.
  struct Along {
    Side side;
    double cycles;
    MoveAlgorithm algorithm;

    MoveStep to(const Layout &result) const { return {side, result, cycles, algorithm}; }
  };

  /// That a line sends in all.
  int64_t wordsAlong(Side side, ArrayRef<LayoutDim> has, ArrayRef<LayoutDim> wanted) const {
    double product = 1;
    for (size_t d = 0; d != wanted.size(); ++d) {
      int64_t held = spanAlong(side, has[d], sizes), asked = spanAlong(side, wanted[d], sizes);
      product *= static_cast<double>(std::min({held, asked, request.fromShape[d]}));
    }
    return static_cast<int64_t>(product);
  }

  double leastAlong(Side side, ArrayRef<LayoutDim> has, ArrayRef<LayoutDim> wanted) const {
    return leastMoveCycles(wordsAlong(side, has, wanted), region.along(side), side, has, wanted, model);
  }

  /// By the fastest algorithm; nothing if it takes `limit` cycles or more for sure.
  std::optional<Along> along(Side side, const Layout &has, ArrayRef<LayoutDim> wanted, double limit) const {
    const int64_t words = wordsAlong(side, has.dims, wanted);
    if (leastMoveCycles(words, region.along(side), side, has.dims, wanted, model) >= limit)
      return std::nullopt;
    Layout from = has, to;
    to.splitX = has.splitX;
    to.splitY = has.splitY;
    to.dims.assign(wanted.begin(), wanted.end());
    alignSplits({&from, &to}); // in as few axes as say both, as code generation will have them
    if (from.split(side).middle > 1)
      return std::nullopt;
    auto [collective, cycles] =
        fastestMove({side, region, from, to, request.fromShape, sizesOf(from), words}, model, limit);
    return collective ? std::optional<Along>({side, cycles, collective->algorithm()}) : std::nullopt;
  }

  /// What a movement must take less than to be of use.
  double limit() const { return best ? best->cycles : INFINITY; }

  /// Keeps a movement of so many cycles if it is the fastest so far; only then are its steps made.
  void consider(double cycles, int64_t middleWords, llvm::function_ref<void(Movement &)> makeSteps) {
    if (cycles >= limit())
      return;
    best.emplace();
    best->cycles = cycles;
    best->middleWords = middleWords;
    makeSteps(*best);
  }

  AxisSizes sizesOf(const Layout &layout) const { return axisSizes(region, layout.splitX, layout.splitY, chunks); }

  void single(const Layout &has, Side side) {
    if (std::optional<Along> step = along(side, has, need, limit()))
      consider(step->cycles, 0, [&](Movement &movement) { movement.steps.push_back(step->to(request.to)); });
  }

  /// Everybody keeps all that its line needs, and then its own part of it. Blocks that nobody cuts are taken together:
  /// where they are many and small that is faster than a window of each.
  void gathered(const Layout &has, Side side) {
    Layout middle;
    middle.splitX = has.splitX;
    middle.splitY = has.splitY;
    for (size_t d = 0; d != need.size(); ++d) {
      LayoutDim line = hullAlong(side, need[d], sizes);
      if (line.length > request.fromShape[d] && line.start.isConstant())
        line = {request.fromShape[d], Affine(0)};
      if (!exists(line, d))
        return;
      middle.dims.push_back(line);
    }
    double copy = copyCycles();
    std::optional<Along> step = along(side, has, middle.dims, limit() - copy);
    if (!step)
      return;
    consider(step->cycles + copy, middle.words(), [&](Movement &movement) {
      movement.steps.push_back(step->to(middle));
      movement.steps.push_back({std::nullopt, request.to, copy});
    });
  }

  /// The layout between two passes, if they get there.
  std::optional<Layout> between(Side firstSide) const {
    const Side secondSide = otherSide(firstSide);
    const Layout &from = request.from;
    // The first pass must not start from lines that hold nothing valid; columns first may carry rows' validity along.
    if (firstSide == Side::X && (from.atAxes & axesOf(Side::Y)))
      return std::nullopt;
    Layout middle;
    middle.splitX = from.splitX;
    middle.splitY = from.splitY;
    middle.atAxes = from.atAxes & ~axesOf(firstSide);
    for (size_t d = 0; d != need.size(); ++d) {
      std::optional<LayoutDim> had = unionAlong(firstSide, from.dims[d], sizes);
      if (!had)
        return std::nullopt;
      LayoutDim asked = hullAlong(secondSide, need[d], sizes);
      LayoutDim chosen = covers(*had, asked, all[d], request.fromShape[d], sizes) && exists(asked, d) ? asked : *had;
      if (chosen.length > request.fromShape[d] && chosen.start.isConstant())
        chosen = {request.fromShape[d], Affine(0)};
      middle.dims.push_back(chosen);
    }
    return canPass(middle, secondSide) ? std::optional(std::move(middle)) : std::nullopt;
  }

  void twoPasses(Side firstSide) {
    std::optional<Layout> middle = between(firstSide);
    if (!middle)
      return;
    const Side secondSide = otherSide(firstSide);
    std::optional<Along> first = along(firstSide, request.from, middle->dims, limit()), second;
    if (!first || !(second = along(secondSide, *middle, need, limit() - first->cycles)))
      return;
    consider(first->cycles + second->cycles, middle->words(), [&](Movement &movement) {
      movement.steps.push_back(first->to(*middle));
      movement.steps.push_back(second->to(request.to));
    });
  }

  const MoveRequest &request;
  RegionShape region;
  const ResourceModel &model;
  LinePlanner &lines;
  int64_t chunks;
  AxisSizes sizes;
  SmallVector<LayoutDim, 4> need; // in the source's indices
  SmallVector<LayoutDim, 4> all;  // that exists
  std::optional<Movement> best;   // so far
};

} // namespace

void MovementPlanner::setKey(const MoveRequest &request, int64_t chunks) {
  key.assign({chunks, static_cast<int64_t>(request.ending), static_cast<int64_t>(request.fromShape.size())});
  auto add = [&](ArrayRef<int64_t> numbers) { key.append(numbers.begin(), numbers.end()); };
  add(request.fromShape);
  add(request.shift);
  for (const Layout *layout : {&request.from, &request.to}) {
    key.push_back(static_cast<int64_t>(layout->atAxes));
    for (const LayoutDim &dim : layout->dims) {
      add({dim.length, dim.start.constant});
      add(dim.start.step);
    }
  }
}

const Movement *MovementPlanner::plan(const MoveRequest &request, int64_t chunks) {
  setKey(request, chunks);
  auto it = known.find(key);
  if (it == known.end())
    it = known.emplace(key, Planner(request, region, chunks, model, lines).run()).first;
  return it->second ? &*it->second : nullptr;
}

MoveBound MovementPlanner::bound(const MoveRequest &request, int64_t chunks) {
  setKey(request, chunks);
  auto it = bounds.find(key);
  if (it == bounds.end())
    it = bounds.emplace(key, Planner(request, region, chunks, model, lines).bound()).first;
  return it->second;
}

double MovementPlanner::leastCycles() const {
  // No sum takes less than that of a word over two PEs.
  if (least == INFINITY)
    least = std::min(allReduceCycles({2}, 1, model), leastMoveCycles(std::min(region.width, region.height), model));
  return least;
}

std::optional<MoveStep> MovementPlanner::regroup(const Layout &from, ArrayRef<int64_t> fromShape, const Layout &to,
                                                 ArrayRef<int64_t> toShape, Regroup regroup, Side side) const {
  AxisSizes sizes = region.axes();
  unsigned d = regroup.dim;
  bool merge = regroup.kind == Regroup::Merge;
  int64_t outer = (merge ? fromShape : toShape)[d], inner = (merge ? fromShape : toShape)[d + 1];
  // Both sides in the dimensions of the coarser one.
  auto coarse = [&](auto interval, const Layout &layout) -> std::optional<SmallVector<LayoutDim>> {
    bool fine = &layout == (merge ? &from : &to);
    SmallVector<LayoutDim> intervals;
    for (size_t k = 0; k != layout.dims.size(); ++k) {
      std::optional<LayoutDim> dim = interval(layout.dims[k]);
      if (!dim)
        return std::nullopt;
      if (fine && k == d + 1) // of the rows all, or what is said is not an interval
        continue;
      if (fine && k == d)
        dim = LayoutDim{dim->length * inner, dim->start * inner};
      intervals.push_back(*dim);
    }
    return intervals;
  };
  std::optional<SmallVector<LayoutDim>> has = coarse([&](const LayoutDim &dim) { return unionAlong(side, dim, sizes); },
                                                     from),
                                        need = coarse([](const LayoutDim &dim) { return std::optional(dim); }, to);
  if (!has || from.atAxes || from.partialAxes || from.dependsOn(T) || to.dependsOn(T))
    return std::nullopt;
  if (merge) {
    std::optional<LayoutDim> rows = unionAlong(side, from.dims[d + 1], sizes);
    if (!covers(*rows, {inner, Affine(0)}, {inner, Affine(0)}, inner, sizes))
      return std::nullopt;
  }
  double words = 1;
  for (size_t k = 0; k != has->size(); ++k) {
    int64_t extent = (merge ? toShape : fromShape)[k];
    if (!covers((*has)[k], (*need)[k], {extent, Affine(0)}, extent, sizes))
      return std::nullopt;
    int64_t asked = hullAlong(side, (*need)[k], sizes).length;
    words *= static_cast<double>(std::min({(*has)[k].length, asked, extent}));
  }
  Senders senders = sendersOf(from.simplified(), fromShape, side, region);
  MoveStep step{side, to, 0};
  step.regroup = regroup;
  step.cycles =
      model.broadcastCycles(static_cast<int64_t>(words), static_cast<int>(region.along(side))) +
      static_cast<double>(outer) * (model.scalarCycles(kOfSender) * static_cast<double>(senders.major * senders.minor) +
                                    static_cast<double>(senders.end()));
  return step;
}
