// The instruction set of a core, as numbers. docs/isa.md is the normative text; this header is its only source of
// opcodes and field positions, shared by assembler, disassembler, loader and emulator.
#ifndef WAFER_PROGRAM_ISA_H
#define WAFER_PROGRAM_ISA_H

#include <cstdint>

namespace wafer::isa {

constexpr unsigned kWordBytes = 4;
constexpr unsigned kScalarRegisters = 32;     // r0 reads as zero
constexpr unsigned kDescriptorRegisters = 16; // d0..d15
constexpr unsigned kThreads = 8;              // 0 is the core itself, 1..7 are asynchronous
constexpr unsigned kMaxRank = 4;
constexpr unsigned kMaxColors = 32; // what a field holds; the profile says how many there are
constexpr unsigned kCallDepth = 8;

/// Calling convention: r1 holds the parameter table's address on entry, r2..r4 arguments. A function may clobber
/// r1..r23 and every descriptor; r24..r31 belong to the caller.
constexpr unsigned kTableRegister = 1;
constexpr unsigned kFirstArgument = 2;
constexpr unsigned kMaxArguments = 3;
constexpr unsigned kFirstCalleeSaved = 24;

/// The opcode stands in bits 24..31 of an instruction's first word, register fields below it from the top down (rd or
/// the first of two sources at bit 19, ra or the second at bit 14, rb at bit 9), immediates and offsets in the low
/// bits, sign-extended. Bits that no field uses are zero.
enum class Opcode : uint8_t {
  // Control. Offsets count words from the word after the instruction.
  Halt = 0x00,
  Jmp = 0x01, // off24
  Beq = 0x02, // ra5 rb5 off14
  Bne = 0x03,
  Blt = 0x04, // signed
  Bge = 0x05,
  Call = 0x06, // off24
  Ret = 0x07,
  Trap = 0x08, // ra5, index19 into the class's trap table: ends the run if ra != 0

  // Scalars: rd5 ra5 rb5, or rd5 ra5 imm14, 32-bit two's complement.
  Li = 0x10,   // rd5 imm19
  Liw = 0x11,  // rd5, next word: value
  Addi = 0x12, // rd5 ra5 imm14
  Muli = 0x13,
  Add = 0x14,
  Sub = 0x15,
  Mul = 0x16,
  Min = 0x17, // signed
  Max = 0x18,
  And = 0x19,
  Or = 0x1a,
  Xor = 0x1b,
  Shl = 0x1c,
  Shr = 0x1d, // arithmetic
  Div = 0x1e, // helper; truncates; division by zero is an error
  Rem = 0x1f, // helper
  Slt = 0x20, // rd = ra < rb, signed
  Seq = 0x21, // rd = ra == rb
  Ldh = 0x22, // rd5 ra5 imm14: sign-extended 16 bits at byte address ra + imm
  Ldw = 0x23,
  Stw = 0x24,   // [ra + imm] = rd
  Coord = 0x25, // rd5, which19: 0 = x, 1 = y, relative to the region's origin
  Ldhu = 0x26,  // as Ldh, zero-extended: addresses
  // The same with a constant: rd5 ra5 imm14.
  Mini = 0x30,
  Maxi = 0x31,
  Andi = 0x32,
  Ori = 0x33,
  Xori = 0x34,
  Shli = 0x35,
  Shri = 0x36,
  Divi = 0x37,
  Remi = 0x38,
  Slti = 0x39, // rd = ra < imm
  Sgti = 0x3a, // rd = ra > imm
  Seqi = 0x3b,
  Rsbi = 0x3c, // rd = imm - ra

  // Descriptors. Rank fields hold rank - 1; extents and strides follow as opnd16, two per word, low half first.
  Nest = 0x40, // rank2 at bit 22
  Desc = 0x41, // d4 at bit 20, rank2 at bit 18, flag at bit 17 (1: base is imm16), base16 (register or byte address)

  // Vectors.
  Vec = 0x50, // vop8 at bit 16, type4 at bit 12, thread4 at bit 8, control2 at bit 6; next word: dst8 a8 b8 c8,
              // dst in the low byte
  Recvw =
      0x51, // color5 at bit 19, d4 at bit 15, rank2 at bit 13, then per dimension one word: n opnd16, lo opnd16 << 16
  Wait = 0x52, // thread4 at bit 20
};

/// A 16-bit operand of an extension word: bit 15 clear, a signed 15-bit immediate; set, a register in the low 5 bits.
constexpr uint16_t kOperandRegisterFlag = 0x8000;

/// An 8-bit operand of Vec: kind in the top two bits, index below.
enum class OperandKind : uint8_t { Register = 0, Descriptor = 1, Fabric = 2, None = 3 };

/// What follows the data of a fabric send on the same color.
enum class Control : uint8_t { None = 0, Advance = 1, Reset = 2 };

enum class ElementType : uint8_t { F32 = 0, I32 = 1 };

/// Vector operations: dst = op(a, b, c), element by element in nest order.
enum class VectorOp : uint8_t {
#define WAFER_VECTOR_OP(NAME, NUMBER, MNEMONIC, ARITY, TYPES, COST, HELPER) NAME = NUMBER,
#include "wafer/Program/VectorOps.def"
};

/// Numbers are below this.
constexpr unsigned kVectorOpNumbers = 64;

/// The element types that an operation is defined on.
enum class VectorTypes : uint8_t { F32, I32, Both, Bits };

/// Which figures of the profile say what an operation costs.
enum class VectorCostClass : uint8_t { Move, Arith, Fma, Helper };

/// A row of VectorOps.def.
struct VectorOpInfo {
  VectorOp op;
  const char *name; // as assembler and disassembler spell it
  unsigned arity;
  VectorTypes types;
  VectorCostClass cost;
  const char *helper; // "" if it is none
};

constexpr VectorOpInfo kVectorOps[] = {
#define WAFER_VECTOR_OP(NAME, NUMBER, MNEMONIC, ARITY, TYPES, COST, HELPER)                                            \
  {VectorOp::NAME, MNEMONIC, ARITY, VectorTypes::TYPES, VectorCostClass::COST, HELPER},
#include "wafer/Program/VectorOps.def"
};

/// Null if there is no such operation.
constexpr const VectorOpInfo *vectorOpInfo(VectorOp op) {
  for (const VectorOpInfo &info : kVectorOps)
    if (info.op == op)
      return &info;
  return nullptr;
}
constexpr const VectorOpInfo *vectorOpInfo(uint8_t op) { return vectorOpInfo(static_cast<VectorOp>(op)); }
/// Source operands that the operation reads: 1 to 3.
constexpr unsigned vectorArity(VectorOp op) { return vectorOpInfo(op)->arity; }
constexpr bool isHelper(VectorOp op) { return vectorOpInfo(op)->cost == VectorCostClass::Helper; }
constexpr bool isDefinedOn(VectorOp op, ElementType type) {
  VectorTypes types = vectorOpInfo(op)->types;
  return types != (type == ElementType::F32 ? VectorTypes::I32 : VectorTypes::F32);
}

} // namespace wafer::isa

#endif // WAFER_PROGRAM_ISA_H
