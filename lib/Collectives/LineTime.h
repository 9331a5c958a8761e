// The parts of an all-reduce's time, for those who choose lines by them. LineTime.cpp says how they are counted.
#ifndef WAFER_LIB_COLLECTIVES_LINETIME_H
#define WAFER_LIB_COLLECTIVES_LINETIME_H

#include "wafer/Collectives/AllReduce.h"

namespace wafer::wfr {

/// Words on their way: when the first and the last are in the receiver's queue.
struct Flow {
  double first, last;
};

/// Times of so many words on lines of at most so many PEs.
class LineTime {
public:
  LineTime(int64_t pes, int64_t words, const ResourceModel &model);

  double cycles(const LineShape &line) const;

  /// What a chain of members brings to the PE before it; there is at least one. `outermost`: at the line's end.
  const Flow &chain(int64_t members, bool outermost) const { return chains[outermost][members]; }
  /// What a leader sends on over so many hops if it has a group of this many members; `sums` come from the next leader,
  /// if there is one.
  Flow throughLeader(int64_t members, const Flow *sums, int64_t hops) const;
  /// When a leader with this many members is ready for the sums of the next one.
  double readyForSums(int64_t members) const;

private:
  double start() const;
  double told(int others) const;
  double finish() const;
  double sumUp(const Flow &flow, double ready) const;
  Flow passOn(const Flow &flow, double ready) const;
  Flow after(const Flow &sent, int64_t hops) const;
  std::pair<Flow, std::optional<Flow>> wingTime(const LineShape &line, Wing wing) const;

  const ResourceModel &model;
  const Profile &p;
  double words, relayed;
  std::array<std::vector<Flow>, 2> chains; // inside the line and at its end, by members
};

} // namespace wafer::wfr

#endif // WAFER_LIB_COLLECTIVES_LINETIME_H
