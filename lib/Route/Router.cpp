// The router: every net gets one color, and its lanes trees of routers in that color.
//
// The program of a region is written once for all of its rows, so all lanes of a net share one color, if they can: code
// for several is longer. Within a color a
// router has one input, so the trees of all lanes of all nets in one color must be disjoint in routers. A bus is first
// laid side by side, straight or in a stair (Stairs.cpp), which costs no search; where that is blocked in every color,
// its lanes are searched for one after the other (A* over routers, first sink first; later sinks start from the whole
// tree); lanes that cut one another off in every color are routed as one flow (DisjointPaths.cpp): it finds the way
// around dead parts if there is one, and says how many lanes have one if not all do. Between colors only links are
// shared: a shared link halves the rate, so it has a price, which grows with every net that wants it. A net takes the
// cheapest color; a color that no net has yet costs a little, so nets that can share do. Where those of no channel do
// not suffice, the colors of channels have routers to offer: outside of regions, and at the heads of lines (a head has
// no neighbor before it, so of the links between neighbors one color each way does without it).
//
// A net that finds no color displaces others: in each color it is routed as if their routers were free for a price, and
// those that are in its way in the cheapest color are routed again after it. The price of a router grows with how often
// its net was displaced, so nets that want one place do not drive one another out for ever (PathFinder's history, for
// colors instead of wires); there is a bound on displacements, and on all searches together. Lanes that find no way
// together even so, as regions above one another have for one lane in a color, and regions among dead parts for a few,
// are divided in half, and again: each part has a color, and where it ends a few routers to itself. Before giving up,
// the cut around the net's terminals and the colors that are left are compared; a net that fails although they allow it
// was given up, not impossible.
//
// Lanes of a bus are neighbors and mostly straight, so their routers merge into few rectangles: the number of shapes
// follows bends, not the mesh. What is known of routers and what searches find out about them is kept in pages that are
// made where a search comes (TileMap.h), so a full wafer costs no more than the routes on it.
//
// Alternatives: routing each lane as a net of its own color wastes colors and code; integer programming is exact and
// does not scale; dimension-ordered routes need no search and fail at the first dead core.
#include "wafer/Route/Router.h"

#include "Cut.h"
#include "DisjointPaths.h"
#include "Stairs.h"
#include "TileMap.h"
#include "Tree.h"
#include "wafer/Support/Cancellation.h"
#include "wafer/Support/Random.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <queue>
#include <set>
#include <unordered_map>

using namespace wafer;

namespace {

/// Routers that nets have in one color: whose each is.
using Taken = std::map<int64_t, int>;

/// What it costs to pass a router beside the hop, or infinity; for one lane, or for any.
using Price = std::function<double(int64_t at)>;
using LanePrice = std::function<double(int64_t at, size_t lane)>;

/// How a net's lanes are kept apart, the cheapest to find first.
enum class Way {
  Stairs,  // side by side, the shortest way
  InOrder, // one after the other
  Flow,    // all at once
};
constexpr std::array kWays{Way::Stairs, Way::InOrder, Way::Flow};

class Routing {
public:
  explicit Routing(const RouteRequest &request)
      : request(request), routers(static_cast<int64_t>(request.width) * request.height),
        visits(static_cast<int64_t>(request.width) * request.height),
        expansionsLeft(std::max(kExpansions, kExpansionsPerNet * static_cast<int64_t>(request.nets.size()))) {
    for (const auto &[x, y] : request.profile.deadPes)
      if (inside({x, y}))
        routers[tile({x, y})].isDead = true;
    for (const DeadLink &link : request.profile.deadLinks)
      if (inside({link.x, link.y}))
        routers[tile({link.x, link.y})].deadLinks |= link.side;
    for (const RoutedChannel &channel : request.channels)
      channels[channel.color].push_back(&channel);
    for (int color = 0; color != request.profile.colors; ++color)
      if (!request.profile.isReserved(color))
        (channels.count(color) ? colorsOfChannels : colors).push_back(color);
    // Nets need no switches: leave the colors that have them to those that do.
    for (std::vector<int> *each : {&colors, &colorsOfChannels})
      std::stable_sort(each->begin(), each->end(),
                       [&](int a, int b) { return request.profile.canSwitch(a) < request.profile.canSwitch(b); });
  }

