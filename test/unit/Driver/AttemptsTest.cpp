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
  std::optional<Attempt> result;   // the last compilation that succeeded
  bool done() const { return result.has_value(); }
};

Trace run(const AttemptLimits &limits, const World &world) {
  Trace trace;
  Attempts attempts(limits);
  while (std::optional<Attempt> attempt = attempts.current()) {
    trace.tried.push_back(*attempt);
    EXPECT_LT(trace.tried.size(), 1000u);
    if (trace.tried.size() == 1000)
      break;
    if (std::optional<Obstacle> obstacle = world(*attempt)) {
      if (attempts.stoppedBy(*obstacle))
        trace.reported = attempt;
      continue;
    }
    if (!attempt->planOnly)
      trace.result = attempt;
    attempts.succeeded();
  }
  return trace;
}

/// "16/100/0/1": largest side of regions, fill, lanes, places.
std::string text(const std::vector<Attempt> &attempts) {
  std::string result;
  for (const Attempt &a : attempts)
    result += (result.empty() ? "" : " ") + std::to_string(a.largestSide) + "/" + std::to_string(a.fill) + "/" +
              std::to_string(a.lanes) + "/" + std::to_string(a.places);
  return result;
}

/// "p9 f9 9": sides, with p where only a plan is asked for, f where the first one will do.
std::string sides(const std::vector<Attempt> &attempts) {
  std::string result;
  for (const Attempt &a : attempts)
    result += (result.empty() ? "" : " ") +
              std::string(a.planOnly    ? "p"
                          : a.firstPlan ? "f"
                                        : "") +
              std::to_string(a.width);
  return result;
}

AttemptLimits mesh(int64_t width, int64_t height, int64_t largestRegion = 64) {
  AttemptLimits limits;
  limits.width = width;
  limits.height = height;
  limits.largestRegion = largestRegion;
  limits.lanes = 16;
  return limits;
}

AttemptLimits meshWithDeadParts() {
  AttemptLimits limits = mesh(16, 8);
  limits.deadParts = true;
  return limits;
}

AttemptLimits squares(int64_t first, int64_t last) {
  AttemptLimits limits;
  limits.firstSide = first;
  limits.lastSide = last;
  limits.largestRegion = 64;
  return limits;
}

/// Squares from `plans` on have plans, those from `compiles` on hold the program.
World squaresFrom(int64_t plans, int64_t compiles, Obstacle obstacle = Obstacle::TooLarge) {
  return [=](const Attempt &a) -> std::optional<Obstacle> {
    if (a.width < plans)
      return Obstacle::NoPlan;
    return a.planOnly || a.width >= compiles ? std::nullopt : std::optional(obstacle);
  };
}

TEST(Attempts, WhatSucceedsIsTriedOnce) {
  Trace trace = run(mesh(16, 8), [](const Attempt &) { return std::nullopt; });
  EXPECT_EQ(text(trace.tried), "16/100/0/0");
  EXPECT_TRUE(trace.done());
}

TEST(Attempts, AMeshWithoutPlanIsGivenUp) {
  Trace trace = run(mesh(16, 8), [](const Attempt &) { return Obstacle::NoPlan; });
  EXPECT_EQ(text(trace.tried), "16/100/0/0");
  EXPECT_FALSE(trace.done());
}

TEST(Attempts, CodeThatIsTooLargeIsPlannedWithLessMemory) {
  Trace trace =
      run(mesh(16, 8), [](const Attempt &a) { return a.fill > 85 ? std::optional(Obstacle::TooLarge) : std::nullopt; });
  EXPECT_EQ(text(trace.tried), "16/100/0/0 16/97/0/0 16/94/0/0 16/91/0/0 16/88/0/0 16/85/0/0");
  EXPECT_TRUE(trace.done());
}

TEST(Attempts, AroundDeadPartsRoutesAreLookedForInOtherPlansOfTheSameSearchFirst) {
  Trace trace = run(meshWithDeadParts(), [](const Attempt &a) -> std::optional<Obstacle> {
    return a.other == 2 ? std::nullopt : std::optional(Obstacle::NoRoute);
  });
  ASSERT_EQ(trace.tried.size(), 3u);
  for (int64_t i : {0, 1, 2}) {
    EXPECT_EQ(trace.tried[i].other, i);
    EXPECT_TRUE(trace.tried[i].hasSearchOf(trace.tried[0]));
    EXPECT_EQ(trace.tried[i].hasPlanOf(trace.tried[0]), i == 0);
  }
}

