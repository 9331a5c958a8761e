// neighbors: what a PE lacks of its window comes from the PEs beside it, over links of two colors a direction, by the
// parity of the receiver. For halos: every PE speaks at once, so the length of the line does not matter. Both sends are
// asynchronous and come first, so neighbors wait for nobody.
#include "wafer/Collectives/Move.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Beside the words: two sends, two receives and their intervals.
constexpr ScalarCount kOfExchange{.scalars = 170, .branches = 8};

class Neighbors : public MoveCollective {
public:
  MoveAlgorithm algorithm() const override { return MoveAlgorithm::Neighbors; }
  ChannelSet channels() const override { return only(Channel::Toward) | only(Channel::Away); }

  /// Windows move with blocks (exchangedDim).
  bool conceivable(Side side, ArrayRef<LayoutDim> from, ArrayRef<LayoutDim> to) const override {
    bool sharded = false;
    for (auto [has, needs] : llvm::zip_equal(from, to)) {
      int64_t step = has.start.step[majorAxis(side)];
      if (step != needs.start.step[majorAxis(side)])
        return false;
      sharded |= step > 0;
    }
    return sharded;
  }

  bool legal(const MoveTask &task) const override {
    // Dimensions may merge, so with no more than a descriptor has there are certainly few enough.
    return task.shape.size() <= isa::kMaxRank && task.line() > 1 &&
           exchangedDim(task.from, task.shape, task.to, task.shape, {}, task.side, task.sizes);
  }

  double cycles(const MoveTask &task, const ResourceModel &model) const override {
    double words = 1, kept = 1;
    for (auto [from, dim, extent] : llvm::zip(task.from.dims, task.to.dims, task.shape)) {
      kept *= static_cast<double>(std::min(dim.length, extent));
      words *=
          static_cast<double>(from.start.step[majorAxis(task.side)] ? std::max<int64_t>(0, dim.length - from.length)
                                                                    : std::min(dim.length, extent));
    }
    return model.scalarCycles(kOfExchange) + words + model.vectorCycles(isa::VectorOp::Mov, static_cast<int64_t>(kept));
  }

  double leastCycles(int64_t, int64_t, const ResourceModel &model) const override {
    return model.scalarCycles(kOfExchange);
  }

  void build(BoxTransfer &transfer, const LineColors &colors) const override {
    PeBuilder &b = transfer.b;
    const std::array<int, 2> &toward = colors.toward, &away = colors.away;
    size_t along = *exchangedDim(transfer.dims, transfer.side, b.sizes);
    transfer.copy();
    Value position = b.position(transfer.side), hasBefore = b.less(b.constant(0), position),
          hasAfter = b.less(position, b.constant(transfer.line - 1));
    auto give = [&](Neighbor to, int color, int thread) {
      std::vector<Span> block = givenTo(to, transfer.dims, along, transfer.side);
      Value base = b.address(transfer.source);
      for (auto [dim, range] : llvm::zip(transfer.dims, block))
        base = b.add(base, transfer.offset(range.lower, dim.sourceStart, dim.sourceStride));
      b.vec(pe::VectorKind::Mov, transfer.type, transfer.nest(block, /*clamped=*/true), b.fabric(color),
            b.desc(base, transfer.strides(&TransferDim::sourceStride)), {}, {}, thread);
    };
    auto take = [&](Neighbor from, int color) {
      std::vector<Span> block = takenFrom(from, transfer.dims, along, transfer.side);
      Value base = b.address(transfer.result);
      for (auto [dim, range] : llvm::zip(transfer.dims, block))
        base = b.add(base, transfer.offset(range.lower, dim.resultStart, dim.resultStride));
      b.vec(pe::VectorKind::Mov, transfer.type, transfer.nest(block, /*clamped=*/true),
            b.desc(base, transfer.strides(&TransferDim::resultStride)), b.fabric(color));
    };
    auto withParity = [&](int parity) {
      b.when(hasAfter, [&] { give(Neighbor::After, away[1 - parity], kSendThread); });
      b.when(hasBefore, [&] { give(Neighbor::Before, toward[1 - parity], kRelayThread); });
      b.when(hasBefore, [&] { take(Neighbor::Before, away[parity]); });
      b.when(hasAfter, [&] { take(Neighbor::After, toward[parity]); });
    };
    b.when(b.scalar(pe::ScalarKind::And, position, b.constant(1)), [&] { withParity(1); }, [&] { withParity(0); });
    b.wait(kSendThread);
    b.wait(kRelayThread);
  }
};

} // namespace

const MoveCollective &wafer::wfr::neighborsMove() {
  static const Neighbors collective;
  return collective;
}
