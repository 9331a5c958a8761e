// Every check on a running program, each provoked once.
#include "TestProgram.h"

#include <cmath>

using namespace wafer;
using namespace wafer::test;

namespace {
/// Runs code on one PE.
Status runOn1(const TestProgram::Code &code, std::vector<uint32_t> constants = {},
              const std::function<void(TestProgram &, image::Region &)> &adjust = {}, RunOptions options = {}) {
  TestProgram p(1, 1);
  p.string("conv1");
  p.string("the index is out of range");
  image::Region &region = p.region("r", 0, 0, 1, 1, code, std::move(constants));
  region.add_traps(1);
  auto &location = *region.add_locations();
  location.set_first_word(0);
  location.set_name(0);
  if (adjust)
    adjust(p, region);
  return p.run({}, options);
}

void fill(Assembler &a, uint32_t address, int n) {
  a.nest({n});
  a.desc(14, address, {1});
  a.vec(VectorOp::Mov, I32, desc(14), reg(0));
}
} // namespace

TEST(Check, ReadsOfMemoryThatNothingWrote) {
  Status status = runOn1([](Assembler &a) {
    fill(a, kData, 7);
    a.nest({8});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Add, I32, desc(0), desc(0), reg(0));
    a.halt();
  });
  ASSERT_TRUE(failedWith(status, ErrorCode::ProgramUninitialised));
  // The message names PE, region, node and the very word.
  EXPECT_NE(status.error().message.find("PE (0, 0) of region 'r' in node 'conv1'"), std::string::npos);
  EXPECT_NE(status.error().message.find("byte " + std::to_string(kData + 28)), std::string::npos);
  EXPECT_TRUE(failedWith(runOn1([](Assembler &a) {
                           a.scalar(Opcode::Ldw, 2, 0, kData);
                           a.halt();
                         }),
                         ErrorCode::ProgramUninitialised));
  // Strides skip: only what is touched counts.
  EXPECT_TRUE(succeeded(runOn1([](Assembler &a) {
    a.nest({4});
    a.desc(0, kData, {3});
    a.vec(VectorOp::Mov, I32, desc(0), reg(0));
    a.desc(1, kData + 36, {-3});
    a.vec(VectorOp::Add, I32, desc(0), desc(0), desc(1));
    a.halt();
  })));
}

TEST(Check, Bounds) {
  for (int64_t address : {int64_t(47 * 1024), int64_t(0xfffc), int64_t(-8192)})
    EXPECT_TRUE(failedWith(runOn1([&](Assembler &a) {
                             a.li(2, address);
                             a.scalar(Opcode::Stw, 0, 2, 0);
                             a.halt();
                           }),
                           ErrorCode::ProgramBounds));
  // The last word is still inside; a nest that reaches over is not; nor one that starts before the data.
  auto nest = [](uint32_t base, int n, int stride) {
    return runOn1([&](Assembler &a) {
      a.nest({n});
      a.desc(0, base, {stride});
      a.vec(VectorOp::Mov, I32, desc(0), reg(0));
      a.halt();
    });
  };
  EXPECT_TRUE(succeeded(nest(47 * 1024 - 4, 1, 1)));
  EXPECT_TRUE(failedWith(nest(47 * 1024 - 4, 2, 1), ErrorCode::ProgramBounds));
  EXPECT_TRUE(failedWith(nest(kData, 16383, 16383), ErrorCode::ProgramBounds));
  EXPECT_FALSE(nest(kData, 16383, -16383));
}

