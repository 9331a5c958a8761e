// waferc's own front end is asked, not a list of operators: whether a node can be compiled depends on its types, its
// attributes, and on what is constant around it. It reads the nodes as one model and names every one at fault. These
// are left, the others are divided into convex groups, and each group is asked for again, since what was a constant of
// the whole may be an input of a part; until nothing is at fault any more.
//
// What is only known at run time is no fault. Open dimensions get a sample of what they may be: a size at which the
// fewest nodes are at fault, since no size is right for all (a kernel is larger than an image of one pixel, two lengths
// that add up to a third one do not at 64). Where the compiler wants to know an input's values, it is told at run time;
// nodes behind such a place are asked for by themselves, as far as their kind goes.
//
// Graphs in nodes (the branches of an If, the body of a Loop) are asked for before the node that they are in. What
// shapes its values have, and which branch runs, is known only with all that is around it. So nothing in such a graph
// is taken, and the node may be taken with all that is in it; unless the graph has an operator that waferc does not
// have at all, since then the node cannot be.
#include "Capability.h"

#include "Context.h"
#include "ModelWriter.h"
#include "Partition.h"

#include <algorithm>
#include <array>
#include <set>

using namespace wafer;
using namespace wafer::ort;

namespace {

constexpr std::array<int64_t, 3> kSamples = {1, 64, 224};

struct Fault {
  std::optional<size_t> node; // nothing: the model as a whole
  std::string code, text;
  bool wantsValues; // of inputs
};

using Faults = std::vector<Fault>;

/// Whether a node is at fault whatever its shapes are.
bool isAboutKind(const std::string &code) {
  return code == "WF1007" || code == "WF1009" || code == "WF1010" || code == "WF2001" || code == "WF2003" ||
         code == "WF2005";
}

class Finder {
public:
  Finder(const Graph &graph, const Options &options) : graph(graph), options(options) {}

  Capability find() {
    std::vector<bool> taken(graph.nodes.size(), true);
    bool anyContext = false;
    for (size_t i = 0; i != graph.nodes.size(); ++i)
      if (isOurContext(graph.nodes[i])) {
        anyContext = true;
        result.groups.push_back({i});
      }
    if (anyContext) // the rest was left when the model was made
      return std::move(result);
    if (graph.isNested && !partsInNodesWork())
      return {};
    for (size_t i = 0; i != graph.nodes.size(); ++i) {
      if (isAssigned(graph.nodes[i]))
        taken[i] = false;
      else if (std::optional<std::string> reason = hopeless(graph.nodes[i]))
        leave(i, *reason, taken);
    }
    if (graph.isNested && std::find(taken.begin(), taken.end(), false) == taken.end())
      return {};
    while (removeFaulty(numbersOf(taken), taken))
      ;
    for (;;) {
      result.groups = convexGroups(graph.producers(), taken);
      std::erase_if(result.groups, [&](const std::vector<size_t> &group) { return !isWorthwhile(group); });
      bool changed = false;
      for (const std::vector<size_t> &group : result.groups)
        changed |= removeFaulty(group, taken);
      if (!changed)
        return std::move(result);
    }
  }

private:
  static bool isAssigned(const Node &node) {
    const char *provider = nullptr;
    check(api->Node_GetEpName(node.node, &provider));
    return provider && *provider && std::string_view(provider) != kProviderName;
  }

  /// Why a node, or one in its graphs, cannot be taken whatever is around it; nothing if that is not known.
  std::optional<std::string> hopeless(const Node &node) const {
    if (std::optional<std::string> reason = unwritable(node))
      return reason;
    int opset = 1;
    for (const auto &[domain, version] : graph.opsets)
      if (domain == node.domain)
        opset = version;
    if (!waferHasOperator(node.domain.c_str(), node.op.c_str(), opset))
      return "[WF2001] waferc has no operator " + (node.domain.empty() ? "" : node.domain + ".") + node.op +
             " of version " + std::to_string(opset) + " (docs/operators.md lists those that it has)";
    for (const auto &[_, body] : node.graphs) {
      const Graph inside = readGraph(body);
      for (const Node &inner : inside.nodes)
        if (std::optional<std::string> reason = hopeless(inner))
          return "node '" + inner.name + "' (" + inner.op + ") in it: " + *reason;
    }
    return std::nullopt;
  }

  std::vector<size_t> numbersOf(const std::vector<bool> &taken) const {
    std::vector<size_t> nodes;
    for (size_t i = 0; i != taken.size(); ++i)
      if (taken[i])
        nodes.push_back(i);
    return nodes;
  }

