// How a vector instruction begins: what it needs of its core is captured and checked, and what it needs of the fabric
// must be free; else the core stalls.
#include "Engine.h"
#include "Names.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;

/// Captures nest, operands and scalars, and checks memory. `op.n` counts elements.
bool Engine::capture(uint32_t index, Core &core, const DecodedInstruction &d, Op &op, AsyncAccesses &accesses) {
  const Instruction &i = d.i;
  const RegionTables &region = tables.regions[core.region];
  if (!core.nestRank)
    return failAt(core, ErrorCode::ProgramDescriptor, "a vector instruction without a nest", "");
  KernelCall &call = op.call;
  call.op = i.op;
  call.type = i.type;
  call.rank = core.nestRank;
  int64_t n = 1;
  for (int k = 0; k != call.rank; ++k) {
    call.extent[k] = core.nest[k];
    n = core.nest[k] <= 0 ? 0 : std::min<int64_t>(n * core.nest[k], int64_t(1) << 31);
  }
  if (n >= int64_t(1) << 31)
    return failAt(core, ErrorCode::ProgramDescriptor, "a nest of 2^31 elements or more", "");
  op.n = n;
  int32_t streamStride[isa::kMaxRank]; // row-major strides of the nest
  int64_t stride = 1;
  for (int k = call.rank - 1; k >= 0; --k) {
    streamStride[k] = stride;
    stride *= std::max(1, call.extent[k]);
  }
  static const char *const names[] = {"the destination", "operand a", "operand b", "operand c"};
  // Sources before the destination: a word that the instruction itself writes first must be initialised as well.
  for (int k : {1, 2, 3, 0}) {
    const VectorOperand &operand = i.operands[k];
    KernelOperand &to = call.operand[k];
    to = {};
    switch (operand.kind) {
    case OperandKind::None:
      break;
    case OperandKind::Register:
      op.scalar[k] = core.regs[operand.index];
      to.data = &op.scalar[k];
      break;
    case OperandKind::Fabric:
      std::copy_n(streamStride, call.rank, to.stride);
      if (k > 0) {
        op.inOperand[op.inputs] = k;
        op.in[op.inputs++] = &fabric.endAt(meshPe(core), operand.index);
      }
      break;
    case OperandKind::Descriptor: {
      const Descriptor &descriptor = core.descriptors[operand.index];
      if (descriptor.rank != call.rank)
        return failAt(core, ErrorCode::ProgramDescriptor,
                      std::string(names[k]) + ": d" + std::to_string(operand.index) +
                          (descriptor.rank ? " has rank " + std::to_string(descriptor.rank) + ", the nest " +
                                                 std::to_string(call.rank)
                                           : " is not set"),
                      "");
      std::copy_n(descriptor.stride, 4, to.stride);
      if (i.op == VectorOp::Iota && k == 1) {
        call.iotaBase = static_cast<int32_t>(descriptor.base / 4);
        break;
      }
      if (n == 0)
        break;
      if (descriptor.base % 4)
        return failAt(core, ErrorCode::ProgramAlignment,
                      std::string(names[k]) + "'s base address " + std::to_string(descriptor.base) +
                          " is not a multiple of 4",
                      "");
      const Footprint words(descriptor.base / 4, descriptor.rank, call.extent, descriptor.stride);
      bool readOnly = false;
      if (k == 0 ? !checkWrite(index, core, words) : !checkRead(index, core, words, readOnly))
        return false;
      to.data = memories[core.region].at(index - region.firstCore, descriptor.base, readOnly);
      op.inData |= !readOnly << k;
      if (i.opcode == Opcode::Vec && i.thread && !readOnly)
        accesses.add(i.thread, k == 0, words);
      break;
    }
    }
  }
  return true;
}

