// Buses whose lanes lie side by side all the way.
#ifndef WAFER_LIB_ROUTE_STAIRROUTES_H
#define WAFER_LIB_ROUTE_STAIRROUTES_H

#include "Mesh.h"
#include "Routes.h"

namespace wafer {

/// The lanes side by side from one sink to the next, by the shortest ways that keep them apart (Stairs.h).
std::optional<Routes> routeInStairs(const RouterMesh &mesh, const Net &net, const RouteTerms &terms);

} // namespace wafer

#endif // WAFER_LIB_ROUTE_STAIRROUTES_H
