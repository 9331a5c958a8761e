// What bounds a net's lanes whatever the routes.
#ifndef WAFER_LIB_ROUTE_CUT_H
#define WAFER_LIB_ROUTE_CUT_H

#include "wafer/Route/Router.h"

namespace wafer {

/// A line across the mesh: how many lanes have ends on both sides, and how many may cross in one color, each through
/// a pair of live routers.
struct Cut {
  int64_t lanes, room;
};

/// Of all lines the one with the least room to spare for a net.
Cut tightestCut(const RouteRequest &request, const Net &net);

} // namespace wafer

#endif // WAFER_LIB_ROUTE_CUT_H
