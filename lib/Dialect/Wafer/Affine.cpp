#include "wafer/Dialect/Wafer/Affine.h"

using namespace mlir;
using namespace wafer::wfr;

AxisSizes wafer::wfr::axisSizes(RegionSize region, Split splitX, Split splitY, int64_t chunks) {
  AxisSizes sizes;
  for (auto [side, split] : {std::pair{Side::X, splitX}, {Side::Y, splitY}}) {
    const int64_t pes = region.along(side);
    sizes.size[majorAxis(side)] = llvm::divideCeil(pes, split.inner());
    sizes.size[middleAxis(side)] = split.middle;
    sizes.size[minorAxis(side)] = std::min(pes, split.minor);
  }
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
