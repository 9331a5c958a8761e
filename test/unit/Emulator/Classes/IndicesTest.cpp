#include "Emulator/Classes/Indices.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace wafer::emulator;

namespace {

TEST(Indices, AreSets) {
  std::mt19937 random;
  for (int i = 0; i != 500; ++i) {
    const uint32_t extent = 1 + random() % 200;
    auto draw = [&](std::set<uint16_t> &plain) {
      for (uint32_t k = random() % (extent + 1); k != 0; --k)
        plain.insert(random() % extent);
      return Indices::of(std::vector<uint16_t>(plain.begin(), plain.end()), extent);
    };
    std::set<uint16_t> p, q;
    const Indices a = draw(p), b = draw(q);
    auto expect = [&](const Indices &indices, auto isIn) {
      std::vector<uint16_t> plain;
      for (uint32_t k = 0; k != extent; ++k) {
        if (isIn(k))
          plain.push_back(k);
        EXPECT_EQ(indices.contains(k), isIn(k));
      }
      EXPECT_FALSE(indices.contains(extent));
      EXPECT_EQ(std::vector<uint16_t>(indices.begin(), indices.end()), plain);
      EXPECT_EQ(indices.size(), plain.size());
      EXPECT_EQ(indices.extent(), extent);
      EXPECT_EQ(indices.isAll(), plain.size() == extent);
      EXPECT_EQ(indices.isRange(), plain.empty() || plain.back() - plain.front() + 1u == plain.size());
      EXPECT_EQ(indices, Indices::of(plain, extent));
    };
    expect(a, [&](uint16_t k) { return p.contains(k); });
    expect(a | b, [&](uint16_t k) { return p.contains(k) || q.contains(k); });
    expect(a & b, [&](uint16_t k) { return p.contains(k) && q.contains(k); });
    expect(a - b, [&](uint16_t k) { return p.contains(k) && !q.contains(k); });
    expect(a - a, [](uint16_t) { return false; });
    expect(a | Indices::all(extent), [](uint16_t) { return true; });
    EXPECT_TRUE((a & Indices()).empty());
    EXPECT_TRUE((Indices() & a).empty());
    EXPECT_EQ(a.meets(b), !(a & b).empty());
    EXPECT_EQ(a == b, p == q);
  }
}

TEST(PeSet, IsColumnsTimesRows) {
  const PeSet set{Indices::of({1, 3}, 4), Indices::of({0, 2}, 3)};
  int found = 0;
  for (uint32_t y = 0; y != 3; ++y)
    for (uint32_t x = 0; x != 4; ++x)
      found += set.contains(x, y);
  EXPECT_EQ(found, 4);
  EXPECT_EQ(set.size(), 4u);
  EXPECT_TRUE(set.contains(3, 2));
  EXPECT_FALSE(set.contains(3, 1));
  EXPECT_FALSE(set.isAll());
  const PeSet corner{Indices::of({1}, 4), Indices::of({0, 1}, 3)}, row{Indices::all(4), Indices::of({1}, 3)};
  EXPECT_EQ((set & corner), (PeSet{Indices::of({1}, 4), Indices::of({0}, 3)}));
  EXPECT_TRUE(set.meets(corner));
  EXPECT_FALSE(set.meets(row));
}

} // namespace
