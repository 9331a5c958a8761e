// Numbers that the lanes of a line have each for itself: counts, coordinates,
// times.
//
// Nearly always all lanes have the same one; then it is kept once, and
// arithmetic costs what it costs on one number.
#ifndef WAFER_LIB_EMULATOR_CLASSES_PERLANE_H
#define WAFER_LIB_EMULATOR_CLASSES_PERLANE_H

#include "Indices.h"
#include "PerThread.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace wafer::emulator {

/// Arrays of numbers that come and go by the million.
class LaneArrays {
public:
  static int64_t *take(uint32_t n) {
    Pool *pool = perThread<Pool>();
    if (!pool || pool->free[sizeClass(n)].empty())
      return static_cast<int64_t *>(::operator new(sizeof(int64_t) << sizeClass(n), std::align_val_t(64)));
    std::vector<int64_t *> &free = pool->free[sizeClass(n)];
    int64_t *array = free.back();
    free.pop_back();
    return array;
  }
  static void give(int64_t *array, uint32_t n) {
    if (Pool *pool = perThread<Pool>())
      pool->free[sizeClass(n)].push_back(array);
    else
      ::operator delete(array, std::align_val_t(64));
  }

private:
  static unsigned sizeClass(uint32_t n) { return n <= 8 ? 3 : 32 - __builtin_clz(n - 1); }
  struct Pool {
    std::vector<int64_t *> free[33];
    ~Pool() {
      for (std::vector<int64_t *> &list : free)
        for (int64_t *array : list)
          ::operator delete(array, std::align_val_t(64));
    }
  };
};

class PerLane {
public:
  PerLane(int64_t uniform = 0) : u(uniform) {}
  PerLane(const PerLane &o) : u(o.u), n(o.n) {
    if (o.v) {
      v = LaneArrays::take(n);
      std::memcpy(v, o.v, size_t(n) * sizeof *v);
    }
  }
  PerLane(PerLane &&o) noexcept : u(o.u), n(o.n), v(std::exchange(o.v, nullptr)) {}
  PerLane &operator=(const PerLane &o) {
    if (this != &o) {
      if (v && o.v && n == o.n)
        std::memcpy(v, o.v, size_t(n) * sizeof *v);
      else
        *this = PerLane(o);
    }
    return *this;
  }
  PerLane &operator=(PerLane &&o) noexcept {
    std::swap(u, o.u), std::swap(n, o.n), std::swap(v, o.v);
    return *this;
  }
  ~PerLane() {
    if (v)
      LaneArrays::give(v, n);
  }

  bool isUniform() const { return !v; }
  int64_t uniform() const { return u; }
  int64_t operator[](size_t lane) const { return v ? v[lane] : u; }
  const int64_t *data() const { return v; } // null if uniform
  /// One number for each lane from now on.
  int64_t *spread(uint32_t lanes) {
    if (!v) {
      n = lanes;
      v = LaneArrays::take(n);
      std::fill_n(v, n, u);
    }
    return v;
  }
  /// As spread, of numbers that are all written before they are read.
  int64_t *room(uint32_t lanes) {
    if (!v) {
      n = lanes;
      v = LaneArrays::take(n);
    }
    return v;
  }
  /// The same number again if all of these lanes have it; then the others' does
  /// not matter.
  void pack(const Indices &lanes) {
    if (!v)
      return;
    const int64_t first = v[lanes.front()];
    if (v[lanes.back()] != first) // of numbers that differ these mostly do
      return;
    if (lanes.isAll() ? std::all_of(v, v + n, [&](int64_t a) { return a == first; })
                      : std::all_of(lanes.begin(), lanes.end(), [&](uint16_t lane) { return v[lane] == first; }))
      *this = PerLane(first);
  }

private:
  int64_t u = 0;
  uint32_t n = 0;
  int64_t *v = nullptr;
};

/// Numbers as loops over lanes read them: at a place for each lane, or one that
/// stands there for a block of lanes.
class LaneInput {
public:
  static constexpr size_t kBlock = 32;
  template <typename A> LaneInput(const A &a, size_t lanes) : v(a.data()) {
    if (!v)
      std::fill_n(same, std::min(lanes, kBlock), a.uniform());
  }
  const int64_t *from(size_t lane) const { return v ? v + lane : same; }

private:
  const int64_t *v;
  int64_t same[kBlock];
};

/// The same for lanes that are apart.
struct ScatteredInput {
  template <typename A>
  explicit ScatteredInput(const A &a)
      : one(a.uniform()), v(a.data() ? a.data() : &one), mask(a.data() ? ~size_t(0) : 0) {}
  ScatteredInput(const ScatteredInput &) = delete;
  int64_t operator[](size_t lane) const { return v[lane & mask]; }
  int64_t one;
  const int64_t *v;
  size_t mask;
};

