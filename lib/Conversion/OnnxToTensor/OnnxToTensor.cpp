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
#include "Walk.h"

#include "wafer/Dialect/Onnx/NoLowering.h"
#include "wafer/Support/Cancellation.h"
#include "wafer/Support/MlirDiagnostic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace wafer {
#define GEN_PASS_DEF_CONVERTONNXTOTENSOR
#include "wafer/Conversion/OnnxToTensor/Passes.h.inc"
} // namespace wafer

using namespace mlir;
using namespace wafer;

//===- Registry -----------------------------------------------------------===//

/// All lowerings of an operator, one for each range of versions.
static ArrayRef<const LoweringEntry *> lowerings(StringRef domain, StringRef op) {
  // By "domain.op".
  static const llvm::StringMap<SmallVector<const LoweringEntry *>> table = [] {
    llvm::StringMap<SmallVector<const LoweringEntry *>> result;
    for (ArrayRef<LoweringEntry> topic : {elementwiseLowerings(), activationLowerings(),    matmulLowerings(),
                                          shapeLowerings(),       gatherLowerings(),        reductionLowerings(),
                                          softmaxLowerings(),     normalizationLowerings(), convolutionLowerings(),
                                          poolingLowerings(),     einsumLowerings(),        resizeLowerings(),
                                          samplingLowerings(),    attentionLowerings(),     dataDependentLowerings(),
                                          fourierLowerings(),     deformConvLowerings(),    contribAttentionLowerings(),
                                          contribLowerings(),     convTransposeLowerings(), scatterLowerings(),
                                          sortLowerings(),        generatorLowerings(),     linearAlgebraLowerings(),
                                          recurrentLowerings(),   optimizerLowerings(),     blockQuantizedLowerings(),
                                          featureLowerings(),     quantizationLowerings()})
      for (const LoweringEntry &entry : topic)
        result[(Twine(entry.domain) + "." + entry.op).str()].push_back(&entry);
    return result;
  }();
  auto found = table.find((Twine(domain) + "." + op).str());
  return found == table.end() ? ArrayRef<const LoweringEntry *>() : found->second;
}

/// What lowers a node: an entry for its version, behind one that brings an old version into the entry's form.
struct FoundLowering {
  const LoweringEntry *entry = nullptr;
  const OldVersionEntry *old = nullptr;
  explicit operator bool() const { return entry; }

  LogicalResult run(NodeLowering &n) const {
    if (!old)
      return entry->lower(n);
    n.become(old->asOp, old->asSince);
    return old->adapt(n, entry->lower);
  }
};

static FoundLowering findLowering(StringRef domain, StringRef op, int since) {
  FoundLowering found;
  auto isBetter = [&](int minSince, const auto *best) {
    return minSince <= since && (!best || minSince > best->minSince);
  };
  for (const LoweringEntry *entry : lowerings(domain, op))
    if (isBetter(entry->minSince, found.entry))
      found.entry = entry;
  if (found || !domain.empty())
    return found;
  for (const OldVersionEntry &old : oldVersions())
    if (op == old.op && isBetter(old.minSince, found.old))
      found.old = &old;
  if (found.old)
    found.entry = findLowering("", found.old->asOp, found.old->asSince).entry;
  return found;
}

static const WalkEntry *findWalkEntry(StringRef domain, StringRef op, int since) {
  if (!domain.empty())
    return nullptr;
  const WalkEntry *best = nullptr;
  for (ArrayRef<WalkEntry> topic : {controlFlowLowerings(), sequenceLowerings()})
    for (const WalkEntry &entry : topic)
      if (entry.op == op && entry.minSince <= since && (!best || entry.minSince > best->minSince))
        best = &entry;
  return best;
}

bool wafer::hasOnnxLowering(std::string_view domain, std::string_view op, int since) {
  return (domain.empty() && op == "Constant") || findWalkEntry(domain, op, since) || findLowering(domain, op, since);
}

//===- NodeLowering -------------------------------------------------------===//

