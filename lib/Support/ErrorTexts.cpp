#include "wafer/Support/ErrorTexts.h"

#include <sstream>

using namespace wafer;

namespace {

constexpr int kCodes = 0
#define WAFER_ERROR(NAME, NUMBER, SUMMARY) +1
#include "wafer/Support/ErrorCodes.def"
    ;
constexpr int kTexts = 0
#define WAFER_ERROR_TEXT(NAME, CAUSE, REMEDY, EXAMPLE) +1
#include "wafer/Support/ErrorTexts.def"
    ;
// A text of no code does not compile below, nor do two of one code.
static_assert(kTexts == kCodes, "every code of ErrorCodes.def has an entry in ErrorTexts.def");

/// Appends `prose`, its words filled into lines.
void fill(std::string &text, std::string_view prose) {
  constexpr size_t kWidth = 80;
  std::istringstream words{std::string(prose)};
  size_t column = 0;
  for (std::string word; words >> word; column += word.size()) {
    if (column && column + 1 + word.size() > kWidth) {
      text += '\n';
      column = 0;
    } else if (column) {
      text += ' ';
      ++column;
    }
    text += word;
  }
  text += '\n';
}

std::optional<ErrorCode> parseCode(std::string_view text) {
  if (text.starts_with("WF") || text.starts_with("wf"))
    text.remove_prefix(2);
#define WAFER_ERROR(NAME, NUMBER, SUMMARY)                                                                             \
  if (text == #NUMBER)                                                                                                 \
    return ErrorCode::NAME;
#include "wafer/Support/ErrorCodes.def"
  return std::nullopt;
}

} // namespace

ErrorText wafer::errorText(ErrorCode code) {
  switch (code) {
#define WAFER_ERROR_TEXT(NAME, CAUSE, REMEDY, EXAMPLE)                                                                 \
  case ErrorCode::NAME:                                                                                                \
    return {CAUSE, REMEDY, EXAMPLE};
#include "wafer/Support/ErrorTexts.def"
  }
  return {};
}

std::optional<std::string> wafer::explainError(std::string_view name) {
  std::optional<ErrorCode> code = parseCode(name);
  if (!code)
    return std::nullopt;
  const ErrorText entry = errorText(*code);
  std::string text;
  fill(text, codeString(*code) + ": " + std::string(codeSummary(*code)));
  text += '\n';
  fill(text, entry.cause);
  text += '\n';
  fill(text, "What to do: " + std::string(entry.remedy));
  if (!entry.example.empty())
    text += "\nFor example:\n\n" + std::string(entry.example) + "\n";
  return text;
}
