// Shared by the files of the model library.
#ifndef WAFER_LIB_FRONTEND_MODEL_INTERNAL_H
#define WAFER_LIB_FRONTEND_MODEL_INTERNAL_H

#include "Isolation.h"
#include "PreparedModel.h"

#include "onnx/onnx_pb.h"

#include <span>

namespace wafer::frontend {

/// A regular file, mapped read-only for as long as this lives; or bytes that the caller keeps.
class MappedFile {
public:
  static Result<std::unique_ptr<MappedFile>> open(const std::string &path);
  static Result<std::unique_ptr<MappedFile>> view(const ModelSource &source);
  /// Opens `location` below `folder`, as external data: no absolute path, no "..", no link anywhere on the way.
  static Result<std::unique_ptr<MappedFile>> openBelow(const std::string &folder, const std::string &location);
  ~MappedFile();

  std::span<const uint8_t> bytes() const { return {data, size}; }
  const std::string &path() const { return name; }
  /// Where a model's external data is; nothing if it has no place.
  const std::optional<std::string> &folder() const { return beside; }

private:
  static Result<std::unique_ptr<MappedFile>> map(int fd, const std::string &path, ErrorCode code);
  const uint8_t *data = nullptr;
  size_t size = 0;
  bool mapped = false;
  std::string name;
  std::optional<std::string> beside;
};

/// What a file that is no model looks like, for the hint; empty if it looks like nothing known.
std::string describeForeignFile(std::span<const uint8_t> bytes);

/// Walks the wire format of a ModelProto, checks bounds, and copies it without the data of big tensors: initializers
/// and Constant nodes of the main graph. Each of those comes back as a DetachedTensor; in the copy it is a tensor
/// without data whose doc_string is detachedMark(index). So does a tensor that makes no sense, with the error in it: it
/// may be one that nothing uses.
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

/// What ends the preparation of a model, as an exception.
struct Failure {
  Diagnostic diagnostic;
};
[[noreturn]] void fail(ErrorCode code, std::string message, std::string hint = "");

/// "" for the standard domain, which may also be spelled "ai.onnx".
inline std::string canonicalDomain(const std::string &domain) { return domain == "ai.onnx" ? "" : domain; }
/// How functions of the model are looked up.
std::string functionKey(const std::string &domain, const std::string &name, const std::string &overload);

/// Takes away what no output needs: nodes, weights, inputs, functions. Inputs go to `ignored`.
void removeUnused(::onnx::ModelProto &model, std::vector<IgnoredInput> &ignored);
/// The same in a graph whose outputs are needed; its inputs stay.
void removeUnusedNodes(::onnx::GraphProto &graph);

/// Makes inputs constants (--const) and fixes shapes (--shape, --dim). Detached weights are no inputs.
void applyOverrides(::onnx::ModelProto &model, const ModelOptions &options, const PreparedModel &result);

/// Replaces calls of the model's functions, and nodes without a lowering whose operator ONNX defines by a function, by
/// the functions' bodies, and infers the type of every value on the way.
void expandFunctions(::onnx::ModelProto &model, const ModelOptions &options, WorkStep &step);

/// What a ModelProto has no place for is noted in the metadata of its nodes: the version of the operator set that the
/// node is written for, if it is not the model's, and the operators whose functions it came out of ("A > B").
void setNodeVersion(::onnx::NodeProto &node, int version);
void setNodeChain(::onnx::NodeProto &node, const std::string &chain);

/// Parses a ModelProto, nested no deeper than slimModel() allows.
bool parseModel(const std::string &bytes, ::onnx::ModelProto &model);

/// What is to be prepared: the bytes of a model without the data of its big tensors, or a text.
struct PrepareRequest {
  bool isText = false;
  std::string model;
  Diagnostic unreadable{}; // what is said if the bytes are no model
  std::vector<DetachedTensor> detached;
  ModelOptions options;
};

/// A request and its result as bytes, to cross to another process and back.
std::string encodeRequest(const PrepareRequest &request);
PrepareRequest decodeRequest(const std::string &bytes);
std::string encodeResult(const ModelResult<PreparedModel> &result);
ModelResult<PreparedModel> decodeResult(const std::string &bytes);

} // namespace wafer::frontend

#endif // WAFER_LIB_FRONTEND_MODEL_INTERNAL_H