TEST(Attempts, WithoutOtherPlansTheBestOneGetsOtherPlaces) {
  Trace trace = run(meshWithDeadParts(), [](const Attempt &a) -> std::optional<Obstacle> {
    if (a.other > 1)
      return Obstacle::NoPlan;
    return a.places == 2 ? std::nullopt : std::optional(Obstacle::NoRoute);
  });
  std::string tried;
  for (const Attempt &a : trace.tried)
    tried += std::to_string(a.other) + "/" + std::to_string(a.places) + " ";
  EXPECT_EQ(tried, "0/0 1/0 2/0 0/1 0/2 ");
  EXPECT_EQ(trace.reported->other, 0);
}

TEST(Attempts, AroundDeadPartsCodeThatIsTooLargeIsPlannedInRegionsOfTheSameSizeFirst) {
  AttemptLimits limits = meshWithDeadParts();
  Attempts attempts(limits);
  attempts.stoppedBy(Obstacle::TooLarge, 3);
  EXPECT_TRUE(attempts.current()->sameSize);
  EXPECT_EQ(attempts.current()->fill, 96) << "what was missing, and a little";
  attempts.stoppedBy(Obstacle::NoPlan);
  EXPECT_FALSE(attempts.current()->sameSize);
  EXPECT_EQ(attempts.current()->fill, 93) << "then all sizes are searched again";
  attempts.stoppedBy(Obstacle::TooLarge, 1);
  EXPECT_TRUE(attempts.current()->sameSize);
  EXPECT_EQ(attempts.current()->fill, 91);
  attempts.stoppedBy(Obstacle::TooLarge, 4);
  EXPECT_FALSE(attempts.current()->sameSize);
  EXPECT_EQ(attempts.current()->fill, 86) << "less than was there, and was missing, of the last";
}

TEST(Attempts, AsMuchMemoryAsWasMissingIsNotCountedOn) {
  auto filled = [](int64_t missing) {
    Attempts attempts(mesh(16, 8));
    attempts.stoppedBy(Obstacle::TooLarge, missing);
    return attempts.current()->fill;
  };
  EXPECT_EQ(filled(0), 97) << "a little less at least";
  EXPECT_EQ(filled(5), 94);
  EXPECT_EQ(filled(16), 83) << "no more than that: smaller regions have fewer routes";
  EXPECT_EQ(filled(50), 70) << "the least";
}

TEST(Attempts, WithLittleMemoryThereMayBeNoPlanAndTheOverflowIsReported) {
  Trace trace = run(mesh(16, 8), [](const Attempt &a) { return a.fill > 90 ? Obstacle::TooLarge : Obstacle::NoPlan; });
  EXPECT_EQ(text(trace.tried), "16/100/0/0 16/97/0/0 16/94/0/0 16/91/0/0 16/88/0/0 "
                               "16/100/0/0 16/97/0/0 16/94/0/0 16/91/0/0");
  ASSERT_TRUE(trace.reported);
  EXPECT_EQ(trace.reported->fill, 91);
}

TEST(Attempts, WhereTheBestPlansCodeIsTooLargeTheFirstOneMayDo) {
  Trace trace = run(mesh(16, 8), [](const Attempt &a) -> std::optional<Obstacle> {
    return a.firstPlan ? std::nullopt : std::optional(a.fill > 90 ? Obstacle::TooLarge : Obstacle::NoPlan);
  });
  EXPECT_EQ(text(trace.tried), "16/100/0/0 16/97/0/0 16/94/0/0 16/91/0/0 16/88/0/0 16/100/0/0");
  ASSERT_TRUE(trace.done());
  EXPECT_TRUE(trace.result->firstPlan);
}

TEST(Attempts, RoutesThatAreNotFoundGetOtherPlacesThenFewerLanesThenSmallerRegions) {
  Trace trace = run(mesh(16, 8), [](const Attempt &a) {
    return a.largestSide > 12 ? std::optional(Obstacle::NoRoute) : std::nullopt;
  });
  EXPECT_EQ(text(trace.tried), "16/100/0/0 16/100/0/1 16/100/0/2 16/100/0/3 "
                               "16/100/4/0 16/100/4/1 16/100/4/2 16/100/4/3 "
                               "16/100/1/0 16/100/1/1 16/100/1/2 16/100/1/3 12/100/0/0");
  EXPECT_TRUE(trace.done());
  EXPECT_EQ(trace.reported->places, 0);
}

