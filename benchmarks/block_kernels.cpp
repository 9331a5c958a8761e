// Elements in a nanosecond of vector instructions over a block of eight PEs, beside the same at eight PEs one after the
// other. An element is one PE's: a block's instruction of 100 elements counts 800.
//
//   ninja -C build block-kernels-benchmark && build/bin/block-kernels-benchmark [part of a name]
#include "Emulator/Classes/BlockKernels.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

using namespace wafer::emulator;
using namespace wafer::isa;

namespace {

/// Memory of a block, or of eight PEs; and words that all hear.
constexpr int kWords = 12 << 10, kIntegers = kWords - 600; // floats, then integers
alignas(64) uint32_t block[kWords * kLanes], single[kLanes][kWords], heard[kWords];

struct Operand {
  enum { Memory, Heard } kind;
  int word; // of element 0
  int32_t stride[4];
};
struct Case {
  const char *name;
  VectorOp op;
  ElementType type;
  std::vector<int32_t> extent;
  std::vector<Operand> operands; // dst and sources
};

constexpr Operand at(int word, int32_t s0, int32_t s1 = 0, int32_t s2 = 0, int32_t s3 = 0) {
  return {Operand::Memory, word, {s0, s1, s2, s3}};
}
constexpr Operand hear(int32_t s0, int32_t s1 = 0, int32_t s2 = 0, int32_t s3 = 0) {
  return {Operand::Heard, 0, {s0, s1, s2, s3}};
}

const Case cases[] = {
    // dst, weights, input; sizes are rows x columns x depth.
    {"product 16x16x16, rows heard",
     VectorOp::Fma,
     ElementType::F32,
     {16, 16, 16},
     {at(0, 16, 1, 0), hear(16, 0, 1), at(1024, 0, 1, 16), at(0, 16, 1, 0)}},
    {"product 16x16x16, both in memory",
     VectorOp::Fma,
     ElementType::F32,
     {16, 16, 16},
     {at(0, 16, 1, 0), at(512, 16, 0, 1), at(1024, 0, 1, 16), at(0, 16, 1, 0)}},
    {"product 16x16x16, depth outside",
     VectorOp::Fma,
     ElementType::F32,
     {16, 16, 16},
     {at(0, 0, 16, 1), hear(1, 16, 0), at(1024, 16, 0, 1), at(0, 0, 16, 1)}},
    {"product 64x48x48, rows heard",
     VectorOp::Fma,
     ElementType::F32,
     {64, 48, 48},
     {at(0, 48, 1, 0), hear(48, 0, 1), at(4096, 0, 1, 48), at(0, 48, 1, 0)}},
    {"product 64x48x48, both in memory",
     VectorOp::Fma,
     ElementType::F32,
     {64, 48, 48},
     {at(0, 48, 1, 0), at(8192, 48, 0, 1), at(4096, 0, 1, 48), at(0, 48, 1, 0)}},
    {"product 64x64x64, rows heard",
     VectorOp::Fma,
     ElementType::F32,
     {64, 64, 64},
     {at(0, 64, 1, 0), hear(64, 0, 1), at(4096, 0, 1, 64), at(0, 64, 1, 0)}},
    {"vector times 32x32, vector heard",
     VectorOp::Fma,
     ElementType::F32,
     {32, 32},
     {at(0, 0, 1), hear(1, 0), at(64, 32, 1), at(0, 0, 1)}},
    {"vector times 96x96, vector heard",
     VectorOp::Fma,
     ElementType::F32,
     {96, 96},
     {at(0, 0, 1), hear(1, 0), at(256, 96, 1), at(0, 0, 1)}},
    {"96x96 times vector heard",
     VectorOp::Fma,
     ElementType::F32,
     {96, 96},
     {at(0, 1, 0), at(256, 96, 1), hear(0, 1), at(0, 1, 0)}},
    {"convolution 8x16, 8 channels x 3",
     VectorOp::Fma,
     ElementType::F32,
     {8, 16, 8, 3},
     {at(0, 16, 1, 0, 0), at(512, 24, 0, 3, 1), at(1024, 0, 1, 18, 1), at(0, 16, 1, 0, 0)}},
    {"depthwise 16x16 x 3",
     VectorOp::Fma,
     ElementType::F32,
     {16, 16, 3},
     {at(0, 16, 1, 0), at(512, 3, 0, 1), at(1024, 18, 1, 1), at(0, 16, 1, 0)}},
    {"dot 64", VectorOp::Fma, ElementType::F32, {64}, {at(0, 0), at(64, 1), at(128, 1), at(0, 0)}},
    {"fma 8, a scalar heard", VectorOp::Fma, ElementType::F32, {8}, {at(0, 1), hear(0), at(8, 1), at(0, 1)}},
    {"fma 256, a scalar heard", VectorOp::Fma, ElementType::F32, {256}, {at(0, 1), hear(0), at(256, 1), at(0, 1)}},
    {"mov 8", VectorOp::Mov, ElementType::F32, {8}, {at(0, 1), at(8, 1)}},
    {"mov 256", VectorOp::Mov, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"mov 5000", VectorOp::Mov, ElementType::F32, {5000}, {at(0, 1), at(5000, 1)}},
    {"mov 256, heard", VectorOp::Mov, ElementType::F32, {256}, {at(0, 1), hear(1)}},
    {"mov 16x16 transposed", VectorOp::Mov, ElementType::F32, {16, 16}, {at(0, 16, 1), at(256, 1, 16)}},
    {"mov 64x3x3, rows of 3", VectorOp::Mov, ElementType::F32, {64, 3, 3}, {at(0, 9, 3, 1), at(1024, 1, 18, 1)}},
    {"add 8", VectorOp::Add, ElementType::F32, {8}, {at(0, 1), at(8, 1), at(16, 1)}},
    {"add 256", VectorOp::Add, ElementType::F32, {256}, {at(0, 1), at(256, 1), at(512, 1)}},
    {"add 16x16, by row", VectorOp::Add, ElementType::F32, {16, 16}, {at(0, 16, 1), at(256, 16, 1), at(512, 1, 0)}},
    {"add 256, heard", VectorOp::Add, ElementType::F32, {256}, {at(0, 1), at(0, 1), hear(1)}},
    {"mul 256", VectorOp::Mul, ElementType::F32, {256}, {at(0, 1), at(256, 1), at(512, 1)}},
    {"max 256, a scalar heard", VectorOp::Max, ElementType::F32, {256}, {at(0, 1), at(256, 1), hear(0)}},
    {"sum of 16 rows of 64", VectorOp::Add, ElementType::F32, {16, 64}, {at(0, 1, 0), at(0, 1, 0), at(64, 64, 1)}},
    {"maximum of 16 rows of 64", VectorOp::Max, ElementType::F32, {16, 64}, {at(0, 1, 0), at(0, 1, 0), at(64, 64, 1)}},
    {"pool 8x8, 2x2",
     VectorOp::Max,
     ElementType::F32,
     {8, 8, 2, 2},
     {at(0, 8, 1, 0, 0), at(0, 8, 1, 0, 0), at(64, 32, 2, 16, 1)}},
    {"running sum 64", VectorOp::Add, ElementType::F32, {64}, {at(1, 1), at(0, 1), at(128, 1)}},
    {"div 256", VectorOp::Div, ElementType::F32, {256}, {at(0, 1), at(256, 1), at(512, 1)}},
    {"select 256", VectorOp::Select, ElementType::F32, {256}, {at(0, 1), at(256, 1), at(512, 1), at(768, 1)}},
    {"exp 256", VectorOp::Exp, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"log 256", VectorOp::Log, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"tanh 256", VectorOp::Tanh, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"erf 256", VectorOp::Erf, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"sigmoid 256", VectorOp::Sigmoid, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"sin 256", VectorOp::Sin, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"pow 256", VectorOp::Pow, ElementType::F32, {256}, {at(0, 1), at(256, 1), at(512, 1)}},
    {"sqrt 256", VectorOp::Sqrt, ElementType::F32, {256}, {at(0, 1), at(256, 1)}},
    {"i32 product 16x16x16, rows heard",
     VectorOp::Fma,
     ElementType::I32,
     {16, 16, 16},
     {at(0, 16, 1, 0), hear(16, 0, 1), at(1024, 0, 1, 16), at(0, 16, 1, 0)}},
    {"i32 add 256", VectorOp::Add, ElementType::I32, {256}, {at(0, 1), at(256, 1), at(512, 1)}},
    {"i32 add_checked 256",
     VectorOp::AddChecked,
     ElementType::I32,
     {256},
     {at(0, 1), at(kIntegers, 1), at(kIntegers + 300, 1)}},
    {"i32 mul_checked 256",
     VectorOp::MulChecked,
     ElementType::I32,
     {256},
     {at(0, 1), at(kIntegers, 1), at(kIntegers + 300, 1)}},
    {"i32 div 256", VectorOp::Div, ElementType::I32, {256}, {at(0, 1), at(kIntegers, 1), at(kIntegers + 300, 1)}},
    {"iota 256", VectorOp::Iota, ElementType::I32, {256}, {at(0, 1), hear(1)}},
};

void fill() {
  for (int word = 0; word != kWords; ++word) {
    const float real = 0.25f + (word * 7 % 64) / 128.0f;
    const uint32_t value = word >= kIntegers ? word * 7 % 64 + 1 : __builtin_bit_cast(uint32_t, real);
    heard[word] = value;
    for (int lane = 0; lane != kLanes; ++lane)
      block[word * kLanes + lane] = single[lane][word] = value;
  }
}

/// Nanoseconds of this process in a call: the least of several rounds.
template <typename Call> double measure(Call call) {
  double least = 1e30;
  for (int round = 0, calls = 1; round != 7; ++round) {
    fill();
    const std::clock_t begin = std::clock();
    for (int n = 0; n != calls; ++n)
      call();
    const double ns = (std::clock() - begin) * (1e9 / CLOCKS_PER_SEC);
    if (round > 1)
      least = std::min(least, ns / calls);
    calls = std::max(1, int(round ? 5e6 / std::max(1.0, ns / calls) : 1e3));
  }
  return least;
}

} // namespace

