// Wavelets that went by at an even pace, in every lane: what a train carries of its sender, and an end of its
// receivers.
#ifndef WAFER_LIB_EMULATOR_CLASSES_LANEPACE_H
#define WAFER_LIB_EMULATOR_CLASSES_LANEPACE_H

#include "../Ticks.h"
#include "PerLane.h"

#include <memory>

namespace wafer::emulator {

/// From the lanes of one line to those of another; null: to the same.
using LaneMap = std::shared_ptr<const std::vector<uint16_t>>;

/// By the lanes of an end, what is by the lanes of the train: for the expression that it stands in, since it is the
/// number itself where lanes are the same.
class Mapped {
public:
  Mapped(const PerLane &ofTrain, const LaneMap &from, const Indices &lanes) : number(&ofTrain) {
    if (from && !ofTrain.isUniform())
      map(*from, lanes);
  }
  Mapped(const Mapped &) = delete;
  operator const PerLane &() const { return *number; }
  bool isUniform() const { return number->isUniform(); }
  int64_t uniform() const { return number->uniform(); }
  const int64_t *data() const { return number->data(); }

private:
  void map(const std::vector<uint16_t> &from, const Indices &lanes);
  const PerLane *number;
  PerLane own;
};
inline Mapped mapped(const PerLane &ofTrain, const LaneMap &from, const Indices &lanes) {
  return Mapped(ofTrain, from, lanes);
}

/// Wavelets [start, start + count) between two times, evenly; count 0: none of this lane's.
class LanePace {
public:
  LanePace(const Indices &lanes, PerLane start, PerLane count, PerLane first, PerLane last);
  /// Every `step` ticks.
  LanePace(PerLane start, PerLane count, PerLane first, Ticks step)
      : start(std::move(start)), count(std::move(count)), first(std::move(first)), step(step) {}

  PerLane start, count, first;

  /// No two of them come faster than this, for sure.
  bool isPacedBy(Ticks rate) const { return step >= rate; }
  /// Wavelet k is one of them, in each of these lanes.
  bool holds(const Indices &lanes, const PerLane &k) const {
    return every(
        lanes, [](int64_t k, int64_t start, int64_t count) { return uint64_t(k - start) < uint64_t(count); }, k, start,
        count);
  }
  /// The time of wavelet k, which is one of them. The lanes, and k, are those of an end that hears this train's through
  /// a map.
  PerLane at(const Indices &lanes, const PerLane &k, const LaneMap &from = nullptr) const;
  /// The same plus `after`, but `gate` + k * `link` if that is later.
  PerLane at(const Indices &lanes, const PerLane &k, const LaneMap &from, const PerLane &after, const PerLane &gate,
             Ticks link) const;
  /// Raises `to` to the time of wavelet k, plus a time.
  void raise(PerLane &to, const Indices &lanes, const PerLane &k, Ticks after) const;
  /// In one lane.
  Ticks at(uint16_t lane, int64_t k) const;

private:
  static constexpr Ticks kUneven = -1;
  Ticks step;   // from each to the next, where that is the same whole number in all lanes
  PerLane last; // else
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_LANEPACE_H
