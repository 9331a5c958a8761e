// A core: scalar instructions and control. Vector instructions begin in Issue.cpp; what an access to memory may not do
// is Memory.h's to say.
#include "Engine.h"
#include "Scalars.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;

bool Engine::failAt(const Core &core, ErrorCode code, const std::string &what, const std::string &hint) {
  if (!failure)
    failure = Diagnostic{code, describe(&core - cores.data()) + ": " + what, hint};
  return false;
}

/// A core goes on to what another site is there for. Functions are shared by kernels: their code counts to the call.
void Engine::chargeLocation(Core &core, uint32_t location) {
  if (core.location != kNone) {
    siteTimes[core.location].add({core.clock - core.locationSince, core.locationSince, core.clock});
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
  const RegionTables &region = tables.regions[core.region];
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
    return memories[core.region].at(index - region.firstCore, address / 4 * 4, readOnly);
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
    Ticks cost = costs.scalar;
    auto branch = [&](bool taken) {
      if (taken) {
        core.pc = d.target;
        core.clock += costs.branch;
      } else {
        core.clock += costs.scalar;
      }
    };
    auto divide = [&](int32_t by, bool remainder) {
      cost = costs.divide;
      if (by == 0) {
        failAt(core, ErrorCode::ProgramDivideByZero, "divides " + std::to_string(a) + " by zero", "");
        return 0u;
      }
      return remainder ? scalar::remainder(a, by) : scalar::quotient(a, by);
    };
    auto u = [](int32_t v) { return static_cast<uint32_t>(v); };
    switch (i.opcode) {
    case Opcode::Halt:
      letGo(core, core.clock);
      core.state = Core::Halted;
      core.clock += costs.scalar;
      chargeLocation(core, kNone);
      continue;
    case Opcode::Jmp:
      branch(true);
      continue;
#define WAFER_BRANCH(OPCODE, FUNCTION)                                                                                 \
  case Opcode::OPCODE:                                                                                                 \
    branch(scalar::FUNCTION(a, b));                                                                                    \
    continue;
      WAFER_BRANCH_OPCODES(WAFER_BRANCH)
#undef WAFER_BRANCH
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
      core.clock += costs.branch;
      continue;
    case Opcode::Trap:
      core.clock += costs.scalar;
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
#define WAFER_REGISTER(OPCODE, FUNCTION)                                                                               \
  case Opcode::OPCODE:                                                                                                 \
    value = scalar::FUNCTION(a, b);                                                                                    \
    break;
#define WAFER_IMMEDIATE(OPCODE, FUNCTION)                                                                              \
  case Opcode::OPCODE:                                                                                                 \
    value = scalar::FUNCTION(a, i.imm);                                                                                \
    break;
      WAFER_SCALAR_OPCODES(WAFER_REGISTER, WAFER_IMMEDIATE)
#undef WAFER_REGISTER
#undef WAFER_IMMEDIATE
    case Opcode::Div:
    case Opcode::Rem:
      value = divide(b, i.opcode == Opcode::Rem);
      break;
    case Opcode::Divi:
    case Opcode::Remi:
      value = divide(i.imm, i.opcode == Opcode::Remi);
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
      value = scalar::halfOf(*p, address, i.opcode == Opcode::Ldh);
      cost = costs.memory;
      break;
    }
    case Opcode::Ldw: {
      const uint32_t *p = word(u(a) + u(i.imm), 4, false);
      if (!p)
        return;
      value = static_cast<int32_t>(*p);
      cost = costs.memory;
      break;
    }
    case Opcode::Stw: {
      uint32_t *p = word(u(a) + u(i.imm), 4, true);
      if (!p)
        return;
      *p = static_cast<uint32_t>(r[i.rd]);
      core.clock += costs.memory;
      continue;
    }
    case Opcode::Nest:
      core.nestRank = i.rank;
      for (int k = 0; k != i.rank; ++k)
        core.nest[k] = i.extents[k].isRegister ? r[i.extents[k].value] : i.extents[k].value;
      core.clock += costs.scalar * d.words;
      continue;
    case Opcode::Desc: {
      Descriptor &descriptor = core.descriptors[i.descriptor];
      descriptor.base = i.baseIsRegister ? u(r[i.base]) : i.base;
      descriptor.rank = i.rank;
      for (int k = 0; k != i.rank; ++k)
        descriptor.stride[k] = i.extents[k].isRegister ? r[i.extents[k].value] : i.extents[k].value;
      core.clock += costs.scalar * d.words;
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
        letGo(core, core.clock);
        if (core.threads->op[i.thread]) {
          --core.pc;
          --instructions, --core.steps;
          core.state = Core::Blocked;
          continue;
        }
        const Ticks since = core.clock;
        waitFor(core, i.thread);
        if (tracer)
          tracer->wait(index, i.thread, since, core.clock, core.steps);
        core.threads->accesses.release(i.thread);
      }
      core.clock += costs.scalar;
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
  const RegionTables &region = tables.regions[core.region];
  if (Status status = memories[core.region].checkRead(index - region.firstCore, words, readOnly); !status)
    return failAt(core, status.error());
  if (readOnly || !core.threads)
    return true;
  Status status = core.threads->accesses.check(words, /*write=*/false);
  return status || failAt(core, status.error());
}

bool Engine::checkWrite(uint32_t index, const Core &core, const Footprint &words) {
  const RegionTables &region = tables.regions[core.region];
  if (Status status = memories[core.region].checkWrite(words); !status)
    return failAt(core, status.error());
  if (core.threads)
    if (Status status = core.threads->accesses.check(words, /*write=*/true); !status)
      return failAt(core, status.error());
  if (!memories[core.region].holds(words) && !growMemory(core.region))
    return failAt(core, noMemory());
  memories[core.region].markWritten(index - region.firstCore, words);
  return true;
}

bool Engine::growMemory(uint32_t number) {
  RegionMemory &memory = memories[number];
  const RegionTables &region = tables.regions[number];
  // Instructions in hand know where their operands are.
  struct Place {
    uint32_t **data;
    uint32_t core, address;
  };
  std::vector<Place> places;
  for (Op &op : ops)
    if (op.alive && op.core != kNone && cores[op.core].region == number)
      for (int k = 0; k != 4; ++k)
        if (op.inData >> k & 1) {
          uint32_t *&data = op.call.operand[k].data;
          places.push_back({&data, op.core - region.firstCore, memory.addressOf(op.core - region.firstCore, data)});
        }
  if (!memory.grow())
    return false;
  for (const Place &place : places)
    *place.data = memory.at(place.core, place.address, /*readOnly=*/false);
  return true;
}
