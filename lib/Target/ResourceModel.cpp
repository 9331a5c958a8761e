// Costs, from a profile's figures. Formulas for collectives: L. Luczynski et al., "Near-Optimal Wafer-Scale Reduce"
// (HPDC'24, arXiv 2404.15888), with the profile's link rate, hop and ramp latencies in the place of WSE-2's.
#include "wafer/Target/ResourceModel.h"

#include <algorithm>

using namespace wafer;

double ResourceModel::scalarCycles(const ScalarCount &count) const {
  return count.scalars * profile.scalarOp + count.memory * profile.scalarMemory + count.branches * profile.branch;
}

double ResourceModel::vectorCycles(isa::VectorOp op, int64_t elements) const {
  double count = static_cast<double>(std::max<int64_t>(elements, 0));
  auto at = [&](const VectorCost &cost) { return cost.setup + count * cost.perElement; };
  switch (isa::vectorOpInfo(op)->cost) {
  case isa::VectorCostClass::Move:
    return at(profile.vectorMove);
  case isa::VectorCostClass::Arith:
    return at(profile.vectorArith);
  case isa::VectorCostClass::Fma:
    return at(profile.vectorFma);
  case isa::VectorCostClass::Helper:
    break;
  }
  return profile.vectorArith.setup + count * profile.helperCyclesPerElement[static_cast<int>(op)];
}

double ResourceModel::transferCycles(int64_t wavelets, int hops, int turns) const {
  return 2 * profile.rampCycles + hops * profile.hopCycles + turns * profile.turnCycles +
         static_cast<double>(wavelets) * profile.linkCyclesPerWavelet;
}

double ResourceModel::broadcastCycles(int64_t words, int pes) const { return transferCycles(words, pes - 1, 0); }

double ResourceModel::hostCycles(int64_t words) const {
  return static_cast<double>(words) * std::max(profile.hostCyclesPerWavelet, profile.linkCyclesPerWavelet);
}

double ResourceModel::reduceChainCycles(int64_t words, int pes) const {
  double perPe = 2 * profile.rampCycles + profile.hopCycles + 1;
  return static_cast<double>(words) * std::max(profile.linkCyclesPerWavelet, profile.vectorArith.perElement) +
         perPe * (pes - 1);
}

double ResourceModel::reduceStarCycles(int64_t words, int pes) const {
  return static_cast<double>(words) * (pes - 1) *
             std::max(profile.linkCyclesPerWavelet, profile.vectorArith.perElement) +
         2 * profile.rampCycles + 1;
}
