// Lines, wires, and where their streams begin, end and go.
#include "../RouterKey.h"
#include "LaneFabric.h"

using namespace wafer;
using namespace wafer::emulator;

LaneFabric::LaneFabric(const VerifiedProgram &program, LaneClient &client)
    : costs(program.profile), program(program), client(client) {
  const image::Manifest &manifest = program.image.manifest();
  regionOfPe.assign(size_t(program.width) * program.height, kNone);
  for (int r = 0; r != manifest.regions_size(); ++r) {
    const image::Rect &rect = manifest.regions(r).rect();
    for (bool alongY : {false, true}) {
      Line &line = lines.emplace_back();
      line.region = r;
      line.alongY = alongY;
      line.lanes = alongY ? rect.w() : rect.h();
      line.positions = alongY ? rect.h() : rect.w();
    }
    for (uint32_t y = 0; y != rect.h(); ++y)
      std::fill_n(regionOfPe.begin() + (rect.y() + y) * program.width + rect.x(), rect.w(), r);
  }
  kinds.assign(manifest.regions_size() * 32, ColorKind::None);
  lanesOfColor.assign(kinds.size(), {});
  for (int r = 0; r != manifest.regions_size(); ++r)
    for (int color = 0; color != program.routes.colors(); ++color) {
      bool used = false;
      for (uint32_t position = 0; position != lines[2 * r].positions && !used; ++position)
        for (uint32_t lane = 0; lane != lines[2 * r].lanes && !used; ++lane)
          used = program.routes.at(color, meshPe(lines[2 * r], position, lane));
      if (!used)
        continue;
      Indices &lanes = lanesOfColor[r * 32 + color];
      ColorKind &kind = kinds[r * 32 + color];
      kind = ColorKind::Wire;
      for (bool alongY : {false, true})
        if (kind == ColorKind::Wire && !(lanes = lanesAlong(r, color, alongY)).empty())
          kind = alongY ? ColorKind::AlongY : ColorKind::AlongX;
    }
}

uint32_t LaneFabric::meshPe(const Line &line, uint32_t position, uint32_t lane) const {
  const image::Rect &rect = program.image.manifest().regions(line.region).rect();
  const uint32_t x = line.alongY ? lane : position, y = line.alongY ? position : lane;
  return (rect.y() + y) * program.width + rect.x() + x;
}

/// The lanes along an axis of a region that have a color, if it is the same in all of these and stays on the axis;
/// else none.
Indices LaneFabric::lanesAlong(uint32_t region, uint8_t color, bool alongY) const {
  const Line &line = lines[region * 2 + alongY];
  const uint8_t back = alongY ? PortNorth : PortWest, forth = alongY ? PortSouth : PortEast;
  std::vector<uint16_t> lanes;
  for (uint32_t lane = 0; lane != line.lanes; ++lane) {
    bool any = false;
    for (uint32_t position = 0; position != line.positions && !any; ++position)
      any = program.routes.at(color, meshPe(line, position, lane));
    if (any)
      lanes.push_back(lane);
  }
  for (uint32_t position = 0; position != line.positions; ++position) {
    const RouterSetup *first = program.routes.at(color, meshPe(line, position, lanes[0]));
    for (uint16_t lane : lanes) {
      const RouterSetup *other = program.routes.at(color, meshPe(line, position, lane));
      if (other != first && (!first || !other || first->positions != other->positions || first->input != other->input ||
                             first->outputs != other->outputs))
        return {};
    }
    for (int p = 0; first && p != first->positions; ++p) {
      const uint8_t ports = first->input[p] | first->outputs[p];
      if (ports & ~(back | forth | PortRamp) || (position == 0 && ports & back) ||
          (position + 1 == line.positions && ports & forth))
        return {};
    }
  }
  return Indices::of(lanes, line.lanes);
}

