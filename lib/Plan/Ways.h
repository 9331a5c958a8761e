// All ways to run one node after the states of a search's beam. There are many, and most are far from the best: what
// each takes at least is looked at ever more closely, and only what that does not rule out is priced.
#ifndef WAFER_LIB_PLAN_WAYS_H
#define WAFER_LIB_PLAN_WAYS_H

#include "Offers.h"
#include "Places.h"
#include "Remaining.h"

namespace wafer::wfr {

/// What a search has for all nodes.
struct SearchContext {
  const PlanRequest &request;
  Pricing &pricing;
  const Remaining &remaining;
  int64_t budget; // bytes of a PE
};

/// A candidate after a state, in one of some places, before it is priced.
struct Option {
  const std::shared_ptr<const State> *from;
  const Places *places;
  Offer *offer;
  size_t number; // of the offer's candidate
  enum { Glanced, Measured, Priced } seen = Glanced;
  double score = INFINITY;   // at least
  int64_t bytes = INT64_MAX; // of a PE of each region, at least
  const Candidate *candidate() const { return offer->candidates[number]; }
};

/// One way to run the node after a state.
struct Successor {
  std::shared_ptr<const State> from;
  const Candidate *candidate; // of the offers
  const Work *work;           // likewise
  int region;
  Price price;
  int64_t bytes; // of a PE of each region
  double score;
  size_t option, turn; // in the order in which the ways are looked at
  bool alike = false;  // a better one leaves the same to later nodes
};

class Ways {
public:
  Ways(const SearchContext &context, size_t n)
      : node(n), context(context), request(context.request), graph(request.graph), pricing(context.pricing),
        offers(graph, graph.nodes[n],
               CandidateContext{request.region, request.model, context.budget / 4 / 5, request.hostLanes}) {}

  /// Those after one more state, which must stay where it is.
  void addAfter(const std::shared_ptr<const State> &state);

  /// Looks at an option more closely; false if there is no way after all. Once it is priced, its ways are successors.
  bool lookCloser(size_t option);

  /// Tells what became of the node's candidates; `kept` went on. Returns the number of each that has one there.
  llvm::DenseMap<const Candidate *, size_t> trace(llvm::ArrayRef<Successor *> kept, PlanTrace &trace) const;

  const size_t node;
  std::vector<Option> options;
  std::deque<Successor> successors; // of what has been priced
  int64_t candidates = 0;           // of all states
  int64_t smallestNeed = INT64_MAX; // bytes of a PE, of what has been priced

private:
  bool bound(Option &option, std::optional<std::optional<Cost>> &least, Pricing::Look look);
  bool considerIn(const Place &place, const Cost &least, Option &option) const;
  bool price(const Option &option, size_t number);
  double scoreOf(double end, double work, const Memory &memory, int region, const State &state) const;

  const SearchContext &context;
  const PlanRequest &request;
  const Graph &graph;
  Pricing &pricing;
  Offers offers;
  std::deque<Places> placesOf; // by state
  llvm::DenseMap<const Candidate *, std::optional<Cost>> leastOfResult;
  llvm::DenseSet<const Candidate *> tooLate; // beyond the ceiling, where the search is traced
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_WAYS_H
