#include "TypeInference.h"

#include <cctype>

using namespace wafer;
using namespace wafer::frontend;

/// The library makes a dimension for each element of a vector that may be a shape, and where it follows values for each
/// of any vector's, floats' as well. Longer ones are no shapes.
constexpr int64_t maxInferredElements = 1 << 20;
constexpr int64_t maxFollowedElements = 4096;

TypeInference::TypeInference(const ::onnx::ModelProto &model) {
  for (const auto &function : model.functions())
    functions[functionKey(function.domain(), function.name(), function.overload())] = &function;
}

const ::onnx::TypeProto *TypeInference::find(const std::string &name) const {
  auto found = types.find(name);
  return found == types.end() ? nullptr : found->second;
}

void TypeInference::setType(const std::string &name, const ::onnx::TypeProto &type) {
  if (name.empty() || type.value_case() == ::onnx::TypeProto::VALUE_NOT_SET)
    return;
  storage.push_back(type);
  auto &place = types[name];
  scopes.back().hidden.push_back({name, place});
  place = &storage.back();
}

void TypeInference::addConstant(const std::string &name, const ::onnx::TensorProto &tensor) {
  ::onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(tensor.data_type());
  auto *shape = type.mutable_tensor_type()->mutable_shape();
  for (int64_t dim : tensor.dims())
    shape->add_dim()->set_dim_value(dim);
  setType(name, type);
  constants[name] = &tensor;
  scopes.back().constants.push_back(name);
}

void TypeInference::enterGraph(const ::onnx::GraphProto &graph) {
  scopes.emplace_back();
  for (const auto &input : graph.input())
    setType(input.name(), input.type());
  for (const auto &tensor : graph.initializer())
    addConstant(tensor.name(), tensor);
}

void TypeInference::leaveGraph(::onnx::GraphProto &graph) {
  graph.clear_value_info();
  Scope scope = std::move(scopes.back());
  for (auto &output : *graph.mutable_output())
    if (const ::onnx::TypeProto *type = find(output.name()))
      *output.mutable_type() = *type;
  // Backwards, so that the outermost type of a name that was set twice comes back last.
  for (auto entry = scope.hidden.rbegin(); entry != scope.hidden.rend(); ++entry) {
    auto &[name, outer] = *entry;
    auto *value = graph.add_value_info();
    value->set_name(name);
    *value->mutable_type() = *types[name];
    if (outer)
      types[name] = outer;
    else
      types.erase(name);
  }
  for (const std::string &name : scope.constants)
    constants.erase(name);
  scopes.pop_back();
}

/// True if the node reads a vector (of integers, if only those count) that is longer than `limit`.
bool TypeInference::readsVector(const ::onnx::NodeProto &node, int64_t limit, bool integersOnly) const {
  for (const std::string &input : node.input()) {
    const ::onnx::TypeProto *type = find(input);
    if (!type || !type->has_tensor_type())
      continue;
    const auto &tensor = type->tensor_type();
    bool integers =
        tensor.elem_type() == ::onnx::TensorProto::INT64 || tensor.elem_type() == ::onnx::TensorProto::INT32;
    if ((integers || !integersOnly) && tensor.shape().dim_size() == 1 && tensor.shape().dim(0).dim_value() > limit)
      return true;
  }
  return false;
}

/// Dimensions of an operand that the ellipsis of its term stands for; -1 if it has none or the rank is unknown.
static int ellipsisRank(const std::string &term, const ::onnx::TypeProto *type) {
  if (term.find("...") == std::string::npos || !type || !type->tensor_type().has_shape())
    return -1;
  int letters = 0;
  for (char c : term)
    letters += std::isalpha(static_cast<unsigned char>(c)) != 0;
  return type->tensor_type().shape().dim_size() - letters;
}

/// Nodes at which the library reads or writes outside of its memory, or takes all there is, by operator.
bool TypeInference::isKnownToDie(const ::onnx::NodeProto &node) const {
  if (node.op_type() == "Einsum") {
    std::string equation;
    for (const auto &attribute : node.attribute())
      if (attribute.name() == "equation")
        equation = attribute.s();
    int first = -1;
    size_t begin = 0;
    for (const std::string &input : node.input()) {
      size_t end = std::min(equation.find(',', begin), equation.size());
      int rank = ellipsisRank(equation.substr(begin, end - begin), find(input));
      begin = std::min(end + 1, equation.size());
      if (rank < 0)
        continue;
      // The first operand decides how many dimensions the library makes room for.
      if (first >= 0 && rank != first)
        return true;
      first = rank;
    }
  }
  if (node.op_type() == "OneHot" && node.input_size() > 1) {
    auto depth = constants.find(node.input(1));
    if (depth == constants.end())
      return false;
    for (int64_t dim : depth->second->dims())
      if (dim != 1)
        return true;
  }
  // It makes lists of so many inputs before it counts them.
  if (node.op_type() == "Scan")
    for (const auto &attribute : node.attribute())
      if (attribute.name() == "num_scan_inputs" && (attribute.i() < 0 || attribute.i() > node.input_size()))
        return true;
  return false;
}

void TypeInference::infer(::onnx::NodeProto &node, const ::onnx::OpSchema &schema, const OpsetMap &opsets) {
  using namespace ::onnx::shape_inference;
  if (isKnownToDie(node) || readsVector(node, maxInferredElements, /*integersOnly=*/true))
    return;
  ::onnx::ShapeInferenceOptions options(/*check_type=*/false, /*strict_mode=*/0, /*data_prop=*/false);
  try {
    GraphInferenceContext graphs(types, opsets, &symbols, functions, ::onnx::OpSchemaRegistry::Instance(),
                                 &shapeValues);
    InferenceContextImpl context(node, types, constants, sparse, options, &shapeValues, &graphs);
    if (schema.has_type_and_shape_inference_function())
      schema.GetTypeAndShapeInferenceFunction()(context);
    else if (schema.HasFunction())
      if (const ::onnx::FunctionProto *body = schema.GetFunction(opsets.at(schema.domain())))
        InferShapeForFunctionNode(*body, ::onnx::OpSchemaRegistry::Instance(), context, options);
    for (int i = 0; i != node.output_size(); ++i)
      setType(node.output(i), *context.getOutputType(i));
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const std::exception &) {
    return; // whoever lowers the node says what is wrong with it
  }
  propagate(node, schema);
}

/// Values of shapes that the library can follow, so that what is reshaped by them has a rank: bodies of functions are
/// built for ranks. All else is folded where nodes are lowered.
void TypeInference::propagate(::onnx::NodeProto &node, const ::onnx::OpSchema &schema) {
  using namespace ::onnx::shape_inference;
  if (!schema.has_data_propagation_function() || readsVector(node, maxFollowedElements, /*integersOnly=*/false))
    return;
  try {
    DataPropagationContextImpl context(node, types, constants, shapeValues);
    schema.GetDataPropagationFunction()(context);
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const std::exception &) {
  }
}
