// The order of attempts at a program: given how the last one ended, the next one or the end.
//
// What a plan takes is known exactly only once its code is assembled, and what its streams need only once they are
// routed. So a compilation is a sequence of attempts, each of which changes one thing that may help against what
// stopped the one before. This is the whole policy, without stages and without MLIR: the driver runs what it is told.
//
// On one mesh: code that overflows a PE is planned again with less memory to count on, so that more regions open: by as
// much less as was missing, since estimates err by about the same share again, and by no more, since regions that are
// small and many leave routes no room. If there is no such plan in the end, the first plan that is found is tried: it
// takes the largest regions, where code has the most room.
// Streams that find no routes get other places, then one region less leaves them room, then they get fewer lanes; then
// regions get smaller than those of the plan that has no routes: up to any size between it would be found again. Where
// the router had searched long enough before half of the nets had routes, other places take it as long, and are left
// out. Where code was too large before, first plans in regions of the same size are tried with less memory to count on
// before regions get smaller: what they hold has been cut to the memory, and another cut has other streams.
//
// Around dead parts a search takes twice as long as on a clean mesh, and routes are found or not by the wafer's
// chances. So what a search has found is used up first: streams without routes go to its next best plan whose streams
// are narrower or fewer, before other places are tried for the best one; and code that is too large is planned again in
// regions of the same size, with just what was missing less memory, before all sizes are searched once more.
//
// The smallest square (--mesh auto) is searched on the assumption that what holds a program is held by any larger
// square too. It is nearly true (a larger mesh offers all of a smaller one's sizes and more; the search among them is
// not exhaustive), and it makes the search short: first the largest square, whose failure says that size mends nothing;
// then upward in steps that double, and between the last failure and the first success nearer to the success, since a
// failure takes longer. All this asks only whether there is a plan, which is cheap. The square so found is compiled. If
// its code does not fit, the first plan that is found there is tried; if its code or its routes do not fit then, the
// one beside it and the largest are, before the same walk is made with compilations, by halves. Those take the first
// plan that is found, a fifth of the time of the best one; the best is asked for once more at the end, and if its code
// or its routes do not fit after all, the program with the first one is the result.
#ifndef WAFER_DRIVER_ATTEMPTS_H
#define WAFER_DRIVER_ATTEMPTS_H

#include "wafer/Support/Diagnostic.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace wafer::driver {

/// What stopped an attempt, as far as the choice of the next one depends on it.
enum class Obstacle {
  NoPlan,     // with this much memory on this mesh
  TooLarge,   // code and buffers overflow a PE, although the plan thought that they would not
  NoRoom,     // places cannot be had for regions of this size
  NoRoute,    // routes cannot be had, or were not found, for these places
  Unmendable, // no other attempt would do better
};

Obstacle obstacleOf(ErrorCode code);

struct Attempt {
  int64_t width, height; // of the mesh
  int64_t largestSide;   // of a region
  int64_t fill;          // percent of the usable SRAM that the plan may count on
  int64_t lanes;         // of a stream, at most; 0: as many as it can use
  int64_t places;        // chosen before for the same plan: each time from another seed
  bool planOnly;         // whether there is a plan is all that is asked
  bool firstPlan;        // the first plan will do, the best is not asked for
  bool sameSize = false; // regions as large as those of the plan before
  int64_t regions = 0;   // at most; 0: as many as there is room for
  int64_t other = 0;     // of what the same search found, the plan after so many better ones

  bool hasSearchOf(const Attempt &before) const {
    return width == before.width && height == before.height && largestSide == before.largestSide &&
           fill == before.fill && lanes == before.lanes && firstPlan == before.firstPlan &&
           sameSize == before.sameSize && regions == before.regions;
  }
  bool hasPlanOf(const Attempt &before) const { return hasSearchOf(before) && other == before.other; }
};

/// What a user who waits for `attempt` is told, after the one before it, if there was any.
std::string describe(const Attempt &attempt, const std::optional<Attempt> &before);

/// How far the plan of an attempt went; 0: there was none.
struct PlanExtent {
  int64_t side = 0;  // of its regions, the longest
  int64_t lanes = 0; // of its streams, the most
  int64_t regions = 0;
};

struct AttemptLimits {
  int64_t width = 0, height = 0;       // a mesh that is given
  int64_t firstSide = 0, lastSide = 0; // or: squares, the smallest that holds the program
  int64_t largestRegion = 0;           // side of a region
  int64_t lanes = 1;                   // of a stream
  bool deadParts = false; // in a mesh that is given: searches take longer there, and routes fail more often
};

class Attempts {
public:
  explicit Attempts(const AttemptLimits &limits);

  /// What to try now; nothing: it is over. The last compilation that succeeded is the result, if any did.
  const std::optional<Attempt> &current() const { return attempt; }

  void succeeded();
  /// Goes on after `obstacle` stopped the current attempt. True if what stopped it says more to the user than what
  /// stopped those before: of several failures on one mesh the first, since later ones had less to count on.
  /// `missing`: percent of the memory, where it was too small, or of the nets, where the router had searched long
  /// enough before those had routes. `plan`: what was stopped, if it came so far.
  bool stoppedBy(Obstacle obstacle, int64_t missing = 0, PlanExtent plan = {});

private:
  /// Where the search for the smallest square is. Those before Compile only ask for plans, those after CompileBest take
  /// the first one.
  enum class Phase {
    PlanLargest,
    PlanUpward,
    PlanBetween,
    Compile,
    CompileBest,
    CompileFirst,
    CompileNext,
    CompileLargest,
    CompileUpward,
    CompileBetween
  };

  void start(int64_t width, int64_t height);
  void startSquare(Phase next, int64_t side);
  void nextFill(int64_t missing);
  void nextOther(Obstacle obstacle);
  void shrunkInVain();
  void nextLanes();
  void nextSize();
  void meshFailed();
  void upward(Phase phase, Phase between);
  void halve(Phase between);

  AttemptLimits limits;
  std::optional<Attempt> attempt;
  size_t size = 0;    // of their ladder
  PlanExtent planned; // of the best plan in regions of up to this size
  Phase phase = Phase::Compile;
  int64_t fails = 0, holds = 0; // sides: the largest that fails, the smallest known to hold the program
  int64_t step = 1;
  int planless = 0;  // squares
  int bestPlans = 0; // of the square, whose code was too large
  bool overflowed = false;
  bool farFromRoutes = false; // the best plan of the last search
  bool lackedRoutes = false;  // a plan in regions of up to this size that counted on more memory
  /// The last mesh without a plan, neither best nor first, and the memory it could not be had with.
  struct {
    int64_t width = 0, fill = 0;
  } planlessMesh;
};

} // namespace wafer::driver

#endif // WAFER_DRIVER_ATTEMPTS_H
