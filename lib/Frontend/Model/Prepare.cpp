// From a model's bytes to a checked model whose nodes all have a lowering or are named in a report.
//
// The order matters. Bounds and detaching come first, before the ONNX library allocates anything. What no output needs
// goes before anything is checked. Detached weights become graph inputs, so that no later step copies or wants their
// bytes. Overrides replace declared shapes before types are inferred. The library throws, and worse: all of it runs in
// prepare(), under one try block and in a process of its own (Isolation.cpp).
#include "Internal.h"

#include "wafer/Dialect/Onnx/NoLowering.h"

#include "onnx/checker.h"
#include "onnx/defs/parser.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>
#include <set>

using namespace wafer;
using namespace wafer::frontend;

PreparedModel::PreparedModel() = default;
PreparedModel::PreparedModel(PreparedModel &&) = default;
PreparedModel &PreparedModel::operator=(PreparedModel &&) = default;
PreparedModel::~PreparedModel() = default;

namespace {

using Graph = ::onnx::GraphProto;

constexpr int64_t maxNodes = 200'000;
constexpr int maxFunctions = 4096;

class Preparer {
public:
  Preparer(::onnx::ModelProto &model, std::vector<DetachedTensor> detached, const ModelOptions &options,
           PreparedModel &result, WorkStep &step)
      : model(model), detached(std::move(detached)), options(options), result(result), step(step) {}

