// Trains over lanes on their way through switches: heads, tails, and what waits before a router.
#include "../RouterKey.h"
#include "LaneFabric.h"

#include <optional>

using namespace wafer;
using namespace wafer::emulator;

/// Nothing waits before it, or is on its way to turn it.
static bool isIdle(const LaneRouter &router) {
  return !router.pending && std::all_of(std::begin(router.parked), std::end(router.parked),
                                        [](const auto &queue) { return queue.empty(); });
}

static uint64_t switchesKey(uint32_t region, bool alongY, uint8_t color) {
  return (uint64_t(region) << 1 | alongY) << 5 | color;
}

LaneSwitches &LaneFabric::switchesOf(const LaneStream &stream) {
  LaneSwitches &all = switches[switchesKey(stream.line->region, stream.line->alongY, stream.color)];
  all.at.resize(stream.line->positions);
  return all;
}

std::vector<LaneRouter> &LaneFabric::routersAt(const LaneStream &stream, uint32_t position) const {
  std::vector<LaneRouter> &routers = stream.switches->at[position];
  if (routers.empty())
    routers.emplace_back().lanes = Indices::all(stream.line->lanes);
  return routers;
}

void LaneFabric::changed(LaneSwitches *over) {
  ++changeCount;
  if (over)
    ++over->changes;
}

/// Some lanes of a train's leaf go another way from here, or later: they become a leaf of their own.
uint32_t LaneFabric::splitLeaf(LaneTrain &train, uint32_t index, const Indices &away) {
  changed(train.stream->switches);
  LaneTrainLeaf other = train.leaves[index];
  other.lanes = away;
  train.leaves[index].lanes = train.leaves[index].lanes - away;
  for (size_t i = other.tail; i != other.path.size(); ++i)
    ++train.nodes[other.path[i].node].openLeaves;
  train.leaves.push_back(std::move(other));
  return train.leaves.size() - 1;
}

/// Some lanes of a router do otherwise than the rest from now on.
void LaneFabric::splitRouter(std::vector<LaneRouter> &routers, size_t index, const Indices &lanes) {
  LaneRouter part = routers[index];
  part.lanes = lanes;
  for (std::vector<LaneRouter::Parked> &queue : part.parked)
    queue = {};
  LaneRouter &rest = routers[index];
  rest.lanes = rest.lanes - lanes;
  for (size_t side = 0; side != std::size(rest.parked); ++side) {
    std::vector<LaneRouter::Parked> stay;
    for (LaneRouter::Parked &parked : rest.parked[side]) {
      const Indices of = parked.train->leaves[parked.leaf].lanes, away = of & lanes;
      if (away.size() == of.size()) {
        part.parked[side].push_back(parked);
        continue;
      }
      if (!away.empty())
        part.parked[side].push_back({parked.train, splitLeaf(*parked.train, parked.leaf, away)});
      stay.push_back(parked);
    }
    rest.parked[side] = std::move(stay);
  }
  routers.push_back(std::move(part));
}

/// Those that stand alike again are one again.
static void joinRouters(std::vector<LaneRouter> &routers) {
  for (size_t i = 1; i < routers.size(); ++i) {
    if (!isIdle(routers[i]))
      continue;
    size_t same = i;
    for (size_t other = 0; other != i; ++other)
      if (routers[other].position == routers[i].position && isIdle(routers[other]))
        same = other;
    if (same == i)
      continue;
    LaneRouter &router = routers[same];
    apply(router.openedAt, routers[i].lanes, [](int64_t, int64_t at) { return at; }, routers[i].openedAt);
    router.lanes = router.lanes | routers[i].lanes;
    routers.erase(routers.begin() + i--);
  }
}

