// What a pass along a line of PEs moves, as intervals of affine functions of coordinates: the planner prices passes by
// it, and code generation evaluates it on the PEs.
#ifndef WAFER_DIALECT_WAFER_TRANSFER_H
#define WAFER_DIALECT_WAFER_TRANSFER_H

#include "wafer/Dialect/Wafer/Lines.h"

#include <vector>

namespace wafer::wfr {

/// Axes of a transfer beside those of layouts. P0 and P1 are the major and minor axes of another PE of the same line,
/// the sender of a block; S0 to S3 count slices.
enum TransferAxis : unsigned { P0 = kLayoutAxes, P1, S0, S1, S2, S3, kTransferAxes };
using TransferAffine = AffineOver<kTransferAxes>;
using TransferSizes = AxisSizesOver<kTransferAxes>;

/// One end of an interval: the largest of some lower bounds, or the smallest of some upper bounds.
using Bounds = llvm::SmallVector<TransferAffine, 4>;

/// [max(lower), min(upper)) of one dimension.
struct Span {
  Bounds lower, upper;
};

/// One dimension of a transfer, in elements of the source's index space.
struct TransferDim {
  TransferAffine sourceStart, resultStart; // of the boxes, unclipped
  int64_t sourceLength, resultLength;
  int64_t sourceExtent;
  TransferAffine resultLow,
      resultHigh; // the result tensor's range, in source indices; of sliced dimensions one element of it
  int64_t sourceStride, resultStride;
  int64_t slices = 0; // of a sliced dimension: how many there are
  TransferAxis sliceAxis = S0;

  /// Moves element by element, in a loop around all that is done with the other dimensions.
  void slice(TransferAxis axis, int64_t first, int64_t count);

  bool trivial() const {
    return sourceStart.isConstant() && resultStart.isConstant() && sourceStart.constant == 0 &&
           resultStart.constant == 0 && sourceLength == sourceExtent && resultLength == sourceExtent &&
           resultLow == TransferAffine(0) && resultHigh == TransferAffine(sourceExtent);
  }
};

/// The dimensions of a transfer; those that both sides hold whole are merged into the one before them. Element i of the
/// source is element i + shift of the result.
///
/// Of two dimensions that are one on the other side the outer one is sliced: in slice s of it, element j of the inner
/// one is element s * extent + j of the one that they make, so that boxes may be cut anywhere and stay affine.
std::vector<TransferDim> transferDims(const Layout &source, llvm::ArrayRef<int64_t> sourceShape, const Layout &result,
                                      llvm::ArrayRef<int64_t> resultShape, llvm::ArrayRef<int64_t> shift,
                                      Regroup regroup = {});

/// The same, one for each dimension of the finer side.
std::vector<TransferDim> unmergedDims(const Layout &source, llvm::ArrayRef<int64_t> sourceShape, const Layout &result,
                                      llvm::ArrayRef<int64_t> resultShape, llvm::ArrayRef<int64_t> shift,
                                      Regroup regroup);

/// Where those are that a line's PEs send to. What others need is not known here, so to them all goes.
enum class Receivers { OnLine, Elsewhere };

/// What a PE sends of each dimension: its box, inside the tensor, as far as receivers on its line need it.
std::vector<Span> ownBlock(llvm::ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes,
                           Receivers receivers);
/// The same of the PE at P0 and P1 on the line.
std::vector<Span> sendersBlock(llvm::ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes,
                               Receivers receivers);

/// The dimension along which a line shards the source, if its PEs find all of their windows in what they, the PE before
/// and the PE after them hold: then these can hand it over.
std::optional<size_t> exchangedDim(const Layout &source, llvm::ArrayRef<int64_t> sourceShape, const Layout &result,
                                   llvm::ArrayRef<int64_t> resultShape, llvm::ArrayRef<int64_t> shift, Side side,
                                   const TransferSizes &sizes);
std::optional<size_t> exchangedDim(llvm::ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes);

/// The PE at the coordinate one less on a line, and that at one more.
enum class Neighbor { Before, After };

/// What a PE gets of each dimension from a neighbor, and what it gives to one. What one gives to the PE after it is
/// what that one gets from the PE before it.
std::vector<Span> takenFrom(Neighbor neighbor, llvm::ArrayRef<TransferDim> dims, size_t along, Side side);
std::vector<Span> givenTo(Neighbor neighbor, llvm::ArrayRef<TransferDim> dims, size_t along, Side side);

/// Consecutive senders of a line whose blocks are of one size and whose corners advance evenly, by `advance` elements
/// of each dimension.
struct SenderRun {
  int64_t first, count;
  llvm::SmallVector<int64_t> advance;
  /// Of each dimension what a block has, if words between blocks of several dimensions keep them from being received as
  /// one box: they are taken to memory one after the other and moved from there. Else empty.
  llvm::SmallVector<int64_t> staged;

  int64_t stagedWords() const;
};

/// Words that a run may have in memory on their way.
constexpr int64_t kMostStagedWords = 256;

/// The senders of a line whose blocks may meet what the line needs: those whose [s p + start, s p + start + length)
/// meets `needed`, p being their coordinate on one of the line's axes. The others are silent for the whole line, and
/// all of it knows them.
struct Speakers {
  TransferAxis axis;    // P0 or P1
  TransferAffine start; // of the block at 0
  int64_t step, length;
  Span needed;
  int64_t most;  // of them on any line
  int64_t count; // that there are
};

/// Telling speakers apart takes some divisions, and two instructions for those before and behind: as long as so many
/// senders take.
constexpr int64_t kToTellSpeakersApart = 2;

/// At most so many of `count` senders speak to a line that needs `needed` elements of what they have in blocks of
/// `length`, `step` apart; nothing if that is not worth telling them apart.
std::optional<int64_t> mostSpeakers(int64_t needed, int64_t length, int64_t step, int64_t count);

/// By their coordinates on `axis`: P0, or of a divided side P1. Nothing if that is not worth telling them apart, or if
/// it is not one range.
std::optional<Speakers> speakersOf(llvm::ArrayRef<TransferDim> dims, Side side, const TransferSizes &lineSizes,
                                   const Senders &senders, Receivers receivers, TransferAxis axis);

/// The senders of an undivided side, or those of one major coordinate of a divided side, as a few such runs, if every
/// PE keeps of each block in a run the same window, and if blocks of as many dimensions, `between` words (0 or 1) after
/// each, can be received as one box, or are few words and of one size.
std::optional<std::vector<SenderRun>> senderRuns(llvm::ArrayRef<TransferDim> dims, Side side,
                                                 const TransferSizes &sizes, const Senders &senders,
                                                 Receivers receivers, int64_t between);

/// The dimension in which blocks have more than one element, if there is only one; the last if there is none.
size_t mainDim(llvm::ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes, Receivers receivers);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_TRANSFER_H