  Result<RouteSolution> run() {
    for (const Net &net : request.nets)
      if (Status status = check(net); !status)
        return status.error();
    for (const Net &net : request.nets)
      parts.push_back({net, static_cast<int>(parts.size()), 0});
    std::vector<int> order(parts.size());
    std::iota(order.begin(), order.end(), 0);
    // Wide and long nets first; the seed breaks ties.
    Random random(request.seed + 1);
    std::vector<uint64_t> ties(order.size());
    for (uint64_t &tie : ties)
      tie = request.seed ? random.next() : 0;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      size_t wa = parts[a].net.lanes.size(), wb = parts[b].net.lanes.size();
      return wa != wb ? wa > wb : ties[a] < ties[b];
    });
    std::deque<int> queue(order.begin(), order.end());
    trees.resize(order.size());
    chosen.assign(order.size(), -1);
    alone.resize(order.size());
    displaced.assign(order.size(), 0);
    // Each net may be displaced a few times, wherever its next place is.
    int left = kDisplacementsPerNet * static_cast<int>(order.size());
    while (!queue.empty()) {
      const int n = queue.front();
      queue.pop_front();
      mostLanes.reset();
      if (std::none_of(kWays.begin(), kWays.end(), [&](Way way) { return chooseColor(n, way); })) {
        if (isCancelled())
          return failure(n);
        if (left <= 0 || !findsWayAlone(n) || !chooseColorOfOthers(n)) {
          if (!divide(n))
            return failure(n);
          queue.push_front(static_cast<int>(parts.size()) - 1);
          queue.push_front(n);
          continue;
        }
        for (int other : inTheWayOf(n)) {
          give(other);
          ++displaced[other];
          --left;
          queue.push_front(other);
        }
      }
      take(n);
    }
    return solution();
  }

  /// All searches together have taken as long as they may.
  bool isUsedUp() const { return expansionsLeft <= 0; }
  /// Nets of which no part, or not each, has routes.
  int unrouted() const {
    std::set<int> without;
    for (size_t n = 0; n != parts.size(); ++n)
      if (chosen[n] < 0)
        without.insert(parts[n].whole);
    return static_cast<int>(without.size());
  }

