#include "wafer/Dialect/Wafer/Proof.h"

#include "wafer/Dialect/Wafer/Coverage.h"
#include "wafer/Dialect/Wafer/Reads.h"

using namespace mlir;
using namespace wafer::wfr;

namespace {

/// "the PE at (3, 0)", in a loop "in chunk 2 the PE at (3, 0)".
std::string peText(const Missing &missing, const Layout &axes, Place place) {
  auto at = [&](Side side) {
    const Split split = axes.split(side);
    return std::to_string((missing.place[majorAxis(side)] * split.middle + missing.place[middleAxis(side)]) *
                              split.minor +
                          missing.place[minorAxis(side)]);
  };
  std::string chunk = place.chunks > 1 ? "in chunk " + std::to_string(missing.place[T]) + " " : "";
  return chunk + "the PE at (" + at(Side::X) + ", " + at(Side::Y) + ")";
}

std::string listText(ArrayRef<int64_t> numbers, StringRef between) {
  std::string text;
  for (int64_t number : numbers)
    text += (text.empty() ? "" : between.str()) + std::to_string(number);
  return text;
}

std::string elementText(const Missing &missing, ArrayRef<int64_t> shape) {
  return "element [" + listText(missing.element, ", ") + "] of " + listText(shape, "x");
}

/// The index that is one loop's.
Reads::Index indexOf(size_t loop, size_t loops, Span there) {
  Reads::Index index{SmallVector<int64_t>(loops + 1, 0), std::move(there)};
  index.form[loop] = 1;
  return index;
}

Span spanOf(const TransferAffine &start, int64_t length) { return {{start}, {start + length}}; }

Span spanOf(const LayoutDim &dim, int64_t extent) { return {{dim.start, 0}, {dim.start + dim.length, extent}}; }

TransferSizes sizesOf(const Layout &axes, Place place) {
  return axisSizes(place.region, axes.splitX, axes.splitY, place.chunks);
}

/// What is said of the PEs at coordinate 0 of some axes only.
void fixAxes(TransferSizes &sizes, unsigned axes) {
  for (Axis axis : kPlaceAxes)
    if (axes & axisBit(axis))
      sizes.size[axis] = 1;
}

//===- Movements ----------------------------------------------------------===//

/// What a line's senders have of a dimension between them; nothing if that has gaps.
std::optional<Span> sentAlong(Side side, const TransferDim &dim, const Senders &senders) {
  TransferAffine start = dim.sourceStart;
  int64_t length = dim.sourceLength;
  std::array<std::pair<int64_t, int64_t>, 2> steps; // and how often
  steps[0] = {std::exchange(start.step[majorAxis(side)], 0), senders.major};
  steps[1] = {std::exchange(start.step[minorAxis(side)], 0), senders.minor};
  llvm::sort(steps, [](auto a, auto b) { return std::abs(a.first) < std::abs(b.first); });
  for (auto [step, count] : steps) {
    if (count == 1)
      continue;
    if (std::abs(step) > length)
      return std::nullopt;
    start = start + std::min<int64_t>(step, 0) * (count - 1);
    length += std::abs(step) * (count - 1);
  }
  return spanOf(start, length);
}

/// What a PE and the two beside it have.
Span nearby(Side side, const TransferDim &dim, int64_t line) {
  int64_t step = dim.sourceStart.step[majorAxis(side)];
  TransferAffine first = dim.sourceStart;
  first.step[majorAxis(side)] = 0;
  TransferAffine last = first + step * (line - 1);
  return {{dim.sourceStart - step, first}, {dim.sourceStart + step + dim.sourceLength, last + dim.sourceLength}};
}

class MoveProof {
public:
  MoveProof(const MoveClaim &given, Place place) : claim(given), place(place) {
    alignSplits({&claim.source.layout, &claim.result.layout});
  }

