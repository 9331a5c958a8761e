// What a lowering sees of its node, and how it says no.
#ifndef WAFER_LIB_CONVERSION_ONNXTOTENSOR_LOWERING_H
#define WAFER_LIB_CONVERSION_ONNXTOTENSOR_LOWERING_H

#include "wafer/Dialect/Onnx/ElementTypes.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Support/Diagnostic.h"
#include "wafer/Tensor/TensorBuilder.h"

#include "llvm/ADT/StringMap.h"

#include <optional>
#include <string_view>

namespace wafer {

/// Why a node was refused.
struct Refusal {
  ErrorCode code;
  std::string reason;
  std::string hint;
  mlir::Value decider{}; // which the compiler must know
};

/// A dimension whose extent only the run tells: the tensor has room for the most that there can be, and its first
/// `count` elements along `axis` (a scalar of i64, the same value for all tensors of that extent) are meant.
struct RuntimeExtent {
  int64_t axis = 0;
  mlir::Value count{};
};

/// A node with its operands at the tensor level. Lowerings read it, build with `t` and set every output.
///
/// Operands come in the type that the node computes in: f32 for what is declared f16 or bf16, i32 for integers of 8 and
/// 16 bits; and outputs of that type become the declared one at the end, rounded or wrapped once. Lowerings that only
/// move elements (`Operands::Stored`) get them as they are.
class NodeLowering {
public:
  using Value = mlir::Value;

  /// `declared` has the operands' ONNX types; null if absent.
  NodeLowering(onnx::NodeOp node, llvm::ArrayRef<Value> operands, llvm::ArrayRef<mlir::Type> declared, TensorBuilder &t)
      : t(t), node(node), opName(node.getOpType()), version(static_cast<int>(node.getSince())), operands(operands),
        declaredTypes(declared), outputs(node.getNumResults()) {}

  TensorBuilder &t;

  llvm::StringRef op() const { return opName; }
  int since() const { return version; }

  // The node in the form of a later version, for OldVersions.cpp.
  void become(llvm::StringRef op, int since) {
    opName = op;
    version = since;
  }
  void setOperand(size_t i, Value value) {
    if (operands.size() <= i) {
      operands.resize(i + 1);
      declaredTypes.resize(i + 1);
    }
    operands[i] = value;
    declaredTypes[i] = value ? t.element(value) : mlir::Type();
  }
  void setAttr(llvm::StringRef key, mlir::Attribute value) { changed[key] = value; }

  // Operands; null if absent.
  size_t operandCount() const { return operands.size(); }
  Value operand(size_t i) const { return i < operands.size() ? operands[i] : Value(); }
  llvm::ArrayRef<Value> allOperands() const { return operands; }
  /// The dimension of operand `i` whose extent only the run tells.
  std::optional<RuntimeExtent> extent(size_t i) const { return extents.lookup(i); }
  bool hasExtents() const { return !extents.empty(); }
  void setExtent(size_t i, RuntimeExtent extent) { extents[i] = extent; }
  llvm::ArrayRef<int64_t> shape(size_t i) const { return shapeOf(operand(i)); }
  /// The element type to compute operand `i` in, unsigned if it is.
  mlir::Type element(size_t i) const { return t.element(operand(i)); }
  /// The element type that the model gives operand `i`.
  mlir::Type declared(size_t i) const { return declaredTypes[i]; }
  int64_t rank(size_t i) const { return tensorTypeOf(operand(i)).getRank(); }
  /// The values of a constant operand of integers (or booleans); nullopt if it is absent or not constant.
  std::optional<llvm::SmallVector<int64_t>> constantInts(size_t i) const;
  /// What newer versions take as operand `i` and older ones as attribute `name`: nullopt if neither is there. Refuses
  /// (and sets `refusal`) if the operand is there, but not constant.
  std::optional<llvm::SmallVector<int64_t>> intsOperandOrAttr(size_t i, llvm::StringRef name);
  /// The values of a constant scalar of any type; large integers lose bits.
  std::optional<double> constantScalar(size_t i) const;
  /// The same exactly, null if it is absent or not constant.
  mlir::TypedAttr constantScalarAttr(size_t i) const;

