#include "Internal.h"

#include "wafer/Support/ErrorTexts.h"

using namespace wafer;

static std::string jsonOf(const std::vector<driver::ReportedDiagnostic> &diagnostics) {
  std::string json;
  llvm::raw_string_ostream os(json);
  driver::printDiagnosticsAsJson(diagnostics, os);
  return json;
}

WaferError *capi::errorOf(const std::vector<driver::ReportedDiagnostic> &diagnostics) {
  auto error = std::make_unique<WaferError>();
  for (const driver::ReportedDiagnostic &d : diagnostics)
    if (d.severity == "error")
      error->diagnostics.push_back(d);
  if (error->diagnostics.empty())
    error->diagnostics.push_back({"error", codeString(ErrorCode::InternalError), "", "failed without a word", "", {}});
  error->json = jsonOf(diagnostics);
  return error.release();
}

WaferError *capi::errorOf(const Diagnostic &d) {
  return errorOf({driver::ReportedDiagnostic{"error", codeString(d.code), "", d.message, d.hint, {}}});
}

WaferError *capi::misuse(const std::string &message) {
  return errorOf({ErrorCode::ToolUsage, message, "see wafer-c/wafer.h"});
}

void waferErrorDestroy(WaferError *error) { delete error; }
size_t waferErrorCount(const WaferError *error) { return error->diagnostics.size(); }
const char *waferErrorCode(const WaferError *error, size_t index) { return error->diagnostics[index].code.c_str(); }
const char *waferErrorNode(const WaferError *error, size_t index) { return error->diagnostics[index].node.c_str(); }
const char *waferErrorMessage(const WaferError *error, size_t index) {
  return error->diagnostics[index].message.c_str();
}
const char *waferErrorHint(const WaferError *error, size_t index) { return error->diagnostics[index].hint.c_str(); }
size_t waferErrorInputCount(const WaferError *error, size_t index) { return error->diagnostics[index].inputs.size(); }
const char *waferErrorInput(const WaferError *error, size_t index, size_t input) {
  return error->diagnostics[index].inputs[input].c_str();
}
char *waferExplain(const char *code) {
  char *text = nullptr;
  waferErrorDestroy(capi::guarded([&]() -> WaferError * {
    if (std::optional<std::string> found = code ? explainError(code) : std::nullopt)
      text = strdup(found->c_str());
    return nullptr;
  }));
  return text;
}
const char *waferErrorJson(const WaferError *error) { return error->json.c_str(); }
