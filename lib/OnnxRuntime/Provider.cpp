#include "Provider.h"

#include "Capability.h"
#include "Context.h"
#include "ModelWriter.h"

#include <chrono>
#include <numeric>

using namespace wafer;
using namespace wafer::ort;

Provider::Provider(Options options, const OrtLogger *logger) : OrtEp{}, options(std::move(options)), logger(logger) {
  ort_version_supported = kApiVersion;
  OrtEp::GetName = [](const OrtEp *) noexcept { return kProviderName; };
  OrtEp::GetCapability = [](OrtEp *self, const OrtGraph *graph,
                            OrtEpGraphSupportInfo *support) noexcept -> OrtStatus * {
    return guarded([&] { static_cast<Provider *>(self)->getCapability(graph, support); });
  };
  OrtEp::Compile = [](OrtEp *self, const OrtGraph **parts, const OrtNode **fused, size_t count,
                      OrtNodeComputeInfo **infos, OrtNode **contexts) noexcept -> OrtStatus * {
    return guarded([&] {
      std::vector<std::unique_ptr<FusedNode>> made;
      for (size_t i = 0; i != count; ++i)
        made.push_back(static_cast<Provider *>(self)->compile(parts[i], fused[i], contexts ? &contexts[i] : nullptr));
      for (size_t i = 0; i != count; ++i)
        infos[i] = made[i].release();
    });
  };
  OrtEp::ReleaseNodeComputeInfos = [](OrtEp *, OrtNodeComputeInfo **infos, size_t count) noexcept {
    for (size_t i = 0; i != count; ++i)
      delete static_cast<FusedNode *>(infos[i]);
  };
}

void Provider::getCapability(const OrtGraph *ortGraph, OrtEpGraphSupportInfo *support) {
  const Graph graph = readGraph(ortGraph);
  const Capability capability = findCapability(graph, options);
  for (const auto &[node, reason] : capability.left)
    if (std::string text =
            "waferc leaves node '" + graph.nodes[node].name + "' (" + graph.nodes[node].op + "): " + reason;
        warned.insert(text).second)
      log(logger, ORT_LOGGING_LEVEL_WARNING, text);
  OrtNodeFusionOptions fusion{kApiVersion, /*drop_constant_initializers=*/true};
  for (const std::vector<size_t> &group : capability.groups) {
    std::vector<const OrtNode *> nodes;
    for (size_t node : group)
      nodes.push_back(graph.nodes[node].node);
    check(epApi->EpGraphSupportInfo_AddNodesToFuse(support, nodes.data(), nodes.size(), &fusion));
  }
  size_t taken = 0;
  for (const std::vector<size_t> &group : capability.groups)
    taken += group.size();
  log(logger, ORT_LOGGING_LEVEL_INFO,
      "waferc takes " + std::to_string(taken) + " of " + std::to_string(graph.nodes.size()) + " nodes in " +
          std::to_string(capability.groups.size()) + " parts");
}

static std::vector<std::string> namesOf(const std::vector<Value> &values) {
  std::vector<std::string> names;
  for (const Value &value : values)
    names.push_back(value.name);
  return names;
}

/// What an image calls these values, given the node that carries it.
static std::vector<std::string> renamed(const std::vector<Value> &values, const std::vector<Value> &ofNode,
                                        const std::vector<std::string> &names) {
  std::map<std::string, std::string> table;
  for (size_t i = 0; i != ofNode.size(); ++i)
    table[ofNode[i].name] = names[i];
  std::vector<std::string> result;
  for (const Value &value : values)
    result.push_back(table[value.name]);
  return result;
}

/// The shapes of inputs that are fixed.
static std::map<std::string, std::vector<int64_t>> fixedShapes(const std::vector<Value> &inputs) {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const Value &value : inputs)
    if (std::optional<TensorType> type = value.tensorType(); type && type->isStatic())
      for (std::vector<int64_t> &shape = shapes[value.name]; const Dimension &dimension : *type->shape)
        shape.push_back(dimension.extent);
  return shapes;
}

std::unique_ptr<FusedNode> Provider::compile(const OrtGraph *part, const OrtNode *fusedNode, OrtNode **context) {
  const Graph graph = readGraph(part);
  const Node fused = readNode(fusedNode);
  if (graph.nodes.size() == 1 && isOurContext(graph.nodes[0])) {
    const Node &carrier = graph.nodes[0];
    OpenedContext opened = openContext(carrier, options, graph.modelPath);
    return std::make_unique<FusedNode>(std::make_unique<Programs>(std::move(opened.program)),
                                       renamed(fused.inputs, carrier.inputs, opened.inputs),
                                       renamed(fused.outputs, carrier.outputs, opened.outputs));
  }
  std::vector<size_t> all(graph.nodes.size());
  std::iota(all.begin(), all.end(), size_t(0));
  Boundary boundary = boundaryOf(graph, all);
  boundary.inputs = fused.inputs;
  boundary.outputs = fused.outputs;
  PartialModel model;
  model.bytes = writeModel(graph, all, boundary, std::nullopt).bytes;
  model.name = fused.name;
  model.folder = graph.folder();
  model.shapes = fixedShapes(fused.inputs);
  model.options = [options = options] { return options.forCompiler(); };
  const bool isFixed = model.shapes.size() == fused.inputs.size();

  auto programs = std::make_unique<Programs>(std::move(model));
  std::shared_ptr<Program> program;
  if (isFixed) {
    auto begin = std::chrono::steady_clock::now();
    program = programs->compileAsDeclared();
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (program)
      log(logger, ORT_LOGGING_LEVEL_INFO,
          "waferc compiled " + fused.name + " (" + std::to_string(all.size()) + " nodes) in " +
              std::to_string(seconds.count()) + " s");
  }
  if (options.makeContext && context) {
    if (!program)
      throw Failure(ORT_INVALID_ARGUMENT,
                    std::string("waferc: a model that carries what is compiled needs fixed ") +
                        (isFixed ? "values of inputs that decide shapes: make them constants of the model"
                                 : "shapes: fix dimensions with free dimension overrides of the session's options"));
    *context = makeContext(fused, program->get(), options, graph.modelPath);
  }
  return std::make_unique<FusedNode>(std::move(programs), namesOf(fused.inputs), namesOf(fused.outputs));
}
