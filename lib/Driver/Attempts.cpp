#include "wafer/Driver/Attempts.h"

#include <algorithm>
#include <array>

using namespace wafer;
using namespace wafer::driver;

namespace {

/// A plan that turns out too large is made again with less memory to count on, so that it opens more regions: from all
/// to the least, in percent, by at least so much each time.
constexpr int64_t kMostFill = 100, kLeastFill = 70, kFillStep = 3;

/// Regions as large as the mesh allows first. Where they leave streams no room beside them, smaller ones: so many
/// eighths.
constexpr std::array<int64_t, 5> kEighths{8, 6, 4, 3, 2};

/// The placer prices crowding but routes nothing: so many places are tried for one plan.
constexpr int64_t kPlaces = 4;

/// Percent of the nets without routes when the router has searched long enough: no other places help.
constexpr int64_t kFarFromRoutes = 50;

/// Where a bus finds no way, so much narrower ones are tried, down to one lane.
constexpr int64_t kNarrower = 4;

/// Squares without a plan before the largest is asked.
constexpr int kFailuresBeforeLargest = 2;

/// Of a range of squares between one without a plan and one with, this share is below the next that is asked: that
/// there is no plan takes some five times as long to find out as that there is one.
constexpr double kBelowNext = 0.75;

/// Best plans on one square whose code may turn out too large, before the first plan that is found is tried there: the
/// second counts on as much less memory as the first lacked, and rarely does a third help.
constexpr int kBestPlans = 2;

} // namespace

Obstacle driver::obstacleOf(ErrorCode code) {
  switch (code) {
  case ErrorCode::PlanDoesNotFit:
    return Obstacle::NoPlan;
  case ErrorCode::BuffersTooLarge:
  case ErrorCode::ProgramTooLarge:
    return Obstacle::TooLarge;
  case ErrorCode::PlaceNoRoom:
  case ErrorCode::PlaceTooLarge:
    return Obstacle::NoRoom;
  case ErrorCode::RouteImpossible:
  case ErrorCode::RouteGivenUp:
    return Obstacle::NoRoute;
  default:
    return Obstacle::Unmendable;
  }
}

std::string driver::describe(const Attempt &attempt, const std::optional<Attempt> &before) {
  if (!before || before->width != attempt.width || before->height != attempt.height ||
      before->planOnly != attempt.planOnly)
    return (attempt.planOnly ? "looking for a plan on a mesh of " : "trying a mesh of ") +
           std::to_string(attempt.width) + " x " + std::to_string(attempt.height);
  if (before->firstPlan != attempt.firstPlan)
    return attempt.firstPlan ? "the code is larger than planned: trying the first plan that is found"
                             : "looking for the best plan on this mesh";
  if (attempt.other > 0)
    return "no routes were found: trying another plan";
  if (attempt.hasSearchOf(*before))
    return "no routes were found: trying other places";
  if (before->largestSide != attempt.largestSide)
    return "no room for the plan's regions: trying regions of at most " + std::to_string(attempt.largestSide) +
           " PEs a side";
  if (attempt.regions > 0)
    return "no routes were found: planning with at most " + std::to_string(attempt.regions) + " regions";
  if (before->lanes > 0 && attempt.lanes == 0)
    return "no routes were found: planning with " + std::to_string(attempt.fill) + "% of the memory";
  if (before->lanes != attempt.lanes)
    return "no routes were found: planning with streams of at most " + std::to_string(attempt.lanes) +
           (attempt.lanes == 1 ? " lane" : " lanes");
  return "the code is larger than planned: planning " + std::string(attempt.sameSize ? "the same regions " : "") +
         "with " + std::to_string(attempt.fill) + "% of the memory";
}

Attempts::Attempts(const AttemptLimits &limits) : limits(limits) {
  fails = limits.firstSide - 1;
  holds = limits.lastSide + 1;
  if (limits.width)
    start(limits.width, limits.height);
  else if (limits.firstSide == limits.lastSide)
    startSquare(Phase::Compile, limits.lastSide);
  else {
    step = 1 + limits.firstSide / 4; // the weights alone fill the first
    upward(Phase::PlanUpward, Phase::PlanBetween);
  }
}

