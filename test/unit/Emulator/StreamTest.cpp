// Programs on a few PEs: the functional sets that simulators of this kind are tried on first.
#include "TestProgram.h"

using namespace wafer;
using namespace wafer::test;

namespace {
constexpr unsigned kIn = 10, kOut = 11;

/// The host's x enters at (0, 0) from the west on kIn, y leaves at (outX, outY) through `side` on kOut.
void hostPorts(TestProgram &p, int in, int out, int outX, int outY, unsigned side, image::DataType type = image::F32) {
  p.route(kIn, 0, 0, 1, 1, {{W, R}}, "x");
  p.host(false, "x", type, {{in, in}}, 0, 0, 1, W, kIn);
  p.route(kOut, outX, outY, 1, 1, {{R, side}}, "y");
  p.host(true, "y", type, {{out, out}}, outX, outY, 1, side, kOut);
}

void receive(Assembler &a, unsigned color, int n, uint32_t address = kData, unsigned thread = 0) {
  a.nest({n});
  a.desc(15, address, {1});
  a.vec(VectorOp::Mov, F32, desc(15), fabric(color), none(), none(), thread);
}
void send(Assembler &a, unsigned color, int n, uint32_t address = kData, unsigned thread = 0,
          Control control = Control::None) {
  a.nest({n});
  a.desc(15, address, {1});
  a.vec(VectorOp::Mov, F32, fabric(color), desc(15), none(), none(), thread, control);
}
} // namespace

TEST(Stream, OnePeDoublesWhatTheHostSends) {
  TestProgram p(1, 1);
  hostPorts(p, 5, 5, 0, 0, E);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    receive(a, kIn, 5);
    a.desc(0, kData, {1});
    a.vec(VectorOp::Add, F32, desc(0), desc(0), desc(0));
    a.vec(VectorOp::Mov, F32, fabric(kOut), desc(0));
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run({{"x", floats({1, 2, 3, 4, -5})}})));
  EXPECT_EQ(p.output<float>("y"), (std::vector<float>{2, 4, 6, 8, -10}));
  EXPECT_GT(p.emulator->stats().cycles, 10);
  // Again on the same emulator.
  ASSERT_TRUE(succeeded(p.emulator->setInput("x", floats({0, 1, 0, 1, 0}))));
  ASSERT_TRUE(succeeded(p.emulator->run({})));
  EXPECT_EQ(p.output<float>("y"), (std::vector<float>{0, 2, 0, 2, 0}));
}

TEST(Stream, TensorsFollowOneAnotherThroughAPort) {
  TestProgram p(1, 1);
  hostPorts(p, 2, 4, 0, 0, E);
  p.host(false, "x2", image::F32, {{3, 3}}, 0, 0, 1, W, kIn);
  p.host(true, "y2", image::F32, {{1, 1}}, 0, 0, 1, E, kOut);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    receive(a, kIn, 5); // x, then x2
    send(a, kOut, 5);
    a.halt();
  });
  for (float first : {1.0f, 6.0f}) {
    ASSERT_TRUE(succeeded(p.run({{"x2", floats({3, 4, 5})}, {"x", floats({first, 2})}})));
    EXPECT_EQ(p.output<float>("y"), (std::vector<float>{first, 2, 3, 4}));
    EXPECT_EQ(p.output<float>("y2"), (std::vector<float>{5}));
  }
}

TEST(Stream, MemoryThatNoBufferIsDeclaredInIsThereAllTheSame) {
  // The image declares where x is received. While an instruction on a thread waits for x there, the core writes all
  // over its memory; at the end both are read.
  TestProgram p(1, 1);
  hostPorts(p, 5, 10, 0, 0, E);
  image::Region &region = p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    receive(a, kIn, 1);
    receive(a, kIn, 4, kData + 4, 1);
    a.li(2, 7);
    a.nest({5});
    for (int step : {-200, 2000}) {
      a.desc(0, kData - 4, {step});
      a.vec(VectorOp::CvtI32F32, F32, desc(0), reg(2));
    }
    a.wait(1);
    send(a, kOut, 5);
    a.nest({5});
    a.vec(VectorOp::Mov, F32, fabric(kOut), desc(0));
    a.halt();
  });
  image::Buffer &buffer = *region.add_buffers();
  buffer.set_name("x"), buffer.set_kind("value");
  buffer.set_address(kData), buffer.set_size(20);
  for (int run = 0; run != 2; ++run) {
    if (run == 0)
      ASSERT_TRUE(succeeded(p.run({{"x", floats({1, 2, 3, 4, 5})}})));
    else
      ASSERT_TRUE(succeeded(p.emulator->run({})));
    EXPECT_EQ(p.output<float>("y"), (std::vector<float>{1, 2, 3, 4, 5, 7, 7, 7, 7, 7}));
  }
}

