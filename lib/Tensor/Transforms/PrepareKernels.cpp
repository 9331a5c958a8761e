// The pass prepare-kernels: fewer, larger kernels.
#include "PrepareKernels.h"

#include "wafer/Tensor/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace wafer;

namespace wafer {
#define GEN_PASS_DEF_PREPAREKERNELS
#include "wafer/Tensor/Passes.h.inc"
} // namespace wafer

namespace {

bool yieldsInput(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  return op.getNumParallelLoops() == op.getNumLoops() && llvm::hasSingleElement(body) &&
         llvm::all_of(body.getTerminator()->getOperands(), [](Value v) { return isa<BlockArgument>(v); });
}

size_t bodySize(linalg::GenericOp op) { return llvm::range_size(op.getRegion().front().getOperations()); }

/// Fusing copies both bodies: without a bound, a chain of n nodes would take n * n steps. More gains nothing, the
/// tensors between kernels stay in the PE.
constexpr size_t maxFusedBody = 64;

/// Fusing must not compute anything twice: a producer goes into its only reader, and into a reduction only where the
/// reader meets each of its elements once. Copies (transposes) cost nothing and go anywhere.
bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return false;
  // One that reads backwards or with gaps has its extents from its result alone: fusing keeps that as a second result
  // for other readers.
  if (yieldsInput(producer))
    return operand->get().hasOneUse() || llvm::all_of(producer.getIndexingMapsArray(), [](AffineMap map) {
             return map.isProjectedPermutation(/*allowZeroInResults=*/true);
           });
  // What a loop's steps share is computed before it.
  if (producer->getBlock() != consumer->getBlock() || bodySize(producer) + bodySize(consumer) > maxFusedBody)
    return false;
  if (!operand->get().hasOneUse())
    return false;
  return consumer.getMatchingIndexingMap(operand).isPermutation();
}

/// A reduction that starts from something else than its identity: start from the identity, combine with the rest after.
struct StartFromIdentity : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1)
      return rewriter.notifyMatchFailure(op, "not a reduction with one result");
    Block &body = op.getRegion().front();
    Operation *combiner = body.getTerminator()->getOperand(0).getDefiningOp();
    if (!combiner || !llvm::is_contained(combiner->getOperands(), body.getArguments().back()))
      return rewriter.notifyMatchFailure(op, "no combiner");
    std::optional<TypedAttr> identity = arith::getNeutralElement(combiner);
    if (!identity)
      return rewriter.notifyMatchFailure(op, "combiner has no identity");
    Value init = op.getDpsInits()[0];
    if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
      Attribute value;
      if (!matchPattern(fill.getInputs()[0], m_Constant(&value)))
        return rewriter.notifyMatchFailure(op, "filled with a run-time value");
      // Infinities and the lowest finite value are both fine starts of a maximum.
      if (value == *identity ||
          isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp, arith::MaxSIOp, arith::MinSIOp>(
              combiner))
        return rewriter.notifyMatchFailure(op, "starts from its identity");
      if (auto number = dyn_cast<FloatAttr>(value);
          number && number.getValue().isZero() && isa<arith::AddFOp>(combiner))
        return rewriter.notifyMatchFailure(op, "starts from zero");
    }
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(init.getType());
    Value zero = arith::ConstantOp::create(rewriter, loc, zeroOf(*identity, combiner));
    Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(), type.getElementType());
    Value filled = linalg::FillOp::create(rewriter, loc, zero, empty).getResult(0);
    auto reduced = cast<linalg::GenericOp>(rewriter.clone(*op));
    reduced.getDpsInitsMutable()[0].set(filled);
    AffineMap identityMap = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    auto combined =
        linalg::GenericOp::create(rewriter, loc, type, ValueRange{init, reduced.getResult(0)}, ValueRange{empty},
                                  ArrayRef<AffineMap>{identityMap, identityMap, identityMap}, iterators,
                                  [&](OpBuilder &b, Location inner, ValueRange args) {
                                    IRMapping mapping;
                                    mapping.map(combiner->getOperand(0), args[0]);
                                    mapping.map(combiner->getOperand(1), args[1]);
                                    linalg::YieldOp::create(b, inner, b.clone(*combiner, mapping)->getResult(0));
                                  });
    rewriter.replaceOp(op, combined.getResults());
    return success();
  }

  /// Sums start from +0: the formal identity -0 would only matter for a sum of nothing but -0.
  static TypedAttr zeroOf(TypedAttr identity, Operation *combiner) {
    if (auto number = dyn_cast<FloatAttr>(identity); number && isa<arith::AddFOp>(combiner))
      return FloatAttr::get(number.getType(), 0.0);
    return identity;
  }
};

