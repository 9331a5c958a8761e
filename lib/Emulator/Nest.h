// The nest of a vector instruction as kernels walk it. Compiled once per instruction set of the host: all static.
#ifndef WAFER_LIB_EMULATOR_NEST_H
#define WAFER_LIB_EMULATOR_NEST_H

#include <cstdint>

namespace wafer::emulator {
namespace {

struct Nest {
  int rank = 0;
  int64_t n[4];
  int64_t stride[4][4]; // operand, dimension: words
  uint32_t *data[4];
  int unit[4]; // the words of one element, and what a stride of the call counts
  int operands;
};

/// Merges neighbouring dimensions that every operand walks as one, and drops those of extent 1: row-major order stays.
template <typename Call> inline Nest normalise(const Call &call, int operands, const int (&unit)[4] = {1, 1, 1, 1}) {
  Nest nest;
  nest.operands = operands;
  for (int k = 0; k != operands; ++k)
    nest.data[k] = call.operand[k].data, nest.unit[k] = unit[k];
  for (int d = 0; d != call.rank; ++d) {
    if (call.extent[d] == 1)
      continue;
    bool merge = nest.rank > 0;
    for (int k = 0; k != operands && merge; ++k)
      merge = nest.stride[k][nest.rank - 1] == int64_t(call.operand[k].stride[d]) * unit[k] * call.extent[d];
    if (!merge)
      nest.n[nest.rank++] = 1;
    nest.n[nest.rank - 1] *= call.extent[d];
    for (int k = 0; k != operands; ++k)
      nest.stride[k][nest.rank - 1] = int64_t(call.operand[k].stride[d]) * unit[k];
  }
  if (nest.rank == 0) {
    nest.rank = 1;
    nest.n[0] = 1;
    for (int k = 0; k != operands; ++k)
      nest.stride[k][0] = k == 0 ? unit[0] : 0;
  }
  return nest;
}

struct Span {
  const uint32_t *low, *high; // high: the last word
};
inline Span spanOf(const Nest &nest, int k) {
  int64_t low = 0, high = 0;
  for (int d = 0; d != nest.rank; ++d) {
    int64_t reach = nest.stride[k][d] * (nest.n[d] - 1);
    (reach < 0 ? low : high) += reach;
  }
  return {nest.data[k] + low, nest.data[k] + high + (nest.unit[k] - 1)};
}

/// No word is in both the destination and operand k.
inline bool isApart(const Nest &nest, int k) {
  Span d = spanOf(nest, 0), s = spanOf(nest, k);
  return s.high < d.low || d.high < s.low;
}

/// Operand k is the destination itself, element by element.
inline bool isDestination(const Nest &nest, int k) {
  bool same = nest.data[k] == nest.data[0] && nest.unit[k] == nest.unit[0];
  for (int d = 0; d != nest.rank; ++d)
    same &= nest.stride[k][d] == nest.stride[0][d];
  return same;
}

/// Operand k never reads a word that the destination writes for another element of the same row.
inline bool rowFree(const Nest &nest, int k) { return isApart(nest, k) || isDestination(nest, k); }

/// Calls body(offsets of the operands) for every row.
template <typename Body> inline void forEachRow(const Nest &nest, Body body) {
  int outer = nest.rank - 1;
  int64_t i[3] = {0, 0, 0};
  int64_t at[4] = {0, 0, 0, 0};
  while (true) {
    body(at);
    int d = outer - 1;
    for (; d >= 0; --d) {
      for (int k = 0; k != nest.operands; ++k)
        at[k] += nest.stride[k][d];
      if (++i[d] < nest.n[d])
        break;
      for (int k = 0; k != nest.operands; ++k)
        at[k] -= nest.stride[k][d] * nest.n[d];
      i[d] = 0;
    }
    if (d < 0)
      return;
  }
}

} // namespace
} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_NEST_H
