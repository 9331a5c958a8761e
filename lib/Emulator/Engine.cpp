// Builds the state of a program, runs it, and collects what there is to know.
//
// The loop drains what a core's progress set free in
// the fabric before it runs the next core, so a train's data is still in cache when its receiver reads it.
#include "Engine.h"
#include "Limits.h"

#include <algorithm>
#include <cfenv>
#include <chrono>
#include <cmath>
#include <unistd.h>
#include <utility>

using namespace wafer;
using namespace wafer::emulator;

/// Bytes of memory that this host has.
static uint64_t hostMemory() { return uint64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE); }

Engine::Engine(const LoadedProgram &loaded)
    : program(loaded.verified()), tables(loaded.tables()), costs(tables.costs), fabric(program, *this) {}

uint32_t Engine::meshPe(const Core &core) const {
  const RegionTables &region = tables.regions[core.region];
  return (region.y + core.y) * program.width + region.x + core.x;
}

Diagnostic Engine::noMemory() {
  return {ErrorCode::ImageTooBig, "this host has no room for the cores' memory",
          "run on a host with more address space, or compile for a smaller mesh"};
}

Status Engine::prepare() {
  uint64_t carried = 0;
  for (const HostPort &port : program.ports)
    carried += uint64_t(port.words) * 4;
  if (carried > hostMemory())
    return Diagnostic{ErrorCode::ImageTooBig,
                      "the program's ports take and give " + std::to_string(carried) + " bytes, this host has " +
                          std::to_string(hostMemory()),
                      "run on a host with more memory"};
  for (const RegionTables &region : tables.regions) {
    stats.sramMax = std::max<uint64_t>(stats.sramMax, region.verified->usedBytes);
    stats.sramTotal += uint64_t(region.verified->usedBytes) * region.cores;
  }
  hostData.resize(program.ports.size());
  stats.coresUsed = tables.cores;
  stats.coresTotal = uint64_t(program.width) * program.height;
  stats.sramLimit = program.profile.sramBytes - program.profile.sramReservedBytes;
  return Status::ok();
}

Status Engine::allocate() {
  if (!cores.empty())
    return Status::ok();
  cores = std::vector<Core>(tables.cores);
  memories.resize(tables.regions.size());
  size_t registerCount = 0, descriptorCount = 0, callCount = 0;
  for (const RegionTables &region : tables.regions) {
    registerCount += size_t(region.cores) * region.registers;
    descriptorCount += size_t(region.cores) * region.descriptors;
    callCount += size_t(region.cores) * region.callDepth;
  }
  registers.resize(registerCount);
  descriptors.resize(descriptorCount);
  calls.resize(callCount);
  int32_t *nextRegister = registers.data();
  Descriptor *nextDescriptor = descriptors.data();
  uint32_t *nextCall = calls.data();
  for (size_t index = 0; index != memories.size(); ++index) {
    const RegionTables &region = tables.regions[index];
    if (!memories[index].open(*region.verified, region.cores, region.readOnly(program)))
      return noMemory();
    tables.forEachWeight(program, region,
                         [&](uint32_t core, int64_t word, const uint32_t *from, int64_t n, int64_t stride) {
                           memories[index].load(core, word, from, n, stride);
                         });
    for (uint32_t i = 0; i != region.cores; ++i) {
      Core &core = cores[region.firstCore + i];
      core.region = index;
      core.x = i % region.w;
      core.y = i / region.w;
      core.regs = std::exchange(nextRegister, nextRegister + region.registers);
      core.descriptors = std::exchange(nextDescriptor, nextDescriptor + region.descriptors);
      core.calls = std::exchange(nextCall, nextCall + region.callDepth);
    }
  }
  return Status::ok();
}

//===- Running ------------------------------------------------------------===//

void Engine::reset() {
  for (RegionMemory &memory : memories)
    memory.forget();
  for (Core &core : cores) {
    core.state = Core::Ready;
    core.depth = core.nestRank = 0;
    core.pc = tables.regions[core.region].verified->code.entry;
    core.clock = core.locationSince = 0;
    core.steps = 0;
    core.location = kNone;
    core.op = nullptr;
    core.threads.reset();
  }
  std::ranges::fill(registers, 0);
  std::ranges::fill(descriptors, Descriptor());
  readyCores.clear();
  readyOps.clear();
  freeOps.clear(); // all are free; the first is taken first
  for (size_t i = ops.size(); i-- > 0;) {
    ops[i].queued = ops[i].host = false;
    freeOp(&ops[i]); // and knows no train
  }
  fabric.reset(timed);
  siteTimes.assign(tables.sites.size(), {});
  failure.reset();
  instructions = vectorElements = 0;
}

void Engine::openHostPorts() {
  for (size_t number = 0; number != program.ports.size(); ++number) {
    const HostPort &port = program.ports[number];
    if (!port.output)
      continue;
    End &end = fabric.openHostEnd(number);
    hostData[number].clear();
    hostData[number].reserve(port.words);
    Op *op = newOp();
    op->host = true;
    op->n = port.words;
    op->rate = fabric.costs.host;
    op->inputs = 1;
    op->in[0] = &end;
    op->hostData = &hostData[number];
    if (port.words) {
      end.op = op;
      fabric.promise(end, port.words);
    }
  }
  for (size_t number = 0; number != program.ports.size(); ++number) {
    const HostPort &port = program.ports[number];
    if (port.output || hostData[number].empty())
      continue;
    Stream &stream = fabric.openHostStream(number);
    TrainRef train = fabric.newTrain(stream);
    train->data = hostData[number];
    train->total = train->produced = train->data.size();
    train->records.push_back(
        {0, train->total, 0, int64_t(train->total - 1) * std::max(fabric.costs.host, fabric.costs.link)});
    if (tracer)
      tracer->send(Tracer::kHost, train->total, 0, train->records.back().last + 1);
    fabric.launch(*train);
  }
}

