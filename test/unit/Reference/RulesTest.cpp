// The reference engine, one test for each rule of docs/machine.md, "Time, cycle by cycle". Programs are as small as
// shows the rule; cycles are counted by hand.
#include "../../published/Collectives.h"
#include "../Emulator/TestProgram.h"
#include "wafer/Reference/Reference.h"

using namespace wafer;
using namespace wafer::test;

namespace {
/// Instructions cost nothing but their elements, one cycle each.
Profile bare() {
  Profile p = testProfile();
  p.vectorMove = p.vectorArith = p.vectorFma = {0, 1};
  p.scalarOp = p.scalarMemory = p.branch = 0;
  return p;
}

Result<ReferenceRun> runOn(TestProgram &program, const TensorWords &inputs = {}, double maxCycles = 0) {
  Result<VerifiedProgram> verified = program.verify();
  if (!verified)
    return verified.error();
  return runReference(*verified, inputs, maxCycles);
}

double cyclesOf(TestProgram &program) {
  Result<ReferenceRun> run = runOn(program);
  EXPECT_TRUE(run) << run.error().str();
  return run ? run->cycles : -1;
}

ErrorCode errorOf(TestProgram &program) {
  Result<ReferenceRun> run = runOn(program);
  EXPECT_FALSE(run);
  return run ? ErrorCode::InternalError : run.error().code;
}

void send(Assembler &a, unsigned color, int n, unsigned thread = 0, Control control = Control::None) {
  a.nest({n});
  a.vec(VectorOp::Mov, I32, fabric(color), reg(0), none(), none(), thread, control);
}
void receive(Assembler &a, unsigned color, int n, unsigned thread = 0) {
  a.nest({n});
  a.vec(VectorOp::Mov, I32, none(), fabric(color), none(), none(), thread);
}

/// Along the row, from one PE to another.
void line(TestProgram &p, unsigned color, int from, int to, int y = 0) {
  const int step = from < to ? 1 : -1;
  const unsigned ahead = step > 0 ? E : W, behind = step > 0 ? W : E;
  for (int x = from; x != to + step; x += step)
    p.route(color, x, y, 1, 1, {{x == from ? R : behind, x == to ? R : ahead}});
}

constexpr double kRamp = 2, kHop = 1; // of the profile
} // namespace

TEST(Reference, OneWordTakesRampsAndHops) {
  for (int hops : {1, 2, 5}) {
    TestProgram p(6, 1, bare());
    line(p, 0, 0, hops);
    p.region("a", 0, 0, 1, 1, [](Assembler &a) { send(a, 0, 1), a.halt(); });
    p.region("b", hops, 0, 1, 1, [](Assembler &a) { receive(a, 0, 1), a.halt(); });
    // It is out an element time after it came.
    EXPECT_EQ(cyclesOf(p), 2 * kRamp + hops * kHop + 1);
  }
}

TEST(Reference, TheShallowestQueuesKeepALinkBusy) {
  TestProgram p(6, 1, bare());
  line(p, 0, 0, 5);
  p.region("a", 0, 0, 1, 1, [](Assembler &a) { send(a, 0, 1000), a.halt(); });
  p.region("b", 5, 0, 1, 1, [](Assembler &a) { receive(a, 0, 1000), a.halt(); });
  EXPECT_EQ(cyclesOf(p), 2 * kRamp + 5 * kHop + 1000);
}

//===- Queues -------------------------------------------------------------===//

namespace {
/// PE 0 sends `n` words that the receiver wants only after a word that is sent after them.
ErrorCode holdsBack(int n, int hops, Profile profile, bool corner = false) {
  TestProgram p(6, 6, std::move(profile));
  const int turnAt = corner ? hops / 2 : hops;
  for (unsigned color : {0u, 1u}) {
    for (int k = 0; k <= hops; ++k) {
      const bool afterTurn = k > turnAt;
      p.route(color, std::min(k, turnAt), std::max(0, k - turnAt), 1, 1,
              {{k == 0      ? R
                : afterTurn ? N
                            : W,
                k == hops    ? R
                : k < turnAt ? E
                             : S}});
    }
  }
  p.region("a", 0, 0, 1, 1, [&](Assembler &a) { send(a, 0, n), send(a, 1, 1), a.halt(); });
  p.region("b", turnAt, hops - turnAt, 1, 1, [&](Assembler &a) { receive(a, 1, 1), receive(a, 0, n), a.halt(); });
  Result<ReferenceRun> run = runOn(p);
  return run ? ErrorCode(0) : run.error().code;
}
} // namespace

