#include "Packing.h"

#include <algorithm>
#include <numeric>

using namespace wafer;

/// The first x beyond the taken rectangles in the way of one.
static std::optional<int> takenUntil(const Rect &r, const std::vector<Rect> &taken) {
  for (const Rect &other : taken)
    if (r.overlaps(other))
      return other.x + other.w;
  return std::nullopt;
}

/// The first free position in row-major order, within the pins.
static std::optional<Point> firstFree(const FreeSpace &space, int width, int height, const PlaceItem &item,
                                      const std::vector<Rect> &taken) {
  int firstY = item.pinY.value_or(0), lastY = item.pinY.value_or(height - item.h);
  int firstX = item.pinX.value_or(0), lastX = item.pinX.value_or(width - item.w);
  if (firstX < 0 || firstY < 0 || lastX + item.w > width || lastY + item.h > height)
    return std::nullopt;
  for (int y = firstY; y <= lastY; ++y)
    for (std::optional<int> x = firstX; (x = space.firstFree(y, item.w, item.h, lastX, *x));) {
      std::optional<int> next = takenUntil({*x, y, item.w, item.h}, taken);
      if (!next)
        return Point{*x, y};
      x = next;
    }
  return std::nullopt;
}

/// Packs in this order; the item that found no place, or -1.
static int packInOrder(Placement &placement, const std::vector<int> &order) {
  const PlaceRequest &request = placement.request;
  placement.rects.assign(request.items.size(), {0, 0, 0, 0});
  std::vector<Rect> taken;
  for (int i : order) {
    const PlaceItem &item = request.items[i];
    std::optional<Point> at = firstFree(placement.space, request.width, request.height, item, taken);
    if (!at)
      return i;
    placement.rects[i] = {at->x, at->y, item.w, item.h};
    taken.push_back(placement.rects[i]);
  }
  return -1;
}

static Diagnostic noPlace(const PlaceItem &item, const PlaceRequest &request, const FreeSpace &space) {
  std::string size = std::to_string(item.w) + " x " + std::to_string(item.h);
  std::string mesh = std::to_string(request.width) + " x " + std::to_string(request.height);
  int64_t wanted = 0, room = static_cast<int64_t>(request.width) * request.height -
                             space.deadPes({0, 0, request.width, request.height});
  for (const PlaceItem &other : request.items)
    wanted += static_cast<int64_t>(other.w) * other.h;
  const bool whole = request.profile.isWholeMesh(request.width, request.height);
  if (item.w > request.width || item.h > request.height)
    return {ErrorCode::PlaceTooLarge, "region '" + item.name + "' is " + size + " PEs and the mesh " + mesh,
            whole ? "give smaller regions, or another --target" : "give a larger mesh (--mesh)"};
  std::string reason = wanted > room ? "the regions take " + std::to_string(wanted) + " PEs and " +
                                           std::to_string(room) + " are alive: impossible"
                                     : "the regions take " + std::to_string(wanted) + " of " + std::to_string(room) +
                                           " live PEs, but no packing was found around pins and dead PEs";
  return {ErrorCode::PlaceNoRoom,
          "no place is left for region '" + item.name + "' (" + size + " PEs) on a mesh of " + mesh + ": " + reason,
          whole ? "remove pins, or let regions be smaller (--largest-region)"
                : "give a larger mesh (--mesh), or remove pins"};
}

Status wafer::pack(Placement &placement) {
  const PlaceRequest &request = placement.request;
  std::vector<int> order(request.items.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return placement.pins(a) > placement.pins(b); });
  int failed = packInOrder(placement, order);
  if (failed >= 0) {
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      if (placement.pins(a) != placement.pins(b))
        return placement.pins(a) > placement.pins(b);
      const PlaceItem &p = request.items[a], &q = request.items[b];
      return p.w * p.h > q.w * q.h;
    });
    failed = packInOrder(placement, order);
  }
  if (failed >= 0)
    return noPlace(request.items[failed], request, placement.space);
  return Status::ok();
}

int wafer::packingRoom(const FreeSpace &space, int width, int height, int w, int h, int enough) {
  std::vector<Rect> taken;
  // Row by row, so what comes later has its place behind.
  for (int y = 0; y + h <= height; ++y)
    for (std::optional<int> x = 0; (x = space.firstFree(y, w, h, width - w, *x));) {
      if (std::optional<int> next = takenUntil({*x, y, w, h}, taken)) {
        x = next;
        continue;
      }
      taken.push_back({*x, y, w, h});
      if (static_cast<int>(taken.size()) >= enough)
        return static_cast<int>(taken.size());
    }
  return static_cast<int>(taken.size());
}
