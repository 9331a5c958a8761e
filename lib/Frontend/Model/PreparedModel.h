// Reading ONNX model files: from untrusted bytes to a checked model of one pinned operator set, with its big tensors
// left where they are. Throws nothing: what the ONNX library throws ends up as an error.
#ifndef WAFER_LIB_FRONTEND_MODEL_PREPAREDMODEL_H
#define WAFER_LIB_FRONTEND_MODEL_PREPAREDMODEL_H

#include "wafer/Frontend/Model.h"

#include <memory>
#include <optional>

namespace onnx {
class ModelProto;
class NodeProto;
} // namespace onnx

namespace wafer::frontend {

/// A tensor whose bytes were left in a file. Elements are little-endian, in row-major order.
struct DetachedTensor {
  std::string name;
  int dataType = 0; // TensorProto.DataType
  std::vector<int64_t> dims;
  std::string file;
  uint64_t offset = 0;
  uint64_t length = 0;
  std::optional<Diagnostic> error; // why it cannot be used
};

/// An input that no output depends on. It is no input of the prepared model, whatever its type.
struct IgnoredInput {
  std::string name;
  std::vector<std::string> symbols; // its symbolic dimensions
};

/// A model after checks, overrides, removal of what is unused, expansion of functions and type inference. Detached
/// tensors are inputs of its graph, named in `weights`.
struct PreparedModel {
  PreparedModel();
  PreparedModel(PreparedModel &&);
  PreparedModel &operator=(PreparedModel &&);
  ~PreparedModel();

  std::unique_ptr<::onnx::ModelProto> proto;
  std::vector<DetachedTensor> weights;
  std::vector<IgnoredInput> ignoredInputs;
};

/// A TensorProto.DataType by name: "float8e4m3fn"; "element type 99" if ONNX does not know it.
std::string dataTypeName(int dataType);
/// The version of the operator set that a node of a prepared model is written for; `otherwise` is the model's.
int nodeVersion(const ::onnx::NodeProto &node, int otherwise);
/// The operators whose functions the node came out of, outermost first, as messages show them ("A > B"), or "".
std::string nodeChain(const ::onnx::NodeProto &node);
/// How messages name a node: 'conv1' (Conv); `chain` are the functions around it ("A > B"), as nodeChain() has them.
std::string describeNode(const ::onnx::NodeProto &node, const std::string &chain = "");
/// The node's name, or that of its first output.
std::string nodeName(const ::onnx::NodeProto &node);

/// One or more things wrong with a model. Refusals name every node at fault, not the first alone.
struct ModelError {
  Diagnostic diagnostic;
  std::string node; // the node's name, if one is at fault
};
template <typename T> struct ModelResult {
  std::unique_ptr<T> value; // null if there are errors
  std::vector<ModelError> errors;
};

/// Reads and prepares a model. External data is read from its folder only.
ModelResult<PreparedModel> prepareModel(const ModelSource &source, const ModelOptions &options);
/// The same for a model in ONNX's text syntax.
ModelResult<PreparedModel> prepareModelText(const std::string &text, const ModelOptions &options);

} // namespace wafer::frontend

#endif // WAFER_LIB_FRONTEND_MODEL_PREPAREDMODEL_H
