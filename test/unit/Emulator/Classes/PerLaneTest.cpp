// Numbers per lane against plain arrays.
#include "Emulator/Classes/PerLane.h"

#include <gtest/gtest.h>

#include <random>

using namespace wafer::emulator;

namespace {

constexpr uint32_t kLaneCount = 7 * kLanesAtOnce + 5;

TEST(PerLane, IsWhatPlainArraysAre) {
  std::mt19937 random(7);
  auto draw = [&](uint32_t below) { return random() % below; };
  constexpr int kNumbers = 6;
  PerLane numbers[kNumbers];
  int64_t plain[kNumbers][kLaneCount] = {};
  const Indices all = Indices::all(kLaneCount);
  for (int step = 0; step != 20000; ++step) {
    std::vector<uint16_t> list;
    const bool range = draw(2);
    const uint16_t first = range ? draw(kLaneCount) : 0,
                   last = range ? first + draw(kLaneCount - first) : kLaneCount - 1;
    for (uint16_t lane = 0; lane != kLaneCount; ++lane)
      if (range ? first <= lane && lane <= last : draw(3))
        list.push_back(lane);
    if (list.empty())
      list.push_back(4);
    const Indices lanes = draw(2) ? all : Indices::of(std::move(list), kLaneCount);
    const int to = draw(kNumbers), a = draw(kNumbers), b = draw(kNumbers);
    switch (draw(7)) {
    case 0: { // one number for some
      const int64_t value = draw(5);
      apply(numbers[to], lanes, [&](int64_t) { return value; });
      for (uint16_t lane : lanes)
        plain[to][lane] = value;
      break;
    }
    case 1: {
      const PerLane sum = plus(lanes, numbers[a], numbers[b]);
      for (uint16_t lane : lanes)
        ASSERT_EQ(sum[lane], plain[a][lane] + plain[b][lane]);
      const PerLane difference = minus(lanes, numbers[a], numbers[b]);
      for (uint16_t lane : lanes)
        ASSERT_EQ(difference[lane], plain[a][lane] - plain[b][lane]);
      break;
    }
    case 2:
      raise(numbers[to], lanes, numbers[a]);
      for (uint16_t lane : lanes)
        plain[to][lane] = std::max(plain[to][lane], plain[a][lane]);
      break;
    case 3: {
      const Indices some = select(lanes, [](int64_t x, int64_t y) { return x < y; }, numbers[a], numbers[b]);
      std::vector<uint16_t> expected;
      for (uint16_t lane : lanes)
        if (plain[a][lane] < plain[b][lane])
          expected.push_back(lane);
      ASSERT_TRUE(std::equal(some.begin(), some.end(), expected.begin(), expected.end()));
      ASSERT_EQ(every(
                    lanes, [](int64_t x, int64_t y) { return x < y; }, numbers[a], numbers[b]),
                expected.size() == lanes.size());
      break;
    }
    case 4: // copies are apart
      numbers[to] = numbers[a];
      std::copy_n(plain[a], kLaneCount, plain[to]);
      break;
    case 5:
      numbers[to].pack(all);
      break;
    case 6: // as are sums with one number
      numbers[to] = numbers[a].shifted(b);
      for (uint16_t lane : all)
        plain[to][lane] = plain[a][lane] + b;
      break;
    }
    for (uint16_t lane : all)
      ASSERT_EQ(numbers[to][lane], plain[to][lane]);
  }
}

TEST(PerLane, StaysAsItIsForNoLanes) {
  const Indices all = Indices::all(kLaneCount);
  PerLane number = 3;
  raise(number, select(all, [](int64_t n) { return n > 0; }, PerLane(0)), 5);
  EXPECT_EQ(number.uniform(), 3);
}

TEST(PerLane, IsOneNumberWhileLanesAgree) {
  const Indices all = Indices::all(kLaneCount), some = Indices::of({1, 2}, kLaneCount);
  PerLane number = 3;
  EXPECT_TRUE(plus(all, number, 4).isUniform());
  apply(number, some, [](int64_t a) { return a; }); // nothing changes
  EXPECT_TRUE(number.isUniform());
  apply(number, some, [](int64_t a) { return a + 1; });
  EXPECT_FALSE(number.isUniform());
  number.pack(some);
  EXPECT_TRUE(number.isUniform());
  EXPECT_EQ(number.uniform(), 4);
}

} // namespace