TEST(Check, CodeConstantsAndWeightsAreReadOnly) {
  EXPECT_TRUE(failedWith(runOn1([](Assembler &a) {
                           a.scalar(Opcode::Stw, 0, 0, 0);
                           a.halt();
                         }),
                         ErrorCode::ProgramReadOnly));
  Status status = runOn1(
      [](Assembler &a) {
        a.scalar(Opcode::Ldw, 2, 0, kData + 4); // may be read
        a.nest({4});
        a.desc(0, kData - 12, {4});
        a.vec(VectorOp::Mov, I32, desc(0), reg(2));
        a.halt();
      },
      {},
      [](TestProgram &p, image::Region &region) {
        static const uint32_t values[4] = {1, 2, 3, 4};
        image::Weight &weight = *p.writer.manifest.add_weights();
        weight.mutable_tensor()->set_name("w");
        weight.mutable_tensor()->set_type(image::I32);
        weight.mutable_tensor()->set_carried(image::I32);
        weight.mutable_tensor()->add_shape(4);
        weight.set_section(p.writer.addSection(std::span(values)));
        image::WeightSlice &slice = *region.add_weights();
        slice.set_address(kData);
        slice.mutable_box()->set_split_x(1), slice.mutable_box()->set_split_y(1);
        auto &dim = *slice.mutable_box()->add_dims();
        dim.set_extent(4), dim.set_length(4), dim.set_stride(1);
      });
  EXPECT_TRUE(failedWith(status, ErrorCode::ProgramReadOnly));
}

TEST(Check, ConstantsAreReadWhereTheCodeEnds) {
  // Ldh and Ldhu read halves, sign- and zero-extended. The code below has 12 words.
  TestProgram p(1, 1);
  p.route(1, 0, 0, 1, 1, {{R, E}});
  p.host(true, "y", image::I32, {{3, 3}}, 0, 0, 1, E, 1);
  p.region("r", 0, 0, 1, 1,
           [](Assembler &a) {
             constexpr int kTable = 12 * 4;
             a.scalar(Opcode::Ldw, 2, 0, kTable);
             a.scalar(Opcode::Ldh, 3, 0, kTable + 6);
             a.scalar(Opcode::Ldhu, 4, 0, kTable + 6);
             a.nest({1});
             a.vec(VectorOp::Mov, I32, fabric(1), reg(2));
             a.vec(VectorOp::Mov, I32, fabric(1), reg(3));
             a.vec(VectorOp::Mov, I32, fabric(1), reg(4));
             a.halt();
             EXPECT_EQ(a.position(), 12u);
           },
           {123456789, 0xfffe0001});
  ASSERT_TRUE(succeeded(p.run()));
  EXPECT_EQ(p.output<int32_t>("y"), (std::vector<int32_t>{123456789, -2, 65534}));
}

TEST(Check, Alignment) {
  EXPECT_TRUE(failedWith(runOn1([](Assembler &a) {
                           a.scalar(Opcode::Stw, 0, 0, kData + 2);
                           a.halt();
                         }),
                         ErrorCode::ProgramAlignment));
  EXPECT_TRUE(failedWith(runOn1([](Assembler &a) {
                           a.nest({1});
                           a.desc(0, kData + 1, {1});
                           a.vec(VectorOp::Mov, I32, desc(0), reg(0));
                           a.halt();
                         }),
                         ErrorCode::ProgramAlignment));
}

TEST(Check, NestsAndDescriptors) {
  auto vec = [](const TestProgram::Code &before) {
    return runOn1([&](Assembler &a) {
      before(a);
      a.vec(VectorOp::Mov, I32, desc(0), reg(0));
      a.halt();
    });
  };
  EXPECT_TRUE(failedWith(vec([](Assembler &) {}), ErrorCode::ProgramDescriptor));
  EXPECT_TRUE(failedWith(vec([](Assembler &a) { a.nest({1}); }), ErrorCode::ProgramDescriptor));
  EXPECT_TRUE(failedWith(vec([](Assembler &a) {
                           a.nest({1, 1});
                           a.desc(0, kData, {1});
                         }),
                         ErrorCode::ProgramDescriptor));
  EXPECT_TRUE(failedWith(vec([](Assembler &a) {
                           a.nest({16383, 16383, 16383});
                           a.desc(0, kData, {0, 0, 0});
                         }),
                         ErrorCode::ProgramDescriptor));
  EXPECT_TRUE(succeeded(vec([](Assembler &a) {
    a.nest({5, 0});
    a.desc(0, 0, {1, 1}); // an empty nest touches nothing
  })));
}

