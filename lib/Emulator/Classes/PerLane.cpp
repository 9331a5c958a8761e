// The arrays behind numbers by lane, and what this host can do with them.
#include "PerLane.h"

#include <new>

using namespace wafer::emulator;

constexpr std::align_val_t kAlignment{alignof(LaneArray)};

LaneArray *LaneArrays::fresh(unsigned size) {
  struct AtEnd {
    ~AtEnd() {
      gone = true;
      for (LaneArray *&first : free)
        while (first) {
          LaneArray *array = first;
          first = array->next;
          drop(array);
        }
    }
  };
  static thread_local AtEnd atEnd;
  (void)atEnd;
  return new (::operator new(sizeof(LaneArray) + (sizeof(int64_t) << size), kAlignment)) LaneArray;
}

void LaneArrays::drop(LaneArray *array) { ::operator delete(array, kAlignment); }

int64_t *PerLane::own(uint32_t lanes) {
  LaneArray *mine = array;
  if (!array) {
    mine = LaneArrays::take(lanes);
    std::fill_n(mine->numbers(), lanes, u);
  } else {
    if (array->references > 1)
      mine = LaneArrays::take(array->n);
    // Lanes that do not matter may have anything.
    std::transform(array->numbers(), array->numbers() + array->n, mine->numbers(),
                   [u = uint64_t(u)](int64_t number) { return int64_t(uint64_t(number) + u); });
    if (mine != array)
      --array->references;
  }
  u = 0;
  array = mine;
  return array->numbers();
}

void PerLane::packSlowly(const Indices &lanes) {
  const int64_t *numbers = array->numbers(), first = numbers[lanes.front()];
  auto isFirst = [first](int64_t number) { return number == first; };
  if (lanes.isRange() ? runLoop<EveryLane>(size_t(lanes.front()), lanes.size(), isFirst, LaneSource(numbers, 0))
                      : std::all_of(lanes.begin(), lanes.end(), [&](uint16_t lane) { return isFirst(numbers[lane]); }))
    *this = PerLane(first + u);
}

#ifdef __x86_64__
const bool wafer::emulator::hasWideVectors = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                                             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2");
#endif
