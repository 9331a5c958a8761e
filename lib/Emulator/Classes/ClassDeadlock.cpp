// Where a run by class comes to stand: whether it is a deadlock, and who waits for whom then.
//
// Lanes wait for one another here where the machine's do not, so to come to stand is not yet a deadlock. It is one if
// no PE could go on alone: none has ended what it has in hand, no tail could pass a switch in one lane only, and no
// event is still to be looked at. Then counts and places are those that PEs run one by one come to: they only grow, and
// follow from the streams alone. Else the scalar engine runs the program again.
#include "../Deadlock.h"
#include "../RouterKey.h"
#include "ClassEngine.h"

#include <algorithm>
#include <unordered_map>

using namespace wafer;
using namespace wafer::emulator;

/// Looks at all that is in hand once more; false if nothing has come of it the last time.
bool ClassEngine::lookAgain() {
  if (haltedPes == tables.cores || changesSeen == fabric.changes())
    return false;
  changesSeen = fabric.changes();
  fabric.enqueueAll();
  for (LaneOp &op : ops)
    if (op.alive)
      wake(&op, op.lanes);
  return true;
}

bool ClassEngine::isDeadlock() const {
  if (fabric.stuck() || cancelledByCaller)
    return false;
  std::unordered_map<const Post *, size_t> inHand; // PEs
  for (const LaneOp &op : ops) {
    if (!op.alive || !op.post)
      continue;
    if (lanesInHand(op, op.lanes).size() != op.lanes.size())
      return false;
    inHand[op.post.get()] += op.lanes.size();
  }
  for (const auto &[post, pes] : inHand) // where there was nothing to do, an instruction has ended
    if (post->context && pes != post->set.size())
      return false;
  bool any = !inHand.empty();
  for (const std::unique_ptr<RegionRun> &region : regions) {
    if (region->contexts->stopped() || region->lastClock() > limit)
      return false;
    for (const std::unique_ptr<Context> &context : region->contexts->all()) {
      any = true;
      if (context->state == Context::Ready)
        return false;
      if (context->state != Context::Stalled)
        continue;
      std::vector<bool> waits(size_t(region->width) * region->height);
      size_t left = context->set.size();
      for (const PeSet &some : region->whoWaits(*context))
        for (uint16_t y : some.rows)
          for (uint16_t x : some.columns) {
            const size_t at = size_t(y) * region->width + x;
            left -= !waits[at];
            waits[at] = true;
          }
      if (left)
        return false;
    }
  }
  return any && !fabric.isAnyTailHeldUp();
}

namespace {

/// What stands still, to be asked PE by PE.
class StandStill {
public:
  StandStill(const VerifiedProgram &program, const ProgramTables &tables, LaneFabric &fabric,
             const std::vector<std::unique_ptr<RegionRun>> &regions, const std::deque<LaneOp> &ops);

  StuckCores cores() const;

private:
  static constexpr uint32_t kHalted = kNone - 1; // but a thread of it has not ended

  WaitingCore waiting(uint32_t core) const;
  void addOps(WaitingCore &core, const RegionRun &region, uint32_t x, uint32_t y, bool onThreads) const;
  WaitingOp waitingOp(const LaneOp &op, uint32_t lane) const;
  WaitingInput input(const LaneEnd &end, uint32_t lane) const;
  HeldTrain held(const LaneTrain &train, uint32_t lane) const;
  uint32_t sourceBefore(uint32_t pe, uint8_t color) const;
  uint32_t peOf(const LaneEnd &end, uint32_t lane) const;

  const VerifiedProgram &program;
  const ProgramTables &tables;
  LaneFabric &fabric;
  const std::vector<std::unique_ptr<RegionRun>> &regions;
  std::vector<std::vector<const LaneOp *>> opsAt[2]; // by axis; by region and position
  std::vector<uint32_t> firstAt[2];
  std::vector<uint32_t> contextOf; // by core: its number in its region; kNone: it has ended
};

} // namespace

StandStill::StandStill(const VerifiedProgram &program, const ProgramTables &tables, LaneFabric &fabric,
                       const std::vector<std::unique_ptr<RegionRun>> &regions, const std::deque<LaneOp> &ops)
    : program(program), tables(tables), fabric(fabric), regions(regions), contextOf(tables.cores, kNone) {
  for (bool alongY : {false, true}) {
    for (const std::unique_ptr<RegionRun> &region : regions) {
      firstAt[alongY].push_back(opsAt[alongY].size());
      opsAt[alongY].resize(opsAt[alongY].size() + (alongY ? region->height : region->width));
    }
  }
  auto mark = [&](const RegionRun &region, uint32_t x, uint32_t y, uint32_t what) {
    contextOf[region.tables.firstCore + y * region.width + x] = what;
  };
  for (const LaneOp &op : ops) {
    if (!op.alive || !op.post)
      continue;
    const RegionRun &region = *op.post->region;
    const bool alongY = op.post->alongY;
    opsAt[alongY][firstAt[alongY][region.index] + op.position].push_back(&op);
    for (uint16_t lane : op.lanes)
      mark(region, alongY ? lane : op.position, alongY ? op.position : lane, kHalted);
  }
  for (const std::unique_ptr<RegionRun> &region : regions)
    for (uint32_t i = 0; const std::unique_ptr<Context> &context : region->contexts->all()) {
      for (uint16_t y : context->set.rows)
        for (uint16_t x : context->set.columns)
          mark(*region, x, y, i);
      ++i;
    }
}

