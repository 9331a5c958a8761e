// How the PEs of a context begin a vector instruction: as Issue.cpp, for all of them at once.
#include "ClassEngine.h"
#include "ClassShapes.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;
using Mode = VectorShape::Mode;

constexpr int64_t kMostElements = int64_t(1) << 31;
// Of one send of all PEs: 4 GiB. Beyond, the scalar engine sends for one PE after the other.
constexpr int64_t kMostWords = int64_t(1) << 30;

/// The number of elements of a nest, or kMostElements.
static Value product(const PeSet &set, const Value *extents, int rank) {
  Value n = 1u;
  for (int d = 0; d != rank; ++d)
    n = map(set, n, extents[d], [](uint32_t n, uint32_t extent) {
      return int32_t(extent) <= 0 ? 0u : uint32_t(std::min<int64_t>(int64_t(n) * extent, kMostElements));
    });
  return n;
}

VectorShape RegionRun::shapeAt(const Post &post, uint32_t x, uint32_t y) const {
  VectorShape shape = {};
  shape.rank = post.rank;
  shape.n = post.n.at(x, y);
  for (int d = 0; d != post.rank; ++d) {
    shape.extent[d] = post.extent[d].at(x, y);
    if (post.window) {
      shape.block[d] = post.block[d].at(x, y);
      shape.lower[d] = post.lower[d].at(x, y);
    }
  }
  int64_t stride = 1;
  int32_t rowMajor[4] = {};
  for (int d = post.rank - 1; d >= 0; --d) {
    rowMajor[d] = static_cast<int32_t>(stride);
    stride *= std::max(1, shape.extent[d]);
  }
  for (int k = 0; k != 4; ++k) {
    shape.mode[k] = post.mode[k];
    if (post.mode[k] == Mode::Fabric)
      std::copy_n(rowMajor, 4, shape.stride[k]);
    if (post.mode[k] == Mode::Memory || post.mode[k] == Mode::ReadOnly || post.mode[k] == Mode::Iota) {
      shape.at[k] = post.base[k].at(x, y) / 4;
      for (int d = 0; d != post.rank; ++d)
        shape.stride[k][d] = post.stride[k][d].at(x, y);
    }
  }
  return shape;
}

/// Takes nest, operands and scalars; nothing is checked but ranks and sizes. False: the run by class ends.
bool RegionRun::capture(Context &c, const Instruction &i, Post &post) {
  if (c.nestRank <= 0)
    return false;
  post.rank = c.nestRank;
  for (int d = 0; d != post.rank; ++d)
    post.extent[d] = c.nest[d].resolved(c.set);
  post.n = product(c.set, post.extent, post.rank);
  if (!post.n.isUniform() ? uint32_t(minmax(c.set, post.n).first) >> 31 : post.n.uniform() >> 31)
    return false;
  for (int k = 0; k != 4; ++k) {
    const VectorOperand &operand = i.operands[k];
    switch (operand.kind) {
    case OperandKind::None:
      post.mode[k] = Mode::None;
      break;
    case OperandKind::Register:
      post.mode[k] = Mode::Register;
      post.scalar[k] = c.reg(operand.index);
      break;
    case OperandKind::Fabric:
      post.mode[k] = Mode::Fabric;
      break;
    case OperandKind::Descriptor: {
      const auto &descriptor = c.descriptors[operand.index];
      if (descriptor.rank != post.rank)
        return false;
      post.mode[k] = i.op == VectorOp::Iota && k == 1 ? Mode::Iota : Mode::Memory;
      post.base[k] = descriptor.base.resolved(c.set);
      for (int d = 0; d != post.rank; ++d)
        post.stride[k][d] = descriptor.stride[d].resolved(c.set);
      break;
    }
    }
  }
  return true;
}

