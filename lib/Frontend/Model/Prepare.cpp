// From a model's bytes to a checked model of the pinned operator set.
//
// The order matters. Bounds and detaching come first, before the ONNX library allocates anything. Local functions are
// inlined before version conversion, which would drop them. Detached weights become graph inputs, so that no later
// step copies or wants their bytes. Overrides replace declared shapes before inference, and everything that was
// inferred for the old shapes is forgotten. The ONNX library throws; every call into it happens in prepare(), under
// one try block.
#include "Internal.h"

#include "onnx/checker.h"
#include "onnx/common/assertions.h"
#include "onnx/defs/parser.h"
#include "onnx/inliner/inliner.h"
#include "onnx/shape_inference/implementation.h"
#include "onnx/version_converter/convert.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <charconv>
#include <cstring>
#include <set>
#include <sstream>

using namespace wafer;
using namespace wafer::frontend;

PreparedModel::PreparedModel() = default;
PreparedModel::PreparedModel(PreparedModel &&) = default;
PreparedModel &PreparedModel::operator=(PreparedModel &&) = default;
PreparedModel::~PreparedModel() = default;

std::string frontend::describeNode(const ::onnx::NodeProto &node) {
  std::string name = node.name();
  if (name.empty() && node.output_size())
    name = node.output(0);
  return "'" + name + "' (" + (node.domain().empty() ? "" : node.domain() + ".") + node.op_type() + ")";
}

void frontend::inferTypes(::onnx::ModelProto &model) {
  ::onnx::ShapeInferenceOptions options(/*check_type=*/false, /*strict_mode=*/0, /*data_prop=*/true);
  ::onnx::shape_inference::InferShapes(model, ::onnx::OpSchemaRegistry::Instance(), options);
}

