#include "wafer/Dialect/Wafer/Transfer.h"

#include "wafer/Program/Isa.h"

#include <numeric>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

void TransferDim::slice(TransferAxis axis, int64_t first, int64_t count) {
  slices = count;
  sliceAxis = axis;
  resultLow = TransferAffine(first);
  resultLow.step[axis] = 1;
  resultHigh = resultLow + TransferAffine(1);
}

/// Dimensions that both sides hold whole are merged into the one before them.
static std::vector<TransferDim> mergeDims(ArrayRef<TransferDim> dims) {
  std::vector<TransferDim> merged;
  for (const TransferDim &dim : dims) {
    if (dim.trivial() && dim.sourceExtent == 1)
      continue;
    if (!merged.empty() && !merged.back().slices && dim.trivial()) {
      TransferDim &outer = merged.back();
      int64_t k = dim.sourceExtent;
      outer.sourceStart = outer.sourceStart * k;
      outer.resultStart = outer.resultStart * k;
      outer.resultLow = outer.resultLow * k;
      outer.resultHigh = outer.resultHigh * k;
      for (int64_t *scaled : {&outer.sourceLength, &outer.resultLength, &outer.sourceExtent})
        *scaled *= k;
      outer.sourceStride = dim.sourceStride;
      outer.resultStride = dim.resultStride;
      continue;
    }
    merged.push_back(dim);
  }
  if (merged.empty())
    merged.push_back({TransferAffine(0), TransferAffine(0), 1, 1, 1, 0, 1, 1, 1});
  return merged;
}

std::vector<TransferDim> wafer::wfr::unmergedDims(const Layout &source, ArrayRef<int64_t> sourceShape,
                                                  const Layout &result, ArrayRef<int64_t> resultShape,
                                                  ArrayRef<int64_t> shift, Regroup regroup) {
  std::vector<TransferDim> dims;
  SmallVector<int64_t> sourceStrides = source.strides(), resultStrides = result.strides();
  size_t s = 0, r = 0; // dimensions of the source and of the result
  auto outer = [&](int64_t extent) {
    TransferDim dim{TransferAffine(0), TransferAffine(0), extent, extent, extent, 0, extent, 0, 0};
    dim.slice(S0, 0, extent);
    return dim;
  };
  TransferAffine slice;
  slice.step[S0] = 1;
  while (s != sourceShape.size()) {
    bool grouped = regroup.kind != Regroup::None && s == regroup.dim;
    const LayoutDim &from = source.dims[s], &to = result.dims[r];
    if (grouped && regroup.kind == Regroup::Merge) {
      const LayoutDim &inner = source.dims[s + 1];
      TransferDim dim = outer(sourceShape[s]);
      dim.sourceStart = from.start;
      dim.sourceLength = from.length;
      dim.sourceStride = sourceStrides[s];
      dims.push_back(dim);
      int64_t extent = sourceShape[s + 1];
      dims.push_back({inner.start, to.start - slice * extent, inner.length, to.length, extent, 0, extent,
                      sourceStrides[s + 1], resultStrides[r]});
      s += 2;
      ++r;
    } else if (grouped) {
      const LayoutDim &inner = result.dims[r + 1];
      TransferDim dim = outer(resultShape[r]);
      dim.resultStart = to.start;
      dim.resultLength = to.length;
      dim.resultStride = resultStrides[r];
      dims.push_back(dim);
      int64_t extent = resultShape[r + 1];
      dims.push_back({from.start - slice * extent, inner.start, from.length, inner.length, extent, 0, extent,
                      sourceStrides[s], resultStrides[r + 1]});
      ++s;
      r += 2;
    } else {
      int64_t by = shift.empty() ? 0 : shift[s];
      dims.push_back({from.start, to.start - TransferAffine(by), from.length, to.length, sourceShape[s], -by,
                      resultShape[r] - by, sourceStrides[s], resultStrides[r]});
      ++s;
      ++r;
    }
  }
  return dims;
}

std::vector<TransferDim> wafer::wfr::transferDims(const Layout &source, ArrayRef<int64_t> sourceShape,
                                                  const Layout &result, ArrayRef<int64_t> resultShape,
                                                  ArrayRef<int64_t> shift, Regroup regroup) {
  return mergeDims(unmergedDims(source, sourceShape, result, resultShape, shift, regroup));
}

/// What is said of this PE, of the PE at P0 and P1 on its line.
static TransferAffine ofSender(TransferAffine affine, Side side) {
  assert(affine.step[middleAxis(side)] == 0 && "senders are told apart by two axes");
  affine.step[P0] = std::exchange(affine.step[majorAxis(side)], 0);
  affine.step[P1] = std::exchange(affine.step[minorAxis(side)], 0);
  return affine;
}

