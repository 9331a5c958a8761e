// The fabric: trains of wavelets, true buffering, switches, time.
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
#include "Engine.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

static uint64_t key(uint32_t pe, uint8_t color) { return uint64_t(pe) << 5 | color; }

static unsigned sideIndex(uint8_t side) {
  switch (side) {
  case PortNorth:
    return 0;
  case PortEast:
    return 1;
  case PortSouth:
    return 2;
  case PortWest:
    return 3;
  default:
    return 4;
  }
}

static constexpr uint8_t kSides[] = {PortNorth, PortEast, PortSouth, PortWest, PortRamp};

End &Engine::endAt(uint32_t pe, uint8_t color) {
  End *&end = endIndex[key(pe, color)];
  if (!end) {
    end = &ends.emplace_back();
    end->pe = pe;
    end->color = color;
  }
  return *end;
}

Stream &Engine::streamAt(uint32_t pe, uint8_t color) {
  Stream *&stream = streamIndex[key(pe, color)];
  if (!stream) {
    stream = &streams.emplace_back();
    stream->pe = pe;
    stream->color = color;
  }
  return *stream;
}

RouterState &Engine::routerAt(uint32_t pe, uint8_t color) { return routers[key(pe, color)]; }

/// The router on the other side of a port; false where the mesh ends.
bool Engine::neighbor(uint32_t pe, uint8_t side, uint32_t &next) const {
  uint32_t x = pe % program.width, y = pe / program.width;
  switch (side) {
  case PortNorth:
    next = pe - program.width;
    return y > 0;
  case PortSouth:
    next = pe + program.width;
    return y + 1 < static_cast<uint32_t>(program.height);
  case PortWest:
    next = pe - 1;
    return x > 0;
  default:
    next = pe + 1;
    return x + 1 < static_cast<uint32_t>(program.width);
  }
}

//===- Routes -------------------------------------------------------------===//

/// Finds a stream's receivers, or that switches stand on its way. False if the first router does not take it.
bool Engine::trace(Stream &stream) {
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
  auto addLeaf = [&](End &end, const Visit &visit, Ticks last) {
    uint64_t capacity = (fromCore ? outputQueue : 0) + linkBuffer * (uint64_t(visit.hops) + 1) + inputQueue;
    Ticks hops = hopCost * visit.hops;
    stream.leaves.push_back(
        {&end, capacity, (fromCore ? rampCost : hopCost) + hops + turnCost * visit.turns + last, hops + last});
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
        addLeaf(endAt(visit.pe, stream.color), visit, rampCost);
      else if (neighbor(visit.pe, side, next))
        todo.push_back({next, oppositePort(side), visit.hops + 1, turns});
      else
        addLeaf(*hostEnds[hostOutputs.at(key(visit.pe, stream.color) << 5 | side)], visit, hopCost);
    }
  }
  for (RouteLeaf &leaf : stream.leaves) {
    leaf.end->writer = &stream;
    leaf.end->writerCapacity = leaf.capacity;
    leaf.end->maxCapacity = leaf.capacity;
  }
  auto least = [&](auto value, uint64_t &limit, uint32_t &count) {
    limit = kUnlimited;
    for (const RouteLeaf &leaf : stream.leaves)
      limit = std::min(limit, value(leaf));
    count = 0;
    for (const RouteLeaf &leaf : stream.leaves)
      count += value(leaf) == limit;
  };
  least([](const RouteLeaf &l) { return l.end->promised + l.capacity; }, stream.injectLimit, stream.atInject);
  least([](const RouteLeaf &l) { return l.end->settled + l.capacity; }, stream.settleLimit, stream.atSettle);
  return true;
}

//===- Trains -------------------------------------------------------------===//

void Engine::launch(Train &train) {
  Stream &stream = *train.stream;
  train.base = stream.sent;
  stream.sent += train.total;
  stream.wavelets += train.total;
  stream.current = &train;
  if (!stream.dynamic) {
    train.unread = stream.leaves.size();
    for (RouteLeaf &leaf : stream.leaves) {
      leaf.end->enqueued += train.total;
      leaf.end->legs.push({&train, train.base, leaf.latency, 0});
    }
  } else {
    TrainLeaf leaf;
    leaf.pe = stream.pe;
    leaf.side = stream.side;
    leaf.total = stream.side == PortRamp ? rampCost : hopCost;
    train.leaves.push_back(std::move(leaf));
    train.unread = 1;
    advanceHead(&train, 0, false);
  }
  queueTrain(&train);
}

