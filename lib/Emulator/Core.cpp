// A core: fetch and execute. What an access to memory may not do is Memory.h's to say.
#include "Engine.h"
#include "Names.h"

#include <algorithm>
#include <cstring>

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;

static bool isIntegerFma(const Instruction &i) { return i.op == VectorOp::Fma && i.type == ElementType::I32; }

bool Engine::failAt(const Core &core, ErrorCode code, const std::string &what, const std::string &hint) {
  if (!failure)
    failure = Diagnostic{code, describe(&core - cores.data()) + ": " + what, hint};
  return false;
}

/// A core goes on to what another site is there for. Functions are shared by kernels: their code counts to the call.
void Engine::chargeLocation(Core &core, uint32_t location) {
  if (core.location != kNone) {
    LocationStats &s = locationStats[core.location];
    s.busy += core.clock - core.locationSince;
    s.first = std::min(s.first, core.locationSince);
    s.last = std::max(s.last, core.clock);
  }
  core.location = location;
  core.locationSince = core.clock;
  if (tracer)
    tracer->enter(&core - cores.data(), location, core.clock, core.steps);
}

/// Counts steps of a core that end at a time, before they are taken; false if that is beyond the run's limit.
bool Engine::step(Core &core, uint64_t steps, Ticks time) {
  core.steps += steps;
  return (time <= limit && core.steps <= stepLimit) ||
         failAt(core, ErrorCode::ProgramCycleLimit,
                "runs longer than " + std::to_string(limit / kTicksPerCycle) + " cycles",
                "raise --max-cycles, or look for a loop that does not end");
}

//===- Scalars and control ------------------------------------------------===//

