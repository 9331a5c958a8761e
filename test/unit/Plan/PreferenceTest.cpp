#include "Plan/Preference.h"

#include <gtest/gtest.h>

using namespace wafer::wfr;

namespace {

Plan planOf(double cycles, int64_t pes) {
  Plan plan;
  plan.cycles = plan.searched = cycles;
  plan.regions = 1;
  plan.region = {{pes, 1}};
  return plan;
}

TEST(Preference, FewerPesWinWhereCyclesAreNearlyTheSame) {
  EXPECT_TRUE(isBetter(planOf(102, 10), planOf(100, 20)));
  EXPECT_FALSE(isBetter(planOf(100, 20), planOf(102, 10)));
  EXPECT_TRUE(isBetter(planOf(100, 20), planOf(104, 10)));
  EXPECT_TRUE(isBetter(planOf(100, 10), planOf(101, 10)));
}

TEST(Preference, BestIsAmongTheFastestWhateverTheOrder) {
  // The second is nearly as fast as the third, and that as the fastest, but the second is not.
  Plan slow = planOf(200, 1), second = planOf(104, 5), third = planOf(102, 10), fastest = planOf(100, 20);
  std::vector<Plan *> plans{&fastest, &second, &slow, &third};
  llvm::sort(plans);
  do
    EXPECT_EQ(bestOf(plans), &third);
  while (std::next_permutation(plans.begin(), plans.end()));
  EXPECT_EQ(fastestOf(plans), 100);
}

TEST(Preference, NoneOfNoPlans) {
  EXPECT_EQ(bestOf({}), nullptr);
  EXPECT_EQ(fastestOf({}), INFINITY);
}

TEST(Preference, LimitLeavesWhatMayBePreferred) {
  const Plan plan = planOf(100, 20);
  EXPECT_GE(limitBeside(plan, false), 103);
  EXPECT_LT(limitBeside(plan, false), 104);
  EXPECT_GT(limitBeside(plan, true), 109);
}

TEST(Preference, LimitLeavesThePlanItself) {
  Plan combined = planOf(100, 20);
  combined.searched = 150; // before its reductions were combined
  EXPECT_EQ(limitBeside(combined, false), 150);
  EXPECT_EQ(limitBeside(combined, true), 150);
}

TEST(Preference, NearerFailureCameFartherOrLackedLess) {
  const PlanFailure early{2, 50000, 40000}, late{5, 60000, 40000}, less{5, 41000, 40000}, unreached{5, 0, 40000};
  EXPECT_TRUE(isNearer(late, early));
  EXPECT_FALSE(isNearer(early, late));
  EXPECT_TRUE(isNearer(less, late));
  EXPECT_FALSE(isNearer(late, less));
  EXPECT_TRUE(isNearer(late, unreached));
  EXPECT_FALSE(isNearer(unreached, late));
}

} // namespace
