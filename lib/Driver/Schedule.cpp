#include "Schedule.h"

#include "wafer/Dialect/Wafer/Steps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

namespace {

/// What a region does next: an op with an estimate, or one end of a stream.
struct Step {
  Operation *op;
  StringRef stream; // empty: none
};

/// How far a region has come.
struct Track {
  std::vector<Step> steps;
  size_t done = 0;
  int64_t clock = 0;
};

/// A transfer between regions: which of them have come to it.
struct Meeting {
  wfr::StreamOp stream;
  SmallVector<Track *, 2> here;
  size_t ends() { return 1 + stream.getTo().size(); }
};

} // namespace

static Track trackOf(wfr::RegionOp op) {
  Track track;
  op.getBody().walk<WalkOrder::PreOrder>([&](Operation *step) {
    if (auto receive = dyn_cast<wfr::ReceiveOp>(step)) {
      track.steps.push_back({step, receive.getStream()});
    } else if (auto send = dyn_cast<wfr::SendOp>(step)) {
      track.steps.push_back({step, send.getStream()});
    } else if (auto relay = dyn_cast<wfr::RelayOp>(step)) {
      track.steps.push_back({step, relay.getSource()});
      track.steps.push_back({step, relay.getTarget()});
    }
    if (wfr::estimateOf(step).cycles)
      track.steps.push_back({step, {}});
  });
  return track;
}

llvm::DenseMap<Operation *, ScheduledSpan>
driver::scheduleOf(wfr::ProgramOp program, llvm::function_ref<int64_t(wfr::StreamOp)> transferCycles) {
  llvm::DenseMap<Operation *, ScheduledSpan> schedule;
  llvm::StringMap<Meeting> meetings; // those between regions
  for (auto stream : program.getOps<wfr::StreamOp>())
    if (stream.getFrom() && !stream.getTo().empty())
      meetings[stream.getSymName()].stream = stream;
  std::vector<Track> tracks;
  for (auto region : program.getOps<wfr::RegionOp>())
    tracks.push_back(trackOf(region));

  // Runs a region until it has to wait for another one. The last to come to a transfer lets all its ends go on.
  std::vector<Track *> ready;
  for (Track &track : llvm::reverse(tracks))
    ready.push_back(&track);
  while (!ready.empty()) {
    Track *track = ready.back();
    ready.pop_back();
    for (; track->done != track->steps.size(); ++track->done) {
      const Step &step = track->steps[track->done];
      if (step.stream.empty()) {
        const int64_t start = track->clock;
        track->clock += wfr::estimateOf(step.op).cycles;
        schedule[step.op] = {start, track->clock};
        continue;
      }
      auto met = meetings.find(step.stream);
      if (met == meetings.end())
        continue;
      Meeting &meeting = met->second;
      meeting.here.push_back(track);
      if (meeting.here.size() != meeting.ends())
        break;
      int64_t begin = 0;
      for (Track *end : meeting.here)
        begin = std::max(begin, end->clock);
      const int64_t end = begin + transferCycles(meeting.stream);
      for (Track *other : meeting.here) {
        other->clock = end;
        if (other != track) {
          ++other->done;
          ready.push_back(other);
        }
      }
      meeting.here.clear();
    }
  }
  return schedule;
}
