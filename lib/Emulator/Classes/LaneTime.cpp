// When wavelets left, passed and were taken, in all lanes: asked for by who was held back. As FabricTime.cpp.
#include "LaneFabric.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

/// The time of wavelets by a train's records; 0 where it is not known.
PerLane wafer::emulator::paceOf(const LaneTrain &train, const Indices &lanes, const PerLane &k) {
  for (size_t i = train.records.size(); i-- > 0;)
    if (train.records[i].holds(lanes, k))
      return train.records[i].at(lanes, k);
  PerLane when;
  int64_t *to = when.spread(lanes.extent());
  for (uint16_t lane : lanes)
    for (size_t i = train.records.size(); i-- > 0;)
      if (const LanePace &r = train.records[i]; uint64_t(k[lane] - r.start[lane]) < uint64_t(r.count[lane])) {
        to[lane] = r.at(lane, k[lane]);
        break;
      }
  return when;
}

/// Nobody can ask for it any more: a wavelet of a train asks for the one that made room for it at its end.
bool LaneFabric::isForgotten(const LaneEnd &end, const LaneConsumption &piece) const {
  auto isBefore = [&](const Indices &lanes, const PerLane &known) {
    return every(
        lanes,
        [room = end.maxCapacity](int64_t start, int64_t count, int64_t known) { return start + count <= known - room; },
        piece.pace.start, piece.pace.count, known);
  };
  for (const LaneEnd::Writer &writer : end.writers) {
    const LaneLeaf &leaf = writer.stream->leaves[writer.leaf];
    const PerLane &known = writer.stream->oldest ? writer.stream->oldest->base : writer.stream->sent;
    if (!isBefore(leaf.endLanes, mapped(known, leaf.from, leaf.endLanes)))
      return false;
  }
  if (!end.writers.empty())
    return true;
  const LaneEnd::Arrived *first = end.arrived.empty() ? nullptr : &end.arrived.front();
  return isBefore(Indices::all(end.line->lanes), first ? first->train->leaves[first->leaf].base : end.enqueued);
}

void LaneFabric::remember(LaneEnd &end, const Indices &lanes, LaneConsumption c) {
  if (!end.history.empty() && end.history.end()[-1].asItCame) { // until now
    LanePace &before = end.history.end()[-1].pace;
    before.count = minus(Indices::all(end.line->lanes), end.remembered, before.start);
  }
  LanePace &pace = c.pace;
  end.lateBefore = std::max(end.lateBefore, greatestOf(lanes, plus(lanes, pace.start, pace.count)));
  if (!lanes.isAll()) { // none of the other lanes'
    PerLane count;
    apply(count, lanes, [](int64_t, int64_t a) { return a; }, pace.count);
    pace.count = std::move(count);
    pace.start = end.remembered;
  }
  apply(end.remembered, lanes, [](int64_t a, int64_t b) { return a + b; }, pace.count);
  prune(end);
  end.history.push(std::move(c));
}

/// What lanes took as it came, at an end that keeps pace.
void LaneFabric::rememberAsItCame(LaneEnd &end, const Indices &lanes, const PerLane &count) {
  if (end.history.empty() || !end.history.end()[-1].asItCame) {
    prune(end);
    end.history.push({LanePace(end.remembered, kUnlimited, 0, /*step=*/0), {}, 0, /*asItCame=*/true});
  }
  apply(end.remembered, lanes, [](int64_t a, int64_t b) { return a + b; }, count);
}

void LaneFabric::prune(LaneEnd &end) {
  size_t forgotten = 0;
  while (forgotten != end.history.size() && isForgotten(end, end.history[forgotten]))
    ++forgotten;
  end.history.pop(forgotten);
  end.asked -= std::min(end.asked, forgotten);
}

/// The piece in which a lane's wavelet was taken; null if it is still to be.
const LaneConsumption *LaneFabric::pieceAt(const LaneEnd &end, uint16_t lane, int64_t coordinate) const {
  if (coordinate >= end.remembered[lane])
    return nullptr;
  const LaneConsumption *const begin = end.history.begin(), *const last = end.history.end() - 1;
  auto isAfter = [lane, coordinate](const LaneConsumption &c) { return coordinate < c.pace.start[lane]; };
  // Mostly one near that which was asked for last: from there by steps of twice the length, then between two of them.
  const LaneConsumption *low = begin + std::min<size_t>(end.asked, last - begin), *high = low;
  for (ptrdiff_t step = 1; isAfter(*low); step *= 2) {
    if (low == begin) { // forgotten, though somebody asks: better no time than a wrong one
      unsupported = true;
      return nullptr;
    }
    high = low;
    low -= std::min(step, low - begin);
  }
  for (ptrdiff_t step = 1; low == high || !isAfter(*high); step *= 2) {
    if (high == last) {
      ++high;
      break;
    }
    low = high;
    high += std::min(step, last - high);
  }
  const LaneConsumption *found =
      std::partition_point(low, high, [&](const LaneConsumption &c) { return !isAfter(c); }) - 1;
  end.asked = found - begin;
  return found;
}

