// Programs on a few PEs: host in, something small, host out.
#include "TestProgram.h"

using namespace wafer;
using namespace wafer::test;

namespace {
constexpr unsigned kIn = 10, kOut = 11;

/// The host's x enters at (0, 0) from the west on kIn, y leaves at (outX, outY) through `side` on kOut.
void hostPorts(TestProgram &p, int n, int outX, int outY, unsigned side, image::DataType type = image::F32) {
  p.route(kIn, 0, 0, 1, 1, {{W, R}}, "x");
  p.host(false, "x", type, {{n, n}}, 0, 0, 1, W, kIn);
  p.route(kOut, outX, outY, 1, 1, {{R, side}}, "y");
  p.host(true, "y", type, {{n, n}}, outX, outY, 1, side, kOut);
}
} // namespace

TEST(Stream, OnePeDoublesWhatTheHostSends) {
  TestProgram p(1, 1);
  hostPorts(p, 5, 0, 0, E);
  p.region("r", 0, 0, 1, 1, [](Assembler &a) {
    a.nest({5});
    a.desc(0, kData, {1});
    a.vec(VectorOp::Mov, F32, desc(0), fabric(kIn));
    a.vec(VectorOp::Add, F32, desc(0), desc(0), desc(0));
    a.vec(VectorOp::Mov, F32, fabric(kOut), desc(0));
    a.halt();
  });
  ASSERT_TRUE(succeeded(p.run({{"x", floats({1, 2, 3, 4, -5})}})));
  EXPECT_EQ(p.output<float>("y"), (std::vector<float>{2, 4, 6, 8, -10}));
  EXPECT_GT(p.emulator->stats().cycles, 10);
}
