// Moving boxes along lines of PEs: wafer.redistribute, wafer.send and wafer.receive.
//
// All three are one scheme, the pass. Every PE of a line sends, in turn, the part of its box that somebody on the line
// needs; the line's head relays block after block from the gather channel to the broadcast channel; every PE takes each
// block with a receive that keeps a window. What a block holds is known on both sides without a word being sent about
// it: it is the intersection of affine intervals, evaluated for the sender's coordinate by sender and receivers alike.
// So ragged edges, windows with overlap (halos), slices and insertions are the same code with other numbers.
//
// A stream between regions, or to and from the host, is a pass cut in two at the head: the producer's head relays to
// the stream's color instead of the broadcast channel, the consumer's head relays from the stream's color. In a region
// on the way, the head relays from one stream's color to another's.
//
// Senders whose blocks are of one size and lie evenly are taken together: one relay and one receive for all of them.
//
// Halos that the PEs beside hold are exchanged with them over neighbor links instead, all at once.
//
// Cost of a pass: one wavelet per word of the line's blocks, plus some 80 cycles for the interval arithmetic and the
// set-up of receive and relay, per sender or per run of such senders.
#include "RegionCode.h"

#include "wafer/Dialect/Wafer/Transfer.h"
#include "wafer/Support/MlirDiagnostic.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

constexpr int kSendThread = 1, kRelayThread = 2;

/// A descriptor has four dimensions. What is left beyond, those with the fewest elements, is transferred slice by
/// slice, as far as there are axes to count slices with.
void sliceDims(std::vector<TransferDim> &dims) {
  auto slicedBy = [&](Axis axis) {
    return llvm::any_of(dims, [&](const TransferDim &dim) { return dim.slices && dim.sliceAxis == axis; });
  };
  for (Axis axis : {S0, S1, S2, S3}) {
    if (llvm::count_if(dims, [](const TransferDim &dim) { return dim.slices == 0; }) <= isa::kMaxRank)
      return;
    if (slicedBy(axis))
      continue;
    auto first = [](const TransferDim &dim) { return std::max<int64_t>(0, dim.resultLow.constant); };
    auto elements = [&](const TransferDim &dim) {
      return std::max<int64_t>(1, std::min(dim.sourceExtent, dim.resultHigh.constant) - first(dim));
    };
    // The last dimension stays: it is the one that is contiguous.
    TransferDim *fewest = nullptr;
    for (TransferDim &dim : llvm::MutableArrayRef(dims).drop_back())
      if (!dim.slices && (!fewest || elements(dim) < elements(*fewest)))
        fewest = &dim;
    fewest->slice(axis, first(*fewest), elements(*fewest));
  }
}

/// The same of a stream: what lies on the wire between the host or another region and here is whole boxes, row-major,
/// so it is the outermost dimensions that are taken slice by slice, within every sender's part.
void sliceStreamDims(std::vector<TransferDim> &dims) {
  for (size_t d = 0; dims.size() - d > isa::kMaxRank && d <= S3 - S0; ++d)
    dims[d].slice(static_cast<Axis>(S0 + d), 0, dims[d].sourceExtent);
}

struct Transfer {
  PeBuilder &b;
  Side side;    // along which lines lie
  int64_t line; // PEs of a line
  Senders senders;
  std::vector<TransferDim> dims;
  pe::ElementType type;
  std::string source, result; // buffers
  Receivers receivers = Receivers::OnLine;

  /// What the sender that is bound to P0 and P1 has of each dimension to send.
  std::vector<Span> senderBlock() const { return sendersBlock(dims, side, b.sizes, receivers); }

  /// The extents of ranges as a nest. Of a sliced dimension there is one element or none: its extent is a factor of the
  /// first one of the others.
  SmallVector<Value> nest(ArrayRef<Span> ranges, bool clamped = false) {
    SmallVector<Value> extents;
    Value factor;
    for (auto [dim, range] : llvm::zip(dims, ranges)) {
      if (dim.slices) {
        Value some = b.clampedExtent(range);
        factor = factor ? b.mul(factor, some) : some;
      } else {
        extents.push_back(clamped ? b.clampedExtent(range) : b.extent(range));
      }
    }
    if (factor)
      extents.front() = b.mul(extents.front(), factor);
    return extents;
  }

