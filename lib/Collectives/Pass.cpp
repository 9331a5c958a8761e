// pass: every PE of a line sends, in turn, the part of its box that somebody on the line needs; the line's head relays
// block after block from the gather channel to the broadcast channel; every PE takes each block with a receive that
// keeps a window.
//
// Cost: one wavelet per word of the line's blocks, plus some 80 cycles for the interval arithmetic and the set-up of
// receive and relay, per sender or per run of such senders.
#include "wafer/Collectives/Move.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Which senders of a line are taken, and how many together.
struct Taking {
  std::optional<Speakers> majors; // of a divided side: these major coordinates; else all
  // Of each major coordinate, or of the whole line:
  std::optional<std::vector<SenderRun>> runs; // all of them, together; else
  std::optional<Speakers> speakers;           // these one by one; else all one by one

  Taking(ArrayRef<TransferDim> dims, Side side, const TransferSizes &sizes, const Senders &senders,
         Receivers receivers) {
    const bool divided = senders.split > 1;
    if (divided)
      majors = speakersOf(dims, side, sizes, senders, receivers, P0);
    runs = senderRuns(dims, side, sizes, senders, receivers, /*between=*/1);
    if (!runs)
      speakers = speakersOf(dims, side, sizes, senders, receivers, divided ? P1 : P0);
  }

  /// Of the largest run.
  int64_t stagedWords() const {
    int64_t words = 0;
    if (runs)
      for (const SenderRun &run : *runs)
        words = std::max(words, run.stagedWords());
    return words;
  }

  /// Receives of a line at most, with what it takes to tell speakers apart.
  int64_t receives(const Senders &senders) const {
    auto most = [](const std::optional<Speakers> &of, int64_t all) {
      return of ? of->most + kToTellSpeakersApart : all;
    };
    const bool divided = senders.split > 1;
    int64_t each = runs ? static_cast<int64_t>(runs->size()) : most(speakers, divided ? senders.minor : senders.major);
    return each * (divided ? most(majors, senders.major) : 1);
  }
};

class LinePass : public MoveCollective {
public:
  MoveAlgorithm algorithm() const override { return MoveAlgorithm::Pass; }
  bool legal(const MoveTask &) const override { return true; }
  ChannelSet channels() const override { return only(Channel::Gather) | only(Channel::Broadcast); }

  double cycles(const MoveTask &task, const ResourceModel &model) const override {
    return model.broadcastCycles(task.words, static_cast<int>(task.line())) + senderCycles(task, model);
  }

  double leastCycles(int64_t words, int64_t line, const ResourceModel &model) const override {
    return model.broadcastCycles(words, static_cast<int>(line)) + model.scalarCycles(kOfSenderRun);
  }

  int64_t stagingWords(const BoxTransfer &transfer) const override {
    if (transfer.senders.end() == 1)
      return 0;
    return Taking(transfer.dims, transfer.side, transfer.b.sizes, transfer.senders, transfer.receivers).stagedWords();
  }