std::optional<SmallVector<int64_t>> NodeLowering::constantInts(size_t i) const {
  DenseElementsAttr attr = constantOperand(i);
  if (!attr || !attr.getElementType().isInteger())
    return std::nullopt;
  bool isUnsigned = attr.getElementType().isInteger(1) || t.element(operand(i)).isUnsignedInteger();
  SmallVector<int64_t> values;
  for (const APInt &item : attr.getValues<APInt>())
    values.push_back(isUnsigned ? item.getZExtValue() : item.getSExtValue());
  return values;
}

TypedAttr NodeLowering::constantScalarAttr(size_t i) const {
  DenseElementsAttr attr = constantOperand(i);
  return attr && attr.getNumElements() == 1 ? cast<TypedAttr>(*attr.getValues<Attribute>().begin()) : TypedAttr();
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
  DenseElementsAttr attr = constantOperand(i);
  if (!attr || attr.getNumElements() != 1)
    return std::nullopt;
  if (auto ints = constantInts(i))
    return static_cast<double>(ints->front());
  return (*attr.getValues<APFloat>().begin()).convertToDouble();
}

int64_t NodeLowering::intAttr(StringRef name, int64_t otherwise) {
  auto value = dyn_cast_or_null<IntegerAttr>(attr(name));
  return value ? value.getInt() : otherwise;
}
double NodeLowering::floatAttr(StringRef name, double otherwise) {
  auto value = dyn_cast_or_null<FloatAttr>(attr(name));
  return value ? value.getValueAsDouble() : otherwise;
}
StringRef NodeLowering::stringAttr(StringRef name, StringRef otherwise) {
  auto value = dyn_cast_or_null<StringAttr>(attr(name));
  return value ? value.strref() : otherwise;
}
SmallVector<int64_t> NodeLowering::intsAttr(StringRef name, ArrayRef<int64_t> otherwise) {
  auto value = dyn_cast_or_null<DenseI64ArrayAttr>(attr(name));
  return value ? SmallVector<int64_t>(value.asArrayRef()) : SmallVector<int64_t>(otherwise);
}

//===- The walk -----------------------------------------------------------===//

static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static bool isLowered(onnx::NodeOp node) {
  return hasOnnxLowering(node.getDomain(), node.getOpType(), static_cast<int>(node.getSince()));
}

/// A tensor type with its elements stored.
static Type storedTensor(Type type) {
  auto shaped = dyn_cast<TensorType>(type);
  return shaped ? shaped.clone(storedType(shaped.getElementType())) : type;
}

/// Dimensions of results whose extent only the run tells, by result.
using RuntimeExtents = SmallVector<std::pair<size_t, RuntimeExtent>>;

/// The counts among them, each once.
static llvm::SetVector<Value> countsOf(const RuntimeExtents &extents) {
  llvm::SetVector<Value> counts;
  for (const auto &[result, extent] : extents)
    counts.insert(extent.count);
  return counts;
}

/// The program's results for the counts, which follow the model's own, and the module's note of whose extents they are.
static void addCounts(func::FuncOp func, const RuntimeExtents &extents) {
  Builder b(func.getContext());
  auto nameOf = [&](size_t i) {
    auto name = func.getResultAttrOfType<StringAttr>(i, "onnx.name");
    return name ? name.str() : ("result" + Twine(i)).str();
  };
  llvm::StringSet<> names;
  for (size_t i = 0; i != func.getNumResults(); ++i)
    names.insert(nameOf(i));
  llvm::DenseMap<Value, std::string> nameOfCount;
  SmallVector<Attribute> notes;
  for (const auto &[result, extent] : extents) {
    std::string &count = nameOfCount[extent.count];
    if (count.empty()) {
      count = nameOf(result) + "#count";
      while (!names.insert(count).second)
        count += "'";
      (void)func.insertResult(func.getNumResults(), extent.count.getType(),
                              b.getDictionaryAttr(b.getNamedAttr("onnx.name", b.getStringAttr(count))));
    }
    notes.push_back(b.getDictionaryAttr({b.getNamedAttr("count", b.getStringAttr(count)),
                                         b.getNamedAttr("dim", b.getI64IntegerAttr(extent.axis)),
                                         b.getNamedAttr("output", b.getStringAttr(nameOf(result)))}));
  }
  if (!notes.empty())
    func->getParentOfType<ModuleOp>()->setAttr("onnx.extents", b.getArrayAttr(notes));
}

