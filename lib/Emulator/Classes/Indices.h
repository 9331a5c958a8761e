// Which PEs: some columns and some rows of a region.
#ifndef WAFER_LIB_EMULATOR_CLASSES_INDICES_H
#define WAFER_LIB_EMULATOR_CLASSES_INDICES_H

#include "../Containers.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace wafer::emulator {

/// Some columns (or rows) of a region, ascending. Immutable and shared: a copy costs a count, which is of one thread.
class Indices {
public:
  Indices() = default; // none, of an extent of 0
  static Indices all(uint32_t extent);
  /// `ascending` without repeats, all below `extent`, which is at most 65,536.
  static Indices of(std::span<const uint16_t> ascending, uint32_t extent);
  static Indices of(std::initializer_list<uint16_t> ascending, uint32_t extent) {
    return of(std::span(ascending.begin(), ascending.size()), extent);
  }

  size_t size() const { return node ? node->list.size() : 0; }
  bool empty() const { return size() == 0; }
  uint16_t operator[](size_t i) const { return node->list[i]; }
  const uint16_t *begin() const { return node ? node->list.data() : nullptr; }
  const uint16_t *end() const { return begin() + size(); }
  uint16_t front() const { return node->list.front(); }
  uint16_t back() const { return node->list.back(); }
  bool contains(uint32_t i) const { return i < extent() && (node->bits[i / 64] >> i % 64 & 1); }
  bool isAll() const { return size() == extent(); }
  /// No index is missing between the first and the last.
  bool isRange() const { return empty() || size_t(back() - front()) + 1 == size(); }
  uint32_t extent() const { return node ? node->extent : 0; }

  /// Those for which f says yes; of no extent if it is none.
  template <typename F> Indices filtered(F f) const {
    Node *result = newNode(extent());
    result->list.resize(size());
    size_t n = 0;
    for (uint16_t i : *this) {
      result->list[n] = i;
      n += bool(f(i));
    }
    result->list.resize(n);
    Indices some(result);
    if (n == size())
      return *this;
    if (n == 0)
      return Indices();
    result->index();
    return some;
  }

  bool operator==(const Indices &other) const;
  // Both of one extent.
  bool meets(const Indices &other) const;
  Indices operator|(const Indices &other) const;
  Indices operator&(const Indices &other) const;
  Indices operator-(const Indices &other) const;

private:
  struct Pool;
  struct Node {
    uint32_t references = 0;
    uint32_t extent = 0;
    std::vector<uint16_t> list;
    std::vector<uint64_t> bits; // by index
    uint64_t hash = 0;          // of the bits

    void index(); // the bits and the hash, by the list
    friend void release(Node *node) { free(node); }
  };
  // They come and go by the million: what was given back is taken again, with the room of its lists.
  static Node *newNode(uint32_t extent); // with an empty list
  static void free(Node *node);
  explicit Indices(Node *node) : node(node) {}
  template <typename F> Indices combined(const Indices &other, F f) const;

  Ref<Node> node;
};

/// Adds some.
inline void join(Indices &to, const Indices &more) {
  if (to.empty())
    to = more;
  else if (!(to == more))
    to = to | more;
}

/// Each of some columns in each of some rows.
struct PeSet {
  Indices columns, rows;

  /// By lines along an axis: their lanes, and positions on them.
  static PeSet of(bool alongY, Indices positions, Indices lanes) {
    return alongY ? PeSet{std::move(lanes), std::move(positions)} : PeSet{std::move(positions), std::move(lanes)};
  }
  const Indices &lanes(bool alongY) const { return alongY ? columns : rows; }
  const Indices &positions(bool alongY) const { return alongY ? rows : columns; }

  size_t size() const { return columns.size() * rows.size(); }
  bool empty() const { return columns.empty() || rows.empty(); }
  bool contains(uint32_t x, uint32_t y) const { return columns.contains(x) && rows.contains(y); }
  bool isAll() const { return columns.isAll() && rows.isAll(); }
  bool operator==(const PeSet &) const = default;
  bool meets(const PeSet &other) const { return columns.meets(other.columns) && rows.meets(other.rows); }
  PeSet operator&(const PeSet &other) const { return {columns & other.columns, rows & other.rows}; }
  /// Without some whole rows or columns of it.
  PeSet operator-(const PeSet &some) const {
    return some.columns == columns ? PeSet{columns, rows - some.rows} : PeSet{columns - some.columns, rows};
  }
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_INDICES_H