TEST(Stream, PingsInFourDirections) {
  struct Case {
    unsigned toSide;
    int w, h, fromX, fromY, toX, toY;
  };
  for (Case c :
       {Case{E, 2, 1, 0, 0, 1, 0}, Case{W, 2, 1, 1, 0, 0, 0}, Case{S, 1, 2, 0, 0, 0, 1}, Case{N, 1, 2, 0, 1, 0, 0}}) {
    TestProgram p(c.w, c.h);
    p.route(1, c.fromX, c.fromY, 1, 1, {{R, c.toSide}});
    p.route(1, c.toX, c.toY, 1, 1, {{unsigned(oppositePort(c.toSide)), R}});
    unsigned outSide = c.w == 2 ? N : W;
    p.route(kOut, c.toX, c.toY, 1, 1, {{R, outSide}});
    p.host(true, "y", image::I32, {{3, 3}}, c.toX, c.toY, 1, outSide, kOut);
    p.region("from", c.fromX, c.fromY, 1, 1, [](Assembler &a) {
      a.nest({3});
      a.desc(0, 40, {2}); // 10, 12, 14
      a.desc(1, kData, {1});
      a.vec(VectorOp::Iota, I32, desc(1), desc(0));
      a.vec(VectorOp::Mov, I32, fabric(1), desc(1));
      a.halt();
    });
    p.region("to", c.toX, c.toY, 1, 1, [](Assembler &a) {
      receive(a, 1, 3);
      send(a, kOut, 3);
      a.halt();
    });
    ASSERT_TRUE(succeeded(p.run()));
    EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{10, 12, 14}));
  }
}

TEST(Stream, TwoStreamsShareALinkAndKeepApart) {
  TestProgram p(2, 1);
  for (unsigned color : {1u, 2u}) {
    p.route(color, 0, 0, 1, 1, {{R, E}});
    p.route(color, 1, 0, 1, 1, {{W, R}});
  }
  hostPorts(p, 4, 4, 1, 0, E);
  p.region("from", 0, 0, 1, 1, [](Assembler &a) {
    receive(a, kIn, 4);
    send(a, 1, 2, kData, 1);
    send(a, 2, 2, kData + 8, 2);
    a.wait(1);
    a.wait(2);
    a.halt();
  });
  p.region("to", 1, 0, 1, 1, [](Assembler &a) {
    receive(a, 2, 2, kData); // the later one first: colors do not block one another
    receive(a, 1, 2, kData + 8);
    send(a, kOut, 4);
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run({{"x", floats({1, 2, 3, 4})}})));
  EXPECT_EQ(p.output<float>("y"), (std::vector<float>{3, 4, 1, 2}));
}

TEST(Stream, ChainsOfThreeAndFourRelayWithArithmetic) {
  for (int w : {3, 4}) {
    TestProgram p(w, 1);
    hostPorts(p, 40, 40, w - 1, 0, E);
    // Even colors into odd PEs, odd ones into even PEs.
    for (int x = 0; x + 1 < w; ++x) {
      p.route(x % 2, x, 0, 1, 1, {{R, E}});
      p.route(x % 2, x + 1, 0, 1, 1, {{W, R}});
    }
    for (int x = 0; x != w; ++x)
      p.region("pe" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
        a.nest({40});
        a.li(5, 0x3f800000);
        unsigned in = x == 0 ? kIn : (x - 1) % 2, out = x == w - 1 ? kOut : x % 2;
        a.vec(VectorOp::Add, F32, fabric(out), fabric(in), reg(5));
        a.halt();
      });
    std::vector<float> x(40), y(40);
    for (int i = 0; i != 40; ++i)
      x[i] = i, y[i] = i + w;
    ASSERT_TRUE(succeeded(p.run({{"x", floats(x)}})));
    EXPECT_EQ(p.output<float>("y"), y);
  }
}

TEST(Stream, FanInFromThreeSources) {
  TestProgram p(2, 3);
  // Three PEs of column 0, one color each, into (1, 1).
  p.route(1, 0, 0, 1, 1, {{R, E}});
  p.route(1, 1, 0, 1, 1, {{W, S}});
  p.route(1, 1, 1, 1, 1, {{N, R}});
  p.route(2, 0, 1, 1, 1, {{R, E}});
  p.route(2, 1, 1, 1, 1, {{W, R}});
  p.route(3, 0, 2, 1, 1, {{R, E}});
  p.route(3, 1, 2, 1, 1, {{W, N}});
  p.route(3, 1, 1, 1, 1, {{S, R}});
  p.route(kOut, 1, 1, 1, 1, {{R, E}});
  p.host(true, "y", image::I32, {{1, 1}}, 1, 1, 1, E, kOut);
  p.region("sources", 0, 0, 1, 3, [](Assembler &a) {
    a.coord(2, true);
    a.addi(3, 2, 100);
    a.nest({1});
    auto one = a.label(), two = a.label(), end = a.label();
    a.li(4, 1);
    a.branch(Opcode::Beq, 2, 4, one);
    a.branch(Opcode::Blt, 4, 2, two);
    a.vec(VectorOp::Mov, I32, fabric(1), reg(3));
    a.jmp(end);
    a.bind(one);
    a.vec(VectorOp::Mov, I32, fabric(2), reg(3));
    a.jmp(end);
    a.bind(two);
    a.vec(VectorOp::Mov, I32, fabric(3), reg(3));
    a.bind(end);
    a.halt();
  });
  p.region("sink", 1, 1, 1, 1, [](Assembler &a) {
    a.nest({1});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Add, I32, desc(0), fabric(1), fabric(2));
    a.vec(VectorOp::Add, I32, desc(0), desc(0), fabric(3));
    a.vec(VectorOp::Mov, I32, fabric(kOut), desc(0));
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run()));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{303}));
}

