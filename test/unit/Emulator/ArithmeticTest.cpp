// The arithmetic of docs/isa.md: accuracy against the host's double functions, special values, and the same bits from
// both builds of the kernels.
#include "Emulator/Arithmetic.h"
#include "Emulator/Kernels.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;

namespace {
float bitsToFloat(uint32_t v) { return __builtin_bit_cast(float, v); }
uint32_t floatToBits(float v) { return __builtin_bit_cast(uint32_t, v); }

/// Distance in units of the last place of the true value.
double ulps(float got, double want) {
  if (std::isnan(want))
    return std::isnan(got) ? 0 : INFINITY;
  float nearest = static_cast<float>(want);
  if (std::isinf(nearest) || std::isinf(got))
    return nearest == got ? 0 : INFINITY;
  int exponent;
  std::frexp(want, &exponent);
  double ulp = std::ldexp(1.0, std::max(exponent - 24, -149));
  return std::fabs(static_cast<double>(got) - want) / ulp;
}

void expectAccurate(const char *name, float (*f)(float), double (*g)(double), double low, double high, double limit) {
  std::mt19937_64 random(7);
  double worst = 0, at = 0;
  for (int i = 0; i != 200000; ++i) {
    double u = static_cast<double>(random() >> 11) * 0x1p-53;
    float x = static_cast<float>(low + (high - low) * u);
    if (i % 2) // small magnitudes as well
      x = std::copysign(static_cast<float>(std::exp2(-40 + 40 * u) * std::max(std::fabs(low), std::fabs(high))), x);
    if (x < low || x > high)
      continue;
    double error = ulps(f(x), g(x));
    if (error > worst)
      worst = error, at = x;
  }
  EXPECT_LE(worst, limit) << name << " at " << at;
}

double sigmoid64(double x) { return 1 / (1 + std::exp(-x)); }
double rsqrt64(double x) { return 1 / std::sqrt(x); }

std::vector<uint32_t> apply(KernelFunction kernels, VectorOp op, ElementType type, std::vector<uint32_t> a,
                            std::vector<uint32_t> b = {}, std::vector<uint32_t> c = {}) {
  std::vector<uint32_t> d(a.size());
  KernelCall call{};
  call.op = op, call.type = type, call.rank = 1, call.extent[0] = a.size();
  call.operand[0] = {d.data(), {1}};
  call.operand[1] = {a.data(), {1}};
  call.operand[2] = {b.data(), {1}};
  call.operand[3] = {c.data(), {1}};
  EXPECT_EQ(kernels(call), KernelStatus::Done);
  return d;
}
} // namespace

TEST(Arithmetic, FunctionsAreCloseToTheTrueValue) {
  expectAccurate("exp", arith::exp, std::exp, -103, 88.7, 0.51);
  expectAccurate("log", arith::log, std::log, 1e-44, 3e38, 0.51);
  expectAccurate("log near 1", arith::log, std::log, 0.5, 2, 0.51);
  expectAccurate("tanh", arith::tanh, std::tanh, -12, 12, 0.51);
  expectAccurate("erf", arith::erf, std::erf, -5, 5, 0.52);
  expectAccurate("sigmoid", arith::sigmoid, sigmoid64, -100, 100, 0.51);
  expectAccurate("sin", arith::sin, std::sin, -1000, 1000, 0.51);
  expectAccurate("cos", arith::cos, std::cos, -1000, 1000, 0.51);
  expectAccurate("sin far out", arith::sin, std::sin, -3e38, 3e38, 0.51);
  expectAccurate("cos far out", arith::cos, std::cos, -3e38, 3e38, 0.51);
  expectAccurate("rsqrt", arith::rsqrt, rsqrt64, 1e-40, 1e38, 0.51);
}