  Objection run() {
    const Layout &source = claim.source.layout, &result = claim.result.layout;
    if (source.partialAxes)
      return "source is partial: reduce it first";
    if (result.partialAxes)
      return "result is partial: no movement makes terms of a sum";
    // On a line the senders are those at which the source is valid; nothing comes from other lines.
    bool pass = claim.side && claim.algorithm == MoveAlgorithm::Pass;
    if (source.atAxes & ~(pass ? axesOf(*claim.side) : 0) & ~result.atAxes)
      return "result is valid at more PEs than those that the source's valid elements get to";
    std::vector<TransferDim> dims =
        unmergedDims(source, claim.source.shape, result, claim.result.shape, claim.shift, claim.regroup);
    TransferSizes sizes = sizesOf(source, place);
    if (pass && source.split(*claim.side).middle > 1)
      return "the layouts divide the line's side in three: a pass tells senders apart by two axes";
    if (pass && crossed(dims))
      return "the line's PEs hold no box between them: an axis cuts two dimensions of the source";
    if (claim.algorithm == MoveAlgorithm::Neighbors &&
        !exchangedDim(source, claim.source.shape, result, claim.result.shape, claim.shift, *claim.side, sizes))
      return "neighbors do not hold what PEs lack of their windows: move it by pass";
    Reads reads;
    for (auto [d, dim] : llvm::enumerate(dims)) {
      std::optional<Span> there = thereOf(dim, sizes);
      if (!there)
        return "what the line's PEs hold of dimension " + std::to_string(d) + " has gaps";
      reads.loops.push_back(neededOf(d, dim));
      if (!claim.replaces) {
        there->lower.push_back(0);
        there->upper.push_back(dim.sourceExtent);
      }
      reads.indices.push_back(indexOf(d, dims.size(), std::move(*there)));
      if (dim.slices)
        sizes.size[dim.sliceAxis] = dim.slices;
    }
    fixAxes(sizes, result.atAxes);
    std::optional<Missing> missing = findMissing(reads, sizes);
    if (!missing)
      return std::nullopt;
    bool fineSource = claim.regroup.kind != Regroup::Split;
    return peText(*missing, result, place) + " needs " +
           elementText(*missing, fineSource ? claim.source.shape : claim.result.shape) + ", which " + whose();
  }

private:
  /// A line's blocks then lie in a diagonal.
  bool crossed(ArrayRef<TransferDim> dims) const {
    Senders senders = sendersOf(claim.source.layout, claim.source.shape, *claim.side, place.region);
    auto cut = [&](Axis axis, int64_t count) {
      return count > 1 &&
             llvm::count_if(dims, [&](const TransferDim &dim) { return dim.sourceStart.step[axis] != 0; }) > 1;
    };
    return cut(majorAxis(*claim.side), senders.major) || cut(minorAxis(*claim.side), senders.minor);
  }

  std::optional<Span> thereOf(const TransferDim &dim, const TransferSizes &sizes) const {
    if (!claim.side)
      return spanOf(dim.sourceStart, dim.sourceLength);
    if (claim.algorithm == MoveAlgorithm::Neighbors)
      return nearby(*claim.side, dim, sizes.size[majorAxis(*claim.side)]);
    return sentAlong(*claim.side, dim, sendersOf(claim.source.layout, claim.source.shape, *claim.side, place.region));
  }

  /// The elements that a PE must get. What it has already keeps its place where the source has nothing: outside its
  /// tensor, and of one that is made chunk by chunk outside the chunk.
  Span neededOf(size_t d, const TransferDim &dim) const {
    Span needed{{dim.resultStart, dim.resultLow}, {dim.resultStart + dim.resultLength, dim.resultHigh}};
    if (!claim.replaces)
      return needed;
    needed.lower.push_back(0);
    needed.upper.push_back(dim.sourceExtent);
    if (const LayoutDim &chunk = claim.source.layout.dims[d]; chunk.start.step[T] != 0) {
      LayoutDim all = chunk;
      AxisSizes sizes = axisSizes(place.region, claim.source.layout.splitX, claim.source.layout.splitY);
      for (Axis axis : kPlaceAxes) {
        int64_t step = std::exchange(all.start.step[axis], 0), last = step * (sizes.size[axis] - 1);
        all.start = all.start + std::min<int64_t>(last, 0);
        all.length += std::abs(last);
      }
      needed.lower.push_back(all.start);
      needed.upper.push_back(all.start + all.length);
    }
    return needed;
  }

  std::string whose() const {
    if (!claim.side)
      return "it does not hold";
    if (claim.algorithm == MoveAlgorithm::Neighbors)
      return "neither it nor its neighbors hold";
    return claim.side == Side::X ? "no PE of its row holds" : "no PE of its column holds";
  }

  MoveClaim claim;
  Place place;
};

//===- Reshapes -----------------------------------------------------------===//

/// A group of dimensions as one: a box that is cut in the first only that is longer than one.
std::optional<LayoutDim> flattened(const Placed &tensor, size_t first, size_t end) {
  LayoutDim flat{1, Affine(0)};
  bool whole = true; // of what is flat already
  for (size_t d = end; d-- != first;) {
    const LayoutDim &dim = tensor.layout.dims[d];
    int64_t inner = flat.length;
    bool one = tensor.shape[d] == 1 && dim == LayoutDim{1, Affine(0)};
    if (one)
      continue;
    if (!whole)
      return std::nullopt;
    flat = {dim.length * inner, dim.start * inner};
    whole = dim == LayoutDim{tensor.shape[d], Affine(0)};
  }
  return flat;
}

} // namespace

