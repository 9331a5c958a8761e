#include "wafer/Frontend/WeightStore.h"

#include "wafer/Support/MlirDiagnostic.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::frontend;

FailureOr<ArrayRef<char>> WeightStore::bytes(onnx::WeightOp weight) {
  uint64_t length = weight.getLength();
  if (!weight.getSource()) {
    auto found = owned.find(weight.getSymName().str());
    if (found == owned.end() || found->second.size() != length) {
      wafer::emitError(weight.getLoc(), ErrorCode::ModelMalformed,
                       "the weight '" + weight.getSymName() + "' has no bytes in this session",
                       "import the model and compile it in one run");
      return failure();
    }
    return ArrayRef<char>(found->second.data(), found->second.size());
  }
  auto &file = files[weight.getSource()->str()];
  if (!file) {
    auto opened = llvm::MemoryBuffer::getFile(*weight.getSource(), /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!opened) {
      wafer::emitError(weight.getLoc(), ErrorCode::ExternalData,
                       "cannot read '" + *weight.getSource() + "', which holds the weight '" + weight.getSymName() +
                           "': " + opened.getError().message());
      return failure();
    }
    file = std::move(*opened);
  }
  uint64_t offset = weight.getOffset(), size = file->getBufferSize();
  if (offset > size || length > size - offset) {
    wafer::emitError(weight.getLoc(), ErrorCode::ExternalData,
                     "'" + *weight.getSource() + "' has become too short for the weight '" + weight.getSymName() + "'",
                     "the file was changed while it was compiled; compile again");
    return failure();
  }
  return ArrayRef<char>(file->getBufferStart() + offset, length);
}
