// How far a run may go.
#ifndef WAFER_LIB_EMULATOR_LIMITS_H
#define WAFER_LIB_EMULATOR_LIMITS_H

#include "Ticks.h"
#include "wafer/Emulator/Emulator.h"

#include <algorithm>

namespace wafer::emulator {

/// With no limit of the caller's, one that keeps times within 64 bits: ten million seconds of a machine.
inline double mostCycles(const RunOptions &options) {
  constexpr double kMostCycles = 1e15;
  return options.maxCycles > 0 ? std::min(options.maxCycles, kMostCycles) : kMostCycles;
}
/// Of a core's clock.
inline Ticks limitOf(const RunOptions &options) { return static_cast<Ticks>(mostCycles(options) * kTicksPerCycle); }
/// Of a core's instructions and vector elements: a profile's costs may be zero. No machine takes so many in a cycle.
inline uint64_t stepLimitOf(const RunOptions &options) { return static_cast<uint64_t>(mostCycles(options) * 16); }

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_LIMITS_H
