// Runs a program by class: what PEs do alike is decided once, and done for all of them.
//
// Contexts (Contexts.h) run the cores, LaneFabric moves what they send, BlockMemory holds their words. A vector
// instruction that a context issues is a *post*: it has an instruction in hand (a LaneOp) at each position of its
// line, for all lanes of the context. Words that an instruction takes to memory are stored when the whole post has
// taken its own: nobody may look at them earlier.
//
// The bits, cycles and counts are those of the scalar engine (Engine.h). It says what is wrong, too, but for deadlocks:
// whatever a check finds here, and whatever this engine cannot do, ends its run, and the scalar engine starts again.
//
// ClassEngine.cpp     builds the state, runs the loop, collects statistics
// ClassIssue.cpp      how vector instructions begin
// ClassTransfers.cpp  how they take from the fabric, pass on and end
// ClassSharing.cpp    what cores share with their threads
// ClassParting.cpp    who goes on where nothing does
// ClassDeadlock.cpp   and who waits for whom if nobody can
// ClassExecute.cpp    what they compute
#ifndef WAFER_LIB_EMULATOR_CLASSES_CLASSENGINE_H
#define WAFER_LIB_EMULATOR_CLASSES_CLASSENGINE_H

#include "../SharedTime.h"
#include "../SiteTimes.h"
#include "BlockKernels.h"
#include "BlockMemory.h"
#include "Contexts.h"
#include "DataJobs.h"
#include "LaneFabric.h"
#include "wafer/Emulator/Emulator.h"
#include "wafer/Emulator/LoadedProgram.h"

#include <array>
#include <list>
#include <memory>

namespace wafer::emulator {

class RegionRun;

/// A vector instruction at PEs that have the same of everything that gives it its shape. Strides and places are words.
struct VectorShape {
  enum class Mode : uint8_t { None, Memory, ReadOnly, Register, Fabric, Iota };
  int rank;
  int32_t extent[4];
  int64_t n; // elements that are computed; of a window, words of the block
  Mode mode[4];
  int64_t at[4];
  int32_t stride[4][4];
  int32_t block[4], lower[4]; // of a window
  bool operator==(const VectorShape &) const = default;
};

/// A vector instruction that the PEs of a context have begun together.
struct Post {
  uint32_t references = 0;
  RegionRun *region = nullptr;
  const DecodedInstruction *instruction = nullptr;
  isa::VectorOp op;
  isa::ElementType type;
  uint8_t thread = 0;
  bool window = false, alongY = false;
  Context *context = nullptr; // waits for it
  PeSet set;
  int rank = 0;
  VectorShape::Mode mode[4] = {};
  Value extent[4], base[4], stride[4][4], scalar[4], block[4], lower[4];
  Value n;
  uint32_t outstanding = 0;
  uint32_t parting = 0; // its place among those that may part, and one: only while that is found out
  std::vector<Taken> taken;
};

/// A post at one position of its line; or what a port of the host takes.
struct LaneOp {
  static constexpr uint32_t kNone = ~0u;
  enum Kind : uint8_t { Send, Sink, Coupled } kind = Sink;
  bool queued = false, alive = false;
  uint8_t inputs = 0;
  uint32_t number = 0; // of the engine's ops
  uint32_t position = 0;
  Indices lanes;
  Indices heard; // lanes that there may be more for to take
  Indices held;  // of one on a thread: whose cores have not come to where they may wait
  PostRef post;  // null: the host's
  LaneEnd *in[3];
  uint8_t inOperand[3];
  PerLane inStart[3];
  LaneTrainRef out;
  PerLane n, done, pieceEnd, ready;
  PerLane begin, first; // set up; when it took its first element
  PerLane busyUntil;    // its core's own work behind it
  Ticks rate = 0, element = 0;
  std::vector<uint32_t> *hostData = nullptr;
  // Of one with one input.
  uint32_t taken = kNone; // its last piece in Post::taken
  LaneTrainRef followed;  // whose record it took as it came, up to an offset; then `ready` may be unknown yet
  size_t followedRecord = 0;
  PerLane followedTo, followedLatency;
  bool isReadyUnknown = false;
};

class ClassEngine : LaneClient {
public:
  explicit ClassEngine(const LoadedProgram &program);
  ~ClassEngine() override;