LogicalResult Walk::convert(func::FuncOp func) {
  Block &old = func.getBody().front();
  Region fresh;
  Block *body = new Block;
  fresh.push_back(body);
  function = func;
  entry = body;
  for (BlockArgument argument : old.getArguments()) {
    Type declared = getElementTypeOrSelf(argument.getType());
    Value value = body->addArgument(storedTensor(argument.getType()), argument.getLoc());
    if (declared.isUnsignedInteger()) {
      unsignedTensors.insert(value);
      func.setArgAttr(argument.getArgNumber(), "onnx.type", TypeAttr::get(declared));
    }
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape()) {
      reportDynamicInput(func, argument);
      continue;
    }
    define(argument, Lowered::of(value));
  }
  b.setInsertionPointToEnd(body);
  if (llvm::any_of(old.getOps<onnx::NodeOp>(), [](onnx::NodeOp node) { return !isLowered(node); }))
    stopFolding();
  if (failed(convertBlock(old)))
    return failure();
  auto terminator = cast<func::ReturnOp>(old.getTerminator());
  SmallVector<Value> results;
  RuntimeExtents open;
  for (Value operand : terminator.getOperands()) {
    Lowered value = lookup(operand);
    Value result = value.kind == Lowered::Bounded ? value.tensor : tensor(operand);
    if (value.kind == Lowered::Bounded)
      open.push_back({results.size(), value.extent});
    if (!result && !failedAny)
      report(operand.getLoc(), ErrorCode::ValueTypeUnsupported,
             "output " + Twine(results.size()) + " of the model is a sequence, or an optional without a value",
             "sequences and optional values have no form outside of the model; take tensors out of them in it");
    results.push_back(result);
  }
  if (failedAny)
    return failure();
  SmallVector<Value> returned(results);
  for (Value count : countsOf(open))
    returned.push_back(count);
  func::ReturnOp::create(b, terminator.getLoc(), returned);
  auto type = b.getFunctionType(body->getArgumentTypes(), ValueRange(results).getTypes());
  // Old ops use each other; none is used by the new ones.
  func.getBody().dropAllReferences();
  func.getBody().getBlocks().clear();
  func.getBody().takeBody(fresh);
  func.setType(type);
  addCounts(func, open);
  for (auto [i, result] : llvm::enumerate(results))
    if (Type declared = at(result.getLoc()).element(result); declared.isUnsignedInteger())
      func.setResultAttr(i, "onnx.type", TypeAttr::get(declared));
  return success();
}

/// As a shell takes it.
static std::string quoted(const std::string &text) {
  return StringRef(text).find_first_of(" +*/()") == StringRef::npos ? text : "'" + text + "'";
}

/// The importer notes the symbolic dimensions of inputs in `onnx.dims`.
void Walk::reportDynamicInput(func::FuncOp func, BlockArgument argument) {
  unsigned index = argument.getArgNumber();
  auto nameAttr = func.getArgAttrOfType<StringAttr>(index, "onnx.name");
  std::string name = nameAttr ? nameAttr.str() : std::to_string(index);
  std::string symbols;
  if (auto dims = func.getArgAttrOfType<ArrayAttr>(index, "onnx.dims"))
    for (Attribute dim : dims)
      symbols += " --dim " + quoted(cast<StringAttr>(dim).str() + "=SIZE");
  std::string hint = "give it with --shape " + name + "=AxBxC";
  if (!symbols.empty())
    hint = "give its dimensions with" + symbols + ", or its shape with --shape " + name + "=AxBxC";
  report(func.getLoc(), ErrorCode::ShapeUnknown,
         "the shape of input '" + name + "' is not fixed: " + textOf(argument.getType()), hint);
}

