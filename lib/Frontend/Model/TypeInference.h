// The types of values, inferred node by node.
#ifndef WAFER_LIB_FRONTEND_MODEL_TYPEINFERENCE_H
#define WAFER_LIB_FRONTEND_MODEL_TYPEINFERENCE_H

#include "Internal.h"

#include "onnx/defs/schema.h"
#include "onnx/shape_inference/implementation.h"

#include <deque>
#include <unordered_map>

namespace wafer::frontend {

/// Versions of operator sets by domain.
using OpsetMap = std::unordered_map<std::string, int>;

/// What is known of the values in scope while a graph is gone through in order.
///
/// The ONNX library infers whole graphs, of one operator set, and stops at nothing. Here it is asked for one node at a
/// time: each in the version that it was written for, with the step known when it dies, and not at all where it is
/// known to die. A node that it cannot infer leaves its outputs without a type.
class TypeInference {
public:
  explicit TypeInference(const ::onnx::ModelProto &model);

  /// Scopes of graphs: what is declared inside ends with it.
  void enterGraph(const ::onnx::GraphProto &graph);
  /// Writes the types of the graph's values into it, and leaves its scope.
  void leaveGraph(::onnx::GraphProto &graph);

  /// Infers the outputs of `node`, whose graphs may still hold calls of functions. Their inputs get types, too.
  void infer(::onnx::NodeProto &node, const ::onnx::OpSchema &schema, const OpsetMap &opsets);
  /// Notes a constant that lives as long as this.
  void addConstant(const std::string &name, const ::onnx::TensorProto &tensor);

  /// Null if unknown.
  const ::onnx::TypeProto *find(const std::string &name) const;

private:
  void setType(const std::string &name, const ::onnx::TypeProto &type);
  void propagate(::onnx::NodeProto &node, const ::onnx::OpSchema &schema);
  bool readsVector(const ::onnx::NodeProto &node, int64_t limit, bool integersOnly) const;
  bool isKnownToDie(const ::onnx::NodeProto &node) const;

  struct Scope {
    std::vector<std::pair<std::string, ::onnx::TypeProto *>> hidden; // with the type that the name had outside
    std::vector<std::string> constants;
  };

  std::deque<::onnx::TypeProto> storage;
  std::unordered_map<std::string, ::onnx::TypeProto *> types;
  std::unordered_map<std::string, const ::onnx::TensorProto *> constants;
  const std::unordered_map<std::string, const ::onnx::SparseTensorProto *> sparse;
  ::onnx::shape_inference::DataValueMap shapeValues;
  ::onnx::shape_inference::ModelLocalFunctionsMap functions;
  ::onnx::shape_inference::SymbolTableImpl symbols;
  std::vector<Scope> scopes;
};

} // namespace wafer::frontend

#endif // WAFER_LIB_FRONTEND_MODEL_TYPEINFERENCE_H
