// What a core and its threads share: the data path, on which elements are computed, and the ramp, by which words come.
//
// A core's program order does not depend on time. So what an instruction on a thread takes of both is settled where the
// program is bound to have its end: at a wait for the thread, at the thread's next instruction, at the program's end.
// From its first element until then, its elements must have had the path while the core waited (for words, for a
// thread, for a queue), and its words the ramp while nothing else came down. What did not fit makes the core late. Time
// that one thread has used no other one can: all are settled in program order, so nothing here depends on the order in
// which this host works.
//
// It is a bound. The core's other instructions, and what is sent before all this is settled, are as early as if the
// thread's elements had come behind them.
#ifndef WAFER_LIB_EMULATOR_SHAREDTIME_H
#define WAFER_LIB_EMULATOR_SHAREDTIME_H

#include "Ticks.h"

namespace wafer::emulator {

/// What an instruction takes of the path and of the ramp from its first element on.
struct Usage {
  Ticks first = 0;
  Ticks path = 0, ramp = 0;
};

/// What elements take of the path. The last one of a send is over when its word has left.
inline Ticks pathTime(int64_t elements, Ticks element, bool isSend) {
  return elements * element - (isSend && elements ? element - std::min(element, kTicksPerCycle) : 0);
}

/// The pace of an instruction that takes words of several colors, or of one and hears itself: they share the ramp.
inline Ticks rampPace(unsigned inputs, bool hearsItself) {
  return inputs + hearsItself > 1 ? (inputs + hearsItself) * kTicksPerCycle : 0;
}

/// How much longer a thread takes for some elements, of which the first is at `first`, while its core has work of its
/// own until `busyUntil`: they take turns, an element and a cycle of the core's. The pace is a whole number of ticks.
inline Ticks turnsTime(Ticks first, int64_t elements, Ticks busyUntil, Ticks element, Ticks pace) {
  const int64_t gaps = elements - 1;
  if (first >= busyUntil || gaps == 0)
    return 0;
  const Ticks turns = std::min(gaps, (busyUntil - first) / kTicksPerCycle);
  return turns * std::max<Ticks>(element + kTicksPerCycle - pace, 0) / gaps * gaps;
}

/// Of one core.
class SharedTime {
public:
  /// A thread has an instruction that is not settled.
  bool isShared() const { return unsettled; }
  bool isShared(unsigned thread) const { return unsettled >> thread & 1; }
  void begin(unsigned thread) { unsettled |= 1u << thread; }

  /// The core did nothing.
  void waited(Ticks from, Ticks to) {
    if (unsettled && to > from)
      add({from, to, to - from, 0});
  }
  /// The core waited for an instruction of its own, from when it had begun to its end.
  void waitedFor(const Usage &usage, Ticks begin, Ticks end) {
    waited(begin, usage.first);
    if (unsettled && end > usage.first)
      add({usage.first, end, std::max<Ticks>(end - usage.first - usage.path, 0), usage.ramp});
  }
  /// A thread's instruction, which had its end at `end`, is over at `now`. How much later the core is for it.
  Ticks settle(unsigned thread, const Usage &usage, Ticks end, Ticks now) {
    return isShared(thread) ? lateness(thread, usage, end, now) : 0;
  }

private:
  /// Evenly spread from one time to another: how much of the path was free, and of the ramp taken.
  struct Piece {
    Ticks from, to;
    Ticks free, ramp;
  };
  /// When there are too many, the two oldest become one.
  void add(const Piece &piece) {
    if (count == kPieces) {
      const Piece &a = pieces[0], &b = pieces[1];
      pieces[0] = {std::min(a.from, b.from), std::max(a.to, b.to), a.free + b.free, a.ramp + b.ramp};
      std::copy(pieces + 2, pieces + count--, pieces + 1);
    }
    pieces[count++] = piece;
  }
  Ticks lateness(unsigned thread, const Usage &usage, Ticks end, Ticks now);

  static constexpr unsigned kPieces = 4; // with 2 decoders take the same cycles as with 16
  uint8_t unsettled = 0;                 // threads, as bits
  uint8_t count = 0;
  Piece pieces[kPieces];
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_SHAREDTIME_H
