// Arrays of numbers that come and go by the million: a thread takes again what it gave back.
#ifndef WAFER_LIB_EMULATOR_CLASSES_LANEARRAYS_H
#define WAFER_LIB_EMULATOR_CLASSES_LANEARRAYS_H

#include <bit>
#include <cstddef>
#include <cstdint>

namespace wafer::emulator {

struct alignas(64) LaneArray {
  uint32_t references, n;
  LaneArray *next; // of those that are free
  int64_t *numbers() { return reinterpret_cast<int64_t *>(this + 1); }
};

class LaneArrays {
public:
  /// Room for numbers of so many lanes, with one reference.
  static LaneArray *take(uint32_t n) {
    const unsigned size = sizeClass(n);
    LaneArray *array = free[size];
    if (array)
      free[size] = array->next;
    else
      array = fresh(size);
    array->references = 1;
    array->n = n;
    return array;
  }
  static void give(LaneArray *array) {
    if (gone)
      return drop(array);
    LaneArray *&first = free[sizeClass(array->n)];
    array->next = first;
    first = array;
  }

private:
  static unsigned sizeClass(uint32_t n) { return n <= 8 ? 3 : std::bit_width(n - 1); }
  static LaneArray *fresh(unsigned size);
  static void drop(LaneArray *array);

  // Nothing to construct: asked for all the time.
  static inline constinit thread_local LaneArray *free[33] = {};
  static inline constinit thread_local bool gone = false; // the thread is ending
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_LANEARRAYS_H
