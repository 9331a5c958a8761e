#include "wafer/Program/Disassembler.h"

#include <cstdio>

using namespace wafer;
using namespace wafer::isa;

static std::string reg(unsigned r) { return "r" + std::to_string(r); }

static std::string text(Operand operand) {
  return operand.isRegister ? reg(operand.value) : std::to_string(operand.value);
}

static std::string text(VectorOperand operand) {
  switch (operand.kind) {
  case OperandKind::Register:
    return reg(operand.index);
  case OperandKind::Descriptor:
    return "d" + std::to_string(operand.index);
  case OperandKind::Fabric:
    return "c" + std::to_string(operand.index);
  case OperandKind::None:
    break;
  }
  return "-";
}

static std::string list(const std::array<Operand, kMaxRank> &sizes, unsigned rank) {
  std::string out;
  for (unsigned d = 0; d != rank; ++d)
    out += (d ? ", " : "") + text(sizes[d]);
  return out;
}

/// `target`: what a branch goes to.
static std::string print(const Instruction &i, const std::string &target) {
  const OpcodeInfo *info = opcodeInfo(i.opcode);
  std::string name = info->name, imm = std::to_string(i.imm);
  switch (info->form) {
  case Form::Plain:
    return name;
  case Form::Jump:
    return name + " " + target;
  case Form::Branch:
    return name + " " + reg(i.ra) + ", " + reg(i.rb) + ", " + target;
  case Form::Trap:
    return name + " " + reg(i.ra) + ", " + imm;
  case Form::LoadImmediate:
  case Form::LoadWord:
    return name + " " + reg(i.rd) + ", " + imm;
  case Form::Immediate:
    if (i.opcode == Opcode::Ldh || i.opcode == Opcode::Ldhu || i.opcode == Opcode::Ldw || i.opcode == Opcode::Stw)
      return name + " " + reg(i.rd) + ", " + imm + "(" + reg(i.ra) + ")";
    return name + " " + reg(i.rd) + ", " + reg(i.ra) + ", " + imm;
  case Form::Register:
    return name + " " + reg(i.rd) + ", " + reg(i.ra) + ", " + reg(i.rb);
  case Form::Coord:
    return name + " " + reg(i.rd) + ", " + (i.imm ? "y" : "x");
  case Form::Nest:
    return name + " (" + list(i.extents, i.rank) + ")";
  case Form::Desc:
    return name + " d" + std::to_string(i.descriptor) + ", " +
           (i.baseIsRegister ? reg(i.base) : std::to_string(i.base)) + " [" + list(i.extents, i.rank) + "]";
  case Form::Vec: {
    std::string out = name + "." + vectorOpInfo(i.op)->name + (i.type == ElementType::F32 ? ".f32 " : ".i32 ");
    out += text(i.operands[0]) + ", " + text(i.operands[1]);
    for (unsigned k = 2; k != 4; ++k)
      if (k <= vectorArity(i.op) || i.operands[k].kind != OperandKind::None)
        out += ", " + text(i.operands[k]);
    if (i.thread)
      out += " thread " + std::to_string(i.thread);
    if (i.control != Control::None)
      out += i.control == Control::Advance ? " advance" : " reset";
    return out;
  }
  case Form::RecvWindow:
    return name + " d" + std::to_string(i.descriptor) + ", c" + std::to_string(i.color) + " of (" +
           list(i.extents, i.rank) + ") from (" + list(i.lower, i.rank) + ")";
  case Form::Wait:
    return name + " " + std::to_string(i.thread);
  }
  return name;
}

std::string wafer::isa::print(const Instruction &instruction) {
  std::string offset = std::to_string(instruction.imm);
  return ::print(instruction, instruction.imm < 0 ? "." + offset : ".+" + offset);
}

static bool isBranch(const Instruction &i) {
  Form form = opcodeInfo(i.opcode)->form;
  return form == Form::Jump || form == Form::Branch;
}

std::string wafer::isa::disassemble(std::span<const uint32_t> words, const DisassemblyOptions &options) {
  // Which words begin an instruction, and where branches lead. A target inside an instruction or outside the code
  // prints as an offset.
  std::map<uint32_t, std::string> labels;
  std::map<uint32_t, bool> starts;
  std::vector<uint32_t> targets;
  for (size_t at = 0; at < words.size();) {
    starts[at] = true;
    auto instruction = decode(words.subspan(at));
    if (instruction && isBranch(*instruction))
      targets.push_back(static_cast<uint32_t>(at + 1 + instruction->imm));
    at += instruction ? instruction->words() : 1;
  }
  for (auto &[at, name] : options.labels)
    if (starts.count(at))
      labels[at] = name;
  std::map<uint32_t, bool> wanted;
  for (uint32_t target : targets)
    if (starts.count(target) && !labels.count(target))
      wanted[target] = true;
  unsigned next = 0;
  for (auto &[target, _] : wanted)
    labels[target] = ".L" + std::to_string(next++);

  std::string out;
  for (size_t at = 0; at < words.size();) {
    if (auto label = labels.find(at); label != labels.end())
      out += label->second + ":\n";
    if (auto node = options.nodes.find(at); node != options.nodes.end() && !node->second.empty())
      out += "  ; " + node->second + "\n";
    char buffer[32];
    if (options.addresses) {
      std::snprintf(buffer, sizeof buffer, "%5zu", at);
      out += buffer;
    }
    auto instruction = decode(words.subspan(at));
    if (!instruction) {
      std::snprintf(buffer, sizeof buffer, "  .word 0x%08x\n", words[at++]);
      out += buffer;
      continue;
    }
    std::string line;
    auto target = labels.find(static_cast<uint32_t>(at + 1 + instruction->imm));
    if (isBranch(*instruction) && target != labels.end())
      line = ::print(*instruction, target->second);
    else
      line = print(*instruction);
    if (instruction->opcode == Opcode::Trap)
      if (auto text = options.trapTexts.find(instruction->imm); text != options.trapTexts.end())
        line += " ; " + text->second;
    out += "  " + line + "\n";
    at += instruction->words();
  }
  return out;
}