void LaneFabric::reset(bool withTimes) {
  timed = withTimes;
  unsupported = false;
  readyTrains.clear();
  dirtyStreams.clear();
  switches.clear();
  // Legs, trains and what was taken hold one another.
  for (LaneEnd &end : allEnds) {
    end.legs.pop(end.legs.size());
    end.history.pop(end.history.size());
  }
  for (LaneStream &stream : allStreams)
    stream.current.clear();
  for (LaneStream &stream : allStreams) // those that instructions still hold
    while (stream.oldest)
      forget(*stream.oldest);
  allEnds.clear();
  allStreams.clear();
  hostLines.clear();
  hostEnds.clear();
  for (Line &line : lines) {
    line.ends.assign(size_t(line.positions) * program.routes.colors(), nullptr);
    line.streams.assign(size_t(line.positions) * program.routes.colors(), nullptr);
  }
}

LaneEnd &LaneFabric::endAt(Line &line, uint32_t position, uint8_t color) {
  LaneEnd *&end = line.ends[size_t(position) * program.routes.colors() + color];
  if (!end) {
    end = &allEnds.emplace_back();
    end->line = &line;
    end->position = position;
    end->color = color;
  }
  return *end;
}

LaneStream &LaneFabric::streamAt(Line &line, uint32_t position, uint8_t color) {
  LaneStream *&stream = line.streams[size_t(position) * program.routes.colors() + color];
  if (!stream) {
    stream = &allStreams.emplace_back();
    stream->line = &line;
    stream->position = position;
    stream->color = color;
  }
  return *stream;
}

static Line hostLine() {
  Line line;
  line.lanes = line.positions = 1;
  return line;
}

LaneEnd &LaneFabric::openHostEnd(size_t number) {
  const HostPort &port = program.ports[number];
  LaneEnd &end = allEnds.emplace_back();
  end.line = &hostLines.emplace_back(hostLine());
  end.color = port.color;
  end.hostPort = static_cast<int>(number);
  hostEnds[portKey(port.pe, port.color, port.side)] = &end;
  return end;
}

LaneStream &LaneFabric::openHostStream(size_t number) {
  const HostPort &port = program.ports[number];
  LaneStream &stream = allStreams.emplace_back();
  stream.line = &hostLines.emplace_back(hostLine());
  stream.pe = port.pe;
  stream.color = port.color;
  stream.side = port.side;
  trace(stream);
  return stream;
}

const RouterSetup *LaneFabric::setupAt(const Line &line, uint32_t position, uint8_t color) const {
  return program.routes.at(color, meshPe(line, position, lanesOf(line.region, color).front()));
}

bool LaneFabric::reachesCore(const Line &line, uint32_t position, uint32_t lane, uint8_t color) const {
  const RouterSetup *setup = program.routes.at(color, meshPe(line, position, lane));
  for (int p = 0; setup && p != setup->positions; ++p)
    if (setup->outputs[p] & PortRamp)
      return true;
  return false;
}

static bool takes(const RouterSetup *setup, uint8_t side) {
  for (int p = 0; setup && p != setup->positions; ++p)
    if (setup->input[p] == side)
      return true;
  return false;
}

Indices LaneFabric::echoes(const LaneStream &stream, const Indices &lanes) const {
  const Line &line = *stream.line;
  if (kind(line.region, stream.color) != ColorKind::Wire)
    return hearsItself(setupAt(line, stream.position, stream.color)) ? lanes : Indices();
  return lanes.filtered(
      [&](uint16_t lane) { return hearsItself(program.routes.at(stream.color, meshPe(line, stream.position, lane))); });
}