/// Calls f(first lane, lanes, numbers from that lane on...) block by block:
/// loops that a compiler makes vectors of.
template <typename F, typename... A> void forBlocks(size_t begin, size_t end, F f, const A &...a) {
  auto run = [&](const auto &...input) {
    for (size_t lane = begin; lane < end; lane += LaneInput::kBlock)
      f(lane, std::min(LaneInput::kBlock, end - lane), input.from(lane)...);
  };
  run(LaneInput(a, end - begin)...);
}

template <typename F, typename... P>
inline void mapBlock(int64_t *__restrict to, size_t n, F f, const P *__restrict... from) {
  for (size_t i = 0; i != n; ++i)
    to[i] = f(from[i]...);
}
template <typename F, typename... P>
inline void updateBlock(int64_t *to, size_t n, F f,
                        const P *...from) { // `to` may be one of them
  for (size_t i = 0; i != n; ++i)
    to[i] = f(to[i], from[i]...);
}
template <typename F, typename... P> inline bool everyInBlock(size_t n, F f, const P *__restrict... from) {
  unsigned yes = 1;
  for (size_t i = 0; i != n; ++i)
    yes &= unsigned(f(from[i]...));
  return yes;
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
  int64_t *t = to.spread(lanes.extent());
  if (lanes.isRange()) {
    forBlocks(
        lanes.front(), size_t(lanes.back()) + 1,
        [&](size_t lane, size_t n, const auto *...from) { updateBlock(t + lane, n, f, from...); }, a...);
    if (lanes.isAll())
      to.pack(lanes);
    return;
  }
  [&](const auto &...from) {
    for (uint16_t lane : lanes)
      t[lane] = f(t[lane], from[lane]...);
  }(ScatteredInput(a)...);
}

/// f(a...) in some lanes; what the others have then does not matter.
template <typename F, typename... A> PerLane made(const Indices &lanes, F f, const A &...a) {
  if ((a.isUniform() && ...))
    return PerLane(f(a.uniform()...));
  PerLane result;
  if (lanes.empty())
    return result;
  int64_t *t = result.room(lanes.extent());
  if (lanes.isRange()) {
    forBlocks(
        lanes.front(), size_t(lanes.back()) + 1,
        [&](size_t lane, size_t n, const auto *...from) { mapBlock(t + lane, n, f, from...); }, a...);
  } else {
    [&](const auto &...from) {
      for (uint16_t lane : lanes)
        t[lane] = f(from[lane]...);
    }(ScatteredInput(a)...);
  }
  result.pack(lanes);
  return result;
}

template <typename F, typename... A> bool every(const Indices &lanes, F f, const A &...a) {
  if ((a.isUniform() && ...))
    return f(a.uniform()...);
  if (lanes.empty())
    return true;
  bool yes = true;
  if (lanes.isRange()) {
    forBlocks(
        lanes.front(), size_t(lanes.back()) + 1,
        [&](size_t, size_t n, const auto *...from) { yes = yes && everyInBlock(n, f, from...); }, a...);
    return yes;
  }
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
inline int64_t leastOf(const Indices &lanes, const PerLane &a) {
  int64_t least = INT64_MAX;
  if (a.isUniform())
    return a.uniform();
  for (uint16_t lane : lanes)
    least = std::min(least, a[lane]);
  return least;
}
inline int64_t greatestOf(const Indices &lanes, const PerLane &a) {
  int64_t greatest = INT64_MIN;
  if (a.isUniform())
    return a.uniform();
  for (uint16_t lane : lanes)
    greatest = std::max(greatest, a[lane]);
  return greatest;
}

inline void raise(PerLane &to, const Indices &lanes, const PerLane &value) {
  apply(to, lanes, [](int64_t a, int64_t b) { return std::max(a, b); }, value);
}
inline PerLane larger(const Indices &lanes, const PerLane &a, const PerLane &b) {
  return made(lanes, [](int64_t x, int64_t y) { return std::max(x, y); }, a, b);
}
inline PerLane smaller(const Indices &lanes, const PerLane &a, const PerLane &b) {
  return made(lanes, [](int64_t x, int64_t y) { return std::min(x, y); }, a, b);
}
inline PerLane plus(const Indices &lanes, const PerLane &a, const PerLane &b) {
  return made(lanes, [](int64_t x, int64_t y) { return x + y; }, a, b);
}
inline PerLane minus(const Indices &lanes, const PerLane &a, const PerLane &b) {
  return made(lanes, [](int64_t x, int64_t y) { return x - y; }, a, b);
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_PERLANE_H
