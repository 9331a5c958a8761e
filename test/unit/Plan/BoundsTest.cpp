#include "Plan/Pricing.h"
#include "Plan/Remaining.h"
#include "Product.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

void expectAtMost(const Cost &least, const Cost &work) {
  EXPECT_LE(least.cycles.total(), work.cycles.total());
  EXPECT_LE(least.codeBytes, work.codeBytes);
  EXPECT_LE(least.temporaryWords, work.temporaryWords);
  EXPECT_LE(least.resultWords, work.resultWords);
  EXPECT_EQ(least.weightBytes, work.weightBytes);
}

} // namespace

TEST(Bounds, AreAtMostWhatTheyBound) {
  const Profile profile = *Profile::load("wse2");
  ResourceModel model(profile);
  Product product;
  int bounded = 0, exact = 0;
  for (RegionShape shape : {RegionShape{{5, 4}}, RegionShape{{1, 4}}, RegionShape{{8, 3}, 4, 1}}) {
    PlanRequest request{product.graph, model, shape, 1, /*hostLanes=*/2, /*lanesBetween=*/1, /*beam=*/6};
    Pricing pricing(request);
    // Neither operand rests anywhere, or the first does.
    std::vector<State> states(1);
    for (const Layout &layout : plainLayouts(product.graph.tensors[0].shape, shape))
      states.emplace_back().live[0] = {std::make_shared<Layout>(layout), 1, 0};
    for (const State &state : states) {
      NodeCandidates source(product.graph, product.graph.nodes[0], {shape, model, /*chunkWords=*/20, 2});
      const Resting *resting = state.restingOf(0);
      for (const Candidate *candidate : source.from({resting ? resting->layout.get() : nullptr, nullptr})) {
        std::optional<Work> work = pricing.work(0, state, *candidate);
        std::optional<Cost> ofResult = pricing.leastCostOfResult(0, *candidate);
        if (!work)
          continue;
        ASSERT_TRUE(ofResult);
        for (Pricing::Look look : {Pricing::Look::Glance, Pricing::Look::Measure}) {
          std::optional<Cost> least = pricing.leastCost(0, state, *candidate, *ofResult, look);
          ASSERT_TRUE(least);
          expectAtMost(*least, *work);
          ++bounded;
          exact += least->cycles.total() >= 0.999 * work->cycles.total();
        }
      }
    }
  }
  EXPECT_GT(bounded, 500);
  EXPECT_GT(exact, 10);
}

TEST(Bounds, OfAllNodesAreAtMostWhatPlansTake) {
  const Profile profile = *Profile::load("wse2");
  ResourceModel model(profile);
  Product product;
  for (RegionShape shape : {RegionShape{{1, 1}}, RegionShape{{5, 4}}, RegionShape{{1, 4}}, RegionShape{{8, 3}, 4, 1}})
    for (int regions : {1, 2}) {
      PlanRequest request{product.graph, model, shape, regions, /*hostLanes=*/2, /*lanesBetween=*/1, /*beam=*/6};
      Pricing pricing(request);
      Remaining remaining(product.graph, {pricing.leastCycles(0), pricing.leastCycles(1)}, regions);
      const double least = remaining.leastEnd(State(), 0);
      EXPECT_GE(least, (pricing.leastCycles(0) + pricing.leastCycles(1)) * 0.999); // one follows the other
      PlanFailure failure;
      std::optional<Plan> plan = searchPlan(request, failure);
      ASSERT_TRUE(plan);
      EXPECT_LE(least, plan->cycles);
      EXPECT_GE(least, plan->cycles / 4);
    }
}

TEST(Bounds, EndSearchesThatCannotKeepALimit) {
  const Profile profile = *Profile::load("wse2");
  ResourceModel model(profile);
  Product product;
  PlanRequest request{product.graph, model, {{5, 4}}, 1, /*hostLanes=*/2, /*lanesBetween=*/1, /*beam=*/6};
  PlanFailure failure;
  const std::optional<Plan> plan = searchPlan(request, failure);
  ASSERT_TRUE(plan);
  const double cycles = plan->cycles;
  request.limit = [=] { return cycles; };
  std::optional<Plan> same = searchPlan(request, failure);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->cycles, cycles);
  request.limit = [=] { return cycles - 1; };
  EXPECT_FALSE(searchPlan(request, failure));
  EXPECT_TRUE(failure.outrun);
  EXPECT_GT(failure.node, 0);
  request.limit = {};
  request.ceiling = cycles; // known before: what ends later is not followed
  same = searchPlan(request, failure);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->cycles, cycles);
  request.ceiling = cycles - 1;
  EXPECT_FALSE(searchPlan(request, failure));
  request.ceiling = INFINITY;
  request.limit = [=] { return cycles / 10; }; // known before any node
  EXPECT_FALSE(searchPlan(request, failure));
  EXPECT_TRUE(failure.outrun);
  EXPECT_EQ(failure.node, 0);
}
