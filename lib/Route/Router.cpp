// The router: every net gets one color, and its lanes trees of routers in that color.
//
// The program of a region is written once for all of its rows, so all lanes of a net share one color, if they can: code
// for several is longer. Within a color a router has one input, so the trees of all lanes of all nets in one color must
// be disjoint in routers. A bus is first laid side by side, straight or in a stair (StairRoutes.cpp), which costs no
// search; where that is blocked in every color, its lanes are searched for one after the other (LaneSearch.cpp: A* over
// routers, first sink first; later sinks start from the whole tree); lanes that cut one another off in every color are
// routed as one flow (FlowRoutes.cpp): it finds the way around dead parts if there is one, and says how many lanes have
// one if not all do. Between colors only links are shared: a shared link halves the rate, so it has a price, which
// grows with every net that wants it. A net takes the cheapest color; a color that no net has yet costs a little, so
// nets that can share do. Where those of no channel do not suffice, the colors of channels have routers to offer
// (Colors.cpp): outside of regions, and at the heads of lines (a head has no neighbor before it, so of the links
// between neighbors one color each way does without it).
//
// A net that finds no color displaces others: in each color it is routed as if their routers were free for a price, and
// those that are in its way in the cheapest color are routed again after it. The price of a router grows with how often
// its net was displaced, so nets that want one place do not drive one another out for ever (PathFinder's history, for
// colors instead of wires); there is a bound on displacements, and on all searches together. Lanes that find no way
// together even so, as regions above one another have for one lane in a color, and regions among dead parts for a few,
// are divided in half, and again: each part has a color, and where it ends a few routers to itself. Before giving up,
// the cut around the net's terminals and the colors that are left are compared (RouteErrors.cpp); a net that fails
// although they allow it was given up, not impossible.
//
// Lanes of a bus are neighbors and mostly straight, so their routers merge into few rectangles: the number of shapes
// follows bends, not the mesh. What is known of routers and what searches find out about them is kept in pages that are
// made where a search comes (TileMap.h), so a full wafer costs no more than the routes on it.
//
// Alternatives: routing each lane as a net of its own color wastes colors and code; integer programming is exact and
// does not scale; dimension-ordered routes need no search and fail at the first dead core.
#include "wafer/Route/Router.h"

#include "Colors.h"
#include "FlowRoutes.h"
#include "RouteErrors.h"
#include "StairRoutes.h"
#include "wafer/Support/Cancellation.h"
#include "wafer/Support/Random.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <set>

using namespace wafer;

namespace {

/// Routers that nets have in one color: whose each is.
using Taken = std::map<int64_t, int>;

/// How a net's lanes are kept apart, the cheapest to find first.
enum class Way {
  Stairs,  // side by side, the shortest way
  InOrder, // one after the other
  Flow,    // all at once
};
constexpr std::array kWays{Way::Stairs, Way::InOrder, Way::Flow};

constexpr int kNoColor = -1;
constexpr int kMostParts = 8; // of a net: each takes code of its own in every region that it leads to
constexpr int kDisplacementsPerNet = 2;
constexpr double kOtherPrice = 8;
// A walled-in sink would cost a search of the whole mesh. While there are other colors to try, a search ends early.
constexpr int64_t kExpansionsPerHop = 24;
// Of all searches: then the router gives up, after a few seconds.
constexpr int64_t kExpansions = 5'000'000, kExpansionsPerNet = 400'000;

/// Lanes of a net that have one color.
struct Part {
  Net net;
  int whole, first; // number of the net that was asked for, and the first of its lanes
  Tree tree = {};
  int color = kNoColor;
  int displaced = 0;                                          // how often
  std::array<std::optional<bool>, kWays.size()> hasWays = {}; // by way: whether dead parts leave it one
};

/// How hard to look for a part's routes in one color.
struct Effort {
  int sharingPrice; // of a link, per net that uses it already
  double expansionsPerHop = kExpansionsPerHop;
  bool overOthers = false; // routers of other nets are to be had, at a price
};

class Routing {
public:
  explicit Routing(const RouteRequest &request)
      : request(request), mesh(request), colors(request),
        search(mesh, std::max(kExpansions, kExpansionsPerNet * static_cast<int64_t>(request.nets.size()))) {}

