#include "Machine.h"

#include "wafer/Program/Box.h"
#include "wafer/Target/ResourceModel.h"

#include <algorithm>
#include <cmath>

using namespace wafer;
using namespace wafer::reference;

static Ticks ticks(double cycles) { return std::llround(cycles * kCycle); }

Machine::Machine(const VerifiedProgram &program)
    : program(program), profile(program.profile), ramps(size_t(program.width) * program.height), routers(ramps.size()) {
  const ResourceModel model(profile);
  for (const isa::VectorOpInfo &info : isa::kVectorOps) {
    setUp[unsigned(info.op)] = ticks(model.vectorCycles(info.op, 0));
    perElement[unsigned(info.op)] = ticks(model.vectorCycles(info.op, 1)) - setUp[unsigned(info.op)];
  }
  auto helperOr = [&](isa::VectorOp op, Ticks otherwise) {
    const double cycles = profile.helperCyclesPerElement[unsigned(op)];
    return cycles > 0 ? ticks(cycles) : otherwise;
  };
  scalarCost = ticks(profile.scalarOp), memoryCost = ticks(profile.scalarMemory), branchCost = ticks(profile.branch);
  divideCost = helperOr(isa::VectorOp::Div, scalarCost);
  integerFma = helperOr(isa::VectorOp::Fma, perElement[unsigned(isa::VectorOp::Fma)]);
  linkTicks = std::max(ticks(profile.linkCyclesPerWavelet), kCycle), hostTicks = ticks(profile.hostCyclesPerWavelet);
  auto wholeCycles = [](double cycles, double least) { return int64_t(std::ceil(std::max(cycles, least))); };
  hop = wholeCycles(profile.hopCycles, 1), turn = wholeCycles(profile.turnCycles, 0);
  ramp = wholeCycles(profile.rampCycles, 1);
  turnPlaces = int((turn * kCycle + linkTicks - 1) / linkTicks);

  for (uint32_t pe = 0; pe != routers.size(); ++pe)
    for (int color = 0; color != program.routes.colors(); ++color)
      if (const RouterSetup *setup = program.routes.at(color, pe))
        for (uint8_t side : {PortNorth, PortEast, PortSouth, PortWest, PortRamp})
          if (std::find(setup->input.begin(), setup->input.begin() + setup->positions, side) !=
              setup->input.begin() + setup->positions)
            routers[pe].queues.emplace_back(color, side);
  const image::Manifest &manifest = program.image.manifest();
  for (int index = 0; index != manifest.regions_size(); ++index) {
    const image::Region &region = manifest.regions(index);
    const auto section = program.image.section(region.code_section());
    const std::span readOnly(reinterpret_cast<const uint32_t *>(section.data()), section.size() / 4);
    for (uint32_t y = 0; y != region.rect().h(); ++y)
      for (uint32_t x = 0; x != region.rect().w(); ++x) {
        Memory memory(program.regions[index], readOnly);
        for (const image::WeightSlice &slice : region.weights()) {
          const image::Weight &weight = manifest.weights(int(slice.weight()));
          const auto *values = reinterpret_cast<const uint32_t *>(program.image.section(weight.section()).data() +
                                                                  weight.section_offset());
          placeBox(slice.box(), x, y).forEachRow([&](int64_t at, int64_t word, int64_t n, int64_t stride) {
            for (int64_t k = 0; k != n; ++k)
              memory.load(slice.address() / 4 + word + k * stride, values[at + k]);
          });
        }
        const uint32_t pe = (region.rect().y() + y) * uint32_t(program.width) + region.rect().x() + x;
        cores.emplace_back(pe, index, x, y, std::move(memory)).pc = program.regions[index].code.entry;
      }
  }
  ports.reserve(program.ports.size()); // links point to them
  for (const HostPort &port : program.ports) {
    HostPortState &state = ports.emplace_back();
    state.port = &port;
    if (port.output)
      continue;
    auto link = std::ranges::find_if(hostLinks, [&](const HostLink &other) {
      return other.ports[0]->port->pe == port.pe && other.ports[0]->port->side == port.side;
    });
    (link == hostLinks.end() ? hostLinks.emplace_back() : *link).ports.push_back(&state);
  }
}

/// Calls row(element of the tensor, count) for what a port carries of one stream, in order.
template <typename Row> static void forEachRow(const image::HostStream &stream, const HostPart &part, Row row) {
  for (uint32_t x = 0; x != stream.senders(); ++x)
    placeBox(stream.box(), x, part.row).forEachRow([&](int64_t element, int64_t, int64_t n, int64_t) {
      row(element, n);
    });
}

static size_t elementsOf(const image::Tensor &tensor) {
  size_t n = 1;
  for (int64_t extent : tensor.shape())
    n *= size_t(extent);
  return n;
}

Status Machine::takeInputs(const TensorWords &inputs) {
  const image::Manifest &manifest = program.image.manifest();
  for (const image::HostStream &stream : manifest.streams()) {
    if (stream.output())
      continue;
    const std::string &name = stream.tensor().name();
    auto input = inputs.find(name);
    if (input == inputs.end())
      return Diagnostic{ErrorCode::InputMissing, "input '" + name + "' is not given", ""};
    if (input->second.size() != elementsOf(stream.tensor()))
      return Diagnostic{ErrorCode::InputShape, "input '" + name + "' is of another size", ""};
  }
  for (HostPortState &state : ports)
    for (const HostPart &part : state.port->parts) {
      const image::HostStream &stream = manifest.streams(int(part.stream));
      if (!stream.output())
        forEachRow(stream, part, [&](int64_t element, int64_t n) {
          const uint32_t *from = inputs.at(stream.tensor().name()).data() + element;
          state.words.insert(state.words.end(), from, from + n);
        });
    }
  return Status::ok();
}

