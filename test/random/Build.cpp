// From routes and steps to code. Every PE's part of a step is assembled alone (branches are relative, so parts can be
// put one after another); a region's code chooses by coordinate where the parts of its PEs differ.
#include "RandomProgram.h"

#include "../unit/Emulator/TestProgram.h"
#include "wafer/Support/Random.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

using namespace wafer;
using namespace wafer::random_programs;
using namespace wafer::isa;
using test::desc, test::fabric, test::reg, test::none, test::I32, test::F32, test::E, test::R, test::W;

namespace {
// Memory of every PE: arrays of 64 words, all written before the first step; 4 has 0..63, 5 has -20..43, and nobody
// writes to these two and to the weights.
constexpr int kArrayWords = 64, kArrays = 8, kWeights = 8, kCode = 9;
constexpr uint32_t kBase = 40000, kSums = kBase + 4 * kArrayWords * 9, kDump = kSums + 64;
constexpr int kSumWords = kArrays + 1;
constexpr unsigned kFirstValue = 2, kLastValue = 10, kSize = 11, kAddress = 19, kId = 20, kTest = 21, kLoop = 22,
                   kLoaded = 23,
                   kOperand = 24; // registers; sizes from 11 on, operands from 24 on
constexpr unsigned kMoreThreads = 3;

uint32_t addressOf(int array) { return array == kCode ? 0 : kBase + 4u * kArrayWords * unsigned(array); }

/// Of a PE: the arrays that instructions on its threads use until it waits for them, as bits.
struct InUse {
  uint32_t read[kThreads] = {}, written[kThreads] = {};
};

class Builder {
public:
  explicit Builder(const RandomProgram &program)
      : program(program), test(program.width, program.height, program.profile),
        inUse(size_t(program.width) * program.height) {}
  Result<VerifiedProgram> run();

private:
  int pes() const { return program.width * program.height; }
  int xOf(int pe) const { return pe % program.width; }
  int yOf(int pe) const { return pe / program.width; }
  /// In some step.
  bool hasWork(int pe) const {
    return std::any_of(parts.begin() + 1, parts.end(), [&](const auto &step) { return !step[pe].empty(); });
  }

  // A PE's part of the code; `a`, `random`, `pe` and `step` are those of the part in hand.
  std::vector<uint32_t> part(const Step *step, int pe, bool prologue);
  void body();
  void prologue();
  void epilogue();
  void local(bool mayThread);
  void scalars();
  void branch();
  void speakers(const Route &route);
  void fault();
  void send(unsigned color, int n, unsigned thread, Control control = Control::None, bool quiet = false);
  void receive(unsigned color, int n, unsigned thread, bool extra = false);
  void window(unsigned color, int n);
  void vector(int n, std::vector<unsigned> inputs, int output, bool toMemory, unsigned thread,
              Control control = Control::None, bool quiet = false);
  VectorOperand memory(unsigned d, const std::vector<int> &extents, int array,
                       std::vector<std::function<void()>> &emit);
  std::vector<int> shape(int n);
  void use(uint32_t read, uint32_t written, unsigned thread);
  void waitFor(unsigned thread);
  void waitForAll();
  bool one(unsigned in) { return random.below(in) == 0; }
  int between(int low, int high) { return low + int(random.below(uint64_t(high - low + 1))); }
  unsigned someThread() { return step->threads && one(2) ? 1 + unsigned(random.below(kMoreThreads)) : 0; }

  void addRegion(int x, int y, int w, int h);
  void addRoutes();

  const RandomProgram &program;
  test::TestProgram test;
  std::vector<InUse> inUse;                                     // by PE
  std::vector<std::vector<std::vector<uint32_t>>> parts;        // by step, by PE
  static constexpr unsigned sums = 18, out = 19, unrouted = 20; // colors; those of the routes are below

  std::deque<std::vector<uint32_t>> kept; // bodies of functions

  Assembler a;
  Random random{0};
  const Step *step = nullptr;
  int pe = 0;
};
} // namespace

//===- Vector instructions ------------------------------------------------===//

void Builder::waitFor(unsigned thread) {
  a.wait(thread);
  inUse[pe].read[thread] = inUse[pe].written[thread] = 0;
}
void Builder::waitForAll() {
  for (unsigned thread = 1; thread != kThreads; ++thread)
    if (inUse[pe].read[thread] || inUse[pe].written[thread])
      waitFor(thread);
}
/// Before an instruction that uses these arrays.
void Builder::use(uint32_t read, uint32_t written, unsigned thread) {
  for (unsigned t = 1; t != kThreads; ++t)
    if (t != thread && ((inUse[pe].written[t] & (read | written)) || (inUse[pe].read[t] & written)))
      waitFor(t);
  if (thread)
    inUse[pe].read[thread] = read, inUse[pe].written[thread] = written;
}

