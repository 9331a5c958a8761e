// The fastest lines for all-reduces.
#ifndef WAFER_LIB_PLAN_LINEPLANNER_H
#define WAFER_LIB_PLAN_LINEPLANNER_H

#include "wafer/Collectives/AllReduce.h"

#include <map>

namespace wafer::wfr {

/// Finds the fastest line for all-reduces, and remembers it.
class LinePlanner {
public:
  explicit LinePlanner(const ResourceModel &model) : model(model) {}

  /// And its cycles; infinite where there is none. Channels beside those that all regions have must be `allowed`.
  const std::pair<LineShape, double> &fastest(const ReduceTask &task, ChannelSet allowed = ~ChannelSet(0));

private:
  const ResourceModel &model;
  std::optional<ChannelSet> channels; // that the machine has colors for, as soon as someone has asked
  std::map<std::tuple<int64_t, int64_t, LineExtent, ChannelSet>, std::pair<LineShape, double>> known;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_LINEPLANNER_H
