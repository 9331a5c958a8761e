// Which colors the channels of regions use: the same in every region, decided once per profile.
#ifndef WAFER_ROUTE_CHANNELCOLORS_H
#define WAFER_ROUTE_CHANNELCOLORS_H

#include "wafer/Target/Profile.h"

#include <array>

namespace wafer {

/// Of lines along one side of a region.
struct LineColors {
  int gather;                // switched: every PE of a line injects in turn, toward the head
  int broadcast;             // from the head to the whole line
  std::array<int, 2> toward; // to the neighbor toward the head, by the parity of that neighbor's coordinate
  std::array<int, 2> away;   // to the neighbor away from it; only where a region exchanges with neighbors
};

struct ChannelColors {
  LineColors x, y; // of rows, of columns

  static constexpr int kAlways = 8, kForExchange = 2; // colors of every region; more for exchanges along each side

  std::array<int, 12> all() const {
    return {x.gather,    y.gather,    x.broadcast, y.broadcast, x.toward[0], x.toward[1],
            y.toward[0], y.toward[1], x.away[0],   x.away[1],   y.away[0],   y.away[1]};
  }

  /// Gathers take the lowest switchable colors, the others the lowest that cannot switch first: switchable ones are
  /// scarce on some machines. Fails with WF4002 where the profile leaves too few, with WF4001 where the machine lacks
  /// what channels are made of.
  static Result<ChannelColors> assign(const Profile &profile);
};

} // namespace wafer

#endif // WAFER_ROUTE_CHANNELCOLORS_H