/// False if the core must stall.
bool Engine::issueVector(uint32_t index, Core &core, const DecodedInstruction &d) {
  const Instruction &i = d.i;
  const uint32_t pe = meshPe(core);
  if (i.thread || std::ranges::any_of(i.operands, [](auto &of) { return of.kind == OperandKind::Fabric; }))
    letGo(core, core.clock + costs.setup[unsigned(i.op)]);
  // A thread runs one instruction at a time, and so does each direction of a color.
  if (i.thread && core.threads && core.threads->op[i.thread])
    return false;
  const Ticks since = core.clock;
  Ticks start = since;
  Stream *stream = nullptr;
  for (int k = 0; k != 4; ++k) {
    if (i.operands[k].kind != OperandKind::Fabric)
      continue;
    const uint8_t color = i.operands[k].index;
    if (k == 0) {
      stream = &fabric.streamAt(pe, color);
      if (stream->op)
        return false;
      if (!stream->traced && !fabric.trace(*stream)) {
        failAt(core, ErrorCode::ProgramUnroutedSend,
               "sends on " + colorName(program, pe, color) + ", which its router does not take from the core",
               "the color has no route here, or its input is another port");
        return true;
      }
      start = std::max(start, stream->freeAt);
    } else {
      End &end = fabric.endAt(pe, color);
      if (!end.isReached) {
        failAt(core, ErrorCode::ProgramUnroutedReceive,
               "receives on " + colorName(program, pe, color) + ", which never reaches this core", "");
        return true;
      }
      if (end.op)
        return false;
      start = std::max(start, end.freeAt);
    }
  }
  if (i.thread) {
    if (!core.threads)
      core.threads = std::make_unique<ThreadState>();
    start = std::max(start, core.threads->end[i.thread]);
    core.threads->accesses.release(i.thread);
  }
  core.clock = start;
  if (core.threads)
    core.threads->shared.waited(since, start);
  if (i.thread)
    waitFor(core, i.thread);
  start = core.clock;
  Op *op = newOp();
  op->core = index;
  op->instruction = &d;
  op->thread = i.thread;
  AsyncAccesses accesses;
  if (!capture(index, core, d, *op, accesses)) {
    freeOp(op);
    return true;
  }
  const Ticks setup = costs.setup[unsigned(i.op)];
  const bool isEmpty = op->n == 0 && i.control == Control::None;
  if (tracer)
    tracer->issue(index, i, isEmpty ? 0 : i.thread, op->n, since, start, start + setup, core.steps);
  op->rate = op->element = costs.elementOf(i);
  // Asked before, not after: a nest may have 2^31 elements, and what is sent takes this host's memory.
  if (!step(core, op->n, core.clock + setup + int64_t(op->n) * op->rate)) {
    freeOp(op);
    return true;
  }
  vectorElements += op->n;
  if (isEmpty) {
    core.clock += setup;
    if (tracer)
      tracer->finish(index, 0, core.clock, core.clock, false, 0);
    freeOp(op);
    return true;
  }
  // Asynchronous: the core goes on once it has issued the instruction.
  Ticks begin = core.clock + setup;
  op->ready = op->begin = op->first = begin;
  if (stream) {
    op->out = fabric.newTrain(*stream);
    Train &train = *op->out;
    train.op = op;
    train.control = i.control;
    train.total = op->n + (i.control != Control::None);
    train.data.assign(train.total, 0);
    stream->op = op;
    op->rate = std::max(op->rate, fabric.costs.link);
  }
  if (timed && op->inputs)
    op->rate =
        std::max(op->rate, rampPace(op->inputs, stream && hearsItself(program.routes.at(stream->color, stream->pe))));
  op->kind = stream && op->inputs == 0 ? Op::Send : op->inputs + (stream ? 1 : 0) > 1 ? Op::Coupled : Op::Sink;
  if (op->inputs == 0 && !stream) {
    // Memory only: done at once; on a thread, time passes there.
    uint32_t *words[4] = {};
    executeRange(*op, 0, op->n, words);
    Ticks end = begin + int64_t(op->n) * op->rate;
    if (i.thread) {
      core.threads->end[i.thread] = end;
      core.threads->accesses.add(accesses);
      beginOn(core, i.thread, {begin, end - begin, 0});
      core.clock = begin;
    } else {
      core.clock = end;
    }
    if (tracer)
      tracer->finish(index, i.thread, begin, end, false, 0);
    freeOp(op);
    return true;
  }
  if (op->n == 0 && op->kind == Op::Coupled) {
    // A relay of nothing: its control wavelet alone.
    op->inputs = 0;
    op->kind = Op::Send;
  }
  if (i.thread)
    core.threads->accesses.add(accesses);
  if (!startOp(index, core, op, begin))
    core.state = Core::Blocked;
  return true;
}

/// Starts an instruction that waits for the fabric; true if the core need not wait for it.
bool Engine::startOp(uint32_t index, Core &core, Op *op, Ticks begin) {
  for (unsigned k = 0; k != op->inputs; ++k) {
    End &end = *op->in[k];
    end.op = op;
    op->inStart[k] = end.consumed;
  }
  if (op->thread) {
    core.threads->op[op->thread] = op;
    beginOn(core, op->thread, {});
    core.clock = begin;
  } else {
    core.op = op;
  }
  const uint8_t thread = op->thread;
  op->held = timed && thread;
  if (op->held)
    core.threads->held |= 1u << thread;
  if (op->out) {
    TrainRef train = op->out;
    if (op->kind == Op::Send) {
      uint32_t *words[4] = {train->data.data(), nullptr, nullptr, nullptr};
      if (op->n)
        executeRange(*op, 0, op->n, words);
      if (stopped())
        return true;
      if (!op->held)
        sendAll(*op);
    }
    fabric.launch(*train);
    if (stopped() || op->held)
      return true;
    if (op->kind == Op::Send)
      fabric.update(train);
    else
      pump(op);
  } else {
    fabric.promise(*op->in[0], op->inStart[0] + op->n);
    pump(op);
  }
  return thread || !core.op;
}

