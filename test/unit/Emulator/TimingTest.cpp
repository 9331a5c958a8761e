// Cycles of collectives against the closed forms of "Near-Optimal Wafer-Scale Reduce" (HPDC'24, arXiv 2404.15888),
// which are within 4 % of the real WSE-2. With T_R = 2, one cycle a hop and a wavelet, and no cost to issue an
// instruction:
//   broadcast B + P + 2 T_R, chain reduce B + (2 T_R + 2)(P - 1), star reduce B (P - 1) + 2 T_R + 1.
#include "TestProgram.h"

using namespace wafer;
using namespace wafer::test;

namespace {
Profile freeCores(int width) {
  Profile p = testProfile(width, 1);
  p.vectorMove = p.vectorArith = p.vectorFma = {0, 1};
  p.scalarOp = p.scalarMemory = p.branch = 0;
  // Enough buffering for a hop's round trip, as the machine has.
  p.linkBufferWavelets = 4, p.inputQueueWavelets = 4, p.outputQueueWavelets = 4;
  return p;
}

constexpr double kRamp = 2;

double cyclesOf(TestProgram &p, uint64_t seed = 0) {
  EXPECT_TRUE(succeeded(p.run({}, schedule(seed))));
  return p.emulator->stats().cycles;
}

void block(Assembler &a, int b) {
  a.nest({b});
  a.desc(0, kData, {1});
  a.vec(VectorOp::Mov, F32, desc(0), reg(0));
}

std::unique_ptr<TestProgram> broadcast(int pes, int b) {
  auto p = std::make_unique<TestProgram>(pes, 1, freeCores(pes));
  p->route(1, 0, 0, 1, 1, {{R, E}});
  p->route(1, 1, 0, pes - 2, 1, {{W, E | R}});
  p->route(1, pes - 1, 0, 1, 1, {{W, R}});
  p->region("r", 0, 0, pes, 1, [&](Assembler &a) {
    auto head = a.label(), end = a.label();
    a.coord(2, false);
    a.nest({b});
    a.branch(Opcode::Beq, 2, 0, head);
    a.vec(VectorOp::Mov, F32, none(), fabric(1));
    a.jmp(end);
    a.bind(head);
    a.vec(VectorOp::Mov, F32, fabric(1), reg(0));
    a.bind(end);
    a.halt();
  });
  return p;
}

std::unique_ptr<TestProgram> chain(int pes, int b) {
  auto p = std::make_unique<TestProgram>(pes, 1, freeCores(pes));
  for (int x = 0; x + 1 < pes; ++x) {
    p->route(1 + x % 2, x + 1, 0, 1, 1, {{R, W}});
    p->route(1 + x % 2, x, 0, 1, 1, {{E, R}});
  }
  p->region("r", 0, 0, pes, 1, [&](Assembler &a) {
    auto head = a.label(), last = a.label(), odd = a.label(), end = a.label();
    block(a, b);
    a.coord(2, false);
    a.li(3, pes - 1);
    a.branch(Opcode::Beq, 2, 0, head);
    a.branch(Opcode::Beq, 2, 3, last);
    a.scalar(Opcode::Andi, 4, 2, 1);
    a.branch(Opcode::Bne, 4, 0, odd);
    a.vec(VectorOp::Add, F32, fabric(2), fabric(1), desc(0));
    a.jmp(end);
    a.bind(odd);
    a.vec(VectorOp::Add, F32, fabric(1), fabric(2), desc(0));
    a.jmp(end);
    a.bind(head);
    a.vec(VectorOp::Add, F32, desc(0), desc(0), fabric(1));
    a.jmp(end);
    a.bind(last);
    a.vec(VectorOp::Mov, F32, fabric(1 + (pes - 2) % 2), desc(0));
    a.bind(end);
    a.halt();
  });
  return p;
}

std::unique_ptr<TestProgram> star(int pes, int b) {
  auto p = std::make_unique<TestProgram>(pes, 1, freeCores(pes));
  p->route(4, 0, 0, 1, 1, {{E, R}});
  p->route(4, 1, 0, pes - 2, 1, {{R, W}, {E, W}});
  p->route(4, pes - 1, 0, 1, 1, {{R, W}});
  p->region("r", 0, 0, pes, 1, [&](Assembler &a) {
    auto head = a.label(), last = a.label(), loop = a.label(), end = a.label();
    block(a, b);
    a.coord(2, false);
    a.li(3, pes - 1);
    a.branch(Opcode::Beq, 2, 0, head);
    a.branch(Opcode::Beq, 2, 3, last);
    a.vec(VectorOp::Mov, F32, fabric(4), desc(0), none(), none(), 0, Control::Advance);
    a.jmp(end);
    a.bind(last);
    a.vec(VectorOp::Mov, F32, fabric(4), desc(0), none(), none(), 0, Control::Reset);
    a.jmp(end);
    a.bind(head);
    a.bind(loop);
    a.nest({b});
    a.vec(VectorOp::Add, F32, desc(0), desc(0), fabric(4));
    a.nest({1});
    a.vec(VectorOp::Mov, F32, none(), fabric(4));
    a.addi(5, 5, 1);
    a.branch(Opcode::Blt, 5, 3, loop);
    a.bind(end);
    a.halt();
  });
  return p;
}
} // namespace

