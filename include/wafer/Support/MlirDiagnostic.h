// Coded errors as MLIR diagnostics: "[WF3501] message", the hint as a note.
#ifndef WAFER_SUPPORT_MLIRDIAGNOSTIC_H
#define WAFER_SUPPORT_MLIRDIAGNOSTIC_H

#include "wafer/Support/Diagnostic.h"

#include "mlir/IR/Diagnostics.h"

namespace wafer {

/// Converts to failure(), so that `return emitError(loc, {...});` reads well.
inline mlir::InFlightDiagnostic emitError(mlir::Location location, const Diagnostic &diagnostic) {
  mlir::InFlightDiagnostic error = mlir::emitError(location);
  error << "[" << codeString(diagnostic.code) << "] " << diagnostic.message;
  if (!diagnostic.hint.empty())
    error.attachNote() << "hint: " << diagnostic.hint;
  return error;
}

inline mlir::InFlightDiagnostic emitError(mlir::Location location, ErrorCode code, const llvm::Twine &message,
                                          const llvm::Twine &hint = "") {
  return emitError(location, Diagnostic{code, message.str(), hint.str()});
}

} // namespace wafer

#endif // WAFER_SUPPORT_MLIRDIAGNOSTIC_H
