#include "Division.h"
#include "Preference.h"
#include "SizeChoice.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Division {
public:
  Division(const SizeSearch &search, bool deadParts, Plan &best) : search(search), deadParts(deadParts), best(best) {}

  /// Either side of a size; the other as well where dividing the one has gained something.
  void divide(const Plan &undivided, const Size &size) {
    const double ceiling = limitBeside(best, /*improvable=*/false);
    Plan divided = undivided;
    for (Side side : kSides) {
      Plan plan = divideFirst(undivided, size, side, ceiling);
      if (isBetter(plan, divided))
        std::swap(plan, divided);
      noteRival(plan);
    }
    if (isBetter(divided, best))
      std::swap(divided, best);
    noteRival(divided);
  }

  std::optional<Plan> rival; // the fastest plan that another was preferred to

private:
  Plan divideFirst(const Plan &undivided, const Size &size, Side side, double ceiling) const {
    SizeChoice choice(search, undivided);
    choice.among(divisionsOf(search.graph, size, side), Aim::Best, ceiling);
    Size once = size;
    once.shape = choice.best->region;
    if (once.shape.split(side).divides() && choice.best->cycles <= undivided.cycles * (deadParts ? kWorthGrowing : 1))
      choice.among(divisionsOf(search.graph, once, otherSide(side)), Aim::Best, ceiling);
    return std::move(*choice.best);
  }

  void noteRival(const Plan &plan) {
    if (!rival || plan.cycles < rival->cycles)
      rival = plan;
  }

  const SizeSearch &search;
  bool deadParts;
  Plan &best;
};

} // namespace

std::optional<Plan> wfr::divide(const SizeSearch &search, ArrayRef<Plan> undivided, ArrayRef<Size> sizes,
                                bool deadParts, Plan &best) {
  Division division(search, deadParts, best);
  for (const Plan &plan : undivided)
    division.divide(plan, *llvm::find_if(sizes, [&](const Size &size) {
                      return size.shape.width == plan.region.width && size.shape.height == plan.region.height;
                    }));
  return std::move(division.rival);
}
