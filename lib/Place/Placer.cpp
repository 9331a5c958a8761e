// The placer: a legal packing first, then annealing that never leaves legality.
//
// The first packing goes row by row (Packing.cpp): every item takes the first position, from the north-west corner on,
// where it touches neither another item nor a dead PE. Pinned items go first. If that fails, the items are tried from
// the largest to the smallest; if that fails too, the placer says which item found no place: it never returns an
// overlap.
//
// Annealing (Annealing.cpp) then moves one item to another free position, or beside another one, or exchanges two of
// one size, and keeps what shortens the streams: the cost (PlaceCost.cpp) is the sum over links of the distance between
// row heads, times the words of a lane, and for what the router could not do: lanes without columns to change rows in,
// dead parts in their way, heads under more nets than there are colors. Exchanging is the only move left on a mesh that
// is filled to the brim, and it is enough there. Where the walk ends items settle beside one another (Settling.cpp).
// The seed chooses the first order and the moves, so different seeds give different placements, all of them legal; the
// same seed gives the same on any machine.
//
// Alternatives: sequence pairs and B*-trees search packings of minimal area, which is not the question here (the mesh
// is given and programs are far smaller); they know no obstacles. With tens of regions some 20,000 moves take
// milliseconds.
#include "wafer/Place/Placer.h"

#include "Annealing.h"
#include "Packing.h"
#include "Settling.h"

using namespace wafer;

Result<std::vector<Point>> wafer::place(const PlaceRequest &request) {
  Placement placement(request);
  if (Status packed = pack(placement); !packed)
    return packed.error();
  PlaceCost cost(placement);
  anneal(placement, cost);
  settle(placement, cost);
  std::vector<Point> points;
  for (const Rect &rect : placement.rects)
    points.push_back({rect.x, rect.y});
  return points;
}