TEST(Stream, ScanFeedsForwardInOneInstruction) {
  TestProgram p(1, 1);
  hostPorts(p, 8, 8, 0, 0, E, image::I32);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    receive(a, kIn, 8);
    a.nest({7});
    a.desc(0, kData + 4, {1});
    a.desc(1, kData, {1});
    a.vec(VectorOp::Add, I32, desc(0), desc(1), desc(0));
    send(a, kOut, 8);
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run({{"x", ints({2, -1, 3, 4, 5, -2, 0, 1})}})));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{2, 1, 4, 8, 13, 11, 11, 12}));
}

// keep >= 5 of eight numbers, three slots a PE: 5,5,9 | 7 and no more. What does not fit goes on to the next PE, whose
// last word says how many came.
TEST(Stream, FilterPassesDataDependentCounts) {
  constexpr int kPes = 4, kSlots = 3;
  TestProgram p(kPes, 1);
  p.route(kIn, 0, 0, 1, 1, {{W, R}}, "x");
  p.host(false, "x", image::I32, {{8, 8}}, 0, 0, 1, W, kIn);
  for (int x = 0; x + 1 < kPes; ++x) {
    p.route(x % 2, x, 0, 1, 1, {{R, E}});
    p.route(x % 2, x + 1, 0, 1, 1, {{W, R}});
  }
  p.route(kOut, 0, 0, kPes, 1, {{R, N}}, "y");
  image::HostStream &y = p.host(true, "y", image::I32, {{kPes, 1, 0, 1}, {kSlots, kSlots}}, 0, 0, kPes, N, kOut);
  y.mutable_lanes(0)->set_dx(1);
  y.mutable_lanes(0)->set_dy(0);
  for (int x = 0; x != kPes; ++x)
    p.region("pe" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
      const unsigned in = x == 0 ? kIn : (x - 1) % 2;
      a.nest({1});
      a.desc(0, kData - 4, {1});
      if (x == 0) {
        a.li(2, 8);
      } else {
        a.vec(VectorOp::Mov, I32, desc(0), fabric(in)); // how many come
        a.scalar(Opcode::Ldw, 2, 0, kData - 4);
      }
      // r2 numbers in; the first three that pass stay at kData, the rest from there on.
      a.li(7, kData);
      a.nest({kSlots});
      a.desc(1, kData, {1});
      a.li(8, -1);
      a.vec(VectorOp::Mov, I32, desc(1), reg(8));
      a.nest({1});
      auto loop = a.label(), skip = a.label(), end = a.label();
      a.bind(loop);
      a.branch(Opcode::Bge, 3, 2, end);
      a.vec(VectorOp::Mov, I32, desc(0), fabric(in));
      a.scalar(Opcode::Ldw, 5, 0, kData - 4);
      a.addi(3, 3, 1);
      a.li(6, 5);
      a.branch(Opcode::Blt, 5, 6, skip);
      a.scalar(Opcode::Stw, 5, 7, 0);
      a.addi(7, 7, 4);
      a.bind(skip);
      a.jmp(loop);
      a.bind(end);
      a.addi(7, 7, -int(kData) - 4 * kSlots); // bytes that overflow
      a.scalar(Opcode::Shri, 7, 7, 2);
      a.scalar(Opcode::Maxi, 7, 7, 0);
      if (x + 1 < kPes) {
        a.vec(VectorOp::Mov, I32, fabric(x % 2), reg(7));
        const Operand sizes[] = {Operand::reg(7)};
        a.nest(sizes);
        a.desc(2, kData + 4 * kSlots, {1});
        a.vec(VectorOp::Mov, I32, fabric(x % 2), desc(2));
      }
      a.nest({kSlots});
      a.vec(VectorOp::Mov, I32, fabric(kOut), desc(1));
      a.halt();
    });
  ASSERT_TRUE(succeeded(p.run({{"x", ints({2, -1, 5, 5, -4, 9, 0, 7})}})));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{5, 5, 9, 7, -1, -1, -1, -1, -1, -1, -1, -1}));
}

TEST(Stream, BranchesOnTheParityOfACoordinate) {
  TestProgram p(4, 1);
  p.route(kOut, 0, 0, 4, 1, {{R, N}}, "y");
  image::HostStream &y = p.host(true, "y", image::I32, {{4, 1, 0, 1}}, 0, 0, 4, N, kOut);
  y.mutable_lanes(0)->set_dx(1);
  y.mutable_lanes(0)->set_dy(0);
  p.region("r", 0, 0, 4, 1, [](Assembler &a) {
    a.coord(2, false);
    a.scalar(Opcode::Andi, 3, 2, 1);
    auto odd = a.label(), end = a.label();
    a.nest({1});
    a.branch(Opcode::Bne, 3, 0, odd);
    a.scalar(Opcode::Muli, 4, 2, 10);
    a.jmp(end);
    a.bind(odd);
    a.scalar(Opcode::Rsbi, 4, 2, 0);
    a.bind(end);
    a.vec(VectorOp::Mov, I32, fabric(kOut), reg(4));
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run()));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{0, -1, 20, -3}));
}

