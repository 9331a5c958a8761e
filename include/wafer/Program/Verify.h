// What an image means, verified: everything that the emulator relies on. It trusts nothing that the compiler claims.
#ifndef WAFER_PROGRAM_VERIFY_H
#define WAFER_PROGRAM_VERIFY_H

#include "wafer/Program/Decoder.h"
#include "wafer/Program/Image.h"
#include "wafer/Target/Profile.h"

#include <array>
#include <cstdint>
#include <vector>

namespace wafer {

/// One color's set-up at one router.
struct RouterSetup {
  uint8_t positions = 0;
  std::array<uint8_t, 4> input{}; // one PortBits each: routers here merge nothing
  std::array<uint8_t, 4> outputs{};
  uint32_t name = 0; // index into Manifest.strings

  bool operator==(const RouterSetup &) const = default;
};

/// All routes, by color and router.
class RouteTable {
public:
  RouteTable() = default;
  RouteTable(int width, int height, int colors) : width(width), height(height), tables(colors) {}

  /// Null if the router does not know the color.
  const RouterSetup *at(int color, uint32_t pe) const {
    const std::vector<uint32_t> &table = tables[color];
    if (table.empty() || !table[pe])
      return nullptr;
    return &setups[table[pe] - 1];
  }
  /// False if the router has an entry for the color already.
  bool set(int color, uint32_t pe, uint32_t setup) {
    std::vector<uint32_t> &table = tables[color];
    if (table.empty())
      table.resize(size_t(width) * height);
    if (table[pe])
      return false;
    table[pe] = setup + 1;
    return true;
  }
  uint32_t addSetup(const RouterSetup &setup) {
    setups.push_back(setup);
    return setups.size() - 1;
  }
  int colors() const { return tables.size(); }

private:
  int width = 0, height = 0;
  std::vector<std::vector<uint32_t>> tables; // by color, by PE: index of the setup plus one
  std::vector<RouterSetup> setups;
};

/// What a port carries of one host stream: a lane's boxes, one after the other.
struct HostPart {
  uint32_t stream; // index into Manifest.streams
  uint32_t row;    // the box's y coordinate
  uint32_t words;
};

/// A port of the mesh's edge in one color, and the lanes that share it, in the order of their streams.
struct HostPort {
  uint32_t pe;  // y * mesh width + x
  uint8_t side; // PortBits
  uint8_t color;
  bool output;
  std::vector<HostPart> parts;
  uint32_t words; // of all parts
};

struct VerifiedRegion {
  DecodedCode code;
  uint32_t readOnlyBytes = 0; // code and constants
  uint32_t dataBegin = 0;     // bytes: after code, constants and helpers
  uint32_t dataEnd = 0;       // bytes: before the stack
  /// Bytes, within data: where the image says that weights and buffers are. The program may use all the same.
  uint32_t declaredBegin = 0, declaredEnd = 0;
  /// Byte ranges that weights fill, disjoint and ascending: read-only after the load.
  std::vector<std::array<uint32_t, 2>> weightRanges;
  uint32_t usedBytes = 0; // code, constants, helpers, stack and buffers
};

struct VerifiedProgram {
  Image image;
  Profile profile;
  int width = 0, height = 0; // of the mesh
  std::vector<VerifiedRegion> regions;
  RouteTable routes;
  std::vector<HostPort> ports;
};

/// Verifies the manifest against the profile: placement, memory, code, routes, host streams.
Result<VerifiedProgram> verifyProgram(Image image, const Profile &profile);

inline constexpr uint8_t oppositePort(uint8_t side) {
  return side == PortNorth ? PortSouth : side == PortSouth ? PortNorth : side == PortEast ? PortWest : PortEast;
}
const char *portName(uint8_t side);

} // namespace wafer

#endif // WAFER_PROGRAM_VERIFY_H
