// Queues, ramps, links, routers, switches, host ports.
#include "Machine.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::reference;

static constexpr uint8_t kSides[] = {PortNorth, PortEast, PortSouth, PortWest, PortRamp};

/// A link's time says until when it is taken.
static bool isFree(Ticks time, int64_t cycle) { return time < (cycle + 1) * kCycle; }
static void use(Ticks &time, int64_t cycle, Ticks cost) {
  time = std::max(time, cycle * kCycle) + std::max(cost, kCycle);
}

bool Machine::reaches(uint32_t pe, unsigned color, bool fromCore) const {
  const RouterSetup *setup = program.routes.at(int(color), pe);
  for (int p = 0; setup && p != setup->positions; ++p)
    if (fromCore ? setup->input[p] == PortRamp : setup->outputs[p] & PortRamp)
      return true;
  return false;
}

RouterQueue *Machine::queueAt(uint32_t pe, unsigned color, uint8_t side) {
  for (RouterQueue &queue : routers[pe].queues)
    if (queue.color == color && queue.side == side)
      return &queue;
  return nullptr;
}

/// Where the link out of a router by a side leads to; null off the mesh.
RouterQueue *Machine::queueBeyond(uint32_t pe, unsigned color, uint8_t side) {
  const int x = int(pe) % program.width + (side == PortEast) - (side == PortWest);
  const int y = int(pe) / program.width + (side == PortSouth) - (side == PortNorth);
  if (x < 0 || y < 0 || x == program.width || y == program.height)
    return nullptr;
  return queueAt(uint32_t(y * program.width + x), color, oppositePort(side));
}

HostPortState *Machine::portAt(uint32_t pe, unsigned color, uint8_t side) {
  for (HostPortState &state : ports)
    if (state.port->pe == pe && state.port->color == color && state.port->side == side)
      return &state;
  return nullptr;
}

//===- Cores' ends of the ramps -------------------------------------------===//

bool Machine::hasRoom(uint32_t pe, unsigned color) const {
  const int depth = profile.outputQueueWavelets, taken = ramps[pe].out[color].taken;
  for (const RouterQueue &queue : routers[pe].queues)
    if (queue.color == color && queue.side == PortRamp)
      return taken < std::max(depth, 1) && taken + queue.taken < depth + profile.linkBufferWavelets;
  return false;
}

void Machine::put(uint32_t pe, unsigned color, uint32_t data, isa::Control control, Ticks when) {
  ramps[pe].out[color].put({data, control, (when + kCycle - 1) / kCycle, 0});
  ++ramps[pe].up;
  ++result.wavelets;
}

void Machine::rampsUp() {
  for (const Core &core : cores) {
    Ramp &here = ramps[core.pe];
    const unsigned last = here.lastUp;
    for (unsigned k = 1; here.up && k <= isa::kMaxColors; ++k) {
      const unsigned color = (last + k) % isa::kMaxColors;
      if (!here.out[color].hasCome(now))
        continue;
      RouterQueue &to = *queueAt(core.pe, color, PortRamp);
      if (to.taken == profile.linkBufferWavelets)
        continue;
      Wavelet wavelet = here.out[color].pop();
      --here.out[color].taken;
      wavelet.comes = now + ramp;
      to.put(wavelet);
      here.lastUp = color;
      --here.up;
      moved = true;
      break;
    }
  }
}

//===- Host ---------------------------------------------------------------===//

void Machine::portsOut() {
  for (HostPortState &state : ports)
    while (state.port->output && state.words.size() != state.port->words && state.due < (now + 1) * kCycle &&
           state.queue.hasCome(now)) {
      const Wavelet wavelet = state.queue.pop();
      --state.queue.taken;
      if (wavelet.control != isa::Control::None) {
        failure = Diagnostic{ErrorCode::ProgramControl, "a control wavelet leaves the mesh at " + place(state.port->pe),
                             "a core must take it off the stream before the host's port"};
        return;
      }
      state.words.push_back(wavelet.data);
      state.due = std::max(state.due, now * kCycle) + hostTicks;
      moved = true;
    }
}

void Machine::portsIn() {
  for (HostLink &link : hostLinks)
    for (size_t k = 0; k != link.ports.size(); ++k) {
      const size_t index = (link.first + k) % link.ports.size();
      HostPortState &state = *link.ports[index];
      RouterQueue &to = *queueAt(state.port->pe, state.port->color, state.port->side);
      if (state.sent == state.words.size() || state.due >= (now + 1) * kCycle || !isFree(link.time, now) ||
          to.taken == profile.linkBufferWavelets)
        continue;
      to.put({state.words[state.sent++], isa::Control::None, now + hop, 0});
      ++result.wavelets;
      use(link.time, now, linkTicks);
      state.due = std::max(state.due, now * kCycle) + hostTicks;
      link.first = index + 1;
      moved = true;
      break;
    }
}

