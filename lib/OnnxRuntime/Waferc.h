// waferc's C interface in C++: handles that destroy themselves, errors as exceptions.
#ifndef WAFER_LIB_ONNXRUNTIME_WAFERC_H
#define WAFER_LIB_ONNXRUNTIME_WAFERC_H

#include "wafer-c/wafer.h"

#include <memory>
#include <stdexcept>
#include <string>

namespace wafer::ort {

struct Destroy {
  void operator()(WaferError *error) const { waferErrorDestroy(error); }
  void operator()(WaferOptions *options) const { waferOptionsDestroy(options); }
  void operator()(WaferProgram *program) const { waferProgramDestroy(program); }
  void operator()(WaferSession *session) const { waferSessionDestroy(session); }
};
using OwnedError = std::unique_ptr<WaferError, Destroy>;
using OwnedOptions = std::unique_ptr<WaferOptions, Destroy>;
using OwnedProgram = std::unique_ptr<WaferProgram, Destroy>;
using OwnedSession = std::unique_ptr<WaferSession, Destroy>;

/// "[WF2001] node 'a': ..." and its hint.
inline std::string textOf(const WaferError *error, size_t index) {
  std::string node = waferErrorNode(error, index), message = waferErrorMessage(error, index),
              hint = waferErrorHint(error, index);
  std::string text = "[" + std::string(waferErrorCode(error, index)) + "] ";
  if (!node.empty() && message.find("'" + node + "'") == std::string::npos)
    text += "node '" + node + "': ";
  return text + message + (hint.empty() ? "" : " (hint: " + hint + ")");
}

/// What waferc refused, with all that it said.
struct Refusal : std::runtime_error {
  explicit Refusal(OwnedError error) : std::runtime_error(describe(error.get())), error(std::move(error)) {}
  std::shared_ptr<WaferError> error;

private:
  static std::string describe(const WaferError *error) {
    std::string text = "waferc: ";
    const size_t count = waferErrorCount(error), most = 8;
    for (size_t i = 0; i != count && i != most; ++i)
      text += (i ? "\n" : "") + textOf(error, i);
    return count > most ? text + "\nand " + std::to_string(count - most) + " more" : text;
  }
};

inline void require(WaferError *error) {
  if (error)
    throw Refusal(OwnedError(error));
}

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_WAFERC_H
