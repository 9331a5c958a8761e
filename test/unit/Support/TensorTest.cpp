// Elements on the host and the words that carry them on the machine.
#include "wafer/Support/Tensor.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace wafer;

namespace {
template <typename T> std::vector<uint8_t> bytesOf(const std::vector<T> &values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
template <typename T> CarriedWords words(HostType type, std::vector<T> values) {
  return toWords(type, bytesOf(values));
}
uint32_t bits(float value) { return __builtin_bit_cast(uint32_t, value); }
using Words = std::vector<uint32_t>;
} // namespace

TEST(Tensor, EveryNarrowElementComesBack) {
  std::vector<uint16_t> all(0x10000);
  for (uint32_t i = 0; i != all.size(); ++i)
    all[i] = static_cast<uint16_t>(i);
  for (HostType type : {HostType::F16, HostType::BF16, HostType::I16, HostType::U16, HostType::I8, HostType::U8}) {
    CarriedWords carried = words(type, all);
    ASSERT_FALSE(carried.beyond);
    std::vector<uint8_t> back = fromWords(type, carried.words);
    if (type == HostType::F16 || type == HostType::BF16) {
      // NaN becomes a quiet one.
      auto elements = reinterpret_cast<const uint16_t *>(back.data());
      for (uint32_t i = 0; i != all.size(); ++i) {
        float value = __builtin_bit_cast(float, carried.words[i]);
        if (value == value)
          EXPECT_EQ(elements[i], i);
        else
          EXPECT_TRUE(std::isnan(__builtin_bit_cast(float, toWords(type, {back.data() + 2 * i, 2}).words[0]))) << i;
      }
    } else {
      EXPECT_EQ(back, bytesOf(all)) << hostTypeName(type);
    }
  }
}

TEST(Tensor, NarrowIntegersAreCarriedSignExtended) {
  EXPECT_EQ(words<uint8_t>(HostType::U8, {1, 200}).words, (Words{1, 0xffffffc8}));
  EXPECT_EQ(words<uint8_t>(HostType::I8, {1, 200}).words, (Words{1, 0xffffffc8}));
  EXPECT_EQ(words<uint16_t>(HostType::U16, {0x8000}).words, (Words{0xffff8000}));
  EXPECT_EQ(words<uint8_t>(HostType::Bool, {0, 1, 7}).words, (Words{0, 1, 1}));
}

TEST(Tensor, HalvesAreExact) {
  EXPECT_EQ(words<uint16_t>(HostType::F16, {0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00}).words,
            (Words{bits(1), bits(-2), bits(0x1p-24f), bits(65504), bits(INFINITY)}));
  EXPECT_EQ(words<uint16_t>(HostType::BF16, {0x3f80, 0xc000}).words, (Words{bits(1), bits(-2)}));
  // To nearest even, with overflow to infinity.
  EXPECT_EQ(
      fromWords(HostType::F16, Words{bits(65519), bits(65520), bits(0x1p-25f), bits(0x1.8p-25f), bits(1 + 0x1p-11f)}),
      bytesOf<uint16_t>({0x7bff, 0x7c00, 0, 1, 0x3c00}));
  EXPECT_EQ(fromWords(HostType::BF16, Words{0x3f808000, 0x3f818000, 0x7f7fffff}),
            bytesOf<uint16_t>({0x3f80, 0x3f82, 0x7f80}));
}

TEST(Tensor, WhatNoWordCarriesIsNamed) {
  CarriedWords carried = words<int64_t>(HostType::I64, {5, -2147483648, 2147483648});
  ASSERT_TRUE(carried.beyond);
  EXPECT_EQ(*carried.beyond, 2u);
  EXPECT_EQ(carried.value, "2147483648");
  EXPECT_FALSE(words<int64_t>(HostType::I64, {INT32_MIN, INT32_MAX}).beyond);
  EXPECT_EQ(words<uint64_t>(HostType::U64, {1, uint64_t(1) << 63}).value, "9223372036854775808");
  EXPECT_TRUE(words<uint64_t>(HostType::U64, {uint64_t(1) << 31}).beyond);
  EXPECT_EQ(words<double>(HostType::F64, {1e300}).value, "1e+300");
  EXPECT_FALSE(words<double>(HostType::F64, {INFINITY, -INFINITY, NAN, 3.4028234e38, 1e-300}).beyond);
  EXPECT_EQ(words<double>(HostType::F64, {0.1}).words, (Words{bits(0.1f)}));
}

TEST(Tensor, WideElementsAreTheSameNumbers) {
  EXPECT_EQ(fromWords(HostType::I64, Words{0xffffffff, 7}), bytesOf<int64_t>({-1, 7}));
  EXPECT_EQ(fromWords(HostType::U64, Words{7}), bytesOf<uint64_t>({7}));
  EXPECT_EQ(fromWords(HostType::U32, Words{0xffffffff}), bytesOf<uint32_t>({0xffffffff}));
  EXPECT_EQ(fromWords(HostType::F64, Words{bits(0.1f)}), bytesOf<double>({0.1f}));
}
