// Colors that nets may have, and what regions' channels leave of those that they have too.
#ifndef WAFER_LIB_ROUTE_COLORS_H
#define WAFER_LIB_ROUTE_COLORS_H

#include "wafer/Route/Router.h"

#include <map>
#include <vector>

namespace wafer {

class Colors {
public:
  explicit Colors(const RouteRequest &request);

  /// Without channels, and with them: in the order in which nets shall try them.
  const std::vector<int> &free() const { return withoutChannels; }
  const std::vector<int> &shared() const { return withChannels; }

  using Channels = std::vector<const RoutedChannel *>;
  /// Those of a color.
  const Channels &channelsOf(int color) const;
  /// One of the channels has the router.
  static bool has(const Channels &channels, Point at);

  /// Those in which a lane of the net may have its ends.
  int64_t countFor(const Net &net) const;

private:
  std::vector<int> withoutChannels, withChannels;
  std::map<int, Channels> channels; // by color
};

} // namespace wafer

#endif // WAFER_LIB_ROUTE_COLORS_H
