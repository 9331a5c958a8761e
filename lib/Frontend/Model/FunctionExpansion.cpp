// Nodes without a lowering become the body of their ONNX function.
//
// About a quarter of ONNX's operators are defined by a body of simpler ones. ONNX's own inliner works on whole models
// and forgets attribute defaults, so each node is expanded by itself: defaults are filled in, the body is built for the
// node's types (some bodies depend on them), attributes are bound, and inner names get a prefix that no other node has.
// Bodies may hold further functions. After each round types are inferred again, because the next round's bodies depend
// on them; rounds are as many as bodies nest.
#include "Internal.h"

#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"
#include "onnx/shape_inference/attribute_binder.h"

#include <set>
#include <unordered_map>

using namespace wafer;
using namespace wafer::frontend;

namespace {

constexpr int maxRounds = 16;

using TypeMap = std::unordered_map<std::string, ::onnx::TypeProto>;

class Expander {
public:
  Expander(::onnx::ModelProto &model, const ModelOptions &options) : model(model), options(options) {
    for (const auto &opset : model.opset_import())
      opsets[opset.domain() == "ai.onnx" ? "" : opset.domain()] = static_cast<int>(opset.version());
  }

  /// One round. True if anything was expanded.
  bool round() { return expandGraph(*model.mutable_graph(), TypeMap()); }
  std::vector<ModelError> errors;

private:
  bool expandGraph(::onnx::GraphProto &graph, TypeMap types) {
    for (const auto *values : {&graph.input(), &graph.output(), &graph.value_info()})
      for (const auto &value : *values)
        types[value.name()] = value.type();
    for (const auto &tensor : graph.initializer()) {
      auto &type = types[tensor.name()];
      type.mutable_tensor_type()->set_elem_type(tensor.data_type());
      auto *shape = type.mutable_tensor_type()->mutable_shape();
      shape->clear_dim();
      for (int64_t dim : tensor.dims())
        shape->add_dim()->set_dim_value(dim);
    }
    bool changed = false;
    ::google::protobuf::RepeatedPtrField<::onnx::NodeProto> nodes;
    nodes.Swap(graph.mutable_node());
    for (auto &node : nodes) {
      for (auto &attribute : *node.mutable_attribute()) {
        if (attribute.has_g())
          changed |= expandGraph(*attribute.mutable_g(), types);
        for (auto &nested : *attribute.mutable_graphs())
          changed |= expandGraph(nested, types);
      }
      ::onnx::FunctionProto body;
      if (wanted(node) && build(node, types, body)) {
        splice(node, body, graph);
        changed = true;
      } else {
        graph.add_node()->Swap(&node);
      }
    }
    return changed;
  }

  const ::onnx::OpSchema *schemaOf(const ::onnx::NodeProto &node) {
    std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
    auto version = opsets.find(domain);
    if (version == opsets.end())
      return nullptr;
    return ::onnx::OpSchemaRegistry::Schema(node.op_type(), version->second, domain);
  }

  bool wanted(const ::onnx::NodeProto &node) {
    const ::onnx::OpSchema *schema = schemaOf(node);
    if (!schema || (!schema->HasFunction() && !schema->HasContextDependentFunction()))
      return false;
    return !options.hasLowering || !options.hasLowering(schema->domain(), node.op_type(), schema->SinceVersion());
  }

  bool build(::onnx::NodeProto &node, const TypeMap &types, ::onnx::FunctionProto &body) {
    const ::onnx::OpSchema *schema = schemaOf(node);
    int version = opsets.find(schema->domain())->second;
    std::set<std::string> given;
    for (const auto &attribute : node.attribute())
      given.insert(attribute.name());
    for (const auto &[name, attribute] : schema->attributes())
      if (attribute.default_value.has_type() && !given.contains(name)) {
        auto *filled = node.add_attribute();
        *filled = attribute.default_value;
        filled->set_name(name);
      }
    if (schema->HasContextDependentFunction()) {
      std::vector<::onnx::TypeProto> inputTypes;
      for (const auto &input : node.input()) {
        auto found = types.find(input);
        inputTypes.push_back(input.empty() || found == types.end() ? ::onnx::TypeProto() : found->second);
      }
      ::onnx::FunctionBodyBuildContextImpl context(node, inputTypes);
      if (!schema->BuildContextDependentFunction(context, body, version) &&
          !schema->BuildContextDependentFunction(context, body))
        return false;
    } else {
      const ::onnx::FunctionProto *found = schema->GetFunction(version, /*validate=*/true);
      if (!found)
        return false;
      body = *found;
    }
    // Operators of the body come from its own imports; the model must import their domains too.
    for (const auto &opset : body.opset_import()) {
      std::string domain = opset.domain() == "ai.onnx" ? "" : opset.domain();
      if (!opsets.contains(domain)) {
        opsets[domain] = static_cast<int>(opset.version());
        *model.add_opset_import() = opset;
      }
    }
    ::onnx::internal::AttributeBinder::BindAttributes(node, body);
    return true;
  }

  using Renaming = std::unordered_map<std::string, std::string>;

  void rename(::onnx::NodeProto &node, Renaming &names, const std::string &prefix) {
    for (auto &input : *node.mutable_input()) {
      auto found = names.find(input);
      if (found != names.end())
        input = found->second;
    }
    for (auto &output : *node.mutable_output()) {
      if (output.empty())
        continue;
      auto [entry, inserted] = names.try_emplace(output, prefix + output);
      output = entry->second;
    }
    for (auto &attribute : *node.mutable_attribute()) {
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
      if (attribute.has_g())
        nested(*attribute.mutable_g());
      for (auto &graph : *attribute.mutable_graphs())
        nested(graph);
    }
  }

  void splice(const ::onnx::NodeProto &node, ::onnx::FunctionProto &body, ::onnx::GraphProto &graph) {
    std::string prefix = "waferc." + std::to_string(counter++) + ".";
    Renaming names;
    for (int i = 0; i != body.input_size(); ++i)
      names[body.input(i)] = i < node.input_size() ? node.input(i) : "";
    std::set<std::string> produced;
    for (int i = 0; i != body.output_size(); ++i)
      if (i < node.output_size() && !node.output(i).empty())
        names.try_emplace(body.output(i), node.output(i));
    const std::string &where = node.name().empty() && node.output_size() ? node.output(0) : node.name();
    for (auto &child : *body.mutable_node()) {
      rename(child, names, prefix);
      child.set_name(where); // messages speak of the model's node
      graph.add_node()->Swap(&child);
    }
    // A body may hand an input through as an output: then the two names differ and a copy is due.
    for (int i = 0; i != body.output_size() && i < node.output_size(); ++i) {
      const std::string &have = names[body.output(i)];
      if (node.output(i).empty() || have == node.output(i))
        continue;
      auto *copy = graph.add_node();
      copy->set_op_type("Identity");
      copy->set_name(where);
      copy->add_input(have);
      copy->add_output(node.output(i));
    }
  }

  ::onnx::ModelProto &model;
  const ModelOptions &options;
  std::map<std::string, int> opsets;
  int64_t counter = 0;
};

} // namespace

std::vector<ModelError> frontend::expandFunctions(::onnx::ModelProto &model, const ModelOptions &options) {
  Expander expander(model, options);
  for (int round = 0; expander.round(); ++round) {
    if (round == maxRounds)
      return {{{ErrorCode::FunctionUnexpandable, "ONNX function bodies nest too deep", ""}, ""}};
    inferTypes(model);
  }
  return expander.errors;
}
