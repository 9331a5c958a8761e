// Folders and canonicalization of the pe dialect.
//
// Code is memory, so the patterns that matter are those that save a word or a register: constants gather on the right,
// where instructions have a field for them; chains of constants become one; division and remainder, which are routines,
// become shifts and masks where the sign allows it. Dimensions of nests that do not count are left to
// pe-collapse-nests, which looks at all users of a nest at once.
#include "wafer/Dialect/Pe/PeDialect.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace wafer::pe;

std::optional<int32_t> wafer::pe::constantOf(Value value) {
  if (auto op = value.getDefiningOp<ConstOp>())
    return op.getValue();
  return std::nullopt;
}

bool wafer::pe::isKnownNonNegative(Value value) {
  // Expressions of boxes are shallow; the bound keeps a hostile chain linear.
  auto visit = [](auto &self, Value v, unsigned depth) -> bool {
    if (std::optional<int32_t> constant = constantOf(v))
      return *constant >= 0;
    if (v.getDefiningOp<CoordOp>())
      return true;
    auto op = v.getDefiningOp<ScalarOp>();
    if (!op || depth == 0)
      return false;
    auto a = [&] { return self(self, op.getA(), depth - 1); };
    auto b = [&] { return self(self, op.getB(), depth - 1); };
    switch (op.getKind()) {
    case ScalarKind::Slt:
    case ScalarKind::Seq:
      return true;
    case ScalarKind::Max:
    case ScalarKind::And:
      return a() || b();
    case ScalarKind::Min:
    case ScalarKind::Div:
    case ScalarKind::Or:
    case ScalarKind::Xor:
      return a() && b();
    case ScalarKind::Rem:
    case ScalarKind::Shr:
      return a();
    default:
      return false; // may wrap
    }
  };
  return visit(visit, value, 6);
}

//===- Control ------------------------------------------------------------===//

/// A loop that runs never or once is no loop.
static LogicalResult unrollShortLoop(ForOp op, PatternRewriter &rewriter) {
  std::optional<int32_t> lower = constantOf(op.getLower()), upper = constantOf(op.getUpper()),
                         step = constantOf(op.getStep());
  if (op.getLower() == op.getUpper() || (lower && upper && *lower >= *upper)) {
    rewriter.eraseOp(op);
    return success();
  }
  if (!lower || !upper || !step || int64_t(*lower) + *step < *upper)
    return rewriter.notifyMatchFailure(op, "may run more than once");
  rewriter.inlineBlockBefore(&op.getBody().front(), op, op.getLower());
  rewriter.eraseOp(op);
  return success();
}

void ForOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add(unrollShortLoop);
}

void IfOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  // A constant condition leaves one body.
  patterns.add(+[](IfOp op, PatternRewriter &rewriter) -> LogicalResult {
    std::optional<int32_t> condition = constantOf(op.getCondition());
    if (!condition)
      return rewriter.notifyMatchFailure(op, "condition is not a constant");
    Region &taken = *condition != 0 ? op.getThenRegion() : op.getElseRegion();
    if (!taken.empty())
      rewriter.inlineBlockBefore(&taken.front(), op);
    rewriter.eraseOp(op);
    return success();
  });
  // An else without code goes.
  patterns.add(+[](IfOp op, PatternRewriter &rewriter) -> LogicalResult {
    Region &otherwise = op.getElseRegion();
    if (otherwise.empty() || !otherwise.front().empty())
      return rewriter.notifyMatchFailure(op, "has no empty else");
    rewriter.modifyOpInPlace(op, [&] { otherwise.front().erase(); });
    return success();
  });
}

void TrapOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add(+[](TrapOp op, PatternRewriter &rewriter) -> LogicalResult {
    if (constantOf(op.getCondition()) != 0)
      return rewriter.notifyMatchFailure(op, "may end the run");
    rewriter.eraseOp(op);
    return success();
  });
}

//===- Scalars ------------------------------------------------------------===//

OpFoldResult ConstOp::fold(FoldAdaptor) { return getValueAttr(); }