  void leave(size_t node, const std::string &reason, std::vector<bool> &taken) {
    taken[node] = false;
    result.left.emplace(node, reason);
  }

  /// Whether some of the nodes had to go.
  bool removeFaulty(const std::vector<size_t> &nodes, std::vector<bool> &taken) {
    if (nodes.empty() || clean.contains(nodes))
      return false;
    Faults faults = faultsOf(nodes);
    bool removed = false;
    auto remove = [&](const Fault &fault) {
      if (!fault.node || !taken[*fault.node])
        return;
      leave(*fault.node, fault.text, taken);
      removed = true;
    };
    for (const Fault &fault : faults)
      if (!fault.wantsValues)
        remove(fault);
    if (removed)
      return true;
    // A fault of the model that names no node: the nodes are asked for one by one.
    auto ofAll = std::find_if(faults.begin(), faults.end(), [](const Fault &f) { return !f.node && !f.wantsValues; });
    if (ofAll != faults.end()) {
      for (size_t node : nodes)
        for (const Fault &fault : nodes.size() > 1 ? faultsOf({node}) : Faults())
          if (!fault.wantsValues)
            remove({node, fault.code, fault.text, false});
      if (!removed)
        for (size_t node : nodes)
          remove({node, ofAll->code, ofAll->text, false});
      return removed;
    }
    std::vector<size_t> others = nodes;
    for (const Fault &fault : faults)
      if (fault.node)
        std::erase(others, *fault.node);
    if (!others.empty() && others.size() != nodes.size())
      for (const Fault &fault : faultsOf(others))
        if (!fault.wantsValues && isAboutKind(fault.code))
          remove(fault);
    if (!removed)
      clean.insert(nodes);
    return removed;
  }

  Faults faultsOf(const std::vector<size_t> &nodes) {
    const Boundary boundary = boundaryOf(graph, nodes);
    if (!hasOpenInput(boundary))
      return ask(nodes, boundary, std::nullopt);
    Faults best;
    size_t fewest = SIZE_MAX;
    for (int64_t extent : kSamples) {
      Faults faults = ask(nodes, boundary, extent);
      size_t real = static_cast<size_t>(
          std::count_if(faults.begin(), faults.end(), [](const Fault &fault) { return !fault.wantsValues; }));
      if (real < fewest) {
        best = std::move(faults);
        fewest = real;
      }
      if (fewest == 0)
        break;
    }
    return best;
  }

  static bool hasOpenInput(const Boundary &boundary) {
    return std::any_of(boundary.inputs.begin(), boundary.inputs.end(), [](const Value &value) {
      std::optional<TensorType> type = value.tensorType();
      return !type || !type->isStatic();
    });
  }

  Faults ask(const std::vector<size_t> &nodes, const Boundary &boundary, std::optional<int64_t> extent) const {
    const WrittenModel model = writeModel(graph, nodes, boundary, extent);
    std::string folder = graph.folder();
    OwnedOptions compiler = options.forCompiler();
    OwnedError error(waferCheckBytes(model.bytes.data(), model.bytes.size(), "the graph",
                                     folder.empty() ? nullptr : folder.c_str(), compiler.get(), nullptr));
    Faults faults;
    for (size_t i = 0; error && i != waferErrorCount(error.get()); ++i) {
      auto node = model.nodes.find(waferErrorNode(error.get(), i));
      faults.push_back({node == model.nodes.end() ? std::nullopt : std::optional(node->second),
                        waferErrorCode(error.get(), i), textOf(error.get(), i),
                        // A graph in a node runs many times, with other values each time.
                        waferErrorInputCount(error.get(), i) != 0 && !graph.isNested});
    }
    return faults;
  }

  /// Computing with shapes is nothing for a wafer, unless it is all that there is.
  bool isWorthwhile(const std::vector<size_t> &group) const {
    if (group.size() == graph.nodes.size())
      return true;
    if (graph.isNested && hasOpenInput(boundaryOf(graph, group))) // would be compiled in each step of a loop
      return false;
    return std::any_of(group.begin(), group.end(), [&](size_t node) {
      return std::any_of(graph.nodes[node].outputs.begin(), graph.nodes[node].outputs.end(), [](const Value &value) {
        if (!value.info)
          return false;
        std::optional<TensorType> type = value.tensorType();
        if (!type || !type->shape || type->shape->size() > 1)
          return true;
        return type->element != ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 &&
               type->element != ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 &&
               type->element != ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL;
      });
    });
  }

  const Graph &graph;
  const Options &options;
  std::set<std::vector<size_t>> clean; // without a fault
  Capability result;
};

} // namespace

Capability ort::findCapability(const Graph &graph, const Options &options) { return Finder(graph, options).find(); }
