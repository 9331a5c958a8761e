#include "SizeChoice.h"
#include "Combine.h"
#include "Preference.h"

#include <atomic>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// What ends searches early: plans that were there before, and those that the searches beside them find.
class Limits {
public:
  Limits(size_t searches, const std::optional<Plan> &best, double ceiling) : found(searches) {
    for (bool improvable : {false, true})
      before[improvable] = std::min(ceiling, best ? limitBeside(*best, improvable) : INFINITY);
    for (auto &[strict, lax] : found)
      strict = lax = INFINITY;
  }

  void add(size_t search, const Plan &plan) {
    for (bool improvable : {false, true})
      found[search][improvable] = limitBeside(plan, improvable);
  }

  bool hasAny(ArrayRef<size_t> searches) const {
    return llvm::any_of(searches, [&](size_t search) { return found[search][0] < INFINITY; });
  }

  double least(bool improvable) const {
    double least = before[improvable];
    for (const auto &limit : found)
      least = std::min<double>(least, limit[improvable]);
    return least;
  }

private:
  std::array<double, 2> before;
  std::vector<std::array<std::atomic<double>, 2>> found; // by search
};

/// The largest first. Around dead parts these hear the host by one lane only, and are slow.
SmallVector<size_t> byPromise(ArrayRef<Size> sizes, Aim aim) {
  SmallVector<size_t> turns = llvm::to_vector(llvm::seq<size_t>(0, sizes.size()));
  auto promise = [&](size_t i) { return std::pair(aim == Aim::Others ? sizes[i].lanesOfTwo : 0, sizes[i].pes()); };
  llvm::stable_sort(turns, [&](size_t a, size_t b) { return promise(a) > promise(b); });
  return turns;
}

} // namespace

/// The sooner a fast plan is found, the fewer slow ones are looked for.
SmallVector<size_t> SizeChoice::byLeastCycles(ArrayRef<Size> sizes, ArrayRef<size_t> turns) const {
  SmallVector<size_t> order(turns);
  if (sizes.size() < 2)
    return order;
  const std::vector<double> least = search.leastCycles(sizes);
  llvm::stable_sort(order, [&](size_t a, size_t b) { return least[a] < least[b]; });
  return order;
}

/// Sizes whose plans may become better than others that are faster now: a side may be divided, or reductions combined,
/// or the others find no routes.
llvm::BitVector SizeChoice::improvableOf(ArrayRef<Size> sizes, Aim aim) const {
  llvm::BitVector improvable(sizes.size(), aim == Aim::Others);
  if (aim != Aim::Divide)
    return improvable;
  const bool combines = mayCombine(search.graph);
  for (auto [i, size] : llvm::enumerate(sizes))
    improvable[i] =
        combines || llvm::any_of(kSides, [&](Side side) { return !divisionsOf(search.graph, size, side).empty(); });
  return improvable;
}

void SizeChoice::among(ArrayRef<Size> sizes, Aim aim, double ceiling) {
  const bool first = aim == Aim::First;
  const SmallVector<size_t> turns = byPromise(sizes, aim), order = first ? turns : byLeastCycles(sizes, turns);
  const llvm::BitVector improvable = improvableOf(sizes, aim);
  std::vector<std::optional<Plan>> plans(sizes.size());
  std::vector<PlanFailure> failures(sizes.size());
  Limits limits(sizes.size(), best, ceiling);
  std::optional<Plan> pilot = best;
  auto searchTurn = [&](size_t turn) {
    const size_t i = order[turn];
    auto limit = [&]() -> double {
      if (first)
        return limits.hasAny(ArrayRef(order).take_front(turn)) ? 0 : INFINITY;
      return limits.least(improvable[i]);
    };
    if (limit() == 0)
      return;
    Expectation expectation;
    if (pilot)
      expectation = {pilot->pace, limitBeside(*pilot, improvable[i])};
    plans[i] = search.run(sizes[i], limit, expectation, failures[i]);
    if (plans[i])
      limits.add(i, *plans[i]);
  };
  // What is expected must not depend on the threads: it follows from the plan of one size, which is found alone.
  size_t turn = 0;
  if (!first && !pilot && sizes.size() > 1) {
    searchTurn(turn++);
    pilot = plans[order[0]];
  }
  search.inParallel(turn, sizes.size(), searchTurn);
  for (auto [plan, failure] : llvm::zip(plans, failures))
    if (!plan && !failure.outrun && isNearer(failure, nearest))
      nearest = failure;
  // Slower ones are complete or not as threads have it.
  const std::array<double, 2> least{limits.least(false), limits.least(true)};
  SmallVector<Plan *> complete;
  if (best)
    complete.push_back(&*best);
  for (size_t i : turns)
    if (plans[i] && (first || plans[i]->searched <= least[improvable[i]]))
      complete.push_back(&*plans[i]);
  chooseFrom(complete, aim);
}

void SizeChoice::chooseFrom(ArrayRef<Plan *> complete, Aim aim) {
  Plan *chosen = aim == Aim::First && !complete.empty() ? complete.front() : bestOf(complete);
  if (aim == Aim::Divide) {
    const double latest = fastestOf(complete) * kNearlyAsFast;
    SmallVector<Plan *> fast;
    llvm::copy_if(complete, std::back_inserter(fast), [&](const Plan *plan) { return plan->cycles <= latest; });
    llvm::stable_sort(fast, [](const Plan *a, const Plan *b) { return a->cycles < b->cycles; });
    fastest.clear();
    for (const Plan *plan : ArrayRef(fast).take_front(kSizesToImprove))
      fastest.push_back(*plan);
  }
  if (aim == Aim::Others)
    for (Plan *plan : complete)
      if (plan != chosen)
        others.push_back(*plan);
  if (chosen && (!best || chosen != &*best))
    best = std::move(*chosen);
}
