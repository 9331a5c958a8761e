// A factor that is the same for all terms of a sum is applied to the sum: (x * r) W = (x W) * r, where a row of x has
// one r. Norms and softmax end in such a factor, which itself is a reduction over the row. Applied before the product,
// the product waits for it; after it, both reductions are ready together, and over the same lines of PEs they are one
// (lib/Plan/Combine.cpp).
//
// Only what waits for a reduction goes behind the product, and only if everything that reads the scaled tensor is a
// product: nothing is computed twice.
#include "PrepareKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace wafer;

bool wafer::isElementwise(linalg::GenericOp op) {
  return op.getNumParallelLoops() == op.getNumLoops() && op.getNumResults() == 1 && !op.hasIndexSemantics() &&
         op.getDpsInitOperand(0)->get().getDefiningOp<tensor::EmptyOp>();
}

bool wafer::isProduct(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumResults() != 1 || op.getNumReductionLoops() == 0 ||
      !llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isProjectedPermutation(); }))
    return false;
  Block &body = op.getRegion().front();
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum || llvm::range_size(body) != 3)
    return false;
  auto isTerm = [&](Value value, Value other) {
    auto term = value.getDefiningOp<arith::MulFOp>();
    return term && other == body.getArguments().back() && isa<BlockArgument>(term.getLhs()) &&
           isa<BlockArgument>(term.getRhs()) && term.getLhs() != term.getRhs() && term.getLhs() != other &&
           term.getRhs() != other;
  };
  return isTerm(sum.getLhs(), sum.getRhs()) || isTerm(sum.getRhs(), sum.getLhs());
}

namespace {

/// Products of all that the body yields, if that is what it does: the argument is one of the factors.
bool isFactor(BlockArgument argument) {
  Value value = argument;
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (isa<linalg::YieldOp>(user))
      return value != argument;
    if (!isa<arith::MulFOp>(user))
      return false;
    value = user->getResult(0);
  }
  return false;
}

class Commuting {
public:
  explicit Commuting(func::FuncOp function) : function(function), b(function.getContext()) {}

  bool run() {
    SmallVector<linalg::GenericOp> scalings;
    function.walk([&](linalg::GenericOp op) { scalings.push_back(op); });
    bool changed = false;
    for (linalg::GenericOp op : scalings)
      if (OpOperand *factor = factorOf(op)) {
        commute(op, factor);
        changed = true;
      }
    moveToFirstUsers();
    return changed;
  }

private:
  /// A factor of all that an elementwise op makes that could as well be one of what is made of that.
  OpOperand *factorOf(linalg::GenericOp op) {
    if (!isElementwise(op) || op->use_empty() || !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
      return nullptr;
    for (OpOperand *operand : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(operand);
      if (map.isProjectedPermutation() && isFactor(op.getMatchingBlockArgument(operand)) &&
          llvm::all_of(op->getUses(), [&](OpOperand &use) { return isForAllTerms(map, op, use); }) &&
          isOfReduction(operand->get()))
        return operand;
    }
    return nullptr;
  }

  /// A reduction, or a function of its result.
  bool isOfReduction(Value value) {
    auto op = value.getDefiningOp<linalg::GenericOp>();
    if (!op || op.getNumReductionLoops() > 0)
      return op != nullptr;
    auto [known, isNew] = ofReduction.try_emplace(op, false);
    if (!isNew)
      return known->second;
    const bool result =
        isElementwise(op) && llvm::any_of(op.getDpsInputs(), [&](Value input) { return isOfReduction(input); });
    return ofReduction[op] = result;
  }

  /// What reads the tensor sums up terms that have the factor in common.
  static bool isForAllTerms(AffineMap factor, linalg::GenericOp op, OpOperand &use) {
    auto product = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!product || !isProduct(product) || product->getBlock() != op->getBlock())
      return false;
    SmallVector<utils::IteratorType> iterators = product.getIteratorTypesArray();
    bool isSummed = false;
    for (auto [d, loop] : llvm::enumerate(product.getMatchingIndexingMap(&use).getResults())) {
      const bool reduced = iterators[cast<AffineDimExpr>(loop).getPosition()] == utils::IteratorType::reduction;
      if (reduced && factor.isFunctionOfDim(d))
        return false;
      isSummed |= reduced;
    }
    return isSummed;
  }