TEST(Attempts, WhereTheRouterIsFarFromDoneOtherPlacesAreLeftOut) {
  const PlanExtent plan{12, 8, 5};
  Attempts clean(mesh(16, 8));
  clean.stoppedBy(Obstacle::NoRoute, 80, plan);
  EXPECT_EQ(clean.current()->regions, 4);
  clean.stoppedBy(Obstacle::NoRoute, 10, plan);
  EXPECT_EQ(clean.current()->places, 1) << "most nets had routes";
  clean.stoppedBy(Obstacle::NoRoute, 50, plan);
  EXPECT_EQ(clean.current()->places, 0);
  EXPECT_EQ(clean.current()->lanes, 4);

  Attempts around(meshWithDeadParts());
  around.stoppedBy(Obstacle::NoRoute, 80, plan);
  EXPECT_EQ(around.current()->other, 1) << "has fewer lanes";
  around.stoppedBy(Obstacle::NoPlan);
  EXPECT_EQ(around.current()->other, 0);
  EXPECT_EQ(around.current()->places, 0);
  EXPECT_EQ(around.current()->regions, 4);
}

TEST(Attempts, LanesGetFewerFromAsManyAsThePlanHas) {
  Attempts attempts(mesh(128, 128));
  std::vector<int64_t> lanes;
  for (int i = 0; i != 4 * 4; ++i) {
    attempts.stoppedBy(Obstacle::NoRoute, 0, {64, attempts.current()->lanes ? attempts.current()->lanes : 96});
    if (lanes.empty() || lanes.back() != attempts.current()->lanes)
      lanes.push_back(attempts.current()->lanes);
  }
  EXPECT_EQ(lanes, (std::vector<int64_t>{0, 24, 6, 1, 0}));
}

TEST(Attempts, OneRegionLessIsTriedBeforeFewerLanes) {
  Attempts attempts(mesh(128, 128));
  std::vector<std::pair<int64_t, int64_t>> tried;
  for (int i = 0; i != 3 * 4; ++i) {
    const Attempt &now = *attempts.current();
    attempts.stoppedBy(Obstacle::NoRoute, 0, {64, 16, now.regions ? now.regions : 4});
    std::pair next(attempts.current()->regions, attempts.current()->lanes);
    if (tried.empty() || tried.back() != next)
      tried.push_back(next);
  }
  EXPECT_EQ(tried, (std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {3, 0}, {0, 4}, {0, 1}}));

  // Two regions are not made one: the program fills more.
  Attempts two(mesh(128, 128));
  for (int i = 0; i != 4; ++i)
    two.stoppedBy(Obstacle::NoRoute, 0, {64, 16, 2});
  EXPECT_EQ(two.current()->regions, 0);
  EXPECT_EQ(two.current()->lanes, 4);
}

TEST(Attempts, WhatHasNoPlanInOneRegionLessGetsFewerLanes) {
  Attempts attempts(mesh(128, 128));
  for (int i = 0; i != 4; ++i)
    attempts.stoppedBy(Obstacle::NoRoute, 0, {64, 16, 4});
  ASSERT_EQ(attempts.current()->regions, 3);
  EXPECT_FALSE(attempts.stoppedBy(Obstacle::NoPlan)) << "the first failure says more";
  EXPECT_EQ(attempts.current()->regions, 0);
  EXPECT_EQ(attempts.current()->lanes, 4);
}

TEST(Attempts, RegionsGetSmallerThanThoseThatHaveNoRoutes) {
  // Up to 48 and 32 PEs a side the search would find what it has found up to 64.
  Attempts attempts(mesh(128, 128));
  while (attempts.current()->largestSide == 64)
    attempts.stoppedBy(Obstacle::NoRoute, 0, {30, 4});
  EXPECT_EQ(attempts.current()->largestSide, 24);
  while (attempts.current() && attempts.current()->largestSide == 24)
    attempts.stoppedBy(Obstacle::NoRoute, 0, {12, 4});
  EXPECT_FALSE(attempts.current()) << "nothing is left below 12 but sizes of 16";
}

TEST(Attempts, WhatHasNoPlanWithFewLanesGetsSmallerRegions) {
  Trace trace = run(mesh(16, 8), [](const Attempt &a) {
    return a.lanes > 0 ? Obstacle::NoPlan : a.largestSide > 12 ? std::optional(Obstacle::NoRoute) : std::nullopt;
  });
  EXPECT_EQ(text(trace.tried), "16/100/0/0 16/100/0/1 16/100/0/2 16/100/0/3 16/100/4/0 12/100/0/0");
  EXPECT_TRUE(trace.done());
}

