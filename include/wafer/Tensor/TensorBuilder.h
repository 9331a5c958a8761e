// Writes tensor-level IR, folding as it goes: an op whose operands are constants is replaced by its value at once, so
// that whoever lowers a node sees shapes that earlier nodes computed.
//
// The tensor level is what the rest of the compiler takes: linalg.generic with pure scalar bodies, linalg.fill,
// tensor.{empty, expand_shape, collapse_shape, extract_slice, concat, pad, gather}, arith.constant, onnx.weight_ref.
// Shapes are static. Broadcasting is done by indexing maps.
//
// Integers are signless in the IR. Where a type is asked for, `ui32` may be given as well as `i32`: what is made is
// then marked as unsigned, and division, comparison, extremes, shifts to the right and conversions of what is marked
// have their unsigned forms.
#ifndef WAFER_TENSOR_TENSORBUILDER_H
#define WAFER_TENSOR_TENSORBUILDER_H

#include "wafer/Tensor/ElementTypes.h"
#include "wafer/Tensor/Interpreter.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

namespace wafer {

/// How a reduction combines two elements.
enum class ReduceKind { Add, Mul, Max, Min };

inline mlir::RankedTensorType tensorTypeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return tensorTypeOf(value).getShape(); }
inline mlir::Type elementTypeOf(mlir::Value value) { return tensorTypeOf(value).getElementType(); }

/// A tensor that the loader takes (lib/Program/Verify.cpp): sides of less than 2^31, less than 2^36 elements. Larger
/// ones overflow in whoever multiplies their extents.
bool isCountable(llvm::ArrayRef<int64_t> shape);

/// NumPy's broadcasting; nullopt if the shapes do not go together.
std::optional<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// Which values hold unsigned integers.
using UnsignedValues = llvm::DenseSet<mlir::Value>;

/// A number as an attribute of the stored form of a type. Integers are exact, modulo the width.
mlir::TypedAttr scalarAttr(mlir::Type declared, int64_t value);
mlir::TypedAttr scalarAttr(mlir::Type declared, double value);

/// The identity of a reduction, and so a start for it.
mlir::TypedAttr identityOf(ReduceKind kind, mlir::Type declared);

/// Scalar ops inside a body; the type of the operands chooses float, signed or unsigned forms.
class ScalarBuilder {
public:
  ScalarBuilder(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  using V = mlir::Value;

  static bool isFloat(V v) { return mlir::isa<mlir::FloatType>(v.getType()); }
  bool isUnsigned(V v) const { return unsignedValues.contains(v); }
  /// `v`, which holds a number of this type.
  V as(V v, mlir::Type declared);

  V constant(mlir::Type declared, mlir::TypedAttr value);
  /// Integers are exact.
  template <typename Number> V constant(mlir::Type declared, Number value) {
    if constexpr (std::is_integral_v<Number>)
      return constant(declared, scalarAttr(declared, static_cast<int64_t>(value)));
    else
      return constant(declared, scalarAttr(declared, static_cast<double>(value)));
  }
  V add(V x, V y);
  V sub(V x, V y);
  V mul(V x, V y);
  V div(V x, V y);
  V max(V x, V y);
  V min(V x, V y);
  V neg(V x);
  V abs(V x);
  V shiftLeft(V x, V count);
  V shiftRight(V x, V count);
  V select(V condition, V x, V y);
  /// Comparison by name: "eq", "ne", "lt", "le", "gt", "ge". Ordered, except "ne".
  V cmp(llvm::StringRef predicate, V x, V y);
  /// Conversion with ONNX Cast's meaning.
  V cast(V x, mlir::Type type);
  V reduce(ReduceKind kind, V x, V y);
  V index(unsigned loop, mlir::Type type);
  template <typename Op> V op(V x) { return like(x, Op::create(b, loc, x)); }
  template <typename Op> V op(V x, V y) { return like(x, y, Op::create(b, loc, x, y)); }

  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  /// `result`, unsigned if it is of the operands' type and they are.
  V like(V x, V result) { return like(x, x, result); }
  V like(V x, V y, V result);

  UnsignedValues unsignedValues;
};

class TensorBuilder {
public:
  using Value = mlir::Value;
  using Shape = llvm::ArrayRef<int64_t>;
  using Body = llvm::function_ref<Value(ScalarBuilder &, mlir::ValueRange)>;

