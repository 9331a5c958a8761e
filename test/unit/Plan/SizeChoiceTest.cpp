#include "Plan/SizeChoice.h"
#include "Plan/Preference.h"
#include "Product.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

struct SizeChoiceTest : testing::Test {
  const Profile profile = *Profile::load("wse2");
  const ResourceModel model{profile};
  Product product;
  const SizeSearch search{product.graph, model, {}, /*known=*/nullptr, product.context};

  static Size size(int64_t width, int64_t height) {
    return {{{width, height}}, /*room=*/1, /*lanes=*/2, /*lanesOfTwo=*/2, /*lanesBetween=*/1};
  }
  const llvm::SmallVector<Size> sizes{size(1, 1), size(2, 2), size(5, 4), size(10, 12), size(1, 4)};

  /// Of each size by itself.
  std::vector<Plan> all() const {
    std::vector<Plan> plans;
    PlanFailure none;
    for (const Size &size : sizes)
      plans.push_back(*search.run(size, [] { return INFINITY; }, {}, none));
    return plans;
  }
};

TEST_F(SizeChoiceTest, BestIsThatOfAllPlans) {
  std::vector<Plan> plans = all();
  std::vector<Plan *> pointers;
  for (Plan &plan : plans)
    pointers.push_back(&plan);
  for (Aim aim : {Aim::Best, Aim::Divide, Aim::Others}) {
    SizeChoice choice(search);
    choice.among(sizes, aim);
    ASSERT_TRUE(choice.best);
    EXPECT_EQ(choice.best->cycles, bestOf(pointers)->cycles);
    EXPECT_EQ(choice.best->pes(), bestOf(pointers)->pes());
  }
}

TEST_F(SizeChoiceTest, BestOfBeforeStays) {
  SizeChoice choice(search);
  choice.among(sizes, Aim::Best);
  const double cycles = choice.best->cycles;
  choice.among({size(1, 1)}, Aim::Best);
  EXPECT_EQ(choice.best->cycles, cycles);
}

TEST_F(SizeChoiceTest, FirstIsTheLargest) {
  SizeChoice choice(search);
  choice.among(sizes, Aim::First);
  ASSERT_TRUE(choice.best);
  EXPECT_EQ(choice.best->pes(), 120);
}

TEST_F(SizeChoiceTest, FastestAreLeftToDivide) {
  SizeChoice choice(search);
  choice.among(sizes, Aim::Divide);
  ASSERT_FALSE(choice.fastest.empty());
  ASSERT_LE(choice.fastest.size(), kSizesToImprove);
  double least = INFINITY;
  for (const Plan &plan : all())
    least = std::min(least, plan.cycles);
  EXPECT_EQ(choice.fastest.front().cycles, least);
  EXPECT_LE(choice.fastest.back().cycles, least * kNearlyAsFast);
}

TEST_F(SizeChoiceTest, NothingBeyondTheCeiling) {
  SizeChoice choice(search);
  choice.among(sizes, Aim::Best, /*ceiling=*/10);
  EXPECT_FALSE(choice.best);
}

} // namespace
