// How instructions with fabric operands go on, in all lanes that can: as Transfers.cpp.
#include "ClassEngine.h"

#include <algorithm>
#include <memory>

using namespace wafer;
using namespace wafer::emulator;

/// What some lanes read next of one input: a piece of a leg's train that was sent at an even pace.
struct ClassEngine::Piece {
  LaneEnd *end;
  uint64_t number; // of the leg
  const LaneTrain::Record *record;
  Indices lanes;
  PerLane offset; // in the train
  LaneLeg &leg() const { return end->legs[number - end->firstLeg]; }
  size_t recordIndex() const { return record - leg().train->records.data(); }
};

/// As apply, of a number that only `all` lanes have: it stays one number for all of them while it can.
template <typename F, typename... A>
static void change(const Indices &all, PerLane &to, const Indices &lanes, F f, const A &...a) {
  if (lanes.size() == all.size())
    to = made(lanes, f, to, a...);
  else
    apply(to, lanes, f, a...);
}

static int64_t beyondOf(int64_t base, int64_t coordinate) { return coordinate > base ? coordinate - base : 0; }

/// The pieces that lanes of an end read next; none for lanes of whose next one nothing has left.
static void findPieces(LaneFabric &fabric, LaneEnd &end, const Indices &lanes, auto &out) {
  std::vector<LaneFabric::Reading> readings;
  out.clear();
  fabric.reading(end, lanes, readings);
  for (LaneFabric::Reading &reading : readings) {
    LaneLeg &leg = end.legs[reading.number - end.firstLeg];
    const PerLane offset = minus(reading.lanes, end.consumed, leg.base);
    const LaneTrain &train = *leg.train;
    Indices left = select(
        reading.lanes, [](int64_t k, int64_t injected) { return k < injected; }, offset,
        mapped(train.injected, leg.from, reading.lanes));
    while (!left.empty()) {
      const uint16_t lane = left.front();
      leg.read = train.recordOf(leg.from ? (*leg.from)[lane] : lane, offset[lane], leg.read);
      const LaneTrain::Record &record = train.records[leg.read];
      const Indices here = select(
          left, [](int64_t k, int64_t start, int64_t count) { return start <= k && k < start + count; }, offset,
          mapped(record.start, leg.from, left), mapped(record.count, leg.from, left));
      out.push_back({&end, reading.number, &record, here, offset});
      if (here.size() == left.size())
        break;
      left = left - here;
    }
  }
}

/// Some lanes take a piece: when it is their first.
void ClassEngine::noteFirst(LaneOp &op, const Indices &lanes, const PerLane &when) {
  if (!op.post || !op.post->region->isShared(*op.post))
    return;
  if (op.done.isUniform() && (op.done.uniform() || lanes.size() == op.lanes.size())) {
    if (!op.done.uniform())
      op.first = when;
    return;
  }
  change(
      op.lanes, op.first, lanes, [](int64_t so, int64_t done, int64_t when) { return done ? so : when; }, op.done,
      when);
}

/// When wavelets that a leg brings are there, as Fabric::arrival.
static PerLane arrival(const LaneFabric &fabric, const LaneLeg &leg, const LanePace &pace, const Indices &lanes,
                       const PerLane &k) {
  return pace.at(lanes, k, leg.from, leg.latency, leg.gate, fabric.costs.link);
}

/// When the last of `count` wavelets comes, as Fabric::lastArrival.
static PerLane lastArrival(const LaneFabric &fabric, const LaneLeg &leg, const LanePace &pace, const Indices &lanes,
                           const PerLane &k, const PerLane &count, const PerLane &there, const PerLane &first,
                           Ticks rate) {
  PerLane last =
      arrival(fabric, leg, pace, lanes, made(lanes, [](int64_t k, int64_t count) { return k + count - 1; }, k, count));
  if (!leg.leaf || every(lanes, [](int64_t first, int64_t there) { return first <= there; }, first, there))
    return last;
  return made(
      lanes,
      [rate](int64_t last, int64_t count, int64_t capacity, int64_t latency, int64_t response, int64_t there,
             int64_t first) { return comesLast(count, capacity, latency + response, there, last, first, rate); },
      last, count, mapped(leg.leaf->capacity, leg.from, lanes), mapped(leg.leaf->latency, leg.from, lanes),
      mapped(leg.leaf->response, leg.from, lanes), there, first);
}

