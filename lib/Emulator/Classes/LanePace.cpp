// Times at an even pace. They differ from lane to lane much more often than the time from one wavelet to the next does:
// with that they need no division.
#include "LanePace.h"

using namespace wafer;
using namespace wafer::emulator;

void Mapped::map(const std::vector<uint16_t> &from, const Indices &lanes) {
  const int64_t *ofTrain = number->data();
  int64_t *to = own.room(lanes.extent());
  for (uint16_t lane : lanes)
    to[lane] = ofTrain[from[lane]] + number->uniform();
  number = &own;
}

LanePace::LanePace(const Indices &lanes, PerLane startOf, PerLane countOf, PerLane firstOf, PerLane lastOf)
    : start(std::move(startOf)), count(std::move(countOf)), first(std::move(firstOf)) {
  const uint16_t lane = lanes.front();
  const int64_t steps = count[lane] - 1;
  step = steps > 0 ? (lastOf[lane] - first[lane]) / steps : 0;
  const bool isEven = every(
      lanes,
      [step = step](int64_t count, int64_t first, int64_t last) {
        return count <= 0 || last == first + (count - 1) * step;
      },
      count, first, lastOf);
  if (!isEven) {
    step = kUneven;
    last = std::move(lastOf);
  }
}

static int64_t unevenAt(int64_t k, int64_t start, int64_t count, int64_t first, int64_t last) {
  const int64_t at = k - start, end = count - 1;
  return at == 0 || end <= 0 ? first : at == end ? last : first + (last - first) * at / end;
}

Ticks LanePace::at(uint16_t lane, int64_t k) const {
  return step == kUneven ? unevenAt(k, start[lane], count[lane], first[lane], last[lane])
                         : first[lane] + (k - start[lane]) * step;
}

PerLane LanePace::at(const Indices &lanes, const PerLane &k, const LaneMap &from) const {
  if (step == kUneven)
    return made(lanes, unevenAt, k, mapped(start, from, lanes), mapped(count, from, lanes), mapped(first, from, lanes),
                mapped(last, from, lanes));
  if (k.isUniform() && start.isUniform())
    return plus(lanes, mapped(first, from, lanes), (k.uniform() - start.uniform()) * step);
  return made(
      lanes, [step = step](int64_t k, int64_t start, int64_t first) { return first + (k - start) * step; }, k,
      mapped(start, from, lanes), mapped(first, from, lanes));
}

PerLane LanePace::at(const Indices &lanes, const PerLane &k, const LaneMap &from, const PerLane &after,
                     const PerLane &gate, Ticks link) const {
  auto there = [link](int64_t when, int64_t k, int64_t after, int64_t gate) {
    return std::max(when + after, gate + k * link);
  };
  if (step == kUneven)
    return made(lanes, there, at(lanes, k, from), k, after, gate);
  return made(
      lanes,
      [=, step = step](int64_t k, int64_t start, int64_t first, int64_t after, int64_t gate) {
        return there(first + (k - start) * step, k, after, gate);
      },
      k, mapped(start, from, lanes), mapped(first, from, lanes), after, gate);
}

void LanePace::raise(PerLane &to, const Indices &lanes, const PerLane &k, Ticks after) const {
  if (step == kUneven)
    apply(
        to, lanes,
        [after](int64_t to, int64_t k, int64_t start, int64_t count, int64_t first, int64_t last) {
          return std::max(to, unevenAt(k, start, count, first, last) + after);
        },
        k, start, count, first, last);
  else
    apply(
        to, lanes,
        [after, step = step](int64_t to, int64_t k, int64_t start, int64_t first) {
          return std::max(to, first + (k - start) * step + after);
        },
        k, start, first);
}