/// The first plan is tried, which has no routes with 89 % of the memory.
Attempts firstPlanWithoutRoutes() {
  Attempts attempts(mesh(16, 8));
  attempts.stoppedBy(Obstacle::TooLarge, 20);
  attempts.stoppedBy(Obstacle::NoPlan);
  EXPECT_TRUE(attempts.current()->firstPlan);
  attempts.stoppedBy(Obstacle::TooLarge, 10);
  while (attempts.current()->lanes == 0)
    attempts.stoppedBy(Obstacle::NoRoute);
  return attempts;
}

TEST(Attempts, AFirstPlanThatHasNoRoutesAfterCodeThatWasTooLargeGetsLessMemoryBeforeSmallerRegions) {
  Attempts attempts = firstPlanWithoutRoutes();
  EXPECT_EQ(attempts.current()->fill, 89);
  EXPECT_EQ(attempts.current()->lanes, 4);
  attempts.stoppedBy(Obstacle::NoPlan);
  EXPECT_EQ(attempts.current()->fill, 86);
  EXPECT_EQ(attempts.current()->lanes, 0) << "as many as it can use, again";
  EXPECT_EQ(attempts.current()->largestSide, 16);
  attempts.stoppedBy(Obstacle::TooLarge, 2);
  EXPECT_EQ(attempts.current()->fill, 83);
  attempts.stoppedBy(Obstacle::NoPlan);
  EXPECT_EQ(attempts.current()->largestSide, 12) << "smaller regions after all";
  EXPECT_EQ(attempts.current()->fill, 100);
}

TEST(Attempts, MemoryThatNoPlanWasFoundWithIsNotTriedForRoutes) {
  Attempts attempts = firstPlanWithoutRoutes(); // the best plan was not there with 79 %
  std::string tried;
  while (attempts.current()->largestSide == 16) {
    tried += std::to_string(attempts.current()->fill) + " ";
    attempts.stoppedBy(Obstacle::NoPlan);
    while (attempts.current()->largestSide == 16 && attempts.current()->lanes == 0)
      attempts.stoppedBy(Obstacle::NoRoute);
  }
  EXPECT_EQ(tried, "89 86 83 80 ");
  EXPECT_EQ(attempts.current()->largestSide, 12);
}

TEST(Attempts, AUserIsToldWhatIsTriedAndWhy) {
  Attempts attempts = firstPlanWithoutRoutes();
  Attempt before = *attempts.current();
  attempts.stoppedBy(Obstacle::NoPlan);
  Attempt lessMemory = *attempts.current();
  EXPECT_EQ(describe(lessMemory, before), "no routes were found: planning with 86% of the memory");
  attempts.stoppedBy(Obstacle::TooLarge, 2);
  EXPECT_EQ(describe(*attempts.current(), lessMemory),
            "the code is larger than planned: planning with 83% of the memory");
  before.lanes = 0;
  Attempt narrower = before;
  narrower.lanes = 1;
  EXPECT_EQ(describe(narrower, before), "no routes were found: planning with streams of at most 1 lane");
  Attempt smaller = narrower;
  smaller.lanes = 0;
  smaller.largestSide = 12;
  EXPECT_EQ(describe(smaller, narrower), "no room for the plan's regions: trying regions of at most 12 PEs a side");
}

TEST(Attempts, WhatHasNoRoomGetsSmallerRegionsAtOnce) {
  Trace trace = run(mesh(16, 8), [](const Attempt &) { return Obstacle::NoRoom; });
  EXPECT_EQ(text(trace.tried), "16/100/0/0 12/100/0/0 8/100/0/0 6/100/0/0 4/100/0/0");
}

TEST(Attempts, RegionsOfOnePeAreNotMadeSmaller) {
  Trace trace = run(mesh(2, 1), [](const Attempt &) { return Obstacle::NoRoom; });
  EXPECT_EQ(text(trace.tried), "2/100/0/0 1/100/0/0");
}

TEST(Attempts, WhatNothingMendsEndsAtOnce) {
  Trace trace = run(squares(1, 700), [](const Attempt &) { return Obstacle::Unmendable; });
  EXPECT_EQ(trace.tried.size(), 1u);
  EXPECT_TRUE(trace.reported);
}