static bool isSlowed(const LaneOp &op) { return !op.busyUntil.isUniform() || op.busyUntil.uniform(); }

/// When an instruction has taken the last of `count` elements, of which the first is at `first` and the last comes no
/// earlier than `comes`.
PerLane ClassEngine::lastTaken(const LaneOp &op, const Indices &lanes, const PerLane &comes, const PerLane &first,
                               const PerLane &count) const {
  const Ticks rate = op.rate;
  if (!isSlowed(op))
    return made(
        lanes,
        [rate](int64_t comes, int64_t first, int64_t count) { return std::max(comes, first + (count - 1) * rate); },
        comes, first, count);
  return made(
      lanes,
      [rate, element = op.element](int64_t comes, int64_t first, int64_t count, int64_t done, int64_t busyUntil) {
        const Ticks turns = done ? 0 : turnsTime(first, count, busyUntil, element, rate);
        return std::max(comes, first + (count - 1) * rate + turns);
      },
      comes, first, count, op.done, op.busyUntil);
}

LaneOp &ClassEngine::newOp() {
  LaneOp *op;
  if (freeOps.empty()) {
    op = &ops.emplace_back();
    op->number = ops.size() - 1;
    aliveOps.resize((ops.size() + 63) / 64);
  } else {
    op = freeOps.back();
    freeOps.pop_back();
    const bool queued = op->queued; // it may still stand in the queue of ready ones: harmless
    const uint32_t number = op->number;
    std::destroy_at(op);
    std::construct_at(op);
    op->queued = queued;
    op->number = number;
  }
  op->alive = true;
  aliveOps[op->number / 64] |= uint64_t(1) << op->number % 64;
  return *op;
}

void ClassEngine::wake(LaneOp *op) {
  if (op->queued)
    return;
  op->queued = true;
  readyOps.push_back(op);
}

/// What writes to memory looks at lanes in which there may be something.
void ClassEngine::wake(LaneOp *op, const Indices &lanes) {
  if (op->kind == LaneOp::Sink)
    join(op->heard, op->lanes & lanes);
  wake(op);
}

/// What writes to memory takes whole pieces only.
void ClassEngine::heard(LaneEnd &end, const Indices &lanes, const Indices &whole) {
  for (LaneOp *op : end.ops)
    if (const Indices &some = op->kind == LaneOp::Sink ? whole : lanes; op->lanes.meets(some))
      wake(op, some);
}

void ClassEngine::moved(LaneTrain &train) {
  if (train.op->kind == LaneOp::Coupled)
    wake(train.op);
  else if (fabric.hasLeft(train))
    complete(*train.op, endOf(*train.op, train.op->lanes));
}

/// When lanes of an instruction have ended that have done all.
PerLane ClassEngine::endOf(LaneOp &op, const Indices &lanes) {
  if (!op.out || !timed)
    return readyOf(op);
  const PerLane left =
      plus(lanes, fabric.injectedAt(*op.out, lanes, minus(lanes, op.out->total, 1)), fabric.costs.link);
  return op.kind == LaneOp::Send ? left : larger(lanes, op.ready, left);
}

/// Some lanes of an instruction that takes words go on.
void ClassEngine::start(LaneOp &op, const Indices &lanes) {
  if (op.kind == LaneOp::Coupled || fabric.hasWords(*op.in[0], lanes)) // else it is told when some come
    wake(&op, lanes);
}

