// The numbers of fields and types below are those of onnx.proto.
#include "ModelWriter.h"

#include "WireWriter.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

using namespace wafer;
using namespace wafer::ort;

namespace {

enum AttributeType {
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  GraphAttribute = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8
};

Message tensorHeader(const std::string &name, int element, const std::vector<int64_t> &shape) {
  Message tensor;
  for (int64_t extent : shape)
    tensor.number(1, extent);
  tensor.number(2, element);
  if (!name.empty())
    tensor.text(8, name);
  return tensor;
}

Message tensorOf(const std::string &name, const OrtValue *value) {
  HostType type = hostTypeOf(value);
  size_t size = 0;
  const void *data = nullptr;
  check(api->GetTensorSizeInBytes(value, &size));
  check(api->GetTensorData(value, &data));
  Message tensor = tensorHeader(name, type.element, type.shape);
  tensor.text(9, {static_cast<const char *>(data), size});
  return tensor;
}

class Writer {
public:
  Writer(const Graph &graph, std::optional<int64_t> openExtent) : graph(graph), openExtent(openExtent) {}

  WrittenModel model(const std::vector<size_t> &nodes, const Boundary &boundary) {
    Message body;
    for (size_t i : nodes)
      names[graph.nodes[i].name] = i;
    for (size_t i : nodes)
      body.message(1, node(graph.nodes[i], i));
    body.text(2, "graph");
    for (const Value &constant : boundary.constants)
      body.message(5, initializer(constant));
    for (const Value &input : boundary.inputs)
      body.message(11, valueInfo(input));
    for (const Value &output : boundary.outputs)
      body.message(12, valueInfo(output));
    Message model;
    model.number(1, std::max<int64_t>(graph.irVersion, 4)); // from 4 on weights need not be inputs, too
    model.text(2, "waferc");
    model.message(7, body);
    for (const auto &[domain, version] : graph.opsets) {
      if (!domain.empty() && !domains.contains(domain))
        continue;
      Message opset;
      opset.text(1, domain);
      opset.number(2, version);
      model.message(8, opset);
    }
    return {model.take(), std::move(names)};
  }

private:
  /// A node that is, or is in, the one of that number.
  Message node(const Node &node, size_t number) {
    domains.insert(node.domain);
    Message result;
    for (const Value &input : node.inputs)
      result.text(1, input.name);
    for (const Value &output : node.outputs)
      result.text(2, output.name);
    result.text(3, node.name);
    result.text(4, node.op);
    size_t count = 0;
    check(api->Node_GetNumAttributes(node.node, &count));
    std::vector<const OrtOpAttr *> attributes(count);
    check(api->Node_GetAttributes(node.node, attributes.data(), count));
    for (const OrtOpAttr *attribute : attributes)
      addAttribute(result, attribute);
    for (const auto &[attribute, body] : node.graphs) {
      Message graph;
      graph.text(1, attribute);
      graph.message(6, nested(body, number));
      graph.number(20, GraphAttribute);
      result.message(5, graph);
    }
    result.text(7, node.domain);
    return result;
  }

  Message nested(const OrtGraph *body, size_t owner) {
    Message result;
    for (ort::Node &inner : readGraph(body).nodes) {
      while (!names.emplace(inner.name, owner).second)
        inner.name += "'";
      result.message(1, node(inner, owner));
    }
    result.text(2, "body");
    for (const Value &constant : initializersOf(body))
      result.message(5, initializer(constant));
    for (const Value &input : inputsOf(body))
      result.message(11, valueInfo(input));
    for (const Value &output : outputsOf(body))
      result.message(12, valueInfo(output));
    return result;
  }

  void addAttribute(Message &node, const OrtOpAttr *attribute) {
    OrtOpAttrType type;
    check(api->OpAttr_GetType(attribute, &type));
    if (type == ORT_OP_ATTR_GRAPH)
      return;
    const char *name = nullptr;
    check(api->OpAttr_GetName(attribute, &name));
    Message result;
    result.text(1, name);
    if (type == ORT_OP_ATTR_TENSOR) {
      OrtValue *made = nullptr;
      check(api->OpAttr_GetTensorAttributeAsOrtValue(attribute, &made));
      OwnedValue value(made);
      result.message(5, tensorOf("", value.get()));
      result.number(20, Tensor);
    } else {
      addPlain(result, attributeBytes(attribute, type), type);
    }
    node.message(5, result);
  }

  static void addPlain(Message &result, const std::string &bytes, OrtOpAttrType type) {
    auto each = [&]<typename T>(T, auto add) {
      for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
        T item;
        std::memcpy(&item, bytes.data() + at, sizeof item);
        add(item);
      }
    };
    switch (type) {
    case ORT_OP_ATTR_FLOAT:
      each(float(), [&](float item) { result.real(2, item); });
      return result.number(20, Float);
    case ORT_OP_ATTR_INT:
      each(int64_t(), [&](int64_t item) { result.number(3, item); });
      return result.number(20, Int);
    case ORT_OP_ATTR_STRING:
      result.text(4, bytes);
      return result.number(20, String);
    case ORT_OP_ATTR_FLOATS:
      each(float(), [&](float item) { result.real(7, item); });
      return result.number(20, Floats);
    case ORT_OP_ATTR_INTS:
      each(int64_t(), [&](int64_t item) { result.number(8, item); });
      return result.number(20, Ints);
    default: // strings, each with a 0 behind it
      for (size_t at = 0, end; (end = bytes.find('\0', at)) != std::string::npos; at = end + 1)
        result.text(9, std::string_view(bytes).substr(at, end - at));
      return result.number(20, Strings);
    }
  }

