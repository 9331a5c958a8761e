// A dimension goes to one side of a region, or to both, but what comes in by the host's few lanes and goes on along
// columns needs rows and columns of its own. So an input with a dimension too long for one side is given in two: the
// host's tensors are row-major, [4194304] may as well be [2048, 2048], and what is computed of it element by element or
// summed up follows (a collapse behind it is folded into the loops of its readers, and ends where the output leaves).
#include "PrepareKernels.h"

#include "wafer/Tensor/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace wafer;

namespace {

/// What the PEs of one side hold of a dimension, some thousand words each, is not much more.
constexpr int64_t kLongDimension = 1 << 18, kSide = 64;

/// The outer one of two extents that a side each divides with the least left over, if there are any; of several the one
/// nearest to the other.
std::optional<int64_t> outerExtent(int64_t extent) {
  auto shareOf = [](int64_t n) { return static_cast<double>(llvm::divideCeil(n, kSide)) / static_cast<double>(n); };
  std::optional<int64_t> best;
  double least = 0;
  for (int64_t outer = kSide; outer * outer <= extent; ++outer) {
    if (extent % outer != 0)
      continue;
    double share = shareOf(outer) * shareOf(extent / outer);
    if (!best || share <= least) {
      best = outer;
      least = share;
    }
  }
  return best;
}

/// All readers are kernels that read each tensor along their loops, and one of these goes along the dimension.
bool isLoopOfAllReaders(Value value, unsigned d) {
  return !value.use_empty() && llvm::all_of(value.getUses(), [&](OpOperand &use) {
    auto op = llvm::dyn_cast<linalg::GenericOp>(use.getOwner());
    return op && llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isProjectedPermutation(); }) &&
           llvm::isa<AffineDimExpr>(op.getMatchingIndexingMap(&use).getResult(d));
  });
}

bool hasLongDimension(Value value) {
  return llvm::any_of(cast<RankedTensorType>(value.getType()).getShape(),
                      [](int64_t extent) { return extent >= kLongDimension; });
}

} // namespace

/// Takes an argument in the shape that its only reader gives it.
static void takeAsRead(BlockArgument argument) {
  while (argument.hasOneUse() && llvm::isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(*argument.user_begin())) {
    Operation *reshape = *argument.user_begin();
    argument.setType(reshape->getResult(0).getType());
    reshape->getResult(0).replaceAllUsesWith(argument);
    reshape->erase();
  }
}

bool wafer::splitLongInputs(func::FuncOp function) {
  bool changed = false;
  OpBuilder builder(function.getContext());
  for (BlockArgument argument : function.getArguments()) {
    auto known = dyn_cast<RankedTensorType>(argument.getType());
    if (!known || !known.hasStaticShape() || !hasLongDimension(argument))
      continue;
    takeAsRead(argument);
    function.setArgAttr(argument.getArgNumber(), kHostShape, builder.getDenseI64ArrayAttr(known.getShape()));
    changed |= argument.getType() != known;
    auto type = cast<RankedTensorType>(argument.getType());
    const auto *longest = llvm::max_element(type.getShape());
    if (longest == type.getShape().end() || *longest < kLongDimension || type.getNumElements() / *longest >= kSide)
      continue;
    unsigned d = longest - type.getShape().begin();
    std::optional<int64_t> outer = outerExtent(*longest);
    if (!outer || !isLoopOfAllReaders(argument, d))
      continue;
    SmallVector<int64_t> shape(type.getShape());
    shape[d] /= *outer;
    shape.insert(shape.begin() + d, *outer);
    SmallVector<ReassociationIndices> groups;
    for (int64_t k = 0, next = 0; k != type.getRank(); ++k) {
      groups.push_back({next++});
      if (k == d)
        groups.back().push_back(next++);
    }
    argument.setType(type.clone(shape));
    builder.setInsertionPointToStart(&function.getBody().front());
    auto whole = tensor::CollapseShapeOp::create(builder, argument.getLoc(), type, argument, groups);
    argument.replaceAllUsesExcept(whole, whole);
    changed = true;
  }
  if (changed)
    function.setType(FunctionType::get(function.getContext(), function.getBody().front().getArgumentTypes(),
                                       function.getFunctionType().getResults()));
  return changed;
}

void wafer::populateSplitLoopPatterns(RewritePatternSet &patterns) {
  linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, [](OpOperand *operand) {
    auto collapse = operand->get().getDefiningOp<tensor::CollapseShapeOp>();
    return collapse && hasLongDimension(collapse.getResult());
  });
}
