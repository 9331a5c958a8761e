// Builds the state of a run by class, runs it, and collects what there is to know.
#include "ClassEngine.h"
#include "../Limits.h"
#include "ClassShapes.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

ClassEngine::ClassEngine(const LoadedProgram &loaded)
    : program(loaded.verified()), tables(loaded.tables()), costs(tables.costs), fabric(program, *this) {}

ClassEngine::~ClassEngine() { fabric.reset(false); }

bool ClassEngine::load() {
  if (loaded)
    return true;
  for (uint32_t index = 0; index != tables.regions.size(); ++index) {
    regions.push_back(std::make_unique<RegionRun>(*this, index));
    if (!regions.back()->load())
      return false;
  }
  return loaded = true;
}

void ClassEngine::openHostPorts(std::vector<std::vector<uint32_t>> &hostData) {
  const Indices one = Indices::all(1);
  for (size_t number = 0; number != program.ports.size(); ++number) {
    const HostPort &port = program.ports[number];
    if (!port.output)
      continue;
    LaneEnd &end = fabric.openHostEnd(number);
    hostData[number].clear();
    hostData[number].reserve(port.words);
    LaneOp &op = newOp();
    hostOps.push_back(&op);
    op.lanes = one;
    op.n = port.words;
    op.rate = fabric.costs.host;
    op.inputs = 1;
    op.in[0] = &end;
    op.hostData = &hostData[number];
    if (port.words)
      end.ops.push_back(&op);
  }
  for (size_t number = 0; number != program.ports.size(); ++number) {
    const HostPort &port = program.ports[number];
    if (port.output || hostData[number].empty())
      continue;
    LaneStream &stream = fabric.openHostStream(number);
    if (fabric.stuck())
      return;
    LaneTrainRef train = newTrain();
    train->stream = &stream;
    train->lanes = one;
    const int64_t words = hostData[number].size();
    train->words.allocate(false, one, words);
    std::copy(hostData[number].begin(), hostData[number].end(), train->words.lane(0));
    train->total = train->produced = words;
    train->addRecord(one, LanePace(0, words, 0, std::max(fabric.costs.host, fabric.costs.link)));
    fabric.launch(*train);
  }
  for (LaneOp *op : hostOps)
    if (op->n.uniform())
      fabric.promise(*op->in[0], one, op->n);
}

void ClassEngine::loop() {
  uint64_t steps = 0, rounds = 0;
  while (!fabric.stuck() && !data->failed()) {
    if (++steps % 65536 == 0 && options.isCancelled && options.isCancelled())
      return;
    if (!readyOps.empty()) {
      LaneOp *op = readyOps.back();
      readyOps.pop_back();
      op->queued = false;
      if (op->alive && (op->post || std::count(op->in[0]->ops.begin(), op->in[0]->ops.end(), op)))
        pump(*op);
      continue;
    }
    if (fabric.work())
      continue;
    bool any = false;
    for (const std::unique_ptr<RegionRun> &region : regions) {
      any |= region->contexts->run();
      if (region->contexts->stopped())
        return;
    }
    if (options.progress && ++rounds % 256 == 0)
      options.progress(haltedPes, tables.cores);
    if (any)
      continue;
    for (const std::unique_ptr<RegionRun> &region : regions)
      region->contexts->retry();
    for (const std::unique_ptr<RegionRun> &region : regions)
      any |= region->contexts->run();
    if (!any && !part() && !lookAgain())
      return;
  }
}

/// Every core has halted, and everything that was sent was received.
bool ClassEngine::isOver() const {
  if (fabric.stuck() || fabric.anyParked())
    return false;
  for (const std::unique_ptr<RegionRun> &region : regions)
    if (region->contexts->stopped() || !region->contexts->all().empty() || !region->asynchronous.empty() ||
        region->lastClock() > limit)
      return false;
  for (const LaneEnd &end : fabric.ends())
    if (!every(Indices::all(end.line->lanes), [](int64_t a, int64_t b) { return a == b; }, end.consumed, end.enqueued))
      return false;
  for (const LaneOp *op : hostOps)
    if (op->done[0] < op->n[0])
      return false;
  return true;
}

