#include "wafer/Dialect/Wafer/Affine.h"

using namespace mlir;
using namespace wafer::wfr;

AxisSizes wafer::wfr::axisSizes(RegionSize region, int64_t splitX, int64_t splitY, int64_t chunks) {
  AxisSizes sizes;
  sizes.size[X0] = llvm::divideCeil(region.width, splitX);
  sizes.size[X1] = std::min(region.width, splitX);
  sizes.size[Y0] = llvm::divideCeil(region.height, splitY);
  sizes.size[Y1] = std::min(region.height, splitY);
  sizes.size[T] = chunks;
  return sizes;
}

std::optional<SmallVector<int64_t>> wafer::wfr::linearForm(AffineExpr expression, unsigned dims) {
  SmallVector<int64_t> form(dims + 1, 0);
  if (auto dim = dyn_cast<AffineDimExpr>(expression)) {
    form[dim.getPosition()] = 1;
    return form;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expression)) {
    form.back() = constant.getValue();
    return form;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary || (binary.getKind() != AffineExprKind::Add && binary.getKind() != AffineExprKind::Mul))
    return std::nullopt;
  std::optional<SmallVector<int64_t>> a = linearForm(binary.getLHS(), dims), b = linearForm(binary.getRHS(), dims);
  if (!a || !b)
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::Add) {
    for (unsigned i = 0; i <= dims; ++i)
      form[i] = (*a)[i] + (*b)[i];
    return form;
  }
  // One factor of a product is a constant, on the right in canonical form.
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!factor)
    return std::nullopt;
  for (unsigned i = 0; i <= dims; ++i)
    form[i] = (*a)[i] * factor.getValue();
  return form;
}
