// When nothing can run and not all cores have halted, every core that has not waits for another: for data from one that
// does not send, or for room in a path whose receiver does not read. Following one such edge per core ends in a core
// that halted, in the host, or in a cycle; the cycle is the deadlock.
#include "Deadlock.h"
#include "Names.h"
#include "RouterKey.h"

using namespace wafer;
using namespace wafer::emulator;

namespace {
/// Why a core waits, and for which PE; kNone: for the host.
struct Edge {
  std::string why;
  uint32_t pe = kNone;
};
} // namespace

static uint32_t meshPe(const VerifiedProgram &program, const RegionTables &region, uint32_t core) {
  const uint32_t index = core - region.firstCore;
  return (region.y + index / region.w) * program.width + region.x + index % region.w;
}

static const RegionTables &regionOf(const ProgramTables &tables, uint32_t core) {
  for (const RegionTables &region : tables.regions)
    if (core - region.firstCore < region.cores)
      return region;
  return tables.regions.front();
}

std::string wafer::emulator::placeOf(const VerifiedProgram &program, const ProgramTables &tables, uint32_t core,
                                     uint32_t pc, bool isInCall, uint32_t site) {
  const RegionTables &region = regionOf(tables, core);
  std::string text =
      "PE " + place(program, meshPe(program, region, core)) + " of region '" + region.region->name() + "'";
  // Code of a function is there for what called it.
  if (!isInCall)
    site = region.location[pc];
  std::string node = site == kNone ? "" : program.image.manifest().strings(tables.sites[site].name);
  if (!node.empty())
    text += " in node '" + node + "'";
  return text + ", code word " + std::to_string(region.verified->code.instructions[pc].word);
}

/// Whom a sender waits for.
static Edge edgeOf(const VerifiedProgram &program, const HeldTrain &train) {
  Edge edge{"waits for room on " + colorName(program, train.pe, train.color) + " for " + std::to_string(train.total) +
                " wavelets",
            train.holder};
  if (train.stopped != kNone)
    edge.why += ", stopped at router " + place(program, train.stopped) + " whose switch does not take it";
  return edge;
}

/// Whom a receiver waits for.
static Edge edgeOf(const VerifiedProgram &program, const WaitingInput &input) {
  Edge edge{"waits for data on " + colorName(program, input.pe, input.color), input.source};
  if (!input.train)
    return edge;
  // The data is on its way but held: by its producer, or by another receiver of the same train.
  const HeldTrain &train = *input.train;
  if (train.isHeld && train.holder != input.pe && train.holder != kNone) {
    edge.why += ", held back because it also goes to PE " + place(program, train.holder);
    edge.pe = train.holder;
    return edge;
  }
  edge.pe = train.side == PortRamp ? train.pe : kNone;
  return edge;
}

static Edge edgeOf(const VerifiedProgram &program, const WaitingOp &op) {
  Edge edge;
  if (op.out) {
    edge = edgeOf(program, *op.out);
  } else {
    for (const WaitingInput &input : op.inputs)
      if (!input.hasWords || op.takesAll) {
        edge = edgeOf(program, input);
        break;
      }
  }
  if (op.thread)
    edge.why += " (thread " + std::to_string(op.thread) + ")";
  return edge;
}

Diagnostic wafer::emulator::deadlock(const VerifiedProgram &program, const ProgramTables &tables,
                                     const StuckCores &cores) {
  // Follow one edge per core from the first; the walk ends in a cycle, at the host, or at a core that is done.
  std::vector<std::string> lines;
  std::vector<uint32_t> seen(tables.cores, kNone);
  uint32_t at = cores.first;
  std::string end;
  size_t cycle = 0;
  while (true) {
    if (seen[at] != kNone) {
      cycle = seen[at];
      end = "the cycle closes";
      break;
    }
    seen[at] = static_cast<uint32_t>(lines.size());
    const WaitingCore core = cores.waiting(at);
    Edge edge = core.ops.empty() ? Edge{"waits for nothing"} : edgeOf(program, core.ops.front());
    const RegionTables &region = regionOf(tables, at);
    const std::vector<DecodedInstruction> &code = region.verified->code.instructions;
    const auto pc = core.pc ? *core.pc : static_cast<uint32_t>(core.ops.front().instruction - code.data());
    lines.push_back(placeOf(program, tables, at, pc, core.isInCall, core.site) + ": " + edge.why +
                    (edge.pe == kNone ? " from or to the host" : " at PE " + place(program, edge.pe)));
    if (edge.pe == kNone) {
      end = "and the host has no more data, or takes no more";
      break;
    }
    const uint32_t next = tables.coreOfPe[edge.pe];
    if (next == kNone) {
      end = "where no program runs";
      break;
    }
    if (!cores.isStuck(next)) {
      end = "and that PE has halted";
      break;
    }
    at = next;
  }
  std::string text = std::to_string(cores.count) + " of " + std::to_string(tables.cores) + " PEs wait for ever";
  constexpr size_t kMaxLines = 16;
  for (size_t i = cycle; i != lines.size(); ++i) {
    if (i - cycle == kMaxLines) {
      text += "\n  ... " + std::to_string(lines.size() - i) + " more";
      break;
    }
    text += "\n  " + lines[i];
  }
  text += "\n  " + end;
  return {ErrorCode::ProgramDeadlock, text,
          "a receive must precede the send that waits for it, or the send be asynchronous; counts sent and received "
          "must agree, control wavelets included"};
}

uint32_t wafer::emulator::sourceOf(const VerifiedProgram &program, uint32_t pe, uint8_t color, uint8_t side,
                                   const std::function<uint8_t(uint32_t)> &position) {
  for (size_t steps = 0; steps <= size_t(program.width) * program.height; ++steps) {
    if (side == PortRamp)
      return pe;
    uint32_t next;
    if (!neighborOf(program, pe, side, next))
      return kNone; // the host
    pe = next;
    const RouterSetup *setup = program.routes.at(color, pe);
    if (!setup)
      return kNone;
    side = setup->input[position(pe)];
  }
  return kNone;
}
