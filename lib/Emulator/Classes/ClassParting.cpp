// Where nothing goes on any more: PEs that could part from those that wait.
//
// A context goes on when all of its PEs can. That is free, but where a PE must go on for another one of its context to
// go on: of lines whose heads hear different senders, one has what it needs from the first, which cannot leave the line
// before it is taken, and the next one waits for the second, which comes over the same switches as the first. So what
// an instruction has done in whole rows or columns of its PEs is ended there, and these go on as a context of their
// own. Where contexts meet again they merge as always.
#include "ClassEngine.h"

#include <bit>

using namespace wafer;
using namespace wafer::emulator;

/// Whole rows of a set, else whole columns, by those in which nobody waits; it may be empty.
static PeSet wholeOf(const PeSet &set, const PeSet &free) {
  return free.rows.empty() ? PeSet{free.columns, set.rows} : PeSet{set.columns, free.rows};
}

/// True if somebody can go on now.
bool ClassEngine::part() {
  const bool posts = partPosts(), stalled = partStalled();
  return posts || stalled;
}

/// Lanes, some of its own, in which an instruction has not ended.
Indices ClassEngine::lanesInHand(const LaneOp &op, const Indices &of) const {
  Indices lanes = select(of, [](int64_t done, int64_t n) { return done < n; }, op.done, op.n);
  if (op.out)
    lanes =
        lanes |
        select(
            of, [](int64_t total, int64_t injected, int64_t settled) { return injected < total || settled < total; },
            op.out->total, op.out->injected, fabric.settleable(*op.out));
  return lanes;
}

/// All posts in hand, and where somebody waits in them; how many there are.
size_t ClassEngine::findParting() {
  size_t count = 0;
  for (size_t block = 0; block != aliveOps.size(); ++block)
    for (uint64_t bits = aliveOps[block]; bits; bits &= bits - 1) {
      LaneOp &op = ops[block * 64 + std::countr_zero(bits)];
      if (!op.post)
        continue;
      if (!op.post->parting) {
        op.post->parting = ++count;
        if (count > parting.size())
          parting.emplace_back();
        PartingPost &hand = parting[count - 1];
        hand.post = op.post;
        hand.lanes = op.post->set.lanes(op.post->alongY);
        hand.ops.clear();
        hand.waiting.clear();
      }
      PartingPost &hand = parting[op.post->parting - 1];
      hand.ops.push_back(&op);
      hand.waiting.push_back(op.position);
      if (!hand.lanes.meets(op.lanes))
        continue;
      const Indices among = hand.lanes & op.lanes, waiting = lanesInHand(op, among);
      if (!waiting.empty())
        hand.lanes = hand.lanes - waiting;
      else if (every(
                   op.lanes, [](int64_t done, int64_t n) { return done == n; }, op.done, op.n) &&
               (!op.out || fabric.hasLeft(*op.out))) // all the same it has not been ended yet
        hand.lanes = hand.lanes - among;
    }
  return count;
}

bool ClassEngine::partPosts() {
  const size_t count = findParting();
  bool any = false;
  for (size_t i = 0; i != count; ++i) {
    PartingPost &hand = parting[i];
    hand.post->parting = 0;
    const PeSet set = hand.post->set;
    const bool alongY = hand.post->alongY;
    std::sort(hand.waiting.begin(), hand.waiting.end());
    hand.waiting.erase(std::unique(hand.waiting.begin(), hand.waiting.end()), hand.waiting.end());
    const Indices positions = set.positions(alongY);
    const PeSet free = PeSet::of(alongY, positions - Indices::of(hand.waiting, positions.extent()), hand.lanes);
    if (const PeSet whole = wholeOf(set, free); !whole.empty()) {
      goOn(hand.post, hand.ops, whole);
      any = true;
    }
    hand.post = PostRef();
  }
  return any;
}

/// Ends an instruction at some of its PEs, whole rows or columns of them, where it has done all.
void ClassEngine::goOn(const PostRef &post, std::span<LaneOp *const> of, const PeSet &some) {
  RegionRun &region = *post->region;
  const Indices &lanes = some.lanes(post->alongY), &positions = some.positions(post->alongY);
  for (LaneOp *op : of) {
    op->taken = LaneOp::kNone;
    const Indices ending = positions.contains(op->position) ? op->lanes & lanes : Indices();
    if (ending.empty())
      continue;
    end(*op, ending, endOf(*op, ending));
    op->lanes = op->lanes - ending;
    op->heard = op->heard & op->lanes;
  }
  std::vector<Taken> now, later;
  for (Taken &taken : post->taken) {
    const Indices ending = positions.contains(taken.position) ? taken.lanes & lanes : Indices();
    if (ending.size() == taken.lanes.size()) {
      now.push_back(std::move(taken));
      continue;
    }
    if (!ending.empty()) {
      now.push_back(taken);
      now.back().lanes = ending;
      ++taken.train->holders;
      taken.lanes = taken.lanes - ending;
    }
    later.push_back(std::move(taken));
  }
  post->taken = std::move(later);
  if (!now.empty())
    data->store(post, now, region.elementsOf(*post));
  post->set = post->set - some;
  if (post->context)
    region.contexts->part(*post->context, some);
}

std::vector<PeSet> RegionRun::whoWaits(const Context &context) {
  const isa::Instruction &i = tables.verified->code.instructions[context.pc].i;
  std::vector<PeSet> waiting;
  if (i.thread)
    isThreadBusy(context.set, i.thread, &waiting);
  areQueuesBusy(context.set, i, &waiting);
  return waiting;
}

bool ClassEngine::partStalled() {
  bool any = false;
  for (const std::unique_ptr<RegionRun> &region : regions) {
    std::vector<Context *> stalled;
    for (const std::unique_ptr<Context> &context : region->contexts->all())
      if (context->state == Context::Stalled)
        stalled.push_back(context.get());
    for (Context *context : stalled) {
      const std::vector<PeSet> waiting = region->whoWaits(*context);
      PeSet free = context->set;
      for (const PeSet &some : waiting) {
        free.rows = free.rows - some.rows;
        free.columns = free.columns - some.columns;
      }
      if (const PeSet whole = wholeOf(context->set, free); !whole.empty() && !waiting.empty()) {
        region->contexts->part(*context, whole);
        any = true;
      }
    }
  }
  return any;
}
