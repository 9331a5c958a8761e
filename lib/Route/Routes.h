// What is asked for, and found, where lanes of a net are routed in one color.
#ifndef WAFER_LIB_ROUTE_ROUTES_H
#define WAFER_LIB_ROUTE_ROUTES_H

#include "Tree.h"

#include <functional>
#include <optional>

namespace wafer {

/// What it costs to pass a router beside the hop, or infinity; for one lane, or for any.
using Price = std::function<double(int64_t at)>;
using LanePrice = std::function<double(int64_t at, size_t lane)>;

struct RouteTerms {
  LanePrice price;         // by a lane's number; the number of lanes: for whoever ends nowhere
  int sharingPrice;        // of a link, per net that uses it already
  double expansionsPerHop; // routers that the search for a lane may look at
};

/// Trees of routers, one of each lane, that meet nowhere.
struct Routes {
  Tree tree; // all of them
  double cost;
};

} // namespace wafer

#endif // WAFER_LIB_ROUTE_ROUTES_H
