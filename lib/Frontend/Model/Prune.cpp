// What no output needs is taken away before anything is checked: an exporter leaves nodes, weights and inputs behind,
// in types and operators that no one ever computes.
#include "Internal.h"

#include <unordered_map>
#include <unordered_set>

using namespace wafer;
using namespace wafer::frontend;

namespace {

using Names = std::unordered_set<std::string>;
using Nodes = ::google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

/// Calls `visit` with each graph among the node's attributes.
template <typename Node, typename Visit> void forEachGraph(Node &node, Visit visit) {
  for (auto &attribute : node.attribute()) {
    if (attribute.has_g())
      visit(attribute.g());
    for (auto &graph : attribute.graphs())
      visit(graph);
  }
}

/// Every name that the node may read, those that its graphs capture included.
template <typename Visit> void forEachRead(const ::onnx::NodeProto &node, Visit &visit) {
  for (const std::string &input : node.input())
    visit(input);
  forEachGraph(node, [&](const ::onnx::GraphProto &graph) {
    for (const auto &output : graph.output())
      visit(output.name());
    for (const auto &inner : graph.node())
      forEachRead(inner, visit);
  });
}

template <typename Repeated, typename Keep> void keepIf(Repeated &list, Keep keep) {
  Repeated kept;
  for (auto &item : list)
    if (keep(item))
      kept.Add()->Swap(&item);
  list.Swap(&kept);
}

/// Keeps the nodes that compute `needed`, in their order, and adds to it all that they read. Nodes need not be sorted:
/// whether they are is for the checker to say.
void keepNeeded(Nodes &nodes, Names &needed) {
  std::unordered_map<std::string, std::vector<int>> makers;
  for (int i = 0; i != nodes.size(); ++i)
    for (const std::string &output : nodes.Get(i).output())
      if (!output.empty())
        makers[output].push_back(i);
  std::vector<bool> live(nodes.size());
  std::vector<std::string> work(needed.begin(), needed.end());
  auto read = [&](const std::string &name) {
    if (!name.empty() && needed.insert(name).second)
      work.push_back(name);
  };
  while (!work.empty()) {
    std::string name = std::move(work.back());
    work.pop_back();
    auto found = makers.find(name);
    if (found == makers.end())
      continue;
    for (int index : found->second) {
      if (live[index])
        continue;
      live[index] = true;
      forEachRead(nodes.Get(index), read);
    }
  }
  int index = 0;
  keepIf(nodes, [&](const ::onnx::NodeProto &) { return live[index++]; });
  for (auto &node : nodes)
    for (auto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        removeUnusedNodes(*attribute.mutable_g());
      for (auto &graph : *attribute.mutable_graphs())
        removeUnusedNodes(graph);
    }
}

/// Keeps what computes the graph's outputs; returns every name that is needed for them. Inferred types stay.
Names keepNeeded(::onnx::GraphProto &graph) {
  Names needed;
  for (const auto &output : graph.output())
    needed.insert(output.name());
  keepNeeded(*graph.mutable_node(), needed);
  // A weight without a name is the checker's to refuse.
  keepIf(*graph.mutable_initializer(),
         [&](const ::onnx::TensorProto &tensor) { return tensor.name().empty() || needed.contains(tensor.name()); });
  keepIf(*graph.mutable_sparse_initializer(),
         [&](const ::onnx::SparseTensorProto &tensor) { return needed.contains(tensor.values().name()); });
  return needed;
}

void collectCalls(const Nodes &nodes, std::vector<std::string> &calls) {
  for (const auto &node : nodes) {
    calls.push_back(functionKey(node.domain(), node.op_type(), node.overload()));
    forEachGraph(node, [&](const ::onnx::GraphProto &graph) { collectCalls(graph.node(), calls); });
  }
}

void keepCalledFunctions(::onnx::ModelProto &model) {
  std::unordered_map<std::string, const ::onnx::FunctionProto *> functions;
  for (const auto &function : model.functions())
    functions[functionKey(function.domain(), function.name(), function.overload())] = &function;
  Names called;
  std::vector<std::string> work;
  collectCalls(model.graph().node(), work);
  while (!work.empty()) {
    std::string key = std::move(work.back());
    work.pop_back();
    auto found = functions.find(key);
    if (found != functions.end() && called.insert(key).second)
      collectCalls(found->second->node(), work);
  }
  keepIf(*model.mutable_functions(), [&](const ::onnx::FunctionProto &function) {
    return called.contains(functionKey(function.domain(), function.name(), function.overload()));
  });
}

} // namespace

void frontend::removeUnusedNodes(::onnx::GraphProto &graph) { keepNeeded(graph); }

void frontend::removeUnused(::onnx::ModelProto &model, std::vector<IgnoredInput> &ignored) {
  ::onnx::GraphProto &graph = *model.mutable_graph();
  Names needed = keepNeeded(graph);
  graph.clear_value_info(); // inferred anew
  graph.clear_quantization_annotation();
  for (auto &function : *model.mutable_functions()) {
    Names outputs(function.output().begin(), function.output().end());
    keepNeeded(*function.mutable_node(), outputs);
    function.clear_value_info();
  }
  keepCalledFunctions(model);
  keepIf(*graph.mutable_input(), [&](const ::onnx::ValueInfoProto &input) {
    if (input.name().empty() || needed.contains(input.name()))
      return true;
    IgnoredInput entry{input.name(), {}};
    for (const auto &dim : input.type().tensor_type().shape().dim())
      if (dim.has_dim_param())
        entry.symbols.push_back(dim.dim_param());
    ignored.push_back(std::move(entry));
    return false;
  });
}
