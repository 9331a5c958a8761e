// Phase 1: a core's instructions, its elements and those of its threads take turns on its data path.
#include "Machine.h"

#include "Arithmetic.h"

#include <algorithm>
#include <bit>

using namespace wafer;
using namespace wafer::isa;
using namespace wafer::reference;

static bool has(uint32_t colors, unsigned color) { return colors >> color & 1; }

void Machine::stepCore(Core &core) {
  while (!failure) {
    unsigned who = 0;
    Ticks when = kNever;
    for (unsigned k = 1; k <= kThreads; ++k) {
      const unsigned slot = (core.lastOnPath + k) % kThreads;
      if (const Ticks due = dueOf(core, slot); due < when)
        who = slot, when = due;
    }
    if (when >= (now + 1) * kCycle)
      return;
    moved = true;
    if (core.inHand[who].active)
      stepInHand(core, who, when);
    else
      issue(core, when);
  }
}

/// When a thread's instruction in hand, or the core itself, goes on if nothing more comes.
Ticks Machine::dueOf(const Core &core, unsigned slot) const {
  const InHand &op = core.inHand[slot];
  if (!op.active)
    return slot || core.waiting || (core.halted && !core.owed) ? kNever : std::max(core.clock, core.path);
  if (op.done == op.wavelets)
    return op.completeAt;
  if (op.output && !hasRoom(core.pe, *op.output))
    return kNever;
  if (op.done == op.n) // a control wavelet
    return std::max(op.due, now * kCycle);
  for (uint32_t colors = op.inputs; colors; colors &= colors - 1)
    if (!ramps[core.pe].in[std::countr_zero(colors)].hasCome(now))
      return kNever;
  return std::max({op.due, core.path, now * kCycle});
}

void Machine::stepInHand(Core &core, unsigned thread, Ticks when) {
  InHand &op = core.inHand[thread];
  const bool passesOn = op.output && op.inputs;
  const Ticks pace = op.output ? std::max(op.elementTime, kCycle) : op.elementTime;
  const Ticks put = passesOn ? when + pace : when;
  if (op.done == op.wavelets) {
    op.active = false;
    core.lastEnd = std::max(core.lastEnd, when);
    core.receiving &= ~op.inputs;
    if (op.output)
      core.sending &= ~(1u << *op.output);
    if (core.lastOnPath == thread)
      core.path = std::min(core.path, when);
    if (!thread || core.waiting)
      core.clock = std::max(core.clock, when);
    core.waiting = false;
    return;
  }
  if (op.done == op.n) {
    this->put(core.pe, *op.output, 0, op.instruction->control, put);
  } else {
    uint32_t received[kMaxColors];
    for (unsigned color = 0; color != kMaxColors; ++color)
      if (has(op.inputs, color)) {
        received[color] = ramps[core.pe].in[color].pop().data;
        --ramps[core.pe].in[color].taken;
      }
    uint32_t value = 0;
    if (!op.inputs && op.output)
      value = op.words[op.done];
    else if (op.inputs)
      value = element(core, op, op.done, received);
    if (op.output)
      this->put(core.pe, *op.output, value, Control::None, put);
    core.path = when + op.elementTime;
    core.lastOnPath = thread;
  }
  op.due = when + pace;
  if (++op.done == op.wavelets)
    op.completeAt = op.output ? put + kCycle : when + op.elementTime;
}

//===- Instructions -------------------------------------------------------===//

/// The core has the path: for its next instruction, or for a piece of the one that it pays for.
void Machine::issue(Core &core, Ticks when) {
  core.clock = when;
  if (!core.owed) {
    if (when > limit || core.steps > uint64_t(limit) / 64)
      return fail(core, ErrorCode::ProgramCycleLimit, "runs beyond the limit of cycles");
    if (!execute(core) || failure) {
      core.waiting = true;
      return;
    }
    ++core.steps;
    ++result.instructions;
  }
  const Ticks piece = std::min(core.owed, kCycle);
  core.owed -= piece;
  core.clock += piece;
  if (piece)
    core.path = core.clock, core.lastOnPath = 0;
  if (!core.owed && core.settingUp) {
    core.inHand[*core.settingUp].active = true;
    core.inHand[*core.settingUp].due = core.clock;
    core.settingUp.reset();
  }
}

