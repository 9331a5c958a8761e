// What searches have found, for those after them: attempts on one mesh ask for many sizes again, and where one plan
// finds no routes another is taken that was found beside it.
#ifndef WAFER_LIB_PLAN_FOUNDPLANS_H
#define WAFER_LIB_PLAN_FOUNDPLANS_H

#include "Plan.h"

#include "wafer/Plan/Passes.h"

#include <mutex>
#include <tuple>

namespace wafer {
namespace wfr {

/// A memo of searches that nothing ended early, by the size that they were asked for. Threads may use it.
class KnownSearches {
public:
  using Search = llvm::function_ref<std::optional<Plan>(const PlanRequest &, PlanFailure &)>;

  /// What an earlier search for such a request came to, or else this one.
  std::optional<Plan> searchOnce(const PlanRequest &request, PlanFailure &failure, Search search);

private:
  using Question = std::tuple<int64_t, int64_t, Split, Split, int, int64_t, int64_t, double>;
  static Question questionOf(const PlanRequest &request);

  std::map<Question, std::pair<std::optional<Plan>, PlanFailure>> known;
  std::mutex mutex;
};

} // namespace wfr

struct FoundPlans {
  std::vector<wfr::Plan> plans; // the chosen one first, then others, the fastest first
  wfr::RegionShape taken{};     // of the plan that was taken last
  bool tracing = false;
  std::string trace; // of the search that found it
  wfr::KnownSearches known;

  /// Keeps the best plan, and those others whose streams are narrower or fewer each time. `fastest`: cycles of a plan
  /// that others must be nearly as fast as.
  void keep(const wfr::Plan &best, std::vector<wfr::Plan> others, double fastest);
};

} // namespace wafer

#endif // WAFER_LIB_PLAN_FOUNDPLANS_H
