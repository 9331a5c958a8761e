// The router, among others against the bugs that other routers had: paths that bounce inside a router, a source dropped
// from a fan-in, failure by the order of nets, "no legal routing" without a reason.
#include "wafer/Route/Router.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>

using namespace wafer;

namespace {

Point step(Point p, int side) {
  return side == PortNorth   ? Point{p.x, p.y - 1}
         : side == PortEast  ? Point{p.x + 1, p.y}
         : side == PortSouth ? Point{p.x, p.y + 1}
                             : Point{p.x - 1, p.y};
}

int opposite(int side) {
  return side == PortNorth ? PortSouth : side == PortEast ? PortWest : side == PortSouth ? PortNorth : PortEast;
}

/// Follows every lane through the shapes and checks that it ends at its sinks, each router once, off dead parts, and
/// that no two nets of a color meet.
void expectRealizes(const RouteRequest &request, const RouteSolution &solution) {
  std::map<std::pair<int, std::pair<int, int>>, size_t> owner;
  for (size_t n = 0; n != request.nets.size(); ++n) {
    const RoutedNet &routed = solution.nets[n];
    std::map<std::pair<int, int>, std::pair<int, int>> setups;
    for (const RouteShape &shape : routed.shapes)
      for (int y = shape.y; y != shape.y + shape.h; ++y)
        for (int x = shape.x; x != shape.x + shape.w; ++x) {
          EXPECT_TRUE(setups.emplace(std::pair{x, y}, std::pair<int, int>{shape.input, shape.outputs}).second);
          EXPECT_TRUE(owner.emplace(std::pair{routed.color, std::pair{x, y}}, n).second) << "two nets at one router";
          EXPECT_FALSE(request.profile.isDead(x, y));
        }
    EXPECT_FALSE(request.profile.isReserved(routed.color));
    for (const RoutedChannel &channel : request.channels)
      for (const RouterArea &area : channel.routers)
        for (int y = area.y; y < area.y + area.h; y += area.stepY)
          for (int x = area.x; x < area.x + area.w; x += area.stepX)
            EXPECT_FALSE(channel.color == routed.color && setups.count({x, y})) << "a channel has the router";
    size_t visited = 0;
    for (const Lane &lane : request.nets[n].lanes) {
      std::set<std::tuple<int, int, int>> reached, wanted;
      for (const Terminal &sink : lane.sinks)
        wanted.insert({sink.at.x, sink.at.y, sink.port});
      std::vector<std::pair<Point, int>> work{{lane.source.at, lane.source.port}};
      std::set<std::pair<int, int>> seen;
      while (!work.empty()) {
        auto [at, entry] = work.back();
        work.pop_back();
        ASSERT_TRUE(setups.count({at.x, at.y})) << "no router set up at " << at.x << ", " << at.y;
        ASSERT_TRUE(seen.insert({at.x, at.y}).second) << "bounces";
        ++visited;
        auto [input, outputs] = setups[{at.x, at.y}];
        EXPECT_EQ(input, entry);
        for (int side : {1, 2, 4, 8, 16}) {
          if (!(outputs & side))
            continue;
          bool leaves = side == PortRamp || wanted.count({at.x, at.y, side});
          if (leaves) {
            reached.insert({at.x, at.y, side});
          } else {
            EXPECT_FALSE(request.profile.isDead(at.x, at.y, static_cast<PortBits>(side)));
            work.push_back({step(at, side), opposite(side)});
          }
        }
      }
      EXPECT_EQ(reached, wanted);
    }
    EXPECT_EQ(visited, setups.size()) << "routers that no lane uses";
  }
}

Net bus(const std::string &name, Point from, PortBits fromPort, Point to, PortBits toPort, int lanes) {
  Net net{name, {}};
  for (int i = 0; i != lanes; ++i)
    net.lanes.push_back({{{from.x, from.y + i}, fromPort}, {{{to.x, to.y + i}, toPort}}});
  return net;
}

/// Channels that have all routers of a mesh in so many colors.
std::vector<RoutedChannel> everywhere(int colors, int width, int height) {
  std::vector<RoutedChannel> channels;
  for (int color = 0; color != colors; ++color)
    channels.push_back({color, {0, 0, width, height}, {{0, 0, width, height}}});
  return channels;
}

} // namespace

