// Routes for buses of lanes over the mesh.
#ifndef WAFER_ROUTE_ROUTER_H
#define WAFER_ROUTE_ROUTER_H

#include "wafer/Place/Placer.h"
#include "wafer/Target/Profile.h"

namespace wafer {

/// An end of a lane: a core (PortRamp) or a host port on a side of the mesh.
struct Terminal {
  Point at;
  PortBits port;
};

struct Lane {
  Terminal source;
  std::vector<Terminal> sinks;
};

struct Net {
  std::string name;
  std::vector<Lane> lanes;
};

/// Routers (x + i * stepX, y + j * stepY) of a rectangle.
struct RouterArea {
  int x, y, w, h, stepX = 1, stepY = 1;
};

/// A channel of a region has some of the region's routers in its color. Nets may have the others: the heads of lines,
/// for one, are no ends of all links between neighbors.
struct RoutedChannel {
  int color;
  Rect region;
  std::vector<RouterArea> routers;
};

struct RouteRequest {
  const Profile &profile;
  std::vector<RoutedChannel> channels;
  int width, height; // the mesh
  std::vector<Net> nets;
  uint64_t seed = 0;
};

/// Routers (x + i * 1, y + j * 1) of a rectangle with one set-up.
struct RouteShape {
  int x, y, w, h;
  PortBits input;
  uint8_t outputs; // Port bits
};

/// A net, or a part of one: so many of its lanes.
struct RoutedNet {
  int net, firstLane, lanes;
  int color;
  std::vector<RouteShape> shapes;
  int hops; // of the longest lane
};

struct RouteSolution {
  std::vector<RoutedNet> nets; // in their order; those in parts by lanes
};

/// One color per net, or several where its lanes find no way in one: then neighboring lanes have one each time.
/// Deterministic for a seed. Errors (WF5000, WF5001) name the net, say why, and give a lower bound that tells
/// impossible from given up. `unrouted`: with an error, how many nets had no routes yet when all searches together had
/// taken as long as they may; 0 if it did not come to that.
Result<RouteSolution> route(const RouteRequest &request, int *unrouted = nullptr);

} // namespace wafer

#endif // WAFER_ROUTE_ROUTER_H
