#include "Placement.h"

#include <algorithm>

using namespace wafer;

ItemLanes::ItemLanes(const PlaceRequest &request)
    : withHost(request.items.size()), toHost(request.items.size()), in(request.items.size()) {
  for (const PlaceLink &link : request.links) {
    if (link.from != PlaceLink::kHost && link.to != PlaceLink::kHost)
      in[link.to] = std::max(in[link.to], link.lanes);
    if ((link.from == PlaceLink::kHost) == (link.to == PlaceLink::kHost))
      continue;
    int &lanes = withHost[std::max(link.from, link.to)];
    lanes = std::max(lanes, link.lanes);
    if (link.to == PlaceLink::kHost)
      toHost[link.from] = std::max(toHost[link.from], link.lanes);
  }
}

bool Placement::isLegal(size_t item) const {
  const Rect &r = rects[item];
  if (r.x < 0 || r.y < 0 || r.x + r.w > request.width || r.y + r.h > request.height || !space.isFree(r))
    return false;
  for (size_t i = 0; i != rects.size(); ++i)
    if (i != item && r.overlaps(rects[i]))
      return false;
  return true;
}

void Placement::moveBeside(size_t item, size_t other, bool east) {
  Rect &r = rects[item];
  if (!request.items[item].pinX)
    r.x = east ? rects[other].x + rects[other].w : rects[other].x - r.w;
  if (!request.items[item].pinY)
    r.y = rects[other].y;
}
