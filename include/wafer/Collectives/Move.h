// Algorithms that move boxes along lines of PEs: what wafer.redistribute is made of. As in Reduce.h, each is a part in
// a file of its own.
#ifndef WAFER_COLLECTIVES_MOVE_H
#define WAFER_COLLECTIVES_MOVE_H

#include "wafer/Collectives/BoxTransfer.h"
#include "wafer/Route/ChannelColors.h"
#include "wafer/Target/ResourceModel.h"

namespace wafer::wfr {

/// What a pass takes per sender beside its words: interval arithmetic, set-up of receive and relay. Senders that are
/// taken together take it once, with no loop around. Fitted to emulated passes.
constexpr ScalarCount kOfSender{.scalars = 68, .branches = 2}, kOfSenderRun{.scalars = 72};

/// What is to be moved along the lines of one side: from one layout to another, said in the same axes. Where dimensions
/// or indices change on the way, `dims` says so to code generation; the planner asks about plain changes of layout
/// only.
struct MoveTask {
  Side side;
  RegionSize region;
  const Layout &from, &to;
  llvm::ArrayRef<int64_t> shape;
  AxisSizes sizes;
  int64_t words; // that a line sends in all

  int64_t line() const { return region.along(side); }
};

class MoveCollective {
public:
  virtual ~MoveCollective() = default;
  virtual MoveAlgorithm algorithm() const = 0;
  virtual bool legal(const MoveTask &task) const = 0;
  /// False only if no task of these dimensions along `side` is legal: it costs nothing to ask.
  virtual bool conceivable(Side side, llvm::ArrayRef<LayoutDim> from, llvm::ArrayRef<LayoutDim> to) const {
    return true;
  }
  /// Of the slowest PE; `task` is legal.
  virtual double cycles(const MoveTask &task, const ResourceModel &model) const = 0;
  /// What any task of so many words on lines of so many PEs takes at least: it costs nothing to ask.
  virtual double leastCycles(int64_t words, int64_t line, const ResourceModel &model) const = 0;
  virtual ChannelSet channels() const = 0;
  /// That the transfer's code puts down on the way (BoxTransfer::staging).
  virtual int64_t stagingWords(const BoxTransfer &transfer) const { return 0; }
  /// The code of one slice of the transfer.
  virtual void build(BoxTransfer &transfer, const LineColors &colors) const = 0;
};

llvm::ArrayRef<const MoveCollective *> moveCollectives();
const MoveCollective &collectiveOf(MoveAlgorithm algorithm);

/// The fastest that is legal, with its cycles; null if they are `limit` or more for sure.
std::pair<const MoveCollective *, double> fastestMove(const MoveTask &task, const ResourceModel &model,
                                                      double limit = INFINITY);

/// What any of them takes at least.
double leastMoveCycles(int64_t line, const ResourceModel &model);

/// What any that is conceivable takes at least.
double leastMoveCycles(int64_t words, int64_t line, Side side, llvm::ArrayRef<LayoutDim> from,
                       llvm::ArrayRef<LayoutDim> to, const ResourceModel &model);

// lib/Collectives/Pass.cpp, Neighbors.cpp
const MoveCollective &passMove();
const MoveCollective &neighborsMove();

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_MOVE_H
