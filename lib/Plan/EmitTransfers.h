// What crosses between regions, or between a region and the host.
//
// It is written in one global order, that of the nodes: an input comes before the node that is the first to read it, a
// result after the node that made it. A region takes everything that comes before the node that it is about to run, be
// it for itself or to pass it on (Nets.cpp says who passes on what). Transfers in one global order cannot wait for one
// another in a circle, whatever the buffering. The pass wafer-verify-order proves it afterwards.
#ifndef WAFER_LIB_PLAN_EMITTRANSFERS_H
#define WAFER_LIB_PLAN_EMITTRANSFERS_H

#include "EmitStreams.h"

namespace wafer::wfr {

class TransferEmitter {
public:
  TransferEmitter(EmitState &state, const NetBounds &bounds);

  /// Takes, and passes on, everything that comes before a node.
  void takeUntil(int region, int node);
  /// Sends what leaves the region after a node; of an output, its value.
  void sendAfter(int node, int region, mlir::Value output = {});

private:
  struct Arriving {
    std::vector<size_t> expected; // transfers that lead to the region, or through it, in the global order
    size_t taken = 0;
    llvm::SmallVector<const EarlyInput *> early; // that have come in, but not been moved
  };

  void take(int region, size_t number, size_t hop);
  void send(int region, size_t number, mlir::Value value);
  void moveEarly(int region);
  bool comesAside(const Transfer &transfer, int region, int node) const;
  /// How it comes into a region: by its first rows, if it is not in rows.
  Layout arrivedLayout(const Transfer &transfer, size_t hop) const;

  EmitState &state;
  int64_t hostLanes;
  std::vector<Transfer> transfers;
  StreamEmitter streams;
  std::vector<Arriving> arriving;                            // by region
  llvm::DenseMap<int, llvm::SmallVector<size_t, 1>> leaving; // by node: transfers that come after it
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITTRANSFERS_H