/// Extents with this product.
std::vector<int> Builder::shape(int n) {
  if (n == 0)
    return one(2) ? std::vector{0} : std::vector{between(1, 3), 0};
  std::vector<int> extents{n};
  for (int rank = step->simple ? 1 : between(1, 4); rank > 1; --rank) {
    std::vector<int> divisors;
    for (int d = 1; d <= extents.back(); ++d)
      if (extents.back() % d == 0)
        divisors.push_back(d);
    const int d = divisors[random.below(divisors.size())];
    extents.back() /= d;
    extents.insert(extents.end() - 1, d);
  }
  return extents;
}

/// A descriptor over an array, with strides of any kind that stay inside.
VectorOperand Builder::memory(unsigned d, const std::vector<int> &extents, int array,
                              std::vector<std::function<void()>> &emit) {
  const int rank = int(extents.size());
  std::vector<int> strides(rank);
  auto span = [&](bool up) {
    int reach = 0;
    for (int k = 0; k != rank; ++k)
      if ((strides[k] > 0) == up)
        reach += std::abs(strides[k]) * (std::max(extents[k], 1) - 1);
    return reach;
  };
  for (int k = rank - 1, natural = 1; k >= 0; natural *= std::max(extents[k], 1), --k)
    strides[k] = step->simple || one(2) ? natural : one(3) ? 0 : between(-3, 3);
  for (int k = 0; span(true) + span(false) >= kArrayWords; ++k)
    strides[k] = 0;
  const uint32_t base =
      addressOf(array) + 4 * uint32_t(span(false) + between(0, kArrayWords - 1 - span(true) - span(false)));
  std::vector<Operand> sizes;
  for (int k = 0; k != rank; ++k) {
    if (!step->simple && one(6)) {
      const unsigned r = kSize + 2 * unsigned(k) + d % 2;
      emit.push_back([this, r, stride = strides[k]] { a.li(r, stride); });
      sizes.push_back(Operand::reg(r));
    } else {
      sizes.push_back(Operand::imm(strides[k]));
    }
  }
  const bool byRegister = !step->simple && one(4);
  emit.push_back([this, d, base, sizes, byRegister] {
    if (byRegister)
      a.li(kAddress, int32_t(base));
    a.desc(d, byRegister ? Assembler::Base::reg(kAddress) : Assembler::Base(base), Assembler::Sizes(sizes));
  });
  return desc(d);
}

