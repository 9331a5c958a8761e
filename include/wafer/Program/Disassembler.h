// Code words as text, for people and tests.
#ifndef WAFER_PROGRAM_DISASSEMBLER_H
#define WAFER_PROGRAM_DISASSEMBLER_H

#include "wafer/Program/Instruction.h"

#include <map>
#include <string>

namespace wafer::isa {

/// "addi r3, r2, -1"; branches print their offset ("jmp .+3", counted from the next word).
std::string print(const Instruction &instruction);

struct DisassemblyOptions {
  bool addresses = false;                    // the word's index before each line
  std::map<uint32_t, std::string> labels;    // names of words, e.g. functions
  std::map<uint32_t, std::string> trapTexts; // of Trap's indices, as comments
  std::map<uint32_t, std::string> nodes;     // ONNX nodes, by their first word, as comment lines
};

/// One line per instruction, one label line per branch target. Words that are no instruction print as ".word 0x...".
std::string disassemble(std::span<const uint32_t> words, const DisassemblyOptions &options = {});

} // namespace wafer::isa

#endif // WAFER_PROGRAM_DISASSEMBLER_H
