// Code that may die or run away, in a process of its own.
#ifndef WAFER_LIB_FRONTEND_MODEL_ISOLATION_H
#define WAFER_LIB_FRONTEND_MODEL_ISOLATION_H

#include "wafer/Support/Diagnostic.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace wafer::frontend {

/// What the work may use, beyond what its process has used when it starts.
struct IsolationLimits {
  int64_t seconds = 60;             // of processor time
  int64_t bytes = int64_t(8) << 30; // of memory
};

/// Where the work stands, for the error if it does not come back. Any process may read it.
class WorkStep {
public:
  explicit WorkStep(char *text) : text(text) {}
  static constexpr size_t size = 512;
  void enter(std::string_view step);

private:
  char *text;
};

/// What is done with a request; must not throw. A plain function: what it needs to know is in the request.
using Work = std::string (*)(const std::string &request, WorkStep &step);

/// Runs `work` on a request in a copy of this process, one that is kept for a while from an earlier request for the
/// same work or a new one, and returns what it returns. If it crashes, or uses more than it may, the result is an error
/// that names the last step it entered. Where there is no fork, or the host forbids it, the work runs here.
Result<std::string> runIsolated(const IsolationLimits &limits, Work work, const std::string &request);

} // namespace wafer::frontend

#endif // WAFER_LIB_FRONTEND_MODEL_ISOLATION_H
