#include "Route/Stairs.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

using namespace wafer;

namespace {

/// The tiles of a lane from corner to corner.
std::set<std::pair<int, int>> tilesOf(const std::vector<Point> &corners) {
  std::set<std::pair<int, int>> tiles{{corners[0].x, corners[0].y}};
  for (size_t i = 1; i != corners.size(); ++i) {
    auto [x0, x1] = std::minmax(corners[i - 1].x, corners[i].x);
    auto [y0, y1] = std::minmax(corners[i - 1].y, corners[i].y);
    EXPECT_TRUE(x0 == x1 || y0 == y1) << "a lane turns between its corners";
    for (int x = x0; x <= x1; ++x)
      for (int y = y0; y <= y1; ++y)
        tiles.insert({x, y});
  }
  return tiles;
}

} // namespace

TEST(Stairs, LanesNeverMeetWhereverTheyGo) {
  for (Point to : {Point{9, 3}, {9, 13}, {9, 21}, {31, 3}, {31, 9}, {31, 13}, {31, 21}}) {
    const Point from{20, 10};
    const int lanes = 5;
    auto ways = stairs(from, to, lanes);
    ASSERT_GE(ways.size(), 2u) << to.x << ", " << to.y;
    for (const auto &way : ways) {
      std::set<std::pair<int, int>> all;
      size_t count = 0;
      for (int lane = 0; lane != lanes; ++lane) {
        EXPECT_EQ(way[lane].front(), (Point{from.x, from.y + lane}));
        EXPECT_EQ(way[lane].back(), (Point{to.x, to.y + lane}));
        std::set<std::pair<int, int>> tiles = tilesOf(way[lane]);
        EXPECT_EQ(tiles.size(), 1u + std::abs(to.x - from.x) + std::abs(to.y - from.y)) << "not the shortest way";
        count += tiles.size();
        all.insert(tiles.begin(), tiles.end());
      }
      EXPECT_EQ(all.size(), count) << "lanes to " << to.x << ", " << to.y << " meet";
    }
  }
}

TEST(Stairs, StraightOnThereIsOneWay) { EXPECT_EQ(stairs({2, 7}, {12, 7}, 3).size(), 1u); }

TEST(Stairs, EachLaneThatChangesRowsNeedsAColumn) {
  EXPECT_EQ(stairs({0, 0}, {5, 8}, 4).size(), 1u);
  EXPECT_TRUE(stairs({0, 0}, {4, 8}, 4).empty());
  EXPECT_TRUE(stairs({3, 0}, {3, 8}, 1).empty());
}