/// One vector instruction: from these colors, to a color, to memory or nowhere. `quiet`: reads nothing that anyone
/// writes.
void Builder::vector(int n, std::vector<unsigned> inputs, int output, bool toMemory, unsigned thread, Control control,
                     bool quiet) {
  // Operations that fail on some values get operands that they do not fail on.
  std::vector<VectorOp> known;
  ElementType type = one(2) ? F32 : I32;
  for (const VectorOpInfo &info : kVectorOps)
    if (isDefinedOn(info.op, type) && info.arity >= inputs.size() &&
        (!step->simple || info.op == VectorOp::Mov || inputs.size() > 1))
      known.push_back(info.op);
  VectorOp op;
  bool checked, divides;
  do {
    op = known[random.below(known.size())];
    checked = op >= VectorOp::AddChecked && op <= VectorOp::CvtF32I32Checked;
    divides =
        type == I32 && (op == VectorOp::Div || op == VectorOp::Rem || op == VectorOp::DivU || op == VectorOp::RemU);
  } while ((!inputs.empty() && (checked || op == VectorOp::Iota)) || (divides && inputs.size() > 1));
  const unsigned arity = vectorArity(op);
  const std::vector<int> extents = shape(n);
  std::vector<std::function<void()>> emit;
  uint32_t read = 0, written = 0;
  std::array<VectorOperand, 4> operands{};
  // Colors stand at random places; a division's second operand is not one of them.
  std::vector<unsigned> places(arity);
  std::iota(places.begin(), places.end(), 1);
  for (unsigned i = arity; i > 1; --i)
    std::swap(places[i - 1], places[random.below(i)]);
  if (divides)
    std::erase(places, 2u), places.push_back(2);
  for (size_t i = 0; i != inputs.size(); ++i)
    operands[places[i]] = fabric(inputs[i]);
  for (size_t i = inputs.size(); i != places.size(); ++i) {
    const unsigned k = places[i];
    if (op == VectorOp::Iota) {
      operands[k] = memory(k, extents, between(0, kArrays - 1), emit);
    } else if (divides && k == 2) {
      emit.push_back([this, v = between(1, 9) * (one(2) ? 1 : -1)] { a.li(kOperand + 2, v); });
      operands[k] = reg(kOperand + 2);
    } else if (checked) {
      const bool amount = k == 2 && (op == VectorOp::ShlChecked || op == VectorOp::DivChecked);
      const int value = op == VectorOp::CvtF32I32Checked ? int(std::bit_cast<uint32_t>(float(between(-99, 99)) / 8))
                                                         : between(amount ? 1 : 0, amount ? 5 : 40);
      if (op != VectorOp::CvtF32I32Checked && !amount && one(2)) {
        const int array = op == VectorOp::CheckNonNegative ? 4 : between(4, 5);
        operands[k] = memory(k, extents, array, emit);
        read |= 1u << array;
      } else {
        emit.push_back([this, k, value] { a.li(kOperand + k, value); });
        operands[k] = reg(kOperand + k);
      }
    } else if (one(3)) {
      operands[k] = reg(quiet || one(8) ? 0 : unsigned(between(kFirstValue, kLastValue)));
    } else {
      const int array = quiet ? between(0, 2) == 2 ? kWeights : between(4, 5) : between(0, kCode);
      operands[k] = memory(k, extents, array, emit);
      read |= 1u << array;
    }
  }
  if (output >= 0) {
    operands[0] = fabric(unsigned(output));
  } else if (toMemory) {
    const int arrays[] = {0, 1, 2, 3, 6, 7}, array = arrays[random.below(6)];
    operands[0] = memory(0, extents, array, emit);
    written |= 1u << array;
  }
  use(read, written, thread);
  std::vector<Operand> sizes;
  for (size_t k = 0; k != extents.size(); ++k)
    if (!step->simple && one(6)) {
      a.li(kSize + 8, extents[k]);
      a.mov(kOperand + 4 + unsigned(k) % 4, kSize + 8);
      sizes.push_back(Operand::reg(kOperand + 4 + unsigned(k) % 4));
    } else {
      sizes.push_back(Operand::imm(extents[k]));
    }
  a.nest(Assembler::Sizes(sizes));
  for (auto &run : emit)
    run();
  a.vec(op, type, operands[0], operands[1], operands[2], operands[3], thread, control);
}

void Builder::send(unsigned color, int n, unsigned thread, Control control, bool quiet) {
  vector(n, {}, int(color), false, thread, control, quiet);
}

/// `extra`: a control wavelet comes after the words.
void Builder::receive(unsigned color, int n, unsigned thread, bool extra) {
  if (!thread && !step->simple && one(4))
    window(color, n);
  else if (one(8))
    vector(n, {color}, -1, false, thread);
  else
    vector(n, {color}, -1, true, thread);
  if (extra) {
    a.nest({1});
    if (thread)
      use(0, 0, thread);
    a.vec(VectorOp::Mov, I32, none(), fabric(color), none(), none(), thread);
  }
}

void Builder::window(unsigned color, int n) {
  const std::vector<int> block = shape(n);
  std::vector<int> extents, lower;
  std::vector<Operand> extentSizes, blockSizes, lowerSizes;
  for (int extent : block) {
    lower.push_back(between(0, extent - 1));
    extents.push_back(one(12) ? 0 : between(1, extent - lower.back()));
    extentSizes.push_back(Operand::imm(extents.back()));
    blockSizes.push_back(Operand::imm(extent)), lowerSizes.push_back(Operand::imm(lower.back()));
  }
  std::vector<std::function<void()>> emit;
  const int array = between(0, 3);
  memory(0, extents, array, emit);
  use(0, 1u << array, 0);
  a.nest(Assembler::Sizes(extentSizes));
  for (auto &run : emit)
    run();
  a.recvw(color, 0, Assembler::Sizes(blockSizes), Assembler::Sizes(lowerSizes));
}

//===- Steps --------------------------------------------------------------===//

void Builder::local(bool mayThread) {
  for (int n = step->simple ? 1 : between(1, 4); n-- != 0;) {
    const int elements = one(10) ? 0 : one(4) ? between(1, 200) : between(1, 30);
    vector(elements, {}, -1, true, mayThread ? someThread() : 0);
  }
}

