// What there is to say about an error code beyond its message: docs/errors.md for programs.
#ifndef WAFER_SUPPORT_ERRORTEXTS_H
#define WAFER_SUPPORT_ERRORTEXTS_H

#include "wafer/Support/Diagnostic.h"

#include <optional>
#include <string>
#include <string_view>

namespace wafer {

struct ErrorText {
  std::string_view cause, remedy; // prose; lines are to be joined
  std::string_view example;       // as it is printed; empty: none
};

ErrorText errorText(ErrorCode code);

/// The entry of "WF2001", "wf2001" or "2001" as text of lines of at most 80 characters (the example's are as they are);
/// nothing: there is no such code.
std::optional<std::string> explainError(std::string_view code);

} // namespace wafer

#endif // WAFER_SUPPORT_ERRORTEXTS_H
