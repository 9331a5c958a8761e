// Programs of scalar instructions run by class, against PE by PE: registers, memory, clocks, time by site, what vector
// instructions are given, and counts.
#include "RandomScalars.h"
#include "ScalarRegion.h"

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;
using namespace wafer::test;

namespace {

class RandomContexts : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomContexts, ComputeWhatCoresCompute) {
  std::mt19937 random(GetParam());
  const uint32_t width = 1 + random() % 12, height = 1 + random() % 7;
  ScalarRegion region([&](Assembler &a) { RandomScalars(a, random, /*uniform=*/false).program(); }, width, height,
                      GetParam());
  for (PlainCore &core : region.cores)
    for (uint32_t &word : core.memory)
      word = random() % 2 ? random() % 5 : random();
  region.stalls = GetParam() % 2;
  region.expectAsPlain();
}

TEST_P(RandomContexts, OfUniformProgramsNeverSplit) {
  std::mt19937 random(GetParam());
  ScalarRegion region([&](Assembler &a) { RandomScalars(a, random, /*uniform=*/true).program(); }, 9, 5, GetParam());
  for (uint32_t i = 0; i != kMemoryBytes / 4; ++i) {
    const uint32_t word = random();
    for (PlainCore &core : region.cores)
      core.memory[i] = word;
  }
  region.expectAsPlain();
  EXPECT_EQ(region.contexts->splits(), 0u);
  for (size_t size : region.sizes)
    EXPECT_EQ(size, 45u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomContexts, ::testing::Range(0u, 300u));

/// if (r1, from both coordinates in r2 and r3) r4 = 3 else r4 = 2; then a vector instruction.
std::function<void(Assembler &)> branchOn(std::function<void(Assembler &)> condition) {
  return [condition](Assembler &a) {
    auto otherwise = a.label(), end = a.label();
    a.coord(2, false), a.coord(3, true);
    a.nest({3}), a.desc(0, 64, {1});
    condition(a);
    a.branch(Opcode::Beq, 1, 0, otherwise);
    a.li(4, 2), a.addi(4, 4, 1);
    a.jmp(end);
    a.bind(otherwise);
    a.li(4, 2);
    a.bind(end);
    a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(4));
    a.halt();
  };
}

/// Parts of a branch, which are one again behind it.
void expectParts(std::function<void(Assembler &)> condition, uint64_t parts) {
  ScalarRegion region(branchOn(condition), 8, 6);
  region.expectAsPlain();
  EXPECT_EQ(region.contexts->splits(), parts - 1);
  EXPECT_EQ(region.contexts->merges(), parts - 1);
  EXPECT_EQ(region.sizes, std::vector<size_t>{48});
}

TEST(Contexts, PartByRoleAndAreOneAgain) {
  expectParts([](Assembler &a) { a.scalar(Opcode::Seqi, 1, 2, 0); }, 2);
  expectParts([](Assembler &a) { a.scalar(Opcode::Andi, 1, 3, 1); }, 2);
}

TEST(Contexts, PartIntoFewProducts) {
  auto both = [](Opcode opcode, int32_t x, int32_t y, Opcode join) {
    return [=](Assembler &a) {
      a.scalar(opcode, 1, 2, x), a.scalar(opcode, 5, 3, y);
      a.scalarReg(join, 1, 1, 5);
    };
  };
  expectParts(both(Opcode::Seqi, 0, 0, Opcode::And), 3);                    // a corner
  expectParts(both(Opcode::Sgti, 2, 1, Opcode::And), 3);                    // a quarter
  expectParts(both(Opcode::Andi, 1, 1, Opcode::Xor), 4);                    // a chess board
  expectParts([](Assembler &a) { a.scalarReg(Opcode::Seq, 1, 2, 3); }, 12); // a diagonal, and what is left of each row
}

TEST(Contexts, AreOneAgainBehindACall) {
  ScalarRegion region(
      [](Assembler &a) {
        auto function = a.label(), early = a.label(), skip = a.label();
        a.coord(2, false);
        a.nest({3}), a.desc(0, 64, {1});
        a.branch(Opcode::Beq, 2, 0, skip); // the first column does not call
        a.call(function);
        a.bind(skip);
        a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(4));
        a.halt();
        a.bind(function);
        a.scalar(Opcode::Slti, 1, 2, 4);
        a.branch(Opcode::Bne, 1, 0, early);
        a.li(4, 9);
        a.ret();
        a.bind(early);
        a.li(4, 5);
        a.ret();
      },
      8, 3);
  region.expectAsPlain();
  EXPECT_EQ(region.sizes, std::vector<size_t>{24});
  EXPECT_EQ(region.contexts->splits(), 2u);
}

TEST(Contexts, OfALoopThatEndsAtDifferentTimesAreOneAgain) {
  ScalarRegion region(
      [](Assembler &a) {
        auto top = a.label(), end = a.label();
        a.coord(2, false);
        a.nest({3}), a.desc(0, 64, {1});
        a.bind(top);
        a.branch(Opcode::Beq, 2, 0, end);
        a.addi(2, 2, -1), a.addi(4, 4, 3);
        a.jmp(top);
        a.bind(end);
        a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(4));
        a.halt();
      },
      8, 3);
  region.expectAsPlain();
  EXPECT_EQ(region.sizes, std::vector<size_t>{24});
  EXPECT_EQ(region.contexts->splits(), 7u);
}