  void build(BoxTransfer &transfer, const LineColors &colors) const override {
    PeBuilder &b = transfer.b;
    int gather = colors.gather, broadcast = colors.broadcast;
    if (transfer.senders.end() == 1) {
      b.when(transfer.isHead(), [&] { transfer.send(broadcast, kSendThread, pe::Control::None); });
      transfer.bindSender(b.constant(0), b.constant(0));
      transfer.receive(broadcast, transfer.blockExtents());
      b.when(transfer.isHead(), [&] { b.wait(kSendThread); });
      return;
    }
    transfer.sendToGather(gather);
    Taking taking(transfer.dims, transfer.side, b.sizes, transfer.senders, transfer.receivers);
    auto takeBlock = [&] {
      SmallVector<Value> extents = transfer.blockExtents();
      b.when(transfer.isHead(), [&] {
        b.vec(pe::VectorKind::Mov, transfer.type, extents, b.fabric(broadcast), b.fabric(gather), {}, {}, kRelayThread);
      });
      transfer.receive(broadcast, extents);
      b.when(transfer.isHead(), [&] {
        b.wait(kRelayThread);
        transfer.dropControl(gather);
      });
    };
    auto drop = [&](Value turns) { b.when(transfer.isHead(), [&] { transfer.dropControl(gather, turns); }); };
    auto dropOf = [&](Value from, Value to) { drop(b.sub(to, from)); };
    const int64_t minor = transfer.senders.minor, majors = transfer.senders.major, split = transfer.senders.split;
    if (split == 1) {
      auto take = [&](Value p) {
        transfer.bindSender(p);
        takeBlock();
      };
      if (taking.runs)
        for (const SenderRun &run : *taking.runs)
          transfer.burst(run, gather, broadcast, 1);
      else if (taking.speakers)
        transfer.eachSpeaker(*taking.speakers, take, dropOf);
      else
        transfer.eachSender(takeBlock);
      return b.wait(kSendThread);
    }
    auto takeMajor = [&](Value major) {
      auto take = [&](Value p) {
        transfer.bindSender(major, p);
        takeBlock();
      };
      if (taking.runs) {
        for (const SenderRun &run : *taking.runs)
          transfer.burst(run, gather, broadcast, 1, major);
      } else if (taking.speakers) {
        transfer.bindSender(major, b.constant(0));
        transfer.eachSpeaker(*taking.speakers, take, dropOf);
      } else {
        b.loop(b.constant(minor), 1, take);
      }
      // Those behind the last one that sends hand on the turn, but for the last of all.
      if (split > minor)
        b.when(b.less(major, b.constant(majors - 1)), [&] { drop(b.constant(split - minor)); });
    };
    if (taking.majors)
      transfer.eachSpeaker(*taking.majors, takeMajor, [&](Value from, Value to) {
        auto turnsBefore = [&](Value major) {
          return b.scalar(pe::ScalarKind::Min, b.mul(major, b.constant(split)), b.constant(transfer.senders.end()));
        };
        drop(b.sub(turnsBefore(to), turnsBefore(from)));
      });
    else
      b.loop(b.constant(majors), 1, takeMajor);
    b.wait(kSendThread);
  }

private:
  /// What a pass takes beside its words: so much per sender, or per run of senders that are taken together.
  static double senderCycles(const MoveTask &task, const ResourceModel &model) {
    const double each = model.scalarCycles(kOfSender);
    Senders senders = sendersOf(task.from, task.shape, task.side, task.region);
    const double turns = static_cast<double>(senders.end());
    if (senders.end() > 1 && (senders.split > 1 || mayHaveRuns(task, senders))) {
      std::vector<TransferDim> dims = transferDims(task.from, task.shape, task.to, task.shape, {});
      Taking taking(dims, task.side, task.sizes, senders, Receivers::OnLine);
      const double receives = static_cast<double>(taking.receives(senders));
      if (taking.runs)
        return receives * model.scalarCycles(kOfSenderRun) + turns +
               (taking.stagedWords() ? model.vectorCycles(isa::VectorOp::Mov, task.words) : 0);
      if (senders.split > 1)
        return each * receives * static_cast<double>(slices(task)) + turns;
    }
    return each * static_cast<double>(speakers(task, senders) * slices(task)) + turns;
  }

  /// Senders that a line takes one by one (speakersOf), with what it takes to tell them apart.
  static int64_t speakers(const MoveTask &task, const Senders &senders) {
    int64_t fewest = senders.major * senders.minor;
    for (auto [has, wanted] : llvm::zip(task.from.dims, task.to.dims))
      if (!wanted.start.dependsOn(task.side))
        if (auto most = mostSpeakers(wanted.length, has.length, has.start.step[majorAxis(task.side)], senders.major))
          fewest = std::min(fewest, *most + kToTellSpeakersApart);
    return fewest;
  }

  /// What can be said before the transfer is looked at: where the line's PEs keep parts of a dimension that they have
  /// in parts, senders have no runs (senderRuns).
  static bool mayHaveRuns(const MoveTask &task, const Senders &senders) {
    return senders.major > 1 && llvm::none_of(llvm::zip(task.from.dims, task.to.dims), [&](auto dims) {
             auto &[has, wanted] = dims;
             return has.start.step[majorAxis(task.side)] != 0 && wanted.start.dependsOn(task.side);
           });
  }

  /// A pass of more dimensions than a descriptor has is made slice by slice.
  static int64_t slices(const MoveTask &task) {
    SmallVector<int64_t> cut;
    for (auto [has, wanted, extent] : llvm::zip(task.from.dims, task.to.dims, task.shape)) {
      LayoutDim whole{extent, Affine(0)};
      if (!(has == whole) || !(wanted == whole) || (cut.empty() && extent > 1))
        cut.push_back(extent);
    }
    int64_t slices = 1;
    llvm::sort(cut);
    for (size_t d = isa::kMaxRank; d < cut.size(); ++d)
      slices *= cut[d - isa::kMaxRank];
    return slices;
  }
};

} // namespace

const MoveCollective &wafer::wfr::passMove() {
  static const LinePass collective;
  return collective;
}
