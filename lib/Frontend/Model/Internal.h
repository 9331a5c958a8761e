// Shared by the files of the model library.
#ifndef WAFER_LIB_FRONTEND_MODEL_INTERNAL_H
#define WAFER_LIB_FRONTEND_MODEL_INTERNAL_H

#include "PreparedModel.h"

#include "onnx/onnx_pb.h"

#include <span>

namespace wafer::frontend {

/// A regular file, mapped read-only for as long as this lives.
class MappedFile {
public:
  static Result<std::unique_ptr<MappedFile>> open(const std::string &path);
  /// Opens `location` below `folder`, as external data: no absolute path, no "..", no link anywhere on the way.
  static Result<std::unique_ptr<MappedFile>> openBelow(const std::string &folder, const std::string &location);
  ~MappedFile();

  std::span<const uint8_t> bytes() const { return {data, size}; }
  const std::string &path() const { return name; }

private:
  static Result<std::unique_ptr<MappedFile>> map(int fd, const std::string &path, ErrorCode code);
  const uint8_t *data = nullptr;
  size_t size = 0;
  std::string name;
};

/// What a file that is no model looks like, for the hint; empty if it looks like nothing known.
std::string describeForeignFile(std::span<const uint8_t> bytes);

/// Walks the wire format of a ModelProto, checks bounds, and copies it without the data of big tensors: initializers
/// and Constant nodes of the main graph. Each of those comes back as a DetachedTensor; in the copy it is a tensor
/// without data whose doc_string is detachedMark(index).
struct SlimModel {
  std::string bytes;
  std::vector<DetachedTensor> detached;
};
Result<SlimModel> slimModel(const MappedFile &file, const ModelOptions &options);
std::string detachedMark(size_t index);
/// The index of a tensor that slimModel detached, or -1.
int64_t detachedIndex(const ::onnx::TensorProto &tensor);

/// Bytes per element of a TensorProto.DataType; 0 for strings, unknown and sub-byte types.
unsigned dataTypeBytes(int dataType);

/// Replaces nodes that have no lowering by their function's body, recursively, keeping types inferred.
std::vector<ModelError> expandFunctions(::onnx::ModelProto &model, const ModelOptions &options);

/// Type and shape inference with data propagation. May throw.
void inferTypes(::onnx::ModelProto &model);

/// How messages name a node: 'conv1' (Conv).
std::string describeNode(const ::onnx::NodeProto &node);

} // namespace wafer::frontend

#endif // WAFER_LIB_FRONTEND_MODEL_INTERNAL_H