  /// Strides of the dimensions of a nest.
  SmallVector<int64_t> strides(int64_t TransferDim::*stride) const {
    SmallVector<int64_t> result;
    for (const TransferDim &dim : dims)
      if (!dim.slices)
        result.push_back(dim.*stride);
    return result;
  }

  /// This PE's block goes to `color`.
  void send(int color, int thread, pe::Control control) {
    std::vector<Span> block = ownBlock(dims, side, b.sizes, receivers);
    SmallVector<Value> extents = nest(block);
    if (senders.minor < senders.split)
      extents.front() = b.mul(extents.front(), b.less(b.coordinate(minorAxis(side)), b.constant(senders.minor)));
    Value base = b.address(source);
    for (auto [dim, range] : llvm::zip(dims, block))
      base = b.add(base, offset(range.lower, dim.sourceStart, dim.sourceStride));
    b.vec(pe::VectorKind::Mov, type, extents, b.fabric(color), b.desc(base, strides(&TransferDim::sourceStride)), {},
          {}, thread, control);
  }

  /// Bytes from a box's first element to where the range begins.
  Value offset(const Bounds &lower, const Affine &start, int64_t stride) {
    Bounds differences;
    for (const Affine &bound : lower)
      differences.push_back(bound - start);
    return b.mul(b.lower(differences), b.constant(4 * stride));
  }

  /// The block of sender p (bound to P0) arrives on `color`; keep what is due here.
  void receive(int color, ValueRange blockExtents) {
    std::vector<Span> block = senderBlock(), window = block;
    SmallVector<Value> lower;
    Value base = b.address(result);
    for (auto [dim, range, kept] : llvm::zip(dims, block, window)) {
      kept.lower.push_back(dim.resultStart);
      kept.upper.push_back(dim.resultStart + Affine(dim.resultLength));
      if (!dim.slices)
        lower.push_back(b.sub(b.lower(kept.lower), b.lower(range.lower)));
      base = b.add(base, offset(kept.lower, dim.resultStart, dim.resultStride));
    }
    pe::RecvWindowOp::create(b.builder, b.loc, color, nest(window), blockExtents, lower,
                             b.desc(base, strides(&TransferDim::resultStride)));
  }

  SmallVector<Value> blockExtents() { return nest(senderBlock(), /*clamped=*/true); }

  bool split() const { return senders.split > 1; }

  void bindSender(Value major, Value minor = {}) {
    b.sizes.size[P0] = senders.major;
    b.sizes.size[P1] = senders.minor;
    b.bind(P0, major);
    b.bind(P1, minor);
  }

  /// Builds `body` for each sender in the order of positions, bound to P0 and P1, and `between` for those between the
  /// last minor coordinate that sends and the next major one.
  void eachSender(llvm::function_ref<void()> body, llvm::function_ref<void(int64_t)> between = {}) {
    b.loop(b.constant(senders.major), 1, [&](Value major) {
      if (!split()) {
        bindSender(major);
        return body();
      }
      b.loop(b.constant(senders.minor), 1, [&](Value minor) {
        bindSender(major, minor);
        body();
      });
      if (int64_t silent = senders.split - senders.minor; silent && between)
        b.when(b.less(major, b.constant(senders.major - 1)), [&] { between(silent); });
    });
  }

  /// Every sender's block goes to the gather channel, the turn handed on; those between senders hand on the turn.
  void sendToGather(int gather) {
    Value position = b.position(side);
    int64_t end = senders.end();
    b.when(end < line ? b.less(position, b.constant(end)) : Value(), [&] {
      b.when(
          b.equal(position, b.constant(end - 1)), [&] { send(gather, kSendThread, pe::Control::Reset); },
          [&] { send(gather, kSendThread, pe::Control::Advance); });
    });
  }

  /// Words from the gather channel are dropped: the control wavelet behind each block.
  void dropControl(int gather, int64_t count = 1) {
    b.vec(pe::VectorKind::Mov, type, b.constant(count), {}, b.fabric(gather));
  }