/// Moves a head on until it waits at a switch or has reached receivers.
void Engine::advanceHead(const TrainRef &train, uint32_t index, bool unparked) {
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
      failure = Diagnostic{ErrorCode::ProgramRouteLoop,
                           colorName(pe, color) + " travels in a circle through router " + place(pe),
                           "the switches of this color close a loop"};
      return;
    }
    uint32_t node = train->nodes.size();
    train->nodes.push_back({pe, 1});
    leaf->path.push_back({node, leaf->total, leaf->gate, setup->positions > 1});
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
        step = rampCost;
      } else {
        step = hopCost + (side != PortRamp && oppositePort(side) != out ? turnCost : 0);
        if (neighbor(pe, out, nextPe)) {
          next.pe = nextPe;
          next.side = oppositePort(out);
          todo.push_back(target);
        } else {
          next.end = hostEnds[hostOutputs.at(key(pe, color) << 5 | out)];
        }
      }
      next.total += step;
      next.gate += step;
      if (next.end) {
        End &end = *next.end;
        next.base = end.enqueued;
        end.enqueued += train->total;
        end.maxCapacity = std::max(end.maxCapacity, capacityFromSource(*train, next));
        end.legs.push({train, next.base, next.total, next.gate});
        if (end.op)
          queueOp(end.op);
      }
    }
  }
  queueTrain(train.get());
}

uint64_t Engine::capacityBeyond(const TrainLeaf &leaf, size_t node) const {
  uint64_t links = leaf.path.size() - node;
  return leaf.parked ? links * linkBuffer : (links - 1) * linkBuffer + inputQueue;
}

uint64_t Engine::capacityFromSource(const Train &train, const TrainLeaf &leaf) const {
  uint64_t own = linkBuffer + (train.stream->side == PortRamp ? outputQueue : 0);
  return own + (leaf.parked ? leaf.path.size() * linkBuffer : (leaf.path.size() - 1) * linkBuffer + inputQueue);
}

/// Wavelets before a parked head on the same side of its router.
uint64_t Engine::parkedAhead(const Train &train, const TrainLeaf &leaf) const {
  const RouterState &state = routers.at(key(leaf.pe, train.stream->color));
  uint64_t ahead = state.pending && state.pendingSide == leaf.side ? state.pending->total : 0;
  for (const RouterState::Parked &parked : state.parked[sideIndex(leaf.side)]) {
    if (parked.train.get() == &train)
      break;
    ahead += parked.train->total;
  }
  return ahead;
}

uint64_t Engine::parkedLimit(const Train &train, const TrainLeaf &leaf) const {
  uint64_t capacity = capacityFromSource(train, leaf), ahead = parkedAhead(train, leaf);
  return capacity - std::min(capacity, ahead);
}

static uint64_t from(uint64_t base, uint64_t coordinate) { return coordinate > base ? coordinate - base : 0; }

uint64_t Engine::injectable(const Train &train) const {
  if (!train.stream->dynamic)
    return from(train.base, train.stream->injectLimit);
  uint64_t limit = kUnlimited;
  for (const TrainLeaf &leaf : train.leaves)
    limit = std::min(limit, leaf.parked ? parkedLimit(train, leaf)
                                        : from(leaf.base, leaf.end->promised + capacityFromSource(train, leaf)));
  return limit;
}

uint64_t Engine::settleable(const Train &train) const {
  if (!train.stream->dynamic)
    return from(train.base, train.stream->settleLimit);
  uint64_t limit = kUnlimited;
  for (const TrainLeaf &leaf : train.leaves)
    limit = std::min(limit, leaf.parked ? parkedLimit(train, leaf)
                                        : from(leaf.base, leaf.end->settled + capacityFromSource(train, leaf)));
  return limit;
}

