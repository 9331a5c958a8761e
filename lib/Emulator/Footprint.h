// The words of memory that an instruction touches, and sets of bits over words. Checks on memory are questions about a
// footprint, so they cost by instruction and by run of neighboring words, never by element.
#ifndef WAFER_LIB_EMULATOR_FOOTPRINT_H
#define WAFER_LIB_EMULATOR_FOOTPRINT_H

#include "wafer/Program/Isa.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace wafer::emulator {

/// Words base + sum of i[d] * stride[d], 0 <= i[d] < extent[d]: a box of strided runs. Dimensions along which nothing
/// moves are left out; there is at least one word.
struct Footprint {
  int64_t low = 0, high = 0; // words, both included
  int rank = 0;
  int32_t extent[isa::kMaxRank];
  int32_t stride[isa::kMaxRank];

  /// One word.
  explicit Footprint(int64_t word = 0) : low(word), high(word) {}
  /// Extents are at least 1.
  Footprint(int64_t base, int dims, const int32_t *extents, const int32_t *strides) : Footprint(base) {
    for (int d = 0; d != dims; ++d) {
      if (extents[d] <= 1 || strides[d] == 0)
        continue;
      int64_t reach = int64_t(strides[d]) * (extents[d] - 1);
      (reach < 0 ? low : high) += reach;
      extent[rank] = extents[d];
      stride[rank++] = strides[d];
    }
  }

  /// Calls run(first word, count) for runs of neighboring words that make up the footprint, in some order, while it
  /// returns true; false if it did not. Runs may overlap where strides do.
  template <typename Run> bool forEachRun(Run run) const {
    int64_t first = low; // with strides made positive, the lowest word is where all indices are 0
    int outer = rank;
    int64_t extents[isa::kMaxRank], strides[isa::kMaxRank];
    for (int d = 0; d != outer; ++d)
      extents[d] = extent[d], strides[d] = std::abs(int64_t(stride[d]));
    for (int d = 1; d < outer; ++d) // descending strides
      for (int e = d; e > 0 && strides[e - 1] < strides[e]; --e)
        std::swap(strides[e - 1], strides[e]), std::swap(extents[e - 1], extents[e]);
    int64_t length = 1;
    while (outer > 0 && strides[outer - 1] <= length) { // touching or overlapping runs are one
      length += strides[outer - 1] * (extents[outer - 1] - 1);
      --outer;
    }
    int64_t i[isa::kMaxRank] = {};
    while (true) {
      if (!run(first, length))
        return false;
      int d = outer - 1;
      for (; d >= 0; --d) {
        first += strides[d];
        if (++i[d] < extents[d])
          break;
        first -= strides[d] * extents[d];
        i[d] = 0;
      }
      if (d < 0)
        return true;
    }
  }

  /// The same box, from the same word on.
  bool operator==(const Footprint &other) const {
    return low == other.low && high == other.high && rank == other.rank &&
           std::equal(extent, extent + rank, other.extent) && std::equal(stride, stride + rank, other.stride);
  }

  /// Some word is in both.
  bool meets(const Footprint &other) const;
};

//===- A bit for each word ------------------------------------------------===//

/// Calls visit(index of 64 bits, which of them) for the words [word, word + count) while it returns true.
template <typename Visit> inline void forEachBlock(int64_t word, int64_t count, Visit visit) {
  for (int64_t at = word, end = word + count; at < end;) {
    int64_t shift = at % 64, n = std::min<int64_t>(64 - shift, end - at);
    if (!visit(at / 64, (n == 64 ? ~uint64_t(0) : (uint64_t(1) << n) - 1) << shift))
      return;
    at += n;
  }
}

/// The lowest word of [word, word + count) whose bit is `value`, or -1.
template <bool value> inline int64_t firstWith(const uint64_t *bits, int64_t word, int64_t count) {
  int64_t found = -1;
  forEachBlock(word, count, [&](int64_t block, uint64_t mask) {
    uint64_t those = (value ? bits[block] : ~bits[block]) & mask;
    if (those)
      found = block * 64 + __builtin_ctzll(those);
    return !those;
  });
  return found;
}
inline int64_t firstClear(const uint64_t *bits, int64_t word, int64_t count) {
  return firstWith<false>(bits, word, count);
}
inline int64_t firstSet(const uint64_t *bits, int64_t word, int64_t count) {
  return firstWith<true>(bits, word, count);
}

inline void setBits(uint64_t *bits, int64_t word, int64_t count) {
  forEachBlock(word, count, [&](int64_t block, uint64_t mask) {
    bits[block] |= mask;
    return true;
  });
}
inline void clearBits(uint64_t *bits, int64_t word, int64_t count) {
  forEachBlock(word, count, [&](int64_t block, uint64_t mask) {
    bits[block] &= ~mask;
    return true;
  });
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_FOOTPRINT_H
