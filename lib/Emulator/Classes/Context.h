// What a core is in the middle of, for all PEs of a set at once.
#ifndef WAFER_LIB_EMULATOR_CLASSES_CONTEXT_H
#define WAFER_LIB_EMULATOR_CLASSES_CONTEXT_H

#include "../Ticks.h"
#include "Value.h"

#include "wafer/Program/Instruction.h"

#include <algorithm>

namespace wafer::emulator {

/// PEs that stand at one instruction, with one stack of calls behind them.
struct Context {
  enum State : uint8_t {
    Ready,
    Waiting, // an instruction is in flight; woken by the client
    Stalled, // at an instruction that cannot begin yet; tried again when the client says so
    Halted,
  };
  /// Rank of a nest or a descriptor whose PEs do not agree on it: used before it is set again, the run by class ends.
  static constexpr int8_t kMixedRank = -1;

  State state = Ready;
  uint8_t depth = 0; // of calls
  int8_t nestRank = 0;
  uint32_t pc = 0;                      // index of the next instruction
  uint32_t calls[isa::kCallDepth] = {}; // where to go on after each call
  PeSet set;
  Value nest[isa::kMaxRank];
  struct {
    int8_t rank = 0; // 0: unset
    Value base;      // byte address
    Value stride[isa::kMaxRank];
  } descriptors[isa::kDescriptorRegisters];
  Ticks pending = 0;       // scalar time that no clock of a PE has yet
  uint32_t location = ~0u; // the site that the PEs work on
  uint64_t steps = 0;      // instructions and vector elements, at least as many as any PE has done

  /// A register in the cheapest form that is right on the set.
  const Value &reg(unsigned r) {
    Value &value = regs[r];
    if (!value.isUniform() && (stale >> r & 1)) {
      value = value.resolved(set);
      stale &= ~(1u << r);
    }
    return value;
  }
  void setReg(unsigned r, Value value) {
    if (r)
      regs[r] = std::move(value);
  }
  Value operand(const isa::Operand &o) { return o.isRegister ? reg(o.value) : Value(o.value); }

  bool sameCalls(const Context &other) const {
    return depth == other.depth && std::equal(calls, calls + depth, other.calls);
  }

private:
  friend class Contexts;
  Value regs[isa::kScalarRegisters]; // the first stays 0
  uint32_t stale = 0;                // registers that a split or a merge left in a form that may not be the cheapest
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_CONTEXT_H
