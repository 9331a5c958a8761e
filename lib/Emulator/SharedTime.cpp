// What of a thread's elements and words does not fit into the time that its core left.
#include "SharedTime.h"

using namespace wafer::emulator;

/// The part of an amount that falls into some of the time over which it is spread.
static Ticks partOf(Ticks amount, Ticks some, Ticks whole) {
  return some == whole ? amount : Ticks(static_cast<__int128>(amount) * some / whole);
}

Ticks SharedTime::lateness(unsigned thread, const Usage &usage, Ticks end, Ticks now) {
  unsettled &= ~(1u << thread);
  Ticks left = usage.path, taken = 0; // of the ramp, by others
  for (unsigned k = 0; k != count; ++k) {
    Piece &piece = pieces[k];
    const Ticks overlap = std::min(piece.to, now) - std::max(piece.from, usage.first);
    if (overlap <= 0)
      continue;
    const Ticks used = std::min(left, partOf(piece.free, overlap, piece.to - piece.from));
    left -= used;
    piece.free -= used;
    taken += partOf(piece.ramp, overlap, piece.to - piece.from);
  }
  // A word has the ramp for a cycle; by itself a stream is never faster than that.
  const Ticks crowded = std::min(taken, usage.ramp + taken - (now - usage.first + kTicksPerCycle));
  if (!unsettled)
    count = 0;
  else if (usage.ramp && end > usage.first)
    add({usage.first, end, 0, usage.ramp});
  return std::max<Ticks>({0, left, crowded});
}