TEST(Contexts, DoNotHoldEachOtherUpWhereTheyMakeNoProduct) {
  // The middle halts in its own branch, what is left of the region is no columns times rows: both parts do the rest.
  ScalarRegion region(
      [](Assembler &a) {
        auto go = a.label();
        a.coord(2, false), a.coord(3, true);
        a.nest({3}), a.desc(0, 64, {1});
        a.scalar(Opcode::Sgti, 1, 2, 1), a.scalar(Opcode::Sgti, 5, 3, 1);
        a.scalarReg(Opcode::And, 1, 1, 5);
        a.branch(Opcode::Beq, 1, 0, go);
        a.halt();
        a.bind(go);
        for (int i = 0; i != 10; ++i)
          a.addi(4, 4, i);
        a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(4));
        a.halt();
      },
      4, 4);
  region.expectAsPlain();
  EXPECT_EQ(region.sizes, (std::vector<size_t>{4, 8}));
}

TEST(Contexts, MarkNestsThatTheyDoNotAgreeOn) {
  ScalarRegion region(
      [](Assembler &a) {
        auto other = a.label(), end = a.label();
        a.coord(2, false);
        a.desc(0, 64, {1});
        a.branch(Opcode::Beq, 2, 0, other);
        a.nest({3, 4});
        a.jmp(end);
        a.bind(other);
        a.nest({3});
        a.bind(end);
        a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(4));
        a.nest({2});
        a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(4));
        a.halt();
      },
      4, 4);
  region.run();
  EXPECT_FALSE(region.error);
  EXPECT_EQ(region.ranks, (std::set<int>{Context::kMixedRank, 1}));
}

//===- Errors -------------------------------------------------------------===//

void expectError(ErrorCode code, const std::function<void(Assembler &)> &write, uint64_t stepLimit = 1 << 20) {
  ScalarRegion region(write, 4, 3);
  region.run(stepLimit);
  EXPECT_EQ(region.error, code);
  EXPECT_TRUE(region.contexts->stopped());
}

TEST(Contexts, FailIfOnePeDoes) {
  expectError(ErrorCode::ProgramDivideByZero, [](Assembler &a) {
    a.coord(2, false), a.coord(3, true);
    a.scalarReg(Opcode::Add, 4, 2, 3);
    a.addi(4, 4, -5); // 0 in a corner
    a.scalarReg(Opcode::Div, 5, 2, 4);
    a.halt();
  });
  expectError(ErrorCode::ProgramTrap, [](Assembler &a) {
    a.coord(2, true);
    a.scalar(Opcode::Sgti, 2, 2, 1);
    a.trap(2, 0);
    a.halt();
  });
}

TEST(Contexts, FailBeyondTheDepthOfCalls) {
  expectError(ErrorCode::ProgramCallDepth, [](Assembler &a) {
    auto again = a.label();
    a.bind(again);
    a.call(again);
    a.halt();
  });
  expectError(ErrorCode::ProgramCallDepth, [](Assembler &a) { a.ret(); });
}

TEST(Contexts, FailBeyondTheLimitOfSteps) {
  auto endless = [](Assembler &a) {
    auto again = a.label();
    a.bind(again);
    a.addi(2, 2, 1);
    a.jmp(again);
  };
  expectError(ErrorCode::ProgramCycleLimit, endless, 1000);
  auto four = [](Assembler &a) {
    for (int i = 0; i != 3; ++i)
      a.addi(2, 2, 1);
    a.halt();
  };
  expectError(ErrorCode::ProgramCycleLimit, four, 3);
  ScalarRegion enough(four, 4, 3);
  enough.run(4);
  EXPECT_FALSE(enough.error);
  auto unequal = [](Assembler &a) { // eight steps where x is not 0, and three
    auto skip = a.label();
    a.coord(2, false);
    a.branch(Opcode::Beq, 2, 0, skip);
    for (int i = 0; i != 5; ++i)
      a.addi(2, 2, 1);
    a.bind(skip);
    a.halt();
  };
  expectError(ErrorCode::ProgramCycleLimit, unequal, 7);
  ScalarRegion merged(unequal, 4, 3);
  merged.run(8);
  EXPECT_FALSE(merged.error);
}

TEST(Contexts, EndWhenTheRunIsNotWanted) {
  ScalarRegion region(
      [](Assembler &a) {
        auto again = a.label();
        a.bind(again);
        a.jmp(again);
      },
      4, 3);
  region.patience = 2;
  region.run();
  EXPECT_TRUE(region.contexts->stopped());
  EXPECT_FALSE(region.error);
  EXPECT_EQ(region.asked, 2);
}

TEST(Contexts, EndWhenTheClientFails) {
  for (Opcode opcode : {Opcode::Ldw, Opcode::Stw}) {
    ScalarRegion region(
        [&](Assembler &a) {
          a.coord(2, false);
          a.scalar(opcode, 3, 2, 0); // not aligned
          a.halt();
        },
        4, 3);
    region.run();
    EXPECT_TRUE(region.contexts->stopped());
    EXPECT_EQ(region.contexts->all().size(), 1u);
  }
}

TEST(Contexts, SayWhetherAnythingWasDone) {
  struct Stalling : ScalarRegion {
    using ScalarRegion::ScalarRegion;
    bool ready = false;
    Issue wait(Context &, uint8_t) override { return ready ? Issue::Done : Issue::Stalls; }
  } region([](Assembler &a) { a.li(2, 1), a.wait(1), a.halt(); }, 2, 2);
  region.contexts->start();
  EXPECT_TRUE(region.contexts->run());
  EXPECT_FALSE(region.contexts->run());
  region.contexts->retry();
  EXPECT_FALSE(region.contexts->run()); // tried in vain
  EXPECT_EQ(region.contexts->instructions(), 4u);
  EXPECT_EQ(region.contexts->all().front()->state, Context::Stalled);
  region.ready = true;
  region.contexts->retry();
  EXPECT_TRUE(region.contexts->run());
  EXPECT_TRUE(region.contexts->all().empty());
  EXPECT_EQ(region.contexts->instructions(), 12u);
}

} // namespace
