// How instructions with fabric operands go on: they take what has come, pass on what they can, and end.
#include "Engine.h"
#include "Names.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

void Engine::moved(Train &train) {
  if (train.op->kind == Op::Coupled)
    wake(train.op);
  else if (fabric.hasLeft(train))
    complete(train.op, sendEnd(train));
}

void Engine::pump(Op *op) {
  if (op->held)
    return;
  if (op->kind == Op::Sink)
    pumpSink(op);
  else if (op->kind == Op::Coupled)
    pumpCoupled(op);
}

/// An instruction with one fabric operand, to memory: piece by piece, whole pieces only.
void Engine::pumpSink(Op *op) {
  End &end = *op->in[0];
  while (op->done < op->n) {
    if (end.cursor == end.legs.size())
      return;
    const Leg &leg = end.legs[end.cursor];
    uint64_t offset = end.consumed - leg.base;
    const Record *record = leg.train->recordOf(offset);
    if (!record)
      return;
    uint64_t count = std::min<uint64_t>(op->n - op->done, record->start + record->count - offset);
    if (leg.train->injected < offset + count)
      return;
    const uint32_t *from = leg.train->data.data() + offset;
    if (op->host) {
      if (leg.train->control != isa::Control::None && offset + count == leg.train->total) {
        failure = Diagnostic{ErrorCode::ProgramControl,
                             "a control wavelet on " + colorName(program, end.pe, end.color) + " leaves the mesh at " +
                                 place(program, end.pe),
                             "a core must take it off the stream before the host's port"};
        return;
      }
      op->hostData->insert(op->hostData->end(), from, from + count);
    } else if (op->window) {
      executeWindow(*op, op->done, count, from);
    } else {
      uint32_t *words[4] = {};
      words[op->inOperand[0]] = const_cast<uint32_t *>(from);
      executeRange(*op, op->done, count, words);
    }
    if (stopped())
      return;
    if (timed) {
      Ticks first = std::max(fabric.arrival(leg, *record, offset), op->ready);
      Ticks last = std::max(fabric.lastArrival(end, leg, *record, offset, count, first, op->rate),
                            first + op->timeOf(first, count));
      op->ready = last + op->rate;
      if (op->done == 0)
        op->first = first;
      if (tracer)
        traceTransfer(*leg.train, end, op->host, count, record->at(offset), record->at(offset + count - 1), first,
                      last);
      fabric.remember(end, {end.consumed, uint32_t(count), 0, first, last, {}});
    } else {
      op->ready += int64_t(count) * op->rate;
    }
    op->done += count;
    end.moveOn(offset + count);
    fabric.settle(end, end.consumed);
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
      inputs[i].record = inputs[i].leg->train->recordOf(inputs[i].offset);
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
        for (unsigned i = 0; i != op->inputs; ++i)
          first = std::max(first, fabric.arrival(*inputs[i].leg, *inputs[i].record, inputs[i].offset));
        for (unsigned i = 0; i != op->inputs; ++i) {
          const Input &in = inputs[i];
          last =
              std::max(last, fabric.lastArrival(*op->in[i], *in.leg, *in.record, in.offset, length, first, op->rate));
        }
      }
      last = std::max(last, first + op->timeOf(first, length));
      op->ready = last + op->rate;
      if (op->done == 0)
        op->first = first;
      if (op->out)
        op->out->records.push_back({uint32_t(op->done), uint32_t(length), first + op->rate, last + op->rate});
      if (tracer)
        for (unsigned i = 0; i != op->inputs; ++i)
          traceTransfer(*inputs[i].leg->train, *op->in[i], false, length, inputs[i].record->at(inputs[i].offset),
                        inputs[i].record->at(inputs[i].offset + length - 1), first, last);
      if (timed)
        for (unsigned i = 0; i != op->inputs; ++i)
          fabric.remember(*op->in[i], {op->inStart[i] + op->done, uint32_t(length), op->done, first, last, op->out});
    }
    uint64_t count = op->pieceEnd - op->done;
    for (unsigned i = 0; i != op->inputs; ++i)
      count = std::min<uint64_t>(count, beyond(inputs[i].offset, inputs[i].leg->train->injected));
    if (op->out)
      count = std::min<uint64_t>(count, beyond(op->done, fabric.injectable(*op->out)));
    if (!count)
      break;
    uint32_t *words[4] = {};
    for (unsigned i = 0; i != op->inputs; ++i)
      words[op->inOperand[i]] = inputs[i].leg->train->data.data() + inputs[i].offset;
    if (op->out)
      words[0] = op->out->data.data() + op->done;
    executeRange(*op, op->done, count, words);
    if (stopped())
      return;
    op->done += count;
    for (unsigned i = 0; i != op->inputs; ++i)
      op->in[i]->moveOn(inputs[i].offset + count);
    if (op->out) {
      op->out->produced += count;
      fabric.enqueue(op->out.get());
    }
  }
  if (op->out && op->done == op->n && op->out->produced < op->out->total) {
    Ticks when = op->out->records.back().last + op->rate;
    op->out->records.push_back({uint32_t(op->n), 1, when, when});
    op->out->produced = op->out->total; // its control wavelet
    fabric.enqueue(op->out.get());
  }
  // What this instruction is bound to take, and what it has passed on for good.
  uint64_t settledElements = op->out ? std::min<uint64_t>(op->done, fabric.settleable(*op->out)) : op->done;
  for (unsigned i = 0; i != op->inputs; ++i) {
    uint64_t takes = op->n - op->done;
    if (op->out)
      takes = std::min(takes, beyond(op->done, fabric.injectable(*op->out)));
    for (unsigned j = 0; j != op->inputs; ++j)
      if (j != i) {
        End &other = *op->in[j];
        uint64_t available = 0;
        if (other.cursor < other.legs.size())
          available = beyond(other.consumed, other.legs[other.cursor].base + other.legs[other.cursor].train->injected);
        takes = std::min(takes, available);
      }
    fabric.promise(*op->in[i], op->inStart[i] + op->done + takes);
    fabric.settle(*op->in[i], op->inStart[i] + settledElements);
  }
  if (op->done < op->n)
    return;
  if (!op->out)
    complete(op, op->ready);
  else if (fabric.hasLeft(*op->out))
    complete(op, std::max(op->ready, sendEnd(*op->out)));
}

