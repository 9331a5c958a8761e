// The walk that lowers a graph: what each of its values has become, and how nodes that are more than tensor operations
// (control flow, sequences) go on with it.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_WALK_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_WALK_H

#include "Lowering.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Support/Diagnostic.h"
#include "wafer/Tensor/TensorBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <memory>

namespace wafer {

/// What a value of the model is at the tensor level. Sequences and optional values are the walk's own: a list of
/// tensors, a value or nothing. They never reach the machine.
struct Lowered {
  enum Kind {
    Unknown, // a refused node's output of unknown type
    Absent,  // an input that was left out, an optional without a value
    Tensor,
    Bounded, // a tensor with a dimension whose extent only the run tells
    Sequence,
  };
  using Items = std::vector<mlir::Value>;

  Kind kind = Unknown;
  mlir::Value tensor{};
  RuntimeExtent extent{};               // Bounded
  std::shared_ptr<const Items> items{}; // Sequence
  bool tainted = false;                 // follows from a refused node: its numbers mean nothing

  static Lowered absent() { return {Absent}; }
  static Lowered of(mlir::Value tensor, bool tainted = false) { return {Tensor, tensor, {}, {}, tainted}; }
  static Lowered of(mlir::Value tensor, RuntimeExtent extent, bool tainted) {
    return {Bounded, tensor, extent, {}, tainted};
  }
  static Lowered list(Items items, bool tainted = false) {
    return {Sequence, {}, {}, std::make_shared<const Items>(std::move(items)), tainted};
  }
};

class Walk {
public:
  using Value = mlir::Value;

  Walk(mlir::MLIRContext *context, const FoldLimits &limits) : b(context), limits(limits) {}

  /// Lowers a function in place. Fails if a node was refused; all of them have been reported then.
  mlir::LogicalResult convert(mlir::func::FuncOp func);

  /// Lowers the nodes of a block whose arguments are defined, at the insertion point. Fails if the walk cannot go on.
  mlir::LogicalResult convertBlock(mlir::Block &block);

  Lowered lookup(Value old) const { return values.lookup(old); }
  void define(Value old, Lowered value) { values[old] = std::move(value); }
  /// The value of an operand that must be a tensor: null if it is not.
  Value tensor(Value old) const {
    Lowered value = lookup(old);
    return value.kind == Lowered::Tensor ? value.tensor : Value();
  }
  TensorBuilder at(mlir::Location loc) { return TensorBuilder(b, loc, limits, unsignedTensors); }

  /// Refuses a node: reports why (unless the walk only tries, or the node reads what was refused before), and gives its
  /// outputs stand-ins so that the walk can go on.
  /// `decider` is a value that the compiler must know: the error names the model's inputs that it depends on.
  mlir::LogicalResult refuse(onnx::NodeOp node, ErrorCode code, const llvm::Twine &reason, const llvm::Twine &hint,
                             Value decider = nullptr);
  mlir::LogicalResult unsupported(onnx::NodeOp node, const llvm::Twine &reason, const llvm::Twine &hint = "",
                                  Value decider = nullptr) {
    return refuse(node, ErrorCode::NodeUnsupported, reason, hint, decider);
  }
  /// Refuses a node that reads or yields `value` as a tensor, which it is not.
  mlir::LogicalResult refuseNoTensor(onnx::NodeOp node, Value value, const llvm::Twine &what);
  /// An operand of the node is unknown, or stands in for a refused node's output.
  bool readsTainted(onnx::NodeOp node) const;
  /// Stand-ins for the outputs of a refused node.
  mlir::LogicalResult poison(onnx::NodeOp node);

  /// Runs `attempt` with reports held back. If it fails, or a node in it is refused, nothing of it counts.
  bool tries(llvm::function_ref<bool()> attempt);

  mlir::OpBuilder b;
  int64_t nodes = 0; // lowered so far
  /// Those of the Ifs that the walk is in and that only the run decides. Were they known, the branch might not be
  /// there: what is refused in it names the inputs that they depend on.
  llvm::SmallVector<Value> conditions;

private:
  /// What a tensor of a narrow type is where nodes compute with it.
  struct ComputedForm {
    Value value{};
    bool cast = false; // the model's own cast made the narrow one of it
  };

  mlir::LogicalResult convertNode(onnx::NodeOp node);
  /// Refuses a node that the walk lowers itself if it reads a tensor whose extent only the run tells.
  mlir::LogicalResult refuseBounded(onnx::NodeOp node, unsigned operand);
  /// What a graph yields has extents that do not depend on data.
  void checkYields(mlir::Block &block);
  void convertConstant(onnx::ConstantOp constant);
  /// The computed forms of the insertion block: what is made in another one may not be used here.
  llvm::DenseMap<Value, ComputedForm> &formsHere();
  /// `value` in the type that nodes compute in.
  Value computed(Value value, TensorBuilder &t);
  /// A node's result in its declared type. `operands` has the declared types of operands, `convert` says that they were
  /// converted for the node.
  Value declaredForm(Value value, mlir::Type resultType, llvm::ArrayRef<mlir::Type> operands, bool convert,
                     TensorBuilder &t);
  void reportDynamicInput(mlir::func::FuncOp func, mlir::BlockArgument argument);
  void report(mlir::Location loc, ErrorCode code, const llvm::Twine &message, const llvm::Twine &hint,
              Value decider = nullptr);
  /// The names of the model's inputs that a value depends on, in their order.
  llvm::SmallVector<mlir::StringAttr> inputsOf(Value value);
  /// Says that the node's operator has no lowering, and the same of nodes in its graphs.
  void reportNoLowering(onnx::NodeOp node);
  void reportInGraphs(onnx::NodeOp node);
  /// Nothing is made of a graph that is refused: then only what shapes may depend on is folded.
  void stopFolding() { limits.maxElements = std::min(limits.maxElements, maxShapeElements); }

  /// No tensor that shapes, axes or indices are computed in has more elements.
  static constexpr int64_t maxShapeElements = 4096;
  FoldLimits limits;
  llvm::DenseMap<Value, Lowered> values;
  UnsignedValues unsignedTensors;
  llvm::DenseMap<Value, ComputedForm> computedForms; // made or used in formsBlock
  mlir::Block *formsBlock = nullptr;
  bool failedAny = false, quiet = false;
  mlir::func::FuncOp function;  // being converted
  mlir::Block *entry = nullptr; // what it becomes
};

/// What is wrong with the element types of a node's operands (null: absent), if import saw others.
/// Empty: nothing.
std::string operandTypeFault(onnx::NodeOp node, llvm::ArrayRef<mlir::Type> declared);

/// A row of the tables of nodes that the walk itself lowers. Such a lowering defines every output.
struct WalkEntry {
  const char *op;
  int minSince;
  mlir::LogicalResult (*lower)(Walk &, onnx::NodeOp);
};

llvm::ArrayRef<WalkEntry> controlFlowLowerings();
llvm::ArrayRef<WalkEntry> sequenceLowerings();

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_WALK_H
