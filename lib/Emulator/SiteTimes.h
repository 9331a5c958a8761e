// How long cores spent on what their code is there for, and the statistics made of it.
#ifndef WAFER_LIB_EMULATOR_SITETIMES_H
#define WAFER_LIB_EMULATOR_SITETIMES_H

#include "ProgramTables.h"
#include "wafer/Emulator/Emulator.h"

#include <algorithm>
#include <span>

namespace wafer::emulator {

/// Summed over cores, waiting included; between the first that came and the last that left.
struct SiteTimes {
  Ticks busy = 0, first = INT64_MAX, last = 0;
  void add(const SiteTimes &other) {
    busy += other.busy;
    first = std::min(first, other.first);
    last = std::max(last, other.last);
  }
};

/// Of a region whose last core stopped then; its kernels' times are still to come.
RegionStats regionStats(const VerifiedProgram &program, const RegionTables &region, Ticks last);

/// Times of kernels and nodes, by site; the regions must be there.
void addSiteTimes(RunStats &stats, const VerifiedProgram &program, const ProgramTables &tables,
                  std::span<const SiteTimes> times);

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_SITETIMES_H
