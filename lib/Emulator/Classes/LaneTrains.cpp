// Trains over lanes: how much of them has left and is settled, and what
// receivers have promised.
#include "LaneFabric.h"
#include "PerThread.h"

using namespace wafer;
using namespace wafer::emulator;

//===- Storage ------------------------------------------------------------===//

namespace {
/// Words and trains come and go by the million: what was given back is taken
/// again, with its memory in the cache.
struct Store {
  std::vector<uint32_t *> words[48]; // by power of two
  std::vector<LaneTrain *> trains;
  ~Store() {
    for (std::vector<uint32_t *> &list : words)
      for (uint32_t *block : list)
        ::operator delete(block, std::align_val_t(64));
    for (LaneTrain *train : trains)
      delete train;
  }
};
} // namespace

void LaneWords::allocate(bool inBlocks, const Indices &of, size_t wordsOfLane) {
  free();
  blocks = inBlocks;
  words = wordsOfLane;
  firstLane = of.front();
  uint32_t last = of.back();
  if (blocks) {
    firstLane = firstLane / 8 * 8;
    last |= 7;
  }
  const size_t n = std::max<size_t>((last + 1 - firstLane) * words, 64);
  sizeClass = 64 - __builtin_clzll(n - 1);
  Store *store = perThread<Store>();
  if (!store || store->words[sizeClass].empty()) {
    data = static_cast<uint32_t *>(::operator new(sizeof(uint32_t) << sizeClass, std::align_val_t(64)));
  } else {
    data = store->words[sizeClass].back();
    store->words[sizeClass].pop_back();
  }
}

void LaneWords::free() {
  if (!data)
    return;
  if (Store *store = perThread<Store>())
    store->words[sizeClass].push_back(data);
  else
    ::operator delete(data, std::align_val_t(64));
  data = nullptr;
}

LaneTrain *wafer::emulator::newTrain() {
  Store *store = perThread<Store>();
  if (!store || store->trains.empty())
    return new LaneTrain();
  LaneTrain *train = store->trains.back();
  store->trains.pop_back();
  return train;
}

void wafer::emulator::forget(LaneTrain &train) {
  train.isLaunched = false;
  LaneStream &stream = *train.stream;
  (train.older ? train.older->newer : stream.oldest) = train.newer;
  (train.newer ? train.newer->older : stream.newest) = train.older;
  for (const LaneTrainLeaf &leaf : train.leaves)
    if (leaf.end) {
      Fifo<LaneEnd::Arrived> &arrived = leaf.end->arrived;
      auto isThis = [&](const LaneEnd::Arrived &other) { return other.train == &train; };
      std::find_if(arrived.begin(), arrived.end(), isThis)->train = nullptr;
      while (!arrived.empty() && !arrived.front().train)
        arrived.pop();
    }
}

void wafer::emulator::release(LaneTrain *train) {
  if (train->isLaunched)
    forget(*train);
  Store *store = perThread<Store>();
  if (!store) {
    delete train;
    return;
  }
  train->words.free();
  train->records.clear();
  train->leaves.clear();
  train->nodes.clear();
  train->stream = nullptr;
  train->older = train->newer = nullptr;
  train->isLaunched = false;
  train->op = nullptr;
  train->control = isa::Control::None;
  train->lanes = Indices();
  train->total = train->produced = train->injected = train->base = PerLane();
  train->complete = train->queued = false;
  train->unread = train->holders = 0;
  store->trains.push_back(train);
}

//===- Trains -------------------------------------------------------------===//

Indices wafer::emulator::mappedLanes(const Indices &lanes, const LaneMap &to, uint32_t extent) {
  if (!to)
    return lanes;
  std::vector<uint16_t> result;
  for (uint16_t lane : lanes)
    result.push_back((*to)[lane]);
  std::sort(result.begin(), result.end());
  return Indices::of(std::move(result), extent);
}

void LaneTrain::addRecord(const Indices &of, LanePace pace) {
  Record record(std::move(pace), of.size() == lanes.size());
  if (!records.empty() && record.full && records.back().full) {
    const Record &before = records.back();
    const PerLane last =
        made(lanes, [](int64_t start, int64_t count) { return start + count - 1; }, before.start, before.count);
    record.gap = leastOf(lanes, minus(lanes, record.first, before.at(lanes, last)));
  }
  records.push_back(std::move(record));
}