namespace {

/// A message of the ONNX library less the place in its source: "file:line: function: Assertion `...` failed: ".
std::string withoutSource(const std::string &message) {
  size_t end = message.find("failed: ");
  return end == std::string::npos ? message : message.substr(end + 8);
}

using Graph = ::onnx::GraphProto;

constexpr int64_t maxNodes = 200'000;
constexpr int maxFunctions = 4096;

struct Failure {
  Diagnostic diagnostic;
};

[[noreturn]] void fail(ErrorCode code, std::string message, std::string hint = "") {
  throw Failure{{code, std::move(message), std::move(hint)}};
}

std::string listOf(const std::set<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

class Preparer {
public:
  Preparer(::onnx::ModelProto &model, std::vector<DetachedTensor> detached, const ModelOptions &options,
           PreparedModel &result)
      : model(model), detached(std::move(detached)), options(options), result(result) {}

  std::vector<ModelError> run() {
    checkHeader();
    checkOutputs();
    checkSize();
    inlineFunctions();
    adoptWeights();
    applyConstants();
    applyShapes();
    moveForeignOperators(*model.mutable_graph());
    if (auto errors = findUnknownOperators(); !errors.empty())
      return errors;
    ::onnx::checker::check_model(model);
    forgetShapes();
    convertVersion();
    inferCheckedTypes();
    return expandFunctions(model, options);
  }

private:
  void checkHeader() {
    if (!model.has_graph())
      fail(ErrorCode::ModelMalformed, "the model has no graph", "export the model again");
    if (model.ir_version() < 1 || model.ir_version() > ::onnx::Version::IR_VERSION)
      fail(ErrorCode::ModelVersion,
           "the model has IR version " + std::to_string(model.ir_version()) + ", supported are 1 to " +
               std::to_string(static_cast<int>(::onnx::Version::IR_VERSION)),
           "export the model for an earlier ONNX release");
    std::set<std::string> seen;
    for (auto &opset : *model.mutable_opset_import()) {
      std::string domain = opset.domain() == "ai.onnx" ? "" : opset.domain();
      if (!seen.insert(domain).second)
        fail(ErrorCode::ModelVersion, "the model imports the operator set of domain '" + domain + "' twice",
             "export the model again");
      if (domain.empty() && (opset.version() < 1 || opset.version() > kPinnedOpset))
        fail(ErrorCode::ModelVersion,
             "the model uses operator set " + std::to_string(opset.version()) + ", supported are 1 to " +
                 std::to_string(kPinnedOpset),
             "export the model for operator set " + std::to_string(kPinnedOpset) + " or earlier");
      opset.set_domain(domain);
    }
    if (seen.empty()) {
      if (model.ir_version() >= 3)
        fail(ErrorCode::ModelVersion, "the model imports no operator set", "export the model again");
      model.add_opset_import()->set_version(1);
    }
    // The checker wants initializers named as inputs in old models; ours may not be.
    if (model.ir_version() < 4)
      model.set_ir_version(4);
  }

  void checkOutputs() {
    std::set<std::string> seen;
    if (model.graph().output().empty())
      fail(ErrorCode::ModelMalformed, "the model has no output", "mark the values to compute as outputs of the graph");
    for (auto &output : *model.mutable_graph()->mutable_output()) {
      if (!seen.insert(output.name()).second)
        fail(ErrorCode::ModelMalformed, "the model has two outputs named '" + output.name() + "'",
             "export the model again");
      declaredTypes[output.name()] = output.type().tensor_type().elem_type();
      // The checker wants a shape, whatever it is; shapes are inferred anew.
      if (output.type().has_tensor_type())
        output.mutable_type()->mutable_tensor_type()->mutable_shape();
    }
  }

  /// Infers types, and compares them with those that the outputs declare: inference itself would trust these.
  void inferCheckedTypes() {
    Graph &graph = *model.mutable_graph();
    auto declared = graph.output();
    for (auto &output : *graph.mutable_output())
      output.clear_type();
    inferTypes(model);
    for (int i = 0; i != graph.output_size(); ++i) {
      auto &output = *graph.mutable_output(i);
      int type = output.type().tensor_type().elem_type(), wanted = declaredTypes[output.name()];
      if (type && wanted && type != wanted)
        fail(ErrorCode::ModelInvalid,
             "the output '" + output.name() + "' is declared as a tensor of " +
                 ::onnx::TensorProto_DataType_Name(static_cast<::onnx::TensorProto_DataType>(wanted)) +
                 ", what the graph computes is one of " +
                 ::onnx::TensorProto_DataType_Name(static_cast<::onnx::TensorProto_DataType>(type)),
             "export the model again");
      if (!type)
        output = declared.Get(i);
    }
  }

  /// Nodes of a list once every local function is inlined, subgraphs included; `bodies` holds those of each function.
  template <typename Nodes> int64_t inlinedNodes(const Nodes &nodes, std::map<std::string, int64_t> &bodies) {
    int64_t count = 0;
    for (const auto &node : nodes) {
      auto found = functions.find(node.domain() + "/" + node.op_type() + "/" + node.overload());
      int64_t cost = 1;
      if (found != functions.end()) {
        auto known = bodies.find(found->first);
        if (known == bodies.end())
          known = bodies.emplace(found->first, inlinedNodes(found->second->node(), bodies)).first;
        cost += known->second;
      }
      for (const auto &attribute : node.attribute()) {
        if (attribute.has_g())
          cost += inlinedNodes(attribute.g().node(), bodies);
        for (const auto &nested : attribute.graphs())
          cost += inlinedNodes(nested.node(), bodies);
      }
      // Saturates: thirty functions that each call the one before twice are a billion nodes.
      count = std::min(count + cost, maxNodes + 1);
    }
    return count;
  }

  void checkSize() {
    if (model.functions_size() > maxFunctions)
      fail(ErrorCode::ModelLimits, "the model has " + std::to_string(model.functions_size()) +
                                       " local functions, the limit is " + std::to_string(maxFunctions));
    if (model.functions_size())
      ::onnx::checker::check_function_call_cycles(model);
    for (const auto &function : model.functions())
      functions[function.domain() + "/" + function.name() + "/" + function.overload()] = &function;
    std::map<std::string, int64_t> bodies;
    if (inlinedNodes(model.graph().node(), bodies) > maxNodes)
      fail(ErrorCode::ModelLimits,
           "the model has more than " + std::to_string(maxNodes) + " nodes once its local functions are inlined",
           "compile parts of it");
    functions.clear();
  }

  void inlineFunctions() {
    if (!model.functions_size())
      return;
    ::onnx::inliner::InlineLocalFunctions(model, /*convert_version=*/true);
  }

  ::onnx::ValueInfoProto *findInput(const std::string &name) {
    for (auto &input : *model.mutable_graph()->mutable_input())
      if (input.name() == name)
        return &input;
    return nullptr;
  }

  void addWeight(const std::string &name, size_t index) {
    if (index >= detached.size())
      fail(ErrorCode::ModelMalformed, "tensor '" + name + "' is marked as detached, but was not");
    DetachedTensor &tensor = detached[index];
    tensor.name = name;
    ::onnx::ValueInfoProto *input = findInput(name);
    if (!input) {
      input = model.mutable_graph()->add_input();
      input->set_name(name);
    }
    auto *type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(tensor.dataType);
    type->mutable_shape()->clear_dim();
    for (int64_t dim : tensor.dims)
      type->mutable_shape()->add_dim()->set_dim_value(dim);
    result.weights.push_back(tensor);
  }

  /// Detached tensors become inputs of the graph; inputs that have an initializer stop being inputs.
  void adoptWeights() {
    Graph &graph = *model.mutable_graph();
    std::set<std::string> initialized;
    for (const auto &tensor : graph.initializer()) {
      if (tensor.name().empty())
        fail(ErrorCode::ModelMalformed, "an initializer has no name", "export the model again");
      if (!initialized.insert(tensor.name()).second)
        fail(ErrorCode::ModelMalformed, "the initializer '" + tensor.name() + "' is defined twice",
             "export the model again");
    }
    auto *inputs = graph.mutable_input();
    for (int i = inputs->size(); i-- > 0;)
      if (initialized.contains(inputs->Get(i).name()))
        inputs->DeleteSubrange(i, 1);
    auto *initializers = graph.mutable_initializer();
    ::google::protobuf::RepeatedPtrField<::onnx::TensorProto> kept;
    for (auto &tensor : *initializers) {
      int64_t index = detachedIndex(tensor);
      if (index >= 0)
        addWeight(tensor.name(), index);
      else
        kept.Add()->Swap(&tensor);
    }
    initializers->Swap(&kept);
    ::google::protobuf::RepeatedPtrField<::onnx::NodeProto> nodes;
    for (auto &node : *graph.mutable_node()) {
      int64_t index = -1;
      if (node.op_type() == "Constant" && node.attribute_size() == 1 && node.attribute(0).has_t() &&
          node.output_size() == 1)
        index = detachedIndex(node.attribute(0).t());
      if (index >= 0)
        addWeight(node.output(0), index);
      else
        nodes.Add()->Swap(&node);
    }
    graph.mutable_node()->Swap(&nodes);
  }

  std::set<std::string> inputNames() {
    std::set<std::string> names, weights;
    for (const auto &weight : result.weights)
      weights.insert(weight.name);
    for (const auto &input : model.graph().input())
      if (!weights.contains(input.name()))
        names.insert(input.name());
    return names;
  }

  template <typename T> static std::vector<T> parseNumbers(const std::string &input, const std::string &text) {
    std::vector<T> values;
    size_t begin = 0;
    while (begin <= text.size()) {
      size_t end = std::min(text.find(',', begin), text.size());
      std::string part = text.substr(begin, end - begin);
      T value{};
      auto [stop, code] = std::from_chars(part.data(), part.data() + part.size(), value);
      if (code != std::errc() || stop != part.data() + part.size())
        fail(ErrorCode::OverrideInvalid, "--const " + input + ": '" + part + "' is not a number of the input's type",
             "give one number, or one for each element separated by commas");
      values.push_back(value);
      begin = end + 1;
    }
    return values;
  }

  template <typename T> void fillTensor(::onnx::TensorProto &tensor, const std::string &text, int64_t elements) {
    auto values = parseNumbers<T>(tensor.name(), text);
    if (values.size() != 1 && static_cast<int64_t>(values.size()) != elements)
      fail(ErrorCode::OverrideInvalid,
           "--const " + tensor.name() + " gives " + std::to_string(values.size()) + " numbers, the input has " +
               std::to_string(elements) + " elements",
           "give one number, or one for each element");
    if (values.size() == 1)
      values.resize(elements, values[0]);
    tensor.set_raw_data(std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)));
  }