/// x / sqrt(a), where a row has one a: x times the reciprocal root, which is one function for the row and a
/// multiplication for each of its elements. Nothing overflows that did not: the root of what is no zero lies between
/// 1e-23 and 2e19.
struct MultiplyByReciprocalRoot : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
      if (!producer || !operand->get().hasOneUse() || producer.getNumResults() != 1 ||
          elementsPerRow(op, op.getMatchingIndexingMap(operand)) < 2)
        continue;
      auto yield = cast<linalg::YieldOp>(producer.getRegion().front().getTerminator());
      auto root = yield.getOperand(0).getDefiningOp<math::SqrtOp>();
      BlockArgument divisor = op.getMatchingBlockArgument(operand);
      auto divides = [&](OpOperand &use) { return isa<arith::DivFOp>(use.getOwner()) && use.getOperandNumber() == 1; };
      if (!root || !root->hasOneUse() || !root.getType().isF32() || divisor.use_empty() ||
          !llvm::all_of(divisor.getUses(), divides))
        continue;
      rewriter.setInsertionPoint(root);
      rewriter.replaceOpWithNewOp<math::RsqrtOp>(root, root.getOperand());
      for (Operation *division : llvm::to_vector(divisor.getUsers())) {
        rewriter.setInsertionPoint(division);
        rewriter.replaceOpWithNewOp<arith::MulFOp>(division, division->getOperand(0), divisor);
      }
      return success();
    }
    return rewriter.notifyMatchFailure(op, "divides by no root of a row");
  }

private:
  static int64_t elementsPerRow(linalg::GenericOp op, AffineMap map) {
    int64_t elements = 1;
    for (auto [loop, extent] : llvm::enumerate(op.getStaticLoopRanges()))
      if (!map.isFunctionOfDim(loop))
        elements *= extent;
    return elements;
  }
};

/// A slice with strides: one without, then a kernel that reads every second, third... element of it. Slices alone are
/// not worth a kernel, they happen while data moves; but what moves is boxes without gaps.
struct StridedSlice : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = op.getType();
    if (op.hasUnitStride() || type.getRank() != op.getSourceType().getRank() || !type.hasStaticShape() ||
        !op.getOffsets().empty() || !op.getStrides().empty() ||
        llvm::any_of(op.getStaticStrides(), [](int64_t stride) { return stride < 1; }))
      return rewriter.notifyMatchFailure(op, "no static slice with strides");
    SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), rewriter.getIndexAttr(1));
    SmallVector<AffineExpr> read;
    for (int64_t d = 0; d != type.getRank(); ++d) {
      int64_t stride = op.getStaticStrides()[d];
      offsets.push_back(rewriter.getIndexAttr(op.getStaticOffsets()[d]));
      sizes.push_back(rewriter.getIndexAttr((type.getDimSize(d) - 1) * stride + 1));
      read.push_back(rewriter.getAffineDimExpr(d) * stride);
    }
    Location loc = op.getLoc();
    Value dense = tensor::ExtractSliceOp::create(rewriter, loc, op.getSource(), offsets, sizes, strides);
    Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(), type.getElementType());
    AffineMap from = AffineMap::get(type.getRank(), 0, read, rewriter.getContext());
    AffineMap to = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    rewriter.replaceOpWithNewOp<linalg::GenericOp>(
        op, type, ValueRange{dense}, ValueRange{empty}, ArrayRef<AffineMap>{from, to}, iterators,
        [](OpBuilder &b, Location inner, ValueRange args) { linalg::YieldOp::create(b, inner, args[0]); });
    return success();
  }
};

/// A window need not reach the end of what it slides over. Where it slides by one place only, dropping that unit loop
/// leaves the window's own loop as the index, and the operand's extent would become that loop's: cut the operand to
/// what is read of it before.
struct CutUnreadEnds : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    SmallVector<AffineExpr> withoutUnits;
    for (auto [d, range] : llvm::enumerate(ranges))
      withoutUnits.push_back(range == 1 ? rewriter.getAffineConstantExpr(0) : rewriter.getAffineDimExpr(d));
    bool changed = false;
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto type = dyn_cast<RankedTensorType>(input->get().getType());
      if (!type)
        continue;
      SmallVector<int64_t> sizes(type.getShape());
      for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(input).getResults())) {
        auto loop = dyn_cast<AffineDimExpr>(expr.replaceDims(withoutUnits));
        if (loop && !isa<AffineDimExpr>(expr))
          sizes[d] = std::min(sizes[d], ranges[loop.getPosition()]);
      }
      if (ArrayRef<int64_t>(sizes) == type.getShape())
        continue;
      SmallVector<OpFoldResult> offsets(sizes.size(), rewriter.getIndexAttr(0)),
          strides(sizes.size(), rewriter.getIndexAttr(1));
      Value cut = tensor::ExtractSliceOp::create(rewriter, op.getLoc(), input->get(), offsets,
                                                 getAsIndexOpFoldResult(rewriter.getContext(), sizes), strides);
      rewriter.modifyOpInPlace(op, [&] { input->set(cut); });
      changed = true;
    }
    return success(changed);
  }
};