size_t LaneTrain::recordOf(uint16_t lane, int64_t k, size_t known) const {
  // They begin one after the other in each lane, those with none of its wavelets too: by steps of twice the length to
  // where k is between two of them, then by halves.
  auto isAfter = [&](size_t i) { return records[i].start[lane] > k; };
  size_t low = known, high = known + 1;
  for (size_t step = 1; low != 0 && isAfter(low); step *= 2)
    high = low, low -= std::min(step, low);
  for (size_t step = 1; high < records.size() && !isAfter(high); step *= 2)
    low = high, high += std::min(step, records.size() - high);
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    (isAfter(middle) ? high : low) = middle;
  }
  while (k - records[low].start[lane] >= records[low].count[lane])
    --low;
  return low;
}

static int64_t beyondOf(int64_t base, int64_t coordinate) { return coordinate > base ? coordinate - base : 0; }

void LaneFabric::enqueue(LaneTrain *train) {
  if (train->queued)
    return;
  train->queued = true;
  readyTrains.push_back(train);
}

void LaneFabric::launch(LaneTrain &train) {
  LaneStream &stream = *train.stream;
  train.base = stream.sent;
  apply(stream.sent, train.lanes, [](int64_t a, int64_t b) { return a + b; }, train.total);
  for (uint16_t lane : train.lanes)
    stream.wavelets += train.total[lane];
  stream.current.push_back({&train, leastOf(train.lanes, train.base), greatestOf(train.lanes, stream.sent)});
  train.isLaunched = true;
  train.older = stream.newest;
  (stream.newest ? stream.newest->newer : stream.oldest) = &train;
  stream.newest = &train;
  if (stream.dynamic) {
    LaneTrainLeaf leaf;
    leaf.lanes = train.lanes;
    leaf.position = stream.position;
    leaf.side = PortRamp;
    leaf.total = costs.ramp;
    train.leaves.push_back(std::move(leaf));
    train.unread = train.lanes.size();
    advanceHead(&train, 0, false);
  } else {
    for (LaneLeaf &leaf : stream.leaves) {
      const Indices lanes = leaf.lanes.isAll() ? train.lanes : train.lanes & leaf.lanes;
      if (lanes.empty())
        continue;
      LaneEnd &end = *leaf.end;
      LaneLeg leg;
      leg.train = &train;
      leg.lanes = mappedLanes(lanes, leaf.to, end.line->lanes);
      leg.from = leaf.from;
      leg.base = mapped(train.base, leaf.from, leg.lanes);
      leg.latency = mapped(leaf.latency, leaf.from, leg.lanes);
      leg.leaf = &leaf;
      leg.unread = leg.lanes.size();
      train.unread += leg.lanes.size();
      pushLeg(end, std::move(leg));
    }
  }
  enqueue(&train);
}

void LaneFabric::pushLeg(LaneEnd &end, LaneLeg leg) {
  const int64_t number = end.firstLeg + end.legs.size();
  apply( // where nothing is before it, it is read next
      end.cursor, leg.lanes,
      [number](int64_t cursor, int64_t enqueued, int64_t consumed) { return enqueued == consumed ? number : cursor; },
      end.enqueued, end.consumed);
  apply(
      end.enqueued, leg.lanes, [](int64_t a, int64_t b) { return a + b; },
      mapped(leg.train->total, leg.from, leg.lanes));
  end.legs.push(std::move(leg));
}

int64_t LaneFabric::capacityBeyond(const LaneTrainLeaf &leaf, size_t node) const {
  const int64_t links = leaf.path.size() - node, buffer = costs.linkBuffer;
  return leaf.parked ? links * buffer : (links - 1) * buffer + int64_t(costs.inputQueue);
}

int64_t LaneFabric::capacityFromSource(const LaneTrain &train, const LaneTrainLeaf &leaf) const {
  const int64_t nodes = leaf.path.size(), buffer = costs.linkBuffer;
  return ownCapacity() + (leaf.parked ? nodes * buffer : (nodes - 1) * buffer + int64_t(costs.inputQueue));
}

PerLane LaneFabric::parkedLimit(const LaneTrain &train, const LaneTrainLeaf &leaf) const {
  const int64_t capacity = capacityFromSource(train, leaf);
  return made(
      leaf.lanes, [&](int64_t ahead) { return capacity - std::min(capacity, ahead); }, parkedAhead(train, leaf));
}