std::optional<Status> ClassEngine::run(const RunOptions &runOptions, std::vector<std::vector<uint32_t>> &hostData,
                                       RunStats &stats) {
  options = runOptions;
  timed = options.timing == Timing::Stream;
  cancelledByCaller = false;
  vectorElements = haltedPes = changesSeen = 0;
  // As the scalar engine's; what is beyond is for that one to say.
  limit = limitOf(options);
  stepLimit = stepLimitOf(options);
  if (!load())
    return std::nullopt;
  readyOps.clear();
  freeOps.clear();
  hostOps.clear();
  for (const std::unique_ptr<RegionRun> &region : regions)
    region->asynchronous.clear();
  ops.clear();
  aliveOps.clear();
  fabric.reset(timed);
  for (const std::unique_ptr<RegionRun> &region : regions)
    region->reset();
  stats.threads = threadsFor(options.threads);
  data.emplace(stats.threads);
  openHostPorts(hostData);
  loop();
  data->finish();
  const bool right = !data->failed();
  data.reset();
  if (!right)
    return std::nullopt;
  const bool over = isOver();
  if (!over && !isDeadlock())
    return std::nullopt;
  for (const std::unique_ptr<RegionRun> &region : regions)
    for (const std::unique_ptr<Context> &context : region->contexts->all())
      region->settle(*context);
  collect(stats);
  return over ? Status::ok() : describeDeadlock();
}

void ClassEngine::collect(RunStats &stats) const {
  stats.wavelets = stats.instructions = 0;
  for (const LaneStream &stream : fabric.streams())
    stats.wavelets += stream.wavelets;
  stats.vectorElements = vectorElements;
  Ticks outputs = 0, all = 0;
  stats.regions.clear();
  std::vector<SiteTimes> times(tables.sites.size());
  for (const std::unique_ptr<RegionRun> &run : regions) {
    const RegionTables &region = run->tables;
    stats.instructions += run->contexts->instructions();
    const Ticks last = run->lastClock();
    all = std::max(all, last);
    stats.regions.push_back(regionStats(program, region, last));
    for (size_t i = 0; i != times.size(); ++i)
      times[i].add(run->siteTimes[i]);
  }
  for (const LaneOp *op : hostOps)
    outputs = std::max(outputs, op->ready[0]);
  stats.cycles = cyclesOf(!hostOps.empty() && timed ? outputs : all);
  addSiteTimes(stats, program, tables, times);
}

//===- A region -----------------------------------------------------------===//

RegionRun::RegionRun(ClassEngine &engine, uint32_t index)
    : engine(engine), tables(engine.tables.regions[index]), index(index), width(tables.w), height(tables.h) {
  contexts = std::make_unique<Contexts>(*tables.verified, width, height, engine.costs, tables.location, *this);
}

bool RegionRun::load() {
  if (!memory.open(*tables.verified, width, height, tables.readOnly(engine.program)))
    return false;
  engine.tables.forEachWeight(engine.program, tables,
                              [&](uint32_t core, int64_t word, const uint32_t *from, int64_t n, int64_t stride) {
                                memory.load(core % width, core / width, word, from, n, stride);
                              });
  return true;
}

void RegionRun::reset() {
  memory.forget();
  clocks.assign(size_t(width) * height, 0);
  since.assign(size_t(width) * height, 0);
  for (std::vector<Ticks> &ends : threadEnd)
    ends.clear();
  if (unsettled) { // else they are as in the beginning
    shared.clear();
    threadsOut.clear();
  }
  unsettled = 0;
  held.clear();
  accesses.clear();
  checked.clear();
  checked.resize(tables.verified->code.instructions.size());
  siteTimes.assign(engine.tables.sites.size(), {});
  contexts->start(engine.stepLimit);
}

void RegionRun::settle(Context &c) {
  if (!c.pending)
    return;
  for (uint16_t y : c.set.rows) {
    Ticks *row = clocks.data() + size_t(y) * width;
    if (c.set.columns.isRange()) {
      for (uint32_t x = c.set.columns.front(), end = c.set.columns.back() + 1u; x != end; ++x)
        row[x] += c.pending;
    } else {
      for (uint16_t x : c.set.columns)
        row[x] += c.pending;
    }
  }
  c.pending = 0;
}

/// Functions are shared by kernels: their code counts to the call.
void RegionRun::located(Context &c, uint32_t location) {
  settle(c);
  SiteTimes none, &times = c.location == kNone ? none : siteTimes[c.location];
  for (uint16_t y : c.set.rows)
    for (uint16_t x : c.set.columns) {
      const size_t at = size_t(y) * width + x;
      times.add({clocks[at] - since[at], since[at], clocks[at]});
      since[at] = clocks[at];
    }
  c.location = location;
}

void RegionRun::halted(Context &c) {
  letGo(c, -engine.costs.scalar);
  settle(c);
  engine.haltedPes += c.set.size();
  if (c.location != kNone)
    located(c, kNone);
}

void RegionRun::failed(const Context &, ErrorCode) { engine.fabric.giveUp(); }

bool RegionRun::cancelled(Context &c) {
  for (uint16_t y : c.set.rows)
    for (uint16_t x : c.set.columns)
      if (clocks[size_t(y) * width + x] > engine.limit)
        return true;
  if (engine.options.isCancelled && engine.options.isCancelled())
    engine.cancelledByCaller = true;
  return engine.cancelledByCaller;
}