void Builder::scalars() {
  static constexpr Opcode registers[] = {Opcode::Add, Opcode::Sub, Opcode::Mul, Opcode::Min, Opcode::Max, Opcode::And,
                                         Opcode::Or,  Opcode::Xor, Opcode::Shl, Opcode::Shr, Opcode::Slt, Opcode::Seq};
  static constexpr Opcode constants[] = {Opcode::Addi, Opcode::Muli, Opcode::Mini, Opcode::Maxi, Opcode::Andi,
                                         Opcode::Ori,  Opcode::Xori, Opcode::Shli, Opcode::Shri, Opcode::Divi,
                                         Opcode::Remi, Opcode::Slti, Opcode::Sgti, Opcode::Seqi, Opcode::Rsbi};
  static constexpr Opcode loads[] = {Opcode::Ldh, Opcode::Ldhu, Opcode::Ldw, Opcode::Stw};
  auto value = [&] { return unsigned(between(kFirstValue, kLastValue)); };
  for (int n = between(1, 12); n-- != 0;)
    switch (random.below(5)) {
    case 0:
      a.li(value(), one(2) ? int32_t(random.next()) : between(-50, 50));
      break;
    case 1:
      a.scalarReg(registers[random.below(std::size(registers))], value(), value(), value());
      break;
    case 2: {
      const int32_t imm = between(-60, 60);
      a.scalar(constants[random.below(std::size(constants))], value(), value(), imm ? imm : 1);
      break;
    }
    case 3:
      if (one(2)) {
        a.coord(value(), one(2));
      } else { // a divisor that is not zero
        a.scalar(Opcode::Ori, kLoaded, value(), 1);
        a.scalarReg(one(2) ? Opcode::Div : Opcode::Rem, value(), value(), kLoaded);
      }
      break;
    case 4: {
      const Opcode op = loads[random.below(4)];
      const int array = between(0, 3);
      const int offset =
          4 * between(0, kArrayWords - 1) + (op == Opcode::Ldh || op == Opcode::Ldhu ? 2 * between(0, 1) : 0);
      use(op == Opcode::Stw ? 0 : 1u << array, op == Opcode::Stw ? 1u << array : 0, 0);
      a.li(kAddress, int32_t(addressOf(array)));
      a.scalar(op, value(), kAddress, offset);
      break;
    }
    }
}

/// Code that the data choose.
void Builder::branch() {
  waitForAll();
  auto otherwise = a.label(), end = a.label(), again = a.label();
  a.li(kAddress, int32_t(addressOf(between(0, 3))));
  a.scalar(Opcode::Ldw, kLoaded, kAddress, 4 * between(0, kArrayWords - 1));
  if (one(2)) {
    static constexpr Opcode branches[] = {Opcode::Beq, Opcode::Bne, Opcode::Blt, Opcode::Bge};
    a.branch(branches[random.below(4)], kLoaded, unsigned(between(kFirstValue, kLastValue)), otherwise);
    local(false);
    a.jmp(end);
    a.bind(otherwise);
    scalars();
  } else {
    a.scalar(Opcode::Andi, kTest, kLoaded, 3);
    a.bind(again);
    local(false);
    a.addi(kTest, kTest, -1);
    a.branch(Opcode::Bge, kTest, 0, again);
    a.bind(otherwise);
  }
  a.bind(end);
}

/// The PEs at one place of all lines have the same code; each line's coordinate says who speaks on it. The head takes
/// the turns of those before the speakers at once, their words one by one, and the turns of those behind.
void Builder::speakers(const Route &route) {
  constexpr unsigned kFirst = kSize, kAhead = kSize + 1, kSpeaks = kSize + 2, kCount = kSize + 3;
  const int n = step->count, at = route.vertical ? yOf(pe) : xOf(pe), line = route.vertical ? xOf(pe) : yOf(pe),
            length = route.vertical ? program.height : program.width;
  random = Random(step->seed + uint64_t(at));
  const int speaking = std::min(length, 1 + int(step->seed % 2)), firsts = length - speaking + 1,
            stride = 1 + int(step->seed / 2 % 3), offset = int(step->seed / 8 % uint64_t(firsts));
  auto first = [&] {
    if (program.regions != RandomProgram::Whole)
      return a.li(kFirst, (line * stride + offset) % firsts);
    a.coord(kFirst, /*y=*/!route.vertical);
    a.scalar(Opcode::Muli, kFirst, kFirst, stride);
    a.addi(kFirst, kFirst, offset);
    a.scalar(Opcode::Remi, kFirst, kFirst, firsts);
  };
  first();
  a.addi(kAhead, kFirst, -at);
  a.scalar(Opcode::Slti, kCount, kAhead, 1);
  a.scalar(Opcode::Sgti, kSpeaks, kAhead, -speaking);
  a.scalarReg(Opcode::And, kCount, kCount, kSpeaks);
  a.scalar(Opcode::Muli, kCount, kCount, n);
  const unsigned thread = at == 0 ? 4 : someThread();
  use(0, 0, thread);
  a.nest({Operand::reg(kCount)});
  a.desc(1, addressOf(kWeights), {n <= kArrayWords ? 1 : 0});
  a.vec(VectorOp::Add, I32, fabric(route.color), desc(1), reg(kId), none(), thread,
        at + 1 == length ? Control::Reset : Control::Advance);
  if (at != 0)
    return;
  auto turns = [&] {
    a.nest({Operand::reg(kCount)});
    a.vec(VectorOp::Mov, I32, none(), fabric(route.color));
  };
  a.mov(kCount, kFirst);
  turns();
  for (int k = 0; k != speaking; ++k)
    receive(route.color, n, 0, true);
  first();
  a.scalar(Opcode::Rsbi, kCount, kFirst, length - speaking);
  turns();
}

