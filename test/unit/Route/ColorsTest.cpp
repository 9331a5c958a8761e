#include "Route/Colors.h"

#include <gtest/gtest.h>

using namespace wafer;

TEST(Colors, CountsThoseOfChannelsThatLeaveANetItsEnds) {
  Profile profile = *Profile::load("test16");
  profile.colors = 3;
  profile.reservedColors.clear();
  // Color 0 has every second column from the second on, color 1 all routers.
  RouteRequest request{
      profile, {{0, {4, 0, 8, 8}, {{5, 0, 7, 8, 2}}}, {1, {0, 0, 16, 16}, {{0, 0, 16, 16}}}}, 16, 16, {}, 0};
  Colors colors(request);
  EXPECT_EQ(colors.free(), std::vector<int>{2});
  EXPECT_EQ(colors.shared().size(), 2u);
  EXPECT_FALSE(Colors::has(colors.channelsOf(0), {4, 0}));
  EXPECT_TRUE(Colors::has(colors.channelsOf(0), {5, 0}));
  EXPECT_FALSE(Colors::has(colors.channelsOf(2), {5, 0}));
  auto net = [](Point to) { return Net{"n", {{{{0, 0}, PortRamp}, {{to, PortRamp}}}}}; };
  EXPECT_EQ(colors.countFor(net({4, 0})), 2);
  EXPECT_EQ(colors.countFor(net({5, 0})), 1);
}
