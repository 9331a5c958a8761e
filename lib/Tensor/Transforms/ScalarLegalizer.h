// The scalar part of legalize-element-types: one body, op by op.
#ifndef WAFER_LIB_TENSOR_TRANSFORMS_SCALARLEGALIZER_H
#define WAFER_LIB_TENSOR_TRANSFORMS_SCALARLEGALIZER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace wafer {

/// The name of the ONNX node in an op's location, for messages.
std::string nodeNamed(mlir::Operation *op);

/// A constant in its carried form. Fails, with a report at `where`, if 32 bits do not hold it.
mlir::FailureOr<mlir::TypedAttr> carriedScalar(mlir::TypedAttr value, bool isUnsigned, mlir::Operation *where);

class ScalarLegalizer {
public:
  /// Writes with `b`; `mapping` knows the block arguments and gets the results.
  ScalarLegalizer(mlir::OpBuilder &b, mlir::IRMapping &mapping) : b(b), mapping(mapping) {}

  /// Legalizes one op of a body with one result (or a terminator).
  mlir::LogicalResult legalize(mlir::Operation *op);

  int64_t checked = 0, rounded = 0;

private:
  using Value = mlir::Value;

  mlir::FailureOr<Value> lower(mlir::Operation *op);
  mlir::FailureOr<Value> lowerLong(mlir::Operation *op);
  mlir::FailureOr<Value> convert(mlir::Operation *op);
  mlir::FailureOr<Value> compare(mlir::Operation *op);
  /// Nothing if the op has no exact meaning for constants beyond 32 bits.
  std::optional<mlir::FailureOr<Value>> withWideConstants(mlir::Operation *op);

  /// The carried form of an operand; null after a report.
  Value in(mlir::Operation *op, unsigned i);
  /// The value of a 64-bit constant that 32 bits do not hold, as the op reads it.
  std::optional<llvm::APInt> wideConstant(mlir::Operation *op, unsigned i);
  std::optional<llvm::APInt> constantOf(Value value);

  Value constant(mlir::Location loc, int64_t value);
  /// The low `width` bits, sign-extended; zero-extended.
  Value wrapped(mlir::Location loc, Value word, unsigned width);
  Value masked(mlir::Location loc, Value word, unsigned width);
  Value roundedTo(mlir::Location loc, Value value, mlir::Type type);
  Value upperBitChanged(mlir::Location loc, Value word);

  mlir::OpBuilder &b;
  mlir::IRMapping &mapping;
  llvm::DenseMap<Value, llvm::APInt> wide; // values that are constants beyond 32 bits
};

} // namespace wafer

#endif // WAFER_LIB_TENSOR_TRANSFORMS_SCALARLEGALIZER_H
