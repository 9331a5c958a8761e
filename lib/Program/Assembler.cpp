#include "wafer/Program/Assembler.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::isa;

static constexpr size_t kUnbound = ~size_t(0);

Assembler::Label Assembler::label() {
  Label label;
  label.id = targets.size();
  targets.push_back(kUnbound);
  return label;
}

void Assembler::bind(Label label) { targets[label.id] = words.size(); }

void Assembler::fail(Diagnostic diagnostic) {
  if (status)
    status = std::move(diagnostic);
}

void Assembler::emit(const Instruction &instruction) {
  size_t at = words.size();
  if (Status encoded = encode(instruction, words); !encoded) {
    Diagnostic diagnostic = encoded.error();
    diagnostic.message = "word " + std::to_string(at) + ": " + diagnostic.message;
    fail(std::move(diagnostic));
  }
}

void Assembler::emitTo(Instruction instruction, Label target) {
  fixUps.push_back({words.size(), instruction, target.id});
  emit(instruction);
}

void Assembler::branch(Opcode opcode, unsigned ra, unsigned rb, Label target) {
  emitTo({.opcode = opcode, .ra = uint8_t(ra), .rb = uint8_t(rb)}, target);
}

void Assembler::trap(unsigned ra, uint32_t index) {
  emit({.opcode = Opcode::Trap, .ra = uint8_t(ra), .imm = static_cast<int32_t>(index)});
}

void Assembler::li(unsigned rd, int32_t value) {
  bool isShort = value >= -(1 << 18) && value < (1 << 18);
  emit({.opcode = isShort ? Opcode::Li : Opcode::Liw, .rd = uint8_t(rd), .imm = value});
}

void Assembler::scalar(Opcode opcode, unsigned rd, unsigned ra, int32_t imm) {
  emit({.opcode = opcode, .rd = uint8_t(rd), .ra = uint8_t(ra), .imm = imm});
}

void Assembler::scalarReg(Opcode opcode, unsigned rd, unsigned ra, unsigned rb) {
  emit({.opcode = opcode, .rd = uint8_t(rd), .ra = uint8_t(ra), .rb = uint8_t(rb)});
}

static void setSizes(std::array<Operand, kMaxRank> &to, Assembler::Sizes from) {
  std::copy_n(from.begin(), std::min<size_t>(from.size(), kMaxRank), to.begin());
}

void Assembler::nest(Sizes extents) {
  Instruction instruction{.opcode = Opcode::Nest, .rank = uint8_t(extents.size())};
  setSizes(instruction.extents, extents);
  emit(instruction);
}

void Assembler::desc(unsigned d, Base base, Sizes strides) {
  if (base.tooBig)
    fail({ErrorCode::InstructionField, "word " + std::to_string(words.size()) + ": desc: base beyond 65535", ""});
  Instruction instruction{.opcode = Opcode::Desc,
                          .rank = uint8_t(strides.size()),
                          .descriptor = uint8_t(d),
                          .baseIsRegister = base.isRegister,
                          .base = base.value};
  setSizes(instruction.extents, strides);
  emit(instruction);
}

void Assembler::vec(VectorOp op, ElementType type, VectorOperand dst, VectorOperand a, VectorOperand b, VectorOperand c,
                    unsigned thread, Control control) {
  emit({.opcode = Opcode::Vec,
        .thread = uint8_t(thread),
        .op = op,
        .type = type,
        .control = control,
        .operands = {dst, a, b, c}});
}

void Assembler::recvw(unsigned color, unsigned d, Sizes block, Sizes lower) {
  Instruction instruction{
      .opcode = Opcode::Recvw, .rank = uint8_t(block.size()), .descriptor = uint8_t(d), .color = uint8_t(color)};
  setSizes(instruction.extents, block);
  setSizes(instruction.lower, lower);
  emit(instruction);
}

Result<std::vector<uint32_t>> Assembler::finish() {
  if (!status)
    return status.error();
  for (FixUp &fixUp : fixUps) {
    size_t target = targets[fixUp.label];
    if (target == kUnbound)
      return Diagnostic{ErrorCode::InstructionField,
                        "word " + std::to_string(fixUp.word) + ": a branch to a label that is nowhere", ""};
    fixUp.instruction.imm = static_cast<int32_t>(int64_t(target) - int64_t(fixUp.word) - 1);
    std::vector<uint32_t> word;
    if (Status encoded = encode(fixUp.instruction, word); !encoded)
      return Diagnostic{ErrorCode::InstructionField,
                        "word " + std::to_string(fixUp.word) + ": a branch over " +
                            std::to_string(fixUp.instruction.imm) + " words is out of reach",
                        "split the function"};
    words[fixUp.word] = word[0];
  }
  return words;
}