void Walk::report(Location loc, ErrorCode code, const Twine &message, const Twine &hint, Value decider) {
  failedAny = true;
  if (quiet)
    return;
  stopFolding();
  SetVector<StringAttr> inputs;
  inputs.insert_range(inputsOf(decider));
  for (Value condition : conditions)
    inputs.insert_range(inputsOf(condition));
  InFlightDiagnostic error = wafer::emitError(loc, code, message, hint);
  if (!inputs.empty())
    addInputs(error, inputs.getArrayRef());
}

SmallVector<StringAttr> Walk::inputsOf(Value value) {
  SetVector<unsigned> numbers;
  SmallVector<Value> open;
  llvm::DenseSet<Value> seen;
  auto visit = [&](Value next) {
    if (next && seen.insert(next).second)
      open.push_back(next);
  };
  visit(value);
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      if (argument.getOwner() == entry)
        numbers.insert(argument.getArgNumber());
      else if (Operation *owner = argument.getOwner()->getParentOp())
        llvm::for_each(owner->getOperands(), visit);
      continue;
    }
    next.getDefiningOp()->walk([&](Operation *op) { llvm::for_each(op->getOperands(), visit); });
  }
  SmallVector<unsigned> ordered(numbers.begin(), numbers.end());
  llvm::sort(ordered);
  SmallVector<StringAttr> names;
  for (unsigned number : ordered)
    if (auto name = function.getArgAttrOfType<StringAttr>(number, "onnx.name"))
      names.push_back(name);
  return names;
}

void Walk::reportNoLowering(onnx::NodeOp node) {
  ArrayRef<const LoweringEntry *> entries = lowerings(node.getDomain(), node.getOpType());
  if (entries.empty()) {
    const onnx::SchemaSource *schemas = cast<onnx::OnnxDialect>(node->getDialect())->getSchemaSource();
    bool standard = node.getDomain().empty() ||
                    (schemas && schemas->find(node.getDomain().str(), node.getOpType().str(), node.getSince()));
    wafer::Diagnostic diagnostic = onnx::noLowering(node.describe(), standard);
    report(node.getLoc(), diagnostic.code, diagnostic.message, diagnostic.hint);
  } else {
    int first = entries.front()->minSince;
    for (const LoweringEntry *entry : entries)
      first = std::min(first, entry->minSince);
    report(node.getLoc(), ErrorCode::NodeUnsupported,
           node.describe() + ": version " + Twine(node.getSince()) + " of the operator has no lowering, version " +
               Twine(first) + " has",
           "export the model for operator set " + Twine(first) + " or later");
  }
  reportInGraphs(node);
}

void Walk::reportInGraphs(onnx::NodeOp node) {
  for (Region &body : node.getBodies())
    for (auto inner : body.getOps<onnx::NodeOp>()) {
      if (isLowered(inner))
        reportInGraphs(inner);
      else
        reportNoLowering(inner);
    }
}

bool Walk::tries(llvm::function_ref<bool()> attempt) {
  bool wasQuiet = std::exchange(quiet, true), hadFailed = std::exchange(failedAny, false);
  int64_t before = nodes;
  // What is made in vain is erased: nothing may be remembered of it.
  UnsignedValues unsignedBefore = unsignedTensors;
  computedForms.clear();
  bool done = attempt() && !failedAny;
  quiet = wasQuiet;
  failedAny = hadFailed;
  if (!done) {
    nodes = before;
    unsignedTensors = std::move(unsignedBefore);
    computedForms.clear();
  }
  return done;
}

bool Walk::readsTainted(onnx::NodeOp node) const {
  return llvm::any_of(node.getInputs(), [&](Value operand) {
    Lowered value = lookup(operand);
    return value.tainted || value.kind == Lowered::Unknown;
  });
}