TEST(Check, DivisionByZero) {
  for (Opcode op : {Opcode::Div, Opcode::Rem})
    EXPECT_TRUE(failedWith(runOn1([&](Assembler &a) {
                             a.li(2, 7);
                             a.scalarReg(op, 3, 2, 0);
                             a.halt();
                           }),
                           ErrorCode::ProgramDivideByZero));
  EXPECT_TRUE(failedWith(runOn1([](Assembler &a) {
                           fill(a, kData, 3);
                           a.vec(VectorOp::Rem, I32, desc(14), desc(14), desc(14));
                           a.halt();
                         }),
                         ErrorCode::ProgramDivideByZero));
  EXPECT_TRUE(succeeded(runOn1([](Assembler &a) {
    a.li(2, INT32_MIN);
    a.li(3, -1);
    a.scalarReg(Opcode::Div, 4, 2, 3);
    a.scalarReg(Opcode::Rem, 5, 2, 3);
    a.nest({1});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Div, I32, desc(0), reg(2), reg(3));
    a.scalar(Opcode::Ldw, 6, 0, kData);
    a.scalarReg(Opcode::Seq, 7, 6, 4);
    a.scalar(Opcode::Seqi, 7, 7, 0);
    a.trap(7, 0);
    a.trap(5, 0);
    a.halt();
  })));
}

TEST(Check, CheckedOperationsThatOverflow) {
  Status status = runOn1([](Assembler &a) {
    a.li(2, INT32_MAX);
    a.nest({1});
    a.desc(0, kData, {1});
    a.vec(VectorOp::SubChecked, I32, desc(0), reg(2), reg(2));
    a.vec(VectorOp::AddChecked, I32, desc(0), reg(2), desc(0));
    a.vec(VectorOp::AddChecked, I32, desc(0), desc(0), reg(2));
    a.halt();
  });
  ASSERT_TRUE(failedWith(status, ErrorCode::ProgramOverflow));
  EXPECT_NE(status.error().message.find("conv1"), std::string::npos) << status.error().message;
}

TEST(Check, TrapsCarryTheirText) {
  Status status = runOn1([](Assembler &a) {
    a.trap(0, 0);
    a.li(2, 1);
    a.trap(2, 0);
    a.halt();
  });
  ASSERT_TRUE(failedWith(status, ErrorCode::ProgramTrap));
  EXPECT_NE(status.error().message.find("the index is out of range"), std::string::npos);
}

TEST(Check, CallDepth) {
  EXPECT_TRUE(failedWith(runOn1([](Assembler &a) {
                           auto self = a.label();
                           a.bind(self);
                           a.call(self);
                           a.halt();
                         }),
                         ErrorCode::ProgramCallDepth));
  EXPECT_TRUE(failedWith(runOn1([](Assembler &a) { a.ret(); }), ErrorCode::ProgramCallDepth));
}

TEST(Check, LoopsThatDoNotEndMeetTheLimit) {
  RunOptions options;
  options.maxCycles = 10000;
  for (Timing timing : {Timing::Off, Timing::Stream}) {
    options.timing = timing;
    EXPECT_TRUE(failedWith(runOn1(
                               [](Assembler &a) {
                                 auto self = a.label();
                                 a.bind(self);
                                 a.jmp(self);
                               },
                               {}, {}, options),
                           ErrorCode::ProgramCycleLimit));
  }
}

// Neither the time that it would take nor the memory: 2^30 elements that a core makes of one register.
TEST(Check, InstructionsBeyondTheLimitAreNotBegun) {
  RunOptions options;
  options.maxCycles = 10000;
  for (bool sends : {false, true})
    EXPECT_TRUE(failedWith(runOn1(
                               [&](Assembler &a) {
                                 a.li(5, 1 << 15);
                                 a.nest({Operand::reg(5), Operand::reg(5)});
                                 a.desc(0, kData, {0, 0});
                                 a.vec(VectorOp::Mov, I32, sends ? fabric(3) : desc(0), reg(0));
                                 a.halt();
                               },
                               {},
                               [](TestProgram &p, image::Region &) {
                                 p.profile.vectorMove.perElement = 0; // free on no machine
                                 p.route(3, 0, 0, 1, 1, {{R, W}}, "out");
                                 p.host(true, "y", image::I32, {{0, 0}}, 0, 0, 1, W, 3);
                               },
                               options),
                           ErrorCode::ProgramCycleLimit));
}

