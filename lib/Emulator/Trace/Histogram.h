// Amounts over time, in memory that does not grow with the time.
#ifndef WAFER_LIB_EMULATOR_TRACE_HISTOGRAM_H
#define WAFER_LIB_EMULATOR_TRACE_HISTOGRAM_H

#include "../Ticks.h"

#include <algorithm>
#include <vector>

namespace wafer::emulator {

/// Equal intervals from time 0 on, at most 1,024: they become twice as long whenever a time is beyond the last. Sums
/// are integers, so the result does not depend on the order of additions.
class Histogram {
public:
  static constexpr size_t kMost = 1024;

  /// Spreads an amount evenly over [from, to); all of it at `from` if that is empty.
  void add(Ticks from, Ticks to, int64_t amount) {
    const Ticks last = std::max(from, to - 1);
    while (last / width >= static_cast<Ticks>(kMost))
      fold();
    if (amounts.size() <= static_cast<size_t>(last / width))
      amounts.resize(last / width + 1);
    const Ticks length = to - from;
    int64_t done = 0;
    for (Ticks at = from / width; at <= last / width; ++at) {
      // What is due by the interval's end, rounded in one place: so folding two gives what one would have got.
      const Ticks end = std::min(to, (at + 1) * width);
      const int64_t due =
          length > 0 ? static_cast<int64_t>(static_cast<__int128>(amount) * (end - from) / length) : amount;
      amounts[at] += due - done;
      done = due;
    }
  }

  size_t size() const { return amounts.size(); }
  int64_t operator[](size_t interval) const { return amounts[interval]; }
  Ticks intervalTicks() const { return width; }

private:
  void fold() {
    for (size_t i = 0; i < amounts.size(); i += 2)
      amounts[i / 2] = amounts[i] + (i + 1 < amounts.size() ? amounts[i + 1] : 0);
    amounts.resize((amounts.size() + 1) / 2);
    width *= 2;
  }

  std::vector<int64_t> amounts;
  Ticks width = kTicksPerCycle;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_TRACE_HISTOGRAM_H
