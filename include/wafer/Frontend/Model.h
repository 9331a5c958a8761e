// What a caller can say about a model that is read, and what ONNX says about operators. This header knows neither LLVM
// nor the ONNX library.
#ifndef WAFER_FRONTEND_MODEL_H
#define WAFER_FRONTEND_MODEL_H

#include "wafer/Dialect/Onnx/SchemaSource.h"
#include "wafer/Support/Diagnostic.h"
#include "wafer/Support/Tensor.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wafer::frontend {

/// The newest operator set that models may be written for.
constexpr int kNewestOpset = 27;

/// Where a model is.
struct ModelSource {
  /// A file; or what messages call the model that `bytes` are.
  std::string name;
  /// The model itself, which the caller keeps until the compilation has ended.
  std::optional<std::span<const uint8_t>> bytes{};
  /// Where external data is looked for if the model is given as bytes. A file's is beside it.
  std::optional<std::string> folder{};

  static ModelSource file(std::string path) { return {std::move(path)}; }
};

/// What the caller pins down about a model. Every name must exist in the model.
struct ModelOptions {
  /// Values of symbolic dimensions (`batch`).
  std::map<std::string, int64_t> dims;
  /// Shapes of inputs, replacing the declared ones.
  std::map<std::string, std::vector<int64_t>> shapes;
  /// Inputs that become constants: one number for all elements, one for each, separated by commas, or an .npy file.
  std::map<std::string, std::string> constants;
  /// The same with their values in memory.
  std::map<std::string, HostTensor> constantTensors;
  /// Tensors of more elements stay outside the model, as references to their bytes.
  int64_t maxInlineElements = 1024;
  /// Run the ONNX library in a process of its own, so that no model can crash this one or run without end.
  bool isolated = true;
  /// Nodes that have a lowering of their own; the others are replaced by the body of their ONNX function, if any. Null:
  /// all have.
  bool (*hasLowering)(std::string_view domain, std::string_view op, int since) = nullptr;
};

/// The ONNX library's operator schemas.
const onnx::SchemaSource &onnxSchemas();

} // namespace wafer::frontend

#endif // WAFER_FRONTEND_MODEL_H
