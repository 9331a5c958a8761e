// Collectives over a mesh of X x Y PEs, N = X Y of them, line after line as the compiler makes them. Every PE checks
// what it received. Cores and ramps cost nothing here, a link takes a wavelet a cycle and a hop is one: then no program
// is faster than
//   all-gather          ceil((N - 1) / 2): a corner hears everything over two links
//   broadcast, reduce   the distance from the root to the farthest PE: here X + Y - 2
//   all-reduce          X + Y - 2, from corner to corner
//   all-to-all          max(ceil(N X / 4), ceil(N Y / 4)): half of all words cross the middle, in both directions
// Their cycles are written down too, which change with the emulator's model of time only. Published figures for an
// all-gather of a word, line after line, are 30, 101 and 393 cycles on these meshes, where 8, 32 and 96 is the least.
#include "TestProgram.h"

#include <array>

using namespace wafer;
using namespace wafer::test;

namespace {

constexpr unsigned kGather[2] = {4, 5}, kBroadcast[2] = {6, 7}, kChain[2][2] = {{8, 9}, {10, 11}};
constexpr unsigned kX = 20, kY = 21, kIndex = 22; // registers: where the PE is, and its number y X + x

struct Mesh {
  int x, y;
  int pes() const { return x * y; }
  int line(bool vertical) const { return vertical ? y : x; }
};

/// The meshes, and what is expected of each.
std::array<std::pair<Mesh, double>, 3> with(std::array<double, 3> cycles) {
  return {{{{4, 4}, cycles[0]}, {{8, 8}, cycles[1]}, {{12, 16}, cycles[2]}}};
}

double cyclesOf(Mesh mesh, const TestProgram::Code &code) {
  Profile free = testProfile(mesh.x, mesh.y);
  free.vectorMove = free.vectorArith = free.vectorFma = {0, 0};
  free.scalarOp = free.scalarMemory = free.branch = free.rampCycles = 0;
  TestProgram p(mesh.x, mesh.y, free);
  p.gatherX(kGather[0], 0, 0, mesh.x, mesh.y);
  p.gatherY(kGather[1], 0, 0, mesh.x, mesh.y);
  p.bcastX(kBroadcast[0], 0, 0, mesh.x, mesh.y);
  p.bcastY(kBroadcast[1], 0, 0, mesh.x, mesh.y);
  for (int x = 0; x + 1 != mesh.x; ++x) {
    p.route(kChain[0][x % 2], x + 1, 0, 1, mesh.y, {{R, W}}, "chain_x");
    p.route(kChain[0][x % 2], x, 0, 1, mesh.y, {{E, R}}, "chain_x");
  }
  for (int y = 0; y + 1 != mesh.y; ++y) {
    p.route(kChain[1][y % 2], 0, y + 1, mesh.x, 1, {{R, N}}, "chain_y");
    p.route(kChain[1][y % 2], 0, y, mesh.x, 1, {{S, R}}, "chain_y");
  }
  image::Region &region = p.region("mesh", 0, 0, mesh.x, mesh.y, [&](Assembler &a) {
    a.coord(kX, false);
    a.coord(kY, true);
    a.scalar(Opcode::Muli, kIndex, kY, mesh.x);
    a.scalarReg(Opcode::Add, kIndex, kIndex, kX);
    code(a);
    a.halt();
  });
  region.add_traps(p.string("received something else"));
  EXPECT_TRUE(succeeded(p.run()));
  double cycles = p.emulator ? p.emulator->stats().cycles : 0;
  for (uint64_t seed : {1, 2}) {
    EXPECT_TRUE(succeeded(p.emulator->run(schedule(seed))));
    EXPECT_EQ(p.emulator->stats().cycles, cycles) << seed;
  }
  return cycles;
}

/// Numbers at an address, row-major: the register's value, and so much more per step of each dimension.
void number(Assembler &a, uint32_t address, unsigned value, Assembler::SizeList sizes, Assembler::SizeList steps,
            Assembler::SizeList strides) {
  a.scalar(Opcode::Muli, 23, value, 4);
  a.nest(sizes);
  a.desc(0, Assembler::Base::reg(23), steps);
  a.desc(1, address, strides);
  a.vec(VectorOp::Iota, I32, desc(1), desc(0));
}

/// Ends the run unless `n` words are the register's value, and `step` more each.
void expect(Assembler &a, uint32_t address, int n, unsigned value, int step) {
  constexpr uint32_t kWanted = 40000, kWrong = kWanted - 4;
  number(a, kWanted, value, {n}, {step}, {1});
  a.desc(2, address, {1});
  a.vec(VectorOp::Xor, I32, desc(1), desc(1), desc(2));
  a.nest({1});
  a.desc(3, kWrong, {0});
  a.vec(VectorOp::Mov, I32, desc(3), reg(0));
  a.nest({n});
  a.vec(VectorOp::Or, I32, desc(3), desc(3), desc(1));
  a.li(23, kWrong);
  a.scalar(Opcode::Ldw, 23, 23, 0);
  a.trap(23, 0);
}

/// Every PE of a line sends `block` words, in turn, and all hear all. `nestAndDesc5` sets up a nest and descriptor 5 of
/// what is sent; `keep` receives PE i's words from a color.
void pass(Assembler &a, Mesh mesh, bool vertical, int block, const std::function<void()> &nestAndDesc5,
          const std::function<void(int, unsigned)> &keep) {
  const unsigned at = vertical ? kY : kX, gather = kGather[vertical], broadcast = kBroadcast[vertical];
  const int line = mesh.line(vertical);
  auto last = a.label(), sent = a.label();
  a.li(23, line - 1);
  nestAndDesc5();
  a.branch(Opcode::Beq, at, 23, last);
  a.vec(VectorOp::Mov, I32, fabric(gather), desc(5), none(), none(), 1, Control::Advance);
  a.jmp(sent);
  a.bind(last);
  a.vec(VectorOp::Mov, I32, fabric(gather), desc(5), none(), none(), 1, Control::Reset);
  a.bind(sent);
  for (int i = 0; i != line; ++i) {
    auto notHead = a.label(), received = a.label();
    a.branch(Opcode::Bne, at, 0, notHead);
    a.nest({block});
    a.vec(VectorOp::Mov, I32, fabric(broadcast), fabric(gather), none(), none(), 2);
    a.bind(notHead);
    keep(i, broadcast);
    a.branch(Opcode::Bne, at, 0, received);
    a.nest({1});
    a.vec(VectorOp::Mov, I32, none(), fabric(gather)); // the control word
    a.bind(received);
  }
  a.wait(1);
  a.wait(2);
}

/// Sums a word of each PE of a line into its head's.
void reduce(Assembler &a, Mesh mesh, bool vertical) {
  const unsigned at = vertical ? kY : kX, even = kChain[vertical][0], odd = kChain[vertical][1];
  const int last = mesh.line(vertical) - 1;
  auto head = a.label(), tail = a.label(), isOdd = a.label(), end = a.label();
  a.nest({1});
  a.desc(0, kData, {1});
  a.li(23, last);
  a.branch(Opcode::Beq, at, 0, head);
  a.branch(Opcode::Beq, at, 23, tail);
  a.scalar(Opcode::Andi, 23, at, 1);
  a.branch(Opcode::Bne, 23, 0, isOdd);
  a.vec(VectorOp::Add, I32, fabric(odd), fabric(even), desc(0));
  a.jmp(end);
  a.bind(isOdd);
  a.vec(VectorOp::Add, I32, fabric(even), fabric(odd), desc(0));
  a.jmp(end);
  a.bind(tail);
  a.vec(VectorOp::Mov, I32, fabric((last - 1) % 2 ? odd : even), desc(0));
  a.jmp(end);
  a.bind(head);
  a.vec(VectorOp::Add, I32, desc(0), desc(0), fabric(even));
  a.bind(end);
}

/// Gives the head's word to every PE of a line.
void broadcast(Assembler &a, bool vertical) {
  const unsigned color = kBroadcast[vertical];
  auto head = a.label(), end = a.label();
  a.nest({1});
  a.desc(0, kData, {1});
  a.branch(Opcode::Beq, vertical ? kY : kX, 0, head);
  a.vec(VectorOp::Mov, I32, desc(0), fabric(color));
  a.jmp(end);
  a.bind(head);
  a.vec(VectorOp::Mov, I32, fabric(color), desc(0));
  a.vec(VectorOp::Mov, I32, none(), fabric(color));
  a.bind(end);
}

/// Only PEs with register `at` zero run it.
void onlyAtZero(Assembler &a, unsigned at, const std::function<void()> &code) {
  auto end = a.label();
  a.branch(Opcode::Bne, at, 0, end);
  code();
  a.bind(end);
}

void meshReduce(Assembler &a, Mesh mesh) {
  reduce(a, mesh, false);
  onlyAtZero(a, kX, [&] { reduce(a, mesh, true); });
}

void meshBroadcast(Assembler &a) {
  onlyAtZero(a, kY, [&] { broadcast(a, false); });
  broadcast(a, true);
}

int ceilDiv(int a, int b) { return (a + b - 1) / b; }

} // namespace

