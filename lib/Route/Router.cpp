// The router: every net gets one color, and its lanes trees of routers in that color.
//
// The program of a region is written once for all of its rows, so all lanes of a net share one color. Within a color a
// router has one input, so the trees of all lanes of all nets in one color must be disjoint in routers: a net's price
// in a color is found by searching its lanes one after the other (A* over routers, first sink first; later sinks start
// from the whole tree), with routers that the color uses already forbidden. Between colors only links are shared: a
// shared link halves the rate, so it has a price, which grows with every net that wants it (present sharing) and with
// every round in which it was wanted (history), as in PathFinder. A net takes the cheapest color; a color that no net
// has yet costs a little, so nets that can share do.
//
// Lanes that cut one another off in every color are routed as one flow (DisjointPaths.cpp): it finds the way around
// dead parts if there is one, and says how many lanes have one if not all do. If a net still finds no color, the nets
// in its way were routed too early: it moves to the front, everything is ripped up and the order is tried again, a
// bounded number of times; all searches together have a budget too. Before giving up, a bound is computed: the cut
// around the net's terminals and the colors that are left; a net that fails although the bound allows it was given up,
// not impossible.
//
// Lanes of a bus are neighbors and mostly straight, so their routers merge into few rectangles: the number of shapes
// follows bends, not the mesh. States are sparse (a hash per color), so a full wafer costs no more than the routes on
// it.
//
// Alternatives: routing each lane as a net of its own color wastes colors and code; integer programming is exact and
// does not scale; dimension-ordered routes need no search and fail at the first dead core.
#include "wafer/Route/Router.h"

#include "DisjointPaths.h"
#include "wafer/Support/Cancellation.h"
#include "wafer/Support/Random.h"
#include "wafer/Target/DeadParts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <queue>
#include <set>
#include <unordered_map>

using namespace wafer;

namespace {

constexpr std::array<PortBits, 4> kSides{PortNorth, PortEast, PortSouth, PortWest};

Point step(Point p, PortBits side) {
  switch (side) {
  case PortNorth:
    return {p.x, p.y - 1};
  case PortEast:
    return {p.x + 1, p.y};
  case PortSouth:
    return {p.x, p.y + 1};
  default:
    return {p.x - 1, p.y};
  }
}

PortBits opposite(PortBits side) {
  switch (side) {
  case PortNorth:
    return PortSouth;
  case PortEast:
    return PortWest;
  case PortSouth:
    return PortNorth;
  default:
    return PortEast;
  }
}

struct Setup {
  PortBits input;
  uint8_t outputs;
  int hops; // from the lane's source
};

/// Routers of one net, by tile.
using Tree = std::map<int64_t, Setup>;

class Routing {
public:
  explicit Routing(const RouteRequest &request) : request(request), dead(request.profile) {
    for (int color = 0; color != request.profile.colors; ++color)
      if (!request.profile.isReserved(color) &&
          std::find(request.blockedColors.begin(), request.blockedColors.end(), color) == request.blockedColors.end())
        colors.push_back(color);
    // Nets need no switches: leave the colors that have them to those that do.
    std::stable_sort(colors.begin(), colors.end(),
                     [&](int a, int b) { return request.profile.canSwitch(a) < request.profile.canSwitch(b); });
  }

  Result<RouteSolution> run() {
    for (const Net &net : request.nets)
      if (Status status = check(net); !status)
        return status.error();
    std::vector<int> order(request.nets.size());
    std::iota(order.begin(), order.end(), 0);
    // Wide and long nets first; the seed breaks ties.
    Random random(request.seed + 1);
    std::vector<uint64_t> ties(order.size());
    for (uint64_t &tie : ties)
      tie = request.seed ? random.next() : 0;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      size_t wa = request.nets[a].lanes.size(), wb = request.nets[b].lanes.size();
      return wa != wb ? wa > wb : ties[a] < ties[b];
    });
    constexpr int kRounds = 12;
    int failed = -1;
    for (int round = 0; round != kRounds && !(round && isCancelled()); ++round) {
      failed = tryOrder(order);
      if (failed < 0)
        return solution();
      auto it = std::find(order.begin(), order.end(), failed);
      if (it == order.begin())
        break; // alone on the mesh and still no route
      std::rotate(order.begin(), it, it + 1);
    }
    return failure(request.nets[failed]);
  }

