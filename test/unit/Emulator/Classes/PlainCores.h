// Scalar programs run one PE after the other, as docs/isa.md says, to hold the run by class against.
#ifndef WAFER_TEST_UNIT_EMULATOR_CLASSES_PLAINCORES_H
#define WAFER_TEST_UNIT_EMULATOR_CLASSES_PLAINCORES_H

#include "Emulator/Classes/Contexts.h"

#include <map>
#include <optional>

namespace wafer::test {

constexpr uint32_t kMemoryBytes = 256;

/// What a PE has when it halts, and what it has done.
struct PlainCore {
  int64_t x = 0, y = 0;
  int32_t regs[32] = {};
  std::vector<int32_t> nest;
  std::map<int, std::vector<int32_t>> descriptors; // base, strides
  std::vector<uint32_t> calls;
  std::array<uint32_t, kMemoryBytes / 4> memory{};
  uint32_t pc = 0, location = ~0u;
  emulator::Ticks clock = 0, since = 0;
  std::map<uint32_t, emulator::Ticks> busy; // by location
  uint64_t instructions = 0;
  /// Of each vector instruction: its place, the nest, the descriptor of its destination, the register a.
  std::vector<std::vector<int32_t>> vectors;

  void enter(uint32_t next) {
    if (location != ~0u)
      busy[location] += clock - since;
    location = next;
    since = clock;
  }

  /// Until it halts; or why it fails. `wait` costs a scalar instruction, `vec` five ticks.
  std::optional<ErrorCode> run(const std::vector<DecodedInstruction> &code, const std::vector<uint32_t> &locations,
                               const emulator::ScalarCosts &costs, uint64_t stepLimit) {
    using namespace isa;
    auto operand = [&](const Operand &o) { return o.isRegister ? regs[o.value] : o.value; };
    while (true) {
      const DecodedInstruction &d = code[pc];
      const Instruction &i = d.i;
      if (calls.empty() && locations[pc] != location)
        enter(locations[pc]);
      if (++instructions > stepLimit)
        return ErrorCode::ProgramCycleLimit;
      ++pc;
      const bool immediate = i.opcode >= Opcode::Mini || i.opcode == Opcode::Addi || i.opcode == Opcode::Muli;
      const int64_t a = regs[i.ra], b = immediate ? i.imm : regs[i.rb];
      const uint32_t address = uint32_t(a + i.imm);
      int64_t value = 0;
      emulator::Ticks cost = costs.scalar;
      auto branch = [&](bool taken) {
        clock += taken ? costs.branch : costs.scalar;
        pc = taken ? d.target : pc;
      };
      switch (i.opcode) {
      case Opcode::Halt:
        clock += costs.scalar;
        enter(~0u);
        return std::nullopt;
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
        if (calls.size() == 8)
          return ErrorCode::ProgramCallDepth;
        calls.push_back(pc);
        branch(true);
        continue;
      case Opcode::Ret:
        if (calls.empty())
          return ErrorCode::ProgramCallDepth;
        clock += costs.branch;
        pc = calls.back();
        calls.pop_back();
        continue;
      case Opcode::Trap:
        clock += costs.scalar;
        if (a)
          return ErrorCode::ProgramTrap;
        continue;
      case Opcode::Li:
      case Opcode::Liw:
        value = i.imm;
        break;
      case Opcode::Add:
      case Opcode::Addi:
        value = a + b;
        break;
      case Opcode::Sub:
        value = a - b;
        break;
      case Opcode::Rsbi:
        value = b - a;
        break;
      case Opcode::Mul:
      case Opcode::Muli:
        value = a * b;
        break;
      case Opcode::Min:
      case Opcode::Mini:
        value = a < b ? a : b;
        break;
      case Opcode::Max:
      case Opcode::Maxi:
        value = a < b ? b : a;
        break;
      case Opcode::And:
      case Opcode::Andi:
        value = a & b;
        break;
      case Opcode::Or:
      case Opcode::Ori:
        value = a | b;
        break;
      case Opcode::Xor:
      case Opcode::Xori:
        value = a ^ b;
        break;
      case Opcode::Shl:
      case Opcode::Shli:
        value = a * (int64_t(1) << (b & 31));
        break;
      case Opcode::Shr:
      case Opcode::Shri:
        value = a >> (b & 31);
        break;
      case Opcode::Div:
      case Opcode::Divi:
      case Opcode::Rem:
      case Opcode::Remi:
        if (b == 0)
          return ErrorCode::ProgramDivideByZero;
        value = i.opcode == Opcode::Div || i.opcode == Opcode::Divi ? a / b : a % b;
        cost = costs.divide;
        break;
      case Opcode::Slt:
      case Opcode::Slti:
        value = a < b;
        break;
      case Opcode::Sgti:
        value = a > b;
        break;
      case Opcode::Seq:
      case Opcode::Seqi:
        value = a == b;
        break;
      case Opcode::Coord:
        value = i.imm ? y : x;
        break;
      case Opcode::Ldh:
      case Opcode::Ldhu:
      case Opcode::Ldw:
      case Opcode::Stw: {
        if (address % (i.opcode == Opcode::Ldh || i.opcode == Opcode::Ldhu ? 2 : 4))
          return ErrorCode::ProgramAlignment;
        if (address >= kMemoryBytes)
          return ErrorCode::ProgramBounds;
        uint32_t &word = memory[address / 4];
        cost = costs.memory;
        if (i.opcode == Opcode::Stw) {
          word = regs[i.rd];
          clock += cost;
          continue;
        }
        const uint32_t half = address % 4 ? word >> 16 : word & 0xffff;
        value = i.opcode == Opcode::Ldw ? word : i.opcode == Opcode::Ldhu || half < 0x8000 ? half : half - 0x10000;
        break;
      }
      case Opcode::Nest:
        nest.clear();
        for (int k = 0; k != i.rank; ++k)
          nest.push_back(operand(i.extents[k]));
        clock += costs.scalar * d.words;
        continue;
      case Opcode::Desc: {
        std::vector<int32_t> &descriptor = descriptors[i.descriptor];
        descriptor = {i.baseIsRegister ? regs[i.base] : i.base};
        for (int k = 0; k != i.rank; ++k)
          descriptor.push_back(operand(i.extents[k]));
        clock += costs.scalar * d.words;
        continue;
      }
      case Opcode::Vec: {
        std::vector<int32_t> &seen = vectors.emplace_back(nest);
        const std::vector<int32_t> &descriptor = descriptors[i.operands[0].index];
        seen.insert(seen.end(), descriptor.begin(), descriptor.end());
        seen.push_back(regs[i.operands[1].index]);
        seen.push_back(static_cast<int32_t>(d.word));
        clock += 5;
        continue;
      }
      case Opcode::Recvw:
        continue;
      case Opcode::Wait:
        clock += costs.scalar;
        continue;
      }
      if (i.rd)
        regs[i.rd] = static_cast<int32_t>(value);
      clock += cost;
    }
  }
};

} // namespace wafer::test

#endif // WAFER_TEST_UNIT_EMULATOR_CLASSES_PLAINCORES_H
