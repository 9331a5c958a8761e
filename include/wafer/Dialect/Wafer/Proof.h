// Proofs that what is read is there: of every PE, for all of them at once. The verifiers of movements, reductions,
// reshapes and kernels ask here; nothing here knows how the planner comes to its layouts.
#ifndef WAFER_DIALECT_WAFER_PROOF_H
#define WAFER_DIALECT_WAFER_PROOF_H

#include "wafer/Dialect/Wafer/Transfer.h"

#include <string>

namespace wafer::wfr {

/// Nothing if a claim holds on every PE; else what is wrong with it, with one PE and element for which it is.
using Objection = std::optional<std::string>;

/// A tensor, and which box of it each PE has.
struct Placed {
  Layout layout;
  llvm::ArrayRef<int64_t> shape;
};

/// Where an op runs.
struct Place {
  RegionSize region;
  int64_t chunks = 1;
};

/// After a movement every PE has its box of `result`.
struct MoveClaim {
  Placed source, result;
  llvm::ArrayRef<int64_t> shift = {}; // element i of the source is element i + shift of the result
  Regroup regroup = {};
  std::optional<Side> side = {}; // along which lines; nothing: no PE sends anything
  MoveAlgorithm algorithm = MoveAlgorithm::Pass;
  bool replaces = false; // part of a tensor that is there already
};
Objection objectionTo(const MoveClaim &claim, Place place);

/// Over the axes that the result is partial on, PEs have every element of it between them.
struct TermsClaim {
  Placed source, result;
};
Objection objectionTo(const TermsClaim &claim, Place place);

/// After the terms of a sum are combined along one side, the PEs at coordinate 0 have it.
struct ReduceClaim {
  Placed terms, result;
  Side side;
};
Objection objectionTo(const ReduceClaim &claim);

/// Every PE's box of one tensor is, word for word, its box of the other.
struct ReshapeClaim {
  Placed source, result;
};
Objection objectionTo(const ReshapeClaim &claim);

/// Every PE has what its iterations read, and all of its box of the result, or a term of it, comes from them.
struct KernelClaim {
  llvm::ArrayRef<int64_t> extents; // of the loops
  llvm::ArrayRef<bool> reduction;  // loops that are
  Layout iteration;
  llvm::SmallVector<Placed, 3> inputs;
  Placed result;
  llvm::SmallVector<mlir::AffineMap> maps; // of the inputs, then of the result
  bool repeatable = false;                 // what is combined twice does no harm: maxima, minima
  bool replaces = false;                   // part of a tensor that is there already
};
Objection objectionTo(const KernelClaim &claim, Place place);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_PROOF_H