void Attempts::start(int64_t width, int64_t height) {
  size = 0;
  lackedRoutes = false;
  planned = {};
  bestPlans = 0;
  bool planOnly = !limits.width && phase < Phase::Compile, firstPlan = planOnly || phase > Phase::CompileBest;
  attempt = {width,    height,   std::min(limits.largestRegion, std::max(width, height)), kMostFill, 0, 0,
             planOnly, firstPlan};
}

void Attempts::startSquare(Phase next, int64_t side) {
  phase = next;
  start(side, side);
}

void Attempts::succeeded() {
  if (limits.width)
    return attempt.reset();
  holds = attempt->width;
  switch (phase) {
  case Phase::PlanLargest:
    return upward(Phase::PlanUpward, Phase::PlanBetween);
  case Phase::PlanUpward:
  case Phase::PlanBetween:
    return halve(Phase::PlanBetween);
  case Phase::Compile:
  case Phase::CompileBest:
  case Phase::CompileFirst:
    return attempt.reset();
  case Phase::CompileNext:
    return startSquare(Phase::CompileBest, holds);
  case Phase::CompileLargest:
    step = 2;
    return upward(Phase::CompileUpward, Phase::CompileBetween);
  case Phase::CompileUpward:
  case Phase::CompileBetween:
    return halve(Phase::CompileBetween);
  }
}

void Attempts::meshFailed() {
  if (limits.width) {
    if (!overflowed || attempt->firstPlan)
      return attempt.reset();
    start(limits.width, limits.height);
    attempt->firstPlan = true;
    return;
  }
  if (phase == Phase::Compile && overflowed)
    return startSquare(Phase::CompileFirst, attempt->width);
  if (attempt->width == limits.lastSide || phase == Phase::CompileBest)
    return attempt.reset();
  fails = attempt->width;
  switch (phase) {
  case Phase::PlanLargest:
  case Phase::CompileBest:
  case Phase::CompileLargest:
    return;
  case Phase::PlanUpward:
    if (++planless == kFailuresBeforeLargest)
      return startSquare(Phase::PlanLargest, limits.lastSide);
    return upward(Phase::PlanUpward, Phase::PlanBetween);
  case Phase::PlanBetween:
    return halve(Phase::PlanBetween);
  case Phase::Compile:
  case Phase::CompileFirst:
    return startSquare(fails + 1 == limits.lastSide ? Phase::CompileLargest : Phase::CompileNext, fails + 1);
  case Phase::CompileNext:
    return startSquare(Phase::CompileLargest, limits.lastSide);
  case Phase::CompileUpward:
    return upward(Phase::CompileUpward, Phase::CompileBetween);
  case Phase::CompileBetween:
    return halve(Phase::CompileBetween);
  }
}

void Attempts::upward(Phase phase, Phase between) {
  if (fails >= limits.lastSide)
    return attempt.reset();
  if (fails + step >= holds && holds <= limits.lastSide)
    return halve(between);
  int64_t side = std::min(fails + step, limits.lastSide);
  step *= 2;
  startSquare(phase, side);
}

void Attempts::halve(Phase between) {
  const int64_t range = holds - fails;
  if (range > 1)
    return startSquare(between, between == Phase::PlanBetween
                                    ? holds - std::max<int64_t>(1, static_cast<int64_t>(range * (1 - kBelowNext)))
                                    : fails + range / 2);
  startSquare(between == Phase::CompileBetween ? Phase::CompileBest : Phase::Compile, holds);
}

