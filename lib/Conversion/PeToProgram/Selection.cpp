// From pe IR to instructions on virtual registers.
//
// What saves words here: constants go into fields; a comparison that only branches use is the branch; loops test at
// the end, with a test before only if they may run never; an address that moves with a loop is a register that moves,
// and a counter that then nobody reads counts down to zero; a descriptor or nest that an earlier instruction on every
// path has set up is not set up again. For the last, `State` follows the descriptor registers along the straight line;
// at a join it keeps what both sides agree on. A loop begins with what is pinned for all of its duration: descriptors
// and a nest that do not change in it, set up once before it.
#include "MachineCode.h"

#include "wafer/Dialect/Pe/CodeSize.h"
#include "wafer/Program/Assembler.h"

#include "llvm/ADT/TypeSwitch.h"
#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::machine;
using namespace wafer::pe;
using isa::Opcode;

isa::Instruction machine::loadImmediate(unsigned rd, int32_t value) {
  isa::Instruction i;
  i.opcode = llvm::isInt<19>(value) ? Opcode::Li : Opcode::Liw;
  i.rd = rd;
  i.imm = value;
  return i;
}

Inst machine::materialize(const Function &function, Origin origin, Vreg vreg, int site) {
  Inst inst;
  inst.site = site;
  inst.isPure = true;
  switch (origin.kind) {
  case Origin::Constant:
    inst.i = loadImmediate(0, origin.value);
    break;
  case Origin::Param:
    inst.i.opcode = Opcode::Ldw;
    inst.fixUp = FixUp::Param;
    inst.target = origin.value;
    inst.refs.push_back({Slot::Ra, 0, function.table, false});
    break;
  case Origin::Coord:
    inst.i.opcode = Opcode::Coord;
    inst.i.imm = origin.value;
    break;
  case Origin::None:
    llvm_unreachable("only constants, parameters and coordinates can be made again");
  }
  inst.refs.push_back({Slot::Rd, 0, vreg, true});
  return inst;
}

namespace {
/// What a descriptor or nest is made of, in comparable form: constants and virtual registers.
using Key = SmallVector<int64_t, 8>;

/// A sum (or difference) base + scale * counter of a loop, in a register of its own.
struct Pointer {
  ScalarOp sum;
  Value base;
  int32_t scale;
};

struct State {
  std::array<std::optional<Key>, isa::kDescriptorRegisters> held;
  std::optional<Key> nest;
};

class Selector {
public:
  Selector(Function &function, Context &context) : f(function), context(context) {}

  void run(Block &body, bool isMain);

private:
  // Values.
  Vreg newVreg(Origin origin = {}) {
    f.vregs.push_back({origin, -1, kNoVreg});
    return f.vregs.size() - 1;
  }
  Vreg vregOf(Value value);
  /// `inst` moves a register to another: better the same.
  void hintCopy(const Inst &inst) {
    if (inst.refs.size() == 2 && f.vregs[inst.refs[0].vreg].origin.kind == Origin::None)
      f.vregs[inst.refs[1].vreg].copyOf = inst.refs[0].vreg;
  }
  void put(Inst &inst, Slot slot, Value value, unsigned index = 0);
  void putSize(Inst &inst, Slot slot, unsigned index, Value value);
  void define(Inst &inst, Value value) { inst.refs.push_back({Slot::Rd, 0, vregs[value] = newVreg(), true}); }
  void emit(Inst inst) {
    inst.site = site;
    f.insts.push_back(std::move(inst));
  }
  void marker() {
    Inst inst;
    inst.isMarker = true;
    emit(inst);
  }

  // Labels and ranges.
  int newLabel() {
    f.labels.push_back(~size_t(0));
    return f.labels.size() - 1;
  }
  void bind(int label) { f.labels[label] = f.insts.size(); }
  void emitTo(Inst inst, int label) {
    inst.fixUp = FixUp::Label;
    inst.target = label;
    emit(inst);
  }
  int openRange(bool isLoop, size_t before) {
    f.ranges.push_back({f.insts.size(), 0, range, isLoop, before});
    return range = f.ranges.size() - 1;
  }
  void closeRange() {
    f.ranges[range].end = f.insts.size();
    range = f.ranges[range].parent;
  }