// The scan again over four PEs, two numbers each: what a PE hands on is its last sum.
TEST(Stream, ScanCarriesItsSumAlongALine) {
  constexpr int kPes = 4, kBlock = 2;
  TestProgram p(kPes, 1);
  p.route(kIn, 0, 0, kPes, 1, {{N, R}}, "x");
  p.route(kOut, 0, 0, kPes, 1, {{R, S}}, "y");
  const std::vector<TestProgram::Dim> blocks = {{kPes * kBlock, kBlock, 0, kBlock}};
  for (image::HostStream *stream : {&p.host(false, "x", image::I32, blocks, 0, 0, kPes, N, kIn),
                                    &p.host(true, "y", image::I32, blocks, 0, 0, kPes, S, kOut)}) {
    stream->mutable_lanes(0)->set_dx(1);
    stream->mutable_lanes(0)->set_dy(0);
  }
  for (int x = 0; x + 1 < kPes; ++x) {
    p.route(x % 2, x, 0, 1, 1, {{R, E}});
    p.route(x % 2, x + 1, 0, 1, 1, {{W, R}});
  }
  for (int x = 0; x != kPes; ++x)
    p.region("pe" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
      receive(a, kIn, kBlock);
      a.nest({1});
      a.desc(0, kData - 4, {1});
      a.vec(VectorOp::Mov, I32, desc(0), x == 0 ? reg(0) : fabric((x - 1) % 2)); // the sum so far
      a.nest({kBlock});
      a.desc(1, kData, {1});
      a.desc(2, kData - 4, {1});
      a.vec(VectorOp::Add, I32, desc(1), desc(1), desc(2));
      if (x + 1 != kPes)
        send(a, x % 2, 1, kData + 4 * (kBlock - 1));
      send(a, kOut, kBlock);
      a.halt();
    });
  ASSERT_TRUE(succeeded(p.run({{"x", ints({2, -1, 3, 4, 5, -2, 0, 1})}})));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{2, 1, 4, 8, 13, 11, 11, 12}));
}

//===- Streams that meet --------------------------------------------------===//
//
// On other machines two flows through one arbiter deadlock when their receiver wants the one that came second. Here a
// color has buffers of its own at every router: trains far longer than these must pass one another in any order.

namespace {
constexpr int kLong = 300;

/// Words first, first + 1... at kData.
void count(Assembler &a, int first, int n) {
  a.nest({n});
  a.desc(0, 4 * first, {1});
  a.desc(1, kData, {1});
  a.vec(VectorOp::Iota, I32, desc(1), desc(0));
}

std::vector<int32_t> counted(std::vector<int> firsts) {
  std::vector<int32_t> values;
  for (int first : firsts)
    for (int i = 0; i != kLong; ++i)
      values.push_back(first + i);
  return values;
}
} // namespace

TEST(Stream, TrainsThatShareALinkAreReadInEitherOrder) {
  // PEs 0 and 1 both send to PE 3; the links behind PE 1 carry both trains.
  for (bool farFirst : {false, true}) {
    TestProgram p(4, 1);
    p.route(1, 0, 0, 1, 1, {{R, E}}, "far");
    p.route(1, 1, 0, 2, 1, {{W, E}}, "far");
    p.route(1, 3, 0, 1, 1, {{W, R}}, "far");
    p.route(2, 1, 0, 1, 1, {{R, E}}, "near");
    p.route(2, 2, 0, 1, 1, {{W, E}}, "near");
    p.route(2, 3, 0, 1, 1, {{W, R}}, "near");
    p.route(kOut, 3, 0, 1, 1, {{R, E}}, "y");
    p.host(true, "y", image::I32, {{2 * kLong, 2 * kLong}}, 3, 0, 1, E, kOut);
    for (int x : {0, 1})
      p.region("sender" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
        count(a, 1000 * (x + 1), kLong);
        send(a, 1 + x, kLong);
        a.halt();
      });
    p.region("receiver", 3, 0, 1, 1, [&](Assembler &a) {
      receive(a, farFirst ? 1 : 2, kLong, kData);
      receive(a, farFirst ? 2 : 1, kLong, kData + 4 * kLong);
      send(a, kOut, 2 * kLong);
      a.halt();
    });
    for (uint64_t seed = 0; seed != 6; ++seed) {
      ASSERT_TRUE(succeeded(p.run({}, schedule(seed, seed % 2 ? Timing::Off : Timing::Stream)))) << farFirst << seed;
      EXPECT_EQ(p.output<int32_t>("y"), counted(farFirst ? std::vector{1000, 2000} : std::vector{2000, 1000}));
    }
  }
}