TEST(Collective, AllGather) {
  for (auto [mesh, expected] : with({52, 172, 460})) {
    const uint32_t row = kData + 4, all = row + 4 * mesh.x;
    double cycles = cyclesOf(mesh, [&](Assembler &a) {
      number(a, kData, kIndex, {1}, {0}, {1});
      auto words = [&](uint32_t address, int n) {
        return [=, &a] {
          a.nest({n});
          a.desc(5, address, {1});
        };
      };
      auto into = [&](uint32_t address, int n) {
        return [=, &a](int i, unsigned color) {
          a.nest({n});
          a.desc(6, address + 4 * n * i, {1});
          a.vec(VectorOp::Mov, I32, desc(6), fabric(color));
        };
      };
      pass(a, mesh, false, 1, words(kData, 1), into(row, 1));
      pass(a, mesh, true, mesh.x, words(row, mesh.x), into(all, mesh.x));
      expect(a, all, mesh.pes(), 0, 1);
    });
    EXPECT_GE(cycles, ceilDiv(mesh.pes() - 1, 2)) << mesh.x << " x " << mesh.y;
    EXPECT_EQ(cycles, expected) << mesh.x << " x " << mesh.y;
  }
}

TEST(Collective, Broadcast) {
  for (auto [mesh, expected] : with({6, 14, 26})) {
    double cycles = cyclesOf(mesh, [&](Assembler &a) {
      a.addi(24, kIndex, 7); // 7 at the root
      number(a, kData, 24, {1}, {0}, {1});
      meshBroadcast(a);
      a.li(24, 7);
      expect(a, kData, 1, 24, 0);
    });
    EXPECT_GE(cycles, mesh.x + mesh.y - 2) << mesh.x << " x " << mesh.y;
    EXPECT_EQ(cycles, expected) << mesh.x << " x " << mesh.y;
  }
}

