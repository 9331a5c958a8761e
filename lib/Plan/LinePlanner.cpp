#include "LinePlanner.h"

using namespace wafer;
using namespace wafer::wfr;

const std::pair<LineShape, double> &LinePlanner::fastest(const ReduceTask &task, ChannelSet allowed) {
  if (!channels) {
    Result<ChannelColors> colors = ChannelColors::assign(model.figures());
    channels = colors ? colors->available() : kChannelsNeeded;
  }
  allowed = *channels & (allowed | kChannelsOfAll | only(Channel::GroupCast));
  const std::tuple key{task.group, task.words, task.whole() ? LineExtent::Whole : LineExtent::Group, allowed};
  auto known = this->known.find(key);
  if (known == this->known.end())
    known =
        this->known.insert({key, fastestLine(task.group, task.words, allowed, model, std::get<LineExtent>(key))}).first;
  return known->second;
}