TEST(Reference, APathHoldsItsQueuesAndNoMore) {
  for (int hops : {1, 2, 4})
    for (int output : {0, 1, 3}) {
      Profile profile = bare();
      profile.outputQueueWavelets = output, profile.inputQueueWavelets = 3;
      const int capacity = output + 2 * (hops + 1) + 3;
      EXPECT_EQ(holdsBack(capacity, hops, profile), ErrorCode(0)) << hops << " " << output;
      EXPECT_EQ(holdsBack(capacity + 1, hops, profile), ErrorCode::ProgramDeadlock) << hops << " " << output;
    }
}

TEST(Reference, AControlWaveletTakesAPlace) {
  for (int n : {7, 8}) { // C = 2 + 2 * 2 + 2
    TestProgram p(2, 1, bare());
    line(p, 0, 0, 1), line(p, 1, 0, 1);
    p.region("a", 0, 0, 1, 1, [&](Assembler &a) { send(a, 0, n, 0, Control::Reset), send(a, 1, 1), a.halt(); });
    p.region("b", 1, 0, 1, 1, [&](Assembler &a) { receive(a, 1, 1), receive(a, 0, n + 1), a.halt(); });
    EXPECT_EQ(bool(runOn(p)), n == 7);
  }
}

TEST(Reference, ATurnHoldsWhatIsOnItsWay) {
  Profile profile = bare();
  profile.turnCycles = 5, profile.linkCyclesPerWavelet = 1.25;
  const int capacity = 2 + 2 * 3 + 2 + 4; // 5 / 1.25
  EXPECT_EQ(holdsBack(capacity, 2, profile, true), ErrorCode(0));
  EXPECT_EQ(holdsBack(capacity + 1, 2, profile, true), ErrorCode::ProgramDeadlock);
}

TEST(Reference, ATurnDelaysAndDoesNotSlow) {
  for (int turn : {0, 20})
    for (int n : {1, 1000}) {
      Profile profile = bare();
      profile.turnCycles = turn;
      TestProgram p(2, 2, profile);
      p.route(0, 0, 0, 1, 1, {{R, E}});
      p.route(0, 1, 0, 1, 1, {{W, S}});
      p.route(0, 1, 1, 1, 1, {{N, R}});
      p.region("a", 0, 0, 1, 1, [&](Assembler &a) { send(a, 0, n), a.halt(); });
      p.region("b", 1, 1, 1, 1, [&](Assembler &a) { receive(a, 0, n), a.halt(); });
      EXPECT_EQ(cyclesOf(p), 2 * kRamp + 2 * kHop + turn + n);
    }
}

//===- Ramps, links, multicasts -------------------------------------------===//

namespace {
/// Two senders, one receiver each at the places `to`, all on one row; words a color.
double twoStreams(std::array<int, 2> from, std::array<int, 2> to, int n, double link = 1) {
  Profile profile = bare();
  profile.vectorMove = {0, 0.25}; // the data path is not what is shared here
  profile.linkCyclesPerWavelet = link;
  TestProgram p(5, 1, profile);
  for (unsigned color : {0u, 1u})
    line(p, color, from[color], to[color]);
  for (int x = 0; x != 5; ++x)
    p.region("pe" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
      for (unsigned color : {0u, 1u}) {
        if (from[color] == x)
          send(a, color, n, 1 + color);
        if (to[color] == x)
          receive(a, color, n, 3 + color);
      }
      a.halt();
    });
  return cyclesOf(p);
}
} // namespace

TEST(Reference, ColorsShareARampDown) { EXPECT_NEAR(twoStreams({0, 4}, {2, 2}, 500), 1000 + 2 * kRamp + 2, 2); }
TEST(Reference, ColorsShareARampUp) { EXPECT_NEAR(twoStreams({2, 2}, {0, 4}, 500), 1000 + 2 * kRamp + 2, 2); }
TEST(Reference, ColorsShareALink) { EXPECT_NEAR(twoStreams({0, 1}, {2, 3}, 500), 1000 + 2 * kRamp + 2, 3); }
TEST(Reference, LinksAreOneEachWay) { EXPECT_NEAR(twoStreams({0, 3}, {3, 0}, 500), 500 + 2 * kRamp + 3, 1); }
TEST(Reference, FractionsOfALinkAddUp) { EXPECT_NEAR(twoStreams({0, 1}, {2, 3}, 500, 1.125), 1125, 10); }

