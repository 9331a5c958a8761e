// When regions are busy, as far as a plan goes.
//
// Regions run in parallel; each runs its nodes in the order of the graph. A tensor that crosses regions is sent as soon
// as it is made, and the receiver takes it in the order of production (EmitTransfers.h says why): before its first own
// node that is younger than the tensor. Both sides are held by the transfer. So a late reader can delay nodes that were
// planned before it; the account then moves the whole region, which errs on the side of staying together. An input
// comes when its first reader runs; regions that read it later take it then, too.
#ifndef WAFER_LIB_PLAN_TIMELINE_H
#define WAFER_LIB_PLAN_TIMELINE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <memory>
#include <optional>
#include <vector>

namespace wafer::wfr {

/// A tensor that a region takes from another, and the cycles of the transfer.
struct Arrival {
  int tensor;
  double cycles;
};

class Timeline {
public:
  struct Produced {
    int region, node;
    double ready; // cycle
  };

  /// Node `node` runs in `region` for `cycles`, after `arrivals`; it makes `result` (-1: nothing that is asked for).
  void run(int node, int region, llvm::ArrayRef<Arrival> arrivals, double cycles, int result);
  /// The host has brought an input to `region` for node `node`, which ran on for `since` cycles.
  void enter(int input, int node, int region, double since);
  /// What the nodes of a loop made is there when all its steps are done.
  void endLoop(int firstNode, int lastNode, int region);
  /// Tensors that no later node reads.
  void forget(llvm::ArrayRef<int> tensors);

  std::optional<Produced> produced(int tensor) const;
  double free(int region) const { return regions[region].free; }
  double end() const;
  double work() const { return total; } // of all regions, transfers included

private:
  struct Region {
    int firstNode = -1, lastNode = -1;
    double start = 0, free = 0;
  };
  void take(Region &to, const Produced &from, double cycles);
  void note(int tensor, const Produced &produced);

  llvm::SmallVector<Region, 4> regions;
  using Made = std::vector<std::pair<int, Produced>>;

  std::shared_ptr<const Made> made = std::make_shared<Made>(); // by tensor, ascending; copies of a timeline share it
  double total = 0;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_TIMELINE_H
