#include "Colors.h"

#include <algorithm>

using namespace wafer;

Colors::Colors(const RouteRequest &request) {
  for (const RoutedChannel &channel : request.channels)
    channels[channel.color].push_back(&channel);
  for (int color = 0; color != request.profile.colors; ++color)
    if (!request.profile.isReserved(color))
      (channels.count(color) ? withChannels : withoutChannels).push_back(color);
  // Nets need no switches: leave the colors that have them to those that do.
  for (std::vector<int> *each : {&withoutChannels, &withChannels})
    std::stable_sort(each->begin(), each->end(),
                     [&](int a, int b) { return request.profile.canSwitch(a) < request.profile.canSwitch(b); });
}

const Colors::Channels &Colors::channelsOf(int color) const {
  static const Channels kNone;
  auto found = channels.find(color);
  return found == channels.end() ? kNone : found->second;
}

static bool isIn(const RouterArea &area, Point at) {
  const int x = at.x - area.x, y = at.y - area.y;
  return x >= 0 && y >= 0 && x < area.w && y < area.h && x % area.stepX == 0 && y % area.stepY == 0;
}

bool Colors::has(const Channels &channels, Point at) {
  return std::any_of(channels.begin(), channels.end(), [&](const RoutedChannel *channel) {
    const Rect &region = channel->region;
    return isIn({region.x, region.y, region.w, region.h}, at) &&
           std::any_of(channel->routers.begin(), channel->routers.end(),
                       [&](const RouterArea &area) { return isIn(area, at); });
  });
}

int64_t Colors::countFor(const Net &net) const {
  const auto shared = std::count_if(withChannels.begin(), withChannels.end(), [&](int color) {
    auto isFree = [&](const Terminal &end) { return !has(channels.at(color), end.at); };
    return std::any_of(net.lanes.begin(), net.lanes.end(), [&](const Lane &lane) {
      return isFree(lane.source) && std::all_of(lane.sinks.begin(), lane.sinks.end(), isFree);
    });
  });
  return static_cast<int64_t>(withoutChannels.size()) + shared;
}
