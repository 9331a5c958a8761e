// Placer and router must agree on what is free: whatever part of a mesh is dead, regions stand where their streams can
// be routed.
#include "wafer/Place/Placer.h"
#include "wafer/Route/ChannelColors.h"
#include "wafer/Route/Router.h"

#include <gtest/gtest.h>

using namespace wafer;

namespace {

constexpr int kSide = 8, kRegion = 3;

/// `count` regions of 3 x 3 PEs, linked in a chain from the host to the host, or each to the host by itself; perhaps
/// pinned to a column.
struct Program {
  int count;
  bool chain;
  std::optional<int> column = std::nullopt;

  std::vector<PlaceLink> links() const {
    std::vector<PlaceLink> result;
    constexpr int kHost = PlaceLink::kHost;
    for (int i = 0; i <= count && chain; ++i)
      result.push_back({i == 0 ? kHost : i - 1, i == count ? kHost : i, kRegion, 16});
    for (int i = 0; i != count && !chain; ++i) {
      result.push_back({kHost, i, kRegion, 16});
      result.push_back({i, kHost, kRegion, 16});
    }
    return result;
  }
};

/// As the compiler makes it: lanes from head to head, or to the mesh's west edge in the region's own rows.
Net netOf(const PlaceLink &link, const std::vector<Point> &at) {
  Net net{std::to_string(link.from) + "_to_" + std::to_string(link.to), {}};
  for (int row = 0; row != link.lanes; ++row) {
    auto head = [&](int region) { return Terminal{{at[region].x, at[region].y + row}, PortRamp}; };
    auto edge = [&](int region) { return Terminal{{0, at[region].y + row}, PortWest}; };
    Terminal source = link.from == PlaceLink::kHost ? edge(link.to) : head(link.from);
    Terminal sink = link.to == PlaceLink::kHost ? edge(link.from) : head(link.to);
    net.lanes.push_back({source, {sink}});
  }
  return net;
}

Status placeAndRoute(const Profile &profile, const Program &program, uint64_t seed) {
  PlaceRequest request{profile, kSide, kSide, {}, program.links(), seed};
  for (int i = 0; i != program.count; ++i)
    request.items.push_back({"r" + std::to_string(i), kRegion, kRegion, program.column, std::nullopt});
  Result<std::vector<Point>> at = place(request);
  if (!at)
    return at.error();
  const ChannelColors channels = *ChannelColors::assign(profile);
  RouteRequest routing{profile, {}, kSide, kSide, {}, seed};
  for (Channel channel : kChannels)
    if (has(kChannelsNeeded, channel))
      for (const LineColors *line : {&channels.x, &channels.y})
        for (int color : line->of(channel))
          routing.channels.push_back({color, {0, 0, kSide, kSide}, {{0, 0, kSide, kSide}}});
  for (const PlaceLink &link : request.links)
    routing.nets.push_back(netOf(link, *at));
  Result<RouteSolution> solution = route(routing);
  return solution ? Status::ok() : Status(solution.error());
}

Profile square() {
  Profile profile = *Profile::load("test16");
  profile.meshWidth = profile.meshHeight = kSide;
  return profile;
}

const Program kPrograms[] = {{1, true}, {2, true}, {2, false}, {1, true, 4}};

} // namespace

TEST(PlaceAndRoute, AnyDeadPeIsAvoided) {
  for (const Program &program : kPrograms)
    for (int y = 0; y != kSide; ++y)
      for (int x = 0; x != kSide; ++x)
        for (uint64_t seed : {0, 1, 2}) {
          Profile profile = square();
          profile.deadPes = {{x, y}};
          Status status = placeAndRoute(profile, program, seed);
          EXPECT_TRUE(status) << &program - kPrograms << ": (" << x << ", " << y << ") dead, seed " << seed << ": "
                              << status.error().str();
        }
}

TEST(PlaceAndRoute, AnyDeadLinkIsAvoided) {
  for (const Program &program : kPrograms)
    for (int y = 0; y != kSide; ++y)
      for (int x = 0; x != kSide; ++x)
        for (PortBits side : {PortNorth, PortEast, PortSouth, PortWest}) {
          Profile profile = square();
          profile.deadLinks = {{x, y, side}};
          Status status = placeAndRoute(profile, program, 0);
          EXPECT_TRUE(status) << &program - kPrograms << ": link " << side << " of (" << x << ", " << y
                              << ") dead: " << status.error().str();
        }
}

TEST(PlaceAndRoute, DeadHostPortsAreAvoided) {
  // All rows but three have no way to the host: their edge PEs, or the links out of these, are dead.
  for (const Program &program : {Program{1, true}, Program{1, true, 4}})
    for (bool links : {false, true})
      for (int first : {0, 2, 5})
        for (uint64_t seed : {0, 1, 2}) {
          Profile profile = square();
          for (int y = 0; y != kSide; ++y)
            if (y >= first && y < first + kRegion)
              continue;
            else if (links)
              profile.deadLinks.push_back({0, y, PortWest});
            else
              profile.deadPes.push_back({0, y});
          Status status = placeAndRoute(profile, program, seed);
          EXPECT_TRUE(status) << (links ? "links" : "PEs") << ", rows from " << first << ", seed " << seed << ": "
                              << status.error().str();
        }
}

TEST(PlaceAndRoute, NoHostPortIsSaidByTheRouter) {
  Profile profile = square();
  for (int y = 0; y != kSide; ++y)
    profile.deadLinks.push_back({0, y, PortWest});
  Status status = placeAndRoute(profile, {1, true}, 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::RouteImpossible);
  EXPECT_NE(status.error().message.find("'0_to_-1' leaves over a dead link at (0, "), std::string::npos)
      << status.error().message;
}
