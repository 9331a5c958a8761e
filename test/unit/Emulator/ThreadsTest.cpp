// One loaded program in several threads at once: each run is what it would have been alone. And several threads in a
// run.
#include "TestProgram.h"

#include <thread>

using namespace wafer;
using namespace wafer::test;

namespace {

constexpr int kSide = 4, kWords = 8;
constexpr unsigned kIn = 4, kGather = 5, kOut = 6;
constexpr uint32_t kWeights = kData, kX = kData + 256, kSum = kData + 512;

/// Row y of y is the sum over x of weight (x) * row y of x: a row's words go from its port to all its PEs, which
/// multiply them and send them over switches to the first. A first word that is negative ends the run.
void build(TestProgram &p) {
  p.route(kIn, 0, 0, kSide - 1, kSide, {{W, E | R}}, "in");
  p.route(kIn, kSide - 1, 0, 1, kSide, {{W, R}}, "in");
  p.gatherX(kGather, 0, 0, kSide, kSide);
  p.route(kOut, 0, 0, 1, kSide, {{R, W}}, "out");
  for (bool output : {false, true})
    p.host(output, output ? "y" : "x", image::F32, {{kSide, 1, 0, 1}, {kWords, kWords}}, 0, 0, kSide, W,
           output ? kOut : kIn);
  image::Region &region = p.region("r", 0, 0, kSide, kSide, [](Assembler &a) {
    auto last = a.label(), sent = a.label(), end = a.label();
    a.nest({kWords});
    a.desc(0, kX, {1});
    a.desc(1, kWeights, {0});
    a.desc(2, kSum, {1});
    a.vec(VectorOp::Mov, F32, desc(0), fabric(kIn));
    a.scalar(Opcode::Ldw, 2, 0, kX);
    a.scalar(Opcode::Slti, 2, 2, 0);
    a.trap(2, 0);
    a.vec(VectorOp::Mul, F32, desc(0), desc(0), desc(1));
    a.coord(3, false);
    a.li(4, kSide - 1);
    a.branch(Opcode::Beq, 3, 4, last);
    a.vec(VectorOp::Mov, F32, fabric(kGather), desc(0), none(), none(), 1, Control::Advance);
    a.jmp(sent);
    a.bind(last);
    a.vec(VectorOp::Mov, F32, fabric(kGather), desc(0), none(), none(), 1, Control::Reset);
    a.bind(sent);
    a.branch(Opcode::Bne, 3, 0, end);
    a.vec(VectorOp::Mov, F32, desc(2), reg(0));
    for (int i = 0; i != kSide; ++i) {
      a.nest({kWords});
      a.vec(VectorOp::Add, F32, desc(2), desc(2), fabric(kGather));
      a.nest({1});
      a.vec(VectorOp::Mov, F32, none(), fabric(kGather)); // the control word
    }
    a.nest({kWords});
    a.vec(VectorOp::Mov, F32, fabric(kOut), desc(2));
    a.bind(end);
    a.wait(1);
    a.halt();
  });
  region.add_traps(p.string("the first word is negative"));
  static const float weights[kSide] = {1, 10, 100, 1000};
  image::Weight &weight = *p.writer.manifest.add_weights();
  weight.mutable_tensor()->set_name("w");
  weight.mutable_tensor()->set_type(image::F32);
  weight.mutable_tensor()->set_carried(image::F32);
  weight.mutable_tensor()->add_shape(kSide);
  weight.set_section(p.writer.addSection({reinterpret_cast<const uint8_t *>(weights), sizeof(weights)}));
  image::WeightSlice &slice = *region.add_weights();
  slice.set_address(kWeights);
  slice.mutable_box()->set_split_x(kSide), slice.mutable_box()->set_split_y(1);
  auto &dim = *slice.mutable_box()->add_dims();
  dim.set_extent(kSide), dim.set_length(1), dim.set_stride(1), dim.set_x_minor(1);
}

std::shared_ptr<const LoadedProgram> load(TestProgram &p) {
  auto verified = p.verify();
  EXPECT_TRUE(verified) << verified.error().str();
  auto loaded = LoadedProgram::create(verified.take());
  EXPECT_TRUE(loaded);
  return loaded.take();
}

struct Outcome {
  std::vector<float> values;
  std::string error;
  double cycles = 0;
  uint64_t instructions = 0, wavelets = 0;
  bool operator==(const Outcome &) const = default;
};

Outcome run(Emulator &emulator, int input, const RunOptions &options = {}) {
  std::vector<float> x(kSide * kWords);
  for (size_t i = 0; i != x.size(); ++i)
    x[i] = static_cast<float>(input * 100 + int(i));
  HostTensor tensor = tensorOf<float>(HostType::F32, {kSide, kWords}, x);
  Outcome outcome;
  if (Status status = emulator.setInput("x", tensor); !status)
    outcome.error = status.error().str();
  else if (Status ran = emulator.run(options); !ran)
    outcome.error = ran.error().str();
  const RunStats &stats = emulator.stats();
  outcome.cycles = stats.cycles, outcome.instructions = stats.instructions, outcome.wavelets = stats.wavelets;
  if (Result<HostTensor> y = emulator.output("y")) {
    outcome.values.resize(kSide * kWords);
    std::memcpy(outcome.values.data(), y->bytes.data(), y->bytes.size());
  }
  return outcome;
}

} // namespace

