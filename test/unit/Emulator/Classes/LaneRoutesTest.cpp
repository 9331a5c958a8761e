// Which colors of a region are lines, and whose.
#include "../TestProgram.h"
#include "Emulator/Classes/LaneFabric.h"

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::test;

namespace {
struct NoClient : LaneClient {
  void heard(LaneEnd &, const Indices &, const Indices &) override {}
  void moved(LaneTrain &) override {}
};

constexpr int kSide = 4;
constexpr unsigned kRows = 4, kColumn = 5, kTwoColumns = 6, kCorner = 7, kUnlike = 8;

/// Rows hear their first PE on kRows. On kColumn the first column hears its first PE, and only that one has the color.
TestProgram build(const TestProgram::Code &code) {
  TestProgram p(kSide, kSide);
  p.bcastX(kRows, 0, 0, kSide, kSide);
  p.bcastY(kColumn, 0, 0, 1, kSide);
  p.bcastY(kTwoColumns, 1, 0, 1, kSide);
  p.bcastY(kTwoColumns, 3, 0, 1, kSide);
  p.route(kCorner, 0, 0, 1, 1, {{R, E}});
  p.route(kCorner, 1, 0, 1, 1, {{W, S}});
  p.route(kCorner, 1, 1, 1, 1, {{N, R}});
  p.bcastX(kUnlike, 0, 0, kSide, 1);
  p.bcastX(kUnlike, 0, 1, kSide - 1, 1);
  p.region("r", 0, 0, kSide, kSide, code).add_traps(p.string("another word"));
  return p;
}

/// Each PE of the first column gets 7 from the first one, and tells its row; `everywhere`, all wait for the first
/// column's.
void tell(Assembler &a, bool everywhere) {
  auto first = a.label(), told = a.label();
  a.coord(2, false);
  a.coord(3, true);
  a.li(4, 7);
  a.nest({1});
  a.desc(0, kData, {1});
  if (!everywhere)
    a.branch(Opcode::Bne, 2, 0, told);
  a.branch(Opcode::Beq, 3, 0, first);
  a.vec(VectorOp::Mov, I32, desc(0), fabric(kColumn));
  a.vec(VectorOp::Mov, I32, fabric(kRows), desc(0));
  a.jmp(told);
  a.bind(first);
  a.vec(VectorOp::Mov, I32, fabric(kColumn), reg(4));
  a.vec(VectorOp::Mov, I32, desc(0), fabric(kColumn));
  a.vec(VectorOp::Mov, I32, fabric(kRows), desc(0));
  a.jmp(told);
  a.bind(told);
  a.vec(VectorOp::Mov, I32, desc(0), fabric(kRows));
  a.scalar(Opcode::Ldw, 5, 0, kData);
  a.scalarReg(Opcode::Xor, 5, 5, 4);
  a.trap(5, 0);
  a.halt();
}
} // namespace

TEST(LaneRoutes, AColorThatSomeLanesHaveAlikeIsALine) {
  TestProgram p = build([](Assembler &a) { tell(a, false); });
  auto verified = p.verify();
  ASSERT_TRUE(verified) << verified.error().str();
  NoClient client;
  LaneFabric fabric(*verified, client);
  auto lanes = [&](unsigned color) {
    const Indices &some = fabric.lanesOf(0, color);
    return std::vector<int>(some.begin(), some.end());
  };
  EXPECT_EQ(fabric.kind(0, kRows), ColorKind::AlongX);
  EXPECT_EQ(lanes(kRows), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(fabric.kind(0, kColumn), ColorKind::AlongY);
  EXPECT_EQ(lanes(kColumn), (std::vector<int>{0}));
  EXPECT_EQ(fabric.kind(0, kTwoColumns), ColorKind::AlongY);
  EXPECT_EQ(lanes(kTwoColumns), (std::vector<int>{1, 3}));
  EXPECT_EQ(fabric.kind(0, kCorner), ColorKind::Wire);
  EXPECT_EQ(fabric.kind(0, kUnlike), ColorKind::Wire);
  EXPECT_EQ(fabric.kind(0, kUnlike + 1), ColorKind::None);
}

TEST(LaneRoutes, LanesWithoutTheColorTakeNoPart) {
  for (const bool everywhere : {false, true}) {
    TestProgram p = build([&](Assembler &a) { tell(a, everywhere); });
    std::string ends[2];
    double cycles[2];
    for (const EngineKind engine : {EngineKind::Scalar, EngineKind::Classes}) {
      RunOptions options;
      options.engine = engine;
      const Status status = p.run({}, options);
      const bool byClass = engine == EngineKind::Classes;
      ends[byClass] = status ? "" : status.error().str();
      cycles[byClass] = p.emulator->stats().cycles;
      if (status) {
        EXPECT_EQ(p.emulator->stats().engine, engine);
      }
    }
    EXPECT_EQ(ends[0].empty(), !everywhere) << ends[0];
    EXPECT_EQ(ends[1], ends[0]);
    if (!everywhere) {
      EXPECT_EQ(cycles[1], cycles[0]);
    }
  }
}
