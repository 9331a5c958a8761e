// Vector instructions over blocks of eight PEs against those of one PE, by chance: every operation, operands of every
// kind, nests that accumulate, overlap and feed forward, and masks. Both builds of the kernels.
#include "Emulator/Classes/BlockKernels.h"
#include "Emulator/Classes/LaneKernels.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace wafer::emulator;
using namespace wafer::isa;

namespace {

constexpr int kWords = 2048; // of memory, by PE

class Case {
public:
  explicit Case(uint64_t seed) : random(seed) {
    memory.resize(kWords * kLanes);
    for (int k = 0; k != 4; ++k) {
      shared[k].resize(kWords);
      own[k].resize(kWords * kLanes);
    }
  }

  int below(int n) { return random() % n; }
  template <typename T> T oneOf(std::initializer_list<T> list) { return list.begin()[below(list.size())]; }

  uint32_t value() {
    if (style == 0) { // whatever the operation may meet
      switch (below(8)) {
      case 0:
        return oneOf<uint32_t>({0u, 0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00000u, 0xffc12345u, 0x7f812345u, 1u,
                                0x80000001u, 0x7fffffffu, 0xffffffffu});
      case 1:
        return random();
      case 2:
        return below(64) - 32;
      case 3: // large for sin and cos
        return __builtin_bit_cast(uint32_t, static_cast<float>(std::ldexp(below(1 << 20) - (1 << 19), below(40) - 20)));
      }
    }
    if (style == 1)
      return below(100) + 1; // integers that nothing fails on
    return __builtin_bit_cast(uint32_t, static_cast<float>(below(20000) - 10000) / 1024);
  }

  /// A call on a block in `block`, and the same for each PE in `single`; which words are whose is the same.
  void make(VectorOp op, ElementType type) {
    style = below(3);
    uint32_t pool[1021];
    for (uint32_t &word : pool)
      word = value();
    for (auto *words : {&memory, &shared[1], &shared[2], &shared[3], &own[1], &own[2], &own[3]})
      for (size_t i = 0, first = below(1021); i != words->size(); ++i)
        (*words)[i] = pool[(first + i) % 1021];
    block = {};
    block.op = op, block.type = type;
    block.rank = 1 + below(4);
    const int sources = vectorArity(op);
    int64_t n = 1;
    for (int d = 0; d != block.rank; ++d) {
      block.extent[d] = below(3) ? 1 + below(6) : 1 + below(block.rank == 1 ? 150 : 20);
      if (n * block.extent[d] > 240)
        block.extent[d] = 1 + below(2);
      n *= block.extent[d];
    }
    for (int k = 0; k <= sources; ++k)
      operand(k);
    // Often an accumulation.
    if (sources >= 2 && below(2)) {
      const int same = op == VectorOp::Fma || op == VectorOp::FmaChecked ? 3 : 1 + below(sources);
      block.operand[same] = block.operand[0];
      kind[same] = kind[0];
      base[same] = base[0];
    }
    for (int k = 0; k <= sources; ++k)
      place(k);
    block.iotaBase = below(1000) - 500;
  }

  void operand(int k) {
    BlockOperand &to = block.operand[k];
    kind[k] = k == 0 || below(2) ? Memory : oneOf({Constants, Uniform, ByPe, Heard, Columns});
    int64_t low = 0, high = 0;
    // Row-major, sometimes with a gap, a hole, a turn, or a dimension that stands still.
    int32_t stride = 1;
    for (int d = block.rank - 1; d >= 0; --d) {
      to.stride[d] = stride;
      stride *= block.extent[d];
      if (kind[k] == Uniform || kind[k] == ByPe)
        to.stride[d] = 0;
      if (kind[k] != Memory && kind[k] != Constants)
        continue;
      switch (below(8)) {
      case 0:
      case 1:
        to.stride[d] = 0;
        break;
      case 2:
        to.stride[d] = -to.stride[d];
        break;
      case 3:
        to.stride[d] = below(7) - 3;
        break;
      case 4:
        to.stride[d] += 1;
        stride += block.extent[d];
        break;
      }
    }
    int64_t room = 0;
    while (room <= 0) {
      low = high = 0;
      for (int d = 0; d != block.rank; ++d) {
        const int64_t reach = int64_t(to.stride[d]) * (block.extent[d] - 1);
        (reach < 0 ? low : high) += reach;
      }
      room = kWords / 4 - 1 - (high - low);
      for (int d = 0; d != block.rank && room <= 0; ++d)
        to.stride[d] /= 2;
    }
    // Near each other, so that they meet, or apart.
    const int64_t at = below(2) ? below(std::min<int64_t>(room, 8)) : below(room);
    base[k] = at - low + (below(3) ? kWords / 4 * k : 0);
    to.lanes = kind[k] == Memory || kind[k] == ByPe || kind[k] == Columns ? kLanes : 1;
  }