/// The switch that a head has come to. Lanes of the head whose switches stand otherwise become leaves of their own,
/// which are added to `others`.
LaneRouter *LaneFabric::routerFor(const LaneTrainRef &train, uint32_t index, std::vector<uint32_t> &others) {
  std::vector<LaneRouter> &routers = routersAt(*train->stream, train->leaves[index].position);
  joinRouters(routers);
  const Indices lanes = train->leaves[index].lanes;
  for (size_t i = 0, n = routers.size(); i != n; ++i) {
    const Indices both = routers[i].lanes & lanes;
    if (!both.empty() && both.size() != routers[i].lanes.size())
      splitRouter(routers, i, both);
  }
  LaneRouter *mine = nullptr;
  for (LaneRouter &router : routers) {
    if (!router.lanes.meets(lanes))
      continue;
    if (!mine)
      mine = &router;
    else
      others.push_back(splitLeaf(*train, index, router.lanes));
  }
  return mine;
}

/// Moves a head on until it waits at a switch or has reached receivers.
void LaneFabric::advanceHead(const LaneTrainRef &train, uint32_t index, bool unparked) {
  Line &line = *train->stream->line;
  const uint8_t color = train->stream->color;
  std::vector<uint32_t> todo{index};
  while (!todo.empty() && !unsupported) {
    const uint32_t at = todo.back();
    todo.pop_back();
    const uint32_t here = train->leaves[at].position;
    const uint8_t side = train->leaves[at].side;
    const RouterSetup *setup = setupAt(line, here, color);
    uint8_t position = 0;
    if (setup->positions > 1) {
      LaneRouter &state = *routerFor(train, at, todo);
      std::vector<LaneRouter::Parked> &queue = state.parked[sideIndex(side)];
      position = state.position;
      if (state.pending || setup->input[position] != side || (!unparked && !queue.empty())) {
        train->leaves[at].parked = true;
        queue.push_back({train, at});
        changed(train->stream->switches);
        continue;
      }
      train->leaves[at].gate = larger(train->leaves[at].lanes, train->leaves[at].gate, state.openedAt);
      if (train->control != isa::Control::None) {
        state.pending = train;
        state.pendingSide = side;
      }
    }
    unparked = false;
    changed(train->stream->switches);
    LaneTrainLeaf *leaf = &train->leaves[at];
    leaf->parked = false;
    if (leaf->path.size() > 4 * size_t(line.positions)) {
      giveUp(); // in a circle
      return;
    }
    const uint32_t node = train->nodes.size();
    train->nodes.push_back({leaf->lanes, here, 1, 0});
    leaf->path.push_back({node, leaf->total, leaf->gate, setup->positions > 1});
    const uint8_t outputs = setup->outputs[position];
    bool firstOutput = true;
    LaneTrainLeaf trunk; // needed where ways part
    if (outputs & (outputs - 1))
      trunk = *leaf;
    for (uint8_t out : kSides) {
      if (!(outputs & out))
        continue;
      uint32_t target = at;
      if (!firstOutput) {
        target = train->leaves.size();
        train->leaves.push_back(trunk);
        train->unread += trunk.lanes.size();
        for (size_t i = trunk.tail; i != trunk.path.size(); ++i)
          ++train->nodes[trunk.path[i].node].openLeaves;
      }
      firstOutput = false;
      LaneTrainLeaf &next = train->leaves[target];
      Ticks step;
      if (out == PortRamp) {
        next.end = &endAt(line, here, color);
        step = costs.ramp;
      } else {
        step = costs.hop + (side != PortRamp && oppositePort(side) != out ? costs.turn : 0);
        next.position = here + (out == PortEast || out == PortSouth ? 1 : -1);
        next.side = oppositePort(out);
        todo.push_back(target);
      }
      next.total += step;
      next.gate = plus(next.lanes, next.gate, step);
      if (next.end) {
        LaneEnd &end = *next.end;
        end.switches = train->stream->switches;
        next.base = end.enqueued;
        // Of any train that may come.
        end.maxCapacity = ownCapacity() + int64_t(line.positions) * costs.linkBuffer + int64_t(costs.inputQueue);
        LaneLeg leg;
        leg.train = train;
        leg.lanes = next.lanes;
        leg.base = next.base;
        leg.latency = next.total;
        leg.gate = next.gate;
        leg.unread = next.lanes.size();
        pushLeg(end, std::move(leg));
        end.arrived.push({train.get(), target});
        client.heard(end, next.lanes, next.lanes);
      }
    }
  }
  enqueue(train.get());
}

