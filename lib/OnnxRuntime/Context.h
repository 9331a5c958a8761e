// EPContext: a node of a model that carries what was compiled, in itself or in a file beside the model, so that a
// session of that model compiles nothing.
#ifndef WAFER_LIB_ONNXRUNTIME_CONTEXT_H
#define WAFER_LIB_ONNXRUNTIME_CONTEXT_H

#include "Graph.h"
#include "Options.h"
#include "Waferc.h"

#include <string>
#include <vector>

namespace wafer::ort {

/// Whether the node carries a program image of ours.
bool isOurContext(const Node &node);

/// A node that stands for `fused` and carries `program`. ONNX Runtime owns it. Without embedding, the image is written
/// beside the model that will hold the node.
OrtNode *makeContext(const Node &fused, const WaferProgram *program, const Options &options,
                     const std::string &modelPath);

/// The image of such a node, checked.
struct OpenedContext {
  OwnedProgram program;
  std::vector<std::string> inputs, outputs; // what the image calls those of the node
};
OpenedContext openContext(const Node &node, const Options &options, const std::string &modelPath);

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_CONTEXT_H
