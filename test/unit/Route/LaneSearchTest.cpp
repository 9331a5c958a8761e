#include "Route/LaneSearch.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace wafer;

namespace {

struct LaneSearchTest : testing::Test {
  LaneSearchTest() {
    profile.deadPes.clear();
    profile.deadLinks.clear();
  }
  RouteRequest request() const { return {profile, {}, 16, 16, {}, 0}; }
  static Net lane(Point from, std::vector<Point> to) {
    Lane lane{{from, PortRamp}, {}};
    for (Point p : to)
      lane.sinks.push_back({p, PortRamp});
    return {"n", {lane}};
  }
  static RouteTerms terms(int sharingPrice = 0) {
    return {[](int64_t, size_t) { return 0.0; }, sharingPrice, INFINITY};
  }

  Profile profile = *Profile::load("test16");
};

} // namespace

TEST_F(LaneSearchTest, ALaterSinkStartsFromTheWholeTree) {
  RouterMesh mesh(request());
  LaneSearch search(mesh, 10'000);
  std::optional<Routes> found = search.inOrder(lane({0, 0}, {{8, 0}, {4, 3}}), terms(), false);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tree.size(), 9u + 3u);
  EXPECT_EQ(found->tree.at(mesh.tile({4, 0})).outputs, PortEast | PortSouth);
  EXPECT_EQ(found->tree.at(mesh.tile({4, 3})).hops, 7);
}

TEST_F(LaneSearchTest, GoesAroundDeadParts) {
  profile.deadPes = {{4, 0}};
  profile.deadLinks = {{4, 1, PortEast}};
  RouterMesh mesh(request());
  LaneSearch search(mesh, 10'000);
  std::optional<Routes> found = search.inOrder(lane({0, 0}, {{8, 0}}), terms(), false);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tree.at(mesh.tile({8, 0})).hops, 12); // by row 2
}

TEST_F(LaneSearchTest, LeavesLinksInUseIfTheyCostMoreThanTheDetour) {
  RouterMesh mesh(request());
  LaneSearch search(mesh, 10'000);
  const Net straight = lane({0, 0}, {{8, 0}});
  std::optional<Routes> first = search.inOrder(straight, terms(), false);
  ASSERT_TRUE(first);
  mesh.add(first->tree);
  EXPECT_EQ(search.inOrder(straight, terms(0), false)->tree.size(), 9u);
  EXPECT_GT(search.inOrder(straight, terms(2), false)->tree.size(), 9u);
  mesh.remove(first->tree);
  EXPECT_EQ(search.inOrder(straight, terms(2), false)->tree.size(), 9u);
}

TEST_F(LaneSearchTest, EndsWhenAllSearchesTogetherHaveLookedAtEnough) {
  RouterMesh mesh(request());
  LaneSearch search(mesh, 12);
  EXPECT_TRUE(search.inOrder(lane({0, 0}, {{8, 0}}), terms(), false));
  EXPECT_FALSE(search.inOrder(lane({0, 1}, {{8, 1}}), terms(), false));
  EXPECT_LE(search.expansionsLeft(), 0);
}
