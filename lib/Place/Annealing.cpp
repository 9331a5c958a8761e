#include "Annealing.h"

#include "wafer/Support/Random.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numbers>

using namespace wafer;

namespace {

/// e^x for x >= 0 as far as annealing cares, of exact operations alone: libraries differ in the last bits of exp.
double almostExp(double x) {
  double power = 1 + x / 1024;
  for (int i = 0; i != 10; ++i)
    power *= power;
  return power;
}

class Annealing {
public:
  Annealing(Placement &placement, PlaceCost &cost)
      : placement(placement), request(placement.request), cost(cost), random(request.seed + 1) {}

  void run() {
    std::vector<Rect> &rects = placement.rects;
    const size_t count = rects.size();
    if (count == 0 || (count == 1 && placement.pins(0) == 2))
      return;
    double now = cost();
    std::vector<Rect> best = rects;
    double bestCost = now;
    const int moves = static_cast<int>(std::min<size_t>(20000, 2000 * count));
    double temperature = std::max(1.0, now / static_cast<double>(4 * std::max<size_t>(count, 1)));
    const double cooling = 1 / almostExp(std::numbers::ln10 * 3 / moves); // to a thousandth
    std::vector<Rect> before = rects;
    for (int step = 0; step != moves; ++step, temperature *= cooling) {
      before = rects;
      if (!move()) {
        rects = before;
        continue;
      }
      if (rects == before) // few places, few items: most moves lead nowhere, and to no other cost
        continue;
      const double then = cost();
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
  }

private:
  /// One move; says whether the placement is legal after it.
  bool move() {
    std::vector<Rect> &rects = placement.rects;
    const size_t a = random.below(rects.size()), b = random.below(rects.size());
    if (a != b && random.below(2) && placement.pins(a) + placement.pins(b) == 0 && rects[a].w == rects[b].w &&
        rects[a].h == rects[b].h) {
      std::swap(rects[a], rects[b]);
      return true;
    }
    if (a != b && random.below(3) == 0) {
      placement.moveBeside(a, b, random.below(2) != 0);
    } else if (const std::vector<Point> &free = freePlaces(request.items[a]); !free.empty()) {
      const Point to = nearestOfSome(a, free);
      rects[a].x = to.x;
      rects[a].y = to.y;
    } else {
      shift(request.items[a], rects[a]);
    }
    return placement.isLegal(a);
  }

  /// Small steps and jumps in turn.
  void shift(const PlaceItem &item, Rect &rect) {
    const int reach = static_cast<int>(random.below(2) ? 4 : std::max(request.width, request.height));
    auto shifted = [&](int from, int limit) {
      const int to = from + static_cast<int>(random.below(2 * reach + 1)) - reach;
      return std::clamp(to, 0, std::max(0, limit));
    };
    if (!item.pinX)
      rect.x = shifted(rect.x, request.width - item.w);
    if (!item.pinY)
      rect.y = shifted(rect.y, request.height - item.h);
  }

  /// Where an item without pins can stand at all among dead parts, if these places are so few that a step anywhere
  /// would hit none; else nothing.
  const std::vector<Point> &freePlaces(const PlaceItem &item) {
    static constexpr size_t kFew = 1 << 15;
    static const std::vector<Point> kAnywhere;
    if (!placement.space.hasDeadParts() || item.pinX || item.pinY)
      return kAnywhere;
    auto [known, isNew] = places.try_emplace({item.w, item.h});
    std::vector<Point> &free = known->second;
    for (int y = 0; isNew && y + item.h <= request.height; ++y) {
      const int last = request.width - item.w;
      for (auto x = placement.space.firstFree(y, item.w, item.h, last); x;
           x = placement.space.firstFree(y, item.w, item.h, last, *x + 1))
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
    auto distance = [&](Point at) {
      return std::abs(at.x - placement.rects[other].x) + std::abs(at.y - placement.rects[other].y);
    };
    const int some = random.below(2) ? 8 : 128;
    for (int i = 1; i != some; ++i)
      if (const Point other = free[random.below(free.size())]; distance(other) < distance(best))
        best = other;
    return best;
  }

  Placement &placement;
  const PlaceRequest &request;
  PlaceCost &cost;
  Random random;
  std::map<std::pair<int, int>, std::vector<Point>> places; // by width and height, see freePlaces
};

} // namespace

void wafer::anneal(Placement &placement, PlaceCost &cost) { Annealing(placement, cost).run(); }
