// Keys of what there is for a color at a router, and the routers beside it.
#ifndef WAFER_LIB_EMULATOR_ROUTERKEY_H
#define WAFER_LIB_EMULATOR_ROUTERKEY_H

#include "wafer/Program/Verify.h"

namespace wafer::emulator {

inline uint64_t key(uint32_t pe, uint8_t color) { return uint64_t(pe) << 5 | color; }
inline uint64_t portKey(uint32_t pe, uint8_t color, uint8_t side) { return key(pe, color) << 5 | side; }

inline constexpr uint8_t kSides[] = {PortNorth, PortEast, PortSouth, PortWest, PortRamp};

inline unsigned sideIndex(uint8_t side) {
  switch (side) {
  case PortNorth:
    return 0;
  case PortEast:
    return 1;
  case PortSouth:
    return 2;
  case PortWest:
    return 3;
  default:
    return 4;
  }
}

/// The router on the other side of a port; false where the mesh ends.
inline bool neighborOf(const VerifiedProgram &program, uint32_t pe, uint8_t side, uint32_t &next) {
  const uint32_t width = program.width, x = pe % width, y = pe / width;
  switch (side) {
  case PortNorth:
    next = pe - width;
    return y > 0;
  case PortSouth:
    next = pe + width;
    return y + 1 < static_cast<uint32_t>(program.height);
  case PortWest:
    next = pe - 1;
    return x > 0;
  default:
    next = pe + 1;
    return x + 1 < width;
  }
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_ROUTERKEY_H
