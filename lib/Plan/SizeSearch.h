// The search for plans of one graph on regions of one size: with what the pass was asked for, at most once for each
// size, and with what is decided about whole plans only.
#ifndef WAFER_LIB_PLAN_SIZESEARCH_H
#define WAFER_LIB_PLAN_SIZESEARCH_H

#include "FoundPlans.h"
#include "Sizes.h"

namespace wafer::wfr {

/// What is the same for every size.
struct SearchOptions {
  int64_t regions = 0; // at most; 0: as many as there is room for
  int64_t fill = 100;  // percent of the usable SRAM that plans may count on
  int beam = 6;
};

class SizeSearch {
public:
  /// `known`: what earlier searches of the same graph found, or null.
  SizeSearch(const Graph &graph, const ResourceModel &model, SearchOptions options, KnownSearches *known,
             mlir::MLIRContext &context)
      : graph(graph), model(model), options(options), known(known), context(context) {}

  const Graph &graph;
  const ResourceModel &model;
  const SearchOptions options;

  /// By size: what any plan takes at least, in cycles.
  std::vector<double> leastCycles(llvm::ArrayRef<Size> sizes) const;

  /// The cheapest plan of this size. `limit` and `expectation` as a PlanRequest has them.
  std::optional<Plan> run(const Size &size, const std::function<double()> &limit, const Expectation &expectation,
                          PlanFailure &failure) const;

  /// The same without a limit, as if one region alone had the host.
  std::optional<Plan> runAlone(const Size &size, PlanFailure &failure) const;

  /// What was asked for a plan, for another search with another beam.
  PlanRequest requestFor(const Plan &plan, int beam) const;

  /// Searches for a plan again, with more to choose from, and takes what it finds if that is better.
  void runAgain(PlanRequest request, Plan &best) const;

  /// A plan that takes no more than so many times another one's cycles, before and after reductions are combined.
  std::optional<Plan> runWithin(PlanRequest request, const Plan &other, double times) const;

  /// Searches once more for a plan, and tells what is looked at, as JSON.
  std::string trace(const Plan &plan) const;

  /// Searches of several sizes beside one another: `search` is called with every number from `begin` on below `end`.
  void inParallel(size_t begin, size_t end, llvm::function_ref<void(size_t)> search) const;

private:
  PlanRequest requestFor(const Size &size, std::function<double()> limit) const;
  std::optional<Plan> runOnce(const PlanRequest &request, PlanFailure &failure) const;

  KnownSearches *known;
  mlir::MLIRContext &context;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_SIZESEARCH_H
