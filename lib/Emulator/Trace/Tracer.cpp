#include "Tracer.h"

#include <algorithm>
#include <cstring>

using namespace wafer;
using namespace wafer::emulator;

static std::string placeText(uint32_t x, uint32_t y) {
  return "(" + std::to_string(x) + ", " + std::to_string(y) + ")";
}
static std::string sizeText(uint64_t width, uint64_t height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

Tracer::Tracer(const TraceOptions &options, const VerifiedProgram &program, std::span<const Site> sites)
    : options(options), program(program), sites(sites), file(options.path) {}

Result<std::unique_ptr<Tracer>> Tracer::open(const TraceOptions &options, const VerifiedProgram &program,
                                             std::span<const Site> sites) {
  if (const std::optional<PeRect> &pes = options.pes) {
    const std::string text =
        "the PEs to trace, " + sizeText(pes->width, pes->height) + " at " + placeText(pes->x, pes->y) + ",";
    const std::string hint =
        "the program's mesh is " + sizeText(program.width, program.height) + ": give X,Y,WxH within it";
    if (!pes->width || !pes->height)
      return Diagnostic{ErrorCode::ToolUsage, text + " are none", hint};
    if (uint64_t(pes->x) + pes->width > static_cast<uint64_t>(program.width) ||
        uint64_t(pes->y) + pes->height > static_cast<uint64_t>(program.height))
      return Diagnostic{ErrorCode::ToolUsage, text + " are not all on the mesh", hint};
  }
  std::unique_ptr<Tracer> tracer(new Tracer(options, program, sites));
  if (int error = tracer->file.error())
    return Diagnostic{ErrorCode::TensorFileUnwritable, options.path + ": cannot write: " + std::strerror(error),
                      "check the folder and its free space"};
  tracer->addTracks();
  if (options.pes && tracer->details.empty())
    return Diagnostic{ErrorCode::ToolUsage,
                      "no program runs on the PEs to trace, " + sizeText(options.pes->width, options.pes->height) +
                          " at " + placeText(options.pes->x, options.pes->y),
                      "the report of the compilation has the regions' rectangles (wafer-compile --report)"};
  return tracer;
}

void Tracer::addTracks() {
  run = file.addTrack(0, "run");
  host.process = file.addProcess("host");
  const image::Manifest &manifest = program.image.manifest();
  regions.resize(manifest.regions_size());
  for (size_t number = 0; number != regions.size(); ++number) {
    const image::Region &region = manifest.regions(static_cast<int>(number));
    const image::Rect &rect = region.rect();
    RegionTrace &trace = regions[number];
    trace.process = file.addProcess(region.name() + ": " + sizeText(rect.w(), rect.h()) + " PEs at " +
                                    placeText(rect.x(), rect.y()));
    trace.cores = rect.w() * rect.h();
    for (uint32_t i = 0; i != trace.cores; ++i) {
      CoreState &core = cores.emplace_back();
      core.region = number;
      const uint32_t x = rect.x() + i % rect.w(), y = rect.y() + i / rect.w();
      const std::optional<PeRect> &pes = options.pes;
      if (!pes || x < pes->x || x - pes->x >= pes->width || y < pes->y || y - pes->y >= pes->height)
        continue;
      core.detail = details.size();
      details.push_back({file.addThread(trace.process, "PE " + placeText(x, y))});
      peOf.push_back(y * program.width + x);
    }
  }
}

//===- Names --------------------------------------------------------------===//

std::string Tracer::nameOf(uint32_t site) const {
  const image::Manifest &manifest = program.image.manifest();
  const Site &at = sites[site];
  const std::string &node = manifest.strings(static_cast<int>(at.name));
  const image::Kernel *kernel =
      at.kernel ? &manifest.regions(static_cast<int>(at.region)).kernels(static_cast<int>(at.kernel) - 1) : nullptr;
  const bool isKernel = kernel && kernel->op() == "kernel";
  if (node.empty())
    return kernel ? kernel->op() : "(no node)";
  return isKernel || !kernel ? node : node + ": " + kernel->op();
}

std::string Tracer::channel(uint32_t core, uint8_t color) const {
  const RouterSetup *setup = program.routes.at(color, peOf[cores[core].detail]);
  return setup ? program.image.manifest().strings(static_cast<int>(setup->name)) : "color " + std::to_string(color);
}

/// "receive gather_x", "fma", "add from chain_x_even to chain_x_odd".
std::string Tracer::nameOf(const isa::Instruction &instruction, uint32_t core) const {
  if (instruction.opcode == isa::Opcode::Recvw)
    return "receive " + channel(core, instruction.color);
  std::string from, to;
  for (size_t k = 0; k != instruction.operands.size(); ++k) {
    const isa::VectorOperand &operand = instruction.operands[k];
    if (operand.kind != isa::OperandKind::Fabric)
      continue;
    std::string name = channel(core, operand.index);
    if (k == 0)
      to = name;
    else
      from += (from.empty() ? "" : " and ") + name;
  }
  if (instruction.op == isa::VectorOp::Mov && from.empty() != to.empty())
    return from.empty() ? "send " + to : "receive " + from;
  std::string name = isa::vectorOpInfo(instruction.op)->name;
  if (!from.empty())
    name += " from " + from;
  if (!to.empty())
    name += " to " + to;
  return name;
}

//===- Cores --------------------------------------------------------------===//

/// What a core has done since it was last heard of: scalar instructions.
void Tracer::tellScalars(CoreState &core, Ticks until, uint64_t steps) {
  if (until > core.told) {
    regions[core.region].computing.add(core.told, until, until - core.told);
    if (core.detail != ~0u)
      file.slice(details[core.detail].track, "scalar code", core.told, until,
                 {{"instructions", static_cast<int64_t>(steps - core.toldSteps)}});
  }
  core.told = until;
  core.toldSteps = steps;
}

void Tracer::enter(uint32_t index, uint32_t site, Ticks when, uint64_t steps) {
  CoreState &core = cores[index];
  tellScalars(core, when, steps);
  if (core.site != kNoSite)
    leave(core, when);
  core.site = site;
  if (site == kNoSite)
    return;
  core.enteredAt = when;
  RegionTrace &region = regions[core.region];
  const uint64_t place = core.entered++ - region.firstPlace;
  if (place >= region.places.size())
    region.places.resize(place + 1);
  Instance &instance = region.places[place].bySite[site];
  instance.first = std::min(instance.first, when);
  ++instance.cores;
  if (core.detail != ~0u)
    file.begin(details[core.detail].track, nameOf(site), when);
}

void Tracer::leave(CoreState &core, Ticks when) {
  RegionTrace &region = regions[core.region];
  Place &place = region.places[core.entered - 1 - region.firstPlace];
  Instance &instance = place.bySite[core.site];
  instance.last = std::max(instance.last, when);
  instance.busy += when - core.enteredAt;
  ++place.left;
  if (core.detail != ~0u)
    file.end(details[core.detail].track, when);
  while (!region.places.empty() && region.places.front().left == region.cores) {
    writePlace(region, region.places.front());
    region.places.pop_front();
    ++region.firstPlace;
  }
}

TrackId Tracer::threadTrack(Detail &detail, unsigned thread) {
  TrackId &track = detail.threads[thread];
  if (!track)
    track = file.addTrack(detail.track, "thread " + std::to_string(thread));
  return track;
}

void Tracer::issue(uint32_t index, const isa::Instruction &instruction, unsigned thread, uint64_t elements, Ticks from,
                   Ticks start, Ticks begin, uint64_t steps) {
  CoreState &core = cores[index];
  RegionTrace &region = regions[core.region];
  tellScalars(core, from, steps - 1);
  core.toldSteps = steps + elements;
  core.told = begin;
  if (start > from)
    region.waiting.add(from, start, start - from);
  if (begin > start)
    region.computing.add(start, begin, begin - start);
  if (core.detail == ~0u)
    return;
  Detail &detail = details[core.detail];
  if (start > from)
    file.slice(detail.track, "wait for a queue or thread", from, start);
  const std::string name = nameOf(instruction, index);
  const auto count = static_cast<int64_t>(elements);
  if (thread == 0) {
    file.begin(detail.track, name, start, {{"elements", count}});
    return;
  }
  file.slice(detail.track, "issue " + name, start, begin, {{"thread", static_cast<int64_t>(thread)}});
  file.begin(threadTrack(detail, thread), name, begin, {{"elements", count}});
}

void Tracer::finish(uint32_t index, unsigned thread, Ticks begin, Ticks end, bool fabric, Ticks moving) {
  CoreState &core = cores[index];
  const Ticks waited = fabric ? std::max<Ticks>(0, end - begin - moving) : 0;
  if (thread == 0) {
    // What is waited for comes first.
    RegionTrace &region = regions[core.region];
    if (waited)
      region.waiting.add(begin, begin + waited, waited);
    if (end > begin + waited)
      (fabric ? region.moving : region.computing).add(begin + waited, end, end - begin - waited);
    core.told = end;
  }
  if (core.detail == ~0u)
    return;
  Detail &detail = details[core.detail];
  const TrackId track = thread == 0 ? detail.track : threadTrack(detail, thread);
  if (fabric)
    file.end(track, end, {{"waiting_cycles", cyclesOf(waited)}});
  else
    file.end(track, end);
}

void Tracer::wait(uint32_t index, unsigned thread, Ticks from, Ticks to, uint64_t steps) {
  CoreState &core = cores[index];
  tellScalars(core, from, steps - 1);
  if (to == from)
    return;
  regions[core.region].waiting.add(from, to, to - from);
  core.told = to;
  core.toldSteps = steps;
  if (core.detail != ~0u)
    file.slice(details[core.detail].track, "wait for thread " + std::to_string(thread), from, to);
}

//===- Words --------------------------------------------------------------===//

void Tracer::send(uint32_t region, uint64_t words, Ticks from, Ticks to) {
  regionOf(region).words.add(from, to, static_cast<int64_t>(words));
}

void Tracer::receive(const Transfer &transfer) {
  auto [at, isNew] = transfers.try_emplace({transfer.source, transfer.target, transfer.name}, transfer);
  if (isNew)
    return;
  Transfer &all = at->second;
  all.words += transfer.words;
  all.sentFirst = std::min(all.sentFirst, transfer.sentFirst);
  all.sentLast = std::max(all.sentLast, transfer.sentLast);
  all.first = std::min(all.first, transfer.first);
  all.last = std::max(all.last, transfer.last);
}

//===- What has been gathered ---------------------------------------------===//

/// A track on which a slice may begin: the first that is free, or a new one. Those of one name are shown as one.
Tracer::Lane &Tracer::laneFor(std::vector<Lane> &lanes, TrackId process, const char *name, Ticks first) {
  for (Lane &lane : lanes)
    if (lane.end <= first)
      return lane;
  return lanes.emplace_back(file.addTrack(process, name), 0);
}

void Tracer::writePlace(RegionTrace &region, const Place &place) {
  for (const auto &[site, instance] : place.bySite)
    writeKernel(region, site, instance);
}

void Tracer::writeKernel(RegionTrace &region, uint32_t site, const Instance &instance) {
  const Ticks last = std::max(instance.first, instance.last);
  Lane &lane = laneFor(region.kernels, region.process, "kernels", instance.first);
  lane.end = last;
  const image::Manifest &manifest = program.image.manifest();
  const Site &at = sites[site];
  const std::string &node = manifest.strings(static_cast<int>(at.name));
  const double cycles = cyclesOf(last - instance.first), busy = cyclesOf(instance.busy);
  const auto pes = static_cast<int64_t>(instance.cores);
  if (!at.kernel) {
    file.slice(lane.track, nameOf(site), instance.first, last,
               {{"node", node}, {"cycles", cycles}, {"busy_cycles", busy}, {"pes", pes}});
    return;
  }
  const image::Kernel &kernel = manifest.regions(static_cast<int>(at.region)).kernels(static_cast<int>(at.kernel) - 1);
  std::string nodes;
  for (uint32_t other : kernel.nodes())
    nodes += (nodes.empty() ? "" : ", ") + manifest.strings(static_cast<int>(other));
  file.slice(lane.track, nameOf(site), instance.first, last,
             {{"node", node},
              {"nodes", nodes},
              {"op", kernel.op()},
              {"kernel", static_cast<int64_t>(at.kernel) - 1},
              {"cycles", cycles},
              {"busy_cycles", busy},
              {"pes", pes},
              {"estimated_cycles", static_cast<int64_t>(kernel.estimated_cycles())},
              {"bound", kernel.bound()}});
}

/// A slice where words leave and one where they arrive, with an arrow from the first to the second.
void Tracer::writeTransfers() {
  struct End {
    uint32_t region;
    bool arrives;
    Ticks first, last;
    uint64_t flow;
    const Transfer *transfer;
    auto order() const { return std::tuple(region, arrives, first, flow); }
  };
  std::vector<End> ends;
  uint64_t flows = 0;
  for (const auto &[key, transfer] : transfers) {
    ++flows;
    ends.push_back({transfer.source, false, transfer.sentFirst, transfer.sentLast, flows, &transfer});
    ends.push_back({transfer.target, true, transfer.first, transfer.last, flows, &transfer});
  }
  std::sort(ends.begin(), ends.end(), [](const End &a, const End &b) { return a.order() < b.order(); });
  const image::Manifest &manifest = program.image.manifest();
  const auto textOf = [&](uint32_t region) {
    return region == kHost ? std::string("host") : manifest.regions(static_cast<int>(region)).name();
  };
  std::vector<Lane> lanes;
  const End *before = nullptr;
  for (const End &end : ends) {
    if (!before || before->region != end.region || before->arrives != end.arrives)
      lanes.clear();
    before = &end;
    Lane &lane = laneFor(lanes, regionOf(end.region).process, end.arrives ? "streams in" : "streams out", end.first);
    lane.end = std::max(end.first, end.last);
    file.beginFlow(lane.track, manifest.strings(static_cast<int>(end.transfer->name)), end.first, end.flow, end.arrives,
                   {{"from", textOf(end.transfer->source)},
                    {"to", textOf(end.transfer->target)},
                    {"words", static_cast<int64_t>(end.transfer->words)}});
    file.end(lane.track, lane.end);
  }
}

void Tracer::writeHistograms(RegionTrace &region) {
  for (const auto &[name, histogram] : {std::pair<const char *, const Histogram &>{"PEs computing", region.computing},
                                        {"PEs moving words", region.moving},
                                        {"PEs waiting", region.waiting}}) {
    if (!histogram.size())
      continue;
    const TrackId counter = file.addCounter(region.process, name, "PEs");
    const auto width = static_cast<double>(histogram.intervalTicks());
    int64_t previous = -1;
    for (size_t i = 0; i != histogram.size(); ++i)
      if (histogram[i] != previous) {
        previous = histogram[i];
        file.count(counter, static_cast<Ticks>(i) * histogram.intervalTicks(), static_cast<double>(previous) / width);
      }
    file.count(counter, static_cast<Ticks>(histogram.size()) * histogram.intervalTicks(), 0.0);
  }
  if (!region.words.size())
    return;
  const TrackId counter = file.addCounter(region.process, "words sent", "words");
  int64_t sent = 0;
  file.count(counter, 0, sent);
  for (size_t i = 0; i != region.words.size(); ++i)
    if (region.words[i])
      file.count(counter, static_cast<Ticks>(i + 1) * region.words.intervalTicks(), sent += region.words[i]);
}

Status Tracer::finish(const RunStats &stats) {
  const image::Manifest &manifest = program.image.manifest();
  const std::string mesh = sizeText(program.width, program.height);
  double last = stats.cycles;
  for (const RegionStats &region : stats.regions)
    last = std::max(last, region.cycles);
  file.slice(run, manifest.model_name().empty() ? "run" : manifest.model_name(), 0,
             static_cast<Ticks>(last * kTicksPerCycle),
             {{"clock", "one cycle is one nanosecond"},
              {"clock_ghz", program.profile.clockGhz},
              {"cycles", stats.cycles},
              {"wavelets", static_cast<int64_t>(stats.wavelets)},
              {"instructions", static_cast<int64_t>(stats.instructions)},
              {"target", program.profile.name},
              {"mesh", mesh},
              {"producer", manifest.producer()}});
  writeHistograms(host);
  for (RegionTrace &region : regions) {
    for (const Place &place : region.places) // of a run that did not end
      writePlace(region, place);
    writeHistograms(region);
  }
  writeTransfers();
  if (int error = file.finish())
    return Diagnostic{ErrorCode::TensorFileUnwritable, options.path + ": cannot write: " + std::strerror(error),
                      "check the folder and its free space"};
  return Status::ok();
}
