// Streams between regions, and to and from the host: wafer.send, wafer.receive and wafer.relay.
//
// A stream is a pass cut in two at the head: the producer's head relays to the stream's color instead of the broadcast
// channel, the consumer's head relays from the stream's color. In a region on the way, the head relays from one
// stream's color to another's. Lanes of a stream in parts have several colors, by their rows.
#include "RegionCode.h"

#include "wafer/Collectives/Deal.h"
#include "wafer/Dialect/Wafer/Steps.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// As sliceDims, of a stream: what lies on the wire between the host or another region and here is whole boxes,
/// row-major, so it is the outermost dimensions that are taken slice by slice, within every sender's part.
void sliceStreamDims(std::vector<TransferDim> &dims) {
  for (size_t d = 0; dims.size() - d > isa::kMaxRank && d <= S3 - S0; ++d)
    dims[d].slice(static_cast<TransferAxis>(S0 + d), 0, dims[d].sourceExtent);
}

struct StreamTransfer : BoxTransfer {
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
      TransferAffine sender;
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

  /// receiveStream of one sender's block that this row keeps as it is, on threads: main waits for it.
  void receiveAside(int stream, int broadcast) {
    Value zero = b.constant(0);
    bindSender(zero, split() ? zero : Value());
    SmallVector<Value> extents = blockExtents();
    if (line > 1)
      b.when(isHead(), [&] {
        b.vec(pe::VectorKind::Mov, type, extents, b.fabric(broadcast), b.fabric(stream), {}, {}, kLaneThread);
      });
    b.vec(pe::VectorKind::Mov, type, extents, b.desc(b.address(result), strides(&TransferDim::resultStride)),
          b.fabric(line > 1 ? broadcast : stream), {}, {}, kTakeThread);
    b.leaveOpen();
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
};

/// Of a stream every sender of a row sends all that it has.
Senders streamSenders(StreamOp stream, const Layout &layout) {
  int64_t count = static_cast<int64_t>(stream.getSenders()), split = layout.splitX.minor;
  return {(count + split - 1) / split, std::min(count, split), split};
}

/// Those of a stream's lanes; at least one.
FailureOr<SmallVector<StreamPart, 1>> partsOf(StreamOp stream, Operation *user, RegionCode &code) {
  SmallVector<StreamPart, 1> parts = code.streamParts(stream.getSymName());
  const auto lanes = static_cast<int64_t>(stream.getLanes());
  if (parts.empty() || parts.back().end < lanes)
    return user->emitOpError("stream @") << stream.getSymName() << " has no color yet: route its net first";
  while (parts.size() > 1 && parts[parts.size() - 2].end >= lanes)
    parts.pop_back(); // lanes of other streams
  parts.back().end = lanes;
  return parts;
}

/// `body` for each part, in the rows of its lanes.
void eachPart(PeBuilder &b, ArrayRef<StreamPart> parts, int64_t height, llvm::function_ref<void(int color)> body) {
  const StreamPart part = parts.front();
  Value inPart = part.end < height ? b.less(b.position(Side::Y), b.constant(part.end)) : Value();
  if (parts.size() == 1)
    return b.when(inPart, [&] { body(part.color); });
  b.when(inPart, [&] { body(part.color); }, [&] { eachPart(b, parts.drop_front(), height, body); });
}

} // namespace

static LogicalResult lowerDealt(SendOp op, StreamOp stream, ArrayRef<StreamPart> parts, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  source.layout = source.layout.simplified();
  std::optional<Deal> deal = dealColumns(source.layout, source.shape, code.size, stream.getLanes());
  if (!deal)
    return op.emitOpError("has no columns that hold the same in all rows");
  DealtSend dealt(*deal, source.layout.words());
  BufferPart staging;
  if (int64_t words = dealt.stagingWords())
    staging = code.newBuffer(op.getLoc(), "scratch", words);
  Layout splits = source.layout;
  splits.splitY = deal->layout.splitY;
  code.atWork.push_back({op, 1u << kDealThread, source.buffer.name});
  return code.function(op.getLoc(), splits, "deal", [&](PeBuilder &b) {
    auto transferOf = [&](const Layout &layout, Senders senders) {
      return BoxTransfer{b,
                         Side::X,
                         code.size.width,
                         senders,
                         transferDims(layout, source.shape, layout, source.shape, {}),
                         source.elementType(),
                         source.buffer,
                         source.buffer,
                         Receivers::Elsewhere};
    };
    BoxTransfer own = transferOf(source.layout, sendersOf(source.layout, source.shape, Side::X, code.size)),
                lane = transferOf(deal->layout, {deal->rounds, 1, 1});
    if (failed(checkRank(op, own)))
      return failure();
    eachPart(b, parts, code.size.height,
             [&](int color) { dealt.build(own, lane, staging, code.colors.x.gather, color); });
    return success();
  });
}

