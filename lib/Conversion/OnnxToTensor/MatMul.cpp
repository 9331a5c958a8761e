// Matrix products: one contraction each, batch dimensions and transpositions in its maps.
#include "MatMul.h"

using namespace mlir;
using namespace wafer;

// NumPy's matmul: leading dimensions broadcast, a 1-D operand lacks its m or n.
FailureOr<Value> wafer::matrixProduct(NodeLowering &n, Value lhs, Value rhs) {
  ArrayRef<int64_t> a = shapeOf(lhs), b = shapeOf(rhs);
  if (a.empty() || b.empty())
    return n.invalid("the operands of a matrix product must not be scalars");
  MLIRContext *context = n.t.b.getContext();
  bool hasM = a.size() > 1, hasN = b.size() > 1;
  int64_t k = a.back();
  if (k != (hasN ? b[b.size() - 2] : b[0]))
    return n.invalid("the inner dimensions are " + Twine(k) + " and " + Twine(hasN ? b[b.size() - 2] : b[0]));
  ArrayRef<int64_t> batchA = hasM ? a.drop_back(2) : ArrayRef<int64_t>();
  ArrayRef<int64_t> batchB = hasN ? b.drop_back(2) : ArrayRef<int64_t>();
  auto batch = broadcastShapes(batchA, batchB);
  if (!batch)
    return n.invalid("the batch dimensions do not broadcast");

  SmallVector<int64_t> loops(*batch);
  SmallVector<AffineExpr> resultExprs;
  for (size_t d = 0; d != batch->size(); ++d)
    resultExprs.push_back(getAffineDimExpr(d, context));
  auto addLoop = [&](int64_t extent) {
    loops.push_back(extent);
    return getAffineDimExpr(loops.size() - 1, context);
  };
  AffineExpr m, column;
  if (hasM)
    resultExprs.push_back(m = addLoop(a[a.size() - 2]));
  if (hasN)
    resultExprs.push_back(column = addLoop(b.back()));
  AffineExpr inner = addLoop(k);

  auto batchExprs = [&](ArrayRef<int64_t> dims) {
    SmallVector<AffineExpr> exprs;
    for (auto [i, dim] : llvm::enumerate(dims)) {
      size_t loop = batch->size() - dims.size() + i;
      exprs.push_back(dim == 1 && (*batch)[loop] != 1 ? getAffineConstantExpr(0, context)
                                                      : getAffineDimExpr(loop, context));
    }
    return exprs;
  };
  SmallVector<AffineExpr> exprsA = batchExprs(batchA), exprsB = batchExprs(batchB);
  if (hasM)
    exprsA.push_back(m);
  exprsA.push_back(inner);
  exprsB.push_back(inner);
  if (hasN)
    exprsB.push_back(column);
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(loops.size(), 0, exprs, context); };
  return n.t.contract(lhs, rhs, map(exprsA), map(exprsB), map(resultExprs), loops);
}

LogicalResult wafer::lowerGemm(NodeLowering &n) {
  if (n.rank(0) != 2 || n.rank(1) != 2)
    return n.invalid("the operands must be matrices");
  bool transA = n.intAttr("transA", 0), transB = n.intAttr("transB", 0);
  double alpha = n.floatAttr("alpha", 1), beta = n.floatAttr("beta", 1);
  int64_t m = n.shape(0)[transA ? 1 : 0], k = n.shape(0)[transA ? 0 : 1];
  int64_t kB = n.shape(1)[transB ? 1 : 0], columns = n.shape(1)[transB ? 0 : 1];
  if (k != kB)
    return n.invalid("the inner dimensions are " + Twine(k) + " and " + Twine(kB));
  AffineExpr i, j, l;
  MLIRContext *context = n.t.b.getContext();
  bindDims(context, i, j, l);
  auto map = [&](AffineExpr x, AffineExpr y) { return AffineMap::get(3, 0, {x, y}, context); };
  Value y = n.t.contract(n.operand(0), n.operand(1), transA ? map(l, i) : map(i, l), transB ? map(j, l) : map(l, j),
                         map(i, j), {m, columns, k});
  Type element = n.t.element(y);
  SmallVector<Value> operands{y};
  if (n.operand(2) && beta != 0) {
    auto shape = broadcastShapes(shapeOf(y), n.shape(2));
    if (!shape || *shape != SmallVector<int64_t>(shapeOf(y)))
      return n.invalid("C does not broadcast to the product");
    operands.push_back(n.operand(2));
  }
  if (operands.size() > 1 || alpha != 1)
    y = n.t.map(operands, element, [&](ScalarBuilder &s, ValueRange v) {
      Value product = alpha == 1 ? v[0] : s.mul(s.constant(element, alpha), v[0]);
      if (v.size() == 1)
        return product;
      return s.add(product, beta == 1 ? v[1] : s.mul(s.constant(element, beta), v[1]));
    });
  n.setOutput(0, y);
  return success();
}

namespace {

LogicalResult lowerMatMul(NodeLowering &n) {
  auto product = matrixProduct(n, n.operand(0), n.operand(1));
  if (failed(product))
    return failure();
  n.setOutput(0, *product);
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::matmulLowerings() {
  static constexpr LoweringEntry table[] = {
      {"MatMul", 1, lowerMatMul},
      {"Gemm", 7, lowerGemm},
  };
  return table;
}
