#include "Plan/Ranking.h"
#include "Plan/Transition.h"
#include "Product.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

struct RankingTest : testing::Test {
  const Profile profile = *Profile::load("wse2");
  const ResourceModel model{profile};
  Product product;
  PlanRequest request{product.graph, model, {{5, 4}}, 1, /*hostLanes=*/2, /*lanesBetween=*/1, /*beam=*/6};
  Pricing pricing{request};
  const Remaining remaining{product.graph, {pricing.leastCycles(0), pricing.leastCycles(1)}, 1};
  const SearchContext context{request, pricing, remaining, /*budget=*/40000};
  const std::shared_ptr<const State> start = std::make_shared<State>();
  const llvm::SmallVector<int> inputs{0, 1};
};

TEST_F(RankingTest, BoundsLeaveTheBestOfAllWays) {
  Ways ways(context, 0), all(context, 0);
  ways.addAfter(start);
  all.addAfter(start);
  for (size_t i = 0; i != all.options.size(); ++i)
    while (all.options[i].seen != Option::Priced && all.lookCloser(i))
      ;
  double least = INFINITY;
  for (const Successor &successor : all.successors)
    least = std::min(least, successor.score);
  const llvm::SmallVector<Successor *> kept = keepBest(ways, context, inputs);
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept.front()->score, least);
  EXPECT_LT(ways.successors.size(), all.successors.size()); // the others were not worth pricing
}

TEST_F(RankingTest, BeamHasSoManyThatDiffer) {
  Ways ways(context, 0);
  ways.addAfter(start);
  const llvm::SmallVector<Successor *> kept = keepBest(ways, context, inputs);
  EXPECT_LE(kept.size(), 6u);
  EXPECT_GT(kept.size(), 1u);
  for (size_t i = 1; i != kept.size(); ++i)
    EXPECT_LE(kept[i - 1]->score, kept[i]->score);
  for (const Successor *a : kept)
    for (const Successor *b : kept)
      EXPECT_TRUE(a == b || a->work->result != b->work->result || a->work->entries != b->work->entries ||
                  a->work->moved != b->work->moved || a->bytes > b->bytes + context.budget / 50 ||
                  b->bytes > a->bytes + context.budget / 50);
}

TEST_F(RankingTest, WhatHasNoRoomTellsItsNeed) {
  const SearchContext little{request, pricing, remaining, /*budget=*/100};
  Ways ways(little, 0);
  ways.addAfter(start);
  EXPECT_TRUE(keepBest(ways, little, inputs).empty());
  EXPECT_GT(ways.smallestNeed, 100);
  EXPECT_LT(ways.smallestNeed, 40000);
}

TEST_F(RankingTest, SuccessorsLeaveTheirResult) {
  Ways ways(context, 0);
  ways.addAfter(start);
  const Successor &best = *keepBest(ways, context, inputs).front();
  const std::shared_ptr<const State> next = stateAfter(0, best, context, inputs, /*traced=*/0);
  EXPECT_EQ(next->parent, start);
  ASSERT_EQ(next->live.size(), 1u); // nobody reads the operands any more
  EXPECT_EQ(*next->restingOf(2)->layout, best.work->result);
  EXPECT_TRUE(next->restingOf(2)->isIn(0));
  EXPECT_EQ(next->memory[0].liveWords, best.work->result.words());
  EXPECT_EQ(next->memory[0].bytes(), best.bytes);
}

TEST_F(RankingTest, FutureIsWhatRestsForLaterNodes) {
  const auto layouts = plainLayouts(product.graph.tensors[0].shape, request.region);
  ASSERT_GT(layouts.size(), 1u);
  State a, b;
  for (State *state : {&a, &b}) {
    state->memory.resize(1);
    state->live[0] = {std::make_shared<Layout>(layouts[0]), 1, 0};
  }
  EXPECT_TRUE(haveSameFuture(a, b, {}));
  b.live[0].layout = std::make_shared<Layout>(layouts[1]);
  EXPECT_FALSE(haveSameFuture(a, b, {}));
  EXPECT_TRUE(haveSameFuture(a, b, {0})); // nobody sees it
  b.live[0] = a.live[0];
  b.live[0].regions = 2;
  EXPECT_FALSE(haveSameFuture(a, b, {}));
  b.live = a.live;
  b.live[1] = a.live[0];
  EXPECT_FALSE(haveSameFuture(a, b, {}));
  EXPECT_FALSE(haveSameFuture(b, a, {}));
  b.live = a.live;
  b.memory.resize(2);
  EXPECT_FALSE(haveSameFuture(a, b, {}));
}

} // namespace