/// As capture: the box is a move to the descriptor, the block's words are what arrives.
bool RegionRun::captureWindow(Context &c, const Instruction &i, Post &post) {
  if (c.nestRank != i.rank)
    return false;
  Instruction box;
  box.op = VectorOp::Mov;
  box.type = ElementType::I32;
  box.operands = {VectorOperand::desc(i.descriptor), VectorOperand::none(), VectorOperand::none(),
                  VectorOperand::none()};
  if (!capture(c, box, post))
    return false;
  post.window = true;
  bool inside = true;
  const Value taken = post.n;
  for (int d = 0; d != post.rank; ++d) {
    post.block[d] = c.operand(i.extents[d]).resolved(c.set);
    post.lower[d] = c.operand(i.lower[d]).resolved(c.set);
    const Value end = map(c.set, post.lower[d], post.extent[d], [&](uint32_t lower, uint32_t extent) {
      const int64_t end = int64_t(int32_t(lower)) + int32_t(extent);
      return int32_t(lower) < 0 || end > INT32_MAX ? 0x7fffffffu : uint32_t(std::max<int64_t>(end, 0));
    });
    const Value out = map(c.set, end, post.block[d],
                          [](uint32_t end, uint32_t block) { return int32_t(end) > int32_t(block) ? 1u : 0u; });
    each(c.set, map(c.set, out, taken, [](uint32_t out, uint32_t n) { return out && n ? 1u : 0u; }),
         [&](uint32_t wrong) { inside &= !wrong; });
  }
  if (!inside)
    return false;
  post.n = product(c.set, post.block, post.rank);
  bool small = true;
  each(c.set, post.n, [&](uint32_t n) { small &= n < kMostElements; });
  return small;
}

/// Whether all PEs may touch what they will; what they write counts as initialised from now on.
bool RegionRun::checkMemory(Post &post, bool onThread) {
  std::array<AccessCache, 4> &known = checked[post.instruction - tables.verified->code.instructions.data()];
  bool touches = false, aligned[4] = {}, anyReadOnly[4] = {}, anyData[4] = {};
  for (int k = 0; k != 4; ++k)
    if (post.mode[k] == Mode::Memory) {
      touches = aligned[k] = true;
      each(post.set, post.base[k], [&](uint32_t base) { aligned[k] &= base % 4 == 0; });
    }
  if (!touches)
    return true;
  const bool right = forShapes(post, post.set.columns, post.set.rows,
                               [&](const VectorShape &shape, const Indices &columns, const Indices &rows) {
                                 for (int d = 0; d != shape.rank; ++d)
                                   if (shape.extent[d] <= 0)
                                     return true; // touches nothing
                                 const PeSet set{columns, rows};
                                 std::optional<Footprint> words[4];
                                 for (int k : {1, 2, 3, 0}) {
                                   if (post.mode[k] != Mode::Memory)
                                     continue;
                                   words[k].emplace(shape.at[k], shape.rank, shape.extent, shape.stride[k]);
                                   bool readOnly = false;
                                   if (!aligned[k])
                                     return false;
                                   if (k == 0) {
                                     if (meetsAccess(set, *words[k], /*write=*/true) ||
                                         !memory.writable(spans(set), *words[k], &known[k]))
                                       return false;
                                   } else {
                                     if (!memory.readable(spans(set), *words[k], readOnly, &known[k]) ||
                                         (!readOnly && meetsAccess(set, *words[k], /*write=*/false)))
                                       return false;
                                   }
                                   (readOnly ? anyReadOnly : anyData)[k] = true;
                                   if (readOnly)
                                     words[k].reset();
                                 }
                                 for (int k = 0; onThread && k != 4; ++k)
                                   if (words[k])
                                     accesses.push_back({post.thread, k == 0, set, *words[k]});
                                 return true;
                               });
  if (!right)
    return false;
  for (int k = 0; k != 4; ++k) {
    if (anyReadOnly[k] && anyData[k])
      return false;
    if (anyReadOnly[k])
      post.mode[k] = Mode::ReadOnly;
  }
  return true;
}

bool RegionRun::meetsAccess(const PeSet &set, const Footprint &words, bool write) const {
  for (const Access &access : accesses)
    if ((write || access.write) && access.set.meets(set) && access.words.meets(words))
      return true;
  return false;
}

/// PEs have waited for a thread: what it held is free.
void RegionRun::release(const PeSet &set, uint8_t thread) {
  std::vector<Access> rest;
  std::erase_if(accesses, [&](Access &access) {
    if (access.thread != thread || !access.set.meets(set))
      return false;
    // What is left is columns times rows, twice at most.
    const PeSet both = access.set & set;
    for (const PeSet &left :
         {PeSet{access.set.columns - both.columns, access.set.rows}, PeSet{both.columns, access.set.rows - both.rows}})
      if (!left.empty())
        rest.push_back({access.thread, access.write, left, access.words});
    return true;
  });
  accesses.insert(accesses.end(), rest.begin(), rest.end());
}