  // Ops.
  void select(Block &block);
  void select(Operation &op);
  void selectScalar(ScalarOp op);
  void selectAccess(Opcode opcode, Value address, int64_t offset, Value stored, Value loaded);
  int siteOf(Operation &op);
  void selectCall(CallOp op);
  void selectFor(ForOp op);
  std::vector<Pointer> findPointers(ForOp op);
  void selectIf(IfOp op);
  void selectVec(VecOp op);
  void selectRecvWindow(RecvWindowOp op);

  // Descriptors.
  int64_t atom(Value value);
  Key keyOf(DescOp op);
  Key keyOf(OperandRange nest);
  void setNest(OperandRange nest);
  unsigned setDescriptor(DescOp op, unsigned busy);
  unsigned pinInvariants(ForOp op);
  struct Setup {
    std::optional<OperandRange> nest; // the first
    SmallVector<DescOp> descriptors;
  };
  Setup setupOf(Block::iterator from, Block::iterator to, unsigned depth);
  Setup setupOf(Block &block, unsigned depth) { return setupOf(block.begin(), block.end(), depth); }
  Setup meetOf(Setup a, const Setup &b);
  void setUpEarly(const Setup &setup);
  /// True if all are in registers, or can be, at this point of selection.
  bool isKnown(ValueRange values) const {
    return llvm::all_of(values, [&](Value value) {
      return value.getDefiningOp<ConstOp>() || value.getDefiningOp<ParamOp>() || value.getDefiningOp<CoordOp>() ||
             vregs.contains(value);
    });
  }

  void dropUnused();

  Function &f;
  Context &context;
  llvm::DenseMap<Value, Vreg> vregs;
  std::map<Origin, Vreg> origins;
  llvm::DenseSet<Operation *> moving; // additions that became registers that move with a loop
  State state;
  unsigned pinned = 0; // descriptor registers that the loops around keep
  unsigned nextDescriptor = 0;
  int range = 0, site = 0, functionSite = 0;
};
} // namespace

//===- Values -------------------------------------------------------------===//

Vreg Selector::vregOf(Value value) {
  Origin origin;
  if (std::optional<int32_t> constant = constantOf(value))
    origin = {Origin::Constant, *constant};
  else if (auto param = value.getDefiningOp<ParamOp>())
    origin = {Origin::Param, static_cast<int32_t>(param.getIndex())};
  else if (auto coord = value.getDefiningOp<CoordOp>())
    origin = {Origin::Coord, static_cast<int32_t>(coord.getAxis())};
  else
    return vregs.at(value);
  auto [at, isNew] = origins.try_emplace(origin, kNoVreg);
  if (isNew)
    at->second = newVreg(origin);
  return at->second;
}

/// A register operand; zero is r0.
void Selector::put(Inst &inst, Slot slot, Value value, unsigned index) {
  if (constantOf(value) != 0)
    inst.refs.push_back({slot, static_cast<uint8_t>(index), vregOf(value), false});
}

/// An extent, stride or corner.
void Selector::putSize(Inst &inst, Slot slot, unsigned index, Value value) {
  isa::Operand &operand = slot == Slot::Lower0 ? inst.i.lower[index] : inst.i.extents[index];
  std::optional<int32_t> constant = constantOf(value);
  if (constant && fitsField(Field::Size, *constant)) {
    operand = isa::Operand::imm(*constant);
    return;
  }
  operand = isa::Operand::reg(0);
  put(inst, slot, value, index);
}

//===- Scalars ------------------------------------------------------------===//

static Opcode registerForm(ScalarKind kind) {
  switch (kind) {
  case ScalarKind::Add:
    return Opcode::Add;
  case ScalarKind::Sub:
    return Opcode::Sub;
  case ScalarKind::Mul:
    return Opcode::Mul;
  case ScalarKind::Min:
    return Opcode::Min;
  case ScalarKind::Max:
    return Opcode::Max;
  case ScalarKind::And:
    return Opcode::And;
  case ScalarKind::Or:
    return Opcode::Or;
  case ScalarKind::Xor:
    return Opcode::Xor;
  case ScalarKind::Shl:
    return Opcode::Shl;
  case ScalarKind::Shr:
    return Opcode::Shr;
  case ScalarKind::Div:
    return Opcode::Div;
  case ScalarKind::Rem:
    return Opcode::Rem;
  case ScalarKind::Slt:
    return Opcode::Slt;
  case ScalarKind::Seq:
    return Opcode::Seq;
  }
  llvm_unreachable("unknown scalar operation");
}

