// How a tensor gets from one layout to another: which passes along lines of PEs, through which layouts, at what cost.
#ifndef WAFER_LIB_PLAN_MOVEMENT_H
#define WAFER_LIB_PLAN_MOVEMENT_H

#include "LinePlanner.h"

#include "wafer/Collectives/Move.h"
#include "wafer/Dialect/Wafer/Coverage.h"

#include "llvm/ADT/Hashing.h"

#include <optional>
#include <unordered_map>

namespace wafer::wfr {

struct MoveStep {
  std::optional<Side> along; // nothing: no PE sends anything
  Layout result;
  double cycles;
  MoveAlgorithm algorithm = MoveAlgorithm::Pass;
  Regroup regroup = {}; // of the pass
  /// Instead of a pass: parts become terms that are combined for all, on such a line.
  std::optional<LineShape> line = {};
  int64_t words = 0; // of these terms
};

struct Movement {
  llvm::SmallVector<MoveStep, 2> steps;
  double cycles = 0;
  int64_t middleWords = 0; // of the layout between two passes
};

/// Where what is moved must end: wherever it is, if that is where it is needed; in memory of its own; in memory that is
/// given, among what else is there.
enum class Ending { Anywhere, Own, Given };

struct MoveRequest {
  const Layout &from;
  llvm::ArrayRef<int64_t> fromShape;
  const Layout &to;
  llvm::ArrayRef<int64_t> shift; // element i goes to i + shift; empty: nowhere else
  Ending ending;
};

/// What a movement takes at least: infinitely many cycles if there is none.
struct MoveBound {
  double cycles = INFINITY;
  int64_t steps = 0; // 0 or 1
};

/// Plans movements in regions of one size, and remembers them: the states of a search ask for the same ones.
class MovementPlanner {
public:
  MovementPlanner(RegionShape region, const ResourceModel &model, LinePlanner &lines)
      : region(region), model(model), lines(lines) {}

  /// The cheapest movement, or null if no two passes do it. Lives as long as the planner.
  const Movement *plan(const MoveRequest &request, int64_t chunks);

  /// What that takes at least: much sooner found out.
  MoveBound bound(const MoveRequest &request, int64_t chunks);

  /// What any movement takes at least where something has to move.
  double leastCycles() const;

  /// A pass that merges two dimensions or splits one, if its lines hold what their PEs need.
  std::optional<MoveStep> regroup(const Layout &from, llvm::ArrayRef<int64_t> fromShape, const Layout &to,
                                  llvm::ArrayRef<int64_t> toShape, Regroup regroup, Side side) const;

private:
  using Key = llvm::SmallVector<int64_t, 0>;
  struct Hash {
    size_t operator()(const Key &key) const { return llvm::hash_combine_range(key); }
  };

  void setKey(const MoveRequest &request, int64_t chunks);

  RegionShape region;
  const ResourceModel &model;
  LinePlanner &lines;
  mutable double least = INFINITY; // of any movement, as soon as someone has asked
  std::unordered_map<Key, std::optional<Movement>, Hash> known;
  std::unordered_map<Key, MoveBound, Hash> bounds;
  Key key; // of the request at hand
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_MOVEMENT_H