LogicalResult Walk::refuse(onnx::NodeOp node, ErrorCode code, const Twine &reason, const Twine &hint, Value decider) {
  // After a stand-in, an unknown shape is no news.
  if (!readsTainted(node) || code == ErrorCode::NodeUnsupported)
    report(node.getLoc(), code, node.describe() + ": " + reason, hint, decider);
  reportInGraphs(node);
  return poison(node);
}

LogicalResult Walk::refuseNoTensor(onnx::NodeOp node, Value value, const Twine &what) {
  if (lookup(value).kind == Lowered::Unknown)
    return poison(node);
  return refuse(node, ErrorCode::ValueTypeUnsupported, what + " is no tensor", "");
}

LogicalResult Walk::refuseBounded(onnx::NodeOp node, unsigned operand) {
  return refuse(node, ErrorCode::ShapeUnknown,
                "operand " + Twine(operand) + " has as many elements as the data say, which the operator does not take",
                kExtentHint, lookup(node.getInputs()[operand]).extent.count);
}

void Walk::checkYields(Block &block) {
  for (Value yielded : block.getTerminator()->getOperands())
    if (lookup(yielded).kind == Lowered::Bounded) {
      report(yielded.getLoc(), ErrorCode::ShapeUnknown,
             "a graph of the model yields a tensor with as many elements as the data say", kExtentHint,
             lookup(yielded).extent.count);
      define(yielded, {});
    }
}

LogicalResult Walk::convertBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (isCancelled())
      return failure();
    if (isa<onnx::NoneOp>(op)) {
      define(op.getResult(0), Lowered::absent());
    } else if (auto constant = dyn_cast<onnx::ConstantOp>(op)) {
      convertConstant(constant);
    } else if (auto node = dyn_cast<onnx::NodeOp>(op)) {
      if (failed(convertNode(node)))
        return failure();
    } else {
      // Weight references, and what is at the tensor level already.
      IRMapping mapping;
      for (Value operand : op.getOperands()) {
        Value value = tensor(operand);
        if (!value) {
          report(op.getLoc(), ErrorCode::NodeUnsupported, "an operation reads a value without a type", "");
          return failure();
        }
        mapping.map(operand, value);
      }
      Operation *clone = b.clone(op, mapping);
      for (auto [from, to] : llvm::zip_equal(op.getResults(), clone->getResults())) {
        Type declared = getElementTypeOrSelf(from.getType());
        to.setType(storedTensor(from.getType()));
        define(from, Lowered::of(at(op.getLoc()).as(to, declared)));
      }
    }
  }
  if (!isa<func::FuncOp>(block.getParentOp()))
    checkYields(block);
  return success();
}

void Walk::convertConstant(onnx::ConstantOp constant) {
  auto attr = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!attr)
    return define(constant.getResult(), {});
  define(constant.getResult(), Lowered::of(at(constant.getLoc()).constant(attr)));
}

//===- Element types ------------------------------------------------------===//

/// The type that the model declares for a tensor, if it is that of what it has become.
static Type declaredType(Value old, Value value, const TensorBuilder &t) {
  Type declared = getElementTypeOrSelf(old.getType());
  return isDeclarable(declared) && storedType(declared) == elementTypeOf(value) ? declared : t.element(value);
}

Value Walk::computed(Value value, TensorBuilder &t) {
  Type declared = t.element(value), type = computedType(declared);
  if (type == declared)
    return value;
  Value &known = formsHere()[value].value;
  return known ? known : known = t.cast(value, type);
}

llvm::DenseMap<Value, Walk::ComputedForm> &Walk::formsHere() {
  if (b.getInsertionBlock() != formsBlock)
    computedForms.clear();
  formsBlock = b.getInsertionBlock();
  return computedForms;
}

