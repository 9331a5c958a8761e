#include "wafer/Route/ChannelColors.h"

#include <algorithm>
#include <vector>

using namespace wafer;

std::span<int> LineColors::of(Channel channel) {
  switch (channel) {
  case Channel::Gather:
    return {&gather, 1};
  case Channel::Broadcast:
    return {&broadcast, 1};
  case Channel::Toward:
    return toward;
  case Channel::Away:
    return away;
  case Channel::Far:
    return far;
  case Channel::Cast:
    return {&cast, 1};
  case Channel::GroupCast:
    return {&groupCast, 1};
  }
  return {};
}

std::span<const int> LineColors::of(Channel channel) const { return const_cast<LineColors *>(this)->of(channel); }

int wafer::colorsOf(ChannelSet set) {
  const LineColors line{};
  int colors = 0;
  for (Channel channel : kChannels)
    if (has(set, channel))
      colors += static_cast<int>(line.of(channel).size());
  return colors;
}

ChannelSet ChannelColors::available() const {
  ChannelSet set = 0;
  for (Channel channel : kChannels) {
    bool there = true;
    for (const LineColors *line : {&x, &y})
      for (int color : line->of(channel))
        there &= color >= 0;
    if (there)
      set |= only(channel);
  }
  return set;
}

std::vector<int> ChannelColors::all() const {
  const ChannelSet set = available();
  std::vector<int> colors;
  for (Channel channel : kChannels)
    if (has(set, channel))
      for (const LineColors *line : {&x, &y})
        for (int color : line->of(channel))
          colors.push_back(color);
  return colors;
}

Result<ChannelColors> ChannelColors::assign(const Profile &profile) {
  // What a pass along a line is made of: a gather whose routers switch once, and a head that sends its own block and
  // relays the others' at a time.
  constexpr int kPositions = 2, kThreads = 2;
  if (profile.switchPositions < kPositions || profile.asyncThreads < kThreads)
    return Diagnostic{ErrorCode::ProfileInvalid,
                      "profile '" + profile.name + "' has " + std::to_string(profile.switchPositions) +
                          " switch positions and " + std::to_string(profile.asyncThreads) +
                          " asynchronous threads; regions take " + std::to_string(kPositions) + " and " +
                          std::to_string(kThreads),
                      "correct fabric.switch_positions and core.async_threads"};
  std::vector<int> taken;
  auto take = [&](bool needSwitch, bool mayNotSwitch) {
    for (int color = 0; color != profile.colors; ++color) {
      bool free = !profile.isReserved(color) && std::find(taken.begin(), taken.end(), color) == taken.end();
      if (!free || (needSwitch && !profile.canSwitch(color)) || (mayNotSwitch && profile.canSwitch(color)))
        continue;
      taken.push_back(color);
      return color;
    }
    return -1;
  };
  auto takeStatic = [&] {
    int color = take(false, true);
    return color >= 0 ? color : take(false, false);
  };
  ChannelColors colors{};
  for (Channel channel : kChannels) {
    const size_t before = taken.size();
    for (LineColors *line : {&colors.x, &colors.y})
      for (int &color : line->of(channel))
        color = channel == Channel::Gather ? take(true, false) : takeStatic();
    if (!has(colors.available(), channel)) // what it has got is for others
      taken.resize(before);
  }
  if ((colors.available() & kChannelsNeeded) != kChannelsNeeded)
    return Diagnostic{ErrorCode::TooFewColors,
                      "profile '" + profile.name + "' leaves " +
                          std::to_string(profile.colors - static_cast<int>(profile.reservedColors.size())) +
                          " colors; a region's channels take " + std::to_string(2 * colorsOf(kChannelsNeeded)) +
                          ", two of them with switches",
                      "reserve fewer colors in the profile, or list more in fabric.switchable_colors"};
  return colors;
}
