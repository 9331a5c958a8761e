// How layouts come about: which dimensions the sides of a region are given to, and what follows from that for operands,
// results and reshaped tensors.
#ifndef WAFER_DIALECT_WAFER_SHARDING_H
#define WAFER_DIALECT_WAFER_SHARDING_H

#include "wafer/Dialect/Wafer/Layout.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

#include <vector>

namespace wafer::wfr {

constexpr int kNoDim = -1;

/// The dimension on each axis of a side; the same on all: on the side as a whole.
struct SideDims {
  int major = kNoDim, middle = kNoDim, minor = kNoDim;

  SideDims() = default;
  SideDims(int whole) : major(whole), middle(whole), minor(whole) {}
  SideDims(int major, int middle, int minor) : major(major), middle(middle), minor(minor) {}
  /// Of a side that is divided in two.
  SideDims(int major, int minor) : SideDims(major, major, minor) {}
  bool operator==(const SideDims &) const = default;
  bool has(int d) const { return d != kNoDim && (major == d || middle == d || minor == d); }
  bool free() const { return major == kNoDim || middle == kNoDim || minor == kNoDim; }
};

/// Every PE has all of it, said in the region's axes.
Layout replicatedOn(llvm::ArrayRef<int64_t> extents, RegionShape region);

/// A layout of `extents` with these dimensions on the sides; of the region's rows only the first `rows` (0: all).
Layout shardLayout(llvm::ArrayRef<int64_t> extents, SideDims x, SideDims y, RegionShape region, int64_t rows = 0);

/// A layout of one dimension, cut along a whole side.
LayoutDim shardedOn(Side side, int64_t extent, RegionShape region);

/// Layouts that shard up to two dimensions of a shape, on the first `rows` rows (0: all).
std::vector<Layout> plainLayouts(llvm::ArrayRef<int64_t> shape, RegionShape region, int64_t rows = 0);

/// The layout of a tensor read or written through `map`, whose expressions are linear, by loops laid out as
/// `iteration`: each PE has what its iterations touch.
Layout operandLayout(mlir::AffineMap map, const Layout &iteration);

/// The axes that shard a loop of a reduction: on these the result is partial.
unsigned partialAxesOf(llvm::ArrayRef<bool> reduction, const Layout &iteration);

/// The layout of a result that partial terms leave after combining along one side.
Layout afterReduce(const Layout &layout, Side side);

/// What a PE holds over all chunks, or all steps of a loop, of a layout that moves with them.
Layout wholeOfChunks(const Layout &layout, int64_t chunks);
/// Its words.
int64_t wordsOfChunks(const Layout &layout, int64_t chunks);

/// The layout on the other side of a reshape that moves nothing, if blocks line up. Of the two shapes one is the
/// other's dimensions in groups; `expand`: the result is the finer one.
std::optional<Layout> reshapeLayout(const Layout &layout, llvm::ArrayRef<int64_t> fromShape,
                                    llvm::ArrayRef<int64_t> toShape, llvm::ArrayRef<mlir::ReassociationIndices> groups,
                                    bool expand);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_SHARDING_H