Value Walk::declaredForm(Value value, Type resultType, ArrayRef<Type> operands, bool convert, TensorBuilder &t) {
  Type declared = getElementTypeOrSelf(resultType);
  if (!isDeclarable(declared)) {
    // ONNX does not say: as the first operand of that kind.
    declared = t.element(value);
    const Type *like = llvm::find_if(
        operands, [&](Type operand) { return operand && convert && computedType(operand) == t.element(value); });
    if (like != operands.end())
      declared = *like;
  }
  if (convert && computedType(declared) == t.element(value)) {
    Value form = t.cast(value, declared);
    // As in ONNX Runtime, nodes that compute hand each other what they have computed: a narrow float is rounded where
    // it is stored (moved, converted, an output). Narrow integers wrap.
    if (form != value && isa<FloatType>(declared))
      formsHere()[form] = {value};
    return form;
  }
  // Lowerings that move elements do not know of signs.
  return storedType(declared) == elementTypeOf(value) ? t.as(value, declared) : value;
}

/// What is wrong with the operands by a signature (LoweringEntry); empty if nothing is.
static std::string operandFault(std::string_view signature, ArrayRef<Value> operands) {
  Type floats;
  for (auto [i, kind] : llvm::enumerate(signature)) {
    Value operand = i < operands.size() ? operands[i] : Value();
    if (!operand && llvm::isUpper(kind))
      return "operand " + std::to_string(i) + " is missing";
    char wanted = llvm::toUpper(kind);
    const Type type = operand ? elementTypeOf(operand) : Type();
    if (operand &&
        ((wanted == 'F' && !isa<FloatType>(type)) || (wanted == 'I' && (!isa<IntegerType>(type) || type.isInteger(1)))))
      return "operand " + std::to_string(i) + " is not of " + (wanted == 'F' ? "floats" : "integers");
    if (operand && wanted == 'F' && floats && type != floats)
      return "operand " + std::to_string(i) + " is of other floats than those before it";
    if (operand && wanted == 'F')
      floats = type;
  }
  for (size_t i = signature.size(); i < operands.size(); ++i)
    if (operands[i])
      return "the operator takes no operand " + std::to_string(i);
  return "";
}

