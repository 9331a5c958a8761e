#include "Settling.h"

#include <algorithm>

using namespace wafer;

namespace {

class Settling {
public:
  Settling(Placement &placement, PlaceCost &cost)
      : placement(placement), request(placement.request), lanes(placement.lanes), rects(placement.rects), cost(cost),
        now(cost()) {}

  void run() {
    bool better = true;
    for (int round = 0; better && round != 100; ++round) {
      better = false;
      for (size_t a = 0; a != rects.size(); ++a) {
        if (round == 0) {
          better |= moveToClearRows(a);
          better |= moveToOpenColumns(a);
        }
        for (size_t b = 0; b != rects.size(); ++b)
          for (bool east : {false, true}) {
            Rect before = rects[a];
            if (a == b)
              (east ? rects[a].x : rects[a].y) = (east ? request.items[a].pinX : request.items[a].pinY).value_or(0);
            else
              placement.moveBeside(a, b, east);
            better |= keepIfBetter(a, before);
          }
      }
    }
  }

private:
  /// Puts the item back if what has been done with it is not legal, or no cheaper.
  bool keepIfBetter(size_t a, const Rect &before) {
    const double then = placement.isLegal(a) ? cost() : now;
    if (then >= now) {
      rects[a] = before;
      return false;
    }
    now = then;
    return true;
  }

  /// Places from which lanes go straight to the host are few where much is dead, and a walk finds none: all are tried.
  bool moveToClearRows(size_t a) {
    if (!placement.space.hasDeadParts() || lanes.withHost[a] == 0 || placement.pins(a) > 0)
      return false;
    bool better = false;
    for (int y = 0; y + rects[a].h <= request.height; ++y)
      if (std::optional<int> x =
              placement.space.besideClearRows(y, rects[a].w, rects[a].h, std::min(lanes.withHost[a], rects[a].h))) {
        Rect before = rects[a];
        rects[a].x = *x;
        rects[a].y = y;
        better |= keepIfBetter(a, before);
      }
    return better;
  }

  /// The same for lanes from other items: they come in where nothing is dead in the columns before the heads.
  bool moveToOpenColumns(size_t a) {
    if (!placement.space.hasDeadParts() || lanes.in[a] < 2 || lanes.withHost[a] > lanes.toHost[a] ||
        placement.pins(a) > 0)
      return false;
    bool better = false;
    const int before = cost.columnsBefore(a), w = before + rects[a].w;
    for (const PlaceLink &link : request.links)
      if (link.to == static_cast<int>(a) && link.from != PlaceLink::kHost)
        for (int y = 0; y + rects[a].h <= request.height; ++y)
          for (int from : {0, rects[link.from].x + cost.columnsToChangeRows(link) - before + 1})
            if (std::optional<int> x = placement.space.firstFree(y, w, rects[a].h, request.width - w, from)) {
              Rect was = rects[a];
              rects[a].x = *x + before;
              rects[a].y = y;
              better |= keepIfBetter(a, was);
            }
    return better;
  }

  Placement &placement;
  const PlaceRequest &request;
  const ItemLanes &lanes;
  std::vector<Rect> &rects;
  PlaceCost &cost;
  double now; // what the placement costs
};

} // namespace

void wafer::settle(Placement &placement, PlaceCost &cost) { Settling(placement, cost).run(); }
