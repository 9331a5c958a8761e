// From a prepared ModelProto to the onnx dialect, node by node.
//
// Names are data here: tensors and nodes may be called anything, so names become attributes and locations, and only
// weights need symbols, which MLIR quotes. Sequences and optional values have types of the dialect and stay inside the
// graph; maps and sparse tensors cannot be typed, and every node that makes one is reported.
#include "wafer/Dialect/Onnx/ElementTypes.h"
#include "wafer/Frontend/Import.h"

#include "../Model/PreparedModel.h"

#include "wafer/Dialect/Onnx/NoLowering.h"
#include "wafer/Support/MlirDiagnostic.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "onnx/onnx_pb.h"

#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::frontend;

namespace {

using P = ::onnx::TensorProto;

class Importer {
public:
  Importer(MLIRContext *context, const PreparedModel &prepared, StringRef file, WeightStore &store)
      : context(context), b(context), prepared(prepared), model(*prepared.proto), store(store),
        fileLoc(FileLineColLoc::get(context, file, 0, 0)) {
    for (const auto &opset : model.opset_import())
      opsets[opset.domain()] = opset.version();
  }

  FailureOr<OwningOpRef<ModuleOp>> run() {
    OwningOpRef<ModuleOp> module = ModuleOp::create(fileLoc);
    moduleOp = *module;
    const auto &graph = model.graph();
    Scope scope{nullptr, {}};
    std::map<std::string, const DetachedTensor *> weights;
    for (const DetachedTensor &weight : prepared.weights)
      weights[weight.name] = &weight;

    // Inputs that are weights are symbols; the rest are arguments.
    SmallVector<Type> inputTypes;
    SmallVector<const ::onnx::ValueInfoProto *> inputs;
    for (const auto &input : graph.input()) {
      if (weights.contains(input.name()))
        continue;
      Type type = convertType(input.type());
      if (!type || !isa<TensorType>(type)) {
        refuseType(locOf(input.name()), "the input '" + input.name() + "'", input.type());
        continue;
      }
      inputs.push_back(&input);
      inputTypes.push_back(type);
    }
    auto func = func::FuncOp::create(fileLoc, "main", b.getFunctionType(inputTypes, {}));
    moduleOp.push_back(func);
    Block *body = func.addEntryBlock();
    b.setInsertionPointToStart(body);
    for (auto [index, input] : llvm::enumerate(inputs)) {
      func.setArgAttr(index, "onnx.name", b.getStringAttr(input->name()));
      SmallVector<StringRef> symbols;
      for (const auto &dim : input->type().tensor_type().shape().dim())
        if (dim.has_dim_param() && !llvm::is_contained(symbols, dim.dim_param()))
          symbols.push_back(dim.dim_param());
      if (!symbols.empty())
        func.setArgAttr(index, "onnx.dims", b.getStrArrayAttr(symbols));
      scope.values[input->name()] = body->getArgument(index);
    }
    for (const auto &[name, weight] : weights)
      (void)importWeight(*weight, scope); // what is wrong with it has been said
    if (failed(importGraph(graph, scope)) || failedAny) {
      reportUnsupported();
      return failure();
    }
    SmallVector<Value> results;
    for (const auto &output : graph.output()) {
      Value value = scope.find(output.name());
      if (!value) {
        error(fileLoc, ErrorCode::ModelMalformed, "the output '" + output.name() + "' is not computed by any node");
        return failure();
      }
      if (isa<wafer::onnx::SequenceType, wafer::onnx::OptionalType>(value.getType())) {
        refuseType(value.getLoc(), "the output '" + output.name() + "'", output.type());
        continue;
      }
      results.push_back(value);
    }
    if (failedAny)
      return failure();
    func::ReturnOp::create(b, fileLoc, results);
    func.setType(b.getFunctionType(inputTypes, ValueRange(results).getTypes()));
    for (auto [index, output] : llvm::enumerate(graph.output()))
      func.setResultAttr(index, "onnx.name", b.getStringAttr(output.name()));
    if (failedAny)
      return failure();
    SmallVector<StringRef> ignored;
    for (const IgnoredInput &input : prepared.ignoredInputs)
      ignored.push_back(input.name);
    if (!ignored.empty())
      moduleOp->setAttr("onnx.ignored_inputs", b.getStrArrayAttr(ignored));
    return module;
  }

