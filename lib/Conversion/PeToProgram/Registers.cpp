// Linear-scan register allocation.
//
// Values of structured code have one interval each: from definition to last use, extended to the end of every loop that
// they enter from outside. A core has 23 registers for a function and kernels are small, so intervals almost always
// fit. When they do not, one interval is given up and all is tried again, so that the common case stays simple:
//   * what can be made again from nothing (constants, table entries, coordinates) is first placed before the outermost
//     loop that uses it; given up once, right where its uses meet; given up twice, before each use;
//   * anything else is stored after each definition and loaded before each use, in the program's static frame.
// What is left of a value that was given up is too short to be given up again, and no instruction reads more registers
// than there are: the process ends.
//
// In main, what lives across a call takes r24..r31, which functions keep.
#include "MachineCode.h"

#include "wafer/Support/MlirDiagnostic.h"

#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::machine;

namespace {
/// Eight points of time per instruction. What is put before or after one is a sequence at one time: there, definitions
/// count from its start and uses to its end.
enum Point { BeforeDef = 1, BeforeUse = 2, Use = 4, Def = 5, AfterDef = 6, AfterUse = 7 };
int64_t at(size_t inst, Point point) { return int64_t(inst) * 8 + point; }

struct Interval {
  int64_t start = INT64_MAX, end = -1;
  bool isTiny = false; // given up already

  bool isEmpty() const { return end < 0; }
  void add(int64_t time) {
    start = std::min(start, time);
    end = std::max(end, time);
  }
};

/// One try, with the levels at which values have been given up so far.
class Attempt {
public:
  Attempt(const Function &f, const std::vector<unsigned> &levels)
      : insts(f.insts), before(f.insts.size()), after(f.insts.size()), vregs(f.vregs), f(f), levels(levels) {}

  /// The register to give up next, kNoVreg if all is well; nothing if none can be.
  std::optional<Vreg> run();
  void writeBack(Function &function);

private:
  Vreg newTiny(int fixed = -1) {
    vregs.push_back({{}, fixed, kNoVreg});
    return vregs.size() - 1;
  }
  void indexUses();
  void placeOrigin(Vreg vreg);
  void spill(Vreg vreg);
  int rangeOf(size_t inst) const { return innermost[inst]; }
  void findIntervals();
  std::optional<Vreg> scan();
  uint32_t allowed(const Interval &interval) const;

  std::vector<Inst> insts;
  std::vector<std::vector<Inst>> before, after;
  std::vector<VregInfo> vregs;
  std::vector<std::vector<size_t>> users; // instructions, by register of the function
  std::vector<int> innermost;
  std::vector<Interval> intervals;
  std::vector<int> assigned;
  std::vector<size_t> calls;
  unsigned frameWords = 0;
  const Function &f;
  const std::vector<unsigned> &levels;
};
} // namespace

void Attempt::indexUses() {
  users.resize(f.vregs.size());
  for (size_t i = 0; i != insts.size(); ++i) {
    if (insts[i].isCall)
      calls.push_back(i);
    for (Ref &ref : insts[i].refs)
      if (users[ref.vreg].empty() || users[ref.vreg].back() != i)
        users[ref.vreg].push_back(i);
  }
  innermost.resize(insts.size());
  for (size_t r = 0; r != f.ranges.size(); ++r) // parents first
    for (size_t i = f.ranges[r].begin; i != f.ranges[r].end; ++i)
      innermost[i] = r;
}

/// Where a constant, parameter or coordinate is made.
void Attempt::placeOrigin(Vreg vreg) {
  const std::vector<size_t> &uses = users[vreg];
  if (uses.empty())
    return;
  Origin origin = vregs[vreg].origin;
  if (levels[vreg] >= 2) {
    for (size_t use : uses) {
      Vreg tiny = newTiny();
      before[use].push_back(materialize(f, origin, tiny, insts[use].site));
      for (Ref &ref : insts[use].refs)
        if (ref.vreg == vreg)
          ref.vreg = tiny;
    }
    return;
  }
  auto isAncestor = [&](int outer, int inner) {
    while (inner > outer) // parents have smaller numbers
      inner = f.ranges[inner].parent;
    return inner == outer;
  };
  int common = rangeOf(uses.front());
  for (size_t use : uses)
    while (!isAncestor(common, rangeOf(use)))
      common = f.ranges[common].parent;
  size_t place = uses.front();
  for (int r = rangeOf(place); r != common; r = f.ranges[r].parent)
    place = f.ranges[r].before;
  if (levels[vreg] == 0)
    for (int r = common; r >= 0; r = f.ranges[r].parent)
      if (f.ranges[r].isLoop)
        place = f.ranges[r].before;
  before[place].push_back(materialize(f, origin, vreg, insts[uses.front()].site));
}

