// Some nodes of a graph as an ONNX model that waferc reads.
#ifndef WAFER_LIB_ONNXRUNTIME_MODELWRITER_H
#define WAFER_LIB_ONNXRUNTIME_MODELWRITER_H

#include "Graph.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wafer::ort {

/// What goes in and out of some nodes.
struct Boundary {
  std::vector<Value> inputs;    // neither constants nor made by the nodes
  std::vector<Value> constants; // weights
  std::vector<Value> outputs;   // read by other nodes, or outputs of the graph
};

/// `nodes` are numbers of nodes of `graph`.
Boundary boundaryOf(const Graph &graph, const std::vector<size_t> &nodes);

struct WrittenModel {
  std::string bytes;
  /// Names of nodes, also of those in graphs of a node, by the number of the node of the graph.
  std::map<std::string, size_t> nodes;
};

/// The nodes as a serialized model. `openExtent` stands for every dimension of an input that is open; if it is not
/// given, those stay open. Nodes have the names that readGraph gave them. Weights that lie in files beside the model
/// stay there.
WrittenModel writeModel(const Graph &graph, const std::vector<size_t> &nodes, const Boundary &boundary,
                        std::optional<int64_t> openExtent);

/// Why a node cannot be written, apart from its graphs, or nothing: attributes that ONNX Runtime does not hand out,
/// strings.
std::optional<std::string> unwritable(const Node &node);

/// Element types that waferc may have, by ONNX's number; strings have no bytes.
bool hasBytes(int element);

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_MODELWRITER_H
