#include "Lengthening.h"
#include "Preference.h"
#include "WideBeam.h"

#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// A plan on longer sides that takes so much longer than the best one may still be better once both are searched with
/// the wide beam.
constexpr double kMayGrow = 1.05;

SmallVector<Size> longerSizes(const Profile &profile, const FreeSpace &space, const SizeRequest &request,
                              int64_t longest, const RegionShape &region) {
  SmallVector<Size> sizes;
  for (Side side : kSides) {
    const Split own = region.split(side), other = region.split(otherSide(side));
    for (Split split : std::set<Split>{own, own.divides() ? Split(own.middle, 2 * own.minor) : own})
      for (Split beside : std::set<Split>{Split(), other}) {
        SizeRequest longer = request;
        const bool alongX = side == Side::X;
        longer.width = region.width * (alongX ? 2 : 1), longer.height = region.height * (alongX ? 1 : 2);
        longer.splitX = alongX ? split : beside, longer.splitY = alongX ? beside : split;
        if (std::max(longer.width, longer.height) > longest)
          continue;
        if (Result<SmallVector<Size>> found = sizesToTry(profile, space, longer))
          llvm::append_range(sizes, *found);
      }
  }
  return sizes;
}

} // namespace

void wfr::lengthen(const SizeSearch &search, const FreeSpace &space, const SizeRequest &request, int64_t longest,
                   Plan &best) {
  const SmallVector<Size> sizes = longerSizes(search.model.figures(), space, request, longest, best.region);
  // A wider search finds what they have in them, so none is given up for another.
  std::vector<std::optional<Plan>> plans(sizes.size());
  const double limit = best.searched * kMayGrow;
  search.inParallel(0, sizes.size(), [&](size_t i) {
    PlanFailure none;
    plans[i] = search.run(sizes[i], [limit] { return limit; }, {}, none);
  });
  llvm::erase_if(plans, [](const std::optional<Plan> &plan) { return !plan; });
  llvm::stable_sort(plans, [](const auto &a, const auto &b) { return a->cycles < b->cycles; });
  widen(search, best);
  for (std::optional<Plan> &plan : MutableArrayRef(plans).take_front(kSizesToImprove)) {
    widen(search, *plan);
    if (isBetter(*plan, best))
      best = std::move(*plan);
  }
}