/// Calls f(color, operand) for what an instruction sends on or hears.
template <typename F> static void forColors(const Instruction &i, F f) {
  if (i.opcode == Opcode::Recvw)
    f(i.color, 1);
  else if (i.opcode == Opcode::Vec)
    for (int k = 0; k != 4; ++k)
      if (i.operands[k].kind == OperandKind::Fabric)
        f(i.operands[k].index, k);
}

/// Wires begin and end at positions of the x axis.
bool RegionRun::isAlongY(const Instruction &i) const {
  bool alongY = false;
  forColors(i, [&](uint8_t color, int) { alongY |= engine.fabric.kind(index, color) == ColorKind::AlongY; });
  return alongY;
}

bool RegionRun::isThreadBusy(const PeSet &set, uint8_t thread, std::vector<PeSet> *where) const {
  bool any = false;
  for (const PostRef &post : asynchronous)
    if (post->thread == thread && post->set.meets(set)) {
      any = true;
      if (!where)
        break;
      where->push_back(post->set & set);
    }
  return any;
}

/// One instruction at a time sends on a color, one receives on it.
bool RegionRun::areQueuesBusy(const PeSet &set, const Instruction &i, std::vector<PeSet> *where) {
  const bool alongY = isAlongY(i);
  Line &line = engine.fabric.line(index, alongY);
  const Indices &lanes = alongY ? set.columns : set.rows, &positions = alongY ? set.rows : set.columns;
  bool any = false;
  forColors(i, [&](uint8_t color, int k) {
    for (uint16_t position : positions)
      for (const LaneOp *op : k == 0 ? engine.fabric.streamAt(line, position, color).ops
                                     : engine.fabric.endAt(line, position, color).ops) {
        if ((any && !where) || !op->lanes.meets(lanes))
          continue;
        any = true;
        if (where)
          where->push_back(PeSet::of(alongY, Indices::of({position}, positions.extent()), op->lanes & lanes));
      }
  });
  return any;
}

Issue RegionRun::wait(Context &c, uint8_t thread) {
  letGo(c, 0);
  if (isThreadBusy(c.set, thread))
    return Issue::Stalls;
  if (!threadEnd[thread].empty()) {
    settle(c);
    for (uint16_t y : c.set.rows)
      for (uint16_t x : c.set.columns)
        clocks[y * width + x] = waitFor(thread, y * width + x, clocks[y * width + x]);
    release(c.set, thread);
  }
  return Issue::Done;
}

Issue RegionRun::vector(Context &c, const DecodedInstruction &d) {
  const Instruction &i = d.i;
  const bool window = i.opcode == Opcode::Recvw;
  bool any = false, alongX = false, routed = true;
  const bool alongY = isAlongY(i);
  forColors(i, [&](uint8_t color, int) {
    const ColorKind kind = engine.fabric.kind(index, color);
    any = true;
    alongX |= kind != ColorKind::AlongY;
    routed &= kind != ColorKind::None;
  });
  if (any || i.thread)
    letGo(c, engine.costs.setup[unsigned(window ? VectorOp::Mov : i.op)]);
  if (!window && i.thread && isThreadBusy(c.set, i.thread))
    return Issue::Stalls;
  if (!routed || (alongX && alongY))
    return Issue::Failed;
  if (any && areQueuesBusy(c.set, i))
    return Issue::Stalls;
  PostRef post = new Post();
  post->region = this;
  post->instruction = &d;
  post->set = c.set;
  post->alongY = alongY;
  post->op = window ? VectorOp::Mov : i.op;
  post->type = window ? ElementType::I32 : i.type;
  post->thread = window ? 0 : i.thread;
  if (!(window ? captureWindow(c, i, *post) : capture(c, i, *post)))
    return Issue::Failed;
  // Asked before, not after: a nest may have 2^31 elements, and what is sent takes this host's memory.
  const int64_t most = minmax(c.set, post->n).second;
  const Ticks pace = window ? engine.costs.element[unsigned(VectorOp::Mov)] : engine.costs.elementOf(i);
  c.steps += most;
  if (most * pace > engine.limit || c.steps > engine.stepLimit ||
      (any && !window && i.operands[0].kind == OperandKind::Fabric && most * int64_t(c.set.size()) > kMostWords))
    return Issue::Failed;
  if (post->thread)
    release(c.set, post->thread);
  if (!checkMemory(*post, post->thread != 0))
    return Issue::Failed;
  if (post->n.isUniform())
    engine.vectorElements += uint64_t(post->n.uniform()) * c.set.size();
  else
    for (uint16_t y : c.set.rows)
      for (uint16_t x : c.set.columns)
        engine.vectorElements += post->n.at(x, y);
  return any ? issueFabric(c, post) : issueLocal(c, post);
}

