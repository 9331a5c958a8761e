// What went wrong, in the words of the model: regions, PEs, colors by the name of their channel or stream, ONNX nodes.
//
// When nothing can run and not all cores have halted, every core that has not waits for another: for data from one that
// does not send, or for room in a path whose receiver does not read. Following one such edge per core ends in a core
// that halted, in the host, or in a cycle; the cycle is the deadlock.
#include "Engine.h"
#include "Names.h"

#include <algorithm>
#include <set>

using namespace wafer;
using namespace wafer::emulator;

/// "PE (3, 1) of region 'r' in node 'conv1', code word 17".
std::string Engine::describe(uint32_t index) const {
  const Core &core = cores[index];
  const RegionTables &region = tables.regions[core.region];
  const std::vector<DecodedInstruction> &code = region.verified->code.instructions;
  // The instruction in hand: a running core has moved on already.
  uint32_t pc = core.op                                  ? core.op->instruction - code.data()
                : core.state == Core::Running && core.pc ? core.pc - 1
                                                         : core.pc;
  pc = std::min<uint32_t>(pc, code.size() - 1);
  std::string text = "PE " + place(program, meshPe(core)) + " of region '" + region.region->name() + "'";
  // Code of a function is there for what called it.
  const uint32_t site = core.depth ? core.location : region.location[pc];
  std::string node = site == kNone ? "" : program.image.manifest().strings(tables.sites[site].name);
  if (!node.empty())
    text += " in node '" + node + "'";
  return text + ", code word " + std::to_string(code[pc].word);
}

/// Whom a receiver waits for.
uint32_t Engine::blockedOnEnd(const End &end, std::string &why) const {
  why = "waits for data on " + colorName(program, end.pe, end.color);
  if (end.cursor < end.legs.size()) {
    const Train &train = *end.legs[end.cursor].train;
    // The data is on its way but held: by its producer, or by another receiver of the same train.
    if (train.injected < train.produced) {
      std::string inner;
      uint32_t pe = blockedOnTrain(train, inner);
      if (pe != end.pe && pe != kNone) {
        why += ", held back because it also goes to PE " + place(program, pe);
        return pe;
      }
    }
    return train.stream->side == PortRamp ? train.stream->pe : kNone;
  }
  const RouterSetup *setup = program.routes.at(end.color, end.pe);
  if (!setup)
    return kNone;
  return fabric.sourceOf(end.pe, end.color, setup->input[fabric.position(end.pe, end.color)]);
}

/// Whom a sender waits for.
uint32_t Engine::blockedOnTrain(const Train &train, std::string &why) const {
  why = "waits for room on " + colorName(program, train.stream->pe, train.stream->color) + " for " +
        std::to_string(train.total) + " wavelets";
  if (train.stream->dynamic) {
    for (const TrainLeaf &leaf : train.leaves) {
      if (leaf.parked) {
        const RouterSetup *setup = program.routes.at(train.stream->color, leaf.pe);
        why += ", stopped at router " + place(program, leaf.pe) + " whose switch does not take it";
        return fabric.sourceOf(leaf.pe, train.stream->color,
                               setup->input[fabric.position(leaf.pe, train.stream->color)]);
      }
      if (leaf.base + train.total > leaf.end->settled + fabric.capacityFromSource(train, leaf))
        return leaf.end->pe;
    }
    return kNone;
  }
  const RouteLeaf *worst = nullptr;
  for (const RouteLeaf &leaf : train.stream->leaves)
    if (!worst || leaf.end->settled + leaf.capacity < worst->end->settled + worst->capacity)
      worst = &leaf;
  return worst ? worst->end->pe : kNone;
}

/// What a core that has not finished waits for, and for which PE.
std::string Engine::whatBlocks(uint32_t index, uint32_t &nextPe) const {
  const Core &core = cores[index];
  nextPe = kNone;
  std::vector<const Op *> running;
  if (core.op)
    running.push_back(core.op);
  if (core.threads)
    for (const Op *op : core.threads->op)
      if (op)
        running.push_back(op);
  std::string first;
  for (const Op *op : running) {
    std::string why;
    uint32_t pe = kNone;
    bool found = false;
    if (op->kind == Op::Send || (op->out && op->done == op->n)) {
      pe = blockedOnTrain(*op->out, why);
      found = true;
    } else {
      if (op->out && fabric.injectable(*op->out) <= op->done) {
        pe = blockedOnTrain(*op->out, why);
        found = true;
      }
      for (unsigned i = 0; !found && i != op->inputs; ++i) {
        const End &end = *op->in[i];
        bool has = end.cursor < end.legs.size() &&
                   end.legs[end.cursor].train->injected > end.consumed - end.legs[end.cursor].base;
        if (!has || op->kind == Op::Sink) {
          pe = blockedOnEnd(end, why);
          found = true;
        }
      }
    }
    if (op->thread)
      why += " (thread " + std::to_string(op->thread) + ")";
    if (first.empty()) {
      first = why;
      nextPe = pe;
    }
  }
  return first.empty() ? "waits for nothing" : first;
}

