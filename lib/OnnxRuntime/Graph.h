// A graph of ONNX Runtime, read into values and nodes with names.
#ifndef WAFER_LIB_ONNXRUNTIME_GRAPH_H
#define WAFER_LIB_ONNXRUNTIME_GRAPH_H

#include "Api.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace wafer::ort {

/// A dimension: an extent from 0 on, or a symbol, which may be empty.
struct Dimension {
  int64_t extent = -1;
  std::string symbol;
};

struct TensorType {
  int element; // ONNX's number, which is ONNX Runtime's, too
  std::optional<std::vector<Dimension>> shape;
  /// ONNX Runtime 1.23 shows tensors of unknown rank as scalars.
  bool mayBeOfAnyRank = false;

  bool isStatic() const;
};

/// A value that a node reads or writes. Refers to the graph.
struct Value {
  const OrtValueInfo *info = nullptr; // null: an optional one that is left out
  std::string name;

  bool isConstant() const;
  bool isGraphOutput() const;
  /// Nothing for what is no tensor, as a sequence.
  std::optional<TensorType> tensorType() const;
};

struct Node {
  const OrtNode *node;
  std::string name; // as the model has it; unique if it was made by readGraph
  std::string op, domain;
  std::vector<Value> inputs, outputs;
  std::vector<Value> captured;                                  // by its graphs
  std::vector<std::pair<std::string, const OrtGraph *>> graphs; // If's branches, Loop's body: attribute and graph

  bool isContext() const { return op == "EPContext" && domain == "com.microsoft"; }
};

struct Graph {
  const OrtGraph *graph;
  std::vector<Node> nodes;                         // every node after those that it reads from
  std::vector<std::pair<std::string, int>> opsets; // domain and version
  int64_t irVersion;
  std::string modelPath; // empty for a model from memory
  bool isNested;         // in a node of another graph

  /// Where its files are, as weights; empty for a model from memory.
  std::string folder() const;
  /// For each node, those that it reads from.
  std::vector<std::vector<size_t>> producers() const;
};

/// With a name for every node: one that has none, or that of another node, gets one of its operator and number.
Graph readGraph(const OrtGraph *graph);
Node readNode(const OrtNode *node);
std::vector<Value> readValues(const std::vector<const OrtValueInfo *> &infos);
std::vector<Value> inputsOf(const OrtGraph *graph);
std::vector<Value> outputsOf(const OrtGraph *graph);
/// Those of the graph itself, whoever uses them.
std::vector<Value> initializersOf(const OrtGraph *graph);

/// What a tensor that is there is made of.
struct HostType {
  int element; // ONNX's number
  std::vector<int64_t> shape;
};
HostType hostTypeOf(const OrtValue *value);

/// An attribute's text; nothing if there is none of that name and type.
std::optional<std::string> stringAttribute(const OrtNode *node, const char *name);
std::optional<int64_t> intAttribute(const OrtNode *node, const char *name);
/// The bytes of an attribute of a type without pointers.
std::string attributeBytes(const OrtOpAttr *attribute, OrtOpAttrType type);

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_GRAPH_H
