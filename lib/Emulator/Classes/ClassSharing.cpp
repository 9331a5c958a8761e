// What cores and their threads share, PE by PE: SharedTime.h, as the scalar engine has it in Core::threads.
#include "ClassEngine.h"

using namespace wafer;
using namespace wafer::emulator;

/// A thread of a PE has an instruction, whose usage is known at its end at the latest.
void RegionRun::beginOn(unsigned thread, size_t pe, const Usage &of) {
  if (!engine.timed)
    return;
  const size_t pes = size_t(width) * height;
  if (shared.empty()) {
    shared.resize(pes);
    threadsOut.resize(pes);
  }
  if (usage[thread].empty())
    usage[thread].resize(pes);
  usage[thread][pe] = of;
  shared[pe].begin(thread);
  threadsOut[pe] |= 1u << thread;
  ++unsettled;
}

/// When a core goes on behind the end of a thread's last instruction.
Ticks RegionRun::behind(unsigned thread, size_t pe, Ticks clock, SharedTime &shares) const {
  const Ticks end = threadEnd[thread][pe], now = std::max(clock, end);
  shares.waited(clock, now);
  return now + shares.settle(thread, usage[thread][pe], end, now);
}

Ticks RegionRun::waitFor(unsigned thread, size_t pe, Ticks clock) {
  if (!unsettled || !(threadsOut[pe] >> thread & 1))
    return std::max(clock, threadEnd[thread][pe]);
  threadsOut[pe] &= ~(1u << thread);
  --unsettled;
  return behind(thread, pe, clock, shared[pe]);
}

/// When the last core has stopped, and its threads.
Ticks RegionRun::lastClock() const {
  Ticks last = *std::max_element(clocks.begin(), clocks.end());
  for (const std::vector<Ticks> &ends : threadEnd)
    for (Ticks end : ends)
      last = std::max(last, end);
  for (size_t pe = 0; unsettled && pe != clocks.size(); ++pe) {
    if (!threadsOut[pe])
      continue;
    SharedTime shares = shared[pe];
    Ticks clock = clocks[pe];
    for (unsigned thread = 1; thread != isa::kThreads; ++thread)
      if (shares.isShared(thread))
        clock = behind(thread, pe, clock, shares);
    last = std::max(last, clock);
  }
  return last;
}

/// Cores waited for a queue; then for an instruction on the thread of the next one, if that is on a thread.
void RegionRun::waitForQueues(const Post &post, uint32_t position, const Indices &lanes, PerLane &start) {
  if (!unsettled)
    return;
  bool isAnyLate = false;
  for (uint16_t lane : lanes) {
    const size_t pe = peAt(post.alongY, position, lane);
    if (!post.thread && !threadsOut[pe])
      continue;
    const Ticks queuesFree = start[lane];
    shared[pe].waited(clocks[pe], queuesFree);
    if (!post.thread)
      continue;
    if (const Ticks now = waitFor(post.thread, pe, queuesFree); now != queuesFree) {
      start.spread(lanes.extent())[lane] = now;
      isAnyLate = true;
    }
  }
  if (isAnyLate)
    start.pack(lanes);
}

/// An instruction with fabric operands has ended at a position; what waited for it has the time of its end.
void RegionRun::ended(const LaneOp &op, const Indices &lanes) {
  if (!unsettled)
    return;
  const Post &post = *op.post;
  for (uint16_t lane : lanes) {
    const size_t pe = peAt(post.alongY, op.position, lane);
    if (!post.thread && !threadsOut[pe])
      continue;
    const int64_t n = op.n[lane];
    const Usage of{op.first[lane], pathTime(n, op.element, op.kind == LaneOp::Send), n * op.inputs * kTicksPerCycle};
    if (post.thread)
      usage[post.thread][pe] = of;
    else
      shared[pe].waitedFor(of, op.begin[lane], clocks[pe]);
  }
}

/// The cores of a context have come to where they may wait, and have as much more work of their own before that: what
/// they have begun on threads goes on, having taken turns with them until then.
void RegionRun::letGo(Context &c, Ticks more) {
  if (held.empty())
    return;
  settle(c);
  std::vector<std::pair<LaneOp *, Indices>> free;
  for (LaneOp *op : held) {
    const bool alongY = op->post->alongY;
    if (!c.set.positions(alongY).contains(op->position))
      continue;
    const Indices lanes = op->held & c.set.lanes(alongY);
    if (lanes.empty())
      continue;
    op->held = op->held - lanes;
    int64_t *to = op->busyUntil.spread(lanes.extent());
    for (uint16_t lane : lanes)
      to[lane] = clocks[peAt(alongY, op->position, lane)] + more;
    if (lanes.size() == op->lanes.size())
      op->busyUntil.pack(lanes);
    free.emplace_back(op, lanes);
  }
  std::erase_if(held, [](const LaneOp *op) { return op->held.empty(); });
  for (auto &[op, lanes] : free) {
    if (op->kind == LaneOp::Send) {
      engine.sendAll(*op, lanes);
      engine.fabric.enqueue(op->out.get());
    } else {
      engine.start(*op, lanes);
    }
  }
}