Objection wafer::wfr::objectionTo(const MoveClaim &claim, Place place) { return MoveProof(claim, place).run(); }

Objection wafer::wfr::objectionTo(const ReshapeClaim &given) {
  ReshapeClaim claim = given;
  Layout &source = claim.source.layout, &result = claim.result.layout;
  alignSplits({&source, &result});
  if (source.kind != result.kind || source.partialAxes != result.partialAxes || source.atAxes != result.atAxes)
    return "must keep what axes are partial on and valid at";
  // Groups of dimensions with as many elements on both sides, as small as can be.
  ArrayRef<int64_t> from = claim.source.shape, to = claim.result.shape;
  size_t s = 0, r = 0;
  while (s != from.size() || r != to.size()) {
    size_t firstS = s, firstR = r;
    int64_t a = s != from.size() ? from[s++] : 1, b = r != to.size() ? to[r++] : 1;
    while (a != b && (s != from.size() || r != to.size())) {
      if (s != from.size() && (a < b || r == to.size()))
        a *= from[s++];
      else
        b *= to[r++];
    }
    std::optional<LayoutDim> was = flattened(claim.source, firstS, s), is = flattened(claim.result, firstR, r);
    if (!was || !is || !(*was == *is))
      return "PEs' boxes of [" + listText(from.slice(firstS, s - firstS), ", ") + "] and of [" +
             listText(to.slice(firstR, r - firstR), ", ") + "] are not the same words";
  }
  return std::nullopt;
}

Objection wafer::wfr::objectionTo(const ReduceClaim &given) {
  ReduceClaim claim = given;
  Layout &terms = claim.terms.layout, &result = claim.result.layout;
  alignSplits({&terms, &result});
  unsigned combined = terms.partialAxes & axesOf(claim.side);
  if (claim.terms.shape != claim.result.shape || terms.dims != result.dims)
    return "combines boxes where they lie: those of the result must be the source's";
  if (result.partialAxes != (terms.partialAxes & ~combined) || (result.partialAxes && result.kind != terms.kind))
    return "must keep the terms of other axes";
  if ((terms.atAxes | combined) & ~result.atAxes)
    return "the result is valid only at coordinate 0 of the axes that had terms";
  return std::nullopt;
}

//===- Terms --------------------------------------------------------------===//

Objection wafer::wfr::objectionTo(const TermsClaim &given, Place place) {
  TermsClaim claim = given;
  alignSplits({&claim.source.layout, &claim.result.layout});
  const Layout &source = claim.source.layout, &result = claim.result.layout;
  if (source.partialAxes || source.atAxes)
    return "source is partial, or valid on some PEs only";
  if (result.atAxes)
    return "terms are everywhere";
  Reads reads;
  for (Axis axis : kPlaceAxes)
    if ((result.partialAxes & axisBit(axis)) &&
        llvm::count_if(source.dims, [&](const LayoutDim &dim) { return dim.start.step[axis] != 0; }) > 1)
      return "PEs hold no box between them: an axis cuts two dimensions of the source";
  const AxisSizes axes = axisSizes(place.region, result.splitX, result.splitY, place.chunks);
  // Of copies only the PEs at coordinate 0 have a term.
  const unsigned told = result.partialAxes & ~axesOfCopies(result.partialAxes, source);
  if (result.kind != PartialKind::Pick && !holdsOnce(told, source, axes))
    return "PEs whose terms are added hold the same elements";
  for (auto [d, has, needs, extent] : llvm::enumerate(source.dims, result.dims, claim.result.shape)) {
    std::optional<LayoutDim> all = unionOver(result.partialAxes, has, axes);
    if (!all)
      return "what PEs have of dimension " + std::to_string(d) + " between them has gaps";
    for (Axis axis : kPlaceAxes)
      if ((result.partialAxes & axisBit(axis)) && axes.size[axis] > 1 && needs.start.step[axis] != 0)
        return "what PEs have terms of differs on an axis that the result is partial on";
    reads.loops.push_back(spanOf(needs, extent));
    reads.indices.push_back(indexOf(d, result.dims.size(), spanOf(*all, extent)));
  }
  std::optional<Missing> missing = findMissing(reads, sizesOf(result, place));
  if (!missing)
    return std::nullopt;
  return peText(*missing, result, place) + " has a term of " + elementText(*missing, claim.result.shape) +
         ", which no PE that it is combined with holds";
}

//===- Kernels ------------------------------------------------------------===//

namespace {

class KernelProof {
public:
  KernelProof(const KernelClaim &given, Place place) : claim(given), place(place) {
    SmallVector<Layout *> all{&claim.iteration, &claim.result.layout};
    for (Placed &input : claim.inputs)
      all.push_back(&input.layout);
    alignSplits(all);
    for (auto [dim, extent] : llvm::zip(claim.iteration.dims, claim.extents))
      loops.push_back(spanOf(dim, extent));
    sizes = sizesOf(claim.iteration, place);
    fixAxes(sizes, claim.result.layout.atAxes);
  }