OpFoldResult ScalarOp::fold(FoldAdaptor adaptor) {
  auto a = dyn_cast_or_null<IntegerAttr>(adaptor.getA());
  auto b = dyn_cast_or_null<IntegerAttr>(adaptor.getB());
  ScalarKind kind = getKind();
  // Identities that need one constant.
  if (b && b.getInt() == 0 &&
      llvm::is_contained(
          {ScalarKind::Add, ScalarKind::Sub, ScalarKind::Or, ScalarKind::Xor, ScalarKind::Shl, ScalarKind::Shr}, kind))
    return getA();
  if (a && a.getInt() == 0 && llvm::is_contained({ScalarKind::Add, ScalarKind::Or, ScalarKind::Xor}, kind))
    return getB();
  if (b && b.getInt() == 1 && llvm::is_contained({ScalarKind::Mul, ScalarKind::Div}, kind))
    return getA();
  if (a && a.getInt() == 1 && kind == ScalarKind::Mul)
    return getB();
  Builder builder(getContext());
  if (kind == ScalarKind::Mul && ((a && a.getInt() == 0) || (b && b.getInt() == 0)))
    return builder.getI32IntegerAttr(0);
  if (kind == ScalarKind::Rem && b && b.getInt() == 1)
    return builder.getI32IntegerAttr(0);
  if (getA() == getB()) {
    if (llvm::is_contained({ScalarKind::Min, ScalarKind::Max, ScalarKind::And, ScalarKind::Or}, kind))
      return getA();
    if (llvm::is_contained({ScalarKind::Sub, ScalarKind::Xor, ScalarKind::Slt}, kind))
      return builder.getI32IntegerAttr(0);
    if (kind == ScalarKind::Seq)
      return builder.getI32IntegerAttr(1);
  }
  // Against zero, when the sign is known.
  if (b && b.getInt() <= 0 && isKnownNonNegative(getA())) {
    if (kind == ScalarKind::Max)
      return getA();
    if (kind == ScalarKind::Slt)
      return builder.getI32IntegerAttr(0);
    if (kind == ScalarKind::Min)
      return getB();
  }
  if (!a || !b)
    return {};
  int32_t x = a.getInt(), y = b.getInt();
  uint32_t ux = x, uy = y;
  switch (kind) {
  case ScalarKind::Add:
    return builder.getI32IntegerAttr(ux + uy);
  case ScalarKind::Sub:
    return builder.getI32IntegerAttr(ux - uy);
  case ScalarKind::Mul:
    return builder.getI32IntegerAttr(ux * uy);
  case ScalarKind::Min:
    return builder.getI32IntegerAttr(std::min(x, y));
  case ScalarKind::Max:
    return builder.getI32IntegerAttr(std::max(x, y));
  case ScalarKind::And:
    return builder.getI32IntegerAttr(x & y);
  case ScalarKind::Or:
    return builder.getI32IntegerAttr(x | y);
  case ScalarKind::Xor:
    return builder.getI32IntegerAttr(x ^ y);
  case ScalarKind::Shl:
    return uy < 32 ? OpFoldResult(builder.getI32IntegerAttr(ux << uy)) : OpFoldResult();
  case ScalarKind::Shr:
    return uy < 32 ? OpFoldResult(builder.getI32IntegerAttr(x >> uy)) : OpFoldResult();
  case ScalarKind::Div:
    return y > 0 ? OpFoldResult(builder.getI32IntegerAttr(x / y)) : OpFoldResult();
  case ScalarKind::Rem:
    return y > 0 ? OpFoldResult(builder.getI32IntegerAttr(x % y)) : OpFoldResult();
  case ScalarKind::Slt:
    return builder.getI32IntegerAttr(x < y);
  case ScalarKind::Seq:
    return builder.getI32IntegerAttr(x == y);
  }
  return {};
}

static bool isCommutative(ScalarKind kind) {
  switch (kind) {
  case ScalarKind::Add:
  case ScalarKind::Mul:
  case ScalarKind::Min:
  case ScalarKind::Max:
  case ScalarKind::And:
  case ScalarKind::Or:
  case ScalarKind::Xor:
  case ScalarKind::Seq:
    return true;
  default:
    return false;
  }
}