void Engine::runCore(uint32_t index) {
  Core &core = cores[index];
  RegionState &region = regions[core.region];
  const std::vector<DecodedInstruction> &code = region.verified->code.instructions;
  const uint32_t *locations = region.location.data();
  core.state = Core::Running;
  auto word = [&](uint32_t address, unsigned bytes, bool write) -> uint32_t * {
    // One aligned access; null after an error.
    if (address % bytes) {
      failAt(core, ErrorCode::ProgramAlignment,
             "address " + std::to_string(address) + " is not a multiple of " + std::to_string(bytes), "");
      return nullptr;
    }
    const Footprint words(address / 4);
    bool readOnly = false;
    if (write ? !checkWrite(index, core, words) : !checkRead(index, core, words, readOnly))
      return nullptr;
    return region.memory.at(index - region.firstCore, address / 4 * 4, readOnly);
  };
  int32_t *r = core.regs;
  while (core.state == Core::Running) {
    const DecodedInstruction &d = code[core.pc];
    const Instruction &i = d.i;
    if (core.depth == 0 && locations[core.pc] != core.location)
      chargeLocation(core, locations[core.pc]);
    if (!step(core, 1, core.clock))
      return;
    if (++instructions % 65536 == 0 && cancelled())
      return;
    ++core.pc;
    const int32_t a = r[i.ra], b = r[i.rb];
    int32_t value = 0;
    Ticks cost = scalarCost;
    auto branch = [&](bool taken) {
      if (taken) {
        core.pc = d.target;
        core.clock += branchCost;
      } else {
        core.clock += scalarCost;
      }
    };
    auto divide = [&](int32_t by, bool remainder) {
      cost = divideCost;
      if (by == 0) {
        failAt(core, ErrorCode::ProgramDivideByZero, "divides " + std::to_string(a) + " by zero", "");
        return 0;
      }
      if (by == -1)
        return remainder ? 0 : static_cast<int32_t>(0u - static_cast<uint32_t>(a));
      return remainder ? a % by : a / by;
    };
    auto u = [](int32_t v) { return static_cast<uint32_t>(v); };
    switch (i.opcode) {
    case Opcode::Halt:
      core.state = Core::Halted;
      core.clock += scalarCost;
      chargeLocation(core, kNone);
      continue;
    case Opcode::Jmp:
      branch(true);
      continue;
    case Opcode::Beq:
      branch(a == b);
      continue;
    case Opcode::Bne:
      branch(a != b);
      continue;
    case Opcode::Blt:
      branch(a < b);
      continue;
    case Opcode::Bge:
      branch(a >= b);
      continue;
    case Opcode::Call:
      if (core.depth == kCallDepth) {
        failAt(core, ErrorCode::ProgramCallDepth, "calls more than " + std::to_string(kCallDepth) + " deep", "");
        return;
      }
      core.calls[core.depth++] = core.pc;
      branch(true);
      continue;
    case Opcode::Ret:
      if (core.depth == 0) {
        failAt(core, ErrorCode::ProgramCallDepth, "returns from no call", "");
        return;
      }
      core.pc = core.calls[--core.depth];
      core.clock += branchCost;
      continue;
    case Opcode::Trap:
      core.clock += scalarCost;
      if (a != 0) {
        failAt(core, ErrorCode::ProgramTrap, program.image.manifest().strings(region.region->traps(i.imm)),
               "the input makes the model index or divide out of range");
        return;
      }
      continue;
    case Opcode::Li:
    case Opcode::Liw:
      value = i.imm;
      break;
    case Opcode::Addi:
      value = u(a) + u(i.imm);
      break;
    case Opcode::Muli:
      value = u(a) * u(i.imm);
      break;
    case Opcode::Add:
      value = u(a) + u(b);
      break;
    case Opcode::Sub:
      value = u(a) - u(b);
      break;
    case Opcode::Mul:
      value = u(a) * u(b);
      break;
    case Opcode::Min:
      value = std::min(a, b);
      break;
    case Opcode::Max:
      value = std::max(a, b);
      break;
    case Opcode::And:
      value = a & b;
      break;
    case Opcode::Or:
      value = a | b;
      break;
    case Opcode::Xor:
      value = a ^ b;
      break;
    case Opcode::Shl:
      value = u(a) << (b & 31);
      break;
    case Opcode::Shr:
      value = a >> (b & 31);
      break;
    case Opcode::Div:
    case Opcode::Rem:
      value = divide(b, i.opcode == Opcode::Rem);
      break;
    case Opcode::Slt:
      value = a < b;
      break;
    case Opcode::Seq:
      value = a == b;
      break;
    case Opcode::Mini:
      value = std::min(a, i.imm);
      break;
    case Opcode::Maxi:
      value = std::max(a, i.imm);
      break;
    case Opcode::Andi:
      value = a & i.imm;
      break;
    case Opcode::Ori:
      value = a | i.imm;
      break;
    case Opcode::Xori:
      value = a ^ i.imm;
      break;
    case Opcode::Shli:
      value = u(a) << (i.imm & 31);
      break;
    case Opcode::Shri:
      value = a >> (i.imm & 31);
      break;
    case Opcode::Divi:
    case Opcode::Remi:
      value = divide(i.imm, i.opcode == Opcode::Remi);
      break;
    case Opcode::Slti:
      value = a < i.imm;
      break;
    case Opcode::Sgti:
      value = a > i.imm;
      break;
    case Opcode::Seqi:
      value = a == i.imm;
      break;
    case Opcode::Rsbi:
      value = u(i.imm) - u(a);
      break;
    case Opcode::Coord:
      value = i.imm ? core.y : core.x;
      break;
    case Opcode::Ldh:
    case Opcode::Ldhu: {
      uint32_t address = u(a) + u(i.imm);
      const uint32_t *p = word(address, 2, false);
      if (!p)
        return;
      uint16_t half = *p >> (address % 4 * 8);
      value = i.opcode == Opcode::Ldh ? static_cast<int16_t>(half) : half;
      cost = memoryCost;
      break;
    }
    case Opcode::Ldw: {
      const uint32_t *p = word(u(a) + u(i.imm), 4, false);
      if (!p)
        return;
      value = static_cast<int32_t>(*p);
      cost = memoryCost;
      break;
    }
    case Opcode::Stw: {
      uint32_t *p = word(u(a) + u(i.imm), 4, true);
      if (!p)
        return;
      *p = static_cast<uint32_t>(r[i.rd]);
      core.clock += memoryCost;
      continue;
    }
    case Opcode::Nest:
      core.nestRank = i.rank;
      for (int k = 0; k != i.rank; ++k)
        core.nest[k] = i.extents[k].isRegister ? r[i.extents[k].value] : i.extents[k].value;
      core.clock += scalarCost * d.words;
      continue;
    case Opcode::Desc: {
      Descriptor &descriptor = core.descriptors[i.descriptor];
      descriptor.base = i.baseIsRegister ? u(r[i.base]) : i.base;
      descriptor.rank = i.rank;
      for (int k = 0; k != i.rank; ++k)
        descriptor.stride[k] = i.extents[k].isRegister ? r[i.extents[k].value] : i.extents[k].value;
      core.clock += scalarCost * d.words;
      continue;
    }
    case Opcode::Vec:
    case Opcode::Recvw:
      if (!(i.opcode == Opcode::Vec ? issueVector(index, core, d) : issueWindow(index, core, d))) {
        // Stalled: again when an instruction of this core completes.
        --core.pc;
        --instructions, --core.steps;
        core.state = Core::Blocked;
      }
      if (stopped())
        return;
      continue;
    case Opcode::Wait:
      if (core.threads && i.thread) {
        if (core.threads->op[i.thread]) {
          --core.pc;
          --instructions, --core.steps;
          core.state = Core::Blocked;
          continue;
        }
        const Ticks since = core.clock;
        core.clock = std::max(core.clock, core.threads->end[i.thread]);
        if (tracer)
          tracer->wait(index, i.thread, since, core.clock, core.steps);
        core.threads->accesses.release(i.thread);
      }
      core.clock += scalarCost;
      continue;
    }
    if (stopped())
      return;
    if (i.rd)
      r[i.rd] = value;
    core.clock += cost;
  }
}

