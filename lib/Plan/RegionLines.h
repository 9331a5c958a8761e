// The lines on which a plan's all-reduces run.
#ifndef WAFER_LIB_PLAN_REGIONLINES_H
#define WAFER_LIB_PLAN_REGIONLINES_H

#include "Plan.h"

namespace wafer::wfr {

/// Finds the fastest line for all-reduces, and remembers it.
class LinePlanner {
public:
  explicit LinePlanner(const ResourceModel &model) : model(model) {}

  /// And its cycles; infinite where there is none.
  const std::pair<LineShape, double> &fastest(const ReduceTask &task);

private:
  const ResourceModel &model;
  std::optional<ChannelSet> channels; // that the machine has colors for, as soon as someone has asked
  std::map<std::tuple<int64_t, int64_t, LineExtent>, std::pair<LineShape, double>> known;
};

/// A search prices each all-reduce on the line that is best for it. A region's channels are routed for one line a side:
/// takes the one that is best for all, and the line to the head, which needs none of them, for those that are faster on
/// it. With `mayCast` false all take that. Those in groups share a line, too; `mayCast` false: the one to their heads.
void settleLines(Plan &plan, const ResourceModel &model, bool mayCast);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_REGIONLINES_H
