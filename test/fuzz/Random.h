// Choices of a mutator: a function of the seed that libFuzzer gives it.
#ifndef WAFER_TEST_FUZZ_RANDOM_H
#define WAFER_TEST_FUZZ_RANDOM_H

#include <cstdint>
#include <initializer_list>
#include <random>

namespace wafer::fuzz {

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  /// 0 to n - 1; 0 for n = 0.
  size_t below(size_t n) { return n ? engine() % n : 0; }
  bool oneIn(size_t n) { return below(n) == 0; }
  template <typename T> T of(std::initializer_list<T> values) { return values.begin()[below(values.size())]; }
  template <typename List> auto &in(List &list) { return list[below(list.size())]; }

  /// Numbers that programs get wrong: small ones, and those at the ends of types.
  int64_t number() {
    if (!oneIn(3))
      return static_cast<int64_t>(below(9)) - 1;
    int64_t end = int64_t(1) << of<int>({4, 7, 8, 14, 15, 16, 20, 24, 30, 31, 32, 40, 62});
    return of<int64_t>({end, end - 1, end + 1, -end, -end - 1, INT64_MAX, INT64_MIN, static_cast<int64_t>(engine())});
  }

private:
  std::mt19937_64 engine;
};

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_RANDOM_H
