#include "wafer/Program/Instruction.h"

#include <string>

using namespace wafer;
using namespace wafer::isa;

const OpcodeInfo *wafer::isa::opcodeInfo(uint8_t opcode) {
  static const auto table = [] {
    std::array<OpcodeInfo, 256> infos{};
    auto add = [&](Opcode op, const char *name, Form form) { infos[static_cast<uint8_t>(op)] = {name, form}; };
    add(Opcode::Halt, "halt", Form::Plain);
    add(Opcode::Jmp, "jmp", Form::Jump);
    add(Opcode::Beq, "beq", Form::Branch);
    add(Opcode::Bne, "bne", Form::Branch);
    add(Opcode::Blt, "blt", Form::Branch);
    add(Opcode::Bge, "bge", Form::Branch);
    add(Opcode::Call, "call", Form::Jump);
    add(Opcode::Ret, "ret", Form::Plain);
    add(Opcode::Trap, "trap", Form::Trap);
    add(Opcode::Li, "li", Form::LoadImmediate);
    add(Opcode::Liw, "liw", Form::LoadWord);
    add(Opcode::Addi, "addi", Form::Immediate);
    add(Opcode::Muli, "muli", Form::Immediate);
    add(Opcode::Add, "add", Form::Register);
    add(Opcode::Sub, "sub", Form::Register);
    add(Opcode::Mul, "mul", Form::Register);
    add(Opcode::Min, "min", Form::Register);
    add(Opcode::Max, "max", Form::Register);
    add(Opcode::And, "and", Form::Register);
    add(Opcode::Or, "or", Form::Register);
    add(Opcode::Xor, "xor", Form::Register);
    add(Opcode::Shl, "shl", Form::Register);
    add(Opcode::Shr, "shr", Form::Register);
    add(Opcode::Div, "div", Form::Register);
    add(Opcode::Rem, "rem", Form::Register);
    add(Opcode::Slt, "slt", Form::Register);
    add(Opcode::Seq, "seq", Form::Register);
    add(Opcode::Ldh, "ldh", Form::Immediate);
    add(Opcode::Ldhu, "ldhu", Form::Immediate);
    add(Opcode::Ldw, "ldw", Form::Immediate);
    add(Opcode::Stw, "stw", Form::Immediate);
    add(Opcode::Coord, "coord", Form::Coord);
    add(Opcode::Mini, "mini", Form::Immediate);
    add(Opcode::Maxi, "maxi", Form::Immediate);
    add(Opcode::Andi, "andi", Form::Immediate);
    add(Opcode::Ori, "ori", Form::Immediate);
    add(Opcode::Xori, "xori", Form::Immediate);
    add(Opcode::Shli, "shli", Form::Immediate);
    add(Opcode::Shri, "shri", Form::Immediate);
    add(Opcode::Divi, "divi", Form::Immediate);
    add(Opcode::Remi, "remi", Form::Immediate);
    add(Opcode::Slti, "slti", Form::Immediate);
    add(Opcode::Sgti, "sgti", Form::Immediate);
    add(Opcode::Seqi, "seqi", Form::Immediate);
    add(Opcode::Rsbi, "rsbi", Form::Immediate);
    add(Opcode::Nest, "nest", Form::Nest);
    add(Opcode::Desc, "desc", Form::Desc);
    add(Opcode::Vec, "vec", Form::Vec);
    add(Opcode::Recvw, "recvw", Form::RecvWindow);
    add(Opcode::Wait, "wait", Form::Wait);
    return infos;
  }();
  return table[opcode].name ? &table[opcode] : nullptr;
}

unsigned Instruction::words() const {
  switch (opcodeInfo(opcode)->form) {
  case Form::LoadWord:
  case Form::Vec:
    return 2;
  case Form::Nest:
  case Form::Desc:
    return 1 + (rank + 1) / 2;
  case Form::RecvWindow:
    return 1 + rank;
  default:
    return 1;
  }
}

//===- Fields -------------------------------------------------------------===//

namespace {
/// Packs fields into words, and remembers the first that did not fit.
class Packer {
public:
  explicit Packer(const Instruction &instruction) : instruction(instruction) {}

  uint32_t word = 0;

