// The emulator's time.
#ifndef WAFER_LIB_EMULATOR_TICKS_H
#define WAFER_LIB_EMULATOR_TICKS_H

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace wafer::emulator {

/// Time in 1/1024 of a cycle: an integer, so that sums do not depend on their order.
using Ticks = int64_t;
constexpr Ticks kTicksPerCycle = 1024;

inline Ticks ticks(double cycles) { return std::llround(std::clamp(cycles, 0.0, 1e9) * kTicksPerCycle); }
inline double cyclesOf(Ticks ticks) { return static_cast<double>(ticks) / kTicksPerCycle; }

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_TICKS_H