/// About what there is to do.
uint64_t RegionRun::elementsOf(const Post &post) const {
  return uint64_t(post.n.at(post.set.columns[0], post.set.rows[0])) * post.set.size();
}

/// Memory only: done at once; on a thread, time passes there.
Issue RegionRun::issueLocal(Context &c, const PostRef &post) {
  const Instruction &i = post->instruction->i;
  const Ticks setup = engine.costs.setup[unsigned(i.op)], rate = engine.costs.elementOf(i);
  engine.data->compute(post, elementsOf(*post));
  if (!post->thread && post->n.isUniform()) {
    c.pending += setup + int64_t(post->n.uniform()) * rate;
    return Issue::Done;
  }
  settle(c);
  std::vector<Ticks> *ends = post->thread ? &threadEnds(post->thread) : nullptr;
  for (uint16_t y : c.set.rows)
    for (uint16_t x : c.set.columns) {
      Ticks &clock = clocks[y * width + x];
      const Ticks time = int64_t(post->n.at(x, y)) * rate;
      if (!ends) {
        clock += setup + time;
        continue;
      }
      clock = waitFor(post->thread, y * width + x, clock) + setup;
      if (time || post->n.at(x, y)) {
        (*ends)[y * width + x] = clock + time;
        beginOn(post->thread, y * width + x, {clock, time, 0});
      }
    }
  return Issue::Done;
}

