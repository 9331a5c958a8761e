// Coded diagnostics and results, for the libraries that do not depend on LLVM.
//
// Every error a user can meet has a stable code (WF1001...) from ErrorCodes.def. The text names the thing at fault
// (node, PE, stream, file), the resource and the shortfall; the hint says what to change.
#ifndef WAFER_SUPPORT_DIAGNOSTIC_H
#define WAFER_SUPPORT_DIAGNOSTIC_H

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace wafer {

enum class ErrorCode {
#define WAFER_ERROR(NAME, NUMBER, SUMMARY) NAME = NUMBER,
#include "wafer/Support/ErrorCodes.def"
};

/// "WF1001".
std::string codeString(ErrorCode code);
/// The one-line summary of ErrorCodes.def.
std::string_view codeSummary(ErrorCode code);

struct Diagnostic {
  ErrorCode code;
  std::string message;
  std::string hint;

  /// "error[WF1001]: message\n  hint: ...".
  std::string str() const;
};

/// A value or the diagnostic that says why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::move(value)) {}
  Result(Diagnostic diagnostic) : state(std::move(diagnostic)) {}

  explicit operator bool() const { return state.index() == 0; }
  T &operator*() { return std::get<0>(state); }
  const T &operator*() const { return std::get<0>(state); }
  T *operator->() { return &std::get<0>(state); }
  const T *operator->() const { return &std::get<0>(state); }
  const Diagnostic &error() const { return std::get<1>(state); }
  T take() { return std::move(std::get<0>(state)); }

private:
  std::variant<T, Diagnostic> state;
};

/// Success, or the diagnostic.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Diagnostic diagnostic) : failure(std::move(diagnostic)), failed(true) {}
  static Status ok() { return {}; }

  explicit operator bool() const { return !failed; }
  const Diagnostic &error() const { return failure; }

private:
  Diagnostic failure{};
  bool failed = false;
};

} // namespace wafer

#endif // WAFER_SUPPORT_DIAGNOSTIC_H