  Message initializer(const Value &value) {
    if (std::optional<Message> reference = externalReference(value))
      return std::move(*reference);
    const OrtValue *tensor = nullptr;
    check(api->ValueInfo_GetInitializerValue(value.info, &tensor));
    if (!tensor)
      throw Failure(ORT_FAIL, "waferc: the weight '" + value.name + "' has no value");
    return tensorOf(value.name, tensor);
  }

  /// Weights in a file beside the model stay in it; waferc reads them there.
  std::optional<Message> externalReference(const Value &value) {
    OrtExternalInitializerInfo *info = nullptr;
    check(api->ValueInfo_GetExternalInitializerInfo(value.info, &info));
    if (!info)
      return std::nullopt;
    std::unique_ptr<OrtExternalInitializerInfo, void (*)(OrtExternalInitializerInfo *)> owned(
        info, [](OrtExternalInitializerInfo *info) { api->ReleaseExternalInitializerInfo(info); });
    std::filesystem::path path = api->ExternalInitializerInfo_GetFilePath(info);
    std::optional<TensorType> type = value.tensorType();
    if (graph.modelPath.empty() || path.is_absolute() || !type || !type->isStatic())
      return std::nullopt;
    std::vector<int64_t> shape;
    for (const Dimension &dimension : *type->shape)
      shape.push_back(dimension.extent);
    Message tensor = tensorHeader(value.name, type->element, shape);
    auto entry = [&](const char *key, const std::string &text) {
      Message pair;
      pair.text(1, key);
      pair.text(2, text);
      tensor.message(13, pair);
    };
    entry("location", path.string());
    entry("offset", std::to_string(api->ExternalInitializerInfo_GetFileOffset(info)));
    entry("length", std::to_string(api->ExternalInitializerInfo_GetByteSize(info)));
    tensor.number(14, 1);
    return tensor;
  }

  Message valueInfo(const Value &value) {
    Message result;
    result.text(1, value.name);
    std::optional<TensorType> type = value.tensorType();
    if (!type)
      return result;
    Message tensor;
    tensor.number(1, type->element);
    if (type->shape) {
      Message shape;
      for (const Dimension &dimension : *type->shape) {
        Message written;
        if (dimension.extent >= 0 || openExtent)
          written.number(1, dimension.extent >= 0 ? dimension.extent : *openExtent);
        else if (!dimension.symbol.empty())
          written.text(2, dimension.symbol);
        shape.message(1, written);
      }
      tensor.message(2, shape);
    }
    Message wrapped;
    wrapped.message(1, tensor);
    result.message(2, wrapped);
    return result;
  }

  const Graph &graph;
  std::optional<int64_t> openExtent;
  std::map<std::string, size_t> names;
  std::set<std::string> domains;
};

bool attributesAreReadable(const Node &node, std::string &which) {
  size_t count = 0;
  check(api->Node_GetNumAttributes(node.node, &count));
  std::vector<const OrtOpAttr *> attributes(count);
  check(api->Node_GetAttributes(node.node, attributes.data(), count));
  for (const OrtOpAttr *attribute : attributes) {
    OrtOpAttrType type;
    check(api->OpAttr_GetType(attribute, &type));
    const char *name = nullptr;
    check(api->OpAttr_GetName(attribute, &name));
    bool readable = type != ORT_OP_ATTR_UNDEFINED;
    if (type == ORT_OP_ATTR_TENSOR) {
      OrtValue *made = nullptr;
      check(api->OpAttr_GetTensorAttributeAsOrtValue(attribute, &made));
      OwnedValue value(made);
      readable = hasBytes(hostTypeOf(value.get()).element);
    }
    if (!readable) {
      which = name;
      return false;
    }
  }
  return true;
}

} // namespace

bool ort::hasBytes(int element) {
  return element != ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED && element != ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING;
}

std::optional<std::string> ort::unwritable(const Node &node) {
  std::string which;
  if (!attributesAreReadable(node, which))
    return "attribute '" + which + "' has a value that ONNX Runtime does not hand out";
  for (const std::vector<Value> *values : {&node.inputs, &node.captured, &node.outputs})
    for (const Value &value : *values) {
      if (!value.info)
        continue;
      std::optional<TensorType> type = value.tensorType();
      if (type && !hasBytes(type->element))
        return "'" + value.name + "' is a tensor of strings";
    }
  return std::nullopt;
}

Boundary ort::boundaryOf(const Graph &graph, const std::vector<size_t> &nodes) {
  const std::set<size_t> inside(nodes.begin(), nodes.end());
  std::set<std::string> made, seen, readOutside;
  for (size_t i = 0; i != graph.nodes.size(); ++i)
    if (!inside.contains(i))
      for (const std::vector<Value> *values : {&graph.nodes[i].inputs, &graph.nodes[i].captured})
        for (const Value &value : *values)
          readOutside.insert(value.name);
  for (size_t i : nodes)
    for (const Value &value : graph.nodes[i].outputs)
      made.insert(value.name);
  Boundary boundary;
  for (size_t i : nodes) {
    for (const std::vector<Value> *values : {&graph.nodes[i].inputs, &graph.nodes[i].captured})
      for (const Value &value : *values)
        if (value.info && !made.contains(value.name) && seen.insert(value.name).second)
          (value.isConstant() ? boundary.constants : boundary.inputs).push_back(value);
    for (const Value &value : graph.nodes[i].outputs)
      if (value.info && (readOutside.contains(value.name) || value.isGraphOutput()))
        boundary.outputs.push_back(value);
  }
  return boundary;
}

WrittenModel ort::writeModel(const Graph &graph, const std::vector<size_t> &nodes, const Boundary &boundary,
                             std::optional<int64_t> openExtent) {
  return Writer(graph, openExtent).model(nodes, boundary);
}