void Builder::fault() {
  const Route *route = step->route >= 0 ? &program.routes[step->route] : nullptr;
  const Route *next = step->next >= 0 ? &program.routes[step->next] : nullptr;
  const int n = step->count;
  if (route) {
    if (pe == route->source && step->fault != Fault::MissingSend) {
      send(route->color, n, someThread());
      if (next)
        send(next->color, n, 0);
    }
    if (pe == route->receivers[0] && step->fault != Fault::MissingReceive) {
      if (next)
        receive(next->color, n, 0);
      receive(route->color, n, someThread());
    }
    return;
  }
  if (pe != step->pe)
    return;
  auto move = [&](uint32_t to, VectorOperand from, unsigned thread = 0) {
    a.desc(0, to, {1});
    a.vec(VectorOp::Mov, I32, desc(0), from, none(), none(), thread);
  };
  waitForAll();
  a.nest({4});
  switch (step->fault) {
  case Fault::Bounds:
    return move(uint32_t(program.profile.sramBytes) - 4, reg(0));
  case Fault::ReadOnly:
    return move(one(2) ? 8 : addressOf(kWeights), reg(0));
  case Fault::Uninitialised:
    a.desc(1, kDump + 4096, {1});
    return move(kBase, desc(1));
  case Fault::Alignment:
    return move(kBase + 2, reg(0));
  case Fault::Rank:
    a.desc(1, kBase, {4, 1});
    return move(kBase, desc(1));
  case Fault::DivideByZero:
    return a.scalarReg(Opcode::Div, 2, 3, 0);
  case Fault::VectorDivideByZero:
    a.desc(0, kBase, {1});
    return a.vec(VectorOp::Rem, I32, desc(0), desc(0), reg(0));
  case Fault::Trap:
    a.li(kTest, 1);
    return a.trap(kTest, 0);
  case Fault::CallDepth:
    return a.ret();
  case Fault::UnroutedSend:
    return a.vec(VectorOp::Mov, I32, fabric(unrouted), reg(0));
  case Fault::UnroutedReceive:
    return a.vec(VectorOp::Mov, I32, none(), fabric(unrouted));
  case Fault::Race:
    move(kBase, reg(0), 1);
    return move(kBase + 12, reg(0));
  case Fault::Window:
    a.desc(0, kBase, {1});
    return a.recvw(sums, 0, {4}, {2});
  case Fault::Overflow:
    a.li(kTest, INT32_MIN);
    a.desc(0, kBase, {1});
    return a.vec(VectorOp::SubChecked, I32, desc(0), reg(0), reg(kTest));
  case Fault::EndlessLoop: {
    auto again = a.label();
    a.bind(again);
    return a.jmp(again);
  }
  default:
    return;
  }
}

