// What a search has decided so far.
#ifndef WAFER_LIB_PLAN_STATE_H
#define WAFER_LIB_PLAN_STATE_H

#include "Plan.h"
#include "Timeline.h"

namespace wafer::wfr {

/// Where a live tensor rests.
struct Resting {
  std::shared_ptr<const Layout> layout;
  uint64_t regions = 0;      // a bit for each that has it
  double crossingCycles = 0; // of the stream that brings it to another region
  bool isIn(int region) const { return regions >> region & 1; }
};

// Estimates of code, per op of a region, functions that kernels share counted once for each: fitted to the four models
// of the tests on five meshes (0.8 to 1.3 of the real code). The assembled program is checked afterwards.
constexpr int64_t kBaseCodeBytes = 1500, kKernelCodeBytes = 65, kTransferCodeBytes = 65, kAllReduceCodeBytes = 120,
                  kDealCodeBytes = 100;

/// Of one region, per PE. Code and weights are there all the time, so they meet the most that tensors ever take.
struct Memory {
  int64_t weightBytes = 0, codeBytes = kBaseCodeBytes;
  int64_t tensorWords = 0; // at the fullest node
  int64_t liveWords = 0;   // of tensors at rest
  int64_t loopWords = 0;   // of the body of the loop that is being planned, so far
  int lastNode = -1, lastLoop = -1;
  int64_t bytes() const { return codeBytes + weightBytes + 4 * tensorWords; }
};

struct State {
  Timeline timeline;
  std::vector<Memory> memory;  // by region
  std::map<int, Resting> live; // by tensor: those that later nodes read
  std::shared_ptr<const NodePlan> plan;
  std::shared_ptr<const State> parent;
  size_t traced = 0; // number of the candidate that led to it, where the search is traced

  const Resting *restingOf(int tensor) const {
    auto it = live.find(tensor);
    return it == live.end() ? nullptr : &it->second;
  }
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_STATE_H