/// The form whose second source is a constant; sub's is that of add, with the constant negated.
static Opcode immediateForm(ScalarKind kind) {
  switch (kind) {
  case ScalarKind::Add:
  case ScalarKind::Sub:
    return Opcode::Addi;
  case ScalarKind::Mul:
    return Opcode::Muli;
  case ScalarKind::Min:
    return Opcode::Mini;
  case ScalarKind::Max:
    return Opcode::Maxi;
  case ScalarKind::And:
    return Opcode::Andi;
  case ScalarKind::Or:
    return Opcode::Ori;
  case ScalarKind::Xor:
    return Opcode::Xori;
  case ScalarKind::Shl:
    return Opcode::Shli;
  case ScalarKind::Shr:
    return Opcode::Shri;
  case ScalarKind::Div:
    return Opcode::Divi;
  case ScalarKind::Rem:
    return Opcode::Remi;
  case ScalarKind::Slt:
    return Opcode::Slti;
  case ScalarKind::Seq:
    return Opcode::Seqi;
  }
  llvm_unreachable("unknown scalar operation");
}

void Selector::selectScalar(ScalarOp op) {
  if (isFusedCompare(op) || moving.contains(op))
    return;
  Inst inst;
  ScalarKind kind = op.getKind();
  inst.isPure = op.getSpeculatability() != Speculation::NotSpeculatable;
  std::optional<int32_t> a = constantOf(op.getA()), b = constantOf(op.getB());
  auto fits = [&](unsigned operand, std::optional<int32_t> constant) {
    // Zero is a register too, but an immediate makes equal code and reads better.
    return constant && fitsField(fieldOf(op->getOpOperand(operand)), *constant) &&
           fieldOf(op->getOpOperand(operand)) == Field::Immediate14;
  };
  if (fits(1, b)) {
    inst.i.opcode = immediateForm(kind);
    inst.i.imm = kind == ScalarKind::Sub ? -*b : *b;
    put(inst, Slot::Ra, op.getA());
  } else if (fits(0, a)) {
    inst.i.opcode = kind == ScalarKind::Sub   ? Opcode::Rsbi
                    : kind == ScalarKind::Slt ? Opcode::Sgti
                                              : immediateForm(kind);
    inst.i.imm = *a;
    put(inst, Slot::Ra, op.getB());
  } else {
    inst.i.opcode = registerForm(kind);
    put(inst, Slot::Ra, op.getA());
    put(inst, Slot::Rb, op.getB());
  }
  define(inst, op.getResult());
  emit(inst);
}

/// A load or store of [address + offset].
void Selector::selectAccess(Opcode opcode, Value address, int64_t offset, Value stored, Value loaded) {
  Inst inst;
  inst.i.opcode = opcode;
  inst.isPure = loaded != nullptr;
  std::optional<int32_t> constant = constantOf(address);
  if (constant && isa::Assembler::fitsImmediate(*constant + offset)) {
    inst.i.imm = *constant + offset; // from r0
  } else if (isa::Assembler::fitsImmediate(offset)) {
    inst.i.imm = offset;
    put(inst, Slot::Ra, address);
  } else {
    Inst load = materialize(f, {Origin::Constant, static_cast<int32_t>(offset)}, newVreg(), site), sum;
    sum.i.opcode = Opcode::Add;
    sum.isPure = true;
    Vreg base = newVreg();
    sum.refs.push_back({Slot::Rd, 0, base, true});
    sum.refs.push_back({Slot::Rb, 0, load.refs.back().vreg, false});
    put(sum, Slot::Ra, address);
    emit(load);
    emit(sum);
    inst.refs.push_back({Slot::Ra, 0, base, false});
  }
  if (loaded)
    define(inst, loaded);
  else
    put(inst, Slot::Rd, stored);
  emit(inst);
}

//===- Control ------------------------------------------------------------===//