void Builder::body() {
  const int n = step->count, x = xOf(pe), last = program.width - 1;
  const Route *route = step->route >= 0 ? &program.routes[step->route] : nullptr;
  const Route *next = step->next >= 0 ? &program.routes[step->next] : nullptr;
  const Control control = !step->control ? Control::None : step->seed % 2 ? Control::Advance : Control::Reset;
  auto hears = [&](const Route &route) { return std::ranges::find(route.receivers, pe) != route.receivers.end(); };
  switch (step->kind) {
  case Step::Local:
    if (step->pe < 0 || step->pe == pe)
      local(true);
    return;
  case Step::Scalars:
    if (step->pe < 0 || step->pe == pe)
      scalars();
    return;
  case Step::Branch:
    if (step->pe < 0 || step->pe == pe)
      branch();
    return;
  case Step::Transfer: {
    const bool rows = route->kind == Route::Rows, self = rows || hears(program.routes[step->route]);
    if (rows ? x == 0 : pe == route->source)
      send(route->color, n, self ? 4 : someThread(), control, self);
    if (rows || hears(*route))
      receive(route->color, n, rows ? 0 : pe == route->source ? 0 : someThread(), step->control);
    return;
  }
  case Step::Relay:
    if (pe == route->source)
      send(route->color, n, someThread(), control);
    if (pe == next->source) {
      const unsigned thread = someThread();
      vector(n, {route->color}, int(next->color), false, thread, control);
      if (step->control) {
        a.nest({1});
        a.vec(VectorOp::Mov, I32, none(), fabric(route->color));
      }
    }
    if (hears(*next))
      receive(next->color, n, someThread(), step->control);
    return;
  case Step::Join:
    if (pe == route->source)
      send(route->color, n, someThread());
    if (pe == next->source)
      send(next->color, n, someThread());
    if (hears(*route))
      vector(n, {route->color, next->color}, -1, !one(4), someThread());
    return;
  case Step::Shift:
  case Step::Chain: {
    const unsigned colors[] = {route->color, next->color};
    if (step->kind == Step::Chain && x != 0 && x != last)
      return vector(n, {colors[x % 2]}, int(colors[(x - 1) % 2]), false, someThread());
    if (x != 0)
      send(colors[(x - 1) % 2], n, step->kind == Step::Shift ? 4 : someThread(), Control::None, true);
    if (x != last)
      receive(colors[x % 2], n, 0);
    return;
  }
  case Step::Gather: {
    const int at = route->vertical ? yOf(pe) : x, length = route->vertical ? program.height : program.width;
    send(route->color, n, at == 0 ? 4 : someThread(), at + 1 == length ? Control::Reset : Control::Advance, at == 0);
    // A fault: some blocks are not taken, or not all of the last.
    const int blocks = step->fault == Fault::None ? length : int(step->seed % uint64_t(length));
    for (int k = 0; at == 0 && k != blocks; ++k)
      receive(route->color, n, 0, true);
    if (at == 0 && blocks != length && step->seed / 16 % uint64_t(n + 1))
      receive(route->color, int(step->seed / 16 % uint64_t(n + 1)), 0);
    return;
  }
  case Step::Speakers:
    return speakers(*route);
  case Step::DirectCast:
    send(route->color, n, 4, x == 0 ? Control::Reset : Control::Advance, true);
    for (int k = 0; k <= x; ++k)
      receive(route->color, n, 0, true);
    return;
  case Step::HostIn:
  case Step::HostOut: {
    const int first = step->simple || one(2) ? n : between(1, n);
    for (int count : {first, n - first})
      if (count && step->kind == Step::HostIn && hears(*route))
        receive(route->color, count, someThread());
      else if (count && step->kind == Step::HostOut && pe == route->source)
        send(route->color, count, someThread());
    return;
  }
  case Step::Faulty:
    return fault();
  }
}

void Builder::prologue() {
  a.coord(kId, false);
  a.coord(kTest, true);
  a.scalar(Opcode::Shli, kTest, kTest, 4);
  a.scalarReg(Opcode::Add, kId, kId, kTest);
  a.nest({kArrayWords});
  for (int array = 0; array != kArrays; ++array) {
    if (!(program.written >> array & 1))
      continue;
    a.scalar(Opcode::Muli, kAddress, kId, 52);
    a.desc(1, Assembler::Base::reg(kAddress), {array + 1});
    a.desc(0, addressOf(array), {1});
    a.vec(VectorOp::Iota, I32, desc(0), desc(1));
    auto apply = [&](VectorOp op, ElementType type, int32_t value) {
      a.li(kTest, value);
      a.vec(op, type, desc(0), desc(0), vectorArity(op) > 1 ? reg(kTest) : none());
    };
    if (array == 4 || array == 5) {
      apply(VectorOp::And, I32, 63);
      if (array == 5)
        apply(VectorOp::Sub, I32, 20);
    } else if (array < 2) {
      apply(VectorOp::CvtI32F32, I32, 0);
      apply(VectorOp::Mul, F32, std::bit_cast<int32_t>(array ? 0.37f : -0.0625f));
    } else {
      apply(VectorOp::Mul, I32, int32_t(0x9e3779b1u * unsigned(array)));
    }
  }
  for (unsigned r = kFirstValue; r <= kLastValue && program.written >> kArrays; ++r)
    a.li(r, int32_t(r % 2 ? std::bit_cast<uint32_t>(float(r) * 0.3f - 1) : r * 0x01000193u));
}