/// The words of a send from memory are on their way.
void Engine::sendAll(Op &op) {
  Train &train = *op.out;
  train.records.push_back({0, train.total, op.begin, op.begin + op.timeOf(op.begin, train.total)});
  train.produced = train.total;
  op.ready = op.begin + int64_t(train.total) * op.rate;
  op.done = op.n;
}

bool Engine::issueWindow(uint32_t index, Core &core, const DecodedInstruction &d) {
  const Instruction &i = d.i;
  const uint32_t pe = meshPe(core);
  End &end = fabric.endAt(pe, i.color);
  letGo(core, core.clock + costs.setup[unsigned(VectorOp::Mov)]);
  if (end.op)
    return false;
  if (!end.isReached) {
    failAt(core, ErrorCode::ProgramUnroutedReceive,
           "receives on " + colorName(program, pe, i.color) + ", which never reaches this core", "");
    return true;
  }
  const Ticks since = core.clock;
  core.clock = std::max(since, end.freeAt);
  if (core.threads)
    core.threads->shared.waited(since, core.clock);
  if (core.nestRank != i.rank) {
    failAt(core, ErrorCode::ProgramDescriptor,
           "a window of rank " + std::to_string(i.rank) + " and a nest of rank " + std::to_string(core.nestRank), "");
    return true;
  }
  Op *op = newOp();
  op->core = index;
  op->instruction = &d;
  op->window = true;
  op->kind = Op::Sink;
  // The window's box is a move to the descriptor; the block's elements are what arrives.
  Instruction box;
  box.op = VectorOp::Mov;
  box.type = ElementType::I32;
  box.operands = {VectorOperand::desc(i.descriptor), VectorOperand::none(), VectorOperand::none(),
                  VectorOperand::none()};
  DecodedInstruction move{box, d.word, d.words, 0};
  AsyncAccesses accesses;
  if (!capture(index, core, move, *op, accesses)) {
    freeOp(op);
    return true;
  }
  int64_t total = 1;
  for (int k = 0; k != i.rank; ++k) {
    op->block[k] = i.extents[k].isRegister ? core.regs[i.extents[k].value] : i.extents[k].value;
    op->lower[k] = i.lower[k].isRegister ? core.regs[i.lower[k].value] : i.lower[k].value;
    total = op->block[k] <= 0 ? 0 : std::min<int64_t>(total * op->block[k], int64_t(1) << 31);
    if (op->n && (op->lower[k] < 0 || int64_t(op->lower[k]) + op->call.extent[k] > op->block[k])) {
      failAt(core, ErrorCode::ProgramWindow,
             "dimension " + std::to_string(k) + ": a window from " + std::to_string(op->lower[k]) + " of length " +
                 std::to_string(op->call.extent[k]) + " in a block of " + std::to_string(op->block[k]),
             "");
      freeOp(op);
      return true;
    }
  }
  if (total >= int64_t(1) << 31) {
    failAt(core, ErrorCode::ProgramDescriptor, "a block of 2^31 elements or more", "");
    freeOp(op);
    return true;
  }
  if (op->n == 0)
    op->call.extent[0] = 0;
  op->n = total;
  op->rate = op->element = costs.element[unsigned(VectorOp::Mov)];
  Ticks begin = core.clock + costs.setup[unsigned(VectorOp::Mov)];
  if (tracer)
    tracer->issue(index, i, 0, total, since, core.clock, begin, core.steps);
  if (!step(core, total, begin + total * op->rate)) {
    freeOp(op);
    return true;
  }
  vectorElements += total;
  op->ready = op->begin = op->first = begin;
  if (total == 0) {
    core.clock = begin;
    if (tracer)
      tracer->finish(index, 0, begin, begin, false, 0);
    freeOp(op);
    return true;
  }
  op->inputs = 1;
  op->inOperand[0] = 1;
  op->in[0] = &end;
  if (!startOp(index, core, op, begin))
    core.state = Core::Blocked;
  return true;
}
