// The cores of a region run by class: PEs that stand at the same instruction are one context, and its scalars are
// values over them (Value.h).
//
// A branch that PEs do not agree on splits a context into some that do. A set is columns times rows, so one branch may
// leave more than two: a corner against the rest is a corner, the rest of its row, and the other rows. Contexts that
// meet at an instruction, with the same calls behind them, are one again if what they hold together is columns times
// rows. So that they meet, the one that is first in the program runs: at an `if` both sides come to its end before
// anyone goes on behind it, and who is inside a call returns before anyone goes on behind the call.
//
// What instructions do to memory, to the fabric and to clocks is the client's. Any error ends the run by class: the
// engine that runs PE by PE starts again, and it says what is wrong. So nothing here has to know which PE fails first.
#ifndef WAFER_LIB_EMULATOR_CLASSES_CONTEXTS_H
#define WAFER_LIB_EMULATOR_CLASSES_CONTEXTS_H

#include "../Scalars.h"
#include "Context.h"

#include "wafer/Program/Verify.h"
#include "wafer/Support/Diagnostic.h"

#include <memory>
#include <span>
#include <vector>

namespace wafer::emulator {

/// How a vector instruction began.
enum class Issue : uint8_t {
  Done,   // the context goes on
  Waits,  // it goes on once it is woken
  Stalls, // nothing was done: again after retry()
  Failed,
};

class ContextClient {
public:
  virtual ~ContextClient() = default;
  // False, and Issue::Failed, end the run: the client knows why. None of these may run contexts.

  /// Reads `bytes` (2 or 4) at a byte address that need not be aligned or within bounds.
  virtual bool load(Context &, const Value &address, unsigned bytes, bool signExtend, Value &out) = 0;
  virtual bool store(Context &, const Value &address, const Value &word) = 0;
  /// Vec or Recvw.
  virtual Issue vector(Context &, const DecodedInstruction &) = 0;
  /// Until a thread other than 0 is idle. If the context waits, the instruction's own cost is pending when it is woken.
  virtual Issue wait(Context &, uint8_t thread) = 0;
  /// Its state is Halted, its time is pending; afterwards it is gone.
  virtual void halted(Context &) = 0;
  /// Adds the pending time to the clocks of the context's PEs, and leaves none.
  virtual void settle(Context &) = 0;
  /// The context, outside of calls, comes to code of another site than Context::location, at this very time; kNone
  /// after a halt.
  virtual void located(Context &, uint32_t location) = 0;
  virtual void failed(const Context &, ErrorCode) = 0;
  /// Asked now and then, all time settled: the run is not wanted any more, or runs too long.
  virtual bool cancelled(Context &) = 0;
};

class Contexts {
public:
  static constexpr uint32_t kNone = ~0u;

  /// `locations` has a site for each instruction, or kNone; it and the region outlive this.
  Contexts(const VerifiedRegion &region, uint32_t width, uint32_t height, const ScalarCosts &costs,
           std::span<const uint32_t> locations, ContextClient &client);

  /// All PEs at the program's beginning, in one context. More than `stepLimit` steps of a PE are a failure.
  void start(uint64_t stepLimit = UINT64_MAX);
  /// Runs ready contexts until all others wait, stall or have halted, or until a failure. True if an instruction was
  /// executed.
  bool run();
  /// What a context waited for has happened.
  void wake(Context &context);
  /// Stalled contexts may be able to go on.
  void retry();
  /// Some of the PEs of one that waits or stalls, whole rows or columns of it, go on without the others.
  void part(Context &context, const PeSet &some);

  /// Those that have not halted. Their places last; a ready one may vanish in run(), into another.
  const std::vector<std::unique_ptr<Context>> &all() const { return contexts; }
  bool stopped() const { return stop; }
  uint64_t instructions() const { return executed; } // of all PEs
  uint64_t splits() const { return splitCount; }
  uint64_t merges() const { return mergeCount; } // contexts that went into another

private:
  // Contexts.cpp
  Context *pick();
  void runWhileFirst(Context &context);
  uint32_t fenceFor(const Context &context) const;
  void remove(const Context &context);

  // SplitMerge.cpp
  void split(Context &context, const Value &taken, uint32_t target);
  bool mergeWith(Context &context);
  void mergeInto(Context &into, std::span<Context *const> others, PeSet set);

  // Step.cpp
  bool step(Context &context);
  bool computed(Context &context, unsigned rd, Value value);
  bool jump(Context &context, bool taken, uint32_t target);
  bool branch(Context &context, const Value &taken, uint32_t target);
  bool divide(Context &context, const isa::Instruction &i, const Value &by);
  bool access(Context &context, const isa::Instruction &i);
  bool issued(Context &context, Issue issue, bool before);
  bool fail(const Context &context, ErrorCode code);

  const std::vector<DecodedInstruction> &code;
  const uint32_t entry, width, height;
  const ScalarCosts costs;
  const std::span<const uint32_t> locations;
  ContextClient &client;
  const Value xs, ys; // coordinates

  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<Context *> here;   // those that stand where the first one stands
  size_t pes = 0;                // of the one that runs
  const Context *next = nullptr; // the first of those behind the one that runs
  uint32_t fence = 0;            // where the one that runs is not before `next` any more, in its current call
  bool stop = false;
  bool changed = false;  // contexts have become ready, or there are others: look again who is first
  bool progress = false; // an instruction was executed
  uint64_t stepLimit = UINT64_MAX, ticks = 0;
  uint64_t executed = 0, splitCount = 0, mergeCount = 0;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_CONTEXTS_H