  Value isHead() { return b.equal(b.position(side), b.constant(0)); }

  /// The blocks of a run of senders arrive on `from` (the head relays them to `broadcast`), `between` words after each
  /// of them. One relay and one receive do for all.
  void burst(const SenderRun &run, int from, int broadcast, int64_t between) {
    bindSender(b.constant(run.first));
    std::vector<Span> block = senderBlock();
    // The window in a block. Words between blocks make rows of one block longer, so it has but one dimension then.
    SmallVector<Value> blockExtents{b.constant(run.count)}, nest{b.constant(run.count)}, lower{b.constant(0)};
    SmallVector<int64_t> strides{0};
    Value base = b.address(result), factor, keptFactor;
    size_t main = mainDim(dims, side, b.sizes, receivers);
    for (auto [d, dim, range] : llvm::enumerate(dims, block)) {
      Span kept = range;
      kept.lower.push_back(dim.resultStart);
      kept.upper.push_back(dim.resultStart + Affine(dim.resultLength));
      base = b.add(base, offset(kept.lower, dim.resultStart, dim.resultStride));
      strides[0] += run.advance[d] * dim.resultStride;
      if (between && d != main) {
        Value extent = b.clampedExtent(range), keptExtent = b.clampedExtent(kept);
        factor = factor ? b.mul(factor, extent) : extent;
        keptFactor = keptFactor ? b.mul(keptFactor, keptExtent) : keptExtent;
        continue;
      }
      blockExtents.push_back(b.clampedExtent(range));
      nest.push_back(b.extent(kept));
      lower.push_back(b.sub(b.lower(kept.lower), b.lower(range.lower)));
      strides.push_back(dim.resultStride);
    }
    if (factor) {
      blockExtents.back() = b.mul(blockExtents.back(), factor);
      nest.back() = b.mul(nest.back(), keptFactor);
    }
    if (between)
      blockExtents.back() = b.add(blockExtents.back(), b.constant(between));
    if (line == 1) {
      pe::RecvWindowOp::create(b.builder, b.loc, from, nest, blockExtents, lower, b.desc(base, strides));
      return;
    }
    b.when(isHead(), [&] {
      b.vec(pe::VectorKind::Mov, type, blockExtents, b.fabric(broadcast), b.fabric(from), {}, {}, kRelayThread);
    });
    pe::RecvWindowOp::create(b.builder, b.loc, broadcast, nest, blockExtents, lower, b.desc(base, strides));
    b.when(isHead(), [&] { b.wait(kRelayThread); });
  }

  void pass(int gather, int broadcast) {
    if (senders.end() == 1) {
      b.when(isHead(), [&] { send(broadcast, kSendThread, pe::Control::None); });
      bindSender(b.constant(0), b.constant(0));
      receive(broadcast, blockExtents());
      b.when(isHead(), [&] { b.wait(kSendThread); });
      return;
    }
    sendToGather(gather);
    if (auto runs = senderRuns(dims, side, b.sizes, senders, receivers, /*between=*/1)) {
      for (const SenderRun &run : *runs)
        burst(run, gather, broadcast, 1);
      b.wait(kSendThread);
      return;
    }
    eachSender(
        [&] {
          SmallVector<Value> extents = blockExtents();
          b.when(isHead(), [&] {
            b.vec(pe::VectorKind::Mov, type, extents, b.fabric(broadcast), b.fabric(gather), {}, {}, kRelayThread);
          });
          receive(broadcast, extents);
          b.when(isHead(), [&] {
            b.wait(kRelayThread);
            dropControl(gather);
          });
        },
        [&](int64_t silent) { b.when(isHead(), [&] { dropControl(gather, silent); }); });
    b.wait(kSendThread);
  }