  Objection run() {
    for (auto [number, input] : llvm::enumerate(claim.inputs)) {
      std::string name = "input " + std::to_string(number);
      if (input.layout.partialAxes)
        return name + " is partial: reduce it first";
      if (input.layout.atAxes & ~claim.result.layout.atAxes)
        return "result is valid at more PEs than " + name;
      if (Objection objection = touches(claim.maps[number], input, " reads ", " of " + name))
        return objection;
    }
    if (Objection objection = touches(claim.maps.back(), claim.result, " writes ", " of its result"))
      return objection;
    if (Objection objection = computesAll())
      return objection;
    return combinesAll();
  }

private:
  /// Every element that iterations touch lies in the PE's box.
  Objection touches(AffineMap map, const Placed &tensor, StringRef does, StringRef what) const {
    Reads reads{loops, {}};
    for (auto [expression, dim, extent] : llvm::zip(map.getResults(), tensor.layout.dims, tensor.shape)) {
      std::optional<SmallVector<int64_t>> form = linearForm(expression, map.getNumDims());
      if (!form)
        return "indexing maps must be linear";
      reads.indices.push_back({*form, spanOf(dim, extent)});
    }
    std::optional<Missing> missing = findMissing(reads, sizes);
    if (!missing)
      return std::nullopt;
    return peText(*missing, claim.iteration, place) + does.str() + elementText(*missing, tensor.shape) + what.str() +
           ", which it does not hold";
  }

  /// Every element of a PE's box of the result comes from its iterations.
  Objection computesAll() const {
    if (claim.replaces)
      return std::nullopt;
    Reads reads;
    AffineMap map = claim.maps.back();
    size_t rank = map.getNumResults();
    for (auto [k, expression] : llvm::enumerate(map.getResults())) {
      reads.loops.push_back(spanOf(claim.result.layout.dims[k], claim.result.shape[k]));
      Span there;
      if (auto dim = dyn_cast<AffineDimExpr>(expression))
        there = loops[dim.getPosition()];
      else if (auto constant = dyn_cast<AffineConstantExpr>(expression))
        there = spanOf(TransferAffine(constant.getValue()), 1);
      else
        return "every dimension of the result must be a loop";
      reads.indices.push_back(indexOf(k, rank, std::move(there)));
    }
    std::optional<Missing> missing = findMissing(reads, sizes);
    if (!missing)
      return std::nullopt;
    return peText(*missing, claim.iteration, place) + " does not compute " + elementText(*missing, claim.result.shape) +
           " of its result";
  }

  /// Of every sum each term is there once: on one PE, or on one of those along the axes on which the result is partial.
  Objection combinesAll() const {
    unsigned taken = 0;
    for (auto [d, dim] : llvm::enumerate(claim.iteration.dims)) {
      if (!claim.reduction[d])
        continue;
      std::string loop = "the terms of loop " + std::to_string(d);
      SmallVector<std::pair<int64_t, int64_t>> steps; // and how often
      for (Axis axis : {X0, XM, X1, Y0, YM, Y1, T}) {
        int64_t step = dim.start.step[axis], count = sizes.size[axis];
        if (step == 0 || count == 1)
          continue;
        if (axis == T && claim.replaces) {
          steps.push_back({step, count});
          continue;
        }
        if (axis == T || !(claim.result.layout.partialAxes & axisBit(axis)) || (taken & axisBit(axis)))
          return loop + " lie on PEs or in chunks that the result is not partial on";
        taken |= axisBit(axis);
        steps.push_back({step, count});
      }
      llvm::sort(steps);
      int64_t length = dim.length;
      for (auto [step, count] : steps) {
        if (step > length)
          return loop + " are not all there";
        if (step < length && !claim.repeatable)
          return loop + " are there more than once";
        length = step * (count - 1) + length;
      }
      if (dim.start.constant > 0 || dim.start.constant + length < claim.extents[d])
        return loop + " are not all there";
    }
    for (Axis axis : kPlaceAxes)
      if (sizes.size[axis] > 1 && (claim.result.layout.partialAxes & ~taken & axisBit(axis)))
        return "every PE has the same terms on an axis that the result is partial on";
    return std::nullopt;
  }

  KernelClaim claim;
  Place place;
  std::vector<Span> loops;
  TransferSizes sizes;
};

} // namespace

Objection wafer::wfr::objectionTo(const KernelClaim &claim, Place place) { return KernelProof(claim, place).run(); }
