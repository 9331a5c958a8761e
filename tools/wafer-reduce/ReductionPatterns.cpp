// A model's nodes hang together: the failing one reads others' results, and the output reads its. Leaving out dead
// operations alone would take away next to nothing, so a node may also become a constant of zeros, after which what
// it read is dead.
#include "ReductionPatterns.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Reducer/ReductionPatternInterface.h"
#include "mlir/Reducer/Tester.h"

using namespace mlir;
using namespace wafer;

namespace {

/// Puts zeros in the place of a node's results.
LogicalResult replaceByZeros(onnx::NodeOp node, RewriterBase &rewriter) {
  SmallVector<ElementsAttr> zeros;
  for (Type type : node->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return rewriter.notifyMatchFailure(node, "a result is no tensor of a fixed shape");
    auto zero = dyn_cast_or_null<ElementsAttr>(rewriter.getZeroAttr(tensor));
    if (!zero)
      return rewriter.notifyMatchFailure(node, "a result's element type has no zero");
    zeros.push_back(zero);
  }
  SmallVector<Value> results;
  for (ElementsAttr zero : zeros)
    results.push_back(onnx::ConstantOp::create(rewriter, node.getLoc(), zero.getType(), zero));
  rewriter.replaceOp(node, results);
  return success();
}

/// MLIR's reducer applies patterns to all operations at once before it tries some of them, and does not come back from
/// a module that fails no longer. So the pattern asks for each node, of a copy of the module, whether it may go.
struct NodeToZeros : OpRewritePattern<onnx::NodeOp> {
  NodeToZeros(MLIRContext *context, Tester &tester) : OpRewritePattern(context), tester(tester) {}

  LogicalResult matchAndRewrite(onnx::NodeOp node, PatternRewriter &rewriter) const override {
    IRMapping copies;
    OwningOpRef<ModuleOp> copy = cast<ModuleOp>(node->getParentOfType<ModuleOp>()->clone(copies));
    IRRewriter trial(rewriter.getContext());
    auto nodeOfCopy = cast<onnx::NodeOp>(copies.lookup(node.getOperation()));
    trial.setInsertionPoint(nodeOfCopy);
    if (failed(replaceByZeros(nodeOfCopy, trial)))
      return failure();
    if (tester.isInteresting(*copy).first != Tester::Interestingness::True)
      return rewriter.notifyMatchFailure(node, "without it the module is not at fault");
    return replaceByZeros(node, rewriter);
  }

  Tester &tester;
};

struct OnnxReductionPatterns : DialectReductionPatternInterface {
  OnnxReductionPatterns(Dialect *dialect) : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &) const override {}
  void populateReductionPatternsWithTester(RewritePatternSet &patterns, Tester &tester) const override {
    patterns.add<NodeToZeros>(patterns.getContext(), tester);
  }
};

} // namespace

void wafer::registerReductionPatterns(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *, onnx::OnnxDialect *dialect) { dialect->addInterfaces<OnnxReductionPatterns>(); });
}
