// The choice among sizes of regions: a search for each that may be worth it, and the best of the plans found.
//
// Sizes are searched in parallel, those first that may be the fastest. One that is beaten for sure ends early, or does
// not begin; which are depends on the threads, the choice does not: of the plans that are nearly as fast as the fastest
// the one on the fewest PEs. What reductions that are combined save (Combine.h) shows in whole plans only, so that the
// fastest need not be the one that the searches have as the fastest.
#ifndef WAFER_LIB_PLAN_SIZECHOICE_H
#define WAFER_LIB_PLAN_SIZECHOICE_H

#include "SizeSearch.h"

#include "llvm/ADT/BitVector.h"

namespace wafer::wfr {

/// What is looked for among sizes.
enum class Aim {
  First,  // whether there is a plan: that of the most PEs that have one
  Best,   // the best plan
  Divide, // the best, and those that may be the best once their sides are divided
  Others, // the best, and others that are nearly as fast, should it find no routes around dead parts
};

class SizeChoice {
public:
  explicit SizeChoice(const SizeSearch &search, std::optional<Plan> best = std::nullopt)
      : best(std::move(best)), search(search) {}

  /// Searches these sizes, and leaves the best plan of them and of those before in `best`. A plan that takes longer
  /// than `ceiling` is of no use.
  void among(llvm::ArrayRef<Size> sizes, Aim aim, double ceiling = INFINITY);

  std::optional<Plan> best;
  PlanFailure nearest;       // of those that none beat: why there is no plan
  std::vector<Plan> fastest; // to divide, of the last sizes
  std::vector<Plan> others;  // of all sizes

private:
  llvm::SmallVector<size_t> byLeastCycles(llvm::ArrayRef<Size> sizes, llvm::ArrayRef<size_t> turns) const;
  llvm::BitVector improvableOf(llvm::ArrayRef<Size> sizes, Aim aim) const;
  void chooseFrom(llvm::ArrayRef<Plan *> complete, Aim aim);

  const SizeSearch &search;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_SIZECHOICE_H