bool Attempts::stoppedBy(Obstacle obstacle, int64_t missing, PlanExtent plan) {
  if (plan.side > 0 && attempt->lanes == 0)
    planned = plan;
  const bool firstOfMesh = attempt->fill == kMostFill && size == 0 && !attempt->sameSize;
  const bool saysMore = attempt->places == 0 && attempt->other == 0 && attempt->lanes == 0 && attempt->regions == 0 &&
                        (firstOfMesh || obstacle != Obstacle::NoPlan);
  if (attempt->other > 0 && obstacle != Obstacle::Unmendable) {
    nextOther(obstacle);
    return saysMore;
  }
  switch (obstacle) {
  case Obstacle::Unmendable:
    attempt.reset();
    break;
  case Obstacle::NoPlan:
    if (attempt->sameSize) {
      nextFill(0);
      break;
    }
    if (attempt->regions > 0) {
      nextLanes();
      break;
    }
    if (attempt->lanes == 0 && size == 0)
      planlessMesh = {attempt->width, attempt->fill};
    if (attempt->lanes == 0)
      shrunkInVain();
    else if (overflowed && attempt->firstPlan && !attempt->planOnly) {
      attempt->lanes = 0;
      lackedRoutes = true;
      nextFill(0);
    } else // Smaller regions have fewer rows, and so fewer lanes, without being told.
      nextSize();
    break;
  case Obstacle::TooLarge:
    overflowed = true;
    nextFill(missing);
    break;
  case Obstacle::NoRoute:
    farFromRoutes = missing >= kFarFromRoutes;
    if (limits.deadParts && attempt->places == 0)
      attempt->other = 1;
    else if (farFromRoutes || ++attempt->places == kPlaces)
      nextLanes();
    break;
  case Obstacle::NoRoom:
    // Other places, or fewer lanes, were tried because of routes: those are what is missing still.
    if (attempt->places > 0)
      nextLanes();
    else
      nextSize();
    break;
  }
  return saysMore;
}

/// Goes on to the next plan of a search, or back to its best one, in other places.
void Attempts::nextOther(Obstacle obstacle) {
  if (obstacle != Obstacle::NoPlan) {
    ++attempt->other;
    return;
  }
  attempt->other = 0;
  if (farFromRoutes)
    nextLanes();
  else
    attempt->places = 1;
}

void Attempts::nextFill(int64_t missing) {
  attempt->places = attempt->regions = 0;
  if (limits.deadParts && !attempt->sameSize && !attempt->firstPlan) {
    attempt->sameSize = true;
    attempt->fill -= missing + 1;
    return;
  }
  attempt->sameSize = false;
  if (!limits.width && !attempt->firstPlan && ++bestPlans == kBestPlans)
    return meshFailed();
  const int64_t fill = std::max(kLeastFill, attempt->fill - std::max(missing + 1, kFillStep));
  // The best plan and the first one are there, or not, together.
  const bool planless = size == 0 && attempt->width == planlessMesh.width && fill <= planlessMesh.fill;
  if (attempt->fill <= kLeastFill || planless)
    return shrunkInVain();
  attempt->fill = fill;
}

void Attempts::shrunkInVain() {
  if (lackedRoutes)
    nextSize();
  else
    meshFailed();
}

void Attempts::nextLanes() {
  if (attempt->regions == 0 && attempt->lanes == 0 && planned.regions > 2) {
    attempt->regions = planned.regions - 1;
    attempt->places = 0;
    attempt->sameSize = false;
    return;
  }
  attempt->regions = 0;
  const int64_t widest = std::max(limits.lanes, planned.lanes);
  int64_t lanes = (attempt->lanes ? attempt->lanes : widest) / kNarrower;
  if (attempt->lanes == 1 || widest == 1)
    return nextSize();
  attempt->lanes = std::max<int64_t>(lanes, 1);
  attempt->places = 0;
  attempt->sameSize = false;
}

void Attempts::nextSize() {
  if (attempt->largestSide < 2)
    return meshFailed();
  int64_t whole = std::min(limits.largestRegion, std::max(attempt->width, attempt->height));
  do
    if (++size == kEighths.size())
      return meshFailed();
  while (planned.side > 0 && whole * kEighths[size] / 8 >= planned.side);
  planned = {};
  lackedRoutes = false;
  *attempt = {attempt->width,    attempt->height,   whole * kEighths[size] / 8, kMostFill, 0, 0,
              attempt->planOnly, attempt->firstPlan};
}
