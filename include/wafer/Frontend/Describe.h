// What a model says of itself, for callers that must know before it is compiled.
#ifndef WAFER_FRONTEND_DESCRIBE_H
#define WAFER_FRONTEND_DESCRIBE_H

#include "wafer/Frontend/Model.h"

namespace wafer::frontend {

/// JSON: "inputs" and "outputs" (name, type as ONNX's number or 0, shape with names of symbolic dimensions and null for
/// others that are open, null without a shape), "metadata", "graph", "description", "domain", "producer", "version",
/// and "external": the files that big weights lie in.
Result<std::string> describeModel(const ModelSource &source);

} // namespace wafer::frontend

#endif // WAFER_FRONTEND_DESCRIBE_H
