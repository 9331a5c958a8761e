#include "PlaceCost.h"

#include <algorithm>
#include <cstdlib>

using namespace wafer;

static constexpr int kMostHopsAround = 128, kHopsPerDeadPassed = 8;

double PlaceCost::operator()() {
  double sum = 0;
  double words = 1;
  for (const PlaceLink &link : request.links) {
    sum += linkCost(link);
    words += link.weight;
  }
  return sum + (blockedRows() + crowdedHeads()) * words * (request.width + request.height) +
         (blockedEntries() * aroundHops() + deadPassed() * kHopsPerDeadPassed) * words;
}

double PlaceCost::linkCost(const PlaceLink &link) const {
  auto head = [&](int item) { return rects[item]; };
  if (link.from == PlaceLink::kHost && link.to == PlaceLink::kHost)
    return 0;
  if (link.from == PlaceLink::kHost || link.to == PlaceLink::kHost)
    return link.weight * (head(link.from == PlaceLink::kHost ? link.to : link.from).x + 1);
  Rect a = head(link.from), b = head(link.to);
  // Straight lanes are cheap for router and machine: a row's offset costs twice. Lanes of one color keep their order,
  // so each that changes rows needs a column of its own between the heads, and other nets pass there too.
  int columns = std::abs(a.x - b.x) - 1;
  int crowded = 0;
  if (a.y != b.y && columns < columnsToChangeRows(link))
    crowded = (columns < link.lanes ? 8 : 1) * aroundHops();
  if (a.y == b.y)
    crowded = deadBetween(a, b, link.lanes) * aroundHops();
  return link.weight * (std::abs(a.x - b.x) + 2 * std::abs(a.y - b.y) + crowded);
}

/// So much longer a bus may be, to be spared a dead part in its way. On a large mesh it is nearly as bad to go far,
/// past others.
int PlaceCost::aroundHops() const { return std::min(request.width + request.height, kMostHopsAround); }

/// The mesh has columns enough to give a link's lanes many.
bool PlaceCost::hasColumns(const PlaceLink &link) const { return request.width >= 16 * link.lanes; }

int PlaceCost::columnsToChangeRows(const PlaceLink &link) const {
  return (space.hasDeadParts() && hasColumns(link) ? 4 : 2) * link.lanes;
}

/// Dead parts in the rows of straight lanes from one head to the other: each pushes lanes out of their rows.
int PlaceCost::deadBetween(const Rect &a, const Rect &b, int lanes) const {
  auto [first, last] = std::minmax(a.x, b.x);
  lanes = std::min(lanes, request.height - a.y);
  return space.deadPes({first + 1, a.y, last - first - 1, lanes}) +
         space.deadToEast({first, a.y, last - first + 1, lanes});
}

/// Nets beyond those that there are colors for where they are most: at heads, where each that ends or passes takes
/// one. A net passes between its ends in the rows of its lanes. And nets whose lanes would have to cross, as they do
/// from the rows of one reader to those of another.
int PlaceCost::crowdedHeads() {
  if (request.colors == 0 || static_cast<int>(request.nets.size()) <= request.colors)
    return 0;
  netsOver.assign(rects.size(), 0);
  int count = 0;
  for (const PlaceNet &net : request.nets) {
    auto isIn = [&](int end, int y) { return end != PlaceLink::kHost && rects[end].y == y; };
    for (auto end = net.ends.begin(); end != net.ends.end(); ++end) {
      if (*end == PlaceLink::kHost)
        continue;
      const int y = rects[*end].y;
      if (net.lanes > 1 && end > net.ends.begin() + 1 && !isIn(net.ends[1], y))
        ++count;
      if (std::any_of(net.ends.begin(), end, [&](int other) { return isIn(other, y); }))
        continue; // with the first end in these rows
      int first = rects[*end].x, last = first;
      for (int other : net.ends)
        if (other == PlaceLink::kHost || isIn(other, y)) {
          const int x = other == PlaceLink::kHost ? 0 : rects[other].x;
          first = std::min(first, x), last = std::max(last, x);
        }
      for (size_t i = 0; i != rects.size(); ++i)
        if (rects[i].x >= first && rects[i].x <= last && rects[i].y < y + net.lanes && y < rects[i].y + rects[i].h)
          ++netsOver[i];
    }
  }
  for (int nets : netsOver)
    count += std::max(0, nets - request.colors);
  return count;
}

/// Dead parts in the way of rows that lanes cannot go round. The neighbors of a row's head, north and south, are
/// heads too, and so are those of its port at the mesh's edge: lanes enter and leave both straight, and between the
/// two a bus needs a column for each lane that gives way.
int PlaceCost::blockedRows() const {
  int count = 0;
  for (size_t i = 0; i != rects.size(); ++i) {
    const Rect &r = rects[i];
    // To the edge where lanes cross it, unless they are so few, and go so far, that they step aside anywhere but near
    // their ends; else one column to the west of the heads.
    constexpr int kFew = 4;
    int lanes = std::min(placement.lanes.withHost[i], r.h), west = std::min(r.x, 1),
        reach = lanes <= kFew && r.x > 16 * lanes ? 2 * lanes : r.x;
    if (reach < r.x)
      count += space.deadPes({0, r.y, reach, lanes}) + space.deadToEast({0, r.y, reach + 1, lanes});
    count += space.deadPes({r.x - reach, r.y, reach, lanes}) + space.deadToEast({r.x - reach, r.y, reach + 1, lanes}) +
             space.deadOutputs(r.y, std::min(placement.lanes.toHost[i], r.h)) +
             space.deadPes({r.x - west, r.y + lanes, west, r.h - lanes}) +
             space.deadToEast({r.x - west, r.y + lanes, west + 1, r.h - lanes});
  }
  return count;
}

/// The same as of rows where lanes from other items come in: in a color of their own a few of them find a way at least.
int PlaceCost::blockedEntries() const {
  int count = 0;
  if (!space.hasDeadParts())
    return count;
  for (size_t i = 0; i != rects.size(); ++i) {
    const Rect &r = rects[i];
    int in = std::min(placement.lanes.in[i], r.h), before = std::min(columnsBefore(i), r.x);
    count += space.deadPes({r.x - before, r.y, before, in}) + space.deadToEast({r.x - before, r.y, before + 1, in});
  }
  for (const PlaceLink &link : request.links)
    count += crowding(link);
  return count;
}

/// A bus that changes rows among dead parts without columns to spare finds no way, however near its ends are.
int PlaceCost::crowding(const PlaceLink &link) const {
  if (link.from == PlaceLink::kHost || link.to == PlaceLink::kHost || link.lanes == 1 || !hasColumns(link) ||
      rects[link.from].y == rects[link.to].y)
    return 0;
  int columns = std::abs(rects[link.from].x - rects[link.to].x) - 1;
  return columns < columnsToChangeRows(link) / 2 ? 8 : columns < columnsToChangeRows(link) ? 2 : 0;
}

/// Dead parts that buses of several lanes meet on ways so long, however few words they carry: each turns lanes aside,
/// and of very many some way is not found.
double PlaceCost::deadPassed() const {
  if (!space.hasDeadParts())
    return 0;
  double tiles = 0;
  for (const PlaceLink &link : request.links)
    if (link.from != PlaceLink::kHost && link.to != PlaceLink::kHost && link.lanes > 1) {
      const Rect &a = rects[link.from], &b = rects[link.to];
      tiles += static_cast<double>(link.lanes) * (std::abs(a.x - b.x) + std::abs(a.y - b.y));
    }
  return tiles * space.density();
}
