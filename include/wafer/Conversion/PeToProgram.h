// From a pe.program with addresses to the bytes of a region's code section.
#ifndef WAFER_CONVERSION_PETOPROGRAM_H
#define WAFER_CONVERSION_PETOPROGRAM_H

#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Program/manifest.pb.h"
#include "wafer/Target/Profile.h"

#include <functional>

namespace wafer {

/// Bytes of a PE's SRAM by what fills them.
struct SramLedger {
  int64_t code = 0, tables = 0, helpers = 0;
  int64_t stack = 0;   // spilled values
  int64_t weights = 0; // always live
  int64_t buffers = 0; // activations and scratch, at the peak, gaps included
  int64_t usable = 0;

  int64_t used() const { return code + tables + helpers + stack + weights + buffers; }
};

struct AssembledBuffer {
  std::string name, kind, node; // node: the ONNX node it belongs to, if known
  uint32_t address = 0, bytes = 0;
  std::string source; // the weight's symbol
  pe::BoxAttr box;    // which part of it
};

constexpr int64_t kNoStep = -1;

struct AssembledLocation {
  uint32_t firstWord;
  std::string node; // empty: shared code, which belongs to the node of the call
  int64_t step =
      kNoStep; // in main: which of the region's steps calls here, the number that convert-wafer-to-pe gave it
};

struct AssembledProgram {
  std::string name;
  std::vector<uint32_t> section; // instructions, then parameter tables
  uint32_t codeWords = 0, entryWord = 0;
  std::vector<AssembledLocation> locations;
  std::vector<std::string> traps;
  std::vector<std::pair<uint32_t, std::string>> functions; // first word, name
  std::vector<AssembledBuffer> buffers;                    // spilled values too, as "spill"
  uint32_t helperBytes = 0;
  SramLedger ledger;
};

/// Chooses registers and instructions, lays out code and tables, and checks that code, helpers and buffers fit into a
/// PE of `profile` together. Buffers must have addresses (pe-allocate-buffers). Errors are emitted with their code;
/// none recommends a larger mesh than the machine's (`wholeMesh`).
mlir::FailureOr<AssembledProgram> assembleProgram(pe::ProgramOp program, const Profile &profile,
                                                  bool wholeMesh = false);

/// Fills what the assembler knows of a region: all but its rectangle and code section. `internString` gives a string's
/// index in the manifest, `weightIndex` a weight symbol's.
void fillRegion(const AssembledProgram &program, image::Region &region,
                const std::function<uint32_t(const std::string &)> &internString,
                const std::function<uint32_t(const std::string &)> &weightIndex);

/// Disassembly with the names of functions, traps and ONNX nodes, then the tables.
std::string printAssembly(const AssembledProgram &program);

/// wafer-translate --pe-to-asm [--pe-target=PROFILE]. `addDialects` registers what may stand beside pe programs.
void registerPeToAsmTranslation(std::function<void(mlir::DialectRegistry &)> addDialects);

} // namespace wafer

#endif // WAFER_CONVERSION_PETOPROGRAM_H