/// The words of a send from memory are on their way.
void ClassEngine::sendAll(LaneOp &op, const Indices &lanes) {
  LaneTrain &train = *op.out;
  const PerLane &begin = op.ready;
  LanePace pace(train.produced, train.total, begin, op.rate);
  if (isSlowed(op))
    pace = LanePace(lanes, train.produced, train.total, begin, lastTaken(op, lanes, begin, begin, train.total));
  if (lanes != train.lanes) { // none of the other lanes'
    PerLane count;
    count.spread(lanes.extent());
    apply(count, lanes, [](int64_t, int64_t total) { return total; }, train.total);
    pace.count = std::move(count);
  }
  train.addRecord(lanes, std::move(pace));
  change(train.lanes, train.produced, lanes, [](int64_t, int64_t total) { return total; }, train.total);
  change(
      op.lanes, op.ready, lanes, [rate = op.rate](int64_t begin, int64_t total) { return begin + total * rate; },
      train.total);
  change(op.lanes, op.done, lanes, [](int64_t, int64_t n) { return n; }, op.n);
}

void ClassEngine::pump(LaneOp &op) {
  if (op.kind == LaneOp::Sink)
    pumpSink(op);
  else if (op.kind == LaneOp::Coupled)
    pumpCoupled(op);
}

/// Words for the host: one lane.
bool ClassEngine::takeHost(LaneOp &op, const LaneLeg &leg, const PerLane &offset, const PerLane &count) {
  LaneTrain &train = *leg.train;
  const uint32_t lane = leg.from ? (*leg.from)[0] : 0;
  if (train.control != isa::Control::None && offset[0] + count[0] == train.total[lane])
    return false; // a control wavelet leaves the mesh
  if (train.words.inBlocks())
    return false;
  data->give({leg.train, lane, offset[0], count[0], op.hostData});
  return true;
}

/// Words for memory: with those before them, if they follow.
void ClassEngine::take(LaneOp &op, const LaneLeg &leg, const Indices &lanes, const PerLane &offset,
                       const PerLane &count) {
  std::vector<Taken> &all = op.post->taken;
  if (op.taken != LaneOp::kNone) {
    Taken &before = all[op.taken];
    if (before.train.get() == leg.train.get() && before.lanes == lanes &&
        every(
            lanes, [](int64_t before, int64_t count, int64_t offset) { return before + count == offset; },
            before.offset, before.count, offset)) {
      before.count = plus(lanes, before.count, count);
      return;
    }
  }
  op.taken = static_cast<uint32_t>(all.size());
  all.push_back({leg.train, leg.from, op.position, lanes, offset, op.done, count});
  ++leg.train->holders;
}

/// When the instruction is ready for another word.
const PerLane &ClassEngine::readyOf(LaneOp &op) {
  if (op.followed && op.isReadyUnknown) {
    const LanePace &pace = op.followed->records[op.followedRecord];
    op.ready = made(
        op.lanes, [rate = op.rate](int64_t when, int64_t latency) { return when + latency + rate; },
        pace.at(op.lanes, minus(op.lanes, op.followedTo, 1)), op.followedLatency);
    op.isReadyUnknown = false;
  }
  return op.ready;
}

/// Nothing of the train was left out between the piece and the one that the instruction took last, in all lanes.
static bool isNext(const LaneOp &op, const LaneTrain &train, size_t record, const Indices &lanes) {
  return op.followed.get() == &train && op.followedRecord + 1 == record && lanes.size() == op.lanes.size();
}

/// A piece that comes behind one that was taken as it came, not faster than the instruction takes words, is taken as it
/// comes, too: that needs no look at lanes.
void ClassEngine::follow(LaneOp &op, const Piece &piece, const Indices &lanes, PerLane after, const PerLane &count) {
  op.followedRecord = piece.recordIndex();
  op.followedTo = std::move(after);
  op.isReadyUnknown = true;
  fabric.rememberAsItCame(*op.in[0], lanes, count);
}