TEST(Stream, TrainsThatCrossAtARouterAreSentInEitherOrder) {
  // Four PEs round a router send to the one opposite. In each pair one speaks first, the other answers; with `both`,
  // all speak at once, from a thread each.
  enum Mode { First, Second, Both };
  for (Mode mode : {First, Second, Both}) {
    TestProgram p(3, 3);
    struct Corner {
      int x, y;
      unsigned inward;
      int opposite;
    };
    const Corner corners[4] = {{1, 0, S, 2}, {2, 1, W, 3}, {1, 2, N, 0}, {0, 1, E, 1}};
    for (int i = 0; i != 4; ++i) {
      const Corner &from = corners[i], &to = corners[from.opposite];
      std::string name = "from" + std::to_string(i);
      p.route(i, from.x, from.y, 1, 1, {{R, from.inward}}, name);
      p.route(i, 1, 1, 1, 1, {{unsigned(oppositePort(from.inward)), from.inward}}, name);
      p.route(i, to.x, to.y, 1, 1, {{unsigned(oppositePort(from.inward)), R}}, name);
      unsigned outward = oppositePort(from.inward);
      p.route(kOut, from.x, from.y, 1, 1, {{R, outward}}, "y");
      p.host(true, "y" + std::to_string(i), image::I32, {{kLong, kLong}}, from.x, from.y, 1, outward, kOut);
      p.region("corner" + std::to_string(i), from.x, from.y, 1, 1, [&](Assembler &a) {
        const uint32_t heard = kData + 4 * kLong;
        count(a, 1000 * (i + 1), kLong);
        bool speaksFirst = mode == Both || (i < 2) == (mode == First);
        if (speaksFirst)
          send(a, i, kLong, kData, mode == Both);
        receive(a, from.opposite, kLong, heard);
        if (!speaksFirst)
          send(a, i, kLong);
        a.wait(1);
        send(a, kOut, kLong, heard);
        a.halt();
      });
    }
    for (uint64_t seed = 0; seed != 6; ++seed) {
      ASSERT_TRUE(succeeded(p.run({}, schedule(seed, seed % 2 ? Timing::Off : Timing::Stream)))) << mode << seed;
      for (int i = 0; i != 4; ++i)
        EXPECT_EQ(p.output<int32_t>("y" + std::to_string(i)), counted({1000 * (corners[i].opposite + 1)}));
    }
  }
}

// Two instructions in flight on one thread, or on one queue, corrupt each other on the real machine. Here the second
// waits for the first.
TEST(Stream, InstructionsOnOneThreadOrOneQueueKeepTheirOrder) {
  struct Case {
    unsigned colors[2], threads[2];
  };
  for (Case c : {Case{{1, 2}, {1, 1}}, Case{{1, 1}, {1, 2}}, Case{{1, 1}, {1, 1}}}) {
    TestProgram p(2, 1);
    for (unsigned color : {1u, 2u}) {
      p.route(color, 0, 0, 1, 1, {{R, E}});
      p.route(color, 1, 0, 1, 1, {{W, R}});
    }
    p.route(kOut, 1, 0, 1, 1, {{R, E}}, "y");
    p.host(true, "y", image::I32, {{2 * kLong, 2 * kLong}}, 1, 0, 1, E, kOut);
    p.region("from", 0, 0, 1, 1, [&](Assembler &a) {
      count(a, 1000, 2 * kLong);
      send(a, c.colors[0], kLong, kData, c.threads[0]);
      send(a, c.colors[1], kLong, kData + 4 * kLong, c.threads[1]);
      a.wait(1);
      a.wait(2);
      a.halt();
    });
    p.region("to", 1, 0, 1, 1, [&](Assembler &a) {
      receive(a, c.colors[0], kLong, kData, c.threads[0]);
      receive(a, c.colors[1], kLong, kData + 4 * kLong, c.threads[1]);
      a.wait(1);
      a.wait(2);
      send(a, kOut, 2 * kLong);
      a.halt();
    });
    for (uint64_t seed = 0; seed != 6; ++seed) {
      ASSERT_TRUE(succeeded(p.run({}, schedule(seed, seed % 2 ? Timing::Off : Timing::Stream))));
      EXPECT_EQ(p.output<int32_t>("y"), counted({1000, 1000 + kLong}));
    }
  }
}

//===- Control wavelets ---------------------------------------------------===//

TEST(Control, MovesEverySwitchThatItPasses) {
  // PE 3 speaks to whom the switches say: first to PE 2, then past it to PE 1, then past both to PE 0, then from the
  // start again. Each train's control word arrives as a zero.
  TestProgram p(4, 1);
  const unsigned color = 4;
  p.route(color, 3, 0, 1, 1, {{R, W}});
  p.route(color, 1, 0, 2, 1, {{E, R}, {E, W}});
  p.route(color, 0, 0, 1, 1, {{E, R}});
  p.route(kOut, 0, 0, 3, 1, {{R, N}}, "y");
  const int heard[3] = {3, 2, 3};
  for (int x = 0; x != 3; ++x) {
    p.host(true, "y" + std::to_string(x), image::I32, {{heard[x], heard[x]}}, x, 0, 1, N, kOut);
    p.region("pe" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
      receive(a, color, heard[x]);
      send(a, kOut, heard[x]);
      a.halt();
    });
  }
  p.region("speaker", 3, 0, 1, 1, [&](Assembler &a) {
    count(a, 7, 5);
    send(a, color, 1, kData, 0, Control::Advance);
    send(a, color, 1, kData + 4, 0, Control::Advance);
    send(a, color, 2, kData + 8, 0, Control::Reset);
    send(a, color, 1, kData + 16);
    a.halt();
  });
  for (uint64_t seed = 0; seed != 6; ++seed) {
    ASSERT_TRUE(succeeded(p.run({}, schedule(seed))));
    EXPECT_EQ(p.output<int32_t>("y2"), (std::vector<int32_t>{7, 0, 11}));
    EXPECT_EQ(p.output<int32_t>("y1"), (std::vector<int32_t>{8, 0}));
    EXPECT_EQ(p.output<int32_t>("y0"), (std::vector<int32_t>{9, 10, 0}));
  }
}

