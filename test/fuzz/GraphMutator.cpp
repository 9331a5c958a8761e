#include "GraphMutator.h"

#include "onnx/defs/schema.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace wafer::fuzz;
using namespace ::onnx;

namespace {

/// Operators of the standard domain, latest versions.
const std::vector<OpSchema> &schemas() {
  static const std::vector<OpSchema> all = [] {
    std::vector<OpSchema> standard;
    for (const OpSchema &schema : OpSchemaRegistry::get_all_schemas())
      if (schema.domain().empty() && !schema.deprecated())
        standard.push_back(schema);
    // The registry's maps have no order that lasts; a seed must mean the same mutation in every run.
    std::sort(standard.begin(), standard.end(), [](auto &a, auto &b) { return a.Name() < b.Name(); });
    return standard;
  }();
  return all;
}

const OpSchema *schemaOf(const NodeProto &node) {
  const auto &all = schemas();
  auto at = std::lower_bound(all.begin(), all.end(), node.op_type(),
                             [](const OpSchema &schema, const std::string &name) { return schema.Name() < name; });
  return at != all.end() && at->Name() == node.op_type() ? &*at : nullptr;
}

class GraphMutator {
public:
  GraphMutator(ModelProto &model, Random &random) : model(model), graph(*model.mutable_graph()), random(random) {}

  void mutate() {
    switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
      return addNode();
    case 3:
    case 4:
      return rewire();
    case 5:
    case 6:
    case 7:
      return changeAttribute();
    case 8:
    case 9:
      return changeInput();
    case 10:
    case 11:
      return changeWeight();
    case 12:
      return changeOperator();
    case 13:
      return nest();
    case 14:
      return dropNode();
    default:
      return changeModel();
    }
  }

private:
  int64_t extent() { return random.oneIn(24) ? random.number() : random.of<int64_t>({0, 1, 1, 2, 2, 3, 4, 5, 8}); }
  int dataType() {
    return random.oneIn(3)
               ? static_cast<int>(random.below(27))
               : random.of<int>({TensorProto::FLOAT, TensorProto::FLOAT, TensorProto::INT64, TensorProto::INT64,
                                 TensorProto::BOOL, TensorProto::INT32, TensorProto::FLOAT16, TensorProto::UINT8});
  }
  std::string fresh() {
    for (int i = graph.node_size() + graph.initializer_size();; ++i) {
      std::string name = "v" + std::to_string(i);
      if (std::find(values.begin(), values.end(), name) == values.end()) {
        values.push_back(name);
        return name;
      }
    }
  }

  /// Names of the values that stand before a node.
  void collectValues(int before) {
    values.clear();
    for (const auto &input : graph.input())
      values.push_back(input.name());
    for (const auto &tensor : graph.initializer())
      values.push_back(tensor.name());
    for (int i = 0; i < before && i < graph.node_size(); ++i)
      for (const std::string &output : graph.node(i).output())
        if (!output.empty())
          values.push_back(output);
  }
  std::string value() {
    // What is near is likelier: chains are deeper.
    if (!values.empty() && random.oneIn(2))
      return values[values.size() - 1 - random.below(std::min<size_t>(3, values.size()))];
    return values.empty() ? "x" : random.in(values);
  }

  //===- Tensors ----------------------------------------------------------===//

  void fill(TensorProto &tensor) {
    int64_t elements = 1;
    for (int64_t dim : tensor.dims())
      elements = dim < 0 || dim > 4096 || elements > 4096 ? 0 : elements * dim;
    tensor.clear_raw_data();
    tensor.clear_float_data();
    tensor.clear_int64_data();
    tensor.clear_int32_data();
    std::string raw;
    size_t width = 4;
    switch (tensor.data_type()) {
    case TensorProto::INT64:
    case TensorProto::UINT64:
    case TensorProto::DOUBLE:
      width = 8;
      break;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
    case TensorProto::UINT16:
      width = 2;
      break;
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
      width = 1;
      break;
    }
    for (int64_t i = 0; i < elements; ++i) {
      int64_t whole = random.number();
      float real = random.oneIn(8) ? random.of<float>({1e38f, -1e38f, 1e-40f, __builtin_nanf(""), __builtin_inff()})
                                   : static_cast<float>(whole) / 2;
      double wide = real;
      const void *from = tensor.data_type() == TensorProto::FLOAT    ? static_cast<const void *>(&real)
                         : tensor.data_type() == TensorProto::DOUBLE ? static_cast<const void *>(&wide)
                                                                     : &whole;
      raw.append(static_cast<const char *>(from), width);
    }
    tensor.set_raw_data(raw);
  }