class ThreadsOf : public testing::TestWithParam<EngineKind> {
protected:
  RunOptions options() const {
    RunOptions options;
    options.engine = GetParam();
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ThreadsOf, testing::Values(EngineKind::Scalar, EngineKind::Classes));

TEST_P(ThreadsOf, OneProgramRunsInSeveralAtOnce) {
  TestProgram p(kSide, kSide);
  build(p);
  auto loaded = load(p);
  constexpr int kThreads = 4, kRuns = 8; // of each
  // Every run with an input of its own; that of some ends with an error.
  auto inputOf = [](int thread, int run) { return run % 4 == thread ? -1 - run : thread + 10 * run; };
  std::vector<Outcome> alone, together(kThreads * kRuns);
  auto one = Emulator::create(loaded);
  ASSERT_TRUE(one);
  for (int i = 0; i != kThreads * kRuns; ++i)
    alone.push_back(run(**one, inputOf(i / kRuns, i % kRuns), options()));
  EXPECT_EQ(alone[1].values[0], 1111 * 1000);
  EXPECT_NE(alone[0].error.find("the first word is negative"), std::string::npos);
  std::vector<std::thread> threads;
  for (int t = 0; t != kThreads; ++t)
    threads.emplace_back([&, t] {
      auto emulator = Emulator::create(loaded);
      for (int k = 0; emulator && k != kRuns; ++k)
        together[t * kRuns + k] = run(**emulator, inputOf(t, k), options());
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(together, alone);
}

TEST_P(ThreadsOf, ARunIsTheSameWithAnyNumber) {
  TestProgram p(kSide, kSide);
  build(p);
  auto loaded = load(p);
  std::vector<Outcome> outcomes[3];
  for (int k = 0; const unsigned threads : {1u, 2u, 8u}) {
    auto emulator = Emulator::create(loaded);
    ASSERT_TRUE(emulator);
    RunOptions with = options();
    with.threads = threads;
    for (int input : {1, 2, -1, 3}) {
      outcomes[k].push_back(run(**emulator, input, with));
      const bool byClass = (*emulator)->stats().engine == EngineKind::Classes;
      EXPECT_EQ((*emulator)->stats().threads, byClass ? threads : 1);
    }
    ++k;
  }
  EXPECT_EQ(outcomes[0][0].values[0], 1111 * 100);
  EXPECT_NE(outcomes[0][2].error.find("the first word is negative"), std::string::npos);
  EXPECT_EQ(outcomes[1], outcomes[0]);
  EXPECT_EQ(outcomes[2], outcomes[0]);
}

TEST_P(ThreadsOf, AnEmulatorOutlivesTheThreadThatRanIt) {
  TestProgram p(kSide, kSide);
  build(p);
  auto emulator = Emulator::create(load(p));
  ASSERT_TRUE(emulator);
  std::thread([&] { EXPECT_EQ(run(**emulator, 2, options()).values[0], 1111 * 200); }).join();
  EXPECT_EQ((*emulator)->stats().engine, GetParam());
  EXPECT_EQ(run(**emulator, 3, options()).values[0], 1111 * 300);
  // Freed where the thread's own things are gone already.
  std::thread([&] {
    static thread_local std::unique_ptr<Emulator> last;
    last = std::move(*emulator);
    EXPECT_EQ(run(*last, 4, options()).values[0], 1111 * 400);
  }).join();
}

TEST(Threads, AProgramLivesAsLongAsAnEmulatorThatRunsIt) {
  TestProgram p(kSide, kSide);
  build(p);
  auto emulator = Emulator::create(load(p));
  ASSERT_TRUE(emulator);
  EXPECT_EQ(run(**emulator, 2).values[0], 1111 * 200);
}