  /// What a PE lacks of its window comes from the PEs beside it. Both sends are under way before anything is received:
  /// neighbors wait for nobody.
  void exchange(size_t along, const LineColors &colors) {
    copy();
    Value position = b.position(side), hasBefore = b.less(b.constant(0), position),
          hasAfter = b.less(position, b.constant(line - 1));
    auto give = [&](Neighbor to, int color, int thread) {
      std::vector<Span> block = givenTo(to, dims, along, side);
      Value base = b.address(source);
      for (auto [dim, range] : llvm::zip(dims, block))
        base = b.add(base, offset(range.lower, dim.sourceStart, dim.sourceStride));
      b.vec(pe::VectorKind::Mov, type, nest(block, /*clamped=*/true), b.fabric(color),
            b.desc(base, strides(&TransferDim::sourceStride)), {}, {}, thread);
    };
    auto take = [&](Neighbor from, int color) {
      std::vector<Span> block = takenFrom(from, dims, along, side);
      Value base = b.address(result);
      for (auto [dim, range] : llvm::zip(dims, block))
        base = b.add(base, offset(range.lower, dim.resultStart, dim.resultStride));
      b.vec(pe::VectorKind::Mov, type, nest(block, /*clamped=*/true), b.desc(base, strides(&TransferDim::resultStride)),
            b.fabric(color));
    };
    auto withParity = [&](int parity) {
      b.when(hasAfter, [&] { give(Neighbor::After, colors.away[1 - parity], kSendThread); });
      b.when(hasBefore, [&] { give(Neighbor::Before, colors.toward[1 - parity], kRelayThread); });
      b.when(hasBefore, [&] { take(Neighbor::Before, colors.away[parity]); });
      b.when(hasAfter, [&] { take(Neighbor::After, colors.toward[parity]); });
    };
    b.when(b.scalar(pe::ScalarKind::And, position, b.constant(1)), [&] { withParity(1); }, [&] { withParity(0); });
    b.wait(kSendThread);
    b.wait(kRelayThread);
  }

  bool sliced() const {
    return llvm::any_of(dims, [](const TransferDim &dim) { return dim.slices != 0; });
  }

  void sendStream(int gather, int stream) {
    if (senders.end() == 1) {
      b.when(line > 1 ? isHead() : Value(), [&] { eachSlice([&] { send(stream, 0, pe::Control::None); }); });
      return;
    }
    if (sliced())
      return sendSlices(gather, stream);
    sendToGather(gather);
    b.when(isHead(), [&] {
      eachSender([&] {
        b.vec(pe::VectorKind::Mov, type, blockExtents(), b.fabric(stream), b.fabric(gather));
        dropControl(gather);
      });
    });
    b.wait(kSendThread);
  }

  /// sendStream, slice by slice: every slice waits until it is gone, so the head's own go to the stream at once, not by
  /// way of the gather channel, of which it is the reader.
  void sendSlices(int gather, int stream) {
    b.when(isHead(), [&] { eachSlice([&] { send(stream, 0, pe::Control::None); }); });
    auto handOn = [&](pe::Control control) {
      b.vec(pe::VectorKind::Mov, type, b.constant(0), b.fabric(gather), b.desc(b.address(source), {1}), {}, {},
            kSendThread, control);
    };
    Value position = b.position(side);
    int64_t end = senders.end();
    b.when(end < line ? b.less(position, b.constant(end)) : Value(), [&] {
      b.when(b.less(b.constant(0), position), [&] { eachSlice([&] { send(gather, 0, pe::Control::None); }); });
      b.when(
          b.equal(position, b.constant(end - 1)), [&] { handOn(pe::Control::Reset); },
          [&] { handOn(pe::Control::Advance); });
    });
    b.when(isHead(), [&] {
      Affine sender;
      sender.step[P0] = senders.split;
      sender.step[P1] = 1;
      eachSender([&] {
        b.when(b.less(b.constant(0), b.value(sender)), [&] {
          eachSlice([&] { b.vec(pe::VectorKind::Mov, type, blockExtents(), b.fabric(stream), b.fabric(gather)); });
        });
        dropControl(gather);
      });
    });
    b.wait(kSendThread);
  }

  void receiveStream(int stream, int broadcast) {
    if (auto runs = senderRuns(dims, side, b.sizes, senders, receivers, /*between=*/0)) {
      for (const SenderRun &run : *runs)
        burst(run, stream, broadcast, 0);
      return;
    }
    auto takeBlock = [&] {
      SmallVector<Value> extents = blockExtents();
      if (line == 1)
        return receive(stream, extents);
      b.when(isHead(), [&] {
        b.vec(pe::VectorKind::Mov, type, extents, b.fabric(broadcast), b.fabric(stream), {}, {}, kRelayThread);
      });
      receive(broadcast, extents);
      b.when(isHead(), [&] { b.wait(kRelayThread); });
    };
    eachSender([&] { eachSlice(takeBlock); });
  }