  void applyConstants() {
    for (const auto &[name, text] : options.constants) {
      auto names = inputNames();
      ::onnx::ValueInfoProto *input = names.contains(name) ? findInput(name) : nullptr;
      if (!input)
        fail(ErrorCode::OverrideInvalid, "--const names '" + name + "', which is no input of the model",
             "its inputs are: " + listOf(names));
      ::onnx::TensorProto tensor;
      tensor.set_name(name);
      int type = input->type().tensor_type().elem_type();
      tensor.set_data_type(type);
      std::vector<int64_t> dims;
      if (auto shape = options.shapes.find(name); shape != options.shapes.end()) {
        dims = shape->second;
      } else {
        for (const auto &dim : input->type().tensor_type().shape().dim()) {
          auto value = options.dims.find(dim.dim_param());
          if (dim.has_dim_value() && dim.dim_value() >= 0)
            dims.push_back(dim.dim_value());
          else if (dim.has_dim_param() && value != options.dims.end())
            dims.push_back(value->second);
          else
            fail(ErrorCode::OverrideInvalid, "--const " + name + ": the input's shape is not fixed",
                 "give it with --shape " + name + "=...");
        }
      }
      int64_t elements = 1;
      for (int64_t dim : dims) {
        tensor.add_dims(dim);
        if (dim < 0 || (dim > 0 && elements > (int64_t(1) << 28) / dim))
          fail(ErrorCode::OverrideInvalid, "--const " + name + ": the input is too large to be a constant", "");
        elements *= dim;
      }
      switch (type) {
      case ::onnx::TensorProto::FLOAT:
        fillTensor<float>(tensor, text, elements);
        break;
      case ::onnx::TensorProto::DOUBLE:
        fillTensor<double>(tensor, text, elements);
        break;
      case ::onnx::TensorProto::INT64:
        fillTensor<int64_t>(tensor, text, elements);
        break;
      case ::onnx::TensorProto::INT32:
        fillTensor<int32_t>(tensor, text, elements);
        break;
      case ::onnx::TensorProto::BOOL:
      case ::onnx::TensorProto::INT8:
        fillTensor<int8_t>(tensor, text, elements);
        break;
      case ::onnx::TensorProto::UINT8:
        fillTensor<uint8_t>(tensor, text, elements);
        break;
      default:
        fail(ErrorCode::OverrideInvalid, "--const " + name + ": inputs of this element type cannot be constants", "");
      }
      *model.mutable_graph()->add_initializer() = tensor;
      auto *inputs = model.mutable_graph()->mutable_input();
      for (int i = inputs->size(); i-- > 0;)
        if (inputs->Get(i).name() == name)
          inputs->DeleteSubrange(i, 1);
    }
  }

