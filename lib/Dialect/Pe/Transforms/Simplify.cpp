// The pass pe-simplify: what canonicalisation and CSE make of a program.
//
// MLIR's own canonicalisation takes the patterns of all loaded dialects, some hundreds, and sorts them anew for each
// program. For programs of a few dozen instructions that is what it takes its time for. Here there are those of our
// operations alone: a program has no others.
#include "wafer/Dialect/Pe/Passes.h"

#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace wafer::pe {
#define GEN_PASS_DEF_PESIMPLIFY
#include "wafer/Dialect/Pe/Passes.h.inc"
} // namespace wafer::pe

using namespace wafer::pe;

namespace {
struct Simplify : wafer::pe::impl::PeSimplifyBase<Simplify> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet ours(context);
    for (RegisteredOperationName op : context->getRegisteredOperations())
      if (isa<PeDialect>(op.getDialect()))
        op.getCanonicalizationPatterns(ours, context);
    patterns = FrozenRewritePatternSet(std::move(ours));
    return success();
  }

  void runOnOperation() override {
    ProgramOp program = getOperation();
    merge(program);
    // Regions have one block each. Patterns that still apply after ten rounds are no mistake.
    const GreedyRewriteConfig config = GreedyRewriteConfig().setUseTopDownTraversal().setRegionSimplificationLevel(
        GreedySimplifyRegionLevel::Disabled);
    bool changed = false;
    (void)applyPatternsGreedily(program, patterns, config, &changed);
    if (changed)
      merge(program);
  }

private:
  /// What is computed twice.
  static void merge(ProgramOp program) {
    IRRewriter rewriter(program.getContext());
    DominanceInfo dominance(program);
    eliminateCommonSubExpressions(rewriter, dominance, program);
  }

  FrozenRewritePatternSet patterns;
};
} // namespace
