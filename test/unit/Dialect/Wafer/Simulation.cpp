#include "Simulation.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

int64_t flat(const Element &element, ArrayRef<int64_t> shape) {
  int64_t number = 0;
  for (auto [index, extent] : llvm::zip(element, shape))
    number = number * extent + index;
  return number;
}

/// A PE's coordinates as transfers count them.
std::array<int64_t, kTransferAxes> coordinates(Pe pe, const Layout &axes) {
  std::array<int64_t, kTransferAxes> at{};
  llvm::copy(coordinatesOf(pe, axes.splitX, axes.splitY), at.begin());
  return at;
}

int64_t valueOf(const TransferAffine &affine, const std::array<int64_t, kTransferAxes> &at) {
  int64_t value = affine.constant;
  for (unsigned a = 0; a != kTransferAxes; ++a)
    value += affine.step[a] * at[a];
  return value;
}

std::pair<int64_t, int64_t> rangeOf(const Span &span, const std::array<int64_t, kTransferAxes> &at) {
  int64_t low = INT64_MIN, high = INT64_MAX;
  for (const TransferAffine &bound : span.lower)
    low = std::max(low, valueOf(bound, at));
  for (const TransferAffine &bound : span.upper)
    high = std::min(high, valueOf(bound, at));
  return {low, high};
}

/// A PE's memory: by word of its box, the element that lies there.
std::map<int64_t, int64_t> memory(const Placed &tensor, Pe pe) {
  std::map<int64_t, int64_t> words;
  SmallVector<int64_t> strides = tensor.layout.strides();
  for (const Element &element : elementsOf(tensor.layout, tensor.shape, pe)) {
    int64_t word = 0;
    for (auto [index, dim, stride] : llvm::zip(element, tensor.layout.dims, strides))
      word += (index - valueAt(dim.start, tensor.layout, pe)) * stride;
    words[word] = flat(element, tensor.shape);
  }
  return words;
}

} // namespace

SmallMove::SmallMove(const MoveClaim &given, Place place) : claim(given), place(place) {
  alignSplits({&claim.source.layout, &claim.result.layout});
  for (Pe pe : allPes(place.region, place.chunks)) {
    memories.push_back(memory(claim.source, pe));
    elements.emplace_back();
    for (auto [word, element] : memories.back())
      elements.back().insert(element);
  }
}

class wafer::wfr::Simulator {
public:
  Simulator(const SmallMove &move, Pe pe) : move(move), claim(move.claim), place(move.place), pe(pe) {
    dims = transferDims(claim.source.layout, claim.source.shape, claim.result.layout, claim.result.shape, claim.shift,
                        claim.regroup);
    sizes = axisSizes(place.region, claim.source.layout.splitX, claim.source.layout.splitY, place.chunks);
    for (const TransferDim &dim : dims)
      if (dim.slices)
        slices = sizes.size[S0] = dim.slices;
  }

  Arrived run() {
    std::map<int64_t, int64_t> words; // of the result's box
    for (int64_t slice = 0; slice != slices; ++slice) {
      here = coordinates(pe, claim.source.layout);
      here[S0] = slice;
      if (!claim.side)
        copy(words);
      else if (claim.algorithm == MoveAlgorithm::Pass)
        pass(words);
      else
        exchange(words);
    }
    Arrived arrived;
    for (auto [word, element] : memory(claim.result, pe))
      if (auto found = words.find(word); found != words.end())
        arrived[element] = found->second;
    return arrived;
  }

private:
  void copy(std::map<int64_t, int64_t> &words) {
    std::vector<std::pair<int64_t, int64_t>> ranges;
    for (const TransferDim &dim : dims)
      ranges.push_back(rangeOf(
          {{dim.sourceStart, dim.resultStart, 0, dim.resultLow},
           {dim.sourceStart + dim.sourceLength, dim.resultStart + dim.resultLength, dim.sourceExtent, dim.resultHigh}},
          here));
    keep(pe, ranges, words);
  }

  /// The elements of `ranges` come out of a PE's memory into this one's.
  void keep(Pe from, const std::vector<std::pair<int64_t, int64_t>> &ranges, std::map<int64_t, int64_t> &words) {
    const std::map<int64_t, int64_t> &there = move.memories[move.numberOf(from)];
    std::array<int64_t, kTransferAxes> at = coordinates(from, claim.source.layout);
    at[S0] = here[S0];
    eachElement(ranges, [&](const Element &element) {
      int64_t source = 0, result = 0;
      for (auto [index, dim] : llvm::zip(element, dims)) {
        source += (index - valueOf(dim.sourceStart, at)) * dim.sourceStride;
        result += (index - valueOf(dim.resultStart, here)) * dim.resultStride;
      }
      auto word = there.find(source);
      if (word != there.end())
        words[result] = word->second;
    });
  }

