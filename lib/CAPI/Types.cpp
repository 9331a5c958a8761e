#include "Internal.h"

#include <cstring>

using namespace wafer;

int waferApiVersion(void) { return WAFER_API_VERSION; }
const char *waferVersion(void) { return WAFER_VERSION; }

static constexpr std::pair<WaferType, HostType> kTypes[] = {
    {WAFER_FLOAT, HostType::F32},    {WAFER_UINT8, HostType::U8},   {WAFER_INT8, HostType::I8},
    {WAFER_UINT16, HostType::U16},   {WAFER_INT16, HostType::I16},  {WAFER_INT32, HostType::I32},
    {WAFER_INT64, HostType::I64},    {WAFER_BOOL, HostType::Bool},  {WAFER_FLOAT16, HostType::F16},
    {WAFER_DOUBLE, HostType::F64},   {WAFER_UINT32, HostType::U32}, {WAFER_UINT64, HostType::U64},
    {WAFER_BFLOAT16, HostType::BF16}};

std::optional<HostType> capi::hostTypeOf(int type) {
  for (auto [number, host] : kTypes)
    if (number == type)
      return host;
  return std::nullopt;
}

WaferType capi::typeOf(HostType type) {
  for (auto [number, host] : kTypes)
    if (host == type)
      return number;
  return WAFER_FLOAT;
}

WaferTensorInfo capi::infoOf(const TensorInfo &info) {
  return {info.name.c_str(), typeOf(info.type), info.shape.size(), info.shape.data(),
          info.openDim ? static_cast<int64_t>(*info.openDim) : -1};
}

WaferError *capi::viewOf(const WaferTensor *tensor, std::optional<TensorView> &view) {
  if (!tensor || !tensor->name)
    return misuse("a tensor has no name");
  const std::string what = "tensor '" + std::string(tensor->name) + "'";
  // C callers may store any number in it, which as an enumerator would have no meaning in C++.
  static_assert(sizeof(tensor->type) == sizeof(int));
  int number;
  std::memcpy(&number, &tensor->type, sizeof number);
  std::optional<HostType> type = hostTypeOf(number);
  if (!type)
    return misuse(what + " is of type number " + std::to_string(number) + ", which is none");
  if ((tensor->rank && !tensor->shape) || (tensor->size && !tensor->data))
    return misuse(what + " has no shape or no data");
  if (tensor->rank > 64)
    return misuse(what + " has " + std::to_string(tensor->rank) + " dimensions");
  view.emplace(*type, std::span(tensor->shape, tensor->rank),
               std::span(static_cast<const uint8_t *>(tensor->data), tensor->size));
  return nullptr;
}
