#include "wafer/Support/Tensor.h"

#include <cmath>
#include <cstdio>
#include <cstring>

using namespace wafer;

size_t wafer::elementBytes(HostType type) {
  switch (type) {
  case HostType::I8:
  case HostType::U8:
  case HostType::Bool:
    return 1;
  case HostType::F16:
  case HostType::BF16:
  case HostType::I16:
  case HostType::U16:
    return 2;
  case HostType::F32:
  case HostType::I32:
  case HostType::U32:
    return 4;
  case HostType::F64:
  case HostType::I64:
  case HostType::U64:
    return 8;
  }
  return 0;
}

const char *wafer::hostTypeName(HostType type) {
  switch (type) {
  case HostType::F32:
    return "float32";
  case HostType::F64:
    return "float64";
  case HostType::F16:
    return "float16";
  case HostType::BF16:
    return "bfloat16";
  case HostType::I8:
    return "int8";
  case HostType::I16:
    return "int16";
  case HostType::I32:
    return "int32";
  case HostType::I64:
    return "int64";
  case HostType::U8:
    return "uint8";
  case HostType::U16:
    return "uint16";
  case HostType::U32:
    return "uint32";
  case HostType::U64:
    return "uint64";
  case HostType::Bool:
    return "bool";
  }
  return "?";
}

std::string wafer::shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i != shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

//===- Words --------------------------------------------------------------===//

static uint32_t bitsOf(float value) { return __builtin_bit_cast(uint32_t, value); }
static float floatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

static uint32_t fromHalf(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3ff;
  if (exponent == 0)
    return sign | bitsOf(static_cast<float>(mantissa) * 0x1p-24f);
  if (exponent == 31)
    return sign | 0x7f800000 | mantissa << 13;
  return sign | (exponent + 112) << 23 | mantissa << 13;
}

static uint16_t toHalf(uint32_t word) {
  uint32_t sign = word >> 16 & 0x8000, bits = word & 0x7fffffff;
  if (bits > 0x7f800000)
    return sign | 0x7e00;
  if (bits < 0x38800000) // a multiple of 2^-24
    return sign | static_cast<uint32_t>(std::nearbyint(floatOf(bits) * 0x1p24f));
  uint32_t rounded = (bits + 0xfff + (bits >> 13 & 1)) >> 13;
  return sign | (rounded >= 0x47800000 >> 13 ? 0x7c00 : rounded - (112 << 10));
}

static uint16_t toBrain(uint32_t word) {
  if ((word & 0x7fffffff) > 0x7f800000)
    return word >> 16 | 0x40;
  return (word + 0x7fff + (word >> 16 & 1)) >> 16;
}

namespace {
/// Applies `convert` to every element; it sets `beyond` for one that has no word.
template <typename Element, typename Convert> CarriedWords mapWords(std::span<const uint8_t> bytes, Convert convert) {
  CarriedWords result;
  const size_t n = bytes.size() / sizeof(Element);
  result.words.resize(n);
  for (size_t i = 0; i != n; ++i) {
    Element element;
    std::memcpy(&element, bytes.data() + i * sizeof element, sizeof element);
    bool fits = true;
    result.words[i] = convert(element, fits);
    if (!fits) {
      result.beyond = i;
      if constexpr (std::is_floating_point_v<Element>) {
        char text[32];
        std::snprintf(text, sizeof text, "%.6g", element);
        result.value = text;
      } else {
        result.value = std::to_string(element);
      }
      break;
    }
  }
  return result;
}

template <typename Element, typename Convert>
std::vector<uint8_t> mapElements(std::span<const uint32_t> words, Convert convert) {
  std::vector<uint8_t> bytes(words.size() * sizeof(Element));
  for (size_t i = 0; i != words.size(); ++i) {
    const Element element = static_cast<Element>(convert(words[i]));
    std::memcpy(bytes.data() + i * sizeof element, &element, sizeof element);
  }
  return bytes;
}
} // namespace

CarriedWords wafer::toWords(HostType type, std::span<const uint8_t> bytes) {
  auto asIs = [](auto element, bool &) { return static_cast<uint32_t>(element); };
  switch (type) {
  case HostType::F32:
  case HostType::I32:
  case HostType::U32:
    return mapWords<uint32_t>(bytes, asIs);
  case HostType::F64:
    return mapWords<double>(bytes, [](double element, bool &fits) {
      const float single = static_cast<float>(element);
      fits = std::isfinite(single) || !std::isfinite(element);
      return bitsOf(single);
    });
  case HostType::F16:
    return mapWords<uint16_t>(bytes, [](uint16_t element, bool &) { return fromHalf(element); });
  case HostType::BF16:
    return mapWords<uint16_t>(bytes, [](uint16_t element, bool &) { return uint32_t(element) << 16; });
  case HostType::I8:
  case HostType::U8:
    return mapWords<int8_t>(bytes, asIs);
  case HostType::I16:
  case HostType::U16:
    return mapWords<int16_t>(bytes, asIs);
  case HostType::I64:
    return mapWords<int64_t>(bytes, [](int64_t element, bool &fits) {
      fits = element == static_cast<int32_t>(element);
      return static_cast<uint32_t>(element);
    });
  case HostType::U64:
    return mapWords<uint64_t>(bytes, [](uint64_t element, bool &fits) {
      fits = element <= INT32_MAX;
      return static_cast<uint32_t>(element);
    });
  case HostType::Bool:
    return mapWords<uint8_t>(bytes, [](uint8_t element, bool &) { return uint32_t(element != 0); });
  }
  return {};
}

std::vector<uint8_t> wafer::fromWords(HostType type, std::span<const uint32_t> words) {
  auto asIs = [](uint32_t word) { return word; };
  switch (type) {
  case HostType::F32:
  case HostType::I32:
  case HostType::U32:
    return mapElements<uint32_t>(words, asIs);
  case HostType::F64:
    return mapElements<double>(words, floatOf);
  case HostType::F16:
    return mapElements<uint16_t>(words, toHalf);
  case HostType::BF16:
    return mapElements<uint16_t>(words, toBrain);
  case HostType::I8:
  case HostType::U8:
    return mapElements<uint8_t>(words, asIs);
  case HostType::I16:
  case HostType::U16:
    return mapElements<uint16_t>(words, asIs);
  case HostType::I64:
    return mapElements<int64_t>(words, [](uint32_t word) { return static_cast<int32_t>(word); });
  case HostType::U64:
    return mapElements<uint64_t>(words, asIs);
  case HostType::Bool:
    return mapElements<uint8_t>(words, [](uint32_t word) { return word != 0; });
  }
  return {};
}
