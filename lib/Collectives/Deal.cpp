// wafer.send of a tensor whose columns are dealt to lanes.
//
// All PEs of a row have their turn on the gather channel, as ever, but only every lanes-th one says something: so what
// the head takes between two blocks of its lane are the control wavelets of all others. A lane to the host is slow, a
// word in several cycles, and blocks are often short. Where a lane has several short ones, the head does not relay
// block by block, which would cost it two instructions a block with nothing on the lane meanwhile: it takes the blocks
// of some rounds into memory with one receive, which drops what is between them, and has a thread send them while it
// takes the next ones. Two places in turn are enough: sends are instructions on one thread, so that one begins when the
// one before it has ended.
#include "wafer/Collectives/Deal.h"

#include "wafer/Collectives/Move.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

/// Rounds that the head takes together: enough words to send that the next receive's set-up is not waited for.
static int64_t roundsTogether(const Deal &deal, int64_t words) {
  constexpr int64_t kWords = 32;
  for (int64_t rounds = 1; rounds < deal.wholeRounds; ++rounds)
    if (deal.wholeRounds % rounds == 0 && rounds * words >= kWords)
      return rounds;
  return std::max<int64_t>(1, deal.wholeRounds);
}

DealtSend::DealtSend(const Deal &deal, int64_t words)
    : deal(deal), words(words), together(roundsTogether(deal, words)) {}

bool DealtSend::atOnce() const {
  constexpr int64_t kWords = 64;
  return deal.rounds == 1 || words >= kWords;
}

double DealtSend::cycles(const ResourceModel &model) const {
  const double lane = laneCycles(model);
  if (atOnce())
    return model.scalarCycles(kOfSender) + lane +
           static_cast<double>(2 * deal.rounds) * model.vectorCycles(isa::VectorOp::Mov, 0);
  const double take = takeCycles(model);
  return model.scalarCycles(kOfSender) + take + std::max(lane, pieces() * take);
}

double DealtSend::turnCycles(const ResourceModel &model) const {
  return model.scalarCycles(kOfSender) + pieces() * takeCycles(model);
}

double DealtSend::takeCycles(const ResourceModel &model) const {
  return model.vectorCycles(isa::VectorOp::Mov, together * (deal.lanes + words));
}

void DealtSend::build(BoxTransfer &own, BoxTransfer &lane, const BufferPart &staging, int gather, int stream) const {
  PeBuilder &b = own.b;
  Value column = b.position(Side::X), row = b.position(Side::Y), lanes = b.constant(deal.lanes);
  Value turn = deal.columns <= deal.lanes        ? column
               : llvm::isPowerOf2_64(deal.lanes) ? b.scalar(pe::ScalarKind::And, column, b.constant(deal.lanes - 1))
                                                 : b.scalar(pe::ScalarKind::Rem, column, lanes);
  own.sendToGather(gather, b.equal(turn, row), kDealThread);
  auto wordsOf = [&](Value round) {
    if (deal.wholeRounds == deal.rounds)
      return b.constant(words);
    lane.bindSender(round);
    Value product = b.constant(1);
    for (const Span &range : lane.senderBlock())
      product = b.mul(product, b.clampedExtent(range));
    return product;
  };
  auto handOn = [&] {
    own.dropControl(gather, row);
    b.loop(b.constant(deal.rounds), 1, [&](Value round) {
      b.vec(pe::VectorKind::Mov, own.type, wordsOf(round), b.fabric(stream), b.fabric(gather));
      Value behind = b.sub(b.sub(b.constant(deal.columns), row), b.mul(round, lanes));
      own.dropControl(gather, b.scalar(pe::ScalarKind::Min, behind, lanes));
    });
  };
  // What one receive of `rounds` rounds keeps: of each `kept` words behind the turns of those before this row's column.
  auto takeAndSend = [&](Value number, int64_t rounds, Value kept, Value silent) {
    Value place = b.mul(b.scalar(pe::ScalarKind::And, number, b.constant(1)), b.constant(4 * together * words));
    Value base = b.add(b.address(staging), place);
    pe::RecvWindowOp::create(b.builder, b.loc, gather, ValueRange{b.constant(rounds), kept},
                             ValueRange{b.constant(rounds), b.add(kept, silent)}, ValueRange{b.constant(0), row},
                             b.desc(base, {words, 1}));
    b.vec(pe::VectorKind::Mov, own.type, b.mul(kept, b.constant(rounds)), b.fabric(stream), b.desc(base, {1}), {}, {},
          kLeaveThread);
  };
  auto keepAndSend = [&] {
    const int64_t pieces = deal.wholeRounds / together, rest = deal.rounds - pieces * together;
    b.loop(b.constant(pieces), 1, [&](Value piece) { takeAndSend(piece, together, b.constant(words), lanes); });
    b.loop(b.constant(rest), 1, [&](Value later) {
      Value round = b.add(later, b.constant(pieces * together));
      Value columns = b.sub(b.constant(deal.columns), b.mul(round, lanes));
      takeAndSend(b.add(later, b.constant(pieces)), 1, wordsOf(round), b.scalar(pe::ScalarKind::Min, columns, lanes));
    });
  };
  b.when(own.isHead(), [&] { atOnce() ? handOn() : keepAndSend(); });
  // The last words leave, and columns have their turns, while others go on.
  b.leaveOpen();
}
