#include "StairRoutes.h"
#include "Stairs.h"

#include <cmath>

using namespace wafer;

namespace {

/// A corner list for each lane.
using BusWay = std::vector<std::vector<Point>>;

class StairRouting {
public:
  StairRouting(const RouterMesh &mesh, const Net &net, const RouteTerms &terms)
      : mesh(mesh), net(net), terms(terms), lanes(net.lanes.size()) {}

  std::optional<Routes> run() {
    std::vector<Point> begins;
    if (std::optional<Point> top = topOf([](const Lane &lane) { return lane.source.at; }))
      begins.push_back(*top);
    for (size_t i = 0; i != lanes.size(); ++i)
      lanes[i][mesh.tile(net.lanes[i].source.at)] = {net.lanes[i].source.port, 0, 0};
    double cost = 0;
    for (size_t s = 0; s != net.lanes[0].sinks.size(); ++s) {
      std::optional<Point> to = topOf([&](const Lane &lane) { return lane.sinks[s].at; });
      if (!to)
        return std::nullopt;
      std::optional<std::pair<double, BusWay>> best = cheapest(begins, *to);
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
    return Routes{std::move(all), cost};
  }

private:
  /// The first of the bus's terminals, if the others follow in the rows below it.
  template <typename End> std::optional<Point> topOf(const End &endOf) const {
    const Point top = endOf(net.lanes.front());
    for (size_t i = 1; i != net.lanes.size(); ++i)
      if (!(endOf(net.lanes[i]) == Point{top.x, top.y + static_cast<int>(i)}))
        return std::nullopt;
    return top;
  }

  std::optional<std::pair<double, BusWay>> cheapest(const std::vector<Point> &begins, Point to) const {
    std::optional<std::pair<double, BusWay>> best;
    for (const Point &from : begins)
      for (const BusWay &way : stairs(from, to, static_cast<int>(net.lanes.size())))
        if (std::optional<double> cost = costOf(way); cost && (!best || *cost < best->first))
          best = {*cost, way};
    return best;
  }

  /// What lanes cost that go this way from a router of their trees; nothing if something is in the way of one.
  std::optional<double> costOf(const BusWay &way) const {
    double cost = 0;
    for (size_t i = 0; i != way.size(); ++i) {
      PortBits input = lanes[i].at(mesh.tile(way[i].front())).input;
      bool onTree = true; // as far as the lane goes there anyway it costs nothing
      const bool open = alongCorners(way[i], [&](int64_t at, PortBits side) {
        const int64_t next = at + mesh.offset(side);
        auto known = lanes[i].find(next);
        onTree = onTree && known != lanes[i].end() && lanes[i].at(at).outputs & side;
        const int link = mesh.linkPrice(at, side, terms.sharingPrice);
        if (!onTree && (link < 0 || input == side || mesh.isDead(next) || all.count(next)))
          return false;
        if (!onTree)
          cost += link + terms.price(next, i) + (input != PortRamp && side != opposite(input) ? mesh.turnPrice() : 0);
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
      lane.try_emplace(at + mesh.offset(side), Setup{opposite(side), 0, here.hops + 1});
      return true;
    });
    lane.at(mesh.tile(corners.back())).outputs |= sink;
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
        if (!visit(mesh.tile(at), side))
          return false;
        at = step(at, side);
      }
    return true;
  }

  const RouterMesh &mesh;
  const Net &net;
  const RouteTerms &terms;
  std::vector<Tree> lanes;
  Tree all; // that the lanes have together
};

} // namespace

std::optional<Routes> wafer::routeInStairs(const RouterMesh &mesh, const Net &net, const RouteTerms &terms) {
  return StairRouting(mesh, net, terms).run();
}