void Selector::selectCall(CallOp op) {
  for (auto [k, operand] : llvm::enumerate(op.getOperands())) {
    Inst move;
    unsigned rd = isa::kFirstArgument + k;
    if (std::optional<int32_t> constant = constantOf(operand)) {
      move.i = loadImmediate(rd, *constant);
    } else if (auto coord = operand.getDefiningOp<CoordOp>()) {
      move.i.opcode = Opcode::Coord;
      move.i.rd = rd;
      move.i.imm = static_cast<int32_t>(coord.getAxis());
    } else {
      move.i.opcode = Opcode::Addi;
      move.i.rd = rd;
      put(move, Slot::Ra, operand);
    }
    emit(move);
  }
  if (op.getTable()) {
    Inst table;
    table.i = loadImmediate(isa::kTableRegister, 0);
    table.fixUp = FixUp::Table;
    table.target = context.tables.lookup(*op.getTable());
    emit(table);
  }
  Inst call;
  call.i.opcode = Opcode::Call;
  call.isCall = true;
  call.fixUp = FixUp::Function;
  call.target = context.functions.lookup(op.getCallee());
  emit(call);
  state = {};
}

/// True if the value is the same on every entry to the region and can be had before it.
static bool isInvariant(Value value, Region &region) {
  return value.getDefiningOp<ConstOp>() || value.getDefiningOp<ParamOp>() || value.getDefiningOp<CoordOp>() ||
         !region.isAncestor(value.getParentRegion());
}

/// Sets up before a loop what stays the same in it. Returns the descriptor registers that the loop keeps from now on.
unsigned Selector::pinInvariants(ForOp loop) {
  // One vector instruction of the loop may need up to four descriptors that change.
  constexpr unsigned kKeepFree = 5;
  bool hasCall = false, hasOtherNest = false;
  std::optional<OperandRange> nest;
  llvm::SetVector<Operation *> descriptors;
  auto isInvariant = [&](Value value) { return ::isInvariant(value, loop.getBody()); };
  loop.walk([&](Operation *op) {
    hasCall |= llvm::isa<CallOp>(op);
    OperandRange extents(nullptr, 0);
    if (auto vec = dyn_cast<VecOp>(op))
      extents = vec.getNest();
    else if (auto receive = dyn_cast<RecvWindowOp>(op))
      extents = receive.getNest();
    else
      return;
    hasOtherNest |= !llvm::all_of(extents, isInvariant) || (nest && !(*nest == extents));
    nest = extents;
    for (Value operand : op->getOperands())
      if (auto desc = operand.getDefiningOp<DescOp>(); desc && llvm::all_of(desc->getOperands(), isInvariant))
        descriptors.insert(desc);
  });
  if (hasCall) {
    state = {};
    return 0;
  }
  unsigned added = 0;
  for (Operation *desc : descriptors) {
    if (llvm::popcount(pinned | added) + kKeepFree >= isa::kDescriptorRegisters)
      break;
    added |= 1u << setDescriptor(cast<DescOp>(desc), added);
  }
  if (nest && !hasOtherNest)
    setNest(*nest);
  else
    state.nest.reset();
  pinned |= added;
  for (unsigned d = 0; d != isa::kDescriptorRegisters; ++d)
    if (!(pinned >> d & 1))
      state.held[d].reset();
  return added;
}

/// Sums base + counter * scale, and differences, that are better moved along than computed. Multiplying and adding
/// takes two words for the first sum on a product and one for each more, and one for a base that no field holds; moving
/// takes two for each.
std::vector<Pointer> Selector::findPointers(ForOp loop) {
  std::vector<Pointer> found;
  std::optional<int32_t> lower = constantOf(loop.getLower()), step = constantOf(loop.getStep());
  if (!lower || !step)
    return found;
  for (Operation *user : loop.getInductionVar().getUsers()) {
    auto product = dyn_cast<ScalarOp>(user);
    if (!product || product.getKind() != ScalarKind::Mul || product.getA() != loop.getInductionVar() ||
        !constantOf(product.getB()))
      continue;
    int32_t scale = *constantOf(product.getB());
    std::vector<Pointer> sums;
    int words = 1;
    int64_t stride = int64_t(scale) * *step;
    bool works = isa::Assembler::fitsImmediate(stride) && isa::Assembler::fitsImmediate(-stride);
    for (Operation *use : product->getUsers()) {
      auto sum = dyn_cast<ScalarOp>(use);
      bool isDifference = sum && sum.getKind() == ScalarKind::Sub && sum.getB() == product;
      if (!sum || (sum.getKind() != ScalarKind::Add && !isDifference) || sum.getA() == sum.getB()) {
        works = false;
        break;
      }
      Value base = sum.getA() == product ? sum.getB() : sum.getA();
      std::optional<int32_t> constant = constantOf(base);
      works &= isInvariant(base, loop.getBody()) && (constant || std::abs(int64_t(scale) * *lower) < 8192);
      words += constant && !fitsField(Field::Immediate14, *constant) ? 2 : 1;
      sums.push_back({sum, base, isDifference ? static_cast<int32_t>(-int64_t(scale)) : scale});
    }
    if (works && int(2 * sums.size()) <= words)
      llvm::append_range(found, sums);
  }
  return found;
}

