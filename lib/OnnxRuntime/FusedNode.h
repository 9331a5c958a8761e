// A part of a model as one node: what ONNX Runtime calls in every run.
#ifndef WAFER_LIB_ONNXRUNTIME_FUSEDNODE_H
#define WAFER_LIB_ONNXRUNTIME_FUSEDNODE_H

#include "Graph.h"
#include "Programs.h"

#include <memory>
#include <string>
#include <vector>

namespace wafer::ort {

class FusedNode : public OrtNodeComputeInfo {
public:
  /// `inputs` and `outputs`: what the programs call those of the node, in the node's order.
  FusedNode(std::unique_ptr<Programs> programs, std::vector<std::string> inputs, std::vector<std::string> outputs);

private:
  void compute(OrtKernelContext *context);

  std::unique_ptr<Programs> programs;
  std::vector<std::string> inputs, outputs;
};

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_FUSEDNODE_H
