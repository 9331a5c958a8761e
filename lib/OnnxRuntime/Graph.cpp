#include "Graph.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

using namespace wafer;
using namespace wafer::ort;

bool TensorType::isStatic() const {
  return shape && !mayBeOfAnyRank &&
         std::none_of(shape->begin(), shape->end(), [](const Dimension &d) { return d.extent < 0; });
}

bool Value::isConstant() const {
  bool is = false;
  if (info)
    check(api->ValueInfo_IsConstantInitializer(info, &is));
  return is;
}

bool Value::isGraphOutput() const {
  bool is = false;
  if (info)
    check(api->ValueInfo_IsGraphOutput(info, &is));
  return is;
}

std::optional<TensorType> Value::tensorType() const {
  const OrtTypeInfo *type = nullptr;
  check(api->GetValueInfoTypeInfo(info, &type));
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  if (type)
    check(api->GetOnnxTypeFromTypeInfo(type, &kind));
  if (kind != ONNX_TYPE_TENSOR)
    return std::nullopt;
  const OrtTensorTypeAndShapeInfo *tensor = nullptr;
  check(api->CastTypeInfoToTensorInfo(type, &tensor));
  ONNXTensorElementDataType element;
  check(api->GetTensorElementType(tensor, &element));
  size_t rank = 0;
  check(api->GetDimensionsCount(tensor, &rank));
  TensorType result{static_cast<int>(element), std::nullopt};
  std::optional<bool> isKnown = hasShape(tensor);
  if (isKnown == false)
    return result;
  result.mayBeOfAnyRank = !isKnown && rank == 0;
  std::vector<int64_t> extents(rank);
  std::vector<const char *> symbols(rank);
  check(api->GetDimensions(tensor, extents.data(), rank));
  check(api->GetSymbolicDimensions(tensor, symbols.data(), rank));
  result.shape.emplace();
  for (size_t i = 0; i != rank; ++i)
    result.shape->push_back({extents[i], symbols[i] ? symbols[i] : ""});
  return result;
}

std::vector<Value> ort::readValues(const std::vector<const OrtValueInfo *> &infos) {
  std::vector<Value> values;
  for (const OrtValueInfo *info : infos) {
    Value &value = values.emplace_back();
    const char *name = "";
    if (info)
      check(api->GetValueInfoName(info, &name));
    value.name = name;
    if (!value.name.empty())
      value.info = info;
  }
  return values;
}

/// What one function counts and another one lists.
template <typename Owner, typename Item>
static std::vector<Item> list(const Owner *owner, OrtStatus *(ORT_API_CALL *count)(const Owner *, size_t *) noexcept,
                              OrtStatus *(ORT_API_CALL *get)(const Owner *, Item *, size_t) noexcept) {
  size_t size = 0;
  check(count(owner, &size));
  std::vector<Item> items(size);
  check(get(owner, items.data(), size));
  return items;
}

std::vector<Value> ort::inputsOf(const OrtGraph *graph) {
  return readValues(list(graph, api->Graph_GetNumInputs, api->Graph_GetInputs));
}
std::vector<Value> ort::outputsOf(const OrtGraph *graph) {
  return readValues(list(graph, api->Graph_GetNumOutputs, api->Graph_GetOutputs));
}
std::vector<Value> ort::initializersOf(const OrtGraph *graph) {
  return readValues(list(graph, api->Graph_GetNumInitializers, api->Graph_GetInitializers));
}

Node ort::readNode(const OrtNode *node) {
  Node result;
  result.node = node;
  const char *text = nullptr;
  check(api->Node_GetName(node, &text));
  result.name = text;
  check(api->Node_GetOperatorType(node, &text));
  result.op = text;
  check(api->Node_GetDomain(node, &text));
  result.domain = text;
  if (result.domain == "ai.onnx")
    result.domain.clear();
  result.inputs = readValues(list(node, api->Node_GetNumInputs, api->Node_GetInputs));
  result.outputs = readValues(list(node, api->Node_GetNumOutputs, api->Node_GetOutputs));
  result.captured = readValues(list(node, api->Node_GetNumImplicitInputs, api->Node_GetImplicitInputs));
  size_t count = 0;
  check(api->Node_GetNumSubgraphs(node, &count));
  std::vector<const OrtGraph *> graphs(count);
  std::vector<const char *> names(count);
  if (count)
    check(api->Node_GetSubgraphs(node, graphs.data(), count, names.data()));
  for (size_t i = 0; i != count; ++i)
    result.graphs.push_back({names[i], graphs[i]});
  return result;
}