TEST(Control, KeepsWordsForReceiversBeyondAClosedSwitch) {
  // PE 0 speaks to PE 1 and PE 2, whose switch listens to PE 3 first; PE 3 speaks when PE 1 has read all that there is.
  TestProgram p(4, 1);
  const unsigned color = 4, done = 5;
  p.route(color, 0, 0, 1, 1, {{R, E}});
  p.route(color, 1, 0, 1, 1, {{W, R | E}});
  p.route(color, 2, 0, 1, 1, {{E, R}, {W, R}});
  p.route(color, 3, 0, 1, 1, {{R, W}});
  p.route(done, 1, 0, 1, 1, {{R, E}}, "done");
  p.route(done, 2, 0, 1, 1, {{W, E}}, "done");
  p.route(done, 3, 0, 1, 1, {{W, R}}, "done");
  p.route(kOut, 1, 0, 2, 1, {{R, N}}, "y");
  p.host(true, "y1", image::I32, {{2, 2}}, 1, 0, 1, N, kOut);
  p.host(true, "y2", image::I32, {{4, 4}}, 2, 0, 1, N, kOut);
  p.region("speaker", 0, 0, 1, 1, [&](Assembler &a) {
    count(a, 7, 2);
    send(a, color, 2);
    a.halt();
  });
  p.region("near", 1, 0, 1, 1, [&](Assembler &a) {
    receive(a, color, 2);
    send(a, done, 1);
    send(a, kOut, 2);
    a.halt();
  });
  p.region("far", 2, 0, 1, 1, [&](Assembler &a) {
    receive(a, color, 4);
    send(a, kOut, 4);
    a.halt();
  });
  p.region("opener", 3, 0, 1, 1, [&](Assembler &a) {
    receive(a, done, 1);
    send(a, color, 1, kData, 0, Control::Advance);
    a.halt();
  });
  for (uint64_t seed = 0; seed != 6; ++seed) {
    ASSERT_TRUE(succeeded(p.run({}, schedule(seed))));
    EXPECT_EQ(p.output<int32_t>("y1"), (std::vector<int32_t>{7, 8}));
    EXPECT_EQ(p.output<int32_t>("y2"), (std::vector<int32_t>{7, 0, 7, 8}));
  }
}

TEST(Control, PassesRoutersWithoutASwitch) {
  // PE 1's router has one position and stays as it is: the turn goes from PE 0 to PE 2 and back.
  TestProgram p(3, 1);
  const unsigned color = 4;
  p.route(color, 0, 0, 1, 1, {{R, R}, {E, R}});
  p.route(color, 1, 0, 1, 1, {{E, W}});
  p.route(color, 2, 0, 1, 1, {{R, W}});
  p.route(kOut, 0, 0, 1, 1, {{R, N}}, "y");
  p.host(true, "y", image::I32, {{8, 8}}, 0, 0, 1, N, kOut);
  for (int x : {0, 2})
    p.region("pe" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
      for (int turn : {0, 1}) {
        count(a, 10 * (x + 1) + turn, 1);
        // The last one of a round gives the turn back; after it the line must be as it was.
        send(a, color, 1, kData, x == 0, x == 0 ? Control::Advance : Control::Reset);
        if (x == 0)
          receive(a, color, 4, kData + 100 + 16 * turn);
        a.wait(1);
      }
      if (x == 0)
        send(a, kOut, 8, kData + 100);
      a.halt();
    });
  ASSERT_TRUE(succeeded(p.run()));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{10, 0, 30, 0, 11, 0, 31, 0}));
}

//===- Passes over switched lines -----------------------------------------===//