/// What is in memory at the end, a word an array, by rows to the west edge.
void Builder::epilogue() {
  waitForAll();
  for (int array = 0; array != kSumWords; ++array) {
    a.nest({1});
    a.desc(0, kSums + 4 * uint32_t(array), {0});
    a.vec(VectorOp::Mov, I32, desc(0), reg(unsigned(array == kArrays ? kFirstValue : 0)));
    if (array == kArrays)
      break;
    a.nest({kArrayWords});
    a.desc(1, addressOf(array), {1});
    a.li(kTest, 31);
    a.vec(VectorOp::Fma, I32, desc(0), desc(0), reg(kTest), desc(1));
  }
  const int x = xOf(pe);
  a.nest({kSumWords});
  a.desc(0, kSums, {1});
  if (x != 0)
    return a.vec(VectorOp::Mov, I32, fabric(sums), desc(0), none(), none(), 0,
                 x + 1 == program.width ? Control::Reset : Control::Advance);
  a.desc(1, kDump, {1});
  a.vec(VectorOp::Mov, I32, desc(1), desc(0));
  for (int k = 1; k != program.width; ++k) {
    a.nest({kSumWords});
    a.desc(1, kDump + 4 * uint32_t(kSumWords * k), {1});
    a.vec(VectorOp::Mov, I32, desc(1), fabric(sums));
    a.nest({1});
    a.vec(VectorOp::Mov, I32, none(), fabric(sums));
  }
  auto has = [&](Fault fault) {
    return std::ranges::any_of(program.steps, [&](const Step &s) { return s.fault == fault && s.pe == pe; });
  };
  const bool isShort = has(Fault::ShortOutput), control = has(Fault::ControlLeaves);
  a.nest({kSumWords * program.width - isShort - control});
  a.desc(1, kDump, {1});
  a.vec(VectorOp::Mov, I32, fabric(out), desc(1), none(), none(), 0, control ? Control::Reset : Control::None);
}

/// Null is what comes before all steps, and after.
std::vector<uint32_t> Builder::part(const Step *of, int at, bool isPrologue) {
  static const Step frame{Step::Local, 0};
  a = Assembler();
  step = of ? of : &frame;
  pe = at;
  random = Random(step->seed + (program.uniform ? 0 : uint64_t(pe) * 7919));
  auto again = a.label();
  const bool loops = step->loops > 1 && !step->threads && step->kind != Step::HostIn && step->kind != Step::HostOut;
  if (!of) {
    isPrologue ? prologue() : epilogue();
  } else {
    if (loops)
      a.li(kLoop, step->loops), a.bind(again);
    const size_t before = a.position();
    body();
    if (loops && a.position() != before)
      a.addi(kLoop, kLoop, -1), a.branch(Opcode::Bne, kLoop, 0, again);
    if (a.position() == before)
      return {};
  }
  return a.finish().take();
}

//===- Regions and routes -------------------------------------------------===//

void Builder::addRegion(int x0, int y0, int w, int h) {
  image::Region &region =
      test.region("at " + std::to_string(x0) + " " + std::to_string(y0), x0, y0, w, h, [&](Assembler &code) {
        auto put = [&](const std::vector<uint32_t> &words) {
          for (size_t at = 0; at < words.size();) {
            const Instruction i = *decode(std::span(words).subspan(at));
            code.emit(i);
            at += i.words();
          }
        };
        std::vector<std::pair<Assembler::Label, const std::vector<uint32_t> *>> functions;
        for (size_t s = 0; s != parts.size(); ++s) {
          // The different parts of this step, and whose they are.
          std::map<std::vector<uint32_t>, std::vector<int>> owners;
          for (int y = y0; y != y0 + h; ++y)
            for (int x = x0; x != x0 + w; ++x)
              owners[parts[s][y * program.width + x]].push_back(((y - y0) << 4) + x - x0);
          auto end = code.label();
          size_t left = owners.size();
          for (auto &[words, ids] : owners) {
            auto skip = code.label(), mine = code.label();
            if (--left) {
              for (int id : ids) {
                code.li(kTest, id);
                code.branch(Opcode::Beq, kId, kTest, mine);
              }
              code.jmp(skip);
            }
            code.bind(mine);
            if (s != 0 && s + 1 != parts.size() && program.steps[s - 1].function && !words.empty()) {
              functions.push_back({code.label(), &kept.emplace_back(words)});
              code.call(functions.back().first);
            } else {
              put(words);
            }
            if (left)
              code.jmp(end);
            code.bind(skip);
          }
          code.bind(end);
        }
        code.halt();
        for (auto &[label, words] : functions) {
          code.bind(label);
          put(*words);
          code.ret();
        }
      });
  region.add_traps(0);
  image::WeightSlice &slice = *region.add_weights();
  slice.set_address(addressOf(kWeights));
  slice.mutable_box()->set_split_x(1 << 20), slice.mutable_box()->set_split_y(1 << 20);
  auto dim = [&](int extent, int length, int byX, int byY, int stride) {
    image::BoxDim &d = *slice.mutable_box()->add_dims();
    d.set_extent(extent), d.set_length(length), d.set_x_minor(byX), d.set_y_minor(byY), d.set_stride(stride);
  };
  dim(4, 1, 0, 1, 0), dim(4, 1, 1, 0, 0), dim(kArrayWords, kArrayWords, 0, 0, 1);
}

