// The emulator's inside: cores, the fabric between them, and the loop that runs both.
//
// Programs are Kahn networks: routes are fixed or switch in stream order, one writer feeds each input of a router, and
// receives block. So what a core computes, and when on its own clock, is a function of the streams it receives, and the
// order in which this host happens to run the cores is free. Everything here keeps to that: no decision looks at what
// else happens to be ready. Options::scheduleSeed shuffles the order to prove it.
//
// Memory.h      what a region's cores hold, and what an access may not do
// Core.cpp      fetches and executes: scalars, vector instructions
// Fabric.cpp    moves trains of wavelets, holds senders back, flips switches, keeps time
// Engine.cpp    builds the state, loads weights, runs the loop, collects statistics
// Report.cpp    says what is wrong: deadlocks as a named cycle, data left over
// Trace/        writes down what happens, if that is wanted
#ifndef WAFER_LIB_EMULATOR_ENGINE_H
#define WAFER_LIB_EMULATOR_ENGINE_H

#include "Kernels.h"
#include "Memory.h"
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

constexpr uint64_t kUnlimited = uint64_t(1) << 62;
constexpr uint32_t kNone = ~0u;

template <typename T> class Ref { // single-threaded reference count inside the object
public:
  Ref() = default;
  Ref(T *p) : p(p) { grab(); }
  Ref(const Ref &o) : p(o.p) { grab(); }
  Ref(Ref &&o) noexcept : p(o.p) { o.p = nullptr; }
  Ref &operator=(Ref o) noexcept {
    std::swap(p, o.p);
    return *this;
  }
  ~Ref() {
    if (p && --p->references == 0)
      delete p;
  }
  T *operator->() const { return p; }
  T &operator*() const { return *p; }
  T *get() const { return p; }
  explicit operator bool() const { return p; }

private:
  void grab() {
    if (p)
      ++p->references;
  }
  T *p = nullptr;
};

/// A queue that costs nothing while it is empty: there are as many as PEs and colors.
template <typename T> class Fifo {
public:
  bool empty() const { return head == items.size(); }
  size_t size() const { return items.size() - head; }
  T &operator[](size_t i) { return items[head + i]; }
  const T &operator[](size_t i) const { return items[head + i]; }
  T &front() { return items[head]; }
  const T &front() const { return items[head]; }
  auto begin() { return items.begin() + head; }
  auto end() { return items.end(); }
  auto begin() const { return items.begin() + head; }
  auto end() const { return items.end(); }
  void push(T item) {
    if (head > 16 && head * 2 > items.size())
      compact();
    items.push_back(std::move(item));
  }
  void pop(size_t count = 1) {
    for (size_t i = 0; i != count; ++i)
      items[head + i] = T();
    head += count;
    if (head == items.size())
      compact();
  }

private:
  void compact() {
    items.erase(items.begin(), items.begin() + head);
    head = 0;
  }
  std::vector<T> items;
  size_t head = 0;
};

struct Op;
struct Stream;
struct End;

/// Wavelets [start, start + count) of a train leave the sender between two times, evenly.
struct Record {
  uint32_t start, count;
  Ticks first, last;
  Ticks at(uint64_t k) const { return count > 1 ? first + (last - first) * int64_t(k - start) / (count - 1) : first; }
};

/// A router that a train goes through where switches are on its way.
struct TrainNode {
  uint32_t pe;
  uint32_t openLeaves; // ends and parking places beyond it that its tail still waits for
  Ticks passed = 0;    // when the last wavelet has passed it, so far as known
};

/// One of the places that a train's head has reached: a receiver, or a router whose switch does not take it yet.
struct TrainLeaf {
  bool parked = false;
  End *end = nullptr;
  uint64_t base = 0; // coordinate of the train's first wavelet at `end`
  uint32_t pe = 0;   // parked: at which router, on which side
  uint8_t side = 0;
  struct Step {
    uint32_t node;
    Ticks latency, gate; // from injection to the node; the head did not leave it earlier
    bool switched;       // the color has several positions there
  };
  std::vector<Step> path; // from the source on
  uint32_t tail = 0;      // first step of the path that the tail has not passed
  Ticks total = 0;        // latency to where the head is
  Ticks gate = 0;         // the head cannot be here earlier: a switch opened then
};

/// The wavelets of one send: its data, then its control wavelet. One event, whatever its length.
struct Train {
  uint32_t references = 0;
  Stream *stream = nullptr;
  Op *op = nullptr; // the sending instruction until it completes
  isa::Control control = isa::Control::None;
  uint32_t total = 0;    // wavelets, control included
  uint32_t produced = 0; // by the sender
  uint32_t injected = 0; // into the fabric: what the buffers ahead and the receivers' demand take
  uint32_t unread = 0;   // receivers, parked heads among them, that have not read all
  uint64_t base = 0;     // static: coordinate of the first wavelet in the stream
  bool queued = false;
  std::vector<uint32_t> data;
  std::vector<Record> records;   // ascending, of the wavelets whose time is known
  std::vector<TrainLeaf> leaves; // of a stream with switches on its way
  std::vector<TrainNode> nodes;
};
using TrainRef = Ref<Train>;

