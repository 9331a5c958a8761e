// Moving boxes along lines of PEs: wafer.redistribute, wafer.send and wafer.receive.
//
// All three are one scheme, the pass. Every PE of a line sends, in turn, the part of its box that somebody on the line
// needs; the line's head relays block after block from the gather channel to the broadcast channel; every PE takes each
// block with a receive that keeps a window. What a block holds is known on both sides without a word being sent about
// it: it is the intersection of affine intervals, evaluated for the sender's coordinate by sender and receivers alike.
// So ragged edges, windows with overlap (halos), slices and insertions are the same code with other numbers.
//
// A stream between regions, or to and from the host, is a pass cut in two at the head: the producer's head relays to
// the stream's color instead of the broadcast channel, the consumer's head relays from the stream's color.
//
// Cost: one wavelet per word of the line's blocks, plus some 100 cycles per sender for the interval arithmetic and the
// set-up of receive and relay.
#include "RegionCode.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

constexpr int kSendThread = 1, kRelayThread = 2;

/// One dimension of a transfer, after merging; in elements of the source's index space.
struct TransferDim {
  Affine sourceStart, resultStart; // of the boxes, unclipped
  int64_t sourceLength, resultLength;
  int64_t sourceExtent;
  Affine resultLow, resultHigh; // the result tensor's range, in source indices; of sliced dimensions one element of it
  int64_t sourceStride, resultStride;
  int64_t slices = 0; // of a sliced dimension: how many there are

  bool trivial() const {
    return sourceStart.isConstant() && resultStart.isConstant() && sourceStart.constant == 0 &&
           resultStart.constant == 0 && sourceLength == sourceExtent && resultLength == sourceExtent &&
           resultLow == Affine(0) && resultHigh == Affine(sourceExtent);
  }
};

/// Dimensions that both sides hold whole are merged into the one before them.
std::vector<TransferDim> mergeDims(ArrayRef<TransferDim> dims) {
  std::vector<TransferDim> merged;
  for (const TransferDim &dim : dims) {
    if (dim.trivial() && dim.sourceExtent == 1)
      continue;
    if (!merged.empty() && dim.trivial()) {
      TransferDim &outer = merged.back();
      int64_t k = dim.sourceExtent;
      outer.sourceStart = outer.sourceStart * k;
      outer.resultStart = outer.resultStart * k;
      outer.resultLow = outer.resultLow * k;
      outer.resultHigh = outer.resultHigh * k;
      for (int64_t *scaled : {&outer.sourceLength, &outer.resultLength, &outer.sourceExtent})
        *scaled *= k;
      outer.sourceStride = dim.sourceStride;
      outer.resultStride = dim.resultStride;
      continue;
    }
    merged.push_back(dim);
  }
  if (merged.empty())
    merged.push_back({Affine(0), Affine(0), 1, 1, 1, 0, 1, 1, 1});
  return merged;
}

std::vector<TransferDim> transferDims(const Tensor &source, const Tensor &result, ArrayRef<int64_t> shift) {
  std::vector<TransferDim> dims;
  SmallVector<int64_t> sourceStrides = source.strides(), resultStrides = result.strides();
  for (size_t d = 0; d != source.shape.size(); ++d) {
    int64_t by = shift.empty() ? 0 : shift[d];
    dims.push_back({source.layout.dims[d].start, result.layout.dims[d].start - Affine(by), source.layout.dims[d].length,
                    result.layout.dims[d].length, source.shape[d], -by, result.shape[d] - by, sourceStrides[d],
                    resultStrides[d]});
  }
  return mergeDims(dims);
}

/// A descriptor has four dimensions. What is left beyond, those with the fewest elements, is transferred slice by
/// slice.
void sliceDims(std::vector<TransferDim> &dims) {
  for (Axis axis : {S0, S1}) {
    if (dims.size() - (axis == S1) <= isa::kMaxRank)
      return;
    auto elements = [](const TransferDim &dim) {
      return std::max<int64_t>(0, std::min(dim.sourceExtent, dim.resultHigh.constant) -
                                      std::max<int64_t>(0, dim.resultLow.constant));
    };
    // The last dimension stays: it is the one that is contiguous.
    TransferDim *fewest = nullptr;
    for (TransferDim &dim : llvm::MutableArrayRef(dims).drop_back())
      if (!dim.slices && (!fewest || elements(dim) < elements(*fewest)))
        fewest = &dim;
    fewest->slices = std::max<int64_t>(1, elements(*fewest));
    fewest->resultLow = Affine(std::max<int64_t>(0, fewest->resultLow.constant));
    fewest->resultLow.step[axis] = 1;
    fewest->resultHigh = fewest->resultLow + Affine(1);
  }
}

Affine senderForm(Affine affine, bool y) {
  Axis major = y ? Y0 : X0, minor = y ? Y1 : X1;
  affine.step[P0] = affine.step[major];
  affine.step[P1] = affine.step[minor];
  affine.step[major] = affine.step[minor] = 0;
  return affine;
}

