// A region's code words, decoded and checked as a whole.
#ifndef WAFER_PROGRAM_DECODER_H
#define WAFER_PROGRAM_DECODER_H

#include "wafer/Program/Instruction.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace wafer {

struct DecodedInstruction {
  isa::Instruction i;
  uint32_t word = 0;   // where it stands
  uint32_t words = 1;  // how many it takes
  uint32_t target = 0; // of Jmp, branches and Call: index into DecodedCode::instructions
};

struct DecodedCode {
  std::vector<DecodedInstruction> instructions;
  uint32_t entry = 0;            // index
  uint32_t sends = 0;            // colors sent on, as bits
  uint32_t receives = 0;         // colors received on
  uint64_t vectorOps = 0;        // isa::VectorOp used, as bits
  bool usesScalarDivide = false; // Div, Rem, Divi or Remi
};

/// Decodes all of `words`. Every instruction is legal in itself (operands, types, colors below `colors`, trap indices
/// below `traps`), every branch lands on an instruction, and control never runs past the end.
Result<DecodedCode> decodeProgram(std::span<const uint32_t> words, uint32_t entryWord, unsigned colors, unsigned traps);

} // namespace wafer

#endif // WAFER_PROGRAM_DECODER_H