bool RegionRun::load(Context &c, const Value &address, unsigned bytes, bool signExtend, Value &out) {
  const Value where = address.resolved(c.set);
  auto valueOf = [&](uint32_t word, uint32_t byte) {
    return bytes == 4 ? word : scalar::halfOf(word, byte, signExtend);
  };
  const uint32_t first = where.isUniform() ? where.uniform() : 0;
  if (where.isUniform()) { // one check for all
    bool readOnly = false;
    const Footprint words(first / 4);
    if (first % bytes || !memory.readable(spans(c.set), words, readOnly) || meetsAccess(c.set, words, /*write=*/false))
      return false;
    if (readOnly) {
      out = Value(valueOf(*memory.constant(first / 4), first));
      return true;
    }
  }
  engine.data->finish();
  std::vector<uint32_t> words;
  words.reserve(c.set.size());
  for (uint16_t y : c.set.rows)
    for (uint16_t x : c.set.columns) {
      const uint32_t byte = where.isUniform() ? first : where.at(x, y);
      const uint32_t *word = where.isUniform() ? memory.at(x, y, byte / 4)
                             : byte % bytes || meetsAccess(oneOf(x, y), Footprint(byte / 4), /*write=*/false)
                                 ? nullptr
                                 : memory.wordToRead(x, y, byte / 4);
      if (!word)
        return false;
      words.push_back(valueOf(*word, byte));
    }
  out = Value::byPe(c.set, words);
  return true;
}

bool RegionRun::store(Context &c, const Value &address, const Value &word) {
  const Value where = address.resolved(c.set), what = word.resolved(c.set);
  engine.data->finish();
  if (where.isUniform()) {
    const Footprint words(where.uniform() / 4);
    if (where.uniform() % 4 || meetsAccess(c.set, words, /*write=*/true) || !memory.writable(spans(c.set), words))
      return false;
  }
  for (uint16_t y : c.set.rows)
    for (uint16_t x : c.set.columns) {
      const uint32_t byte = where.at(x, y);
      uint32_t *to = where.isUniform() ? memory.at(x, y, byte / 4)
                     : byte % 4 || meetsAccess(oneOf(x, y), Footprint(byte / 4), /*write=*/true)
                         ? nullptr
                         : memory.wordToWrite(x, y, byte / 4);
      if (!to)
        return false;
      *to = what.at(x, y);
    }
  return true;
}

PeSet RegionRun::oneOf(uint16_t x, uint16_t y) const { return {Indices::of({x}, width), Indices::of({y}, height)}; }

//===- Clocks -------------------------------------------------------------===//

PerLane RegionRun::ticksAt(const std::vector<Ticks> &ticks, bool alongY, uint32_t position,
                           const Indices &lanes) const {
  const Ticks *first = ticks.data() + (alongY ? size_t(position) * width : position);
  const size_t step = alongY ? 1 : width;
  const Ticks one = first[lanes[0] * step];
  bool same = true;
  for (uint16_t lane : lanes)
    same &= first[lane * step] == one;
  if (same)
    return PerLane(one);
  PerLane result;
  int64_t *to = result.spread(lanes.extent());
  for (uint16_t lane : lanes)
    to[lane] = first[lane * step];
  return result;
}

void RegionRun::setTicks(std::vector<Ticks> &ticks, bool alongY, uint32_t position, const Indices &lanes,
                         const PerLane &to) {
  Ticks *first = ticks.data() + (alongY ? size_t(position) * width : position);
  const size_t step = alongY ? 1 : width;
  for (uint16_t lane : lanes)
    first[lane * step] = to[lane];
}

PerLane RegionRun::clocksAt(bool alongY, uint32_t position, const Indices &lanes) const {
  return ticksAt(clocks, alongY, position, lanes);
}
void RegionRun::setClocks(bool alongY, uint32_t position, const Indices &lanes, const PerLane &to) {
  setTicks(clocks, alongY, position, lanes, to);
}

std::vector<Ticks> &RegionRun::threadEnds(uint8_t thread) {
  std::vector<Ticks> &ends = threadEnd[thread];
  if (ends.empty())
    ends.assign(size_t(width) * height, 0);
  return ends;
}

/// A value's numbers in the lanes at a position of a line.
PerLane RegionRun::numbersAt(const Value &value, bool alongY, uint32_t position, const Indices &lanes) const {
  if (value.isUniform())
    return PerLane(int64_t(value.uniform()));
  PerLane result;
  int64_t *to = result.spread(lanes.extent());
  for (uint16_t lane : lanes)
    to[lane] = alongY ? value.at(lane, position) : value.at(position, lane);
  result.pack(lanes);
  return result;
}