  void field(const char *name, int64_t value, unsigned at, unsigned bits) {
    check(name, value >= 0 && value < (int64_t(1) << bits), value);
    word |= static_cast<uint32_t>(value & ((int64_t(1) << bits) - 1)) << at;
  }
  void immediate(int64_t value, unsigned bits) {
    check("immediate", value >= -(int64_t(1) << (bits - 1)) && value < (int64_t(1) << (bits - 1)), value);
    word |= static_cast<uint32_t>(value) & ((1u << bits) - 1);
  }
  uint32_t operand(const char *name, Operand operand) {
    if (operand.isRegister) {
      check(name, operand.value >= 0 && operand.value < static_cast<int>(kScalarRegisters), operand.value);
      return kOperandRegisterFlag | (operand.value & 31);
    }
    check(name, Operand::fits(operand.value), operand.value);
    return operand.value & 0x7fff;
  }
  uint32_t vectorOperand(VectorOperand operand) {
    unsigned limit = operand.kind == OperandKind::Register     ? kScalarRegisters
                     : operand.kind == OperandKind::Descriptor ? kDescriptorRegisters
                     : operand.kind == OperandKind::Fabric     ? 32
                                                               : 1;
    check("vector operand", operand.index < limit, operand.index);
    return static_cast<uint32_t>(operand.kind) << 6 | operand.index;
  }
  void check(const char *name, bool good, int64_t value) {
    if (!good && problem.empty())
      problem = std::string(opcodeInfo(instruction.opcode)->name) + ": " + name + " cannot be " + std::to_string(value);
  }

  const Instruction &instruction;
  std::string problem;
};
} // namespace

static int32_t signExtend(uint32_t value, unsigned bits) {
  return static_cast<int32_t>(value << (32 - bits)) >> (32 - bits);
}

Status wafer::isa::encode(const Instruction &i, std::vector<uint32_t> &words) {
  const OpcodeInfo *info = opcodeInfo(i.opcode);
  if (!info)
    return Diagnostic{ErrorCode::InstructionField, "no instruction has the opcode " + std::to_string(int(i.opcode)),
                      ""};
  Packer p(i);
  p.word = static_cast<uint32_t>(i.opcode) << 24;
  size_t at = words.size();
  words.push_back(0);
  auto halves = [&] {
    for (unsigned d = 0; d < i.rank && d < kMaxRank; d += 2)
      words.push_back(p.operand("extent or stride", i.extents[d]) |
                      (d + 1 < i.rank ? p.operand("extent or stride", i.extents[d + 1]) << 16 : 0));
  };
  switch (info->form) {
  case Form::Plain:
    break;
  case Form::Jump:
    p.immediate(i.imm, 24);
    break;
  case Form::Branch:
    p.field("register", i.ra, 19, 5);
    p.field("register", i.rb, 14, 5);
    p.immediate(i.imm, 14);
    break;
  case Form::Trap:
    p.field("register", i.ra, 19, 5);
    p.field("index", i.imm, 0, 19);
    break;
  case Form::LoadImmediate:
    p.field("register", i.rd, 19, 5);
    p.immediate(i.imm, 19);
    break;
  case Form::LoadWord:
    p.field("register", i.rd, 19, 5);
    words.push_back(static_cast<uint32_t>(i.imm));
    break;
  case Form::Immediate:
    p.field("register", i.rd, 19, 5);
    p.field("register", i.ra, 14, 5);
    p.immediate(i.imm, 14);
    break;
  case Form::Register:
    p.field("register", i.rd, 19, 5);
    p.field("register", i.ra, 14, 5);
    p.field("register", i.rb, 9, 5);
    break;
  case Form::Coord:
    p.field("register", i.rd, 19, 5);
    p.field("axis", i.imm, 0, 1);
    break;
  case Form::Nest:
    p.field("rank", i.rank - 1, 22, 2);
    halves();
    break;
  case Form::Desc:
    p.field("descriptor", i.descriptor, 20, 4);
    p.field("rank", i.rank - 1, 18, 2);
    p.field("base", i.baseIsRegister ? 0 : 1, 17, 1);
    p.field("base", i.base, 0, i.baseIsRegister ? 5 : 16);
    halves();
    break;
  case Form::Vec:
    p.check("operation", vectorOpInfo(i.op), int(i.op));
    p.field("operation", int(i.op), 16, 8);
    p.field("element type", int(i.type), 12, 1);
    p.field("thread", i.thread, 8, 3);
    p.check("control", i.control <= Control::Reset, int(i.control));
    p.field("control", int(i.control), 6, 2);
    words.push_back(p.vectorOperand(i.operands[0]) | p.vectorOperand(i.operands[1]) << 8 |
                    p.vectorOperand(i.operands[2]) << 16 | p.vectorOperand(i.operands[3]) << 24);
    break;
  case Form::RecvWindow:
    p.field("color", i.color, 19, 5);
    p.field("descriptor", i.descriptor, 15, 4);
    p.field("rank", i.rank - 1, 13, 2);
    for (unsigned d = 0; d < i.rank && d < kMaxRank; ++d)
      words.push_back(p.operand("extent", i.extents[d]) | p.operand("corner", i.lower[d]) << 16);
    break;
  case Form::Wait:
    p.field("thread", i.thread, 20, 3);
    break;
  }
  if (!p.problem.empty()) {
    words.resize(at);
    return Diagnostic{ErrorCode::InstructionField, p.problem, ""};
  }
  words[at] = p.word;
  return Status::ok();
}

