// A seeded generator of our own (SplitMix64): the same sequence on every machine and with every standard library.
#ifndef WAFER_SUPPORT_RANDOM_H
#define WAFER_SUPPORT_RANDOM_H

#include <cstdint>

namespace wafer {

class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t next() {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// 0 .. bound - 1; bound > 0. The bias of the remainder is below 2^-32 for the bounds used here.
  uint64_t below(uint64_t bound) { return next() % bound; }
  /// [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state;
};

} // namespace wafer

#endif // WAFER_SUPPORT_RANDOM_H
