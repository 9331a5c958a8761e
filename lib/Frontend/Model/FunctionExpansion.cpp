// Calls of functions become the functions' bodies.
//
// A function is one of the model's own, or the definition of an ONNX operator: about a quarter of them are defined by
// simpler ones, and those without a lowering here are replaced. The graph is gone through once, in order, so that each
// node's inputs have types when it is reached: some definitions depend on them. A node to be replaced has its defaults
// filled in, the body is built for its types, inner names get a prefix that no other node has, attributes are bound,
// and the body's nodes are gone through in its place.
//
// A body is written for the operator sets that it imports, which are often older than the model's: MeanVariance-
// Normalization of version 13 uses a ReduceMean that takes its axes as an attribute, whatever the model imports. So
// each node carries the version that it is written for, and lowerings are looked up by it. ONNX's own inliner works on
// whole models of one version, and its version converter is not used at all (docs/onnx-versions.md).
#include "TypeInference.h"

#include "onnx/shape_inference/attribute_binder.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::frontend;

namespace {

constexpr int maxDepth = 64;            // of functions in functions
constexpr int64_t maxNodes = 1'000'000; // of the expanded model

using Nodes = ::google::protobuf::RepeatedPtrField<::onnx::NodeProto>;
using Renaming = std::unordered_map<std::string, std::string>;

template <typename Opsets> OpsetMap versionsOf(const Opsets &imports) {
  OpsetMap versions;
  for (const auto &opset : imports)
    versions[canonicalDomain(opset.domain())] = static_cast<int>(opset.version());
  return versions;
}

class Expander {
public:
  Expander(::onnx::ModelProto &model, const ModelOptions &options, WorkStep &step)
      : model(model), options(options), step(step), types(model), opsets(versionsOf(model.opset_import())) {
    for (const auto &function : model.functions())
      functions[functionKey(function.domain(), function.name(), function.overload())] = &function;
    while (usesPrefix(model.graph()))
      ownPrefix += "_";
  }

  void run() {
    Site top{&opsets, "", 0};
    expandGraph(*model.mutable_graph(), top);
    model.clear_functions();
  }

private:
  /// Where a node stands: in which versions, and in the body of what.
  struct Site {
    const OpsetMap *opsets;
    std::string chain; // "A > B"
    int depth;
  };

  /// True if a value of the model is called as those of bodies will be.
  bool usesPrefix(const ::onnx::GraphProto &graph) {
    auto is = [&](const std::string &name) { return name.starts_with(ownPrefix); };
    auto isNamed = [&](const auto &value) { return is(value.name()); };
    if (std::ranges::any_of(graph.input(), isNamed) || std::ranges::any_of(graph.initializer(), isNamed))
      return true;
    for (const auto &node : graph.node()) {
      if (std::ranges::any_of(node.output(), is))
        return true;
      for (const auto &attribute : node.attribute())
        if (attribute.has_g() && usesPrefix(attribute.g()))
          return true;
    }
    return false;
  }

  void expandGraph(::onnx::GraphProto &graph, const Site &site) {
    types.enterGraph(graph);
    Nodes nodes;
    nodes.Swap(graph.mutable_node());
    for (auto &node : nodes)
      expandNode(node, site, graph);
    types.leaveGraph(graph);
  }

  void expandNode(::onnx::NodeProto &node, const Site &site, ::onnx::GraphProto &graph) {
    step.enter("node " + describeNode(node, site.chain));
    auto local = functions.find(functionKey(node.domain(), node.op_type(), node.overload()));
    if (local != functions.end()) {
      ::onnx::FunctionProto body = *local->second;
      for (const auto &attribute : body.attribute_proto())
        fillDefault(node, attribute.name(), attribute);
      return expandBody(node, body, site, graph);
    }
    const ::onnx::OpSchema *schema = nullptr;
    if (auto version = site.opsets->find(node.domain()); version != site.opsets->end())
      schema = ::onnx::OpSchemaRegistry::Schema(node.op_type(), version->second, node.domain());
    ::onnx::FunctionProto body;
    if (schema && isReplaced(*schema) && buildBody(node, *schema, site, body))
      return expandBody(node, body, site, graph);
    emit(node, schema, site, graph);
  }