/// Receivers of a stream without switches.
struct RouteLeaf {
  End *end;
  uint64_t capacity; // wavelets that the path buffers, from sender to receiver
  Ticks latency, response;
};

/// All that one core (or host port) sends on one color.
struct Stream {
  uint32_t pe = 0;
  uint8_t color = 0;
  uint8_t side = PortRamp; // where it enters the router of `pe`
  bool traced = false, dynamic = false;
  std::vector<RouteLeaf> leaves;
  uint64_t sent = 0; // wavelets of all trains so far
  // Static: least coordinate that some receiver holds the stream back at; by demand, and by consumption.
  uint64_t injectLimit = 0, settleLimit = 0;
  uint32_t atInject = 0, atSettle = 0;
  TrainRef current;
  Op *op = nullptr;
  Ticks freeAt = 0;
  uint64_t wavelets = 0;
};

struct Leg { // a train, seen by a receiver
  TrainRef train;
  uint64_t base = 0;
  Ticks latency = 0, gate = 0;
};

/// When a receiver took wavelets [start, start + count), and where it passed them on.
struct Consumption {
  uint64_t start = 0, count = 0;
  Ticks first = 0, last = 0;
  TrainRef out;
  uint32_t outStart = 0;
};

/// The queue of one color at one core's ramp, or at a host port. Coordinates count wavelets since the run began.
struct End {
  uint32_t pe = 0;
  uint8_t color = 0;
  Stream *writer = nullptr; // static: the only one
  uint64_t writerCapacity = 0;
  uint64_t maxCapacity = 0;
  Fifo<Leg> legs;    // not settled yet
  size_t cursor = 0; // the leg being read
  uint64_t enqueued = 0;
  uint64_t promised = 0; // wavelets that running instructions are bound to take, whatever else happens
  uint64_t consumed = 0;
  uint64_t settled = 0; // consumed, and passed on so far that they hold no buffer of this path
  Op *op = nullptr;     // the receiving instruction
  Ticks freeAt = 0;
  Fifo<Consumption> history;
};

/// A vector instruction that has begun.
struct Op {
  enum Kind : uint8_t { Send, Sink, Coupled } kind = Sink;
  bool window = false, host = false, queued = false, alive = false;
  uint8_t thread = 0, inputs = 0;
  uint32_t core = kNone;
  const DecodedInstruction *instruction = nullptr;
  KernelCall call;
  uint32_t scalar[4];         // register operands, captured
  int32_t streamStride[4];    // row-major strides of the nest
  int32_t block[4], lower[4]; // of a window
  End *in[3];
  uint8_t inOperand[3];
  uint64_t inStart[3]; // coordinate of element 0
  TrainRef out;
  uint64_t n = 0, done = 0;
  uint64_t pieceEnd = 0;
  Ticks begin = 0; // set up and on its way
  Ticks ready = 0, rate = 0;
  std::vector<uint32_t> *hostData = nullptr;
};

struct ThreadState {
  Op *op[isa::kThreads] = {};
  Ticks end[isa::kThreads] = {};
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
  int32_t regs[isa::kScalarRegisters];
  int32_t nest[4];
  uint32_t calls[isa::kCallDepth];
  Descriptor descriptors[isa::kDescriptorRegisters];
};

struct LocationStats {
  Ticks busy = 0, first = INT64_MAX, last = 0;
  void add(const LocationStats &other) {
    busy += other.busy;
    first = std::min(first, other.first);
    last = std::max(last, other.last);
  }
};

struct RegionState {
  const image::Region *region = nullptr;
  const VerifiedRegion *verified = nullptr;
  uint32_t firstCore = 0, cores = 0;
  uint32_t x = 0, y = 0, w = 0, h = 0;
  RegionMemory memory;
  std::vector<uint32_t> location; // by instruction: index into the engine's sites, or kNone
};

struct RouterState { // of a color with several switch positions
  uint8_t position = 0;
  TrainRef pending; // on its way through, its control wavelet still to come
  uint8_t pendingSide = 0;
  Ticks openedAt = 0;
  struct Parked {
    TrainRef train;
    uint32_t leaf = 0;
  };
  Fifo<Parked> parked[5];
};

class Engine {
public:
  Engine(VerifiedProgram program);

  Status load();
  Status run(const RunOptions &options);

  const VerifiedProgram program;
  std::vector<std::vector<uint32_t>> hostData; // by port
  RunStats stats;

private:
  // Engine.cpp
  void reset();
  void openHostPorts();
  void loop();
  void collect();
  uint32_t meshPe(const Core &core) const;
  void makeReady(Core &core);
  void queueOp(Op *op);
  void queueTrain(Train *train);
  Op *newOp();
  void freeOp(Op *op);

