// Random whole programs, by number: what holds the emulator and the reference engine together.
//
// A program is a list of steps in one order that all PEs follow: work on a PE's own memory, transfers over one color or
// several, gathers over switches, host inputs and outputs. A step alone cannot deadlock, so no list of them can,
// whatever the threads do; data races are kept away by waits that the builder puts in. One step may be a fault, of one
// kind. What a step does in detail follows from its own number, so a step that is left out (shrinking) changes no
// other.
#ifndef WAFER_TEST_RANDOM_RANDOMPROGRAM_H
#define WAFER_TEST_RANDOM_RANDOMPROGRAM_H

#include "wafer/Program/Verify.h"
#include "wafer/Reference/Reference.h"
#include "wafer/Target/Profile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace wafer::random_programs {

/// A color's routers, and who sends and hears.
struct Route {
  enum Kind : uint8_t {
    Tree,       // from one PE, perhaps over corners, to one or several; perhaps to itself
    Rows,       // from the first PE of every row to all of the row
    Links,      // neighbor links toward the first PE of every row: this color leads into PEs of one parity
    Gather,     // to the first PE of every line; each PE hands on the turn
    DirectCast, // from every PE of every row to all that follow and itself, in turn
    HostIn,     // from the west edge along a row
    HostOut,    // from a PE west
  } kind;
  unsigned color;
  bool vertical = false;        // Gather: along y
  unsigned parity = 0;          // Links
  int source = -1;              // PE: Tree, HostOut
  std::vector<int> receivers{}; // PEs: Tree, HostIn
  struct Router {
    int pe;
    std::vector<std::array<unsigned, 2>> positions; // input, outputs
  };
  std::vector<Router> routers{};
};

enum class Fault : uint8_t {
  None,
  MissingSend,    // the receiver waits for ever
  MissingReceive, // words are left over, or the sender waits for ever
  Crossed,        // two PEs send before they receive, about as much as the paths hold
  ShortGather,    // the head of a line does not take all blocks
  ShortOutput,    // the host gets a word too few
  ControlLeaves,  // or a control wavelet
  Bounds,
  ReadOnly,
  Uninitialised,
  Alignment,
  Rank,
  DivideByZero,
  VectorDivideByZero,
  Trap,
  CallDepth,
  UnroutedSend,
  UnroutedReceive,
  Race,
  Window,
  Overflow,
  EndlessLoop,
  Count, // of kinds
};

struct Step {
  enum Kind : uint8_t {
    Local,
    Scalars,
    Branch,
    Transfer,
    Relay,
    Join,
    Shift,
    Chain,
    Gather,
    Speakers, // a gather in which some PEs of a line, others on each, send words and the rest only the turn
    DirectCast,
    HostIn,
    HostOut,
    Faulty
  };
  Kind kind;
  uint64_t seed;
  int route = -1, next = -1; // indices; Relay: from one to the next; Join: both; Shift, Chain: even and odd
  int pe = -1;               // Local and the like: -1 is all PEs
  int count = 1;             // words
  int loops = 1;
  bool threads = false, function = false, control = false;
  bool simple = false; // one dimension, and no more than a move
  Fault fault = Fault::None;
};

struct RandomProgram {
  uint64_t seed = 0;
  int width = 1, height = 1;
  Profile profile;
  enum Regions : uint8_t { Whole, ByRow, ByPe } regions = Whole;
  bool uniform = false;     // the same operations on every PE of a role
  bool checksums = true;    // what is in memory at the end goes to the host
  uint32_t written = 0x1ff; // before the first step: arrays, as bits, and the scalar registers
  std::vector<Route> routes;
  std::vector<Step> steps;
  /// No color shares a ramp or link with another, none has several receivers, no thread is used, and all costs are
  /// whole cycles.
  bool unshared = false;
};

/// `seed` decides everything.
RandomProgram generate(uint64_t seed);

/// The program as the loader takes it.
Result<VerifiedProgram> build(const RandomProgram &program);
/// What the host gives it.
TensorWords inputsOf(const RandomProgram &program, const VerifiedProgram &verified);

struct Comparison {
  bool byClass = false;   // the engine by class came to the end itself
  std::string difference; // empty: both engines agree
  std::string code;       // of the error in which both end, or empty
  double streamCycles = 0, exactCycles = 0;
  uint64_t instructions = 0;
};
/// Runs it on both engines.
Comparison compare(const RandomProgram &program);

/// A smaller program that differs in the same way, to be printed.
RandomProgram shrink(RandomProgram program);
std::string text(const RandomProgram &program);

/// Runs programs from..from + count - 1; prints statistics and the first differences, shrunk. The number that differ.
uint64_t runMany(uint64_t from, uint64_t count, bool verbose);

} // namespace wafer::random_programs

#endif // WAFER_TEST_RANDOM_RANDOMPROGRAM_H
