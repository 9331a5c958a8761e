// Builds the body of one pe.func: scalar arithmetic that folds as it is built, coordinates on demand, and the clipped
// interval arithmetic of boxes.
#ifndef WAFER_COLLECTIVES_PEBUILDER_H
#define WAFER_COLLECTIVES_PEBUILDER_H

#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Dialect/Wafer/Transfer.h"

#include <optional>

namespace wafer::wfr {

/// Where a tensor lies: in a buffer of its own, or from a word of one on that it shares.
struct BufferPart {
  std::string name;
  int64_t offsetWords = 0;

  BufferPart() = default;
  BufferPart(std::string name, int64_t offsetWords = 0) : name(std::move(name)), offsetWords(offsetWords) {}
  bool operator==(const BufferPart &) const = default;
};

class PeBuilder {
public:
  PeBuilder(mlir::OpBuilder &builder, mlir::Location loc, const TransferSizes &sizes, Split splitX, Split splitY)
      : builder(builder), loc(loc), sizes(sizes), splitX(splitX), splitY(splitY) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;
  TransferSizes sizes;
  Split splitX, splitY;

  mlir::Value constant(int64_t value);
  mlir::Value scalar(pe::ScalarKind kind, mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, mlir::Value b) { return scalar(pe::ScalarKind::Add, a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return scalar(pe::ScalarKind::Sub, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return scalar(pe::ScalarKind::Mul, a, b); }
  mlir::Value less(mlir::Value a, mlir::Value b) { return scalar(pe::ScalarKind::Slt, a, b); }
  mlir::Value equal(mlir::Value a, mlir::Value b) { return scalar(pe::ScalarKind::Seq, a, b); }

  /// Binds the value of an axis of transfers (t, or the sender's coordinate in a loop).
  void bind(unsigned axis, mlir::Value value) { coordinates[axis] = value; }
  mlir::Value coordinate(unsigned axis);
  /// The PE's x or y, undivided.
  mlir::Value position(Side side);
  mlir::Value value(const TransferAffine &affine);

  /// The largest (smallest) of the bounds; those that can never decide are left out.
  mlir::Value lower(const Bounds &bounds) { return extreme(bounds, /*largest=*/true); }
  mlir::Value upper(const Bounds &bounds) { return extreme(bounds, /*largest=*/false); }
  /// upper - lower; may be negative where the range is empty.
  mlir::Value extent(const Span &range);
  /// The same, never negative.
  mlir::Value clampedExtent(const Span &range);
  /// True if the range is empty on no PE.
  bool neverEmpty(const Span &range) const;

  mlir::Value address(const BufferPart &buffer, int64_t offsetWords = 0);
  mlir::Value desc(mlir::Value base, llvm::ArrayRef<int64_t> strides);
  mlir::Value fabric(int color);
  pe::VecOp vec(pe::VectorKind kind, pe::ElementType type, mlir::ValueRange nest, mlir::Value dst, mlir::Value a,
                mlir::Value b = {}, mlir::Value c = {}, int thread = 0, pe::Control control = pe::Control::None);
  void wait(int thread);
  /// The function does not wait for all threads that it starts: main, or whoever uses them next, will.
  void leaveOpen();

  /// Builds `body` under a condition; a null condition is true.
  void when(mlir::Value condition, llvm::function_ref<void()> body, llvm::function_ref<void()> otherwise = {});
  /// Builds `body` for i = 0 .. upper - 1 by step.
  void loop(mlir::Value upper, int64_t step, llvm::function_ref<void(mlir::Value)> body);

private:
  /// Of x in 0 .. end - 1, by a constant.
  mlir::Value quotient(mlir::Value x, int64_t divisor, int64_t end);
  mlir::Value remainder(mlir::Value x, int64_t divisor, int64_t end);
  mlir::Value extreme(const Bounds &bounds, bool largest);
  Bounds deciding(const Bounds &bounds, bool largest) const;

  std::array<mlir::Value, kTransferAxes> coordinates{};
};

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_PEBUILDER_H