namespace {
constexpr unsigned kGather = 4, kBcast = 5;

/// One pass: every PE of a line sends `block` words, (its number + 1) * 100 + i; every PE receives all. The head
/// relays.
void pass(Assembler &a, bool vertical, int line, int block, int repeat) {
  const uint32_t mine = kData, all = kData + 4 * block;
  a.coord(20, vertical);
  a.addi(21, 20, 1);
  a.scalar(Opcode::Muli, 21, 21, 400); // bytes: iota divides by 4
  for (int k = 0; k != repeat; ++k) {
    a.nest({block});
    a.desc(0, Assembler::Base::reg(21), {1});
    a.desc(1, mine, {1});
    a.vec(VectorOp::Iota, I32, desc(1), desc(0));
    auto last = a.label(), sent = a.label();
    a.li(22, line - 1);
    a.branch(Opcode::Beq, 20, 22, last);
    a.vec(VectorOp::Mov, I32, fabric(kGather), desc(1), none(), none(), 1, Control::Advance);
    a.jmp(sent);
    a.bind(last);
    a.vec(VectorOp::Mov, I32, fabric(kGather), desc(1), none(), none(), 1, Control::Reset);
    a.bind(sent);
    for (int i = 0; i != line; ++i) {
      auto notHead = a.label(), received = a.label();
      a.branch(Opcode::Bne, 20, 0, notHead);
      a.nest({block});
      a.vec(VectorOp::Mov, I32, fabric(kBcast), fabric(kGather), none(), none(), 2);
      a.bind(notHead);
      a.nest({block});
      a.desc(2, all + 4 * block * i, {1});
      a.vec(VectorOp::Mov, I32, desc(2), fabric(kBcast));
      a.branch(Opcode::Bne, 20, 0, received);
      a.nest({1});
      a.vec(VectorOp::Mov, I32, none(), fabric(kGather)); // the control word
      a.bind(received);
    }
    a.wait(1);
    a.wait(2);
    a.addi(21, 21, 4);
  }
}

struct PassCase {
  bool vertical;
  int line, block, repeat;
};

std::unique_ptr<TestProgram> passProgram(PassCase c) {
  int w = c.vertical ? 2 : c.line, h = c.vertical ? c.line : 2;
  auto p = std::make_unique<TestProgram>(w, h);
  c.vertical ? p->gatherY(kGather, 0, 0, w, h) : p->gatherX(kGather, 0, 0, w, h);
  c.vertical ? p->bcastY(kBcast, 0, 0, w, h) : p->bcastX(kBcast, 0, 0, w, h);
  // The last PE of each line tells the host what it received.
  int n = c.line * c.block, x = c.vertical ? 0 : w - 1, y = c.vertical ? h - 1 : 0;
  unsigned side = c.vertical ? S : E;
  p->route(kOut, x, y, c.vertical ? w : 1, c.vertical ? 1 : h, {{R, side}}, "y");
  image::HostStream &out = p->host(true, "y", image::I32, {{2, 1, 0, 1}, {n, n}}, x, y, 2, side, kOut);
  out.mutable_lanes(0)->set_dx(c.vertical);
  out.mutable_lanes(0)->set_dy(!c.vertical);
  p->region("line", 0, 0, w, h, [&](Assembler &a) {
    pass(a, c.vertical, c.line, c.block, c.repeat);
    auto end = a.label();
    a.li(22, c.line - 1);
    a.branch(Opcode::Bne, 20, 22, end);
    a.nest({c.line * c.block});
    a.desc(3, kData + 4 * c.block, {1});
    a.vec(VectorOp::Mov, I32, fabric(kOut), desc(3));
    a.bind(end);
    a.halt();
  });
  return p;
}

std::vector<int32_t> passResult(PassCase c) {
  std::vector<int32_t> values;
  for (int lane = 0; lane != 2; ++lane)
    for (int i = 0; i != c.line; ++i)
      for (int k = 0; k != c.block; ++k)
        values.push_back((i + 1) * 100 + c.repeat - 1 + k);
  return values;
}
} // namespace

TEST(Pass, GatherAndBroadcastOnLinesOfManyLengths) {
  for (bool vertical : {false, true})
    for (int line : {1, 2, 3, 5, 9})
      for (int block : {1, 3, 64})
        for (int repeat : {1, 3}) {
          PassCase c{vertical, line, block, repeat};
          auto p = passProgram(c);
          ASSERT_TRUE(succeeded(p->run())) << vertical << " " << line << " " << block << " " << repeat;
          EXPECT_EQ(p->output<int32_t>("y"), passResult(c));
        }
}

TEST(Pass, NeitherBitsNorCyclesDependOnTheSchedule) {
  for (PassCase c : {PassCase{false, 5, 64, 2}, PassCase{true, 9, 3, 3}, PassCase{false, 2, 1, 1}}) {
    auto p = passProgram(c);
    ASSERT_TRUE(succeeded(p->run()));
    double cycles = p->emulator->stats().cycles;
    EXPECT_GT(cycles, 0);
    for (uint64_t seed = 1; seed != 40; ++seed) {
      ASSERT_TRUE(succeeded(p->emulator->run(schedule(seed)))) << seed;
      EXPECT_EQ(p->output<int32_t>("y"), passResult(c));
      EXPECT_EQ(p->emulator->stats().cycles, cycles) << seed;
    }
    ASSERT_TRUE(succeeded(p->emulator->run(schedule(7, Timing::Off))));
    EXPECT_EQ(p->output<int32_t>("y"), passResult(c));
  }
}

TEST(Pass, FarRowsStillSendWhenTheNextRoundBegins) {
  // Three rounds over the full height of a wafer, the senders as fast as they can: PE 0's next block meets switches
  // that the last PE's RESET has not reached. Wrong at full height only, where routes are set up anew instead.
  constexpr int kLine = 994, kRounds = 3;
  TestProgram p(1, kLine, testProfile(1, kLine));
  p.gatherY(kGather, 0, 0, 1, kLine);
  p.route(kOut, 0, 0, 1, 1, {{R, W}}, "y");
  p.host(true, "y", image::I32, {{kRounds * 2 * kLine, kRounds * 2 * kLine}}, 0, 0, 1, W, kOut);
  p.region("line", 0, 0, 1, kLine, [](Assembler &a) {
    auto last = a.label(), head = a.label(), end = a.label();
    a.coord(2, true);
    a.li(3, kLine - 1);
    a.nest({1});
    a.branch(Opcode::Beq, 2, 0, head);
    a.branch(Opcode::Beq, 2, 3, last);
    for (int round = 0; round != kRounds; ++round)
      a.vec(VectorOp::Mov, I32, fabric(kGather), reg(2), none(), none(), 0, Control::Advance);
    a.jmp(end);
    a.bind(last);
    for (int round = 0; round != kRounds; ++round)
      a.vec(VectorOp::Mov, I32, fabric(kGather), reg(2), none(), none(), 0, Control::Reset);
    a.jmp(end);
    a.bind(head);
    for (int round = 0; round != kRounds; ++round) {
      a.nest({1});
      a.vec(VectorOp::Mov, I32, fabric(kGather), reg(2), none(), none(), 1, Control::Advance);
      a.nest({2 * kLine}); // each PE's number and its control word
      a.vec(VectorOp::Mov, I32, fabric(kOut), fabric(kGather));
    }
    a.wait(1);
    a.bind(end);
    a.halt();
  });
  std::vector<int32_t> expected;
  for (int i = 0; i != kRounds * kLine; ++i) {
    expected.push_back(i % kLine);
    expected.push_back(0);
  }
  for (uint64_t seed = 0; seed != 2; ++seed) {
    ASSERT_TRUE(succeeded(p.run({}, schedule(seed)))) << seed;
    EXPECT_EQ(p.output<int32_t>("y"), expected) << seed;
  }
}