  int64_t maxInline = 1024;
  std::function<bool(std::string_view, std::string_view, int)> hasLowering;

private:
  struct Scope {
    Scope *parent;
    std::map<std::string, Value> values;
    Value find(const std::string &name) {
      for (Scope *scope = this; scope; scope = scope->parent)
        if (auto found = scope->values.find(name); found != scope->values.end())
          return found->second;
      return {};
    }
  };

  InFlightDiagnostic error(Location loc, ErrorCode code, const Twine &message, const Twine &hint = "") {
    failedAny = true;
    return wafer::emitError(loc, code, message, hint);
  }

  /// A graph that cannot be imported is not lowered, either; but one report names all that is in the way.
  void reportUnsupported() {
    moduleOp.walk([&](wafer::onnx::NodeOp node) {
      if (!hasLowering || hasLowering(node.getDomain(), node.getOpType(), static_cast<int>(node.getSince())))
        return;
      bool standard = onnxSchemas().find(node.getDomain().str(), node.getOpType().str(), node.getSince());
      wafer::emitError(node.getLoc(), wafer::onnx::noLowering(node.describe(), standard));
    });
  }

  Location locOf(StringRef name) { return name.empty() ? fileLoc : Location(NameLoc::get(b.getStringAttr(name))); }

  InFlightDiagnostic refuseElements(Location loc, const std::string &what, int type) {
    return error(loc, ErrorCode::ValueTypeUnsupported, what + " is of type " + dataTypeName(type),
                 "tensors of numbers of 8 bits and more, and of booleans, have a form on the machine");
  }

  void refuseType(Location loc, const std::string &what, const ::onnx::TypeProto &type) {
    if (type.has_tensor_type())
      refuseElements(loc, what, type.tensor_type().elem_type());
    else
      error(loc, ErrorCode::ValueTypeUnsupported, what + " is not a tensor",
            "tensors of numbers and booleans have a form on the machine");
  }

  /// NoneType for an unknown type, null for one without a form in the dialect.
  Type convertType(const ::onnx::TypeProto &type) {
    if (type.value_case() == ::onnx::TypeProto::VALUE_NOT_SET)
      return NoneType::get(context);
    if (type.has_sequence_type()) {
      Type element = convertType(type.sequence_type().elem_type());
      if (!element || isa<NoneType>(element))
        return element;
      return isa<TensorType>(element) ? wafer::onnx::SequenceType::get(context, element) : Type();
    }
    if (type.has_optional_type()) {
      Type element = convertType(type.optional_type().elem_type());
      if (!element || isa<NoneType>(element))
        return element;
      return isa<TensorType, wafer::onnx::SequenceType>(element) ? wafer::onnx::OptionalType::get(context, element)
                                                                 : Type();
    }
    if (!type.has_tensor_type())
      return {};
    if (type.tensor_type().elem_type() == P::UNDEFINED)
      return NoneType::get(context);
    Type element = wafer::onnx::elementTypeFor(context, type.tensor_type().elem_type());
    if (!element)
      return {};
    if (!type.tensor_type().has_shape())
      return UnrankedTensorType::get(element);
    SmallVector<int64_t> shape;
    for (const auto &dim : type.tensor_type().shape().dim())
      shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : ShapedType::kDynamic);
    return RankedTensorType::get(shape, element);
  }

  LogicalResult importWeight(const DetachedTensor &weight, Scope &scope) {
    Type element = wafer::onnx::elementTypeFor(context, weight.dataType);
    if (!element)
      return refuseElements(locOf(weight.name), "the weight '" + weight.name + "'", weight.dataType);
    auto type = RankedTensorType::get(weight.dims, element);
    scope.values[weight.name] =
        addWeight(weight.name, type, b.getStringAttr(weight.file), weight.offset, weight.length);
    return success();
  }

