// Colors: kChain and the next, by the parity of the PE that receives; kLeaders and the next, by the parity of the group
// that receives; one each for casts and turns.
#include "Collectives.h"

#include "wafer/Reference/Reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace wafer;
using namespace wafer::published;
using namespace wafer::isa;
using test::desc, test::fabric, test::reg, test::none, test::TestProgram, test::I32, test::E, test::R, test::W;

namespace {
constexpr unsigned kChain = 1, kCast = 3, kTurn = 4, kLeaders = 5;
constexpr unsigned kX = 2;  // register: the PE's own contribution
constexpr double kRamp = 2; // T_R of the closed forms

unsigned chainInto(int pe) { return kChain + pe % 2; }
unsigned leadersInto(size_t group) { return kLeaders + group % 2; }

Program row(const Profile &profile, int pes) { return std::make_unique<TestProgram>(pes, 1, profile); }

/// A PE with code of its own, in which the nest is `words`, d0 its block and kX its contribution.
void role(TestProgram &p, int x, int words, const std::function<void(Assembler &)> &code) {
  image::Region &region = p.region("pe" + std::to_string(x), x, 0, 1, 1, [&](Assembler &a) {
    a.nest({words});
    a.desc(0, test::kData, {1});
    a.li(kX, x);
    code(a);
    a.halt();
  });
  if (x == 0)
    region.add_traps(p.string("the root has another sum"));
}

/// At the root of a reduction, when it is done.
void checkSum(Assembler &a, int pes, int words) {
  const unsigned sum = 8, wanted = 9, address = 10;
  a.li(address, int(test::kData) + 4 * (words - 1));
  a.scalar(Opcode::Ldw, sum, address, 0);
  a.li(wanted, pes * (pes - 1) / 2);
  a.scalarReg(Opcode::Sub, sum, sum, wanted);
  a.trap(sum, 0);
}

void chainLink(TestProgram &p, int into) {
  p.route(chainInto(into), into + 1, 0, 1, 1, {{R, W}});
  p.route(chainInto(into), into, 0, 1, 1, {{E, R}});
}

void castFromRoot(TestProgram &p, int pes) {
  p.route(kCast, 0, 0, 1, 1, {{R, E}});
  if (pes > 2)
    p.route(kCast, 1, 0, pes - 2, 1, {{W, E | R}});
  p.route(kCast, pes - 1, 0, 1, 1, {{W, R}});
}
} // namespace

Profile published::networkOf(Profile p) {
  p.vectorMove = p.vectorArith = p.vectorFma = {0, 1};
  p.scalarOp = p.scalarMemory = p.branch = 0;
  return p;
}

//===- Programs -----------------------------------------------------------===//

Program published::broadcast(const Profile &profile, int pes, int words) {
  Program p = row(profile, pes);
  castFromRoot(*p, pes);
  role(*p, 0, words, [](Assembler &a) { a.vec(VectorOp::Mov, I32, fabric(kCast), reg(kX)); });
  for (int x = 1; x != pes; ++x)
    role(*p, x, words, [](Assembler &a) { a.vec(VectorOp::Mov, I32, desc(0), fabric(kCast)); });
  return p;
}

Program published::chain(const Profile &profile, int pes, int words, bool checks) {
  return twoPhase(profile, {pes}, words, checks);
}

Program published::star(const Profile &profile, int pes, int words, bool checks) {
  Program p = row(profile, pes);
  p->route(kTurn, 0, 0, 1, 1, {{E, R}});
  if (pes > 2)
    p->route(kTurn, 1, 0, pes - 2, 1, {{R, W}, {E, W}});
  p->route(kTurn, pes - 1, 0, 1, 1, {{R, W}});
  role(*p, 0, words, [&](Assembler &a) {
    // A control wavelet arrives as a word of 0: a block has one word more.
    a.nest({words + 1});
    a.vec(VectorOp::Add, I32, desc(0), fabric(kTurn), reg(kX));
    a.nest({pes - 2, words + 1});
    a.desc(1, test::kData, {0, 1});
    a.vec(VectorOp::Add, I32, desc(1), desc(1), fabric(kTurn));
    if (checks)
      checkSum(a, pes, words);
  });
  for (int x = 1; x != pes; ++x)
    role(*p, x, words, [&](Assembler &a) {
      a.vec(VectorOp::Mov, I32, fabric(kTurn), reg(kX), none(), none(), 0,
            x + 1 == pes ? Control::Reset : Control::Advance);
    });
  return p;
}