  bool isReplaced(const ::onnx::OpSchema &schema) {
    return (schema.HasFunction() || schema.HasContextDependentFunction()) &&
           (!options.hasLowering || !options.hasLowering(schema.domain(), schema.Name(), schema.SinceVersion()));
  }

  static void fillDefault(::onnx::NodeProto &node, const std::string &name, const ::onnx::AttributeProto &value) {
    for (const auto &attribute : node.attribute())
      if (attribute.name() == name)
        return;
    auto *filled = node.add_attribute();
    *filled = value;
    filled->set_name(name);
  }

  bool buildBody(::onnx::NodeProto &node, const ::onnx::OpSchema &schema, const Site &site,
                 ::onnx::FunctionProto &body) {
    int version = site.opsets->at(schema.domain());
    for (const auto &[name, attribute] : schema.attributes())
      if (attribute.default_value.has_type())
        fillDefault(node, name, attribute.default_value);
    if (!schema.HasContextDependentFunction()) {
      const ::onnx::FunctionProto *found = schema.GetFunction(version);
      if (!found)
        return false;
      body = *found;
      return true;
    }
    std::vector<::onnx::TypeProto> inputTypes;
    for (const auto &input : node.input()) {
      const ::onnx::TypeProto *type = types.find(input);
      inputTypes.push_back(type ? *type : ::onnx::TypeProto());
    }
    ::onnx::FunctionBodyBuildContextImpl context(node, inputTypes);
    return schema.BuildContextDependentFunction(context, body, version) ||
           schema.BuildContextDependentFunction(context, body);
  }

  static void rename(::onnx::NodeProto &node, Renaming &names, const std::string &prefix) {
    for (auto &input : *node.mutable_input())
      if (auto found = names.find(input); found != names.end())
        input = found->second;
    for (auto &output : *node.mutable_output())
      if (!output.empty())
        output = names.try_emplace(output, prefix + output).first->second;
    auto nested = [&](::onnx::GraphProto &graph) {
      Renaming inner = names;
      for (auto &value : *graph.mutable_input())
        value.set_name(inner[value.name()] = prefix + value.name());
      for (auto &tensor : *graph.mutable_initializer())
        tensor.set_name(inner[tensor.name()] = prefix + tensor.name());
      for (auto &child : *graph.mutable_node())
        rename(child, inner, prefix);
      for (auto &value : *graph.mutable_output())
        if (auto found = inner.find(value.name()); found != inner.end())
          value.set_name(found->second);
    };
    for (auto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        nested(*attribute.mutable_g());
      for (auto &graph : *attribute.mutable_graphs())
        nested(graph);
    }
  }

  /// Messages and reports speak of the model's node; nodes of its own functions have names, too.
  static void nameAfter(::onnx::NodeProto &child, const std::string &name) {
    child.set_name(child.name().empty() ? name : name + "/" + child.name());
    child.set_domain(canonicalDomain(child.domain()));
    for (auto &attribute : *child.mutable_attribute()) {
      if (attribute.has_g())
        for (auto &inner : *attribute.mutable_g()->mutable_node())
          nameAfter(inner, name);
      for (auto &graph : *attribute.mutable_graphs())
        for (auto &inner : *graph.mutable_node())
          nameAfter(inner, name);
    }
  }

