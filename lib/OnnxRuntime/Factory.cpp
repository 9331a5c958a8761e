// The two functions that the library exports, and the factory that ONNX Runtime gets from them.
#include "Provider.h"

using namespace wafer;
using namespace wafer::ort;

namespace {

class Factory : public OrtEpFactory {
public:
  Factory() : OrtEpFactory{} {
    ort_version_supported = kApiVersion;
    OrtEpFactory::GetName = [](const OrtEpFactory *) noexcept { return kProviderName; };
    OrtEpFactory::GetVendor = [](const OrtEpFactory *) noexcept { return "waferc"; };
    OrtEpFactory::GetVendorId = [](const OrtEpFactory *) noexcept { return uint32_t(0); }; // no PCI device
    OrtEpFactory::GetVersion = [](const OrtEpFactory *) noexcept { return waferVersion(); };
    OrtEpFactory::GetSupportedDevices = supportedDevices;
    OrtEpFactory::CreateEp = createProvider;
    OrtEpFactory::ReleaseEp = [](OrtEpFactory *, OrtEp *provider) noexcept {
      delete static_cast<Provider *>(provider);
    };
    // Tensors are on the host, where ONNX Runtime's own allocator is.
    OrtEpFactory::CreateAllocator = [](OrtEpFactory *, const OrtMemoryInfo *, const OrtKeyValuePairs *,
                                       OrtAllocator **allocator) noexcept -> OrtStatus * {
      *allocator = nullptr;
      return nullptr;
    };
    OrtEpFactory::ReleaseAllocator = [](OrtEpFactory *, OrtAllocator *) noexcept {};
    OrtEpFactory::CreateDataTransfer = [](OrtEpFactory *, OrtDataTransferImpl **transfer) noexcept -> OrtStatus * {
      *transfer = nullptr;
      return nullptr;
    };
    OrtEpFactory::IsStreamAware = [](const OrtEpFactory *) noexcept { return false; };
    OrtEpFactory::CreateSyncStreamForDevice = [](OrtEpFactory *, const OrtMemoryDevice *, const OrtKeyValuePairs *,
                                                 OrtSyncStreamImpl **stream) noexcept -> OrtStatus * {
      *stream = nullptr;
      return nullptr;
    };
  }

private:
  /// The machine is emulated: it is the host's processor.
  static OrtStatus *supportedDevices(OrtEpFactory *self, const OrtHardwareDevice *const *devices, size_t count,
                                     OrtEpDevice **made, size_t most, size_t *madeCount) noexcept {
    return guarded([&] {
      *madeCount = 0;
      for (size_t i = 0; i != count && *madeCount == 0 && most; ++i)
        if (api->HardwareDevice_Type(devices[i]) == OrtHardwareDeviceType_CPU)
          check(epApi->CreateEpDevice(self, devices[i], nullptr, nullptr, &made[(*madeCount)++]));
    });
  }

  static OrtStatus *createProvider(OrtEpFactory *, const OrtHardwareDevice *const *, const OrtKeyValuePairs *const *,
                                   size_t, const OrtSessionOptions *session, const OrtLogger *logger,
                                   OrtEp **provider) noexcept {
    return guarded([&] { *provider = new Provider(readOptions(session), logger); });
  }
};

} // namespace

#define WAFER_EXPORT extern "C" __attribute__((visibility("default")))

WAFER_EXPORT OrtStatus *CreateEpFactories(const char *, const OrtApiBase *base, const OrtLogger *,
                                          OrtEpFactory **factories, size_t most, size_t *count) {
  // Before there is an interface, no status can be made but by the oldest one.
  try {
    openApi(*base);
  } catch (const std::exception &thrown) {
    return base->GetApi(1)->CreateStatus(ORT_FAIL, thrown.what());
  }
  return guarded([&] {
    if (most < 1)
      throw Failure(ORT_INVALID_ARGUMENT, "there is no room for the factory of waferc");
    factories[0] = new Factory;
    *count = 1;
  });
}

WAFER_EXPORT OrtStatus *ReleaseEpFactory(OrtEpFactory *factory) {
  delete static_cast<Factory *>(factory);
  return nullptr;
}