StuckCores StandStill::cores() const {
  StuckCores stuck{0, 0, [this](uint32_t core) { return contextOf[core] != kNone; },
                   [this](uint32_t core) { return waiting(core); }};
  for (uint32_t core = tables.cores; core-- > 0;)
    if (contextOf[core] != kNone)
      ++stuck.count, stuck.first = core;
  return stuck;
}

WaitingCore StandStill::waiting(uint32_t core) const {
  const auto at = std::find_if(regions.begin(), regions.end(), [&](const std::unique_ptr<RegionRun> &region) {
    return core - region->tables.firstCore < region->tables.cores;
  });
  const RegionRun &region = **at;
  const uint32_t x = (core - region.tables.firstCore) % region.width,
                 y = (core - region.tables.firstCore) / region.width;
  WaitingCore result;
  for (bool onThreads : {false, true})
    addOps(result, region, x, y, onThreads);
  if (contextOf[core] != kHalted) {
    const Context &context = *region.contexts->all()[contextOf[core]];
    if (context.state == Context::Stalled)
      result.pc = context.pc;
    result.isInCall = context.depth != 0;
    result.site = context.location;
  }
  return result;
}

/// What a core, or its threads in their order, have in hand.
void StandStill::addOps(WaitingCore &core, const RegionRun &region, uint32_t x, uint32_t y, bool onThreads) const {
  const size_t first = core.ops.size();
  for (bool alongY : {false, true})
    for (const LaneOp *op : opsAt[alongY][firstAt[alongY][region.index] + (alongY ? y : x)])
      if ((op->post->thread != 0) == onThreads && op->lanes.contains(alongY ? x : y))
        core.ops.push_back(waitingOp(*op, alongY ? x : y));
  std::ranges::sort(core.ops.begin() + first, core.ops.end(), {}, &WaitingOp::thread);
}

WaitingOp StandStill::waitingOp(const LaneOp &op, uint32_t lane) const {
  WaitingOp result{op.post->instruction, op.post->thread, op.kind == LaneOp::Sink};
  if (op.out && (op.done[lane] == op.n[lane] || fabric.injectable(*op.out)[lane] <= op.done[lane]))
    result.out = held(*op.out, lane);
  for (unsigned i = 0; i != op.inputs; ++i)
    result.inputs.push_back(input(*op.in[i], lane));
  return result;
}

WaitingInput StandStill::input(const LaneEnd &end, uint32_t lane) const {
  WaitingInput result{peOf(end, lane), end.color, false};
  uint64_t number = std::max<uint64_t>(end.cursor[lane], end.firstLeg);
  while (number < end.firstLeg + end.legs.size() && !end.legs[number - end.firstLeg].lanes.contains(lane))
    ++number;
  if (number == end.firstLeg + end.legs.size()) {
    result.source = sourceBefore(result.pe, end.color);
    return result;
  }
  const LaneLeg &leg = end.legs[number - end.firstLeg];
  const uint32_t from = leg.from ? (*leg.from)[lane] : lane;
  result.train = held(*leg.train, from);
  result.hasWords = leg.train->injected[from] > end.consumed[lane] - leg.base[lane];
  return result;
}

HeldTrain StandStill::held(const LaneTrain &train, uint32_t lane) const {
  const LaneStream &stream = *train.stream;
  const uint32_t pe = stream.line->region == kNone ? stream.pe : fabric.meshPe(*stream.line, stream.position, lane);
  HeldTrain held{pe, stream.color, stream.side, uint64_t(train.total[lane]),
                 train.injected[lane] < train.produced[lane]};
  HoldingPlace first{UINT64_MAX, kNone, true};
  // As Engine::held.
  auto limit = [&](const LaneEnd &end, uint32_t lane) { return (held.isHeld ? end.promised : end.settled)[lane]; };
  for (const LaneTrainLeaf &leaf : train.leaves) { // over switches
    if (!leaf.lanes.contains(lane))
      continue;
    if (leaf.parked)
      first = std::min(first, {0, fabric.meshPe(*stream.line, leaf.position, lane), false});
    else if (leaf.base[lane] + train.total[lane] > limit(*leaf.end, lane) + fabric.capacityFromSource(train, leaf))
      first = std::min(first, {0, peOf(*leaf.end, lane), true});
  }
  for (const LaneLeaf &leaf : stream.leaves) {
    if (!leaf.lanes.contains(lane))
      continue;
    const uint32_t to = leaf.to ? (*leaf.to)[lane] : lane;
    first = std::min(first, {uint64_t(limit(*leaf.end, to) + leaf.capacity[lane]), peOf(*leaf.end, to), true});
  }
  held.holder = first.pe;
  if (!first.isReceiver) {
    held.stopped = first.pe;
    held.holder = sourceBefore(first.pe, stream.color);
  }
  return held;
}

uint32_t StandStill::sourceBefore(uint32_t pe, uint8_t color) const {
  const RouterSetup *setup = program.routes.at(color, pe);
  auto position = [&](uint32_t pe) { return fabric.positionAt(pe, color); };
  return setup ? sourceOf(program, pe, color, setup->input[position(pe)], position) : kNone;
}

uint32_t StandStill::peOf(const LaneEnd &end, uint32_t lane) const {
  return end.hostPort >= 0 ? program.ports[end.hostPort].pe : fabric.meshPe(*end.line, end.position, lane);
}

Diagnostic ClassEngine::describeDeadlock() {
  return deadlock(program, tables, StandStill(program, tables, fabric, regions, ops).cores());
}