  void pass(std::map<int64_t, int64_t> &words) {
    Side side = *claim.side;
    Senders senders = sendersOf(claim.source.layout, claim.source.shape, side, place.region);
    sizes.size[P0] = senders.major;
    sizes.size[P1] = senders.minor;
    std::vector<Span> own = ownBlock(dims, side, sizes, Receivers::OnLine),
                      theirs = sendersBlock(dims, side, sizes, Receivers::OnLine);
    for (here[P0] = 0; here[P0] != senders.major; ++here[P0])
      for (here[P1] = 0; here[P1] != senders.minor; ++here[P1]) {
        Pe sender = pe.at(side, here[P0] * senders.split + here[P1]);
        std::array<int64_t, kTransferAxes> there = coordinates(sender, claim.source.layout);
        there[S0] = here[S0];
        std::vector<std::pair<int64_t, int64_t>> window;
        for (auto [dim, sent, heard] : llvm::zip(dims, own, theirs)) {
          // Sender and receiver agree about the block.
          EXPECT_EQ(rangeOf(sent, there), rangeOf(heard, here));
          Span kept = heard;
          kept.lower.push_back(dim.resultStart);
          kept.upper.push_back(dim.resultStart + dim.resultLength);
          window.push_back(rangeOf(kept, here));
        }
        keep(sender, window, words);
      }
  }

  void exchange(std::map<int64_t, int64_t> &words) {
    Side side = *claim.side;
    size_t along = *exchangedDim(dims, side, sizes);
    copy(words);
    for (auto [neighbor, opposite, step] :
         {std::tuple{Neighbor::Before, Neighbor::After, -1}, {Neighbor::After, Neighbor::Before, 1}}) {
      int64_t position = pe.along(side) + step;
      if (position < 0 || position == place.region.along(side))
        continue;
      Pe giver = pe.at(side, position);
      std::vector<std::pair<int64_t, int64_t>> taken;
      for (auto [takes, gives] :
           llvm::zip(takenFrom(neighbor, dims, along, side), givenTo(opposite, dims, along, side))) {
        auto range = rangeOf(takes, here), given = rangeOf(gives, coordinates(giver, claim.source.layout));
        if (range.first < range.second || given.first < given.second)
          EXPECT_EQ(range, given);
        taken.push_back(range);
      }
      keep(giver, taken, words);
    }
  }

  const SmallMove &move;
  const MoveClaim &claim;
  Place place;
  Pe pe;
  std::vector<TransferDim> dims;
  TransferSizes sizes;
  int64_t slices = 1;
  std::array<int64_t, kTransferAxes> here;
};

Arrived SmallMove::simulate(Pe pe) const { return Simulator(*this, pe).run(); }

std::optional<Arrived> SmallMove::expected(Pe pe) const {
  // What the PE hears of, and, of a tensor that is made chunk by chunk, what there is.
  std::set<int64_t> heard, exists;
  for (Pe other : allPes(place.region)) {
    other.t = pe.t;
    const std::set<int64_t> &has = elements[numberOf(other)];
    exists.insert(has.begin(), has.end());
    bool near = other.x == pe.x && other.y == pe.y;
    if (claim.side)
      near = pe.along(otherSide(*claim.side)) == other.along(otherSide(*claim.side)) &&
             (claim.algorithm == MoveAlgorithm::Pass || std::abs(pe.along(*claim.side) - other.along(*claim.side)) < 2);
    if (near)
      heard.insert(has.begin(), has.end());
  }
  Arrived arrived;
  for (const Element &element : elementsOf(claim.result.layout, claim.result.shape, pe)) {
    int64_t number = flat(element, claim.result.shape), from = number;
    if (claim.regroup.kind == Regroup::None) {
      Element source = element;
      for (size_t d = 0; d != claim.shift.size(); ++d)
        source[d] -= claim.shift[d];
      bool inside = llvm::all_of(llvm::zip(source, claim.source.shape), [](auto pair) {
        return std::get<0>(pair) >= 0 && std::get<0>(pair) < std::get<1>(pair);
      });
      from = inside ? flat(source, claim.source.shape) : -1;
    }
    if (claim.replaces && (from < 0 || (claim.source.layout.dependsOn(T) && !exists.count(from))))
      continue;
    if (!heard.count(from))
      return std::nullopt;
    arrived[number] = from;
  }
  return arrived;
}
