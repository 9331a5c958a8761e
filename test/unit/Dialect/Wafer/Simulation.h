// Movements, word by word: what ends in each PE's memory if every PE sends and keeps what Transfer.h says.
#ifndef WAFER_TEST_UNIT_DIALECT_WAFER_SIMULATION_H
#define WAFER_TEST_UNIT_DIALECT_WAFER_SIMULATION_H

#include "Enumeration.h"
#include "wafer/Dialect/Wafer/Proof.h"

namespace wafer::wfr {

/// By element of the result's box of a PE: the source's element that arrives for it. Elements are numbered row-major.
using Arrived = std::map<int64_t, int64_t>;

class SmallMove {
public:
  SmallMove(const MoveClaim &claim, Place place);

  /// What arrives at `pe`.
  Arrived simulate(Pe pe) const;

  /// What a movement must bring to `pe`, from the claim alone; nothing if some of it is nowhere that the PE hears of.
  std::optional<Arrived> expected(Pe pe) const;

private:
  friend class Simulator;
  size_t numberOf(Pe pe) const { return (pe.t * place.region.height + pe.y) * place.region.width + pe.x; }

  MoveClaim claim;
  Place place;
  std::vector<std::map<int64_t, int64_t>> memories; // by PE: of each word of the source's box the element that it is
  std::vector<std::set<int64_t>> elements;          // by PE: of the source
};

} // namespace wafer::wfr

#endif // WAFER_TEST_UNIT_DIALECT_WAFER_SIMULATION_H