  static bool isAnonymous(const std::string &symbol) { return symbol.empty() || symbol == "?" || symbol == "None"; }

  void applyShapes() {
    Graph &graph = *model.mutable_graph();
    auto names = inputNames();
    for (const auto &[name, shape] : options.shapes)
      if (!names.contains(name) && !options.constants.contains(name))
        fail(ErrorCode::OverrideInvalid, "--shape names '" + name + "', which is no input of the model",
             "its inputs are: " + listOf(names));
    std::set<std::string> symbols;
    for (auto &input : *graph.mutable_input()) {
      if (!names.contains(input.name()))
        continue;
      if (!input.type().has_tensor_type())
        fail(ErrorCode::ValueTypeUnsupported, "the input '" + input.name() + "' is not a tensor",
             "sequences, maps and optional values have no form on the machine");
      auto *type = input.mutable_type()->mutable_tensor_type();
      if (!::onnx::TensorProto_DataType_IsValid(type->elem_type()))
        fail(ErrorCode::ValueTypeUnsupported,
             "the input '" + input.name() + "' has element type number " + std::to_string(type->elem_type()) +
                 ", without support",
             "tensors of numbers and booleans have a form on the machine");
      if (auto shape = options.shapes.find(input.name()); shape != options.shapes.end()) {
        if (type->has_shape() && type->shape().dim_size() != static_cast<int>(shape->second.size()))
          fail(ErrorCode::OverrideInvalid,
               "--shape " + input.name() + " has " + std::to_string(shape->second.size()) + " dimensions, the input " +
                   std::to_string(type->shape().dim_size()),
               "");
        for (int i = 0; i != type->shape().dim_size(); ++i)
          if (type->shape().dim(i).has_dim_param() && !isAnonymous(type->shape().dim(i).dim_param()))
            symbols.insert(type->shape().dim(i).dim_param());
        type->mutable_shape()->clear_dim();
        for (int64_t dim : shape->second)
          type->mutable_shape()->add_dim()->set_dim_value(dim);
        continue;
      }
      if (!type->has_shape())
        fail(ErrorCode::ShapeUnknown, "the input '" + input.name() + "' declares no shape",
             "give it with --shape " + input.name() + "=AxBxC");
      for (auto &dim : *type->mutable_shape()->mutable_dim()) {
        if (dim.has_dim_param() && !isAnonymous(dim.dim_param())) {
          symbols.insert(dim.dim_param());
          if (auto value = options.dims.find(dim.dim_param()); value != options.dims.end())
            dim.set_dim_value(value->second);
        } else if (dim.has_dim_param() || (dim.has_dim_value() && dim.dim_value() < 0)) {
          dim.clear_value(); // "?" and -1 stand for anything, each time anew
        }
      }
    }
    for (const auto &[symbol, value] : options.dims) {
      if (!symbols.contains(symbol))
        fail(ErrorCode::OverrideInvalid, "--dim names '" + symbol + "', which is no dimension of an input",
             "the symbolic dimensions are: " + listOf(symbols) + "; others are set with --shape");
    }
  }

