// Numbers that the lanes of a line have each for itself: counts, coordinates, times.
//
// Mostly all lanes have the same one; then it is kept once, and arithmetic costs what it costs on one number. Others
// are an array and a number that is to be added to what is in it: copies share the array, and so do sums with what is
// the same in all lanes. Counts of references are of one thread.
#ifndef WAFER_LIB_EMULATOR_CLASSES_PERLANE_H
#define WAFER_LIB_EMULATOR_CLASSES_PERLANE_H

#include "Indices.h"
#include "LaneArrays.h"
#include "LaneLoops.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace wafer::emulator {

class PerLane {
public:
  PerLane(int64_t uniform = 0) : u(uniform) {}
  PerLane(const PerLane &o) : u(o.u), array(o.array) {
    if (array)
      ++array->references;
  }
  PerLane(PerLane &&o) noexcept : u(o.u), array(std::exchange(o.array, nullptr)) {}
  PerLane &operator=(const PerLane &o) { return *this = PerLane(o); }
  PerLane &operator=(PerLane &&o) noexcept {
    std::swap(u, o.u), std::swap(array, o.array);
    return *this;
  }
  ~PerLane() {
    if (array && --array->references == 0)
      LaneArrays::give(array);
  }

  bool isUniform() const { return !array; }
  int64_t uniform() const { return u; } // else what is to be added to what is in `data`
  int64_t operator[](size_t lane) const { return array ? array->numbers()[lane] + u : u; }
  const int64_t *data() const { return array ? array->numbers() : nullptr; }
  /// Some more in each lane.
  PerLane shifted(int64_t by) const {
    PerLane result = *this;
    result.u += by;
    return result;
  }
  /// One number for each lane from now on, which nobody else has.
  int64_t *spread(uint32_t lanes) { return isOwn() ? array->numbers() : own(lanes); }
  bool isOwn() const { return array && array->references == 1 && u == 0; }
  /// As spread, of numbers that are all written before they are read.
  int64_t *room(uint32_t lanes) {
    if (!isOwn()) {
      *this = PerLane();
      array = LaneArrays::take(lanes);
    }
    return array->numbers();
  }
  /// The same number again if all of these lanes have it; then the others' does
  /// not matter.
  void pack(const Indices &lanes) { // of numbers that differ the first and the last mostly do
    if (array && array->numbers()[lanes.front()] == array->numbers()[lanes.back()])
      packSlowly(lanes);
  }

private:
  int64_t *own(uint32_t lanes);
  void packSlowly(const Indices &lanes);

  int64_t u = 0;
  LaneArray *array = nullptr; // shared by copies; null: u everywhere
};

/// Numbers as loops read them over lanes that are apart.
struct ScatteredInput {
  template <typename A>
  explicit ScatteredInput(const A &a)
      : v(a.data() ? a.data() : kNothing), mask(a.data() ? ~size_t(0) : 0), more(a.uniform()) {}
  int64_t operator[](size_t lane) const { return v[lane & mask] + more; }
  const int64_t *v;
  size_t mask;
  int64_t more;
};

/// f(a...) in some lanes; what the others have then does not matter.
template <typename F, typename... A> PerLane made(const Indices &lanes, F f, const A &...a) {
  if ((a.isUniform() && ...))
    return PerLane(f(a.uniform()...));
  PerLane result;
  if (lanes.empty())
    return result;
  int64_t *t = result.room(lanes.extent());
  if (lanes.isRange()) {
    runLoop<MapLanes>(t, size_t(lanes.front()), lanes.size(), f, LaneSource(a)...);
  } else {
    [&](const auto &...from) {
      for (uint16_t lane : lanes)
        t[lane] = f(from[lane]...);
    }(ScatteredInput(a)...);
  }
  result.pack(lanes);
  return result;
}

