// How fast a plan got on, as a measure for searches after it: one that lies far behind is given up before its bounds
// forbid it (Remaining.h), for these are much below what plans take.
#ifndef WAFER_LIB_PLAN_PACE_H
#define WAFER_LIB_PLAN_PACE_H

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

namespace wafer::wfr {

struct Pace {
  /// By node: the cycle in which the plan ended at the earliest, by what was decided before that node.
  std::vector<double> leastEnd;
  double end = 0;

  /// When a plan is to be expected to end that ends at `least` at the earliest by what is decided before node n: it
  /// will exceed that bound, too, by a share of what the plan of this pace exceeded its own there. A guess, on the low
  /// side: three quarters would make compilation 5 % quicker still, and a voice detector 6 % slower.
  double expectedEnd(double least, size_t n) const {
    constexpr double kShareOfExcess = 0.5;
    return least * (1 + kShareOfExcess * (end / std::max(leastEnd[n], 1.0) - 1));
  }
};

/// What plans that are searched for may be expected to take.
struct Expectation {
  std::shared_ptr<const Pace> pace; // of another plan; none: nothing is expected
  double latest = INFINITY;
  bool isBehind(double least, size_t n) const { return pace && pace->expectedEnd(least, n) > latest; }
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PACE_H