void Selector::selectFor(ForOp op) {
  unsigned outerPinned = pinned;
  pinInvariants(op);
  std::optional<int32_t> lower = constantOf(op.getLower()), upper = constantOf(op.getUpper()),
                         step = constantOf(op.getStep());
  bool mayRunNever = !(lower && upper && *lower < *upper);
  Value induction = op.getInductionVar();
  std::vector<Pointer> pointers = findPointers(op);
  std::vector<Vreg> pointerRegisters;
  for (Pointer &pointer : pointers) {
    moving.insert(pointer.sum);
    pointerRegisters.push_back(vregs[pointer.sum.getResult()] = newVreg());
    Inst start;
    uint32_t first = uint32_t(pointer.scale) * uint32_t(*lower);
    if (std::optional<int32_t> base = constantOf(pointer.base)) {
      start.i = loadImmediate(0, static_cast<int32_t>(*base + first));
    } else {
      start.i.opcode = Opcode::Addi;
      start.i.imm = static_cast<int32_t>(first);
      put(start, Slot::Ra, pointer.base);
    }
    start.refs.push_back({Slot::Rd, 0, pointerRegisters.back(), true});
    hintCopy(start);
    emit(start);
  }
  bool counterIsRead = llvm::any_of(induction.getUsers(), [&](Operation *user) {
    return user->getNumResults() == 0 ||
           !llvm::all_of(user->getUsers(), [&](Operation *use) { return moving.contains(use); });
  });
  bool countsDown = lower && upper && step && *step > 0 && !mayRunNever && !counterIsRead;
  Vreg counter = vregs[induction] = newVreg();

  Inst init;
  if (countsDown || lower) {
    int64_t trips = countsDown ? (int64_t(*upper) - *lower + *step - 1) / *step : 0;
    init.i = loadImmediate(0, countsDown ? static_cast<int32_t>(trips) : *lower);
  } else {
    init.i.opcode = Opcode::Addi;
    put(init, Slot::Ra, op.getLower());
  }
  init.refs.push_back({Slot::Rd, 0, counter, true});
  hintCopy(init);
  emit(init);

  State before = state;
  int end = newLabel(), top = newLabel();
  openRange(true, f.insts.size());
  marker();
  auto branch = [&](Opcode opcode, int label) {
    Inst inst;
    inst.i.opcode = opcode;
    inst.refs.push_back({Slot::Ra, 0, counter, false});
    if (!countsDown)
      put(inst, Slot::Rb, op.getUpper());
    emitTo(inst, label);
  };
  if (mayRunNever)
    branch(Opcode::Bge, end);
  bind(top);
  select(op.getBody().front());
  site = siteOf(*op);
  for (auto [pointer, vreg] : llvm::zip_equal(pointers, pointerRegisters)) {
    Inst move;
    move.i.opcode = Opcode::Addi;
    move.i.imm = pointer.scale * *step;
    move.refs.push_back({Slot::Ra, 0, vreg, false});
    move.refs.push_back({Slot::Rd, 0, vreg, true});
    emit(move);
  }
  Inst next;
  next.refs.push_back({Slot::Ra, 0, counter, false});
  next.refs.push_back({Slot::Rd, 0, counter, true});
  if (countsDown || (step && fitsField(Field::Immediate14, *step))) {
    next.i.opcode = Opcode::Addi;
    next.i.imm = countsDown ? -1 : *step;
  } else {
    next.i.opcode = Opcode::Add;
    put(next, Slot::Rb, op.getStep());
  }
  emit(next);
  branch(countsDown ? Opcode::Bne : Opcode::Blt, top);
  closeRange();
  bind(end);
  if (mayRunNever)
    state = before; // holds nothing but what the loop kept; else what the last iteration left
  pinned = outerPinned;
}