  /// Nothing: the scalar engine has to run it, from the beginning. `hostData` by port: inputs are read, outputs
  /// written.
  std::optional<Status> run(const RunOptions &options, std::vector<std::vector<uint32_t>> &hostData, RunStats &stats);

private:
  friend class RegionRun;

  bool load();
  void openHostPorts(std::vector<std::vector<uint32_t>> &hostData);
  void loop();
  bool isOver() const;
  void collect(RunStats &stats) const;

  LaneOp &newOp();
  void wake(LaneOp *op);
  void wake(LaneOp *op, const Indices &lanes);
  void heard(LaneEnd &end, const Indices &lanes, const Indices &whole) override;
  void moved(LaneTrain &train) override;
  void pump(LaneOp &op);
  struct Piece;
  void pumpSink(LaneOp &op);
  bool takePiece(LaneOp &op, const Piece &piece, Indices &moved);
  void take(LaneOp &op, const LaneLeg &leg, const Indices &lanes, const PerLane &offset, const PerLane &count);
  void receive(LaneOp &op, const Piece &piece, const Indices &lanes, const PerLane &after, const PerLane &count);
  void follow(LaneOp &op, const Piece &piece, const Indices &lanes, PerLane after, const PerLane &count);
  const PerLane &readyOf(LaneOp &op);
  PerLane lastTaken(const LaneOp &op, const Indices &lanes, const PerLane &comes, const PerLane &first,
                    const PerLane &count) const;
  void sendAll(LaneOp &op, const Indices &lanes);
  void start(LaneOp &op, const Indices &lanes);
  void noteFirst(LaneOp &op, const Indices &lanes, const PerLane &when);
  void pumpCoupled(LaneOp &op);
  bool takeHost(LaneOp &op, const LaneLeg &leg, const PerLane &offset, const PerLane &count);
  bool pass(LaneOp &op, const Indices &lanes, const Piece *pieces);
  void end(LaneOp &op, const Indices &lanes, const PerLane &when);
  void complete(LaneOp &op, const PerLane &when);
  PerLane endOf(LaneOp &op, const Indices &lanes);

  // ClassParting.cpp
  /// A post in hand, as partPosts looks at it.
  struct PartingPost {
    PostRef post;
    std::vector<LaneOp *> ops;
    Indices lanes;                 // in which nobody has been seen to wait
    std::vector<uint16_t> waiting; // positions
  };
  bool part();
  bool partPosts();
  size_t findParting();
  bool partStalled();
  void goOn(const PostRef &post, std::span<LaneOp *const> of, const PeSet &some);
  Indices lanesInHand(const LaneOp &op, const Indices &of) const;

  // ClassDeadlock.cpp
  bool lookAgain();
  bool isDeadlock() const;
  Diagnostic describeDeadlock();

  const VerifiedProgram &program;
  const ProgramTables &tables;
  const InstructionCosts &costs;
  LaneFabric fabric;
  std::optional<DataJobs> data; // of a run
  std::vector<std::unique_ptr<RegionRun>> regions;
  std::deque<LaneOp> ops;
  std::vector<uint64_t> aliveOps; // as bits
  std::vector<PartingPost> parting;
  std::vector<LaneOp *> freeOps, readyOps;
  std::vector<LaneOp *> hostOps;
  RunOptions options;
  Ticks limit = 0;        // of a core's clock
  uint64_t stepLimit = 0; // of a core's instructions and vector elements
  bool timed = false, loaded = false, cancelledByCaller = false;
  uint64_t vectorElements = 0, haltedPes = 0;
  uint64_t changesSeen = 0; // of the fabric, when everything was looked at again
};

/// The PEs of a region.
class RegionRun : public ContextClient {
public:
  RegionRun(ClassEngine &engine, uint32_t index);

  bool load();
  void reset();

  // ContextClient
  bool load(Context &, const Value &address, unsigned bytes, bool signExtend, Value &out) override;
  bool store(Context &, const Value &address, const Value &word) override;
  Issue vector(Context &, const DecodedInstruction &) override;
  Issue wait(Context &, uint8_t thread) override;
  void halted(Context &) override;
  void settle(Context &) override;
  void located(Context &, uint32_t location) override;
  void failed(const Context &, ErrorCode) override;
  bool cancelled(Context &) override;