  void makeTensor(TensorProto &tensor) {
    tensor.Clear();
    bool shape = random.oneIn(2); // axes, shapes, starts, repeats
    tensor.set_data_type(shape ? int(TensorProto::INT64) : dataType());
    size_t rank = shape ? random.below(2) : random.below(5);
    for (size_t d = 0; d != rank; ++d)
      tensor.add_dims(extent());
    fill(tensor);
  }

  std::string newWeight() {
    TensorProto &tensor = *graph.add_initializer();
    makeTensor(tensor);
    tensor.set_name(fresh());
    return tensor.name();
  }

  //===- Attributes -------------------------------------------------------===//

  int64_t attributeInt() { return random.oneIn(2) ? random.of<int64_t>({0, 1, 2, -1, 3, 7}) : random.number(); }
  std::string attributeString() {
    return random.of<const char *>(
        {"constant",   "reflect",       "edge",    "wrap",      "nearest",      "linear", "cubic",      "SAME_UPPER",
         "SAME_LOWER", "VALID",         "NOTSET",  "forward",   "mean",         "sum",    "none",       "add",
         "mul",        "max",           "DCR",     "CRD",       "floor",        "ceil",   "asymmetric", "align_corners",
         "tanh",       "bilinear",      "zeros",   "ij,jk->ik", "...ij->...ji", "ii->i",  "i,->",       "bij,bjk",
         "half_pixel", "bidirectional", "reverse", "",          "\xff"});
  }
  void setAttribute(AttributeProto &attribute, const std::string &name, AttributeProto::AttributeType type) {
    attribute.Clear();
    attribute.set_name(name);
    attribute.set_type(type);
    switch (type) {
    case AttributeProto::INT:
      attribute.set_i(name == "to" || name == "dtype" ? dataType() : attributeInt());
      break;
    case AttributeProto::FLOAT:
      attribute.set_f(random.oneIn(3) ? static_cast<float>(random.number())
                                      : random.of<float>({0, 0.5f, 1, -1, 1e30f}));
      break;
    case AttributeProto::STRING:
      attribute.set_s(attributeString());
      break;
    case AttributeProto::INTS:
      for (size_t n = random.below(7); n; --n)
        attribute.add_ints(attributeInt());
      break;
    case AttributeProto::FLOATS:
      for (size_t n = random.below(5); n; --n)
        attribute.add_floats(static_cast<float>(random.number()));
      break;
    case AttributeProto::STRINGS:
      for (size_t n = random.below(4); n; --n)
        attribute.add_strings(attributeString());
      break;
    case AttributeProto::TENSOR:
      makeTensor(*attribute.mutable_t());
      break;
    case AttributeProto::GRAPH:
      makeGraph(*attribute.mutable_g());
      break;
    default:
      break;
    }
  }

  /// A body: some of the graph's own nodes, which may read values around it.
  void makeGraph(GraphProto &body) {
    body.set_name("body");
    for (size_t n = random.below(3); n; --n)
      body.add_input()->set_name(random.oneIn(2) ? value() : "b" + std::to_string(n));
    std::string last = value();
    for (int i = 0; i != std::min(3, graph.node_size()); ++i) {
      NodeProto node = graph.node(random.below(graph.node_size()));
      if (node.ByteSizeLong() > 400)
        continue;
      for (std::string &output : *node.mutable_output())
        if (!output.empty())
          last = output += "_b";
      *body.add_node() = node;
    }
    for (size_t n = 1 + random.below(2); n; --n)
      body.add_output()->set_name(last);
  }

  //===- Nodes ------------------------------------------------------------===//

