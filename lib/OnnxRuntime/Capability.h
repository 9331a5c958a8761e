// Which nodes of a graph waferc takes.
#ifndef WAFER_LIB_ONNXRUNTIME_CAPABILITY_H
#define WAFER_LIB_ONNXRUNTIME_CAPABILITY_H

#include "Graph.h"
#include "Options.h"

#include <map>
#include <string>
#include <vector>

namespace wafer::ort {

struct Capability {
  /// Each becomes one node.
  std::vector<std::vector<size_t>> groups;
  /// Why nodes are left, by node.
  std::map<size_t, std::string> left;
};

Capability findCapability(const Graph &graph, const Options &options);

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_CAPABILITY_H