TEST(Arithmetic, PowIsCloseAndFollowsItsCases) {
  std::mt19937_64 random(3);
  double worst = 0;
  for (int i = 0; i != 200000; ++i) {
    float x = static_cast<float>(std::exp2(-20 + 40 * static_cast<double>(random() >> 11) * 0x1p-53));
    float y = static_cast<float>(-6 + 12 * static_cast<double>(random() >> 11) * 0x1p-53);
    worst = std::max(worst, ulps(arith::pow(x, y), std::pow(double(x), double(y))));
  }
  EXPECT_LE(worst, 0.51);
  const float inf = INFINITY,
              values[] = {0.0f, -0.0f, 1, -1, 0.5f, -0.5f, 2, -2, 3, -3, 2.5f, -2.5f, inf, -inf, 1e30f, -1e30f, NAN};
  for (float x : values)
    for (float y : values) {
      float want = static_cast<float>(std::pow(double(x), double(y))), got = arith::pow(x, y);
      if (std::isnan(want))
        EXPECT_EQ(floatToBits(got), 0x7fc00000u) << x << " " << y;
      else
        EXPECT_EQ(floatToBits(got), floatToBits(want)) << x << " " << y;
    }
}

TEST(Arithmetic, SpecialValues) {
  const float inf = INFINITY;
  auto same = [](float got, float want) { EXPECT_EQ(floatToBits(got), floatToBits(want)) << got << " " << want; };
  const float nan = bitsToFloat(0x7fc00000), other = bitsToFloat(0xffc12345), signalling = bitsToFloat(0x7f812345);
  for (float x : {nan, other, signalling})
    for (auto f :
         {arith::exp, arith::log, arith::tanh, arith::erf, arith::sigmoid, arith::sin, arith::cos, arith::rsqrt})
      same(f(x), nan);
  same(arith::exp(-inf), 0);
  same(arith::exp(inf), inf);
  same(arith::exp(-0.0f), 1);
  same(arith::exp(-103.9f), bitsToFloat(1)); // the smallest denormal
  same(arith::log(0.0f), -inf);
  same(arith::log(-0.0f), -inf);
  same(arith::log(-1), nan);
  same(arith::log(inf), inf);
  same(arith::log(1), 0);
  same(arith::tanh(-0.0f), -0.0f);
  same(arith::tanh(inf), 1);
  same(arith::tanh(-inf), -1);
  same(arith::tanh(bitsToFloat(5)), bitsToFloat(5));
  same(arith::erf(-0.0f), -0.0f);
  same(arith::erf(inf), 1);
  same(arith::erf(-inf), -1);
  same(arith::sigmoid(inf), 1);
  same(arith::sigmoid(-inf), 0);
  same(arith::sigmoid(0), 0.5f);
  same(arith::sin(-0.0f), -0.0f);
  same(arith::sin(inf), nan);
  same(arith::cos(0.0f), 1);
  same(arith::rsqrt(0.0f), inf);
  same(arith::rsqrt(-0.0f), -inf);
  same(arith::rsqrt(inf), 0);
  same(arith::rsqrt(-1), nan);
  same(arith::minimum(0.0f, -0.0f), -0.0f);
  same(arith::maximum(-0.0f, 0.0f), 0.0f);
  same(arith::minimum(other, 1), nan);
  same(arith::maximum(1, other), nan);
  EXPECT_EQ(arith::truncate(2.9f), 2);
  EXPECT_EQ(arith::truncate(-2.9f), -2);
  EXPECT_EQ(arith::truncate(2147483520.0f), 2147483520);
  for (float beyond : {-2147483648.0f, 2147483648.0f, 3e9f, -3e9f, inf, -inf, other})
    EXPECT_EQ(arith::truncate(beyond), INT32_MIN) << beyond;
  EXPECT_EQ(arith::truncateUnsigned(4294967040.0f), 4294967040u);
  EXPECT_EQ(arith::truncateUnsigned(-1.5f), 0xffffffffu);
  EXPECT_EQ(arith::truncateUnsigned(-2147483648.0f), 0x80000000u);
  EXPECT_EQ(arith::truncateUnsigned(4294967296.0f + 512), 512u);
  for (float beyond : {9.3e18f, -9.3e18f, inf, -inf, other})
    EXPECT_EQ(arith::truncateUnsigned(beyond), 0u) << beyond;
}