  void place(int k) {
    BlockOperand &to = block.operand[k];
    switch (kind[k]) {
    case Memory:
      to.data = memory.data() + base[k] * kLanes;
      break;
    case Constants:
      to.data = shared[k].data() + base[k];
      break;
    case Uniform:
    case Heard:
      to.data = shared[k].data();
      break;
    case ByPe:
    case Columns:
      to.data = own[k].data();
      break;
    }
  }

  /// Runs the same PE by PE; false if one fails.
  bool expected(uint32_t mask, std::vector<uint32_t> &words) {
    words = memory;
    bool good = true;
    for (int lane = 0; lane != kLanes; ++lane) {
      if (!(mask >> lane & 1))
        continue;
      // One PE's words by themselves.
      auto laneOf = [&](const std::vector<uint32_t> &from) {
        std::vector<uint32_t> to(kWords);
        for (int i = 0; i != kWords; ++i)
          to[i] = from[i * kLanes + lane];
        return to;
      };
      std::vector<uint32_t> mine = laneOf(memory), sources[4];
      KernelCall call{};
      call.op = block.op, call.type = block.type, call.rank = block.rank, call.iotaBase = block.iotaBase;
      std::copy_n(block.extent, 4, call.extent);
      for (int k = 0; k <= int(vectorArity(block.op)); ++k) {
        std::copy_n(block.operand[k].stride, 4, call.operand[k].stride);
        if (kind[k] == Memory) {
          call.operand[k].data = mine.data() + base[k];
        } else {
          sources[k] = block.operand[k].lanes == 1 ? shared[k] : laneOf(own[k]);
          call.operand[k].data = sources[k].data() + (kind[k] == Constants ? base[k] : 0);
        }
      }
      if (block.op == VectorOp::Iota && block.operand[1].data)
        call.iotaBase = block.operand[1].data[lane];
      good &= runKernelBaseline(call) == KernelStatus::Done;
      for (int i = 0; i != kWords; ++i)
        words[i * kLanes + lane] = mine[i];
    }
    return good;
  }

