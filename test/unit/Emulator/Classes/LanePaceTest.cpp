// Even paces against times wavelet by wavelet.
#include "Emulator/Classes/LanePace.h"

#include <gtest/gtest.h>

#include <random>

using namespace wafer::emulator;

namespace {

constexpr uint32_t kLaneCount = 37;

/// Starts, counts and times of all lanes; `even`: with one step.
struct Plain {
  int64_t start[kLaneCount], count[kLaneCount], first[kLaneCount], last[kLaneCount];

  Plain(std::mt19937 &random, bool even) {
    for (uint32_t lane = 0; lane != kLaneCount; ++lane) {
      start[lane] = random() % 9;
      count[lane] = 1 + random() % 7;
      first[lane] = random() % 5000;
      last[lane] = first[lane] + (count[lane] - 1) * (even ? 512 : 300 + random() % 900);
    }
  }
  int64_t at(uint32_t lane, int64_t k) const {
    return count[lane] == 1 ? first[lane]
                            : first[lane] + (last[lane] - first[lane]) * (k - start[lane]) / (count[lane] - 1);
  }
};

PerLane numbers(const int64_t *from) {
  PerLane result;
  std::copy_n(from, kLaneCount, result.spread(kLaneCount));
  return result;
}

LanePace paceOf(const Plain &plain, const Indices &lanes) {
  return LanePace(lanes, numbers(plain.start), numbers(plain.count), numbers(plain.first), numbers(plain.last));
}

TEST(LanePace, IsEvenInEveryLane) {
  std::mt19937 random(3);
  const Indices all = Indices::all(kLaneCount);
  for (int round = 0; round != 200; ++round) {
    const Plain plain(random, /*even=*/round % 2);
    const LanePace pace = paceOf(plain, all);
    int64_t wavelet[kLaneCount];
    for (uint32_t lane = 0; lane != kLaneCount; ++lane)
      wavelet[lane] = plain.start[lane] + random() % plain.count[lane];
    const PerLane k = numbers(wavelet);
    ASSERT_TRUE(pace.holds(all, k));
    const PerLane when = pace.at(all, k);
    const PerLane there = pace.at(all, k, nullptr, 700, 2000, 1024);
    PerLane raised = 3000;
    pace.raise(raised, all, k, 40);
    for (uint32_t lane = 0; lane != kLaneCount; ++lane) {
      const int64_t expected = plain.at(lane, wavelet[lane]);
      ASSERT_EQ(when[lane], expected);
      ASSERT_EQ(pace.at(lane, wavelet[lane]), expected);
      ASSERT_EQ(there[lane], std::max(expected + 700, 2000 + wavelet[lane] * 1024));
      ASSERT_EQ(raised[lane], std::max<int64_t>(3000, expected + 40));
    }
  }
}

TEST(LanePace, HoldsItsWaveletsOnly) {
  std::mt19937 random(4);
  const Plain plain(random, /*even=*/true);
  const LanePace pace = paceOf(plain, Indices::all(kLaneCount));
  for (uint16_t lane = 0; lane != kLaneCount; ++lane)
    for (int64_t k = 0; k != 20; ++k)
      ASSERT_EQ(pace.holds(Indices::of({lane}, kLaneCount), k),
                k >= plain.start[lane] && k < plain.start[lane] + plain.count[lane]);
}

TEST(LanePace, IsReadThroughAMap) {
  std::mt19937 random(5);
  std::vector<uint16_t> list(kLaneCount);
  for (uint32_t lane = 0; lane != kLaneCount; ++lane)
    list[lane] = kLaneCount - 1 - lane;
  const LaneMap from = std::make_shared<const std::vector<uint16_t>>(list);
  const Indices all = Indices::all(kLaneCount);
  for (bool even : {false, true}) {
    const Plain plain(random, even);
    const LanePace pace = paceOf(plain, all);
    int64_t wavelet[kLaneCount];
    for (uint32_t lane = 0; lane != kLaneCount; ++lane)
      wavelet[lane] = plain.start[list[lane]] + random() % plain.count[list[lane]];
    const PerLane when = pace.at(all, numbers(wavelet), from);
    for (uint32_t lane = 0; lane != kLaneCount; ++lane)
      ASSERT_EQ(when[lane], plain.at(list[lane], wavelet[lane]));
  }
}

} // namespace
