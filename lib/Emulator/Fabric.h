// The fabric: trains of wavelets, true buffering, switches, time. docs/emulator.md has the nouns with a picture each.
//
// A send of N wavelets is one train, however long. Its life:
//
//   launch    The head runs ahead at once: over a color without switches to all receivers of the traced route; over
//             switches hop by hop, parking at a router whose switch does not accept its side, and going on when it
//             does.
//   inject    Wavelets leave the sender as far as the buffers ahead and the receivers' demand take them. A receiver's
//             demand (End::promised) is what its running instruction is bound to take whatever else happens: all of it
//             for one that writes to memory; for one that passes on, only as much as its own output takes. So a train
//             is handed over in one piece where the machine would move it in many small ones, and never where the
//             machine would stop.
//   settle    A wavelet is settled once its receiver took it and, if it passed it on, the copy left that core too. The
//             sender's instruction completes when no more wavelets are unsettled than the path buffers.
//   tail      A control wavelet acts on a router when the train's tail passes it: when all that is unsettled fits into
//             the buffers beyond. Until then whatever else arrives there waits.
//
// All quantities only grow, and each follows from the streams alone, so the outcome, a deadlock included, does not
// depend on the order of events here. The same holds for time: a train carries records (count, first, last) of its
// pace, a receiver keeps when it consumed, piece by piece, where pieces are the intersections of instructions and
// records. Both kinds of boundary belong to the program and not to this run. A sender held back looks up when the
// receiver consumed the wavelet that made room.
//
// Costs: O(receivers) per train without switches, O(hops) with; nothing per wavelet but the copy of its data.
//
// Routes.cpp      where streams go
// Trains.cpp      launch, inject, settle, and what receivers promise
// Switches.cpp    tails, and what they set free
// FabricTime.cpp  when
//
// It knows nothing of cores: who sends and receives is an instruction of its client's, which it never looks into.
#ifndef WAFER_LIB_EMULATOR_FABRIC_H
#define WAFER_LIB_EMULATOR_FABRIC_H

#include "Containers.h"
#include "RouterTable.h"
#include "Ticks.h"

#include "wafer/Program/Verify.h"
#include "wafer/Support/Diagnostic.h"

#include <map>
#include <memory>
#include <vector>

namespace wafer::emulator {

constexpr uint64_t kUnlimited = uint64_t(1) << 62;
constexpr uint32_t kNone = ~0u;

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
    uint32_t turns;      // before the node
  };
  std::vector<Step> path; // from the source on
  uint32_t tail = 0;      // first step of the path that the tail has not passed
  Ticks total = 0;        // latency to where the head is
  uint32_t turns = 0;     // on the way there
  Ticks gate = 0;         // the head cannot be here earlier: a switch opened then
};

/// The wavelets of one send: its data, then its control wavelet. One event, whatever its length.
struct Train {
  uint32_t references = 0;
  std::vector<Train *> *pool = nullptr; // where it goes when nobody knows it any more
  Stream *stream = nullptr;
  Train *older = nullptr, *newer = nullptr; // static: those of the stream that somebody knows
  Op *op = nullptr;                         // the sending instruction until it completes
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
  /// The record that holds wavelet k, or null if its time is not known yet.
  const Record *recordOf(uint64_t k) const;
  /// Everybody has read them. Many keep the memory of a few words, none that of many.
  void forgetWords() {
    constexpr size_t kFew = 64;
    if (data.capacity() > kFew)
      std::vector<uint32_t>().swap(data);
    else
      data.clear();
  }
};
void release(Train *train);
using TrainRef = Ref<Train>;

/// Receivers of a stream without switches.
struct RouteLeaf {
  End *end;
  uint32_t capacity; // wavelets that the path buffers, from sender to receiver
  Ticks latency, response;
};

/// All that one core (or host port) sends on one color.
struct Stream {
  /// What is not so for good: the place and the way. Its receivers come first.
  void reset();
  void findLimits();

  uint32_t pe = 0;
  uint8_t color = 0;
  uint8_t side = PortRamp; // where it enters the router of `pe`
  bool traced = false, dynamic = false;
  Fifo<RouteLeaf> leaves;
  uint64_t sent = 0; // wavelets of all trains so far
  // Static: least coordinate that some receiver holds the stream back at; by demand, and by consumption.
  uint64_t injectLimit = 0, settleLimit = 0;
  uint32_t atInject = 0, atSettle = 0;
  // Static: the trains that somebody knows, and where the oldest begins.
  Train *oldest = nullptr, *newest = nullptr;
  uint64_t known = 0;
  TrainRef current;
  Op *op = nullptr;
  Ticks freeAt = 0;
};