/// What holds whichever way a branch went.
static void meet(State &into, const State &other) {
  for (auto [a, b] : llvm::zip_equal(into.held, other.held))
    if (a != b)
      a.reset();
  if (into.nest != other.nest)
    into.nest.reset();
}

/// What a piece of code sets up on every way through it, before it calls or loops.
Selector::Setup Selector::setupOf(Block::iterator from, Block::iterator to, unsigned depth) {
  Setup setup;
  bool nestIsKnown = false;
  unsigned left = 64; // ops to look at: far enough for code as it is made, and linear in all
  for (Operation &op : llvm::make_range(from, to)) {
    if (left-- == 0)
      break;
    if (auto branch = dyn_cast<IfOp>(op)) {
      if (depth && !branch.getThenRegion().empty() && !branch.getElseRegion().empty()) {
        Setup both = meetOf(setupOf(branch.getThenRegion().front(), depth - 1),
                            setupOf(branch.getElseRegion().front(), depth - 1));
        if (!nestIsKnown)
          setup.nest = both.nest;
        llvm::append_range(setup.descriptors, both.descriptors);
      }
      nestIsKnown = true; // or changed
      continue;
    }
    if (op.getNumRegions() || llvm::isa<CallOp>(op))
      break;
    auto vec = dyn_cast<VecOp>(op);
    auto receive = dyn_cast<RecvWindowOp>(op);
    if (!vec && !receive)
      continue;
    if (!nestIsKnown)
      setup.nest = vec ? vec.getNest() : receive.getNest();
    nestIsKnown = true;
    for (Value operand : op.getOperands())
      if (auto desc = operand.getDefiningOp<DescOp>())
        setup.descriptors.push_back(desc);
  }
  return setup;
}

Selector::Setup Selector::meetOf(Setup a, const Setup &b) {
  if (a.nest && (!b.nest || !isKnown(*a.nest) || !isKnown(*b.nest) || keyOf(*a.nest) != keyOf(*b.nest)))
    a.nest.reset();
  SmallVector<Key> wanted;
  for (DescOp desc : b.descriptors)
    if (isKnown(desc->getOperands()))
      wanted.push_back(keyOf(desc));
  llvm::erase_if(a.descriptors, [&](DescOp desc) {
    return !isKnown(desc->getOperands()) || !llvm::is_contained(wanted, keyOf(desc));
  });
  return a;
}

/// Sets up before a branch what each way after it would set up: once instead of twice.
void Selector::setUpEarly(const Setup &setup) {
  if (setup.nest)
    setNest(*setup.nest);
  constexpr int kAtMost = 4;
  unsigned busy = 0;
  for (DescOp desc : setup.descriptors)
    if (llvm::popcount(busy) < kAtMost)
      busy |= 1u << setDescriptor(desc, busy);
}

void Selector::selectIf(IfOp op) {
  auto hasCode = [](Region &region) { return !region.empty() && !region.front().empty(); };
  bool hasThen = hasCode(op.getThenRegion()), hasElse = hasCode(op.getElseRegion());
  if (!hasThen && !hasElse)
    return;
  // The branch goes around the first arm.
  bool whenTrue = !hasThen;
  Inst branch;
  auto compare = op.getCondition().getDefiningOp<ScalarOp>();
  if (compare && isFusedCompare(compare)) {
    bool isLess = compare.getKind() == ScalarKind::Slt;
    branch.i.opcode = isLess ? (whenTrue ? Opcode::Blt : Opcode::Bge) : (whenTrue ? Opcode::Beq : Opcode::Bne);
    put(branch, Slot::Ra, compare.getA());
    put(branch, Slot::Rb, compare.getB());
  } else {
    branch.i.opcode = whenTrue ? Opcode::Bne : Opcode::Beq;
    put(branch, Slot::Ra, op.getCondition());
  }
  constexpr unsigned kDepth = 3; // of branches that are looked into
  Setup first = setupOf(hasThen ? op.getThenRegion().front() : op.getElseRegion().front(), kDepth);
  setUpEarly(meetOf(first, hasThen && hasElse ? setupOf(op.getElseRegion().front(), kDepth)
                                              : setupOf(std::next(op->getIterator()), op->getBlock()->end(), kDepth)));
  int otherwise = newLabel(), end = newLabel();
  size_t at = f.insts.size();
  emitTo(branch, otherwise);
  State before = state;
  openRange(false, at);
  select(hasThen ? op.getThenRegion().front() : op.getElseRegion().front());
  if (!hasThen || !hasElse) {
    closeRange();
    bind(otherwise);
    meet(state, before);
    return;
  }
  Inst jump;
  jump.i.opcode = Opcode::Jmp;
  emitTo(jump, end);
  closeRange();
  bind(otherwise);
  std::swap(state, before);
  openRange(false, at);
  select(op.getElseRegion().front());
  closeRange();
  bind(end);
  meet(state, before);
}