TEST(Arithmetic, BothBuildsOfTheKernelsGiveTheSameBits) {
  std::vector<uint32_t> a, b, c;
  std::mt19937 random(1);
  const uint32_t specials[] = {0,          0x80000000, 1,          0x80000001, 0x7f800000, 0xff800000,
                               0x7fc00000, 0xffc12345, 0x7f812345, 0x3f800000, 0xbf800000, 0x7f7fffff,
                               0x00800000, 0x4f000000, 0xcf000000, 0x4b000001};
  for (uint32_t x : specials)
    for (uint32_t y : specials)
      a.push_back(x), b.push_back(y), c.push_back(specials[random() % std::size(specials)]);
  for (int i = 0; i != 5000; ++i)
    a.push_back(random()), b.push_back(random()), c.push_back(random());
  for (int i = 0; i != 5000; ++i)
    for (auto *v : {&a, &b, &c})
      v->push_back(floatToBits(std::ldexp(float(int32_t(random())), -31 + int(random() % 8))));
  for (const VectorOpInfo &info : kVectorOps)
    for (ElementType type : {ElementType::F32, ElementType::I32}) {
      const VectorOp v = info.op;
      if (v == VectorOp::Iota || !isDefinedOn(v, type))
        continue;
      if (std::string_view(info.name).find("check") != std::string_view::npos)
        continue; // these end the run; see below
      std::vector<uint32_t> divisors = b;
      if (type == ElementType::I32 &&
          (v == VectorOp::Div || v == VectorOp::Rem || v == VectorOp::DivU || v == VectorOp::RemU))
        for (uint32_t &x : divisors)
          x = x ? x : 1;
      std::vector<uint32_t> base = apply(runKernelBaseline, v, type, a, divisors, c);
      EXPECT_EQ(base, apply(selectKernels(), v, type, a, divisors, c)) << info.name;
      // f32 arithmetic makes one NaN only.
      bool copies =
          info.types == VectorTypes::Bits || v == VectorOp::Neg || v == VectorOp::Abs || v == VectorOp::CvtF32U32;
      if (type == ElementType::F32 && !copies)
        for (uint32_t x : base)
          if ((x & 0x7fffffff) > 0x7f800000)
            ASSERT_EQ(x, 0x7fc00000u) << info.name;
    }
}

namespace {
/// `op` on one element, by both builds.
std::pair<KernelStatus, int32_t> checked(VectorOp op, uint32_t a, uint32_t b = 0, uint32_t c = 0) {
  std::pair<KernelStatus, int32_t> results[2];
  for (KernelFunction kernels : {KernelFunction(runKernelBaseline), selectKernels()}) {
    uint32_t d = 0xdead;
    KernelCall call{};
    call.op = op, call.type = isDefinedOn(op, ElementType::I32) ? ElementType::I32 : ElementType::F32;
    call.rank = 1, call.extent[0] = 1;
    call.operand[0].data = &d, call.operand[1].data = &a, call.operand[2].data = &b, call.operand[3].data = &c;
    KernelStatus status = kernels(call);
    results[kernels == runKernelBaseline] = {status, static_cast<int32_t>(d)};
  }
  if (selectKernels() != runKernelBaseline)
    EXPECT_EQ(results[0], results[1]);
  return results[1];
}
} // namespace

