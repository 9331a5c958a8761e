// What traces are made of. That Perfetto reads them is test/tools/wafer-run-trace.test's.
#include "Emulator/Trace/Histogram.h"
#include "Emulator/Trace/TraceFile.h"

#include <gtest/gtest.h>

#include <numeric>

using namespace wafer;
using namespace wafer::emulator;

namespace {

struct Amount {
  Ticks from, to;
  int64_t amount;
};

std::vector<int64_t> intervalsOf(const std::vector<Amount> &amounts) {
  Histogram histogram;
  for (const Amount &a : amounts)
    histogram.add(a.from, a.to, a.amount);
  std::vector<int64_t> intervals;
  for (size_t i = 0; i != histogram.size(); ++i)
    intervals.push_back(histogram[i]);
  return intervals;
}

TEST(Trace, HistogramSpreadsAmountsEvenly) {
  Histogram histogram;
  histogram.add(512, 512 + 2048, 2048);
  ASSERT_EQ(histogram.size(), 3u);
  EXPECT_EQ(histogram[0], 512);
  EXPECT_EQ(histogram[1], 1024);
  EXPECT_EQ(histogram[2], 512);
  histogram.add(1024, 1024, 7); // at once
  EXPECT_EQ(histogram[1], 1031);
}

TEST(Trace, HistogramKeepsSumsWhateverTheOrderAndTheLength) {
  std::vector<Amount> amounts;
  int64_t sum = 0;
  for (int64_t i = 0; i != 500; ++i) {
    amounts.push_back({i * i * 977, i * i * 977 + i * 31337, i * 13 + 1});
    sum += amounts.back().amount;
  }
  const std::vector<int64_t> forward = intervalsOf(amounts);
  EXPECT_LE(forward.size(), Histogram::kMost);
  EXPECT_GT(forward.size(), Histogram::kMost / 4);
  EXPECT_EQ(std::accumulate(forward.begin(), forward.end(), int64_t(0)), sum);
  EXPECT_EQ(intervalsOf({amounts.rbegin(), amounts.rend()}), forward);
}

TEST(Trace, TextIsUtf8) {
  EXPECT_EQ(utf8("conv/größe 木 🌲"), "conv/größe 木 🌲");
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(utf8("a\xff"
                 "b\xc3"),
            "a" + bad + "b" + bad);
  EXPECT_EQ(utf8("\xc0\xaf"), bad + bad);                     // longer than need be
  EXPECT_EQ(utf8("\xed\xa0\x80"), bad + bad + bad);           // half of a pair
  EXPECT_EQ(utf8("\xf4\x90\x80\x80"), bad + bad + bad + bad); // beyond the last
}

} // namespace
