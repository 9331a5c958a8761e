#include "wafer/Collectives/PeBuilder.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

Value PeBuilder::constant(int64_t value) { return pe::ConstOp::create(builder, loc, value); }

Value PeBuilder::scalar(pe::ScalarKind kind, Value a, Value b) {
  return builder.createOrFold<pe::ScalarOp>(loc, builder.getI32Type(), kind, a, b);
}

Value PeBuilder::position(Side side) {
  // Coordinates are read where they are used: a value read inside a loop or a branch is not visible outside.
  return pe::CoordOp::create(builder, loc, builder.getI32Type(), side == Side::X ? pe::Axis::X : pe::Axis::Y);
}

Value PeBuilder::coordinate(unsigned axis) {
  if (coordinates[axis])
    return coordinates[axis];
  if (sizes.size[axis] == 1)
    return constant(0);
  const Side side = llvm::is_contained(sideAxes(Side::X), axis) ? Side::X : Side::Y;
  const Split split = side == Side::X ? splitX : splitY;
  const int64_t pes = sizes.size[majorAxis(side)] * split.inner();
  if (axis == majorAxis(side))
    return quotient(position(side), split.inner(), pes);
  if (axis == minorAxis(side))
    return remainder(position(side), split.minor, pes);
  return remainder(quotient(position(side), split.minor, pes), split.middle, pes / split.minor);
}

// A division takes 50 cycles. With the reciprocal rounded up, x * reciprocal is too large by less than x * divisor of
// 2^kBits, which is less than one of them; and a product of the two fits 32 bits.
constexpr int64_t kBits = 20, kMostByProduct = 1 << (kBits / 2);

Value PeBuilder::quotient(Value x, int64_t divisor, int64_t end) {
  if (llvm::isPowerOf2_64(divisor))
    return scalar(pe::ScalarKind::Shr, x, constant(llvm::Log2_64(divisor)));
  if (end > kMostByProduct)
    return scalar(pe::ScalarKind::Div, x, constant(divisor));
  const int64_t reciprocal = llvm::divideCeil(int64_t(1) << kBits, divisor);
  return scalar(pe::ScalarKind::Shr, mul(x, constant(reciprocal)), constant(kBits));
}

Value PeBuilder::remainder(Value x, int64_t divisor, int64_t end) {
  if (llvm::isPowerOf2_64(divisor))
    return scalar(pe::ScalarKind::And, x, constant(divisor - 1));
  if (end > kMostByProduct)
    return scalar(pe::ScalarKind::Rem, x, constant(divisor));
  return sub(x, mul(quotient(x, divisor, end), constant(divisor)));
}

Value PeBuilder::value(const TransferAffine &affine) {
  Value sum;
  for (unsigned a = 0; a != kTransferAxes; ++a) {
    if (affine.step[a] == 0 || (sizes.size[a] == 1 && !coordinates[a]))
      continue;
    Value term = mul(coordinate(a), constant(affine.step[a]));
    sum = sum ? add(sum, term) : term;
  }
  if (!sum)
    return constant(affine.constant);
  return affine.constant ? add(sum, constant(affine.constant)) : sum;
}

Bounds PeBuilder::deciding(const Bounds &bounds, bool largest) const {
  Bounds kept;
  for (size_t i = 0; i != bounds.size(); ++i) {
    bool dominated = false;
    for (size_t j = 0; j != bounds.size() && !dominated; ++j) {
      if (i == j)
        continue;
      TransferAffine lead = largest ? bounds[j] - bounds[i] : bounds[i] - bounds[j];
      // Of two equal bounds the first stays.
      dominated = minOf(lead, sizes) >= 0 && (j < i || maxOf(lead, sizes) > 0);
    }
    if (!dominated)
      kept.push_back(bounds[i]);
  }
  return kept;
}

Value PeBuilder::extreme(const Bounds &bounds, bool largest) {
  Value result;
  for (const TransferAffine &bound : deciding(bounds, largest)) {
    Value next = value(bound);
    result = result ? scalar(largest ? pe::ScalarKind::Max : pe::ScalarKind::Min, result, next) : next;
  }
  return result;
}

Value PeBuilder::extent(const Span &range) {
  Bounds lows = deciding(range.lower, true), highs = deciding(range.upper, false);
  if (lows.size() == 1 && highs.size() == 1)
    return value(highs[0] - lows[0]);
  if (lows.size() == 1) {
    // min(h...) - l = min(h - l ...): differences are often constants.
    Bounds differences;
    for (const TransferAffine &high : highs)
      differences.push_back(high - lows[0]);
    return upper(differences);
  }
  return sub(upper(highs), lower(lows));
}

bool PeBuilder::neverEmpty(const Span &range) const {
  for (const TransferAffine &low : range.lower)
    for (const TransferAffine &high : range.upper)
      if (minOf(high - low, sizes) < 0)
        return false;
  return true;
}

Value PeBuilder::clampedExtent(const Span &range) {
  Value result = extent(range);
  return neverEmpty(range) ? result : scalar(pe::ScalarKind::Max, result, constant(0));
}

Value PeBuilder::address(const BufferPart &buffer, int64_t offsetWords) {
  return pe::AddrOp::create(builder, loc, builder.getI32Type(), buffer.name, buffer.offsetWords + offsetWords);
}

Value PeBuilder::desc(Value base, ArrayRef<int64_t> strides) {
  SmallVector<Value, 4> values;
  for (int64_t stride : strides)
    values.push_back(constant(stride));
  return pe::DescOp::create(builder, loc, pe::DescType::get(builder.getContext()), base, values);
}

Value PeBuilder::fabric(int color) {
  return pe::FabricOp::create(builder, loc, pe::FabricType::get(builder.getContext()), color);
}

pe::VecOp PeBuilder::vec(pe::VectorKind kind, pe::ElementType type, ValueRange nest, Value dst, Value a, Value b,
                         Value c, int thread, pe::Control control) {
  return pe::VecOp::create(builder, loc, kind, type, nest, dst, a, b, c, thread, control);
}

void PeBuilder::wait(int thread) { pe::WaitOp::create(builder, loc, thread); }

void PeBuilder::leaveOpen() {
  Operation *around = builder.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<pe::FuncOp>(around);
  (function ? function : around->getParentOfType<pe::FuncOp>()).setOpen(true);
}

void PeBuilder::when(Value condition, llvm::function_ref<void()> body, llvm::function_ref<void()> otherwise) {
  if (!condition)
    return body();
  if (auto known = condition.getDefiningOp<pe::ConstOp>()) {
    if (known.getValue() != 0)
      body();
    else if (otherwise)
      otherwise();
    return;
  }
  auto branch = pe::IfOp::create(builder, loc, condition, /*withElse=*/static_cast<bool>(otherwise));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&branch.getThenRegion().front());
  body();
  if (otherwise) {
    builder.setInsertionPointToStart(&branch.getElseRegion().front());
    otherwise();
  }
}

void PeBuilder::loop(Value upper, int64_t step, llvm::function_ref<void(Value)> body) {
  auto known = upper.getDefiningOp<pe::ConstOp>();
  if (known && static_cast<int32_t>(known.getValue()) <= step) {
    if (static_cast<int32_t>(known.getValue()) > 0)
      body(constant(0));
    return;
  }
  auto op = pe::ForOp::create(builder, loc, constant(0), upper, constant(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&op.getBody().front());
  body(op.getInductionVar());
}
