// What the C interface's handles are.
#ifndef WAFER_LIB_CAPI_INTERNAL_H
#define WAFER_LIB_CAPI_INTERNAL_H

#include "wafer-c/wafer.h"

#include "wafer/Driver/DiagnosticReport.h"
#include "wafer/Driver/Options.h"
#include "wafer/Emulator/Emulator.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct WaferError {
  std::vector<wafer::driver::ReportedDiagnostic> diagnostics; // errors, at least one
  std::string json;
};

struct WaferOptions {
  wafer::driver::CompileOptions compile;
};

struct WaferProgram {
  std::shared_ptr<const wafer::LoadedProgram> loaded; // all sessions run it; never null
  std::string report;
};

struct WaferSession {
  std::unique_ptr<wafer::Emulator> emulator;
  std::vector<std::vector<int64_t>> shapes; // of outputs, in the last run
  std::string stats;
  std::optional<wafer::TraceOptions> trace;
  unsigned threads = 0;
};

namespace wafer::capi {

WaferError *errorOf(const Diagnostic &diagnostic);
/// Of a compilation that failed.
WaferError *errorOf(const std::vector<driver::ReportedDiagnostic> &diagnostics);
/// Runs `body`, which returns an error or null; what it throws becomes an error.
template <typename Body> WaferError *guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::exception &thrown) {
    return errorOf({ErrorCode::InternalError, thrown.what(), "this is an error of waferc; please report it"});
  } catch (...) {
    return errorOf(
        {ErrorCode::InternalError, "something unknown was thrown", "this is an error of waferc; please report it"});
  }
}

/// WF8001: the caller has not kept to the interface.
WaferError *misuse(const std::string &message);

std::optional<HostType> hostTypeOf(int type);
WaferType typeOf(HostType type);
WaferTensorInfo infoOf(const TensorInfo &info);

/// The bytes and shape of a caller's tensor; an error if it is none.
WaferError *viewOf(const WaferTensor *tensor, std::optional<TensorView> &view);

/// Makes a program of an image, verified.
WaferError *makeProgram(Image image, std::string report, WaferProgram **program);

} // namespace wafer::capi

#endif // WAFER_LIB_CAPI_INTERNAL_H