TEST(Attempts, TheSmallestSquareIsFoundByPlansAloneAndCompiledOnce) {
  Trace trace = run(squares(3, 700), squaresFrom(11, 11));
  EXPECT_EQ(sides(trace.tried), "p3 p5 p700 p9 p17 p15 p14 p13 p12 p11 p10 11");
  ASSERT_TRUE(trace.done());
  EXPECT_EQ(trace.result->width, 11);
  EXPECT_EQ(trace.result->height, 11);
}

TEST(Attempts, EverySmallestSquareIsFound) {
  for (int64_t plans = 3; plans <= 40; ++plans)
    for (int64_t compiles = plans; compiles <= 40; ++compiles) {
      Trace trace = run(squares(3, 40), squaresFrom(plans, compiles));
      ASSERT_TRUE(trace.done());
      EXPECT_EQ(trace.result->width, compiles) << "plans from " << plans;
    }
}

TEST(Attempts, WhereCompilationsFailTheSmallestSquareIsFoundWithFirstPlans) {
  Trace trace = run(squares(3, 40), [](const Attempt &a) -> std::optional<Obstacle> {
    return a.planOnly || a.width >= 14 ? std::nullopt : std::optional(Obstacle::NoPlan);
  });
  EXPECT_EQ(sides(trace.tried), "p3 3 f4 f40 f6 f10 f18 f14 f12 f13 14");
  ASSERT_TRUE(trace.done());
  EXPECT_FALSE(trace.result->firstPlan);
}

TEST(Attempts, TheSearchStartsAboveTheSquareThatTheWeightsFill) {
  Trace trace = run(squares(22, 700), squaresFrom(34, 34));
  EXPECT_EQ(sides(trace.tried), "p27 p39 p36 p34 p33 34");
}

TEST(Attempts, OfASquareTwoBestPlansAreTriedThenFirstOnes) {
  Trace trace = run(squares(9, 40), [](const Attempt &a) -> std::optional<Obstacle> {
    return a.planOnly || (a.firstPlan && a.fill <= 90) ? std::nullopt : std::optional(Obstacle::TooLarge);
  });
  EXPECT_EQ(sides(trace.tried), "p11 p10 p9 9 9 f9 f9 f9 f9 f9");
  ASSERT_TRUE(trace.done());
  EXPECT_TRUE(trace.result->firstPlan);
}

TEST(Attempts, WhereTheBestPlanDoesNotFitTheFirstOneStands) {
  Trace trace = run(squares(3, 40), [&](const Attempt &a) -> std::optional<Obstacle> {
    return a.planOnly || (a.firstPlan && a.width >= 14) ? std::nullopt : std::optional(Obstacle::NoPlan);
  });
  ASSERT_TRUE(trace.done());
  EXPECT_TRUE(trace.result->firstPlan);
  EXPECT_EQ(trace.result->width, 14);
}

TEST(Attempts, WhatHasNoPlanOnTheLargestSquareIsRefusedAtOnce) {
  Trace trace = run(squares(3, 700), squaresFrom(701, 701));
  EXPECT_EQ(sides(trace.tried), "p3 p5 p700");
  ASSERT_TRUE(trace.reported);
  EXPECT_EQ(trace.reported->width, 700);
}

TEST(Attempts, WhatTheLargestSquareDoesNotMendIsRefused) {
  Trace trace = run(squares(3, 700), squaresFrom(3, 701, Obstacle::NoRoom));
  std::vector<Attempt> compiled;
  for (const Attempt &a : trace.tried)
    if (!a.planOnly && a.largestSide == std::min<int64_t>(a.width, 64))
      compiled.push_back(a);
  EXPECT_EQ(sides(compiled), "3 f4 f700");
  EXPECT_FALSE(trace.done());
  EXPECT_EQ(trace.reported->width, 700);
}

TEST(Attempts, OneSquareIsCompiledWithoutAsking) {
  Trace trace = run(squares(5, 5), squaresFrom(1, 1));
  EXPECT_EQ(sides(trace.tried), "5");
}

TEST(Attempts, CodesSayWhatStandsInTheWay) {
  EXPECT_EQ(obstacleOf(ErrorCode::PlanDoesNotFit), Obstacle::NoPlan);
  EXPECT_EQ(obstacleOf(ErrorCode::ProgramTooLarge), Obstacle::TooLarge);
  EXPECT_EQ(obstacleOf(ErrorCode::PlaceNoRoom), Obstacle::NoRoom);
  EXPECT_EQ(obstacleOf(ErrorCode::RouteGivenUp), Obstacle::NoRoute);
  EXPECT_EQ(obstacleOf(ErrorCode::TooFewColors), Obstacle::Unmendable);
}

} // namespace
