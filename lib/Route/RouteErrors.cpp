#include "RouteErrors.h"
#include "Cut.h"

using namespace wafer;

Status wafer::checkTerminals(const Net &net, const RouterMesh &mesh) {
  auto bad = [&](const std::string &what) {
    return Diagnostic{ErrorCode::RouteImpossible, "net '" + net.name + "' " + what, "correct the net's terminals"};
  };
  if (net.lanes.empty())
    return bad("has no lanes");
  for (const Lane &lane : net.lanes) {
    if (lane.sinks.empty())
      return bad("has a lane without sinks");
    std::vector<Terminal> ends = lane.sinks;
    ends.push_back(lane.source);
    for (const Terminal &end : ends) {
      std::string where = "at (" + std::to_string(end.at.x) + ", " + std::to_string(end.at.y) + ")";
      if (!mesh.isInside(end.at))
        return bad("has a terminal outside the mesh " + where);
      if (mesh.isDead(mesh.tile(end.at)))
        return bad("has a terminal on a dead PE " + where);
      if (end.port != PortRamp && !mesh.isOnEdge(end.at, end.port))
        return bad("has a host port away from the mesh's edge " + where);
    }
    for (const Terminal &sink : lane.sinks)
      if (sink.port != PortRamp && mesh.isDead(mesh.tile(sink.at), sink.port))
        return bad("leaves over a dead link at (" + std::to_string(sink.at.x) + ", " + std::to_string(sink.at.y) + ")");
  }
  return Status::ok();
}

Diagnostic wafer::explainFailure(const RouteRequest &request, const Net &net, int64_t colors,
                                 std::optional<size_t> mostLanes) {
  const Cut cut = tightestCut(request, net);
  const bool whole = request.profile.isWholeMesh(request.width, request.height);
  std::string lanes = std::to_string(net.lanes.size());
  if (colors == 0)
    return {ErrorCode::RouteImpossible,
            "net '" + net.name +
                "' cannot be routed: no color is left beside those of regions "
                "and of the machine's runtime",
            "reserve fewer colors in the profile"};
  const int64_t most = cut.room * colors;
  if (cut.lanes > most)
    return {ErrorCode::RouteImpossible,
            "net '" + net.name + "' cannot be routed: " + std::to_string(cut.lanes) + " of its " + lanes +
                " lanes must cross a cut of " + std::to_string(cut.room) + " live routers in " +
                (colors == 1 ? "one color" : std::to_string(colors) + " colors"),
            whole ? "give the stream fewer lanes" : "give the stream fewer lanes, or a larger mesh"};
  std::string what = "no routes were found for net '" + net.name + "' (" + lanes + " lanes, " + std::to_string(colors) +
                     " colors): ",
              hint = std::string("try another --seed, ") + (whole ? "" : "a larger mesh, ") + "or fewer regions";
  if (mostLanes)
    return {ErrorCode::RouteGivenUp,
            what + "from where its ends are placed, " + std::to_string(*mostLanes) +
                " lanes at most go around dead parts in one color",
            hint};
  return {ErrorCode::RouteGivenUp,
          what + "the narrowest cut has room for " + std::to_string(most) +
              " lanes, so it was given up, not proved impossible",
          hint};
}