int main(int argc, char **argv) {
  const BlockRunner run = selectBlockRunner();
  const KernelFunction kernels = selectKernels();
  std::printf("%-36s %10s %10s %8s %12s %10s\n", "", "block", "scalar", "", "block", "planning");
  std::printf("%-36s %10s %10s %8s %12s %10s\n", "", "elements/ns", "", "ratio", "ns a call", "ns");
  for (const Case &c : cases) {
    if (argc > 1 && !std::strstr(c.name, argv[1]))
      continue;
    BlockCall call{};
    KernelCall alone[kLanes] = {};
    call.op = c.op, call.type = c.type, call.rank = c.extent.size();
    double elements = kLanes;
    for (int d = 0; d != call.rank; ++d)
      elements *= call.extent[d] = c.extent[d];
    for (KernelCall &one : alone) {
      one.op = c.op, one.type = c.type, one.rank = call.rank;
      std::copy_n(call.extent, 4, one.extent);
    }
    for (size_t k = 0; k != c.operands.size(); ++k) {
      const Operand &from = c.operands[k];
      const bool inMemory = from.kind == Operand::Memory;
      call.operand[k] = {inMemory ? block + from.word * kLanes : heard, {}, uint8_t(inMemory ? kLanes : 1)};
      std::copy_n(from.stride, 4, call.operand[k].stride);
      for (int lane = 0; lane != kLanes; ++lane) {
        alone[lane].operand[k].data = inMemory ? single[lane] + from.word : heard;
        std::copy_n(from.stride, 4, alone[lane].operand[k].stride);
      }
    }
    if (c.op == VectorOp::Iota)
      call.operand[1].data = nullptr;
    const BlockPlan plan = planBlock(call);
    const double planning = measure([&] {
      BlockPlan again = planBlock(call);
      asm volatile("" : : "r"(&again) : "memory");
    });
    const double ours = measure([&] { run(plan, nullptr, kAllLanes); });
    const double theirs = measure([&] {
      for (const KernelCall &one : alone)
        kernels(one);
    });
    std::printf("%-36s %10.2f %10.2f %8.1f %12.1f %10.1f\n", c.name, elements / ours, elements / theirs, theirs / ours,
                ours, planning);
  }
}
