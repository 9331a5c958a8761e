// The fabric, over lanes: what Fabric.h does for one stream, done for a stream of every row (or column) of a region at
// once. The rules are those of Fabric.h, one by one; docs/emulator.md has the nouns.
//
// A *line* is an axis of a region. Its lanes are the rows for colors that run along x, the columns for those along y;
// its positions count along the axis. What is at one position in all lanes is one object: an end, a stream, a train,
// a router. Counts and times are numbers per lane, so lanes whose PEs send more or less than others stay together. An
// instruction that only some lanes run has trains and legs of those lanes; what each lane sees is its own sequence.
//
// Colors that leave the region, meet the host, turn or differ from lane to lane are *wires*: their lanes are the rows,
// and each lane's route is traced for itself, into whatever line it leads. Wires have no switches here.
//
// Control goes on when all lanes of an instruction can. Nothing that a program can see depends on when, so this may
// only make a run stop too early; then the scalar engine runs it again.
//
// LaneRoutes.cpp     where streams go
// LaneTrains.cpp     launch, inject, settle, and what receivers promise
// LaneSwitches.cpp   heads, tails and switches
// LaneTime.cpp       when
// LanePace.h         many wavelets' times as one
#ifndef WAFER_LIB_EMULATOR_CLASSES_LANEFABRIC_H
#define WAFER_LIB_EMULATOR_CLASSES_LANEFABRIC_H

#include "../Containers.h"
#include "../Fabric.h"
#include "LanePace.h"

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