  // Attributes.
  bool hasAttr(llvm::StringRef key) { return attr(key) != nullptr; }
  int64_t intAttr(llvm::StringRef name, int64_t otherwise);
  double floatAttr(llvm::StringRef name, double otherwise);
  llvm::StringRef stringAttr(llvm::StringRef name, llvm::StringRef otherwise);
  llvm::SmallVector<int64_t> intsAttr(llvm::StringRef name, llvm::ArrayRef<int64_t> otherwise);
  mlir::Attribute attr(llvm::StringRef key) {
    auto found = changed.find(key);
    return found == changed.end() ? node.getNodeAttr(key) : found->second;
  }

  // Results.
  size_t outputCount() const { return outputs.size(); }
  bool outputUsed(size_t i) { return i < outputs.size() && !node.getResult(i).use_empty(); }
  void setOutput(size_t i, Value value, std::optional<RuntimeExtent> extent = {}) {
    if (i >= outputs.size())
      return;
    outputs[i] = value;
    outputExtents[i] = extent;
  }
  std::optional<RuntimeExtent> outputExtent(size_t i) const { return outputExtents.lookup(i); }
  llvm::ArrayRef<Value> results() const { return outputs; }

  // Ways to say no; each is `return refuse...`.
  /// The form of the node has no lowering.
  mlir::LogicalResult unsupported(const llvm::Twine &reason, const llvm::Twine &hint = "") {
    return refuse(ErrorCode::NodeUnsupported, reason, hint);
  }
  /// Attributes and operands contradict each other.
  mlir::LogicalResult invalid(const llvm::Twine &reason) { return refuse(ErrorCode::NodeInvalid, reason, ""); }
  /// An operand that decides a shape is not constant: the one that was last asked for its value.
  mlir::LogicalResult notConstant(const llvm::Twine &what) {
    return refuse(ErrorCode::ShapeUnknown, what + " is computed from run-time data",
                  "fix the input that it depends on with --const, or the dimensions with --dim or --shape", unknown);
  }
  mlir::LogicalResult refuse(ErrorCode code, const llvm::Twine &reason, const llvm::Twine &hint,
                             Value decider = nullptr) {
    refusal = Refusal{code, reason.str(), hint.str(), decider};
    return mlir::failure();
  }
  std::optional<Refusal> refusal;

  /// `axis` made non-negative; nullopt if it is out of range for `rank`.
  static std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank) {
    if (axis < -rank || axis >= rank)
      return std::nullopt;
    return axis < 0 ? axis + rank : axis;
  }

  /// The value of operand `i` if it is constant, null if it is absent or not.
  mlir::DenseElementsAttr constantOperand(size_t i) const {
    Value value = operand(i);
    mlir::DenseElementsAttr attr = value ? constantOf(value) : mlir::DenseElementsAttr();
    if (value && !attr)
      unknown = value;
    return attr;
  }

private:
  mutable Value unknown{};
  onnx::NodeOp node;
  llvm::StringRef opName;
  int version;
  llvm::SmallVector<Value> operands;
  llvm::SmallVector<mlir::Type> declaredTypes;
  llvm::StringMap<mlir::Attribute> changed;
  llvm::SmallVector<Value> outputs;
  llvm::DenseMap<size_t, std::optional<RuntimeExtent>> extents, outputExtents; // by operand, by output
};

/// What to do about such a dimension where it is not taken.
inline constexpr const char *kExtentHint = "end the model before this node, or fix the inputs that decide with --const";

/// Makes operands with a dimension whose extent only the run tells fit for the node's lowering: what they have beyond
/// it must do no harm.
void maskExtents(NodeLowering &n);
/// Gives the outputs their dimensions of such an extent, or refuses: few operators keep them.
mlir::LogicalResult passExtents(NodeLowering &n);