void LaneFabric::trace(LaneStream &stream) {
  stream.traced = true;
  const ColorKind kind = stream.line->region == kNone ? ColorKind::Wire : this->kind(stream.line->region, stream.color);
  if (kind == ColorKind::Wire)
    traceWire(stream);
  else
    traceLine(stream);
  for (LaneLeaf &leaf : stream.leaves) {
    leaf.maxCapacity = greatestOf(leaf.lanes, leaf.capacity);
    leaf.end->maxCapacity = std::max(leaf.end->maxCapacity, leaf.maxCapacity);
    // Wavelets leave at the link's pace at most. When one leaves, that which made room for it had left long enough ago
    // to have been taken at its end, and for this to be known here.
    leaf.keepsPace = every(
        leaf.lanes,
        [&](int64_t capacity, int64_t latency, int64_t response) {
          return capacity * costs.link >= latency + response;
        },
        leaf.capacity, leaf.latency, leaf.response);
    leaf.end->keepsPace = leaf.keepsPace && (leaf.end->keepsPace || leaf.end->writers.empty());
    leaf.end->writers.push_back({&stream, uint32_t(&leaf - stream.leaves.data())});
  }
  stream.promiseDirty = stream.settleDirty = Indices::all(stream.line->lanes);
  refresh(stream);
}

/// All lanes that have the color at once: the way of one is that of all.
void LaneFabric::traceLine(LaneStream &stream) {
  Line &line = *stream.line;
  const Indices &all = lanesOf(line.region, stream.color);
  if (!takes(setupAt(line, stream.position, stream.color), PortRamp))
    return;
  stream.routed = all;
  struct Visit {
    uint32_t position;
    uint8_t side;
    uint32_t hops;
  };
  std::vector<Visit> todo{{stream.position, PortRamp, 0}};
  size_t visited = 0;
  while (!todo.empty()) {
    const Visit visit = todo.back();
    todo.pop_back();
    const RouterSetup *setup = setupAt(line, visit.position, stream.color);
    if (setup->positions > 1 || ++visited > line.positions) {
      stream.dynamic = true;
      stream.switches = &switchesOf(stream);
      stream.leaves.clear();
      return;
    }
    for (uint8_t side : kSides) {
      if (!(setup->outputs[0] & side))
        continue;
      if (side == PortRamp) {
        const int64_t capacity = costs.outputQueue + costs.linkBuffer * (int64_t(visit.hops) + 1) + costs.inputQueue;
        stream.leaves.push_back({&endAt(line, visit.position, stream.color), all, all, nullptr, nullptr, capacity,
                                 costs.ramp + costs.hop * visit.hops + costs.ramp,
                                 kTicksPerCycle * (Ticks(visit.hops) + 1)});
      } else {
        const bool forth = side == PortEast || side == PortSouth;
        todo.push_back({visit.position + (forth ? 1 : -1), oppositePort(side), visit.hops + 1});
      }
    }
  }
}

namespace {
/// Where one lane's route ends.
struct Hit {
  LaneEnd *end;
  uint32_t lane, endLane;
  int64_t capacity;
  Ticks latency, response;
};
/// Hits of one end in which no lane of either side comes twice: a leaf.
struct Bundle {
  LaneEnd *end;
  std::vector<Hit> hits;
  bool has(const Hit &hit) const {
    for (const Hit &other : hits)
      if (other.lane == hit.lane || other.endLane == hit.endLane)
        return true;
    return false;
  }
};
} // namespace

static LaneLeaf leafOf(Bundle &bundle, uint32_t lanes, uint32_t endLanes) {
  LaneLeaf leaf{bundle.end, {}, {}, nullptr, nullptr, 0, 0, 0};
  std::vector<uint16_t> from, to, mapFrom(endLanes), mapTo(lanes);
  int64_t *capacity = leaf.capacity.spread(lanes), *latency = leaf.latency.spread(lanes),
          *response = leaf.response.spread(lanes);
  bool same = lanes == endLanes;
  for (const Hit &hit : bundle.hits) {
    from.push_back(hit.lane);
    to.push_back(hit.endLane);
    mapTo[hit.lane] = hit.endLane;
    mapFrom[hit.endLane] = hit.lane;
    capacity[hit.lane] = hit.capacity;
    latency[hit.lane] = hit.latency;
    response[hit.lane] = hit.response;
    same &= hit.lane == hit.endLane;
  }
  std::sort(from.begin(), from.end());
  std::sort(to.begin(), to.end());
  leaf.lanes = Indices::of(std::move(from), lanes);
  leaf.endLanes = Indices::of(std::move(to), endLanes);
  if (!same) {
    leaf.to = std::make_shared<const std::vector<uint16_t>>(std::move(mapTo));
    leaf.from = std::make_shared<const std::vector<uint16_t>>(std::move(mapFrom));
  }
  leaf.capacity.pack(leaf.lanes);
  leaf.latency.pack(leaf.lanes);
  leaf.response.pack(leaf.lanes);
  return leaf;
}