void Engine::updateTrain(const TrainRef &train) {
  if (stopped()) // a head that went in a circle is nowhere
    return;
  uint64_t allowed = std::min<uint64_t>(train->produced, injectable(*train));
  if (allowed > train->injected) {
    train->injected = allowed;
    if (train->stream->dynamic) {
      for (const TrainLeaf &leaf : train->leaves)
        if (!leaf.parked && leaf.end->op)
          queueOp(leaf.end->op);
    } else {
      for (const RouteLeaf &leaf : train->stream->leaves)
        if (leaf.end->op)
          queueOp(leaf.end->op);
    }
  }
  if (train->stream->dynamic)
    advanceTails(*train);
  if (stopped())
    return;
  if (Op *op = train->op) {
    if (op->kind == Op::Coupled)
      queueOp(op);
    else if (train->injected == train->total && settleable(*train) >= train->total)
      complete(op, sendEnd(*train));
  }
}

//===- Switches -----------------------------------------------------------===//

void Engine::advanceTails(Train &train) {
  if (train.injected < train.total)
    return;
  for (size_t i = 0; i != train.leaves.size(); ++i)
    while (!stopped() && train.leaves[i].tail < train.leaves[i].path.size()) {
      TrainLeaf &leaf = train.leaves[i];
      uint64_t capacity = capacityBeyond(leaf, leaf.tail);
      bool passed = leaf.parked ? train.total + parkedAhead(train, leaf) <= capacity
                                : leaf.base + train.total <= leaf.end->settled + capacity;
      if (!passed)
        break;
      TrainNode &node = train.nodes[leaf.path[leaf.tail].node];
      if (timed)
        node.passed = std::max(node.passed, passedAt(train, leaf, leaf.tail, train.total - 1));
      ++leaf.tail;
      if (--node.openLeaves == 0)
        flip(train, node);
    }
}

/// The train's last wavelet, a control wavelet perhaps, has passed a router.
void Engine::flip(Train &train, TrainNode &node) {
  if (train.control == isa::Control::None)
    return;
  const uint8_t color = train.stream->color;
  const uint32_t pe = node.pe;
  const RouterSetup *setup = program.routes.at(color, pe);
  if (setup->positions == 1)
    return;
  RouterState &state = routerAt(pe, color);
  state.pending = TrainRef();
  state.position = train.control == isa::Control::Reset ? 0 : std::min<int>(state.position + 1, setup->positions - 1);
  state.openedAt = node.passed;
  unpark(pe, color, state);
}