  void setAttributes(NodeProto &node, const OpSchema &schema) {
    node.clear_attribute();
    std::vector<const OpSchema::Attribute *> sorted;
    for (const auto &[name, attribute] : schema.attributes())
      sorted.push_back(&attribute);
    std::sort(sorted.begin(), sorted.end(), [](auto *a, auto *b) { return a->name < b->name; });
    for (const OpSchema::Attribute *attribute : sorted)
      if (attribute->required || random.oneIn(3))
        setAttribute(*node.add_attribute(), attribute->name, attribute->type);
  }

  void addNode() {
    int at = graph.node_size() ? static_cast<int>(random.below(graph.node_size() + 1)) : 0;
    if (random.oneIn(2))
      at = graph.node_size();
    collectValues(at);
    const OpSchema &schema = random.in(schemas());
    NodeProto node;
    node.set_op_type(schema.Name());
    int inputs = schema.min_input() +
                 static_cast<int>(random.below(std::min(schema.max_input(), 6) - std::min(schema.min_input(), 6) + 1));
    for (int i = 0; i != inputs; ++i)
      node.add_input(i >= schema.min_input() && random.oneIn(4) ? "" : random.oneIn(i ? 2 : 8) ? newWeight() : value());
    int outputs = std::max(1, schema.min_output());
    if (random.oneIn(4) && schema.max_output() > outputs)
      ++outputs;
    for (int i = 0; i != outputs; ++i)
      node.add_output(fresh());
    setAttributes(node, schema);
    std::string result = node.output(0);
    *graph.add_node() = std::move(node);
    for (int i = graph.node_size() - 1; i > at; --i)
      graph.mutable_node()->SwapElements(i, i - 1);
    // What nobody reads is dropped early.
    if (at + 1 < graph.node_size() && random.oneIn(2)) {
      NodeProto &reader = *graph.mutable_node(at + 1);
      if (reader.input_size())
        *reader.mutable_input(random.below(reader.input_size())) = result;
    } else if (graph.output_size() && random.oneIn(2)) {
      graph.mutable_output(random.below(graph.output_size()))->set_name(result);
    } else {
      graph.add_output()->set_name(result);
    }
    for (auto &output : *graph.mutable_output())
      if (random.oneIn(2))
        output.mutable_type()->mutable_tensor_type()->clear_shape();
  }

  NodeProto *anyNode(int *index = nullptr) {
    if (!graph.node_size())
      return nullptr;
    int at = static_cast<int>(random.below(graph.node_size()));
    collectValues(at);
    if (index)
      *index = at;
    return graph.mutable_node(at);
  }

  void rewire() {
    NodeProto *node = anyNode();
    if (!node)
      return addNode();
    if (!node->input_size() || random.oneIn(8))
      node->add_input(value());
    else
      *node->mutable_input(random.below(node->input_size())) = random.oneIn(3)    ? newWeight()
                                                               : random.oneIn(12) ? std::string()
                                                                                  : value();
  }

  void changeAttribute() {
    NodeProto *node = anyNode();
    if (!node)
      return addNode();
    const OpSchema *schema = schemaOf(*node);
    if (schema && (node->attribute().empty() || random.oneIn(3)))
      return setAttributes(*node, *schema);
    if (node->attribute().empty())
      return;
    AttributeProto &attribute = *node->mutable_attribute(random.below(node->attribute_size()));
    if (attribute.ints_size() && random.oneIn(2))
      attribute.set_ints(random.below(attribute.ints_size()), attributeInt());
    else if (attribute.has_g() && attribute.g().node_size() && random.oneIn(2))
      *attribute.mutable_g()->mutable_node(random.below(attribute.g().node_size())) =
          graph.node(random.below(graph.node_size()));
    else if (attribute.ByteSizeLong() < 1000)
      setAttribute(attribute, attribute.name(), attribute.type());
  }

  void changeOperator() {
    if (NodeProto *node = anyNode()) {
      // One of about the same inputs keeps most of what was valid.
      for (int tries = 0; tries != 20; ++tries) {
        const OpSchema &schema = random.in(schemas());
        if (schema.min_input() > node->input_size() || schema.max_input() < node->input_size())
          continue;
        node->set_op_type(schema.Name());
        return setAttributes(*node, schema);
      }
    }
  }

