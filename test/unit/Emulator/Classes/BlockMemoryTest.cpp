// The memory of blocks against that of cores: what random sets of PEs may read and write.
#include "Emulator/Classes/BlockMemory.h"
#include "Emulator/Memory.h"

#include <gtest/gtest.h>
#include <map>
#include <numeric>
#include <random>

using namespace wafer;
using namespace wafer::emulator;

namespace {

constexpr int kWidth = 11, kHeight = 5;

/// Code and constants to byte 16, data from byte 32 to byte 512, of which 40 to 80 and 160 to 200 are weights.
class Blocks : public testing::Test {
protected:
  Blocks() {
    region.readOnlyBytes = 16;
    region.dataBegin = 32;
    region.dataEnd = 512;
    region.weightRanges = {{40, 80}, {160, 200}};
    std::iota(code.begin(), code.end(), 1);
    EXPECT_TRUE(blocks.open(region, kWidth, kHeight, code));
    region.declaredBegin = region.dataBegin, region.declaredEnd = region.dataEnd;
    EXPECT_TRUE(cores.open(region, kWidth * kHeight, code));
    // The first weight everywhere, the second in some PEs only, and there every other word.
    std::vector<uint32_t> weight(10);
    for (int y = 0; y != kHeight; ++y)
      for (int x = 0; x != kWidth; ++x) {
        std::iota(weight.begin(), weight.end(), 100 * y + 10 * x);
        load(x, y, 10, weight.data(), 10, 1);
        if ((x + y) % 3 == 0)
          load(x, y, 40, weight.data(), 5, 2);
      }
    forget();
  }

  void load(int x, int y, int64_t word, const uint32_t *from, int64_t count, int64_t stride) {
    blocks.load(x, y, word, from, count, stride);
    cores.load(y * kWidth + x, word, from, count, stride);
  }
  void forget() {
    blocks.forget();
    cores.forget();
  }

  /// What every PE by itself says.
  bool mayRead(const PeSpans &pes, const Footprint &words, bool &readOnly) {
    bool good = true;
    for (uint16_t y : pes.rows)
      for (uint16_t x : pes.columns)
        good &= static_cast<bool>(cores.checkRead(y * kWidth + x, words, readOnly));
    return good;
  }
  bool mayWrite(const PeSpans &pes, const Footprint &words) {
    if (!cores.checkWrite(words))
      return false;
    for (uint16_t y : pes.rows)
      for (uint16_t x : pes.columns)
        cores.markWritten(y * kWidth + x, words);
    return true;
  }

  std::vector<uint16_t> some(int extent) {
    std::vector<uint16_t> list;
    const int style = random() % 3;
    for (int i = 0; i != extent; ++i)
      if (style == 0 || random() % (style + 1) == 0)
        list.push_back(i);
    if (list.empty())
      list.push_back(random() % extent);
    return list;
  }
  Footprint words() {
    const int32_t extent[] = {int32_t(random() % 4) + 1, int32_t(random() % 6) + 1};
    const int32_t stride[] = {int32_t(random() % 30) - 9, int32_t(random() % 5) - 2};
    return Footprint(int64_t(random() % 136) - 3, 2, extent, stride);
  }

  VerifiedRegion region;
  std::array<uint8_t, 16> code;
  BlockMemory blocks;
  RegionMemory cores;
  std::mt19937_64 random{5};
};

TEST_F(Blocks, AllowWhatEveryPeMay) {
  int good = 0, bad = 0;
  std::vector<AccessCache> caches(20);
  std::vector<Footprint> used(10);
  for (int n = 0; n != 60000; ++n) {
    if (n % 500 == 0)
      forget();
    const std::vector<uint16_t> columns = some(kWidth), rows = some(kHeight);
    const PeSpans pes{columns, rows};
    const size_t slot = random() % used.size();
    if (random() % 4 == 0)
      used[slot] = words();
    const Footprint &what = used[slot];
    if (random() % 4 == 0) {
      const bool want = mayWrite(pes, what);
      ASSERT_EQ(blocks.writable(pes, what, random() % 2 ? &caches[slot] : nullptr), want) << n;
      ++(want ? good : bad);
    } else {
      bool readOnly = false, wantReadOnly = false;
      const bool want = mayRead(pes, what, wantReadOnly);
      ASSERT_EQ(blocks.readable(pes, what, readOnly, random() % 2 ? &caches[10 + slot] : nullptr), want) << n;
      if (want)
        ASSERT_EQ(readOnly, wantReadOnly);
      ++(want ? good : bad);
    }
  }
  EXPECT_GT(good, 10000);
  EXPECT_GT(bad, 10000);
}

TEST_F(Blocks, AllowOnePeWhatItMay) {
  for (int n = 0; n != 20000; ++n) {
    if (n % 500 == 0)
      forget();
    const uint16_t x = random() % kWidth, y = random() % kHeight;
    const int64_t word = int64_t(random() % 136) - 3;
    const PeSpans pe{{&x, 1}, {&y, 1}};
    const Footprint one(word);
    bool readOnly;
    if (random() % 3 == 0)
      ASSERT_EQ(blocks.wordToWrite(x, y, word) != nullptr, mayWrite(pe, one)) << word;
    else
      ASSERT_EQ(blocks.wordToRead(x, y, word) != nullptr, mayRead(pe, one, readOnly)) << word;
  }
}

TEST_F(Blocks, HoldWordsSideBySide) {
  for (int y = 0; y != kHeight; ++y)
    for (int x = 0; x != kWidth; ++x) {
      EXPECT_EQ(*blocks.at(x, y, 13), uint32_t(100 * y + 10 * x + 3));
      EXPECT_EQ(blocks.at(x, y, 13), blocks.block(x / kLanes, y, 13) + x % kLanes);
      EXPECT_EQ(blocks.at(x, y, 12) + kLanes, blocks.at(x, y, 13));
      if ((x + y) % 3 == 0)
        EXPECT_EQ(*blocks.wordToRead(x, y, 44), uint32_t(100 * y + 10 * x + 2));
    }
  EXPECT_EQ(*blocks.constant(1), 0x08070605u);
  // A word outside, from where what is accessed lies inside.
  EXPECT_EQ(blocks.block(1, 2, 200) - 100 * kLanes, blocks.block(1, 2, 100));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.block(1, 3, 8)) % 64, 0u);
}

TEST_F(Blocks, AreMovedWhole) {
  BlockMemory other = std::move(blocks);
  EXPECT_EQ(*other.at(9, 4, 10), 490u);
  const uint16_t x = 9, y = 4;
  bool readOnly;
  EXPECT_TRUE(other.readable({{&x, 1}, {&y, 1}}, Footprint(10), readOnly));
}

TEST(BlocksOfColumns, NameLanes) {
  auto blocksOf = [](std::vector<uint16_t> columns, int width) {
    std::vector<std::array<int, 3>> list;
    forEachBlockOf(columns, width, [&](BlockLanes of) { list.push_back({of.block, of.lanes, of.stores}); });
    return list;
  };
  using List = std::vector<std::array<int, 3>>;
  EXPECT_EQ(blocksOf({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 11), (List{{0, 255, 255}, {1, 7, 255}}));
  EXPECT_EQ(blocksOf({3, 9}, 11), (List{{0, 8, 8}, {1, 2, 2}}));
  EXPECT_EQ(blocksOf({16}, 17), (List{{2, 1, 255}}));
  EXPECT_EQ(blocksOf({}, 17), List{});
}

} // namespace