TEST(Reference, AMulticastIsHeldBackByItsSlowestReceiver) {
  // PE 1 may have what fits beyond its router on the way to PE 3, which waits for PE 1: two routers' buffers and a
  // queue.
  for (int n : {6, 7}) {
    TestProgram p(4, 1, bare());
    p.route(0, 0, 0, 1, 1, {{R, E}});
    p.route(0, 1, 0, 1, 1, {{W, E | R}});
    p.route(0, 2, 0, 1, 1, {{W, E}});
    p.route(0, 3, 0, 1, 1, {{W, R}});
    line(p, 1, 1, 3);
    p.region("from", 0, 0, 1, 1, [&](Assembler &a) { send(a, 0, n), a.halt(); });
    p.region("fast", 1, 0, 1, 1, [&](Assembler &a) { receive(a, 0, n), send(a, 1, 1), a.halt(); });
    p.region("slow", 3, 0, 1, 1, [&](Assembler &a) { receive(a, 1, 1), receive(a, 0, n), a.halt(); });
    if (n == 6)
      EXPECT_GT(cyclesOf(p), 0);
    else
      EXPECT_EQ(errorOf(p), ErrorCode::ProgramDeadlock);
  }
}

TEST(Reference, SwitchesTurnInTheOrderOfTheStream) {
  TestProgram p(4, 1, bare());
  p.gatherX(0, 0, 0, 4, 1);
  p.route(1, 0, 0, 1, 1, {{R, W}}, "out");
  p.host(true, "y", image::I32, {{12, 12}}, 0, 0, 1, W, 1);
  p.region("r", 0, 0, 4, 1, [](Assembler &a) {
    auto last = a.label(), wait = a.label(), sent = a.label(), end = a.label();
    a.coord(2, false);
    a.li(3, 3);
    a.nest({2});
    // The farthest sends first, and has to wait at every router.
    a.scalarReg(Opcode::Sub, 4, 3, 2);
    a.bind(wait);
    a.branch(Opcode::Beq, 4, 0, sent);
    a.addi(4, 4, -1);
    a.nest({50});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Mov, I32, desc(0), reg(0));
    a.jmp(wait);
    a.bind(sent);
    a.nest({2});
    a.branch(Opcode::Beq, 2, 3, last);
    a.vec(VectorOp::Mov, I32, fabric(0), reg(2), none(), none(), 1, Control::Advance);
    a.branch(Opcode::Bne, 2, 0, end);
    a.nest({12});
    a.vec(VectorOp::Mov, I32, fabric(1), fabric(0));
    a.jmp(end);
    a.bind(last);
    a.vec(VectorOp::Mov, I32, fabric(0), reg(2), none(), none(), 1, Control::Reset);
    a.bind(end);
    a.halt();
  });
  Result<ReferenceRun> run = runOn(p);
  ASSERT_TRUE(run) << run.error().str();
  // Every block carries one word more, the control wavelet: 0.
  EXPECT_EQ(run->outputs["y"], (std::vector<uint32_t>{0, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 0}));
}

//===- Host ---------------------------------------------------------------===//

TEST(Reference, HostPortsHaveTheirPace) {
  for (double pace : {1.0, 4.0}) {
    Profile profile = bare();
    profile.hostCyclesPerWavelet = pace;
    TestProgram p(1, 1, profile);
    p.route(0, 0, 0, 1, 1, {{W, R}});
    p.route(1, 0, 0, 1, 1, {{R, W}});
    p.host(false, "x", image::I32, {{100, 100}}, 0, 0, 1, W, 0);
    p.host(true, "y", image::I32, {{100, 100}}, 0, 0, 1, W, 1);
    p.region("r", 0, 0, 1, 1, [](Assembler &a) {
      a.nest({100});
      a.vec(VectorOp::Add, I32, fabric(1), fabric(0), reg(0));
      a.halt();
    });
    Result<ReferenceRun> run = runOn(p, {{"x", std::vector<uint32_t>(100, 7)}});
    ASSERT_TRUE(run) << run.error().str();
    EXPECT_EQ(run->outputs["y"], std::vector<uint32_t>(100, 7));
    EXPECT_EQ(run->wavelets, 200u);
    // A hop in, two ramps and an element, a hop out.
    EXPECT_EQ(run->cycles, 100 * pace + 2 * kHop + 2 * kRamp + 1);
  }
}