/// What the next instruction does, and what it costs; false if it must wait for one in hand.
bool Machine::execute(Core &core) {
  const DecodedCode &code = program.regions[core.region].code;
  const DecodedInstruction &decoded = code.instructions[core.pc];
  const Instruction &i = decoded.i;
  // The second operand is a constant or a register.
  const int32_t a = core.r[i.ra], b = opcodeInfo(i.opcode)->form == Form::Immediate ? i.imm : core.r[i.rb];
  const uint32_t ua = uint32_t(a), ub = uint32_t(b);
  auto valueOf = [&](const Operand &operand) { return operand.isRegister ? core.r[operand.value] : operand.value; };
  auto branch = [&](bool taken) {
    core.owed = taken ? branchCost : scalarCost;
    core.pc = taken ? decoded.target : core.pc + 1;
    return true;
  };
  std::optional<int64_t> value;
  core.owed = scalarCost;
  switch (i.opcode) {
  case Opcode::Halt:
    core.halted = true;
    break;
  case Opcode::Jmp:
    return branch(true);
  case Opcode::Beq:
    return branch(a == b);
  case Opcode::Bne:
    return branch(a != b);
  case Opcode::Blt:
    return branch(a < b);
  case Opcode::Bge:
    return branch(a >= b);
  case Opcode::Call:
    if (core.calls.size() == kCallDepth)
      return fail(core, ErrorCode::ProgramCallDepth, "calls too deep"), true;
    core.calls.push_back(core.pc + 1);
    return branch(true);
  case Opcode::Ret:
    if (core.calls.empty())
      return fail(core, ErrorCode::ProgramCallDepth, "returns from no call"), true;
    core.pc = core.calls.back();
    core.calls.pop_back();
    core.owed = branchCost;
    return true;
  case Opcode::Trap:
    if (a != 0)
      return fail(core, ErrorCode::ProgramTrap, "a check of its own failed"), true;
    break;
  case Opcode::Li:
  case Opcode::Liw:
    value = i.imm;
    break;
  case Opcode::Addi:
  case Opcode::Add:
    value = ua + ub;
    break;
  case Opcode::Sub:
    value = ua - ub;
    break;
  case Opcode::Rsbi:
    value = ub - ua;
    break;
  case Opcode::Muli:
  case Opcode::Mul:
    value = ua * ub;
    break;
  case Opcode::Mini:
  case Opcode::Min:
    value = std::min(a, b);
    break;
  case Opcode::Maxi:
  case Opcode::Max:
    value = std::max(a, b);
    break;
  case Opcode::Andi:
  case Opcode::And:
    value = a & b;
    break;
  case Opcode::Ori:
  case Opcode::Or:
    value = a | b;
    break;
  case Opcode::Xori:
  case Opcode::Xor:
    value = a ^ b;
    break;
  case Opcode::Shli:
  case Opcode::Shl:
    value = ua << ub % 32;
    break;
  case Opcode::Shri:
  case Opcode::Shr:
    value = a >> ub % 32;
    break;
  case Opcode::Slti:
  case Opcode::Slt:
    value = a < b;
    break;
  case Opcode::Sgti:
    value = a > b;
    break;
  case Opcode::Seqi:
  case Opcode::Seq:
    value = a == b;
    break;
  case Opcode::Coord:
    value = i.imm ? core.y : core.x;
    break;
  case Opcode::Div:
  case Opcode::Rem:
  case Opcode::Divi:
  case Opcode::Remi: {
    const int64_t by = b;
    if (by == 0)
      return fail(core, ErrorCode::ProgramDivideByZero, "divides by zero"), true;
    value = i.opcode == Opcode::Div || i.opcode == Opcode::Divi ? a / by : a % by;
    core.owed = divideCost;
    break;
  }
  case Opcode::Ldh:
  case Opcode::Ldhu:
  case Opcode::Ldw:
  case Opcode::Stw: {
    const uint32_t address = ua + ub, bytes = i.opcode == Opcode::Ldw || i.opcode == Opcode::Stw ? 4 : 2;
    if (address % bytes)
      return fail(core, ErrorCode::ProgramAlignment, "address " + std::to_string(address)), true;
    const std::vector<int64_t> word{address / 4};
    const Status status = i.opcode == Opcode::Stw ? core.memory.checkWrite(word) : core.memory.checkRead(word);
    if (!status)
      return fail(core, status.error()), true;
    core.owed = memoryCost;
    if (i.opcode == Opcode::Stw)
      core.memory.write(word[0], uint32_t(core.r[i.rd]));
    else if (i.opcode == Opcode::Ldw)
      value = core.memory.read(word[0]);
    else if (const uint32_t half = core.memory.read(word[0]) >> address % 4 * 8 & 0xffff; i.opcode == Opcode::Ldhu)
      value = half;
    else
      value = int16_t(half);
    break;
  }
  case Opcode::Nest:
    core.nestRank = i.rank;
    for (unsigned d = 0; d != i.rank; ++d)
      core.nest[d] = valueOf(i.extents[d]);
    core.owed = scalarCost * decoded.words;
    break;
  case Opcode::Desc: {
    Descriptor &descriptor = core.descriptors[i.descriptor];
    descriptor.base = i.baseIsRegister ? uint32_t(core.r[i.base]) : i.base;
    descriptor.rank = i.rank;
    for (unsigned d = 0; d != i.rank; ++d)
      descriptor.stride[d] = valueOf(i.extents[d]);
    core.owed = scalarCost * decoded.words;
    break;
  }
  case Opcode::Vec:
  case Opcode::Recvw:
    if (!beginVector(core, i))
      return false;
    break;
  case Opcode::Wait:
    if (i.thread && core.inHand[i.thread].active)
      return false;
    core.memory.release(i.thread);
    break;
  }
  if (value && i.rd)
    core.r[i.rd] = int32_t(*value);
  ++core.pc;
  return true;
}

