// Code that sends, relays and receives boxes along a line: what passes, exchanges and streams are written with.
//
// What a block holds is known on both sides without a word being sent about it: it is the intersection of affine
// intervals, evaluated for the sender's coordinate by sender and receivers alike. So ragged edges, windows with overlap
// (halos), slices and insertions are the same code with other numbers. Senders whose blocks are of one size and lie
// evenly are taken together: one relay and one receive for all of them.
#ifndef WAFER_COLLECTIVES_BOXTRANSFER_H
#define WAFER_COLLECTIVES_BOXTRANSFER_H

#include "wafer/Collectives/PeBuilder.h"

namespace wafer::wfr {

constexpr int kSendThread = 1, kRelayThread = 2;
/// Of what is left at work while others use these: the relay of a lane, and the receive of what it brings.
constexpr int kLaneThread = 3, kTakeThread = 4;
/// Of an output whose columns are dealt while others use these: the turn of a column, and the lane.
constexpr int kDealThread = 5, kLeaveThread = 6;

/// A descriptor has four dimensions. What is left beyond, those with the fewest elements, is transferred slice by
/// slice, as far as there are axes to count slices with.
void sliceDims(std::vector<TransferDim> &dims);

struct BoxTransfer {
  PeBuilder &b;
  Side side;    // along which lines lie
  int64_t line; // PEs of a line
  Senders senders;
  std::vector<TransferDim> dims;
  pe::ElementType type;
  BufferPart source, result;
  Receivers receivers = Receivers::OnLine;
  BufferPart staging = {}; // of as many words as the largest staged run has

  /// What the sender that is bound to P0 and P1 has of each dimension to send.
  std::vector<Span> senderBlock() const { return sendersBlock(dims, side, b.sizes, receivers); }

  /// The extents of ranges as a nest. Of a sliced dimension there is one element or none: its extent is a factor of the
  /// first one of the others.
  llvm::SmallVector<mlir::Value> nest(llvm::ArrayRef<Span> ranges, bool clamped = false);
  /// Strides of the dimensions of a nest.
  llvm::SmallVector<int64_t> strides(int64_t TransferDim::*stride) const;
  /// Bytes from a box's first element to where the range begins.
  mlir::Value offset(const Bounds &lower, const TransferAffine &start, int64_t stride);

  /// This PE's block goes to `color`; nothing of it where `speaks` is 0.
  void send(int color, int thread, pe::Control control, mlir::Value speaks = {});
  /// The block of sender p (bound to P0) arrives on `color`; keep what is due here.
  void receive(int color, mlir::ValueRange blockExtents);
  llvm::SmallVector<mlir::Value> blockExtents() { return nest(senderBlock(), /*clamped=*/true); }

  bool split() const { return senders.split > 1; }
  void bindSender(mlir::Value major, mlir::Value minor = {});
  /// Builds `body` for each sender in the order of positions, bound to P0 and P1, and `between` for those between the
  /// last minor coordinate that sends and the next major one.
  void eachSender(llvm::function_ref<void()> body, llvm::function_ref<void(int64_t)> between = {});
  /// The coordinates of those only that have something for the line. `silent`: those from one on and below another have
  /// nothing.
  void eachSpeaker(const Speakers &speakers, llvm::function_ref<void(mlir::Value)> body,
                   llvm::function_ref<void(mlir::Value, mlir::Value)> silent);
  bool sliced() const {
    return llvm::any_of(dims, [](const TransferDim &dim) { return dim.slices != 0; });
  }
  /// Builds `body` for each slice.
  void eachSlice(llvm::function_ref<void()> body);

  /// Every sender's block goes to the gather channel, the turn handed on; those between senders hand on the turn, and
  /// so do those where `speaks` is 0.
  void sendToGather(int gather, mlir::Value speaks = {}, int thread = kSendThread);
  /// Words from the gather channel are dropped: the control wavelet behind each block.
  void dropControl(int gather, int64_t count = 1) { dropControl(gather, b.constant(count)); }
  void dropControl(int gather, mlir::Value count);
  mlir::Value isHead() { return b.equal(b.position(side), b.constant(0)); }
  /// The blocks of a run of senders arrive on `from` (the head relays them to `broadcast`), `between` words after each
  /// of them. One relay and one receive do for all. `major`: of a divided side the coordinate that the run is of.
  void burst(const SenderRun &run, int from, int broadcast, int64_t between, mlir::Value major = {});
  /// What this PE has of its own window.
  void copy();

private:
  /// What this PE keeps of a staged run.
  void unpack(const SenderRun &run);
};

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_BOXTRANSFER_H
