// Functions are in the order of the page's tables. std::fma, fmod, floor, ceil, rint and sqrt are exact or correctly
// rounded by definition; no other function of the host's library is used. Compiled without contraction.
#include "Arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

using namespace wafer;
using namespace wafer::isa;
using namespace wafer::reference;

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Double constants: the nearest binary64 number, and the nearest to the rest.
constexpr double kLn2[2] = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
constexpr double kHalfPi[2] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
constexpr double kLog2E = 0x1.71547652b82fep+0, kTwoOverPi = 0x1.45f306dc9c883p-1,
                 kTwoOverRootPi = 0x1.20dd750429b6dp+0;

/// Rounds a c to an integer, in one fma: the sum's unit is 1.
double roundedProduct(double a, double c) { return std::fma(a, c, 0x1.8p52) - 0x1.8p52; }
double lessMultiple(double x, double n, const double (&c)[2]) { return std::fma(-n, c[1], std::fma(-n, c[0], x)); }

double factorial(int n) { return n <= 1 ? 1 : n * factorial(n - 1); }

double exp64(double x) {
  const double n = roundedProduct(x, kLog2E), r = lessMultiple(x, n, kLn2);
  double p = 1 / factorial(12);
  for (int k = 11; k >= 0; --k)
    p = std::fma(p, r, 1 / factorial(k));
  return std::ldexp(p, int(n));
}

double log64(double x) {
  constexpr double rootHalf = 0x1.6a09e667f3bcdp-1;
  int e;
  double m = std::frexp(x, &e); // [1/2, 1)
  if (m < rootHalf)
    m *= 2, --e;
  const double s = (m - 1) / (m + 1), z = s * s;
  double p = 1.0 / 21;
  for (int k = 19; k >= 1; k -= 2)
    p = std::fma(p, z, 1.0 / k);
  return std::fma(e, kLn2[0], std::fma(e, kLn2[1], 2 * s * p));
}

float expOf(float x) { return exp64(std::clamp<double>(x, -200, 200)); }
float logOf(float x) { return x == 0 ? -kInfinity : x < 0 ? kNaN : x == kInfinity ? x : float(log64(x)); }

float tanhOf(float x) {
  const double a = std::min<double>(std::fabs(x), 20), z = a * a;
  const double r = a < 0.01 ? std::fma(a * z, std::fma(z, 2.0 / 15, -1.0 / 3), a) : 1 - 2 / (exp64(2 * a) + 1);
  return std::copysign(float(r), x);
}

float sigmoidOf(float x) { return 1 / (1 + exp64(std::clamp<double>(-double(x), -200, 200))); }

float erfOf(float x) {
  const double a = std::clamp<double>(x, -4, 4), z = a * a, z2 = z * z, z4 = z2 * z2;
  double p[4];
  for (int j = 0; j != 4; ++j)
    for (int k = 56 + j; k >= 0; k -= 4) {
      double c = (k % 2 ? -1 : 1) / (factorial(k) * (2 * k + 1)) * kTwoOverRootPi;
      p[j] = k == 56 + j ? c : std::fma(p[j], z4, c);
    }
  return a * std::fma(z2, std::fma(z, p[3], p[2]), std::fma(z, p[1], p[0]));
}

/// 256 bits of 2/pi after the point, as 2/pi = 1 / (2 (atan(1/2) + atan(1/3))) would give; here once and for all.
constexpr uint32_t kBitsOfTwoOverPi[8] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                          0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561};

/// The distance from the nearest multiple of pi/2; `quadrant` is that multiple modulo 4.
double reduceAngle(float x, int &quadrant) {
  if (std::fabs(x) < 0x1p30f) {
    const double n = roundedProduct(x, kTwoOverPi);
    quadrant = int(int64_t(n) & 3);
    return lessMultiple(x, n, kHalfPi);
  }
  // abs x = m 2^e with a whole m: bits of 2/pi that weigh 4 / 2^e or more make multiples of 4.
  int e;
  const auto m = uint64_t(std::ldexp(std::frexp(std::fabs(x), &e), 24));
  e -= 24;
  unsigned __int128 turns = 0; // m 2^e 2/pi modulo 4, in units of 2^-100
  for (int bit = e - 2; bit != e + 100; ++bit)
    turns = turns << 1 | (kBitsOfTwoOverPi[bit / 32] >> (31 - bit % 32) & 1);
  turns *= m;
  const auto fraction = int64_t(uint64_t(turns >> 36)); // [-1/2, 1/2), in units of 2^-64
  quadrant = int(turns >> 100 & 3) + (fraction < 0);
  double r = std::ldexp(double(fraction), -64);
  if (x < 0)
    r = -r, quadrant = -quadrant;
  quadrant &= 3;
  return r * kHalfPi[0];
}

