#include "wafer/Dialect/Pe/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace wafer::pe;

void wafer::pe::addCodePasses(OpPassManager &programs, int64_t usableBytes, bool wholeMesh) {
  programs.addPass(createPeSimplify());
  PeAllocateBuffersOptions allocate;
  allocate.usableBytes = usableBytes;
  allocate.wholeMesh = wholeMesh;
  programs.addPass(createPeAllocateBuffers(allocate));
  // Addresses are constants from here on: they fold, and functions meet that differ in nothing else.
  programs.addPass(createPeSimplify());
  programs.addPass(createLoopInvariantCodeMotionPass());
  programs.addNestedPass<FuncOp>(createPeCollapseNests());
  programs.addPass(createPeSimplify());
  programs.addPass(createPeShareFunctions());
  programs.addPass(createPeUnshareFunctions({usableBytes}));
  programs.addPass(createPeSimplify());
  programs.addPass(createPeInlineCalls());
}

namespace {
struct CodeOptions : PassPipelineOptions<CodeOptions> {
  Option<int64_t> usableBytes{*this, "usable-bytes", llvm::cl::desc("Bytes of SRAM that a program may fill"),
                              llvm::cl::init(0)};
};
} // namespace

void wafer::pe::registerPePipelines() {
  PassPipelineRegistration<CodeOptions>("pe-code", "all passes from lowered pe programs to what the assembler takes",
                                        [](OpPassManager &pm, const CodeOptions &options) {
                                          if (pm.getOpName() == ProgramOp::getOperationName())
                                            addCodePasses(pm, options.usableBytes);
                                          else
                                            addCodePasses(pm.nest<ProgramOp>(), options.usableBytes);
                                        });
}
