// A call and its return are two branches, twelve cycles on WSE-2, where a kernel of few words takes sixty. What is
// called once, in a loop or not, takes their place; the code is shorter, too.
//
// This comes after functions are shared, and nothing behind it moves what one kernel computes to another: each has the
// registers to itself that main does not hold, as it had as a function.
#include "wafer/Dialect/Pe/Passes.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace wafer::pe {
#define GEN_PASS_DEF_PEINLINECALLS
#include "wafer/Dialect/Pe/Passes.h.inc"
} // namespace wafer::pe

using namespace wafer::pe;

namespace {

struct InlineCalls : wafer::pe::impl::PeInlineCallsBase<InlineCalls> {
  void runOnOperation() override {
    llvm::MapVector<StringAttr, SmallVector<CallOp, 1>> calls; // by callee
    getOperation().walk([&](CallOp call) { calls[call.getCalleeAttr().getAttr()].push_back(call); });
    SymbolTable symbols(getOperation());
    for (auto &[callee, from] : calls)
      if (from.size() == 1 && !from.front().getTable())
        inlineCall(from.front(), symbols.lookup<FuncOp>(callee));
  }

private:
  void inlineCall(CallOp call, FuncOp callee) {
    Block &body = callee.getBody().front();
    for (auto [argument, operand] : llvm::zip_equal(body.getArguments(), call.getOperands()))
      argument.replaceAllUsesWith(operand);
    // What its instructions take counts for the kernel that the call is there for.
    const Location kernel = nodeNameOf(call.getLoc()).empty() ? callee.getLoc() : call.getLoc();
    Attribute step = call->getAttr("step");
    body.walk([&](Operation *op) {
      op->setLoc(kernel);
      if (step)
        op->setAttr("step", step);
    });
    call->getBlock()->getOperations().splice(call->getIterator(), body.getOperations());
    call.erase();
    callee.erase();
    ++numInlined;
  }
};

} // namespace