//===- Cores --------------------------------------------------------------===//

TEST(Reference, FractionsOfACostAddUp) {
  Profile profile = bare();
  profile.scalarOp = 0.5, profile.scalarMemory = 2.25, profile.branch = 3;
  profile.vectorMove = {4, 0.25};
  TestProgram p(1, 1, profile);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    auto next = a.label();
    a.li(2, 5);                                 // 0.5
    a.scalar(Opcode::Stw, 2, 0, kData);         // 2.25
    a.jmp(next);                                // 3
    a.bind(next);                               //
    a.branch(Opcode::Bne, 0, 0, next);          // 0.5: not taken
    a.nest({10});                               // 1: two words
    a.desc(0, kData, {1});                      // 1
    a.vec(VectorOp::Mov, I32, desc(0), reg(2)); // 4 and 2.5
    a.halt();                                   // 0.5
  });
  EXPECT_EQ(cyclesOf(p), 0.5 + 2.25 + 3 + 0.5 + 1 + 1 + 4 + 2.5 + 0.5);
}

TEST(Reference, ThreadsAndTheirCoreTakeTurnsOnTheDataPath) {
  auto cycles = [](unsigned thread) {
    TestProgram p(1, 1, bare());
    p.region("r", 0, 0, 1, 1, [&](Assembler &a) {
      a.nest({100});
      a.desc(0, kData, {1});
      a.desc(1, kData + 400, {1});
      a.vec(VectorOp::Mov, I32, desc(0), reg(0), none(), none(), thread);
      a.vec(VectorOp::Mov, I32, desc(1), reg(0));
      a.halt();
    });
    return cyclesOf(p);
  };
  EXPECT_EQ(cycles(0), 200);
  EXPECT_EQ(cycles(1), 200);
}

TEST(Reference, AThreadDelaysScalarsByHalf) {
  Profile profile = bare();
  profile.scalarOp = 1;
  TestProgram p(1, 1, profile);
  p.region("r", 0, 0, 1, 1, [&](Assembler &a) {
    a.nest({50});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Mov, I32, desc(0), reg(0), none(), none(), 1);
    for (int k = 0; k != 99; ++k)
      a.addi(2, 2, 1);
    a.halt();
  });
  EXPECT_EQ(cyclesOf(p), 4 + 50 + 100); // nest and desc are two words each
}

TEST(Reference, AnInstructionWaitsForItsThreadAndItsQueues) {
  TestProgram p(2, 1, bare());
  line(p, 0, 0, 1);
  p.region("a", 0, 0, 1, 1, [](Assembler &a) { send(a, 0, 10, 1), send(a, 0, 10, 2), a.halt(); });
  p.region("b", 1, 0, 1, 1, [](Assembler &a) { receive(a, 0, 10, 1), receive(a, 0, 10, 1), a.halt(); });
  EXPECT_EQ(cyclesOf(p), 2 * kRamp + kHop + 20);
}

//===- Ends ---------------------------------------------------------------===//

