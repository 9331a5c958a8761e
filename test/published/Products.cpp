#include "Products.h"

#include <bit>

using namespace wafer;
using namespace wafer::published;
using namespace wafer::isa;
using test::desc, test::fabric, test::reg, test::none, test::TestProgram, test::F32, test::N, test::E, test::S, test::W,
    test::R;

namespace {
constexpr unsigned kRows = 0, kColumns = 4; // the first of four colors each

int nextOf(int at, int side) {
  if (at % 2)
    return at == 1 ? 0 : at - 2;
  return at + 2 == side ? at + 1 : at + 2;
}
int previousOf(int at, int side) {
  int previous = 0;
  while (nextOf(previous, side) != at)
    ++previous;
  return previous;
}
/// Neighbors in a ring that go the same way send on different colors.
unsigned colorOf(unsigned first, int sender) { return first + 2 * (sender % 2) + sender / 2 % 2; }

void rings(TestProgram &p, int side) {
  for (int from = 0; from != side; ++from) {
    const int to = nextOf(from, side), step = to > from ? 1 : -1;
    for (int at = from; at != to + step; at += step) {
      const unsigned east = step > 0 ? E : W, west = step > 0 ? W : E, south = step > 0 ? S : N,
                     north = step > 0 ? N : S;
      p.route(colorOf(kRows, from), at, 0, 1, side, {{at == from ? R : west, at == to ? R : east}});
      p.route(colorOf(kColumns, from), 0, at, side, 1, {{at == from ? R : north, at == to ? R : south}});
    }
  }
}

/// Tiles hold their first PE's x + 1 (A) or y + 1 (B).
float sumOf(int x, int y, int side, const Tile &tile, int steps) {
  int sum = 0;
  for (int step = 0; step != steps; ++step) {
    sum += tile.k * (x + 1) * (y + 1);
    x = previousOf(x, side), y = previousOf(y, side);
  }
  return float(sum);
}
} // namespace

Program published::computeShift(const Profile &profile, int side, const Tile &tile, int steps, bool checks) {
  auto p = std::make_unique<TestProgram>(side, side, profile);
  rings(*p, side);
  const int aWords = tile.m * tile.k, bWords = tile.k * tile.n, cWords = tile.m * tile.n;
  // Two of A and two of B: one in use, one that comes. In the order k, m; k, n; n, m.
  const uint32_t a0 = test::kData, b0 = a0 + 8 * aWords, c = b0 + 8 * bWords;
  const uint32_t text = p->string("a PE has another sum");
  auto code = [&](Assembler &a, int x, int y) {
    constexpr unsigned kFlat = 0, kNested = 4, kC = 8, kFlatC = 9; // descriptors; A, A, B, B
    constexpr unsigned kValue = 2, kSum = 3;
    for (unsigned i = 0; i != 2; ++i) {
      a.desc(kFlat + i, a0 + i * 4 * aWords, {1});
      a.desc(kFlat + 2 + i, b0 + i * 4 * bWords, {1});
      a.desc(kNested + i, a0 + i * 4 * aWords, {tile.m, 0, 1});
      a.desc(kNested + 2 + i, b0 + i * 4 * bWords, {tile.n, 1, 0});
    }
    a.desc(kC, c, {0, tile.m, 1});
    a.desc(kFlatC, c, {1});
    auto fill = [&](unsigned descriptor, int words, float value) {
      a.nest({words});
      a.li(kValue, std::bit_cast<int32_t>(value));
      a.vec(VectorOp::Mov, F32, desc(descriptor), reg(kValue));
    };
    fill(kFlat, aWords, float(x + 1));
    fill(kFlat + 2, bWords, float(y + 1));
    fill(kFlatC, cWords, 0);
    auto shift = [&](unsigned now, unsigned next, int words, unsigned first, int at, unsigned thread) {
      a.nest({words});
      a.vec(VectorOp::Mov, F32, desc(next), fabric(colorOf(first, previousOf(at, side))), none(), none(), thread);
      a.vec(VectorOp::Mov, F32, fabric(colorOf(first, at)), desc(now), none(), none(), thread + 1);
    };
    for (int step = 0; step != steps; ++step) {
      const unsigned now = step % 2, next = 1 - now;
      shift(kFlat + now, kFlat + next, aWords, kRows, x, 1);
      shift(kFlat + 2 + now, kFlat + 2 + next, bWords, kColumns, y, 3);
      a.nest({tile.k, tile.n, tile.m});
      a.vec(VectorOp::Fma, F32, desc(kC), desc(kNested + now), desc(kNested + 2 + now), desc(kC));
      for (unsigned thread = 1; thread != 5; ++thread)
        a.wait(thread);
    }
    if (checks) {
      a.li(kValue, int32_t(c) + 4 * (cWords - 1));
      a.scalar(Opcode::Ldw, kSum, kValue, 0);
      a.li(kValue, std::bit_cast<int32_t>(sumOf(x, y, side, tile, steps)));
      a.scalarReg(Opcode::Sub, kSum, kSum, kValue);
      a.trap(kSum, 0);
    }
    a.halt();
  };
  for (int y = 0; y != side; ++y)
    for (int x = 0; x != side; ++x)
      p->region("pe" + std::to_string(x) + "," + std::to_string(y), x, y, 1, 1, [&](Assembler &a) {
         code(a, x, y);
       }).add_traps(text);
  return p;
}