/// How a lowering wants its operands.
enum class Operands {
  Computed, // in the type that the node computes in
  Stored,   // as they are: elements are moved, not computed on; or they are converted
};

using LoweringFunction = mlir::LogicalResult (*)(NodeLowering &);

/// A row of a topic's table: the op, since which version the lowering holds, and the op's domain.
struct LoweringEntry {
  const char *op;
  int minSince;
  LoweringFunction lower;
  const char *domain = "";
  Operands operands = Operands::Computed;
  /// Of an operator that the ONNX library has no schema of, one letter for each operand: F for floats, all of one type,
  /// I for integers or booleans, A for any tensor; small if it may be left out.
  std::string_view signature{};

  constexpr LoweringEntry(const char *op, int minSince, LoweringFunction lower, const char *domain = "",
                          Operands operands = Operands::Computed)
      : op(op), minSince(minSince), lower(lower), domain(domain), operands(operands) {}
  constexpr LoweringEntry(const char *op, int minSince, LoweringFunction lower, Operands operands)
      : LoweringEntry(op, minSince, lower, "", operands) {}
  constexpr LoweringEntry(const char *op, int minSince, LoweringFunction lower, const char *domain,
                          std::string_view signature)
      : op(op), minSince(minSince), lower(lower), domain(domain), signature(signature) {}
};

/// How a node of an old version is lowered: as `asOp` of version `asSince`, from version `minSince` on up to the first
/// version that has a lowering of its own. `adapt` gives the node that form, calls `lower` and may change the outputs.
struct OldVersionEntry {
  const char *op;
  int minSince;
  const char *asOp;
  int asSince;
  mlir::LogicalResult (*adapt)(NodeLowering &n, LoweringFunction lower);
};
llvm::ArrayRef<OldVersionEntry> oldVersions();

// One table per topic file.
llvm::ArrayRef<LoweringEntry> elementwiseLowerings();
llvm::ArrayRef<LoweringEntry> activationLowerings();
llvm::ArrayRef<LoweringEntry> matmulLowerings();
llvm::ArrayRef<LoweringEntry> shapeLowerings();
llvm::ArrayRef<LoweringEntry> gatherLowerings();
llvm::ArrayRef<LoweringEntry> reductionLowerings();
llvm::ArrayRef<LoweringEntry> softmaxLowerings();
llvm::ArrayRef<LoweringEntry> normalizationLowerings();
llvm::ArrayRef<LoweringEntry> convolutionLowerings();
llvm::ArrayRef<LoweringEntry> poolingLowerings();
llvm::ArrayRef<LoweringEntry> einsumLowerings();
llvm::ArrayRef<LoweringEntry> recurrentLowerings();
llvm::ArrayRef<LoweringEntry> resizeLowerings();
llvm::ArrayRef<LoweringEntry> attentionLowerings();
llvm::ArrayRef<LoweringEntry> blockQuantizedLowerings();
llvm::ArrayRef<LoweringEntry> optimizerLowerings();
llvm::ArrayRef<LoweringEntry> featureLowerings();
llvm::ArrayRef<LoweringEntry> dataDependentLowerings();
llvm::ArrayRef<LoweringEntry> fourierLowerings();
llvm::ArrayRef<LoweringEntry> deformConvLowerings();
llvm::ArrayRef<LoweringEntry> contribAttentionLowerings();
llvm::ArrayRef<LoweringEntry> contribLowerings();
llvm::ArrayRef<LoweringEntry> samplingLowerings();
llvm::ArrayRef<LoweringEntry> convTransposeLowerings();
llvm::ArrayRef<LoweringEntry> scatterLowerings();
llvm::ArrayRef<LoweringEntry> sortLowerings();
llvm::ArrayRef<LoweringEntry> generatorLowerings();
llvm::ArrayRef<LoweringEntry> linearAlgebraLowerings();
llvm::ArrayRef<LoweringEntry> quantizationLowerings();

} // namespace wafer

#endif // WAFER_LIB_CONVERSION_ONNXTOTENSOR_LOWERING_H
