// Random programs on a few PEs: values, deadlocks and cycles are a program's, whatever the order in which PEs run.
//
// A program here is a set of random static routes (unicast and multicast), one color each, and per PE a random sequence
// of sends, receives and relays on them, some on threads. Most are made consistent (what is sent is received, in one
// global order of transfers); some are spoiled on purpose. The same program runs under many schedules.
#include "TestProgram.h"

#include <random>

using namespace wafer;
using namespace wafer::test;

namespace {
struct Transfer {
  unsigned color;
  int count;
};

struct Route {
  int from;
  std::vector<int> to;
};

/// A line of PEs of one region each; colors 0.. are routes from a PE to one or several of higher or lower index.
class RandomProgram {
public:
  explicit RandomProgram(unsigned seed) : random(seed) {
    pes = 2 + random() % 4;
    program = std::make_unique<TestProgram>(pes, 1);
    program->profile.linkBufferWavelets = 1 + random() % 3;
    program->profile.inputQueueWavelets = 1 + random() % 3;
    program->profile.outputQueueWavelets = random() % 3;
    program->profile.linkCyclesPerWavelet = random() % 2 ? 1 : 1.125;
    program->profile.turnCycles = random() % 3;
    int colors = 1 + random() % 6;
    for (int c = 0; c != colors; ++c)
      addRoute(c);
    // One order of transfers that all PEs follow is free of deadlock if each send is asynchronous or small; here some
    // are not, and some PEs swap neighbors.
    steps.resize(pes);
    for (int t = 0, n = 3 + random() % 12; t != n; ++t) {
      unsigned color = random() % colors;
      int count = 1 + random() % (random() % 3 ? 6 : 60);
      const Route &route = routes[color];
      steps[route.from].push_back({true, color, count});
      for (int to : route.to)
        steps[to].push_back({false, color, count});
    }
    for (auto &own : steps)
      if (own.size() > 1 && random() % 4 == 0)
        std::swap(own[random() % own.size()], own[random() % own.size()]);
    if (random() % 8 == 0 && !steps[0].empty())
      steps[0].pop_back();
    for (int pe = 0; pe != pes; ++pe)
      addPe(pe);
  }

  std::unique_ptr<TestProgram> program;

private:
  struct Step {
    bool send;
    unsigned color;
    int count;
  };

  void addRoute(unsigned color) {
    Route route;
    bool east = random() % 2;
    route.from = east ? random() % (pes - 1) : 1 + random() % (pes - 1);
    int last = east ? route.from + 1 + random() % (pes - 1 - route.from) : random() % route.from;
    unsigned ahead = east ? E : W, behind = east ? W : E;
    int step = east ? 1 : -1;
    for (int x = route.from;; x += step) {
      bool end = x == last, delivers = end || (x != route.from && random() % 2);
      program->route(color, x, 0, 1, 1,
                     {{x == route.from ? R : behind, (end ? 0 : ahead) | (delivers && x != route.from ? R : 0)}},
                     "route" + std::to_string(color));
      if (delivers && x != route.from)
        route.to.push_back(x);
      if (end)
        break;
    }
    routes.push_back(route);
  }

  // Received words are summed into a checksum that leaves to the host at the end.
  void addPe(int pe) {
    const unsigned out = 20;
    program->route(out, pe, 0, 1, 1, {{R, N}}, "out");
    program->host(true, "y" + std::to_string(pe), image::I32, {{1, 1}}, pe, 0, 1, N, out);
    program->region("pe" + std::to_string(pe), pe, 0, 1, 1, [&](Assembler &a) {
      a.nest({64});
      a.desc(0, 400 * (pe + 1), {3});
      a.desc(1, kData, {1});
      a.vec(VectorOp::Iota, I32, desc(1), desc(0));
      a.nest({1});
      a.desc(2, kData + 400, {0});
      a.vec(VectorOp::Mov, I32, desc(2), reg(0));
      const std::vector<Step> &own = steps[pe];
      for (size_t i = 0; i != own.size(); ++i) {
        unsigned thread = random() % 3 ? 0 : 1 + random() % 3;
        a.nest({own[i].count});
        bool relay = !own[i].send && i + 1 < own.size() && own[i + 1].send && own[i + 1].count == own[i].count;
        if (relay) {
          a.vec(VectorOp::Add, I32, fabric(own[i + 1].color), fabric(own[i].color), desc(1), none(), thread);
          ++i;
        } else if (own[i].send) {
          a.vec(VectorOp::Mul, I32, fabric(own[i].color), desc(1), desc(1), none(), thread);
        } else {
          a.vec(VectorOp::Add, I32, desc(2), desc(2), fabric(own[i].color));
        }
      }
      for (unsigned thread = 1; thread != 4; ++thread)
        a.wait(thread);
      a.nest({1});
      a.vec(VectorOp::Mov, I32, fabric(out), desc(2));
      a.halt();
    });
  }

  std::mt19937 random;
  int pes;
  std::vector<Route> routes;
  std::vector<std::vector<Step>> steps;
};
} // namespace

TEST(RandomProgram, AnyScheduleGivesTheSameBitsAndCycles) {
  int good = 0, deadlocks = 0;
  for (unsigned seed = 0; seed != 400; ++seed) {
    RandomProgram p(seed);
    Status first = p.program->run();
    std::vector<std::vector<int32_t>> values;
    double cycles = p.program->emulator ? p.program->emulator->stats().cycles : 0;
    ASSERT_TRUE(p.program->emulator) << first.error().str();
    const std::vector<TensorInfo> &outputs = p.program->emulator->outputs();
    if (first)
      for (const TensorInfo &info : outputs)
        values.push_back(p.program->output<int32_t>(info.name));
    good += bool(first);
    deadlocks += !first && first.error().code == ErrorCode::ProgramDeadlock;
    for (uint64_t schedule = 1; schedule != 12; ++schedule) {
      Status again = p.program->emulator->run(test::schedule(schedule, schedule % 4 ? Timing::Stream : Timing::Off));
      ASSERT_EQ(bool(again), bool(first))
          << seed << " " << schedule << (first ? again.error().str() : first.error().str());
      if (!first) {
        EXPECT_EQ(again.error().code, first.error().code) << seed;
        EXPECT_EQ(again.error().message, first.error().message) << seed;
        continue;
      }
      for (size_t i = 0; i != outputs.size(); ++i)
        ASSERT_EQ(p.program->output<int32_t>(outputs[i].name), values[i]) << seed << " " << schedule;
      if (schedule % 4)
        ASSERT_EQ(p.program->emulator->stats().cycles, cycles) << seed << " " << schedule;
    }
  }
  EXPECT_GT(good, 50);
  EXPECT_GT(deadlocks, 20);
}
