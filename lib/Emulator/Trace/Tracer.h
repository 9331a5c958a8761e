// What happens in a run, as a trace: kernels by region, the cores' time, words; of some PEs every instruction.
//
// The engine runs cores in some order, each on its own clock, and tells what a core does when its time is known. So
// what is told of one core, or one thread of it, is in the order of time and goes straight into the file: slices of the
// PEs that were asked for. What is told of a region comes from many cores at different times and is gathered:
//
//   kernels   All cores of a region go through the same kernels in the same order. The n-th that a core enters is one
//             instance with the n-th of all others; it is written when the last core has left it, so as many are kept
//             as cores are apart. A program of branches may do otherwise: then one n has several instances.
//   time      Cycles spent computing, moving words and waiting, and words sent, go into histograms.
//   streams   First and last word, by sender, receiver and name.
//
// So memory grows with regions and PEs, never with the length of the run. Everything gathered is a sum, a least or a
// greatest: what the file says does not depend on the order in which cores ran, only the order of its packets does.
#ifndef WAFER_LIB_EMULATOR_TRACE_TRACER_H
#define WAFER_LIB_EMULATOR_TRACE_TRACER_H

#include "Histogram.h"
#include "TraceFile.h"
#include "wafer/Emulator/Emulator.h"
#include "wafer/Program/Verify.h"

#include <deque>
#include <map>
#include <span>
#include <vector>

namespace wafer::emulator {

/// What code is there for.
struct Site {
  uint32_t region;
  uint32_t name;   // index into Manifest.strings: the ONNX node
  uint32_t kernel; // index into the region's kernels plus one; 0: none
};

class Tracer {
public:
  static constexpr uint32_t kNoSite = ~0u;
  /// Region of what comes from or goes to the host.
  static constexpr uint32_t kHost = ~0u;

  /// Fails where the file cannot be written, and for PEs that are not there.
  static Result<std::unique_ptr<Tracer>> open(const TraceOptions &options, const VerifiedProgram &program,
                                              std::span<const Site> sites);

  /// Cores are numbered region by region, row by row. `steps` is what the core has executed, instructions and elements
  /// of vectors.

  /// A core goes from what it works on to another site, or to none.
  void enter(uint32_t core, uint32_t site, Ticks when, uint64_t steps);
  /// A core came to an instruction at `from`, could begin it at `start` and had set it up at `begin`; it is the last of
  /// `steps`.
  void issue(uint32_t core, const isa::Instruction &instruction, unsigned thread, uint64_t elements, Ticks from,
             Ticks start, Ticks begin, uint64_t steps);
  /// The instruction is done, on its thread (0: the core). One with fabric operands has moved words for `moving`.
  void finish(uint32_t core, unsigned thread, Ticks begin, Ticks end, bool fabric, Ticks moving);
  /// A core waited for a thread; the instruction is the last of `steps`.
  void wait(uint32_t core, unsigned thread, Ticks from, Ticks to, uint64_t steps);
  /// Words have left a region's core, or the host.
  void send(uint32_t region, uint64_t words, Ticks from, Ticks to);
  /// Words have come from one region to another, by a route of that name.
  struct Transfer {
    uint32_t source, target; // regions
    uint32_t name;           // index into Manifest.strings
    uint64_t words;
    Ticks sentFirst, sentLast, first, last;
  };
  void receive(const Transfer &transfer);

  /// Writes what has been gathered, and the file.
  Status finish(const RunStats &stats);

private:
  struct CoreState {
    Ticks told = 0;         // until when its time has been told
    uint64_t toldSteps = 0; // and its steps
    uint64_t entered = 0;   // sites
    Ticks enteredAt = 0;
    uint32_t site = kNoSite, region = 0;
    uint32_t detail = ~0u; // index into `details`; none
  };
  struct Detail { // of a PE that was asked for
    TrackId track;
    TrackId threads[isa::kThreads] = {}; // made when they are used
  };
  struct Instance {
    Ticks first = INT64_MAX, last = 0, busy = 0;
    uint32_t cores = 0;
  };
  struct Place { // instances that may still grow, of the n-th kernel that cores enter
    std::map<uint32_t, Instance> bySite;
    uint32_t left = 0; // cores that have
  };
  struct Lane { // a track of slices that do not overlap
    TrackId track;
    Ticks end;
  };
  struct RegionTrace {
    TrackId process = 0;
    uint32_t cores = 0;
    uint64_t firstPlace = 0;
    std::deque<Place> places;
    std::vector<Lane> kernels;
    Histogram computing, moving, waiting, words;
  };

  Tracer(const TraceOptions &options, const VerifiedProgram &program, std::span<const Site> sites);
  void addTracks();
  void tellScalars(CoreState &core, Ticks until, uint64_t steps);
  void leave(CoreState &core, Ticks when);
  void writePlace(RegionTrace &region, const Place &place);
  void writeKernel(RegionTrace &region, uint32_t site, const Instance &instance);
  void writeTransfers();
  void writeHistograms(RegionTrace &region);
  Lane &laneFor(std::vector<Lane> &lanes, TrackId process, const char *name, Ticks first);
  TrackId threadTrack(Detail &detail, unsigned thread);
  std::string nameOf(uint32_t site) const;
  std::string nameOf(const isa::Instruction &instruction, uint32_t core) const;
  std::string channel(uint32_t core, uint8_t color) const;
  RegionTrace &regionOf(uint32_t number) { return number == kHost ? host : regions[number]; }

  const TraceOptions options;
  const VerifiedProgram &program;
  const std::span<const Site> sites;
  TraceFile file;
  TrackId run = 0;
  RegionTrace host;
  std::vector<RegionTrace> regions;
  std::vector<CoreState> cores;
  std::vector<Detail> details;
  std::vector<uint32_t> peOf;                            // of details
  std::map<std::array<uint32_t, 3>, Transfer> transfers; // by source, target and name
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_TRACE_TRACER_H