//===- Vector instructions ------------------------------------------------===//

/// The words that an operand touches, ascending; its lowest and highest are in reach of any memory.
static std::vector<int64_t> wordsOf(const CapturedOperand &operand, unsigned rank, const int32_t *extent) {
  std::vector<int64_t> words{operand.word};
  for (unsigned d = 0; d != rank; ++d) {
    if (!operand.stride[d])
      continue;
    for (size_t i = 0, n = words.size(); i != n; ++i)
      for (int32_t k = 1; k < extent[d]; ++k)
        words.push_back(words[i] + int64_t(k) * operand.stride[d]);
    std::ranges::sort(words);
    words.erase(std::unique(words.begin(), words.end()), words.end());
  }
  return words;
}

/// The lowest and the highest of them, without listing all.
static std::vector<int64_t> endsOf(const CapturedOperand &operand, unsigned rank, const int32_t *extent) {
  std::vector<int64_t> ends{operand.word, operand.word};
  for (unsigned d = 0; d != rank; ++d)
    ends[operand.stride[d] > 0] += int64_t(operand.stride[d]) * (extent[d] - 1);
  return ends;
}

/// The number of elements, or nothing from 2^31 on.
static std::optional<int64_t> product(unsigned rank, const int32_t *extent) {
  int64_t n = 1;
  for (unsigned d = 0; d != rank; ++d)
    n = extent[d] <= 0 ? 0 : std::min<int64_t>(n * extent[d], int64_t(1) << 31);
  return n < int64_t(1) << 31 ? std::optional(n) : std::nullopt;
}

