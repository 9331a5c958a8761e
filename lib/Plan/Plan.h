// A finished plan, and the search for it.
#ifndef WAFER_LIB_PLAN_PLAN_H
#define WAFER_LIB_PLAN_PLAN_H

#include "Decision.h"
#include "Pace.h"

#include <functional>
#include <map>
#include <memory>

namespace wafer::wfr {

/// How one operand gets to where its node needs it.
struct OperandPlan {
  Layout needed;
  bool direct = false;                   // resident in this layout, or read where it rests
  llvm::SmallVector<Movement, 1> pieces; // otherwise: one per piece
  // Combine.h: parts that are gathered by a sum come
  int ridesWith = -1;    // with that of this earlier node, or
  int gatheredWith = -1; // with those of this later operand of the same node
  bool gathersElsewhere() const { return ridesWith >= 0 || gatheredWith >= 0; }
};

/// An input that is taken before its first reader's turn, and moved as that needs it, if `operand` is not -1.
struct EarlyInput {
  int tensor;
  int node, operand; // that read it
};

/// What a node's cycles are spent on.
struct Cycles {
  double compute = 0, moves = 0, reductions = 0, host = 0;
  double total() const { return compute + moves + reductions + host; }
};

struct NodePlan {
  int region = 0;
  Candidate candidate;
  std::map<int, Layout> entries;          // inputs that this node is the first to read: how the host delivers them
  std::map<int, Layout> moved;            // of these: where they rest then, if not as they came
  llvm::SmallVector<EarlyInput, 0> early; // of these: those that come first, and move at once
  llvm::SmallVector<OperandPlan, 2> operands;
  llvm::SmallVector<ReduceStep, 2> reduces;
  int combinedWith = -1; // its terms are combined with those of this later node, at a time (Combine.h)
  int leavesAfter = -1;  // an output: its columns go to lanes beside the sum of this earlier node (EarlyOutputs.h)
  /// An output whose parts become terms that wait.
  bool gathersLater() const { return combinedWith >= 0 && reduces.empty(); }
  Movement toResult; // from the reduced local result to where it rests
  Cycles cycles;
};

/// Which states a search keeps beside the cheapest: those with the least memory, which are there where it is scarce, or
/// with the least product of memory and cycles, which make better plans where it is nearly enough.
enum class Lean { Memory, Product };

struct Plan {
  RegionShape region; // of every region
  int regions = 0;
  int mayOpen = 0; // regions
  int beam = 0;    // of the search that found it,
  int beamInLoops = 0;
  Lean lean = Lean::Memory;
  double ceiling = INFINITY; // its ceiling
  Expectation expectation;   // and what it expected
  std::shared_ptr<const Pace> pace;
  int64_t hostLanes = 0;    // of a stream with the host, at most
  int64_t lanesBetween = 0; // of a stream between regions, at most
  std::vector<NodePlan> nodes;
  int64_t pes() const { return regions * region.width * region.height; }
  /// Lanes to and from regions, if each is connected with one other.
  int64_t crossingLanes() const { return (regions - 1) * std::min(lanesBetween, region.height); }
  double cycles = 0;
  double searched = 0;              // cycles as the search had them, each node for itself
  int64_t candidates = 0;           // priced
  llvm::SmallVector<int64_t> bytes; // by region: SRAM of a PE, as estimated
};

class PlanTrace;

struct PlanRequest {
  const Graph &graph;
  const ResourceModel &model;
  RegionShape region;
  int maxRegions;
  int64_t hostLanes;    // of a stream with the host
  int64_t lanesBetween; // of a stream between regions, at most
  int beam;
  double fill = 1.0;                  // share of the usable SRAM that the plan may count on
  std::function<double()> limit = {}; // in cycles: a plan that takes more is of no use
  double ceiling = INFINITY;          // the same, known before: no state is followed that ends later
  Expectation expectation = {};       // the same again: of the search, with a ceiling also of each state
  PlanTrace *trace = nullptr;         // is told what the search looks at
  int beamInLoops = 0;                // if that is more
  Lean lean = Lean::Memory;
};

struct PlanFailure {
  int node = 0;            // that found no place
  int64_t neededBytes = 0; // by its smallest candidate; 0: no candidate's operands can be brought to it
  int64_t budgetBytes = 0;
  bool outrun = false; // the limit was reached, and that is all
};

/// The cheapest plan found, or nothing: `failure` then says where it stuck.
std::optional<Plan> searchPlan(const PlanRequest &request, PlanFailure &failure);

/// What any plan takes at least, in cycles: found out in no time.
double leastCycles(const PlanRequest &request);

/// What a machine has for nets.
struct NetBounds {
  int64_t hostLanes;
  int perRow; // regions that the mesh has room for beside one another
  int colors; // that regions' channels leave
};

/// Writes the plan as a wafer.program.
ProgramOp emitPlan(const Graph &graph, const Plan &plan, mlir::OpBuilder &builder, mlir::Location loc,
                   int64_t meshWidth, int64_t meshHeight, const NetBounds &bounds);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PLAN_H
