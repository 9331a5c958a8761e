// Trains on their way: how far their heads have come, and how much of them has left and is settled.
#include "Fabric.h"
#include "Names.h"
#include "RouterKey.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

void Fabric::enqueue(Train *train) {
  if (train->queued)
    return;
  train->queued = true;
  readyTrains.push_back(train);
}

TrainRef Fabric::newTrain(Stream &stream) {
  Train *train;
  if (idleTrains.empty()) {
    train = new Train();
    train->pool = &idleTrains;
  } else {
    train = idleTrains.back();
    idleTrains.pop_back();
  }
  train->stream = &stream;
  return train;
}

void wafer::emulator::release(Train *train) {
  Stream &stream = *train->stream;
  if (train->older || train->newer || stream.oldest == train) {
    (train->older ? train->older->newer : stream.oldest) = train->newer;
    (train->newer ? train->newer->older : stream.newest) = train->older;
    stream.known = stream.oldest ? stream.oldest->base : stream.sent;
  }
  for (const TrainLeaf &leaf : train->leaves)
    if (leaf.end)
      leaf.end->forget(leaf.base);
  // As new, but for the memory of its vectors.
  Train idle;
  idle.pool = train->pool;
  idle.data.swap(train->data), idle.data.clear();
  idle.records.swap(train->records), idle.records.clear();
  idle.leaves.swap(train->leaves), idle.leaves.clear();
  idle.nodes.swap(train->nodes), idle.nodes.clear();
  *train = std::move(idle);
  train->pool->push_back(train);
}

void Fabric::launch(Train &train) {
  Stream &stream = *train.stream;
  train.base = stream.sent;
  stream.sent += train.total;
  sent += train.total;
  stream.current = &train;
  if (!stream.dynamic) {
    train.older = stream.newest;
    (stream.newest ? stream.newest->newer : stream.oldest) = &train;
    if (stream.oldest == &train)
      stream.known = train.base;
    stream.newest = &train;
    train.unread = stream.leaves.size();
    for (RouteLeaf &leaf : stream.leaves) {
      leaf.end->enqueued += train.total;
      leaf.end->legs.push({&train, train.base, leaf.latency, 0});
    }
  } else {
    TrainLeaf leaf;
    leaf.pe = stream.pe;
    leaf.side = stream.side;
    leaf.total = stream.side == PortRamp ? costs.ramp : costs.hop;
    train.leaves.push_back(std::move(leaf));
    train.unread = 1;
    advanceHead(&train, 0, false);
  }
  enqueue(&train);
}

/// Moves a head on until it waits at a switch or has reached receivers.
void Fabric::advanceHead(const TrainRef &train, uint32_t index, bool unparked) {
  const uint8_t color = train->stream->color;
  std::vector<uint32_t> todo{index};
  while (!todo.empty()) {
    uint32_t at = todo.back();
    todo.pop_back();
    TrainLeaf *leaf = &train->leaves[at];
    const uint32_t pe = leaf->pe;
    const uint8_t side = leaf->side;
    const RouterSetup *setup = program.routes.at(color, pe);
    uint8_t position = 0;
    if (setup->positions > 1) {
      RouterState &state = routerAt(pe, color);
      Fifo<RouterState::Parked> &queue = state.parked[sideIndex(side)];
      position = state.position;
      if (state.pending || setup->input[position] != side || (!unparked && !queue.empty())) {
        leaf->parked = true;
        queue.push({train, at});
        continue;
      }
      leaf->gate = std::max(leaf->gate, state.openedAt);
      if (train->control != isa::Control::None) {
        state.pending = train;
        state.pendingSide = side;
      }
    }
    unparked = false;
    leaf->parked = false;
    if (leaf->path.size() > 4 * size_t(program.width) * program.height) {
      broken = true;
      client.failed({ErrorCode::ProgramRouteLoop,
                     colorName(program, pe, color) + " travels in a circle through router " + place(program, pe),
                     "the switches of this color close a loop"});
      return;
    }
    uint32_t node = train->nodes.size();
    train->nodes.push_back({pe, 1});
    leaf->path.push_back({node, leaf->total, leaf->gate, setup->positions > 1, leaf->turns});
    uint8_t outputs = setup->outputs[position];
    bool firstOutput = true;
    const TrainLeaf trunk = *leaf;
    for (uint8_t out : kSides) {
      if (!(outputs & out))
        continue;
      uint32_t target = at;
      if (!firstOutput) {
        target = train->leaves.size();
        train->leaves.push_back(trunk);
        ++train->unread;
        for (size_t i = trunk.tail; i != trunk.path.size(); ++i)
          ++train->nodes[trunk.path[i].node].openLeaves;
      }
      firstOutput = false;
      TrainLeaf &next = train->leaves[target];
      uint32_t nextPe;
      Ticks step;
      if (out == PortRamp) {
        next.end = &endAt(pe, color);
        step = costs.ramp;
      } else {
        const bool turns = side != PortRamp && oppositePort(side) != out;
        step = costs.hop + (turns ? costs.turn : 0);
        next.turns += turns;
        if (neighborOf(program, pe, out, nextPe)) {
          next.pe = nextPe;
          next.side = oppositePort(out);
          todo.push_back(target);
        } else {
          next.end = &hostEnds.at(portKey(pe, color, out));
        }
      }
      next.total += step;
      next.gate += step;
      if (next.end) {
        End &end = *next.end;
        next.base = end.enqueued;
        if (!end.arrived)
          end.arrived = std::make_unique<Fifo<End::Arrived>>();
        end.arrived->push({next.base, false});
        end.enqueued += train->total;
        end.maxCapacity = std::max<uint32_t>(end.maxCapacity, capacityFromSource(*train, next));
        end.legs.push({train, next.base, next.total, next.gate});
        if (end.op)
          client.wake(end.op);
      }
    }
  }
  enqueue(train.get());
}

