// Deadlocks that the engine by class tells by itself: in the scalar engine's words, at its time, with its counts.
#include "../TestProgram.h"

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::test;

namespace {
constexpr int kSide = 4, kWords = 50; // more than a line's buffers hold
constexpr unsigned kColor = 4, kX = 2, kY = 3, kLast = 5, kWord = 6;

void send(Assembler &a, int words, Control control = Control::None, unsigned thread = 0) {
  a.nest({words});
  a.vec(VectorOp::Mov, I32, fabric(kColor), reg(kWord), none(), none(), thread, control);
}
void receive(Assembler &a, int words, unsigned thread = 0) {
  a.nest({words});
  a.desc(0, kData, {1});
  a.vec(VectorOp::Mov, I32, desc(0), fabric(kColor), none(), none(), thread);
}

/// Runs a region of kSide x kSide PEs with each engine, until the same deadlock; its text.
std::string deadlockOf(const std::function<void(TestProgram &)> &route, const std::function<void(Assembler &)> &code) {
  TestProgram p(kSide, kSide);
  route(p);
  p.region("r", 0, 0, kSide, kSide, [&](Assembler &a) {
    a.coord(kX, false);
    a.coord(kY, true);
    code(a);
    a.halt();
  });
  std::string text[2];
  RunStats stats[2];
  for (const EngineKind engine : {EngineKind::Scalar, EngineKind::Classes}) {
    RunOptions options;
    options.engine = engine;
    const bool byClass = engine == EngineKind::Classes;
    const Status status = p.run({}, options);
    EXPECT_TRUE(failedWith(status, ErrorCode::ProgramDeadlock));
    text[byClass] = status.error().str();
    stats[byClass] = p.emulator->stats();
    EXPECT_EQ(stats[byClass].engine, engine);
  }
  EXPECT_EQ(text[1], text[0]);
  EXPECT_EQ(stats[1].cycles, stats[0].cycles);
  EXPECT_EQ(stats[1].instructions, stats[0].instructions);
  EXPECT_EQ(stats[1].vectorElements, stats[0].vectorElements);
  EXPECT_EQ(stats[1].wavelets, stats[0].wavelets);
  return text[1];
}
void castAlongX(TestProgram &p) { // to all others
  p.route(kColor, 0, 0, 1, kSide, {{R, E}}, "cast");
  p.route(kColor, 1, 0, kSide - 2, kSide, {{W, E | R}}, "cast");
  p.route(kColor, kSide - 1, 0, 1, kSide, {{W, R}}, "cast");
}
void gatherAlongX(TestProgram &p) { p.gatherX(kColor, 0, 0, kSide, kSide); }
void gatherAlongY(TestProgram &p) { p.gatherY(kColor, 0, 0, kSide, kSide); }
} // namespace

TEST(ClassDeadlock, AReceiverThatDoesNotReadHoldsTheOthersBack) {
  // The last PE of row 2 only; its row's sender waits for it, and who hears the same words does.
  const std::string text = deadlockOf(castAlongX, [](Assembler &a) {
    auto first = a.label(), reads = a.label(), done = a.label();
    a.branch(Opcode::Beq, kX, 0, first);
    a.li(kLast, kSide - 1);
    a.branch(Opcode::Bne, kX, kLast, reads);
    a.li(kLast, 2);
    a.branch(Opcode::Beq, kY, kLast, done);
    a.bind(reads);
    receive(a, kWords);
    a.jmp(done);
    a.bind(first);
    send(a, kWords);
    a.bind(done);
  });
  EXPECT_NE(text.find("3 of 16 PEs wait for ever"), std::string::npos) << text;
  EXPECT_NE(text.find("waits for room on color 4 ('cast') for 50 wavelets at PE (3, 2)"), std::string::npos) << text;
  EXPECT_NE(text.find("and that PE has halted"), std::string::npos) << text;
}

TEST(ClassDeadlock, ASwitchThatDoesNotTurnIsNamedInItsLine) {
  // In the last two lines the head does not hand on the turn; the switches of the others have all turned.
  for (const bool vertical : {false, true}) {
    const std::string text = deadlockOf(vertical ? gatherAlongY : gatherAlongX, [&](Assembler &a) {
      const unsigned position = vertical ? kY : kX, line = vertical ? kX : kY;
      auto gather = [&](Control first) {
        auto head = a.label(), last = a.label(), done = a.label();
        a.branch(Opcode::Beq, position, 0, head);
        a.li(kLast, kSide - 1);
        a.branch(Opcode::Beq, position, kLast, last);
        send(a, kWords, Control::Advance);
        a.jmp(done);
        a.bind(last);
        send(a, kWords, Control::Reset);
        a.jmp(done);
        a.bind(head);
        send(a, kWords, first, /*thread=*/1);
        receive(a, kSide * (kWords + 1));
        a.wait(1);
        a.bind(done);
        a.halt();
      };
      auto forget = a.label();
      a.li(kLast, kSide - 2);
      a.branch(Opcode::Bge, line, kLast, forget);
      gather(Control::Advance);
      a.bind(forget);
      gather(Control::None);
    });
    EXPECT_NE(text.find("8 of 16 PEs wait for ever"), std::string::npos) << text;
    EXPECT_NE(text.find("waits for data on color 4"), std::string::npos) << text;
  }
}

TEST(ClassDeadlock, AThreadThatDoesNotEndOutlivesItsCore) {
  const std::string text = deadlockOf(castAlongX, [](Assembler &a) {
    auto first = a.label(), done = a.label();
    a.branch(Opcode::Beq, kX, 0, first);
    receive(a, kWords, /*thread=*/2);
    a.jmp(done);
    a.bind(first);
    send(a, kWords - 1);
    a.bind(done);
  });
  EXPECT_NE(text.find("12 of 16 PEs wait for ever"), std::string::npos) << text;
  EXPECT_NE(text.find("PE (1, 0) of region 'r', code word"), std::string::npos) << text;
  EXPECT_NE(text.find("waits for data on color 4 ('cast') (thread 2) at PE (0, 0)"), std::string::npos) << text;
}

TEST(ClassDeadlock, AColorThatIsInUseIsWaitedFor) {
  const std::string text = deadlockOf(castAlongX, [](Assembler &a) {
    auto first = a.label(), done = a.label();
    a.branch(Opcode::Beq, kX, 0, first);
    receive(a, kWords, /*thread=*/2);
    receive(a, 1);
    a.jmp(done);
    a.bind(first);
    send(a, 1);
    a.bind(done);
  });
  EXPECT_NE(text.find("12 of 16 PEs wait for ever"), std::string::npos) << text;
}