  /// What was declared or inferred for other shapes or versions is no longer true.
  void forgetShapes() {
    Graph &graph = *model.mutable_graph();
    graph.clear_value_info();
    for (auto &output : *graph.mutable_output())
      if (output.type().has_tensor_type())
        output.mutable_type()->mutable_tensor_type()->clear_shape();
  }

  /// ONNX Runtime keeps a few operators of its own in ONNX's domain. They get its domain, so that nothing takes them
  /// for ONNX's.
  void moveForeignOperators(Graph &graph) {
    constexpr const char *foreign = "com.microsoft";
    for (auto &node : *graph.mutable_node()) {
      for (auto &attribute : *node.mutable_attribute())
        if (attribute.has_g())
          moveForeignOperators(*attribute.mutable_g());
      if (!node.domain().empty() || onnxSchemas().find("", node.op_type(), kPinnedOpset) || !options.hasLowering ||
          !options.hasLowering(foreign, node.op_type(), 1))
        continue;
      node.set_domain(foreign);
      if (std::none_of(model.opset_import().begin(), model.opset_import().end(),
                       [&](const auto &opset) { return opset.domain() == foreign; })) {
        auto *opset = model.add_opset_import();
        opset->set_domain(foreign);
        opset->set_version(1);
      }
    }
  }