uint64_t Fabric::capacityBeyond(const TrainLeaf &leaf, size_t node) const {
  uint64_t links = leaf.path.size() - node, turns = costs.turnPlaces * (leaf.turns - leaf.path[node].turns);
  return turns + (leaf.parked ? links * costs.linkBuffer : (links - 1) * costs.linkBuffer + costs.inputQueue);
}

/// What the source itself buffers: its queue and its router.
uint64_t Fabric::ownCapacity(const Train &train) const {
  return costs.linkBuffer + (train.stream->side == PortRamp ? costs.outputQueue : 0);
}

uint64_t Fabric::capacityFromSource(const Train &train, const TrainLeaf &leaf) const {
  return ownCapacity(train) + costs.turnPlaces * leaf.turns +
         (leaf.parked ? leaf.path.size() * costs.linkBuffer
                      : (leaf.path.size() - 1) * costs.linkBuffer + costs.inputQueue);
}

/// How many wavelets of a train are beyond a router, or will be: as many as fit there.
uint64_t Fabric::fitBeyond(const Train &train, uint32_t pe, unsigned depth) const {
  // Trains before trains before trains: only where routes close a circle does that not end.
  constexpr unsigned kDeepest = 64;
  uint64_t fit = train.total;
  for (const TrainLeaf &leaf : train.leaves)
    for (size_t node = leaf.tail; node < leaf.path.size(); ++node)
      if (train.nodes[leaf.path[node].node].pe == pe) {
        const uint64_t ahead = !leaf.parked       ? leaf.base
                               : depth < kDeepest ? parkedAhead(train, leaf, depth + 1)
                                                  : kUnlimited;
        fit = std::min(fit, beyond(ahead, capacityBeyond(leaf, node) + (leaf.parked ? 0 : leaf.end->settled)));
      }
  return fit;
}

/// Wavelets before a parked head on the same side of its router.
uint64_t Fabric::parkedAhead(const Train &train, const TrainLeaf &leaf, unsigned depth) const {
  const RouterState &state = *routers.find(leaf.pe, train.stream->color);
  uint64_t ahead = 0;
  if (state.pending && state.pendingSide == leaf.side)
    ahead = state.pending->total - fitBeyond(*state.pending, leaf.pe, depth);
  for (const RouterState::Parked &parked : state.parked[sideIndex(leaf.side)]) {
    if (parked.train.get() == &train)
      break;
    ahead += parked.train->total;
  }
  return ahead;
}

uint64_t Fabric::parkedLimit(const Train &train, const TrainLeaf &leaf) const {
  uint64_t capacity = capacityFromSource(train, leaf), ahead = parkedAhead(train, leaf);
  return capacity - std::min(capacity, ahead);
}

