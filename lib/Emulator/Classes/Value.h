// A scalar that many PEs hold, each its own: one word for all of them as long as they agree, one for each column or
// each row if only that matters, else one for each PE. Arithmetic stays in the cheapest form that is right, so a
// program whose scalars do not depend on the place is computed once for all PEs.
//
// A value is meant for a set of PEs, those of the context that holds it; what it is elsewhere is not defined, and
// nobody asks. So a smaller set may have a cheaper form (resolved()), and a split costs nothing. When contexts merge, a
// register that differs becomes a list of pieces, each for the PEs it came from. Most registers are dead by then, so
// they are put together only when one is read.
#ifndef WAFER_LIB_EMULATOR_CLASSES_VALUE_H
#define WAFER_LIB_EMULATOR_CLASSES_VALUE_H

#include "Indices.h"

#include <new>
#include <span>
#include <utility>
#include <vector>

namespace wafer::emulator {

/// A 32-bit scalar at each PE of a set. Arrays are immutable and shared: a copy costs a count, which is of one thread;
/// reading from several is free.
class Value {
public:
  enum Kind : uint8_t { Uniform, ByColumn, ByRow, ByPe, Pieces };
  struct Piece;

  Value(uint32_t word = 0) : word(word) {}
  /// Each PE's x, its y.
  static Value columns(uint32_t width);
  static Value rows(uint32_t height);
  /// One word for each index of `indices`, in its order; for each PE of `set`, row by row. In the cheapest form.
  static Value byColumn(const Indices &columns, std::span<const uint32_t> words);
  static Value byRow(const Indices &rows, std::span<const uint32_t> words);
  static Value byPe(const PeSet &set, std::span<const uint32_t> words);
  /// Disjoint pieces, at least one, as one value over their union.
  static Value merged(std::span<const Piece> pieces);

  Kind kind() const { return form; }
  bool isUniform() const { return form == Uniform; }
  /// Of a uniform value.
  uint32_t uniform() const { return word; }
  /// As `*this = Value(word)`, cheaper where it is uniform already.
  void set(uint32_t value) {
    if (form != Uniform)
      *this = Value();
    word = value;
  }
  /// At a PE of the set that the value is for. Slow on pieces.
  uint32_t at(uint32_t x, uint32_t y) const;

  /// The same on `set`, part of what the value is for, in the cheapest form: never pieces.
  Value resolved(const PeSet &set) const { return isUniform() ? *this : narrowed(set); }
  /// Surely the same wherever both are for; false says nothing.
  bool identical(const Value &other) const {
    return form == other.form && (form == Uniform ? word == other.word : node.get() == other.node.get());
  }

private:
  /// What copies share: an Array, or Parts for pieces.
  struct Shared {
    uint32_t references = 0;

    virtual ~Shared() = default;
    friend void release(Shared *node) { delete node; }
  };
  /// Words of a box of PEs, row by row, behind the object. By column and by row there is one line, whose `x` is the
  /// first column or row.
  struct Array : Shared {
    uint32_t x, y, width, height;

    Array(uint32_t x, uint32_t y, uint32_t width, uint32_t height) : x(x), y(y), width(width), height(height) {}
    uint32_t *words() { return reinterpret_cast<uint32_t *>(this + 1); }
    uint32_t *row(uint32_t at) { return words() + size_t(at - y) * width; }
    static Array *make(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
      return new (::operator new(sizeof(Array) + size_t(width) * height * sizeof(uint32_t))) Array(x, y, width, height);
    }
    // Not by its size: that is more than the object's.
    static void *operator new(size_t, void *place) { return place; }
    static void operator delete(void *p) { ::operator delete(p); }
  };
  struct Parts;
  /// A word for each index of a column or row, or the same for all: element i is words[i - first], or word.
  struct Lane {
    const uint32_t *words;
    uint32_t first, word;
  };

  Value(Kind form, Shared *node) : form(form), node(node) {}
  Array &array() const { return static_cast<Array &>(*node); }
  const Parts &parts() const;
  Value narrowed(const PeSet &set) const;
  Value joined(const PeSet &set) const;
  static Array *arrayOver(const Indices &line) {
    return Array::make(line.front(), 0, line.back() - line.front() + 1u, 1);
  }
  static Array *arrayOver(const PeSet &set) {
    return Array::make(set.columns.front(), set.rows.front(), set.columns.back() - set.columns.front() + 1u,
                       set.rows.back() - set.rows.front() + 1u);
  }
  /// Along the row y.
  Lane lane(uint32_t y) const {
    switch (form) {
    case Uniform:
      return {nullptr, 0, word};
    case ByRow:
      return {nullptr, 0, array().words()[y - array().x]};
    case ByColumn:
      return {array().words(), array().x, 0};
    default:
      return {array().row(y), array().x, 0};
    }
  }
  /// Along its only direction: by column or by row.
  Lane lane() const { return isUniform() ? Lane{nullptr, 0, word} : Lane{array().words(), array().x, 0}; }