TEST(Check, UnroutedColors) {
  auto one = [](const TestProgram::Code &code) {
    return runOn1(code, {}, [](TestProgram &p, image::Region &) {
      p.route(2, 0, 0, 1, 1, {{W, R}}, "in"); // reaches the core, is not fed by it
      p.route(3, 0, 0, 1, 1, {{R, W}}, "out");
      p.host(true, "y", image::I32, {{0, 0}}, 0, 0, 1, W, 3);
    });
  };
  auto send = [](unsigned color) {
    return [=](Assembler &a) {
      a.nest({1});
      a.vec(VectorOp::Mov, I32, fabric(color), reg(0));
      a.halt();
    };
  };
  auto receive = [](unsigned color) {
    return [=](Assembler &a) {
      a.nest({1});
      a.vec(VectorOp::Mov, I32, none(), fabric(color));
      a.halt();
    };
  };
  EXPECT_TRUE(failedWith(one(send(1)), ErrorCode::ProgramUnroutedSend));
  EXPECT_TRUE(failedWith(one(send(2)), ErrorCode::ProgramUnroutedSend));
  EXPECT_TRUE(failedWith(one(receive(1)), ErrorCode::ProgramUnroutedReceive));
  EXPECT_TRUE(failedWith(one(receive(3)), ErrorCode::ProgramUnroutedReceive));
  EXPECT_TRUE(failedWith(one([](Assembler &a) {
                           a.nest({1});
                           a.desc(0, kData, {1});
                           a.recvw(1, 0, {1}, {0});
                           a.halt();
                         }),
                         ErrorCode::ProgramUnroutedReceive));
}

namespace {
/// Two PEs, a color each way.
Status runPair(const TestProgram::Code &left, const TestProgram::Code &right, uint64_t seed = 0) {
  TestProgram p(2, 1);
  p.route(1, 0, 0, 1, 1, {{R, E}}, "ahead");
  p.route(1, 1, 0, 1, 1, {{W, R}}, "ahead");
  p.route(2, 1, 0, 1, 1, {{R, W}}, "back");
  p.route(2, 0, 0, 1, 1, {{E, R}}, "back");
  p.region("left", 0, 0, 1, 1, left);
  p.region("right", 1, 0, 1, 1, right);
  return p.run({}, schedule(seed));
}
TestProgram::Code code(std::vector<std::function<void(Assembler &)>> parts) {
  return [=](Assembler &a) {
    for (auto &part : parts)
      part(a);
    a.halt();
  };
}
auto sendWords(unsigned color, int n, unsigned thread = 0) {
  return [=](Assembler &a) {
    a.nest({n});
    a.vec(VectorOp::Mov, I32, fabric(color), reg(0), none(), none(), thread);
  };
}
auto receiveWords(unsigned color, int n, unsigned thread = 0) {
  return [=](Assembler &a) {
    a.nest({n});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Mov, I32, desc(0), fabric(color), none(), none(), thread);
  };
}
auto waitFor(unsigned thread) {
  return [=](Assembler &a) { a.wait(thread); };
}
} // namespace

TEST(Check, WhatIsSentIsReceived) {
  EXPECT_TRUE(succeeded(runPair(code({sendWords(1, 5)}), code({receiveWords(1, 5)}))));
  Status status = runPair(code({sendWords(1, 5)}), code({receiveWords(1, 4)}));
  ASSERT_TRUE(failedWith(status, ErrorCode::ProgramLeftover));
  EXPECT_NE(status.error().message.find("1 of 5 wavelets on color 1 ('ahead') were never read at PE (1, 0)"),
            std::string::npos);
  EXPECT_TRUE(failedWith(runPair(code({sendWords(1, 5)}), code({receiveWords(1, 6)})), ErrorCode::ProgramDeadlock));
}

