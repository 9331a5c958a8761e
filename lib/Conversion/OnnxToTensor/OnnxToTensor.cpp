// The driver of the lowering.
//
// A node's output shape often depends on values that other nodes compute, so nodes cannot be rewritten in isolation.
// The driver goes through the graph once, in order, and hands each node to the lowering of its op with operands that
// are already at the tensor level, of static shape and folded if constant. That one walk is shape inference, constant
// folding and lowering together, linear in nodes.
//
// A refused node does not end the walk: its outputs become tainted stand-ins (of the type that ONNX's inference gave
// them, if it is static), so that one run names every node at fault. What follows from a refusal alone is not reported.
#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"

#include "Lowering.h"

#include "wafer/Support/MlirDiagnostic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace wafer {
#define GEN_PASS_DEF_CONVERTONNXTOTENSOR
#include "wafer/Conversion/OnnxToTensor/Passes.h.inc"
} // namespace wafer

using namespace mlir;
using namespace wafer;

//===- Registry -----------------------------------------------------------===//

static const LoweringEntry *findLowering(StringRef domain, StringRef op, int since) {
  static const llvm::StringMap<SmallVector<const LoweringEntry *>> table = [] {
    llvm::StringMap<SmallVector<const LoweringEntry *>> result;
    for (ArrayRef<LoweringEntry> topic :
         {elementwiseLowerings(), activationLowerings(), matmulLowerings(), shapeLowerings(), gatherLowerings(),
          reductionLowerings(), softmaxLowerings(), normalizationLowerings(), convolutionLowerings(),
          poolingLowerings(), einsumLowerings()})
      for (const LoweringEntry &entry : topic)
        result[entry.op].push_back(&entry);
    return result;
  }();
  if (!domain.empty())
    return nullptr;
  auto found = table.find(op);
  if (found == table.end())
    return nullptr;
  const LoweringEntry *best = nullptr;
  for (const LoweringEntry *entry : found->second)
    if (entry->minSince <= since && (!best || entry->minSince > best->minSince))
      best = entry;
  return best;
}

bool wafer::hasOnnxLowering(std::string_view domain, std::string_view op, int since) {
  return op == "If" || op == "Constant" || findLowering(domain, op, since);
}

//===- NodeLowering -------------------------------------------------------===//

std::optional<SmallVector<int64_t>> NodeLowering::constantInts(size_t i) const {
  Value value = operand(i);
  DenseElementsAttr attr = value ? constantOf(value) : DenseElementsAttr();
  if (!attr || !attr.getElementType().isInteger())
    return std::nullopt;
  bool isBool = attr.getElementType().isInteger(1);
  SmallVector<int64_t> values;
  for (const APInt &item : attr.getValues<APInt>())
    values.push_back(isBool ? item.getZExtValue() : item.getSExtValue());
  return values;
}

std::optional<SmallVector<int64_t>> NodeLowering::intsOperandOrAttr(size_t i, StringRef name) {
  if (operand(i)) {
    auto values = constantInts(i);
    if (!values)
      (void)notConstant(name);
    return values;
  }
  if (hasAttr(name))
    return intsAttr(name, {});
  return std::nullopt;
}

std::optional<double> NodeLowering::constantScalar(size_t i) const {
  Value value = operand(i);
  DenseElementsAttr attr = value ? constantOf(value) : DenseElementsAttr();
  if (!attr || attr.getNumElements() != 1)
    return std::nullopt;
  if (auto ints = constantInts(i))
    return static_cast<double>(ints->front());
  return (*attr.getValues<APFloat>().begin()).convertToDouble();
}

int64_t NodeLowering::intAttr(StringRef name, int64_t otherwise) {
  auto attr = dyn_cast_or_null<IntegerAttr>(node.getNodeAttr(name));
  return attr ? attr.getInt() : otherwise;
}
double NodeLowering::floatAttr(StringRef name, double otherwise) {
  auto attr = dyn_cast_or_null<FloatAttr>(node.getNodeAttr(name));
  return attr ? attr.getValueAsDouble() : otherwise;
}
StringRef NodeLowering::stringAttr(StringRef name, StringRef otherwise) {
  auto attr = dyn_cast_or_null<StringAttr>(node.getNodeAttr(name));
  return attr ? attr.strref() : otherwise;
}
SmallVector<int64_t> NodeLowering::intsAttr(StringRef name, ArrayRef<int64_t> otherwise) {
  auto attr = dyn_cast_or_null<DenseI64ArrayAttr>(node.getNodeAttr(name));
  return attr ? SmallVector<int64_t>(attr.asArrayRef()) : SmallVector<int64_t>(otherwise);
}