  /// Every node whose operator does not exist here. If there is one, the model cannot be prepared further, so known
  /// operators without a lowering are named as well: one report says all that is in the way.
  std::vector<ModelError> findUnknownOperators() {
    std::vector<ModelError> unknown, unsupported;
    findUnknownIn(model.graph(), unknown, unsupported);
    if (!unknown.empty())
      unknown.insert(unknown.end(), unsupported.begin(), unsupported.end());
    return unknown;
  }

  void findUnknownIn(const Graph &graph, std::vector<ModelError> &unknown, std::vector<ModelError> &unsupported) {
    for (const auto &node : graph.node()) {
      std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
      std::string name = node.name().empty() && node.output_size() ? node.output(0) : node.name();
      int version = -1;
      for (const auto &opset : model.opset_import())
        if (opset.domain() == domain)
          version = static_cast<int>(opset.version());
      auto report = [&](const std::string &why, const std::string &hint) {
        unknown.push_back({{ErrorCode::OperatorUnknown, "node " + describeNode(node) + ": " + why, hint}, name});
      };
      const wafer::onnx::OpSchema *schema = onnxSchemas().find(domain, node.op_type(), version);
      if (version < 0)
        report("the model does not import the operator set of domain '" + domain + "'", "export the model again");
      else if (!schema && onnxSchemas().knowsDomain(domain))
        report("ONNX has no such operator at version " + std::to_string(version),
               "check the operator's name and domain");
      else if (!schema && !(options.hasLowering && options.hasLowering(domain, node.op_type(), version)))
        report("the custom operator has no lowering", "export the model without custom operators");
      else if (!schema)
        continue; // ONNX knows nothing of it; its lowering does
      else if (options.hasLowering && !schema->hasFunctionBody &&
               !options.hasLowering(domain, node.op_type(), kPinnedOpset))
        unsupported.push_back(
            {{ErrorCode::NodeUnsupported, "node " + describeNode(node) + ": the operator has no lowering",
              "the list of supported operators is in docs/operators.md"},
             name});
      for (const auto &attribute : node.attribute()) {
        if (attribute.has_g())
          findUnknownIn(attribute.g(), unknown, unsupported);
        for (const auto &nested : attribute.graphs())
          findUnknownIn(nested, unknown, unsupported);
      }
    }
  }

  /// True if every node has a lowering in the version that the model uses.
  bool allLowered(const Graph &graph, int version) {
    for (const auto &node : graph.node()) {
      if (node.domain() != "" && node.domain() != "ai.onnx")
        continue; // conversion is for the standard operators only
      const wafer::onnx::OpSchema *schema = onnxSchemas().find("", node.op_type(), version);
      if (!options.hasLowering || !schema || !options.hasLowering("", node.op_type(), schema->sinceVersion))
        return false;
      for (const auto &attribute : node.attribute())
        if (attribute.has_g() && !allLowered(attribute.g(), version))
          return false;
    }
    return true;
  }

  /// The library's converter takes time quadratic in the nodes (70 s for 22,000), and most operators mean the same in
  /// all later versions. So lowerings say from which version on they hold, and a model that needs nothing else stays in
  /// the version that it was written for.
  void convertVersion() {
    for (const auto &opset : model.opset_import()) {
      if (!opset.domain().empty() || opset.version() == kPinnedOpset)
        continue;
      if (allLowered(model.graph(), static_cast<int>(opset.version())))
        return;
      // The library's graph form has one name for an absent weight and no metadata; both were read before.
      try {
        inferTypes(model); // the converter asks for shapes
        model = ::onnx::version_conversion::ConvertVersion(model, kPinnedOpset);
      } catch (const std::exception &error) {
        fail(ErrorCode::ModelVersion,
             "the ONNX library cannot convert the model from opset " + std::to_string(opset.version()) + " to " +
                 std::to_string(kPinnedOpset) + ": " + withoutSource(error.what()),
             "export the model for opset " + std::to_string(kPinnedOpset));
      }
      forgetShapes();
      return;
    }
  }

