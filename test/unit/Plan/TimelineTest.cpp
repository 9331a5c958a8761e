#include "Plan/Timeline.h"

#include <gtest/gtest.h>

using namespace wafer::wfr;

namespace {

/// Nodes 0 and 1 of region 0 end at 100 and 1100 and make tensors 0 and 1.
Timeline twoNodes() {
  Timeline timeline;
  timeline.run(0, 0, {}, 100, 0);
  timeline.run(1, 0, {}, 1000, 1);
  return timeline;
}

TEST(Timeline, WhatALoopMakesIsThereWhenItEnds) {
  Timeline timeline = twoNodes();
  timeline.endLoop(0, 1, 0);
  ASSERT_TRUE(timeline.produced(0));
  EXPECT_EQ(timeline.produced(0)->ready, 1100);
  EXPECT_EQ(timeline.produced(0)->node, 1);
  timeline.run(2, 1, {{0, 10}}, 500, 2);
  EXPECT_EQ(timeline.free(0), 1110);
  EXPECT_EQ(timeline.free(1), 1610);
}

TEST(Timeline, WhatWasMadeBeforeALoopStaysAsItIs) {
  Timeline timeline = twoNodes();
  timeline.endLoop(1, 1, 0);
  EXPECT_EQ(timeline.produced(0)->ready, 100);
  EXPECT_EQ(timeline.produced(1)->ready, 1100);
}

} // namespace