/// sin of x + quarters pi/2.
float sine(float x, int quarters) {
  if (!(std::fabs(x) < kInfinity))
    return kNaN;
  if (x == 0 && !quarters)
    return x;
  int quadrant;
  const double r = reduceAngle(x, quadrant), z = r * r;
  quadrant += quarters;
  const bool odd = quadrant & 1; // the cosine's series: even powers
  const int degree = odd ? 16 : 15, lowest = odd ? 0 : 3;
  auto coefficient = [](int k) { return (k / 2 % 2 ? -1 : 1) / factorial(k); };
  double p = coefficient(degree);
  for (int k = degree - 2; k >= lowest; k -= 2)
    p = std::fma(p, z, coefficient(k));
  if (!odd)
    p = std::fma(p * z, r, r);
  return quadrant & 2 ? -p : p;
}

float powOf(float x, float y) {
  if (y == 0 || x == 1)
    return 1;
  if (std::isnan(x) || std::isnan(y))
    return kNaN;
  const float a = std::fabs(x);
  const bool integer = std::floor(y) == y, odd = integer && std::fabs(y) < 0x1p24f && int32_t(y) % 2;
  if (x < 0 && a < kInfinity && !integer)
    return kNaN;
  float r;
  if (a == 0 || a == kInfinity)
    r = (a == 0) == (y > 0) ? 0 : kInfinity;
  else if (std::fabs(y) == kInfinity)
    r = a == 1 ? 1 : (a > 1) == (y > 0) ? kInfinity : 0;
  else
    r = exp64(std::clamp<double>(y * log64(a), -200, 200));
  return std::signbit(x) && odd ? -r : r;
}

/// The nearest of the numbers with so many bits after the first, and no smaller exponent than that.
float roundTo(float x, int bits, int leastExponent, double largest) {
  if (x == 0 || !std::isfinite(x))
    return x;
  int e;
  std::frexp(x, &e);
  const double unit = std::ldexp(1, std::max(e - 1, leastExponent) - bits);
  const double r = std::rint(x / unit) * unit;
  return std::copysign(std::fabs(r) > largest ? kInfinity : float(r), x);
}

/// What gives an f32: NaN comes out as any NaN.
float real(VectorOp op, float a, float b, float c) {
  if (vectorArity(op) == 1 && std::isnan(a))
    return a;
  switch (op) {
  case VectorOp::Add:
    return a + b;
  case VectorOp::Sub:
    return a - b;
  case VectorOp::Mul:
    return a * b;
  case VectorOp::Fma:
    return std::fma(a, b, c);
  case VectorOp::Min:
    return std::isnan(a) || std::isnan(b) ? kNaN : a < b || (a == b && std::signbit(a)) ? a : b;
  case VectorOp::Max:
    return std::isnan(a) || std::isnan(b) ? kNaN : a > b || (a == b && !std::signbit(a)) ? a : b;
  case VectorOp::Div:
    return a / b;
  case VectorOp::Rem:
    return std::fmod(a, b);
  case VectorOp::Sqrt:
    return std::sqrt(a);
  case VectorOp::Rsqrt:
    return float(1 / std::sqrt(double(a)));
  case VectorOp::Recip:
    return 1 / a;
  case VectorOp::Exp:
    return expOf(a);
  case VectorOp::Log:
    return logOf(a);
  case VectorOp::Tanh:
    return tanhOf(a);
  case VectorOp::Erf:
    return erfOf(a);
  case VectorOp::Sin:
    return sine(a, 0);
  case VectorOp::Cos:
    return sine(a, 1);
  case VectorOp::Floor:
    return std::floor(a);
  case VectorOp::Ceil:
    return std::ceil(a);
  case VectorOp::Round:
    return std::rint(a);
  case VectorOp::Pow:
    return powOf(a, b);
  case VectorOp::Sigmoid:
    return sigmoidOf(a);
  case VectorOp::RoundF16:
    return roundTo(a, 10, -14, 65504);
  case VectorOp::RoundBf16:
    return roundTo(a, 7, -126, 0x1.fep127);
  default:
    return 0;
  }
}