  /// What all senders have sent goes on to another color, word by word.
  void relayStream(int from, int to) {
    auto handOn = [&](int64_t blocks) {
      Value words = b.constant(blocks);
      for (const Span &range : senderBlock())
        words = b.mul(words, b.clampedExtent(range));
      b.vec(pe::VectorKind::Mov, type, words, b.fabric(to), b.fabric(from));
    };
    auto runs = senderRuns(dims, side, b.sizes, senders, receivers, /*between=*/0);
    if (!runs)
      return eachSender([&] { handOn(1); });
    for (const SenderRun &run : *runs) {
      bindSender(b.constant(run.first));
      handOn(run.count);
    }
  }

  void copy() {
    std::vector<Span> box;
    Value source = b.address(this->source), result = b.address(this->result);
    for (const TransferDim &dim : dims) {
      box.push_back({{dim.sourceStart, dim.resultStart, Affine(0), dim.resultLow},
                     {dim.sourceStart + Affine(dim.sourceLength), dim.resultStart + Affine(dim.resultLength),
                      Affine(dim.sourceExtent), dim.resultHigh}});
      source = b.add(source, offset(box.back().lower, dim.sourceStart, dim.sourceStride));
      result = b.add(result, offset(box.back().lower, dim.resultStart, dim.resultStride));
    }
    b.vec(pe::VectorKind::Mov, type, nest(box), b.desc(result, strides(&TransferDim::resultStride)),
          b.desc(source, strides(&TransferDim::sourceStride)));
  }

  /// Builds `body` for each slice.
  void eachSlice(llvm::function_ref<void()> body) {
    SmallVector<const TransferDim *> sliced;
    for (const TransferDim &dim : dims)
      if (dim.slices)
        sliced.push_back(&dim);
    auto nested = [&](auto &self, size_t i) -> void {
      if (i == sliced.size())
        return body();
      b.sizes.size[sliced[i]->sliceAxis] = sliced[i]->slices;
      b.loop(b.constant(sliced[i]->slices), 1, [&](Value slice) {
        b.bind(sliced[i]->sliceAxis, slice);
        self(self, i + 1);
      });
    };
    nested(nested, 0);
  }
};

LogicalResult checkRank(Operation *op, const Transfer &transfer) {
  int64_t walked = llvm::count_if(transfer.dims, [](const TransferDim &dim) { return dim.slices == 0; });
  if (walked > isa::kMaxRank)
    return wafer::emitUnsupported(op, "moves a box with ")
           << transfer.dims.size() << " dimensions that are split or cut; a descriptor walks "
           << static_cast<int64_t>(isa::kMaxRank);
  return success();
}

/// Of a stream every sender of a row sends all that it has.
Senders streamSenders(StreamOp stream, const Layout &layout) {
  int64_t count = static_cast<int64_t>(stream.getSenders()), split = layout.splitX;
  return {(count + split - 1) / split, std::min(count, split), split};
}

FailureOr<int> colorOf(StreamOp stream, Operation *user, RegionCode &code) {
  if (std::optional<int> color = code.streamColor(stream.getSymName()))
    return *color;
  return user->emitOpError("stream @") << stream.getSymName() << " has no color yet: route its net first";
}

} // namespace

