// Where items stand while places are looked for.
#ifndef WAFER_LIB_PLACE_PLACEMENT_H
#define WAFER_LIB_PLACE_PLACEMENT_H

#include "wafer/Place/Placer.h"

namespace wafer {

/// Lanes that the links of each item have, at most.
struct ItemLanes {
  explicit ItemLanes(const PlaceRequest &request);

  std::vector<int> withHost, toHost; // to or from the mesh's west edge, and those to it alone
  std::vector<int> in;               // from other items
};

struct Placement {
  explicit Placement(const PlaceRequest &request)
      : request(request), space(request.profile, request.width, request.height), lanes(request) {}

  int pins(size_t item) const { return request.items[item].pinX.has_value() + request.items[item].pinY.has_value(); }
  /// The item is on the mesh, apart from all others, off dead parts.
  bool isLegal(size_t item) const;
  /// In the rows of another item, touching it.
  void moveBeside(size_t item, size_t other, bool east);

  const PlaceRequest &request;
  FreeSpace space;
  ItemLanes lanes;
  std::vector<Rect> rects; // by item
};

} // namespace wafer

#endif // WAFER_LIB_PLACE_PLACEMENT_H