//===- Vectors ------------------------------------------------------------===//

int64_t Selector::atom(Value value) {
  if (std::optional<int32_t> constant = constantOf(value))
    return *constant;
  return (int64_t(1) << 32) + vregOf(value);
}

Key Selector::keyOf(DescOp op) {
  Key key;
  for (Value operand : op->getOperands())
    key.push_back(atom(operand));
  return key;
}

Key Selector::keyOf(OperandRange nest) {
  Key key;
  for (Value extent : nest)
    key.push_back(atom(extent));
  return key;
}

void Selector::setNest(OperandRange nest) {
  Key key = keyOf(nest);
  if (state.nest == key)
    return;
  Inst inst;
  inst.i.opcode = Opcode::Nest;
  inst.i.rank = nest.size();
  for (auto [d, extent] : llvm::enumerate(nest))
    putSize(inst, Slot::Extent0, d, extent);
  emit(inst);
  state.nest = key;
}

/// The register that holds a descriptor; `busy` are those that the same instruction uses.
unsigned Selector::setDescriptor(DescOp op, unsigned busy) {
  Key key = keyOf(op);
  unsigned chosen = isa::kDescriptorRegisters;
  for (unsigned d = 0; d != isa::kDescriptorRegisters; ++d)
    if (state.held[d] == key)
      return d;
  // An empty one, else in turn, so that what was set up last stays longest.
  for (unsigned d = 0; d != isa::kDescriptorRegisters && chosen == isa::kDescriptorRegisters; ++d)
    if (!state.held[d] && !((pinned | busy) >> d & 1))
      chosen = d;
  while (chosen == isa::kDescriptorRegisters) {
    unsigned d = nextDescriptor++ % isa::kDescriptorRegisters;
    if (!((pinned | busy) >> d & 1))
      chosen = d;
  }
  Inst inst;
  inst.i.opcode = Opcode::Desc;
  inst.i.descriptor = chosen;
  inst.i.rank = op.getStrides().size();
  std::optional<int32_t> base = constantOf(op.getBase());
  if (base && fitsField(Field::Base, *base)) {
    inst.i.base = *base;
  } else {
    inst.i.baseIsRegister = true;
    put(inst, Slot::Base, op.getBase());
  }
  for (auto [d, stride] : llvm::enumerate(op.getStrides()))
    putSize(inst, Slot::Extent0, d, stride);
  emit(inst);
  state.held[chosen] = key;
  return chosen;
}

void Selector::selectVec(VecOp op) {
  setNest(op.getNest());
  Inst inst;
  inst.i.opcode = Opcode::Vec;
  inst.i.op = op.getKind();
  inst.i.type = static_cast<isa::ElementType>(op.getType());
  inst.i.thread = op.getThread();
  inst.i.control = static_cast<isa::Control>(op.getControl());
  unsigned busy = 0;
  for (auto [k, operand] : llvm::enumerate(std::array<Value, 4>{op.getDst(), op.getA(), op.getB(), op.getC()})) {
    if (!operand)
      continue;
    if (auto fabric = operand.getDefiningOp<FabricOp>()) {
      inst.i.operands[k] = isa::VectorOperand::fabric(fabric.getColor());
    } else if (auto desc = operand.getDefiningOp<DescOp>()) {
      unsigned d = setDescriptor(desc, busy);
      busy |= 1u << d;
      inst.i.operands[k] = isa::VectorOperand::desc(d);
    } else {
      inst.i.operands[k] = isa::VectorOperand::reg(0);
      put(inst, Slot::Vector0, operand, k);
    }
  }
  emit(inst);
}

void Selector::selectRecvWindow(RecvWindowOp op) {
  setNest(op.getNest());
  Inst inst;
  inst.i.opcode = Opcode::Recvw;
  inst.i.color = op.getColor();
  inst.i.rank = op.getNest().size();
  inst.i.descriptor = setDescriptor(op.getDst().getDefiningOp<DescOp>(), 0);
  for (unsigned d = 0; d != op.getNest().size(); ++d) {
    putSize(inst, Slot::Extent0, d, op.getBlock()[d]);
    putSize(inst, Slot::Lower0, d, op.getLower()[d]);
  }
  emit(inst);
}

