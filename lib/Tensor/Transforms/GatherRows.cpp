// Gathers of rows of many dimensions. A row is copied by one instruction, whose operands have at most kMaxRank
// dimensions; what a row has beyond is merged with its last one, where it lies side by side anyway.
#include "PrepareKernels.h"

#include "wafer/Program/Isa.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace wafer;

namespace {

/// Groups of `rank` dimensions, each of one but for the last, which takes `tail`.
SmallVector<ReassociationIndices> mergeTail(int64_t rank, int64_t tail) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d != rank; ++d) {
    if (d > rank - tail)
      groups.back().push_back(d);
    else
      groups.push_back({d});
  }
  return groups;
}

struct MergeRowDimensions : OpRewritePattern<tensor::GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::GatherOp op, PatternRewriter &rewriter) const override {
    RankedTensorType table = op.getSourceType(), result = op.getResultType();
    int64_t tail = table.getRank() - isa::kMaxRank;
    if (op.getGatherDims() != ArrayRef<int64_t>{0} || tail < 2)
      return rewriter.notifyMatchFailure(op, "rows have few dimensions");
    Value merged =
        tensor::CollapseShapeOp::create(rewriter, op.getLoc(), op.getSource(), mergeTail(table.getRank(), tail));
    SmallVector<int64_t> shape(result.getShape().drop_back(tail));
    shape.push_back(cast<RankedTensorType>(merged.getType()).getShape().back());
    Value rows = tensor::GatherOp::create(rewriter, op.getLoc(), result.clone(shape), merged, op.getIndices(),
                                          op.getGatherDims(), op.getUnique());
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, result, rows, mergeTail(result.getRank(), tail));
    return success();
  }
};

} // namespace

void wafer::populateGatherRowsPatterns(RewritePatternSet &patterns) {
  patterns.add<MergeRowDimensions>(patterns.getContext());
}