  std::vector<ModelError> run() {
    step.enter("the model's header");
    checkHeader();
    checkSize();
    spellDomains();
    checkOutputs();
    dropInitializedInputs();
    removeUnused(model, result.ignoredInputs);
    adoptWeights();
    checkTensors(model.graph());
    for (const auto &function : model.functions())
      for (const auto &node : function.node())
        checkTensors(node);
    applyOverrides(model, options, result);
    moveForeignOperators(*model.mutable_graph());
    if (auto errors = findUnknownOperators(); !errors.empty())
      return errors;
    checkModel();
    forgetTypes();
    expandFunctions(model, options, step);
    step.enter("the expanded model");
    checkOutputTypes();
    removeUnusedNodes(*model.mutable_graph()); // bodies of functions compute more than is asked of them
    return {};
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
      std::string domain = canonicalDomain(opset.domain());
      if (!seen.insert(domain).second)
        fail(ErrorCode::ModelVersion, "the model imports the operator set of domain '" + domain + "' twice",
             "export the model again");
      if (domain.empty() && (opset.version() < 1 || opset.version() > kNewestOpset))
        fail(ErrorCode::ModelVersion,
             "the model uses operator set " + std::to_string(opset.version()) + ", supported are 1 to " +
                 std::to_string(kNewestOpset),
             "export the model for operator set " + std::to_string(kNewestOpset) + " or earlier");
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

  /// The standard domain has two spellings. Nodes' metadata is ours from here on.
  void spellDomains() {
    spellDomains(*model.mutable_graph());
    for (auto &function : *model.mutable_functions()) {
      function.set_domain(canonicalDomain(function.domain()));
      for (auto &opset : *function.mutable_opset_import())
        opset.set_domain(canonicalDomain(opset.domain()));
      for (auto &node : *function.mutable_node())
        spellDomain(node);
    }
  }

  static void spellDomains(Graph &graph) {
    for (auto &node : *graph.mutable_node())
      spellDomain(node);
  }

  static void spellDomain(::onnx::NodeProto &node) {
    node.set_domain(canonicalDomain(node.domain()));
    node.clear_metadata_props();
    for (auto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        spellDomains(*attribute.mutable_g());
      for (auto &graph : *attribute.mutable_graphs())
        spellDomains(graph);
    }
  }

  void checkOutputs() {
    std::set<std::string> seen;
    if (model.graph().output().empty())
      fail(ErrorCode::ModelMalformed, "the model has no output", "mark the values to compute as outputs of the graph");
    for (auto &output : *model.mutable_graph()->mutable_output()) {
      if (!seen.insert(output.name()).second)
        fail(ErrorCode::ModelMalformed, "the model has two outputs named '" + output.name() + "'",
             "export the model again");
      declaredTypes[output.name()] = output.type();
      // The checker wants a shape, whatever it is; shapes are inferred anew.
      if (output.type().has_tensor_type())
        output.mutable_type()->mutable_tensor_type()->mutable_shape();
    }
  }

  /// ONNX's checker on the model, and on each function for the operator sets that this imports itself: these need not
  /// be the model's.
  void checkModel() {
    step.enter("ONNX's checker");
    ::google::protobuf::RepeatedPtrField<::onnx::FunctionProto> functions;
    functions.Swap(model.mutable_functions());
    ::onnx::checker::check_model(model);
    functions.Swap(model.mutable_functions());
    for (const auto &function : model.functions()) {
      step.enter("ONNX's checker, function '" + function.name() + "'");
      ::onnx::checker::CheckerContext context;
      std::unordered_map<std::string, int> versions;
      for (const auto &opset : function.opset_import())
        versions[opset.domain()] = static_cast<int>(opset.version());
      context.set_ir_version(static_cast<int>(model.ir_version()));
      context.set_opset_imports(versions);
      ::onnx::checker::LexicalScopeContext names;
      ::onnx::checker::check_function(function, context, names);
    }
  }

  /// Types are inferred anew, from inputs whose shapes may have been replaced: inference would trust what is there.
  void forgetTypes() {
    for (auto &output : *model.mutable_graph()->mutable_output())
      output.clear_type();
  }

  /// Compares the inferred types of outputs with the declared ones, which stand for what could not be inferred.
  void checkOutputTypes() {
    for (auto &output : *model.mutable_graph()->mutable_output()) {
      const ::onnx::TypeProto &declared = declaredTypes[output.name()];
      int type = output.type().tensor_type().elem_type(), wanted = declared.tensor_type().elem_type();
      if (type && wanted && type != wanted)
        fail(ErrorCode::ModelInvalid,
             "the output '" + output.name() + "' is declared as a tensor of " + dataTypeName(wanted) +
                 ", what the graph computes is one of " + dataTypeName(type),
             "export the model again");
      if (!output.has_type()) {
        *output.mutable_type() = declared;
        if (declared.has_tensor_type())
          output.mutable_type()->mutable_tensor_type()->clear_shape();
      }
    }
  }

  /// Nodes of a list once every local function is inlined, subgraphs included; `bodies` holds those of each function.
  template <typename Nodes> int64_t inlinedNodes(const Nodes &nodes, std::map<std::string, int64_t> &bodies) {
    int64_t count = 0;
    for (const auto &node : nodes) {
      auto found = functions.find(functionKey(node.domain(), node.op_type(), node.overload()));
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
    if (model.functions_size()) {
      step.enter("the calls of local functions");
      ::onnx::checker::check_function_call_cycles(model);
    }
    for (const auto &function : model.functions())
      functions[functionKey(function.domain(), function.name(), function.overload())] = &function;
    std::map<std::string, int64_t> bodies;
    if (inlinedNodes(model.graph().node(), bodies) > maxNodes)
      fail(ErrorCode::ModelLimits,
           "the model has more than " + std::to_string(maxNodes) + " nodes once its local functions are inlined",
           "compile parts of it");
    functions.clear();
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
    if (tensor.error)
      throw Failure{*tensor.error};
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

  /// Old models name their weights as inputs, too.
  void dropInitializedInputs() {
    std::set<std::string> initialized;
    for (const auto &tensor : model.graph().initializer())
      initialized.insert(tensor.name());
    for (const auto &tensor : model.graph().sparse_initializer())
      initialized.insert(tensor.values().name());
    auto *inputs = model.mutable_graph()->mutable_input();
    for (int i = inputs->size(); i-- > 0;)
      if (!inputs->Get(i).name().empty() && initialized.contains(inputs->Get(i).name()))
        inputs->DeleteSubrange(i, 1);
  }

  /// Detached tensors become inputs of the graph.
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

  /// Errors of tensors that are used elsewhere than as weights of the main graph.
  void checkTensors(const Graph &graph) {
    for (const auto &tensor : graph.initializer())
      checkTensor(tensor);
    for (const auto &tensor : graph.sparse_initializer())
      checkTensor(tensor);
    for (const auto &node : graph.node())
      checkTensors(node);
  }

  void checkTensors(const ::onnx::NodeProto &node) {
    for (const auto &attribute : node.attribute()) {
      checkTensor(attribute.t());
      checkTensor(attribute.sparse_tensor());
      for (const auto &tensor : attribute.tensors())
        checkTensor(tensor);
      for (const auto &tensor : attribute.sparse_tensors())
        checkTensor(tensor);
      checkTensors(attribute.g());
      for (const auto &graph : attribute.graphs())
        checkTensors(graph);
    }
  }

  void checkTensor(const ::onnx::SparseTensorProto &tensor) {
    checkTensor(tensor.values());
    checkTensor(tensor.indices());
  }

  void checkTensor(const ::onnx::TensorProto &tensor) {
    int64_t index = detachedIndex(tensor);
    if (index >= 0 && index < static_cast<int64_t>(detached.size()) && detached[index].error)
      throw Failure{*detached[index].error};
  }

  /// ONNX Runtime keeps a few operators of its own in ONNX's domain. They get its domain, so that nothing takes them
  /// for ONNX's.
  void moveForeignOperators(Graph &graph) {
    constexpr const char *foreign = "com.microsoft";
    for (auto &node : *graph.mutable_node()) {
      for (auto &attribute : *node.mutable_attribute())
        if (attribute.has_g())
          moveForeignOperators(*attribute.mutable_g());
      if (!node.domain().empty() || onnxSchemas().find("", node.op_type(), kNewestOpset) || !options.hasLowering ||
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

  /// Every node whose operator does not exist. If there is one, the model cannot be prepared further, so operators
  /// without a lowering are named as well: one report says all that is in the way.
  std::vector<ModelError> findUnknownOperators() {
    std::set<std::string> local;
    for (const auto &function : model.functions())
      local.insert(functionKey(function.domain(), function.name(), function.overload()));
    UnknownOperators found{local, {}, {}};
    findUnknownIn(model.graph().node(), model.opset_import(), "", found);
    for (const auto &function : model.functions())
      findUnknownIn(function.node(), function.opset_import(),
                    (function.domain().empty() ? "" : function.domain() + ".") + function.name(), found);
    if (!found.unknown.empty())
      found.unknown.insert(found.unknown.end(), found.unsupported.begin(), found.unsupported.end());
    return found.unknown;
  }

  struct UnknownOperators {
    const std::set<std::string> &local;
    std::vector<ModelError> unknown, unsupported;
  };

  template <typename Nodes, typename Opsets>
  void findUnknownIn(const Nodes &nodes, const Opsets &opsets, const std::string &chain, UnknownOperators &found) {
    for (const auto &node : nodes) {
      for (const auto &attribute : node.attribute()) {
        findUnknownIn(attribute.g().node(), opsets, chain, found);
        for (const auto &nested : attribute.graphs())
          findUnknownIn(nested.node(), opsets, chain, found);
      }
      if (found.local.contains(functionKey(node.domain(), node.op_type(), node.overload())))
        continue;
      int version = -1;
      for (const auto &opset : opsets)
        if (opset.domain() == node.domain())
          version = static_cast<int>(opset.version());
      std::string who = "node " + describeNode(node, chain);
      const wafer::onnx::OpSchema *schema = onnxSchemas().find(node.domain(), node.op_type(), version);
      if (version < 0)
        found.unknown.push_back(
            {{ErrorCode::OperatorUnknown,
              who + ": the model does not import the operator set of domain '" + node.domain() + "'",
              "export the model again"},
             nodeName(node)});
      else if (!schema && onnxSchemas().knowsDomain(node.domain()))
        found.unknown.push_back(
            {{ErrorCode::OperatorUnknown, who + ": ONNX has no such operator at version " + std::to_string(version),
              "check the operator's name and domain"},
             nodeName(node)});
      else if (options.hasLowering && (!schema || !schema->hasFunctionBody) &&
               !options.hasLowering(node.domain(), node.op_type(), schema ? schema->sinceVersion : version))
        found.unsupported.push_back({wafer::onnx::noLowering(who, schema != nullptr), nodeName(node)});
    }
  }

  ::onnx::ModelProto &model;
  std::vector<DetachedTensor> detached;
  const ModelOptions &options;
  PreparedModel &result;
  WorkStep &step;
  std::map<std::string, const ::onnx::FunctionProto *> functions;
  std::map<std::string, ::onnx::TypeProto> declaredTypes; // of the outputs
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

/// Fills the proto, or returns what is wrong.
std::optional<Diagnostic> parse(const PrepareRequest &request, ::onnx::ModelProto &model) {
  if (!request.isText)
    return parseModel(request.model, model) ? std::nullopt : std::optional(request.unreadable);
  ::onnx::OnnxParser parser(request.model.c_str());
  auto status = parser.Parse(model);
  if (status.IsOK() && parser.EndOfInput())
    return std::nullopt;
  return Diagnostic{ErrorCode::ModelUnreadable,
                    "not a model in ONNX's text syntax: " + firstLines(status.ErrorMessage()), ""};
}

ModelResult<PreparedModel> prepareHere(const PrepareRequest &request, WorkStep &step) {
  ModelResult<PreparedModel> result;
  auto model = std::make_unique<PreparedModel>();
  model->proto = std::make_unique<::onnx::ModelProto>();
  try {
    step.enter("parsing");
    if (std::optional<Diagnostic> error = parse(request, *model->proto))
      result.errors.push_back({*error, ""});
    else
      result.errors = Preparer(*model->proto, request.detached, request.options, *model, step).run();
  } catch (const Failure &failure) {
    result.errors.push_back({failure.diagnostic, ""});
  } catch (const ::onnx::checker::ValidationError &error) {
    result.errors.push_back({{ErrorCode::ModelInvalid, "ONNX's checker says: " + firstLines(error.what()),
                              "export the model again; 'python -m onnx.bin.checker' says the same"},
                             ""});
  } catch (const std::bad_alloc &) {
    result.errors.push_back({{ErrorCode::LibraryLimit, "reading the model takes more memory than it may",
                              "compile parts of it, or compile with --isolation off, which sets no limit"},
                             ""});
  } catch (const std::exception &error) {
    result.errors.push_back(
        {{ErrorCode::ModelInvalid, "the ONNX library cannot process the model: " + firstLines(error.what()),
          "export the model again"},
         ""});
  }
  if (result.errors.empty())
    result.value = std::move(model);
  return result;
}

ModelResult<PreparedModel> prepare(const PrepareRequest &request) {
  onnxSchemas().find("", "Identity", 1); // fills the registry before the process is copied
  ModelResult<PreparedModel> result;
  if (!request.options.isolated) {
    char text[WorkStep::size];
    WorkStep step(text);
    return prepareHere(request, step);
  }
  auto prepareThere = [](const std::string &bytes, WorkStep &step) {
    return encodeResult(prepareHere(decodeRequest(bytes), step));
  };
  auto bytes = runIsolated(IsolationLimits(), prepareThere, encodeRequest(request));
  if (!bytes) {
    result.errors.push_back({bytes.error(), ""});
    return result;
  }
  try {
    return decodeResult(*bytes);
  } catch (const Failure &failure) {
    result.errors.push_back({failure.diagnostic, ""});
    return result;
  }
}

} // namespace

bool frontend::parseModel(const std::string &bytes, ::onnx::ModelProto &model) {
  ::google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  ::google::protobuf::io::CodedInputStream input(&array);
  input.SetRecursionLimit(200);
  return model.ParseFromCodedStream(&input);
}

ModelResult<PreparedModel> frontend::prepareModel(const ModelSource &source, const ModelOptions &options) {
  ModelResult<PreparedModel> result;
  auto file = source.bytes ? MappedFile::view(source) : MappedFile::open(source.name);
  if (!file) {
    result.errors.push_back({file.error(), ""});
    return result;
  }
  auto slim = slimModel(**file, options);
  if (!slim) {
    result.errors.push_back({slim.error(), ""});
    return result;
  }
  std::string foreign = describeForeignFile((*file)->bytes());
  Diagnostic unreadable{ErrorCode::ModelUnreadable, "'" + source.name + "' is not an ONNX model",
                        foreign.empty() ? "fetch or export the model again" : foreign};
  return prepare({false, std::move(slim->bytes), std::move(unreadable), std::move(slim->detached), options});
}

ModelResult<PreparedModel> frontend::prepareModelText(const std::string &text, const ModelOptions &options) {
  return prepare({true, text, {}, {}, options});
}
