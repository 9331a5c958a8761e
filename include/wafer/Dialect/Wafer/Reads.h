// The question under all proofs about layouts: does every PE find what it reads?
#ifndef WAFER_DIALECT_WAFER_READS_H
#define WAFER_DIALECT_WAFER_READS_H

#include "wafer/Dialect/Wafer/Transfer.h"

namespace wafer::wfr {

/// A nest of loops on every PE, in each iteration of which it reads one element of a tensor.
struct Reads {
  struct Index {
    llvm::SmallVector<int64_t> form; // the loops' factors, then a constant
    Span there;                      // what there is for the PE of this dimension
  };
  std::vector<Span> loops;
  std::vector<Index> indices;
};

/// An element that a PE reads where it is not.
struct Missing {
  std::array<int64_t, kTransferAxes> place;
  llvm::SmallVector<int64_t> element;
};

/// One such element, if there is any. The cost does not depend on the number of PEs, nor on extents.
std::optional<Missing> findMissing(const Reads &reads, const TransferSizes &sizes);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_READS_H
