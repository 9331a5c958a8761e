// The arithmetic of docs/isa.md, element by element.
//
// The same bits on every host: f32 add, sub, mul, div, sqrt and fma are IEEE 754 operations rounded to nearest even,
// and every other function is a fixed sequence of such operations in binary64, rounded to binary32 once at its end.
// With 29 bits to spare the polynomials can be plain Taylor series, and the results are within 0.51 ulp of the true
// values. No host libm function is used but fma, fmod, floor, ceil and rint, which are exact by definition. Any NaN
// that an f32 operation makes is the canonical quiet NaN 0x7fc00000; moves, neg, abs and bitwise operations copy bits.
//
// This header is compiled once per instruction set of the host: everything in it is static and free of library code.
#ifndef WAFER_LIB_EMULATOR_ARITHMETIC_H
#define WAFER_LIB_EMULATOR_ARITHMETIC_H

#include <cstdint>

#define WAFER_INLINE static inline __attribute__((always_inline))

namespace wafer::arith {

WAFER_INLINE uint32_t bits(float v) { return __builtin_bit_cast(uint32_t, v); }
WAFER_INLINE float fromBits(uint32_t v) { return __builtin_bit_cast(float, v); }
WAFER_INLINE uint64_t bits64(double v) { return __builtin_bit_cast(uint64_t, v); }
WAFER_INLINE double fromBits64(uint64_t v) { return __builtin_bit_cast(double, v); }

constexpr uint32_t kNaN = 0x7fc00000;

// On the bits: a compiler may take "v != v ? NaN : v" for v.
WAFER_INLINE uint32_t canonicalBits(float v) {
  const uint32_t u = bits(v);
  return static_cast<int32_t>(u & 0x7fffffffu) > 0x7f800000 ? kNaN : u;
}
WAFER_INLINE float canonical(float v) { return fromBits(canonicalBits(v)); }

// minimum and maximum of IEEE 754-2019: NaN if either is, -0 below +0.
WAFER_INLINE float minimum(float a, float b) {
  float equal = fromBits(bits(a) | bits(b));
  float r = a < b ? a : b < a ? b : equal;
  return a != a || b != b ? fromBits(kNaN) : r;
}
WAFER_INLINE float maximum(float a, float b) {
  float equal = fromBits(bits(a) & bits(b));
  float r = a > b ? a : b > a ? b : equal;
  return a != a || b != b ? fromBits(kNaN) : r;
}

// Toward zero; what 32 bits do not hold, and NaN, give -2^31.
WAFER_INLINE bool fitsInt32(float v) { return v >= -2147483648.0f && v < 2147483648.0f; }
WAFER_INLINE int32_t truncate(float v) {
  const bool fits = fitsInt32(v);
  const int32_t r = static_cast<int32_t>(fits ? v : 0.0f);
  return fits ? r : INT32_MIN;
}
// Toward zero, modulo 2^32; 0 from 2^63 on, and for NaN.
WAFER_INLINE uint32_t truncateUnsigned(float v) {
  const bool fits = v > -0x1p63f && v < 0x1p63f;
  return static_cast<uint32_t>(static_cast<int64_t>(fits ? v : 0.0f));
}

// The nearest binary16 or bfloat16 number, halves to even, as binary32; infinity beyond the largest.
WAFER_INLINE uint32_t roundToF16(uint32_t v) {
  const uint32_t sign = v & 0x80000000u, u = v ^ sign;
  // Below 2^-14 the grid is that of 2^-24: the grid of binary32 at 0.5.
  const uint32_t small = bits((fromBits(u) + 0.5f) - 0.5f);
  uint32_t large = (u + 0xfff + (u >> 13 & 1)) & ~0x1fffu;
  large = large >= 0x47800000 ? 0x7f800000 : large;
  const uint32_t r = u < 0x38800000 ? small : large;
  return u > 0x7f800000 ? kNaN : r | sign;
}
WAFER_INLINE uint32_t roundToBf16(uint32_t v) {
  const uint32_t r = (v + 0x7fff + (v >> 16 & 1)) & ~0xffffu;
  return (v & 0x7fffffffu) > 0x7f800000 ? kNaN : r;
}

//===- Functions in binary64 ----------------------------------------------===//

constexpr double kLn2High = 0x1.62e42fefa39efp-1, kLn2Low = 0x1.abc9e3b39803fp-56;
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kRound = 0x1.8p52; // adding it rounds to an integer and leaves that integer in the low bits

/// e^x for |x| <= 700.
WAFER_INLINE double exp64(double x) {
  double shifted = __builtin_fma(x, kLog2E, kRound);
  double n = shifted - kRound;
  double r = __builtin_fma(-n, kLn2High, x);
  r = __builtin_fma(-n, kLn2Low, r);
  double p = 1.0 / 479001600;
  p = __builtin_fma(p, r, 1.0 / 39916800);
  p = __builtin_fma(p, r, 1.0 / 3628800);
  p = __builtin_fma(p, r, 1.0 / 362880);
  p = __builtin_fma(p, r, 1.0 / 40320);
  p = __builtin_fma(p, r, 1.0 / 5040);
  p = __builtin_fma(p, r, 1.0 / 720);
  p = __builtin_fma(p, r, 1.0 / 120);
  p = __builtin_fma(p, r, 1.0 / 24);
  p = __builtin_fma(p, r, 1.0 / 6);
  p = __builtin_fma(p, r, 1.0 / 2);
  p = __builtin_fma(p, r, 1.0);
  p = __builtin_fma(p, r, 1.0);
  return p * fromBits64((bits64(shifted) + 1023) << 52);
}

/// ln x for positive normal x.
WAFER_INLINE double log64(double x) {
  uint64_t u = bits64(x);
  uint64_t shifted = u - 0x3fe6a09e667f3bcdu; // sqrt(1/2)
  uint64_t exponent = static_cast<uint64_t>(static_cast<int64_t>(shifted) >> 52);
  double e = fromBits64(0x4338000000000000u + exponent) - kRound;
  double m = fromBits64(u - (exponent << 52)); // in [sqrt(1/2), sqrt(2))
  double s = (m - 1.0) / (m + 1.0), z = s * s;
  double p = 1.0 / 21;
  p = __builtin_fma(p, z, 1.0 / 19);
  p = __builtin_fma(p, z, 1.0 / 17);
  p = __builtin_fma(p, z, 1.0 / 15);
  p = __builtin_fma(p, z, 1.0 / 13);
  p = __builtin_fma(p, z, 1.0 / 11);
  p = __builtin_fma(p, z, 1.0 / 9);
  p = __builtin_fma(p, z, 1.0 / 7);
  p = __builtin_fma(p, z, 1.0 / 5);
  p = __builtin_fma(p, z, 1.0 / 3);
  p = __builtin_fma(p, z, 1.0);
  return __builtin_fma(e, kLn2High, __builtin_fma(e, kLn2Low, 2.0 * s * p));
}

WAFER_INLINE double clamp64(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

WAFER_INLINE float exp(float x) {
  float r = static_cast<float>(exp64(clamp64(x, -200, 200)));
  return x != x ? fromBits(kNaN) : canonical(r);
}

WAFER_INLINE float log(float x) {
  bool usual = x > 0 && x < __builtin_inff();
  float r = static_cast<float>(log64(usual ? static_cast<double>(x) : 1.0));
  r = x == 0 ? -__builtin_inff() : r;
  r = x == __builtin_inff() ? x : r;
  return x < 0 || x != x ? fromBits(kNaN) : r;
}

WAFER_INLINE float tanh(float x) {
  double a = clamp64(__builtin_fabs(static_cast<double>(x)), 0, 20), z = a * a;
  double large = 1.0 - 2.0 / (exp64(2.0 * a) + 1.0);
  double small = __builtin_fma(a * z, __builtin_fma(z, 2.0 / 15, -1.0 / 3), a);
  float r = static_cast<float>(a < 0.01 ? small : large);
  r = fromBits(bits(r) | (bits(x) & 0x80000000u));
  return x != x ? fromBits(kNaN) : canonical(r);
}

WAFER_INLINE float sigmoid(float x) {
  float r = static_cast<float>(1.0 / (1.0 + exp64(clamp64(-static_cast<double>(x), -200, 200))));
  return x != x ? fromBits(kNaN) : canonical(r);
}

constexpr int kErfTerms = 60;
struct ErfSeries {
  double c[kErfTerms] = {}; // (-1)^k / (k! (2k + 1)) * 2 / sqrt(pi)
  constexpr ErfSeries() {
    double factorial = 1;
    for (int k = 0; k != kErfTerms; ++k) {
      if (k)
        factorial *= k;
      c[k] = (k % 2 ? -1.0 : 1.0) / (factorial * (2 * k + 1)) * 0x1.20dd750429b6dp+0;
    }
  }
};
static constexpr ErfSeries kErf;

/// The Taylor series to |x| = 4, where erf rounds to 1; its terms in four interleaved sums.
WAFER_INLINE float erf(float x) {
  const double a = clamp64(static_cast<double>(x), -4, 4), z = a * a, z2 = z * z, z4 = z2 * z2;
  double p[4];
  for (int j = 0; j != 4; ++j)
    p[j] = kErf.c[kErfTerms - 4 + j];
  _Pragma("clang loop unroll(full)") // so that loops over many words are vectorised
      for (int k = kErfTerms - 8; k >= 0; k -= 4) for (int j = 0; j != 4; ++j) p[j] =
          __builtin_fma(p[j], z4, kErf.c[k + j]);
  const double sum = __builtin_fma(z2, __builtin_fma(z, p[3], p[2]), __builtin_fma(z, p[1], p[0]));
  float r = static_cast<float>(a * sum);
  return x != x ? fromBits(kNaN) : canonical(r);
}

constexpr double kHalfPiHigh = 0x1.921fb54442d18p+0, kHalfPiLow = 0x1.1a62633145c07p-54;

/// x - n pi/2 with |result| <= pi/4; `quadrant` is n mod 4. For |x| < 2^30.
WAFER_INLINE double reduceNear(float x, unsigned &quadrant) {
  double shifted = __builtin_fma(static_cast<double>(x), 0x1.45f306dc9c883p-1, kRound);
  double n = shifted - kRound;
  quadrant = static_cast<unsigned>(bits64(shifted)) & 3;
  return __builtin_fma(-n, kHalfPiLow, __builtin_fma(-n, kHalfPiHigh, static_cast<double>(x)));
}

/// The same for any finite x.
WAFER_INLINE double reduce(float x, unsigned &quadrant) {
  if (__builtin_fabsf(x) < 0x1p30f)
    return reduceNear(x, quadrant);
  // x = m 2^e is an integer: only 2^e 2/pi modulo 4 matters, here with 100 bits after the point.
  constexpr uint64_t twoOverPi[4] = {0xa2f9836e4e441529u, 0xfc2757d1f534ddc0u, 0xdb6295993c439041u,
                                     0xfe5163abdebbc561u};
  unsigned e = (bits(x) >> 23 & 255) - 150;
  uint64_t m = (bits(x) & 0x7fffff) | 0x800000;
  unsigned __int128 window = 0;
  for (unsigned i = e - 2; i != e + 100; ++i) // bit i of the fraction has weight 2^-(i+1)
    window = window << 1 | (twoOverPi[i / 64] >> (63 - i % 64) & 1);
  unsigned __int128 product = window * m;
  uint64_t fraction = static_cast<uint64_t>(product >> 36); // of 2^-64
  unsigned q = static_cast<unsigned>(product >> 100) & 3;
  bool up = fraction >> 63;
  double f = static_cast<double>(static_cast<int64_t>(fraction)) * 0x1p-64;
  q = (q + up) & 3;
  if (bits(x) >> 31) {
    f = -f;
    q = (4 - q) & 3;
  }
  quadrant = q;
  return f * kHalfPiHigh;
}

WAFER_INLINE float sinOfQuadrant(double r, unsigned quadrant) {
  double z = r * r, s = -1.0 / 1307674368000.0, c = 1.0 / 20922789888000.0;
  s = __builtin_fma(s, z, 1.0 / 6227020800.0);
  s = __builtin_fma(s, z, -1.0 / 39916800);
  s = __builtin_fma(s, z, 1.0 / 362880);
  s = __builtin_fma(s, z, -1.0 / 5040);
  s = __builtin_fma(s, z, 1.0 / 120);
  s = __builtin_fma(s, z, -1.0 / 6);
  s = __builtin_fma(s * z, r, r);
  c = __builtin_fma(c, z, -1.0 / 87178291200.0);
  c = __builtin_fma(c, z, 1.0 / 479001600);
  c = __builtin_fma(c, z, -1.0 / 3628800);
  c = __builtin_fma(c, z, 1.0 / 40320);
  c = __builtin_fma(c, z, -1.0 / 720);
  c = __builtin_fma(c, z, 1.0 / 24);
  c = __builtin_fma(c, z, -1.0 / 2);
  c = __builtin_fma(c, z, 1.0);
  double v = quadrant & 1 ? c : s;
  return static_cast<float>(quadrant & 2 ? -v : v);
}

/// Without branches, for |x| < 2^30: what loops over many words take.
WAFER_INLINE float sinNear(float x) {
  unsigned quadrant;
  double r = reduceNear(x, quadrant);
  float v = sinOfQuadrant(r, quadrant);
  return x == 0 ? x : v;
}
WAFER_INLINE float cosNear(float x) {
  unsigned quadrant;
  double r = reduceNear(x, quadrant);
  return sinOfQuadrant(r, quadrant + 1);
}

WAFER_INLINE float sin(float x) {
  if (!(__builtin_fabsf(x) < __builtin_inff()))
    return fromBits(kNaN);
  if (x == 0)
    return x;
  unsigned quadrant;
  double r = reduce(x, quadrant);
  return sinOfQuadrant(r, quadrant);
}

WAFER_INLINE float cos(float x) {
  if (!(__builtin_fabsf(x) < __builtin_inff()))
    return fromBits(kNaN);
  unsigned quadrant;
  double r = reduce(x, quadrant);
  return sinOfQuadrant(r, quadrant + 1);
}

/// The cases of C's pow; e^(y ln|x|) otherwise.
WAFER_INLINE float pow(float x, float y) {
  constexpr float inf = __builtin_inff();
  float a = __builtin_fabsf(x);
  bool integer = __builtin_fabsf(y) >= 0x1p24f || __builtin_floorf(y) == y;
  bool odd = __builtin_fabsf(y) < 0x1p24f && integer && (static_cast<int32_t>(y) & 1);
  bool usual = a > 0 && a < inf && y == y && __builtin_fabsf(y) < inf;
  double exponent = static_cast<double>(usual ? y : 0.0f) * log64(usual ? static_cast<double>(a) : 1.0);
  float r = static_cast<float>(exp64(clamp64(exponent, -200, 200)));
  if (!usual) {
    bool grows = y > 0; // 0 and infinity as bases
    r = a == 0 ? (grows ? 0.0f : inf) : (grows ? inf : 0.0f);
    if (__builtin_fabsf(y) == inf && a != 0 && a != inf)
      r = a == 1 ? 1.0f : (a > 1) == grows ? inf : 0.0f;
  }
  bool negative = bits(x) >> 31;
  if (negative && odd)
    r = -r;
  if (x < 0 && a < inf && !integer)
    r = fromBits(kNaN);
  if (x != x || y != y)
    r = fromBits(kNaN);
  return y == 0 || x == 1 ? 1.0f : r;
}

WAFER_INLINE float rsqrt(float x) {
  float r = static_cast<float>(1.0 / __builtin_sqrt(static_cast<double>(x)));
  return canonical(r);
}

} // namespace wafer::arith

#endif // WAFER_LIB_EMULATOR_ARITHMETIC_H
