// Which PEs of a post have the same shape.
#ifndef WAFER_LIB_EMULATOR_CLASSES_CLASSSHAPES_H
#define WAFER_LIB_EMULATOR_CLASSES_CLASSSHAPES_H

#include "ClassEngine.h"
#include "PerThread.h"

namespace wafer::emulator {

/// As memory wants to be told which PEs.
inline PeSpans spans(const PeSet &set) {
  return {{set.columns.begin(), set.columns.end()}, {set.rows.begin(), set.rows.end()}};
}

/// The values of a post that its PEs do not agree on: where these are the same, so is the shape.
class VaryingValues {
public:
  explicit VaryingValues(const Post &post) {
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
  }
  bool byColumn() const { return columns; }
  bool byRow() const { return rows; }

  /// Calls f(indices) for those of a line that agree, `at(value, index)` being what a value is there, while it returns
  /// true.
  template <typename At, typename F> bool forAlike(const Indices &line, At at, F f) const {
    // Indices by their group, group after group.
    Lists local, *lists = perThread<Lists>();
    if (!lists || lists->taken)
      lists = &local;
    lists->taken = true;
    const bool right = forAlikeWith(*lists, line, at, f);
    lists->taken = false;
    return right;
  }

private:
  struct Lists {
    bool taken = false;
    std::vector<uint32_t> words; // of each index
    std::vector<uint16_t> first, groupOf, sorted;
    std::vector<uint32_t> table, end; // groups by hash; where each ends among the sorted
  };

  void see(const Value &value) {
    if (value.isUniform())
      return;
    columns |= value.kind() != Value::ByRow;
    rows |= value.kind() != Value::ByColumn;
    values[count++] = &value;
  }

  template <typename At, typename F> bool forAlikeWith(Lists &l, const Indices &line, At at, F f) const {
    const size_t n = line.size(), tableSize = std::bit_ceil(2 * n);
    l.words.resize(n * count);
    l.groupOf.resize(n);
    l.first.clear();
    l.end.clear();
    l.table.assign(tableSize, 0);
    for (size_t i = 0; i != n; ++i) {
      uint32_t *words = l.words.data() + i * count;
      uint64_t hash = 0;
      for (int v = 0; v != count; ++v) {
        words[v] = at(*values[v], line[i]);
        hash = (std::rotl(hash, 29) ^ words[v]) * 0x9e3779b97f4a7c15u;
      }
      for (size_t slot = hash >> 32;; ++slot) {
        uint32_t &group = l.table[slot % tableSize];
        if (!group) {
          l.first.push_back(i);
          l.end.push_back(0);
          group = l.first.size();
        } else if (!std::equal(words, words + count, l.words.data() + size_t(l.first[group - 1]) * count)) {
          continue;
        }
        l.groupOf[i] = group - 1;
        ++l.end[group - 1];
        break;
      }
    }
    // Ends, then beginnings, then ends again as the groups fill.
    for (uint32_t begin = 0; uint32_t &size : l.end)
      begin += std::exchange(size, begin);
    l.sorted.resize(n);
    for (size_t i = 0; i != n; ++i)
      l.sorted[l.end[l.groupOf[i]]++] = line[i];
    for (size_t group = 0, begin = 0; group != l.end.size(); begin = l.end[group++])
      if (!f(Indices::of(std::span(l.sorted.data() + begin, l.end[group] - begin), line.extent())))
        return false;
    return true;
  }

  bool columns = false, rows = false;
  int count = 0;
  const Value *values[4 * (1 + isa::kMaxRank) + 3 * isa::kMaxRank];
};

template <typename F>
bool RegionRun::forShapes(const Post &post, const Indices &columns, const Indices &rows, F f) const {
  const VaryingValues varying(post);
  if (!varying.byColumn() && !varying.byRow())
    return f(shapeAt(post, columns[0], rows[0]), columns, rows);
  if (!varying.byColumn())
    return varying.forAlike(
        rows, [&](const Value &value, uint16_t y) { return value.at(columns[0], y); },
        [&](const Indices &some) { return f(shapeAt(post, columns[0], some.front()), columns, some); });
  auto row = [&](const Indices &alike) {
    const uint16_t y = alike.front();
    return varying.forAlike(
        columns, [&](const Value &value, uint16_t x) { return value.at(x, y); },
        [&](const Indices &some) { return f(shapeAt(post, some.front(), y), some, alike); });
  };
  if (!varying.byRow())
    return row(rows);
  for (uint16_t y : rows)
    if (!row(Indices::of({y}, rows.extent())))
      return false;
  return true;
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_CLASSSHAPES_H
