// Where streams begin, end and go.
#include "Fabric.h"
#include "RouterKey.h"

#include <algorithm>
#include <cmath>

using namespace wafer;
using namespace wafer::emulator;

Fabric::Fabric(const VerifiedProgram &program, FabricClient &client)
    : costs(program.profile), program(program), client(client), ends(size_t(program.width) * program.height),
      streams(size_t(program.width) * program.height), routers(size_t(program.width) * program.height) {}

Fabric::~Fabric() {
  reset(false);
  for (Train *train : idleTrains)
    delete train;
}

FabricCosts::FabricCosts(const Profile &p)
    : link(ticks(p.linkCyclesPerWavelet)), hop(ticks(p.hopCycles)), turn(ticks(p.turnCycles)),
      ramp(ticks(p.rampCycles)), host(ticks(p.hostCyclesPerWavelet)), linkBuffer(p.linkBufferWavelets),
      inputQueue(p.inputQueueWavelets), outputQueue(p.outputQueueWavelets),
      turnPlaces((int64_t(std::ceil(p.turnCycles)) * kTicksPerCycle + std::max(link, kTicksPerCycle) - 1) /
                 std::max(link, kTicksPerCycle)) {}

void End::reset() {
  cursor = 0;
  enqueued = promised = consumed = settled = 0;
  op = nullptr;
  freeAt = 0;
}

void Stream::reset() {
  sent = known = 0;
  op = nullptr;
  freeAt = 0;
  findLimits();
}

void Stream::findLimits() {
  auto least = [&](auto value, uint64_t &limit, uint32_t &count) {
    limit = kUnlimited;
    count = 0;
    for (const RouteLeaf &leaf : leaves) {
      if (value(leaf) < limit)
        limit = value(leaf), count = 0;
      count += value(leaf) == limit;
    }
  };
  least([](const RouteLeaf &leaf) { return leaf.end->promised + leaf.capacity; }, injectLimit, atInject);
  least([](const RouteLeaf &leaf) { return leaf.end->settled + leaf.capacity; }, settleLimit, atSettle);
}

void RouterState::reset() {
  position = 0;
  pending = TrainRef();
  openedAt = 0;
  for (Fifo<Parked> &queue : parked)
    queue.clear();
}

/// Places and ways stay, and so does the memory of queues: the next run will need them.
void Fabric::reset(bool withTimes) {
  timed = withTimes;
  broken = false;
  sent = 0;
  readyTrains.clear();
  // All trains first: when the last who knows one forgets it, it says so to its stream and its receivers.
  auto forget = [](End &end) {
    end.legs.clear();
    end.history.clear();
  };
  for (End &end : ends)
    forget(end);
  for (auto &[key, end] : hostEnds)
    forget(end);
  for (RouterState &router : routers)
    router.reset();
  for (Stream &stream : streams)
    stream.current = TrainRef();
  for (auto &[key, stream] : hostStreams)
    stream.current = TrainRef();
  for (End &end : ends)
    end.reset();
  for (auto &[key, end] : hostEnds)
    end.reset();
  for (Stream &stream : streams)
    stream.reset();
  for (auto &[key, stream] : hostStreams)
    stream.reset();
}

End &Fabric::endAt(uint32_t pe, uint8_t color) {
  auto [end, isNew] = ends.at(pe, color);
  if (isNew) {
    end.pe = pe;
    end.color = color;
    end.isReached = reachesCore(pe, color);
  }
  return end;
}

Stream &Fabric::streamAt(uint32_t pe, uint8_t color) {
  auto [stream, isNew] = streams.at(pe, color);
  if (isNew) {
    stream.pe = pe;
    stream.color = color;
  }
  return stream;
}

End &Fabric::openHostEnd(size_t number) {
  const HostPort &port = program.ports[number];
  End &end = hostEnds[portKey(port.pe, port.color, port.side)];
  end.pe = port.pe;
  end.color = port.color;
  return end;
}

Stream &Fabric::openHostStream(size_t number) {
  const HostPort &port = program.ports[number];
  Stream &stream = hostStreams[portKey(port.pe, port.color, port.side)];
  if (!stream.traced) {
    stream.pe = port.pe;
    stream.color = port.color;
    stream.side = port.side;
    trace(stream); // verified: the router takes it
  }
  return stream;
}

bool Fabric::reachesCore(uint32_t pe, uint8_t color) const {
  const RouterSetup *setup = program.routes.at(color, pe);
  for (int p = 0; setup && p != setup->positions; ++p)
    if (setup->outputs[p] & PortRamp)
      return true;
  return false;
}

bool Fabric::trace(Stream &stream) {
  struct Visit {
    uint32_t pe;
    uint8_t side;
    uint32_t hops, turns;
  };
  const bool fromCore = stream.side == PortRamp;
  const RouterSetup *first = program.routes.at(stream.color, stream.pe);
  bool taken = false;
  for (int p = 0; first && p != first->positions; ++p)
    taken |= first->input[p] == stream.side;
  if (!taken)
    return false;
  stream.traced = true;
  std::vector<Visit> todo{{stream.pe, stream.side, 0, 0}};
  size_t visited = 0;
  auto addLeaf = [&](End &end, const Visit &visit, uint32_t turns, Ticks last) {
    const auto capacity =
        static_cast<uint32_t>((fromCore ? costs.outputQueue : 0) + costs.linkBuffer * (uint64_t(visit.hops) + 1) +
                              costs.turnPlaces * turns + costs.inputQueue);
    stream.leaves.push({&end, capacity,
                        (fromCore ? costs.ramp : costs.hop) + costs.hop * visit.hops + costs.turn * turns + last,
                        kTicksPerCycle * (Ticks(visit.hops) + 1)});
  };
  while (!todo.empty()) {
    Visit visit = todo.back();
    todo.pop_back();
    const RouterSetup *setup = program.routes.at(stream.color, visit.pe);
    // One input per router: a walk that is longer than the mesh goes in a circle through switches.
    if (setup->positions > 1 || ++visited > size_t(program.width) * program.height) {
      stream.dynamic = true;
      stream.leaves.clear();
      return true;
    }
    for (uint8_t side : kSides) {
      if (!(setup->outputs[0] & side))
        continue;
      uint32_t next;
      uint32_t turns = visit.turns + (side != PortRamp && visit.side != PortRamp && oppositePort(visit.side) != side);
      if (side == PortRamp)
        addLeaf(endAt(visit.pe, stream.color), visit, turns, costs.ramp);
      else if (neighborOf(program, visit.pe, side, next))
        todo.push_back({next, oppositePort(side), visit.hops + 1, turns});
      else
        addLeaf(hostEnds.at(portKey(visit.pe, stream.color, side)), visit, turns, costs.hop);
    }
  }
  for (RouteLeaf &leaf : stream.leaves) {
    leaf.end->writer = &stream;
    leaf.end->writerCapacity = leaf.capacity;
    leaf.end->writerRoundTrip = leaf.latency + leaf.response;
    leaf.end->maxCapacity = leaf.capacity;
  }
  stream.findLimits();
  return true;
}

uint8_t Fabric::position(uint32_t pe, uint8_t color) const {
  const RouterState *state = routers.find(pe, color);
  return state ? state->position : 0;
}