TEST(Arithmetic, CheckedOperationsAreExactOrEndTheRun) {
  const int32_t values[] = {
      0,         1,         -1,    2,      -2,      3,          46340,         46341,         -46341,
      INT32_MAX, INT32_MIN, 65536, -65536, 1 << 30, -(1 << 30), INT32_MAX - 1, INT32_MIN + 1, 31};
  auto expect = [&](const char *what, std::pair<KernelStatus, int32_t> got, __int128 want) {
    if (want == static_cast<int32_t>(want))
      EXPECT_EQ(got, std::pair(KernelStatus::Done, static_cast<int32_t>(want))) << what;
    else
      EXPECT_EQ(got.first, KernelStatus::Overflow) << what << " " << static_cast<int64_t>(want);
  };
  for (int64_t a : values) {
    expect("non negative", checked(VectorOp::CheckNonNegative, a), a < 0 ? __int128(1) << 40 : a);
    for (int64_t b : values) {
      expect("add", checked(VectorOp::AddChecked, a, b), a + b);
      expect("sub", checked(VectorOp::SubChecked, a, b), a - b);
      expect("mul", checked(VectorOp::MulChecked, a, b), a * b);
      if (b >= 0 && b < 32)
        expect("shl", checked(VectorOp::ShlChecked, a, b), a * (int64_t(1) << b));
      else
        expect("shl", checked(VectorOp::ShlChecked, a, b), a ? __int128(1) << 40 : 0);
      if (b)
        expect("div", checked(VectorOp::DivChecked, a, b), a / b);
      else
        EXPECT_EQ(checked(VectorOp::DivChecked, a, b).first, KernelStatus::DivideByZero);
      for (int64_t c : values)
        expect("fma", checked(VectorOp::FmaChecked, a, b, c), __int128(a * b) + c);
    }
  }
  for (float x : {0.0f, -0.9f, 2147483520.0f, -2147483648.0f, 12.75f})
    expect("convert", checked(VectorOp::CvtF32I32Checked, floatToBits(x)), static_cast<int32_t>(x));
  for (float x : {2147483648.0f, -2147483904.0f, 5e18f, INFINITY, -INFINITY, NAN})
    EXPECT_EQ(checked(VectorOp::CvtF32I32Checked, floatToBits(x)).first, KernelStatus::Overflow) << x;
}

TEST(Arithmetic, CheckedSumsAccumulateElementByElement) {
  // Into one word, as reductions do: the end of the run is where the true sum leaves 32 bits.
  uint32_t terms[] = {0x7fffffff, 1, 5}, sum = 0;
  KernelCall call{};
  call.op = VectorOp::AddChecked, call.type = ElementType::I32, call.rank = 1, call.extent[0] = 3;
  call.operand[0] = call.operand[1] = {&sum, {0}};
  call.operand[2] = {terms, {1}};
  EXPECT_EQ(runKernelBaseline(call), KernelStatus::Overflow);
  terms[1] = 0xffffffff; // -1
  terms[2] = 1, sum = 0;
  EXPECT_EQ(runKernelBaseline(call), KernelStatus::Done);
  EXPECT_EQ(sum, 0x7fffffffu);
}

TEST(Arithmetic, UnsignedOperations) {
  auto one = [](VectorOp op, uint32_t a, uint32_t b) {
    return apply(runKernelBaseline, op, ElementType::I32, {a}, {b})[0];
  };
  EXPECT_EQ(one(VectorOp::DivU, 0xfffffffe, 2), 0x7fffffffu);
  EXPECT_EQ(one(VectorOp::RemU, 0xffffffff, 10), 5u);
  EXPECT_EQ(one(VectorOp::ShrU, 0x80000000, 31), 1u);
  EXPECT_EQ(one(VectorOp::CvtU32F32, 0xffffffff, 0), floatToBits(4294967296.0f));
  EXPECT_EQ(one(VectorOp::CvtU32F32, 0x80000081, 0), floatToBits(2147483904.0f));
  EXPECT_EQ(checked(VectorOp::DivU, 1, 0).first, KernelStatus::DivideByZero);
  EXPECT_EQ(checked(VectorOp::RemU, 1, 0).first, KernelStatus::DivideByZero);
}

