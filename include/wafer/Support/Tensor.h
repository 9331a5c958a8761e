// A tensor on the host: what goes into a program and comes out.
#ifndef WAFER_SUPPORT_TENSOR_H
#define WAFER_SUPPORT_TENSOR_H

#include <cstdint>
#include <string>
#include <vector>

namespace wafer {

enum class HostType : uint8_t { F32, F64, I32, I64, Bool };

inline constexpr size_t elementBytes(HostType type) {
  return type == HostType::Bool ? 1 : type == HostType::I64 || type == HostType::F64 ? 8 : 4;
}
const char *hostTypeName(HostType type); // "float32", "int64"...

struct HostTensor {
  HostType type = HostType::F32;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes; // row-major, little-endian

  int64_t elements() const {
    for (int64_t extent : shape)
      if (extent == 0)
        return 0; // whatever the product of the others
    int64_t n = 1;
    for (int64_t extent : shape)
      n *= extent;
    return n;
  }
};

std::string shapeText(const std::vector<int64_t> &shape); // "[1, 3, 48]"

} // namespace wafer

#endif // WAFER_SUPPORT_TENSOR_H