const LaneRouter &LaneFabric::parkedAt(const LaneTrain &train, const LaneTrainLeaf &leaf) const {
  const std::vector<LaneRouter> &routers = routersAt(*train.stream, leaf.position);
  return *std::find_if(routers.begin(), routers.end(),
                       [&](const LaneRouter &router) { return router.lanes.contains(leaf.lanes[0]); });
}

// Trains before trains before trains: only where routes close a circle does that not end.
static constexpr unsigned kDeepest = 64;

/// How many wavelets of a train are beyond a router, or will be: as many as fit there.
PerLane LaneFabric::fitBeyond(const LaneTrain &train, uint32_t position, const Indices &lanes, unsigned depth,
                              unsigned &below) const {
  const PerLane none, unlimited = int64_t(kUnlimited);
  PerLane fit = train.total;
  for (const LaneTrainLeaf &leaf : train.leaves) {
    for (size_t node = leaf.tail; node < leaf.path.size(); ++node) {
      if (train.nodes[leaf.path[node].node].position != position)
        continue;
      const Indices both = leaf.lanes & lanes;
      if (both.empty())
        break;
      const bool isAsked = leaf.parked && depth < kDeepest;
      const PerLane &ahead = !leaf.parked ? leaf.base : isAsked ? parkedAhead(train, leaf, depth + 1) : unlimited;
      if (leaf.parked)
        below = std::max(below, isAsked ? leaf.ahead.depth + 1 : 1);
      const int64_t capacity = capacityBeyond(leaf, node);
      apply(
          fit, both,
          [&](int64_t fit, int64_t ahead, int64_t settled) {
            return std::min(fit, std::max<int64_t>(capacity + settled - ahead, 0));
          },
          ahead, leaf.parked ? none : leaf.end->settled);
    }
  }
  return fit;
}

/// Wavelets before a parked head on the same side of its router. Those behind ask for the same: it is kept until
/// something changes.
const PerLane &LaneFabric::parkedAhead(const LaneTrain &train, const LaneTrainLeaf &leaf, unsigned depth) const {
  LaneTrainLeaf::Ahead &known = leaf.ahead;
  const uint64_t changes = train.stream->switches->changes;
  if (known.changes == changes && depth + known.depth <= kDeepest)
    return known.count;
  const LaneRouter &state = parkedAt(train, leaf);
  PerLane ahead = 0;
  unsigned below = 0;
  if (state.pending && state.pendingSide == leaf.side)
    ahead = minus(leaf.lanes, state.pending->total, fitBeyond(*state.pending, leaf.position, leaf.lanes, depth, below));
  for (const LaneRouter::Parked &parked : state.parked[sideIndex(leaf.side)]) {
    if (parked.train.get() == &train)
      break;
    ahead = plus(leaf.lanes, ahead, parked.train->total);
  }
  // One that asked no further because it was far down itself is right for who asks from there only.
  known.changes = depth + below <= kDeepest ? changes : ~uint64_t(0);
  known.depth = below;
  known.count = std::move(ahead);
  return known.count;
}

