// Windows: random boxes of random blocks, in pieces, against a walk over the whole block.
#include "Emulator/Window.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace wafer::emulator;

TEST(Window, StoresItsBoxHoweverTheBlockArrives) {
  std::mt19937_64 random(3);
  auto below = [&](int n) { return int(random() % n); };
  int runs = 0, words = 0;
  for (int n = 0; n != 3000; ++n) {
    const int rank = 1 + below(4);
    int32_t extent[4], block[4], lower[4], stride[4], dense = 1;
    int64_t total = 1;
    for (int d = rank - 1; d >= 0; --d) {
      block[d] = 1 + below(5);
      extent[d] = below(2) ? block[d] : 1 + below(block[d]);
      lower[d] = below(block[d] - extent[d] + 1);
      stride[d] = below(3) ? dense : below(50) - 25;
      dense *= extent[d];
      total *= block[d];
    }
    if (below(20) == 0)
      extent[below(rank)] = 0;
    // Where each wavelet goes.
    std::map<int64_t, int64_t> want, got;
    for (int64_t at = 0; at != total; ++at) {
      int64_t rest = at, offset = 0;
      bool inside = true;
      for (int d = rank - 1; d >= 0; --d) {
        const int64_t i = rest % block[d] - lower[d];
        rest /= block[d];
        inside &= i >= 0 && i < extent[d];
        offset += i * stride[d];
      }
      if (inside)
        want[at] = offset;
    }
    const Window window(rank, extent, block, lower, stride);
    for (int64_t begin = 0, count; begin != total; begin += count) {
      count = 1 + below(total - begin);
      window.forEachRun(begin, count, [&](const WindowRun &run) {
        ++runs;
        ASSERT_GT(run.count, 0);
        ASSERT_GE(run.from, 0);
        ASSERT_LE(run.from + run.count, count);
        for (int64_t k = 0; k != run.count; ++k)
          got[begin + run.from + k] = run.offset + k * run.stride;
      });
    }
    ASSERT_EQ(got, want) << n;
    words += got.size();
  }
  EXPECT_GT(words, 2 * runs);
}

TEST(Window, JoinsRowsThatAreWhole) {
  // A block of 4 x 5 x 6 of which 2 x 5 x 6 go side by side: one run.
  const int32_t extent[] = {2, 5, 6}, block[] = {4, 5, 6}, lower[] = {1, 0, 0}, stride[] = {30, 6, 1};
  int runs = 0;
  Window(3, extent, block, lower, stride).forEachRun(0, 120, [&](const WindowRun &run) {
    ++runs;
    EXPECT_EQ(run.from, 30);
    EXPECT_EQ(run.count, 60);
    EXPECT_EQ(run.stride, 1);
  });
  EXPECT_EQ(runs, 1);
}
