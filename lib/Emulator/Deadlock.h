// Who waits for whom where nothing goes on any more, whichever engine has come to it.
//
// An engine says what the instructions of a core wait for; here one edge a core is followed, and put into the words of
// the model.
#ifndef WAFER_LIB_EMULATOR_DEADLOCK_H
#define WAFER_LIB_EMULATOR_DEADLOCK_H

#include "ProgramTables.h"
#include "wafer/Support/Diagnostic.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace wafer::emulator {

/// A train that is not all where it should be.
struct HeldTrain {
  uint32_t pe;
  uint8_t color, side; // where it entered the fabric
  uint64_t total;
  bool isHeld;              // not all that its sender has computed has left
  uint32_t holder = kNone;  // the PE that has to do something about it
  uint32_t stopped = kNone; // the router whose switch does not take it
};

/// Where a train is held back. Of several places the first is named, in whatever order they were reached.
struct HoldingPlace {
  uint64_t room; // what comes first: the least
  uint32_t pe;
  bool isReceiver; // else a switch
  auto operator<=>(const HoldingPlace &) const = default;
};

/// What an instruction hears on a color.
struct WaitingInput {
  uint32_t pe;
  uint8_t color;
  bool hasWords;
  std::optional<HeldTrain> train = {}; // of which it has not read all
  uint32_t source = kNone;             // without a train: who would send
};

/// An instruction that has begun, at one core.
struct WaitingOp {
  const DecodedInstruction *instruction;
  uint8_t thread = 0;
  bool takesAll = false;             // what comes, in whole pieces
  std::optional<HeldTrain> out = {}; // what it waits for to leave
  std::vector<WaitingInput> inputs = {};
};

/// Where a core stands that has not ended, or whose threads have not, and what it waits for.
struct WaitingCore {
  std::optional<uint32_t> pc; // of the instruction that it has come to; none if it has halted
  uint32_t site = kNone;      // inside of a call: what that is there for
  bool isInCall = false;
  std::vector<WaitingOp> ops; // its own first, then its threads'
};

struct StuckCores {
  uint32_t count = 0; // that have not ended
  uint32_t first = 0;
  std::function<bool(uint32_t core)> isStuck;
  std::function<WaitingCore(uint32_t core)> waiting;
};

/// "PE (3, 1) of region 'r' in node 'conv1', code word 17".
std::string placeOf(const VerifiedProgram &program, const ProgramTables &tables, uint32_t core, uint32_t pc,
                    bool isInCall, uint32_t site);

Diagnostic deadlock(const VerifiedProgram &program, const ProgramTables &tables, const StuckCores &cores);

/// The PE whose core feeds a router's port: walks back against the current positions of a color's switches; kNone: the
/// host.
uint32_t sourceOf(const VerifiedProgram &program, uint32_t pe, uint8_t color, uint8_t side,
                  const std::function<uint8_t(uint32_t pe)> &position);

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_DEADLOCK_H