void Engine::reportStuck() {
  std::vector<uint32_t> stuck;
  for (uint32_t i = 0; i != cores.size(); ++i) {
    const Core &core = cores[i];
    bool busy = core.state != Core::Halted;
    if (core.threads)
      for (const Op *op : core.threads->op)
        busy |= op != nullptr;
    if (busy)
      stuck.push_back(i);
  }
  if (stuck.empty())
    return;
  // Follow one edge per core from the first; the walk ends in a cycle, at the host, or at a core that is done.
  std::vector<uint32_t> walk;
  std::vector<std::string> lines;
  std::vector<uint32_t> seen(cores.size(), kNone);
  uint32_t at = stuck.front();
  std::string end;
  size_t cycle = 0;
  while (true) {
    if (seen[at] != kNone) {
      cycle = seen[at];
      end = "the cycle closes";
      break;
    }
    seen[at] = walk.size();
    walk.push_back(at);
    uint32_t nextPe;
    std::string why = whatBlocks(at, nextPe);
    lines.push_back(describe(at) + ": " + why +
                    (nextPe == kNone ? " from or to the host" : " at PE " + place(program, nextPe)));
    if (nextPe == kNone) {
      end = "and the host has no more data, or takes no more";
      break;
    }
    uint32_t next = tables.coreOfPe[nextPe];
    if (next == kNone) {
      end = "where no program runs";
      break;
    }
    if (cores[next].state == Core::Halted && std::find(stuck.begin(), stuck.end(), next) == stuck.end()) {
      end = "and that PE has halted";
      break;
    }
    at = next;
  }
  std::string text = std::to_string(stuck.size()) + " of " + std::to_string(cores.size()) + " PEs wait for ever";
  constexpr size_t kMaxLines = 16;
  for (size_t i = cycle; i != lines.size(); ++i) {
    if (i - cycle == kMaxLines) {
      text += "\n  ... " + std::to_string(lines.size() - i) + " more";
      break;
    }
    text += "\n  " + lines[i];
  }
  text += "\n  " + end;
  failure =
      Diagnostic{ErrorCode::ProgramDeadlock, text,
                 "a receive must precede the send that waits for it, or the send be asynchronous; counts sent and "
                 "received must agree, control wavelets included"};
}

void Engine::reportLeftovers() {
  // Conservation: what was sent to a receiver was read there.
  if (const RouterState::Parked *parked = fabric.firstParked()) {
    const Train &train = *parked->train;
    failure = Diagnostic{ErrorCode::ProgramLeftover,
                         std::to_string(train.total) + " wavelets of PE " + place(program, train.stream->pe) + " on " +
                             colorName(program, train.stream->pe, train.stream->color) + " still wait at router " +
                             place(program, train.leaves[parked->leaf].pe) + ", whose switch never took them",
                         "a control wavelet is missing, or one too many was sent"};
    return;
  }
  if (const End *end = fabric.firstUnread()) {
    failure = Diagnostic{ErrorCode::ProgramLeftover,
                         std::to_string(end->enqueued - end->consumed) + " of " + std::to_string(end->enqueued) +
                             " wavelets on " + colorName(program, end->pe, end->color) + " were never read at PE " +
                             place(program, end->pe),
                         "counts sent and received must agree, control wavelets included"};
    return;
  }
  for (const Op &op : ops)
    if (op.host && op.done < op.n) {
      failure = Diagnostic{ErrorCode::ProgramOutputShort,
                           "the host's output lane at PE " + place(program, op.in[0]->pe) + " got " +
                               std::to_string(op.done) + " of " + std::to_string(op.n) + " words on " +
                               colorName(program, op.in[0]->pe, op.in[0]->color),
                           "the region's last column must send its whole block"};
      return;
    }
}
