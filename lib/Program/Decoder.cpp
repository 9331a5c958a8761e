#include "wafer/Program/Decoder.h"

using namespace wafer;
using namespace wafer::isa;

static Diagnostic bad(size_t word, const std::string &what) {
  return {ErrorCode::ImageCode, "code word " + std::to_string(word) + ": " + what, "compile the model again"};
}

/// What is wrong with a vector instruction, or nothing.
static std::string checkVector(const Instruction &i, unsigned colors) {
  unsigned arity = vectorArity(i.op);
  const VectorOperand &dst = i.operands[0];
  if (dst.kind == OperandKind::Register)
    return "the destination cannot be a register";
  uint32_t inputs = 0;
  for (unsigned k = 0; k != 4; ++k) {
    const VectorOperand &operand = i.operands[k];
    if (operand.kind == OperandKind::Fabric && operand.index >= colors)
      return "color " + std::to_string(operand.index) + " is not routable";
    if (k > arity && operand.kind != OperandKind::None)
      return std::string(vectorOpInfo(i.op)->name) + " has too many operands";
    if (k >= 1 && k <= arity && operand.kind == OperandKind::None)
      return std::string(vectorOpInfo(i.op)->name) + " lacks an operand";
    if (k >= 1 && operand.kind == OperandKind::Fabric) {
      if (inputs >> operand.index & 1)
        return "a color is received twice in one instruction";
      inputs |= 1u << operand.index;
    }
  }
  if (i.control != Control::None && dst.kind != OperandKind::Fabric)
    return "a control wavelet needs a color to travel on";
  if (!isDefinedOn(i.op, i.type))
    return std::string(vectorOpInfo(i.op)->name) + " is not of " + (i.type == ElementType::F32 ? "f32" : "i32");
  if (i.op == VectorOp::Iota && i.operands[1].kind != OperandKind::Descriptor)
    return "iota takes a descriptor";
  return {};
}

Result<DecodedCode> wafer::decodeProgram(std::span<const uint32_t> words, uint32_t entryWord, unsigned colors,
                                         unsigned traps) {
  DecodedCode code;
  if (words.empty())
    return bad(0, "there is no code");
  constexpr uint32_t kNoInstruction = ~0u;
  std::vector<uint32_t> indexOf(words.size(), kNoInstruction);
  for (size_t at = 0; at < words.size();) {
    std::optional<Instruction> i = decode(words.subspan(at));
    if (!i)
      return bad(at, "is no instruction");
    indexOf[at] = code.instructions.size();
    code.instructions.push_back({*i, static_cast<uint32_t>(at), i->words(), 0});
    at += i->words();
  }
  if (entryWord >= words.size() || indexOf[entryWord] == kNoInstruction)
    return bad(entryWord, "the entry is not at an instruction");
  code.entry = indexOf[entryWord];
  for (DecodedInstruction &d : code.instructions) {
    const Instruction &i = d.i;
    switch (i.opcode) {
    case Opcode::Jmp:
    case Opcode::Beq:
    case Opcode::Bne:
    case Opcode::Blt:
    case Opcode::Bge:
    case Opcode::Call: {
      int64_t target = int64_t(d.word) + 1 + i.imm;
      if (target < 0 || target >= static_cast<int64_t>(words.size()) || indexOf[target] == kNoInstruction)
        return bad(d.word, "branches to word " + std::to_string(target) + ", where no instruction starts");
      d.target = indexOf[target];
      break;
    }
    case Opcode::Trap:
      if (static_cast<unsigned>(i.imm) >= traps)
        return bad(d.word, "trap " + std::to_string(i.imm) + " has no text");
      break;
    case Opcode::Div:
    case Opcode::Rem:
    case Opcode::Divi:
    case Opcode::Remi:
      code.usesScalarDivide = true;
      break;
    case Opcode::Vec:
      if (std::string what = checkVector(i, colors); !what.empty())
        return bad(d.word, what);
      code.vectorOps |= uint64_t(1) << static_cast<unsigned>(i.op);
      if (i.operands[0].kind == OperandKind::Fabric)
        code.sends |= 1u << i.operands[0].index;
      for (unsigned k = 1; k != 4; ++k)
        if (i.operands[k].kind == OperandKind::Fabric)
          code.receives |= 1u << i.operands[k].index;
      break;
    case Opcode::Recvw:
      if (i.color >= colors)
        return bad(d.word, "color " + std::to_string(i.color) + " is not routable");
      code.receives |= 1u << i.color;
      break;
    default:
      break;
    }
  }
  Opcode last = code.instructions.back().i.opcode;
  if (last != Opcode::Halt && last != Opcode::Jmp && last != Opcode::Ret)
    return bad(code.instructions.back().word, "control runs past the end of the code");
  return code;
}