  // ClassIssue.cpp
  bool capture(Context &, const isa::Instruction &, Post &);
  bool captureWindow(Context &, const isa::Instruction &, Post &);
  bool checkMemory(Post &, bool onThread);
  /// Whether something of before is still in hand; `where` gets the PEs.
  bool isThreadBusy(const PeSet &, uint8_t thread, std::vector<PeSet> *where = nullptr) const;
  bool areQueuesBusy(const PeSet &, const isa::Instruction &, std::vector<PeSet> *where = nullptr);
  /// PEs of a stalled context for which what it waits for is in hand still.
  std::vector<PeSet> whoWaits(const Context &);
  bool isAlongY(const isa::Instruction &) const;
  Issue issueLocal(Context &, const PostRef &);
  Issue issueFabric(Context &, const PostRef &);

  /// Calls f(shape, columns, rows) for sets of PEs that have the same shape, while it returns true.
  template <typename F> bool forShapes(const Post &post, const Indices &columns, const Indices &rows, F f) const;
  uint64_t elementsOf(const Post &post) const;
  VectorShape shapeAt(const Post &post, uint32_t x, uint32_t y) const;

  // ClassExecute.cpp: what DataJobs does. False: an operation has failed.
  bool executeLocal(const Post &post, Team &team);
  bool executeSends(const Post &post, std::span<const Sent> all, Team &team);
  bool executeTaken(const Post &post, std::span<const Taken> all, Team &team);
  bool executePassed(const Post &post, const Passed &passed, Team &team);

  // Clocks, by PE; at a position of a line.
  PerLane clocksAt(bool alongY, uint32_t position, const Indices &lanes) const;
  void setClocks(bool alongY, uint32_t position, const Indices &lanes, const PerLane &to);
  PerLane numbersAt(const Value &value, bool alongY, uint32_t position, const Indices &lanes) const;
  std::vector<Ticks> &threadEnds(uint8_t thread);
  PerLane ticksAt(const std::vector<Ticks> &ticks, bool alongY, uint32_t position, const Indices &lanes) const;
  void setTicks(std::vector<Ticks> &ticks, bool alongY, uint32_t position, const Indices &lanes, const PerLane &to);

  size_t peAt(bool alongY, uint32_t position, uint16_t lane) const {
    return alongY ? size_t(position) * width + lane : size_t(lane) * width + position;
  }

  // ClassSharing.cpp
  void beginOn(unsigned thread, size_t pe, const Usage &of);
  Ticks behind(unsigned thread, size_t pe, Ticks clock, SharedTime &shares) const;
  Ticks waitFor(unsigned thread, size_t pe, Ticks clock);
  Ticks lastClock() const;
  void waitForQueues(const Post &post, uint32_t position, const Indices &lanes, PerLane &start);
  void letGo(Context &, Ticks more);
  bool isShared(const Post &post) const { return unsettled || post.thread; }
  void ended(const LaneOp &op, const Indices &lanes);

  // Asynchronous accesses.
  bool meetsAccess(const PeSet &set, const Footprint &words, bool write) const;
  void release(const PeSet &set, uint8_t thread);
  PeSet oneOf(uint16_t x, uint16_t y) const;

  ClassEngine &engine;
  const RegionTables &tables;
  const uint32_t index, width, height;
  BlockMemory memory;
  std::unique_ptr<Contexts> contexts;
  std::vector<Ticks> clocks, since; // by PE, row by row; since when at the location
  std::vector<Ticks> threadEnd[isa::kThreads];
  // By PE; empty as long as no thread has had anything to do. How many instructions on threads are not settled.
  std::vector<SharedTime> shared;
  std::vector<uint8_t> threadsOut; // which have some, as bits: most PEs have none, and then nothing else is looked at
  uint64_t unsettled = 0;
  std::vector<Usage> usage[isa::kThreads];
  std::vector<LaneOp *> held;      // instructions on threads that are held in some lanes
  std::list<PostRef> asynchronous; // not ended yet
  struct Access {
    uint8_t thread;
    bool write;
    PeSet set;
    Footprint words;
  };
  std::vector<Access> accesses;
  std::vector<std::array<AccessCache, 4>> checked; // the last checks of each instruction, by operand
  std::vector<SiteTimes> siteTimes;                // by site
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_CLASSENGINE_H
