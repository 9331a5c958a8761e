#include "Route/DisjointPaths.h"

#include "wafer/Support/Random.h"

#include <gtest/gtest.h>
#include <set>

using namespace wafer;

namespace {

struct Grid {
  int width, height;
  std::set<int64_t> dead = {};
  int64_t at(int x, int y) const { return static_cast<int64_t>(y) * width + x; }

  PathsAnswer route(std::vector<int64_t> from, std::vector<int64_t> to, int64_t steps = 1'000'000) const {
    PathsRequest request{width,
                         height,
                         std::move(from),
                         std::move(to),
                         [&](int64_t tile) { return !dead.count(tile); },
                         [](int64_t, int) { return 1; },
                         &steps};
    PathsAnswer answer = disjointPaths(request);
    std::set<int64_t> seen;
    for (size_t i = 0; i != answer.paths.size(); ++i) {
      const std::vector<int64_t> &path = answer.paths[i];
      EXPECT_EQ(path.front(), request.from[i]);
      EXPECT_EQ(path.back(), request.to[i]);
      for (size_t j = 0; j != path.size(); ++j) {
        EXPECT_TRUE(seen.insert(path[j]).second) << "paths meet";
        EXPECT_FALSE(dead.count(path[j]));
        if (j > 0) {
          int dx = std::abs(static_cast<int>(path[j] % width - path[j - 1] % width)),
              dy = std::abs(static_cast<int>(path[j] / width - path[j - 1] / width));
          EXPECT_EQ(dx + dy, 1);
        }
      }
    }
    return answer;
  }

  std::vector<int64_t> column(int x, int y, int count) const {
    std::vector<int64_t> tiles;
    for (int i = 0; i != count; ++i)
      tiles.push_back(at(x, y + i));
    return tiles;
  }
};

} // namespace

TEST(DisjointPaths, AStraightBusStaysStraight) {
  Grid grid{40, 10};
  PathsAnswer answer = grid.route(grid.column(0, 2, 4), grid.column(39, 2, 4));
  ASSERT_EQ(answer.paths.size(), 4u);
  EXPECT_EQ(answer.cost, 4 * 39);
}

TEST(DisjointPaths, ABusInAPassageThatIsAsWideAsItBendsAsOne) {
  // Rows 0 to 3 are open up to column 9, rows 2 to 5 from column 10 on: all four lanes shift by two rows at once.
  Grid grid{24, 6};
  for (int x = 0; x != 24; ++x)
    for (int y : {0, 1, 4, 5})
      if ((x < 8) == (y >= 4) && (x < 8 || x > 15))
        grid.dead.insert(grid.at(x, y));
  PathsAnswer answer = grid.route(grid.column(0, 0, 4), grid.column(23, 2, 4));
  ASSERT_EQ(answer.paths.size(), 4u);
  EXPECT_EQ(answer.cost, 4 * (23 + 2));
}

TEST(DisjointPaths, LaterPathsPushEarlierOnesAside) {
  // The shortest way of the first is the only way of the second.
  Grid grid{7, 5};
  for (int y : {2, 3, 4})
    grid.dead.insert(grid.at(3, y));
  PathsAnswer answer = grid.route(grid.column(0, 1, 2), grid.column(6, 1, 2));
  ASSERT_EQ(answer.paths.size(), 2u);
  EXPECT_EQ(answer.cost, 8 + 8);
}

TEST(DisjointPaths, SaysHowManyHaveAWay) {
  Grid grid{9, 8};
  for (int y = 0; y != 8; ++y)
    if (y != 1 && y != 5)
      grid.dead.insert(grid.at(4, y));
  PathsAnswer answer = grid.route(grid.column(0, 2, 4), grid.column(8, 2, 4));
  EXPECT_TRUE(answer.paths.empty());
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.most, 2u);
}

TEST(DisjointPaths, EndsMayBeBeginnings) {
  Grid grid{4, 4};
  PathsAnswer answer = grid.route(grid.column(0, 0, 4), grid.column(0, 0, 4));
  ASSERT_EQ(answer.paths.size(), 4u);
  EXPECT_EQ(answer.cost, 0);
}

TEST(DisjointPaths, EndsWithItsSteps) {
  Grid grid{100, 100};
  PathsAnswer answer = grid.route(grid.column(0, 0, 4), grid.column(99, 90, 4), 50);
  EXPECT_TRUE(answer.paths.empty());
  EXPECT_FALSE(answer.complete);
}

TEST(DisjointPaths, ScatteredDeadTilesAreSteppedAround) {
  int routed = 0;
  for (uint64_t seed = 0; seed != 30; ++seed) {
    Grid grid{60, 40};
    Random random(seed);
    for (int i = 0; i != 24; ++i)
      grid.dead.insert(grid.at(1 + static_cast<int>(random.below(58)), static_cast<int>(random.below(40))));
    PathsAnswer answer = grid.route(grid.column(0, 12, 8), grid.column(59, 16, 8));
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.paths.empty(), answer.most < 8) << seed;
    routed += !answer.paths.empty();
  }
  EXPECT_GE(routed, 25);
}
