#include "wafer/Driver/Attempts.h"

#include <algorithm>
#include <array>

using namespace wafer;
using namespace wafer::driver;

namespace {

/// A plan that turns out too large is made again with less memory to count on, so that it opens more regions.
constexpr std::array<int64_t, 6> kFills{100, 95, 90, 85, 80, 70};

/// Regions as large as the mesh allows first. Where they leave streams no room beside them, smaller ones: so many
/// eighths.
constexpr std::array<int64_t, 5> kEighths{8, 6, 4, 3, 2};

/// The placer prices crowding but routes nothing: so many places are tried for one plan.
constexpr int64_t kPlaces = 4;

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
  case ErrorCode::RouteImpossible:
    return Obstacle::NoRoom;
  case ErrorCode::RouteGivenUp:
    return Obstacle::RouteGivenUp;
  default:
    return Obstacle::Unmendable;
  }
}

Attempts::Attempts(const AttemptLimits &limits) : limits(limits) {
  if (limits.width)
    startMesh(limits.width, limits.height);
  else if (limits.firstSide <= limits.lastSide)
    startMesh(limits.firstSide, limits.firstSide);
}

bool Attempts::stoppedBy(Obstacle obstacle) {
  const bool firstOfMesh = fill == 0 && size == 0;
  const bool saysMore = attempt->places == 0 && (firstOfMesh || obstacle != Obstacle::NoPlan);
  // Other places were tried because the first ones could not be routed: they fail for the same reason.
  if (attempt->places > 0 && obstacle == Obstacle::NoRoom)
    attempt->places = kPlaces;
  switch (obstacle) {
  case Obstacle::Unmendable:
    attempt.reset();
    break;
  case Obstacle::NoPlan:
    nextMesh();
    break;
  case Obstacle::TooLarge:
    nextFill();
    break;
  case Obstacle::RouteGivenUp:
    if (++attempt->places < kPlaces)
      break;
    nextSize();
    break;
  case Obstacle::NoRoom:
    nextSize();
    break;
  }
  return saysMore;
}

void Attempts::startMesh(int64_t width, int64_t height) {
  fill = size = 0;
  attempt = {width, height, std::min(limits.largestRegion, std::max(width, height)), kFills[0], 0};
}

void Attempts::nextFill() {
  attempt->places = 0;
  if (++fill == kFills.size())
    return nextMesh();
  attempt->fill = kFills[fill];
}

void Attempts::nextSize() {
  if (attempt->largestSide < 2 || ++size == kEighths.size())
    return nextMesh();
  int64_t whole = std::min(limits.largestRegion, std::max(attempt->width, attempt->height));
  fill = 0;
  *attempt = {attempt->width, attempt->height, whole * kEighths[size] / 8, kFills[0], 0};
}

void Attempts::nextMesh() {
  if (limits.width || attempt->width == limits.lastSide)
    attempt.reset();
  else
    startMesh(attempt->width + 1, attempt->width + 1);
}
