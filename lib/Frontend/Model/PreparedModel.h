// Reading ONNX model files: from untrusted bytes to a checked model of one pinned operator set, with its big tensors
// left where they are. Throws nothing: what the ONNX library throws ends up as an error.
#ifndef WAFER_LIB_FRONTEND_MODEL_PREPAREDMODEL_H
#define WAFER_LIB_FRONTEND_MODEL_PREPAREDMODEL_H

#include "wafer/Frontend/Model.h"

#include <memory>

namespace onnx {
class ModelProto;
}

namespace wafer::frontend {

/// A tensor whose bytes were left in a file. Elements are little-endian, in row-major order.
struct DetachedTensor {
  std::string name;
  int dataType = 0; // TensorProto.DataType
  std::vector<int64_t> dims;
  std::string file;
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// A model after checks, inlining, overrides, version conversion, shape inference and function expansion. Detached
/// tensors are inputs of its graph, named in `weights`.
struct PreparedModel {
  PreparedModel();
  PreparedModel(PreparedModel &&);
  PreparedModel &operator=(PreparedModel &&);
  ~PreparedModel();

  std::unique_ptr<::onnx::ModelProto> proto;
  std::vector<DetachedTensor> weights;
};

/// One or more things wrong with a model. Refusals name every node at fault, not the first alone.
struct ModelError {
  Diagnostic diagnostic;
  std::string node; // the node's name, if one is at fault
};
template <typename T> struct ModelResult {
  std::unique_ptr<T> value; // null if there are errors
  std::vector<ModelError> errors;
};

/// Reads and prepares the model in `path`. External data is read from the file's folder only.
ModelResult<PreparedModel> prepareModelFile(const std::string &path, const ModelOptions &options);
/// The same for a model in ONNX's text syntax.
ModelResult<PreparedModel> prepareModelText(const std::string &text, const ModelOptions &options);

} // namespace wafer::frontend

#endif // WAFER_LIB_FRONTEND_MODEL_PREPAREDMODEL_H