//===- The walk -----------------------------------------------------------===//

namespace {

class Converter {
public:
  Converter(MLIRContext *context, const FoldLimits &limits) : b(context), limits(limits) {}

  LogicalResult convert(func::FuncOp func) {
    Block &old = func.getBody().front();
    Region fresh;
    Block *body = new Block;
    fresh.push_back(body);
    for (BlockArgument argument : old.getArguments()) {
      Value value = body->addArgument(argument.getType(), argument.getLoc());
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      if (!type || !type.hasStaticShape()) {
        reportDynamicInput(func, argument);
        tainted.insert(value);
        values[argument] = Value();
        continue;
      }
      values[argument] = value;
    }
    b.setInsertionPointToEnd(body);
    if (failed(convertBlock(old)))
      return failure();
    auto terminator = cast<func::ReturnOp>(old.getTerminator());
    SmallVector<Value> results;
    for (Value operand : terminator.getOperands())
      results.push_back(lookup(operand));
    if (failedAny)
      return failure();
    func::ReturnOp::create(b, terminator.getLoc(), results);
    auto type = b.getFunctionType(body->getArgumentTypes(), ValueRange(results).getTypes());
    // Old ops use each other; none is used by the new ones.
    func.getBody().dropAllReferences();
    func.getBody().getBlocks().clear();
    func.getBody().takeBody(fresh);
    func.setType(type);
    return success();
  }

  int64_t nodes = 0;

private:
  /// The importer notes the symbolic dimensions of inputs in `onnx.dims`.
  void reportDynamicInput(func::FuncOp func, BlockArgument argument) {
    unsigned index = argument.getArgNumber();
    auto nameAttr = func.getArgAttrOfType<StringAttr>(index, "onnx.name");
    std::string name = nameAttr ? nameAttr.str() : std::to_string(index);
    std::string symbols;
    if (auto dims = func.getArgAttrOfType<ArrayAttr>(index, "onnx.dims"))
      for (Attribute dim : dims)
        symbols += " --dim " + cast<StringAttr>(dim).str() + "=N";
    std::string hint = "give it with --shape " + name + "=AxBxC";
    if (!symbols.empty())
      hint = "give its dimensions with" + symbols + ", or its shape with --shape " + name + "=AxBxC";
    report(func.getLoc(), ErrorCode::ShapeUnknown,
           "the shape of input '" + name + "' is not fixed: " + shapeText(argument.getType()), hint);
  }

  static std::string shapeText(Type type) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return text;
  }

  void report(Location loc, ErrorCode code, const Twine &message, const Twine &hint) {
    failedAny = true;
    wafer::emitError(loc, code, message, hint);
  }

  Value lookup(Value old) { return values.lookup(old); }

  LogicalResult convertBlock(Block &block) {
    for (Operation &op : block.without_terminator()) {
      if (isa<onnx::NoneOp>(op)) {
        values[op.getResult(0)] = Value();
      } else if (auto constant = dyn_cast<onnx::ConstantOp>(op)) {
        convertConstant(constant);
      } else if (auto node = dyn_cast<onnx::NodeOp>(op)) {
        if (failed(convertNode(node)))
          return failure();
      } else {
        // Weight references, and what is at the tensor level already.
        IRMapping mapping;
        for (Value operand : op.getOperands()) {
          Value value = lookup(operand);
          if (!value) {
            report(op.getLoc(), ErrorCode::NodeUnsupported, "an operation reads a value without a type", "");
            return failure();
          }
          mapping.map(operand, value);
        }
        Operation *clone = b.clone(op, mapping);
        for (auto [from, to] : llvm::zip_equal(op.getResults(), clone->getResults()))
          values[from] = to;
      }
    }
    return success();
  }

  void convertConstant(onnx::ConstantOp constant) {
    auto attr = dyn_cast<DenseElementsAttr>(constant.getValue());
    Value value;
    if (attr && constant.getType().getElementType().isUnsignedInteger()) {
      // arith has signless types only; whoever reads this is refused.
      value = onnx::ConstantOp::create(b, constant.getLoc(), constant.getType(), attr);
    } else if (attr) {
      value = arith::ConstantOp::create(b, constant.getLoc(), attr);
    }
    values[constant.getResult()] = value;
  }

