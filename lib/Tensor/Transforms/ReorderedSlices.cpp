// A concatenation of one tensor's slices in its own or in the reverse order, some of them negated, is a kernel that
// reads the tensor along or against its loop: rotary embeddings take the halves of a head as (-b, a). As slices they
// are tensors of their own, and each is copied twice.
#include "PrepareKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace wafer;

namespace {

/// One place of a tensor along a dimension, as it is or negated.
struct Place {
  Value tensor;
  int64_t offset;
  bool negated;
};

bool negates(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  auto negation = body.getTerminator()->getOperand(0).getDefiningOp<arith::NegFOp>();
  return negation && op.getNumDpsInputs() == 1 && llvm::range_size(body) == 2 &&
         negation.getOperand() == body.getArgument(0) &&
         llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isIdentity(); });
}

/// What a part of a concatenation along `dim` is. It may have been negated in another shape: shapes between a slice and
/// a part of the same shape change nothing.
std::optional<Place> placeOf(Value part, unsigned dim) {
  bool negated = false;
  for (Value value = part;;) {
    Operation *op = value.getDefiningOp();
    if (!op || (!op->hasOneUse() && !isa<tensor::ExtractSliceOp>(op)))
      return std::nullopt;
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      RankedTensorType from = slice.getSourceType();
      if (slice.getType() != part.getType() || !slice.hasUnitStride() || !slice.getOffsets().empty() ||
          from.getRank() != slice.getType().getRank())
        return std::nullopt;
      for (int64_t d = 0; d != from.getRank(); ++d)
        if (d == dim ? slice.getStaticSizes()[d] != 1 : slice.getStaticSizes()[d] != from.getDimSize(d))
          return std::nullopt;
      return Place{slice.getSource(), slice.getStaticOffsets()[dim], negated};
    }
    if (auto generic = dyn_cast<linalg::GenericOp>(op); generic && negates(generic)) {
      negated = !negated;
      value = generic.getDpsInputs()[0];
    } else if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op)) {
      value = op->getOperand(0);
    } else {
      return std::nullopt;
    }
  }
}

struct ReorderedSlices : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ConcatOp op, PatternRewriter &rewriter) const override {
    const unsigned dim = op.getDim();
    SmallVector<Place> places;
    for (Value part : op.getInputs())
      if (std::optional<Place> place = placeOf(part, dim))
        places.push_back(*place);
      else
        return rewriter.notifyMatchFailure(op, "a part is no slice of one place");
    RankedTensorType type = op.getResultType();
    Value tensor = places.front().tensor;
    const int64_t count = places.size();
    const bool reverse = places.front().offset != 0;
    if (count < 2 || tensor.getType() != type || !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "not all places of a tensor");
    for (auto [i, place] : llvm::enumerate(places))
      if (place.tensor != tensor || place.offset != static_cast<int64_t>(reverse ? count - 1 - i : i))
        return rewriter.notifyMatchFailure(op, "in another order");

    const AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<AffineExpr> read(identity.getResults());
    if (reverse)
      read[dim] = rewriter.getAffineConstantExpr(count - 1) - read[dim];
    SmallVector<Value> inputs{tensor};
    SmallVector<AffineMap> maps{AffineMap::get(type.getRank(), 0, read, rewriter.getContext())};
    if (llvm::any_of(places, [](const Place &place) { return place.negated; })) {
      SmallVector<float> signs;
      for (const Place &place : places)
        signs.push_back(place.negated ? -1.0f : 1.0f);
      auto signsType = RankedTensorType::get({count}, type.getElementType());
      inputs.push_back(
          arith::ConstantOp::create(rewriter, op.getLoc(), DenseElementsAttr::get(signsType, ArrayRef<float>(signs))));
      maps.push_back(AffineMap::get(type.getRank(), 0, rewriter.getAffineDimExpr(dim)));
    }
    maps.push_back(identity);
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(), type.getElementType());
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    rewriter.replaceOpWithNewOp<linalg::GenericOp>(op, type, inputs, ValueRange{empty}, maps, iterators,
                                                   [](OpBuilder &b, Location loc, ValueRange args) {
                                                     Value result = args[0];
                                                     if (args.size() == 3)
                                                       result = arith::MulFOp::create(b, loc, args[0], args[1]);
                                                     linalg::YieldOp::create(b, loc, result);
                                                   });
    return success();
  }
};

} // namespace

void wafer::populateReorderedSlicesPatterns(RewritePatternSet &patterns) {
  patterns.add<ReorderedSlices>(patterns.getContext());
}
