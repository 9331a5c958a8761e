// Lines of one region whose heads hear different senders: where all wait for one, the others go on.
#include "../TestProgram.h"

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::test;

namespace {
constexpr int kSide = 4, kWords = 50; // more than a line's buffers hold
constexpr unsigned kColor = 4, kPosition = 2, kLine = 3, kCount = 5, kWord = 6;

struct Lines {
  bool vertical, onThread;
};

/// On line k only the PE at position k sends words; all hand on the turn. The head takes the turns of those before and
/// behind at once.
void gatherOneSpeaker(Assembler &a, Lines lines) {
  auto done = a.label();
  a.coord(kPosition, lines.vertical);
  a.coord(kLine, !lines.vertical);
  a.scalarReg(Opcode::Seq, kCount, kPosition, kLine);
  a.scalar(Opcode::Muli, kCount, kCount, kWords);
  a.addi(kWord, kPosition, 100);
  a.nest({Operand::reg(kCount)});
  auto send = [&](Control control) {
    a.vec(VectorOp::Mov, I32, fabric(kColor), reg(kWord), none(), none(), /*thread=*/1, control);
  };
  auto notLast = a.label(), sent = a.label();
  a.li(kCount, kSide - 1);
  a.branch(Opcode::Bne, kPosition, kCount, notLast);
  send(Control::Reset);
  a.jmp(sent);
  a.bind(notLast);
  send(Control::Advance);
  a.bind(sent);
  a.branch(Opcode::Bne, kPosition, 0, done);
  auto take = [&](Operand n) {
    a.nest({n});
    a.vec(VectorOp::Mov, I32, none(), fabric(kColor), none(), none(), lines.onThread ? 2 : 0);
    if (lines.onThread)
      a.wait(2);
  };
  take(Operand::reg(kLine));
  a.nest({kWords});
  a.desc(0, kData, {1});
  a.vec(VectorOp::Mov, I32, desc(0), fabric(kColor));
  take(Operand::imm(1));
  a.scalar(Opcode::Rsbi, kCount, kLine, kSide - 1);
  take(Operand::reg(kCount));
  a.scalar(Opcode::Ldw, kWord, 0, kData + 4 * (kWords - 1));
  a.addi(kWord, kWord, -100);
  a.scalarReg(Opcode::Xor, kWord, kWord, kLine);
  a.trap(kWord, 0);
  a.bind(done);
  a.halt();
}
} // namespace

TEST(Parting, HeadsThatHearDifferentSendersGoOnAlone) {
  for (const Lines lines : {Lines{false, false}, Lines{true, false}, Lines{false, true}, Lines{true, true}}) {
    TestProgram p(kSide, kSide);
    lines.vertical ? p.gatherY(kColor, 0, 0, kSide, kSide) : p.gatherX(kColor, 0, 0, kSide, kSide);
    p.region("r", 0, 0, kSide, kSide, [&](Assembler &a) {
       gatherOneSpeaker(a, lines);
     }).add_traps(p.string("another word"));
    double cycles[2];
    for (const EngineKind engine : {EngineKind::Scalar, EngineKind::Classes}) {
      RunOptions options;
      options.engine = engine;
      const Status status = p.run({}, options);
      ASSERT_TRUE(status) << status.error().str();
      EXPECT_EQ(p.emulator->stats().engine, engine);
      cycles[engine == EngineKind::Classes] = p.emulator->stats().cycles;
    }
    EXPECT_EQ(cycles[1], cycles[0]);
  }
}