  LogicalResult convertNode(onnx::NodeOp node) {
    if (node.getOpType() == "If" && node.getDomain().empty())
      return convertIf(node);
    const LoweringEntry *entry = findLowering(node.getDomain(), node.getOpType(), node.getSince());
    std::string who = "node '" + node.getNodeName().str() + "' (" +
                      (node.getDomain().empty() ? "" : node.getDomain().str() + ".") + node.getOpType().str() + ")";
    if (!entry) {
      report(node.getLoc(), ErrorCode::NodeUnsupported, who + ": the operator has no lowering",
             "the list of supported operators is in docs/operators.md");
      return poison(node);
    }
    SmallVector<Value> operands;
    bool anyTainted = false, unknown = false;
    for (Value operand : node.getInputs()) {
      Value value = lookup(operand);
      if (!value && !operand.getDefiningOp<onnx::NoneOp>())
        unknown = true;
      if (value && tainted.contains(value))
        anyTainted = true;
      operands.push_back(value);
    }
    if (unknown)
      return poison(node);
    for (Value value : operands)
      if (value && !elementTypeOf(value).isSignlessIntOrFloat()) {
        report(node.getLoc(), ErrorCode::ElementTypeUnsupported,
               who + " reads " + shapeText(value.getType()) + ": unsigned integers are not supported",
               "cast to int32 in the model");
        return poison(node);
      }
    TensorBuilder t(b, node.getLoc(), limits);
    NodeLowering lowering(node, operands, t);
    if (failed(entry->lower(lowering))) {
      Refusal refusal = lowering.refusal.value_or(Refusal{ErrorCode::NodeUnsupported, "cannot be lowered", ""});
      // After a stand-in, an unknown shape is no news.
      if (!anyTainted || refusal.code == ErrorCode::NodeUnsupported)
        report(node.getLoc(), refusal.code, who + ": " + refusal.reason, refusal.hint);
      return poison(node);
    }
    ++nodes;
    for (auto [result, value] : llvm::zip_equal(node.getResults(), lowering.results())) {
      if (!value && !result.use_empty()) {
        report(node.getLoc(), ErrorCode::NodeUnsupported,
               who + ": output " + std::to_string(result.getResultNumber()) + " is not supported", "");
        continue;
      }
      values[result] = value;
      if (anyTainted && value)
        tainted.insert(value);
    }
    return success();
  }

  /// Stand-ins for the outputs of a refused node, so that the walk can go on.
  LogicalResult poison(onnx::NodeOp node) {
    failedAny = true;
    for (Value result : node.getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (type && type.hasStaticShape() && type.getElementType().isSignlessIntOrFloat()) {
        Value value = tensor::EmptyOp::create(b, node.getLoc(), type.getShape(), type.getElementType());
        tainted.insert(value);
        values[result] = value;
      } else {
        values[result] = Value();
      }
    }
    return success();
  }

  /// An If on a constant is one of its graphs.
  LogicalResult convertIf(onnx::NodeOp node) {
    Value condition = lookup(node.getInputs().front());
    DenseElementsAttr value = condition ? constantOf(condition) : DenseElementsAttr();
    if (!value || value.getNumElements() != 1) {
      if (condition && !tainted.contains(condition))
        report(node.getLoc(), ErrorCode::NodeUnsupported,
               "node '" + node.getNodeName() + "' (If): the condition is computed from run-time data",
               "fix the input that it depends on with --const");
      return poison(node);
    }
    StringRef wanted = (*value.getValues<bool>().begin()) ? "then_branch" : "else_branch";
    for (auto [index, body] : llvm::enumerate(node.getBodies())) {
      if (cast<StringAttr>((*node.getGraphs())[index]).strref() != wanted)
        continue;
      if (failed(convertBlock(body.front())))
        return failure();
      for (auto [result, yielded] : llvm::zip(node.getResults(), body.front().getTerminator()->getOperands()))
        values[result] = lookup(yielded);
      return success();
    }
    return poison(node);
  }

  OpBuilder b;
  const FoldLimits &limits;
  DenseMap<Value, Value> values;
  DenseSet<Value> tainted;
  bool failedAny = false;
};

struct ConvertOnnxToTensor : wafer::impl::ConvertOnnxToTensorBase<ConvertOnnxToTensor> {
  using ConvertOnnxToTensorBase::ConvertOnnxToTensorBase;

  void runOnOperation() override {
    FoldLimits limits;
    limits.maxElements = maxFoldElements;
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (func.isDeclaration())
        continue;
      Converter converter(&getContext(), limits);
      if (failed(converter.convert(func)))
        return signalPassFailure();
      numNodes += converter.nodes;
    }
  }
};

} // namespace
