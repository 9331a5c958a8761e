#include "Plan/FoundPlans.h"
#include "Product.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

struct KnownSearchesTest : testing::Test {
  const Profile profile = *Profile::load("wse2");
  const ResourceModel model{profile};
  const Graph graph;
  PlanRequest request{graph, model, {{5, 4}}, /*maxRegions=*/2, /*hostLanes=*/3, /*lanesBetween=*/1, /*beam=*/6};
  KnownSearches known;
  int searches = 0;

  /// Asks for a plan whose cycles are the number of the search that found it; what fails is `failure`.
  std::optional<Plan> ask(const PlanRequest &request, std::optional<PlanFailure> fails = std::nullopt) {
    PlanFailure failure;
    std::optional<Plan> found = known.searchOnce(request, failure, [&](const PlanRequest &, PlanFailure &why) {
      ++searches;
      std::optional<Plan> plan;
      if (fails)
        why = *fails;
      else
        plan.emplace().cycles = searches;
      return plan;
    });
    last = failure;
    return found;
  }
  PlanFailure last;
};

TEST_F(KnownSearchesTest, AskOnce) {
  EXPECT_EQ(ask(request)->cycles, 1);
  EXPECT_EQ(ask(request)->cycles, 1);
  EXPECT_EQ(searches, 1);
}

TEST_F(KnownSearchesTest, TellSizesAndMemoryApart) {
  std::vector<PlanRequest> requests(6, request);
  requests[1].region = {{5, 4}, 5, 1};
  requests[2].maxRegions = 3;
  requests[3].hostLanes = 2;
  requests[4].lanesBetween = 2;
  requests[5].fill = 0.95;
  for (int round : {0, 1})
    for (auto [i, other] : llvm::enumerate(requests))
      EXPECT_EQ(ask(other)->cycles, i + 1) << round;
}

TEST_F(KnownSearchesTest, OneRegionHasNoLanesToOthers) {
  request.maxRegions = 1;
  ask(request);
  request.lanesBetween = 2;
  EXPECT_EQ(ask(request)->cycles, 1);
}

TEST_F(KnownSearchesTest, RememberWhyThereIsNoPlan) {
  EXPECT_FALSE(ask(request, PlanFailure{7, 50000, 40000}));
  EXPECT_FALSE(ask(request));
  EXPECT_EQ(last.node, 7);
  EXPECT_EQ(last.neededBytes, 50000);
}

TEST_F(KnownSearchesTest, WhatALimitEndedIsAskedAgain) {
  EXPECT_FALSE(ask(request, PlanFailure{7, 0, 40000, /*outrun=*/true}));
  EXPECT_EQ(ask(request)->cycles, 2);
}

/// Of one column of `height` PEs a region.
Plan planOf(double cycles, int regions, int64_t height) {
  Plan plan;
  plan.cycles = cycles;
  plan.regions = regions;
  plan.region = {{1, height}};
  plan.lanesBetween = 64;
  return plan;
}

TEST(FoundPlans, KeepThoseOfFewerStreamsThatAreNearlyAsFast) {
  FoundPlans found;
  found.keep(planOf(100, 4, 8),
             {planOf(109, 1, 8), planOf(105, 2, 8), planOf(106, 3, 8), planOf(101, 4, 16), planOf(111, 1, 4)}, 100);
  std::vector<double> cycles;
  for (const Plan &plan : found.plans)
    cycles.push_back(plan.cycles);
  EXPECT_EQ(cycles, (std::vector<double>{100, 105, 109}));
}

} // namespace
