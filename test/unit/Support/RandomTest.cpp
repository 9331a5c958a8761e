#include "wafer/Support/Random.h"

#include <gtest/gtest.h>

using namespace wafer;

// Seeds are part of an image's identity: the sequence is SplitMix64's, on every machine.
TEST(Random, IsSplitMix64) {
  Random zero(0);
  for (uint64_t expected : {0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu})
    EXPECT_EQ(zero.next(), expected);
  Random bounded(1234567);
  EXPECT_EQ(bounded.below(100), 6457827717110365317u % 100);
  EXPECT_EQ(bounded.unit(), static_cast<double>(3203168211198807973u >> 11) * 0x1p-53);
}