struct Leg { // a train, seen by a receiver
  TrainRef train;
  uint64_t base = 0;
  Ticks latency = 0, gate = 0;
};

/// When a receiver took wavelets [start, start + count), and where it passed them on.
struct Consumption {
  uint64_t start = 0;
  uint32_t count = 0;
  uint32_t outStart = 0;
  Ticks first = 0, last = 0;
  TrainRef out;
};

/// The queue of one color at one core's ramp, or at a host port. Coordinates count wavelets since the run began.
struct End {
  /// What is not so for good: the place and who writes.
  void reset();

  uint32_t pe = 0;
  uint8_t color = 0;
  bool isReached = false;   // some position of the router's switch lets the color in
  Stream *writer = nullptr; // static: the only one
  uint32_t writerCapacity = 0, maxCapacity = 0;
  Ticks writerRoundTrip = 0; // a wavelet comes, and news of it goes back
  uint32_t cursor = 0;       // the leg being read
  Fifo<Leg> legs;            // not settled yet
  uint64_t enqueued = 0;
  uint64_t promised = 0; // wavelets that running instructions are bound to take, whatever else happens
  uint64_t consumed = 0;
  uint64_t settled = 0; // consumed, and passed on so far that they hold no buffer of this path
  Op *op = nullptr;     // the receiving instruction
  Ticks freeAt = 0;
  /// What may be asked for: room for a wavelet of a train that somebody knows.
  Fifo<Consumption> history;
  struct Arrived {
    uint64_t base;
    bool isForgotten;
  };
  std::unique_ptr<Fifo<Arrived>> arrived; // over switches: trains, from the first that somebody knows on
  /// The leg being read has been taken up to here, an offset in its train.
  void moveOn(uint64_t offset);
  /// Nobody knows the train that began there any more.
  void forget(uint64_t base);
};

struct RouterState { // of a color with several switch positions
  /// What is not so for good: the place.
  void reset();

  uint32_t pe = 0;
  uint8_t color = 0;
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

/// What the fabric tells the one whose instructions send and receive.
class FabricClient {
public:
  virtual ~FabricClient() = default;
  /// There may be more for a receiving instruction to take.
  virtual void wake(Op *receiver) = 0;
  /// A train has moved whose sender still has it in hand.
  virtual void moved(Train &train) = 0;
  /// A train travels in a circle: the end of the run.
  virtual void failed(Diagnostic why) = 0;
};

/// From the profile.
struct FabricCosts {
  explicit FabricCosts(const Profile &profile);
  Ticks link, hop, turn, ramp, host; // host: from one wavelet to the next at a port
  uint64_t linkBuffer, inputQueue, outputQueue;
  uint64_t turnPlaces; // wavelets on their way around a corner
};

/// When the last of some wavelets comes to a receiver who takes the first one at `first`. They would have come from
/// `there` to `last`; but if that is too late for the first one, only as many are on their way as the path holds, and
/// the others set out as these make room.
inline Ticks comesLast(int64_t count, int64_t capacity, Ticks roundTrip, Ticks there, Ticks last, Ticks first,
                       Ticks rate) {
  if (first <= there || count <= capacity)
    return last;
  const Ticks pace = std::max(rate, (last - there) / (count - 1));
  return std::max(last, first + roundTrip + (count - 1 - capacity) * pace);
}

class Fabric {
public:
  /// The program and the client outlive it.
  Fabric(const VerifiedProgram &program, FabricClient &client);
  ~Fabric();

  /// As at the start of a run; without times if it is not `timed`.
  void reset(bool timed);

  const FabricCosts costs;

  // Routes.cpp
  /// What a core, or a port of the host, receives and sends on a color.
  End &endAt(uint32_t pe, uint8_t color);
  Stream &streamAt(uint32_t pe, uint8_t color);
  End &openHostEnd(size_t port);
  Stream &openHostStream(size_t port);
  bool reachesCore(uint32_t pe, uint8_t color) const;
  /// Finds a stream's receivers, or that switches stand on its way. False if the first router does not take it.
  bool trace(Stream &stream);
  /// The position of a color's switch.
  uint8_t position(uint32_t pe, uint8_t color) const;

