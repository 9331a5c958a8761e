// What scalar instructions compute (docs/isa.md, "Scalars"), and what they cost: once, for every engine that runs them.
#ifndef WAFER_LIB_EMULATOR_SCALARS_H
#define WAFER_LIB_EMULATOR_SCALARS_H

#include "Ticks.h"

#include <algorithm>
#include <cstdint>

/// The instructions that compute a word from two and cannot fail: REGISTER(opcode, function) if both are registers,
/// IMMEDIATE(opcode, function) if the second is a constant.
#define WAFER_SCALAR_OPCODES(REGISTER, IMMEDIATE)                                                                      \
  REGISTER(Add, add)                                                                                                   \
  REGISTER(Sub, sub)                                                                                                   \
  REGISTER(Mul, mul)                                                                                                   \
  REGISTER(Min, min)                                                                                                   \
  REGISTER(Max, max)                                                                                                   \
  REGISTER(And, bitAnd)                                                                                                \
  REGISTER(Or, bitOr)                                                                                                  \
  REGISTER(Xor, bitXor)                                                                                                \
  REGISTER(Shl, shl)                                                                                                   \
  REGISTER(Shr, shr)                                                                                                   \
  REGISTER(Slt, isLess)                                                                                                \
  REGISTER(Seq, isEqual)                                                                                               \
  IMMEDIATE(Addi, add)                                                                                                 \
  IMMEDIATE(Muli, mul)                                                                                                 \
  IMMEDIATE(Mini, min)                                                                                                 \
  IMMEDIATE(Maxi, max)                                                                                                 \
  IMMEDIATE(Andi, bitAnd)                                                                                              \
  IMMEDIATE(Ori, bitOr)                                                                                                \
  IMMEDIATE(Xori, bitXor)                                                                                              \
  IMMEDIATE(Shli, shl)                                                                                                 \
  IMMEDIATE(Shri, shr)                                                                                                 \
  IMMEDIATE(Slti, isLess)                                                                                              \
  IMMEDIATE(Sgti, isGreater)                                                                                           \
  IMMEDIATE(Seqi, isEqual)                                                                                             \
  IMMEDIATE(Rsbi, subFrom)

/// BRANCH(opcode, function): taken if the function of two registers is not 0.
#define WAFER_BRANCH_OPCODES(BRANCH)                                                                                   \
  BRANCH(Beq, isEqual)                                                                                                 \
  BRANCH(Bne, isDifferent)                                                                                             \
  BRANCH(Blt, isLess)                                                                                                  \
  BRANCH(Bge, isNotLess)

namespace wafer::emulator {

/// Of one instruction; divisions are a helper's.
struct ScalarCosts {
  Ticks scalar = 0, memory = 0, branch = 0, divide = 0;
};

namespace scalar {

inline int32_t asSigned(uint32_t a) { return static_cast<int32_t>(a); }

// Function objects: what takes one computes with it inline.

inline constexpr auto add = [](uint32_t a, uint32_t b) -> uint32_t { return a + b; };
inline constexpr auto sub = [](uint32_t a, uint32_t b) -> uint32_t { return a - b; };
inline constexpr auto subFrom = [](uint32_t a, uint32_t b) -> uint32_t { return b - a; };
inline constexpr auto mul = [](uint32_t a, uint32_t b) -> uint32_t { return a * b; };
inline constexpr auto min = [](uint32_t a, uint32_t b) -> uint32_t { return std::min(asSigned(a), asSigned(b)); };
inline constexpr auto max = [](uint32_t a, uint32_t b) -> uint32_t { return std::max(asSigned(a), asSigned(b)); };
inline constexpr auto bitAnd = [](uint32_t a, uint32_t b) -> uint32_t { return a & b; };
inline constexpr auto bitOr = [](uint32_t a, uint32_t b) -> uint32_t { return a | b; };
inline constexpr auto bitXor = [](uint32_t a, uint32_t b) -> uint32_t { return a ^ b; };
inline constexpr auto shl = [](uint32_t a, uint32_t b) -> uint32_t { return a << (b & 31); };
inline constexpr auto shr = [](uint32_t a, uint32_t b) -> uint32_t { return asSigned(a) >> (b & 31); };
inline constexpr auto isLess = [](uint32_t a, uint32_t b) -> uint32_t { return asSigned(a) < asSigned(b); };
inline constexpr auto isGreater = [](uint32_t a, uint32_t b) -> uint32_t { return asSigned(a) > asSigned(b); };
inline constexpr auto isNotLess = [](uint32_t a, uint32_t b) -> uint32_t { return asSigned(a) >= asSigned(b); };
inline constexpr auto isEqual = [](uint32_t a, uint32_t b) -> uint32_t { return a == b; };
inline constexpr auto isDifferent = [](uint32_t a, uint32_t b) -> uint32_t { return a != b; };

/// b is not 0; -2^31 / -1 wraps, and leaves nothing.
inline constexpr auto quotient = [](uint32_t a, uint32_t b) -> uint32_t {
  return asSigned(b) == -1 ? 0u - a : asSigned(a) / asSigned(b);
};
inline constexpr auto remainder = [](uint32_t a, uint32_t b) -> uint32_t {
  return asSigned(b) == -1 ? 0 : asSigned(a) % asSigned(b);
};

/// The half word at a byte address, from the word that holds it.
inline uint32_t halfOf(uint32_t word, uint32_t address, bool signExtend) {
  const uint16_t half = word >> (address % 4 * 8);
  return signExtend ? static_cast<int16_t>(half) : half;
}

} // namespace scalar
} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_SCALARS_H
