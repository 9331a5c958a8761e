// A target profile: every figure of one machine, read from JSON. No machine number stands anywhere else.
//
// In the file each figure is {"value": v, "source": "...", "confidence": "verified|measured|derived|assumed"}; a figure
// without all three is refused. Units are in the names.
#ifndef WAFER_TARGET_PROFILE_H
#define WAFER_TARGET_PROFILE_H

#include "wafer/Program/Isa.h"
#include "wafer/Support/Diagnostic.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wafer {

/// Bits of a router's ports; equal to wafer.image.Port.
enum PortBits : uint8_t { PortNorth = 1, PortEast = 2, PortSouth = 4, PortWest = 8, PortRamp = 16 };

struct DeadLink { // the directed link that leaves (x, y) through `side`
  int x, y;
  PortBits side;
};

/// Cycles of one class of vector instruction.
struct VectorCost {
  double setup;      // per instruction
  double perElement; // steady state
};

struct Profile {
  std::string name;
  std::string json; // the text it was read from, for the image

  // Mesh of user PEs.
  int meshWidth = 0, meshHeight = 0;
  std::vector<std::array<int, 2>> deadPes;
  std::vector<DeadLink> deadLinks;

  // Core.
  int sramBytes = 0;
  int sramReservedBytes = 0;                         // taken by the machine's runtime
  double clockGhz = 0;                               // only to print times
  VectorCost vectorMove, vectorArith, vectorFma;     // memory operands, 32-bit elements
  double scalarOp = 0, scalarMemory = 0, branch = 0; // cycles
  // Helpers, by isa::VectorOp: code bytes (once per PE) and cycles per element. 0 bytes: not a helper.
  std::array<int, isa::kVectorOpNumbers> helperBytes{};
  std::array<double, isa::kVectorOpNumbers> helperCyclesPerElement{};

  // Fabric.
  int colors = 0;                    // routable
  std::vector<int> reservedColors;   // the machine's runtime takes them
  std::vector<int> switchableColors; // that may have more than one switch position
  int switchPositions = 0;           // at most, per color and router
  bool singleInputPerColor = false;  // WSE-3: one input per color (and switch position)
  bool switchChangesBoth = false;    // WSE-3: a position may change input and output
  double linkCyclesPerWavelet = 1, hopCycles = 1, turnCycles = 0, rampCycles = 2;
  int linkBufferWavelets = 0; // per color and router input
  int inputQueueWavelets = 0; // shortest queue from router to core
  int outputQueueWavelets = 0;
  int inputQueues = 0, outputQueues = 0; // of a core, each for one color at a time; 0: not said, no limit
  int asyncThreads = 0;
  int fabricInputs = 0; // colors that one vector instruction may receive on; 0: not said, no limit

  // Host.
  int hostLanes = 0; // at most, in and out each
  double hostCyclesPerWavelet = 1;

  bool isDead(int x, int y) const;
  bool isDead(int x, int y, PortBits side) const;
  bool isReserved(int color) const;
  /// There is no larger mesh to recommend.
  bool isWholeMesh(int64_t width, int64_t height) const { return width == meshWidth && height == meshHeight; }
  bool canSwitch(int color) const;

  /// `nameOrPath`: "wse2", "wse3", another built-in profile, or the path of a JSON file.
  static Result<Profile> load(std::string_view nameOrPath);
  static Result<Profile> parse(std::string_view json);
  /// The same; the last few texts are kept with what they say.
  static Result<Profile> parseOnce(std::string_view json);
  static std::vector<std::string> builtinNames();
};

} // namespace wafer

#endif // WAFER_TARGET_PROFILE_H