TensorWords Machine::giveOutputs() const {
  TensorWords outputs;
  const image::Manifest &manifest = program.image.manifest();
  for (const image::HostStream &stream : manifest.streams())
    if (stream.output())
      outputs[stream.tensor().name()].resize(elementsOf(stream.tensor()));
  for (const HostPortState &state : ports) {
    size_t at = 0;
    for (const HostPart &part : state.port->parts) {
      const image::HostStream &stream = manifest.streams(int(part.stream));
      if (stream.output())
        forEachRow(stream, part, [&](int64_t element, int64_t n) {
          std::copy_n(state.words.begin() + at, n, outputs[stream.tensor().name()].begin() + element);
          at += size_t(n);
        });
    }
  }
  return outputs;
}

std::string Machine::place(uint32_t pe) const {
  return "(" + std::to_string(pe % program.width) + ", " + std::to_string(pe / program.width) + ")";
}

void Machine::fail(const Core &core, ErrorCode code, const std::string &what) {
  const DecodedCode &decoded = program.regions[core.region].code;
  const size_t pc = std::min<size_t>(core.pc, decoded.instructions.size() - 1);
  if (!failure)
    failure = Diagnostic{
        code, "PE " + place(core.pe) + ", code word " + std::to_string(decoded.instructions[pc].word) + ": " + what,
        ""};
}

/// Nothing moves any more: is it a good end?
void Machine::checkEnd() {
  for (const Core &core : cores) {
    if (!core.halted)
      return fail(core, ErrorCode::ProgramDeadlock, "waits for ever");
    for (const InHand &op : core.inHand)
      if (op.active)
        return fail(core, ErrorCode::ProgramDeadlock, "a thread waits for ever");
  }
  auto left = [&](uint32_t pe, const Queue &queue) {
    if (!queue.wavelets.empty() && !failure)
      failure = Diagnostic{ErrorCode::ProgramLeftover, "wavelets are left at " + place(pe), ""};
  };
  for (uint32_t pe = 0; pe != routers.size(); ++pe) {
    for (const RouterQueue &queue : routers[pe].queues)
      left(pe, queue);
    for (unsigned color = 0; color != isa::kMaxColors; ++color)
      left(pe, ramps[pe].in[color]), left(pe, ramps[pe].out[color]);
  }
  for (const HostPortState &state : ports) {
    left(state.port->pe, state.queue);
    if (!state.port->output && state.sent != state.words.size() && !failure)
      failure = Diagnostic{ErrorCode::ProgramLeftover, "the host's words are left at " + place(state.port->pe), ""};
  }
  for (const HostPortState &state : ports)
    if (state.port->output && state.words.size() != state.port->words && !failure)
      failure =
          Diagnostic{ErrorCode::ProgramOutputShort,
                     "the host's port at " + place(state.port->pe) + " got " + std::to_string(state.words.size()) +
                         " of " + std::to_string(state.port->words) + " words",
                     ""};
}

/// The next cycle in which something may happen after one in which nothing did; kNever if there is none.
int64_t Machine::nextCycle() const {
  int64_t next = nextOfFabric();
  for (const Core &core : cores)
    for (unsigned slot = 0; slot != isa::kThreads; ++slot)
      if (const Ticks due = dueOf(core, slot); due != kNever)
        next = std::min(next, due / kCycle);
  return next;
}

Result<ReferenceRun> Machine::run(const TensorWords &inputs, double maxCycles,
                                  const std::function<bool()> &isCancelled) {
  if (profile.linkBufferWavelets < 1 || profile.inputQueueWavelets < 1)
    return Diagnostic{ErrorCode::ImageInvalid, "router buffers and input queues need at least one place",
                      "repair the target profile"};
  if (Status status = takeInputs(inputs); !status)
    return status.error();
  limit = ticks(maxCycles > 0 ? std::min(maxCycles, 1e15) : 1e15);
  for (uint32_t steps = 0; !failure; ++steps) {
    if (steps % 64 == 0 && isCancelled && isCancelled())
      return Diagnostic{ErrorCode::Cancelled, "the run was cancelled", ""};
    moved = false;
    for (Core &core : cores)
      stepCore(core);
    portsOut();
    moveWavelets();
    switches();
    rampsUp();
    portsIn();
    const int64_t next = moved ? now + 1 : nextCycle();
    if (next == kNever)
      break;
    now = next;
  }
  if (!failure)
    checkEnd();
  if (failure)
    return *failure;
  Ticks last = 0, lastOut = 0;
  bool anyOut = false;
  result.regionCycles.resize(program.regions.size());
  for (const Core &core : cores) {
    const Ticks end = std::max(core.clock, core.lastEnd);
    last = std::max(last, end);
    double &region = result.regionCycles[size_t(core.region)];
    region = std::max(region, double(end) / kCycle);
  }
  for (const HostPortState &state : ports)
    if (state.port->output)
      anyOut = true, lastOut = std::max(lastOut, state.due);
  result.cycles = double(anyOut ? lastOut : last) / kCycle;
  result.outputs = giveOutputs();
  return result;
}

Result<ReferenceRun> wafer::runReference(const VerifiedProgram &program, const TensorWords &inputs, double maxCycles,
                                         const std::function<bool()> &isCancelled) {
  return Machine(program).run(inputs, maxCycles, isCancelled);
}