  /// `unsignedTensors` outlives the builder: what one node makes the next one reads.
  TensorBuilder(mlir::OpBuilder &b, mlir::Location loc, const FoldLimits &limits, UnsignedValues &unsignedTensors)
      : b(b), loc(loc), limits(limits), unsignedTensors(unsignedTensors) {}

  /// The element type of a tensor, unsigned if it is.
  mlir::Type element(Value x) const;
  /// `x`, whose elements are of this type.
  Value as(Value x, mlir::Type declared);

  Value constant(mlir::DenseElementsAttr value);
  template <typename Number> Value splat(Shape shape, mlir::Type element, Number value) {
    if constexpr (std::is_integral_v<Number>)
      return splat(shape, element, scalarAttr(element, static_cast<int64_t>(value)));
    else
      return splat(shape, element, scalarAttr(element, static_cast<double>(value)));
  }
  Value splat(Shape shape, mlir::Type element, mlir::TypedAttr value);
  Value ints(llvm::ArrayRef<int64_t> values); // tensor<Nxi64>
  Value empty(Shape shape, mlir::Type element);
  template <typename Number> Value filled(Shape shape, mlir::Type element, Number value) {
    if constexpr (std::is_integral_v<Number>)
      return filled(shape, element, scalarAttr(element, static_cast<int64_t>(value)));
    else
      return filled(shape, element, scalarAttr(element, static_cast<double>(value)));
  }
  Value filled(Shape shape, mlir::Type element, mlir::TypedAttr value);

  /// Elementwise over NumPy-broadcast operands, which must go together. Splat operands become scalars of the body.
  Value map(llvm::ArrayRef<Value> operands, mlir::Type element, Body body);
  /// The same into a given shape that the operands broadcast to.
  Value mapInto(Shape shape, llvm::ArrayRef<Value> operands, mlir::Type element, Body body);
  /// Any linalg.generic with one result. The body's last argument is the init's element.
  Value generic(llvm::ArrayRef<Value> operands, Value init, llvm::ArrayRef<mlir::AffineMap> maps,
                llvm::ArrayRef<mlir::utils::IteratorType> iterators, Body body);
  /// Reduces `axes` (sorted); they stay as 1 with `keep`.
  Value reduce(Value x, llvm::ArrayRef<int64_t> axes, bool keep, ReduceKind kind);
  /// sum over the loops that the result lacks of lhs * rhs. Maps are over `loops`; the result's map must be a
  /// projection.
  Value contract(Value lhs, Value rhs, mlir::AffineMap lhsMap, mlir::AffineMap rhsMap, mlir::AffineMap resultMap,
                 llvm::ArrayRef<int64_t> loops);

  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value div(Value x, Value y);
  Value cast(Value x, mlir::Type element);

  Value reshape(Value x, Shape shape);
  Value transpose(Value x, llvm::ArrayRef<int64_t> permutation);
  Value broadcast(Value x, Shape shape);
  /// Strides may be negative: then offsets name the first element taken.
  Value slice(Value x, Shape offsets, Shape sizes, Shape strides);
  Value concat(llvm::ArrayRef<Value> values, int64_t axis);
  Value pad(Value x, Shape low, Shape high, mlir::TypedAttr value);
  Value padZero(Value x, Shape low, Shape high);
  /// Rows of `x` (along dimension 0) by indices >= 0: shape(indices) + shape(x)[1:].
  Value gatherRows(Value x, Value indices);

  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  Value fold(mlir::Operation *op);
  const FoldLimits &limits;
  UnsignedValues &unsignedTensors;
};

} // namespace wafer

#endif // WAFER_TENSOR_TENSORBUILDER_H
