// Coded diagnostics of a compilation, collected and printed as text or JSON.
#ifndef WAFER_DRIVER_DIAGNOSTICREPORT_H
#define WAFER_DRIVER_DIAGNOSTICREPORT_H

#include "mlir/IR/Diagnostics.h"

#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace wafer::driver {

/// One error or warning, taken apart.
struct ReportedDiagnostic {
  std::string severity; // "error", "warning"
  std::string code;     // "WF2001"; empty for warnings
  std::string node;     // the ONNX node's name, or empty
  std::string message;  // without the code
  std::string hint;
  std::vector<std::string> inputs; // of the model, whose values the compiler must know
};

/// Collects the diagnostics of a context while it lives.
class DiagnosticReport {
public:
  explicit DiagnosticReport(mlir::MLIRContext *context);

  bool hasErrors() const;
  const std::vector<ReportedDiagnostic> &diagnostics() const { return collected; }

private:
  std::vector<ReportedDiagnostic> collected;
  mlir::ScopedDiagnosticHandler handler;
};

/// "error[WF2001]: ..." with hints below; equal errors are printed once.
void printDiagnostics(llvm::ArrayRef<ReportedDiagnostic> diagnostics, llvm::raw_ostream &os);
/// {"diagnostics": [{"severity", "code", "node", "message", "hint", "inputs"}, ...]}
void printDiagnosticsAsJson(llvm::ArrayRef<ReportedDiagnostic> diagnostics, llvm::raw_ostream &os);

} // namespace wafer::driver

#endif // WAFER_DRIVER_DIAGNOSTICREPORT_H
