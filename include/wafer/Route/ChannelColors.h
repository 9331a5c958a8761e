// Which colors the channels of regions use: the same in every region, decided once per profile.
#ifndef WAFER_ROUTE_CHANNELCOLORS_H
#define WAFER_ROUTE_CHANNELCOLORS_H

#include "wafer/Target/Profile.h"

#include <array>
#include <span>
#include <vector>

namespace wafer {

/// What a line of PEs is connected by. Heads stand at x = 0 of rows, y = 0 of columns.
enum class Channel {
  Gather,    // switched: every PE of a line injects in turn, toward the head
  Broadcast, // from the head to the whole line
  Toward,    // to the neighbor toward the head: two colors, by the parity of that neighbor's coordinate
  Away,      // to the neighbor away from it, likewise
  Far,       // from leader to leader toward the line's root: two colors, which take turns
  Cast,      // from a root that is not the head to the whole line
  GroupCast, // from a root of each group of neighbors to the whole group
};
constexpr std::array kChannels{Channel::Gather, Channel::Broadcast, Channel::Toward,   Channel::Away,
                               Channel::Far,    Channel::Cast,      Channel::GroupCast};

/// Some of them, as bits.
using ChannelSet = unsigned;
constexpr ChannelSet only(Channel channel) { return 1u << static_cast<unsigned>(channel); }
constexpr bool has(ChannelSet set, Channel channel) { return set & only(channel); }

/// Every region has these: streams and the host go by them too.
constexpr ChannelSet kChannelsOfAll = only(Channel::Gather) | only(Channel::Broadcast) | only(Channel::Toward);
/// What else must have its colors. Those of the others are -1 where a machine has too few.
constexpr ChannelSet kChannelsNeeded = kChannelsOfAll | only(Channel::Away);

/// Colors that a set takes along one side.
int colorsOf(ChannelSet set);

/// Of lines along one side of a region.
struct LineColors {
  int gather, broadcast;
  std::array<int, 2> toward, away, far;
  int cast, groupCast;

  std::span<const int> of(Channel channel) const;
  std::span<int> of(Channel channel);
};

struct ChannelColors {
  LineColors x, y; // of rows, of columns

  /// Those that have colors along both sides.
  ChannelSet available() const;
  /// Of channels that are available.
  std::vector<int> all() const;

  /// Gathers take the lowest switchable colors, the others the lowest that cannot switch first: switchable ones are
  /// scarce on some machines. Fails with WF4002 where the profile leaves too few, with WF4001 where the machine lacks
  /// what channels are made of.
  static Result<ChannelColors> assign(const Profile &profile);
};

} // namespace wafer

#endif // WAFER_ROUTE_CHANNELCOLORS_H
