#include "Emulator/Memory.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace wafer;
using namespace wafer::emulator;

namespace {

/// Two cores with 16 bytes of code and constants, and data from byte 32 to byte 128, of which 40 to 48 and 64 to 72
/// are weights.
class Memory : public testing::Test {
protected:
  Memory() {
    region.readOnlyBytes = 16;
    region.dataBegin = 32;
    region.dataEnd = 128;
    region.declaredBegin = 32;
    region.declaredEnd = 128;
    region.weightRanges = {{40, 48}, {64, 72}};
    std::iota(code.begin(), code.end(), 1);
    EXPECT_TRUE(memory.open(region, 2, code));
    const uint32_t weights[] = {5, 6, 7, 8};
    for (uint32_t core : {0, 1}) {
      memory.load(core, 10, weights, 2, 1);
      memory.load(core, 16, weights + 2, 2, 1);
    }
  }

  std::string read(uint32_t core, int64_t word, int count = 1) {
    const int32_t stride = 1;
    bool readOnly;
    Status status = memory.checkRead(core, Footprint(word, 1, &count, &stride), readOnly);
    return status ? readOnly ? "constants" : "data" : codeString(status.error().code);
  }
  std::string write(int64_t word, int count = 1) {
    const int32_t stride = 1;
    Status status = memory.checkWrite(Footprint(word, 1, &count, &stride));
    return status ? "data" : codeString(status.error().code);
  }

  VerifiedRegion region;
  std::array<uint8_t, 16> code;
  RegionMemory memory;
};

TEST_F(Memory, HasBounds) {
  memory.markWritten(0, Footprint(8));
  memory.markWritten(0, Footprint(31));
  EXPECT_EQ(read(0, 0, 4), "constants");
  EXPECT_EQ(read(0, 8), "data");
  EXPECT_EQ(read(0, 31), "data");
  for (auto [word, count] : {std::pair(-1, 1), {-1, 3}, {3, 2}, {4, 4}, {7, 2}, {31, 2}, {32, 1}})
    EXPECT_EQ(read(0, word, count), "WF7001") << word;
  EXPECT_EQ(write(8, 2), "data");
  EXPECT_EQ(write(31), "data");
  for (auto [word, count] : {std::pair(-1, 1), {4, 4}, {7, 2}, {31, 2}, {32, 1}})
    EXPECT_EQ(write(word, count), "WF7001") << word;
}

TEST_F(Memory, KeepsCodeConstantsAndWeights) {
  EXPECT_EQ(write(0), "WF7002");
  EXPECT_EQ(write(3, 2), "WF7002");
  EXPECT_EQ(write(9, 2), "WF7002");
  EXPECT_EQ(write(11), "WF7002");
  EXPECT_EQ(write(12, 4), "data");
  EXPECT_EQ(write(17), "WF7002");
  // Around a weight, but not through it.
  const int32_t extent[] = {2}, across[] = {6};
  EXPECT_TRUE(memory.checkWrite(Footprint(9, 1, extent, across)));
}

TEST_F(Memory, KnowsWhatWasWrittenByCore) {
  EXPECT_EQ(read(0, 10, 2), "data");
  EXPECT_EQ(read(0, 12), "WF7003");
  memory.markWritten(0, Footprint(12));
  EXPECT_EQ(read(0, 10, 3), "data");
  EXPECT_EQ(read(1, 12), "WF7003");
  bool readOnly;
  const int32_t extent = 3, stride = 1;
  EXPECT_NE(memory.checkRead(0, Footprint(11, 1, &extent, &stride), readOnly).error().message.find("byte 52"),
            std::string::npos);
  memory.forget();
  EXPECT_EQ(read(0, 12), "WF7003");
  EXPECT_EQ(read(0, 10, 2), "data");
  EXPECT_EQ(read(0, 16, 2), "data");
}

TEST_F(Memory, FindsWords) {
  EXPECT_EQ(*memory.at(0, 40, false), 5u);
  EXPECT_EQ(memory.at(1, 64, false)[1], 8u);
  EXPECT_EQ(*memory.at(1, 4, true), 0x08070605u);
  *memory.at(0, 32, false) = 9;
  EXPECT_EQ(*memory.at(1, 32, false), 0u);
  // A base outside, of a footprint that goes backwards from the last word.
  EXPECT_EQ(memory.at(0, 128, false) - 32 + 8, memory.at(0, 32, false));
}

TEST_F(Memory, IsMovedWhole) {
  RegionMemory other = std::move(memory);
  EXPECT_EQ(*other.at(0, 44, false), 6u);
}

TEST(AsyncAccesses, KeepWritersAwayAndReadersFromWhatIsWritten) {
  AsyncAccesses accesses;
  accesses.add(2, /*write=*/false, Footprint(20));
  accesses.add(3, /*write=*/true, Footprint(30));
  EXPECT_TRUE(accesses.check(Footprint(20), false));
  EXPECT_TRUE(accesses.check(Footprint(21), true));
  EXPECT_EQ(accesses.check(Footprint(20), true).error().message,
            "writes memory that the instruction on thread 2 reads");
  EXPECT_EQ(accesses.check(Footprint(30), false).error().message,
            "reads memory that the instruction on thread 3 writes");
  accesses.release(3);
  EXPECT_TRUE(accesses.check(Footprint(30), true));
  EXPECT_FALSE(accesses.check(Footprint(20), true));
}

TEST_F(Memory, GrowsBeyondWhatIsDeclared) {
  region.declaredBegin = 36, region.declaredEnd = 76;
  RegionMemory small;
  ASSERT_TRUE(small.open(region, 2, code));
  const uint32_t weights[] = {5, 6, 7, 8};
  small.load(1, 10, weights, 2, 1);
  small.load(1, 16, weights + 2, 2, 1);
  small.markWritten(1, Footprint(9));
  *small.at(1, 36, false) = 99;
  EXPECT_TRUE(small.holds(Footprint(9)));
  EXPECT_FALSE(small.holds(Footprint(8)));
  EXPECT_FALSE(small.holds(Footprint(19)));
  // Where there is no room nothing was written; the first such word is named.
  const int32_t count = 3, stride = 1;
  bool readOnly;
  for (bool grown : {false, true}) {
    for (auto [word, first] : {std::pair(8, 32), {17, 72}, {18, 72}, {20, 80}}) {
      Status status = small.checkRead(1, Footprint(word, 1, &count, &stride), readOnly);
      ASSERT_FALSE(status) << word;
      EXPECT_EQ(status.error().code, ErrorCode::ProgramUninitialised);
      EXPECT_NE(status.error().message.find("byte " + std::to_string(first) + ","), std::string::npos)
          << status.error().message;
    }
    EXPECT_TRUE(small.checkRead(1, Footprint(9, 1, &count, &stride), readOnly));
    const uint32_t *word = small.at(1, 36, false);
    EXPECT_EQ(*word, 99u);
    EXPECT_EQ(small.addressOf(1, word), 36u);
    for (int i = 0; i != 2; ++i) {
      EXPECT_EQ(small.at(1, 40, false)[i], weights[i]);
      EXPECT_EQ(small.at(1, 64, false)[i], weights[2 + i]);
    }
    if (!grown)
      ASSERT_TRUE(small.grow());
  }
  EXPECT_TRUE(small.holds(Footprint(8)));
  EXPECT_TRUE(small.holds(Footprint(31)));
  small.forget();
  EXPECT_FALSE(small.checkRead(1, Footprint(9), readOnly));
  EXPECT_TRUE(small.checkRead(1, Footprint(17), readOnly));
}

} // namespace
