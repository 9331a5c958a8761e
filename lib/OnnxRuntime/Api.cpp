#include "Api.h"

#include <cstdio>

using namespace wafer;

const OrtApi *ort::api = nullptr;
const OrtEpApi *ort::epApi = nullptr;
static const OrtApi *api24 = nullptr; // null before 1.24

void ort::openApi(const OrtApiBase &base) {
  int major = 0, minor = 0;
  if (std::sscanf(base.GetVersionString(), "%d.%d", &major, &minor) != 2 || major != 1 || minor < 23)
    throw Failure(ORT_FAIL, "the execution provider of waferc needs ONNX Runtime 1.23 or later, this is " +
                                std::string(base.GetVersionString()));
  api = base.GetApi(kApiVersion);
  epApi = api->GetEpApi();
  if (minor >= 24)
    api24 = base.GetApi(24);
}

void ort::check(OrtStatus *status) {
  if (!status)
    return;
  Failure failure(api->GetErrorCode(status), api->GetErrorMessage(status));
  api->ReleaseStatus(status);
  throw failure;
}

void ort::log(const OrtLogger *logger, OrtLoggingLevel level, const std::string &message) {
  // A log that cannot be written is no reason to fail.
  if (OrtStatus *status = api->Logger_LogMessage(logger, level, message.c_str(), ORT_TSTR("waferc"), 0, "waferc"))
    api->ReleaseStatus(status);
}

std::optional<bool> ort::hasShape(const OrtTensorTypeAndShapeInfo *info) {
  return api24 ? std::optional(api24->TensorTypeAndShape_HasShape(info)) : std::nullopt;
}

bool ort::partsInNodesWork() { return api24; }
