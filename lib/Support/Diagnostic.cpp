#include "wafer/Support/Diagnostic.h"

using namespace wafer;

std::string wafer::codeString(ErrorCode code) { return "WF" + std::to_string(static_cast<int>(code)); }

std::string_view wafer::codeSummary(ErrorCode code) {
  switch (code) {
#define WAFER_ERROR(NAME, NUMBER, SUMMARY)                                                                             \
  case ErrorCode::NAME:                                                                                                \
    return SUMMARY;
#include "wafer/Support/ErrorCodes.def"
  }
  return "unknown error";
}

std::string Diagnostic::str() const {
  std::string text = "error[" + codeString(code) + "]: " + message;
  if (!hint.empty())
    text += "\n  hint: " + hint;
  return text;
}