TEST(Check, AControlWaveletCountsAsAWord) {
  auto train = code({[](Assembler &a) {
    a.nest({3});
    a.vec(VectorOp::Mov, I32, fabric(1), reg(0), none(), none(), 0, Control::Advance);
  }});
  Status status = runPair(train, code({receiveWords(1, 3)}));
  ASSERT_TRUE(failedWith(status, ErrorCode::ProgramLeftover));
  EXPECT_NE(status.error().message.find("1 of 4 wavelets on color 1 ('ahead') were never read at PE (1, 0)"),
            std::string::npos)
      << status.error().message;
  EXPECT_TRUE(succeeded(runPair(train, code({receiveWords(1, 4)}))));
  EXPECT_TRUE(failedWith(runPair(train, code({receiveWords(1, 5)})), ErrorCode::ProgramDeadlock));
}

// The path from PE to PE buffers 2 (output queue) + 2 + 2 (two routers) + 2 (input queue) = 8 wavelets: sends that
// cross complete up to that, and deadlock beyond, in whatever order this host runs the PEs.
TEST(Check, BuffersAreAsDeepAsTheMachines) {
  for (uint64_t seed = 0; seed != 8; ++seed) {
    EXPECT_TRUE(succeeded(
        runPair(code({sendWords(1, 8), receiveWords(2, 8)}), code({sendWords(2, 8), receiveWords(1, 8)}), seed)));
    Status status =
        runPair(code({sendWords(1, 9), receiveWords(2, 9)}), code({sendWords(2, 9), receiveWords(1, 9)}), seed);
    ASSERT_TRUE(failedWith(status, ErrorCode::ProgramDeadlock)) << seed;
    // The cycle is named.
    EXPECT_NE(status.error().message.find("PE (0, 0) of region 'left'"), std::string::npos) << status.error().message;
    EXPECT_NE(status.error().message.find("PE (1, 0) of region 'right'"), std::string::npos);
    EXPECT_NE(status.error().message.find("'ahead'"), std::string::npos);
    EXPECT_NE(status.error().message.find("'back'"), std::string::npos);
    EXPECT_NE(status.error().message.find("the cycle closes"), std::string::npos);
    // Asynchronous sends do not block the core.
    EXPECT_TRUE(succeeded(runPair(code({sendWords(1, 900, 1), receiveWords(2, 900), waitFor(1)}),
                                  code({sendWords(2, 900, 1), receiveWords(1, 900), waitFor(1)}), seed)));
  }
}

TEST(Check, ARelayBuffersNoMoreThanItsPaths) {
  // PE 0 sends n words over PE 1, a relay, to PE 2, which first wants a word from PE 0 that comes after the send.
  auto run = [](int n) {
    TestProgram p(3, 1);
    p.route(1, 0, 0, 1, 1, {{R, E}}, "first");
    p.route(1, 1, 0, 1, 1, {{W, R}}, "first");
    p.route(2, 1, 0, 1, 1, {{R, E}}, "second");
    p.route(2, 2, 0, 1, 1, {{W, R}}, "second");
    p.route(3, 0, 0, 1, 1, {{R, E}}, "go");
    p.route(3, 1, 0, 1, 1, {{W, E}}, "go");
    p.route(3, 2, 0, 1, 1, {{W, R}}, "go");
    p.region("a", 0, 0, 1, 1, code({sendWords(1, n), sendWords(3, 1)}));
    p.region("b", 1, 0, 1, 1, [&](Assembler &a) {
      a.nest({n});
      a.vec(VectorOp::Mov, I32, fabric(2), fabric(1));
      a.halt();
    });
    p.region("c", 2, 0, 1, 1, code({receiveWords(3, 1), receiveWords(2, n)}));
    return p.run();
  };
  EXPECT_TRUE(succeeded(run(8)));
  EXPECT_TRUE(succeeded(run(16)));
  EXPECT_TRUE(failedWith(run(17), ErrorCode::ProgramDeadlock));
}