Issue RegionRun::issueFabric(Context &c, const PostRef &post) {
  const Indices &positions = post->alongY ? c.set.rows : c.set.columns;
  const Indices &lanes = post->alongY ? c.set.columns : c.set.rows;
  Line &line = engine.fabric.line(index, post->alongY);
  settle(c);
  std::vector<Sent> sends;
  std::vector<LaneOp *> begun;
  const Instruction &i = post->instruction->i;
  const bool window = post->window;
  const Ticks setup = engine.costs.setup[unsigned(post->op)];
  const Ticks pace = window ? engine.costs.element[unsigned(VectorOp::Mov)] : engine.costs.elementOf(i);
  const bool control = !window && i.control != Control::None;
  const bool hasOut = !window && i.operands[0].kind == OperandKind::Fabric;
  for (uint16_t position : positions) {
    PerLane start = clocksAt(post->alongY, position, lanes);
    LaneStream *stream = hasOut ? &engine.fabric.streamAt(line, position, i.operands[0].index) : nullptr;
    LaneEnd *ends[3];
    uint8_t operands[3];
    unsigned inputs = 0;
    auto hear = [&](uint8_t color, int k) {
      if (engine.fabric.kind(index, color) == ColorKind::Wire) {
        for (uint16_t lane : lanes)
          if (!engine.fabric.reachesCore(line, position, lane, color))
            return false;
      } else if (!engine.fabric.reachesCore(line, position, lanes.front(), color) ||
                 !(lanes - engine.fabric.lanesOf(index, color)).empty()) {
        return false;
      }
      operands[inputs] = k;
      ends[inputs++] = &engine.fabric.endAt(line, position, color);
      return true;
    };
    if (window && !hear(i.color, 1))
      return Issue::Failed;
    for (int k = 1; !window && k != 4; ++k)
      if (i.operands[k].kind == OperandKind::Fabric && !hear(i.operands[k].index, k))
        return Issue::Failed;
    if (stream) {
      if (!stream->traced)
        engine.fabric.trace(*stream);
      if (!(lanes - stream->routed).empty())
        return Issue::Failed;
      start = larger(lanes, start, stream->freeAt);
    }
    for (unsigned k = 0; k != inputs; ++k)
      start = larger(lanes, start, ends[k]->freeAt);
    if (post->thread)
      start = larger(lanes, start, ticksAt(threadEnds(post->thread), post->alongY, position, lanes));
    waitForQueues(*post, position, lanes, start);
    const PerLane begin = plus(lanes, start, setup);
    const PerLane n = numbersAt(post->n, post->alongY, position, lanes);
    const Indices some = select(lanes, [](int64_t n) { return n > 0; }, n);
    // Lanes that only send a control wavelet stay with the others: they use the switches together.
    const Indices &active = control ? lanes : some;
    const Indices echoes = stream && inputs ? engine.fabric.echoes(*stream, active) : Indices(),
                  others = echoes.empty() ? active : active - echoes;
    // Who waits gets the end's time; the others have only begun.
    setClocks(post->alongY, position, lanes, post->thread ? begin : start);
    if (!post->thread && active.size() != lanes.size())
      setClocks(post->alongY, position, lanes - active, begin);
    auto make = [&](const Indices &of, LaneOp::Kind kind) {
      LaneOp &op = engine.newOp();
      op.kind = kind;
      op.position = position;
      op.lanes = of;
      op.post = post;
      op.n = n;
      op.ready = begin;
      if (isShared(*post))
        op.begin = op.first = begin;
      op.element = pace;
      op.rate = stream ? std::max(pace, engine.fabric.costs.link) : pace;
      if (engine.timed && inputs && kind != LaneOp::Send)
        op.rate = std::max(op.rate, rampPace(inputs, &of == &echoes));
      if (kind != LaneOp::Send)
        for (unsigned k = 0; k != inputs; ++k) {
          op.in[op.inputs] = ends[k];
          op.inOperand[op.inputs] = operands[k];
          op.inStart[op.inputs++] = ends[k]->consumed;
          ends[k]->ops.push_back(&op);
        }
      if (stream) {
        op.out = newTrain();
        LaneTrain &train = *op.out;
        train.stream = stream;
        train.op = &op;
        train.control = i.control;
        train.lanes = of;
        train.total = plus(of, n, control ? 1 : 0);
        int64_t words = 0;
        for (uint16_t lane : of)
          words = std::max(words, train.total[lane]);
        train.words.allocate(post->alongY, of, words);
        if (control) // a word of value 0
          for (uint16_t lane : of)
            train.words.at(lane, train.total[lane] - 1) = 0;
        stream->ops.push_back(&op);
      }
      if (post->thread)
        for (uint16_t lane : of)
          beginOn(post->thread, peAt(post->alongY, position, lane), {});
      ++post->outstanding;
      begun.push_back(&op);
      if (kind == LaneOp::Send)
        sends.push_back({op.out, position, of});
    };
    const LaneOp::Kind kind = stream && (!inputs || some.empty()) ? LaneOp::Send
                              : inputs + (stream ? 1 : 0) > 1     ? LaneOp::Coupled
                                                                  : LaneOp::Sink;
    for (const Indices *of : {&echoes, &others})
      if (!of->empty())
        make(*of, kind);
  }
  if (!post->outstanding)
    return Issue::Done;
  if (post->thread)
    asynchronous.push_back(post);
  else
    post->context = &c;
  if (!sends.empty())
    engine.data->send(post, sends, elementsOf(*post));
  for (LaneOp *op : begun) {
    if (engine.timed && post->thread) {
      op->held = op->lanes;
      held.push_back(op);
    }
    if (op->kind == LaneOp::Send && op->held.empty())
      engine.sendAll(*op, op->lanes);
    if (op->out)
      engine.fabric.launch(*op->out);
    else
      engine.fabric.promise(*op->in[0], op->lanes, plus(op->lanes, op->inStart[0], op->n));
    if (op->kind != LaneOp::Send && op->held.empty())
      engine.start(*op, op->lanes);
  }
  return post->thread ? Issue::Done : Issue::Waits;
}