/// Wavelets that may have left: by what receivers have promised, or by what is
/// settled.
PerLane LaneFabric::limit(const LaneTrain &train, bool settled) const {
  if (!train.stream->dynamic)
    return made(train.lanes, beyondOf, train.base, settled ? train.stream->settleLimit : train.stream->injectLimit);
  PerLane least = int64_t(kUnlimited);
  for (const LaneTrainLeaf &leaf : train.leaves) {
    const int64_t capacity = capacityFromSource(train, leaf);
    const PerLane room =
        leaf.parked
            ? parkedLimit(train, leaf)
            : made(
                  leaf.lanes, [&](int64_t base, int64_t coordinate) { return beyondOf(base, coordinate + capacity); },
                  leaf.base, settled ? leaf.end->settled : leaf.end->promised);
    if (leaf.lanes.size() == train.lanes.size())
      least = smaller(train.lanes, least, room);
    else
      apply(least, leaf.lanes, [](int64_t a, int64_t b) { return std::min(a, b); }, room);
  }
  return least;
}

PerLane LaneFabric::injectable(const LaneTrain &train) const { return limit(train, false); }
PerLane LaneFabric::settleable(const LaneTrain &train) const { return limit(train, true); }

bool LaneFabric::hasLeft(const LaneTrain &train) const {
  return train.complete &&
         every(train.lanes, [](int64_t a, int64_t b) { return a >= b; }, settleable(train), train.total);
}

/// Of lanes in which more of a train than before has left, those in which that goes up to the end of a record.
static Indices endingRecord(const LaneTrain &train, Indices lanes, const PerLane &before, const PerLane &now) {
  Indices ending;
  for (size_t i = train.records.size(); i-- > 0 && !lanes.empty();) {
    const LaneTrain::Record &record = train.records[i];
    const Indices here = select(
        lanes,
        [](int64_t start, int64_t count, int64_t before, int64_t now) {
          return (count > 0) & (start + count > before) & (start + count <= now);
        },
        record.start, record.count, before, now);
    if (!here.empty()) {
      ending = ending.empty() ? here : ending | here;
      if (here.size() == lanes.size())
        break;
      lanes = lanes - here;
    }
    // Where one begins no later than what had left does, those before it had ended.
    lanes = select(
        lanes, [](int64_t start, int64_t count, int64_t before) { return (count == 0) | (start > before); },
        record.start, record.count, before);
  }
  return ending;
}

/// As much of a train has left as fits before a switch that it waits at: whatever is ahead of it there, no more can.
bool LaneFabric::isFullBeforeSwitch(const LaneTrain &train) const {
  for (const LaneTrainLeaf &leaf : train.leaves)
    if (leaf.parked && leaf.lanes.size() == train.lanes.size()) {
      const int64_t capacity = capacityFromSource(train, leaf);
      if (every(train.lanes, [capacity](int64_t injected) { return injected >= capacity; }, train.injected))
        return true;
    }
  return false;
}

void LaneFabric::update(const LaneTrainRef &train) {
  if (!train->complete && !isFullBeforeSwitch(*train)) {
    const PerLane allowed = smaller(train->lanes, train->produced, injectable(*train));
    const Indices more = select(train->lanes, [](int64_t a, int64_t b) { return a > b; }, allowed, train->injected);
    if (!more.empty()) {
      const PerLane now = larger(train->lanes, train->injected, allowed);
      const Indices whole = endingRecord(*train, more, train->injected, now);
      train->injected = now;
      ++changeCount;
      train->complete = every(train->lanes, [](int64_t a, int64_t b) { return a == b; }, train->injected, train->total);
      if (train->stream->dynamic) {
        for (const LaneTrainLeaf &leaf : train->leaves)
          if (!leaf.parked && !leaf.end->ops.empty())
            client.heard(*leaf.end, more, whole);
      } else {
        for (const LaneLeaf &leaf : train->stream->leaves)
          if (!leaf.end->ops.empty())
            client.heard(*leaf.end,
                         mappedLanes(leaf.lanes.isAll() ? more : more & leaf.lanes, leaf.to, leaf.end->line->lanes),
                         mappedLanes(leaf.lanes.isAll() ? whole : whole & leaf.lanes, leaf.to, leaf.end->line->lanes));
      }
    }
  }
  if (train->stream->dynamic)
    advanceTails(*train);
  if (unsupported)
    return;
  if (train->op)
    client.moved(*train);
  else if (train->complete)
    done(*train);
}

