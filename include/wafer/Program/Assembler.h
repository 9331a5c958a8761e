// Turns instructions into words: labels, fix-ups, and the shortest form that holds an operand.
//
//   Assembler a;
//   auto loop = a.label();
//   a.li(24, 0);
//   a.bind(loop);
//   a.nest({64});
//   a.desc(0, 0x1000, {1});
//   a.vec(VectorOp::Add, ElementType::F32, VectorOperand::desc(0), VectorOperand::desc(0), VectorOperand::reg(5));
//   a.addi(24, 24, 1);
//   a.branch(Opcode::Blt, 24, 6, loop);
//   a.halt();
//   Result<std::vector<uint32_t>> words = a.finish();
//
// A value that no field holds, or a label never bound, is reported once, by finish().
#ifndef WAFER_PROGRAM_ASSEMBLER_H
#define WAFER_PROGRAM_ASSEMBLER_H

#include "wafer/Program/Instruction.h"

#include <initializer_list>

namespace wafer::isa {

class Assembler {
public:
  class Label {
    friend class Assembler;
    size_t id = ~size_t(0);
  };

  /// A size of a nest or descriptor: a constant, or Operand::reg(r).
  struct Size : Operand {
    Size(int32_t value) : Operand(Operand::imm(value)) {}
    Size(Operand operand) : Operand(operand) {}
  };
  using Sizes = std::span<const Operand>;
  using SizeList = std::initializer_list<Size>;

  /// A descriptor's base: a byte address, or Base::reg(r) for a register that holds one.
  struct Base {
    bool isRegister;
    uint16_t value;
    Base(uint32_t address) : isRegister(false), value(static_cast<uint16_t>(address)), tooBig(address > 0xffff) {}
    static Base reg(unsigned r) {
      Base base(r);
      base.isRegister = true;
      return base;
    }
    bool tooBig = false;
  };

  Label label();
  void bind(Label label);
  /// Words emitted so far: the address of the next instruction, in words.
  size_t position() const { return words.size(); }
  /// A label's word; only after bind.
  size_t positionOf(Label label) const { return targets[label.id]; }

  /// Any instruction, as it is.
  void emit(const Instruction &instruction);

  // Control.
  void halt() { emit({.opcode = Opcode::Halt}); }
  void ret() { emit({.opcode = Opcode::Ret}); }
  void jmp(Label target) { emitTo({.opcode = Opcode::Jmp}, target); }
  void call(Label target) { emitTo({.opcode = Opcode::Call}, target); }
  /// Beq, Bne, Blt or Bge.
  void branch(Opcode opcode, unsigned ra, unsigned rb, Label target);
  void trap(unsigned ra, uint32_t index);

  // Scalars.
  /// Li, or Liw if the value needs a word of its own.
  void li(unsigned rd, int32_t value);
  void mov(unsigned rd, unsigned ra) { addi(rd, ra, 0); }
  void addi(unsigned rd, unsigned ra, int32_t imm) { scalar(Opcode::Addi, rd, ra, imm); }
  /// A form with an immediate (Addi, Mini, Ldw...): rd, ra, imm14; Stw stores rd.
  void scalar(Opcode opcode, unsigned rd, unsigned ra, int32_t imm);
  /// A form with three registers (Add, Min...).
  void scalarReg(Opcode opcode, unsigned rd, unsigned ra, unsigned rb);
  void coord(unsigned rd, bool y) { emit({.opcode = Opcode::Coord, .rd = uint8_t(rd), .imm = y}); }
  static constexpr bool fitsImmediate(int64_t v) { return v >= -8192 && v <= 8191; }

  // Vectors.
  void nest(Sizes extents);
  void nest(SizeList extents) { nest(Sizes(Copy(extents).sizes)); }
  void desc(unsigned d, Base base, Sizes strides);
  void desc(unsigned d, Base base, SizeList strides) { desc(d, base, Sizes(Copy(strides).sizes)); }
  void vec(VectorOp op, ElementType type, VectorOperand dst, VectorOperand a, VectorOperand b = {},
           VectorOperand c = {}, unsigned thread = 0, Control control = Control::None);
  /// `block` is the shape of what arrives, `lower` the corner of the box that is kept; the nest is the box's extent.
  void recvw(unsigned color, unsigned d, Sizes block, Sizes lower);
  void recvw(unsigned color, unsigned d, SizeList block, SizeList lower) {
    recvw(color, d, Sizes(Copy(block).sizes), Sizes(Copy(lower).sizes));
  }
  void wait(unsigned thread) { emit({.opcode = Opcode::Wait, .thread = uint8_t(thread)}); }

  /// The words, branches resolved.
  Result<std::vector<uint32_t>> finish();

private:
  struct Copy {
    std::vector<Operand> sizes;
    explicit Copy(SizeList list) : sizes(list.begin(), list.end()) {}
  };
  struct FixUp {
    size_t word;
    Instruction instruction;
    size_t label;
  };
  void emitTo(Instruction instruction, Label target);
  void fail(Diagnostic diagnostic);

  std::vector<uint32_t> words;
  std::vector<size_t> targets; // by label
  std::vector<FixUp> fixUps;
  Status status;
};

} // namespace wafer::isa

#endif // WAFER_PROGRAM_ASSEMBLER_H