namespace wafer::emulator {

struct LaneOp;
struct LaneEnd;
struct LaneStream;
struct LaneSwitches;
struct LaneTrain;
void release(LaneTrain *train);
using LaneTrainRef = Ref<LaneTrain>;

/// An axis of a region; or a port of the host, of one lane and one position.
struct Line {
  uint32_t region = kNone;
  bool alongY = false; // lanes are columns
  uint32_t lanes = 0, positions = 0;
  std::vector<LaneEnd *> ends;       // by position and color
  std::vector<LaneStream *> streams; // by position and color
};

/// The words of a train. Over rows: lane by lane. Over columns: in blocks of eight, as memory is: word by word, eight
/// columns side by side.
class LaneWords {
public:
  LaneWords() = default;
  LaneWords(const LaneWords &) = delete;
  ~LaneWords() { free(); }
  bool inBlocks() const { return blocks; }
  /// Room for words of some lanes; what it holds does not matter.
  void allocate(bool inBlocks, const Indices &of, size_t wordsOfLane);
  void free();
  /// Word 0 of a lane, over rows; of the block that has a column.
  uint32_t *lane(uint32_t lane) const { return data + size_t(lane - firstLane) * words; }
  uint32_t *block(uint32_t column) const { return data + size_t(column / 8 * 8 - firstLane) * words; }
  /// One word of a lane.
  uint32_t &at(uint32_t lane, size_t word) const {
    return blocks ? block(lane)[word * 8 + lane % 8] : this->lane(lane)[word];
  }

private:
  bool blocks = false;
  uint32_t firstLane = 0;
  size_t words = 0; // of a lane
  uint32_t *data = nullptr;
  unsigned sizeClass = 0;
};

struct LaneTrainNode {
  Indices lanes;
  uint32_t position;
  uint32_t openLeaves;
  PerLane passed;
};

struct LaneTrainLeaf {
  Indices lanes; // that are there
  bool parked = false;
  LaneEnd *end = nullptr;
  PerLane base;
  uint32_t position = 0; // parked: at which router, on which side
  uint8_t side = 0;
  struct Step {
    uint32_t node;
    Ticks latency;
    PerLane gate;
    bool switched;
  };
  std::vector<Step> path;
  uint32_t tail = 0;
  Ticks total = 0;
  PerLane gate;
  /// Of a parked head, what is before it, as found when its switches had changed so many times; and how many trains
  /// before one another were asked.
  struct Ahead {
    uint64_t changes = ~uint64_t(0);
    unsigned depth = 0;
    PerLane count;
  };
  mutable Ahead ahead;
};

struct LaneTrain {
  uint32_t references = 0;
  LaneStream *stream = nullptr;
  LaneOp *op = nullptr;
  isa::Control control = isa::Control::None;
  Indices lanes;
  PerLane total, produced, injected, base;
  bool isLaunched = false;
  bool complete = false;                        // injected whole, in all lanes
  LaneTrain *older = nullptr, *newer = nullptr; // of the stream, of those that somebody knows
  int64_t unread = 0;                           // lanes of legs and parked heads that have not read all
  uint32_t holders = 0;                         // instructions that have taken words and not stored them yet
  bool queued = false;
  LaneWords words;
  /// How it leaves when it is not held back. `gap`: the least time after the record before this one, where both are of
  /// all lanes; else -1.
  struct Record : LanePace {
    Record(LanePace pace, bool full) : LanePace(std::move(pace)), full(full) {}
    bool full;
    Ticks gap = -1;
  };
  std::vector<Record> records;
  std::vector<LaneTrainLeaf> leaves;
  std::vector<LaneTrainNode> nodes;
  void addRecord(const Indices &of, LanePace pace);
  /// The record that a lane's wavelet k is of, which has left and is not settled yet: one near `known`, mostly.
  size_t recordOf(uint16_t lane, int64_t k, size_t known) const;
  void freeWords() {
    if (unread == 0 && holders == 0)
      words.free();
  }
};
/// What receivers took is not asked for on its behalf any more.
void forget(LaneTrain &train);
/// When wavelets leave, if nothing holds them back.
PerLane paceOf(const LaneTrain &train, const Indices &lanes, const PerLane &k);
/// Lanes of another line.
Indices mappedLanes(const Indices &lanes, const LaneMap &to, uint32_t extent);
/// One that was released, with the room of its lists, or another.
LaneTrain *newTrain();

struct LaneLeaf { // of a stream without switches
  LaneEnd *end;
  Indices lanes;    // of the stream, that lead there
  Indices endLanes; // where they lead
  LaneMap to, from; // lane of the end by lane of the stream, and back
  PerLane capacity, latency, response;
  int64_t maxCapacity = 0;
  /// Who takes the sender's wavelets as they come never holds it back.
  bool keepsPace = false;
};

struct LaneStream {
  Line *line = nullptr;
  uint32_t position = 0;
  uint8_t color = 0, side = PortRamp;
  uint32_t pe = 0; // of a host port
  bool traced = false, dynamic = false;
  LaneSwitches *switches = nullptr;  // dynamic: that it goes over
  Indices promiseDirty, settleDirty; // lanes whose limits are to be found again
  Indices routed;                    // lanes whose router takes it
  std::vector<LaneLeaf> leaves;
  LaneTrain *oldest = nullptr, *newest = nullptr; // that somebody knows
  PerLane sent, injectLimit, settleLimit, freeAt;
  struct Current {
    LaneTrainRef train;
    int64_t begin, end; // all of its wavelets are between them, in each lane
  };
  std::vector<Current> current; // on their way, or their instruction still in hand
  std::vector<LaneOp *> ops;    // of disjoint lanes
  uint64_t wavelets = 0;
};

struct LaneLeg {
  LaneTrainRef train;
  Indices lanes; // of the end
  LaneMap from;  // to the train's lanes
  PerLane base, latency, gate;
  const LaneLeaf *leaf = nullptr; // where no switches stand on the way
  int64_t unread = 0;             // lanes
  uint32_t read = 0;              // the train's record that was read last, in some lane
};

/// What an end took at an even pace, and from where on it was passed on in which train, if it was.
struct LaneConsumption {
  LanePace pace;
  LaneTrainRef out;
  PerLane outStart;
  /// At its sender's pace, as soon as it was there, by who never holds a sender back then: nobody has to know when. The
  /// last piece of an end has no end then, as long as it is the last.
  bool asItCame = false;
};

struct LaneEnd {
  struct Writer {
    LaneStream *stream;
    uint32_t leaf;
  };
  struct Arrived {
    LaneTrain *train; // null: nobody knows it any more
    uint32_t leaf;
  };
  Line *line = nullptr;
  uint32_t position = 0;
  uint8_t color = 0;
  int hostPort = -1;
  std::vector<Writer> writers;      // without switches
  LaneSwitches *switches = nullptr; // else, of what has come
  bool keepsPace = false;           // of all writers' leaves
  int64_t maxCapacity = 0;
  Fifo<LaneLeg> legs; // not settled yet
  uint64_t firstLeg = 0;
  PerLane cursor; // number of the leg to read next
  PerLane enqueued, promised, consumed, settled, freeAt;
  std::vector<LaneOp *> ops; // of disjoint lanes
  /// What may be asked for: room for a wavelet of a train that somebody knows. In each lane a piece begins where the
  /// one before it ends, one of none of its wavelets too.
  Fifo<LaneConsumption> history;
  PerLane remembered;       // where the next one begins
  int64_t lateBefore = 0;   // whatever is from here on was taken as it came, in all lanes
  mutable size_t asked = 0; // the piece that was asked for last
  Fifo<Arrived> arrived;    // over switches: the trains, from the first that somebody knows on
};

struct LaneRouter {
  Indices lanes; // whose switches these are
  uint8_t position = 0;
  LaneTrainRef pending;
  uint8_t pendingSide = 0;
  PerLane openedAt;
  struct Parked {
    LaneTrainRef train;
    uint32_t leaf = 0;
  };
  std::vector<Parked> parked[5]; // by side; the first one goes on first
};

/// Switches of a color along a line.
struct LaneSwitches {
  std::vector<std::vector<LaneRouter>> at; // by position: lanes that stand alike, or one for all
  uint64_t changes = 0;                    // of who is where on its way over them
};

/// What a color is in a region.
enum class ColorKind : uint8_t { None, AlongX, AlongY, Wire };

class LaneClient {
public:
  virtual ~LaneClient() = default;
  /// Some lanes of a train have come to an end, or more of them has left the sender; `whole`: those up to the end of a
  /// record.
  virtual void heard(LaneEnd &end, const Indices &lanes, const Indices &whole) = 0;
  virtual void moved(LaneTrain &train) = 0;
};

class LaneFabric {
public:
  LaneFabric(const VerifiedProgram &program, LaneClient &client);