/// The bound with the line's axes at the values that make it smallest.
static TransferAffine lineMin(TransferAffine affine, Side side, const TransferSizes &sizes) {
  for (Axis axis : sideAxes(side)) {
    if (affine.step[axis] < 0)
      affine.constant += affine.step[axis] * (sizes.size[axis] - 1);
    affine.step[axis] = 0;
  }
  return affine;
}
static TransferAffine lineMax(TransferAffine affine, Side side, const TransferSizes &sizes) {
  return lineMin(affine * -1, side, sizes) * -1;
}

/// The block of the PE whose boxes begin at `start` of each dimension.
static std::vector<Span> blockFrom(llvm::function_ref<TransferAffine(const TransferDim &)> start,
                                   ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes,
                                   Receivers receivers) {
  std::vector<Span> block;
  for (const TransferDim &dim : dims) {
    TransferAffine from = start(dim);
    Span range{{from, TransferAffine(0), dim.resultLow},
               {from + TransferAffine(dim.sourceLength), TransferAffine(dim.sourceExtent), dim.resultHigh}};
    if (receivers == Receivers::OnLine) {
      range.lower.push_back(lineMin(dim.resultStart, side, sizes));
      range.upper.push_back(lineMax(dim.resultStart, side, sizes) + TransferAffine(dim.resultLength));
    }
    block.push_back(range);
  }
  return block;
}

std::vector<Span> wafer::wfr::ownBlock(ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes,
                                       Receivers receivers) {
  return blockFrom([](const TransferDim &dim) { return dim.sourceStart; }, dims, side, sizes, receivers);
}

std::vector<Span> wafer::wfr::sendersBlock(ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes,
                                           Receivers receivers) {
  return blockFrom([&](const TransferDim &dim) { return ofSender(dim.sourceStart, side); }, dims, side, sizes,
                   receivers);
}

std::optional<size_t> wafer::wfr::exchangedDim(ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes) {
  Axis major = majorAxis(side), minor = minorAxis(side);
  // Of a divided side, what lies on the major axis is with PEs that are no neighbors.
  if (sizes.size[minor] > 1 || sizes.size[middleAxis(side)] > 1)
    return std::nullopt;
  std::optional<size_t> along;
  for (auto [d, dim] : llvm::enumerate(dims)) {
    const TransferAffine &has = dim.sourceStart, &needs = dim.resultStart;
    if (dim.slices || has.step[minor] != 0 || needs.step[minor] != 0)
      return std::nullopt;
    if (has.step[major] == 0 && needs.step[major] == 0)
      continue;
    int64_t step = has.step[major];
    // Blocks without gaps, windows that move with them and reach no farther than the neighbors' blocks.
    if (along || step <= 0 || needs.step[major] != step || dim.sourceLength < step ||
        minOf(needs - has + TransferAffine(step), sizes) < 0 ||
        maxOf(needs - has + TransferAffine(dim.resultLength - dim.sourceLength - step), sizes) > 0)
      return std::nullopt;
    along = d;
  }
  return dims.size() <= isa::kMaxRank ? along : std::nullopt;
}

std::optional<size_t> wafer::wfr::exchangedDim(const Layout &source, ArrayRef<int64_t> sourceShape,
                                               const Layout &result, ArrayRef<int64_t> resultShape,
                                               ArrayRef<int64_t> shift, Side side, const TransferSizes &sizes) {
  if (source.atAxes & axesOf(side))
    return std::nullopt;
  return exchangedDim(transferDims(source, sourceShape, result, resultShape, shift), side, sizes);
}

/// What crosses a link between neighbors, to the taker from its `neighbor`, the giver; `taker` and `giver` are so many
/// PEs further on along the line than the one that asks.
static std::vector<Span> exchanged(Neighbor neighbor, int64_t taker, int64_t giver, ArrayRef<TransferDim> dims,
                                   size_t along, Side side) {
  std::vector<Span> ranges;
  for (auto [d, dim] : llvm::enumerate(dims)) {
    TransferAffine gives = dim.sourceStart, own = dim.sourceStart, wants = dim.resultStart;
    if (d == along) {
      int64_t step = dim.sourceStart.step[majorAxis(side)];
      gives = gives + TransferAffine(step * giver);
      own = own + TransferAffine(step * taker);
      wants = wants + TransferAffine(step * taker);
    }
    Span range{{gives, wants, TransferAffine(0), dim.resultLow},
               {gives + TransferAffine(dim.sourceLength), wants + TransferAffine(dim.resultLength),
                TransferAffine(dim.sourceExtent), dim.resultHigh}};
    // The taker has the rest itself.
    if (d == along && neighbor == Neighbor::After)
      range.lower.push_back(own + TransferAffine(dim.sourceLength));
    if (d == along && neighbor == Neighbor::Before)
      range.upper.push_back(own);
    ranges.push_back(range);
  }
  return ranges;
}