/// ONNX Runtime 1.23 does not tell the node that a graph is in, but whether it takes values from around.
static bool isNested(const Graph &graph) {
  const OrtNode *parent = nullptr;
  check(api->Graph_GetParentNode(graph.graph, &parent));
  if (parent)
    return true;
  for (const Node &node : graph.nodes)
    for (const std::vector<Value> *values : {&node.inputs, &node.captured})
      for (const Value &value : *values) {
        bool outer = false;
        if (value.info)
          check(api->ValueInfo_IsFromOuterScope(value.info, &outer));
        if (outer)
          return true;
      }
  return false;
}

Graph ort::readGraph(const OrtGraph *graph) {
  Graph result;
  result.graph = graph;
  std::set<std::string> names;
  for (const OrtNode *node : list(graph, api->Graph_GetNumNodes, api->Graph_GetNodes)) {
    Node read = readNode(node);
    if (read.name.empty() || !names.insert(read.name).second) {
      read.name = read.op + "_" + std::to_string(result.nodes.size());
      while (!names.insert(read.name).second)
        read.name += "'";
    }
    result.nodes.push_back(std::move(read));
  }
  size_t count = 0;
  check(api->Graph_GetNumOperatorSets(graph, &count));
  std::vector<const char *> domains(count);
  std::vector<int64_t> versions(count);
  if (count)
    check(api->Graph_GetOperatorSets(graph, domains.data(), versions.data(), count));
  for (size_t i = 0; i != count; ++i) {
    std::string domain = domains[i];
    result.opsets.push_back({domain == "ai.onnx" ? "" : domain, static_cast<int>(versions[i])});
  }
  check(api->Graph_GetOnnxIRVersion(graph, &result.irVersion));
  const ORTCHAR_T *path = nullptr;
  check(api->Graph_GetModelPath(graph, &path));
  result.modelPath = path ? path : "";
  result.isNested = isNested(result);
  return result;
}

std::string Graph::folder() const {
  if (modelPath.empty())
    return "";
  std::string folder = std::filesystem::path(modelPath).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::vector<std::vector<size_t>> Graph::producers() const {
  std::map<std::string, size_t> writers;
  std::vector<std::vector<size_t>> result(nodes.size());
  for (size_t i = 0; i != nodes.size(); ++i) {
    for (const std::vector<Value> *values : {&nodes[i].inputs, &nodes[i].captured})
      for (const Value &value : *values)
        if (auto found = writers.find(value.name); value.info && found != writers.end())
          result[i].push_back(found->second);
    for (const Value &value : nodes[i].outputs)
      if (value.info)
        writers[value.name] = i;
  }
  return result;
}

HostType ort::hostTypeOf(const OrtValue *value) {
  OrtTensorTypeAndShapeInfo *made = nullptr;
  check(api->GetTensorTypeAndShape(value, &made));
  OwnedShape info(made);
  ONNXTensorElementDataType element;
  check(api->GetTensorElementType(info.get(), &element));
  size_t rank = 0;
  check(api->GetDimensionsCount(info.get(), &rank));
  HostType type{static_cast<int>(element), std::vector<int64_t>(rank)};
  check(api->GetDimensions(info.get(), type.shape.data(), rank));
  return type;
}

std::string ort::attributeBytes(const OrtOpAttr *attribute, OrtOpAttrType type) {
  // The first call fails and says how much there is, unless that is nothing.
  size_t size = 0;
  if (OrtStatus *status = api->ReadOpAttr(attribute, type, nullptr, 0, &size))
    api->ReleaseStatus(status);
  std::string bytes(size, '\0');
  if (size)
    check(api->ReadOpAttr(attribute, type, bytes.data(), size, &size));
  return bytes;
}

/// Null if there is none of that name and type.
static const OrtOpAttr *findAttribute(const OrtNode *node, const char *name, OrtOpAttrType wanted) {
  const OrtOpAttr *attribute = nullptr;
  if (OrtStatus *status = api->Node_GetAttributeByName(node, name, &attribute))
    api->ReleaseStatus(status); // there is none
  OrtOpAttrType type = ORT_OP_ATTR_UNDEFINED;
  if (attribute)
    check(api->OpAttr_GetType(attribute, &type));
  return type == wanted ? attribute : nullptr;
}

std::optional<std::string> ort::stringAttribute(const OrtNode *node, const char *name) {
  const OrtOpAttr *attribute = findAttribute(node, name, ORT_OP_ATTR_STRING);
  return attribute ? std::optional(attributeBytes(attribute, ORT_OP_ATTR_STRING)) : std::nullopt;
}

std::optional<int64_t> ort::intAttribute(const OrtNode *node, const char *name) {
  const OrtOpAttr *attribute = findAttribute(node, name, ORT_OP_ATTR_INT);
  if (!attribute)
    return std::nullopt;
  std::string bytes = attributeBytes(attribute, ORT_OP_ATTR_INT);
  int64_t value = 0;
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}
