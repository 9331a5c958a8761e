// What the scalar engine found wrong, in the words of the model: regions, PEs, colors by the name of their channel or
// stream, ONNX nodes.
#include "Engine.h"
#include "Names.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

/// "PE (3, 1) of region 'r' in node 'conv1', code word 17".
std::string Engine::describe(uint32_t index) const {
  const Core &core = cores[index];
  const std::vector<DecodedInstruction> &code = tables.regions[core.region].verified->code.instructions;
  // The instruction in hand: a running core has moved on already.
  const uint32_t pc = core.op                                  ? core.op->instruction - code.data()
                      : core.state == Core::Running && core.pc ? core.pc - 1
                                                               : core.pc;
  return placeOf(program, tables, index, std::min<uint32_t>(pc, code.size() - 1), core.depth != 0, core.location);
}

uint32_t Engine::sourceBefore(uint32_t pe, uint8_t color) const {
  const RouterSetup *setup = program.routes.at(color, pe);
  auto position = [&](uint32_t pe) { return fabric.position(pe, color); };
  return setup ? sourceOf(program, pe, color, setup->input[position(pe)], position) : kNone;
}

HeldTrain Engine::held(const Train &train) const {
  const Stream &stream = *train.stream;
  HeldTrain held{stream.pe, stream.color, stream.side, train.total, train.injected < train.produced};
  HoldingPlace first{UINT64_MAX, kNone, true};
  // Wavelets that have not left wait for who will not take them, those that have for who has not.
  auto limit = [&](const End &end) { return held.isHeld ? end.promised : end.settled; };
  if (stream.dynamic) {
    for (const TrainLeaf &leaf : train.leaves) {
      if (leaf.parked)
        first = std::min(first, {0, leaf.pe, false});
      else if (leaf.base + train.total > limit(*leaf.end) + fabric.capacityFromSource(train, leaf))
        first = std::min(first, {0, leaf.end->pe, true});
    }
  } else {
    for (const RouteLeaf &leaf : stream.leaves)
      first = std::min(first, {limit(*leaf.end) + leaf.capacity, leaf.end->pe, true});
  }
  held.holder = first.pe;
  if (!first.isReceiver) {
    held.stopped = first.pe;
    held.holder = sourceBefore(first.pe, stream.color);
  }
  return held;
}

/// What a core that has not finished waits for.
WaitingCore Engine::waiting(uint32_t index) const {
  const Core &core = cores[index];
  std::vector<const Op *> running;
  if (core.op)
    running.push_back(core.op);
  if (core.threads)
    for (const Op *op : core.threads->op)
      if (op)
        running.push_back(op);
  WaitingCore result;
  result.site = core.location;
  result.isInCall = core.state != Core::Halted && core.depth != 0;
  if (core.state != Core::Halted && !core.op)
    result.pc = core.pc;
  for (const Op *op : running) {
    WaitingOp &waits = result.ops.emplace_back(WaitingOp{op->instruction, op->thread, op->kind == Op::Sink});
    if (op->out && (op->done == op->n || fabric.injectable(*op->out) <= op->done))
      waits.out = held(*op->out);
    for (unsigned i = 0; i != op->inputs; ++i) {
      const End &end = *op->in[i];
      WaitingInput &input = waits.inputs.emplace_back(WaitingInput{end.pe, end.color, false});
      if (end.cursor < end.legs.size()) {
        const Leg &leg = end.legs[end.cursor];
        input.train = held(*leg.train);
        input.hasWords = leg.train->injected > end.consumed - leg.base;
      } else {
        input.source = sourceBefore(end.pe, end.color);
      }
    }
  }
  return result;
}

void Engine::reportStuck() {
  auto isStuck = [&](uint32_t index) {
    const Core &core = cores[index];
    bool busy = core.state != Core::Halted;
    if (core.threads)
      for (const Op *op : core.threads->op)
        busy |= op != nullptr;
    return busy;
  };
  StuckCores stuck{0, 0, isStuck, [&](uint32_t index) { return waiting(index); }};
  for (uint32_t i = cores.size(); i-- > 0;)
    if (isStuck(i))
      ++stuck.count, stuck.first = i;
  if (stuck.count)
    failure = deadlock(program, tables, stuck);
}

void Engine::reportLeftovers() {
  // Conservation: what was sent to a receiver was read there.
  if (const RouterState::Parked *parked = fabric.firstParked()) {
    const Train &train = *parked->train;
    failure = Diagnostic{ErrorCode::ProgramLeftover,
                         std::to_string(train.total) + " wavelets of PE " + place(program, train.stream->pe) + " on " +
                             colorName(program, train.stream->pe, train.stream->color) + " still wait at router " +
                             place(program, train.leaves[parked->leaf].pe) + ", whose switch never took them",
                         "a control wavelet is missing, or one too many was sent"};
    return;
  }
  if (const End *end = fabric.firstUnread()) {
    failure = Diagnostic{ErrorCode::ProgramLeftover,
                         std::to_string(end->enqueued - end->consumed) + " of " + std::to_string(end->enqueued) +
                             " wavelets on " + colorName(program, end->pe, end->color) + " were never read at PE " +
                             place(program, end->pe),
                         "counts sent and received must agree, control wavelets included"};
    return;
  }
  for (const Op &op : ops)
    if (op.host && op.done < op.n) {
      failure = Diagnostic{ErrorCode::ProgramOutputShort,
                           "the host's output lane at PE " + place(program, op.in[0]->pe) + " got " +
                               std::to_string(op.done) + " of " + std::to_string(op.n) + " words on " +
                               colorName(program, op.in[0]->pe, op.in[0]->color),
                           "the region's last column must send its whole block"};
      return;
    }
}
