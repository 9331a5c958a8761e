#include "Mesh.h"

using namespace wafer;

RouterMesh::RouterMesh(const RouteRequest &request)
    : columns(request.width), rows(request.height), turn(1 + request.profile.turnCycles / 10),
      routers(static_cast<int64_t>(request.width) * request.height) {
  for (const auto &[x, y] : request.profile.deadPes)
    if (isInside({x, y}))
      routers[tile({x, y})].isDead = true;
  for (const DeadLink &link : request.profile.deadLinks)
    if (isInside({link.x, link.y}))
      routers[tile({link.x, link.y})].deadLinks |= link.side;
}

void RouterMesh::count(const Tree &tree, int nets) {
  for (const auto &[at, setup] : tree)
    for (PortBits side : kSides)
      if (setup.outputs & side)
        routers[at].nets[numberOf(side)] += nets;
}