Program published::twoPhase(const Profile &profile, const std::vector<int> &groups, int words, bool checks) {
  const int pes = std::accumulate(groups.begin(), groups.end(), 0);
  Program p = row(profile, pes);
  int first = 0; // of the group
  for (size_t group = 0; group != groups.size(); ++group) {
    const int size = groups[group], last = first + size - 1;
    const bool receives = group + 1 != groups.size();
    for (int x = first; x != last; ++x)
      chainLink(*p, x);
    if (receives) {
      p->route(leadersInto(group), last + 1, 0, 1, 1, {{R, W}});
      if (size > 1)
        p->route(leadersInto(group), first + 1, 0, size - 1, 1, {{E, W}});
      p->route(leadersInto(group), first, 0, 1, 1, {{E, R}});
    }
    role(*p, first, words, [&](Assembler &a) {
      // The sum of a group whose first PE receives none from beyond it, or one PE's, passes on as it comes.
      const VectorOperand out = first ? fabric(leadersInto(group - 1)) : desc(0);
      const VectorOperand mine = size > 1 ? fabric(chainInto(first)) : none();
      if (size > 1 && receives) {
        a.vec(VectorOp::Add, I32, desc(0), mine, reg(kX));
        a.vec(VectorOp::Add, I32, out, desc(0), fabric(leadersInto(group)));
      } else if (size > 1 || receives) {
        a.vec(VectorOp::Add, I32, out, size > 1 ? mine : fabric(leadersInto(group)), reg(kX));
      } else {
        a.vec(VectorOp::Mov, I32, out, reg(kX));
      }
      if (checks && first == 0)
        checkSum(a, pes, words);
    });
    for (int x = first + 1; x <= last; ++x)
      role(*p, x, words, [&](Assembler &a) {
        const VectorOperand out = fabric(chainInto(x - 1));
        if (x == last)
          a.vec(VectorOp::Mov, I32, out, reg(kX));
        else
          a.vec(VectorOp::Add, I32, out, fabric(chainInto(x)), reg(kX));
      });
    first = last + 1;
  }
  return p;
}

Program published::chainThenBroadcast(const Profile &profile, int pes, int words) {
  Program p = row(profile, pes);
  for (int x = 0; x + 1 != pes; ++x)
    chainLink(*p, x);
  castFromRoot(*p, pes);
  // The root needs no copy: the sum passes through it.
  role(*p, 0, words, [](Assembler &a) { a.vec(VectorOp::Add, I32, fabric(kCast), fabric(chainInto(0)), reg(kX)); });
  for (int x = 1; x != pes; ++x)
    role(*p, x, words, [&](Assembler &a) {
      const VectorOperand out = fabric(chainInto(x - 1));
      if (x + 1 == pes)
        a.vec(VectorOp::Mov, I32, out, reg(kX), none(), none(), 1);
      else
        a.vec(VectorOp::Add, I32, out, fabric(chainInto(x)), reg(kX), none(), 1);
      a.vec(VectorOp::Mov, I32, desc(0), fabric(kCast));
    });
  return p;
}

//===- Groups and closed forms --------------------------------------------===//

std::vector<int> published::equalGroups(int pes) {
  const int size = int(std::ceil(std::sqrt(pes)));
  std::vector<int> groups;
  for (int left = pes; left > 0; left -= size)
    groups.push_back(std::min(size, left));
  return groups;
}

std::vector<int> published::gradedGroups(int pes) {
  int size = 1; // of the first: the least with size + (size - 1) + ... + 1 >= pes
  while (size * (size + 1) / 2 < pes)
    ++size;
  std::vector<int> groups;
  for (int left = pes; left > 0; left -= size--)
    groups.push_back(std::min(size, left));
  return groups;
}

double published::broadcastFormula(int pes, int words) { return words + pes + 2 * kRamp; }
double published::chainFormula(int pes, int words) { return words + (2 * kRamp + 2) * (pes - 1); }
double published::starFormula(int pes, int words) { return double(words) * (pes - 1) + 2 * kRamp + 1; }

double published::twoPhaseFormula(const std::vector<int> &groups, int words) {
  const int pes = std::accumulate(groups.begin(), groups.end(), 0), links = pes - 1;
  double hops = 0; // E / B
  int depth = 0, contention = 1, lastLeader = 0;
  for (size_t group = 0; group != groups.size(); ++group) {
    depth = std::max(depth, int(group) + groups[group] - 1);
    hops += groups[group] - 1;
    if (group + 1 != groups.size()) {
      lastLeader += groups[group];
      if (groups[group] > 1)
        contention = 2;
    }
  }
  hops += lastLeader;
  return std::max(double(contention) * words, hops * words / links + links) + (2 * kRamp + 1) * depth;
}

//===- Runs ---------------------------------------------------------------===//

Result<double> published::streamCycles(TestProgram &program, uint64_t schedule) {
  if (Status status = program.run({}, test::schedule(schedule)); !status)
    return status.error();
  return program.emulator->stats().cycles;
}

Result<double> published::exactCycles(TestProgram &program) {
  Result<VerifiedProgram> verified = program.verify();
  if (!verified)
    return verified.error();
  Result<ReferenceRun> run = runReference(*verified, {});
  if (!run)
    return run.error();
  return run->cycles;
}
