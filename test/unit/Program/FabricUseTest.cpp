#include "wafer/Program/FabricUse.h"
#include "wafer/Program/Assembler.h"

#include <functional>
#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::isa;

namespace {

FabricUse useOf(const std::function<void(Assembler &)> &write) {
  Assembler a;
  write(a);
  auto words = a.finish();
  EXPECT_TRUE(words) << words.error().str();
  auto code = decodeProgram(*words, 0, 24, 0);
  EXPECT_TRUE(code) << code.error().str();
  return fabricUseOf(*code);
}

void receive(Assembler &a, unsigned color, unsigned thread) {
  a.vec(VectorOp::Mov, ElementType::F32, VectorOperand::none(), VectorOperand::fabric(color), VectorOperand::none(),
        VectorOperand::none(), thread);
}

void relay(Assembler &a, unsigned from, unsigned to, unsigned thread) {
  a.vec(VectorOp::Mov, ElementType::F32, VectorOperand::fabric(to), VectorOperand::fabric(from), VectorOperand::none(),
        VectorOperand::none(), thread);
}

TEST(FabricUse, CountsWhatThreadsMayStillTake) {
  FabricUse use = useOf([](Assembler &a) {
    a.nest({1});
    receive(a, 1, 1);
    relay(a, 2, 3, 2);
    receive(a, 4, 0); // with two threads at work
    a.wait(1);
    receive(a, 5, 0); // with one
    a.halt();
  });
  EXPECT_EQ(use.operands.count, 1u);
  EXPECT_EQ(use.received.count, 3u);
  EXPECT_EQ(use.sent.count, 1u);
}

TEST(FabricUse, CountsOneInstructionAThread) {
  FabricUse use = useOf([](Assembler &a) {
    a.nest({1});
    for (unsigned color = 0; color != 6; ++color)
      receive(a, color, 1); // each waits for the one before it
    a.halt();
  });
  EXPECT_EQ(use.received.count, 1u);
}

TEST(FabricUse, TakesTheWorseOfTwoWays) {
  FabricUse use = useOf([](Assembler &a) {
    auto other = a.label(), end = a.label();
    a.nest({1});
    a.branch(Opcode::Beq, 1, 2, other);
    receive(a, 1, 1);
    receive(a, 2, 2);
    a.jmp(end);
    a.bind(other);
    receive(a, 3, 1);
    a.bind(end);
    receive(a, 4, 0);
    a.halt();
  });
  EXPECT_EQ(use.received.count, 3u); // 1, 2 and 4: not 3, which is on 1's thread
}

TEST(FabricUse, FollowsLoopsAndCalls) {
  FabricUse use = useOf([](Assembler &a) {
    auto again = a.label(), function = a.label();
    a.bind(again);
    a.call(function); // the second time with the thread at work that the loop started
    a.nest({1});
    receive(a, 1, 1);
    a.branch(Opcode::Blt, 1, 2, again);
    a.halt();
    a.bind(function);
    a.nest({1});
    relay(a, 2, 3, 0);
    a.ret();
  });
  EXPECT_EQ(use.received.count, 2u);
  EXPECT_EQ(use.sent.count, 1u);
}

TEST(FabricUse, SaysWhatTheCoreLacks) {
  Profile profile;
  FabricUse use;
  use.operands = {2, 7};
  use.received = {4, 8};
  use.sent = {3, 9};
  EXPECT_TRUE(fabricLackOf(use, profile).what.empty()); // no figure is no limit
  profile.outputQueues = 2;
  EXPECT_EQ(fabricLackOf(use, profile).what, "sends on 3 colors at once, and a core has 2 output queues");
  EXPECT_EQ(fabricLackOf(use, profile).word, 9u);
  profile.inputQueues = 3;
  EXPECT_EQ(fabricLackOf(use, profile).figure, "fabric.input_queues");
  profile.fabricInputs = 1;
  EXPECT_EQ(fabricLackOf(use, profile).what, "one instruction receives on 2 colors, and a core's may on 1");
  profile = {};
  profile.inputQueues = 4;
  profile.outputQueues = 3;
  profile.fabricInputs = 2;
  EXPECT_TRUE(fabricLackOf(use, profile).what.empty());
}

} // namespace
