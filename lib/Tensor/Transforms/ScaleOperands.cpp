// A product that is scaled by a constant is a product of a scaled operand: c (q K) = (c q) K. Where an operand has
// fewer elements than the product, as the queries of one token have beside the scores of all positions, scaling it
// takes less; and where a kernel makes it element by element, that is an instruction more there instead of a kernel.
//
// Sums are rounded otherwise than before, as any order of summation does. A factor that could take a normal operand out
// of the range of f32 stays where it is.
#include "PrepareKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace wafer;

namespace {

/// The operand has at most one element for so many of the product.
constexpr int64_t kWorthScaling = 2;

constexpr double kSmallest = 1e-6, kLargest = 1e6; // factors, by magnitude

/// The only use of the argument, if that scales it by a constant.
std::pair<arith::MulFOp, TypedAttr> scalingOf(BlockArgument argument) {
  if (!argument.hasOneUse())
    return {};
  auto scaled = dyn_cast<arith::MulFOp>(*argument.user_begin());
  FloatAttr factor;
  if (!scaled ||
      !(matchPattern(scaled.getRhs(), m_Constant(&factor)) || matchPattern(scaled.getLhs(), m_Constant(&factor))))
    return {};
  const double magnitude = std::abs(factor.getValueAsDouble());
  if (!(magnitude >= kSmallest && magnitude <= kLargest))
    return {};
  return {scaled, factor};
}

bool startsFromZero(linalg::GenericOp op) {
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

int64_t elementsOf(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }

struct ScaleOperand : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto product = operand->get().getDefiningOp<linalg::GenericOp>();
      if (!product || !product->hasOneUse() || product->getBlock() != op->getBlock() || !isProduct(product) ||
          !startsFromZero(product))
        continue;
      auto [scaled, factor] = scalingOf(op.getMatchingBlockArgument(operand));
      OpOperand *smaller = scaled ? operandToScale(product) : nullptr;
      if (!smaller)
        continue;
      auto source = smaller->get().getDefiningOp<linalg::GenericOp>();
      rewriter.modifyOpInPlace(source, [&] {
        Operation *yield = source.getRegion().front().getTerminator();
        rewriter.setInsertionPoint(yield);
        Value constant = arith::ConstantOp::create(rewriter, scaled.getLoc(), factor);
        yield->setOperand(0, arith::MulFOp::create(rewriter, scaled.getLoc(), yield->getOperand(0), constant));
      });
      rewriter.replaceOp(scaled, op.getMatchingBlockArgument(operand));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "scales no product, or none of a smaller operand that a kernel makes");
  }

private:
  static OpOperand *operandToScale(linalg::GenericOp product) {
    for (OpOperand *operand : product.getDpsInputOperands()) {
      auto source = operand->get().getDefiningOp<linalg::GenericOp>();
      if (source && source->hasOneUse() && isElementwise(source) &&
          kWorthScaling * elementsOf(operand->get()) <= elementsOf(product.getResult(0)))
        return operand;
    }
    return nullptr;
  }
};

} // namespace

void wafer::populateScaleOperandsPatterns(RewritePatternSet &patterns) {
  patterns.add<ScaleOperand>(patterns.getContext());
}