void Builder::addRoutes() {
  auto addRouter = [&](unsigned color, const Route::Router &router) {
    test.route(color, xOf(router.pe), yOf(router.pe), 1, 1, router.positions, "color" + std::to_string(color));
  };
  std::vector<bool> wanted(program.routes.size());
  for (const Step &step : program.steps)
    for (int route : {step.route, step.next})
      if (route >= 0)
        wanted[route] = true;
  for (size_t i = 0; i != program.routes.size(); ++i)
    for (const Route::Router &router : program.routes[i].routers)
      if (wanted[i])
        addRouter(program.routes[i].color, router);
  for (const Step &step : program.steps)
    if (step.kind == Step::HostIn || step.kind == Step::HostOut) {
      const Route &route = program.routes[step.route];
      test.host(step.kind == Step::HostOut, "color" + std::to_string(route.color), image::I32,
                {{step.count, step.count}}, 0, yOf(route.routers[0].pe), 1, W, route.color);
    }
  if (!program.checksums)
    return;
  for (int pe = 0; pe != pes(); ++pe) {
    if (xOf(pe) == 0) // in a row of one PE nobody sends: the color is for the fault that needs one
      addRouter(sums, {pe, {{E, R}}});
    else if (xOf(pe) + 1 == program.width)
      addRouter(sums, {pe, {{R, W}}});
    else
      addRouter(sums, {pe, {{R, W}, {E, W}}});
    if (xOf(pe) == 0)
      addRouter(out, {pe, {{R, W}}});
  }
  const int64_t row = kSumWords * program.width;
  test.host(true, "sums", image::I32, {{program.height, 1, 0, 1}, {row, row}}, 0, 0, program.height, W, out);
}

Result<VerifiedProgram> Builder::run() {
  test.string("a trap");
  auto addParts = [&](const Step *step, bool isPrologue) {
    parts.emplace_back();
    for (int pe = 0; pe != pes(); ++pe)
      parts.back().push_back(part(step, pe, isPrologue));
  };
  addParts(nullptr, true);
  for (const Step &step : program.steps)
    addParts(&step, false);
  if (program.checksums)
    addParts(nullptr, false);
  else
    parts.emplace_back(pes());
  std::vector<uint32_t> words(4 * 4 * kArrayWords);
  std::iota(words.begin(), words.end(), 0x3f000000);
  image::Weight &weight = *test.writer.manifest.add_weights();
  weight.mutable_tensor()->set_name("weight");
  weight.mutable_tensor()->set_type(image::I32), weight.mutable_tensor()->set_carried(image::I32);
  for (int extent : {4, 4, kArrayWords})
    weight.mutable_tensor()->add_shape(extent);
  weight.set_section(test.writer.addOwnedSection(words));
  addRoutes();
  const int w = program.regions == RandomProgram::ByPe ? 1 : program.width;
  const int h = program.regions == RandomProgram::Whole ? program.height : 1;
  for (int y = 0; y < program.height; y += h)
    for (int x = 0; x < program.width; x += w)
      if (w * h > 1 || program.checksums || hasWork(y * program.width + x))
        addRegion(x, y, w, h);
  return test.verify();
}

Result<VerifiedProgram> random_programs::build(const RandomProgram &program) { return Builder(program).run(); }

TensorWords random_programs::inputsOf(const RandomProgram &program, const VerifiedProgram &verified) {
  Random random(program.seed);
  TensorWords inputs;
  for (const image::HostStream &stream : verified.image.manifest().streams())
    if (!stream.output())
      for (int64_t k = 0; k != stream.tensor().shape(0); ++k)
        inputs[stream.tensor().name()].push_back(uint32_t(random.next()));
  return inputs;
}