//===- Memory -------------------------------------------------------------===//

bool Engine::failAt(const Core &core, const Diagnostic &what) {
  return failAt(core, what.code, what.message, what.hint);
}

bool Engine::checkRead(uint32_t index, const Core &core, const Footprint &words, bool &readOnly) {
  const RegionState &region = regions[core.region];
  if (Status status = region.memory.checkRead(index - region.firstCore, words, readOnly); !status)
    return failAt(core, status.error());
  if (readOnly || !core.threads)
    return true;
  Status status = core.threads->accesses.check(words, /*write=*/false);
  return status || failAt(core, status.error());
}

bool Engine::checkWrite(uint32_t index, const Core &core, const Footprint &words) {
  RegionState &region = regions[core.region];
  if (Status status = region.memory.checkWrite(words); !status)
    return failAt(core, status.error());
  if (core.threads)
    if (Status status = core.threads->accesses.check(words, /*write=*/true); !status)
      return failAt(core, status.error());
  region.memory.markWritten(index - region.firstCore, words);
  return true;
}

//===- Vector instructions ------------------------------------------------===//

/// Captures nest, operands and scalars, and checks memory. `op.n` counts elements.
bool Engine::capture(uint32_t index, Core &core, const DecodedInstruction &d, Op &op, AsyncAccesses &accesses) {
  const Instruction &i = d.i;
  const RegionState &region = regions[core.region];
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
  int64_t stride = 1;
  for (int k = call.rank - 1; k >= 0; --k) {
    op.streamStride[k] = stride;
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
      std::copy_n(op.streamStride, 4, to.stride);
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
      to.data = region.memory.at(index - region.firstCore, descriptor.base, readOnly);
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
      if (!fabric.reachesCore(pe, color)) {
        failAt(core, ErrorCode::ProgramUnroutedReceive,
               "receives on " + colorName(program, pe, color) + ", which never reaches this core", "");
        return true;
      }
      End &end = fabric.endAt(pe, color);
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
  Op *op = newOp();
  op->core = index;
  op->instruction = &d;
  op->thread = i.thread;
  AsyncAccesses accesses;
  if (!capture(index, core, d, *op, accesses)) {
    freeOp(op);
    return true;
  }
  const Ticks setup = setupCost[unsigned(i.op)];
  const bool isEmpty = op->n == 0 && i.control == Control::None;
  if (tracer)
    tracer->issue(index, i, isEmpty ? 0 : i.thread, op->n, since, start, start + setup, core.steps);
  op->rate = isIntegerFma(i) ? fmaI32Cost : elementCost[unsigned(i.op)];
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
  op->ready = op->begin = begin;
  if (stream) {
    op->out = new Train();
    Train &train = *op->out;
    train.stream = stream;
    train.op = op;
    train.control = i.control;
    train.total = op->n + (i.control != Control::None);
    train.data.assign(train.total, 0);
    stream->op = op;
    op->rate = std::max(op->rate, fabric.costs.link);
  }
  op->kind = stream && op->inputs == 0 ? Op::Send : op->inputs + (stream ? 1 : 0) > 1 ? Op::Coupled : Op::Sink;
  if (op->inputs == 0 && !stream) {
    // Memory only: done at once; on a thread, time passes there.
    uint32_t *words[4] = {};
    executeRange(*op, 0, op->n, words);
    Ticks end = begin + int64_t(op->n) * op->rate;
    if (i.thread) {
      core.threads->end[i.thread] = end;
      core.threads->accesses.add(accesses);
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
    core.clock = begin;
  } else {
    core.op = op;
  }
  const uint8_t thread = op->thread;
  if (op->out) {
    TrainRef train = op->out;
    if (op->kind == Op::Send) {
      uint32_t *words[4] = {train->data.data(), nullptr, nullptr, nullptr};
      if (op->n)
        executeRange(*op, 0, op->n, words);
      if (stopped())
        return true;
      train->records.push_back({0, train->total, begin, begin + int64_t(train->total - 1) * op->rate});
      train->produced = train->total;
      op->ready = begin + int64_t(train->total) * op->rate;
      op->done = op->n;
    }
    fabric.launch(*train);
    if (stopped())
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

bool Engine::issueWindow(uint32_t index, Core &core, const DecodedInstruction &d) {
  const Instruction &i = d.i;
  const uint32_t pe = meshPe(core);
  End &end = fabric.endAt(pe, i.color);
  if (end.op)
    return false;
  if (!fabric.reachesCore(pe, i.color)) {
    failAt(core, ErrorCode::ProgramUnroutedReceive,
           "receives on " + colorName(program, pe, i.color) + ", which never reaches this core", "");
    return true;
  }
  const Ticks since = core.clock;
  core.clock = std::max(since, end.freeAt);
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
  op->rate = elementCost[unsigned(VectorOp::Mov)];
  Ticks begin = core.clock + setupCost[unsigned(VectorOp::Mov)];
  if (tracer)
    tracer->issue(index, i, 0, total, since, core.clock, begin, core.steps);
  if (!step(core, total, begin + total * op->rate)) {
    freeOp(op);
    return true;
  }
  vectorElements += total;
  op->ready = op->begin = begin;
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

//===- Execution of parts -------------------------------------------------===//

/// Elements [begin, begin + count) in nest order; fabric operands stand at `words[k]`, element `begin` first.
void Engine::executeRange(Op &op, uint64_t begin, uint64_t count, uint32_t *const *words) {
  const Instruction &i = op.instruction->i;
  if (i.operands[0].kind == OperandKind::None)
    return; // dropped
  KernelCall call = op.call;
  auto isFabric = [&](int k) { return i.operands[k].kind == OperandKind::Fabric; };
  auto runPart = [&] {
    switch (kernels(call)) {
    case KernelStatus::Done:
      break;
    case KernelStatus::DivideByZero:
      failAt(cores[op.core], ErrorCode::ProgramDivideByZero, "a vector instruction divides an integer by zero", "");
      break;
    case KernelStatus::Overflow:
      failAt(cores[op.core], ErrorCode::ProgramOverflow, "a value of 64 bits in the model does not fit 32",
             "the machine's integers have 32 bits; keep what the model computes at run time within them");
      break;
    }
  };
  if (begin == 0 && count == op.n) {
    for (int k = 0; k != 4; ++k)
      if (isFabric(k))
        call.operand[k].data = words[k];
    runPart();
    return;
  }
  // Row by row of the innermost dimension.
  const int rank = call.rank, last = rank - 1;
  int64_t inner = call.extent[last];
  for (uint64_t at = begin; at < begin + count && !stopped();) {
    uint64_t row = at / inner, column = at % inner;
    uint64_t length = std::min<uint64_t>(inner - column, begin + count - at);
    int64_t position[4] = {0, 0, 0, 0};
    for (int d = last - 1; d >= 0; --d) {
      position[d] = row % call.extent[d];
      row /= call.extent[d];
    }
    position[last] = column;
    KernelCall part = call;
    part.rank = 1;
    part.extent[0] = length;
    int64_t iota = uint32_t(call.iotaBase);
    for (int k = 0; k != 4; ++k) {
      int64_t offset = 0;
      for (int d = 0; d != rank; ++d)
        offset += position[d] * op.call.operand[k].stride[d];
      if (k == 1)
        iota += offset;
      if (isFabric(k))
        part.operand[k].data = words[k] + (at - begin);
      else if (part.operand[k].data)
        part.operand[k].data += offset;
      part.operand[k].stride[0] = op.call.operand[k].stride[last];
    }
    part.iotaBase = static_cast<int32_t>(iota);
    std::swap(call, part);
    runPart();
    std::swap(call, part);
    at += length;
  }
}

/// Wavelets [begin, begin + count) of the block: what falls into the window is stored.
void Engine::executeWindow(Op &op, uint64_t begin, uint64_t count, const uint32_t *from) {
  const KernelCall &call = op.call;
  const int rank = call.rank, last = rank - 1;
  if (call.extent[0] <= 0)
    return;
  const uint64_t end = begin + count;
  const KernelOperand &dst = call.operand[0];
  int64_t i[4] = {0, 0, 0, 0};
  while (true) {
    uint64_t start = 0;
    int64_t offset = 0;
    for (int d = 0; d != rank; ++d) {
      int64_t index = d == last ? 0 : i[d];
      start = start * op.block[d] + op.lower[d] + index;
      offset += index * dst.stride[d];
    }
    if (start >= end)
      return;
    uint64_t low = std::max(start, begin), high = std::min<uint64_t>(start + call.extent[last], end);
    if (low < high) {
      uint32_t *to = dst.data + offset;
      if (dst.stride[last] == 1)
        std::memcpy(to + (low - start), from + (low - begin), (high - low) * 4);
      else
        for (uint64_t at = low; at != high; ++at)
          to[int64_t(at - start) * dst.stride[last]] = from[at - begin];
    }
    int d = last - 1;
    for (; d >= 0; --d) {
      if (++i[d] < call.extent[d])
        break;
      i[d] = 0;
    }
    if (d < 0)
      return;
  }
}