void LaneFabric::done(LaneTrain &train) {
  train.op = nullptr;
  if (!train.complete)
    return;
  std::vector<LaneStream::Current> &current = train.stream->current;
  for (size_t i = 0; i != current.size(); ++i)
    if (current[i].train.get() == &train) {
      current.erase(current.begin() + i);
      return;
    }
}

void LaneFabric::enqueueAll() {
  for (LaneStream &stream : allStreams)
    for (LaneTrain *train = stream.oldest; train; train = train->newer)
      enqueue(train);
}

bool LaneFabric::work() {
  bool any = false;
  while (!unsupported && (!readyTrains.empty() || !dirtyStreams.empty())) {
    any = true;
    if (!readyTrains.empty()) {
      LaneTrainRef train = std::move(readyTrains.back());
      readyTrains.pop_back();
      train->queued = false;
      update(train);
      return true; // what it set free goes first
    }
    // A cast's limit changes with every receiver: asked for when nothing else
    // goes on.
    std::vector<LaneStream *> dirty;
    dirty.swap(dirtyStreams);
    for (LaneStream *stream : dirty)
      refresh(*stream);
  }
  return any;
}

//===- Receivers ----------------------------------------------------------===//

/// What an end lets streams do has changed in some of its lanes.
void LaneFabric::touch(const LaneEnd &end, const Indices &lanes, bool settled) {
  for (const LaneEnd::Writer &writer : end.writers) {
    LaneStream &stream = *writer.stream;
    const LaneLeaf &leaf = stream.leaves[writer.leaf];
    const bool isKnown = !stream.promiseDirty.empty() || !stream.settleDirty.empty();
    join(settled ? stream.settleDirty : stream.promiseDirty, leaf.from ? leaf.lanes : lanes);
    if (stream.leaves.size() <= 2)
      refresh(stream);
    else if (!isKnown)
      dirtyStreams.push_back(&stream);
  }
}

void LaneFabric::refresh(LaneStream &stream) {
  auto change = [&](PerLane &limit, Indices &dirty, bool settled) {
    const Indices lanes = std::exchange(dirty, Indices());
    if (lanes.empty())
      return;
    const PerLane before = limit;
    bool isSet = false; // else what was before is in the way
    for (const LaneLeaf &leaf : stream.leaves) {
      const Indices some = leaf.lanes & lanes;
      if (!isSet && some.size() != lanes.size()) {
        apply(limit, lanes, [](int64_t) { return int64_t(kUnlimited); });
        isSet = true;
      }
      apply(
          limit, some,
          [isSet](int64_t so, int64_t coordinate, int64_t capacity) {
            return isSet ? std::min(so, coordinate + capacity) : coordinate + capacity;
          },
          mapped(settled ? leaf.end->settled : leaf.end->promised, leaf.to, leaf.lanes), leaf.capacity);
      isSet = true;
    }
    if (!stream.routed.empty())
      limit.pack(stream.routed);
    // Of several trains mostly one is on its way, and others wait behind it or for their last words to be settled.
    const bool isOne = stream.current.size() == 1;
    const int64_t from = isOne ? INT64_MIN : leastOf(lanes, before), to = isOne ? INT64_MAX : greatestOf(lanes, limit);
    for (const auto &[train, begin, end] : stream.current)
      if (from < end && to > begin && (settled || !train->complete) &&
          !every(
              train->lanes,
              [](int64_t before, int64_t now, int64_t base, int64_t total) {
                return std::clamp(before, base, base + total) == std::clamp(now, base, base + total);
              },
              before, limit, train->base, train->total))
        enqueue(train.get());
  };
  change(stream.injectLimit, stream.promiseDirty, false);
  change(stream.settleLimit, stream.settleDirty, true);
}

void LaneFabric::promise(LaneEnd &end, const Indices &lanes, const PerLane &coordinate) {
  const Indices more = select(lanes, [](int64_t a, int64_t b) { return a > b; }, coordinate, end.promised);
  if (more.empty())
    return;
  raise(end.promised, more, coordinate);
  ++changeCount;
  touch(end, more, /*settled=*/false);
  if (end.writers.empty())
    for (LaneLeg &leg : end.legs)
      if (!leg.train->complete && leg.lanes.meets(more))
        enqueue(leg.train.get());
}

