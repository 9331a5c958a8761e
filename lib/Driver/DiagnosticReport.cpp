#include "wafer/Driver/DiagnosticReport.h"

#include "wafer/Support/MlirDiagnostic.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

static ReportedDiagnostic takeApart(mlir::Diagnostic &diagnostic) {
  ReportedDiagnostic result;
  result.severity = diagnostic.getSeverity() == DiagnosticSeverity::Error ? "error" : "warning";
  std::string text = diagnostic.str();
  StringRef rest = text;
  if (std::optional<ErrorCode> code = errorCodeOf(diagnostic)) {
    result.code = codeString(*code);
    rest.consume_front("[" + result.code + "] ");
  }
  result.message = rest.str();
  // Errors that a user can cause have a code where they arise; what has none is a check of the compiler on itself.
  if (result.code.empty() && result.severity == "error") {
    result.code = wafer::codeString(wafer::ErrorCode::InternalError);
    result.hint = "this is an error of the compiler; please report it with the model";
  }
  if (auto name = diagnostic.getLocation()->findInstanceOf<NameLoc>())
    result.node = name.getName().str();
  for (const std::string &name : inputsOf(diagnostic))
    result.inputs.push_back(name);
  for (mlir::Diagnostic &note : diagnostic.getNotes()) {
    std::string line = note.str();
    StringRef hint = line;
    if (hint.consume_front("hint: "))
      result.hint += (result.hint.empty() ? "" : "\n") + hint.str();
    else if (!hint.starts_with("see current operation")) // a dump of the IR is no message for users
      result.message += "\n  note: " + hint.str();
  }
  return result;
}

DiagnosticReport::DiagnosticReport(MLIRContext *context)
    : handler(context, [this](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error ||
            diagnostic.getSeverity() == DiagnosticSeverity::Warning)
          collected.push_back(takeApart(diagnostic));
        return success();
      }) {}

bool DiagnosticReport::hasErrors() const {
  return llvm::any_of(collected, [](const ReportedDiagnostic &d) { return d.severity == "error"; });
}

void driver::printDiagnostics(ArrayRef<ReportedDiagnostic> diagnostics, llvm::raw_ostream &os) {
  llvm::StringSet<> seen;
  size_t errors = 0;
  for (const ReportedDiagnostic &d : diagnostics) {
    // Most messages name their node themselves.
    std::string node = "'" + d.node + "'";
    bool named = d.node.empty() || StringRef(d.message).contains(node);
    std::string text = d.severity + (d.code.empty() ? "" : "[" + d.code + "]") + ": " +
                       (named ? "" : "node " + node + ": ") + d.message + "\n";
    if (!d.hint.empty())
      text += "  hint: " + d.hint + "\n";
    if (!seen.insert(text).second)
      continue;
    os << text;
    errors += d.severity == "error";
  }
  if (errors > 1)
    os << errors << " errors\n";
}

void driver::printDiagnosticsAsJson(ArrayRef<ReportedDiagnostic> diagnostics, llvm::raw_ostream &os) {
  llvm::json::OStream json(os, 2);
  json.object([&] {
    json.attributeArray("diagnostics", [&] {
      for (const ReportedDiagnostic &d : diagnostics)
        json.object([&] {
          json.attribute("severity", d.severity);
          json.attribute("code", d.code);
          json.attribute("node", llvm::json::fixUTF8(d.node));
          json.attribute("message", llvm::json::fixUTF8(d.message));
          json.attribute("hint", llvm::json::fixUTF8(d.hint));
          json.attributeArray("inputs", [&] {
            for (const std::string &name : d.inputs)
              json.value(llvm::json::fixUTF8(name));
          });
        });
    });
  });
  os << "\n";
}