/// Constants stand on the right: add 1, x -> add x, 1; and x - c is x + -c.
static LogicalResult moveConstantRight(ScalarOp op, PatternRewriter &rewriter) {
  std::optional<int32_t> a = constantOf(op.getA()), b = constantOf(op.getB());
  if (isCommutative(op.getKind()) && a && !b) {
    rewriter.replaceOpWithNewOp<ScalarOp>(op, op.getKind(), op.getB(), op.getA());
    return success();
  }
  if (op.getKind() == ScalarKind::Sub && b && *b != INT32_MIN) {
    Value negated = ConstOp::create(rewriter, op.getLoc(), -int64_t(*b));
    rewriter.replaceOpWithNewOp<ScalarOp>(op, ScalarKind::Add, op.getA(), negated);
    return success();
  }
  return rewriter.notifyMatchFailure(op, "no constant to move");
}

/// (x op c1) op c2 -> x op (c1 op c2), for operations that wrap or select.
static LogicalResult joinConstants(ScalarOp op, PatternRewriter &rewriter) {
  auto inner = op.getA().getDefiningOp<ScalarOp>();
  ScalarKind kind = op.getKind();
  if (!inner || inner.getKind() != kind || kind == ScalarKind::Seq || !isCommutative(kind))
    return rewriter.notifyMatchFailure(op, "not a chain of one operation");
  if (!constantOf(inner.getB()) || !constantOf(op.getB()))
    return rewriter.notifyMatchFailure(op, "not a chain of constants");
  Value joined = rewriter.createOrFold<ScalarOp>(op.getLoc(), kind, inner.getB(), op.getB());
  rewriter.replaceOpWithNewOp<ScalarOp>(op, kind, inner.getA(), joined);
  return success();
}

/// (x + c1) * c2 -> x * c2 + c1 * c2, so that address arithmetic ends in an addition that other patterns join.
static LogicalResult distributeConstant(ScalarOp op, PatternRewriter &rewriter) {
  auto inner = op.getA().getDefiningOp<ScalarOp>();
  if (op.getKind() != ScalarKind::Mul || !constantOf(op.getB()) || !inner || inner.getKind() != ScalarKind::Add ||
      !constantOf(inner.getB()) || !inner->hasOneUse())
    return rewriter.notifyMatchFailure(op, "not a scaled sum with a constant");
  Value scaled = ScalarOp::create(rewriter, op.getLoc(), ScalarKind::Mul, inner.getA(), op.getB());
  Value constant = rewriter.createOrFold<ScalarOp>(op.getLoc(), ScalarKind::Mul, inner.getB(), op.getB());
  rewriter.replaceOpWithNewOp<ScalarOp>(op, ScalarKind::Add, scaled, constant);
  return success();
}

/// Division of what is not negative by a power of two.
static LogicalResult divideByShifting(ScalarOp op, PatternRewriter &rewriter) {
  std::optional<int32_t> b = constantOf(op.getB());
  bool isDiv = op.getKind() == ScalarKind::Div;
  if ((!isDiv && op.getKind() != ScalarKind::Rem) || !b || *b <= 0 || !llvm::isPowerOf2_32(*b) ||
      !isKnownNonNegative(op.getA()))
    return rewriter.notifyMatchFailure(op, "not a division of a natural number by a power of two");
  Value constant = ConstOp::create(rewriter, op.getLoc(), isDiv ? llvm::Log2_32(*b) : *b - 1);
  rewriter.replaceOpWithNewOp<ScalarOp>(op, isDiv ? ScalarKind::Shr : ScalarKind::And, op.getA(), constant);
  return success();
}

void ScalarOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add(moveConstantRight);
  patterns.add(joinConstants);
  patterns.add(distributeConstant);
  patterns.add(divideByShifting);
}

//===- Vectors ------------------------------------------------------------===//

/// A nest that is known to be empty moves nothing; only a control wavelet would be left of it.
static LogicalResult dropEmptyNest(VecOp op, PatternRewriter &rewriter) {
  if (op.getControl() != Control::None || llvm::none_of(op.getNest(), [](Value extent) {
        std::optional<int32_t> constant = constantOf(extent);
        return constant && *constant <= 0;
      }))
    return rewriter.notifyMatchFailure(op, "nest may hold elements");
  rewriter.eraseOp(op);
  return success();
}

void VecOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add(dropEmptyNest);
}
