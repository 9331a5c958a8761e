// What each vector operation computes of the words of one element. Compiled once per instruction set of the host, by
// the kernels of one PE and those of blocks: all static.
#ifndef WAFER_LIB_EMULATOR_ELEMENTOPERATIONS_H
#define WAFER_LIB_EMULATOR_ELEMENTOPERATIONS_H

#include "Arithmetic.h"
#include "wafer/Program/Isa.h"

namespace wafer::emulator {
namespace {

using namespace isa;
using namespace arith;

WAFER_INLINE uint32_t f(float v) { return canonicalBits(v); }
WAFER_INLINE float F(uint32_t v) { return fromBits(v); }
WAFER_INLINE int32_t I(uint32_t v) { return static_cast<int32_t>(v); }

template <VectorOp op, ElementType type> WAFER_INLINE uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
  constexpr bool real = type == ElementType::F32;
  switch (op) {
  case VectorOp::Mov:
    return a;
  case VectorOp::Add:
    return real ? f(F(a) + F(b)) : a + b;
  case VectorOp::Sub:
    return real ? f(F(a) - F(b)) : a - b;
  case VectorOp::Mul:
    return real ? f(F(a) * F(b)) : a * b;
  case VectorOp::Fma:
    return real ? f(__builtin_fmaf(F(a), F(b), F(c))) : a * b + c;
  case VectorOp::Min:
    return real ? bits(minimum(F(a), F(b))) : I(a) < I(b) ? a : b;
  case VectorOp::Max:
    return real ? bits(maximum(F(a), F(b))) : I(a) > I(b) ? a : b;
  case VectorOp::Neg:
    return real ? a ^ 0x80000000u : 0u - a;
  case VectorOp::Abs:
    return real ? a & 0x7fffffffu : I(a) < 0 ? 0u - a : a;
  case VectorOp::And:
    return a & b;
  case VectorOp::Or:
    return a | b;
  case VectorOp::Xor:
    return a ^ b;
  case VectorOp::Shl:
    return a << (b & 31);
  case VectorOp::Shr:
    return static_cast<uint32_t>(I(a) >> (b & 31));
  case VectorOp::ShrU:
    return a >> (b & 31);
  case VectorOp::Div:
    return real ? f(F(a) / F(b)) : I(b) == -1 ? 0u - a : static_cast<uint32_t>(I(a) / I(b));
  case VectorOp::Rem:
    return real ? f(__builtin_fmodf(F(a), F(b))) : I(b) == -1 ? 0u : static_cast<uint32_t>(I(a) % I(b));
  case VectorOp::DivU:
    return a / b;
  case VectorOp::RemU:
    return a % b;
  case VectorOp::Select:
    return a ? b : c;
  case VectorOp::CmpEq:
    return real ? F(a) == F(b) : a == b;
  case VectorOp::CmpNe:
    return real ? F(a) != F(b) : a != b;
  case VectorOp::CmpLt:
    return real ? F(a) < F(b) : I(a) < I(b);
  case VectorOp::CmpLe:
    return real ? F(a) <= F(b) : I(a) <= I(b);
  case VectorOp::CmpGt:
    return real ? F(a) > F(b) : I(a) > I(b);
  case VectorOp::CmpGe:
    return real ? F(a) >= F(b) : I(a) >= I(b);
  case VectorOp::CvtF32I32:
    return static_cast<uint32_t>(truncate(F(a)));
  case VectorOp::CvtI32F32:
    return bits(static_cast<float>(I(a)));
  case VectorOp::CvtF32U32:
    return truncateUnsigned(F(a));
  case VectorOp::CvtU32F32:
    return bits(static_cast<float>(a));
  case VectorOp::RoundF16:
    return roundToF16(a);
  case VectorOp::RoundBf16:
    return roundToBf16(a);
  case VectorOp::Sqrt:
    return f(__builtin_sqrtf(F(a)));
  case VectorOp::Rsqrt:
    return bits(rsqrt(F(a)));
  case VectorOp::Recip:
    return f(1.0f / F(a));
  case VectorOp::Exp:
    return bits(arith::exp(F(a)));
  case VectorOp::Log:
    return bits(arith::log(F(a)));
  case VectorOp::Tanh:
    return bits(arith::tanh(F(a)));
  case VectorOp::Erf:
    return bits(arith::erf(F(a)));
  case VectorOp::Sin:
    return bits(arith::sin(F(a)));
  case VectorOp::Cos:
    return bits(arith::cos(F(a)));
  case VectorOp::Floor:
    return f(__builtin_floorf(F(a)));
  case VectorOp::Ceil:
    return f(__builtin_ceilf(F(a)));
  case VectorOp::Round:
    return f(__builtin_rintf(F(a)));
  case VectorOp::Pow:
    return bits(arith::pow(F(a), F(b)));
  case VectorOp::Sigmoid:
    return bits(arith::sigmoid(F(a)));
  case VectorOp::Iota:
  case VectorOp::AddChecked:
  case VectorOp::SubChecked:
  case VectorOp::MulChecked:
  case VectorOp::FmaChecked:
  case VectorOp::ShlChecked:
  case VectorOp::DivChecked:
  case VectorOp::CheckNonNegative:
  case VectorOp::CvtF32I32Checked:
    return 0; // elsewhere
  }
  return 0;
}

/// The checked operations: their true results, or one that 32 bits do not hold. Shifting by s multiplies by 2^s.
template <VectorOp op> WAFER_INLINE int64_t exact(uint32_t a, uint32_t b, uint32_t c) {
  constexpr int64_t beyond = INT64_MAX;
  const int64_t x = I(a), y = I(b), z = I(c);
  switch (op) {
  case VectorOp::AddChecked:
    return x + y;
  case VectorOp::SubChecked:
    return x - y;
  case VectorOp::MulChecked:
    return x * y;
  case VectorOp::FmaChecked:
    return x * y + z;
  case VectorOp::ShlChecked:
    return x == 0 ? 0 : y < 0 || y > 31 ? beyond : x * (int64_t(1) << y);
  case VectorOp::DivChecked:
    return x / y;
  case VectorOp::CheckNonNegative:
    return x < 0 ? beyond : x;
  case VectorOp::CvtF32I32Checked:
    return fitsInt32(F(a)) ? truncate(F(a)) : beyond;
  default:
    return beyond;
  }
}

constexpr bool isChecked(VectorOp op) { return op >= VectorOp::AddChecked && op <= VectorOp::CvtF32I32Checked; }
constexpr bool divides(VectorOp op, ElementType type) {
  return type == ElementType::I32 && (op == VectorOp::Div || op == VectorOp::Rem || op == VectorOp::DivU ||
                                      op == VectorOp::RemU || op == VectorOp::DivChecked);
}
/// The operation may end the run at an element.
constexpr bool mayFail(VectorOp op, ElementType type) { return isChecked(op) || divides(op, type); }

template <VectorOp op> constexpr int arity() { return vectorArity(op); }

} // namespace
} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_ELEMENTOPERATIONS_H
