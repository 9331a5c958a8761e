#include "Plan/Places.h"
#include "Product.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

struct PlacesTest : testing::Test {
  const Profile profile = *Profile::load("wse2");
  const ResourceModel model{profile};
  Product product;
  State state;

  std::vector<int> regions(size_t n, int maxRegions) {
    PlanRequest request{product.graph, model, {{5, 4}}, maxRegions, /*hostLanes=*/2, /*lanesBetween=*/1, /*beam=*/6};
    Pricing pricing(request);
    const Places places = placesAfter(state, n, request, pricing);
    leave = places.leave;
    std::vector<int> regions;
    for (const Place &place : places.list)
      regions.push_back(place.region);
    return regions;
  }
  bool leave = false;

  /// The product was made in `region`, and took so many cycles.
  void make(int region, double cycles) {
    state.timeline.run(/*node=*/0, region, {}, cycles, /*result=*/2);
    state.live[2] = {std::make_shared<Layout>(plainLayouts(product.graph.tensors[2].shape, {{5, 4}}).front()),
                     uint64_t{1} << region, 100};
  }
};

TEST_F(PlacesTest, FirstNodeOpensTheFirstRegion) { EXPECT_EQ(regions(0, 3), (std::vector<int>{0})); }

TEST_F(PlacesTest, RegionOpenedLastThenThoseOfOperandsThenTheNext) {
  state.memory.resize(2);
  state.timeline.run(/*node=*/0, /*region=*/1, {}, 10, /*result=*/-1);
  make(0, 100);
  EXPECT_EQ(regions(1, 3), (std::vector<int>{1, 0, 2}));
}

TEST_F(PlacesTest, NoMoreRegionsThanMayBe) {
  state.memory.resize(1);
  make(0, 100);
  EXPECT_EQ(regions(1, 2), (std::vector<int>{0, 1}));
  EXPECT_EQ(regions(1, 1), (std::vector<int>{0}));
}

TEST_F(PlacesTest, BusyRegionIsWorthLeaving) {
  state.memory.resize(1);
  state.timeline.run(/*node=*/0, /*region=*/0, {}, 1000, /*result=*/-1);
  regions(0, 2); // operands are inputs, ready at once
  EXPECT_FALSE(leave);
  state.timeline.run(/*node=*/0, /*region=*/0, {}, 2000, /*result=*/-1);
  regions(0, 2);
  EXPECT_TRUE(leave);
}

} // namespace
