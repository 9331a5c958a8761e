// The routers of a net, and the rectangles that they make.
#ifndef WAFER_LIB_ROUTE_TREE_H
#define WAFER_LIB_ROUTE_TREE_H

#include "wafer/Route/Router.h"

#include <array>
#include <map>

namespace wafer {

constexpr std::array<PortBits, 4> kSides{PortNorth, PortEast, PortSouth, PortWest};

/// The neighbor at a side.
Point step(Point p, PortBits side);
PortBits opposite(PortBits side);

struct Setup {
  PortBits input;
  uint8_t outputs; // Port bits
  int hops;        // from the lane's source
};

/// Routers of one net, by tile: y * the mesh's width + x.
using Tree = std::map<int64_t, Setup>;

/// Runs of equal routers along rows, and equal runs of neighboring rows as one.
std::vector<RouteShape> shapesOf(const Tree &tree, int width);

} // namespace wafer

#endif // WAFER_LIB_ROUTE_TREE_H