/// A concatenation is code for each of its parts, and a region that makes it has all of them. One of many is made in
/// groups, each as soon as its parts are there: then the regions that make the parts can make the groups.
void groupConcatenations(func::FuncOp function) {
  constexpr int64_t kMostParts = 32;
  SmallVector<tensor::ConcatOp> large;
  function.walk([&](tensor::ConcatOp op) {
    if (static_cast<int64_t>(op.getInputs().size()) > kMostParts)
      large.push_back(op);
  });
  for (tensor::ConcatOp op : large) {
    SmallVector<Value> parts(op.getInputs());
    while (static_cast<int64_t>(parts.size()) > kMostParts) {
      SmallVector<Value> groups;
      for (size_t first = 0; first < parts.size(); first += kMostParts) {
        ArrayRef<Value> group = ArrayRef(parts).slice(first, std::min<size_t>(kMostParts, parts.size() - first));
        Operation *last = nullptr;
        for (Value part : group)
          if (Operation *made = part.getDefiningOp(); made && (!last || last->isBeforeInBlock(made)))
            last = made;
        OpBuilder builder(op);
        if (last)
          builder.setInsertionPointAfter(last);
        groups.push_back(group.size() == 1
                             ? group.front()
                             : tensor::ConcatOp::create(builder, op.getLoc(), op.getDim(), group).getResult());
      }
      parts = std::move(groups);
    }
    op.getInputsMutable().assign(parts);
  }
}

struct PrepareKernels : wafer::impl::PrepareKernelsBase<PrepareKernels> {
  LogicalResult initialize(MLIRContext *context) override {
    auto make = [&](llvm::function_ref<void(RewritePatternSet &)> populate) {
      RewritePatternSet patterns(context);
      populate(patterns);
      return FrozenRewritePatternSet(std::move(patterns));
    };
    expandMath = make(populateExpandMathPatterns);
    cutEnds = make([&](RewritePatternSet &patterns) { patterns.add<CutUnreadEnds>(context); });
    dropUnits = make([&](RewritePatternSet &patterns) {
      patterns.add<StridedSlice>(context);
      populateGatherRowsPatterns(patterns);
      linalg::ControlDropUnitDims options;
      linalg::populateFoldUnitExtentDimsPatterns(patterns, options);
      linalg::populateMoveInitOperandsToInputPattern(patterns);
    });
    fuse = make([&](RewritePatternSet &patterns) {
      linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
      linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
      linalg::populateConstantFoldLinalgOperations(patterns, [](OpOperand *) { return true; });
      tensor::populateFoldTensorEmptyPatterns(patterns);
      linalg::FillOp::getCanonicalizationPatterns(patterns, context);
      linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
      tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
      tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
      context->getLoadedDialect<linalg::LinalgDialect>()->getCanonicalizationPatterns(patterns);
    });
    reorder = make([&](RewritePatternSet &patterns) {
      patterns.add<StartFromIdentity, MultiplyByReciprocalRoot>(context);
      populateReorderedSlicesPatterns(patterns);
      populateScaleOperandsPatterns(patterns);
    });
    splitLoops = make(populateSplitLoopPatterns);
    return success();
  }

  void runOnOperation() override {
    auto apply = [&](const FrozenRewritePatternSet &patterns, bool *changed = nullptr) {
      // Regions have one block each.
      const GreedyRewriteConfig config =
          GreedyRewriteConfig().setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
      return applyPatternsGreedily(getOperation(), patterns, config, changed);
    };
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      dropEmptyTensors(function);
    // Unit dimensions before fusing: they hide that shapes agree.
    if (failed(apply(expandMath)) || failed(apply(cutEnds)) || failed(apply(dropUnits)) || failed(apply(fuse)))
      return signalPassFailure();
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      foldReshapes(function);
    bool changed = false;
    if (failed(apply(reorder, &changed)))
      return signalPassFailure();
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      changed |= commuteFactors(function);
      changed |= mergeDimensions(function);
    }
    if (changed && failed(apply(fuse)))
      return signalPassFailure();
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      groupConcatenations(function);
      if (splitLongInputs(function) && failed(apply(splitLoops)))
        return signalPassFailure();
    }
    getOperation().walk([&](linalg::GenericOp) { ++numKernels; });
  }

  FrozenRewritePatternSet expandMath, cutEnds, dropUnits, fuse, reorder, splitLoops;
};

} // namespace