  // Trains.cpp
  TrainRef newTrain(Stream &stream);
  void launch(Train &train);
  /// Something has changed for a train: update() is due.
  void enqueue(Train *train);
  void update(const TrainRef &train);
  std::vector<TrainRef> &ready() { return readyTrains; }
  /// Wavelets of a train that may have left its sender, and that hold no buffer any more.
  uint64_t injectable(const Train &train) const;
  uint64_t settleable(const Train &train) const;
  /// The sender's instruction is done.
  bool hasLeft(const Train &train) const { return train.injected == train.total && settleable(train) >= train.total; }
  uint64_t capacityFromSource(const Train &train, const TrainLeaf &leaf) const;
  /// A receiver is bound to take everything before a coordinate; has done with it for good.
  void promise(End &end, uint64_t coordinate);
  void settle(End &end, uint64_t coordinate);

  // FabricTime.cpp
  void remember(End &end, Consumption consumption);
  /// All of a train has left a relay for good: where its ends took a wavelet or two, they need not ask it any more.
  void conclude(End &end, const Train &out);
  /// When wavelet k of a train has left its sender.
  Ticks injectedAt(const Train &train, uint64_t k) const;
  /// When wavelet k of a leg is there to be taken.
  Ticks arrival(const Leg &leg, const Record &record, uint64_t k) const {
    return std::max(record.at(k) + leg.latency, leg.gate + int64_t(k) * costs.link);
  }

  /// When the last of some wavelets of a leg comes, of which the first one is taken at `first`.
  Ticks lastArrival(const End &end, const Leg &leg, const Record &record, uint64_t k, uint64_t count, Ticks first,
                    Ticks rate) const {
    const Ticks last = arrival(leg, record, k + count - 1);
    return end.writer ? comesLast(int64_t(count), end.writerCapacity, end.writerRoundTrip, arrival(leg, record, k),
                                  last, first, rate)
                      : last;
  }

  /// Injected so far, by cores and host.
  uint64_t wavelets() const { return sent; }
  /// The first end, by router and color, where something was never read.
  const End *firstUnread() const;
  /// A train that waits at a switch, and at which router: the first by router and color.
  const RouterState::Parked *firstParked() const;

private:
  RouterState &routerAt(uint32_t pe, uint8_t color);
  void advanceHead(const TrainRef &train, uint32_t leaf, bool unparked);
  uint64_t parkedLimit(const Train &train, const TrainLeaf &leaf) const;
  uint64_t fitBeyond(const Train &train, uint32_t pe, unsigned depth) const;
  uint64_t parkedAhead(const Train &train, const TrainLeaf &leaf, unsigned depth = 0) const;
  uint64_t capacityBeyond(const TrainLeaf &leaf, size_t node) const;
  uint64_t ownCapacity(const Train &train) const;
  void advanceTails(Train &train);
  void flip(Train &train, TrainNode &node);
  void unpark(uint32_t pe, uint8_t color, RouterState &state);
  Ticks consumedAt(const End &end, uint64_t coordinate) const;
  Ticks passedAt(const Train &train, const TrainLeaf &leaf, int node, uint64_t k) const;

  const VerifiedProgram &program;
  FabricClient &client;
  bool timed = false, broken = false; // broken: a train travels in a circle
  uint64_t sent = 0;
  std::vector<Train *> idleTrains; // their vectors keep their memory
  RouterTable<End> ends;
  RouterTable<Stream> streams;
  RouterTable<RouterState> routers;
  std::map<uint64_t, End> hostEnds;       // by router, color and side
  std::map<uint64_t, Stream> hostStreams; // likewise
  std::vector<TrainRef> readyTrains;
};

/// What a core sends comes back to it.
inline bool hearsItself(const RouterSetup *setup) {
  for (int p = 0; setup && p != setup->positions; ++p)
    if (setup->input[p] == PortRamp && setup->outputs[p] & PortRamp)
      return true;
  return false;
}

/// How far a coordinate is beyond another, if it is.
inline uint64_t beyond(uint64_t base, uint64_t coordinate) { return coordinate > base ? coordinate - base : 0; }

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_FABRIC_H
