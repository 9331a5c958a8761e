// wafer-translate --pe-to-asm: what a pe.program becomes, for tests and people.
#include "wafer/Conversion/PeToProgram.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace wafer;

void wafer::registerPeToAsmTranslation() {
  static llvm::cl::opt<int> sramBytes("sram-bytes", llvm::cl::desc("Bytes of SRAM that a PE's program may fill"),
                                      llvm::cl::init(49152));
  static TranslateFromMLIRRegistration registration(
      "pe-to-asm", "assemble pe programs and print them",
      [](ModuleOp module, llvm::raw_ostream &output) -> LogicalResult {
        Profile profile;
        profile.sramBytes = sramBytes;
        for (auto program : module.getOps<pe::ProgramOp>()) {
          FailureOr<AssembledProgram> assembled = assembleProgram(program, profile);
          if (failed(assembled))
            return failure();
          output << "; region " << assembled->name << "\n" << printAssembly(*assembled);
        }
        return success();
      },
      [](DialectRegistry &registry) { registry.insert<pe::PeDialect>(); });
}
