// The placer: a legal packing first, then annealing that never leaves legality.
//
// The first packing goes row by row: every item takes the first position, from the north-west corner on, where it
// touches neither another item nor a dead PE. Pinned items go first. If that fails, the items are tried from the
// largest to the smallest; if that fails too, the placer says which item found no place: it never returns an overlap.
//
// Annealing then moves one item to another free position, or beside another one, or exchanges two of one size, and
// keeps what shortens the streams: the cost is the sum over links of the distance between row heads, times the words of
// a lane, and for what the router could not do: lanes without columns to change rows in, dead parts in their way, heads
// under more nets than there are colors. Exchanging is the only move left on a mesh that is filled to the brim, and it
// is enough there. The seed chooses the first order and the moves, so different seeds give different placements, all of
// them legal; the same seed gives the same on any machine.
//
// Alternatives: sequence pairs and B*-trees search packings of minimal area, which is not the question here (the mesh
// is given and programs are far smaller); they know no obstacles. With tens of regions some 20,000 moves take
// milliseconds.
#include "wafer/Place/Placer.h"

#include "wafer/Support/Random.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <numbers>
#include <numeric>

using namespace wafer;

namespace {

/// The first x beyond the taken rectangles in the way of one.
std::optional<int> takenUntil(const Rect &r, const std::vector<Rect> &taken) {
  for (const Rect &other : taken)
    if (r.overlaps(other))
      return other.x + other.w;
  return std::nullopt;
}

/// The first free position in row-major order, within the pins.
std::optional<Point> firstFree(const FreeSpace &space, int width, int height, const PlaceItem &item,
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

class Placement {
public:
  explicit Placement(const PlaceRequest &request)
      : request(request), space(request.profile, request.width, request.height), random(request.seed + 1),
        hostLanes(request.items.size()), outputLanes(request.items.size()), inLanes(request.items.size()) {
    for (const PlaceLink &link : request.links) {
      if (link.from != PlaceLink::kHost && link.to != PlaceLink::kHost)
        inLanes[link.to] = std::max(inLanes[link.to], link.lanes);
      if ((link.from == PlaceLink::kHost) == (link.to == PlaceLink::kHost))
        continue;
      int &lanes = hostLanes[std::max(link.from, link.to)];
      lanes = std::max(lanes, link.lanes);
      if (link.to == PlaceLink::kHost)
        outputLanes[link.from] = std::max(outputLanes[link.from], link.lanes);
    }
  }

  Result<std::vector<Point>> run() {
    std::vector<int> order(request.items.size());
    std::iota(order.begin(), order.end(), 0);
    auto pinnedFirst = [&](int a, int b) { return pins(a) > pins(b); };
    std::stable_sort(order.begin(), order.end(), pinnedFirst);
    int failed = pack(order);
    if (failed >= 0) {
      std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        if (pins(a) != pins(b))
          return pins(a) > pins(b);
        const PlaceItem &p = request.items[a], &q = request.items[b];
        return p.w * p.h > q.w * q.h;
      });
      failed = pack(order);
    }
    if (failed >= 0)
      return noPlace(request.items[failed]);
    anneal();
    std::vector<Point> points;
    for (const Rect &rect : rects)
      points.push_back({rect.x, rect.y});
    return points;
  }

private:
  static constexpr int kMostHopsAround = 128, kHopsPerDeadPassed = 8;

  int pins(int item) const { return request.items[item].pinX.has_value() + request.items[item].pinY.has_value(); }

  /// Packs in this order; the item that found no place, or -1.
  int pack(const std::vector<int> &order) {
    rects.assign(request.items.size(), {0, 0, 0, 0});
    std::vector<Rect> taken;
    for (int i : order) {
      const PlaceItem &item = request.items[i];
      std::optional<Point> at = firstFree(space, request.width, request.height, item, taken);
      if (!at)
        return i;
      rects[i] = {at->x, at->y, item.w, item.h};
      taken.push_back(rects[i]);
    }
    return -1;
  }

  Diagnostic noPlace(const PlaceItem &item) const {
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
    if (space.hasDeadParts())
      reason += "; the largest free rectangle is " + space.describeLargest();
    return {ErrorCode::PlaceNoRoom,
            "no place is left for region '" + item.name + "' (" + size + " PEs) on a mesh of " + mesh + ": " + reason,
            whole ? "remove pins, or let regions be smaller (--largest-region)"
                  : "give a larger mesh (--mesh), or remove pins"};
  }