/// Keeps a value in the frame instead of a register.
void Attempt::spill(Vreg vreg) {
  int slot = frameWords++;
  for (size_t use : users[vreg]) {
    Vreg loaded = kNoVreg;
    auto address = [&](Vreg to) {
      Inst inst;
      inst.i = loadImmediate(0, 0);
      inst.fixUp = FixUp::Frame;
      inst.target = slot;
      inst.site = insts[use].site;
      inst.refs.push_back({Slot::Rd, 0, to, true});
      return inst;
    };
    auto access = [&](isa::Opcode opcode, Vreg value, Vreg base) {
      Inst inst;
      inst.i.opcode = opcode;
      inst.site = insts[use].site;
      inst.refs.push_back({Slot::Rd, 0, value, opcode == isa::Opcode::Ldw});
      inst.refs.push_back({Slot::Ra, 0, base, false});
      return inst;
    };
    for (Ref &ref : insts[use].refs) {
      if (ref.vreg != vreg)
        continue;
      if (ref.isDef) {
        ref.vreg = newTiny(vregs[vreg].fixed);
        Vreg base = newTiny();
        after[use].push_back(address(base));
        after[use].push_back(access(isa::Opcode::Stw, ref.vreg, base));
      } else {
        if (loaded == kNoVreg) {
          loaded = newTiny();
          before[use].push_back(address(loaded));
          before[use].push_back(access(isa::Opcode::Ldw, loaded, loaded));
        }
        ref.vreg = loaded;
      }
    }
  }
}

void Attempt::findIntervals() {
  intervals.resize(vregs.size());
  for (size_t v = f.vregs.size(); v != vregs.size(); ++v)
    intervals[v].isTiny = true;
  auto add = [&](const Inst &inst, int64_t use, int64_t def) {
    for (const Ref &ref : inst.refs)
      intervals[ref.vreg].add(ref.isDef ? def : use);
  };
  for (size_t i = 0; i != insts.size(); ++i) {
    for (const Inst &inst : before[i])
      add(inst, at(i, BeforeUse), at(i, BeforeDef));
    add(insts[i], at(i, Use), at(i, Def));
    for (const Inst &inst : after[i])
      add(inst, at(i, AfterUse), at(i, AfterDef));
  }
  // Into loops from outside: needed again in the next iteration. Inner loops have larger numbers.
  auto extend = [&](Vreg vreg, size_t use) {
    Interval &interval = intervals[vreg];
    for (int r = rangeOf(use); r >= 0; r = f.ranges[r].parent)
      if (f.ranges[r].isLoop && interval.start < at(f.ranges[r].begin, Use))
        interval.end = std::max(interval.end, at(f.ranges[r].end - 1, Use));
  };
  for (size_t i = 0; i != insts.size(); ++i) {
    for (const Inst &inst : before[i])
      for (const Ref &ref : inst.refs)
        extend(ref.vreg, i);
    for (const Ref &ref : insts[i].refs)
      extend(ref.vreg, i);
  }
}

/// Registers that an interval may take, as bits.
uint32_t Attempt::allowed(const Interval &interval) const {
  auto bits = [](unsigned from, unsigned to) { return uint32_t((uint64_t(1) << to) - (uint64_t(1) << from)); };
  if (!f.isMain)
    return bits(1, isa::kFirstCalleeSaved);
  for (size_t call : calls)
    if (interval.start < at(call, Use) && interval.end > at(call, Use))
      return bits(isa::kFirstCalleeSaved, isa::kScalarRegisters);
  return bits(isa::kFirstArgument + isa::kMaxArguments, isa::kScalarRegisters);
}

