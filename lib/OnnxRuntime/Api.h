// ONNX Runtime's C interface as this plugin uses it. Its own C++ wrapper wants a header of the same release; this wants
// version 23, in which ONNX Runtime 1.23 and all later ones agree.
#ifndef WAFER_LIB_ONNXRUNTIME_API_H
#define WAFER_LIB_ONNXRUNTIME_API_H

#include "onnxruntime_c_api.h"

#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace wafer::ort {

/// The first one with execution providers that compile. Nothing newer may be called but behind a check.
constexpr uint32_t kApiVersion = 23;
constexpr const char *kProviderName = "WaferExecutionProvider";

/// Set before anything else runs.
extern const OrtApi *api;
extern const OrtEpApi *epApi;
/// Throws if this ONNX Runtime is too old.
void openApi(const OrtApiBase &base);

/// An error on its way to ONNX Runtime.
struct Failure : std::runtime_error {
  Failure(OrtErrorCode code, const std::string &message) : std::runtime_error(message), code(code) {}
  OrtErrorCode code;
};

/// Throws what a function of ONNX Runtime says.
void check(OrtStatus *status);

/// Runs `body`; what it throws becomes a status. No exception leaves the plugin. ORT_EP_FAIL would be the code for it,
/// but that makes ONNX Runtime's Python start the session again without the provider.
template <typename Body> OrtStatus *guarded(Body body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const Failure &failure) {
    return api->CreateStatus(failure.code, failure.what());
  } catch (const std::bad_alloc &) {
    return api->CreateStatus(ORT_FAIL, "waferc: there is not enough memory");
  } catch (const std::exception &thrown) {
    return api->CreateStatus(ORT_FAIL, thrown.what());
  } catch (...) {
    return api->CreateStatus(ORT_FAIL, "waferc: something unknown was thrown");
  }
}

/// A line in ONNX Runtime's log.
void log(const OrtLogger *logger, OrtLoggingLevel level, const std::string &message);

/// Whether a tensor's rank is known; nothing if this version of ONNX Runtime does not tell.
std::optional<bool> hasShape(const OrtTensorTypeAndShapeInfo *info);

/// Whether parts of a graph in a node (a branch of If) may be taken: ONNX Runtime 1.23 gives parts of several graphs
/// the same name.
bool partsInNodesWork();

struct ReleaseValue {
  void operator()(OrtValue *value) const { api->ReleaseValue(value); }
};
using OwnedValue = std::unique_ptr<OrtValue, ReleaseValue>;

struct ReleaseShape {
  void operator()(OrtTensorTypeAndShapeInfo *info) const { api->ReleaseTensorTypeAndShapeInfo(info); }
};
using OwnedShape = std::unique_ptr<OrtTensorTypeAndShapeInfo, ReleaseShape>;

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_API_H
