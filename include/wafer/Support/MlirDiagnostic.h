// Coded errors as MLIR diagnostics: "[WF3501] message", the hint as a note. The code also goes with the diagnostic as a
// value, its metadata: so the driver learns what stopped a pass, nested or in parallel with others, without a channel
// of its own to every pass and without reading texts. How much was missing goes the same way.
#ifndef WAFER_SUPPORT_MLIRDIAGNOSTIC_H
#define WAFER_SUPPORT_MLIRDIAGNOSTIC_H

#include "wafer/Support/Diagnostic.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"

#include <optional>

namespace wafer {

/// Converts to failure(), so that `return emitError(loc, {...});` reads well.
inline mlir::InFlightDiagnostic emitError(mlir::Location location, const Diagnostic &diagnostic) {
  mlir::InFlightDiagnostic error = mlir::emitError(location);
  error << "[" << codeString(diagnostic.code) << "] " << diagnostic.message;
  if (!diagnostic.hint.empty())
    error.attachNote() << "hint: " << diagnostic.hint;
  error.getUnderlyingDiagnostic()->getMetadata().push_back(
      mlir::DiagnosticArgument(static_cast<unsigned>(diagnostic.code)));
  return error;
}

/// The code that emitError gave a diagnostic.
inline std::optional<ErrorCode> errorCodeOf(mlir::Diagnostic &diagnostic) {
  auto &metadata = diagnostic.getMetadata();
  if (metadata.empty() || metadata.front().getKind() != mlir::DiagnosticArgument::DiagnosticArgumentKind::Unsigned)
    return std::nullopt;
  return static_cast<ErrorCode>(metadata.front().getAsUnsigned());
}

/// How much is missing: bytes of those of a PE that programs may use, or the routes of so many nets.
struct Shortfall {
  int64_t missing, of;
  /// Rounded down.
  int64_t percent() const { return 100 * missing / of; }
};

inline mlir::InFlightDiagnostic emitError(mlir::Location location, const Diagnostic &diagnostic, Shortfall shortfall) {
  mlir::InFlightDiagnostic error = emitError(location, diagnostic);
  error.getUnderlyingDiagnostic()->getMetadata().push_back(
      mlir::DiagnosticArgument(static_cast<int64_t>(shortfall.percent())));
  return error;
}

/// The percentage of the shortfall that emitError gave a diagnostic; 0: none.
inline int64_t shortfallOf(mlir::Diagnostic &diagnostic) {
  auto &metadata = diagnostic.getMetadata();
  return errorCodeOf(diagnostic) && metadata.size() > 1 ? metadata[1].getAsInteger() : 0;
}

/// Says with an error of emitError which of the model's inputs the compiler must know the values of.
inline void addInputs(mlir::InFlightDiagnostic &error, llvm::ArrayRef<mlir::StringAttr> names) {
  llvm::SmallVector<mlir::Attribute> list(names.begin(), names.end());
  error.getUnderlyingDiagnostic()->getMetadata().push_back(
      mlir::DiagnosticArgument(mlir::ArrayAttr::get(names.front().getContext(), list)));
}

/// The names that addInputs gave a diagnostic.
inline llvm::SmallVector<std::string> inputsOf(mlir::Diagnostic &diagnostic) {
  llvm::SmallVector<std::string> names;
  auto &metadata = diagnostic.getMetadata();
  if (metadata.size() > 1 && metadata[1].getKind() == mlir::DiagnosticArgument::DiagnosticArgumentKind::Attribute)
    for (mlir::Attribute name : mlir::cast<mlir::ArrayAttr>(metadata[1].getAsAttribute()))
      names.push_back(mlir::cast<mlir::StringAttr>(name).str());
  return names;
}

inline mlir::InFlightDiagnostic emitError(mlir::Location location, ErrorCode code, const llvm::Twine &message,
                                          const llvm::Twine &hint = "") {
  return emitError(location, Diagnostic{code, message.str(), hint.str()});
}

/// An operation that has no lowering: "[WF3002] 'linalg.generic' op message".
inline mlir::InFlightDiagnostic emitUnsupported(mlir::Operation *op, const llvm::Twine &message = "") {
  return emitError(op->getLoc(), ErrorCode::KernelUnsupported, "'" + op->getName().getStringRef() + "' op " + message);
}

} // namespace wafer

#endif // WAFER_SUPPORT_MLIRDIAGNOSTIC_H