std::vector<Span> wafer::wfr::takenFrom(Neighbor neighbor, ArrayRef<TransferDim> dims, size_t along, Side side) {
  return exchanged(neighbor, 0, neighbor == Neighbor::After ? 1 : -1, dims, along, side);
}

std::vector<Span> wafer::wfr::givenTo(Neighbor neighbor, ArrayRef<TransferDim> dims, size_t along, Side side) {
  if (neighbor == Neighbor::After)
    return exchanged(Neighbor::Before, 1, 0, dims, along, side);
  return exchanged(Neighbor::After, -1, 0, dims, along, side);
}

namespace {

bool movesAlong(const Span &range, TransferAxis axis) {
  auto moves = [&](const TransferAffine &bound) { return bound.step[axis] != 0; };
  return llvm::any_of(range.lower, moves) || llvm::any_of(range.upper, moves);
}

/// The most elements that a range has on any PE.
int64_t mostElements(const Span &range, const TransferSizes &sizes) {
  int64_t most = INT64_MAX;
  for (const TransferAffine &low : range.lower)
    for (const TransferAffine &high : range.upper)
      most = std::min(most, maxOf(high - low, sizes));
  return most;
}

/// Where a sender's part of a dimension begins, and its elements.
struct Part {
  int64_t lower, extent;
  bool sameSize(const Part &other) const { return extent == other.extent; }
};

std::optional<Part> partOf(const Span &range, TransferAxis axis, int64_t p) {
  auto at = [&](TransferAffine bound) -> std::optional<int64_t> {
    bound.constant += bound.step[axis] * p;
    bound.step[axis] = 0;
    if (!bound.isConstant())
      return std::nullopt; // another sender of the same number has another part
    return bound.constant;
  };
  int64_t lower = INT64_MIN, upper = INT64_MAX;
  for (const TransferAffine &bound : range.lower) {
    std::optional<int64_t> value = at(bound);
    if (!value)
      return std::nullopt;
    lower = std::max(lower, *value);
  }
  for (const TransferAffine &bound : range.upper) {
    std::optional<int64_t> value = at(bound);
    if (!value)
      return std::nullopt;
    upper = std::min(upper, *value);
  }
  return Part{lower, std::max<int64_t>(0, upper - lower)};
}

/// Every PE of a line keeps all of what its senders have of the dimension.
bool keptWhole(const TransferDim &dim, Side side, Receivers receivers) {
  const TransferAffine &start = dim.resultStart;
  if (start.dependsOn(side))
    return false;
  // What stays on the line is cut to what it needs, which here is what each PE does.
  return receivers == Receivers::OnLine ||
         (start.isConstant() && start.constant <= 0 && start.constant + dim.resultLength >= dim.sourceExtent);
}

} // namespace

size_t wafer::wfr::mainDim(ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes, Receivers receivers) {
  std::vector<Span> ranges = sendersBlock(dims, side, sizes, receivers);
  for (auto [d, range] : llvm::enumerate(ranges))
    if (mostElements(range, sizes) > 1)
      return d;
  return dims.size() - 1;
}

std::optional<int64_t> wafer::wfr::mostSpeakers(int64_t needed, int64_t length, int64_t step, int64_t count) {
  if (step <= 0)
    return std::nullopt;
  int64_t most = needed <= 0 ? 0 : (needed + length - 2) / step + 1;
  return most + kToTellSpeakersApart < count ? std::optional(most) : std::nullopt;
}

