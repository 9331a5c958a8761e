#include "Plan/Pace.h"

#include <gtest/gtest.h>

using namespace wafer::wfr;

namespace {

/// Of two nodes: half of the cycles seem to be needed at first, and more after each node.
std::shared_ptr<const Pace> pace() { return std::make_shared<Pace>(Pace{{500, 800, 1000}, 1000}); }

TEST(Pace, OwnPlanIsExpectedToEndNoLaterThanItDid) {
  for (size_t n = 0; n != 3; ++n)
    EXPECT_LE(pace()->expectedEnd(pace()->leastEnd[n], n), 1000);
  EXPECT_EQ(pace()->expectedEnd(1000, 2), 1000);
}

TEST(Pace, ExpectationsGrowWithTheBoundAndAreNoLess) {
  for (size_t n = 0; n != 3; ++n) {
    EXPECT_GE(pace()->expectedEnd(400, n), 400);
    EXPECT_LT(pace()->expectedEnd(400, n), pace()->expectedEnd(401, n));
  }
}

TEST(Pace, WhoIsBehindIsFoundEarlierThanByTheBound) {
  const Expectation expectation{pace(), 1100};
  EXPECT_FALSE(expectation.isBehind(700, 0)); // half of the excess of the other plan: 1050
  EXPECT_TRUE(expectation.isBehind(800, 0));
  EXPECT_FALSE(expectation.isBehind(1100, 2)); // all is decided
  EXPECT_TRUE(expectation.isBehind(1101, 2));
}

TEST(Pace, NothingIsExpectedWithoutAPlan) { EXPECT_FALSE(Expectation().isBehind(1e12, 0)); }

} // namespace