std::optional<Instruction> wafer::isa::decode(std::span<const uint32_t> words) {
  if (words.empty())
    return {};
  uint32_t word = words[0];
  const OpcodeInfo *info = opcodeInfo(static_cast<uint8_t>(word >> 24));
  if (!info)
    return {};
  Instruction i;
  i.opcode = static_cast<Opcode>(word >> 24);
  auto field = [&](unsigned at, unsigned bits) { return word >> at & ((1u << bits) - 1); };
  bool good = true;
  auto operand = [&](uint32_t half) -> Operand {
    if (!(half & kOperandRegisterFlag))
      return Operand::imm(signExtend(half, 15));
    good &= (half & 0x7fff) < kScalarRegisters;
    return Operand::reg(half & 31);
  };
  auto halves = [&] {
    for (unsigned d = 0; d != i.rank; ++d)
      i.extents[d] = operand(words[1 + d / 2] >> (d % 2 * 16) & 0xffff);
  };
  // The rank says how many words follow.
  if (info->form == Form::Nest)
    i.rank = field(22, 2) + 1;
  else if (info->form == Form::Desc)
    i.rank = field(18, 2) + 1;
  else if (info->form == Form::RecvWindow)
    i.rank = field(13, 2) + 1;
  if (words.size() < i.words())
    return {};
  switch (info->form) {
  case Form::Plain:
    break;
  case Form::Jump:
    i.imm = signExtend(word, 24);
    break;
  case Form::Branch:
    i.ra = field(19, 5), i.rb = field(14, 5), i.imm = signExtend(word, 14);
    break;
  case Form::Trap:
    i.ra = field(19, 5), i.imm = field(0, 19);
    break;
  case Form::LoadImmediate:
    i.rd = field(19, 5), i.imm = signExtend(word, 19);
    break;
  case Form::LoadWord:
    i.rd = field(19, 5), i.imm = static_cast<int32_t>(words[1]);
    break;
  case Form::Immediate:
    i.rd = field(19, 5), i.ra = field(14, 5), i.imm = signExtend(word, 14);
    break;
  case Form::Register:
    i.rd = field(19, 5), i.ra = field(14, 5), i.rb = field(9, 5);
    break;
  case Form::Coord:
    i.rd = field(19, 5), i.imm = field(0, 1);
    break;
  case Form::Nest:
    halves();
    break;
  case Form::Desc:
    i.descriptor = field(20, 4), i.baseIsRegister = !field(17, 1), i.base = field(0, i.baseIsRegister ? 5 : 16);
    halves();
    break;
  case Form::Vec:
    if (!vectorOpInfo(field(16, 8)))
      return {};
    i.op = static_cast<VectorOp>(field(16, 8)), i.type = static_cast<ElementType>(field(12, 1));
    i.thread = field(8, 3), i.control = static_cast<Control>(field(6, 2));
    good &= i.control <= Control::Reset;
    for (unsigned k = 0; k != 4; ++k)
      i.operands[k] = {static_cast<OperandKind>(words[1] >> (8 * k + 6) & 3), uint8_t(words[1] >> (8 * k) & 63)};
    break;
  case Form::RecvWindow:
    i.color = field(19, 5), i.descriptor = field(15, 4);
    for (unsigned d = 0; d != i.rank; ++d)
      i.extents[d] = operand(words[1 + d] & 0xffff), i.lower[d] = operand(words[1 + d] >> 16);
    break;
  case Form::Wait:
    i.thread = field(20, 3);
    break;
  }
  // Stray bits: what the fields do not explain.
  std::vector<uint32_t> again;
  if (!good || !encode(i, again))
    return {};
  for (size_t k = 0; k != again.size(); ++k)
    if (again[k] != words[k])
      return {};
  return i;
}