TEST(Collective, Reduce) {
  for (auto [mesh, expected] : with({10, 26, 50})) {
    double cycles = cyclesOf(mesh, [&](Assembler &a) {
      number(a, kData, kIndex, {1}, {0}, {1});
      meshReduce(a, mesh);
      a.li(24, mesh.pes() * (mesh.pes() - 1) / 2);
      onlyAtZero(a, kIndex, [&] { expect(a, kData, 1, 24, 0); });
    });
    EXPECT_GE(cycles, mesh.x + mesh.y - 2) << mesh.x << " x " << mesh.y;
    EXPECT_EQ(cycles, expected) << mesh.x << " x " << mesh.y;
  }
}

TEST(Collective, AllReduce) {
  for (auto [mesh, expected] : with({16, 40, 76})) {
    double cycles = cyclesOf(mesh, [&](Assembler &a) {
      number(a, kData, kIndex, {1}, {0}, {1});
      meshReduce(a, mesh);
      meshBroadcast(a);
      a.li(24, mesh.pes() * (mesh.pes() - 1) / 2);
      expect(a, kData, 1, 24, 0);
    });
    EXPECT_GE(cycles, mesh.x + mesh.y - 2) << mesh.x << " x " << mesh.y;
    EXPECT_EQ(cycles, expected) << mesh.x << " x " << mesh.y;
  }
}

TEST(Collective, AllToAll) {
  // PE p has the word 1000 p + q for each PE q. Along x every PE keeps what is for its column, along y what is for it.
  for (auto [mesh, expected] : with({268, 2076, 10804})) {
    const int n = mesh.pes();
    const uint32_t mine = kData, column = mine + 4 * n, result = column + 4 * n;
    double cycles = cyclesOf(mesh, [&](Assembler &a) {
      a.li(24, 1000);
      a.scalarReg(Opcode::Mul, 24, kIndex, 24);
      number(a, mine, 24, {mesh.x, mesh.y}, {1, mesh.x}, {mesh.y, 1}); // by column, then by row
      a.scalar(Opcode::Muli, 25, kX, mesh.y);
      a.scalar(Opcode::Muli, 26, kY, mesh.x);
      auto window = [&](uint32_t address, int length, unsigned lower) {
        return [=, &a](int i, unsigned color) {
          a.nest({length});
          a.desc(6, address + 4 * length * i, {1});
          const Operand block[] = {Operand::imm(n)}, from[] = {Operand::reg(lower)};
          a.recvw(color, 6, block, from);
        };
      };
      pass(
          a, mesh, false, n,
          [&] {
            a.nest({n});
            a.desc(5, mine, {1});
          },
          window(column, mesh.y, 25));
      pass(
          a, mesh, true, n,
          [&] {
            a.nest({mesh.y, mesh.x}); // by row, then by sender
            a.desc(5, column, {1, mesh.y});
          },
          window(result, mesh.x, 26));
      expect(a, result, n, kIndex, 1000);
    });
    EXPECT_GE(cycles, std::max(ceilDiv(n * mesh.x, 4), ceilDiv(n * mesh.y, 4))) << mesh.x << " x " << mesh.y;
    EXPECT_EQ(cycles, expected) << mesh.x << " x " << mesh.y;
  }
}
