#include "wafer/Tensor/LoopForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace wafer;

/// An offset as a function of the step, symbol 0.
static AffineExpr offsetExpr(OpFoldResult offset, Operation *op) {
  MLIRContext *context = op->getContext();
  if (std::optional<int64_t> number = getConstantIntValue(offset))
    return getAffineConstantExpr(*number, context);
  auto loop = op->getParentOfType<scf::ForOp>();
  Value value = cast<Value>(offset);
  if (!loop)
    return {};
  AffineExpr step = getAffineSymbolExpr(0, context);
  if (value == loop.getInductionVar())
    return step;
  auto difference = value.getDefiningOp<arith::SubIOp>();
  std::optional<int64_t> last = difference ? getConstantIntValue(difference.getLhs()) : std::nullopt;
  if (last && difference.getRhs() == loop.getInductionVar())
    return *last - step;
  return {};
}

template <typename Op>
static std::optional<AffineMap> sliceMap(Op op, int64_t sliceRank, const llvm::SmallBitVector &dropped) {
  MLIRContext *context = op.getContext();
  if (!op.hasUnitStride() || llvm::any_of(op.getStaticSizes(), ShapedType::isDynamic))
    return std::nullopt;
  SmallVector<AffineExpr> exprs;
  unsigned kept = 0;
  for (auto [d, offset] : llvm::enumerate(op.getMixedOffsets())) {
    AffineExpr start = offsetExpr(offset, op);
    if (!start)
      return std::nullopt;
    exprs.push_back(dropped.test(d) ? start : getAffineDimExpr(kept++, context) + start);
  }
  return AffineMap::get(sliceRank, 1, exprs, context);
}

std::optional<AffineMap> wafer::sliceMapOf(tensor::ExtractSliceOp op) {
  return sliceMap(op, op.getType().getRank(), op.getDroppedDims());
}

std::optional<AffineMap> wafer::sliceMapOf(tensor::InsertSliceOp op) {
  return sliceMap(op, op.getSourceType().getRank(), op.getDroppedDims());
}

/// The write of an output's slice, if the carried tensor number i is used for nothing else.
static tensor::InsertSliceOp writeOf(scf::ForOp loop, unsigned i) {
  BlockArgument argument = loop.getRegionIterArg(i);
  auto write = loop.getYieldedValues()[i].getDefiningOp<tensor::InsertSliceOp>();
  return write && write.getDest() == argument && argument.hasOneUse() && write->hasOneUse() ? write
                                                                                            : tensor::InsertSliceOp();
}

std::optional<LoopForm> wafer::loopFormOf(scf::ForOp loop, std::string &why) {
  auto low = getConstantIntValue(loop.getLowerBound()), high = getConstantIntValue(loop.getUpperBound()),
       step = getConstantIntValue(loop.getStep());
  if (low != 0 || step != 1 || !high || *high < 1) {
    why = "does not count from 0 to a constant by 1";
    return std::nullopt;
  }
  if (loop->getParentOfType<scf::ForOp>()) {
    why = "stands in another loop";
    return std::nullopt;
  }
  LoopForm form{*high, {}};
  for (unsigned i = 0; i != loop.getNumRegionIterArgs(); ++i) {
    tensor::InsertSliceOp write = writeOf(loop, i);
    form.writes.push_back(write);
    if (!write)
      continue;
    // Every step writes another slice, and all of it: afterwards the whole tensor is written.
    std::optional<AffineMap> map = sliceMapOf(write);
    auto moves = [](AffineExpr expr) { return expr.isFunctionOfSymbol(0); };
    if (!map || llvm::count_if(map->getResults(), moves) != 1) {
      why = "writes an output in other pieces than its slices";
      return std::nullopt;
    }
    for (auto [d, expr] : llvm::enumerate(map->getResults()))
      if (write.getStaticSizes()[d] != (moves(expr) ? 1 : write.getDestType().getDimSize(d)) ||
          (moves(expr) && write.getDestType().getDimSize(d) != form.trips)) {
        why = "writes an output in other pieces than its slices";
        return std::nullopt;
      }
  }
  return form;
}