void ClassEngine::receive(LaneOp &op, const Piece &piece, const Indices &lanes, const PerLane &after,
                          const PerLane &count) {
  const LaneLeg &leg = piece.leg();
  LaneEnd &end = *piece.end;
  const PerLane there = arrival(fabric, leg, *piece.record, lanes, piece.offset);
  const bool isWaiting = every(lanes, [](int64_t ready, int64_t there) { return ready <= there; }, readyOf(op), there);
  const PerLane first = isWaiting ? there : larger(lanes, there, op.ready);
  const PerLane lastThere = lastArrival(fabric, leg, *piece.record, lanes, piece.offset, count, there, first, op.rate);
  const bool isQuick = !isSlowed(op) && every(
                                            lanes,
                                            [rate = op.rate](int64_t lastThere, int64_t first, int64_t count) {
                                              return lastThere >= first + (count - 1) * rate;
                                            },
                                            lastThere, first, count);
  const PerLane last = isQuick ? lastThere : lastTaken(op, lanes, lastThere, first, count);
  if (lanes.size() == op.lanes.size())
    op.ready = last.shifted(op.rate);
  else
    apply(op.ready, lanes, [rate = op.rate](int64_t, int64_t last) { return last + rate; }, last);
  noteFirst(op, lanes, first);
  op.followed = LaneTrainRef();
  auto same = [](int64_t a, int64_t b) { return a == b; };
  if (!end.keepsPace || !isWaiting || (!isQuick && !every(lanes, same, last, lastThere))) {
    fabric.remember(end, lanes, {LanePace(lanes, end.consumed, count, first, last), {}, 0});
    return;
  }
  fabric.rememberAsItCame(end, lanes, count);
  if (!leg.from && lanes == op.lanes && lanes == leg.train->lanes) {
    op.followed = leg.train;
    op.followedRecord = piece.recordIndex();
    op.followedLatency = leg.latency;
  }
}

/// What an instruction with one fabric operand takes to memory of a piece, in lanes where all that it wants of it has
/// left the sender; `moved` gets these. True: there may be more behind it.
bool ClassEngine::takePiece(LaneOp &op, const Piece &piece, Indices &moved) {
  LaneEnd &end = *piece.end;
  LaneLeg &leg = piece.leg();
  const Mapped start = mapped(piece.record->start, leg.from, piece.lanes);
  const Mapped length = mapped(piece.record->count, leg.from, piece.lanes);
  const Mapped injected = mapped(leg.train->injected, leg.from, piece.lanes);
  const PerLane count = made(
      piece.lanes,
      [](int64_t n, int64_t done, int64_t start, int64_t count, int64_t offset) {
        return std::min(n - done, start + count - offset);
      },
      op.n, op.done, start, length, piece.offset);
  const PerLane after = plus(piece.lanes, piece.offset, count);
  const Indices lanes =
      select(piece.lanes, [](int64_t after, int64_t injected) { return after <= injected; }, after, injected);
  if (lanes.empty())
    return false;
  if (!op.post) {
    if (!takeHost(op, leg, piece.offset, count)) {
      fabric.giveUp();
      return false;
    }
  } else if (op.post->window || op.post->mode[0] != VectorShape::Mode::None) {
    take(op, leg, lanes, piece.offset, count);
  }
  if (!timed)
    change(op.lanes, op.ready, lanes, [rate = op.rate](int64_t so, int64_t count) { return so + count * rate; }, count);
  else if (isNext(op, *leg.train, piece.recordIndex(), lanes) && piece.record->gap >= op.rate &&
           piece.record->isPacedBy(op.rate))
    follow(op, piece, lanes, after, count);
  else
    receive(op, piece, lanes, after, count);
  change(op.lanes, op.done, lanes, [](int64_t so, int64_t count) { return so + count; }, count);
  const bool isLast = piece.number + 1 == end.firstLeg + end.legs.size();
  const bool isAll = every(lanes, [](int64_t after, int64_t injected) { return after == injected; }, after, injected);
  fabric.moveOn(end, leg, piece.number, lanes, after);
  join(moved, lanes);
  return !isLast || !isAll;
}

