// One instruction of a context. What is the same for all PEs is computed as one core does it, the rest over the set.
#include "Contexts.h"

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;

bool Contexts::fail(const Context &c, ErrorCode code) {
  client.failed(c, code);
  stop = true;
  return false;
}

/// Executes the next instruction; false if the context does not go on by itself.
bool Contexts::step(Context &c) {
  const DecodedInstruction &d = code[c.pc];
  const Instruction &i = d.i;
  if (c.depth == 0 && locations[c.pc] != c.location) {
    client.located(c, locations[c.pc]);
    c.location = locations[c.pc];
  }
  if (++c.steps > stepLimit)
    return fail(c, ErrorCode::ProgramCycleLimit);
  if (++ticks % 65536 == 0) {
    client.settle(c);
    if (client.cancelled(c)) {
      stop = true;
      return false;
    }
  }
  executed += pes;
  ++c.pc;
  const bool before = std::exchange(progress, true);
  // Fields that an instruction does not have are 0, and register 0 is uniform.
  const Value &a = c.regs[i.ra], &b = c.regs[i.rb];
  const bool uniform = a.isUniform() && b.isUniform();
  uint32_t word = 0;
  switch (i.opcode) {
#define WAFER_REGISTER(OPCODE, FUNCTION)                                                                               \
  case Opcode::OPCODE:                                                                                                 \
    if (!uniform)                                                                                                      \
      return computed(c, i.rd, map(c.set, c.reg(i.ra), c.reg(i.rb), scalar::FUNCTION));                                \
    word = scalar::FUNCTION(a.uniform(), b.uniform());                                                                 \
    break;
#define WAFER_IMMEDIATE(OPCODE, FUNCTION)                                                                              \
  case Opcode::OPCODE:                                                                                                 \
    if (!uniform)                                                                                                      \
      return computed(c, i.rd, map(c.set, c.reg(i.ra), Value(i.imm), scalar::FUNCTION));                               \
    word = scalar::FUNCTION(a.uniform(), i.imm);                                                                       \
    break;
#define WAFER_BRANCH(OPCODE, FUNCTION)                                                                                 \
  case Opcode::OPCODE:                                                                                                 \
    if (!uniform)                                                                                                      \
      return branch(c, map(c.set, c.reg(i.ra), c.reg(i.rb), scalar::FUNCTION), d.target);                              \
    return jump(c, scalar::FUNCTION(a.uniform(), b.uniform()), d.target);
    WAFER_SCALAR_OPCODES(WAFER_REGISTER, WAFER_IMMEDIATE)
    WAFER_BRANCH_OPCODES(WAFER_BRANCH)
#undef WAFER_REGISTER
#undef WAFER_IMMEDIATE
#undef WAFER_BRANCH
  case Opcode::Li:
  case Opcode::Liw:
    word = i.imm;
    break;
  case Opcode::Coord:
    return computed(c, i.rd, (i.imm ? ys : xs).resolved(c.set));
  case Opcode::Div:
  case Opcode::Rem:
    return divide(c, i, c.reg(i.rb));
  case Opcode::Divi:
  case Opcode::Remi:
    return divide(c, i, Value(i.imm));
  case Opcode::Jmp:
    return jump(c, true, d.target);
  case Opcode::Call:
    if (c.depth == kCallDepth)
      return fail(c, ErrorCode::ProgramCallDepth);
    c.calls[c.depth++] = c.pc;
    jump(c, true, d.target);
    fence = fenceFor(c);
    return true;
  case Opcode::Ret:
    if (c.depth == 0)
      return fail(c, ErrorCode::ProgramCallDepth);
    jump(c, true, c.calls[--c.depth]);
    fence = fenceFor(c);
    return true;
  case Opcode::Halt:
    c.state = Context::Halted;
    c.pending += costs.scalar;
    client.located(c, kNone);
    c.location = kNone;
    client.halted(c);
    remove(c);
    return false;
  case Opcode::Trap: {
    c.pending += costs.scalar;
    bool trapped = false;
    each(c.set, c.reg(i.ra), [&](uint32_t word) { trapped |= word != 0; });
    return !trapped || fail(c, ErrorCode::ProgramTrap);
  }
  case Opcode::Ldh:
  case Opcode::Ldhu:
  case Opcode::Ldw:
  case Opcode::Stw:
    return access(c, i);
  case Opcode::Nest:
    c.nestRank = i.rank;
    for (int k = 0; k != i.rank; ++k)
      c.nest[k] = c.operand(i.extents[k]);
    c.pending += costs.scalar * d.words;
    return true;
  case Opcode::Desc: {
    auto &descriptor = c.descriptors[i.descriptor];
    descriptor.rank = i.rank;
    descriptor.base = i.baseIsRegister ? c.reg(i.base) : Value(i.base);
    for (int k = 0; k != i.rank; ++k)
      descriptor.stride[k] = c.operand(i.extents[k]);
    c.pending += costs.scalar * d.words;
    return true;
  }
  case Opcode::Vec:
  case Opcode::Recvw:
    return issued(c, client.vector(c, d), before);
  case Opcode::Wait: {
    const Issue issue = i.thread ? client.wait(c, i.thread) : Issue::Done;
    if (issue == Issue::Done || issue == Issue::Waits)
      c.pending += costs.scalar;
    return issued(c, issue, before);
  }
  }
  if (i.rd)
    c.regs[i.rd].set(word);
  c.pending += costs.scalar;
  return true;
}

bool Contexts::computed(Context &c, unsigned rd, Value value) {
  c.setReg(rd, std::move(value));
  c.pending += costs.scalar;
  return true;
}

bool Contexts::jump(Context &c, bool taken, uint32_t target) {
  c.pending += taken ? costs.branch : costs.scalar;
  if (taken)
    c.pc = target;
  return true;
}

bool Contexts::branch(Context &c, const Value &taken, uint32_t target) {
  if (taken.isUniform())
    return jump(c, taken.uniform(), target);
  split(c, taken, target);
  return false;
}

bool Contexts::divide(Context &c, const Instruction &i, const Value &by) {
  bool byZero = false;
  each(c.set, by, [&](uint32_t word) { byZero |= word == 0; });
  if (byZero)
    return fail(c, ErrorCode::ProgramDivideByZero);
  const bool quotient = i.opcode == Opcode::Div || i.opcode == Opcode::Divi;
  c.setReg(i.rd,
           quotient ? map(c.set, c.reg(i.ra), by, scalar::quotient) : map(c.set, c.reg(i.ra), by, scalar::remainder));
  c.pending += costs.divide;
  return true;
}

bool Contexts::access(Context &c, const Instruction &i) {
  const Value address = map(c.set, c.reg(i.ra), Value(i.imm), scalar::add);
  bool done;
  if (i.opcode == Opcode::Stw) {
    done = client.store(c, address, c.reg(i.rd));
  } else {
    Value value;
    done = client.load(c, address, i.opcode == Opcode::Ldw ? 4 : 2, i.opcode == Opcode::Ldh, value);
    c.setReg(i.rd, std::move(value));
  }
  c.pending += costs.memory;
  stop |= !done;
  return done;
}

/// How a vector instruction or a wait began.
bool Contexts::issued(Context &c, Issue issue, bool before) {
  switch (issue) {
  case Issue::Done:
    return true;
  case Issue::Waits:
    c.state = Context::Waiting;
    return false;
  case Issue::Stalls:
    c.state = Context::Stalled;
    --c.pc, --c.steps;
    executed -= pes;
    progress = before;
    return false;
  case Issue::Failed:
    break;
  }
  stop = true;
  return false;
}