  Value addWeight(const std::string &name, RankedTensorType type, StringAttr file, uint64_t offset, uint64_t length) {
    std::string symbol = name;
    for (int i = 1; !symbols.insert(symbol).second; ++i)
      symbol = name + "." + std::to_string(i);
    Location loc = locOf(name);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(*moduleOp.getOps<func::FuncOp>().begin());
      wafer::onnx::WeightOp::create(b, loc, b.getStringAttr(symbol), TypeAttr::get(type), file,
                                    b.getI64IntegerAttr(offset), b.getI64IntegerAttr(length));
    }
    lastSymbol = symbol;
    return wafer::onnx::WeightRefOp::create(b, loc, type, FlatSymbolRefAttr::get(context, symbol));
  }

  /// A tensor's bytes as raw_data would hold them. False if the data does not fit the shape.
  static bool rawBytes(const P &tensor, int64_t elements, std::string &bytes) {
    if (tensor.has_raw_data()) {
      bytes = tensor.raw_data();
      return true;
    }
    auto append = [&](auto value) { bytes.append(reinterpret_cast<const char *>(&value), sizeof(value)); };
    switch (tensor.data_type()) {
    case P::FLOAT:
      for (float value : tensor.float_data())
        append(value);
      return tensor.float_data_size() == elements;
    case P::DOUBLE:
      for (double value : tensor.double_data())
        append(value);
      return tensor.double_data_size() == elements;
    case P::INT64:
      for (int64_t value : tensor.int64_data())
        append(value);
      return tensor.int64_data_size() == elements;
    case P::UINT32:
      for (uint64_t value : tensor.uint64_data())
        append(static_cast<uint32_t>(value));
      return tensor.uint64_data_size() == elements;
    case P::UINT64:
      for (uint64_t value : tensor.uint64_data())
        append(value);
      return tensor.uint64_data_size() == elements;
    case P::INT32:
      for (int32_t value : tensor.int32_data())
        append(value);
      return tensor.int32_data_size() == elements;
    case P::INT16:
    case P::UINT16:
    case P::FLOAT16:
    case P::BFLOAT16:
      for (int32_t value : tensor.int32_data())
        append(static_cast<uint16_t>(value));
      return tensor.int32_data_size() == elements;
    case P::INT8:
    case P::UINT8:
    case P::BOOL:
      for (int32_t value : tensor.int32_data())
        append(static_cast<uint8_t>(value));
      return tensor.int32_data_size() == elements;
    default:
      return false;
    }
  }

  /// The type and bytes of a tensor in the model, checked.
  FailureOr<RankedTensorType> readTensor(const P &tensor, Location loc, std::string &bytes) {
    Type element = wafer::onnx::elementTypeFor(context, tensor.data_type());
    if (!element) {
      refuseElements(loc, "the constant '" + tensor.name() + "'", tensor.data_type());
      return failure();
    }
    SmallVector<int64_t> dims(tensor.dims().begin(), tensor.dims().end());
    auto type = RankedTensorType::get(dims, element);
    int64_t elements = type.getNumElements();
    unsigned width = (element.getIntOrFloatBitWidth() + 7) / 8;
    if (!rawBytes(tensor, elements, bytes) || bytes.size() != static_cast<size_t>(elements) * width) {
      error(loc, ErrorCode::ModelMalformed, "the constant '" + tensor.name() + "' has data of the wrong size",
            "export the model again");
      return failure();
    }
    return type;
  }

  static DenseElementsAttr denseOf(RankedTensorType type, const std::string &bytes) {
    if (type.getElementType().isInteger(1)) {
      SmallVector<bool> values;
      for (char byte : bytes)
        values.push_back(byte != 0);
      return DenseElementsAttr::get(type, values);
    }
    int64_t elements = type.getNumElements();
    size_t width = elements ? bytes.size() / elements : 0;
    ArrayRef<char> raw(bytes.data(), bytes.size());
    // A splat is stored once.
    bool splat = elements > 1;
    for (int64_t i = 1; i < elements && splat; ++i)
      splat = std::equal(raw.begin(), raw.begin() + width, raw.begin() + i * width);
    return DenseElementsAttr::getFromRawBuffer(type, splat ? raw.take_front(width) : raw);
  }

  /// A tensor of the model as a value: a constant, or a weight that the store owns.
  Value importTensor(const P &tensor, const std::string &name, Location loc) {
    std::string bytes;
    auto type = readTensor(tensor, loc, bytes);
    if (failed(type))
      return {};
    if (type->getNumElements() <= maxInline)
      return wafer::onnx::ConstantOp::create(b, loc, *type, denseOf(*type, bytes));
    uint64_t length = bytes.size();
    Value value = addWeight(name.empty() ? "weight" : name, *type, {}, 0, length);
    store.own(lastSymbol, std::move(bytes));
    return value;
  }

  LogicalResult importGraph(const ::onnx::GraphProto &graph, Scope &scope) {
    std::map<std::string, const ::onnx::TypeProto *> types;
    for (const auto *values : {&graph.value_info(), &graph.output()})
      for (const auto &value : *values)
        if (value.has_type())
          types[value.name()] = &value.type();
    if (graph.sparse_initializer_size())
      return error(fileLoc, ErrorCode::ValueTypeUnsupported,
                   "the weight '" + graph.sparse_initializer(0).values().name() + "' is a sparse tensor",
                   "export the model with dense weights");
    for (const auto &tensor : graph.initializer()) {
      Value value = importTensor(tensor, tensor.name(), locOf(tensor.name()));
      if (value)
        scope.values[tensor.name()] = value;
    }
    // One report names every node at fault.
    bool all = true;
    for (const auto &node : graph.node())
      all &= succeeded(importNode(node, types, scope));
    return success(all);
  }

  Value none() { return wafer::onnx::NoneOp::create(b, fileLoc, b.getNoneType()); }

  static std::string describe(const ::onnx::NodeProto &node) { return "node " + describeNode(node, nodeChain(node)); }

  /// Inputs that the schema gives one type have one.
  LogicalResult checkTypes(Location loc, const ::onnx::NodeProto &node, const wafer::onnx::OpSchema &schema,
                           ArrayRef<Value> inputs) {
    std::map<std::string, size_t> first; // of each type variable
    for (size_t i = 0; i != inputs.size() && !schema.inputTypes.empty(); ++i) {
      const std::string &variable = schema.inputTypes[std::min(i, schema.inputTypes.size() - 1)];
      if (variable.empty() || !isa<TensorType>(inputs[i].getType()))
        continue;
      size_t other = first.try_emplace(variable, i).first->second;
      Type type = getElementTypeOrSelf(inputs[i].getType()), wanted = getElementTypeOrSelf(inputs[other].getType());
      if (type == wanted)
        continue;
      std::string text;
      llvm::raw_string_ostream(text) << describe(node) << ": its inputs '" << node.input(other) << "' and '"
                                     << node.input(i) << "' are of " << wanted << " and " << type
                                     << ", and must be of one type";
      return error(loc, ErrorCode::ModelInvalid, text, "export the model again");
    }
    return success();
  }

  /// Inputs that must be there are, and tensors have element types that the operator takes: lowerings rely on both.
  LogicalResult checkInputs(Location loc, const ::onnx::NodeProto &node, const wafer::onnx::OpSchema &schema,
                            ArrayRef<Value> inputs) {
    if (static_cast<int>(inputs.size()) < schema.minInputs)
      return error(loc, ErrorCode::ModelInvalid,
                   describe(node) + ": the operator takes at least " + Twine(schema.minInputs) + " inputs, here are " +
                       Twine(inputs.size()),
                   "export the model again");
    for (size_t i = 0; i != inputs.size() && !schema.inputs.empty(); ++i) {
      const auto &[optional, elementTypes] = schema.inputs[std::min(i, schema.inputs.size() - 1)];
      std::string who = describe(node) + ": ";
      if (node.input(i).empty()) {
        if (!optional)
          return error(loc, ErrorCode::ModelInvalid, who + "input " + Twine(i) + " is missing, and is not optional",
                       "export the model again");
        continue;
      }
      auto type = dyn_cast<TensorType>(inputs[i].getType());
      if (!type || llvm::any_of(elementTypes, [&](int taken) {
            return wafer::onnx::elementTypeFor(context, taken) == type.getElementType();
          }))
        continue;
      llvm::raw_string_ostream(who) << "its input '" << node.input(i) << "' is of " << type.getElementType()
                                    << ", which the operator does not take";
      return error(loc, ErrorCode::ModelInvalid, who, "export the model again");
    }
    return success();
  }

  LogicalResult importNode(const ::onnx::NodeProto &node, std::map<std::string, const ::onnx::TypeProto *> &types,
                           Scope &scope) {
    std::string name = nodeName(node);
    Location loc = locOf(name);
    // A Constant node is a constant.
    if (node.op_type() == "Constant" && node.domain().empty() && node.attribute_size() == 1 &&
        node.output_size() == 1 && node.attribute(0).has_t()) {
      Value value = importTensor(node.attribute(0).t(), node.output(0), loc);
      if (value)
        scope.values[node.output(0)] = value;
      return success(value != nullptr);
    }
    SmallVector<Value> inputs;
    for (const std::string &input : node.input()) {
      Value value = input.empty() ? none() : scope.find(input);
      if (!value) {
        // After an error, what follows from it is no news.
        if (!failedAny)
          error(loc, ErrorCode::ModelMalformed,
                describe(node) + " reads '" + input + "', which nothing computes before it", "export the model again");
        value = none();
      }
      inputs.push_back(value);
    }
    // Trailing absent inputs say nothing.
    while (!inputs.empty() && inputs.back().getDefiningOp<wafer::onnx::NoneOp>()) {
      Operation *op = inputs.pop_back_val().getDefiningOp();
      if (op->use_empty())
        op->erase();
    }
    auto version = opsets.find(node.domain());
    int since = nodeVersion(node, version == opsets.end() ? 1 : static_cast<int>(version->second));
    const wafer::onnx::OpSchema *schema = onnxSchemas().find(node.domain(), node.op_type(), since);
    if (schema) {
      since = schema->sinceVersion;
      if (failed(checkTypes(loc, node, *schema, inputs)) || failed(checkInputs(loc, node, *schema, inputs)))
        return failure();
    }

    SmallVector<Type> resultTypes;
    for (const std::string &output : node.output()) {
      auto found = types.find(output);
      Type type = found == types.end() ? NoneType::get(context) : convertType(*found->second);
      if (!type) {
        refuseType(loc, "the output '" + output + "' of " + describe(node), *found->second);
        type = NoneType::get(context);
      }
      resultTypes.push_back(type);
    }
    SmallVector<NamedAttribute> attributes;
    SmallVector<Attribute> graphNames;
    SmallVector<const ::onnx::GraphProto *> graphs;
    for (const auto &attribute : node.attribute()) {
      // ONNX's checker lets names with two underscores pass, and any name at LayerNormalization: they mean nothing.
      if (schema && !schema->attributes.contains(attribute.name()))
        continue;
      if (attribute.has_g()) {
        graphNames.push_back(b.getStringAttr(attribute.name()));
        graphs.push_back(&attribute.g());
        continue;
      }
      Attribute value = convertAttribute(node, attribute, loc);
      if (!value)
        return failure();
      attributes.push_back(b.getNamedAttr(attribute.name(), value));
    }
    std::string chain = nodeChain(node);
    auto op = wafer::onnx::NodeOp::create(b, loc, resultTypes, node.op_type(), node.domain(), since, inputs,
                                          DictionaryAttr::get(context, attributes),
                                          graphNames.empty() ? ArrayAttr() : b.getArrayAttr(graphNames),
                                          chain.empty() ? StringAttr() : b.getStringAttr(chain), graphs.size());
    for (auto [index, graph] : llvm::enumerate(graphs)) {
      OpBuilder::InsertionGuard guard(b);
      Block *block = b.createBlock(&op.getBodies()[index]);
      Scope inner{&scope, {}};
      for (const auto &input : graph->input()) {
        Type type = convertType(input.type());
        inner.values[input.name()] = block->addArgument(type ? type : NoneType::get(context), loc);
      }
      if (failed(importGraph(*graph, inner)))
        return failure();
      SmallVector<Value> results;
      for (const auto &output : graph->output()) {
        Value value = inner.find(output.name());
        if (!value)
          return error(loc, ErrorCode::ModelMalformed,
                       "the output '" + output.name() + "' of a graph in " + describe(node) + " is not computed");
        results.push_back(value);
      }
      wafer::onnx::YieldOp::create(b, loc, results);
    }
    for (auto [output, value] : llvm::zip_equal(node.output(), op.getOutputs()))
      if (!output.empty())
        scope.values[output] = value;
    return success();
  }

  Attribute convertAttribute(const ::onnx::NodeProto &node, const ::onnx::AttributeProto &attribute, Location loc) {
    using A = ::onnx::AttributeProto;
    switch (attribute.type()) {
    case A::INT:
      return b.getI64IntegerAttr(attribute.i());
    case A::FLOAT:
      return b.getF32FloatAttr(attribute.f());
    case A::STRING:
      return b.getStringAttr(attribute.s());
    case A::INTS:
      return b.getDenseI64ArrayAttr(SmallVector<int64_t>(attribute.ints().begin(), attribute.ints().end()));
    case A::FLOATS:
      return b.getDenseF32ArrayAttr(SmallVector<float>(attribute.floats().begin(), attribute.floats().end()));
    case A::STRINGS: {
      SmallVector<Attribute> strings;
      for (const std::string &text : attribute.strings())
        strings.push_back(b.getStringAttr(text));
      return b.getArrayAttr(strings);
    }
    case A::TENSOR: {
      std::string bytes;
      auto type = readTensor(attribute.t(), loc, bytes);
      return failed(type) ? Attribute() : denseOf(*type, bytes);
    }
    case A::TYPE_PROTO:
      if (Type type = convertType(attribute.tp()))
        return TypeAttr::get(type);
      [[fallthrough]];
    default:
      error(loc, ErrorCode::ValueTypeUnsupported,
            describe(node) + ": the attribute '" + attribute.name() +
                "' is neither a number, a string, a tensor nor a graph",
            "");
      return {};
    }
  }

  MLIRContext *context;
  OpBuilder b;
  const PreparedModel &prepared;
  const ::onnx::ModelProto &model;
  WeightStore &store;
  Location fileLoc;
  ModuleOp moduleOp;
  std::map<std::string, int64_t> opsets;
  std::string lastSymbol;
  std::set<std::string> symbols{"main"};
  bool failedAny = false;
};