LogicalResult Walk::convertNode(onnx::NodeOp node) {
  for (auto [i, operand] : llvm::enumerate(node.getInputs()))
    if (Value value = lookup(operand).tensor; value && !isCountable(shapeOf(value)))
      return refuse(node, ErrorCode::ModelLimits,
                    "operand " + Twine(i) + " is a " + textOf(value.getType()) +
                        ", larger than any machine: a side has less than 2^31 elements, a tensor less than 2^36",
                    "give smaller dimensions with --dim or --shape");
  if (const WalkEntry *entry = findWalkEntry(node.getDomain(), node.getOpType(), node.getSince())) {
    for (auto [i, operand] : llvm::enumerate(node.getInputs()))
      if (lookup(operand).kind == Lowered::Bounded)
        return refuseBounded(node, i);
    return entry->lower(*this, node);
  }
  // A copy of something that is no tensor is that thing.
  if (node.getOpType() == "Identity" && node.getDomain().empty())
    if (Lowered value = lookup(node.getInputs().front());
        value.kind != Lowered::Tensor && value.kind != Lowered::Bounded) {
      define(node.getResult(0), value);
      return success();
    }
  FoundLowering found = findLowering(node.getDomain(), node.getOpType(), static_cast<int>(node.getSince()));
  if (!found) {
    reportNoLowering(node);
    return poison(node);
  }
  SmallVector<Value> operands;
  for (Value operand : node.getInputs()) {
    Lowered value = lookup(operand);
    if (value.kind == Lowered::Unknown)
      return poison(node);
    if (value.kind == Lowered::Sequence)
      return refuse(node, ErrorCode::ValueTypeUnsupported, "reads a sequence where it takes a tensor", "");
    if (value.kind == Lowered::Absent && !operand.getDefiningOp<onnx::NoneOp>())
      return refuse(node, ErrorCode::ValueTypeUnsupported, "reads an optional without a value", "");
    operands.push_back(value.tensor);
  }
  if (std::string_view signature = found.entry->signature; !signature.empty())
    if (std::string wrong = operandFault(signature, operands); !wrong.empty())
      return refuse(node, ErrorCode::NodeInvalid, wrong, "");
  TensorBuilder t = at(node.getLoc());
  bool convert = found.entry->operands == Operands::Computed;
  // Also to a cast that widens: but a cast that follows a cast rounds.
  bool casts = node.getDomain().empty() && (node.getOpType() == "Cast" || node.getOpType() == "CastLike");
  Type to = getElementTypeOrSelf(node.getResult(0).getType());
  auto takesComputed = [&](Value value, Type from) {
    return convert || (casts && isa<FloatType>(from) && (to.isF32() || to.isF64()) && !formsHere().lookup(value).cast);
  };
  SmallVector<Type> declared;
  for (auto [old, value] : llvm::zip_equal(node.getInputs(), operands)) {
    declared.push_back(value ? declaredType(old, value, t) : Type());
    if (!value)
      continue;
    t.as(value, declared.back());
    if (takesComputed(value, declared.back()))
      value = computed(value, t);
  }
  if (std::string wrong = operandTypeFault(node, declared); !wrong.empty())
    return refuse(node, ErrorCode::NodeInvalid, wrong, "");
  NodeLowering lowering(node, operands, declared, t);
  for (auto [i, operand] : llvm::enumerate(node.getInputs()))
    if (Lowered value = lookup(operand); value.kind == Lowered::Bounded)
      lowering.setExtent(i, value.extent);
  if (lowering.hasExtents())
    maskExtents(lowering);
  if (failed(found.run(lowering)) || (lowering.hasExtents() && failed(passExtents(lowering)))) {
    Refusal refusal = lowering.refusal.value_or(Refusal{ErrorCode::NodeUnsupported, "cannot be lowered", ""});
    return refuse(node, refusal.code, refusal.reason, refusal.hint, refusal.decider);
  }
  ++nodes;
  if (Value narrow = lowering.results().front(); casts && narrow && operands.front() &&
                                                 (elementTypeOf(narrow).isF16() || elementTypeOf(narrow).isBF16()) &&
                                                 elementTypeOf(operands.front()).isF32())
    formsHere()[narrow] = {operands.front(), /*cast=*/true};
  bool tainted = readsTainted(node);
  for (auto [result, value] : llvm::zip_equal(node.getResults(), lowering.results())) {
    if (!value && !result.use_empty()) {
      report(node.getLoc(), ErrorCode::NodeUnsupported,
             node.describe() + ": output " + std::to_string(result.getResultNumber()) + " is not supported", "");
      continue;
    }
    if (!value) {
      define(result, {});
      continue;
    }
    Value form = declaredForm(value, result.getType(), declared, convert, t);
    std::optional<RuntimeExtent> extent = lowering.outputExtent(result.getResultNumber());
    define(result, extent ? Lowered::of(form, *extent, tainted) : Lowered::of(form, tainted));
  }
  return success();
}

LogicalResult Walk::poison(onnx::NodeOp node) {
  failedAny = true;
  for (Value result : node.getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (type && type.hasStaticShape() && isDeclarable(type.getElementType()))
      define(result, Lowered::of(at(node.getLoc()).empty(type.getShape(), type.getElementType()), true));
    else
      define(result, {});
  }
  return success();
}

namespace {

struct ConvertOnnxToTensor : wafer::impl::ConvertOnnxToTensorBase<ConvertOnnxToTensor> {
  using ConvertOnnxToTensorBase::ConvertOnnxToTensorBase;

  void runOnOperation() override {
    FoldLimits limits;
    limits.maxElements = maxFoldElements;
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (func.isDeclaration())
        continue;
      Walk walk(&getContext(), limits);
      if (failed(walk.convert(func)))
        return signalPassFailure();
      numNodes += walk.nodes;
    }
  }
};

} // namespace
