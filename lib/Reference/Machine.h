// The machine as docs/machine.md has it, "Time, cycle by cycle": every core, queue, wavelet and switch.
//
// Reference.cpp  builds it, steps it by cycle, says how the run ended
// Core.cpp       phase 1: instructions and their elements take turns on a core's data path
// Fabric.cpp     phases 1 to 4 of what moves between cores and host
// Memory.h       what a core holds, and what an access may not do
// Arithmetic.h   what an element computes
#ifndef WAFER_LIB_REFERENCE_MACHINE_H
#define WAFER_LIB_REFERENCE_MACHINE_H

#include "Memory.h"

#include "wafer/Reference/Reference.h"

#include <optional>
#include <vector>

namespace wafer::reference {

using Ticks = int64_t;
constexpr Ticks kCycle = 1024;
constexpr Ticks kNever = INT64_MAX;

struct Wavelet {
  uint32_t data;
  isa::Control control;
  int64_t comes; // cycle: it can be used from then on
  uint32_t routers;
};

struct Queue {
  std::vector<Wavelet> wavelets; // the first is the head
  int taken = 0;                 // places that are not empty yet for those who fill them
  bool hasCome(int64_t now) const { return !wavelets.empty() && wavelets.front().comes <= now; }
  void put(Wavelet wavelet) { wavelets.push_back(wavelet), ++taken; }
  /// The place stays taken.
  Wavelet pop() {
    Wavelet head = wavelets.front();
    wavelets.erase(wavelets.begin());
    return head;
  }
};

struct RouterQueue : Queue {
  RouterQueue(uint8_t color, uint8_t side) : color(color), side(side) {}
  uint8_t color, side;
};

/// Between a router and its core, or where a core would be.
struct Ramp {
  Queue in[isa::kMaxColors], out[isa::kMaxColors];
  unsigned up = 0;        // wavelets in all output queues
  unsigned lastUp = 0;    // color
  bool downTaken = false; // in this cycle
};

struct Router {
  std::vector<RouterQueue> queues; // by color, then side
  size_t first = 0;                // is asked first
  Ticks linkTime[4] = {};          // by side
  uint8_t position[isa::kMaxColors] = {};
};

struct HostPortState {
  const HostPort *port;
  Queue queue;                 // of a port out
  std::vector<uint32_t> words; // sent or taken
  size_t sent = 0;
  Ticks due = 0;
};

/// The outer link of an edge router into the mesh, and the ports in that share it.
struct HostLink {
  std::vector<HostPortState *> ports;
  size_t first = 0;
  Ticks time = 0;
};

struct Descriptor {
  uint32_t base = 0;
  int32_t stride[isa::kMaxRank] = {};
  unsigned rank = 0; // 0: not set
};

/// An operand as an instruction captured it.
struct CapturedOperand {
  isa::OperandKind kind = isa::OperandKind::None;
  uint32_t scalar = 0;
  unsigned color = 0;
  int64_t word = 0;
  int32_t stride[isa::kMaxRank] = {};
};

/// A vector instruction in hand.
struct InHand {
  bool active = false, window = false;
  const isa::Instruction *instruction = nullptr;
  unsigned rank = 0;
  int32_t extent[isa::kMaxRank] = {};                               // of the nest; of a window's block
  int32_t lower[isa::kMaxRank] = {}, boxExtent[isa::kMaxRank] = {}; // of a window
  CapturedOperand operand[4];
  uint32_t inputs = 0; // colors, as bits
  std::optional<unsigned> output;
  std::vector<uint32_t> words;           // of a send from memory
  int64_t n = 0, wavelets = 0, done = 0; // elements; these and the control wavelet; those of both that are over
  Ticks elementTime = 0, due = 0, completeAt = 0;
};

struct Core {
  Core(uint32_t pe, int region, uint32_t x, uint32_t y, Memory memory)
      : pe(pe), region(region), x(x), y(y), memory(std::move(memory)) {}
  uint32_t pe;
  int region;
  uint32_t x, y; // in the region
  Memory memory;
  uint32_t pc = 0;
  int32_t r[isa::kScalarRegisters] = {};
  std::vector<uint32_t> calls;
  int32_t nest[isa::kMaxRank] = {};
  unsigned nestRank = 0;
  Descriptor descriptors[isa::kDescriptorRegisters];

