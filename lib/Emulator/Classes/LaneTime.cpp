// When wavelets left, passed and were taken, in all lanes: asked for by who was held back. As FabricTime.cpp.
#include "LaneFabric.h"

using namespace wafer;
using namespace wafer::emulator;

PerLane LaneFabric::between(const Indices &lanes, const PerLane &k, const PerLane &start, const PerLane &count,
                            const PerLane &first, const PerLane &last) {
  if (k.isUniform() && start.isUniform() && count.isUniform()) {
    // Mostly the first or the last of a piece is asked for.
    const int64_t at = k.uniform() - start.uniform(), end = count.uniform() - 1;
    if (at == 0 || end <= 0)
      return first;
    if (at == end)
      return last;
  }
  return made(
      lanes,
      [](int64_t k, int64_t start, int64_t count, int64_t first, int64_t last) {
        const int64_t at = k - start, end = count - 1;
        return at == 0 || end <= 0 ? first : at == end ? last : first + (last - first) * at / end;
      },
      k, start, count, first, last);
}

static bool holds(const PerLane &start, const PerLane &count, const Indices &lanes, const PerLane &k) {
  return every(
      lanes, [](int64_t k, int64_t start, int64_t count) { return start <= k && k < start + count; }, k, start, count);
}

/// The time of wavelets by a train's records; 0 where it is not known.
static PerLane paceOf(const LaneTrain &train, const Indices &lanes, const PerLane &k) {
  for (size_t i = train.records.size(); i-- > 0;)
    if (const LaneRecord &r = train.records[i]; holds(r.start, r.count, lanes, k))
      return LaneFabric::between(lanes, k, r.start, r.count, r.first, r.last);
  PerLane when;
  int64_t *to = when.spread(lanes.extent());
  for (uint16_t lane : lanes)
    for (size_t i = train.records.size(); i-- > 0;) {
      const LaneRecord &r = train.records[i];
      const int64_t at = k[lane] - r.start[lane], end = r.count[lane] - 1;
      if (at < 0 || at > end)
        continue;
      to[lane] = at == 0     ? r.first[lane]
                 : at == end ? r.last[lane]
                             : r.first[lane] + (r.last[lane] - r.first[lane]) * at / end;
      break;
    }
  return when;
}

void LaneFabric::remember(LaneEnd &end, const Indices &lanes, LaneConsumption c) {
  c.full = lanes.isAll();
  if (!c.full) { // none of the other lanes'
    PerLane start, count;
    apply(start, lanes, [](int64_t, int64_t a) { return a; }, c.start);
    apply(count, lanes, [](int64_t, int64_t a) { return a; }, c.count);
    start.spread(lanes.extent());
    count.spread(lanes.extent());
    c.start = std::move(start);
    c.count = std::move(count);
    ++end.partial;
  }
  // A sender asks for wavelets that its path buffers, and on a line that passes on for those of the paths before it.
  const int64_t keep = 2 * end.maxCapacity +
                       (costs.outputQueue + 2 * costs.linkBuffer + costs.inputQueue) * int64_t(end.line->positions);
  while (end.history.size() > 64) {
    const LaneConsumption &oldest = end.history.front();
    if (!every(
            c.full ? lanes : Indices::all(end.line->lanes),
            [&](int64_t start, int64_t count, int64_t consumed) { return start + count + keep < consumed; },
            oldest.start, oldest.count, end.consumed))
      break;
    end.partial -= !oldest.full;
    raise(end.forgotten, Indices::all(end.line->lanes),
          plus(Indices::all(end.line->lanes), oldest.start, oldest.count));
    end.history.pop();
  }
  end.history.push(std::move(c));
}