TEST(Router, StraightBusIsThreeShapes) {
  Profile profile = *Profile::load("wse2");
  RouteRequest request{
      profile, everywhere(2, 750, 994), 750, 994, {bus("n", {3, 10}, PortRamp, {700, 10}, PortRamp, 64)}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
  EXPECT_EQ(solution->nets[0].shapes.size(), 3u);
  EXPECT_EQ(solution->nets[0].hops, 697);
}

TEST(Router, HostPortAtTheHeadItself) {
  Profile profile = *Profile::load("test4");
  RouteRequest request{
      profile,
      {},
      4,
      4,
      {bus("in", {0, 0}, PortWest, {0, 0}, PortRamp, 4), bus("out", {0, 0}, PortRamp, {0, 0}, PortWest, 4)},
      0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
  EXPECT_NE(solution->nets[0].color, solution->nets[1].color);
}

TEST(Router, NetsHaveTheRoutersThatChannelsLeave) {
  // One color, in which a region's rows have links into their odd columns: the heads are free, what is behind them not.
  Profile profile = *Profile::load("test4");
  profile.colors = 1;
  profile.reservedColors.clear();
  const RoutedChannel links{0, {0, 0, 4, 4}, {{1, 0, 3, 4, 2}, {2, 0, 2, 4, 2}}};
  RouteRequest request{profile, {links}, 4, 4, {bus("in", {0, 0}, PortWest, {0, 0}, PortRamp, 4)}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);

  request.nets = {bus("in", {0, 0}, PortWest, {1, 0}, PortRamp, 4)};
  solution = route(request);
  ASSERT_FALSE(solution) << "through a router of a channel's";
  EXPECT_EQ(solution.error().code, ErrorCode::RouteImpossible);
}

TEST(Router, NetsTakeColorsOfNoChannelFirst) {
  Profile profile = *Profile::load("test4");
  profile.reservedColors.clear();
  const RoutedChannel links{0, {0, 0, 4, 4}, {{1, 0, 3, 4}}};
  RouteRequest request{profile, {links}, 4, 4, {bus("in", {0, 0}, PortWest, {0, 0}, PortRamp, 4)}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  EXPECT_NE(solution->nets[0].color, 0);
}

TEST(Router, DisjointNetsShareAColor) {
  Profile profile = *Profile::load("test16");
  RouteRequest request{
      profile,
      {},
      16,
      16,
      {bus("a", {0, 0}, PortRamp, {15, 0}, PortRamp, 4), bus("b", {0, 8}, PortRamp, {15, 8}, PortRamp, 4)},
      0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
  EXPECT_EQ(solution->nets[0].color, solution->nets[1].color);
}

TEST(Router, CrossingNetsTakeTwoColors) {
  Profile profile = *Profile::load("test16");
  Net down{"down", {}};
  for (int i = 0; i != 16; ++i)
    down.lanes.push_back({{{i, 0}, PortRamp}, {{{i, 15}, PortRamp}}});
  RouteRequest request{profile, {}, 16, 16, {bus("across", {0, 4}, PortRamp, {15, 4}, PortRamp, 4), down}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
}

TEST(Router, MulticastReachesEverySink) {
  Profile profile = *Profile::load("test16");
  RouteRequest request{
      profile,
      {},
      16,
      16,
      {{"m", {{{{2, 2}, PortRamp}, {{{13, 2}, PortRamp}, {{2, 13}, PortRamp}, {{13, 13}, PortRamp}}}}}},
      0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
}

TEST(Router, FullBusGoesRoundDeadParts) {
  Profile profile = *Profile::load("dead16");
  RouteRequest request{profile, {}, 16, 16, {bus("n", {0, 3}, PortWest, {11, 3}, PortRamp, 8)}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
}

TEST(Router, ManyNetsAtOneHeadInAnyOrder) {
  Profile profile = *Profile::load("test16");
  for (uint64_t seed = 0; seed != 8; ++seed) {
    RouteRequest request{profile, everywhere(8, 16, 16), 16, 16, {}, seed};
    for (int i = 0; i != 6; ++i)
      request.nets.push_back(bus("n" + std::to_string(i), {0, 0}, PortRamp, {2 + 2 * i, 4}, PortRamp, 3));
    for (int i = 0; i != 4; ++i)
      request.nets.push_back(bus("m" + std::to_string(i), {15, 12}, PortRamp, {1 + i, 9}, PortRamp, 2));
    Result<RouteSolution> solution = route(request);
    ASSERT_TRUE(solution) << solution.error().str();
    expectRealizes(request, *solution);
  }
}

TEST(Router, AnyOrderOfNetsIsRoutable) {
  // Five nets that all meet, and five colors: in every order in which they can be given.
  Profile profile = *Profile::load("test4");
  profile.colors = 5;
  std::vector<Net> nets = {
      bus("across", {0, 1}, PortRamp, {3, 1}, PortRamp, 2), bus("back", {3, 0}, PortRamp, {0, 0}, PortRamp, 4),
      bus("left", {1, 0}, PortRamp, {0, 2}, PortRamp, 2), bus("right", {1, 0}, PortRamp, {3, 1}, PortRamp, 3),
      bus("out", {2, 2}, PortRamp, {0, 2}, PortWest, 2)};
  std::vector<int> order = {0, 1, 2, 3, 4};
  do {
    RouteRequest request{profile, {}, 4, 4, {}, 0};
    for (int i : order)
      request.nets.push_back(nets[i]);
    Result<RouteSolution> solution = route(request);
    ASSERT_TRUE(solution) << testing::PrintToString(order) << solution.error().str();
    expectRealizes(request, *solution);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Router, NetsThatWereRoutedTooEarlyAreDisplaced) {
  // On one row a net passes all that is between its ends. Two colors are enough for these, but the first two take one
  // color and the third the other, which leaves the last none.
  Profile profile = *Profile::load("test16");
  profile.colors = 2;
  profile.reservedColors.clear();
  RouteRequest request{profile, {}, 9, 1, {}, 0};
  for (auto [from, to] : {std::pair{0, 2}, {6, 8}, {1, 4}, {3, 7}})
    request.nets.push_back(bus("from" + std::to_string(from), {from, 0}, PortRamp, {to, 0}, PortRamp, 1));
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);

  request.nets.push_back(bus("third", {2, 0}, PortRamp, {3, 0}, PortRamp, 1));
  request.nets.push_back(bus("fourth", {1, 0}, PortRamp, {3, 0}, PortRamp, 1));
  solution = route(request);
  ASSERT_FALSE(solution) << "three nets in two colors";
  EXPECT_EQ(solution.error().code, ErrorCode::RouteGivenUp);
}

TEST(Router, WideBusesThatChangeRowsTakeAStair) {
  // As many columns as lanes between the heads, and the second net ends on the way of the first.
  Profile profile = *Profile::load("test16");
  Net both = bus("both", {2, 0}, PortRamp, {14, 8}, PortRamp, 8);
  for (int i = 0; i != 8; ++i)
    both.lanes[i].sinks.push_back({{11, 8 + i}, PortRamp});
  RouteRequest request{profile, {}, 16, 16, {both, bus("back", {14, 8}, PortRamp, {5, 0}, PortRamp, 8)}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
  EXPECT_EQ(solution->nets[0].hops, 20);
  EXPECT_EQ(solution->nets[1].hops, 17);
}

TEST(Router, ManyLanesAcrossANarrowCutAreImpossible) {
  // Two lanes a row, four rows: eight lanes of one color would pass four routers.
  Profile profile = *Profile::load("test4");
  profile.colors = 1;
  profile.reservedColors.clear();
  Net net{"wide", {}};
  for (int y = 0; y != 4; ++y)
    for (int x : {0, 1})
      net.lanes.push_back({{{x, y}, PortRamp}, {{{x + 2, y}, PortRamp}}});
  Result<RouteSolution> solution = route({profile, {}, 4, 4, {net}, 0});
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, ErrorCode::RouteImpossible);
  EXPECT_NE(solution.error().message.find(
                "'wide' cannot be routed: 8 of its 8 lanes must cross a cut of 4 live routers in one color"),
            std::string::npos)
      << solution.error().message;
}

TEST(Router, LanesThatFindNoWayInOneColorAreDivided) {
  // Regions as wide as the mesh, one above the other: there is a way for one lane in each color.
  Profile profile = *Profile::load("test16");
  profile.colors = 4;
  profile.reservedColors.clear();
  RouteRequest request{profile, {}, 4, 8, {bus("down", {0, 0}, PortRamp, {0, 4}, PortRamp, 4)}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  ASSERT_EQ(solution->nets.size(), 4u);
  std::vector<Net> parts;
  std::set<int> colors;
  for (int lane = 0; lane != 4; ++lane) {
    const RoutedNet &part = solution->nets[lane];
    EXPECT_EQ(part.net, 0);
    EXPECT_EQ(part.firstLane, lane);
    EXPECT_EQ(part.lanes, 1);
    colors.insert(part.color);
    parts.push_back({"part", {request.nets[0].lanes[lane]}});
  }
  EXPECT_EQ(colors.size(), 4u);
  request.nets = parts;
  expectRealizes(request, *solution);

  profile.colors = 3;
  request.nets = {bus("down", {0, 0}, PortRamp, {0, 4}, PortRamp, 4)};
  solution = route(request);
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, ErrorCode::RouteGivenUp);
}

TEST(Router, DeadPesNarrowACut) {
  Profile profile = *Profile::load("test4");
  profile.colors = 1;
  profile.reservedColors.clear();
  profile.deadPes = {{1, 0}, {2, 1}};
  Result<RouteSolution> solution = route({profile, {}, 4, 4, {bus("n", {0, 0}, PortRamp, {3, 0}, PortRamp, 4)}, 0});
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, ErrorCode::RouteImpossible);
  EXPECT_NE(solution.error().message.find("4 of its 4 lanes must cross a cut of 2 live routers"), std::string::npos)
      << solution.error().message;
}

TEST(Router, LanesThatDoNotMeetAreNotImpossible) {
  // Eight lanes on four rows, but no more than four across any cut. One has no way, which no cut shows.
  Profile profile = *Profile::load("test4");
  profile.colors = 1;
  profile.reservedColors.clear();
  profile.deadLinks = {{0, 0, PortEast}};
  Net net{"pairs", {}};
  for (int y = 0; y != 4; ++y)
    for (int x : {0, 2})
      net.lanes.push_back({{{x, y}, PortRamp}, {{{x + 1, y}, PortRamp}}});
  Result<RouteSolution> solution = route({profile, {}, 4, 4, {net}, 0});
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, ErrorCode::RouteGivenUp) << solution.error().message;
}

TEST(Router, ASeedGivesTheseRoutesInAnyBinary) {
  // Written down, so that another build, library or machine that would route otherwise is noticed.
  Profile profile = *Profile::load("test16");
  RouteRequest request{
      profile,
      {},
      16,
      16,
      {bus("a", {0, 0}, PortRamp, {9, 7}, PortRamp, 2), bus("b", {3, 9}, PortRamp, {12, 1}, PortRamp, 1)},
      5};
  for (int again = 0; again != 2; ++again) {
    RouteSolution solution = *route(request);
    std::ostringstream text;
    for (const RoutedNet &net : solution.nets) {
      text << "color " << net.color << ":";
      for (const RouteShape &s : net.shapes)
        text << " " << s.x << "," << s.y << " " << s.w << "x" << s.h << " " << int(s.input) << ">" << int(s.outputs);
      text << "\n";
    }
    EXPECT_EQ(text.str(),
              "color 0: 0,0 1x2 16>2 1,0 1x1 8>2 2,0 1x1 8>4 1,1 1x1 8>4 2,1 1x1 1>4 1,2 2x5 1>4 1,7 1x1 1>4 "
              "2,7 1x1 1>2 3,7 6x1 8>2 9,7 1x2 8>16 1,8 1x1 1>2 2,8 7x1 8>2\n"
              "color 0: 12,1 1x1 4>16 12,2 1x7 4>1 3,9 1x1 16>2 4,9 8x1 8>2 12,9 1x1 8>1\n");
  }
}

TEST(Router, ABusThatTurnsKeepsTheOrderOfItsLanes) {
  // Upward the last lane is on the inside of the turn, downward the first. There are few columns to turn in.
  Profile profile = *Profile::load("test16");
  for (auto [from, to] : {std::pair{8, 2}, {2, 8}}) {
    RouteRequest request{profile, {}, 16, 16, {bus("n", {7, from}, PortRamp, {0, to}, PortRamp, 6)}, 0};
    Result<RouteSolution> solution = route(request);
    ASSERT_TRUE(solution) << solution.error().str();
    expectRealizes(request, *solution);
  }
}

TEST(Router, TerminalOnADeadPeIsNamed) {
  Profile profile = *Profile::load("dead16");
  Result<RouteSolution> solution = route({profile, {}, 16, 16, {bus("n", {5, 5}, PortRamp, {9, 9}, PortRamp, 1)}, 0});
  ASSERT_FALSE(solution);
  EXPECT_NE(solution.error().message.find("'n' has a terminal on a dead PE at (5, 5)"), std::string::npos);
}

TEST(Router, NoColorLeftIsImpossible) {
  Profile profile = *Profile::load("test4");
  Result<RouteSolution> solution =
      route({profile, everywhere(profile.colors, 4, 4), 4, 4, {bus("n", {0, 0}, PortRamp, {3, 0}, PortRamp, 1)}, 0});
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, ErrorCode::RouteImpossible);
}

TEST(Router, WalledInSaysHowManyLanesFindAWay) {
  Profile profile = *Profile::load("test4");
  profile.deadPes = {{1, 0}, {0, 1}};
  Result<RouteSolution> solution = route({profile, {}, 4, 4, {bus("n", {0, 0}, PortRamp, {3, 3}, PortRamp, 1)}, 0});
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, ErrorCode::RouteGivenUp);
  EXPECT_NE(solution.error().message.find("0 lanes at most go around dead parts"), std::string::npos);
}

TEST(Router, LanesStepAroundDeadPartsTogether) {
  // Sixteen lanes, and two of them find a dead PE each: with four more columns than lanes all have a way.
  Profile profile = *Profile::load("wse2");
  profile.deadPes = {{30, 7}, {52, 11}};
  RouteRequest request{profile, {}, 80, 40, {bus("n", {0, 4}, PortWest, {79, 4}, PortRamp, 16)}, 0};
  Result<RouteSolution> solution = route(request);
  ASSERT_TRUE(solution) << solution.error().str();
  expectRealizes(request, *solution);
  EXPECT_LE(solution->nets[0].shapes.size(), 120u);
}
