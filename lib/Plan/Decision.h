// What the planner decides about one node, and the candidates for it.
#ifndef WAFER_LIB_PLAN_DECISION_H
#define WAFER_LIB_PLAN_DECISION_H

#include "Graph.h"
#include "Movement.h"

#include "wafer/Collectives/AllReduce.h"
#include "wafer/Dialect/Wafer/Sharding.h"

#include <deque>

namespace wafer::wfr {

/// Terms are combined along a side: toward the heads of lines by an algorithm, or for all on lines of a shape.
struct ReduceStep {
  Side side;
  Layout result;
  ReduceAlgorithm algorithm = ReduceAlgorithm::Chain;
  std::optional<LineShape> line = {}; // of an all-reduce
  int64_t words = 0;                  // of its terms
};

/// How a node runs: its loops' layout, its operands', its result's.
struct Candidate {
  Layout iteration; // Kernel
  int64_t chunks = 1;
  int64_t steps = 1; // how often it runs: its chunks, or the steps of the loop around it, which t counts
  llvm::SmallVector<Layout, 2> operands; // needed, per operand
  int shared = -1;                       // a loop whose iterations PEs share that have the same box,
  int64_t sharers = 1;                   // so many
  int64_t ragged = 0;                    // loops of which some PEs have less than others
  Layout local;                          // the result as the kernel leaves it: maybe partial, maybe of one chunk
  Layout result;                         // where the result rests
  std::optional<Side> regroupAlong;      // Reshape: by a pass along that side; else nothing moves
  bool dealt = false;                    // Output: columns are dealt to lanes
  bool keepMoved = false; // inputs that come in by rows rest as the node needs them, for later nodes of its region
};

struct CandidateContext {
  RegionShape region;
  const ResourceModel &model;
  int64_t chunkWords; // a kernel whose temporaries take more is cut into chunks
  int64_t hostLanes;
};

/// A kernel whose loops are divided in one way.
struct ShardedKernel {
  const Candidate *whole;                          // in one chunk; the result rests as it is made
  int64_t mostWords;                               // of its temporaries, if no operand lies where it is needed
  llvm::SmallVector<const Candidate *, 4> resting; // the same with every place where the result may rest
};

/// The candidates of one node. Those that are the same wherever its operands rest are made once.
class NodeCandidates {
public:
  NodeCandidates(const Graph &graph, const GraphNode &node, CandidateContext context)
      : graph(graph), node(node), context(context) {}

  /// `current` gives the layouts in which the first pieces of the node's operands rest now (null: not at rest anywhere
  /// yet, or no piece). The candidates live as long as this does.
  llvm::SmallVector<const Candidate *> from(llvm::ArrayRef<const Layout *> current);

private:
  void makeOthers(llvm::ArrayRef<const Layout *> current);

  const Graph &graph;
  const GraphNode &node;
  CandidateContext context;
  std::deque<Candidate> made;
  std::optional<std::vector<ShardedKernel>> sharded; // as soon as someone has asked
};

/// Cycles of the local computation on one PE, of all steps.
double computeCycles(const GraphNode &node, const Candidate &candidate, const ResourceModel &model);
/// The same of whatever candidate at least.
double leastComputeCycles(const Graph &graph, const GraphNode &node, RegionShape region, const ResourceModel &model);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_DECISION_H
