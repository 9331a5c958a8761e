// Positions for rectangles on a mesh.
#ifndef WAFER_PLACE_PLACER_H
#define WAFER_PLACE_PLACER_H

#include "wafer/Place/FreeSpace.h"

namespace wafer {

struct Point {
  int x, y;
  bool operator==(const Point &) const = default;
};

struct PlaceItem {
  std::string name;
  int w, h;
  std::optional<int> pinX, pinY;
};

/// `lanes` parallel routes between rows of two items, or of an item and the host at the west edge (kHost).
struct PlaceLink {
  static constexpr int kHost = -1;
  int from, to;
  int lanes;
  double weight; // words of a lane: what a hop costs
};

/// Lanes of one color: from the first end to all others, which may be the host.
struct PlaceNet {
  std::vector<int> ends;
  int lanes;
};

struct PlaceRequest {
  const Profile &profile;
  int width, height; // the mesh, in the north-west corner of the profile's
  std::vector<PlaceItem> items;
  std::vector<PlaceLink> links;
  uint64_t seed = 0;
  std::vector<PlaceNet> nets{}; // that the links are parts of
  int colors = 0;               // that nets have at a head; 0: enough
};

/// One position per item: inside the mesh, apart from one another, off dead PEs and links, at the pins. Deterministic
/// for a seed. Errors (WF4100, WF4101) name the item.
Result<std::vector<Point>> place(const PlaceRequest &request);

/// How many rectangles of one size a mesh has room for, packed row by row around dead parts; at most `enough`.
int packingRoom(const FreeSpace &space, int width, int height, int w, int h, int enough);

} // namespace wafer

#endif // WAFER_PLACE_PLACER_H
