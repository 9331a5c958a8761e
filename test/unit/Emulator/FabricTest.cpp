// The fabric without cores: the test sends and receives.
#include "Emulator/Fabric.h"
#include "TestProgram.h"

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::test;

namespace {

constexpr unsigned kColor = 4;

/// A row of PEs with one program, which does nothing; its colors' routes are the test's.
class Line : FabricClient {
public:
  explicit Line(TestProgram &&made) : program(made.verify().take()), fabric(program, *this) {
    fabric.reset(/*timed=*/true);
  }

  /// A send of words from a core, all computed and leaving one a cycle from cycle 0 on.
  TrainRef send(uint32_t pe, uint32_t words, isa::Control control = isa::Control::None) {
    Stream &stream = fabric.streamAt(pe, kColor);
    EXPECT_TRUE(stream.traced || fabric.trace(stream));
    TrainRef train = fabric.newTrain(stream);
    train->control = control;
    train->total = train->produced = words + (control != isa::Control::None);
    train->data.assign(train->total, pe);
    train->records.push_back({0, train->total, 0, (train->total - 1) * kTicksPerCycle});
    fabric.launch(*train);
    settle();
    return train;
  }

  /// A core is bound to take so many more words than it has taken.
  void promise(uint32_t pe, uint32_t words) {
    End &end = fabric.endAt(pe, kColor);
    fabric.promise(end, end.consumed + words);
    settle();
  }

  /// And takes them, one a cycle from a time on.
  void receive(uint32_t pe, uint32_t words, double cycle = 0) {
    promise(pe, words);
    End &end = fabric.endAt(pe, kColor);
    while (words) {
      ASSERT_LT(end.cursor, end.legs.size());
      const Leg leg = end.legs[end.cursor];
      const uint32_t offset = end.consumed - leg.base, count = std::min(words, leg.train->total - offset);
      ASSERT_GE(leg.train->injected, offset + count);
      ASSERT_EQ(leg.train->data.size(), leg.train->total);
      fabric.remember(end, {end.consumed, count, 0, ticks(cycle), ticks(cycle + count - 1), {}});
      cycle += count;
      words -= count;
      end.moveOn(offset + count);
      fabric.settle(end, end.consumed);
    }
    settle();
  }

  std::optional<Diagnostic> failure;
  const VerifiedProgram program;
  Fabric fabric;

private:
  void wake(Op *) override {}
  void moved(Train &) override {}
  void failed(Diagnostic why) override { failure = std::move(why); }

  /// Until nothing moves any more.
  void settle() {
    while (!fabric.ready().empty()) {
      TrainRef train = fabric.ready().back();
      fabric.ready().pop_back();
      train->queued = false;
      fabric.update(train);
    }
  }
};

TestProgram idle(int width) {
  TestProgram program(width, 1);
  program.region("idle", 0, 0, width, 1, [](Assembler &a) { a.halt(); });
  return program;
}

/// The test profile's queues and routers have room for two wavelets each.
constexpr uint64_t capacity(int links) { return 2 + 2 * (links + 1) + 2; }

TEST(Fabric, InjectsWhatTheSlowestReceiversPathHasRoomFor) {
  TestProgram program = idle(3);
  program.route(kColor, 0, 0, 1, 1, {{R, E}});
  program.route(kColor, 1, 0, 1, 1, {{W, R | E}});
  program.route(kColor, 2, 0, 1, 1, {{W, R}});
  Line line(std::move(program));
  const TrainRef train = line.send(0, 40);
  EXPECT_EQ(train->injected, capacity(1));
  line.receive(1, 5);
  EXPECT_EQ(train->injected, capacity(2));
  line.receive(2, 5);
  EXPECT_EQ(train->injected, capacity(1) + 5);
  line.promise(1, 35);
  EXPECT_EQ(train->injected, 5 + capacity(2));
  line.promise(2, 34 - capacity(2));
  EXPECT_EQ(train->injected, 39u);
  line.promise(2, 35);
  EXPECT_EQ(train->injected, 40u);
  line.receive(1, 35);
  line.receive(2, 34 - capacity(2));
  EXPECT_FALSE(line.fabric.hasLeft(*train));
  line.receive(2, 1);
  EXPECT_TRUE(line.fabric.hasLeft(*train));
  EXPECT_FALSE(train->data.empty());
  line.receive(2, capacity(2));
  EXPECT_TRUE(train->data.empty());
}

TEST(Fabric, SendsWhenTheReceiverHasMadeRoom) {
  TestProgram program = idle(2);
  program.route(kColor, 0, 0, 1, 1, {{R, E}});
  program.route(kColor, 1, 0, 1, 1, {{W, R}});
  Line line(std::move(program));
  const TrainRef train = line.send(0, 12);
  line.receive(1, 12, /*cycle=*/100);
  const Ticks response = ticks(2); // from router to router, and to the core
  // The first of them leave at the sender's pace, the others as the first are taken.
  for (uint32_t k = 0; k != 12; ++k)
    EXPECT_EQ(line.fabric.injectedAt(*train, k), k < capacity(1) ? ticks(k) : ticks(100 + k - capacity(1)) + response);
}

/// PE 2 hears PE 3 first, and PE 0 when PE 3's control wavelet has passed.
TestProgram switched() {
  TestProgram program = idle(4);
  program.route(kColor, 0, 0, 1, 1, {{R, E}});
  program.route(kColor, 1, 0, 1, 1, {{W, R | E}});
  program.route(kColor, 2, 0, 1, 1, {{E, R}, {W, R}});
  program.route(kColor, 3, 0, 1, 1, {{R, W}});
  return program;
}

TEST(Fabric, ParksATrainUntilTheTailOfAnotherHasPassed) {
  Line line(switched());
  const TrainRef far = line.send(0, 20);
  // Room up to the switch: the sender's queue, its router, and the two behind it.
  EXPECT_EQ(far->injected, 2u + 2 + 2 * 2);
  EXPECT_EQ(line.fabric.firstParked()->train.get(), far.get());
  const TrainRef near = line.send(3, 3, isa::Control::Advance);
  EXPECT_EQ(line.fabric.position(2, kColor), 0);
  EXPECT_EQ(near->injected, 4u);
  line.receive(2, 4);
  EXPECT_EQ(line.fabric.position(2, kColor), 1);
  EXPECT_EQ(line.fabric.firstParked(), nullptr);
  EXPECT_EQ(far->injected, capacity(1));
  line.promise(1, 20);
  EXPECT_EQ(far->injected, capacity(2));
  line.promise(2, 20);
  EXPECT_EQ(far->injected, 20u);
  line.receive(1, 20);
  line.receive(2, 20);
  EXPECT_TRUE(far->data.empty());
}

TEST(Fabric, KeepsWordsForParkedHeads) {
  Line line(switched());
  const TrainRef both = line.send(0, 2);
  line.receive(1, 2);
  EXPECT_EQ(both->data.size(), 2u);
  line.send(3, 0, isa::Control::Advance);
  line.receive(2, 3);
  EXPECT_TRUE(both->data.empty());
}

TEST(Fabric, StartsAfresh) {
  Line line(switched());
  line.send(0, 5);
  line.fabric.reset(/*timed=*/false);
  EXPECT_EQ(line.fabric.wavelets(), 0u);
  EXPECT_EQ(line.fabric.firstParked(), nullptr);
  EXPECT_TRUE(line.fabric.reachesCore(2, kColor));
  EXPECT_FALSE(line.fabric.reachesCore(3, kColor));
}

} // namespace