  void dropNode() {
    int index;
    if (NodeProto *node = anyNode(&index)) {
      // Its readers read what it read.
      std::string from = node->output_size() ? node->output(0) : "", to = node->input_size() ? node->input(0) : "";
      graph.mutable_node()->DeleteSubrange(index, 1);
      for (auto &reader : *graph.mutable_node())
        for (std::string &input : *reader.mutable_input())
          if (!from.empty() && input == from)
            input = to;
      for (auto &output : *graph.mutable_output())
        if (output.name() == from && graph.output_size() > 1)
          output.set_name(to);
    }
  }

  /// Wraps something in If, Loop or Scan.
  void nest() {
    collectValues(graph.node_size());
    const char *name = random.of<const char *>({"If", "Loop", "Scan"});
    NodeProto node;
    node.set_op_type(name);
    node.add_output(fresh());
    const OpSchema *schema = schemaOf(node);
    if (!schema)
      return;
    for (int i = 0; i != (node.op_type() == "If" ? 1 : 3); ++i)
      node.add_input(random.oneIn(2) ? newWeight() : value());
    setAttributes(node, *schema);
    graph.add_output()->set_name(node.output(0));
    *graph.add_node() = std::move(node);
  }

  //===- The rest ---------------------------------------------------------===//

  void changeType(TypeProto &type) {
    auto &tensor = *type.mutable_tensor_type();
    switch (random.below(4)) {
    case 0:
      tensor.set_elem_type(dataType());
      break;
    case 1:
      tensor.mutable_shape()->add_dim()->set_dim_value(extent());
      break;
    case 2:
      if (tensor.shape().dim_size()) {
        tensor.mutable_shape()->mutable_dim()->RemoveLast();
        break;
      }
      [[fallthrough]];
    default:
      if (int rank = tensor.shape().dim_size())
        tensor.mutable_shape()->mutable_dim(random.below(rank))->set_dim_value(extent());
      else
        tensor.mutable_shape();
    }
  }

  void changeInput() {
    if (!graph.input_size() || random.oneIn(8)) {
      collectValues(graph.node_size());
      auto &input = *graph.add_input();
      input.set_name(fresh());
      changeType(*input.mutable_type());
    }
    changeType(*graph.mutable_input(random.below(graph.input_size()))->mutable_type());
  }

  void changeWeight() {
    if (!graph.initializer_size())
      return changeInput();
    TensorProto &tensor = *graph.mutable_initializer(random.below(graph.initializer_size()));
    if (tensor.ByteSizeLong() > 4000)
      return;
    switch (random.below(4)) {
    case 0:
      tensor.set_data_type(dataType());
      break;
    case 1:
      if (tensor.dims_size())
        tensor.set_dims(random.below(tensor.dims_size()), extent());
      break;
    case 2:
      if (tensor.dims_size() && random.oneIn(2))
        tensor.mutable_dims()->RemoveLast();
      else
        tensor.add_dims(1);
      break;
    default:
      break;
    }
    fill(tensor);
  }

  void changeModel() {
    switch (random.below(4)) {
    case 0:
      for (auto &opset : *model.mutable_opset_import())
        opset.set_version(1 + random.below(27));
      break;
    case 1:
      model.set_ir_version(1 + random.below(13));
      break;
    case 2: // a local function of the name of an operator
      if (graph.node_size()) {
        NodeProto node = graph.node(random.below(graph.node_size()));
        auto &function = *model.add_functions();
        function.set_name(node.op_type());
        function.set_domain(random.oneIn(2) ? "" : "local");
        for (const std::string &input : node.input())
          function.add_input(input);
        for (const std::string &output : node.output())
          function.add_output(output);
        *function.mutable_opset_import() = model.opset_import();
        *function.add_node() = node;
        graph.mutable_node(random.below(graph.node_size()))->set_domain(function.domain());
      }
      break;
    default:
      if (graph.output_size())
        changeType(*graph.mutable_output(random.below(graph.output_size()))->mutable_type());
    }
  }

  ModelProto &model;
  GraphProto &graph;
  Random &random;
  std::vector<std::string> values;
};

} // namespace

void wafer::fuzz::mutateModel(ModelProto &model, Random &random) { GraphMutator(model, random).mutate(); }
