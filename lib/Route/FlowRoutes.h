// Lanes that find their ways only together.
#ifndef WAFER_LIB_ROUTE_FLOWROUTES_H
#define WAFER_LIB_ROUTE_FLOWROUTES_H

#include "LaneSearch.h"

namespace wafer {

/// All lanes at once to their first sinks, as a flow; from there to the others one after the other. `isFresh`: no net
/// has the color yet. Then, if dead parts leave too few ways, `most` is how many lanes have one.
std::optional<Routes> routeAsFlow(const RouterMesh &mesh, const Net &net, const RouteTerms &terms, bool isFresh,
                                  LaneSearch &search, std::optional<size_t> &most);

} // namespace wafer

#endif // WAFER_LIB_ROUTE_FLOWROUTES_H