/// An instruction with one fabric operand, to memory: piece by piece, whole pieces only.
void ClassEngine::pumpSink(LaneOp &op) {
  LaneEnd &end = *op.in[0];
  std::vector<Piece> pieces;
  Indices lanes = std::exchange(op.heard, Indices());
  if (!op.held.empty()) {
    op.heard = lanes & op.held;
    lanes = lanes - op.held;
  }
  Indices moved;
  for (bool isMore = true; isMore;) {
    isMore = false;
    const Indices left = select(lanes, [](int64_t done, int64_t n) { return done < n; }, op.done, op.n);
    if (left.empty())
      break;
    findPieces(fabric, end, left, pieces);
    for (const Piece &piece : pieces)
      isMore |= takePiece(op, piece, moved);
    if (fabric.stuck())
      return;
  }
  if (!moved.empty())
    fabric.settle(end, moved, end.consumed);
  if (every(op.lanes, [](int64_t done, int64_t n) { return done == n; }, op.done, op.n))
    complete(op, readyOf(op));
}

/// One step of an instruction with several fabric operands in lanes that read the same piece of each input.
bool ClassEngine::pass(LaneOp &op, const Indices &lanes, const Piece *pieces) {
  LaneTrain *out = op.out.get();
  const Ticks rate = op.rate;
  const Indices fresh = select(lanes, [](int64_t done, int64_t end) { return done == end; }, op.done, op.pieceEnd);
  if (!fresh.empty()) {
    // A new piece: what is left of the instruction and of every input's record.
    PerLane length = minus(fresh, op.n, op.done);
    for (unsigned i = 0; i != op.inputs; ++i) {
      const LaneLeg &leg = pieces[i].leg();
      length = made(
          fresh,
          [](int64_t so, int64_t start, int64_t count, int64_t offset) { return std::min(so, start + count - offset); },
          length, mapped(pieces[i].record->start, leg.from, fresh), mapped(pieces[i].record->count, leg.from, fresh),
          pieces[i].offset);
    }
    change(
        op.lanes, op.pieceEnd, fresh, [](int64_t, int64_t done, int64_t length) { return done + length; }, op.done,
        length);
    PerLane first = op.ready, last = 0;
    if (timed) {
      PerLane there[3];
      for (unsigned i = 0; i != op.inputs; ++i) {
        there[i] = arrival(fabric, pieces[i].leg(), *pieces[i].record, fresh, pieces[i].offset);
        first = larger(fresh, first, there[i]);
      }
      for (unsigned i = 0; i != op.inputs; ++i) {
        const Piece &in = pieces[i];
        last = larger(fresh, last,
                      lastArrival(fabric, in.leg(), *in.record, fresh, in.offset, length, there[i], first, rate));
      }
    }
    last = lastTaken(op, fresh, last, first, length);
    change(op.lanes, op.ready, fresh, [rate](int64_t, int64_t last) { return last + rate; }, last);
    noteFirst(op, fresh, first);
    if (out) {
      LanePace record(fresh, op.done, length, plus(fresh, first, rate), plus(fresh, last, rate));
      if (fresh != out->lanes) { // none of the other lanes'
        PerLane count;
        count.spread(fresh.extent());
        apply(count, fresh, [](int64_t, int64_t length) { return length; }, length);
        record.count = std::move(count);
      }
      out->addRecord(fresh, std::move(record));
    }
    if (timed)
      for (unsigned i = 0; i != op.inputs; ++i)
        fabric.remember(*op.in[i], fresh,
                        {LanePace(fresh, plus(fresh, op.inStart[i], op.done), length, first, last), op.out, op.done});
  }
  PerLane count = minus(lanes, op.pieceEnd, op.done);
  for (unsigned i = 0; i != op.inputs; ++i)
    count = made(
        lanes, [](int64_t so, int64_t offset, int64_t injected) { return std::min(so, beyondOf(offset, injected)); },
        count, pieces[i].offset, mapped(pieces[i].leg().train->injected, pieces[i].leg().from, lanes));
  if (out)
    count = made(
        lanes, [](int64_t so, int64_t done, int64_t room) { return std::min(so, beyondOf(done, room)); }, count,
        op.done, fabric.injectable(*out));
  const Indices moving = select(lanes, [](int64_t count) { return count > 0; }, count);
  if (moving.empty())
    return false;
  Passed passed{op.position, moving, op.done, count, {}};
  for (unsigned i = 0; i != op.inputs; ++i)
    passed.words[op.inOperand[i]] = {pieces[i].leg().train, pieces[i].leg().from, pieces[i].offset};
  if (out)
    passed.words[0] = {op.out, nullptr, op.done};
  if (op.post->mode[0] != VectorShape::Mode::None)
    data->pass(op.post, std::move(passed), count[moving[0]] * moving.size());
  change(op.lanes, op.done, moving, [](int64_t so, int64_t count) { return so + count; }, count);
  for (unsigned i = 0; i != op.inputs; ++i)
    fabric.moveOn(*op.in[i], pieces[i].leg(), pieces[i].number, moving, plus(moving, pieces[i].offset, count));
  if (out) {
    change(out->lanes, out->produced, moving, [](int64_t so, int64_t count) { return so + count; }, count);
    fabric.enqueue(out);
  }
  return true;
}

