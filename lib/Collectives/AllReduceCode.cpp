// The code of an all-reduce. Terms flow toward the root:
//
//   member   adds its term to what comes from its farther neighbor and passes the sum on, word by word
//   leader   adds up what its group of neighbors has; then adds that to what comes from the next leader, and passes the
//   sum
//            on over its group to the next leader toward the root. The last one has no leader behind it, so what its
//            group has passes straight through
//   root     adds up both groups beside it and both leaders' sums. The last of these additions goes to the cast
//   channel,
//            so the result is under way to all before its last word is made
//
// Every PE then takes the result from the cast channel. Until it does, the cast stops once its queue is full, and with
// it the root, and with the root all chains: so what a PE sends toward the root may not keep it from taking the cast.
// Sends are asynchronous (pe.func's `returning` asks for it). docs/collectives.md has the argument that then nobody
// waits in a circle.
//
// In two parts, what needs neither terms nor sums is done between them, while words are on their way. The start sets up
// all that a PE has to do, on threads, and leaves it at work; but the root's own additions, which would keep its core
// until the waves from the ends have come, are in the finish: it has the most time before them.
//
// A core has one data path, and setting up an instruction takes it from words that pass. So root and leaders, whose
// first words come late, set up the receive of the cast before anything else; members set up first what passes words
// on.
#include "wafer/Collectives/AllReduce.h"

#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class LineCode {
public:
  LineCode(const ReduceTask &task, const LineShape &line, AllReduceCode &code)
      : line(line), code(code), b(code.b), words(b.constant(task.words)), term(b.desc(b.address(code.term), {1})),
        castColor(line.grouped     ? code.colors.groupCast
                  : line.root == 0 ? code.colors.broadcast
                                   : code.colors.cast) {
    for (int64_t p = 0; p != line.period(); ++p) {
      LineRole role = line.roleAt(p);
      if (role.kind == LineRole::Member)
        members.try_emplace(role.number(), line.urgency(p), role);
      if (role.kind == LineRole::Leader)
        leaders.try_emplace(role.number(), 0, role);
    }
  }

  void build(AllReducePart part) {
    cast<pe::FuncOp>(b.builder.getInsertionBlock()->getParentOp()).setReturning(true);
    const bool whole = part == AllReducePart::Whole;
    if (!whole)
      b.leaveOpen();
    if (part == AllReducePart::Finish)
      return finish();
    auto asMember = [&] {
      oneOf(inOrder(members));
      take(whole ? 0 : kResultThread);
      if (whole)
        b.wait(kSumThread);
    };
    auto asLeader = [&] {
      take(kResultThread);
      oneOf(inOrder(leaders));
      if (whole)
        awaitAll();
    };
    auto asRoot = [&](unsigned group) {
      take(kResultThread);
      if (!whole)
        return;
      addUp(group);
      awaitAll();
    };
    b.when(
        code.role,
        [&] {
          if (hasOddRoots())
            return b.when(b.less(code.role, b.constant(LineRole::kOddRoot)), asMember, [&] { asRoot(1); });
          if (leaders.empty())
            return asMember();
          b.when(b.less(code.role, b.constant(leaders.begin()->first)), asMember, asLeader);
        },
        [&] { asRoot(0); });
  }

private:
  using Roles = std::map<int64_t, std::pair<int, LineRole>>; // by number: urgency and role

  bool hasOddRoots() const { return line.period() != line.pes; }

  void finish() {
    if (hasOddRoots())
      b.when(b.less(b.constant(LineRole::kOddRoot - 1), code.role), [&] { addUp(1); });
    b.when(b.equal(code.role, b.constant(0)), [&] { addUp(0); });
  }

  void awaitAll() {
    b.wait(kResultThread);
    b.wait(kSumThread);
  }

  static SmallVector<LineRole> inOrder(const Roles &roles) {
    SmallVector<std::pair<int, LineRole>> sorted;
    for (const auto &[number, role] : roles)
      sorted.push_back(role);
    llvm::stable_sort(sorted, [](const auto &a, const auto &b) { return a.first < b.first; });
    return llvm::map_to_vector(sorted, [](const auto &role) { return role.second; });
  }

  const std::array<int, 2> &links(Wing wing) const {
    return wing == Wing::Before ? code.colors.away : code.colors.toward;
  }
  /// The color of the link from leader `number` of a wing, modulo 2. Those into the root differ.
  int far(Wing wing, unsigned number) const { return code.colors.far[(number + 1 + (wing == Wing::Before)) % 2]; }
  /// Of the root's coordinate; `group`: of the one where its group begins.
  int64_t rootParity(unsigned group = 0) const { return (line.root + group) % 2; }

  void add(Value to, Value from, int thread) { b.vec(code.kind, code.type, words, to, term, from, {}, thread); }
  void take(int thread) {
    b.vec(pe::VectorKind::Mov, code.type, words, b.desc(b.address(code.result), {1}), b.fabric(castColor), {}, {},
          thread);
  }

  /// Tells roles apart one after the other: a role that it is not costs a subtraction and a branch that is not taken.
  void oneOf(ArrayRef<LineRole> roles) {
    const LineRole &first = roles.front();
    ArrayRef<LineRole> others = roles.drop_front();
    if (others.empty())
      return act(first);
    b.when(b.sub(code.role, b.constant(first.number())), [&] { oneOf(others); }, [&] { act(first); });
  }

  void act(const LineRole &role) { role.kind == LineRole::Leader ? lead(role) : passOn(role); }

  void passOn(const LineRole &role) {
    Value to = b.fabric(links(role.wing)[1 - role.parity]);
    if (role.last)
      b.vec(pe::VectorKind::Mov, code.type, words, to, term, {}, {}, kSumThread);
    else
      add(to, b.fabric(links(role.wing)[role.parity]), kSumThread);
  }

  void lead(const LineRole &role) {
    Value group = b.fabric(links(role.wing)[rootParity()]), to = b.fabric(far(role.wing, role.parity));
    bool alone = role.last && line.distances(role.wing).back() == line.reach(role.wing);
    if (alone)
      return void(b.vec(pe::VectorKind::Mov, code.type, words, to, term, {}, {}, kSumThread));
    if (role.last)
      return add(to, group, kSumThread);
    add(term, group, 0);
    add(to, b.fabric(far(role.wing, role.parity + 1)), kSumThread);
  }

  /// The root's additions, of which the last goes to the cast.
  void addUp(unsigned group) {
    SmallVector<Value> sources;
    for (Wing wing : kWings)
      if (line.reach(wing) > 0)
        sources.push_back(b.fabric(links(wing)[rootParity(group)]));
    for (Wing wing : kWings)
      if (!line.distances(wing).empty())
        sources.push_back(b.fabric(far(wing, 1)));
    for (Value source : ArrayRef(sources).drop_back())
      add(term, source, 0);
    add(b.fabric(castColor), sources.back(), kSumThread);
  }

  const LineShape &line;
  AllReduceCode &code;
  PeBuilder &b;
  Value words, term;
  int castColor;
  Roles members, leaders;
};

} // namespace

void wafer::wfr::buildAllReduce(const ReduceTask &task, const LineShape &line, AllReduceCode &code,
                                AllReducePart part) {
  LineCode(task, line, code).build(part);
}
