// Cycles of collectives against the closed forms of "Near-Optimal Wafer-Scale Reduce" (HPDC'24, arXiv 2404.15888),
// which are within 4 % of the real WSE-2; docs/timing.md has the whole table.
#include "../../published/Collectives.h"
#include "../../published/Products.h"
#include "TestProgram.h"

using namespace wafer;
using namespace wafer::published;
using namespace wafer::test;

namespace {
/// The network of WSE-2.
const Profile &network() {
  static const Profile profile = [] {
    Result<Profile> wse2 = Profile::load("wse2");
    EXPECT_TRUE(wse2);
    return networkOf(*wse2);
  }();
  return profile;
}

double cyclesOf(TestProgram &p, uint64_t seed = 0) {
  Result<double> cycles = streamCycles(p, seed);
  EXPECT_TRUE(cycles) << cycles.error().str();
  return cycles ? *cycles : -1;
}
double exactlyOf(TestProgram &p) {
  Result<double> cycles = exactCycles(p);
  EXPECT_TRUE(cycles) << cycles.error().str();
  return cycles ? *cycles : -1;
}
double cyclesOf(const Program &p, uint64_t seed = 0) { return cyclesOf(*p, seed); }
double exactlyOf(const Program &p) { return exactlyOf(*p); }
} // namespace

TEST(Timing, BroadcastAlongALine) {
  for (auto [pes, b] : {std::pair{4, 64}, {64, 64}, {512, 64}, {512, 256}, {512, 4096}, {64, 1}})
    EXPECT_NEAR(cyclesOf(broadcast(network(), pes, b)) / broadcastFormula(pes, b), 1, 0.04) << pes << " " << b;
  EXPECT_NEAR(exactlyOf(broadcast(network(), 64, 64)) / broadcastFormula(64, 64), 1, 0.04);
}

TEST(Timing, ChainReduce) {
  for (auto [pes, b] : {std::pair{4, 64}, {64, 64}, {512, 64}, {512, 256}, {512, 4096}, {512, 1}})
    EXPECT_NEAR(cyclesOf(chain(network(), pes, b, true)) / chainFormula(pes, b), 1, 0.04) << pes << " " << b;
  EXPECT_NEAR(exactlyOf(chain(network(), 64, 64, true)) / chainFormula(64, 64), 1, 0.04);
}

TEST(Timing, StarReduce) {
  // Every block carries one wavelet more, which hands on the turn.
  for (auto [pes, b] : {std::pair{4, 64}, {64, 64}, {64, 256}, {256, 64}})
    EXPECT_NEAR(cyclesOf(star(network(), pes, b, true)) / starFormula(pes, b), 1, 0.04) << pes << " " << b;
  EXPECT_NEAR(exactlyOf(star(network(), 16, 64, true)) / starFormula(16, 64), 1, 0.04);
}

TEST(Timing, TwoPhaseReduce) {
  for (auto [pes, b] : {std::pair{64, 1}, {64, 64}, {512, 1}, {512, 64}, {512, 256}})
    for (const std::vector<int> &groups : {equalGroups(pes), gradedGroups(pes)})
      EXPECT_NEAR(cyclesOf(twoPhase(network(), groups, b, true)) / twoPhaseFormula(groups, b), 1, 0.04)
          << pes << " " << b << " " << groups[0];
}

TEST(Timing, MulticastOnWse3) {
  // Measured on silicon: docs/timing.md.
  Result<Profile> wse3 = Profile::load("wse3");
  ASSERT_TRUE(wse3);
  for (auto [receivers, bytes, cycles] : {std::array{1, 1024, 309}, {1, 2048, 597}, {512, 64, 1060}, {512, 2048, 1618}})
    EXPECT_NEAR(cyclesOf(broadcast(*wse3, receivers + 1, bytes / 4)) / cycles, 1, 0.04) << receivers << " " << bytes;
}

TEST(Timing, ProductOnWse3) {
  // Where tiles are large a step takes the fmas, and the words of the next tiles, which threads take and send on the
  // same data path; where they are small, its instructions.
  Result<Profile> wse3 = Profile::load("wse3");
  ASSERT_TRUE(wse3);
  auto step = [&](const Tile &tile) {
    return (cyclesOf(computeShift(*wse3, 6, tile, 8, true)) - cyclesOf(computeShift(*wse3, 6, tile, 4, true))) / 4;
  };
  const double products = 16 * 16 * 16, words = 2 * (16 * 16 + 16 * 16);
  EXPECT_NEAR(step({16, 16, 16}) / (wse3->vectorFma.perElement * products + wse3->vectorMove.perElement * words), 1,
              0.02);
  EXPECT_GT(step({1, 1, 1}), 4 * wse3->vectorMove.setup + wse3->vectorFma.setup);
  // The tiles' shape counts by their products and their words alone.
  EXPECT_EQ(step({2, 3, 8}), step({8, 3, 2}));
}

TEST(Timing, ChainAndCastAtOnceTakeTwoBlocks) {
  // Both go through a core's ramp and data path. How much of the way there and back is hidden: docs/timing.md.
  for (auto [pes, b, within] : {std::tuple{16, 256, 0.05}, {64, 4096, 0.01}, {128, 4096, 0.02}, {420, 4096, 0.04}}) {
    const double cycles = cyclesOf(chainThenBroadcast(network(), pes, b));
    EXPECT_NEAR(cycles / (chainFormula(pes, b) + broadcastFormula(pes, b)), 1, within) << pes << " " << b;
    EXPECT_EQ(cyclesOf(chainThenBroadcast(network(), pes, b), /*seed=*/7), cycles);
  }
}