/// Raises times to those when receivers took wavelets, and passed them on if they did, plus a time.
void LaneFabric::raiseToTaken(PerLane &when, const LaneEnd &end, const Indices &lanes, const PerLane &coordinate,
                              Ticks after) const {
  Indices left = lanes;
  for (;;) {
    const LaneConsumption *c = pieceAt(end, left.front(), coordinate[left.front()]);
    if (!c) {
      left = select(left, [](int64_t q, int64_t remembered) { return q < remembered; }, coordinate, end.remembered);
      if (left.empty() || unsupported)
        return;
      continue;
    }
    const LanePace &pace = c->pace;
    const Indices here =
        pace.holds(left, coordinate)
            ? left
            : select(
                  left, [](int64_t k, int64_t start, int64_t count) { return uint64_t(k - start) < uint64_t(count); },
                  coordinate, pace.start, pace.count);
    if (!c->asItCame)
      pace.raise(when, here, coordinate, after);
    if (c->out)
      apply(
          when, here, [after](int64_t so, int64_t out) { return std::max(so, out + after); },
          injectedAt(*c->out, here,
                     made(
                         here, [](int64_t out, int64_t q, int64_t start) { return out + (q - start); }, c->outStart,
                         coordinate, pace.start)));
    if (here.size() == left.size())
      return;
    left = left - here;
  }
}

PerLane LaneFabric::injectedAt(const LaneTrain &train, const Indices &lanes, const PerLane &k) const {
  PerLane when = paceOf(train, lanes, k);
  if (train.stream->dynamic) {
    for (const LaneTrainLeaf &leaf : train.leaves) {
      if (leaf.lanes.size() == train.lanes.size()) {
        when = passedAt(train, leaf, -1, lanes, k, when);
      } else if (const Indices some = lanes & leaf.lanes; !some.empty()) {
        raise(when, some, passedAt(train, leaf, -1, some, k, when));
      }
    }
    return when;
  }
  const PerLane sum = plus(lanes, train.base, k);
  const int64_t least = leastOf(lanes, sum);
  for (const LaneLeaf &leaf : train.stream->leaves) {
    if (leaf.keepsPace && least - leaf.maxCapacity >= leaf.end->lateBefore)
      continue;
    const Indices held = least >= leaf.maxCapacity && leaf.lanes.isAll()
                             ? lanes
                             : select(
                                   leaf.lanes.isAll() ? lanes : lanes & leaf.lanes,
                                   [](int64_t sum, int64_t capacity) { return sum >= capacity; }, sum, leaf.capacity);
    if (held.empty())
      continue;
    const PerLane coordinate = minus(held, sum, leaf.capacity);
    if (!leaf.to && leaf.response.isUniform()) {
      raiseToTaken(when, *leaf.end, held, coordinate, leaf.response.uniform());
      continue;
    }
    const Indices ends = mappedLanes(held, leaf.to, leaf.end->line->lanes);
    PerLane taken;
    raiseToTaken(taken, *leaf.end, ends, mapped(coordinate, leaf.from, ends), 0);
    apply(
        when, held, [](int64_t so, int64_t taken, int64_t response) { return std::max(so, taken + response); },
        mapped(taken, leaf.to, held), leaf.response);
  }
  return when;
}

/// When wavelets k, which would leave at some time, have passed a node of a leaf's path, or (-1) left the sender: see
/// Fabric::passedAt.
PerLane LaneFabric::passedAt(const LaneTrain &train, const LaneTrainLeaf &leaf, int node, const Indices &lanes,
                             const PerLane &k, PerLane when) const {
  Ticks latency = 0;
  const Ticks link = costs.link;
  if (node >= 0) {
    latency = leaf.path[node].latency;
    when = made(
        lanes, [&](int64_t when, int64_t gate, int64_t k) { return std::max(when + latency, gate + k * link); }, when,
        leaf.path[node].gate, k);
  }
  auto room = [&](int64_t at) -> int64_t {
    return node < 0 ? ownCapacity() + at * int64_t(costs.linkBuffer) : (at - node) * int64_t(costs.linkBuffer);
  };
  // Lanes that fit before a switch need not ask what is beyond.
  Indices left = lanes;
  for (size_t at = node + 1; at < leaf.path.size(); ++at) {
    if (!leaf.path[at].switched)
      continue;
    const int64_t fits = room(at);
    left = select(left, [&](int64_t k) { return k + 1 > fits; }, k);
    if (left.empty())
      return when;
    apply(
        when, left, [&](int64_t so, int64_t gate, int64_t k) { return std::max(so, gate + (k + 1 - fits) * link); },
        leaf.path[at].gate, k);
  }
  if (leaf.parked)
    return when;
  const int64_t capacity = node < 0 ? capacityFromSource(train, leaf) : capacityBeyond(leaf, node);
  const Indices held = select(left, [&](int64_t base, int64_t k) { return base + k + 1 > capacity; }, leaf.base, k);
  if (held.empty())
    return when;
  raiseToTaken(when, *leaf.end, held,
               made(
                   held, [&](int64_t base, int64_t k) { return base + k - capacity; }, leaf.base, k),
               kTicksPerCycle * (Ticks(leaf.path.size()) - 1 - node));
  return when;
}