void Engine::unpark(uint32_t pe, uint8_t color, RouterState &state) {
  const RouterSetup *setup = program.routes.at(color, pe);
  while (!state.pending && !stopped()) {
    Fifo<RouterState::Parked> &queue = state.parked[sideIndex(setup->input[state.position])];
    if (queue.empty())
      break;
    RouterState::Parked parked = queue.front();
    queue.pop();
    advanceHead(parked.train, parked.leaf, true);
  }
  for (Fifo<RouterState::Parked> &queue : state.parked)
    for (RouterState::Parked &parked : queue)
      queueTrain(parked.train.get());
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

void Engine::promise(End &end, uint64_t coordinate) {
  if (coordinate <= end.promised)
    return;
  uint64_t old = end.promised + end.writerCapacity;
  end.promised = coordinate;
  if (Stream *stream = end.writer) {
    if (raise(*stream, old, stream->injectLimit, stream->atInject,
              [](const RouteLeaf &l) { return l.end->promised + l.capacity; }) &&
        stream->current)
      queueTrain(stream->current.get());
    return;
  }
  for (Leg &leg : end.legs) {
    if (leg.base > coordinate + end.maxCapacity)
      break;
    if (leg.train->injected < leg.train->total)
      queueTrain(leg.train.get());
  }
}

void Engine::settle(End &end, uint64_t coordinate) {
  if (coordinate <= end.settled)
    return;
  uint64_t old = end.settled + end.writerCapacity;
  end.settled = coordinate;
  if (Stream *stream = end.writer) {
    if (raise(*stream, old, stream->settleLimit, stream->atSettle,
              [](const RouteLeaf &l) { return l.end->settled + l.capacity; }) &&
        stream->current)
      queueTrain(stream->current.get());
  } else {
    for (Leg &leg : end.legs) {
      if (leg.base > coordinate + end.maxCapacity)
        break;
      queueTrain(leg.train.get());
    }
  }
  while (end.cursor && end.legs.front().base + end.legs.front().train->total <= coordinate) {
    end.legs.pop();
    --end.cursor;
  }
}

/// The record that holds wavelet k, or null if its time is not known yet.
static const Record *recordOf(const Train &train, uint64_t k) {
  auto after = std::upper_bound(train.records.begin(), train.records.end(), k,
                                [](uint64_t k, const Record &record) { return k < record.start; });
  if (after == train.records.begin())
    return nullptr;
  const Record &record = *--after;
  return k < uint64_t(record.start) + record.count ? &record : nullptr;
}

void Engine::pump(Op *op) {
  if (op->kind == Op::Sink)
    pumpSink(op);
  else if (op->kind == Op::Coupled)
    pumpCoupled(op);
}

static void moveOn(End &end, const Leg &leg, uint64_t offset) {
  end.consumed = leg.base + offset;
  if (offset == leg.train->total) {
    if (--leg.train->unread == 0)
      std::vector<uint32_t>().swap(leg.train->data);
    ++end.cursor;
  }
}

/// An instruction with one fabric operand, to memory: piece by piece, whole pieces only.
void Engine::pumpSink(Op *op) {
  End &end = *op->in[0];
  while (op->done < op->n) {
    if (end.cursor == end.legs.size())
      return;
    const Leg &leg = end.legs[end.cursor];
    uint64_t offset = end.consumed - leg.base;
    const Record *record = recordOf(*leg.train, offset);
    if (!record)
      return;
    uint64_t count = std::min<uint64_t>(op->n - op->done, record->start + record->count - offset);
    if (leg.train->injected < offset + count)
      return;
    const uint32_t *from = leg.train->data.data() + offset;
    if (op->host) {
      if (leg.train->control != isa::Control::None && offset + count == leg.train->total) {
        failure =
            Diagnostic{ErrorCode::ProgramControl,
                       "a control wavelet on " + colorName(end.pe, end.color) + " leaves the mesh at " + place(end.pe),
                       "a core must take it off the stream before the host's port"};
        return;
      }
      op->hostData->insert(op->hostData->end(), from, from + count);
    } else if (op->window) {
      executeWindow(*op, op->done, count, from);
    } else {
      uint32_t *fabric[4] = {};
      fabric[op->inOperand[0]] = const_cast<uint32_t *>(from);
      executeRange(*op, op->done, count, fabric);
    }
    if (stopped())
      return;
    if (timed) {
      auto arrival = [&](uint64_t k) {
        return std::max(record->at(k) + leg.latency, leg.gate + int64_t(k) * linkCost);
      };
      Ticks first = std::max(arrival(offset), op->ready);
      Ticks last = std::max(arrival(offset + count - 1), first + int64_t(count - 1) * op->rate);
      op->ready = last + op->rate;
      if (tracer)
        traceTransfer(*leg.train, end, op->host, count, record->at(offset), record->at(offset + count - 1), first,
                      last);
      remember(end, {end.consumed, count, first, last, {}, 0});
    } else {
      op->ready += int64_t(count) * op->rate;
    }
    op->done += count;
    moveOn(end, Leg(leg), offset + count);
    settle(end, end.consumed);
  }
  complete(op, op->ready);
}

/// An instruction with several fabric operands: as far as inputs and output go.
void Engine::pumpCoupled(Op *op) {
  struct Input {
    const Leg *leg;
    const Record *record;
    uint64_t offset;
  };
  Input inputs[3];
  auto find = [&] {
    for (unsigned i = 0; i != op->inputs; ++i) {
      End &end = *op->in[i];
      if (end.cursor == end.legs.size())
        return false;
      inputs[i].leg = &end.legs[end.cursor];
      inputs[i].offset = end.consumed - inputs[i].leg->base;
      inputs[i].record = recordOf(*inputs[i].leg->train, inputs[i].offset);
      if (!inputs[i].record)
        return false;
    }
    return true;
  };
  while (op->done < op->n && find()) {
    if (op->done == op->pieceEnd) {
      // A new piece: what is left of the instruction and of every input's record.
      uint64_t length = op->n - op->done;
      for (unsigned i = 0; i != op->inputs; ++i)
        length = std::min<uint64_t>(length, inputs[i].record->start + inputs[i].record->count - inputs[i].offset);
      op->pieceEnd = op->done + length;
      Ticks first = op->ready, last = 0;
      if (timed) {
        for (unsigned i = 0; i != op->inputs; ++i) {
          const Input &in = inputs[i];
          auto arrival = [&](uint64_t k) {
            return std::max(in.record->at(k) + in.leg->latency, in.leg->gate + int64_t(k) * linkCost);
          };
          first = std::max(first, arrival(in.offset));
          last = std::max(last, arrival(in.offset + length - 1));
        }
      }
      last = std::max(last, first + int64_t(length - 1) * op->rate);
      op->ready = last + op->rate;
      if (op->out)
        op->out->records.push_back({uint32_t(op->done), uint32_t(length), first + op->rate, last + op->rate});
      if (tracer)
        for (unsigned i = 0; i != op->inputs; ++i)
          traceTransfer(*inputs[i].leg->train, *op->in[i], false, length, inputs[i].record->at(inputs[i].offset),
                        inputs[i].record->at(inputs[i].offset + length - 1), first, last);
      if (timed)
        for (unsigned i = 0; i != op->inputs; ++i)
          remember(*op->in[i], {op->inStart[i] + op->done, length, first, last, op->out, uint32_t(op->done)});
    }
    uint64_t count = op->pieceEnd - op->done;
    for (unsigned i = 0; i != op->inputs; ++i)
      count = std::min<uint64_t>(count, from(inputs[i].offset, inputs[i].leg->train->injected));
    if (op->out)
      count = std::min<uint64_t>(count, from(op->done, injectable(*op->out)));
    if (!count)
      break;
    uint32_t *fabric[4] = {};
    for (unsigned i = 0; i != op->inputs; ++i)
      fabric[op->inOperand[i]] = inputs[i].leg->train->data.data() + inputs[i].offset;
    if (op->out)
      fabric[0] = op->out->data.data() + op->done;
    executeRange(*op, op->done, count, fabric);
    if (stopped())
      return;
    op->done += count;
    for (unsigned i = 0; i != op->inputs; ++i)
      moveOn(*op->in[i], Leg(*inputs[i].leg), inputs[i].offset + count);
    if (op->out) {
      op->out->produced += count;
      queueTrain(op->out.get());
    }
  }
  if (op->out && op->done == op->n && op->out->produced < op->out->total) {
    Ticks when = op->out->records.back().last + linkCost;
    op->out->records.push_back({uint32_t(op->n), 1, when, when});
    op->out->produced = op->out->total; // its control wavelet
    queueTrain(op->out.get());
  }
  // What this instruction is bound to take, and what it has passed on for good.
  uint64_t settledElements = op->out ? std::min(op->done, settleable(*op->out)) : op->done;
  for (unsigned i = 0; i != op->inputs; ++i) {
    uint64_t takes = op->n - op->done;
    if (op->out)
      takes = std::min(takes, from(op->done, injectable(*op->out)));
    for (unsigned j = 0; j != op->inputs; ++j)
      if (j != i) {
        End &other = *op->in[j];
        uint64_t available = 0;
        if (other.cursor < other.legs.size())
          available = from(other.consumed, other.legs[other.cursor].base + other.legs[other.cursor].train->injected);
        takes = std::min(takes, available);
      }
    promise(*op->in[i], op->inStart[i] + op->done + takes);
    settle(*op->in[i], op->inStart[i] + settledElements);
  }
  if (op->done < op->n)
    return;
  if (!op->out)
    complete(op, op->ready);
  else if (op->out->injected == op->out->total && settleable(*op->out) >= op->out->total)
    complete(op, std::max(op->ready, sendEnd(*op->out)));
}

/// Ends an instruction: its thread, its queues and its core are free again.
void Engine::complete(Op *op, Ticks when) {
  for (unsigned i = 0; i != op->inputs; ++i) {
    op->in[i]->op = nullptr;
    op->in[i]->freeAt = std::max(op->in[i]->freeAt, when);
  }
  if (op->out) {
    op->out->op = nullptr;
    op->out->stream->op = nullptr;
    op->out->stream->freeAt = std::max(op->out->stream->freeAt, when);
  }
  if (op->core == kNone) {
    op->done = op->n;
    op->ready = when; // a host port's: kept for the statistics
    return;
  }
  Core &core = cores[op->core];
  if (op->thread == 0) {
    core.op = nullptr;
    core.clock = std::max(core.clock, when);
  } else {
    core.threads->op[op->thread] = nullptr;
    core.threads->end[op->thread] = when;
  }
  if (tracer)
    traceEnd(*op, op->thread ? when : core.clock);
  // Another thread's end does not wake a core that waits for its own instruction.
  if (core.state == Core::Blocked && !core.op)
    makeReady(core);
  freeOp(op);
}

//===- Time ---------------------------------------------------------------===//

void Engine::remember(End &end, Consumption consumption) {
  // A sender asks only for wavelets that its path buffers, so old pieces may go; many are kept for long paths.
  constexpr size_t kKeep = 4096;
  if (end.history.size() >= 2 * kKeep)
    end.history.pop(kKeep);
  end.history.push(std::move(consumption));
}

/// When the receiver took a wavelet, and passed it on if it did.
Ticks Engine::consumedAt(const End &end, uint64_t coordinate) const {
  auto after = std::upper_bound(end.history.begin(), end.history.end(), coordinate,
                                [](uint64_t q, const Consumption &c) { return q < c.start; });
  if (after == end.history.begin())
    return 0;
  const Consumption &c = *--after;
  if (coordinate >= c.start + c.count)
    return 0;
  Ticks when =
      c.count > 1 ? c.first + (c.last - c.first) * int64_t(coordinate - c.start) / int64_t(c.count - 1) : c.first;
  return c.out ? std::max(when, injectedAt(*c.out, c.outStart + (coordinate - c.start))) : when;
}

/// When a wavelet left its sender: at the sender's pace, or once there was room.
Ticks Engine::injectedAt(const Train &train, uint64_t k) const {
  const Record *record = recordOf(train, k);
  Ticks when = record ? record->at(k) : 0;
  if (train.stream->dynamic) {
    for (const TrainLeaf &leaf : train.leaves)
      when = std::max(when, passedAt(train, leaf, -1, k));
  } else {
    for (const RouteLeaf &leaf : train.stream->leaves)
      if (train.base + k >= leaf.capacity)
        when = std::max(when, consumedAt(*leaf.end, train.base + k - leaf.capacity) + leaf.response);
  }
  return when;
}

/// When wavelet k has passed a node of a leaf's path, or (-1) left the sender: at its pace, once the switches that it
/// waited at had opened, once there was room. It needs no more room than up to the first switch before which it and all
/// wavelets before it fit: so whether that switch happens to be open in this run yet makes no difference.
Ticks Engine::passedAt(const Train &train, const TrainLeaf &leaf, int node, uint64_t k) const {
  const Record *record = recordOf(train, k);
  Ticks when = record ? record->at(k) : 0, latency = 0;
  if (node >= 0) {
    latency = leaf.path[node].latency;
    when = std::max(when + latency, leaf.path[node].gate + int64_t(k) * linkCost);
  }
  const uint64_t wavelets = k + 1;
  const uint64_t own = linkBuffer + (train.stream->side == PortRamp ? outputQueue : 0);
  auto room = [&](size_t at) { return node < 0 ? own + at * linkBuffer : (at - node) * linkBuffer; };
  for (size_t at = node + 1; at < leaf.path.size(); ++at) {
    if (!leaf.path[at].switched)
      continue;
    if (wavelets <= room(at))
      return when;
    when = std::max(when, leaf.path[at].gate + int64_t(wavelets - room(at)) * linkCost);
  }
  if (leaf.parked)
    return when;
  uint64_t capacity = node < 0 ? capacityFromSource(train, leaf) : capacityBeyond(leaf, node);
  if (leaf.base + wavelets > capacity)
    when = std::max(when, consumedAt(*leaf.end, leaf.base + k - capacity) + leaf.total - latency);
  return when;
}

/// When a sending instruction is done: its last wavelet has left.
Ticks Engine::sendEnd(const Train &train) const {
  if (!timed)
    return train.op->ready;
  return injectedAt(train, train.total - 1) + linkCost;
}