TEST(Arithmetic, RoundingToNarrowFloats) {
  // Against the host compiler's conversions: all 16-bit values are fixed points, and so are all halves between.
  for (uint32_t h = 0; h != 0x10000; ++h) {
    float half = static_cast<float>(__builtin_bit_cast(_Float16, static_cast<uint16_t>(h)));
    if (half == half)
      EXPECT_EQ(arith::roundToF16(floatToBits(half)), floatToBits(half)) << h;
    float brain = bitsToFloat(h << 16);
    if (brain == brain)
      EXPECT_EQ(arith::roundToBf16(floatToBits(brain)), floatToBits(brain)) << h;
  }
  std::mt19937 random(5);
  for (int i = 0; i != 500000; ++i) {
    uint32_t u = random();
    if (i % 2) // where binary16 has its numbers, and a few bits beyond
      u = (u & 0x807fffff) | (96 + u / 8388608 % 50) << 23;
    float x = bitsToFloat(u);
    if (x != x)
      continue;
    EXPECT_EQ(arith::roundToF16(u), floatToBits(static_cast<float>(static_cast<_Float16>(x)))) << x;
    double exact = x, ulp = std::ldexp(1.0, std::max(std::ilogb(exact == 0 ? 1 : exact) - 7, -133));
    double nearest = std::nearbyint(exact / ulp) * ulp;
    if (std::isfinite(x) && std::fabs(nearest) < 0x1p128)
      EXPECT_EQ(arith::roundToBf16(u), floatToBits(static_cast<float>(nearest))) << x;
  }
  auto bf16 = [](float x) { return bitsToFloat(arith::roundToBf16(floatToBits(x))); };
  auto f16 = [](float x) { return bitsToFloat(arith::roundToF16(floatToBits(x))); };
  EXPECT_EQ(f16(65519.996f), 65504.0f);
  EXPECT_EQ(f16(65520.0f), INFINITY);
  EXPECT_EQ(f16(-INFINITY), -INFINITY);
  EXPECT_EQ(f16(0x1p-25f), 0.0f);
  EXPECT_EQ(f16(0x1.8p-25f), 0x1p-24f);
  EXPECT_EQ(bf16(bitsToFloat(0x7f7fffff)), INFINITY);
  EXPECT_EQ(bf16(bitsToFloat(0x3f808000)), 1.0f); // halves to even
  EXPECT_EQ(bf16(bitsToFloat(0x3f818000)), bitsToFloat(0x3f820000));
  for (uint32_t nan : {0x7f800001u, 0xffc12345u, 0x7fffffffu}) {
    EXPECT_EQ(arith::roundToF16(nan), 0x7fc00000u);
    EXPECT_EQ(arith::roundToBf16(nan), 0x7fc00000u);
  }
}

//===- Nests --------------------------------------------------------------===//

namespace {
/// The definition: element by element, in row-major order.
void reference(const KernelCall &call) {
  int32_t i[4] = {0, 0, 0, 0};
  while (true) {
    uint32_t *p[4];
    for (int k = 0; k != 4; ++k) {
      int64_t at = 0;
      for (int d = 0; d != call.rank; ++d)
        at += int64_t(i[d]) * call.operand[k].stride[d];
      p[k] = call.operand[k].data ? call.operand[k].data + at : nullptr;
    }
    KernelCall one = call;
    one.rank = 1, one.extent[0] = 1;
    for (int k = 0; k != 4; ++k)
      one.operand[k] = {p[k], {0}};
    uint32_t result;
    one.operand[0].data = &result;
    runKernelBaseline(one);
    *p[0] = result;
    int d = call.rank - 1;
    for (; d >= 0; --d) {
      if (++i[d] < call.extent[d])
        break;
      i[d] = 0;
    }
    if (d < 0)
      return;
  }
}
} // namespace