//===- Functions ----------------------------------------------------------===//

int Selector::siteOf(Operation &op) {
  auto step = op.getAttrOfType<IntegerAttr>("step");
  int number = context.sites.number(nodeNameOf(op.getLoc()), step ? step.getInt() : kNoStep);
  return number ? number : functionSite;
}

void Selector::select(Operation &op) {
  site = siteOf(op);
  TypeSwitch<Operation *>(&op)
      .Case([&](ScalarOp scalar) { selectScalar(scalar); })
      .Case([&](LoadOp load) {
        selectAccess(Opcode::Ldw, load.getAddress(), static_cast<int64_t>(load.getOffset()), {}, load.getResult());
      })
      .Case([&](StoreOp store) {
        selectAccess(Opcode::Stw, store.getAddress(), static_cast<int64_t>(store.getOffset()), store.getValue(), {});
      })
      .Case([&](TrapOp trap) {
        Inst inst;
        inst.i.opcode = Opcode::Trap;
        inst.i.imm = context.traps.number(trap.getMessage()) - 1;
        put(inst, Slot::Ra, trap.getCondition());
        emit(inst);
      })
      .Case([&](WaitOp wait) {
        Inst inst;
        inst.i.opcode = Opcode::Wait;
        inst.i.thread = wait.getThread();
        emit(inst);
      })
      .Case([&](CallOp call) { selectCall(call); })
      .Case([&](ForOp loop) { selectFor(loop); })
      .Case([&](IfOp branch) { selectIf(branch); })
      .Case([&](VecOp vec) { selectVec(vec); })
      .Case([&](RecvWindowOp receive) { selectRecvWindow(receive); });
  // Constants, parameters, coordinates, colors and descriptors appear where they are used.
}

void Selector::select(Block &block) {
  for (Operation &op : block)
    select(op);
}

/// Instructions whose result nobody reads go.
void Selector::dropUnused() {
  std::vector<unsigned> uses(f.vregs.size());
  for (Inst &inst : f.insts)
    for (Ref &ref : inst.refs)
      uses[ref.vreg] += !ref.isDef;
  for (Inst &inst : llvm::reverse(f.insts)) {
    if (!inst.isPure || inst.isMarker || llvm::any_of(inst.refs, [&](Ref &ref) { return ref.isDef && uses[ref.vreg]; }))
      continue;
    for (Ref &ref : inst.refs)
      uses[ref.vreg] -= !ref.isDef;
    inst.refs.clear();
    inst.isMarker = true;
    inst.fixUp = FixUp::None;
  }
}

void Selector::run(Block &body, bool isMain) {
  f.isMain = isMain;
  site = functionSite = context.sites.number(nodeNameOf(f.location));
  f.ranges.push_back({0, 0, -1, false, 0});
  // The entry defines what the caller passes.
  marker();
  for (auto [k, argument] : llvm::enumerate(body.getArguments())) {
    Vreg vreg = vregs[argument] = newVreg();
    f.vregs[vreg].fixed = isa::kFirstArgument + k;
    f.insts[0].refs.push_back({Slot::Rd, 0, vreg, true});
  }
  bool readsTable = false;
  body.walk([&](ParamOp) { readsTable = true; });
  if (readsTable) {
    f.table = newVreg();
    f.vregs[f.table].fixed = isa::kTableRegister;
    f.insts[0].refs.push_back({Slot::Rd, 0, f.table, true});
  }
  marker(); // what is hoisted to the front comes after the entry
  select(body);
  site = functionSite;
  Inst last;
  last.i.opcode = isMain ? Opcode::Halt : Opcode::Ret;
  emit(last);
  f.ranges[0].end = f.insts.size();
  dropUnused();
}

Function machine::select(FuncOp op, Context &context) {
  Function function(op.getLoc());
  function.name = op.getSymName().str();
  Selector(function, context).run(op.getBody().front(), false);
  return function;
}

Function machine::select(MainOp op, Context &context) {
  Function function(op.getLoc());
  function.name = "main";
  Selector(function, context).run(op.getBody().front(), true);
  return function;
}
