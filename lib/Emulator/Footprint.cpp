#include "Footprint.h"

#include <vector>

using namespace wafer::emulator;

bool Footprint::meets(const Footprint &other) const {
  const int64_t from = std::max(low, other.low), to = std::min(high, other.high);
  if (from > to)
    return false;
  // Those of ours between the two, and then the other's runs against them.
  std::vector<uint64_t> ours((to - from) / 64 + 1);
  auto between = [&](int64_t word, int64_t count) {
    int64_t first = std::max(word, from), last = std::min(word + count - 1, to);
    return std::pair(first - from, std::max<int64_t>(last - first + 1, 0));
  };
  forEachRun([&](int64_t word, int64_t count) {
    auto [first, n] = between(word, count);
    setBits(ours.data(), first, n);
    return true;
  });
  return !other.forEachRun([&](int64_t word, int64_t count) {
    auto [first, n] = between(word, count);
    return firstSet(ours.data(), first, n) < 0;
  });
}