  std::mt19937_64 random;
  enum Kind { Memory, Constants, Uniform, ByPe, Heard, Columns } kind[4];
  int64_t base[4]; // of memory and constants: the word of element 0
  int style = 0;
  BlockCall block;
  std::vector<uint32_t> memory, shared[4], own[4];
};

void compare(BlockRunner run, VectorOp op, ElementType type, int cases) {
  Case test(static_cast<uint64_t>(op) * 2 + static_cast<uint64_t>(type));
  for (int n = 0; n != cases; ++n) {
    test.make(op, type);
    if (op == VectorOp::Iota && n % 2)
      test.block.operand[1].data = nullptr;
    const uint32_t mask = n % 3 ? kAllLanes : 1 + test.below(kAllLanes);
    std::vector<uint32_t> want;
    const bool good = test.expected(mask, want);
    ASSERT_EQ(run(planBlock(test.block), nullptr, mask) == KernelStatus::Done, good)
        << vectorOpInfo(op)->name << " case " << n;
    if (!good)
      continue;
    if (test.memory == want)
      continue;
    for (int i = 0; i != kWords * kLanes; ++i)
      ASSERT_EQ(test.memory[i], want[i]) << vectorOpInfo(op)->name << (type == ElementType::F32 ? " f32" : " i32")
                                         << " case " << n << " word " << i / kLanes << " lane " << i % kLanes;
  }
}

void compareAll(BlockRunner run, int cases) {
  for (const VectorOpInfo &info : kVectorOps)
    for (ElementType type : {ElementType::F32, ElementType::I32})
      if (isDefinedOn(info.op, type)) {
        const bool common = info.op == VectorOp::Fma || info.op == VectorOp::Add || info.op == VectorOp::Max;
        compare(run, info.op, type, common ? 8 * cases : cases);
        if (testing::Test::HasFatalFailure())
          return;
      }
}

/// dst[i] += weights[i][k] * heard[k], 12 x 5, in a block at `data`.
BlockCall productAt(uint32_t *data, uint32_t *heard) {
  BlockCall call{};
  call.op = VectorOp::Fma, call.type = ElementType::I32, call.rank = 2;
  call.extent[0] = 12, call.extent[1] = 5;
  call.operand[0] = call.operand[3] = {data, {1, 0}, kLanes};
  call.operand[1] = {data + 12 * kLanes, {5, 1}, kLanes};
  call.operand[2] = {heard, {0, 1}, 1};
  return call;
}

TEST(BlockKernels, RunAPlanInOtherBlocks) {
  constexpr int kBlock = 100 * kLanes;
  std::vector<uint32_t> blocks(3 * kBlock), heard = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  for (size_t i = 0; i != blocks.size(); ++i)
    blocks[i] = i;
  std::vector<uint32_t> want = blocks;
  for (int b = 0; b != 3; ++b)
    EXPECT_EQ(selectBlockKernels()(productAt(want.data() + b * kBlock, heard.data() + b), kAllLanes),
              KernelStatus::Done);
  const BlockPlan plan = planBlock(productAt(blocks.data(), heard.data()));
  EXPECT_EQ(plan.kind, BlockPlan::Product);
  for (int b = 0; b != 3; ++b) {
    uint32_t *data = blocks.data() + b * kBlock, *const where[] = {data, data + 12 * kLanes, heard.data() + b, data};
    EXPECT_EQ(selectBlockRunner()(plan, where, kAllLanes), KernelStatus::Done);
  }
  EXPECT_EQ(blocks, want);
  EXPECT_EQ(blocks[kLanes],
            kLanes + 1 * (17 * kLanes) + 2 * (18 * kLanes) + 3 * (19 * kLanes) + 4 * (20 * kLanes) + 5 * (21 * kLanes));
}

TEST(BlockKernels, DropResultsWithoutADestination) {
  uint32_t zeros[kLanes] = {};
  BlockCall call{};
  call.op = VectorOp::Div, call.type = ElementType::I32, call.rank = 1, call.extent[0] = 3;
  call.operand[1] = call.operand[2] = {zeros, {0}, 1};
  EXPECT_EQ(selectBlockKernels()(call, kAllLanes), KernelStatus::Done);
}

TEST(BlockKernels, LookOnlyAtLanesThatTakePart) {
  uint32_t words[3 * kLanes] = {};
  std::fill_n(words + kLanes, kLanes, 7);
  words[2 * kLanes + 2] = 3;
  BlockCall call{};
  call.op = VectorOp::Div, call.type = ElementType::I32, call.rank = 1, call.extent[0] = 1;
  for (int k = 0; k != 3; ++k)
    call.operand[k].data = words + k * kLanes;
  EXPECT_TRUE(planBlock(call).traps);
  EXPECT_EQ(selectBlockKernels()(call, kAllLanes), KernelStatus::DivideByZero);
  std::fill_n(words, kLanes, 9);
  EXPECT_EQ(selectBlockKernels()(call, 1 << 2), KernelStatus::Done);
  EXPECT_EQ(words[2], 2u);
  EXPECT_EQ(words[1], 9u);
  call.op = VectorOp::MulChecked;
  words[2 * kLanes + 5] = 0x7fffffff;
  EXPECT_EQ(selectBlockKernels()(call, 1 << 2), KernelStatus::Done);
  EXPECT_EQ(selectBlockKernels()(call, 1 << 5), KernelStatus::Overflow);
}

TEST(BlockKernels, CopyWhatAWindowReceives) {
  for (BlockCopy copy : {copyToBlockBaseline, selectBlockCopy()}) {
    std::vector<uint32_t> block(20 * kLanes), heard = {10, 11, 12, 13}, columns(4 * kLanes);
    for (size_t i = 0; i != columns.size(); ++i)
      columns[i] = 100 + i;
    copy(block.data() + 2 * kLanes, 3 * kLanes, heard.data(), 1, 1, 4, kAllLanes);
    for (int k = 0; k != 4; ++k)
      for (int lane = 0; lane != kLanes; ++lane)
        EXPECT_EQ(block[(2 + 3 * k) * kLanes + lane], 10u + k);
    copy(block.data() + 2 * kLanes, 3 * kLanes, columns.data(), kLanes, kLanes, 4, 0x81);
    for (int k = 0; k != 4; ++k)
      for (int lane = 0; lane != kLanes; ++lane)
        EXPECT_EQ(block[(2 + 3 * k) * kLanes + lane], lane % 7 == 0 ? uint32_t(100 + k * kLanes + lane) : 10u + k);
  }
}

TEST(LaneKernels, RunOnOnePeOfABlock) {
  std::vector<uint32_t> block(40 * kLanes), train = {1, 2, 3, 4, 5, 6};
  for (int i = 0; i != 6; ++i)
    block[(4 + i) * kLanes + 3] = train[i];
  // word(20 + 2 i) = train[i] + word(4 + i) for PE 3; the first dimension has one element and a wild stride.
  KernelCall call{};
  call.op = VectorOp::Add, call.type = ElementType::I32, call.rank = 2;
  call.extent[0] = 1, call.extent[1] = 6;
  call.operand[0].stride[0] = 1 << 30, call.operand[0].stride[1] = 2;
  call.operand[1].stride[1] = call.operand[2].stride[1] = 1;
  call.operand[1].data = train.data();
  ASSERT_TRUE(moveToLane(call, 0, block.data() + 20 * kLanes + 3));
  ASSERT_TRUE(moveToLane(call, 2, block.data() + 4 * kLanes + 3));
  EXPECT_EQ(selectKernels()(call), KernelStatus::Done);
  std::vector<uint32_t> back(6);
  for (int i = 0; i != 6; ++i)
    back[i] = block[(20 + 2 * i) * kLanes + 3];
  EXPECT_EQ(back, (std::vector<uint32_t>{2, 4, 6, 8, 10, 12}));
  call.extent[0] = 2;
  call.operand[0].stride[0] = 1 << 28;
  EXPECT_FALSE(moveToLane(call, 0, block.data()));
}

TEST(BlockKernels, ComputeWhatEachPeComputes) { compareAll(runPlanBaseline, 30); }

TEST(BlockKernels, AreTheSameOnThisHost) { compareAll(selectBlockRunner(), 60); }

} // namespace
