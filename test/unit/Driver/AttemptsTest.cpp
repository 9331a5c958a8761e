#include "wafer/Driver/Attempts.h"

#include "gtest/gtest.h"

#include <functional>
#include <string>
#include <vector>

using namespace wafer;
using namespace wafer::driver;

namespace {

/// What a compilation would meet with an attempt; nothing: it is done.
using World = std::function<std::optional<Obstacle>(const Attempt &)>;

struct Trace {
  std::vector<Attempt> tried;
  std::optional<Attempt> reported; // the last one whose failure said more than those before it
  bool done = false;
};

Trace run(const AttemptLimits &limits, const World &world) {
  Trace trace;
  Attempts attempts(limits);
  while (std::optional<Attempt> attempt = attempts.current()) {
    trace.tried.push_back(*attempt);
    std::optional<Obstacle> obstacle = world(*attempt);
    trace.done = !obstacle;
    if (!obstacle || trace.tried.size() > 10000)
      break;
    if (attempts.stoppedBy(*obstacle))
      trace.reported = attempt;
  }
  return trace;
}

/// "16/100/0": largest side of regions, fill, places.
std::string text(const std::vector<Attempt> &attempts) {
  std::string result;
  for (const Attempt &a : attempts)
    result += (result.empty() ? "" : " ") + std::to_string(a.largestSide) + "/" + std::to_string(a.fill) + "/" +
              std::to_string(a.places);
  return result;
}

AttemptLimits mesh(int64_t width, int64_t height, int64_t largestRegion = 64) {
  AttemptLimits limits;
  limits.width = width;
  limits.height = height;
  limits.largestRegion = largestRegion;
  return limits;
}

AttemptLimits squares(int64_t first, int64_t last) {
  AttemptLimits limits;
  limits.firstSide = first;
  limits.lastSide = last;
  limits.largestRegion = 64;
  return limits;
}

TEST(Attempts, WhatSucceedsIsTriedOnce) {
  Trace trace = run(mesh(16, 8), [](const Attempt &) { return std::nullopt; });
  EXPECT_EQ(text(trace.tried), "16/100/0");
  EXPECT_TRUE(trace.done);
}

TEST(Attempts, AMeshWithoutPlanIsGivenUp) {
  Trace trace = run(mesh(16, 8), [](const Attempt &) { return Obstacle::NoPlan; });
  EXPECT_EQ(text(trace.tried), "16/100/0");
  EXPECT_FALSE(trace.done);
}

TEST(Attempts, CodeThatIsTooLargeIsPlannedWithLessMemory) {
  Trace trace =
      run(mesh(16, 8), [](const Attempt &a) { return a.fill > 85 ? std::optional(Obstacle::TooLarge) : std::nullopt; });
  EXPECT_EQ(text(trace.tried), "16/100/0 16/95/0 16/90/0 16/85/0");
  EXPECT_TRUE(trace.done);
}

TEST(Attempts, WithLittleMemoryThereMayBeNoPlanAndTheOverflowIsReported) {
  Trace trace = run(mesh(16, 8), [](const Attempt &a) { return a.fill > 90 ? Obstacle::TooLarge : Obstacle::NoPlan; });
  EXPECT_EQ(text(trace.tried), "16/100/0 16/95/0 16/90/0");
  ASSERT_TRUE(trace.reported);
  EXPECT_EQ(trace.reported->fill, 95);
}

TEST(Attempts, RoutesThatAreNotFoundGetOtherPlacesThenSmallerRegions) {
  Trace trace = run(mesh(16, 8), [](const Attempt &a) {
    return a.largestSide > 8 ? std::optional(Obstacle::RouteGivenUp) : std::nullopt;
  });
  EXPECT_EQ(text(trace.tried), "16/100/0 16/100/1 16/100/2 16/100/3 12/100/0 12/100/1 12/100/2 12/100/3 8/100/0");
  EXPECT_TRUE(trace.done);
}

TEST(Attempts, WhatHasNoRoomGetsSmallerRegionsAtOnce) {
  Trace trace = run(mesh(16, 8), [](const Attempt &) { return Obstacle::NoRoom; });
  EXPECT_EQ(text(trace.tried), "16/100/0 12/100/0 8/100/0 6/100/0 4/100/0");
}

TEST(Attempts, RegionsOfOnePeAreNotMadeSmaller) {
  Trace trace = run(mesh(2, 1), [](const Attempt &) { return Obstacle::NoRoom; });
  EXPECT_EQ(text(trace.tried), "2/100/0 1/100/0");
}

TEST(Attempts, WhatNothingMendsEndsAtOnce) {
  Trace trace = run(squares(1, 700), [](const Attempt &) { return Obstacle::Unmendable; });
  EXPECT_EQ(trace.tried.size(), 1u);
  EXPECT_TRUE(trace.reported);
}

TEST(Attempts, TheSmallestSquareIsFound) {
  Trace trace = run(squares(3, 700),
                    [](const Attempt &a) { return a.width < 11 ? std::optional(Obstacle::NoPlan) : std::nullopt; });
  ASSERT_TRUE(trace.done);
  EXPECT_EQ(trace.tried.back().width, 11);
  EXPECT_EQ(trace.tried.back().height, 11);
}

TEST(Attempts, SquaresEndAtTheTarget) {
  Trace trace = run(squares(3, 5), [](const Attempt &) { return Obstacle::NoPlan; });
  EXPECT_FALSE(trace.done);
  EXPECT_EQ(trace.reported->width, 5);
}

TEST(Attempts, CodesSayWhatStandsInTheWay) {
  EXPECT_EQ(obstacleOf(ErrorCode::PlanDoesNotFit), Obstacle::NoPlan);
  EXPECT_EQ(obstacleOf(ErrorCode::ProgramTooLarge), Obstacle::TooLarge);
  EXPECT_EQ(obstacleOf(ErrorCode::PlaceNoRoom), Obstacle::NoRoom);
  EXPECT_EQ(obstacleOf(ErrorCode::RouteGivenUp), Obstacle::RouteGivenUp);
  EXPECT_EQ(obstacleOf(ErrorCode::TooFewColors), Obstacle::Unmendable);
}

} // namespace