LogicalResult wafer::wfr::lowerSend(SendOp op, StreamOp stream, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  FailureOr<SmallVector<StreamPart, 1>> parts = partsOf(stream, op, code);
  if (failed(parts))
    return failure();
  if (op.getDealt())
    return lowerDealt(op, stream, *parts, code);
  return code.function(op.getLoc(), source.layout, "send", [&](PeBuilder &b) {
    StreamTransfer transfer{{b, Side::X, code.size.width, streamSenders(stream, source.layout),
                             transferDims(source.layout, source.shape, source.layout, source.shape, {}),
                             source.elementType(), source.buffer, source.buffer, Receivers::Elsewhere}};
    sliceStreamDims(transfer.dims);
    if (failed(checkRank(op, transfer)))
      return failure();
    eachPart(b, *parts, code.size.height, [&](int color) { transfer.sendStream(code.colors.x.gather, color); });
    return success();
  });
}

/// Something other than the next receive is done before what comes in is read.
static bool othersComeFirst(ReceiveOp op) {
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    if (llvm::is_contained(next->getOperands(), op.getResult()) || llvm::isa<ReceiveOp, ChunksOp>(next))
      return false;
    if (hasCode(*next))
      return true;
  }
  return false;
}

LogicalResult wafer::wfr::lowerReceive(ReceiveOp op, StreamOp stream, RegionCode &code) {
  Tensor result = code.tensor(op.getResult());
  Tensor source = result;
  auto type = cast<RankedTensorType>(stream.getType());
  source.shape = SmallVector<int64_t>(type.getShape());
  source.layout = layoutOf(type);
  alignSplits({&source.layout, &result.layout});
  FailureOr<SmallVector<StreamPart, 1>> parts = partsOf(stream, op, code);
  if (failed(parts))
    return failure();
  return code.function(op.getLoc(), source.layout, "receive", [&](PeBuilder &b) {
    StreamTransfer transfer{{b, Side::X, code.size.width, streamSenders(stream, source.layout),
                             transferDims(source.layout, source.shape, result.layout, result.shape, {}),
                             result.elementType(), BufferPart(), result.buffer, Receivers::Elsewhere}};
    sliceStreamDims(transfer.dims);
    if (failed(checkRank(op, transfer)))
      return failure();
    const bool aside =
        transfer.senders.end() == 1 && !transfer.sliced() && source.layout == result.layout && othersComeFirst(op);
    eachPart(b, *parts, code.size.height, [&](int color) {
      const int broadcast = code.colors.x.broadcast;
      aside ? transfer.receiveAside(color, broadcast) : transfer.receiveStream(color, broadcast);
    });
    if (aside)
      code.atWork.push_back({op, 1u << kLaneThread | 1u << kTakeThread, result.buffer.name});
    return success();
  });
}

LogicalResult wafer::wfr::lowerRelay(RelayOp op, StreamOp from, StreamOp to, RegionCode &code) {
  FailureOr<SmallVector<StreamPart, 1>> fromParts = partsOf(from, op, code), toParts = partsOf(to, op, code);
  if (failed(fromParts) || failed(toParts))
    return failure();
  auto type = cast<RankedTensorType>(from.getType());
  ArrayRef<int64_t> shape = type.getShape();
  Layout layout = layoutOf(type), whole = Layout::replicated(shape);
  alignSplits({&layout, &whole});
  return code.function(op.getLoc(), layout, "relay", [&](PeBuilder &b) {
    StreamTransfer transfer{{b, Side::X, code.size.width, streamSenders(from, layout),
                             transferDims(layout, shape, whole, shape, {}), elementTypeOf(type.getElementType()),
                             BufferPart(), BufferPart(), Receivers::Elsewhere}};
    // Heads of rows in the same parts of both.
    eachPart(b, *fromParts, code.size.height, [&](int fromColor) {
      b.when(code.size.width > 1 ? transfer.isHead() : Value(), [&] {
        eachPart(b, *toParts, from.getLanes(), [&](int toColor) { transfer.relayStream(fromColor, toColor); });
      });
    });
    return success();
  });
}
