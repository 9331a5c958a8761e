// What is said where nets have no routes.
#ifndef WAFER_LIB_ROUTE_ROUTEERRORS_H
#define WAFER_LIB_ROUTE_ROUTEERRORS_H

#include "Mesh.h"

#include <optional>

namespace wafer {

/// Refuses terminals that no routes could begin or end at.
Status checkTerminals(const Net &net, const RouterMesh &mesh);

/// Tells impossible from given up: `colors` are those that the net may have. `mostLanes`: a color that no net uses has
/// room for so many of the lanes that were tried, no more.
Diagnostic explainFailure(const RouteRequest &request, const Net &net, int64_t colors, std::optional<size_t> mostLanes);

} // namespace wafer

#endif // WAFER_LIB_ROUTE_ROUTEERRORS_H