/// The bound with the line's axes at the values that make it smallest.
Affine lineMin(Affine affine, bool y, const AxisSizes &sizes) {
  for (Axis axis : {y ? Y0 : X0, y ? Y1 : X1}) {
    if (affine.step[axis] < 0)
      affine.constant += affine.step[axis] * (sizes.size[axis] - 1);
    affine.step[axis] = 0;
  }
  return affine;
}
Affine lineMax(Affine affine, bool y, const AxisSizes &sizes) { return lineMin(affine * -1, y, sizes) * -1; }

/// What one PE sends of a dimension: its box, inside the tensor, as far as the line needs it.
Span sendRange(const TransferDim &dim, const std::optional<std::pair<Affine, Affine>> &needed, bool sender, bool y) {
  Affine start = sender ? senderForm(dim.sourceStart, y) : dim.sourceStart;
  Span range{{start, Affine(0), dim.resultLow},
             {start + Affine(dim.sourceLength), Affine(dim.sourceExtent), dim.resultHigh}};
  if (needed) {
    range.lower.push_back(needed->first);
    range.upper.push_back(needed->second);
  }
  return range;
}

struct Transfer {
  PeBuilder &b;
  bool y;          // along columns
  int64_t line;    // PEs of a line
  int64_t senders; // coordinates 0 .. senders - 1 send
  std::vector<TransferDim> dims;
  pe::ElementType type;
  std::string source, result; // buffers
  bool streamed = false;      // what the line needs is not known to the sender: all of its box goes

  std::vector<Span> ranges(bool sender) const {
    std::vector<Span> result;
    for (const TransferDim &dim : dims) {
      std::optional<std::pair<Affine, Affine>> needed;
      if (!streamed)
        needed = {lineMin(dim.resultStart, y, b.sizes),
                  lineMax(dim.resultStart, y, b.sizes) + Affine(dim.resultLength)};
      result.push_back(sendRange(dim, needed, sender, y));
    }
    return result;
  }

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
    std::vector<Span> block = ranges(/*sender=*/false);
    SmallVector<Value> extents = nest(block);
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
    std::vector<Span> block = ranges(/*sender=*/true), window = block;
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

  SmallVector<Value> blockExtents() { return nest(ranges(/*sender=*/true), /*clamped=*/true); }

  void bindSender(Value p) {
    b.sizes.size[P0] = senders;
    b.sizes.size[P1] = 1;
    b.bind(P0, p);
  }

  /// Every sender's block goes to the gather channel, the turn handed on.
  void sendToGather(int gather) {
    Value position = b.position(y);
    b.when(senders < line ? b.less(position, b.constant(senders)) : Value(), [&] {
      b.when(
          b.equal(position, b.constant(senders - 1)), [&] { send(gather, kSendThread, pe::Control::Reset); },
          [&] { send(gather, kSendThread, pe::Control::Advance); });
    });
  }

  /// One word from the gather channel is dropped: the control wavelet behind each block.
  void dropControl(int gather) { b.vec(pe::VectorKind::Mov, type, b.constant(1), {}, b.fabric(gather)); }

  Value isHead() { return b.equal(b.position(y), b.constant(0)); }

  void pass(int gather, int broadcast) {
    if (senders == 1) {
      b.when(isHead(), [&] { send(broadcast, kSendThread, pe::Control::None); });
      bindSender(b.constant(0));
      receive(broadcast, blockExtents());
      b.when(isHead(), [&] { b.wait(kSendThread); });
      return;
    }
    sendToGather(gather);
    b.loop(b.constant(senders), 1, [&](Value p) {
      bindSender(p);
      SmallVector<Value> extents = blockExtents();
      b.when(isHead(), [&] {
        b.vec(pe::VectorKind::Mov, type, extents, b.fabric(broadcast), b.fabric(gather), {}, {}, kRelayThread);
      });
      receive(broadcast, extents);
      b.when(isHead(), [&] {
        b.wait(kRelayThread);
        dropControl(gather);
      });
    });
    b.wait(kSendThread);
  }

  void sendStream(int gather, int stream) {
    if (senders == 1) {
      b.when(line > 1 ? isHead() : Value(), [&] { send(stream, 0, pe::Control::None); });
      return;
    }
    sendToGather(gather);
    b.when(isHead(), [&] {
      b.loop(b.constant(senders), 1, [&](Value p) {
        bindSender(p);
        b.vec(pe::VectorKind::Mov, type, blockExtents(), b.fabric(stream), b.fabric(gather));
        dropControl(gather);
      });
    });
    b.wait(kSendThread);
  }

  void receiveStream(int stream, int broadcast) {
    b.loop(b.constant(senders), 1, [&](Value p) {
      bindSender(p);
      SmallVector<Value> extents = blockExtents();
      if (line == 1)
        return receive(stream, extents);
      b.when(isHead(), [&] {
        b.vec(pe::VectorKind::Mov, type, extents, b.fabric(broadcast), b.fabric(stream), {}, {}, kRelayThread);
      });
      receive(broadcast, extents);
      b.when(isHead(), [&] { b.wait(kRelayThread); });
    });
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
    const TransferDim *sliced[2] = {};
    for (const TransferDim &dim : dims)
      if (dim.slices)
        sliced[dim.resultLow.step[S1]] = &dim;
    auto nested = [&](auto &self, unsigned i) -> void {
      if (i == 2 || !sliced[i])
        return body();
      Axis axis = i == 0 ? S0 : S1;
      b.sizes.size[axis] = sliced[i]->slices;
      b.loop(b.constant(sliced[i]->slices), 1, [&](Value slice) {
        b.bind(axis, slice);
        self(self, i + 1);
      });
    };
    nested(nested, 0);
  }
};