  Result<RouteSolution> run() {
    for (const Net &net : request.nets)
      if (Status status = checkTerminals(net, mesh); !status)
        return status.error();
    for (const Net &net : request.nets)
      parts.push_back({net, static_cast<int>(parts.size()), 0});
    std::deque<int> queue = firstOrder();
    // Each net may be displaced a few times, wherever its next place is.
    int left = kDisplacementsPerNet * static_cast<int>(parts.size());
    while (!queue.empty()) {
      const int n = queue.front();
      queue.pop_front();
      mostLanes.reset();
      if (std::none_of(kWays.begin(), kWays.end(), [&](Way way) { return chooseColor(parts[n], way); })) {
        if (isCancelled())
          return failure(n);
        if (left <= 0 || !findsWayAlone(parts[n]) || !chooseColorOfOthers(parts[n])) {
          if (!divide(n))
            return failure(n);
          queue.push_front(static_cast<int>(parts.size()) - 1);
          queue.push_front(n);
          continue;
        }
        for (int other : inTheWayOf(parts[n])) {
          give(parts[other]);
          ++parts[other].displaced;
          --left;
          queue.push_front(other);
        }
      }
      take(n);
    }
    return solution();
  }

  /// All searches together have taken as long as they may.
  bool isUsedUp() const { return search.expansionsLeft() <= 0; }
  /// Nets of which no part, or not each, has routes.
  int unrouted() const {
    std::set<int> without;
    for (const Part &part : parts)
      if (part.color == kNoColor)
        without.insert(part.whole);
    return static_cast<int>(without.size());
  }

private:
  /// Wide and long nets first; the seed breaks ties.
  std::deque<int> firstOrder() const {
    std::deque<int> order(parts.size());
    std::iota(order.begin(), order.end(), 0);
    Random random(request.seed + 1);
    std::vector<uint64_t> ties(order.size());
    for (uint64_t &tie : ties)
      tie = request.seed ? random.next() : 0;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      size_t wa = parts[a].net.lanes.size(), wb = parts[b].net.lanes.size();
      return wa != wb ? wa > wb : ties[a] < ties[b];
    });
    return order;
  }

  /// Makes two of a part, half of its lanes each: they may take different colors, and need fewer columns and rows to
  /// step aside in. The second is the last of all parts.
  bool divide(int n) {
    const int whole = parts[n].whole;
    const auto ofWhole = std::count_if(parts.begin(), parts.end(), [&](const Part &p) { return p.whole == whole; });
    std::vector<Lane> &lanes = parts[n].net.lanes;
    if (lanes.size() == 1 || ofWhole == kMostParts || isUsedUp())
      return false;
    const auto half = lanes.begin() + static_cast<ptrdiff_t>((lanes.size() + 1) / 2);
    Part second{
        {parts[n].net.name, {half, lanes.end()}}, whole, parts[n].first + static_cast<int>(half - lanes.begin())};
    lanes.erase(half, lanes.end());
    parts[n].hasWays = {};
    parts.push_back(std::move(second));
    return true;
  }

  void take(int n) {
    const Part &part = parts[n];
    for (const auto &[at, setup] : part.tree)
      used[part.color][at] = n;
    mesh.add(part.tree);
  }

  void give(Part &part) {
    for (const auto &[at, setup] : part.tree)
      used[part.color].erase(at);
    if (used[part.color].empty())
      used.erase(part.color);
    mesh.remove(part.tree);
    part.tree.clear();
    part.color = kNoColor;
  }

  /// Parts that use routers of a part's in its color.
  std::set<int> inTheWayOf(const Part &part) const {
    std::set<int> others;
    const Taken &taken = used.at(part.color);
    for (const auto &[at, setup] : part.tree)
      if (auto it = taken.find(at); it != taken.end())
        others.insert(it->second);
    return others;
  }

  /// Whether a part has routes at all, were there no others.
  bool findsWayAlone(Part &part) {
    if (std::any_of(colors.free().begin(), colors.free().end(), [&](int color) { return !used.count(color); }))
      return false; // it had a color of its own
    return std::any_of(kWays.begin(), kWays.end(), [&](Way way) { return findsWayAlone(part, way); });
  }

  bool findsWayAlone(Part &part, Way way) {
    std::optional<bool> &known = part.hasWays[static_cast<size_t>(way)];
    if (!known) {
      const Effort effort{0, part.net.lanes.size() == 1 ? INFINITY : kExpansionsPerHop};
      known = route(part.net, kNoColor, nullptr, way, effort).has_value();
    }
    return *known;
  }

  /// The color for a part in which the fewest routers are others', and of those the ones that were displaced least.
  bool chooseColorOfOthers(Part &part) {
    double best = INFINITY;
    for (int color : colors.free())
      for (Way way : kWays) {
        auto found = route(part.net, color, &used[color], way, {.sharingPrice = 0, .overOthers = true});
        if (found && found->cost < best) {
          best = found->cost;
          part.tree = std::move(found->tree);
          part.color = color;
        }
        if (found)
          break;
      }
    return part.color != kNoColor;
  }

  /// The cheapest color for a part, if there is any.
  bool chooseColor(Part &part, Way way) {
    // What dead parts leave no way for, others' routes do not either.
    if (way != Way::Stairs && part.net.lanes.size() > 1 && !findsWayAlone(part, way))
      return false;
    double best = INFINITY;
    auto tryColor = [&](int color) {
      auto taken = used.find(color);
      const bool fresh = taken == used.end();
      const Taken *others = fresh ? nullptr : &taken->second;
      // Alone on the mesh one lane finds its way if there is one. A bus that does not is routed as a flow.
      Effort effort{2, fresh && part.net.lanes.size() == 1 ? INFINITY : kExpansionsPerHop};
      std::optional<Routes> found = route(part.net, color, others, way, effort);
      if (!found && way == Way::InOrder) {
        // Lanes that go round shared links can cut one another off; straight through, they cannot.
        effort.sharingPrice = 0;
        found = route(part.net, color, others, way, effort);
      }
      const double price = fresh ? 1 : 0; // a fresh color, other things equal, only if need be
      if (found && found->cost + price < best) {
        best = found->cost + price;
        part.tree = std::move(found->tree);
        part.color = color;
      }
      return fresh;
    };
    for (int color : colors.free())
      if ((best < 1 && !used.count(color)) || tryColor(color))
        break; // other fresh colors are no different
    if (part.color == kNoColor)
      for (int color : colors.shared())
        tryColor(color);
    return part.color != kNoColor;
  }

  /// All lanes in one color, of which others have `taken` routers, or nothing.
  std::optional<Routes> route(const Net &net, int color, const Taken *taken, Way way, const Effort &effort) {
    // Ends of all lanes are spoken for before the first lane passes over them.
    std::map<int64_t, size_t> ends;
    for (size_t i = 0; i != net.lanes.size(); ++i) {
      ends[mesh.tile(net.lanes[i].source.at)] = i;
      for (const Terminal &sink : net.lanes[i].sinks)
        ends[mesh.tile(sink.at)] = i;
    }
    const Colors::Channels &channels = colors.channelsOf(color);
    auto price = [&](int64_t at, size_t lane) -> double {
      if (auto end = ends.find(at); end != ends.end() && end->second != lane)
        return INFINITY;
      if (Colors::has(channels, mesh.point(at)))
        return INFINITY;
      if (!taken)
        return 0;
      auto other = taken->find(at);
      if (other == taken->end())
        return 0;
      return effort.overOthers ? kOtherPrice * (1 + parts[other->second].displaced) : INFINITY;
    };
    // Most colors are not to be had at one of the ends: no need to search the way there.
    for (const auto &[at, lane] : ends)
      if (price(at, lane) == INFINITY)
        return std::nullopt;
    const RouteTerms terms{price, effort.sharingPrice, effort.expansionsPerHop};
    if (way == Way::Stairs)
      return net.lanes.size() > 1 ? routeInStairs(mesh, net, terms) : std::nullopt;
    if (way == Way::Flow)
      return routeAsFlow(mesh, net, terms, /*isFresh=*/!taken, search, mostLanes);
    // Where a bus turns, the lanes on the inside must go first, or those on the outside cut them off.
    for (bool lastFirst : {false, true})
      if (auto found = search.inOrder(net, terms, lastFirst))
        return found;
    return std::nullopt;
  }

  RouteSolution solution() const {
    std::vector<const Part *> order;
    for (const Part &part : parts)
      order.push_back(&part);
    std::sort(order.begin(), order.end(), [](const Part *a, const Part *b) {
      return std::pair(a->whole, a->first) < std::pair(b->whole, b->first);
    });
    RouteSolution result;
    for (const Part *part : order) {
      RoutedNet routed{part->whole,
                       part->first,
                       static_cast<int>(part->net.lanes.size()),
                       part->color,
                       shapesOf(part->tree, request.width),
                       0};
      for (const auto &[at, setup] : part->tree)
        routed.hops = std::max(routed.hops, setup.hops);
      result.nets.push_back(std::move(routed));
    }
    return result;
  }

  Diagnostic failure(int n) const {
    const Net &net = request.nets[parts[n].whole];
    return explainFailure(request, net, colors.countFor(net), mostLanes);
  }

  const RouteRequest &request;
  RouterMesh mesh;
  Colors colors;
  LaneSearch search;
  std::vector<Part> parts;
  std::map<int, Taken> used;       // by color
  std::optional<size_t> mostLanes; // of a net that failed: a color that no net uses has room for so many
};

} // namespace

Result<RouteSolution> wafer::route(const RouteRequest &request, int *unrouted) {
  Routing routing(request);
  Result<RouteSolution> solution = routing.run();
  if (unrouted)
    *unrouted = solution || !routing.isUsedUp() ? 0 : routing.unrouted();
  return solution;
}
