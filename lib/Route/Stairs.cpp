// A stair is the shortest way of a bus to other rows: every lane goes straight to its column, along it to its row, and
// straight on. Of two lanes the one on the side to which the bus turns changes rows first, so they do not meet, however
// near the rows are. A search for one lane after the other has many ways that are as short, and the first lanes take
// some that leave the others none.
#include "Stairs.h"

#include <algorithm>

using namespace wafer;

std::vector<std::vector<std::vector<Point>>> wafer::stairs(Point from, Point to, int lanes) {
  if (from.y == to.y) {
    std::vector<std::vector<Point>> straight;
    for (int lane = 0; lane != lanes; ++lane)
      straight.push_back({{from.x, from.y + lane}, {to.x, to.y + lane}});
    return {straight};
  }
  constexpr int kPlaces = 5; // of the columns: beside the beginning, beside the end, and between
  const int east = to.x > from.x ? 1 : -1, spare = std::abs(to.x - from.x) - 1 - lanes;
  const bool down = to.y > from.y;
  std::vector<std::vector<std::vector<Point>>> ways;
  for (int place = 0; place != kPlaces && spare >= 0; ++place) {
    const int before = spare * place / (kPlaces - 1);
    if (place > 0 && before == spare * (place - 1) / (kPlaces - 1))
      continue;
    std::vector<std::vector<Point>> way;
    for (int lane = 0; lane != lanes; ++lane) {
      const int column = from.x + east * (1 + before + (down ? lanes - 1 - lane : lane));
      way.push_back({{from.x, from.y + lane}, {column, from.y + lane}, {column, to.y + lane}, {to.x, to.y + lane}});
    }
    ways.push_back(std::move(way));
  }
  return ways;
}