/// When the receivers took wavelets, and passed them on if they did.
PerLane LaneFabric::consumedAt(const LaneEnd &end, const Indices &lanes, const PerLane &coordinate) const {
  auto of = [&](const LaneConsumption &c, const Indices &lanes) {
    PerLane when = between(lanes, coordinate, c.start, c.count, c.first, c.last);
    if (c.out)
      when = larger(lanes, when,
                    injectedAt(*c.out, lanes,
                               made(
                                   lanes, [](int64_t out, int64_t q, int64_t start) { return out + (q - start); },
                                   c.outStart, coordinate, c.start)));
    return when;
  };
  auto find = [&](uint16_t lane) -> const LaneConsumption * {
    const int64_t q = coordinate[lane];
    if (!end.partial) {
      auto after = std::upper_bound(end.history.begin(), end.history.end(), q,
                                    [&](int64_t q, const LaneConsumption &c) { return q < c.start[lane]; });
      if (after != end.history.begin())
        if (const LaneConsumption &c = *--after; q < c.start[lane] + c.count[lane])
          return &c;
    } else {
      for (size_t i = end.history.size(); i-- > 0;)
        if (const LaneConsumption &c = end.history[i]; c.start[lane] <= q && q < c.start[lane] + c.count[lane])
          return &c;
    }
    if (q < end.forgotten[lane])
      unsupported = true; // a path longer than any that was thought of; better no time than a wrong one
    return nullptr;
  };
  const LaneConsumption *first = find(lanes[0]);
  if (first && holds(first->start, first->count, lanes, coordinate))
    return of(*first, lanes);
  // Lanes that are apart: those of one piece together.
  std::vector<std::pair<const LaneConsumption *, std::vector<uint16_t>>> groups;
  for (uint16_t lane : lanes) {
    const LaneConsumption *c = find(lane);
    auto group = std::find_if(groups.begin(), groups.end(), [&](auto &g) { return g.first == c; });
    if (group == groups.end())
      group = groups.insert(groups.end(), {c, {}});
    group->second.push_back(lane);
  }
  PerLane when;
  int64_t *to = when.spread(lanes.extent());
  for (auto &[c, list] : groups) {
    if (!c)
      continue;
    const Indices some = Indices::of(std::move(list), lanes.extent());
    const PerLane part = of(*c, some);
    for (uint16_t lane : some)
      to[lane] = part[lane];
  }
  return when;
}

PerLane LaneFabric::injectedAt(const LaneTrain &train, const Indices &lanes, const PerLane &k) const {
  PerLane when = paceOf(train, lanes, k);
  if (train.stream->dynamic) {
    for (const LaneTrainLeaf &leaf : train.leaves) {
      if (leaf.lanes.size() == train.lanes.size()) {
        when = larger(lanes, when, passedAt(train, leaf, -1, lanes, k));
      } else if (const Indices some = lanes & leaf.lanes; !some.empty()) {
        raise(when, some, passedAt(train, leaf, -1, some, k));
      }
    }
    return when;
  }
  for (const LaneLeaf &leaf : train.stream->leaves) {
    const Indices held = select(
        leaf.lanes.isAll() ? lanes : lanes & leaf.lanes,
        [](int64_t base, int64_t k, int64_t capacity) { return base + k >= capacity; }, train.base, k, leaf.capacity);
    if (held.empty())
      continue;
    const PerLane coordinate = made(
        held, [](int64_t base, int64_t k, int64_t capacity) { return base + k - capacity; }, train.base, k,
        leaf.capacity);
    Indices ends = held;
    if (leaf.to) {
      std::vector<uint16_t> list;
      for (uint16_t lane : held)
        list.push_back((*leaf.to)[lane]);
      std::sort(list.begin(), list.end());
      ends = Indices::of(std::move(list), leaf.end->line->lanes);
    }
    const PerLane taken = mapped(consumedAt(*leaf.end, ends, mapped(coordinate, leaf.from, ends)), leaf.to, held);
    apply(
        when, lanes == held ? lanes : held,
        [](int64_t so, int64_t taken, int64_t response) { return std::max(so, taken + response); }, taken,
        leaf.response);
  }
  return when;
}

/// When wavelets k have passed a node of a leaf's path, or (-1) left the sender: see Fabric::passedAt.
PerLane LaneFabric::passedAt(const LaneTrain &train, const LaneTrainLeaf &leaf, int node, const Indices &lanes,
                             const PerLane &k) const {
  PerLane when = paceOf(train, lanes, k);
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
  const PerLane taken = consumedAt(
      *leaf.end, held, made(held, [&](int64_t base, int64_t k) { return base + k - capacity; }, leaf.base, k));
  const Ticks back = kTicksPerCycle * (Ticks(leaf.path.size()) - 1 - node);
  apply(when, held, [&](int64_t so, int64_t taken) { return std::max(so, taken + back); }, taken);
  return when;
}