  void commute(linalg::GenericOp op, OpOperand *factor) {
    const Value scalar = factor->get();
    const AffineMap map = op.getMatchingIndexingMap(factor); // before the body is gone
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : op->getUses())
      uses.push_back(&use);
    const Value unscaled = without(op, factor);
    for (OpOperand *use : uses) {
      auto product = cast<linalg::GenericOp>(use->getOwner());
      const AffineMap read = product.getMatchingIndexingMap(use),
                      written = product.getMatchingIndexingMap(product.getDpsInitOperand(0));
      use->set(unscaled);
      waitsFor(scale(product, scalar, map.compose(read), written));
    }
    ofReduction.erase(op);
    op->erase();
    for (Value made = scalar; Operation *function = made.getDefiningOp();) {
      auto generic = dyn_cast<linalg::GenericOp>(function);
      if (!generic || !isElementwise(generic))
        break;
      later.insert(function);
      made = *llvm::find_if(generic.getDpsInputs(), [&](Value input) { return isOfReduction(input); });
    }
  }

  /// What only needs the sums once they have their factors comes after them.
  void waitsFor(Operation *op) {
    if (!later.insert(op))
      return;
    for (Operation *user : op->getUsers())
      if (auto generic = dyn_cast<linalg::GenericOp>(user); generic ? isElementwise(generic) : isMovement(user))
        waitsFor(user);
  }

  static bool isMovement(Operation *op) {
    return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp>(op);
  }

  /// What is not needed yet is done later: other products of the same tensor come first, and their sums are ready
  /// together.
  void moveToFirstUsers() {
    for (Block &block : function.getRegion())
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
        if (!later.contains(&op))
          continue;
        Operation *first = nullptr;
        for (Operation *user : op.getUsers()) {
          Operation *inBlock = block.findAncestorOpInBlock(*user);
          if (!first || inBlock->isBeforeInBlock(first))
            first = inBlock;
        }
        if (first)
          op.moveBefore(first);
      }
  }

  /// Takes the op's body for one without one of its factors.
  Value without(linalg::GenericOp op, OpOperand *factor) {
    const unsigned number = factor->getOperandNumber();
    Block &body = op.getRegion().front();
    BlockArgument argument = body.getArgument(number);
    auto multiplication = cast<arith::MulFOp>(*argument.user_begin());
    multiplication.replaceAllUsesWith(multiplication.getLhs() == argument ? multiplication.getRhs()
                                                                          : multiplication.getLhs());
    multiplication.erase();
    body.eraseArgument(number);
    SmallVector<Value> inputs(op.getDpsInputs());
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    inputs.erase(inputs.begin() + number);
    maps.erase(maps.begin() + number);
    b.setInsertionPoint(op);
    auto rest = linalg::GenericOp::create(b, op.getLoc(), op->getResultTypes(), inputs, op.getDpsInits(), maps,
                                          op.getIteratorTypesArray());
    rest.getRegion().takeBody(op.getRegion());
    return rest.getResult(0);
  }

  /// The product's result times the factor, for all that read it.
  linalg::GenericOp scale(linalg::GenericOp product, Value scalar, AffineMap factorOfLoops, AffineMap written) {
    Value result = product.getResult(0);
    auto type = cast<RankedTensorType>(result.getType());
    b.setInsertionPointAfter(product);
    Value empty = tensor::EmptyOp::create(b, product.getLoc(), type.getShape(), type.getElementType());
    // Loops of the product that its result has, by their places in the result.
    const AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
    const AffineMap read = factorOfLoops.compose(inverseAndBroadcastProjectedPermutation(written));
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    auto scaled = linalg::GenericOp::create(
        b, scalar.getLoc(), type, ValueRange{result, scalar}, ValueRange{empty},
        ArrayRef<AffineMap>{identity, read, identity}, iterators, [](OpBuilder &inner, Location loc, ValueRange args) {
          linalg::YieldOp::create(inner, loc, arith::MulFOp::create(inner, loc, args[0], args[1]).getResult());
        });
    result.replaceAllUsesExcept(scaled.getResult(0), scaled);
    return scaled;
  }

  func::FuncOp function;
  OpBuilder b;
  SetVector<Operation *> later;
  llvm::DenseMap<Operation *, bool> ofReduction; // of what is no reduction itself
};

} // namespace

bool wafer::commuteFactors(func::FuncOp function) {
  return Commuting(function).run();
  Commuting(function).run();
}
