// A tensor on the host: what goes into a program and comes out.
#ifndef WAFER_SUPPORT_TENSOR_H
#define WAFER_SUPPORT_TENSOR_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace wafer {

/// ONNX's element types, as far as the machine carries them.
enum class HostType : uint8_t { F32, F64, F16, BF16, I8, I16, I32, I64, U8, U16, U32, U64, Bool };

size_t elementBytes(HostType type);
const char *hostTypeName(HostType type); // NumPy's: "float32", "int64"...

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

/// A tensor of someone else's.
struct TensorView {
  HostType type = HostType::F32;
  std::span<const int64_t> shape;
  std::span<const uint8_t> bytes;

  TensorView(HostType type, std::span<const int64_t> shape, std::span<const uint8_t> bytes)
      : type(type), shape(shape), bytes(bytes) {}
  TensorView(const HostTensor &tensor) : type(tensor.type), shape(tensor.shape), bytes(tensor.bytes) {}
};

std::string shapeText(const std::vector<int64_t> &shape); // "[1, 3, 48]"

/// The machine's words for elements: an f32 for floats, an i32 for integers (those of 8 and 16 bits sign-extended,
/// whether signed or not), 0 or 1 for booleans. `bytes` has whole elements.
struct CarriedWords {
  std::vector<uint32_t> words;
  /// The first element that no word carries (64-bit integers beyond 32 bits, doubles beyond a float's range), and it.
  std::optional<size_t> beyond;
  std::string value;
};
CarriedWords toWords(HostType type, std::span<const uint8_t> bytes);
/// The elements that words carry; floats are rounded to nearest even.
std::vector<uint8_t> fromWords(HostType type, std::span<const uint32_t> words);

} // namespace wafer

#endif // WAFER_SUPPORT_TENSOR_H
