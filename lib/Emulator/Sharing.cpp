// What a core shares with its threads, SharedTime.h: where it is settled, and what it waits for until then.
#include "Engine.h"

#include <algorithm>
#include <bit>
#include <utility>

using namespace wafer;
using namespace wafer::emulator;

/// A thread has an instruction, whose usage is known at its end at the latest.
void Engine::beginOn(Core &core, unsigned thread, const Usage &usage) const {
  core.threads->usage[thread] = usage;
  if (timed)
    core.threads->shared.begin(thread);
}

/// A core has come to where it may wait: what it has begun on threads goes on, having taken turns with the core until
/// then.
void Engine::letGo(Core &core, Ticks busyUntil) {
  if (!core.threads)
    return;
  for (uint8_t held = std::exchange(core.threads->held, 0); held && !stopped(); held &= held - 1) {
    Op *op = core.threads->op[std::countr_zero(held)];
    op->held = false;
    op->busyUntil = busyUntil;
    if (op->kind == Op::Send) {
      sendAll(*op);
      fabric.update(op->out);
    } else {
      pump(op);
    }
  }
}

Usage Engine::usageOf(const Op &op) const {
  return {op.first, pathTime(op.n, op.element, op.kind == Op::Send), int64_t(op.n) * op.inputs * kTicksPerCycle};
}

void Engine::waitFor(Core &core, unsigned thread) {
  ThreadState &threads = *core.threads;
  const Ticks since = core.clock, end = threads.end[thread];
  core.clock = std::max(core.clock, end);
  threads.shared.waited(since, core.clock);
  core.clock += threads.shared.settle(thread, threads.usage[thread], end, core.clock);
}
