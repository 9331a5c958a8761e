// Operations on a row of words of eight PEs, group after group of eight: the lanes of a group are independent, so each
// operation is SIMD whatever the row's strides are, and groups run in order, so a row may feed itself.
#ifndef WAFER_LIB_EMULATOR_CLASSES_BLOCKOPERATIONSIMPL_H
#define WAFER_LIB_EMULATOR_CLASSES_BLOCKOPERATIONSIMPL_H

#include "BlockVector.h"

namespace wafer::emulator {
namespace {

/// Where an operand's groups are: `step` words from one to the next.
struct GroupWalk {
  uint32_t *data = nullptr;
  int64_t step = 0;
  uint32_t *at(int64_t i) const { return data + i * step; }
};

/// dst = op(a, b, c) for n groups: walk[0] is dst. False if the operation failed where `lanes`, which only those that
/// may fail read, is all ones.
using RowFunction = bool (*)(const GroupWalk *walk, int64_t n, const uint32_t *lanes);

// The eight lanes of a group at once. They meet no other lane's words.
#define WAFER_LANES                                                                                                    \
  _Pragma("clang loop vectorize(assume_safety) vectorize_width(8) interleave_count(1) unroll(disable)")

/// Operations whose registers are written out (BlockVector.h).
constexpr bool isCombined(VectorOp op) {
  switch (op) {
  case VectorOp::Add:
  case VectorOp::Sub:
  case VectorOp::Mul:
  case VectorOp::Fma:
  case VectorOp::Min:
  case VectorOp::Max:
    return true;
  default:
    return false;
  }
}

/// `dense`: the groups of all operands stand side by side.
template <VectorOp op, ElementType type, bool dense> inline void combineRow(const GroupWalk *walk, int64_t n) {
  // Copies: a store might change what `walk` points at.
  const GroupWalk d = walk[0], a = walk[1], b = walk[2], c = op == VectorOp::Fma ? walk[3] : a;
  auto word = [](const GroupWalk &w, int64_t i) { return w.data + i * (dense ? kLanes : w.step); };
  for (int64_t i = 0; i != n; ++i) {
    const Words x = load<kLanes>(word(a, i)), y = load<kLanes>(word(b, i));
    Words r;
    if constexpr (op == VectorOp::Fma)
      r = multiplyAdd<type>(x, y, load<kLanes>(word(c, i)));
    else
      r = combine<op, type>(x, y);
    store(word(d, i), type == ElementType::F32 ? canonical(r) : r);
  }
}

/// sin and cos take another way from 2^30 on, which no SIMD loop can.
template <VectorOp op> inline void computeAngles(uint32_t *r, const uint32_t *a) {
  uint32_t far = 0;
  WAFER_LANES
  for (int l = 0; l < kLanes; ++l)
    far |= (a[l] & 0x7fffffffu) >= 0x4e800000u; // 2^30, infinity, NaN
  if (far) {
    for (int l = 0; l < kLanes; ++l)
      r[l] = apply<op, ElementType::F32>(a[l], 0, 0);
    return;
  }
  WAFER_LANES
  for (int l = 0; l < kLanes; ++l)
    r[l] = bits(op == VectorOp::Sin ? sinNear(F(a[l])) : cosNear(F(a[l])));
}

/// One group of an operation that may fail; returns what is not 0 if it did.
template <VectorOp op, ElementType type>
inline uint32_t computeChecked(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *c,
                               const uint32_t *lanes) {
  uint32_t failed = 0;
  WAFER_LANES
  for (int l = 0; l < kLanes; ++l) {
    const uint32_t x = a[l], z = arity<op>() > 2 ? c[l] : 0;
    uint32_t y = arity<op>() > 1 ? b[l] : 0;
    if constexpr (divides(op, type)) {
      failed |= lanes[l] & -uint32_t(y == 0);
      y = y ? y : 1;
    }
    if constexpr (isChecked(op)) {
      const int64_t value = exact<op>(x, y, z);
      failed |= lanes[l] & -uint32_t(value != static_cast<int32_t>(value));
      r[l] = static_cast<uint32_t>(value);
    } else {
      r[l] = apply<op, type>(x, y, z);
    }
  }
  return failed;
}

template <VectorOp op, ElementType type> bool computeRow(const GroupWalk *walk, int64_t n, const uint32_t *lanes) {
  constexpr int sources = arity<op>();
  if constexpr (isCombined(op)) {
    bool dense = true;
    for (int k = 0; k <= sources; ++k)
      dense &= walk[k].step == kLanes;
    dense ? combineRow<op, type, true>(walk, n) : combineRow<op, type, false>(walk, n);
    return true;
  }
  const GroupWalk to = walk[0], first = walk[1], second = sources > 1 ? walk[2] : first,
                  third = sources > 2 ? walk[3] : first;
  uint32_t failed = 0;
  for (int64_t i = 0; i != n; ++i) {
    uint32_t *r = to.at(i);
    const uint32_t *a = first.at(i), *b = second.at(i), *c = third.at(i);
    if constexpr (mayFail(op, type)) {
      failed |= computeChecked<op, type>(r, a, b, c, lanes);
    } else if constexpr (op == VectorOp::Sin || op == VectorOp::Cos) {
      computeAngles<op>(r, a);
    } else if constexpr (!isCombined(op)) {
      WAFER_LANES
      for (int l = 0; l < kLanes; ++l)
        r[l] = apply<op, type>(a[l], sources > 1 ? b[l] : 0, sources > 2 ? c[l] : 0);
    }
  }
  return !failed;
}

template <VectorOp op> RowFunction rowFunctionOf(ElementType type) {
  constexpr VectorTypes types = vectorOpInfo(op)->types;
  if constexpr (op == VectorOp::Iota || op == VectorOp::Mov)
    return nullptr; // kinds of their own
  else if constexpr (types == VectorTypes::Both)
    return type == ElementType::F32 ? computeRow<op, ElementType::F32> : computeRow<op, ElementType::I32>;
  else
    return computeRow < op, types == VectorTypes::F32 ? ElementType::F32 : ElementType::I32 > ;
}

inline RowFunction rowFunctionOf(VectorOp op, ElementType type) {
  switch (op) {
#define WAFER_VECTOR_OP(NAME, NUMBER, MNEMONIC, ARITY, TYPES, COST, HELPER)                                            \
  case VectorOp::NAME:                                                                                                 \
    return rowFunctionOf<VectorOp::NAME>(type);
#include "wafer/Program/VectorOps.def"
  }
  return nullptr;
}

} // namespace
} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_BLOCKOPERATIONSIMPL_H