LogicalResult checkRank(Operation *op, const Transfer &transfer, size_t most) {
  if (transfer.dims.size() > most)
    return op->emitOpError("moves a box with ")
           << transfer.dims.size() << " dimensions that are split or cut; " << most << " are supported";
  return success();
}

LogicalResult checkSplits(Operation *op, const Layout &a, const Layout &b) {
  if (a.splitX != 1 || a.splitY != 1 || b.splitX != 1 || b.splitY != 1)
    return op->emitOpError("sides split into two axes cannot be moved along yet");
  return success();
}

} // namespace

LogicalResult wafer::wfr::lowerRedistribute(RedistributeOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource()), result = code.tensor(op.getResult());
  if (failed(checkSplits(op, source.layout, result.layout)))
    return failure();
  AxisSizes sizes = axisSizes(code.width, code.height, 1, 1, code.chunks);
  bool y = op.getAxis() == "y", local = op.getAxis() == "local";
  int64_t line = y ? code.height : code.width;
  int64_t senders = linesInUse(source.layout, source.shape, y, code.width, code.height);
  return code.function(op.getLoc(), sizes, 1, 1,
                       local ? "copy"
                       : y   ? "pass_y"
                             : "pass_x",
                       [&](PeBuilder &b) {
                         Transfer transfer{b,
                                           y,
                                           line,
                                           senders,
                                           transferDims(source, result, op.getShift()),
                                           source.elementType(),
                                           source.buffer,
                                           result.buffer};
                         if (failed(checkRank(op, transfer, isa::kMaxRank + 2)))
                           return failure();
                         sliceDims(transfer.dims);
                         transfer.eachSlice([&] {
                           if (local || line == 1)
                             transfer.copy();
                           else
                             transfer.pass(y ? code.colors.gatherY : code.colors.gatherX,
                                           y ? code.colors.broadcastY : code.colors.broadcastX);
                         });
                         return success();
                       });
}

LogicalResult wafer::wfr::lowerSend(SendOp op, StreamOp stream, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  if (failed(checkSplits(op, source.layout, source.layout)))
    return failure();
  std::optional<int> color = code.streamColor(stream.getSymName());
  if (!color)
    return op.emitOpError("stream @") << stream.getSymName() << " has no color yet: route its net first";
  AxisSizes sizes = axisSizes(code.width, code.height, 1, 1, code.chunks);
  return code.function(op.getLoc(), sizes, 1, 1, "send", [&](PeBuilder &b) {
    Transfer transfer{b,
                      false,
                      code.width,
                      static_cast<int64_t>(stream.getSenders()),
                      transferDims(source, source, {}),
                      source.elementType(),
                      source.buffer,
                      source.buffer,
                      true};
    // Streams are not sliced: the host knows whole boxes. Without a shift few dimensions are cut.
    if (failed(checkRank(op, transfer, isa::kMaxRank)))
      return failure();
    int64_t lanes = stream.getLanes();
    b.when(lanes < code.height ? b.less(b.position(true), b.constant(lanes)) : Value(),
           [&] { transfer.sendStream(code.colors.gatherX, *color); });
    return success();
  });
}

LogicalResult wafer::wfr::lowerReceive(ReceiveOp op, StreamOp stream, RegionCode &code) {
  Tensor result = code.tensor(op.getResult());
  Tensor source = result;
  auto type = cast<RankedTensorType>(stream.getType());
  source.shape = SmallVector<int64_t>(type.getShape());
  source.layout = layoutOf(type);
  if (failed(checkSplits(op, source.layout, result.layout)))
    return failure();
  std::optional<int> color = code.streamColor(stream.getSymName());
  if (!color)
    return op.emitOpError("stream @") << stream.getSymName() << " has no color yet: route its net first";
  AxisSizes sizes = axisSizes(code.width, code.height, 1, 1, code.chunks);
  return code.function(op.getLoc(), sizes, 1, 1, "receive", [&](PeBuilder &b) {
    Transfer transfer{b,
                      false,
                      code.width,
                      static_cast<int64_t>(stream.getSenders()),
                      transferDims(source, result, {}),
                      result.elementType(),
                      "",
                      result.buffer,
                      true};
    // Streams are not sliced: the host knows whole boxes. Without a shift few dimensions are cut.
    if (failed(checkRank(op, transfer, isa::kMaxRank)))
      return failure();
    int64_t lanes = stream.getLanes();
    b.when(lanes < code.height ? b.less(b.position(true), b.constant(lanes)) : Value(),
           [&] { transfer.receiveStream(*color, code.colors.broadcastX); });
    return success();
  });
}
