#include "Emulator/SharedTime.h"

#include <gtest/gtest.h>

using namespace wafer::emulator;

namespace {
constexpr Ticks kCycle = kTicksPerCycle;

Ticks settle(SharedTime &core, unsigned thread, Ticks first, Ticks path, Ticks ramp, Ticks end, Ticks now) {
  return core.settle(thread, {first * kCycle, path * kCycle, ramp * kCycle}, end * kCycle, now * kCycle) / kCycle;
}
void waited(SharedTime &core, Ticks from, Ticks to) { core.waited(from * kCycle, to * kCycle); }
} // namespace

TEST(SharedTime, ElementsTakeThePathWhileTheCoreWaits) {
  SharedTime core;
  core.begin(1);
  waited(core, 100, 130); // the core computes before and behind
  EXPECT_EQ(settle(core, 1, 90, 50, 50, 200, 200), 20);
}

TEST(SharedTime, NotBeforeTheFirstElement) {
  SharedTime core;
  core.begin(1);
  waited(core, 0, 130);
  EXPECT_EQ(settle(core, 1, 120, 50, 50, 200, 200), 40);
}

TEST(SharedTime, TwoThreadsDoNotUseTheSameTime) {
  SharedTime core;
  core.begin(1), core.begin(2);
  waited(core, 100, 180);
  EXPECT_EQ(settle(core, 1, 100, 50, 0, 150, 180), 0);
  EXPECT_EQ(settle(core, 2, 100, 50, 0, 180, 180), 20);
}

TEST(SharedTime, AThreadIsSettledOnce) {
  SharedTime core;
  core.begin(1);
  EXPECT_EQ(settle(core, 1, 100, 50, 0, 150, 150), 50);
  EXPECT_EQ(settle(core, 1, 100, 50, 0, 150, 200), 0);
  EXPECT_FALSE(core.isShared());
}

TEST(SharedTime, WordsOfTwoInstructionsShareTheRamp) {
  // Each takes 100 words in the same 100 cycles, of elements that are short.
  SharedTime core;
  core.begin(1);
  core.waitedFor({100 * kCycle, 25 * kCycle, 100 * kCycle}, 50 * kCycle, 200 * kCycle);
  EXPECT_NEAR(settle(core, 1, 100, 25, 100, 200, 200), 100, 1);
}

TEST(SharedTime, WordsHaveTheRampWhileTheCoreComputes) {
  SharedTime core;
  core.begin(1);
  waited(core, 150, 200);
  EXPECT_EQ(settle(core, 1, 100, 25, 100, 200, 200), 0);
}

TEST(SharedTime, TheOldestPiecesBecomeOne) {
  SharedTime core;
  core.begin(1);
  for (Ticks k = 0; k != 20; ++k)
    waited(core, 10 * k, 10 * k + 5);
  EXPECT_EQ(settle(core, 1, 0, 120, 0, 200, 200), 20);
}
