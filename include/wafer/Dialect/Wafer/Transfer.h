// What a pass along a line of PEs moves, as intervals of affine functions of coordinates: the planner prices passes by
// it, and code generation evaluates it on the PEs.
#ifndef WAFER_DIALECT_WAFER_TRANSFER_H
#define WAFER_DIALECT_WAFER_TRANSFER_H

#include "wafer/Dialect/Wafer/Layout.h"

#include <vector>

namespace wafer::wfr {

/// One end of an interval: the largest of some lower bounds, or the smallest of some upper bounds.
using Bounds = llvm::SmallVector<Affine, 4>;

/// [max(lower), min(upper)) of one dimension.
struct Span {
  Bounds lower, upper;
};

/// One dimension of a transfer, after merging; in elements of the source's index space.
struct TransferDim {
  Affine sourceStart, resultStart; // of the boxes, unclipped
  int64_t sourceLength, resultLength;
  int64_t sourceExtent;
  Affine resultLow, resultHigh; // the result tensor's range, in source indices; of sliced dimensions one element of it
  int64_t sourceStride, resultStride;
  int64_t slices = 0; // of a sliced dimension: how many there are
  Axis sliceAxis = S0;

  /// Moves element by element, in a loop around all that is done with the other dimensions.
  void slice(Axis axis, int64_t first, int64_t count);

  bool trivial() const {
    return sourceStart.isConstant() && resultStart.isConstant() && sourceStart.constant == 0 &&
           resultStart.constant == 0 && sourceLength == sourceExtent && resultLength == sourceExtent &&
           resultLow == Affine(0) && resultHigh == Affine(sourceExtent);
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

/// What one PE sends of each dimension: its box, inside the tensor, as far as its line needs it (all of it if
/// `streamed`: then the receivers are elsewhere). With `sender`, of the PE at P0 on the line.
std::vector<Span> blockRanges(llvm::ArrayRef<TransferDim> dims, bool y, const AxisSizes &sizes, bool sender,
                              bool streamed);

/// The dimension along which a line shards the source, if its PEs find all of their windows in what they, the PE before
/// and the PE after them hold: then these can hand it over.
std::optional<size_t> exchangedDim(const Layout &source, llvm::ArrayRef<int64_t> sourceShape, const Layout &result,
                                   llvm::ArrayRef<int64_t> resultShape, llvm::ArrayRef<int64_t> shift, bool y,
                                   const AxisSizes &sizes);
std::optional<size_t> exchangedDim(llvm::ArrayRef<TransferDim> dims, bool y, const AxisSizes &sizes);

/// What a PE gets of each dimension from the PE before it on the line (`after`: behind it). With `sender`, what it
/// gives to the PE behind it (`after`: before it); the two are the same, seen from either side.
std::vector<Span> exchangedRanges(llvm::ArrayRef<TransferDim> dims, size_t along, bool y, bool after, bool sender);

/// Consecutive senders of a line whose blocks are of one size and whose corners advance evenly, by `advance` elements
/// of each dimension.
struct SenderRun {
  int64_t first, count;
  llvm::SmallVector<int64_t> advance;
};

/// The senders of an undivided side as a few such runs, if every PE keeps of each block in a run the same window, and
/// if blocks of as many dimensions, `between` words (0 or 1) after each, can be received as one box.
std::optional<std::vector<SenderRun>> senderRuns(llvm::ArrayRef<TransferDim> dims, bool y, const AxisSizes &sizes,
                                                 const Senders &senders, bool streamed, int64_t between);

/// The dimension in which blocks have more than one element, if there is only one; the last if there is none.
size_t mainDim(llvm::ArrayRef<TransferDim> dims, bool y, const AxisSizes &sizes, bool streamed);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_TRANSFER_H