void LaneFabric::settle(LaneEnd &end, const Indices &lanes, const PerLane &coordinate) {
  const Indices more = select(lanes, [](int64_t a, int64_t b) { return a > b; }, coordinate, end.settled);
  if (more.empty())
    return;
  raise(end.settled, more, coordinate);
  changed(end.switches);
  touch(end, more, /*settled=*/true);
  if (end.writers.empty())
    for (LaneLeg &leg : end.legs)
      if (leg.lanes.meets(more))
        enqueue(leg.train.get());
  while (!end.legs.empty() && end.legs.front().unread == 0) {
    LaneLeg &leg = end.legs.front();
    if (!every(
            leg.lanes, [](int64_t base, int64_t total, int64_t settled) { return base + total <= settled; }, leg.base,
            mapped(leg.train->total, leg.from, leg.lanes), end.settled))
      break;
    end.legs.pop();
    ++end.firstLeg;
  }
}

void LaneFabric::moveOn(LaneEnd &end, LaneLeg &leg, uint64_t number, const Indices &lanes, const PerLane &offset) {
  apply(end.consumed, lanes, [](int64_t, int64_t base, int64_t offset) { return base + offset; }, leg.base, offset);
  ++changeCount;
  const Indices over =
      select(lanes, [](int64_t a, int64_t b) { return a == b; }, offset, mapped(leg.train->total, leg.from, lanes));
  if (over.empty())
    return;
  apply(end.cursor, over, [&](int64_t) { return int64_t(number) + 1; });
  leg.unread -= over.size();
  leg.train->unread -= over.size();
  leg.train->freeWords();
}

void LaneFabric::reading(LaneEnd &end, const Indices &lanes, std::vector<Reading> &out) {
  out.clear();
  const uint64_t size = end.firstLeg + end.legs.size();
  auto legOf = [&](uint64_t number) -> LaneLeg & { return end.legs[number - end.firstLeg]; };
  if (end.cursor.isUniform()) {
    const uint64_t number = std::max<uint64_t>(end.cursor.uniform(), end.firstLeg);
    if (number >= size)
      return;
    const Indices &legs = legOf(number).lanes;
    if (legs.isAll() || legs == lanes) {
      out.push_back({number, lanes});
      return;
    }
  }
  if (lanes.empty())
    return;
  if (const uint64_t number = end.cursor[lanes.front()];
      number >= end.firstLeg && number < size && (legOf(number).lanes.isAll() || legOf(number).lanes == lanes) &&
      every(lanes, [&](int64_t cursor) { return uint64_t(cursor) == number; }, end.cursor)) {
    out.push_back({number, lanes});
    return;
  }
  // Lane by lane: each past the legs that do not come to it.
  int64_t *cursor = end.cursor.spread(end.line->lanes);
  bool same = true;
  for (uint16_t lane : lanes) {
    uint64_t number = std::max<uint64_t>(cursor[lane], end.firstLeg);
    while (number < size && !legOf(number).lanes.contains(lane))
      ++number;
    cursor[lane] = number;
    same &= cursor[lane] == cursor[lanes.front()];
  }
  if (const uint64_t number = cursor[lanes.front()]; same) {
    if (number < size)
      out.push_back({number, lanes});
    return;
  }
  std::vector<std::pair<uint64_t, std::vector<uint16_t>>> groups;
  for (uint16_t lane : lanes) {
    const uint64_t number = cursor[lane];
    if (number >= size)
      continue;
    auto group = std::find_if(groups.begin(), groups.end(), [&](auto &g) { return g.first == number; });
    if (group == groups.end())
      group = groups.insert(groups.end(), {number, {}});
    group->second.push_back(lane);
  }
  if (lanes.isAll())
    end.cursor.pack(lanes);
  for (auto &[number, list] : groups)
    out.push_back({number, Indices::of(std::move(list), lanes.extent())});
}

bool LaneFabric::hasWords(const LaneEnd &end, const Indices &lanes) const {
  for (const LaneLeg &leg : end.legs)
    if (leg.unread && leg.lanes.meets(lanes) &&
        !every(
            leg.lanes, [](int64_t base, int64_t injected, int64_t consumed) { return base + injected <= consumed; },
            leg.base, mapped(leg.train->injected, leg.from, leg.lanes), end.consumed))
      return true;
  return false;
}