std::optional<Vreg> Attempt::scan() {
  std::vector<Vreg> order, active;
  for (size_t v = 0; v != vregs.size(); ++v)
    if (!intervals[v].isEmpty())
      order.push_back(v);
  llvm::sort(order, [&](Vreg a, Vreg b) {
    return std::make_pair(intervals[a].start, a) < std::make_pair(intervals[b].start, b);
  });
  assigned.assign(vregs.size(), -1);
  for (Vreg vreg : order) {
    llvm::erase_if(active, [&](Vreg other) { return intervals[other].end < intervals[vreg].start; });
    uint32_t wanted = allowed(intervals[vreg]), taken = 0;
    for (Vreg other : active)
      taken |= 1u << assigned[other];
    if (vregs[vreg].fixed >= 0)
      wanted = 1u << vregs[vreg].fixed; // the caller's: free at the entry, where these start
    if (uint32_t free = wanted & ~taken) {
      int hint = vregs[vreg].copyOf == kNoVreg ? -1 : assigned[vregs[vreg].copyOf];
      assigned[vreg] = hint >= 0 && (free >> hint & 1) ? hint : llvm::countr_zero(free);
      active.push_back(vreg);
      continue;
    }
    // Give up what lives longest among those in the way, rather what can be made again.
    Vreg victim = kNoVreg;
    active.push_back(vreg);
    for (Vreg other : active) {
      bool isInTheWay = other == vreg || (wanted >> assigned[other] & 1);
      if (!isInTheWay || intervals[other].isTiny || other == f.table)
        continue;
      auto rank = [&](Vreg v) { return std::make_tuple(vregs[v].origin.kind != Origin::None, intervals[v].end, v); };
      if (victim == kNoVreg || rank(other) > rank(victim))
        victim = other;
    }
    if (victim == kNoVreg)
      return std::nullopt;
    return victim;
  }
  return kNoVreg;
}

std::optional<Vreg> Attempt::run() {
  indexUses();
  for (size_t v = 0; v != f.vregs.size(); ++v) {
    if (f.vregs[v].origin.kind != Origin::None)
      placeOrigin(v);
    else if (levels[v] > 0)
      spill(v);
  }
  findIntervals();
  return scan();
}

static void setRegister(isa::Instruction &i, const Ref &ref, unsigned reg) {
  switch (ref.slot) {
  case Slot::Rd:
    i.rd = reg;
    break;
  case Slot::Ra:
    i.ra = reg;
    break;
  case Slot::Rb:
    i.rb = reg;
    break;
  case Slot::Base:
    i.base = reg;
    break;
  case Slot::Extent0:
    i.extents[ref.index] = isa::Operand::reg(reg);
    break;
  case Slot::Lower0:
    i.lower[ref.index] = isa::Operand::reg(reg);
    break;
  case Slot::Vector0:
    i.operands[ref.index] = isa::VectorOperand::reg(reg);
    break;
  }
}

void Attempt::writeBack(Function &function) {
  std::vector<Inst> out;
  std::vector<size_t> newIndex(insts.size() + 1);
  auto append = [&](Inst &inst) {
    for (const Ref &ref : inst.refs)
      setRegister(inst.i, ref, assigned[ref.vreg]);
    // A copy of what is there already.
    const isa::Instruction &i = inst.i;
    if (i.opcode == isa::Opcode::Addi && i.rd == i.ra && i.imm == 0 && !inst.refs.empty())
      inst.isMarker = true;
    inst.refs.clear();
    out.push_back(std::move(inst));
  };
  for (size_t i = 0; i != insts.size(); ++i) {
    newIndex[i] = out.size();
    for (Inst &inst : before[i])
      append(inst);
    append(insts[i]);
    for (Inst &inst : after[i])
      append(inst);
  }
  newIndex[insts.size()] = out.size();
  function.insts = std::move(out);
  for (size_t &label : function.labels)
    if (label != ~size_t(0))
      label = newIndex[label];
  function.ranges.clear();
  function.frameWords = frameWords;
}

LogicalResult machine::allocateRegisters(Function &function) {
  std::vector<unsigned> levels(function.vregs.size());
  while (true) {
    Attempt attempt(function, levels);
    std::optional<Vreg> victim = attempt.run();
    if (!victim)
      return emitError(function.location,
                       {ErrorCode::CodeNotAssembled,
                        "function @" + function.name + " needs more registers at once than a core has",
                        "this is a bug in waferc"});
    if (*victim == kNoVreg) {
      attempt.writeBack(function);
      return success();
    }
    ++levels[*victim];
  }
}