FailureOr<OwningOpRef<ModuleOp>> import(MLIRContext &context, ModelResult<PreparedModel> prepared, StringRef name,
                                        const ModelOptions &options, WeightStore &weights) {
  context.loadDialect<func::FuncDialect, wafer::onnx::OnnxDialect>();
  context.getLoadedDialect<wafer::onnx::OnnxDialect>()->setSchemaSource(&onnxSchemas());
  Location loc = FileLineColLoc::get(&context, name, 0, 0);
  for (const ModelError &error : prepared.errors)
    wafer::emitError(error.node.empty() ? loc : Location(NameLoc::get(StringAttr::get(&context, error.node))),
                     error.diagnostic);
  if (!prepared.value)
    return failure();
  Importer importer(&context, *prepared.value, name, weights);
  importer.maxInline = options.maxInlineElements;
  importer.hasLowering = options.hasLowering;
  return importer.run();
}

} // namespace

FailureOr<OwningOpRef<ModuleOp>> frontend::importOnnxModel(MLIRContext &context, const ModelSource &source,
                                                           const ModelOptions &options, WeightStore &weights) {
  if (source.bytes)
    weights.addFile(source.name, {reinterpret_cast<const char *>(source.bytes->data()), source.bytes->size()});
  return import(context, prepareModel(source, options), source.name, options, weights);
}

FailureOr<OwningOpRef<ModuleOp>> frontend::importOnnxText(MLIRContext &context, StringRef text, StringRef name,
                                                          const ModelOptions &options, WeightStore &weights) {
  return import(context, prepareModelText(text.str(), options), name, options, weights);
}
