// What is said of nodes whose operator nothing lowers. This header does not know LLVM.
#ifndef WAFER_DIALECT_ONNX_NOLOWERING_H
#define WAFER_DIALECT_ONNX_NOLOWERING_H

#include "wafer/Support/Diagnostic.h"

namespace wafer::onnx {

/// `node` as messages name it; `standard` if ONNX defines the operator.
inline Diagnostic noLowering(const std::string &node, bool standard) {
  if (standard)
    return {ErrorCode::NodeUnsupported, node + ": the operator has no lowering",
            "the list of supported operators is in docs/operators.md"};
  return {ErrorCode::OperatorUnknown, node + ": the custom operator has no lowering",
          "export the model without custom operators"};
}

} // namespace wafer::onnx

#endif // WAFER_DIALECT_ONNX_NOLOWERING_H