private:
  int column(int64_t at) const { return static_cast<int>(at % request.width); }
  int row(int64_t at) const { return static_cast<int>(at / request.width); }
  int64_t tile(Point p) const { return static_cast<int64_t>(p.y) * request.width + p.x; }
  bool inside(Point p) const { return p.x >= 0 && p.y >= 0 && p.x < request.width && p.y < request.height; }
  bool onEdge(Point p, PortBits side) const { return !inside(step(p, side)); }

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
        if (dead.pe(end.at.x, end.at.y))
          return bad("has a terminal on a dead PE " + where);
        if (end.port != PortRamp && !onEdge(end.at, end.port))
          return bad("has a host port away from the mesh's edge " + where);
      }
      for (const Terminal &sink : lane.sinks)
        if (sink.port != PortRamp && dead.link(sink.at.x, sink.at.y, sink.port))
          return bad("leaves over a dead link at (" + std::to_string(sink.at.x) + ", " + std::to_string(sink.at.y) +
                     ")");
    }
    return Status::ok();
  }

  int tryOrder(const std::vector<int> &order) {
    trees.assign(request.nets.size(), {});
    chosen.assign(request.nets.size(), -1);
    used.clear();
    links.clear();
    for (int n : order) {
      mostLanes.reset();
      // A flow costs many searches: only a net that finds no color without it is worth them.
      if (!chooseColor(n, /*together=*/false) && !chooseColor(n, /*together=*/true))
        return n;
      for (const auto &[at, setup] : trees[n]) {
        used[chosen[n]].insert(at);
        for (PortBits side : kSides)
          if (setup.outputs & side)
            ++links[at * 16 + side];
      }
    }
    return -1;
  }

  /// The cheapest color for a net, if there is any.
  bool chooseColor(int n, bool together) {
    double best = INFINITY;
    for (int color : colors) {
      const bool fresh = !used.count(color);
      double price = fresh ? 1 : 0; // a fresh color, other things equal, only if need be
      if (price > best)
        break;
      // Lanes that go round shared links can cut one another off; straight through, they cannot.
      sharingPrice = 2;
      // Alone on the mesh one lane finds its way if there is one. A bus that does not is routed as a flow.
      expansionsPerHop = fresh && request.nets[n].lanes.size() == 1 ? INFINITY : kExpansionsPerHop;
      std::optional<std::pair<Tree, double>> found = routeNet(request.nets[n], color, together);
      if (!found && !together) {
        sharingPrice = 0;
        found = routeNet(request.nets[n], color, together);
      }
      if (found && found->second + price < best) {
        best = found->second + price;
        trees[n] = std::move(found->first);
        chosen[n] = color;
      }
      if (fresh)
        break; // other fresh colors are no different
    }
    return chosen[n] >= 0;
  }

  /// All lanes in one color, or nothing: as a flow, or one after the other.
  std::optional<std::pair<Tree, double>> routeNet(const Net &net, int color, bool together) {
    auto it = used.find(color);
    const std::set<int64_t> *taken = it == used.end() ? nullptr : &it->second;
    // Ends of all lanes are spoken for before the first lane passes over them.
    std::map<int64_t, size_t> ends;
    for (size_t i = 0; i != net.lanes.size(); ++i) {
      ends[tile(net.lanes[i].source.at)] = i;
      for (const Terminal &sink : net.lanes[i].sinks)
        ends[tile(sink.at)] = i;
    }
    auto forbidden = [&](int64_t at, size_t lane) {
      if (taken && taken->count(at))
        return true;
      auto end = ends.find(at);
      return end != ends.end() && end->second != lane;
    };
    if (together)
      return routeTogether(net, forbidden, /*fresh=*/!taken);
    // Where a bus turns, the lanes on the inside must go first, or those on the outside cut them off.
    for (bool lastFirst : {false, true})
      if (auto found = routeInOrder(net, forbidden, lastFirst))
        return found;
    return std::nullopt;
  }

  /// Lanes one after the other, each keeping off those before it.
  std::optional<std::pair<Tree, double>>
  routeInOrder(const Net &net, const std::function<bool(int64_t, size_t)> &forbidden, bool lastFirst) {
    Tree tree;
    double cost = 0;
    for (size_t turn = 0; turn != net.lanes.size(); ++turn) {
      size_t i = lastFirst ? net.lanes.size() - 1 - turn : turn;
      auto found = routeLane(net.lanes[i],
                             [&](int64_t at) -> double { return forbidden(at, i) || tree.count(at) ? INFINITY : 0.0; });
      if (!found)
        return std::nullopt;
      cost += found->second;
      tree.insert(found->first.begin(), found->first.end());
    }
    return std::make_pair(std::move(tree), cost);
  }

  /// All lanes at once to their first sinks, as a flow; from there to the others one after the other.
  std::optional<std::pair<Tree, double>>
  routeTogether(const Net &net, const std::function<bool(int64_t, size_t)> &forbidden, bool fresh) {
    std::unordered_map<int64_t, size_t> ends; // of the first sinks' paths, by tile
    int64_t hops = 0;
    PathsRequest paths{.width = request.width,
                       .height = request.height,
                       .from = {},
                       .to = {},
                       .free =
                           [&](int64_t at) {
                             auto lane = ends.find(at);
                             return !dead.pe(column(at), row(at)) &&
                                    !forbidden(at, lane == ends.end() ? net.lanes.size() : lane->second);
                           },
                       .price = [&](int64_t at, int direction) { return linkPrice(at, kSides[direction]); },
                       .steps = nullptr};
    for (size_t i = 0; i != net.lanes.size(); ++i) {
      Point from = net.lanes[i].source.at, to = net.lanes[i].sinks[0].at;
      paths.from.push_back(tile(from));
      paths.to.push_back(tile(to));
      ends[paths.from.back()] = ends[paths.to.back()] = i;
      hops += 64 + std::abs(from.x - to.x) + std::abs(from.y - to.y);
    }
    // While there are other colors to try, a search ends early.
    const int64_t steps = fresh ? expansionsLeft : std::min(expansionsLeft, hops * kExpansionsPerHop);
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
        auto price = [&](int64_t at) -> double { return forbidden(at, i) || all.count(at) ? INFINITY : 0.0; };
        std::optional<double> found = reach(net.lanes[i], net.lanes[i].sinks[s], price, lanes[i]);
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
    if (dead.link(column(at), row(at), side))
      return -1;
    auto link = links.find(at * 16 + side);
    return 1 + (link == links.end() ? 0 : static_cast<int>(sharingPrice) * link->second);
  }

  struct Visit {
    double cost; // so far
    int hops;
    PortBits input; // the side it came in by
    bool done = false;
  };
  struct Entry {
    double estimate;
    int64_t at;
    bool operator>(const Entry &o) const { return estimate != o.estimate ? estimate > o.estimate : at > o.at; }
  };

  /// What it costs to pass a router beside the hop, or infinity.
  using Price = std::function<double(int64_t)>;

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
    std::unordered_map<int64_t, Visit> visits;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    auto estimate = [&](int64_t at) {
      int x = static_cast<int>(at % request.width), y = static_cast<int>(at / request.width);
      return std::abs(x - sink.at.x) + std::abs(y - sink.at.y);
    };
    for (const auto &[at, setup] : own) {
      visits[at] = {0, setup.hops, setup.input};
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
        if (!inside(q) || dead.pe(q.x, q.y) || dead.link(p.x, p.y, side))
          continue;
        int64_t next = tile(q);
        double extra = own.count(next) ? INFINITY : priceOf(next);
        if (extra == INFINITY)
          continue;
        bool turn = here.input != PortRamp && side != opposite(here.input);
        auto link = links.find(at * 16 + side);
        double price = here.cost + 1 + extra + (turn ? 1 + request.profile.turnCycles / 10 : 0) +
                       (link == links.end() ? 0 : sharingPrice * link->second);
        auto [known, fresh] = visits.try_emplace(next, Visit{price, here.hops + 1, opposite(side)});
        if (!fresh) {
          if (known->second.done || known->second.cost <= price)
            continue;
          known->second = {price, here.hops + 1, opposite(side)};
        }
        queue.push({price + estimate(next), next});
      }
    }
    auto end = visits.find(goal);
    if (end == visits.end() || !end->second.done)
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
    return end->second.cost;
  }

  RouteSolution solution() const {
    RouteSolution result;
    for (size_t n = 0; n != trees.size(); ++n) {
      RoutedNet routed{chosen[n], mergeShapes(trees[n]), 0};
      for (const auto &[at, setup] : trees[n])
        routed.hops = std::max(routed.hops, setup.hops);
      result.nets.push_back(std::move(routed));
    }
    return result;
  }

  /// Runs of equal routers along rows, then equal runs of neighboring rows (and the same for what is left over in
  /// columns).
  std::vector<RouteShape> mergeShapes(const Tree &tree) const {
    std::vector<RouteShape> runs;
    for (const auto &[at, setup] : tree) {
      int x = static_cast<int>(at % request.width), y = static_cast<int>(at / request.width);
      if (!runs.empty()) {
        RouteShape &last = runs.back();
        if (last.y == y && last.x + last.w == x && last.input == setup.input && last.outputs == setup.outputs) {
          ++last.w;
          continue;
        }
      }
      runs.push_back({x, y, 1, 1, setup.input, setup.outputs});
    }
    std::vector<RouteShape> shapes;
    std::map<std::array<int, 5>, size_t> open; // x, w, input, outputs, row expected next
    for (const RouteShape &run : runs) {
      std::array<int, 5> key{run.x, run.w, run.input, run.outputs, run.y};
      if (auto it = open.find(key); it != open.end()) {
        size_t shape = it->second;
        ++shapes[shape].h;
        open.erase(it);
        open[{run.x, run.w, run.input, run.outputs, run.y + 1}] = shape;
        continue;
      }
      open[{run.x, run.w, run.input, run.outputs, run.y + 1}] = shapes.size();
      shapes.push_back(run);
    }
    return shapes;
  }

  /// A line across the mesh: how many lanes have ends on both sides, and how many may cross in one color, each through
  /// a pair of live routers.
  struct Cut {
    int64_t lanes, room;
  };

  Cut tightestCut(const Net &net) const {
    Cut worst{0, std::min(request.width, request.height)};
    for (bool vertical : {true, false}) {
      auto along = [&](Point p) { return vertical ? p.x : p.y; };
      const int cuts = (vertical ? request.width : request.height) - 1;
      std::vector<int64_t> change(cuts + 2, 0); // lanes that begin to cross at a cut
      for (const Lane &lane : net.lanes) {
        int first = along(lane.source.at), last = first;
        for (const Terminal &sink : lane.sinks)
          first = std::min(first, along(sink.at)), last = std::max(last, along(sink.at));
        ++change[first], --change[last];
      }
      std::vector<std::set<int>> dead(cuts + 1); // by row or column of PEs along the cut
      for (const auto &[x, y] : request.profile.deadPes)
        if (inside({x, y}))
          dead[along({x, y})].insert(vertical ? y : x);
      Cut cut{0, 0};
      for (int at = 0; at != cuts; ++at) {
        std::set<int> blocked = dead[at];
        blocked.insert(dead[at + 1].begin(), dead[at + 1].end());
        cut.lanes += change[at];
        cut.room = (vertical ? request.height : request.width) - static_cast<int64_t>(blocked.size());
        if (cut.room - cut.lanes < worst.room - worst.lanes)
          worst = cut;
      }
    }
    return worst;
  }

  Diagnostic failure(const Net &net) const {
    const Cut cut = tightestCut(net);
    const bool whole = request.profile.isWholeMesh(request.width, request.height);
    std::string lanes = std::to_string(net.lanes.size());
    if (colors.empty())
      return {ErrorCode::RouteImpossible,
              "net '" + net.name +
                  "' cannot be routed: no color is left beside those of regions "
                  "and of the machine's runtime",
              "reserve fewer colors in the profile"};
    if (cut.lanes > cut.room)
      return {ErrorCode::RouteImpossible,
              "net '" + net.name + "' cannot be routed: " + std::to_string(cut.lanes) + " of its " + lanes +
                  " lanes must cross a cut of " + std::to_string(cut.room) + " live routers in one color",
              whole ? "give the stream fewer lanes" : "give the stream fewer lanes, or a larger mesh"};
    std::string what = "no routes were found for net '" + net.name + "' (" + lanes + " lanes, " +
                       std::to_string(colors.size()) + " colors): ",
                hint = std::string("try another --seed, ") + (whole ? "" : "a larger mesh, ") + "or fewer regions";
    const FreeSpace space(request.profile, request.width, request.height);
    const std::string free = space.hasDeadParts() ? "; the largest free rectangle is " + space.describeLargest() : "";
    if (mostLanes)
      return {ErrorCode::RouteGivenUp,
              what + "from where its ends are placed, " + std::to_string(*mostLanes) +
                  " lanes at most go around dead parts in one color" + free,
              hint};
    return {ErrorCode::RouteGivenUp,
            what + "the narrowest cut has room for " + std::to_string(cut.room * static_cast<int64_t>(colors.size())) +
                " lanes, so it was given up, not proved impossible" + free,
            hint};
  }

  const RouteRequest &request;
  DeadParts dead;
  std::vector<int> colors;
  std::vector<Tree> trees;
  std::vector<int> chosen;
  std::map<int, std::set<int64_t>> used; // by color: routers
  // A walled-in sink would cost a search of the whole mesh. While there are other colors to try, a search ends early.
  static constexpr int64_t kExpansionsPerHop = 64;
  int64_t expansionsLeft = 5'000'000; // of all searches: then the router gives up, after a few seconds
  double expansionsPerHop = INFINITY;
  double sharingPrice = 2;                // of a link, per net that uses it already
  std::unordered_map<int64_t, int> links; // nets on a link: tile * 16 + side
  std::optional<size_t> mostLanes;        // of a net that failed: a color that no net uses has room for so many
};

} // namespace

Result<RouteSolution> wafer::route(const RouteRequest &request) { return Routing(request).run(); }