TEST(Check, ARingOfBlockingSendsIsNamed) {
  TestProgram p(2, 2);
  const int at[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  const unsigned out[4] = {E, S, W, N};
  for (int i = 0; i != 4; ++i) {
    int next = (i + 1) % 4;
    p.route(1 + i, at[i][0], at[i][1], 1, 1, {{R, out[i]}}, "edge" + std::to_string(i));
    p.route(1 + i, at[next][0], at[next][1], 1, 1, {{unsigned(oppositePort(out[i])), R}}, "edge" + std::to_string(i));
    p.region("pe" + std::to_string(i), at[i][0], at[i][1], 1, 1,
             code({sendWords(1 + i, 50), receiveWords(1 + (i + 3) % 4, 50)}));
  }
  Status status = p.run();
  ASSERT_TRUE(failedWith(status, ErrorCode::ProgramDeadlock));
  for (int i = 0; i != 4; ++i)
    EXPECT_NE(status.error().message.find("'edge" + std::to_string(i) + "'"), std::string::npos);
  EXPECT_NE(status.error().message.find("the cycle closes"), std::string::npos);
}

TEST(Check, RacesWithAsynchronousInstructions) {
  auto touch = [](uint32_t address, bool write) {
    return [=](Assembler &a) { a.scalar(write ? Opcode::Stw : Opcode::Ldw, 2, 0, address); };
  };
  EXPECT_TRUE(
      succeeded(runPair(code({receiveWords(2, 4, 1), waitFor(1), touch(kData, false)}), code({sendWords(2, 4)}))));
  EXPECT_TRUE(
      failedWith(runPair(code({receiveWords(2, 4, 1), touch(kData + 12, false), waitFor(1)}), code({sendWords(2, 4)})),
                 ErrorCode::ProgramRace));
  EXPECT_TRUE(
      failedWith(runPair(code({receiveWords(2, 4, 1), touch(kData, true), waitFor(1)}), code({sendWords(2, 4)})),
                 ErrorCode::ProgramRace));
  EXPECT_TRUE(
      succeeded(runPair(code({receiveWords(2, 4, 1), touch(kData + 16, true), waitFor(1)}), code({sendWords(2, 4)}))));
}

TEST(Check, TwoThreadsThatMeetInMemoryAreARace) {
  // On two threads into one buffer; apart, and one after the other, they may.
  auto both = [](int gap, bool waitBetween) {
    return runPair(code({sendWords(1, 4), sendWords(1, 4)}), code({[=](Assembler &a) {
                     a.nest({4});
                     a.desc(0, kData, {1});
                     a.desc(1, kData + gap, {1});
                     a.vec(VectorOp::Mov, I32, desc(0), fabric(1), none(), none(), 1);
                     if (waitBetween)
                       a.wait(1);
                     a.vec(VectorOp::Mov, I32, desc(1), fabric(1), none(), none(), 2);
                     a.wait(1);
                     a.wait(2);
                   }}));
  };
  EXPECT_TRUE(failedWith(both(12, false), ErrorCode::ProgramRace));
  EXPECT_TRUE(succeeded(both(16, false)));
  EXPECT_TRUE(succeeded(both(12, true)));
}

TEST(Check, SwitchesThatNeverTakeATrain) {
  // The head never hands on the turn: the other's data waits for ever.
  TestProgram p(2, 1);
  p.gatherX(4, 0, 0, 2, 1);
  p.region("r", 0, 0, 2, 1, [](Assembler &a) {
    a.coord(2, false);
    auto end = a.label(), head = a.label();
    a.nest({1});
    a.branch(Opcode::Beq, 2, 0, head);
    a.vec(VectorOp::Mov, I32, fabric(4), reg(0), none(), none(), 0, Control::Reset);
    a.jmp(end);
    a.bind(head);
    a.vec(VectorOp::Mov, I32, fabric(4), reg(0));
    a.vec(VectorOp::Mov, I32, none(), fabric(4));
    a.bind(end);
    a.halt();
  });
  Status status = p.run();
  ASSERT_TRUE(failedWith(status, ErrorCode::ProgramLeftover));
  EXPECT_NE(status.error().message.find("whose switch never took them"), std::string::npos);
}

TEST(Check, ATrainWhoseTurnNeverComesIsNamed) {
  // A line of three gathers, and the one in the middle forgets to hand on the turn: the head waits for the last PE's
  // data, which waits at the middle's router.
  TestProgram p(3, 1);
  p.gatherX(4, 0, 0, 3, 1);
  p.region("r", 0, 0, 3, 1, [](Assembler &a) {
    a.coord(2, false);
    auto head = a.label(), middle = a.label(), end = a.label();
    a.li(3, 1);
    a.nest({2});
    a.branch(Opcode::Beq, 2, 0, head);
    a.branch(Opcode::Beq, 2, 3, middle);
    a.vec(VectorOp::Mov, I32, fabric(4), reg(0), none(), none(), 0, Control::Reset);
    a.jmp(end);
    a.bind(middle);
    a.vec(VectorOp::Mov, I32, fabric(4), reg(0));
    a.jmp(end);
    a.bind(head);
    a.vec(VectorOp::Mov, I32, fabric(4), reg(0), none(), none(), 1, Control::Advance);
    a.nest({9});
    a.vec(VectorOp::Mov, I32, none(), fabric(4));
    a.wait(1);
    a.bind(end);
    a.halt();
  });
  for (uint64_t seed = 0; seed != 8; ++seed) {
    Status status = p.run({}, schedule(seed));
    ASSERT_TRUE(failedWith(status, ErrorCode::ProgramDeadlock)) << seed;
    EXPECT_NE(status.error().message.find("PE (0, 0) of region 'r'"), std::string::npos) << status.error().message;
    EXPECT_NE(status.error().message.find("'gather_x'"), std::string::npos) << status.error().message;
  }
}

TEST(Check, AWaveletThatASwitchSendsInACircleIsNamed) {
  // Four routers lead round in a ring that PE (0, 0) feeds. Its own train's control wavelet closes the ring behind it.
  TestProgram p(2, 2);
  p.route(4, 0, 0, 1, 1, {{R, E}, {S, E}}, "ring");
  p.route(4, 1, 0, 1, 1, {{W, S}}, "ring");
  p.route(4, 1, 1, 1, 1, {{N, W}}, "ring");
  p.route(4, 0, 1, 1, 1, {{E, N}}, "ring");
  p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    a.nest({1});
    a.vec(VectorOp::Mov, I32, fabric(4), reg(0), none(), none(), 0, Control::Advance);
    a.halt();
  });
  for (uint64_t seed = 0; seed != 4; ++seed) {
    Status status = p.run({}, schedule(seed, seed % 2 ? Timing::Off : Timing::Stream));
    ASSERT_TRUE(failedWith(status, ErrorCode::ProgramRouteLoop));
    EXPECT_NE(status.error().message.find("'ring'"), std::string::npos) << status.error().message;
  }
}