/// Operands and checks of memory, sources first: they must be initialised before the instruction starts.
bool Machine::capture(Core &core, InHand &op, const std::array<VectorOperand, 4> &operands, bool isIota) {
  for (int k : {1, 2, 3, 0}) {
    CapturedOperand &to = op.operand[k];
    to.kind = operands[k].kind;
    to.color = operands[k].index;
    if (to.kind == OperandKind::Register)
      to.scalar = uint32_t(core.r[operands[k].index]);
    if (to.kind != OperandKind::Descriptor)
      continue;
    const Descriptor &descriptor = core.descriptors[operands[k].index];
    if (descriptor.rank != op.rank)
      return fail(core, ErrorCode::ProgramDescriptor, "a descriptor is not set or of another rank"), false;
    to.word = descriptor.base / 4;
    std::copy_n(descriptor.stride, kMaxRank, to.stride);
    if (op.n == 0 || (isIota && k == 1))
      continue;
    if (descriptor.base % 4)
      return fail(core, ErrorCode::ProgramAlignment, "base " + std::to_string(descriptor.base)), false;
    const int32_t *extent = op.window ? op.boxExtent : op.extent;
    std::vector<int64_t> words = endsOf(to, op.rank, extent);
    if (words[0] >= 0 && words[1] < core.memory.size())
      words = wordsOf(to, op.rank, extent);
    if (Status status = k == 0 ? core.memory.checkWrite(words) : core.memory.checkRead(words); !status)
      return fail(core, status.error()), false;
  }
  return true;
}

/// False if its thread or a queue is in use.
bool Machine::beginVector(Core &core, const Instruction &i) {
  const bool window = i.opcode == Opcode::Recvw;
  const unsigned thread = window ? 0 : i.thread;
  // A window is a move from its color to memory.
  const VectorOp operation = window ? VectorOp::Mov : i.op;
  std::array<VectorOperand, 4> operands = i.operands;
  if (window)
    operands = {VectorOperand::desc(i.descriptor), VectorOperand::fabric(i.color)};
  InHand op;
  op.instruction = &i;
  op.window = window;
  if (core.inHand[thread].active)
    return false;
  for (int k = 0; k != 4; ++k) {
    if (operands[k].kind != OperandKind::Fabric)
      continue;
    const unsigned color = operands[k].index;
    if (has(k ? core.receiving : core.sending, color))
      return false;
    if (!reaches(core.pe, color, k == 0))
      return fail(core, k ? ErrorCode::ProgramUnroutedReceive : ErrorCode::ProgramUnroutedSend,
                  "color " + std::to_string(color) + " is not routed to or from this core"),
             true;
    if (k)
      op.inputs |= 1u << color;
    else
      op.output = color;
  }
  core.memory.release(thread);
  op.rank = core.nestRank;
  std::copy_n(core.nest, kMaxRank, op.extent);
  if (!op.rank || (window && op.rank != i.rank))
    return fail(core, ErrorCode::ProgramDescriptor, "the nest is not set or of another rank"), true;
  std::optional<int64_t> n = product(op.rank, op.extent);
  if (!n)
    return fail(core, ErrorCode::ProgramDescriptor, "a nest of 2^31 elements or more"), true;
  op.n = *n;
  if (window)
    std::copy_n(op.extent, kMaxRank, op.boxExtent);
  if (!capture(core, op, operands, operation == VectorOp::Iota))
    return true;
  if (window) {
    auto valueOf = [&](const Operand &operand) { return operand.isRegister ? core.r[operand.value] : operand.value; };
    for (unsigned d = 0; d != op.rank; ++d) {
      op.extent[d] = valueOf(i.extents[d]);
      op.lower[d] = valueOf(i.lower[d]);
      if (op.n && (op.lower[d] < 0 || int64_t(op.lower[d]) + op.boxExtent[d] > op.extent[d]))
        return fail(core, ErrorCode::ProgramWindow, "a window outside of its block"), true;
      if (!op.n)
        op.boxExtent[d] = 0; // all is dropped
    }
    if (!(n = product(op.rank, op.extent)))
      return fail(core, ErrorCode::ProgramDescriptor, "a block of 2^31 elements or more"), true;
    op.n = *n;
  }
  const bool integerFma = i.opcode == Opcode::Vec && i.op == VectorOp::Fma && i.type == ElementType::I32;
  op.elementTime = integerFma ? this->integerFma : perElement[unsigned(operation)];
  op.wavelets = op.n + (!window && i.control != Control::None);
  core.owed = setUp[unsigned(operation)];
  core.steps += uint64_t(op.n);
  if (core.clock + core.owed + op.n * op.elementTime > limit)
    return fail(core, ErrorCode::ProgramCycleLimit, "would run beyond the limit of cycles"), true;
  result.vectorElements += uint64_t(op.n);
  if (op.wavelets == 0)
    return true;
  if (op.n == 0)
    op.inputs = 0; // a control wavelet alone
  if (thread)
    for (int k = 0; k != 4; ++k)
      if (op.n && op.operand[k].kind == OperandKind::Descriptor && !(operation == VectorOp::Iota && k == 1))
        core.memory.hold(thread, k == 0, wordsOf(op.operand[k], op.rank, op.extent));
  // What waits for no wavelet is computed now: a send has captured its words, and no one may look at the others.
  if (!op.inputs)
    for (int64_t k = 0; k != op.n && !failure; ++k)
      op.words.push_back(element(core, op, k, nullptr));
  core.receiving |= op.inputs;
  if (op.output)
    core.sending |= 1u << *op.output;
  core.inHand[thread] = std::move(op);
  core.settingUp = thread;
  return true;
}

