#include "LaneSearch.h"

#include <cmath>
#include <queue>

using namespace wafer;

namespace {

struct Entry {
  double estimate;
  int64_t at;
  bool operator>(const Entry &o) const { return estimate != o.estimate ? estimate > o.estimate : at > o.at; }
};

int distance(Point a, Point b) { return std::abs(a.x - b.x) + std::abs(a.y - b.y); }

} // namespace

std::optional<Routes> LaneSearch::inOrder(const Net &net, const RouteTerms &terms, bool lastFirst) {
  Routes all{{}, 0};
  for (size_t turn = 0; turn != net.lanes.size(); ++turn) {
    const size_t i = lastFirst ? net.lanes.size() - 1 - turn : turn;
    auto apart = [&](int64_t at) { return all.tree.count(at) ? INFINITY : terms.price(at, i); };
    std::optional<Routes> lane = one(net.lanes[i], apart, terms);
    if (!lane)
      return std::nullopt;
    all.cost += lane->cost;
    all.tree.insert(lane->tree.begin(), lane->tree.end());
  }
  return all;
}

std::optional<Routes> LaneSearch::one(const Lane &lane, const Price &price, const RouteTerms &terms) {
  const int64_t source = mesh.tile(lane.source.at);
  if (price(source) == INFINITY)
    return std::nullopt;
  Routes own{{{source, {lane.source.port, 0, 0}}}, 0};
  for (const Terminal &sink : lane.sinks) {
    std::optional<double> found = reach(lane, sink, price, terms, own.tree);
    if (!found)
      return std::nullopt;
    own.cost += *found;
  }
  return own;
}

std::optional<double> LaneSearch::reach(const Lane &lane, const Terminal &sink, const Price &price,
                                        const RouteTerms &terms, Tree &own) {
  const int64_t goal = mesh.tile(sink.at);
  if (!find(goal, terms.expansionsPerHop * (64 + distance(lane.source.at, sink.at)), price, terms, own))
    return std::nullopt;
  addPath(goal, sink.port, own);
  return visits.known(goal).cost;
}

/// The way from a tree to a tile, if `most` routers are enough to find it. It is what their visits say.
bool LaneSearch::find(int64_t goal, double most, const Price &priceOf, const RouteTerms &terms, const Tree &own) {
  ++search;
  const Point end = mesh.point(goal);
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  for (const auto &[at, setup] : own) {
    visits[at] = {0, setup.hops, setup.input, search};
    queue.push({static_cast<double>(distance(mesh.point(at), end)), at});
  }
  double expansions = 0;
  while (!queue.empty() && ++expansions <= most && --left > 0) {
    const int64_t at = queue.top().at;
    queue.pop();
    Visit &visit = visits[at];
    if (visit.done)
      continue;
    visit.done = true;
    if (at == goal)
      return true;
    const Visit here = visit;
    const Point p = mesh.point(at);
    for (PortBits side : kSides) {
      if (side == here.input)
        continue; // never back where it came from
      const Point q = step(p, side);
      if (!mesh.isInside(q))
        continue;
      const int64_t next = mesh.tile(q);
      if (mesh.isDead(next) || mesh.isDead(at, side))
        continue;
      const double extra = own.count(next) ? INFINITY : priceOf(next);
      if (extra == INFINITY)
        continue;
      const bool turns = here.input != PortRamp && side != opposite(here.input);
      const double cost =
          here.cost + 1 + extra + (turns ? mesh.turnPrice() : 0) + terms.sharingPrice * mesh.netsOn(at, side);
      Visit &there = visits[next];
      if (there.search == search && (there.done || there.cost <= cost))
        continue;
      there = {cost, here.hops + 1, opposite(side), search};
      queue.push({cost + distance(q, end), next});
    }
  }
  return false;
}

/// Back along the way it came.
void LaneSearch::addPath(int64_t goal, uint8_t output, Tree &own) const {
  for (int64_t at = goal;;) {
    if (auto known = own.find(at); known != own.end()) {
      known->second.outputs |= output;
      return;
    }
    const Visit &visit = visits.known(at);
    own[at] = {visit.input, output, visit.hops};
    output = opposite(visit.input);
    at = mesh.tile(step(mesh.point(at), visit.input));
  }
}