private:
  int column(int64_t at) const { return static_cast<int>(at % request.width); }
  int row(int64_t at) const { return static_cast<int>(at / request.width); }
  int64_t offset(PortBits side) const {
    const Point to = step({0, 0}, side);
    return static_cast<int64_t>(to.y) * request.width + to.x;
  }
  int64_t tile(Point p) const { return static_cast<int64_t>(p.y) * request.width + p.x; }
  bool inside(Point p) const { return p.x >= 0 && p.y >= 0 && p.x < request.width && p.y < request.height; }
  bool onEdge(Point p, PortBits side) const { return !inside(step(p, side)); }

  bool isDead(int64_t at) const { return routers.known(at).isDead; }
  /// The link that leaves it through the side.
  bool isDead(int64_t at, PortBits side) const { return routers.known(at).deadLinks & side; }
  static size_t numberOf(PortBits side) { return static_cast<size_t>(std::countr_zero(static_cast<unsigned>(side))); }
  int netsOn(int64_t at, PortBits side) const { return routers.known(at).nets[numberOf(side)]; }

  Status check(const Net &net) const {
    auto bad = [&](const std::string &what) {
      return Diagnostic{ErrorCode::RouteImpossible, "net '" + net.name + "' " + what, "correct the net's terminals"};
    };
    if (net.lanes.empty())
      return bad("has no lanes");
    for (const Lane &lane : net.lanes) {
      if (lane.sinks.empty())
        return bad("has a lane without sinks");
      std::vector<Terminal> ends = lane.sinks;
      ends.push_back(lane.source);
      for (const Terminal &end : ends) {
        std::string where = "at (" + std::to_string(end.at.x) + ", " + std::to_string(end.at.y) + ")";
        if (!inside(end.at))
          return bad("has a terminal outside the mesh " + where);
        if (isDead(tile(end.at)))
          return bad("has a terminal on a dead PE " + where);
        if (end.port != PortRamp && !onEdge(end.at, end.port))
          return bad("has a host port away from the mesh's edge " + where);
      }
      for (const Terminal &sink : lane.sinks)
        if (sink.port != PortRamp && isDead(tile(sink.at), sink.port))
          return bad("leaves over a dead link at (" + std::to_string(sink.at.x) + ", " + std::to_string(sink.at.y) +
                     ")");
    }
    return Status::ok();
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
    alone[n] = {};
    alone.emplace_back();
    parts.push_back(std::move(second));
    trees.emplace_back();
    chosen.push_back(-1);
    displaced.push_back(0);
    return true;
  }

  void take(int n) {
    for (const auto &[at, setup] : trees[n]) {
      used[chosen[n]][at] = n;
      for (PortBits side : kSides)
        if (setup.outputs & side)
          ++routers[at].nets[numberOf(side)];
    }
  }

  void give(int n) {
    for (const auto &[at, setup] : trees[n]) {
      used[chosen[n]].erase(at);
      for (PortBits side : kSides)
        if (setup.outputs & side)
          --routers[at].nets[numberOf(side)];
    }
    if (used[chosen[n]].empty())
      used.erase(chosen[n]);
    trees[n].clear();
    chosen[n] = -1;
  }

  /// Nets that use routers of a net's in its color.
  std::set<int> inTheWayOf(int n) const {
    std::set<int> others;
    const std::map<int64_t, int> &taken = used.at(chosen[n]);
    for (const auto &[at, setup] : trees[n])
      if (auto it = taken.find(at); it != taken.end())
        others.insert(it->second);
    return others;
  }

  /// Whether a net has routes at all, were there no others.
  bool findsWayAlone(int n) {
    if (std::any_of(colors.begin(), colors.end(), [&](int color) { return !used.count(color); }))
      return false; // it had a color of its own
    return std::any_of(kWays.begin(), kWays.end(), [&](Way way) { return findsWayAlone(n, way); });
  }

  bool findsWayAlone(int n, Way way) {
    std::optional<bool> &known = alone[n][static_cast<size_t>(way)];
    if (!known) {
      sharingPrice = 0;
      expansionsPerHop = parts[n].net.lanes.size() == 1 ? INFINITY : kExpansionsPerHop;
      known = routeNet(parts[n].net, kNoColor, nullptr, way).has_value();
    }
    return *known;
  }

  /// The color for a net in which the fewest routers are others', and of those the ones that were displaced least.
  bool chooseColorOfOthers(int n) {
    double best = INFINITY;
    overOthers = true;
    sharingPrice = 0;
    expansionsPerHop = kExpansionsPerHop;
    for (int color : colors)
      for (Way way : kWays) {
        auto found = routeNet(parts[n].net, color, &used[color], way);
        if (found && found->second < best) {
          best = found->second;
          trees[n] = std::move(found->first);
          chosen[n] = color;
        }
        if (found)
          break;
      }
    overOthers = false;
    return chosen[n] >= 0;
  }

  /// The cheapest color for a net, if there is any.
  bool chooseColor(int n, Way way) {
    // What dead parts leave no way for, others' routes do not either.
    if (way != Way::Stairs && parts[n].net.lanes.size() > 1 && !findsWayAlone(n, way))
      return false;
    double best = INFINITY;
    auto tryColor = [&](int color) {
      auto taken = used.find(color);
      const bool fresh = taken == used.end();
      const Taken *others = fresh ? nullptr : &taken->second;
      // Lanes that go round shared links can cut one another off; straight through, they cannot.
      sharingPrice = 2;
      // Alone on the mesh one lane finds its way if there is one. A bus that does not is routed as a flow.
      expansionsPerHop = fresh && parts[n].net.lanes.size() == 1 ? INFINITY : kExpansionsPerHop;
      std::optional<std::pair<Tree, double>> found = routeNet(parts[n].net, color, others, way);
      if (!found && way == Way::InOrder) {
        sharingPrice = 0;
        found = routeNet(parts[n].net, color, others, way);
      }
      const double price = fresh ? 1 : 0; // a fresh color, other things equal, only if need be
      if (found && found->second + price < best) {
        best = found->second + price;
        trees[n] = std::move(found->first);
        chosen[n] = color;
      }
      return fresh;
    };
    for (int color : colors)
      if ((best < 1 && !used.count(color)) || tryColor(color))
        break; // other fresh colors are no different
    if (chosen[n] < 0)
      for (int color : colorsOfChannels)
        tryColor(color);
    return chosen[n] >= 0;
  }

  static bool has(const RouterArea &area, Point at) {
    const int x = at.x - area.x, y = at.y - area.y;
    return x >= 0 && y >= 0 && x < area.w && y < area.h && x % area.stepX == 0 && y % area.stepY == 0;
  }

  /// One of the channels has the router.
  bool hasChannel(const std::vector<const RoutedChannel *> &channels, int64_t at) const {
    const Point p{column(at), row(at)};
    return std::any_of(channels.begin(), channels.end(), [&](const RoutedChannel *channel) {
      const Rect &region = channel->region;
      return has({region.x, region.y, region.w, region.h}, p) &&
             std::any_of(channel->routers.begin(), channel->routers.end(),
                         [&](const RouterArea &area) { return has(area, p); });
    });
  }

  /// Colors in which channels leave a lane its ends.
  int64_t countColorsWithEnds(const Net &net) const {
    return std::count_if(colorsOfChannels.begin(), colorsOfChannels.end(), [&](int color) {
      auto isFree = [&](const Terminal &end) { return !hasChannel(channels.at(color), tile(end.at)); };
      return std::any_of(net.lanes.begin(), net.lanes.end(), [&](const Lane &lane) {
        return isFree(lane.source) && std::all_of(lane.sinks.begin(), lane.sinks.end(), isFree);
      });
    });
  }

  /// All lanes in one color, of which others have `taken` routers, or nothing.
  std::optional<std::pair<Tree, double>> routeNet(const Net &net, int color, const Taken *taken, Way way) {
    // Ends of all lanes are spoken for before the first lane passes over them.
    std::map<int64_t, size_t> ends;
    for (size_t i = 0; i != net.lanes.size(); ++i) {
      ends[tile(net.lanes[i].source.at)] = i;
      for (const Terminal &sink : net.lanes[i].sinks)
        ends[tile(sink.at)] = i;
    }
    auto ofColor = channels.find(color);
    const std::vector<const RoutedChannel *> none, &inTheWay = ofColor == channels.end() ? none : ofColor->second;
    auto price = [&](int64_t at, size_t lane) -> double {
      if (auto end = ends.find(at); end != ends.end() && end->second != lane)
        return INFINITY;
      if (hasChannel(inTheWay, at))
        return INFINITY;
      if (!taken)
        return 0;
      auto other = taken->find(at);
      if (other == taken->end())
        return 0;
      return overOthers ? kOtherPrice * (1 + displaced[other->second]) : INFINITY;
    };
    // Most colors are not to be had at one of the ends: no need to search the way there.
    for (const auto &[at, lane] : ends)
      if (price(at, lane) == INFINITY)
        return std::nullopt;
    if (way == Way::Stairs)
      return net.lanes.size() > 1 ? routeInStairs(net, price) : std::nullopt;
    if (way == Way::Flow)
      return routeTogether(net, price, /*fresh=*/!taken);
    // Where a bus turns, the lanes on the inside must go first, or those on the outside cut them off.
    for (bool lastFirst : {false, true})
      if (auto found = routeInOrder(net, price, lastFirst))
        return found;
    return std::nullopt;
  }

  /// Lanes one after the other, each keeping off those before it.
  std::optional<std::pair<Tree, double>> routeInOrder(const Net &net, const LanePrice &price, bool lastFirst) {
    Tree tree;
    double cost = 0;
    for (size_t turn = 0; turn != net.lanes.size(); ++turn) {
      size_t i = lastFirst ? net.lanes.size() - 1 - turn : turn;
      auto found = routeLane(net.lanes[i], [&](int64_t at) { return tree.count(at) ? INFINITY : price(at, i); });
      if (!found)
        return std::nullopt;
      cost += found->second;
      tree.insert(found->first.begin(), found->first.end());
    }
    return std::make_pair(std::move(tree), cost);
  }

  /// The first of a bus's terminals, if the others follow in the rows below it.
  static std::optional<Point> topOf(const Net &net, const std::function<Point(const Lane &)> &endOf) {
    const Point top = endOf(net.lanes.front());
    for (size_t i = 1; i != net.lanes.size(); ++i)
      if (!(endOf(net.lanes[i]) == Point{top.x, top.y + static_cast<int>(i)}))
        return std::nullopt;
    return top;
  }

  /// The lanes side by side from one sink to the next, by the shortest ways that keep them apart.
  std::optional<std::pair<Tree, double>> routeInStairs(const Net &net, const LanePrice &price) {
    std::vector<Tree> lanes(net.lanes.size());
    Tree all;
    double cost = 0;
    std::vector<Point> begins;
    if (std::optional<Point> top = topOf(net, [](const Lane &lane) { return lane.source.at; }))
      begins.push_back(*top);
    for (size_t i = 0; i != net.lanes.size(); ++i)
      lanes[i][tile(net.lanes[i].source.at)] = {net.lanes[i].source.port, 0, 0};
    for (size_t s = 0; s != net.lanes[0].sinks.size(); ++s) {
      std::optional<Point> to = topOf(net, [&](const Lane &lane) { return lane.sinks[s].at; });
      if (!to)
        return std::nullopt;
      std::optional<std::pair<double, std::vector<std::vector<Point>>>> best;
      for (const Point &from : begins)
        for (const auto &way : stairs(from, *to, static_cast<int>(net.lanes.size())))
          if (std::optional<double> found = costOf(way, price, lanes, all); found && (!best || *found < best->first))
            best = {*found, way};
      if (!best)
        return std::nullopt;
      cost += best->first;
      for (size_t i = 0; i != lanes.size(); ++i)
        extend(lanes[i], best->second[i], net.lanes[i].sinks[s].port);
      for (const Tree &lane : lanes)
        for (const auto &[at, setup] : lane)
          all[at] = setup;
      begins.push_back(*to);
    }
    return std::make_pair(std::move(all), cost);
  }

  /// Goes along a lane's corners: `visit` gets each router and the side by which it is left, until it says no.
  template <typename Visit> bool alongCorners(const std::vector<Point> &corners, const Visit &visit) const {
    Point at = corners.front();
    for (const Point &goal : corners)
      while (!(at == goal)) {
        const PortBits side = goal.x > at.x   ? PortEast
                              : goal.x < at.x ? PortWest
                              : goal.y > at.y ? PortSouth
                                              : PortNorth;
        if (!visit(tile(at), side))
          return false;
        at = step(at, side);
      }
    return true;
  }

  /// What lanes cost that go this way from a router of their trees; nothing if something is in the way of one.
  std::optional<double> costOf(const std::vector<std::vector<Point>> &way, const LanePrice &price,
                               const std::vector<Tree> &lanes, const Tree &all) const {
    double cost = 0;
    for (size_t i = 0; i != way.size(); ++i) {
      PortBits input = lanes[i].at(tile(way[i].front())).input;
      bool onTree = true; // as far as the lane goes there anyway it costs nothing
      const bool open = alongCorners(way[i], [&](int64_t at, PortBits side) {
        const int64_t next = at + offset(side);
        auto known = lanes[i].find(next);
        onTree = onTree && known != lanes[i].end() && lanes[i].at(at).outputs & side;
        const int link = linkPrice(at, side);
        if (!onTree && (link < 0 || input == side || isDead(next) || all.count(next)))
          return false;
        if (!onTree)
          cost += link + price(next, i) + (input != PortRamp && side != opposite(input) ? turnPrice() : 0);
        input = opposite(side);
        return cost < INFINITY;
      });
      if (!open)
        return std::nullopt;
    }
    return cost;
  }

  void extend(Tree &lane, const std::vector<Point> &corners, PortBits sink) const {
    alongCorners(corners, [&](int64_t at, PortBits side) {
      Setup &here = lane.at(at);
      here.outputs |= side;
      lane.try_emplace(at + offset(side), Setup{opposite(side), 0, here.hops + 1});
      return true;
    });
    lane.at(tile(corners.back())).outputs |= sink;
  }

  /// All lanes at once to their first sinks, as a flow; from there to the others one after the other.
  std::optional<std::pair<Tree, double>> routeTogether(const Net &net, const LanePrice &price, bool fresh) {
    std::unordered_map<int64_t, size_t> ends; // of the first sinks' paths, by tile
    int64_t hops = 0;
    auto passing = [&](int64_t at) {
      auto lane = ends.find(at);
      return price(at, lane == ends.end() ? net.lanes.size() : lane->second);
    };
    PathsRequest paths{.width = request.width,
                       .height = request.height,
                       .from = {},
                       .to = {},
                       .free = [&](int64_t at) { return !isDead(at) && passing(at) < INFINITY; },
                       .price =
                           [&](int64_t at, int direction) {
                             int link = linkPrice(at, kSides[direction]);
                             return link < 0 ? link : link + static_cast<int>(passing(at + offset(kSides[direction])));
                           },
                       .steps = nullptr};
    for (size_t i = 0; i != net.lanes.size(); ++i) {
      Point from = net.lanes[i].source.at, to = net.lanes[i].sinks[0].at;
      paths.from.push_back(tile(from));
      paths.to.push_back(tile(to));
      ends[paths.from.back()] = ends[paths.to.back()] = i;
      hops += 64 + std::abs(from.x - to.x) + std::abs(from.y - to.y);
    }
    // While there are other colors to try, or fewer lanes, a search ends early.
    const int64_t steps =
        fresh && net.lanes.size() == 1 ? expansionsLeft : std::min(expansionsLeft, hops * kFlowExpansionsPerHop);
    int64_t left = steps;
    paths.steps = &left;
    PathsAnswer answer = disjointPaths(paths);
    expansionsLeft -= steps - left;
    if (fresh && answer.complete && answer.most < net.lanes.size() && net.lanes[0].sinks.size() == 1)
      mostLanes = answer.most;
    if (answer.paths.empty())
      return std::nullopt;
    std::vector<Tree> lanes(net.lanes.size());
    Tree all;
    for (size_t i = 0; i != net.lanes.size(); ++i) {
      lanes[i] = treeOf(net.lanes[i], answer.paths[i]);
      all.insert(lanes[i].begin(), lanes[i].end());
    }
    double cost = static_cast<double>(answer.cost);
    for (size_t i = 0; i != net.lanes.size(); ++i)
      for (size_t s = 1; s != net.lanes[i].sinks.size(); ++s) {
        auto apart = [&](int64_t at) { return all.count(at) ? INFINITY : price(at, i); };
        std::optional<double> found = reach(net.lanes[i], net.lanes[i].sinks[s], apart, lanes[i]);
        if (!found)
          return std::nullopt;
        cost += *found;
        for (const auto &[at, setup] : lanes[i])
          all[at] = setup;
      }
    return std::make_pair(std::move(all), cost);
  }

  /// A lane's routers along a path to its first sink.
  Tree treeOf(const Lane &lane, const std::vector<int64_t> &path) const {
    Tree tree;
    PortBits input = lane.source.port;
    for (size_t i = 0; i != path.size(); ++i) {
      PortBits output = i + 1 == path.size() ? lane.sinks[0].port : sideToward(path[i], path[i + 1]);
      tree[path[i]] = {input, static_cast<uint8_t>(output), static_cast<int>(i)};
      input = opposite(output);
    }
    return tree;
  }

  PortBits sideToward(int64_t from, int64_t to) const {
    return to == from + 1 ? PortEast : to == from - 1 ? PortWest : to > from ? PortSouth : PortNorth;
  }

  /// Of the step through a side; -1 if there is none.
  int linkPrice(int64_t at, PortBits side) const {
    if (isDead(at, side))
      return -1;
    return 1 + static_cast<int>(sharingPrice) * netsOn(at, side);
  }

  double turnPrice() const { return 1 + request.profile.turnCycles / 10; }

  struct Visit {
    double cost; // so far
    int hops;
    PortBits input; // the side it came in by
    int search;     // the last that came here
    bool done = false;
  };
  struct Entry {
    double estimate;
    int64_t at;
    bool operator>(const Entry &o) const { return estimate != o.estimate ? estimate > o.estimate : at > o.at; }
  };

  /// A lane's tree and its cost.
  std::optional<std::pair<Tree, double>> routeLane(const Lane &lane, const Price &price) {
    int64_t source = tile(lane.source.at);
    if (price(source) == INFINITY)
      return std::nullopt;
    Tree own;
    own[source] = {lane.source.port, 0, 0};
    double cost = 0;
    for (const Terminal &sink : lane.sinks) {
      std::optional<double> found = reach(lane, sink, price, own);
      if (!found)
        return std::nullopt;
      cost += *found;
    }
    return std::make_pair(std::move(own), cost);
  }

  /// Extends the lane's tree to a sink.
  std::optional<double> reach(const Lane &lane, const Terminal &sink, const Price &priceOf, Tree &own) {
    int64_t goal = tile(sink.at);
    ++search;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    auto estimate = [&](int64_t at) {
      int x = static_cast<int>(at % request.width), y = static_cast<int>(at / request.width);
      return std::abs(x - sink.at.x) + std::abs(y - sink.at.y);
    };
    for (const auto &[at, setup] : own) {
      visits[at] = {0, setup.hops, setup.input, search};
      queue.push({static_cast<double>(estimate(at)), at});
    }
    const double most = expansionsPerHop * (64 + estimate(tile(lane.source.at)));
    double expansions = 0;
    while (!queue.empty() && ++expansions <= most && --expansionsLeft > 0) {
      int64_t at = queue.top().at;
      queue.pop();
      Visit &visit = visits[at];
      if (visit.done)
        continue;
      visit.done = true;
      if (at == goal)
        break;
      Visit here = visit;
      Point p{static_cast<int>(at % request.width), static_cast<int>(at / request.width)};
      for (PortBits side : kSides) {
        if (side == here.input)
          continue; // never back where it came from
        Point q = step(p, side);
        if (!inside(q))
          continue;
        int64_t next = tile(q);
        if (isDead(next) || isDead(at, side))
          continue;
        double extra = own.count(next) ? INFINITY : priceOf(next);
        if (extra == INFINITY)
          continue;
        bool turn = here.input != PortRamp && side != opposite(here.input);
        double price = here.cost + 1 + extra + (turn ? turnPrice() : 0) + sharingPrice * netsOn(at, side);
        Visit &there = visits[next];
        if (there.search == search && (there.done || there.cost <= price))
          continue;
        there = {price, here.hops + 1, opposite(side), search};
        queue.push({price + estimate(next), next});
      }
    }
    const Visit &end = visits[goal];
    if (end.search != search || !end.done)
      return std::nullopt;
    // Back along the way it came.
    uint8_t output = sink.port;
    for (int64_t at = goal;;) {
      auto known = own.find(at);
      if (known != own.end()) {
        known->second.outputs |= output;
        break;
      }
      const Visit &visit = visits[at];
      own[at] = {visit.input, output, visit.hops};
      Point from = step({static_cast<int>(at % request.width), static_cast<int>(at / request.width)}, visit.input);
      output = opposite(visit.input);
      at = tile(from);
    }
    return end.cost;
  }

  RouteSolution solution() const {
    std::vector<size_t> order(parts.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::pair(parts[a].whole, parts[a].first) < std::pair(parts[b].whole, parts[b].first);
    });
    RouteSolution result;
    for (size_t n : order) {
      RoutedNet routed{parts[n].whole,
                       parts[n].first,
                       static_cast<int>(parts[n].net.lanes.size()),
                       chosen[n],
                       shapesOf(trees[n], request.width),
                       0};
      for (const auto &[at, setup] : trees[n])
        routed.hops = std::max(routed.hops, setup.hops);
      result.nets.push_back(std::move(routed));
    }
    return result;
  }

  Diagnostic failure(int n) const {
    const Net &net = request.nets[parts[n].whole];
    const Cut cut = tightestCut(request, net);
    const bool whole = request.profile.isWholeMesh(request.width, request.height);
    std::string lanes = std::to_string(net.lanes.size());
    const int64_t mayHave = static_cast<int64_t>(colors.size()) + countColorsWithEnds(net);
    if (mayHave == 0)
      return {ErrorCode::RouteImpossible,
              "net '" + net.name +
                  "' cannot be routed: no color is left beside those of regions "
                  "and of the machine's runtime",
              "reserve fewer colors in the profile"};
    const int64_t most = cut.room * mayHave;
    if (cut.lanes > most)
      return {ErrorCode::RouteImpossible,
              "net '" + net.name + "' cannot be routed: " + std::to_string(cut.lanes) + " of its " + lanes +
                  " lanes must cross a cut of " + std::to_string(cut.room) + " live routers in " +
                  (mayHave == 1 ? "one color" : std::to_string(mayHave) + " colors"),
              whole ? "give the stream fewer lanes" : "give the stream fewer lanes, or a larger mesh"};
    std::string what = "no routes were found for net '" + net.name + "' (" + lanes + " lanes, " +
                       std::to_string(mayHave) + " colors): ",
                hint = std::string("try another --seed, ") + (whole ? "" : "a larger mesh, ") + "or fewer regions";
    const FreeSpace space(request.profile, request.width, request.height);
    const std::string free = space.hasDeadParts() ? "; the largest free rectangle is " + space.describeLargest() : "";
    if (mostLanes)
      return {ErrorCode::RouteGivenUp,
              what + "from where its ends are placed, " + std::to_string(*mostLanes) +
                  " lanes at most go around dead parts in one color" + free,
              hint};
    return {ErrorCode::RouteGivenUp,
            what + "the narrowest cut has room for " + std::to_string(most) +
                " lanes, so it was given up, not proved impossible" + free,
            hint};
  }

  const RouteRequest &request;
  struct Router {
    bool isDead = false;
    uint8_t deadLinks = 0;     // Port bits
    std::array<int, 4> nets{}; // that use its links to the north, east, south, west
  };
  TileMap<Router> routers;
  TileMap<Visit> visits;
  int search = 0;
  static constexpr int kNoColor = -1;
  std::vector<int> colors, colorsOfChannels;                  // without, and with, routers that channels have
  std::map<int, std::vector<const RoutedChannel *>> channels; // by color
  /// Lanes of a net that have one color.
  struct Part {
    Net net;
    int whole, first; // number of the net that was asked for, and the first of its lanes
  };
  std::vector<Part> parts;
  static constexpr int kMostParts = 8; // of a net: each takes code of its own in every region that it leads to
  std::vector<Tree> trees;
  std::vector<int> chosen;
  std::vector<std::array<std::optional<bool>, kWays.size()>> alone; // by part and way: whether dead parts leave it one
  std::vector<int> displaced;                                       // by net: how often
  std::map<int, Taken> used;                                        // by color
  bool overOthers = false;                                          // routers of other nets are to be had, at a price
  static constexpr int kDisplacementsPerNet = 2;
  static constexpr double kOtherPrice = 8;
  // A walled-in sink would cost a search of the whole mesh. While there are other colors to try, a search ends early.
  static constexpr int64_t kExpansionsPerHop = 24, kFlowExpansionsPerHop = 256;
  // Of all searches: then the router gives up, after a few seconds.
  static constexpr int64_t kExpansions = 5'000'000, kExpansionsPerNet = 400'000;
  int64_t expansionsLeft;
  double expansionsPerHop = INFINITY;
  double sharingPrice = 2;         // of a link, per net that uses it already
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