/// Whether no more than `room` wavelets are before a parked head in some of its lanes, as parkedAhead has them; it is
/// asked no further than that takes, and in lanes that it takes.
bool LaneFabric::isAheadWithin(const LaneTrain &train, const LaneTrainLeaf &leaf, const Indices &lanes,
                               const PerLane &room, unsigned depth) const {
  auto isWithin = [](int64_t count, int64_t room) { return count <= room; };
  const LaneTrainLeaf::Ahead &known = leaf.ahead;
  if (known.changes == train.stream->switches->changes && depth + known.depth <= kDeepest)
    return every(lanes, isWithin, known.count, room);
  const LaneRouter &state = parkedAt(train, leaf);
  PerLane queued = 0;
  for (const LaneRouter::Parked &parked : state.parked[sideIndex(leaf.side)]) {
    if (parked.train.get() == &train)
      break;
    queued = plus(lanes, queued, parked.train->total);
  }
  if (!every(lanes, isWithin, queued, room))
    return false;
  if (!state.pending || state.pendingSide != leaf.side)
    return true;
  // So many of the one that is on its way through have to fit beyond.
  const LaneTrain &pending = *state.pending;
  const PerLane need = made(
      lanes, [](int64_t queued, int64_t total, int64_t room) { return queued + total - room; }, queued, pending.total,
      room);
  const Indices some = select(lanes, [](int64_t need) { return need > 0; }, need);
  if (some.empty())
    return true;
  for (const LaneTrainLeaf &other : pending.leaves)
    for (size_t node = other.tail; node < other.path.size(); ++node) {
      if (pending.nodes[other.path[node].node].position != leaf.position)
        continue;
      const Indices both = other.lanes & some;
      if (both.empty())
        break;
      const int64_t capacity = capacityBeyond(other, node);
      const PerLane left = made(both, [capacity](int64_t need) { return capacity - need; }, need);
      if (other.parked ? depth >= kDeepest || !isAheadWithin(pending, other, both, left, depth + 1)
                       : !every(
                             both, [](int64_t base, int64_t settled, int64_t left) { return base - settled <= left; },
                             other.base, other.end->settled, left))
        return false;
    }
  return true;
}

/// Without a control wavelet nobody asks where a tail is.
void LaneFabric::advanceTails(LaneTrain &train) {
  if (!train.complete || train.control == isa::Control::None)
    return;
  for (size_t i = 0; i != train.leaves.size(); ++i) {
    std::optional<PerLane> leaves; // when the last wavelet does
    while (!unsupported && train.leaves[i].tail < train.leaves[i].path.size()) {
      LaneTrainLeaf &leaf = train.leaves[i];
      const int64_t capacity = capacityBeyond(leaf, leaf.tail);
      if (leaf.parked) {
        if (!every(leaf.lanes, [&](int64_t total) { return total <= capacity; }, train.total))
          break;
        const PerLane room = made(leaf.lanes, [capacity](int64_t total) { return capacity - total; }, train.total);
        if (!isAheadWithin(train, leaf, leaf.lanes, room))
          break;
      } else if (!every(
                     leaf.lanes,
                     [&](int64_t base, int64_t total, int64_t settled) { return base + total <= settled + capacity; },
                     leaf.base, train.total, leaf.end->settled)) {
        break;
      }
      LaneTrainNode &node = train.nodes[leaf.path[leaf.tail].node];
      if (timed && leaf.path[leaf.tail].switched) { // when it turns the switch
        const PerLane last = minus(leaf.lanes, train.total, 1);
        if (!leaves)
          leaves = paceOf(train, leaf.lanes, last);
        PerLane passed = passedAt(train, leaf, leaf.tail, leaf.lanes, last, *leaves);
        if (leaf.lanes.size() == node.lanes.size() && node.openLeaves == 1 && node.passed.isUniform() &&
            node.passed.uniform() == 0) // nobody else passes it
          node.passed = std::move(passed);
        else
          raise(node.passed, leaf.lanes, passed);
      }
      ++leaf.tail;
      changed(train.stream->switches);
      if (--node.openLeaves == 0)
        flip(train, node);
    }
  }
}

/// The train's last wavelet, a control wavelet perhaps, has passed a router.
void LaneFabric::flip(LaneTrain &train, LaneTrainNode &node) {
  if (train.control == isa::Control::None)
    return;
  const RouterSetup *setup = setupAt(*train.stream->line, node.position, train.stream->color);
  if (setup->positions == 1)
    return;
  const LaneStream &stream = *train.stream;
  const Indices lanes = node.lanes;
  const uint32_t position = node.position;
  for (LaneRouter &router : routersAt(stream, position)) {
    if (router.pending.get() != &train || !router.lanes.meets(lanes))
      continue;
    changed(stream.switches);
    router.pending = LaneTrainRef();
    router.position =
        train.control == isa::Control::Reset ? 0 : std::min<int>(router.position + 1, setup->positions - 1);
    router.openedAt = node.passed;
  }
  unpark(stream, position, lanes);
}

