// Which part of a tensor a PE holds: the arithmetic of wafer.image.Box.
#ifndef WAFER_PROGRAM_BOX_H
#define WAFER_PROGRAM_BOX_H

#include "wafer/Program/manifest.pb.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace wafer {

constexpr int kMaxBoxRank = 8;

/// A box at one PE: dimension d covers [lo[d], hi[d]) of the tensor; element i lies at word sum (i - start) * stride.
struct PlacedBox {
  int rank = 0;
  std::array<int64_t, kMaxBoxRank> lo{}, hi{}, start{}, stride{}, extent{};

  int64_t elements() const {
    int64_t n = 1;
    for (int d = 0; d != rank; ++d)
      n *= hi[d] - lo[d];
    return n;
  }

  /// Calls row(index of the row's first element in the row-major tensor, word offset, count, word stride) for every
  /// row of the innermost dimension, in row-major order.
  template <typename Row> void forEachRow(Row row) const {
    if (elements() == 0)
      return;
    if (rank == 0)
      return row(int64_t(0), int64_t(0), int64_t(1), int64_t(1));
    std::array<int64_t, kMaxBoxRank> i = lo;
    while (true) {
      int64_t index = 0, word = 0;
      for (int d = 0; d != rank; ++d) {
        index = index * extent[d] + i[d];
        word += (i[d] - start[d]) * stride[d];
      }
      row(index, word, hi[rank - 1] - lo[rank - 1], stride[rank - 1]);
      int d = rank - 2;
      for (; d >= 0; --d) {
        if (++i[d] < hi[d])
          break;
        i[d] = lo[d];
      }
      if (d < 0)
        return;
    }
  }
};

/// The box of the PE at (x, y). The box must have passed verification (Verify.cpp), which bounds every number.
inline PlacedBox placeBox(const image::Box &box, int64_t x, int64_t y) {
  PlacedBox placed;
  placed.rank = box.dims_size();
  auto atLeast1 = [](uint32_t count) { return std::max<int64_t>(1, count); };
  const int64_t sx = atLeast1(box.split_x()), sy = atLeast1(box.split_y()), mx = atLeast1(box.middle_x()),
                my = atLeast1(box.middle_y());
  for (int d = 0; d != placed.rank; ++d) {
    const image::BoxDim &dim = box.dims(d);
    int64_t start = dim.offset() + (x / (mx * sx)) * dim.x_major() + (x % sx) * dim.x_minor() +
                    (y / (my * sy)) * dim.y_major() + (y % sy) * dim.y_minor();
    if (mx > 1)
      start += x / sx % mx * dim.x_middle();
    if (my > 1)
      start += y / sy % my * dim.y_middle();
    placed.start[d] = start;
    placed.lo[d] = std::min(std::max<int64_t>(0, start), dim.extent());
    placed.hi[d] = std::max(placed.lo[d], std::min(dim.extent(), start + dim.length()));
    placed.stride[d] = dim.stride();
    placed.extent[d] = dim.extent();
  }
  return placed;
}

} // namespace wafer

#endif // WAFER_PROGRAM_BOX_H