/// An instruction with several fabric operands: as far as inputs and output go.
void ClassEngine::pumpCoupled(LaneOp &op) {
  std::vector<Piece> pieces[3];
  LaneTrain *out = op.out.get();
  const Indices lanes = op.held.empty() ? op.lanes : op.lanes - op.held;
  for (bool progress = true; progress && !fabric.stuck();) {
    progress = false;
    const Indices left = select(lanes, [](int64_t done, int64_t n) { return done < n; }, op.done, op.n);
    if (left.empty())
      break;
    for (unsigned i = 0; i != op.inputs; ++i)
      findPieces(fabric, *op.in[i], left, pieces[i]);
    // Lanes that read the same piece of every input go on together.
    for (const Piece &a : pieces[0]) {
      if (op.inputs == 1) {
        progress |= pass(op, a.lanes, &a);
        continue;
      }
      for (const Piece &b : pieces[1]) {
        const Indices both = a.lanes & b.lanes;
        if (both.empty())
          continue;
        if (op.inputs == 2) {
          const Piece of[] = {a, b};
          progress |= pass(op, both, of);
          continue;
        }
        for (const Piece &c : pieces[2])
          if (const Indices all = both & c.lanes; !all.empty()) {
            const Piece of[] = {a, b, c};
            progress |= pass(op, all, of);
          }
      }
    }
  }
  if (fabric.stuck())
    return;
  if (out) {
    const Indices controls = select(
        lanes, [](int64_t done, int64_t n, int64_t produced, int64_t total) { return done == n && produced < total; },
        op.done, op.n, out->produced, out->total);
    if (!controls.empty()) {
      // Its last word left when the instruction was ready for another; a relay of nothing sends at once.
      const PerLane when = made(
          controls, [rate = op.rate](int64_t ready, int64_t n) { return n ? ready + rate : ready; }, op.ready, op.n);
      LanePace record(out->produced, 1, when, /*step=*/0);
      if (controls != out->lanes) {
        record.count = PerLane();
        record.count.spread(controls.extent());
        apply(record.count, controls, [](int64_t) { return 1; });
      }
      out->addRecord(controls, std::move(record));
      change(out->lanes, out->produced, controls, [](int64_t, int64_t total) { return total; }, out->total);
      fabric.enqueue(out);
    }
  }
  // What this instruction is bound to take, and what it has passed on for good.
  const PerLane passed = out ? smaller(op.lanes, op.done, fabric.settleable(*out)) : op.done;
  for (unsigned i = 0; i != op.inputs; ++i) {
    PerLane takes = minus(op.lanes, op.n, op.done);
    if (out)
      takes = made(
          op.lanes, [](int64_t so, int64_t done, int64_t room) { return std::min(so, beyondOf(done, room)); }, takes,
          op.done, fabric.injectable(*out));
    for (unsigned j = 0; j != op.inputs; ++j) {
      if (j == i)
        continue;
      PerLane there = 0; // by lane: nothing where no leg has come
      there.spread(op.lanes.extent());
      std::vector<LaneFabric::Reading> readings;
      LaneEnd &other = *op.in[j];
      fabric.reading(other, op.lanes, readings);
      for (const LaneFabric::Reading &reading : readings) {
        const LaneLeg &leg = other.legs[reading.number - other.firstLeg];
        apply(
            there, reading.lanes,
            [](int64_t, int64_t consumed, int64_t base, int64_t injected) {
              return beyondOf(consumed, base + injected);
            },
            other.consumed, leg.base, mapped(leg.train->injected, leg.from, reading.lanes));
      }
      takes = smaller(op.lanes, takes, there);
    }
    fabric.promise(
        *op.in[i], op.lanes,
        made(op.lanes, [](int64_t a, int64_t b, int64_t c) { return a + b + c; }, op.inStart[i], op.done, takes));
    fabric.settle(*op.in[i], op.lanes, plus(op.lanes, op.inStart[i], passed));
  }
  if (!every(op.lanes, [](int64_t done, int64_t n) { return done == n; }, op.done, op.n))
    return;
  if (!out)
    complete(op, op.ready);
  else if (fabric.hasLeft(*out))
    complete(op, endOf(op, op.lanes));
}

