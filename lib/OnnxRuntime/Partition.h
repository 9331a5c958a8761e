// Which nodes of a graph become one node. This file knows nothing of ONNX Runtime.
#ifndef WAFER_LIB_ONNXRUNTIME_PARTITION_H
#define WAFER_LIB_ONNXRUNTIME_PARTITION_H

#include <cstddef>
#include <vector>

namespace wafer::ort {

/// Divides the nodes that are `taken` into as few groups as can be, each convex: no path from a group leads out of it
/// and back. `producers[i]` are the nodes that node i reads from, all of a smaller number. Nodes of a group are in
/// order, and so are groups: none reads from a later one.
std::vector<std::vector<size_t>> convexGroups(const std::vector<std::vector<size_t>> &producers,
                                              const std::vector<bool> &taken);

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_PARTITION_H
