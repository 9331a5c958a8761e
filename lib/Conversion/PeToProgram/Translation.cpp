// wafer-translate --pe-to-asm: what a pe.program becomes, for tests and people.
#include "wafer/Conversion/PeToProgram.h"
#include "wafer/Support/MlirDiagnostic.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace wafer;

void wafer::registerPeToAsmTranslation(std::function<void(DialectRegistry &)> addDialects) {
  static llvm::cl::opt<std::string> target("pe-target", llvm::cl::desc("Target profile of --pe-to-asm"),
                                           llvm::cl::init("wse2"));
  static TranslateFromMLIRRegistration registration(
      "pe-to-asm", "assemble pe programs and print them",
      [](ModuleOp module, llvm::raw_ostream &output) -> LogicalResult {
        Result<Profile> profile = Profile::load(std::string(target));
        if (!profile)
          return emitError(module.getLoc(), profile.error());
        for (auto program : module.getOps<pe::ProgramOp>()) {
          FailureOr<AssembledProgram> assembled = assembleProgram(program, *profile);
          if (failed(assembled))
            return failure();
          output << "; region " << assembled->name << "\n" << printAssembly(*assembled);
        }
        return success();
      },
      [addDialects](DialectRegistry &registry) {
        registry.insert<pe::PeDialect>();
        addDialects(registry);
      });
}