/// Lanes have ended an instruction at its position: what time it is.
void ClassEngine::end(LaneOp &op, const Indices &lanes, const PerLane &when) {
  for (unsigned i = 0; i != op.inputs; ++i) // a relay of nothing has not used it
    raise(op.in[i]->freeAt, select(lanes, [](int64_t n) { return n > 0; }, op.n), when);
  if (op.out)
    raise(op.out->stream->freeAt, lanes, when);
  if (!op.post)
    return;
  RegionRun &region = *op.post->region;
  const bool alongY = op.post->alongY;
  if (op.post->thread)
    region.setTicks(region.threadEnds(op.post->thread), alongY, op.position, lanes, when);
  else
    region.setClocks(alongY, op.position, lanes, larger(lanes, region.clocksAt(alongY, op.position, lanes), when));
  region.ended(op, lanes);
}

/// Ends an instruction at its position: its queues are free again, and with the last position its context.
void ClassEngine::complete(LaneOp &op, const PerLane &when) {
  end(op, op.lanes, when);
  for (unsigned i = 0; i != op.inputs; ++i)
    std::erase(op.in[i]->ops, &op);
  if (op.out) {
    std::erase(op.out->stream->ops, &op);
    const LaneTrainRef train = op.out;
    fabric.done(*train);
  }
  if (!op.post) {
    op.done = op.n;
    op.ready = when; // a host port's: kept for the statistics
    return;
  }
  PostRef post = op.post;
  RegionRun &region = *post->region;
  op.alive = false;
  aliveOps[op.number / 64] &= ~(uint64_t(1) << op.number % 64);
  op.out = LaneTrainRef();
  op.post = PostRef();
  freeOps.push_back(&op);
  if (--post->outstanding)
    return;
  if (!post->taken.empty())
    data->store(post, post->taken, region.elementsOf(*post));
  if (post->thread)
    region.asynchronous.remove_if([&](const PostRef &other) { return other.get() == post.get(); });
  else
    region.contexts->wake(*post->context);
  region.contexts->retry();
}
