#include "wafer/Collectives/BoxTransfer.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

void wafer::wfr::sliceDims(std::vector<TransferDim> &dims) {
  auto slicedBy = [&](TransferAxis axis) {
    return llvm::any_of(dims, [&](const TransferDim &dim) { return dim.slices && dim.sliceAxis == axis; });
  };
  for (TransferAxis axis : {S0, S1, S2, S3}) {
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

SmallVector<Value> BoxTransfer::nest(ArrayRef<Span> ranges, bool clamped) {
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

SmallVector<int64_t> BoxTransfer::strides(int64_t TransferDim::*stride) const {
  SmallVector<int64_t> result;
  for (const TransferDim &dim : dims)
    if (!dim.slices)
      result.push_back(dim.*stride);
  return result;
}

void BoxTransfer::send(int color, int thread, pe::Control control, Value speaks) {
  std::vector<Span> block = ownBlock(dims, side, b.sizes, receivers);
  SmallVector<Value> extents = nest(block);
  if (senders.minor < senders.split)
    extents.front() = b.mul(extents.front(), b.less(b.coordinate(minorAxis(side)), b.constant(senders.minor)));
  if (speaks)
    extents.front() = b.mul(extents.front(), speaks);
  Value base = b.address(source);
  for (auto [dim, range] : llvm::zip(dims, block))
    base = b.add(base, offset(range.lower, dim.sourceStart, dim.sourceStride));
  b.vec(pe::VectorKind::Mov, type, extents, b.fabric(color), b.desc(base, strides(&TransferDim::sourceStride)), {}, {},
        thread, control);
}

Value BoxTransfer::offset(const Bounds &lower, const TransferAffine &start, int64_t stride) {
  Bounds differences;
  for (const TransferAffine &bound : lower)
    differences.push_back(bound - start);
  return b.mul(b.lower(differences), b.constant(4 * stride));
}

void BoxTransfer::receive(int color, ValueRange blockExtents) {
  std::vector<Span> block = senderBlock(), window = block;
  SmallVector<Value> lower;
  Value base = b.address(result);
  for (auto [dim, range, kept] : llvm::zip(dims, block, window)) {
    kept.lower.push_back(dim.resultStart);
    kept.upper.push_back(dim.resultStart + TransferAffine(dim.resultLength));
    if (!dim.slices)
      lower.push_back(b.sub(b.lower(kept.lower), b.lower(range.lower)));
    base = b.add(base, offset(kept.lower, dim.resultStart, dim.resultStride));
  }
  pe::RecvWindowOp::create(b.builder, b.loc, color, nest(window), blockExtents, lower,
                           b.desc(base, strides(&TransferDim::resultStride)));
}

void BoxTransfer::bindSender(Value major, Value minor) {
  b.sizes.size[P0] = senders.major;
  b.sizes.size[P1] = senders.minor;
  b.bind(P0, major);
  b.bind(P1, minor);
}

void BoxTransfer::eachSender(llvm::function_ref<void()> body, llvm::function_ref<void(int64_t)> between) {
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

void BoxTransfer::eachSpeaker(const Speakers &speakers, llvm::function_ref<void(Value)> body,
                              llvm::function_ref<void(Value, Value)> silent) {
  // The first one p with s p + start + length > lower, the first one behind with s p + start >= upper.
  auto relative = [&](const Bounds &bounds, int64_t by) {
    Bounds differences;
    for (const TransferAffine &bound : bounds)
      differences.push_back(bound - speakers.start + TransferAffine(by));
    return differences;
  };
  Value zero = b.constant(0), step = b.constant(speakers.step), all = b.constant(speakers.count);
  auto position = [&](Value distance) {
    Value p = b.scalar(pe::ScalarKind::Div, b.scalar(pe::ScalarKind::Max, distance, zero), step);
    return b.scalar(pe::ScalarKind::Min, p, all);
  };
  Value end = position(b.upper(relative(speakers.needed.upper, speakers.step - 1)));
  Value first = b.scalar(pe::ScalarKind::Min,
                         position(b.lower(relative(speakers.needed.lower, speakers.step - speakers.length))), end);
  silent(zero, first);
  b.loop(b.sub(end, first), 1, [&](Value p) { body(b.add(first, p)); });
  silent(end, all);
}

void BoxTransfer::sendToGather(int gather, Value speaks, int thread) {
  Value position = b.position(side);
  int64_t end = senders.end();
  b.when(end < line ? b.less(position, b.constant(end)) : Value(), [&] {
    b.when(
        b.equal(position, b.constant(end - 1)), [&] { send(gather, thread, pe::Control::Reset, speaks); },
        [&] { send(gather, thread, pe::Control::Advance, speaks); });
  });
}

void BoxTransfer::dropControl(int gather, Value count) {
  b.vec(pe::VectorKind::Mov, type, count, {}, b.fabric(gather));
}

void BoxTransfer::burst(const SenderRun &run, int from, int broadcast, int64_t between, Value major) {
  if (major)
    bindSender(major, b.constant(run.first));
  else
    bindSender(b.constant(run.first));
  std::vector<Span> block = senderBlock();
  const bool staged = !run.staged.empty();
  // The window in a block. Words between blocks make rows of one block longer, so it has but one dimension then.
  SmallVector<Value> blockExtents{b.constant(run.count)}, nest{b.constant(run.count)}, lower{b.constant(0)};
  SmallVector<int64_t> strides{0};
  Value base = b.address(result), factor, keptFactor;
  size_t main = mainDim(dims, side, b.sizes, receivers);
  for (auto [d, dim, range] : llvm::enumerate(dims, block)) {
    if (staged && run.staged[d] > 1)
      continue;
    Span kept = range;
    kept.lower.push_back(dim.resultStart);
    kept.upper.push_back(dim.resultStart + TransferAffine(dim.resultLength));
    base = b.add(base, offset(kept.lower, dim.resultStart, dim.resultStride));
    strides[0] += run.advance[d] * dim.resultStride;
    if (staged || (between && d != main)) {
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
  if (staged) {
    const int64_t words = run.stagedWords() / run.count;
    base = b.address(staging);
    blockExtents.push_back(b.constant(words));
    nest.push_back(b.constant(words));
    lower.push_back(b.constant(0));
    strides = {words, 1};
    keptFactor = factor;
  }
  if (factor) {
    blockExtents.back() = b.mul(blockExtents.back(), factor);
    nest.back() = b.mul(nest.back(), keptFactor);
  }
  if (between)
    blockExtents.back() = b.add(blockExtents.back(), b.constant(between));
  if (line == 1) {
    pe::RecvWindowOp::create(b.builder, b.loc, from, nest, blockExtents, lower, b.desc(base, strides));
  } else {
    b.when(isHead(), [&] {
      b.vec(pe::VectorKind::Mov, type, blockExtents, b.fabric(broadcast), b.fabric(from), {}, {}, kRelayThread);
    });
    pe::RecvWindowOp::create(b.builder, b.loc, broadcast, nest, blockExtents, lower, b.desc(base, strides));
    b.when(isHead(), [&] { b.wait(kRelayThread); });
  }
  if (staged)
    unpack(run);
}

void BoxTransfer::unpack(const SenderRun &run) {
  // Blocks lie one behind the other, each row-major.
  SmallVector<int64_t> packed(dims.size());
  int64_t words = 1;
  for (size_t d = dims.size(); d-- != 0; words *= run.staged[d])
    packed[d] = words;
  SmallVector<Value> nest{b.constant(run.count)};
  SmallVector<int64_t> from{words}, to{0};
  Value source = b.address(staging), result = b.address(this->result);
  for (auto [d, dim, range] : llvm::enumerate(dims, senderBlock())) {
    Span kept = range;
    kept.lower.push_back(dim.resultStart);
    kept.upper.push_back(dim.resultStart + TransferAffine(dim.resultLength));
    to[0] += run.advance[d] * dim.resultStride;
    result = b.add(result, offset(kept.lower, dim.resultStart, dim.resultStride));
    if (run.staged[d] == 1) {
      nest.front() = b.mul(nest.front(), b.clampedExtent(kept));
      continue;
    }
    Value skipped = b.sub(b.lower(kept.lower), b.lower(range.lower));
    source = b.add(source, b.mul(skipped, b.constant(isa::kWordBytes * packed[d])));
    nest.push_back(b.extent(kept));
    from.push_back(packed[d]);
    to.push_back(dim.resultStride);
  }
  b.vec(pe::VectorKind::Mov, type, nest, b.desc(result, to), b.desc(source, from));
}

void BoxTransfer::copy() {
  std::vector<Span> box;
  Value source = b.address(this->source), result = b.address(this->result);
  for (const TransferDim &dim : dims) {
    box.push_back(
        {{dim.sourceStart, dim.resultStart, TransferAffine(0), dim.resultLow},
         {dim.sourceStart + TransferAffine(dim.sourceLength), dim.resultStart + TransferAffine(dim.resultLength),
          TransferAffine(dim.sourceExtent), dim.resultHigh}});
    source = b.add(source, offset(box.back().lower, dim.sourceStart, dim.sourceStride));
    result = b.add(result, offset(box.back().lower, dim.resultStart, dim.resultStride));
  }
  b.vec(pe::VectorKind::Mov, type, nest(box), b.desc(result, strides(&TransferDim::resultStride)),
        b.desc(source, strides(&TransferDim::sourceStride)));
}

void BoxTransfer::eachSlice(llvm::function_ref<void()> body) {
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
