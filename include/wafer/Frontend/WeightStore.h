// Where the bytes of weights are: files, mapped when first asked for, and buffers for tensors that no file holds in a
// usable form (text models, varint data, tensors inside functions).
#ifndef WAFER_FRONTEND_WEIGHTSTORE_H
#define WAFER_FRONTEND_WEIGHTSTORE_H

#include "wafer/Dialect/Onnx/OnnxDialect.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

#include <map>
#include <memory>
#include <string>

namespace wafer::frontend {

class WeightStore {
public:
  /// The bytes of a weight: `length` bytes, little-endian elements in row-major order. Valid as long as the store.
  /// Fails with a coded error at the weight's location if its file is gone or has become too short.
  mlir::FailureOr<llvm::ArrayRef<char>> bytes(onnx::WeightOp weight);

  /// Makes bytes that outlive the store what a file of this name would be.
  void addFile(llvm::StringRef name, llvm::ArrayRef<char> bytes) {
    files[name.str()] = llvm::MemoryBuffer::getMemBuffer({bytes.data(), bytes.size()}, name, false);
  }

  /// Owns bytes under a weight's symbol name.
  void own(llvm::StringRef symbol, std::string data) { owned[symbol.str()] = std::move(data); }

private:
  std::map<std::string, std::string> owned;
  std::map<std::string, std::unique_ptr<llvm::MemoryBuffer>> files;
};

} // namespace wafer::frontend

#endif // WAFER_FRONTEND_WEIGHTSTORE_H
