// Random programs of scalar instructions that end: branches, loops and calls, on coordinates and on what memory holds.
#ifndef WAFER_TEST_UNIT_EMULATOR_CLASSES_RANDOMSCALARS_H
#define WAFER_TEST_UNIT_EMULATOR_CLASSES_RANDOMSCALARS_H

#include "PlainCores.h"
#include "wafer/Program/Assembler.h"

#include <random>

namespace wafer::test {

class RandomScalars {
public:
  /// Uniform programs do not ask where they are.
  RandomScalars(isa::Assembler &a, std::mt19937 &random, bool uniform)
      : a(a), random(random), uniform(uniform), rank(1 + pick(4)) {
    for (auto &function : functions)
      function = a.label();
  }

  void program() {
    counter = 20;
    if (!uniform)
      a.coord(2, false), a.coord(3, true);
    a.desc(0, 64, sizes()), a.desc(1, 32, sizes()), a.nest(sizes());
    statements(6, 0);
    a.halt();
    for (inFunction = 0; inFunction != kFunctions; ++inFunction) {
      a.bind(functions[inFunction]);
      counter = 22 + inFunction * 2;
      statements(2, 1);
      a.ret();
    }
  }

private:
  static constexpr int kFunctions = 3;

  int pick(int below) { return static_cast<int>(random() % below); }
  unsigned reg() { return 2 + pick(14); }
  unsigned target() { return pick(20) ? 2 + pick(14) : 0; }
  int32_t small() { return pick(9) - 3; }

  void statements(int most, int depth) {
    for (int n = 1 + pick(most); n != 0; --n)
      for (int kind = pick(3); kind >= 0; --kind)
        kind == 0 && pick(2) ? control(depth) : plain();
  }

  void plain() {
    using namespace isa;
    static constexpr Opcode kRegister[] = {Opcode::Add, Opcode::Sub, Opcode::Mul, Opcode::Min,
                                           Opcode::Max, Opcode::And, Opcode::Or,  Opcode::Xor,
                                           Opcode::Shl, Opcode::Shr, Opcode::Slt, Opcode::Seq};
    static constexpr Opcode kImmediate[] = {Opcode::Addi, Opcode::Muli, Opcode::Mini, Opcode::Maxi, Opcode::Andi,
                                            Opcode::Ori,  Opcode::Xori, Opcode::Shli, Opcode::Shri, Opcode::Slti,
                                            Opcode::Sgti, Opcode::Seqi, Opcode::Rsbi};
    switch (pick(12)) {
    case 0:
    case 1:
    case 2:
      return a.scalarReg(kRegister[pick(std::size(kRegister))], target(), reg(), reg());
    case 3:
    case 4:
    case 5:
      return a.scalar(kImmediate[pick(std::size(kImmediate))], target(), reg(), small());
    case 6:
      return a.li(target(), pick(2) ? small() : static_cast<int32_t>(random()));
    case 7:
      if (!uniform)
        return a.coord(reg(), pick(2));
      return a.mov(reg(), reg());
    case 8: {
      const bool half = pick(2);
      a.scalar(Opcode::Andi, 16, reg(), half ? 126 : 124);
      return a.scalar(!half ? Opcode::Ldw : pick(2) ? Opcode::Ldh : Opcode::Ldhu, target(), 16, 4 * pick(32));
    }
    case 9:
      a.scalar(Opcode::Andi, 16, reg(), 124);
      return a.scalar(Opcode::Stw, reg(), 16, 4 * pick(32));
    case 10: {
      const bool remainder = pick(2);
      if (pick(2))
        return a.scalar(remainder ? Opcode::Remi : Opcode::Divi, target(), reg(), pick(2) ? -1 : 1 + pick(9));
      a.scalar(Opcode::Ori, 16, reg(), 1);
      return a.scalarReg(remainder ? Opcode::Rem : Opcode::Div, target(), reg(), 16);
    }
    default:
      return a.scalar(Opcode::Seqi, 1, reg(), small());
    }
  }

  std::vector<isa::Operand> sizes() {
    std::vector<isa::Operand> list;
    for (int k = 0; k != rank; ++k)
      list.push_back(pick(2) ? isa::Operand::reg(reg()) : isa::Operand::imm(small()));
    return list;
  }

  void vector() {
    using namespace isa;
    if (pick(2))
      a.nest(sizes());
    if (pick(2))
      a.desc(pick(2), pick(2) ? Assembler::Base::reg(reg()) : Assembler::Base(pick(1000)), sizes());
    a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(pick(2)), VectorOperand::reg(reg()));
  }

  void control(int depth) {
    using namespace isa;
    static constexpr Opcode kBranch[] = {Opcode::Beq, Opcode::Bne, Opcode::Blt, Opcode::Bge};
    const int kind = depth == 3 ? 6 + pick(4) : pick(10);
    if (kind < 4) { // if, perhaps with an else
      auto otherwise = a.label(), end = a.label();
      const unsigned condition = pick(2) ? 1 : reg();
      a.branch(kBranch[pick(4)], condition, pick(2) ? 0 : reg(), otherwise);
      statements(3, depth + 1);
      if (pick(25) == 0)
        inFunction < 0 ? a.halt() : a.ret();
      const bool both = pick(2);
      if (both)
        a.jmp(end);
      a.bind(otherwise);
      if (both)
        statements(3, depth + 1);
      a.bind(end);
      if (pick(2))
        a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(reg()));
    } else if (kind < 6 && counter < unsigned(24 + inFunction * 2)) { // a loop, perhaps left early
      auto top = a.label(), end = a.label();
      const unsigned count = counter++;
      a.scalar(Opcode::Andi, count, reg(), 3);
      a.bind(top);
      a.branch(Opcode::Beq, count, 0, end);
      statements(2, depth + 1);
      if (pick(3) == 0)
        a.branch(Opcode::Beq, 1, 0, end);
      a.addi(count, count, -1);
      a.jmp(top);
      a.bind(end);
      --counter;
    } else if (kind < 8 && inFunction + 1 < kFunctions) {
      a.call(functions[inFunction + 1 + pick(kFunctions - inFunction - 1)]);
    } else if (kind == 8) {
      a.wait(1);
    } else {
      vector();
    }
  }

  isa::Assembler &a;
  std::mt19937 &random;
  const bool uniform;
  isa::Assembler::Label functions[kFunctions];
  const int rank; // of all nests and descriptors: contexts that join agree on it
  int inFunction = -1;
  unsigned counter = 20; // the next loop's register
};

} // namespace wafer::test

#endif // WAFER_TEST_UNIT_EMULATOR_CLASSES_RANDOMSCALARS_H
