// Which PEs of a post have the same shape.
#ifndef WAFER_LIB_EMULATOR_CLASSES_CLASSSHAPES_H
#define WAFER_LIB_EMULATOR_CLASSES_CLASSSHAPES_H

#include "ClassEngine.h"

namespace wafer::emulator {

/// As memory wants to be told which PEs.
inline PeSpans spans(const PeSet &set) {
  return {{set.columns.begin(), set.columns.end()}, {set.rows.begin(), set.rows.end()}};
}

template <typename F>
bool RegionRun::forShapes(const Post &post, const Indices &columns, const Indices &rows, F f) const {
  bool byColumn = false, byRow = false;
  auto see = [&](const Value &value) {
    byColumn |= value.kind() == Value::ByColumn || value.kind() == Value::ByPe;
    byRow |= value.kind() == Value::ByRow || value.kind() == Value::ByPe;
  };
  for (int d = 0; d != post.rank; ++d) {
    see(post.extent[d]);
    if (post.window)
      see(post.block[d]), see(post.lower[d]);
  }
  for (int k = 0; k != 4; ++k)
    if (post.mode[k] == VectorShape::Mode::Memory || post.mode[k] == VectorShape::Mode::ReadOnly ||
        post.mode[k] == VectorShape::Mode::Iota) {
      see(post.base[k]);
      for (int d = 0; d != post.rank; ++d)
        see(post.stride[k][d]);
    }
  if (!byColumn && !byRow)
    return f(shapeAt(post, columns[0], rows[0]), columns, rows);
  std::vector<std::pair<VectorShape, std::vector<uint16_t>>> groups;
  auto group = [&](const VectorShape &shape, uint16_t index) {
    auto same = std::find_if(groups.rbegin(), groups.rend(), [&](auto &g) { return g.first == shape; });
    if (same != groups.rend())
      same->second.push_back(index);
    else
      groups.push_back({shape, {index}});
  };
  if (!byColumn) {
    for (uint16_t y : rows)
      group(shapeAt(post, columns[0], y), y);
    for (auto &[shape, some] : groups)
      if (!f(shape, columns, Indices::of(some, rows.extent())))
        return false;
    return true;
  }
  auto row = [&](uint16_t y, const Indices &alike) {
    groups.clear();
    for (uint16_t x : columns)
      group(shapeAt(post, x, y), x);
    for (auto &[shape, some] : groups)
      if (!f(shape, Indices::of(some, columns.extent()), alike))
        return false;
    return true;
  };
  if (!byRow)
    return row(rows[0], rows);
  for (uint16_t y : rows)
    if (!row(y, Indices::of({y}, rows.extent())))
      return false;
  return true;
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_CLASSSHAPES_H
