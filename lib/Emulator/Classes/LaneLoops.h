// Loops over the numbers of lanes that follow each other: eight lanes at a time, of which a compiler makes vectors. On
// x86 they are compiled a second time, for hosts with AVX-512: without it the greater of two 64-bit numbers, and their
// product, take more instructions than there are lanes.
#ifndef WAFER_LIB_EMULATOR_CLASSES_LANELOOPS_H
#define WAFER_LIB_EMULATOR_CLASSES_LANELOOPS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>

/// What a loop calls, down to its body.
#define WAFER_INLINE __attribute__((always_inline))

namespace wafer::emulator {

constexpr size_t kLanesAtOnce = 8;
constexpr int64_t kNothing[kLanesAtOnce] = {};

/// One of a loop's numbers: at a place for each lane, and something more that is the same for all.
struct LaneSource {
  template <typename A> LaneSource(const A &a) : data(a.data()), more(a.uniform()) {}
  LaneSource(const int64_t *data, int64_t more) : data(data), more(more) {}
  const int64_t *data; // null: nothing
  int64_t more;
};

/// The same as loops read it.
struct LaneInput {
  WAFER_INLINE LaneInput(const LaneSource &source, size_t begin)
      : v(source.data ? source.data + begin : kNothing), mask(source.data ? ~size_t(0) : 0), more(source.more) {}
  WAFER_INLINE LaneInput(const int64_t *v) : v(v), mask(~size_t(0)), more(0) {}
  /// From some lane on.
  WAFER_INLINE LaneInput from(size_t i) const { return LaneInput(v + (i & mask), more); }
  /// Of the next few lanes.
  WAFER_INLINE int64_t operator[](size_t i) const { return v[i] + more; }

private:
  WAFER_INLINE LaneInput(const int64_t *v, int64_t more) : v(v), mask(0), more(more) {}
  const int64_t *v;
  size_t mask;
  int64_t more;
};

template <typename F, typename... P> WAFER_INLINE void eight(int64_t *to, const F &f, const P &...from) {
  int64_t results[kLanesAtOnce];
  for (size_t i = 0; i != kLanesAtOnce; ++i)
    results[i] = f(from[i]...);
  std::copy_n(results, kLanesAtOnce, to);
}

/// to = f(numbers...), of `n` lanes from `begin` on; `to` is none of the numbers.
struct MapLanes {
  template <typename F, typename... S>
  WAFER_INLINE static bool run(int64_t *to, size_t begin, size_t n, F f, S... sources) {
    to += begin;
    [&](const auto &...in) WAFER_INLINE {
      if (n < kLanesAtOnce) {
        for (size_t i = 0; i != n; ++i)
          to[i] = f(in.from(i)[0]...);
        return;
      }
      for (size_t i = 0; i <= n - kLanesAtOnce; i += kLanesAtOnce)
        eight(to + i, f, in.from(i)...);
      if (n % kLanesAtOnce) // some of them again
        eight(to + n - kLanesAtOnce, f, in.from(n - kLanesAtOnce)...);
    }(LaneInput(sources, begin)...);
    return true;
  }
};

/// to = f(to, numbers...).
struct UpdateLanes {
  template <typename F, typename... S>
  WAFER_INLINE static bool run(int64_t *to, size_t begin, size_t n, F f, S... sources) {
    to += begin;
    [&](const auto &...in) WAFER_INLINE {
      if (n < kLanesAtOnce) {
        for (size_t i = 0; i != n; ++i)
          to[i] = f(to[i], in.from(i)[0]...);
        return;
      }
      int64_t rest[kLanesAtOnce]; // the last eight, of what is there before
      if (n % kLanesAtOnce)
        eight(rest, f, LaneInput(to + n - kLanesAtOnce), in.from(n - kLanesAtOnce)...);
      for (size_t i = 0; i <= n - kLanesAtOnce; i += kLanesAtOnce)
        eight(to + i, f, LaneInput(to + i), in.from(i)...);
      if (n % kLanesAtOnce)
        std::copy_n(rest, kLanesAtOnce, to + n - kLanesAtOnce);
    }(LaneInput(sources, begin)...);
    return true;
  }
};

/// Whether f(numbers...) is true in all lanes.
struct EveryLane {
  template <typename F, typename... S> WAFER_INLINE static bool run(size_t begin, size_t n, F f, S... sources) {
    return [&](const auto &...in) WAFER_INLINE {
      auto eightAre = [&](const auto &...from) WAFER_INLINE {
        unsigned yes = 1;
        for (size_t i = 0; i != kLanesAtOnce; ++i)
          yes &= unsigned(f(from[i]...));
        return yes != 0;
      };
      if (n < kLanesAtOnce) {
        for (size_t i = 0; i != n; ++i)
          if (!f(in.from(i)[0]...))
            return false;
        return true;
      }
      for (size_t i = 0; i <= n - kLanesAtOnce; i += kLanesAtOnce)
        if (!eightAre(in.from(i)...))
          return false;
      return n % kLanesAtOnce == 0 || eightAre(in.from(n - kLanesAtOnce)...);
    }(LaneInput(sources, begin)...);
  }
};

/// The least and the greatest number.
struct BoundLanes {
  WAFER_INLINE static bool run(int64_t *least, int64_t *greatest, size_t begin, size_t n, LaneSource source) {
    const LaneInput in(source, begin);
    int64_t low[kLanesAtOnce], high[kLanesAtOnce];
    std::fill_n(low, kLanesAtOnce, in[0]);
    std::fill_n(high, kLanesAtOnce, in[0]);
    auto see = [&](size_t from) WAFER_INLINE {
      const LaneInput here = in.from(from);
      for (size_t i = 0; i != kLanesAtOnce; ++i) {
        low[i] = std::min(low[i], here[i]);
        high[i] = std::max(high[i], here[i]);
      }
    };
    for (size_t i = 0; i + kLanesAtOnce <= n; i += kLanesAtOnce)
      see(i);
    if (n >= kLanesAtOnce)
      see(n - kLanesAtOnce);
    for (size_t i = 0; n < kLanesAtOnce && i != n; ++i) {
      low[0] = std::min(low[0], in.from(i)[0]);
      high[0] = std::max(high[0], in.from(i)[0]);
    }
    *least = *std::min_element(low, low + kLanesAtOnce);
    *greatest = *std::max_element(high, high + kLanesAtOnce);
    return true;
  }
};

#ifdef __x86_64__
extern const bool hasWideVectors;
template <typename Loop, typename... X> [[gnu::target("avx512f,avx512vl,avx512dq,bmi2")]] bool runWide(X... x) {
  return Loop::run(x...);
}
template <typename Loop, typename... X> bool runLoop(X... x) {
  return hasWideVectors ? runWide<Loop>(x...) : Loop::run(x...);
}
#else
template <typename Loop, typename... X> bool runLoop(X... x) { return Loop::run(x...); }
#endif

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_LANELOOPS_H