TEST(Timing, ACoreThatHearsItselfPassesOnAtHalfTheRate) {
  // Each word comes down its ramp twice.
  for (bool hears : {false, true}) {
    TestProgram p(3, 1, network());
    p.route(1, 2, 0, 1, 1, {{R, W}});
    p.route(1, 1, 0, 1, 1, {{E, R}});
    p.route(2, 1, 0, 1, 1, {{R, hears ? W | R : W}});
    p.route(2, 0, 0, 1, 1, {{E, R}});
    p.region("from", 2, 0, 1, 1, [](Assembler &a) {
      a.nest({1000});
      a.vec(VectorOp::Mov, I32, fabric(1), reg(0));
      a.halt();
    });
    p.region("relay", 1, 0, 1, 1, [&](Assembler &a) {
      a.nest({1000});
      a.vec(VectorOp::Mov, I32, fabric(2), fabric(1), none(), none(), 1);
      if (hears)
        a.vec(VectorOp::Mov, I32, none(), fabric(2));
      a.halt();
    });
    p.region("to", 0, 0, 1, 1, [](Assembler &a) {
      a.nest({1000});
      a.vec(VectorOp::Mov, I32, none(), fabric(2));
      a.halt();
    });
    EXPECT_NEAR(cyclesOf(p), hears ? 2000 : 1000, 20);
    EXPECT_NEAR(cyclesOf(p), exactlyOf(p), 8);
  }
}

TEST(Timing, AThreadTakesTurnsWithItsCore) {
  // 100 words leave while the core computes 200 elements: every other cycle is the core's, which ends 100 cycles later.
  TestProgram p(2, 1, network());
  p.route(1, 0, 0, 1, 1, {{R, E}});
  p.route(1, 1, 0, 1, 1, {{W, R}});
  p.region("sender", 0, 0, 1, 1, [](Assembler &a) {
    a.nest({100});
    a.vec(VectorOp::Mov, I32, fabric(1), reg(0), none(), none(), 1);
    a.nest({200});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Iota, I32, desc(0), desc(0));
    a.wait(1);
    a.halt();
  });
  p.region("receiver", 1, 0, 1, 1, [](Assembler &a) {
    a.nest({100});
    a.vec(VectorOp::Mov, I32, none(), fabric(1));
    a.halt();
  });
  EXPECT_NEAR(cyclesOf(p), 300, 2);
  EXPECT_NEAR(cyclesOf(p), exactlyOf(p), 2);
  EXPECT_NEAR(p.emulator->stats().regions[1].cycles, 200, 10);
}

TEST(Timing, NothingIsFasterThanTheNetwork) {
  // A word of the farthest PE makes one hop a cycle.
  for (int pes : {4, 16, 64}) {
    EXPECT_GE(cyclesOf(broadcast(network(), pes, 1)), pes - 1);
    EXPECT_GE(cyclesOf(chain(network(), pes, 1)), pes - 1);
    EXPECT_GE(cyclesOf(star(network(), pes, 1)), pes - 1);
  }
}

TEST(Timing, CyclesDoNotDependOnTheSchedule) {
  const auto &groups = gradedGroups(20);
  for (uint64_t seed = 1; seed != 6; ++seed) {
    EXPECT_EQ(cyclesOf(broadcast(network(), 64, 50), seed), cyclesOf(broadcast(network(), 64, 50)));
    EXPECT_EQ(cyclesOf(chain(network(), 64, 50), seed), cyclesOf(chain(network(), 64, 50)));
    EXPECT_EQ(cyclesOf(star(network(), 20, 50), seed), cyclesOf(star(network(), 20, 50)));
    EXPECT_EQ(cyclesOf(twoPhase(network(), groups, 50), seed), cyclesOf(twoPhase(network(), groups, 50)));
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

TEST(Timing, ALateReceiverFindsWhatThePathHolds) {
  // The sender has a word each four cycles, the receiver takes one each cycle, but counts to 300 first: all but the
  // path's buffers set out after that.
  Profile profile = network();
  profile.vectorMove = {0, 4};
  profile.scalarOp = profile.branch = 1;
  TestProgram p(2, 1, profile);
  p.route(1, 0, 0, 1, 1, {{R, E}});
  p.route(1, 1, 0, 1, 1, {{W, R}});
  p.region("sender", 0, 0, 1, 1, [](Assembler &a) {
    a.nest({100});
    a.vec(VectorOp::Mov, I32, fabric(1), reg(0));
    a.halt();
  });
  p.region("receiver", 1, 0, 1, 1, [](Assembler &a) {
    auto loop = a.label();
    a.li(3, 300);
    a.bind(loop);
    a.addi(2, 2, 1);
    a.branch(Opcode::Blt, 2, 3, loop);
    a.nest({100});
    a.vec(VectorOp::Add, I32, none(), fabric(1), reg(0));
    a.halt();
  });
  const double late = cyclesOf(p);
  EXPECT_GT(late, 600 + 4 * 85);
  EXPECT_NEAR(late, exactlyOf(p), 8);
}

TEST(Timing, DeeperBuffersNeverCostCycles) {
  double before = 1e30;
  for (int depth : {1, 2, 4, 8, 16, 64}) {
    auto p = chain(network(), 32, 50);
    p->profile.linkBufferWavelets = p->profile.inputQueueWavelets = p->profile.outputQueueWavelets = depth;
    double cycles = cyclesOf(p);
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