/// Ends an instruction: its thread, its queues and its core are free again.
void Engine::complete(Op *op, Ticks when) {
  for (unsigned i = 0; i != op->inputs; ++i) {
    if (timed && op->out)
      fabric.conclude(*op->in[i], *op->out);
    op->in[i]->op = nullptr;
    op->in[i]->freeAt = std::max(op->in[i]->freeAt, when);
  }
  if (op->out) {
    op->out->op = nullptr;
    Stream &stream = *op->out->stream;
    stream.op = nullptr;
    stream.freeAt = std::max(stream.freeAt, when);
    stream.current = TrainRef(); // it has left: the stream has no more to do with it
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
    if (core.threads && core.threads->shared.isShared())
      core.threads->shared.waitedFor(usageOf(*op), op->begin, core.clock);
  } else {
    core.threads->op[op->thread] = nullptr;
    core.threads->end[op->thread] = when;
    core.threads->usage[op->thread] = usageOf(*op);
  }
  if (tracer)
    traceEnd(*op, op->thread ? when : core.clock);
  // Another thread's end does not wake a core that waits for its own instruction.
  if (core.state == Core::Blocked && !core.op)
    makeReady(core);
  freeOp(op);
}

/// When a sending instruction is done: its last wavelet has left.
Ticks Engine::sendEnd(const Train &train) const {
  if (!timed)
    return train.op->ready;
  return fabric.injectedAt(train, train.total - 1) + fabric.costs.link;
}
