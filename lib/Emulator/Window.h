// What a receive through a window stores: a box of a row-major block of wavelets; the rest of the block is dropped.
#ifndef WAFER_LIB_EMULATOR_WINDOW_H
#define WAFER_LIB_EMULATOR_WINDOW_H

#include <algorithm>
#include <cstdint>

namespace wafer::emulator {

/// Neighboring wavelets that go to memory one after the other.
struct WindowRun {
  int64_t offset; // words, from where the box's first element goes
  int64_t from;   // the first wavelet, counted from the beginning of the piece
  int64_t count;
  int64_t stride; // words
};

class Window {
public:
  /// The box of `extent` at `lower` in a block of `block`, to words with these strides. It lies in the block; an extent
  /// of 0 in the first dimension stores nothing.
  Window(int rank, const int32_t *extent, const int32_t *block, const int32_t *lower, const int32_t *stride) {
    for (int d = 0; d != rank; ++d) {
      if (extent[d] <= 0)
        isEmpty = true;
      // What fills its dimension and goes on where that ends is one with the dimension outside.
      const int outer = dims - 1;
      if (d > 0 && extent[d] == block[d] &&
          (extent[d] == 1 || loops[outer].stride == int64_t(stride[d]) * extent[d] || loops[outer].extent == 1)) {
        loops[outer].extent *= extent[d];
        loops[outer].block *= block[d];
        loops[outer].lower *= block[d];
        if (extent[d] != 1)
          loops[outer].stride = stride[d];
        continue;
      }
      loops[dims++] = {extent[d], block[d], lower[d], stride[d]};
    }
  }

  /// Calls run(WindowRun) for what falls into the box of wavelets [begin, begin + count) of the block, in order.
  template <typename Run> void forEachRun(int64_t begin, int64_t count, Run run) const {
    if (isEmpty || count <= 0)
      return;
    const int last = dims - 1;
    const int64_t end = begin + count;
    // The row that wavelet `begin` is in or before, if there is one.
    int64_t i[4] = {0, 0, 0, 0}, size = 1;
    for (int d = 1; d < dims; ++d)
      size *= loops[d].block;
    if (last > 0) {
      i[0] = std::max<int64_t>(begin / size - loops[0].lower, 0);
      if (i[0] >= loops[0].extent)
        return;
    }
    while (true) {
      int64_t start = 0, offset = 0;
      for (int d = 0; d != dims; ++d) {
        start = start * loops[d].block + loops[d].lower + i[d];
        offset += i[d] * loops[d].stride;
      }
      if (start >= end)
        return;
      const Loop &row = loops[last];
      const int64_t low = std::max(start, begin), high = std::min(start + row.extent, end);
      if (low < high)
        run(WindowRun{offset + (low - start) * row.stride, low - begin, high - low, row.stride});
      int d = last - 1;
      for (; d >= 0; --d) {
        if (++i[d] < loops[d].extent)
          break;
        i[d] = 0;
      }
      if (d < 0)
        return;
    }
  }

private:
  struct Loop {
    int64_t extent, block, lower, stride;
  };
  Loop loops[4];
  int dims = 0;
  bool isEmpty = false;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_WINDOW_H
