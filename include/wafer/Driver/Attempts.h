// The order of attempts at a program: given what stopped the last one, the next one or the end.
//
// What a plan takes is known exactly only once its code is assembled, and what its streams need only once they are
// routed. So a compilation is a sequence of attempts, each of which changes one thing that may help against what
// stopped the one before. This is the whole policy, without stages and without MLIR: the driver runs what it is told.
#ifndef WAFER_DRIVER_ATTEMPTS_H
#define WAFER_DRIVER_ATTEMPTS_H

#include "wafer/Support/Diagnostic.h"

#include <cstdint>
#include <optional>

namespace wafer::driver {

/// What stopped an attempt, as far as the choice of the next one depends on it.
enum class Obstacle {
  NoPlan,       // with this much memory on this mesh
  TooLarge,     // code and buffers overflow a PE, although the plan thought that they would not
  NoRoom,       // places or routes cannot be had for regions of this size
  RouteGivenUp, // no routes were found for these places
  Unmendable,   // no other attempt would do better
};

Obstacle obstacleOf(ErrorCode code);

struct Attempt {
  int64_t width, height; // of the mesh
  int64_t largestSide;   // of a region
  int64_t fill;          // percent of the usable SRAM that the plan may count on
  int64_t places;        // chosen before for the same plan: each time from another seed

  bool hasPlanOf(const Attempt &other) const {
    return width == other.width && height == other.height && largestSide == other.largestSide && fill == other.fill;
  }
};

struct AttemptLimits {
  int64_t width = 0, height = 0;       // a mesh that is given
  int64_t firstSide = 0, lastSide = 0; // or: squares, the smallest that holds the program
  int64_t largestRegion = 0;           // side of a region
};

class Attempts {
public:
  explicit Attempts(const AttemptLimits &limits);

  /// What to try now; nothing: all have failed.
  const std::optional<Attempt> &current() const { return attempt; }

  /// Goes on after `obstacle` stopped the current attempt. True if what stopped it says more to the user than what
  /// stopped those before: of several failures on one mesh the first, since later ones had less to count on.
  bool stoppedBy(Obstacle obstacle);

private:
  void startMesh(int64_t width, int64_t height);
  void nextFill();
  void nextSize();
  void nextMesh();

  AttemptLimits limits;
  std::optional<Attempt> attempt;
  size_t fill = 0, size = 0; // of their ladders
};

} // namespace wafer::driver

#endif // WAFER_DRIVER_ATTEMPTS_H