std::optional<Speakers> wafer::wfr::speakersOf(ArrayRef<TransferDim> dims, Side side, const TransferSizes &lineSizes,
                                               const Senders &senders, Receivers receivers, TransferAxis axis) {
  TransferSizes sizes = lineSizes;
  sizes.size[P0] = senders.major;
  sizes.size[P1] = senders.minor;
  const TransferAxis other = axis == P0 ? P1 : P0;
  const int64_t count = axis == P0 ? senders.major : senders.minor;
  std::optional<Speakers> fewest;
  for (auto [dim, range] : llvm::zip_equal(dims, sendersBlock(dims, side, sizes, receivers))) {
    // The first bounds are the sender's; what the line needs does not depend on who sends.
    TransferAffine start = range.lower.front();
    Speakers speakers{axis, start, start.step[axis], dim.sourceLength, range, 0, count};
    speakers.start.step[axis] = 0;
    // Of a major coordinate's senders all that they have together.
    if (axis == P0 && start.step[other] > 0) {
      speakers.length += start.step[other] * (senders.minor - 1);
      speakers.start.step[other] = 0;
    }
    speakers.needed.lower.erase(speakers.needed.lower.begin());
    speakers.needed.upper.erase(speakers.needed.upper.begin());
    std::optional<int64_t> most =
        mostSpeakers(mostElements(speakers.needed, sizes), speakers.length, speakers.step, count);
    if (dim.slices || speakers.start.step[other] < 0 || !most || (fewest && fewest->most <= *most))
      continue;
    speakers.most = *most;
    fewest = speakers;
  }
  return fewest;
}

int64_t SenderRun::stagedWords() const {
  return staged.empty() ? 0 : std::accumulate(staged.begin(), staged.end(), count, std::multiplies<>());
}

std::optional<std::vector<SenderRun>> wafer::wfr::senderRuns(ArrayRef<TransferDim> dims, Side side,
                                                             const TransferSizes &lineSizes, const Senders &senders,
                                                             Receivers receivers, int64_t between) {
  const TransferAxis axis = senders.split > 1 ? P1 : P0;
  const int64_t count = senders.split > 1 ? senders.minor : senders.major;
  if (count < 2)
    return std::nullopt;
  const Axis own = senders.split > 1 ? minorAxis(side) : majorAxis(side);
  for (const TransferDim &dim : dims)
    if (dim.slices || (dim.sourceStart.step[own] != 0 && !keptWhole(dim, side, receivers)))
      return std::nullopt;
  TransferSizes sizes = lineSizes;
  sizes.size[P0] = senders.major;
  sizes.size[P1] = senders.minor;
  std::vector<Span> ranges = sendersBlock(dims, side, sizes, receivers);
  SmallVector<size_t> moving, large;
  for (auto [d, dim, range] : llvm::enumerate(dims, ranges)) {
    if (mostElements(range, sizes) > 1)
      large.push_back(d);
    if (!movesAlong(range, axis))
      continue;
    if (!keptWhole(dim, side, receivers))
      return std::nullopt;
    moving.push_back(d);
  }
  const bool staged = between && large.size() > 1;
  if (moving.empty() || (between ? large.size() : dims.size()) + 1 > isa::kMaxRank)
    return std::nullopt;
  auto blockOf = [&](int64_t p) -> std::optional<SmallVector<int64_t>> {
    SmallVector<int64_t> extents(dims.size(), 1);
    for (size_t d : large) {
      std::optional<Part> part = partOf(ranges[d], axis, p);
      if (!part)
        return std::nullopt;
      extents[d] = part->extent;
    }
    return extents;
  };
  std::vector<SenderRun> runs;
  SmallVector<Part> last;
  for (int64_t p = 0; p != count; ++p) {
    SmallVector<Part> parts;
    for (size_t d : moving) {
      std::optional<Part> part = partOf(ranges[d], axis, p);
      if (!part)
        return std::nullopt;
      parts.push_back(*part);
    }
    bool empty = llvm::any_of(parts, [](const Part &part) { return part.extent == 0; });
    bool joins = !runs.empty() && llvm::all_of(llvm::zip(parts, last),
                                               [](auto pair) { return std::get<0>(pair).sameSize(std::get<1>(pair)); });
    SmallVector<int64_t> advance(dims.size(), 0);
    for (size_t i = 0; joins && !empty && i != moving.size(); ++i)
      advance[moving[i]] = parts[i].lower - last[i].lower;
    joins = joins && (runs.back().count == 1 || runs.back().advance == advance);
    if (joins) {
      ++runs.back().count;
      runs.back().advance = advance;
    } else {
      runs.push_back({p, 1, SmallVector<int64_t>(dims.size(), 0), {}});
      if (staged) {
        std::optional<SmallVector<int64_t>> block = blockOf(p);
        if (!block)
          return std::nullopt;
        runs.back().staged = std::move(*block);
      }
    }
    if (runs.back().stagedWords() > kMostStagedWords)
      return std::nullopt;
    last = parts;
  }
  // A run takes as long as a sender of its own, and more code.
  if (runs.size() > 4 || 2 * static_cast<int64_t>(runs.size()) > count + 1)
    return std::nullopt;
  return runs;
}