TEST(Timing, BroadcastAlongALine) {
  for (auto [pes, b] : {std::pair{4, 64}, {64, 64}, {512, 64}, {512, 256}, {512, 4096}, {64, 1}})
    EXPECT_NEAR(cyclesOf(*broadcast(pes, b)) / (b + pes + 2 * kRamp), 1, 0.04) << pes << " " << b;
}

TEST(Timing, ChainReduce) {
  for (auto [pes, b] : {std::pair{4, 64}, {64, 64}, {512, 64}, {512, 256}, {512, 4096}, {512, 1}}) {
    // Each PE's own block is ready after b cycles.
    double cycles = cyclesOf(*chain(pes, b)) - b;
    EXPECT_NEAR(cycles / (b + (2 * kRamp + 2) * (pes - 1)), 1, 0.04) << pes << " " << b;
  }
}

TEST(Timing, StarReduce) {
  // Every block carries one wavelet more, which hands on the turn.
  for (auto [pes, b] : {std::pair{4, 64}, {64, 64}, {64, 256}, {256, 64}}) {
    double cycles = cyclesOf(*star(pes, b)) - b;
    EXPECT_NEAR(cycles / (b * (pes - 1) + 2 * kRamp + 1), 1, 0.04) << pes << " " << b;
  }
}

TEST(Timing, NothingIsFasterThanTheNetwork) {
  // A word of the farthest PE makes one hop a cycle.
  for (int pes : {4, 16, 64}) {
    EXPECT_GE(cyclesOf(*broadcast(pes, 1)), pes - 1);
    EXPECT_GE(cyclesOf(*chain(pes, 1)), pes - 1);
    EXPECT_GE(cyclesOf(*star(pes, 1)), pes - 1);
  }
}

TEST(Timing, CyclesDoNotDependOnTheSchedule) {
  for (uint64_t seed = 1; seed != 6; ++seed) {
    EXPECT_EQ(cyclesOf(*broadcast(64, 50), seed), cyclesOf(*broadcast(64, 50)));
    EXPECT_EQ(cyclesOf(*chain(64, 50), seed), cyclesOf(*chain(64, 50)));
    EXPECT_EQ(cyclesOf(*star(20, 50), seed), cyclesOf(*star(20, 50)));
  }
}

TEST(Timing, ASlowReceiverHoldsItsSenderBack) {
  // The receiver counts to 1000 first: the sender's instruction ends when all but the path's buffers has been taken.
  TestProgram p(2, 1);
  p.route(1, 0, 0, 1, 1, {{R, E}});
  p.route(1, 1, 0, 1, 1, {{W, R}});
  p.region("sender", 0, 0, 1, 1, [](Assembler &a) {
    a.nest({100});
    a.vec(VectorOp::Mov, I32, fabric(1), reg(0));
    a.halt();
  });
  p.region("receiver", 1, 0, 1, 1, [](Assembler &a) {
    auto loop = a.label();
    a.li(3, 1000);
    a.bind(loop);
    a.addi(2, 2, 1);
    a.branch(Opcode::Blt, 2, 3, loop);
    a.nest({100});
    a.vec(VectorOp::Mov, I32, none(), fabric(1));
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run()));
  const RunStats &stats = p.emulator->stats();
  EXPECT_GT(stats.regions[1].cycles, 3000);
  EXPECT_NEAR(stats.regions[0].cycles, stats.regions[1].cycles, 20);
  EXPECT_LT(stats.regions[0].cycles, stats.regions[1].cycles);
}

TEST(Timing, DeeperBuffersNeverCostCycles) {
  double before = 1e30;
  for (int depth : {1, 2, 4, 8, 16, 64}) {
    auto p = chain(32, 50);
    p->profile.linkBufferWavelets = p->profile.inputQueueWavelets = p->profile.outputQueueWavelets = depth;
    double cycles = cyclesOf(*p);
    EXPECT_LE(cycles, before) << depth;
    before = cycles;
  }
}

TEST(Timing, ATranslatedRectangleTakesTheSameCycles) {
  double cycles[2];
  for (int x : {0, 3}) {
    TestProgram p(8, 1);
    p.gatherX(4, x, 0, 5, 1);
    p.region("r", x, 0, 5, 1, [](Assembler &a) {
      auto head = a.label(), last = a.label(), end = a.label();
      a.coord(2, false);
      a.li(3, 4);
      a.nest({7});
      a.branch(Opcode::Beq, 2, 3, last);
      a.vec(VectorOp::Mov, I32, fabric(4), reg(2), none(), none(), 1, Control::Advance);
      a.branch(Opcode::Beq, 2, 0, head);
      a.jmp(end);
      a.bind(last);
      a.vec(VectorOp::Mov, I32, fabric(4), reg(2), none(), none(), 1, Control::Reset);
      a.jmp(end);
      a.bind(head);
      a.nest({40});
      a.vec(VectorOp::Mov, I32, none(), fabric(4));
      a.bind(end);
      a.wait(1);
      a.halt();
    });
    ASSERT_TRUE(succeeded(p.run()));
    cycles[x != 0] = p.emulator->stats().cycles;
  }
  EXPECT_EQ(cycles[0], cycles[1]);
}