  void expandBody(const ::onnx::NodeProto &node, ::onnx::FunctionProto &body, const Site &site,
                  ::onnx::GraphProto &graph) {
    if (site.depth == maxDepth)
      fail(ErrorCode::FunctionUnexpandable,
           "node " + describeNode(node, site.chain) + ": functions nest more than " + std::to_string(maxDepth) +
               " deep",
           "inline functions in the model");
    std::string prefix = ownPrefix + std::to_string(counter++) + ".";
    Renaming names;
    for (int i = 0; i != body.input_size(); ++i)
      names[body.input(i)] = i < node.input_size() ? node.input(i) : "";
    for (int i = 0; i != body.output_size(); ++i)
      if (i < node.output_size() && !node.output(i).empty())
        names.try_emplace(body.output(i), node.output(i));
    const std::string name = nodeName(node);
    for (auto &child : *body.mutable_node()) {
      rename(child, names, prefix);
      nameAfter(child, name);
    }
    // Bound after renaming: a graph that the node hands in speaks of the names around the node.
    ::onnx::internal::AttributeBinder::BindAttributes(node, body);

    OpsetMap versions = versionsOf(body.opset_import());
    for (const auto &[domain, version] : *site.opsets)
      versions.try_emplace(domain, version);
    std::string op = (node.domain().empty() ? "" : node.domain() + ".") + node.op_type();
    Site inside{&versions, (site.chain.empty() ? "" : site.chain + " > ") + op, site.depth + 1};
    for (auto &child : *body.mutable_node())
      expandNode(child, inside, graph);
    // A body may hand an input through as an output: then the two names differ and a copy is due.
    for (int i = 0; i != body.output_size() && i < node.output_size(); ++i) {
      const std::string &have = names[body.output(i)];
      if (node.output(i).empty() || have == node.output(i))
        continue;
      ::onnx::NodeProto copy;
      copy.set_op_type("Identity");
      copy.set_name(name);
      copy.add_input(have);
      copy.add_output(node.output(i));
      expandNode(copy, inside, graph);
    }
  }

  /// A Constant of numbers as one of a tensor, which inference can follow.
  static void makeTensor(::onnx::AttributeProto &attribute) {
    using A = ::onnx::AttributeProto;
    ::onnx::TensorProto tensor;
    switch (attribute.type()) {
    case A::INT:
    case A::INTS:
      tensor.set_data_type(::onnx::TensorProto::INT64);
      *tensor.mutable_int64_data() = attribute.ints();
      if (attribute.type() == A::INT)
        tensor.add_int64_data(attribute.i());
      else
        tensor.add_dims(attribute.ints_size());
      break;
    case A::FLOAT:
    case A::FLOATS:
      tensor.set_data_type(::onnx::TensorProto::FLOAT);
      *tensor.mutable_float_data() = attribute.floats();
      if (attribute.type() == A::FLOAT)
        tensor.add_float_data(attribute.f());
      else
        tensor.add_dims(attribute.floats_size());
      break;
    default:
      return;
    }
    attribute.Clear();
    attribute.set_name("value");
    attribute.set_type(A::TENSOR);
    attribute.mutable_t()->Swap(&tensor);
  }

  /// The node stays as it is; its outputs get types, and its graphs are gone through.
  void emit(::onnx::NodeProto &node, const ::onnx::OpSchema *schema, const Site &site, ::onnx::GraphProto &graph) {
    if (++emitted > maxNodes)
      fail(ErrorCode::ModelLimits,
           "the model has more than " + std::to_string(maxNodes) + " nodes once its functions are expanded",
           "compile parts of it");
    bool constant = node.op_type() == "Constant" && node.domain().empty() && node.output_size() == 1;
    if (constant && node.attribute_size() == 1)
      makeTensor(*node.mutable_attribute(0));
    if (schema)
      types.infer(node, *schema, *site.opsets);
    if (!site.chain.empty())
      setNodeChain(node, site.chain);
    auto version = site.opsets->find(node.domain()), usual = opsets.find(node.domain());
    if (version != site.opsets->end() && (usual == opsets.end() || usual->second != version->second))
      setNodeVersion(node, version->second);
    ::onnx::NodeProto &kept = *graph.add_node();
    kept.Swap(&node);
    for (auto &attribute : *kept.mutable_attribute()) {
      if (attribute.has_g())
        expandGraph(*attribute.mutable_g(), site);
      for (auto &nested : *attribute.mutable_graphs())
        expandGraph(nested, site);
      if (constant && attribute.has_t())
        types.addConstant(kept.output(0), attribute.t());
    }
  }

  ::onnx::ModelProto &model;
  const ModelOptions &options;
  WorkStep &step;
  TypeInference types;
  const OpsetMap opsets;
  std::unordered_map<std::string, const ::onnx::FunctionProto *> functions;
  std::string ownPrefix = "waferc.";
  int64_t counter = 0, emitted = 0;
};

} // namespace

void frontend::expandFunctions(::onnx::ModelProto &model, const ModelOptions &options, WorkStep &step) {
  Expander(model, options, step).run();
}
