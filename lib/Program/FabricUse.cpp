#include "wafer/Program/FabricUse.h"

#include <algorithm>
#include <array>

using namespace wafer;
using namespace wafer::isa;

namespace {

struct Colors {
  unsigned received = 0, sent = 0; // how many
  bool operator==(const Colors &) const = default;
};

/// By thread: the most that an instruction that may still be at work on it takes.
using Threads = std::array<Colors, 16>;

Colors colorsOf(const Instruction &i) {
  if (i.opcode == Opcode::Recvw)
    return {1, 0};
  Colors colors;
  if (i.opcode == Opcode::Vec)
    for (size_t k = 0; k != i.operands.size(); ++k)
      if (i.operands[k].kind == OperandKind::Fabric)
        ++(k == 0 ? colors.sent : colors.received);
  return colors;
}

/// Which threads may be at work before each instruction, along all ways through the code: a function is entered from
/// all its calls and returns to all.
class Flow {
public:
  explicit Flow(const DecodedCode &code) : code(code), before(code.instructions.size()), known(before.size()) {
    for (uint32_t i = 0; i + 1 < code.instructions.size(); ++i)
      if (code.instructions[i].i.opcode == Opcode::Call)
        returns.push_back(i + 1);
    reach(code.entry, {});
    while (!open.empty()) {
      const uint32_t at = open.back();
      open.pop_back();
      leave(at, after(at));
    }
  }

  /// Nothing of what no way leads to.
  Threads at(uint32_t instruction) const { return before[instruction]; }

private:
  Threads after(uint32_t at) const {
    const Instruction &i = code.instructions[at].i;
    Threads threads = before[at];
    if (i.opcode == Opcode::Wait)
      threads[i.thread % threads.size()] = {};
    else if (i.opcode == Opcode::Vec && i.thread != 0)
      threads[i.thread % threads.size()] = colorsOf(i);
    return threads;
  }

  void leave(uint32_t at, const Threads &threads) {
    const DecodedInstruction &d = code.instructions[at];
    switch (d.i.opcode) {
    case Opcode::Halt:
      return;
    case Opcode::Ret:
      for (uint32_t next : returns)
        reach(next, threads);
      return;
    case Opcode::Jmp:
    case Opcode::Call:
      return reach(d.target, threads);
    case Opcode::Beq:
    case Opcode::Bne:
    case Opcode::Blt:
    case Opcode::Bge:
      reach(d.target, threads);
      break;
    default:
      break;
    }
    if (at + 1 < before.size())
      reach(at + 1, threads);
  }

  void reach(uint32_t at, const Threads &threads) {
    bool more = !known[at];
    for (size_t t = 0; t != threads.size(); ++t) {
      Colors &now = before[at][t];
      const Colors most{std::max(now.received, threads[t].received), std::max(now.sent, threads[t].sent)};
      more |= !(most == now);
      now = most;
    }
    known[at] = true;
    if (more)
      open.push_back(at);
  }

  const DecodedCode &code;
  std::vector<Threads> before; // by instruction
  std::vector<bool> known;
  std::vector<uint32_t> returns, open;
};

void raise(Peak &peak, unsigned count, uint32_t word) {
  if (count > peak.count)
    peak = {count, word};
}

} // namespace

FabricUse wafer::fabricUseOf(const DecodedCode &code) {
  FabricUse use;
  const Flow flow(code);
  for (uint32_t at = 0; at != code.instructions.size(); ++at) {
    const DecodedInstruction &d = code.instructions[at];
    const Colors own = colorsOf(d.i);
    Colors all = own;
    const Threads threads = flow.at(at);
    for (size_t t = 0; t != threads.size(); ++t)
      if (t != d.i.thread) { // the one before it on its thread has ended
        all.received += threads[t].received;
        all.sent += threads[t].sent;
      }
    raise(use.operands, own.received, d.word);
    if (own.received)
      raise(use.received, all.received, d.word);
    if (own.sent)
      raise(use.sent, all.sent, d.word);
  }
  return use;
}

FabricLack wafer::fabricLackOf(const FabricUse &use, const Profile &profile) {
  auto lacks = [](const Peak &peak, int has) { return has > 0 && peak.count > static_cast<unsigned>(has); };
  auto of = [](const Peak &peak, const char *does, int has, const char *what, const char *figure) {
    return FabricLack{does + std::to_string(peak.count) + " colors at once, and a core has " + std::to_string(has) +
                          what + (has == 1 ? "" : "s"),
                      figure, peak.word};
  };
  if (lacks(use.operands, profile.fabricInputs))
    return {"one instruction receives on " + std::to_string(use.operands.count) + " colors, and a core's may on " +
                std::to_string(profile.fabricInputs),
            "core.fabric_inputs", use.operands.word};
  if (lacks(use.received, profile.inputQueues))
    return of(use.received, "receives on ", profile.inputQueues, " input queue", "fabric.input_queues");
  if (lacks(use.sent, profile.outputQueues))
    return of(use.sent, "sends on ", profile.outputQueues, " output queue", "fabric.output_queues");
  return {};
}
