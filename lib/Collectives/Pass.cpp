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

class LinePass : public MoveCollective {
public:
  MoveAlgorithm algorithm() const override { return MoveAlgorithm::Pass; }
  bool legal(const MoveTask &) const override { return true; }
  ChannelSet channels() const override { return only(Channel::Gather) | only(Channel::Broadcast); }

  double cycles(const MoveTask &task, const ResourceModel &model) const override {
    return model.broadcastCycles(task.words, static_cast<int>(task.line())) + senderCycles(task);
  }

  double leastCycles(int64_t words, int64_t line, const ResourceModel &model) const override {
    return model.broadcastCycles(words, static_cast<int>(line)) + kSenderOverheadCycles;
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
    if (auto runs =
            senderRuns(transfer.dims, transfer.side, b.sizes, transfer.senders, transfer.receivers, /*between=*/1)) {
      for (const SenderRun &run : *runs)
        transfer.burst(run, gather, broadcast, 1);
      b.wait(kSendThread);
      return;
    }
    auto take = [&] {
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
    auto drop = [&](auto silent) { b.when(transfer.isHead(), [&] { transfer.dropControl(gather, silent); }); };
    if (auto speakers = speakersOf(transfer.dims, transfer.side, b.sizes, transfer.senders, transfer.receivers))
      transfer.eachSpeaker(*speakers, take, drop);
    else
      transfer.eachSender(take, drop);
    b.wait(kSendThread);
  }

private:
  /// What a pass takes beside its words: so much per sender, or per run of senders that are taken together.
  static double senderCycles(const MoveTask &task) {
    Senders senders = sendersOf(task.from, task.shape, task.side, task.region);
    if (senders.end() > 1 && mayHaveRuns(task, senders)) {
      std::vector<TransferDim> dims = transferDims(task.from, task.shape, task.to, task.shape, {});
      if (auto runs = senderRuns(dims, task.side, task.sizes, senders, Receivers::OnLine, /*between=*/1))
        return kSenderOverheadCycles * static_cast<double>(runs->size()) + static_cast<double>(senders.end());
    }
    return kSenderOverheadCycles * static_cast<double>(speakers(task, senders) * slices(task)) +
           static_cast<double>(senders.end());
  }

  /// Senders that a line takes one by one (speakersOf), with what it takes to tell them apart.
  static int64_t speakers(const MoveTask &task, const Senders &senders) {
    int64_t fewest = senders.major * senders.minor;
    for (auto [has, wanted] : llvm::zip(task.from.dims, task.to.dims))
      if (!wanted.start.dependsOn(task.side))
        if (auto most = mostSpeakers(wanted.length, has.length, has.start.step[majorAxis(task.side)], senders))
          fewest = std::min(fewest, *most + kToTellSpeakersApart);
    return fewest;
  }

  /// What can be said before the transfer is looked at: where the line's PEs keep parts of a dimension that they have
  /// in parts, senders have no runs (senderRuns).
  static bool mayHaveRuns(const MoveTask &task, const Senders &senders) {
    return senders.split == 1 && senders.major > 1 &&
           llvm::none_of(llvm::zip(task.from.dims, task.to.dims), [&](auto dims) {
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
