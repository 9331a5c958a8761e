// What a placement costs the streams, and the router.
#ifndef WAFER_LIB_PLACE_PLACECOST_H
#define WAFER_LIB_PLACE_PLACECOST_H

#include "Placement.h"

namespace wafer {

/// The sum over links of the distance between row heads, times the words of a lane, and for what the router could not
/// do: lanes without columns to change rows in, dead parts in their way, heads under more nets than there are colors.
class PlaceCost {
public:
  explicit PlaceCost(const Placement &placement)
      : placement(placement), request(placement.request), space(placement.space), rects(placement.rects) {}

  /// Of the placement as it is now.
  double operator()();

  /// Between the heads of a link's ends, for a bus that has some to spare; more where it steps around dead parts.
  int columnsToChangeRows(const PlaceLink &link) const;
  /// Columns to the west of an item in which lanes from other items are in their rows again, wherever they came from:
  /// to step around a dead part there, each of the lanes on its nearer side needs one.
  int columnsBefore(size_t item) const { return placement.lanes.in[item] / 2; }

private:
  double linkCost(const PlaceLink &link) const;
  int aroundHops() const;
  bool hasColumns(const PlaceLink &link) const;
  int deadBetween(const Rect &a, const Rect &b, int lanes) const;
  int crowdedHeads();
  int blockedRows() const;
  int blockedEntries() const;
  double deadPassed() const;
  int crowding(const PlaceLink &link) const;

  const Placement &placement;
  const PlaceRequest &request;
  const FreeSpace &space;
  const std::vector<Rect> &rects;
  std::vector<int> netsOver; // heads of items
};

} // namespace wafer

#endif // WAFER_LIB_PLACE_PLACECOST_H