/// Each lane's way for itself, over the mesh and into other regions.
void LaneFabric::traceWire(LaneStream &stream) {
  struct Visit {
    uint32_t pe;
    uint8_t side;
    uint32_t hops, turns;
  };
  Line &line = *stream.line;
  const bool fromCore = stream.side == PortRamp;
  std::vector<uint16_t> routed;
  std::vector<Bundle> bundles;
  std::unordered_map<LaneEnd *, std::vector<size_t>> ofEnd;
  for (uint32_t lane = 0; lane != line.lanes; ++lane) {
    const uint32_t pe = line.region == kNone ? stream.pe : meshPe(line, stream.position, lane);
    if (!takes(program.routes.at(stream.color, pe), stream.side))
      continue;
    routed.push_back(lane);
    std::vector<Visit> todo{{pe, stream.side, 0, 0}};
    size_t visited = 0;
    while (!todo.empty()) {
      const Visit visit = todo.back();
      todo.pop_back();
      const RouterSetup *setup = program.routes.at(stream.color, visit.pe);
      if (setup->positions > 1 || ++visited > size_t(program.width) * program.height) {
        giveUp();
        return;
      }
      auto found = [&](LaneEnd &end, uint32_t endLane, uint32_t turns, Ticks last) {
        const int64_t capacity = (fromCore ? int64_t(costs.outputQueue) : 0) +
                                 int64_t(costs.linkBuffer) * (visit.hops + 1) + int64_t(costs.turnPlaces * turns) +
                                 int64_t(costs.inputQueue);
        const Hit hit{&end,
                      lane,
                      endLane,
                      capacity,
                      (fromCore ? costs.ramp : costs.hop) + costs.hop * visit.hops + costs.turn * turns + last,
                      kTicksPerCycle * (Ticks(visit.hops) + 1)};
        std::vector<size_t> &known = ofEnd[&end];
        for (size_t index : known)
          if (!bundles[index].has(hit)) {
            bundles[index].hits.push_back(hit);
            return;
          }
        known.push_back(bundles.size());
        bundles.push_back({&end, {hit}});
      };
      for (uint8_t side : kSides) {
        if (!(setup->outputs[0] & side))
          continue;
        uint32_t next = 0;
        const uint32_t turns =
            visit.turns + (side != PortRamp && visit.side != PortRamp && oppositePort(visit.side) != side);
        if (side == PortRamp) {
          const uint32_t region = regionOfPe[visit.pe];
          if (region == kNone || kind(region, stream.color) != ColorKind::Wire) {
            giveUp();
            return;
          }
          const image::Rect &rect = program.image.manifest().regions(region).rect();
          const uint32_t x = visit.pe % program.width, y = visit.pe / program.width;
          found(endAt(lines[region * 2], x - rect.x(), stream.color), y - rect.y(), turns, costs.ramp);
        } else if (neighborOf(program, visit.pe, side, next)) {
          todo.push_back({next, oppositePort(side), visit.hops + 1, turns});
        } else {
          found(*hostEnds.at(portKey(visit.pe, stream.color, side)), 0, turns, costs.hop);
        }
      }
    }
  }
  stream.routed = Indices::of(std::move(routed), line.lanes);
  for (Bundle &bundle : bundles)
    stream.leaves.push_back(leafOf(bundle, line.lanes, bundle.end->line->lanes));
}