template <typename T> bool compare(VectorOp op, T a, T b) {
  switch (op) {
  case VectorOp::CmpEq:
    return a == b;
  case VectorOp::CmpNe:
    return a != b;
  case VectorOp::CmpLt:
    return a < b;
  case VectorOp::CmpLe:
    return a <= b;
  case VectorOp::CmpGt:
    return a > b;
  default:
    return a >= b;
  }
}

constexpr bool isCompare(VectorOp op) { return op >= VectorOp::CmpEq && op <= VectorOp::CmpGe; }
} // namespace

uint32_t wafer::reference::compute(VectorOp op, ElementType type, uint32_t a, uint32_t b, uint32_t c, Fault &fault) {
  const bool isReal = type == ElementType::F32;
  const float fa = std::bit_cast<float>(a), fb = std::bit_cast<float>(b), fc = std::bit_cast<float>(c);
  const int64_t ia = int32_t(a), ib = int32_t(b), ic = int32_t(c);
  auto checked = [&](bool fits, int64_t value) -> uint32_t {
    if (!fits || value != int32_t(value))
      fault = Fault::Overflow;
    return uint32_t(value);
  };
  auto divisor = [&](int64_t value) -> int64_t {
    if (value == 0)
      fault = Fault::DivideByZero;
    return value ? value : 1;
  };
  const bool fitsInt32 = fa >= -0x1p31f && fa < 0x1p31f;
  switch (op) { // the same bits on either type, and what gives no f32
  case VectorOp::Mov:
    return a;
  case VectorOp::And:
    return a & b;
  case VectorOp::Or:
    return a | b;
  case VectorOp::Xor:
    return a ^ b;
  case VectorOp::Select:
    return a ? b : c;
  case VectorOp::Neg:
    return isReal ? a ^ 0x80000000 : 0 - a;
  case VectorOp::Abs:
    return isReal ? a & 0x7fffffff : ia < 0 ? 0 - a : a;
  case VectorOp::Shl:
    return a << b % 32;
  case VectorOp::Shr:
    return uint32_t(ia >> b % 32);
  case VectorOp::ShrU:
    return a >> b % 32;
  case VectorOp::AddChecked:
    return checked(true, ia + ib);
  case VectorOp::SubChecked:
    return checked(true, ia - ib);
  case VectorOp::MulChecked:
    return checked(true, ia * ib);
  case VectorOp::FmaChecked:
    return checked(true, ia * ib + ic); // 2^62 + 2^31 at most
  case VectorOp::ShlChecked:
    return ia == 0 ? 0 : checked(ib >= 0 && ib <= 31, ia * (int64_t(1) << b % 32));
  case VectorOp::DivChecked:
    return checked(true, ia / divisor(ib));
  case VectorOp::CheckNonNegative:
    return checked(ia >= 0, ia);
  case VectorOp::CvtF32I32Checked:
    return checked(fitsInt32, fitsInt32 ? int64_t(fa) : 0);
  case VectorOp::CvtF32I32:
    return fitsInt32 ? uint32_t(int32_t(fa)) : 0x80000000;
  case VectorOp::CvtI32F32:
    return std::bit_cast<uint32_t>(float(int32_t(a)));
  case VectorOp::CvtF32U32:
    return std::fabs(fa) < 0x1p63f ? uint32_t(int64_t(fa)) : 0;
  case VectorOp::CvtU32F32:
    return std::bit_cast<uint32_t>(float(a));
  case VectorOp::DivU:
    return a / uint32_t(divisor(b));
  case VectorOp::RemU:
    return a % uint32_t(divisor(b));
  default:
    break;
  }
  if (isCompare(op))
    return isReal ? compare(op, fa, fb) : compare(op, ia, ib);
  if (isReal) {
    const float r = real(op, fa, fb, fc);
    return std::isnan(r) ? 0x7fc00000 : std::bit_cast<uint32_t>(r);
  }
  switch (op) {
  case VectorOp::Add:
    return a + b;
  case VectorOp::Sub:
    return a - b;
  case VectorOp::Mul:
    return a * b;
  case VectorOp::Fma:
    return a * b + c;
  case VectorOp::Min:
    return uint32_t(std::min(ia, ib));
  case VectorOp::Max:
    return uint32_t(std::max(ia, ib));
  case VectorOp::Div:
    return uint32_t(ia / divisor(ib)); // of 64 bits: -2^31 / -1 wraps
  case VectorOp::Rem:
    return uint32_t(ia % divisor(ib));
  default: // the loader refuses operations on types that they are not defined on
    return 0;
  }
}
