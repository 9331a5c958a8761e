// What it takes to run a node in one way, given what has been decided before it.
#ifndef WAFER_LIB_PLAN_PRICING_H
#define WAFER_LIB_PLAN_PRICING_H

#include "RegionLines.h"
#include "State.h"

namespace wafer::wfr {

/// What running a node takes.
struct Cost {
  Cycles cycles;
  int64_t codeBytes = 0, weightBytes = 0;
  int64_t temporaryWords = 0; // while the node runs
  int64_t resultWords = 0;    // from then on
};

/// What a candidate takes wherever its node runs and whatever runs before, if only the operands rest in certain
/// layouts: most states of a search share it.
struct Work : Cost {
  Layout result;                 // where the result rests; of an output, how it leaves
  std::map<int, Layout> entries; // inputs that come in with the node, and how
  std::map<int, Layout> moved;   // of these, where they rest then if not so
  llvm::SmallVector<int> taken;  // tensors at rest that it reads
};

/// What it takes beside that in one region after one state.
struct Price {
  Memory memory;                       // of the region, with the node
  llvm::SmallVector<Arrival> arrivals; // from other regions
};

class Pricing {
public:
  explicit Pricing(const PlanRequest &request)
      : request(request), graph(request.graph), lines(request.model), movements(request.region, request.model, lines),
        hostLanes(request.hostLanes), entriesByRows(graph.tensors.size()) {}

  /// The work of node n as `candidate` says, or nothing if its operands cannot be brought to it from where they rest.
  /// With `plan`, also how it is done.
  std::optional<Work> work(size_t n, const State &state, const Candidate &candidate, NodePlan *plan = nullptr);

  /// The carried tensor of a loop's end stays where it is.
  static bool stays(const GraphNode &node, size_t operand) { return node.kind == GraphNode::Next && operand == 1; }

  /// How closely bounds look at what moves: that something does, or how many words must go along lines.
  enum class Look { Glance, Measure };

  /// A cost that is at most that of the work in every respect, or nothing if there is no way: much sooner found out.
  /// `ofResult` is the part of it that is the same wherever the operands rest. (Bounds.cpp)
  std::optional<Cost> leastCost(size_t n, const State &state, const Candidate &candidate, const Cost &ofResult,
                                Look look);
  std::optional<Cost> leastCostOfResult(size_t n, const Candidate &candidate);
  /// Cycles that node n takes at least, whatever the candidate and the state.
  double leastCycles(size_t n) const;

  /// The price of that work in `region` (open, or the next), or nothing if a tensor cannot be brought there.
  std::optional<Price> price(size_t n, const State &state, const Work &work, int region) const;

  /// Cycles of the stream that brings a tensor from a region where it rests so to another; infinite if there is no way
  /// for so many lanes.
  double crossingCycles(int tensor, const Layout &layout, bool fromHost) const;

private:
  struct Entry {
    Layout layout;
    bool direct = false;
    double cycles = INFINITY; // of the host's stream, without the movement behind it
  };

  /// A way for an input to come in by rows.
  struct RowsEntry {
    Layout layout;
    double cycles; // of the host's stream
    size_t number; // in the order of preference
  };

  /// How a node takes an operand: what it needs of what rests, exactly what rests, or a copy of its own.
  enum class Access { Any, Exact, Copy };

  static Access accessOf(const GraphNode &node);
  static Ending endingOf(const GraphNode &node, const GraphOperand &operand);
  /// The result takes the memory of an operand.
  static bool worksInPlace(const GraphNode &node) {
    return node.kind == GraphNode::Reshape || node.kind == GraphNode::Next;
  }
  void addOwn(const GraphNode &node, const Candidate &candidate, Cost &cost) const;
  bool liesInPlace(const State &state, const GraphNode &node, const Candidate &candidate, size_t number) const;
  /// The operand may come in as it is needed, if nothing has brought the input so far.
  static bool mayEnterAlone(const State &state, const GraphNode &node, size_t number) {
    const GraphOperand &source = node.operands[number];
    return source.plain() && accessOf(node) != Access::Copy && !state.restingOf(source.pieces[0].tensor);
  }
  int64_t weightBytes(const Candidate &candidate, size_t number) const;
  /// Who reads a part of an input only may have that part, if nobody needs the rest.
  bool mayEnterAs(const Layout &layout, const GraphTensor &tensor) const {
    return tensor.reads == 1 || holdsAll(layout, tensor.shape, request.region);
  }
  double copyResident(const Candidate &candidate, size_t number, Cost &cost) const;
  bool bringOperand(const State &state, const GraphNode &node, const Candidate &candidate, size_t number, Work &work,
                    OperandPlan *plan);
  bool boundOperand(const State &state, const GraphNode &node, const Candidate &candidate, size_t number, Look look,
                    llvm::SmallVectorImpl<int> &entered, Cost &cost);
  MoveBound leastMove(const MoveRequest &move, const Candidate &candidate, bool unchanging, Look look);
  /// How to bring a piece of an operand, in cycles of all steps, and what it takes where it arrives.
  struct Way {
    const Movement *movement = nullptr;
    double cycles = INFINITY;
    int64_t words = 0;
  };
  Way cheapestWay(const MoveRequest &move, const Candidate &candidate, bool unchanging);
  void countTensors(size_t n, const State &state, const Work &work, int64_t arrivedWords, int region,
                    Price &price) const;
  /// Terms combined along all sides that have some.
  struct Combination {
    llvm::SmallVector<ReduceStep, 2> steps;
    Layout result;
    double cycles = 0;
  };
  /// Toward the heads of lines, or `forAll` where whole lines have terms.
  Combination combine(const Layout &terms, bool forAll);
  llvm::SmallVector<std::pair<Combination, Ending>, 2> combinations(const Candidate &candidate);
  bool boundResult(const GraphNode &node, const Candidate &candidate, Cost &cost);
  double leastEntry(const GraphTensor &tensor, const Layout *direct, const MoveRequest &move,
                    const Candidate &candidate);
  double leastEntry(const GraphTensor &tensor) const;
  bool finish(const GraphNode &node, const Candidate &candidate, Work &work, NodePlan *plan);
  Entry cheapestEntry(const GraphTensor &tensor, const Layout *direct, const MoveRequest &move,
                      const Candidate &candidate);
  llvm::ArrayRef<RowsEntry> rowsEntries(const GraphTensor &tensor);
  double entryCycles(const GraphTensor &tensor, Layout layout) const;
  double streamCycles(const GraphTensor &tensor, int64_t rows) const;

  const PlanRequest &request;
  const Graph &graph;
  LinePlanner lines;
  MovementPlanner movements;
  int64_t hostLanes;
  std::vector<std::vector<RowsEntry>> entriesByRows; // by tensor, as far as someone asked
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_PRICING_H
