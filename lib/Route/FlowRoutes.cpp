#include "FlowRoutes.h"
#include "DisjointPaths.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

using namespace wafer;

static constexpr int64_t kExpansionsPerHop = 256;

static PortBits sideToward(int64_t from, int64_t to) {
  return to == from + 1 ? PortEast : to == from - 1 ? PortWest : to > from ? PortSouth : PortNorth;
}

/// A lane's routers along a path to its first sink.
static Tree treeOf(const Lane &lane, const std::vector<int64_t> &path) {
  Tree tree;
  PortBits input = lane.source.port;
  for (size_t i = 0; i != path.size(); ++i) {
    const PortBits output = i + 1 == path.size() ? lane.sinks[0].port : sideToward(path[i], path[i + 1]);
    tree[path[i]] = {input, static_cast<uint8_t>(output), static_cast<int>(i)};
    input = opposite(output);
  }
  return tree;
}

/// Paths of all lanes to their first sinks.
static PathsAnswer findPaths(const RouterMesh &mesh, const Net &net, const RouteTerms &terms, bool isFresh,
                             LaneSearch &search) {
  std::unordered_map<int64_t, size_t> ends; // of the paths, by tile
  int64_t hops = 0;
  auto passing = [&](int64_t at) {
    auto lane = ends.find(at);
    return terms.price(at, lane == ends.end() ? net.lanes.size() : lane->second);
  };
  PathsRequest request{.width = mesh.width(),
                       .height = mesh.height(),
                       .from = {},
                       .to = {},
                       .free = [&](int64_t at) { return !mesh.isDead(at) && passing(at) < INFINITY; },
                       .price =
                           [&](int64_t at, int direction) {
                             const PortBits side = kSides[direction];
                             const int link = mesh.linkPrice(at, side, terms.sharingPrice);
                             const double beyond = link < 0 ? INFINITY : passing(at + mesh.offset(side));
                             return beyond < INFINITY ? link + static_cast<int>(beyond) : -1;
                           },
                       .steps = nullptr};
  for (size_t i = 0; i != net.lanes.size(); ++i) {
    const Point from = net.lanes[i].source.at, to = net.lanes[i].sinks[0].at;
    request.from.push_back(mesh.tile(from));
    request.to.push_back(mesh.tile(to));
    ends[request.from.back()] = ends[request.to.back()] = i;
    hops += 64 + std::abs(from.x - to.x) + std::abs(from.y - to.y);
  }
  // While there are other colors to try, or fewer lanes, a search ends early.
  const int64_t steps = isFresh && net.lanes.size() == 1 ? search.expansionsLeft()
                                                         : std::min(search.expansionsLeft(), hops * kExpansionsPerHop);
  int64_t left = steps;
  request.steps = &left;
  PathsAnswer answer = disjointPaths(request);
  search.spend(steps - left);
  return answer;
}

std::optional<Routes> wafer::routeAsFlow(const RouterMesh &mesh, const Net &net, const RouteTerms &terms, bool isFresh,
                                         LaneSearch &search, std::optional<size_t> &most) {
  const PathsAnswer answer = findPaths(mesh, net, terms, isFresh, search);
  if (isFresh && answer.complete && answer.most < net.lanes.size() && net.lanes[0].sinks.size() == 1)
    most = answer.most;
  if (answer.paths.empty())
    return std::nullopt;
  std::vector<Tree> lanes;
  Routes all{{}, static_cast<double>(answer.cost)};
  for (size_t i = 0; i != net.lanes.size(); ++i) {
    lanes.push_back(treeOf(net.lanes[i], answer.paths[i]));
    all.tree.insert(lanes[i].begin(), lanes[i].end());
  }
  for (size_t i = 0; i != net.lanes.size(); ++i)
    for (size_t s = 1; s != net.lanes[i].sinks.size(); ++s) {
      auto apart = [&](int64_t at) { return all.tree.count(at) ? INFINITY : terms.price(at, i); };
      std::optional<double> found = search.reach(net.lanes[i], net.lanes[i].sinks[s], apart, terms, lanes[i]);
      if (!found)
        return std::nullopt;
      all.cost += *found;
      for (const auto &[at, setup] : lanes[i])
        all.tree[at] = setup;
    }
  return all;
}