TEST(Check, ControlWaveletsStayOnTheMesh) {
  EXPECT_TRUE(failedWith(runOn1(
                             [](Assembler &a) {
                               a.nest({1});
                               a.vec(VectorOp::Mov, I32, fabric(3), reg(0), none(), none(), 0, Control::Advance);
                               a.halt();
                             },
                             {},
                             [](TestProgram &p, image::Region &) {
                               p.route(3, 0, 0, 1, 1, {{R, W}}, "out");
                               p.host(true, "y", image::I32, {{2, 2}}, 0, 0, 1, W, 3);
                             }),
                         ErrorCode::ProgramControl));
}

TEST(Check, OutputsThatComeShort) {
  Status status = runOn1(code({sendWords(3, 3)}), {}, [](TestProgram &p, image::Region &) {
    p.route(3, 0, 0, 1, 1, {{R, W}}, "out");
    p.host(true, "y", image::I32, {{4, 4}}, 0, 0, 1, W, 3);
  });
  EXPECT_TRUE(failedWith(status, ErrorCode::ProgramOutputShort));
}

TEST(Check, WhatThePortsCarryFitsTheHost) {
  constexpr int rows = 512;
  constexpr int64_t words = (int64_t(1) << 31) - 1; // the most of a lane; 4 TiB of all
  TestProgram p(1, rows, testProfile(1, rows));
  p.route(3, 0, 0, 1, rows, {{R, W}}, "out");
  p.host(true, "y", image::I32, {{words, words}}, 0, 0, rows, W, 3);
  p.region("r", 0, 0, 1, rows, [](Assembler &a) { a.halt(); });
  EXPECT_TRUE(failedWith(p.run(), ErrorCode::ImageTooBig));
}