  ::onnx::ModelProto &model;
  std::vector<DetachedTensor> detached;
  const ModelOptions &options;
  PreparedModel &result;
  std::map<std::string, const ::onnx::FunctionProto *> functions;
  std::map<std::string, int> declaredTypes; // of the outputs, TensorProto.DataType
};

/// Shortens a message of the ONNX library to its first lines.
std::string firstLines(std::string text) {
  size_t context = text.find("\n\n==> Context");
  if (context != std::string::npos)
    text.resize(context);
  if (text.size() > 600)
    text = text.substr(0, 600) + "...";
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  return text;
}

ModelResult<PreparedModel> prepare(std::unique_ptr<::onnx::ModelProto> proto, std::vector<DetachedTensor> detached,
                                   const ModelOptions &options) {
  ModelResult<PreparedModel> result;
  auto model = std::make_unique<PreparedModel>();
  try {
    result.errors = Preparer(*proto, std::move(detached), options, *model).run();
  } catch (const Failure &failure) {
    result.errors.push_back({failure.diagnostic, ""});
  } catch (const ::onnx::checker::ValidationError &error) {
    result.errors.push_back({{ErrorCode::ModelInvalid, "ONNX's checker says: " + firstLines(error.what()),
                              "export the model again; 'python -m onnx.bin.checker' says the same"},
                             ""});
  } catch (const std::exception &error) {
    result.errors.push_back(
        {{ErrorCode::ModelInvalid, "the ONNX library cannot process the model: " + firstLines(error.what()), ""}, ""});
  }
  if (result.errors.empty()) {
    model->proto = std::move(proto);
    result.value = std::move(model);
  }
  return result;
}

} // namespace

ModelResult<PreparedModel> frontend::prepareModelFile(const std::string &path, const ModelOptions &options) {
  ModelResult<PreparedModel> result;
  auto file = MappedFile::open(path);
  if (!file) {
    result.errors.push_back({file.error(), ""});
    return result;
  }
  auto slim = slimModel(**file, options);
  if (!slim) {
    result.errors.push_back({slim.error(), ""});
    return result;
  }
  auto proto = std::make_unique<::onnx::ModelProto>();
  ::google::protobuf::io::ArrayInputStream array(slim->bytes.data(), static_cast<int>(slim->bytes.size()));
  ::google::protobuf::io::CodedInputStream input(&array);
  input.SetRecursionLimit(200);
  if (!proto->ParseFromCodedStream(&input)) {
    std::string foreign = describeForeignFile((*file)->bytes());
    result.errors.push_back({{ErrorCode::ModelUnreadable, "'" + path + "' is not an ONNX model",
                              foreign.empty() ? "fetch or export the model again" : foreign},
                             ""});
    return result;
  }
  return prepare(std::move(proto), std::move(slim->detached), options);
}

ModelResult<PreparedModel> frontend::prepareModelText(const std::string &text, const ModelOptions &options) {
  ModelResult<PreparedModel> result;
  auto proto = std::make_unique<::onnx::ModelProto>();
  try {
    ::onnx::OnnxParser parser(text.c_str());
    auto status = parser.Parse(*proto);
    if (!status.IsOK() || !parser.EndOfInput()) {
      result.errors.push_back(
          {{ErrorCode::ModelUnreadable, "not a model in ONNX's text syntax: " + firstLines(status.ErrorMessage()), ""},
           ""});
      return result;
    }
  } catch (const std::exception &error) {
    result.errors.push_back(
        {{ErrorCode::ModelUnreadable, "not a model in ONNX's text syntax: " + firstLines(error.what()), ""}, ""});
    return result;
  }
  return prepare(std::move(proto), {}, options);
}