Op *Engine::newOp() {
  Op *op;
  if (freeOps.empty()) {
    op = &ops.emplace_back();
  } else {
    op = freeOps.back();
    freeOps.pop_back();
    bool queued = op->queued; // it may still stand in the queue of ready ones: harmless
    *op = Op();
    op->queued = queued;
  }
  op->alive = true;
  return op;
}

void Engine::freeOp(Op *op) {
  op->alive = false;
  op->out = TrainRef();
  freeOps.push_back(op);
}

void Engine::makeReady(Core &core) {
  core.state = Core::Ready;
  readyCores.push_back(&core - cores.data());
}

void Engine::wake(Op *op) {
  if (op->queued)
    return;
  op->queued = true;
  readyOps.push_back(op);
}

void Engine::loop() {
  uint64_t steps = 0, runs = 0, halted = 0;
  std::vector<TrainRef> &readyTrains = fabric.ready();
  auto draw = [&](uint64_t below) { // xorshift*: any order will do, but the same for a seed everywhere
    random ^= random >> 12;
    random ^= random << 25;
    random ^= random >> 27;
    return (random * 0x2545f4914f6cdd1du >> 32) % below;
  };
  auto take = [&](auto &queue) {
    if (options.scheduleSeed)
      std::swap(queue[draw(queue.size())], queue.back());
    auto item = std::move(queue.back());
    queue.pop_back();
    return item;
  };
  while (!stopped()) {
    if (++steps % 65536 == 0 && cancelled())
      break;
    int kind = !readyOps.empty() ? 0 : !readyTrains.empty() ? 1 : !readyCores.empty() ? 2 : 3;
    if (kind == 3)
      break;
    if (options.scheduleSeed) {
      uint64_t pick = draw(readyOps.size() + readyTrains.size() + readyCores.size());
      kind = pick < readyOps.size() ? 0 : pick < readyOps.size() + readyTrains.size() ? 1 : 2;
    }
    if (kind == 0) {
      Op *op = take(readyOps);
      op->queued = false;
      if (op->alive && op->done <= op->n && (op->core != kNone || op->in[0]->op == op))
        pump(op);
    } else if (kind == 1) {
      TrainRef train = take(readyTrains);
      train->queued = false;
      fabric.update(train);
    } else {
      uint32_t core = take(readyCores);
      runCore(core);
      halted += cores[core].state == Core::Halted;
      if (options.progress && ++runs % 4096 == 0)
        options.progress(halted, cores.size());
    }
  }
}

bool Engine::cancelled() {
  if (!stopped() && options.isCancelled && options.isCancelled())
    failure = Diagnostic{ErrorCode::Cancelled, "the run was cancelled", ""};
  return stopped();
}

void Engine::collect() {
  stats.wavelets = fabric.wavelets();
  stats.instructions = instructions;
  stats.vectorElements = vectorElements;
  Ticks outputs = 0, all = 0;
  stats.regions.clear();
  for (const RegionTables &region : tables.regions) {
    Ticks last = 0;
    for (uint32_t i = 0; i != region.cores; ++i) {
      Core &core = cores[region.firstCore + i];
      if (core.threads)
        for (unsigned thread = 1; thread != isa::kThreads; ++thread)
          waitFor(core, thread);
      last = std::max(last, core.clock);
    }
    all = std::max(all, last);
    stats.regions.push_back(regionStats(program, region, last));
  }
  bool anyOutput = false;
  for (const Op &op : ops)
    if (op.host) {
      outputs = std::max(outputs, op.ready);
      anyOutput = true;
    }
  stats.cycles = cyclesOf(anyOutput && timed ? outputs : all);
  addSiteTimes(stats, program, tables, siteTimes);
}

Status Engine::run(const RunOptions &runOptions) {
  auto started = std::chrono::steady_clock::now();
  if (Status allocated = allocate(); !allocated)
    return allocated;
  options = runOptions;
  timed = options.timing == Timing::Stream;
  random = options.scheduleSeed;
  limit = limitOf(options);
  stepLimit = stepLimitOf(options);
  // The caller's thread may flush denormals or round otherwise.
  fenv_t environment;
  fegetenv(&environment);
  fesetenv(FE_DFL_ENV);
  reset();
  if (Status opened = openTrace(); !opened) {
    fesetenv(&environment);
    return opened;
  }
  openHostPorts();
  for (size_t i = cores.size(); i-- > 0;) // the queue is a stack
    readyCores.push_back(i);
  loop();
  if (!stopped())
    reportStuck();
  if (!stopped())
    reportLeftovers();
  collect();
  Status traced = finishTrace();
  fesetenv(&environment);
  stats.runSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (failure)
    return *failure;
  return traced;
}