/// to = f(to, a...) in some lanes; the others keep what they have.
template <typename F, typename... A> void apply(PerLane &to, const Indices &lanes, F f, const A &...a) {
  if (lanes.empty())
    return;
  if (to.isUniform() && (a.isUniform() && ...)) {
    const int64_t value = f(to.uniform(), a.uniform()...);
    if (lanes.isAll() || value == to.uniform()) {
      to = PerLane(value);
      return;
    }
  }
  if (lanes.isAll() && !to.isOwn()) {
    to = made(lanes, f, to, a...);
    return;
  }
  int64_t *t = to.spread(lanes.extent());
  if (lanes.isRange()) {
    runLoop<UpdateLanes>(t, size_t(lanes.front()), lanes.size(), f, LaneSource(a)...);
    if (lanes.isAll())
      to.pack(lanes);
    return;
  }
  [&](const auto &...from) {
    for (uint16_t lane : lanes)
      t[lane] = f(t[lane], from[lane]...);
  }(ScatteredInput(a)...);
}

template <typename F, typename... A> bool every(const Indices &lanes, F f, const A &...a) {
  if ((a.isUniform() && ...))
    return f(a.uniform()...);
  if (lanes.empty())
    return true;
  if (lanes.isRange())
    return runLoop<EveryLane>(size_t(lanes.front()), lanes.size(), f, LaneSource(a)...);
  return [&](const auto &...from) {
    for (uint16_t lane : lanes)
      if (!f(from[lane]...))
        return false;
    return true;
  }(ScatteredInput(a)...);
}

/// The lanes of these for which f says yes.
template <typename F, typename... A> Indices select(const Indices &lanes, F f, const A &...a) {
  if ((a.isUniform() && ...))
    return f(a.uniform()...) ? lanes : Indices();
  if (every(lanes, f, a...))
    return lanes;
  return [&](const auto &...from) {
    return lanes.filtered([&](uint16_t lane) { return f(from[lane]...); });
  }(ScatteredInput(a)...);
}

/// The least and the greatest in some lanes.
struct Bounds {
  int64_t least = INT64_MAX, greatest = INT64_MIN;
};
inline Bounds boundsOf(const Indices &lanes, const PerLane &a) {
  if (a.isUniform())
    return {a.uniform(), a.uniform()};
  Bounds bounds;
  if (lanes.empty())
    return bounds;
  if (lanes.isRange())
    runLoop<BoundLanes>(&bounds.least, &bounds.greatest, size_t(lanes.front()), lanes.size(), LaneSource(a));
  else
    for (uint16_t lane : lanes)
      bounds = {std::min(bounds.least, a[lane]), std::max(bounds.greatest, a[lane])};
  return bounds;
}
inline int64_t leastOf(const Indices &lanes, const PerLane &a) { return boundsOf(lanes, a).least; }
inline int64_t greatestOf(const Indices &lanes, const PerLane &a) { return boundsOf(lanes, a).greatest; }

inline void raise(PerLane &to, const Indices &lanes, const PerLane &value) {
  apply(to, lanes, [](int64_t a, int64_t b) { return std::max(a, b); }, value);
}
inline PerLane larger(const Indices &lanes, const PerLane &a, const PerLane &b) {
  return made(lanes, [](int64_t x, int64_t y) { return std::max(x, y); }, a, b);
}
inline PerLane smaller(const Indices &lanes, const PerLane &a, const PerLane &b) {
  return made(lanes, [](int64_t x, int64_t y) { return std::min(x, y); }, a, b);
}
inline PerLane shifted(const Indices &lanes, const PerLane &a, int64_t by) {
  PerLane result = a.shifted(by);
  result.pack(lanes);
  return result;
}
inline PerLane plus(const Indices &lanes, const PerLane &a, const PerLane &b) {
  if (a.isUniform() || b.isUniform())
    return a.isUniform() ? shifted(lanes, b, a.uniform()) : shifted(lanes, a, b.uniform());
  return made(lanes, [](int64_t x, int64_t y) { return x + y; }, a, b);
}
inline PerLane minus(const Indices &lanes, const PerLane &a, const PerLane &b) {
  if (b.isUniform())
    return shifted(lanes, a, -b.uniform());
  return made(lanes, [](int64_t x, int64_t y) { return x - y; }, a, b);
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_PERLANE_H