TEST(Check, WindowsLieInTheirBlock) {
  auto window = [](int lo, int n) {
    return runPair(code({sendWords(1, 10)}), code({[=](Assembler &a) {
                     a.nest({n});
                     a.desc(0, kData, {1});
                     a.recvw(1, 0, {10}, {lo});
                   }}));
  };
  EXPECT_TRUE(succeeded(window(0, 10)));
  EXPECT_TRUE(succeeded(window(7, 3)));
  EXPECT_TRUE(succeeded(window(100, 0))); // empty: drops all
  EXPECT_TRUE(failedWith(window(8, 3), ErrorCode::ProgramWindow));
  EXPECT_TRUE(failedWith(window(-1, 3), ErrorCode::ProgramWindow));
}

TEST(Check, InputsAreCheckedByName) {
  TestProgram p(1, 1);
  p.route(2, 0, 0, 1, 1, {{W, R}}, "in");
  p.host(false, "ids", image::I64, {{2, 2}}, 0, 0, 1, W, 2);
  p.region("r", 0, 0, 1, 1, code({receiveWords(2, 2)}));
  EXPECT_TRUE(failedWith(p.run(), ErrorCode::InputMissing));
  EXPECT_TRUE(failedWith(p.run({{"x", ints({1, 2})}}), ErrorCode::InputUnknown));
  EXPECT_TRUE(failedWith(p.run({{"ids", ints({1, 2})}}), ErrorCode::InputType));
  EXPECT_TRUE(failedWith(p.run({{"ids", tensorOf<int64_t>(HostType::I64, {3}, {1, 2, 3})}}), ErrorCode::InputShape));
  Status status = p.run({{"ids", tensorOf<int64_t>(HostType::I64, {2}, {1, int64_t(1) << 31})}});
  ASSERT_TRUE(failedWith(status, ErrorCode::InputRange));
  EXPECT_NE(status.error().message.find("element 1 is 2147483648"), std::string::npos);
  EXPECT_TRUE(succeeded(p.run({{"ids", tensorOf<int64_t>(HostType::I64, {2}, {1, -5})}})));
}

TEST(Check, DoublesBeyondTheRangeOfAFloat) {
  TestProgram p(1, 1);
  p.route(2, 0, 0, 1, 1, {{W, R}}, "in");
  p.host(false, "x", image::F64, {{2, 2}}, 0, 0, 1, W, 2);
  p.region("r", 0, 0, 1, 1, code({receiveWords(2, 2)}));
  Status status = p.run({{"x", tensorOf<double>(HostType::F64, {2}, {1, -1e39})}});
  ASSERT_TRUE(failedWith(status, ErrorCode::InputRange));
  EXPECT_NE(status.error().message.find("element 1 is -1e+39, beyond the range of float32"), std::string::npos);
  EXPECT_TRUE(succeeded(p.run({{"x", tensorOf<double>(HostType::F64, {2}, {1, INFINITY})}})));
}