  double linkCost(const PlaceLink &link) const {
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
  int aroundHops() const { return std::min(request.width + request.height, kMostHopsAround); }

  /// The mesh has columns enough to give a link's lanes many.
  bool hasColumns(const PlaceLink &link) const { return request.width >= 16 * link.lanes; }

  /// Between the heads of a link's ends, for a bus that has some to spare; more where it steps around dead parts.
  int columnsToChangeRows(const PlaceLink &link) const {
    return (space.hasDeadParts() && hasColumns(link) ? 4 : 2) * link.lanes;
  }

  /// Dead parts in the rows of straight lanes from one head to the other: each pushes lanes out of their rows.
  int deadBetween(const Rect &a, const Rect &b, int lanes) const {
    auto [first, last] = std::minmax(a.x, b.x);
    lanes = std::min(lanes, request.height - a.y);
    return space.deadPes({first + 1, a.y, last - first - 1, lanes}) +
           space.deadToEast({first, a.y, last - first + 1, lanes});
  }

  double cost() {
    double sum = 0;
    double words = 1;
    for (const PlaceLink &link : request.links) {
      sum += linkCost(link);
      words += link.weight;
    }
    return sum + (blockedRows() + crowdedHeads()) * words * (request.width + request.height) +
           (blockedEntries() * aroundHops() + deadPassed() * kHopsPerDeadPassed) * words;
  }

  /// Nets beyond those that there are colors for where they are most: at heads, where each that ends or passes takes
  /// one. A net passes between its ends in the rows of its lanes. And nets whose lanes would have to cross, as they do
  /// from the rows of one reader to those of another.
  int crowdedHeads() {
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
  int blockedRows() const {
    int count = 0;
    for (size_t i = 0; i != rects.size(); ++i) {
      const Rect &r = rects[i];
      // To the edge where lanes cross it, unless they are so few, and go so far, that they step aside anywhere but near
      // their ends; else one column to the west of the heads.
      constexpr int kFew = 4;
      int lanes = std::min(hostLanes[i], r.h), west = std::min(r.x, 1),
          reach = lanes <= kFew && r.x > 16 * lanes ? 2 * lanes : r.x;
      if (reach < r.x)
        count += space.deadPes({0, r.y, reach, lanes}) + space.deadToEast({0, r.y, reach + 1, lanes});
      count += space.deadPes({r.x - reach, r.y, reach, lanes}) +
               space.deadToEast({r.x - reach, r.y, reach + 1, lanes}) +
               space.deadOutputs(r.y, std::min(outputLanes[i], r.h)) +
               space.deadPes({r.x - west, r.y + lanes, west, r.h - lanes}) +
               space.deadToEast({r.x - west, r.y + lanes, west + 1, r.h - lanes});
    }
    return count;
  }

  /// Dead parts that buses of several lanes meet on ways so long, however few words they carry: each turns lanes aside,
  /// and of very many some way is not found.
  double deadPassed() const {
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

  /// The same where lanes from other items come in: in a color of their own a few of them find a way at least.
  int blockedEntries() const {
    int count = 0;
    if (!space.hasDeadParts())
      return count;
    for (size_t i = 0; i != rects.size(); ++i) {
      const Rect &r = rects[i];
      int in = std::min(inLanes[i], r.h), before = std::min(columnsBefore(i), r.x);
      count += space.deadPes({r.x - before, r.y, before, in}) + space.deadToEast({r.x - before, r.y, before + 1, in});
    }
    for (const PlaceLink &link : request.links)
      count += crowding(link);
    return count;
  }

  /// A bus that changes rows among dead parts without columns to spare finds no way, however near its ends are.
  int crowding(const PlaceLink &link) const {
    if (link.from == PlaceLink::kHost || link.to == PlaceLink::kHost || link.lanes == 1 || !hasColumns(link) ||
        rects[link.from].y == rects[link.to].y)
      return 0;
    int columns = std::abs(rects[link.from].x - rects[link.to].x) - 1;
    return columns < columnsToChangeRows(link) / 2 ? 8 : columns < columnsToChangeRows(link) ? 2 : 0;
  }

  /// Columns to the west of an item in which lanes from other items are in their rows again, wherever they came from:
  /// to step around a dead part there, each of the lanes on its nearer side needs one.
  int columnsBefore(size_t item) const { return inLanes[item] / 2; }

  bool legal(size_t moved) const {
    const Rect &r = rects[moved];
    if (r.x < 0 || r.y < 0 || r.x + r.w > request.width || r.y + r.h > request.height)
      return false;
    std::vector<Rect> others;
    for (size_t i = 0; i != rects.size(); ++i)
      if (i != moved)
        others.push_back(rects[i]);
    return space.isFree(r) && !takenUntil(r, others);
  }

  /// e^x for x >= 0 as far as annealing cares, of exact operations alone: libraries differ in the last bits of exp.
  static double almostExp(double x) {
    double power = 1 + x / 1024;
    for (int i = 0; i != 10; ++i)
      power *= power;
    return power;
  }

  void anneal() {
    size_t count = rects.size();
    if (count == 0 || (count == 1 && pins(0) == 2))
      return;
    double now = cost();
    std::vector<Rect> best = rects;
    double bestCost = now;
    const int moves = static_cast<int>(std::min<size_t>(20000, 2000 * count));
    double temperature = std::max(1.0, now / static_cast<double>(4 * std::max<size_t>(count, 1)));
    const double cooling = 1 / almostExp(std::numbers::ln10 * 3 / moves); // to a thousandth
    for (int step = 0; step != moves; ++step, temperature *= cooling) {
      std::vector<Rect> before = rects;
      size_t a = random.below(count), b = random.below(count);
      if (a != b && random.below(2) && pins(static_cast<int>(a)) + pins(static_cast<int>(b)) == 0 &&
          rects[a].w == rects[b].w && rects[a].h == rects[b].h) {
        std::swap(rects[a], rects[b]);
      } else if (a != b && random.below(3) == 0) {
        moveBeside(a, b, random.below(2) != 0);
        if (!legal(a)) {
          rects = before;
          continue;
        }
      } else {
        const PlaceItem &item = request.items[a];
        if (const std::vector<Point> &free = freePlaces(item); !free.empty()) {
          const Point to = nearestOfSome(a, free);
          rects[a].x = to.x;
          rects[a].y = to.y;
        } else {
          // Small steps and jumps in turn.
          int reach = static_cast<int>(random.below(2) ? 4 : std::max(request.width, request.height));
          auto shifted = [&](int from, int limit) {
            int to = from + static_cast<int>(random.below(2 * reach + 1)) - reach;
            return std::clamp(to, 0, std::max(0, limit));
          };
          if (!item.pinX)
            rects[a].x = shifted(rects[a].x, request.width - item.w);
          if (!item.pinY)
            rects[a].y = shifted(rects[a].y, request.height - item.h);
        }
        if (!legal(a)) {
          rects = before;
          continue;
        }
      }
      double then = cost();
      if (then <= now || random.unit() * almostExp((then - now) / temperature) < 1) {
        now = then;
        if (now < bestCost) {
          bestCost = now;
          best = rects;
        }
      } else {
        rects = before;
      }
    }
    // Seeds that end at one cost would all end at one place: a seed other than 0 keeps where its walk ended, if that is
    // near.
    if (request.seed == 0 || now > 1.5 * bestCost)
      rects = best;
    settle();
  }

  /// Where an item without pins can stand at all among dead parts, if these places are so few that a step anywhere
  /// would hit none; else nothing.
  const std::vector<Point> &freePlaces(const PlaceItem &item) {
    static constexpr size_t kFew = 1 << 15;
    static const std::vector<Point> kAnywhere;
    if (!space.hasDeadParts() || item.pinX || item.pinY)
      return kAnywhere;
    auto [known, isNew] = places.try_emplace({item.w, item.h});
    std::vector<Point> &free = known->second;
    for (int y = 0; isNew && y + item.h <= request.height; ++y) {
      const int last = request.width - item.w;
      for (auto x = space.firstFree(y, item.w, item.h, last); x; x = space.firstFree(y, item.w, item.h, last, *x + 1))
        free.push_back({*x, y});
      if (free.size() > kFew) {
        free.clear();
        break;
      }
    }
    return free;
  }

  /// Of some places the one that is nearest to what the item talks to; now and then any.
  Point nearestOfSome(size_t item, const std::vector<Point> &free) {
    Point best = free[random.below(free.size())];
    if (request.links.empty())
      return best;
    const PlaceLink &link = request.links[random.below(request.links.size())];
    const int other = link.from == static_cast<int>(item) ? link.to
                      : link.to == static_cast<int>(item) ? link.from
                                                          : -1;
    if (other == PlaceLink::kHost)
      return best;
    auto distance = [&](Point at) { return std::abs(at.x - rects[other].x) + std::abs(at.y - rects[other].y); };
    const int some = random.below(2) ? 8 : 128;
    for (int i = 1; i != some; ++i)
      if (const Point other = free[random.below(free.size())]; distance(other) < distance(best))
        best = other;
    return best;
  }

  /// In the rows of another item, touching it.
  void moveBeside(size_t moved, size_t other, bool east) {
    Rect &r = rects[moved];
    if (!request.items[moved].pinX)
      r.x = east ? rects[other].x + rects[other].w : rects[other].x - r.w;
    if (!request.items[moved].pinY)
      r.y = rects[other].y;
  }

  /// Places from which lanes go straight to the host are few where much is dead, and a walk finds none: all are tried.
  bool moveToClearRows(size_t a, const std::function<bool(size_t, const Rect &)> &keepIfBetter) {
    if (!space.hasDeadParts() || hostLanes[a] == 0 || pins(static_cast<int>(a)) > 0)
      return false;
    bool better = false;
    for (int y = 0; y + rects[a].h <= request.height; ++y)
      if (std::optional<int> x = space.besideClearRows(y, rects[a].w, rects[a].h, std::min(hostLanes[a], rects[a].h))) {
        Rect before = rects[a];
        rects[a].x = *x;
        rects[a].y = y;
        better |= keepIfBetter(a, before);
      }
    return better;
  }

  /// The same for lanes from other items: they come in where nothing is dead in the columns before the heads.
  bool moveToOpenColumns(size_t a, const std::function<bool(size_t, const Rect &)> &keepIfBetter) {
    if (!space.hasDeadParts() || inLanes[a] < 2 || hostLanes[a] > outputLanes[a] || pins(static_cast<int>(a)) > 0)
      return false;
    bool better = false;
    const int before = columnsBefore(a), w = before + rects[a].w;
    for (const PlaceLink &link : request.links)
      if (link.to == static_cast<int>(a) && link.from != PlaceLink::kHost)
        for (int y = 0; y + rects[a].h <= request.height; ++y)
          for (int from : {0, rects[link.from].x + columnsToChangeRows(link) - before + 1})
            if (std::optional<int> x = space.firstFree(y, w, rects[a].h, request.width - w, from)) {
              Rect was = rects[a];
              rects[a].x = *x + before;
              rects[a].y = y;
              better |= keepIfBetter(a, was);
            }
    return better;
  }

  /// The walk ends somewhere near a good place, seldom at it: as long as an item is better off beside another one, or
  /// at the north-west, it moves there.
  void settle() {
    double now = cost();
    auto keepIfBetter = [&](size_t a, const Rect &before) {
      double then = legal(a) ? cost() : now;
      if (then >= now) {
        rects[a] = before;
        return false;
      }
      now = then;
      return true;
    };
    bool better = true;
    for (int round = 0; better && round != 100; ++round) {
      better = false;
      for (size_t a = 0; a != rects.size(); ++a) {
        if (round == 0)
          better |= moveToClearRows(a, keepIfBetter) | moveToOpenColumns(a, keepIfBetter);
        for (size_t b = 0; b != rects.size(); ++b)
          for (bool east : {false, true}) {
            Rect before = rects[a];
            if (a == b)
              (east ? rects[a].x : rects[a].y) = (east ? request.items[a].pinX : request.items[a].pinY).value_or(0);
            else
              moveBeside(a, b, east);
            better |= keepIfBetter(a, before);
          }
      }
    }
  }

  const PlaceRequest &request;
  FreeSpace space;
  Random random;
  std::vector<int> hostLanes, outputLanes; // of items: to or from the mesh's west edge, and those to it alone
  std::vector<int> inLanes;                // of items: from other items
  std::vector<Rect> rects;
  std::vector<int> netsOver;                                // heads of items
  std::map<std::pair<int, int>, std::vector<Point>> places; // by width and height, see freePlaces
};

} // namespace

Result<std::vector<Point>> wafer::place(const PlaceRequest &request) { return Placement(request).run(); }

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