uint64_t Fabric::injectable(const Train &train) const {
  if (!train.stream->dynamic)
    return beyond(train.base, train.stream->injectLimit);
  uint64_t limit = kUnlimited;
  for (const TrainLeaf &leaf : train.leaves)
    limit = std::min(limit, leaf.parked ? parkedLimit(train, leaf)
                                        : beyond(leaf.base, leaf.end->promised + capacityFromSource(train, leaf)));
  return limit;
}

uint64_t Fabric::settleable(const Train &train) const {
  if (!train.stream->dynamic)
    return beyond(train.base, train.stream->settleLimit);
  uint64_t limit = kUnlimited;
  for (const TrainLeaf &leaf : train.leaves)
    limit = std::min(limit, leaf.parked ? parkedLimit(train, leaf)
                                        : beyond(leaf.base, leaf.end->settled + capacityFromSource(train, leaf)));
  return limit;
}

void Fabric::update(const TrainRef &train) {
  if (broken) // a head that went in a circle is nowhere
    return;
  uint64_t allowed = std::min<uint64_t>(train->produced, injectable(*train));
  if (allowed > train->injected) {
    train->injected = allowed;
    if (train->stream->dynamic) {
      for (const TrainLeaf &leaf : train->leaves)
        if (!leaf.parked && leaf.end->op)
          client.wake(leaf.end->op);
    } else {
      for (const RouteLeaf &leaf : train->stream->leaves)
        if (leaf.end->op)
          client.wake(leaf.end->op);
    }
  }
  if (train->stream->dynamic)
    advanceTails(*train);
  if (broken)
    return;
  if (train->op)
    client.moved(*train);
}

//===- Receivers ----------------------------------------------------------===//

template <typename Value>
static bool raise(Stream &stream, uint64_t old, uint64_t &limit, uint32_t &count, Value value) {
  if (old != limit || --count)
    return false;
  uint64_t least = kUnlimited * 2;
  for (const RouteLeaf &leaf : stream.leaves) {
    uint64_t v = value(leaf);
    if (v < least)
      least = v, count = 0;
    count += v == least;
  }
  limit = least;
  return true;
}

void Fabric::promise(End &end, uint64_t coordinate) {
  if (coordinate <= end.promised)
    return;
  uint64_t old = end.promised + end.writerCapacity;
  end.promised = coordinate;
  if (Stream *stream = end.writer) {
    if (raise(*stream, old, stream->injectLimit, stream->atInject,
              [](const RouteLeaf &l) { return l.end->promised + l.capacity; }) &&
        stream->current)
      enqueue(stream->current.get());
    return;
  }
  for (Leg &leg : end.legs) {
    if (leg.base > coordinate + end.maxCapacity)
      break;
    if (leg.train->injected < leg.train->total)
      enqueue(leg.train.get());
  }
}

void Fabric::settle(End &end, uint64_t coordinate) {
  if (coordinate <= end.settled)
    return;
  uint64_t old = end.settled + end.writerCapacity;
  end.settled = coordinate;
  if (Stream *stream = end.writer) {
    if (raise(*stream, old, stream->settleLimit, stream->atSettle,
              [](const RouteLeaf &l) { return l.end->settled + l.capacity; }) &&
        stream->current)
      enqueue(stream->current.get());
  } else {
    for (Leg &leg : end.legs) {
      if (leg.base > coordinate + end.maxCapacity)
        break;
      enqueue(leg.train.get());
    }
  }
  while (end.cursor && end.legs.front().base + end.legs.front().train->total <= coordinate) {
    end.legs.pop();
    --end.cursor;
  }
}

void End::forget(uint64_t base) {
  std::ranges::lower_bound(*arrived, base, {}, &Arrived::base)->isForgotten = true;
  while (!arrived->empty() && arrived->front().isForgotten)
    arrived->pop();
}

void End::moveOn(uint64_t offset) {
  const Leg &leg = legs[cursor];
  consumed = leg.base + offset;
  if (offset != leg.train->total)
    return;
  if (--leg.train->unread == 0)
    leg.train->forgetWords();
  ++cursor;
}

const End *Fabric::firstUnread() const {
  const End *first = nullptr;
  auto look = [&](const End &end) {
    if (end.consumed < end.enqueued && (!first || key(end.pe, end.color) < key(first->pe, first->color)))
      first = &end;
  };
  for (const End &end : ends)
    look(end);
  for (const auto &host : hostEnds)
    look(host.second);
  return first;
}