  void reset(bool timed);
  /// Something that lanes cannot do: the run is to start again on the scalar engine.
  bool stuck() const { return unsupported; }
  void giveUp() { unsupported = true; }

  const FabricCosts costs;

  // LaneRoutes.cpp
  ColorKind kind(uint32_t region, uint8_t color) const { return kinds[region * 32 + color]; }
  /// Of the line that a color runs along: lanes that have it.
  const Indices &lanesOf(uint32_t region, uint8_t color) const { return lanesOfColor[region * 32 + color]; }
  Line &line(uint32_t region, bool alongY) { return lines[region * 2 + alongY]; }
  LaneEnd &endAt(Line &line, uint32_t position, uint8_t color);
  LaneStream &streamAt(Line &line, uint32_t position, uint8_t color);
  LaneEnd &openHostEnd(size_t port);
  LaneStream &openHostStream(size_t port);
  void trace(LaneStream &stream);
  uint32_t meshPe(const Line &line, uint32_t position, uint32_t lane) const;
  bool reachesCore(const Line &line, uint32_t position, uint32_t lane, uint8_t color) const;
  /// The lanes of these in which what a core sends comes back to it.
  Indices echoes(const LaneStream &stream, const Indices &lanes) const;

  // LaneSwitches.cpp
  bool anyParked() const;
  /// Of a color's switch at a router of the mesh.
  uint8_t positionAt(uint32_t pe, uint8_t color) const;
  /// Some lanes of a train could go through a switch, but for others.
  bool isAnyTailHeldUp() const;

  // LaneTrains.cpp
  void launch(LaneTrain &train);
  void enqueue(LaneTrain *train);
  bool work(); // until nothing is ready; true if anything was
  /// Looks at all trains again; changes() tells whether anything came of it.
  void enqueueAll();
  uint64_t changes() const { return changeCount; }
  PerLane injectable(const LaneTrain &train) const;
  PerLane settleable(const LaneTrain &train) const;
  bool hasLeft(const LaneTrain &train) const;
  int64_t capacityFromSource(const LaneTrain &train, const LaneTrainLeaf &leaf) const;
  void promise(LaneEnd &end, const Indices &lanes, const PerLane &coordinate);
  void settle(LaneEnd &end, const Indices &lanes, const PerLane &coordinate);
  /// Lanes have taken up to an offset of the train that a leg brings.
  void moveOn(LaneEnd &end, LaneLeg &leg, uint64_t number, const Indices &lanes, const PerLane &offset);
  /// What some lanes of an end read next: a leg each, by its number. Lanes with nothing to read are left out.
  struct Reading {
    uint64_t number;
    Indices lanes;
  };
  void reading(LaneEnd &end, const Indices &lanes, std::vector<Reading> &out);
  /// Something has come to an end in some lane that was not taken yet.
  bool hasWords(const LaneEnd &end, const Indices &lanes) const;
  void done(LaneTrain &train); // its instruction is

