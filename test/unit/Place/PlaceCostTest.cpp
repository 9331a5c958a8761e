#include "Place/PlaceCost.h"

#include <gtest/gtest.h>

using namespace wafer;

namespace {

struct PlaceCostTest : testing::Test {
  PlaceCostTest() {
    profile.deadPes.clear();
    profile.deadLinks.clear();
  }
  /// Of two items of 2 x 2 PEs, the first of which sends the second 10 words on each of 2 lanes.
  double cost(Point a, Point b) const {
    PlaceItem item{"r", 2, 2, std::nullopt, std::nullopt};
    PlaceRequest request{profile, 64, 64, {item, item}, {{0, 1, 2, 10}}};
    Placement placement(request);
    placement.rects = {{a.x, a.y, 2, 2}, {b.x, b.y, 2, 2}};
    return PlaceCost(placement)();
  }

  Profile profile = *Profile::load("wse2");
};

} // namespace

TEST_F(PlaceCostTest, RowsCostTwiceWhatColumnsDo) {
  EXPECT_EQ(cost({8, 8}, {16, 8}), 80);
  EXPECT_EQ(cost({8, 8}, {16, 11}), 80 + 60);
}

TEST_F(PlaceCostTest, LanesNeedColumnsToChangeRows) {
  EXPECT_GT(cost({8, 8}, {12, 11}), cost({8, 8}, {16, 11})); // a column a lane, and none to spare
  EXPECT_GT(cost({8, 8}, {8, 11}), cost({8, 8}, {12, 11}));  // none at all
}

TEST_F(PlaceCostTest, DeadPartsInTheRowsOfLanesCostMoreThanAWayAroundThem) {
  const double clear = cost({8, 8}, {16, 8});
  profile.deadPes = {{12, 9}};
  EXPECT_GT(cost({8, 8}, {16, 8}), clear + 10 * 8);
  profile.deadPes = {{12, 10}};
  EXPECT_LT(cost({8, 8}, {16, 8}), clear + 10 * 8);
}
