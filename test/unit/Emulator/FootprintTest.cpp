#include "Emulator/Footprint.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace wafer::emulator;

namespace {

/// Boxes of up to four dimensions with strides of both signs, zero among them, and words overlapping.
struct RandomBoxes {
  std::mt19937 random;
  int pick(int low, int high) { return low + static_cast<int>(random() % (high - low + 1)); }
  struct Box {
    int64_t base;
    int rank;
    int32_t extent[4], stride[4];
    Footprint footprint() const { return {base, rank, extent, stride}; }
    /// One by one.
    std::set<int64_t> words() const {
      std::set<int64_t> all{base};
      for (int d = 0; d != rank; ++d) {
        std::set<int64_t> more;
        for (int64_t word : all)
          for (int i = 0; i != extent[d]; ++i)
            more.insert(word + int64_t(i) * stride[d]);
        all = more;
      }
      return all;
    }
  };
  Box operator()() {
    Box box{pick(0, 400), pick(0, 4), {}, {}};
    for (int d = 0; d != box.rank; ++d)
      box.extent[d] = pick(1, 5), box.stride[d] = pick(0, 3) ? pick(-9, 9) : pick(-60, 60);
    return box;
  }
};

TEST(Footprint, HasEveryWordAndNoOther) {
  RandomBoxes boxes;
  for (int i = 0; i != 2000; ++i) {
    const RandomBoxes::Box box = boxes();
    const std::set<int64_t> words = box.words();
    const Footprint footprint = box.footprint();
    EXPECT_EQ(footprint.low, *words.begin());
    EXPECT_EQ(footprint.high, *words.rbegin());
    std::set<int64_t> found;
    EXPECT_TRUE(footprint.forEachRun([&](int64_t word, int64_t count) {
      for (int64_t k = 0; k != count; ++k)
        found.insert(word + k);
      return true;
    }));
    EXPECT_EQ(found, words);
  }
}

TEST(Footprint, IsOneRunWhereWordsAreNeighbors) {
  // A dense 3 x 4 block, read backwards along one side.
  const int32_t extent[] = {3, 4}, stride[] = {-4, 1};
  int runs = 0;
  Footprint(20, 2, extent, stride).forEachRun([&](int64_t word, int64_t count) {
    EXPECT_EQ(word, 12);
    EXPECT_EQ(count, 12);
    return ++runs;
  });
  EXPECT_EQ(runs, 1);
}

TEST(Footprint, EndsWhenItIsTold) {
  const int32_t extent[] = {5}, stride[] = {2};
  int runs = 0;
  EXPECT_FALSE(Footprint(0, 1, extent, stride).forEachRun([&](int64_t, int64_t) { return ++runs != 2; }));
  EXPECT_EQ(runs, 2);
}

TEST(Footprint, MeetsAnotherIfAWordIsInBoth) {
  RandomBoxes boxes;
  int met = 0;
  for (int i = 0; i != 4000; ++i) {
    const RandomBoxes::Box a = boxes(), b = boxes();
    const std::set<int64_t> words = a.words(), others = b.words();
    const bool both = std::any_of(words.begin(), words.end(), [&](int64_t word) { return others.contains(word); });
    EXPECT_EQ(a.footprint().meets(b.footprint()), both);
    EXPECT_EQ(b.footprint().meets(a.footprint()), both);
    met += both;
  }
  EXPECT_GT(met, 300);
  EXPECT_LT(met, 3700);
}

TEST(WordBits, AreSetClearedAndFound) {
  std::mt19937 random;
  std::vector<uint64_t> bits(4);
  std::vector<bool> plain(256);
  for (int i = 0; i != 5000; ++i) {
    int64_t word = random() % 256, count = random() % (257 - word);
    bool value = random() % 2;
    (value ? setBits : clearBits)(bits.data(), word, count);
    std::fill_n(plain.begin() + word, count, value);
    word = random() % 256, count = random() % (257 - word);
    auto first = [&](bool wanted) {
      auto at = std::find(plain.begin() + word, plain.begin() + word + count, wanted);
      return at == plain.begin() + word + count ? -1 : at - plain.begin();
    };
    ASSERT_EQ(firstClear(bits.data(), word, count), first(false));
    ASSERT_EQ(firstSet(bits.data(), word, count), first(true));
  }
}

} // namespace