LogicalResult wafer::wfr::lowerRedistribute(RedistributeOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource()), result = code.tensor(op.getResult());
  alignSplits({&source.layout, &result.layout});
  std::optional<Side> along = op.getSide();
  Side side = along.value_or(Side::X);
  int64_t line = code.size.along(side);
  std::string name = !along ? "copy" : (op.byNeighbors() ? "exchange_" : "pass_") + stringifySide(side).str();
  return code.function(op.getLoc(), source.layout, name, [&](PeBuilder &b) {
    Transfer transfer{
        b,
        side,
        line,
        sendersOf(source.layout, source.shape, side, code.size),
        transferDims(source.layout, source.shape, result.layout, result.shape, op.getShift(), op.regroup()),
        source.elementType(),
        source.buffer,
        result.buffer};
    sliceDims(transfer.dims);
    if (failed(checkRank(op, transfer)))
      return failure();
    const LineColors &colors = code.lineColors(side);
    transfer.eachSlice([&] {
      if (!along || line == 1)
        transfer.copy();
      else if (op.byNeighbors())
        transfer.exchange(*exchangedDim(transfer.dims, side, b.sizes), colors);
      else
        transfer.pass(colors.gather, colors.broadcast);
    });
    return success();
  });
}

LogicalResult wafer::wfr::lowerSend(SendOp op, StreamOp stream, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  FailureOr<int> color = colorOf(stream, op, code);
  if (failed(color))
    return failure();
  return code.function(op.getLoc(), source.layout, "send", [&](PeBuilder &b) {
    Transfer transfer{b,
                      Side::X,
                      code.size.width,
                      streamSenders(stream, source.layout),
                      transferDims(source.layout, source.shape, source.layout, source.shape, {}),
                      source.elementType(),
                      source.buffer,
                      source.buffer,
                      Receivers::Elsewhere};
    sliceStreamDims(transfer.dims);
    if (failed(checkRank(op, transfer)))
      return failure();
    int64_t lanes = stream.getLanes();
    b.when(lanes < code.size.height ? b.less(b.position(Side::Y), b.constant(lanes)) : Value(),
           [&] { transfer.sendStream(code.colors.x.gather, *color); });
    return success();
  });
}

LogicalResult wafer::wfr::lowerReceive(ReceiveOp op, StreamOp stream, RegionCode &code) {
  Tensor result = code.tensor(op.getResult());
  Tensor source = result;
  auto type = cast<RankedTensorType>(stream.getType());
  source.shape = SmallVector<int64_t>(type.getShape());
  source.layout = layoutOf(type);
  alignSplits({&source.layout, &result.layout});
  FailureOr<int> color = colorOf(stream, op, code);
  if (failed(color))
    return failure();
  return code.function(op.getLoc(), source.layout, "receive", [&](PeBuilder &b) {
    Transfer transfer{b,
                      Side::X,
                      code.size.width,
                      streamSenders(stream, source.layout),
                      transferDims(source.layout, source.shape, result.layout, result.shape, {}),
                      result.elementType(),
                      "",
                      result.buffer,
                      Receivers::Elsewhere};
    sliceStreamDims(transfer.dims);
    if (failed(checkRank(op, transfer)))
      return failure();
    int64_t lanes = stream.getLanes();
    b.when(lanes < code.size.height ? b.less(b.position(Side::Y), b.constant(lanes)) : Value(),
           [&] { transfer.receiveStream(*color, code.colors.x.broadcast); });
    return success();
  });
}

LogicalResult wafer::wfr::lowerRelay(RelayOp op, StreamOp from, StreamOp to, RegionCode &code) {
  FailureOr<int> fromColor = colorOf(from, op, code), toColor = colorOf(to, op, code);
  if (failed(fromColor) || failed(toColor))
    return failure();
  auto type = cast<RankedTensorType>(from.getType());
  ArrayRef<int64_t> shape = type.getShape();
  Layout layout = layoutOf(type), whole = Layout::replicated(shape);
  alignSplits({&layout, &whole});
  return code.function(op.getLoc(), layout, "relay", [&](PeBuilder &b) {
    Transfer transfer{b,
                      Side::X,
                      code.size.width,
                      streamSenders(from, layout),
                      transferDims(layout, shape, whole, shape, {}),
                      elementTypeOf(type.getElementType()),
                      "",
                      "",
                      Receivers::Elsewhere};
    int64_t lanes = from.getLanes();
    b.when(lanes < code.size.height ? b.less(b.position(Side::Y), b.constant(lanes)) : Value(), [&] {
      b.when(code.size.width > 1 ? transfer.isHead() : Value(), [&] { transfer.relayStream(*fromColor, *toColor); });
    });
    return success();
  });
}