  template <typename F> static void computeLane(const Indices &indices, uint32_t *__restrict out, Lane a, Lane b, F &f);
  template <typename F> static Value compute(const PeSet &set, const Value &a, const Value &b, F &f);

  template <typename F> friend Value map(const PeSet &, const Value &, const Value &, F);
  template <typename F> friend void each(const PeSet &, const Value &, F);
  friend bool same(const PeSet &, const Value &, const Value &);

  Kind form = Uniform;
  uint32_t word = 0;
  Ref<Shared> node;
};

struct Value::Piece {
  PeSet set;
  Value value;
};

/// f(a, b) at each PE of a set that is not empty, in the cheapest form. Calls f for every place that differs, in no
/// order that matters, and for no PE outside.
template <typename F> Value map(const PeSet &set, const Value &a, const Value &b, F f) {
  if (a.isUniform() && b.isUniform())
    return Value(f(a.uniform(), b.uniform()));
  return Value::compute(set, a.resolved(set), b.resolved(set), f);
}
/// f(a) at each PE of a set.
template <typename F> Value map(const PeSet &set, const Value &a, F f) {
  return map(set, a, Value(), [&](uint32_t word, uint32_t) { return f(word); });
}

/// Calls f(word) for every place of a set where the value may differ: once, by column, by row, or row by row.
template <typename F> void each(const PeSet &set, const Value &value, F f) {
  const Value v = value.resolved(set);
  auto along = [&](const Indices &indices, Value::Lane lane) {
    for (uint16_t i : indices)
      f(lane.words[i - lane.first]);
  };
  if (v.form == Value::Uniform)
    f(v.word);
  else if (v.form != Value::ByPe)
    along(v.form == Value::ByColumn ? set.columns : set.rows, v.lane());
  else
    for (uint16_t y : set.rows)
      along(set.columns, v.lane(y));
}

/// Equal at every PE of a set.
bool same(const PeSet &set, const Value &a, const Value &b);

/// The least and the greatest on a set, as signed numbers.
std::pair<int32_t, int32_t> minmax(const PeSet &set, const Value &value);

//===- Inside -------------------------------------------------------------===//

template <typename F> void Value::computeLane(const Indices &indices, uint32_t *__restrict out, Lane a, Lane b, F &f) {
  const uint32_t first = indices.front(), n = indices.size();
  const uint32_t *p = a.words ? a.words + (first - a.first) : nullptr;
  const uint32_t *q = b.words ? b.words + (first - b.first) : nullptr;
  auto over = [&](auto index) {
    if (p && q)
      for (uint32_t k = 0; k != n; ++k)
        out[index(k)] = f(p[index(k)], q[index(k)]);
    else if (p)
      for (uint32_t k = 0; k != n; ++k)
        out[index(k)] = f(p[index(k)], b.word);
    else if (q)
      for (uint32_t k = 0; k != n; ++k)
        out[index(k)] = f(a.word, q[index(k)]);
    else
      for (uint32_t k = 0; k != n; ++k)
        out[index(k)] = f(a.word, b.word);
  };
  if (indices.isRange())
    over([](uint32_t k) { return k; });
  else
    over([list = indices.begin(), first](uint32_t k) { return list[k] - first; });
}

template <typename F> Value Value::compute(const PeSet &set, const Value &a, const Value &b, F &f) {
  if (a.form == Uniform && b.form == Uniform)
    return Value(f(a.word, b.word));
  const Kind kind = a.form == Uniform || a.form == b.form ? b.form : b.form == Uniform ? a.form : ByPe;
  if (kind != ByPe) {
    const Indices &indices = kind == ByColumn ? set.columns : set.rows;
    Value result(kind, arrayOver(indices));
    computeLane(indices, result.array().words(), a.lane(), b.lane(), f);
    return result.narrowed(set);
  }
  Value result(ByPe, arrayOver(set));
  for (uint16_t y : set.rows)
    computeLane(set.columns, result.array().row(y), a.lane(y), b.lane(y), f);
  return result.narrowed(set);
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_VALUE_H
