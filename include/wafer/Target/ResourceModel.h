// The one resource model: planner, placer, router, verifier, loader and emulator all ask it.
#ifndef WAFER_TARGET_RESOURCEMODEL_H
#define WAFER_TARGET_RESOURCEMODEL_H

#include "wafer/Target/Profile.h"

namespace wafer {

/// Instructions of a core that are not on vectors.
struct ScalarCount {
  int scalars = 0;  // registers only, and words of nests and descriptors
  int memory = 0;   // loads and stores
  int branches = 0; // taken; calls and returns
};

class ResourceModel {
public:
  explicit ResourceModel(const Profile &profile) : profile(profile) {}

  const Profile &figures() const { return profile; }

  double scalarCycles(const ScalarCount &count) const;

  /// Bytes of a PE's SRAM that code, weights, buffers and stack may fill.
  int64_t usableSramBytes() const { return profile.sramBytes - profile.sramReservedBytes; }

  /// Cycles that one vector instruction over `elements` occupies the core when its operands are in memory.
  double vectorCycles(isa::VectorOp op, int64_t elements) const;

  /// Cycles from the first wavelet's injection to the last one's arrival in the receiver's queue.
  double transferCycles(int64_t wavelets, int hops, int turns) const;

  int64_t hostLanes() const { return profile.hostLanes; }
  /// Of `words` in or out by one lane.
  double hostCycles(int64_t words) const;

  // Collectives along a line of `pes` PEs with `words` each; ResourceModel.cpp names the source of the formulas.
  double broadcastCycles(int64_t words, int pes) const;
  double reduceChainCycles(int64_t words, int pes) const;
  double reduceStarCycles(int64_t words, int pes) const;

private:
  const Profile &profile;
};

} // namespace wafer

#endif // WAFER_TARGET_RESOURCEMODEL_H