TEST(Pass, ABarrierAcrossAWideRowIsLeftToTheRouters) {
  // Every PE hands on the turn with no data, the head counts control words and tells all. Relayed by cores, a row of
  // the wafer took 35,000 cycles.
  Profile profile = *Profile::load("wse2");
  const int line = profile.meshWidth;
  TestProgram p(line, 1, profile);
  p.gatherX(0, 0, 0, line, 1);
  p.bcastX(1, 0, 0, line, 1);
  p.region("row", 0, 0, line, 1, [&](Assembler &a) {
    auto last = a.label(), sent = a.label(), wait = a.label();
    a.coord(2, false);
    a.li(3, line - 1);
    a.nest({0});
    a.branch(Opcode::Beq, 2, 3, last);
    a.vec(VectorOp::Mov, I32, fabric(0), reg(0), none(), none(), 1, Control::Advance);
    a.jmp(sent);
    a.bind(last);
    a.vec(VectorOp::Mov, I32, fabric(0), reg(0), none(), none(), 1, Control::Reset);
    a.bind(sent);
    a.branch(Opcode::Bne, 2, 0, wait);
    a.nest({line});
    a.vec(VectorOp::Mov, I32, none(), fabric(0));
    a.nest({1});
    a.vec(VectorOp::Mov, I32, fabric(1), reg(0));
    a.bind(wait);
    a.nest({1});
    a.vec(VectorOp::Mov, I32, none(), fabric(1));
    a.wait(1);
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run()));
  EXPECT_GE(p.emulator->stats().cycles, 2 * (line - 1)); // there and back
  EXPECT_LE(p.emulator->stats().cycles, 4 * line);
}

TEST(Pass, EmptyBlocksStillHandOnTheTurn) {
  // PEs send as many words as their x: the first none.
  constexpr int kLine = 4;
  TestProgram p(kLine, 1);
  p.gatherX(kGather, 0, 0, kLine, 1);
  p.route(kOut, 0, 0, 1, 1, {{R, W}}, "y");
  p.host(true, "y", image::I32, {{10, 10}}, 0, 0, 1, W, kOut);
  p.region("line", 0, 0, kLine, 1, [](Assembler &a) {
    a.coord(2, false);
    const Operand sizes[] = {Operand::reg(2)};
    a.nest(sizes);
    auto last = a.label(), sent = a.label(), end = a.label();
    a.li(3, kLine - 1);
    a.branch(Opcode::Beq, 2, 3, last);
    a.vec(VectorOp::Mov, I32, fabric(kGather), reg(2), none(), none(), 1, Control::Advance);
    a.jmp(sent);
    a.bind(last);
    a.vec(VectorOp::Mov, I32, fabric(kGather), reg(2), none(), none(), 1, Control::Reset);
    a.bind(sent);
    a.branch(Opcode::Bne, 2, 0, end);
    a.nest({10}); // 0+1+2+3 words and four control words
    a.desc(0, kData, {1});
    a.vec(VectorOp::Mov, I32, desc(0), fabric(kGather));
    a.vec(VectorOp::Mov, I32, fabric(kOut), desc(0));
    a.bind(end);
    a.wait(1);
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run()));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{0, 1, 0, 2, 2, 0, 3, 3, 3, 0}));
}

TEST(Stream, ATrainHasTheRoomThatTheOneBeforeItLeavesAtASwitch) {
  // Of five wavelets of PE 2, four fit beyond router 1 and one waits there; PE 3's five have the other place and six on
  // their way to it. So PE 3 halts, though its words go no further.
  TestProgram p(4, 1);
  p.gatherX(0, 0, 0, 4, 1);
  p.region("r", 0, 0, 4, 1, [](Assembler &a) {
    auto head = a.label(), last = a.label(), end = a.label();
    a.coord(2, false);
    a.li(3, 3);
    a.nest({4});
    a.branch(Opcode::Beq, 2, 0, head);
    a.branch(Opcode::Beq, 2, 3, last);
    a.vec(VectorOp::Mov, I32, fabric(0), reg(2), none(), none(), 0, Control::Advance);
    a.jmp(end);
    a.bind(last);
    a.vec(VectorOp::Mov, I32, fabric(0), reg(2), none(), none(), 0, Control::Reset);
    a.jmp(end);
    a.bind(head);
    a.vec(VectorOp::Mov, I32, fabric(0), reg(2), none(), none(), 1, Control::Advance);
    a.nest({10});
    a.vec(VectorOp::Mov, I32, none(), fabric(0));
    a.bind(end);
    a.halt();
  });
  EXPECT_TRUE(failedWith(p.run(), ErrorCode::ProgramLeftover));
}
