// The emulator's inside: cores, the fabric between them, and the loop that runs both.
//
// Programs are Kahn networks: routes are fixed or switch in stream order, one writer feeds each input of a router, and
// receives block. So what a core computes, and when on its own clock, is a function of the streams it receives, and the
// order in which this host happens to run the cores is free. Everything here keeps to that: no decision looks at what
// else happens to be ready. Options::scheduleSeed shuffles the order to prove it.
//
// Memory.h      what a region's cores hold, and what an access may not do
// Core.cpp      fetches; scalar instructions
// Issue.cpp     how vector instructions begin
// Execute.cpp   what they compute
// Fabric.h      moves trains of wavelets, holds senders back, flips switches, keeps time
// Sharing.cpp   what cores share with their threads
// Transfers.cpp how instructions take from the fabric and pass on
// Engine.cpp    builds the state, runs the loop, collects statistics
// Report.cpp    says what is wrong: who waits for whom (Deadlock.h), data left over
// Trace/        writes down what happens, if that is wanted
#ifndef WAFER_LIB_EMULATOR_ENGINE_H
#define WAFER_LIB_EMULATOR_ENGINE_H

#include "Deadlock.h"
#include "Fabric.h"
#include "Kernels.h"
#include "Memory.h"
#include "ProgramTables.h"
#include "SharedTime.h"
#include "SiteTimes.h"
#include "Ticks.h"
#include "Trace/Tracer.h"
#include "wafer/Emulator/Emulator.h"
#include "wafer/Program/Verify.h"

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace wafer::emulator {

/// A vector instruction that has begun.
struct Op {
  enum Kind : uint8_t { Send, Sink, Coupled } kind = Sink;
  bool window = false, host = false, queued = false, alive = false;
  bool held = false; // on a thread, until the core comes to where it may wait
  uint8_t thread = 0, inputs = 0;
  uint32_t core = kNone;
  const DecodedInstruction *instruction = nullptr;
  KernelCall call;
  uint8_t inData = 0; // operands, as bits, that are in the core's data
  union {
    uint32_t scalar[4]; // register operands, captured
    int32_t block[4];   // of a window
  };
  int32_t lower[4]; // of a window
  End *in[3];
  uint8_t inOperand[3];
  uint64_t inStart[3]; // coordinate of element 0
  TrainRef out;
  uint32_t n = 0, done = 0; // elements
  uint32_t pieceEnd = 0;
  Ticks begin = 0;                  // set up and on its way
  Ticks first = 0;                  // when it took its first element
  Ticks element = 0, busyUntil = 0; // of the data path; the core's own work, behind an instruction on a thread
  /// The time for some elements from the first one on, but for what they wait for.
  Ticks timeOf(Ticks from, int64_t count) const {
    return (count - 1) * rate + (done ? 0 : turnsTime(from, count, busyUntil, element, rate));
  }
  Ticks ready = 0, rate = 0;
  std::vector<uint32_t> *hostData = nullptr;
};

struct ThreadState {
  Op *op[isa::kThreads] = {};
  Ticks end[isa::kThreads] = {};
  Usage usage[isa::kThreads] = {}; // of the last instruction
  SharedTime shared;
  uint8_t held = 0; // threads, as bits
  AsyncAccesses accesses;
};

struct Descriptor {
  uint32_t base = 0;
  int32_t stride[4] = {0, 0, 0, 0};
  uint8_t rank = 0; // 0: unset
};

struct Core {
  enum State : uint8_t { Ready, Running, Blocked, Halted } state = Ready;
  uint8_t depth = 0, nestRank = 0;
  uint16_t x = 0, y = 0; // in the region
  uint32_t region = 0;
  uint32_t pc = 0; // index of the next instruction
  Ticks clock = 0;
  uint64_t steps = 0;
  Op *op = nullptr; // the synchronous instruction in flight
  std::unique_ptr<ThreadState> threads;
  uint32_t location = kNone; // the site that the core works on, and since when
  Ticks locationSince = 0;
  int32_t nest[4];
  // As many as its code names.
  int32_t *regs = nullptr;
  Descriptor *descriptors = nullptr;
  uint32_t *calls = nullptr;
};

/// The state of a run: cores, memory, what is on its way, and what came out.
class Engine : FabricClient {
public:
  /// The program outlives it.
  explicit Engine(const LoadedProgram &program);

  /// Room for what ports carry; the cores' memory when the first run begins.
  Status prepare();
  Status run(const RunOptions &options);

  std::vector<std::vector<uint32_t>> hostData; // by port
  RunStats stats;

private:
  // Engine.cpp
  /// Memory for the cores, with the weights in it.
  Status allocate();
  void reset();
  void openHostPorts();
  void loop();
  void collect();
  uint32_t meshPe(const Core &core) const;
  void makeReady(Core &core);
  void wake(Op *op) override;
  void failed(Diagnostic why) override { failure = std::move(why); }
  Op *newOp();
  void freeOp(Op *op);

  // Core.cpp
  void runCore(uint32_t core);
  bool checkRead(uint32_t index, const Core &core, const Footprint &words, bool &readOnly);
  bool checkWrite(uint32_t index, const Core &core, const Footprint &words);
  /// Gives a region's cores all of their memory.
  bool growMemory(uint32_t region);
  void chargeLocation(Core &core, uint32_t location);
  bool step(Core &core, uint64_t steps, Ticks time);
  static Diagnostic noMemory();
  bool failAt(const Core &core, const Diagnostic &what);
  bool failAt(const Core &core, ErrorCode code, const std::string &what, const std::string &hint);

  // Issue.cpp
  bool issueVector(uint32_t index, Core &core, const DecodedInstruction &d);
  bool issueWindow(uint32_t index, Core &core, const DecodedInstruction &d);
  void sendAll(Op &op);
  bool startOp(uint32_t index, Core &core, Op *op, Ticks setup);
  bool capture(uint32_t index, Core &core, const DecodedInstruction &d, Op &op, AsyncAccesses &accesses);

  // Sharing.cpp
  /// The core goes on behind the end of a thread's last instruction.
  void waitFor(Core &core, unsigned thread);
  void beginOn(Core &core, unsigned thread, const Usage &usage) const;
  void letGo(Core &core, Ticks busyUntil);
  Usage usageOf(const Op &op) const;

  // Execute.cpp
  void executeRange(Op &op, uint64_t begin, uint64_t count, uint32_t *const *words);
  void executeWindow(Op &op, uint64_t begin, uint64_t count, const uint32_t *from);

  // Transfers.cpp
  void moved(Train &train) override;
  void pump(Op *op);
  void pumpSink(Op *op);
  void pumpCoupled(Op *op);
  void complete(Op *op, Ticks when);
  Ticks sendEnd(const Train &train) const;

  bool stopped() const { return failure.has_value(); }
  /// Asks the caller whether the run is still wanted; if not, it has failed.
  bool cancelled();

  // Tracing.cpp
  Status openTrace();
  Status finishTrace();
  /// An instruction with fabric operands is done.
  void traceEnd(const Op &op, Ticks when);
  /// Some wavelets of a train have been taken: between two times, and sent between two.
  void traceTransfer(const Train &train, const End &end, bool toHost, uint64_t count, Ticks sentFirst, Ticks sentLast,
                     Ticks first, Ticks last);
  uint32_t regionOf(uint32_t pe) const { return cores[tables.coreOfPe[pe]].region; }

  // Report.cpp
  void reportStuck();
  void reportLeftovers();
  std::string describe(uint32_t core) const;
  WaitingCore waiting(uint32_t core) const;
  HeldTrain held(const Train &train) const;
  /// Who feeds a router, as its switch stands; kNone: the host, or nobody.
  uint32_t sourceBefore(uint32_t pe, uint8_t color) const;

  const VerifiedProgram &program;
  const ProgramTables &tables;
  const InstructionCosts &costs;

  std::vector<Core> cores;
  std::vector<int32_t> registers; // of all cores, one after the other
  std::vector<Descriptor> descriptors;
  std::vector<uint32_t> calls;
  std::vector<RegionMemory> memories; // by region
  Fabric fabric;
  std::deque<Op> ops;
  std::vector<Op *> freeOps;
  std::vector<uint32_t> readyCores;
  std::vector<Op *> readyOps;
  std::vector<SiteTimes> siteTimes; // by site
  std::optional<Diagnostic> failure;

  // Of the run.
  RunOptions options;
  bool timed = false;
  std::unique_ptr<Tracer> tracer; // null if nobody asked for a trace
  uint64_t random = 0;
  Ticks limit = 0;        // of a core's clock
  uint64_t stepLimit = 0; // of a core's instructions and vector elements
  uint64_t instructions = 0, vectorElements = 0;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_ENGINE_H