  // LaneTime.cpp
  void remember(LaneEnd &end, const Indices &lanes, LaneConsumption consumption);
  void rememberAsItCame(LaneEnd &end, const Indices &lanes, const PerLane &count);
  PerLane injectedAt(const LaneTrain &train, const Indices &lanes, const PerLane &k) const;

  const std::deque<LaneEnd> &ends() const { return allEnds; }
  const std::deque<LaneStream> &streams() const { return allStreams; }

private:
  Indices lanesAlong(uint32_t region, uint8_t color, bool alongY) const;
  void traceLine(LaneStream &stream);
  void traceWire(LaneStream &stream);
  const RouterSetup *setupAt(const Line &line, uint32_t position, uint8_t color) const;
  LaneSwitches &switchesOf(const LaneStream &stream);
  std::vector<LaneRouter> &routersAt(const LaneStream &stream, uint32_t position) const;
  LaneRouter *routerFor(const LaneTrainRef &train, uint32_t leaf, std::vector<uint32_t> &others);
  void splitRouter(std::vector<LaneRouter> &routers, size_t index, const Indices &lanes);
  uint32_t splitLeaf(LaneTrain &train, uint32_t leaf, const Indices &away);
  const LaneRouter &parkedAt(const LaneTrain &train, const LaneTrainLeaf &leaf) const;
  bool isFullBeforeSwitch(const LaneTrain &train) const;
  void update(const LaneTrainRef &train);
  void changed(LaneSwitches *switches);
  void touch(const LaneEnd &end, const Indices &lanes, bool settled);
  void refresh(LaneStream &stream);
  void advanceHead(const LaneTrainRef &train, uint32_t leaf, bool unparked);
  void pushLeg(LaneEnd &end, LaneLeg leg);
  PerLane parkedLimit(const LaneTrain &train, const LaneTrainLeaf &leaf) const;
  const PerLane &parkedAhead(const LaneTrain &train, const LaneTrainLeaf &leaf, unsigned depth = 0) const;
  bool isAheadWithin(const LaneTrain &train, const LaneTrainLeaf &leaf, const Indices &lanes, const PerLane &room,
                     unsigned depth = 0) const;
  PerLane fitBeyond(const LaneTrain &train, uint32_t position, const Indices &lanes, unsigned depth,
                    unsigned &below) const;
  int64_t capacityBeyond(const LaneTrainLeaf &leaf, size_t node) const;
  int64_t ownCapacity() const { return costs.linkBuffer + costs.outputQueue; }
  PerLane limit(const LaneTrain &train, bool settled) const;
  Indices lanesPast(const LaneTrain &train, const LaneTrainLeaf &leaf) const;
  void advanceTails(LaneTrain &train);
  void flip(LaneTrain &train, LaneTrainNode &node);
  void unpark(const LaneStream &stream, uint32_t position, Indices lanes);
  bool isForgotten(const LaneEnd &end, const LaneConsumption &piece) const;
  void prune(LaneEnd &end);
  const LaneConsumption *pieceAt(const LaneEnd &end, uint16_t lane, int64_t coordinate) const;
  void raiseToTaken(PerLane &when, const LaneEnd &end, const Indices &lanes, const PerLane &coordinate,
                    Ticks after) const;
  PerLane passedAt(const LaneTrain &train, const LaneTrainLeaf &leaf, int node, const Indices &lanes, const PerLane &k,
                   PerLane when) const;

  const VerifiedProgram &program;
  LaneClient &client;
  bool timed = false;
  mutable bool unsupported = false;
  uint64_t changeCount = 0; // of what only grows
  std::vector<ColorKind> kinds;
  std::vector<Indices> lanesOfColor;
  std::deque<Line> lines;
  std::vector<uint32_t> regionOfPe;
  std::deque<LaneEnd> allEnds;
  std::deque<LaneStream> allStreams;
  std::deque<Line> hostLines;
  std::unordered_map<uint64_t, LaneEnd *> hostEnds;    // by router, color and side
  std::unordered_map<uint64_t, LaneSwitches> switches; // by line and color
  std::vector<LaneTrainRef> readyTrains;
  std::vector<LaneStream *> dirtyStreams;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_LANEFABRIC_H