TEST(Reference, EndsInAnError) {
  auto error = [](const TestProgram::Code &code) {
    TestProgram p(2, 1, bare());
    line(p, 0, 0, 1);
    p.region("a", 0, 0, 1, 1, code);
    p.region("b", 1, 0, 1, 1, [](Assembler &a) { a.halt(); });
    return errorOf(p);
  };
  auto vector = [](VectorOp op, VectorOperand dst, VectorOperand a1, VectorOperand b = none(), unsigned thread = 0) {
    return [=](Assembler &a) {
      a.li(2, INT32_MAX);
      a.nest({2});
      a.desc(0, kData, {1});
      a.desc(1, kData + 2, {1});
      a.desc(2, 60000, {1});
      a.desc(3, 0, {1});
      a.vec(VectorOp::Mov, I32, desc(0), reg(0));
      a.vec(op, I32, dst, a1, b, none(), thread);
      a.vec(VectorOp::Mov, I32, desc(0), reg(0));
      a.halt();
    };
  };
  EXPECT_EQ(error(vector(VectorOp::Mov, desc(2), reg(0))), ErrorCode::ProgramBounds);
  EXPECT_EQ(error(vector(VectorOp::Mov, desc(3), reg(0))), ErrorCode::ProgramReadOnly);
  EXPECT_EQ(error(vector(VectorOp::Mov, desc(1), reg(0))), ErrorCode::ProgramAlignment);
  EXPECT_EQ(error(vector(VectorOp::Mov, desc(4), reg(0))), ErrorCode::ProgramDescriptor);
  EXPECT_EQ(error(vector(VectorOp::Div, desc(0), desc(0), reg(0))), ErrorCode::ProgramDivideByZero);
  EXPECT_EQ(error(vector(VectorOp::AddChecked, desc(0), reg(2), reg(2))), ErrorCode::ProgramOverflow);
  EXPECT_EQ(error(vector(VectorOp::Mov, fabric(5), reg(0))), ErrorCode::ProgramUnroutedSend);
  EXPECT_EQ(error(vector(VectorOp::Mov, none(), fabric(0))), ErrorCode::ProgramUnroutedReceive);
  EXPECT_EQ(error(vector(VectorOp::Mov, desc(0), reg(0), none(), 1)), ErrorCode::ProgramRace);
  EXPECT_EQ(error(vector(VectorOp::Mov, fabric(0), reg(0))), ErrorCode::ProgramLeftover);
  EXPECT_EQ(error([](Assembler &a) { a.scalar(Opcode::Ldw, 2, 0, kData), a.halt(); }), ErrorCode::ProgramUninitialised);
  EXPECT_EQ(error([](Assembler &a) { a.ret(); }), ErrorCode::ProgramCallDepth);
  EXPECT_EQ(error([](Assembler &a) { send(a, 0, 9), a.halt(); }), ErrorCode::ProgramDeadlock);
}

TEST(Reference, CyclesHaveALimit) {
  TestProgram p(1, 1);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    auto again = a.label();
    a.bind(again);
    a.jmp(again);
  });
  Result<ReferenceRun> run = runOn(p, {}, 1000);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::ProgramCycleLimit);
}

TEST(Reference, AWaveletDoesNotTravelInACircle) {
  TestProgram p(2, 2, bare());
  // Round and round once the switch at (0, 0) has let it in.
  p.route(0, 0, 0, 1, 1, {{R, E}, {S, E}});
  p.route(0, 1, 0, 1, 1, {{W, S}});
  p.route(0, 1, 1, 1, 1, {{N, W}});
  p.route(0, 0, 1, 1, 1, {{E, N}});
  p.region("r", 0, 0, 1, 1, [](Assembler &a) { send(a, 0, 1, 0, Control::Advance), a.halt(); });
  EXPECT_EQ(errorOf(p), ErrorCode::ProgramRouteLoop);
}

TEST(Reference, AControlWaveletDoesNotLeaveTheMesh) {
  TestProgram p(1, 1, bare());
  p.route(0, 0, 0, 1, 1, {{R, W}});
  p.host(true, "y", image::I32, {{2, 2}}, 0, 0, 1, W, 0);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) { send(a, 0, 1, 0, Control::Advance), a.halt(); });
  EXPECT_EQ(errorOf(p), ErrorCode::ProgramControl);
}

TEST(Reference, AnOutputMustBeComplete) {
  TestProgram p(1, 1, bare());
  p.route(0, 0, 0, 1, 1, {{R, W}});
  p.host(true, "y", image::I32, {{2, 2}}, 0, 0, 1, W, 0);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) { send(a, 0, 1), a.halt(); });
  EXPECT_EQ(errorOf(p), ErrorCode::ProgramOutputShort);
}

//===- A published figure -------------------------------------------------===//

// All-reduce by chain, then broadcast: "Near-Optimal Wafer-Scale Reduce" (HPDC'24, arXiv 2404.15888) gives
// B + (2 T_R + 2)(P - 1) and B + P + 2 T_R cycles. Here the root casts each sum as it comes, so every ramp carries
// chain and cast at once: the ramps make two blocks of it again.
TEST(Reference, ChainThenBroadcastTakesAsLongAsPublished) {
  Result<Profile> wse2 = Profile::load("wse2");
  ASSERT_TRUE(wse2);
  for (auto [pes, b] : {std::pair{64, 4096}, {128, 4096}, {420, 4096}}) {
    const auto p = published::chainThenBroadcast(*wse2, pes, b);
    const double wanted = published::chainFormula(pes, b) + published::broadcastFormula(pes, b);
    const double cycles = cyclesOf(*p);
    EXPECT_NEAR(cycles / wanted, 1, 0.01) << pes << " " << b << " " << cycles;
  }
}