void LaneFabric::unpark(const LaneStream &stream, uint32_t position, Indices lanes) {
  const RouterSetup *setup = setupAt(*stream.line, position, stream.color);
  for (bool again = true; again && !unsupported;) {
    again = false;
    for (LaneRouter &router : routersAt(stream, position)) {
      if (!router.lanes.meets(lanes) || router.pending)
        continue;
      std::vector<LaneRouter::Parked> &queue = router.parked[sideIndex(setup->input[router.position])];
      if (queue.empty())
        continue;
      const LaneRouter::Parked parked = queue.front();
      queue.erase(queue.begin());
      changed(stream.switches);
      advanceHead(parked.train, parked.leaf, true); // may change the routers
      again = true;
      break;
    }
  }
  for (LaneRouter &router : routersAt(stream, position))
    if (router.lanes.meets(lanes))
      for (std::vector<LaneRouter::Parked> &queue : router.parked)
        for (LaneRouter::Parked &parked : queue)
          enqueue(parked.train.get());
}

bool LaneFabric::anyParked() const {
  for (const auto &[key, all] : switches)
    for (const std::vector<LaneRouter> &routers : all.at)
      for (const LaneRouter &router : routers)
        for (const std::vector<LaneRouter::Parked> &queue : router.parked)
          if (!queue.empty())
            return true;
  return false;
}

uint8_t LaneFabric::positionAt(uint32_t pe, uint8_t color) const {
  const uint32_t region = regionOfPe[pe];
  const ColorKind kind = region == kNone ? ColorKind::None : this->kind(region, color);
  if (kind != ColorKind::AlongX && kind != ColorKind::AlongY)
    return 0;
  const bool alongY = kind == ColorKind::AlongY;
  const auto at = switches.find(switchesKey(region, alongY, color));
  if (at == switches.end())
    return 0;
  const image::Rect &rect = program.image.manifest().regions(region).rect();
  const uint32_t x = pe % program.width - rect.x(), y = pe / program.width - rect.y();
  for (const LaneRouter &router : at->second.at[alongY ? y : x])
    if (router.lanes.contains(alongY ? x : y))
      return router.position;
  return 0;
}

/// Lanes in which the tail has passed the next router of a leaf's path.
Indices LaneFabric::lanesPast(const LaneTrain &train, const LaneTrainLeaf &leaf) const {
  const int64_t capacity = capacityBeyond(leaf, leaf.tail);
  const Indices over = select(
      leaf.lanes, [](int64_t injected, int64_t total) { return injected == total; }, train.injected, train.total);
  if (over.empty())
    return over;
  if (leaf.parked)
    return select(
        over, [capacity](int64_t total, int64_t ahead) { return total + ahead <= capacity; }, train.total,
        parkedAhead(train, leaf));
  return select(
      over, [capacity](int64_t base, int64_t total, int64_t settled) { return base + total <= settled + capacity; },
      leaf.base, train.total, leaf.end->settled);
}

/// A tail passes a router in all lanes of a leaf, and turns it for all of them, when it has in each.
bool LaneFabric::isAnyTailHeldUp() const {
  for (const LaneStream &stream : allStreams)
    for (const LaneTrain *train = stream.oldest; train; train = train->newer) {
      if (train->control == isa::Control::None)
        continue;
      std::vector<Indices> waiting(train->nodes.size()); // lanes whose tails are before it
      for (const LaneTrainLeaf &leaf : train->leaves) {
        if (leaf.tail != leaf.path.size() && !lanesPast(*train, leaf).empty())
          return true;
        for (size_t i = leaf.tail; i != leaf.path.size(); ++i) {
          Indices &lanes = waiting[leaf.path[i].node];
          lanes = lanes.empty() ? leaf.lanes : lanes | leaf.lanes;
        }
      }
      for (size_t i = 0; i != waiting.size(); ++i)
        if (train->nodes[i].openLeaves && waiting[i].size() < train->nodes[i].lanes.size())
          return true;
    }
  return false;
}