  // Core.cpp
  void runCore(uint32_t core);
  bool issueVector(uint32_t index, Core &core, const DecodedInstruction &d);
  bool issueWindow(uint32_t index, Core &core, const DecodedInstruction &d);
  bool startOp(uint32_t index, Core &core, Op *op, Ticks setup);
  bool checkRead(uint32_t index, const Core &core, const Footprint &words, bool &readOnly);
  bool checkWrite(uint32_t index, const Core &core, const Footprint &words);
  bool capture(uint32_t index, Core &core, const DecodedInstruction &d, Op &op, AsyncAccesses &accesses);
  void executeRange(Op &op, uint64_t begin, uint64_t count, uint32_t *const *fabric);
  void executeWindow(Op &op, uint64_t begin, uint64_t count, const uint32_t *from);
  void chargeLocation(Core &core, uint32_t location);
  bool step(Core &core, uint64_t steps, Ticks time);
  bool failAt(const Core &core, const Diagnostic &what);
  bool failAt(const Core &core, ErrorCode code, const std::string &what, const std::string &hint);

  // Fabric.cpp
  End &endAt(uint32_t pe, uint8_t color);
  Stream &streamAt(uint32_t pe, uint8_t color);
  bool trace(Stream &stream);
  void launch(Train &train);
  void advanceHead(const TrainRef &train, uint32_t leaf, bool unparked);
  void advanceTails(Train &train);
  void flip(Train &train, TrainNode &node);
  void unpark(uint32_t pe, uint8_t color, RouterState &state);
  void updateTrain(const TrainRef &train);
  uint64_t injectable(const Train &train) const;
  uint64_t settleable(const Train &train) const;
  uint64_t parkedLimit(const Train &train, const TrainLeaf &leaf) const;
  uint64_t parkedAhead(const Train &train, const TrainLeaf &leaf) const;
  uint64_t capacityBeyond(const TrainLeaf &leaf, size_t node) const;
  uint64_t capacityFromSource(const Train &train, const TrainLeaf &leaf) const;
  void promise(End &end, uint64_t coordinate);
  void settle(End &end, uint64_t coordinate);
  void pump(Op *op);
  void pumpSink(Op *op);
  void pumpCoupled(Op *op);
  void complete(Op *op, Ticks when);
  Ticks sendEnd(const Train &train) const;
  Ticks consumedAt(const End &end, uint64_t coordinate) const;
  Ticks injectedAt(const Train &train, uint64_t k) const;
  Ticks passedAt(const Train &train, const TrainLeaf &leaf, int node, uint64_t k) const;
  void remember(End &end, Consumption consumption);
  RouterState &routerAt(uint32_t pe, uint8_t color);
  bool neighbor(uint32_t pe, uint8_t side, uint32_t &next) const;
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
  uint32_t regionOf(uint32_t pe) const { return cores[coreOfPe[pe]].region; }

  // Report.cpp
  void reportStuck();
  void reportLeftovers();
  std::string describe(uint32_t core) const;
  std::string place(uint32_t pe) const;
  std::string colorName(uint32_t pe, uint8_t color) const;
  std::string whatBlocks(uint32_t core, uint32_t &nextPe) const;
  uint32_t sourceOf(uint32_t pe, uint8_t color, uint8_t side) const;
  uint32_t blockedOnEnd(const End &end, std::string &why) const;
  uint32_t blockedOnTrain(const Train &train, std::string &why) const;

  std::vector<Core> cores;
  std::vector<RegionState> regions;
  std::vector<uint32_t> coreOfPe; // by mesh position; kNone where no program runs
  std::deque<End> ends;
  std::deque<Stream> streams;
  std::unordered_map<uint64_t, End *> endIndex;
  std::unordered_map<uint64_t, Stream *> streamIndex;
  std::vector<End *> hostEnds;                        // by port; null for inputs
  std::unordered_map<uint64_t, uint32_t> hostOutputs; // (pe, color, side): port
  std::unordered_map<uint64_t, RouterState> routers;
  std::deque<Op> ops;
  std::vector<Op *> freeOps;
  std::vector<uint32_t> readyCores;
  std::vector<Op *> readyOps;
  std::vector<TrainRef> readyTrains;
  std::vector<Site> sites;                  // what code is there for, in all regions
  std::vector<LocationStats> locationStats; // by site
  std::optional<Diagnostic> failure;
  KernelFunction kernels;

  // Of the run.
  RunOptions options;
  bool timed = false;
  std::unique_ptr<Tracer> tracer; // null if nobody asked for a trace
  uint64_t random = 0;
  Ticks limit = 0;        // of a core's clock
  uint64_t stepLimit = 0; // of a core's instructions and vector elements
  uint64_t instructions = 0, vectorElements = 0;

  // Costs, from the profile.
  Ticks setupCost[isa::kVectorOpNumbers], elementCost[isa::kVectorOpNumbers], fmaI32Cost = 0;
  Ticks scalarCost = 0, memoryCost = 0, branchCost = 0, divideCost = 0;
  Ticks linkCost = 0, hopCost = 0, turnCost = 0, rampCost = 0, hostCost = 0;
  uint64_t linkBuffer = 0, inputQueue = 0, outputQueue = 0;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_ENGINE_H