/// Computes element k and stores it if its destination is memory.
uint32_t Machine::element(Core &core, const InHand &op, int64_t k, const uint32_t *received) {
  int64_t index[kMaxRank];
  for (unsigned d = op.rank; d-- != 0; k /= op.extent[d])
    index[d] = k % op.extent[d];
  bool stored = op.operand[0].kind == OperandKind::Descriptor;
  if (op.window)
    for (unsigned d = 0; d != op.rank; ++d) {
      index[d] -= op.lower[d];
      stored &= index[d] >= 0 && index[d] < op.boxExtent[d];
    }
  auto wordAt = [&](const CapturedOperand &operand) {
    int64_t word = operand.word;
    for (unsigned d = 0; d != op.rank; ++d)
      word += index[d] * operand.stride[d];
    return word;
  };
  const Instruction &i = *op.instruction;
  uint32_t source[3] = {}, value;
  for (int s = 0; s != 3; ++s) {
    const CapturedOperand &operand = op.operand[s + 1];
    if (operand.kind == OperandKind::Register)
      source[s] = operand.scalar;
    else if (operand.kind == OperandKind::Fabric)
      source[s] = received[operand.color];
    else if (operand.kind == OperandKind::Descriptor)
      source[s] = i.op == VectorOp::Iota ? uint32_t(wordAt(operand)) : core.memory.read(wordAt(operand));
  }
  if (op.window || i.op == VectorOp::Iota) {
    value = source[0];
  } else {
    if (op.operand[0].kind == OperandKind::None)
      return 0; // dropped
    Fault fault = Fault::None;
    value = compute(i.op, i.type, source[0], source[1], source[2], fault);
    if (fault == Fault::DivideByZero)
      fail(core, ErrorCode::ProgramDivideByZero, "a vector instruction divides an integer by zero");
    if (fault == Fault::Overflow)
      fail(core, ErrorCode::ProgramOverflow, "a result that does not fit 32 bits");
  }
  if (stored && !failure)
    core.memory.write(wordAt(op.operand[0]), value);
  return value;
}