//===- Routers ------------------------------------------------------------===//

void Machine::moveWavelets() {
  for (uint32_t pe = 0; pe != routers.size() && !failure; ++pe) {
    Router &here = routers[pe];
    const size_t count = here.queues.size(), start = here.first;
    bool none = true;
    for (size_t k = 0; k != count; ++k) {
      const size_t index = (start + k) % count;
      if (here.queues[index].hasCome(now) && moveThrough(pe, here.queues[index]) && none)
        here.first = index + 1, none = false;
    }
    ramps[pe].downTaken = false;
  }
}

/// False if the head must stay.
bool Machine::moveThrough(uint32_t pe, RouterQueue &queue) {
  Router &here = routers[pe];
  const RouterSetup &setup = *program.routes.at(queue.color, pe);
  const int position = here.position[queue.color];
  if (setup.input[position] != queue.side)
    return false;
  const uint8_t outputs = setup.outputs[position];
  auto turns = [&](uint8_t side) { return queue.side != PortRamp && side != oppositePort(queue.side); };
  for (int s = 0; s != 5; ++s) {
    const uint8_t side = kSides[s];
    if (!(outputs & side))
      continue;
    if (side == PortRamp) {
      if (ramps[pe].downTaken || ramps[pe].in[queue.color].taken == profile.inputQueueWavelets)
        return false;
    } else {
      if (!isFree(here.linkTime[s], now))
        return false;
      const RouterQueue *next = queueBeyond(pe, queue.color, side);
      const int taken = next ? next->taken : portAt(pe, queue.color, side)->queue.taken;
      const int depth = next ? profile.linkBufferWavelets : profile.inputQueueWavelets;
      if (taken >= depth + (turns(side) ? turnPlaces : 0))
        return false;
    }
  }
  Wavelet wavelet = queue.pop();
  departures.push_back({pe, &queue, wavelet.control});
  moved = true;
  if (++wavelet.routers > 4 * routers.size()) {
    failure = Diagnostic{ErrorCode::ProgramRouteLoop,
                         "color " + std::to_string(queue.color) + " travels in a circle through router " + place(pe),
                         "the switches of this color close a loop"};
    return false;
  }
  for (int s = 0; s != 5; ++s) {
    const uint8_t side = kSides[s];
    if (!(outputs & side))
      continue;
    wavelet.comes = now + (side == PortRamp ? ramp : hop + (turns(side) ? turn : 0));
    if (side == PortRamp) {
      ramps[pe].downTaken = true;
      ramps[pe].in[queue.color].put(wavelet);
      continue;
    }
    use(here.linkTime[s], now, linkTicks);
    if (RouterQueue *next = queueBeyond(pe, queue.color, side))
      next->put(wavelet);
    else
      portAt(pe, queue.color, side)->queue.put(wavelet);
  }
  return true;
}

void Machine::switches() {
  for (const Departure &departure : departures) {
    --departure.queue->taken;
    uint8_t &position = routers[departure.pe].position[departure.queue->color];
    if (departure.control == isa::Control::Reset)
      position = 0;
    else if (departure.control == isa::Control::Advance &&
             position + 1 < program.routes.at(departure.queue->color, departure.pe)->positions)
      ++position;
  }
  departures.clear();
}

/// The first cycle after this one in which something that waits for time alone may move.
int64_t Machine::nextOfFabric() const {
  int64_t next = kNever;
  auto at = [&](int64_t cycle) {
    if (cycle > now)
      next = std::min(next, cycle);
  };
  auto head = [&](const Queue &queue) {
    if (!queue.wavelets.empty())
      at(queue.wavelets.front().comes);
  };
  for (const Ramp &here : ramps)
    for (unsigned color = 0; color != isa::kMaxColors; ++color)
      head(here.in[color]), head(here.out[color]);
  for (const Router &here : routers) {
    for (const RouterQueue &queue : here.queues)
      head(queue);
    for (Ticks time : here.linkTime)
      at(time / kCycle);
  }
  for (const HostPortState &state : ports) {
    head(state.queue);
    if (state.port->output ? !state.queue.wavelets.empty() : state.sent != state.words.size())
      at(state.due / kCycle);
  }
  for (const HostLink &link : hostLinks)
    at(link.time / kCycle);
  return next;
}