  bool halted = false, waiting = false; // waiting: until an instruction in hand completes
  Ticks clock = 0;                      // the next instruction, or piece of one, is due
  Ticks owed = 0;                       // of the present one's cost
  std::optional<unsigned> settingUp;    // the thread whose instruction is
  InHand inHand[isa::kThreads];         // 0: the core's own
  uint32_t receiving = 0, sending = 0;  // colors in use
  Ticks path = 0;                       // the data path is taken until then
  unsigned lastOnPath = 0;              // by whom
  Ticks lastEnd = 0;                    // of an instruction in hand
  uint64_t steps = 0;
};

class Machine {
public:
  explicit Machine(const VerifiedProgram &program);
  Result<ReferenceRun> run(const TensorWords &inputs, double maxCycles, const std::function<bool()> &isCancelled);

private:
  // Reference.cpp
  Status takeInputs(const TensorWords &inputs);
  TensorWords giveOutputs() const;
  void checkEnd();
  int64_t nextCycle() const;
  void fail(const Core &core, ErrorCode code, const std::string &what);
  void fail(const Core &core, const Diagnostic &what) { fail(core, what.code, what.message); }
  std::string place(uint32_t pe) const;

  // Core.cpp
  void stepCore(Core &core);
  Ticks dueOf(const Core &core, unsigned slot) const;
  void issue(Core &core, Ticks when);
  bool execute(Core &core);
  bool executeMemory(Core &core, const isa::Instruction &i, int32_t &value);
  bool beginVector(Core &core, const isa::Instruction &i);
  bool capture(Core &core, InHand &op, const std::array<isa::VectorOperand, 4> &operands, bool isIota);
  uint32_t element(Core &core, const InHand &op, int64_t k, const uint32_t *received);
  void stepInHand(Core &core, unsigned thread, Ticks when);

  // Fabric.cpp
  bool reaches(uint32_t pe, unsigned color, bool fromCore) const;
  bool hasRoom(uint32_t pe, unsigned color) const;
  void put(uint32_t pe, unsigned color, uint32_t data, isa::Control control, Ticks when);
  void portsOut();
  void rampsUp();
  void portsIn();
  void moveWavelets();
  bool moveThrough(uint32_t pe, RouterQueue &queue);
  void switches();
  RouterQueue *queueBeyond(uint32_t pe, unsigned color, uint8_t side);
  RouterQueue *queueAt(uint32_t pe, unsigned color, uint8_t side);
  HostPortState *portAt(uint32_t pe, unsigned color, uint8_t side);
  int64_t nextOfFabric() const;

  const VerifiedProgram &program;
  const Profile &profile;
  std::vector<Core> cores;
  std::vector<Ramp> ramps;     // by PE
  std::vector<Router> routers; // by PE
  std::vector<HostPortState> ports;
  std::vector<HostLink> hostLinks;

  int64_t now = 0;    // the cycle
  bool moved = false; // anything did something in it
  struct Departure {
    uint32_t pe;
    RouterQueue *queue;
    isa::Control control;
  };
  std::vector<Departure> departures; // from router buffers in this cycle
  Ticks limit = kNever;
  std::optional<Diagnostic> failure;
  ReferenceRun result;

  // The profile's figures, in ticks and whole cycles.
  Ticks scalarCost, memoryCost, branchCost, divideCost, linkTicks, hostTicks;
  Ticks setUp[isa::kVectorOpNumbers], perElement[isa::kVectorOpNumbers], integerFma;
  int64_t hop, turn, ramp;
  int turnPlaces;
};

} // namespace wafer::reference

#endif // WAFER_LIB_REFERENCE_MACHINE_H