TEST(Kernels, RandomNestsFollowTheDefinition) {
  std::mt19937 random(5);
  const VectorOp ops[] = {VectorOp::Mov, VectorOp::Add, VectorOp::Fma, VectorOp::Max, VectorOp::Mul, VectorOp::Sub};
  for (int round = 0; round != 4000; ++round) {
    std::vector<uint32_t> memory(4096);
    for (uint32_t &word : memory)
      word = floatToBits(float(int(random() % 2000) - 1000) / 64);
    KernelCall call{};
    call.op = ops[random() % std::size(ops)];
    call.type = ElementType::F32;
    call.rank = 1 + random() % 4;
    for (int d = 0; d != call.rank; ++d)
      call.extent[d] = 1 + random() % (d == call.rank - 1 ? 20 : 5);
    for (int k = 0; k != 4; ++k) {
      call.operand[k].data = memory.data() + 1500 + random() % 600;
      for (int d = 0; d != call.rank; ++d) {
        const int32_t strides[] = {0, 1, 1, 2, -1, 16, 20, 7};
        call.operand[k].stride[d] = strides[random() % std::size(strides)];
      }
    }
    if (random() % 2) // accumulation
      call.operand[call.op == VectorOp::Fma ? 3 : 1] = call.operand[0];
    std::vector<uint32_t> start = memory;
    reference(call);
    std::vector<uint32_t> want = memory;
    for (KernelFunction kernels : {KernelFunction(runKernelBaseline), selectKernels()}) {
      memory = start;
      kernels(call);
      ASSERT_EQ(memory, want) << "round " << round << " op " << int(call.op);
    }
  }
}

TEST(Kernels, MatrixProductsFollowTheDefinition) {
  std::mt19937 random(9);
  for (int m : {1, 3, 4, 9})
    for (int k : {1, 7, 32})
      for (int n : {1, 5, 8, 16, 19, 40}) {
        std::vector<uint32_t> a(m * k), b(k * n), c(m * n);
        for (auto *v : {&a, &b, &c})
          for (uint32_t &x : *v)
            x = floatToBits(float(int(random() % 2000) - 1000) / 256);
        std::vector<uint32_t> want = c;
        KernelCall call{};
        call.op = VectorOp::Fma;
        call.rank = 3;
        call.extent[0] = m, call.extent[1] = k, call.extent[2] = n;
        call.operand[0] = {want.data(), {n, 0, 1}};
        call.operand[1] = {a.data(), {k, 1, 0}};
        call.operand[2] = {b.data(), {0, n, 1}};
        call.operand[3] = call.operand[0];
        reference(call);
        std::vector<uint32_t> got = c;
        call.operand[0].data = call.operand[3].data = got.data();
        selectKernels()(call);
        EXPECT_EQ(got, want) << m << " " << k << " " << n;
      }
}

TEST(Kernels, ProductsWithAStridedOperandFollowTheDefinition) {
  // y[f][x] += w[f][k][c] * v[(x * move + k) * channels + c], as a convolution along channels-last rows is, and with
  // `move` 0 the product with a matrix that is stored transposed.
  std::mt19937 random(11);
  for (int move : {0, 1, 2, 3})
    for (int channels : {1, 2, 5, 16})
      for (int taps : {1, 2, 5})
        for (int n : {2, 4, 7, 8, 20, 600})
          for (int filters : {1, 3, 6}) {
            const int columns = move ? (n - 1) * move + taps : n * taps;
            std::vector<uint32_t> w(filters * taps * channels), v(columns * channels), y(filters * n);
            for (auto *words : {&w, &v, &y})
              for (uint32_t &x : *words)
                x = floatToBits(float(int(random() % 2000) - 1000) / 256);
            std::vector<uint32_t> want = y;
            KernelCall call{};
            call.op = VectorOp::Fma;
            call.rank = 4;
            call.extent[0] = filters, call.extent[1] = channels, call.extent[2] = taps, call.extent[3] = n;
            call.operand[0] = {want.data(), {n, 0, 0, 1}};
            call.operand[1] = {v.data(), {0, 1, channels, (move ? move : taps) * channels}};
            call.operand[2] = {w.data(), {taps * channels, 1, channels, 0}};
            call.operand[3] = call.operand[0];
            reference(call);
            for (KernelFunction kernels : {KernelFunction(runKernelBaseline), selectKernels()}) {
              std::vector<uint32_t> got = y;
              call.operand[0].data = call.operand[3].data = got.data();
              kernels(call);
              ASSERT_EQ(got, want) << move << " " << channels << " " << taps << " " << n << " " << filters;
            }
          }
}
