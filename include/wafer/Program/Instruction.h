// One instruction, decoded. encode() and decode() are the only code that knows where the fields of Isa.h lie.
//
// decode() is strict: an unknown opcode, an operation that does not exist or a bit set where no field is makes the word
// no instruction at all. So decode(encode(i)) == i, and encode(decode(w)) == w for every w that decodes.
#ifndef WAFER_PROGRAM_INSTRUCTION_H
#define WAFER_PROGRAM_INSTRUCTION_H

#include "wafer/Program/Isa.h"
#include "wafer/Support/Diagnostic.h"

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace wafer::isa {

/// An extent, a stride or a box corner: a constant or a register.
struct Operand {
  bool isRegister = false;
  int32_t value = 0;

  static Operand reg(unsigned r) { return {true, static_cast<int32_t>(r)}; }
  static Operand imm(int32_t v) { return {false, v}; }
  static constexpr bool fits(int64_t v) { return v >= -16384 && v <= 16383; }
  bool operator==(const Operand &) const = default;
};

/// An operand of a vector instruction.
struct VectorOperand {
  OperandKind kind = OperandKind::None;
  uint8_t index = 0; // register, descriptor or color

  static VectorOperand none() { return {}; }
  static VectorOperand reg(unsigned r) { return {OperandKind::Register, static_cast<uint8_t>(r)}; }
  static VectorOperand desc(unsigned d) { return {OperandKind::Descriptor, static_cast<uint8_t>(d)}; }
  static VectorOperand fabric(unsigned color) { return {OperandKind::Fabric, static_cast<uint8_t>(color)}; }
  bool operator==(const VectorOperand &) const = default;
};

/// How the fields of an opcode are laid out.
enum class Form : uint8_t {
  Plain,         // no fields
  Jump,          // imm = offset, 24 bits
  Branch,        // ra, rb, imm = offset, 14 bits
  Trap,          // ra, imm = index, 19 bits, unsigned
  LoadImmediate, // rd, imm of 19 bits
  LoadWord,      // rd, imm of 32 bits in the next word
  Immediate,     // rd, ra, imm of 14 bits; loads and stores too
  Register,      // rd, ra, rb
  Coord,         // rd, imm = 0 or 1
  Nest,          // rank, extents
  Desc,          // descriptor, rank, base, extents = strides
  Vec,           // op, type, thread, control, operands
  RecvWindow,    // color, descriptor, rank, extents = shape of the block, lower
  Wait,          // thread
};

struct OpcodeInfo {
  const char *name;
  Form form;
};
/// Null if there is no such opcode.
const OpcodeInfo *opcodeInfo(uint8_t opcode);
inline const OpcodeInfo *opcodeInfo(Opcode opcode) { return opcodeInfo(static_cast<uint8_t>(opcode)); }

struct Instruction {
  Opcode opcode = Opcode::Halt;
  uint8_t rd = 0, ra = 0, rb = 0;
  int32_t imm = 0; // immediate, value, offset in words, trap index

  uint8_t rank = 0; // 1..4
  uint8_t descriptor = 0, color = 0, thread = 0;
  bool baseIsRegister = false;
  uint16_t base = 0; // byte address or register
  std::array<Operand, kMaxRank> extents{}, lower{};

  VectorOp op = VectorOp::Mov;
  ElementType type = ElementType::F32;
  Control control = Control::None;
  std::array<VectorOperand, 4> operands{}; // dst, a, b, c

  bool operator==(const Instruction &) const = default;

  /// Words that the instruction takes: 1 to 5.
  unsigned words() const;
};

/// Appends the instruction's words; the diagnostic names the field that cannot hold its value.
Status encode(const Instruction &instruction, std::vector<uint32_t> &words);

/// The instruction at the front of `words`, or nothing if these words are none.
std::optional<Instruction> decode(std::span<const uint32_t> words);

} // namespace wafer::isa

#endif // WAFER_PROGRAM_INSTRUCTION_H
