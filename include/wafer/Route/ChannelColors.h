// Which colors the channels of regions use: the same in every region, decided once per profile.
#ifndef WAFER_ROUTE_CHANNELCOLORS_H
#define WAFER_ROUTE_CHANNELCOLORS_H

#include "wafer/Target/Profile.h"

#include <array>

namespace wafer {

struct ChannelColors {
  int gatherX, gatherY;              // switched: every PE of a line injects in turn, toward the head
  int broadcastX, broadcastY;        // from the head to the whole line
  std::array<int, 2> chainX, chainY; // to the neighbor toward the head, by the parity of that neighbor's coordinate
  std::array<int, 2> awayX, awayY;   // to the neighbor away from it; only where a region exchanges with neighbors

  static constexpr int kAlways = 8, kForExchange = 2; // colors of every region; more for exchanges along each side

  std::array<int, 12> all() const {
    return {gatherX,   gatherY,   broadcastX, broadcastY, chainX[0], chainX[1],
            chainY[0], chainY[1], awayX[0],   awayX[1],   awayY[0],  awayY[1]};
  }

  /// Gathers take the lowest switchable colors, the others the lowest that cannot switch first: switchable ones are
  /// scarce on some machines. Fails with WF4002 where the profile leaves too few, with WF4001 where the machine lacks
  /// what channels are made of.
  static Result<ChannelColors> assign(const Profile &profile);
};

} // namespace wafer

#endif // WAFER_ROUTE_CHANNELCOLORS_H
