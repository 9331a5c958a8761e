// ConvTranspose, and Col2Im: a convolution's windows the other way round.
//
// An element i of the operand and an element k of the window meet at i * stride + k * dilation. Turned around, the
// places of one residue p modulo the stride are a convolution of their own, over the elements of the (dilated) window
// with that residue:
//
//   y[n, g, f, i * stride + p] = sum over c, j of x[n, g, c, i - j] * w[g, c, f, j * stride + p]
//
// All residues are one contraction: the window splits into [j, p], the result is [i, p], and no product with an
// inserted zero is made, except where dilation put zeros into the window. What pads cut off is cut off afterwards.
#include "Window.h"

#include <algorithm>

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

/// One spatial dimension.
struct Span {
  int64_t input, kernel, stride, dilation;
  int64_t low = 0, output = 0; // what is cut off in front, and the extent of the result

  int64_t reach() const { return (kernel - 1) * dilation + 1; }
  /// Steps of the window per residue, and places per residue.
  int64_t steps() const { return (reach() + stride - 1) / stride; }
  int64_t places() const { return input - 1 + steps(); }
  /// Extent of the result before anything is cut off.
  int64_t full() const { return (input - 1) * stride + reach(); }
};

/// Dimension `d` of x, a window of span.kernel elements, as [steps, stride] with the steps backwards.
Value splitWindow(NodeLowering &n, Value x, int64_t d, const Span &span) {
  auto withExtents = [&](ArrayRef<int64_t> extents) {
    Ints shape(shapeOf(x));
    shape.erase(shape.begin() + d);
    shape.insert(shape.begin() + d, extents.begin(), extents.end());
    return shape;
  };
  auto padTo = [&](int64_t dim, int64_t extent) {
    Ints low(shapeOf(x).size(), 0), high(low);
    high[dim] = extent - shapeOf(x)[dim];
    x = n.t.padZero(x, low, high);
  };
  auto cut = [&](int64_t dim, int64_t extent, bool backwards) {
    Ints offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(sizes.size(), 1);
    sizes[dim] = extent;
    if (backwards && extent > 1) {
      offsets[dim] = extent - 1;
      strides[dim] = -1;
    }
    x = n.t.slice(x, offsets, sizes, strides);
  };
  if (span.dilation > 1 && span.kernel > 1) {
    x = n.t.reshape(x, withExtents({span.kernel, 1}));
    padTo(d + 1, span.dilation);
    Ints shape(shapeOf(x));
    shape.erase(shape.begin() + d);
    shape[d] = span.kernel * span.dilation;
    x = n.t.reshape(x, shape);
    cut(d, span.reach(), false);
  }
  padTo(d, span.steps() * span.stride);
  x = n.t.reshape(x, withExtents({span.steps(), span.stride}));
  cut(d, span.steps(), true);
  return x;
}

/// Dimensions from `first` on with room for a window that slides over their ends.
Value padSpans(NodeLowering &n, Value x, int64_t first, ArrayRef<Span> spans) {
  Ints pads(first, 0);
  for (const Span &span : spans)
    pads.push_back(span.steps() - 1);
  return n.t.padZero(x, pads, pads);
}

/// [leading..., places, stride, places, stride...] to the extents of the result.
Value cutSpans(NodeLowering &n, Value y, ArrayRef<int64_t> leading, ArrayRef<Span> spans) {
  Ints shape(leading), offsets(leading.size(), 0), sizes(leading), high(leading.size(), 0);
  for (const Span &span : spans) {
    int64_t extent = span.places() * span.stride;
    shape.push_back(extent);
    offsets.push_back(span.low);
    sizes.push_back(std::clamp<int64_t>(extent - span.low, 0, span.output));
    high.push_back(span.output - sizes.back());
  }
  y = n.t.slice(n.t.reshape(y, shape), offsets, sizes, Ints(shape.size(), 1));
  return n.t.padZero(y, Ints(shape.size(), 0), high);
}

/// Loops in order, each a dimension of the affine maps to come.
struct Loops {
  MLIRContext *context;
  Ints extents;

  AffineExpr add(int64_t extent) {
    extents.push_back(extent);
    return getAffineDimExpr(extents.size() - 1, context);
  }
  AffineMap map(ArrayRef<AffineExpr> exprs) const { return AffineMap::get(extents.size(), 0, exprs, context); }
};

LogicalResult readSpans(NodeLowering &n, ArrayRef<int64_t> kernel, SmallVector<Span> &spans) {
  size_t rank = kernel.size();
  Ints strides = n.intsAttr("strides", Ints(rank, 1)), dilations = n.intsAttr("dilations", Ints(rank, 1));
  Ints pads = n.intsAttr("pads", Ints(2 * rank, 0)), extra = n.intsAttr("output_padding", Ints(rank, 0));
  Ints given = n.intsAttr("output_shape", {});
  if (given.size() == rank + 2)
    given.erase(given.begin(), given.begin() + 2);
  StringRef autoPad = n.stringAttr("auto_pad", "NOTSET");
  if (strides.size() != rank || dilations.size() != rank || pads.size() != 2 * rank || extra.size() != rank ||
      (!given.empty() && given.size() != rank))
    return n.invalid("strides, dilations, pads, output_padding or output_shape have the wrong length");
  if (!llvm::is_contained({"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"}, autoPad))
    return n.invalid("auto_pad is '" + autoPad + "'");
  constexpr int64_t limit = 1 << 24;
  auto outside = [](ArrayRef<int64_t> values, int64_t low) {
    return llvm::any_of(values, [&](int64_t v) { return v < low || v > limit; });
  };
  if (outside(strides, 1) || outside(dilations, 1) || outside(kernel, 1) || outside(pads, 0) || outside(extra, 0) ||
      outside(given, 0))
    return n.invalid("kernel, strides and dilations must be positive, pads and output sizes not negative");
  bool same = autoPad.starts_with("SAME");
  for (size_t d = 0; d != rank; ++d) {
    Span span{n.shape(0)[2 + d], kernel[d], strides[d], dilations[d]};
    int64_t low = pads[d], high = pads[rank + d];
    if (same || !given.empty()) {
      span.output = given.empty() ? span.input * span.stride : given[d];
      int64_t total = std::max<int64_t>(0, span.full() + extra[d] - span.output);
      low = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else {
      if (autoPad == "VALID")
        low = high = 0;
      span.output = span.full() + extra[d] - low - high;
    }
    span.low = low;
    if (span.input == 0 || span.output < 0)
      return n.invalid("the pads cut off more than there is, or the operand is empty");
    spans.push_back(span);
  }
  return success();
}

LogicalResult lowerConvTranspose(NodeLowering &n) {
  int64_t rank = n.rank(0), groups = n.intAttr("group", 1);
  if (rank < 3 || n.rank(1) != rank)
    return n.invalid("operand and weight must have batch, channel and the same spatial dimensions");
  ArrayRef<int64_t> filter = n.shape(1);
  if (groups < 1 || filter[0] % groups != 0 || n.shape(0)[1] != filter[0])
    return n.invalid(Twine(n.shape(0)[1]) + " channels do not fit a weight of " + Twine(filter[0]) + " channels in " +
                     Twine(groups) + " groups");
  ArrayRef<int64_t> kernel = filter.drop_front(2);
  if (n.intsAttr("kernel_shape", kernel) != Ints(kernel))
    return n.invalid("kernel_shape is not the weight's");
  int64_t batch = n.shape(0)[0], c = filter[0] / groups, f = filter[1];
  if (n.operand(2) && (n.rank(2) != 1 || n.shape(2)[0] != groups * f))
    return n.invalid("the bias must have one element per output channel");
  SmallVector<Span> spans;
  if (failed(readSpans(n, kernel, spans)))
    return failure();

  Value x = padSpans(n, n.operand(0), 2, spans), w = n.operand(1);
  for (size_t d = spans.size(); d-- > 0;)
    w = splitWindow(n, w, static_cast<int64_t>(2 + d), spans[d]);
  // Loops n, g, f, (place, residue)..., c, step...; without groups there is no g, and a depthwise one has no c.
  bool hasG = groups > 1, hasC = !hasG || c > 1;
  Loops loops{n.t.b.getContext(), {}};
  SmallVector<AffineExpr> xMap, wMap, yMap, places, residues;
  Ints xShape{batch}, wShape;
  auto add = [&](int64_t extent, bool inX, bool inW, bool inY) {
    AffineExpr loop = loops.add(extent);
    if (inX)
      xMap.push_back(loop), xShape.push_back(extent);
    if (inW)
      wMap.push_back(loop), wShape.push_back(extent);
    if (inY)
      yMap.push_back(loop);
    return loop;
  };
  xMap.push_back(loops.add(batch));
  yMap.push_back(xMap[0]);
  if (hasG)
    add(groups, true, true, true);
  AffineExpr filterLoop = add(f, false, false, true);
  for (const Span &span : spans) {
    places.push_back(add(span.places(), false, false, true));
    residues.push_back(add(span.stride, false, false, true));
  }
  if (hasC)
    add(c, true, true, false);
  wMap.push_back(filterLoop);
  wShape.push_back(f);
  for (auto [d, span] : llvm::enumerate(spans)) {
    AffineExpr step = loops.add(span.steps());
    xMap.push_back(places[d] + step);
    xShape.push_back(span.places() + span.steps() - 1);
    wMap.append({step, residues[d]});
    wShape.append({span.steps(), span.stride});
  }
  Value y = n.t.contract(n.t.reshape(x, xShape), n.t.reshape(w, wShape), loops.map(xMap), loops.map(wMap),
                         loops.map(yMap), loops.extents);
  n.setOutput(0, addChannelBias(n, cutSpans(n, y, {batch, groups * f}, spans), n.operand(2)));
  return success();
}

// The operand holds every window's elements, [N, C * window, windows]; each adds to the place that it came from.
LogicalResult lowerCol2Im(NodeLowering &n) {
  auto image = n.constantInts(1), block = n.constantInts(2);
  if (!image || !block)
    return n.notConstant(!image ? "image_shape" : "block_shape");
  size_t rank = image->size();
  if (n.rank(0) != 3 || block->size() != rank || rank == 0)
    return n.invalid("needs columns of [N, C * block, windows], and image and block of the same rank");
  Ints strides = n.intsAttr("strides", Ints(rank, 1)), dilations = n.intsAttr("dilations", Ints(rank, 1));
  Ints pads = n.intsAttr("pads", Ints(2 * rank, 0));
  if (strides.size() != rank || dilations.size() != rank || pads.size() != 2 * rank)
    return n.invalid("strides, dilations or pads have the wrong length");
  constexpr int64_t limit = 1 << 24;
  int64_t windows = 1, elements = 1;
  SmallVector<Span> spans;
  for (size_t d = 0; d != rank; ++d) {
    int64_t extent = (*image)[d], kernel = (*block)[d], low = pads[d], high = pads[rank + d];
    for (int64_t value : {extent, kernel, strides[d], dilations[d]})
      if (value < 1 || value > limit)
        return n.invalid("image, block, strides and dilations must be positive");
    if (low < 0 || low > limit || high < 0 || high > limit)
      return n.invalid("pads must not be negative");
    int64_t room = extent + low + high - (kernel - 1) * dilations[d] - 1;
    if (room < 0)
      return n.invalid("the block is larger than the padded image");
    spans.push_back({room / strides[d] + 1, kernel, strides[d], dilations[d], low, extent});
    windows *= spans.back().input;
    elements *= kernel;
  }
  int64_t batch = n.shape(0)[0], channels = n.shape(0)[1] / elements;
  if (n.shape(0)[1] % elements != 0 || n.shape(0)[2] != windows)
    return n.invalid("the columns are [" + Twine(n.shape(0)[1]) + ", " + Twine(n.shape(0)[2]) + "], expected are " +
                     Twine(windows) + " windows of " + Twine(elements) + " elements");
  Ints shape{batch, channels};
  llvm::append_range(shape, *block);
  for (const Span &span : spans)
    shape.push_back(span.input);
  Value x = padSpans(n, n.t.reshape(n.operand(0), shape), static_cast<int64_t>(2 + rank), spans);
  for (size_t d = rank; d-- > 0;)
    x = splitWindow(n, x, static_cast<int64_t>(2 + d), spans[d]);
  // Loops n, c, (place, residue)..., step...
  Loops loops{n.t.b.getContext(), {}};
  SmallVector<AffineExpr> xMap, yMap, xPlaces;
  for (int64_t extent : {batch, channels}) {
    xMap.push_back(loops.add(extent));
    yMap.push_back(xMap.back());
  }
  Ints result{batch, channels};
  for (const Span &span : spans) {
    yMap.append({loops.add(span.places()), loops.add(span.stride)});
    result.append({span.places(), span.stride});
  }
  SmallVector<utils::IteratorType> iterators(loops.extents.size(), utils::IteratorType::parallel);
  for (auto [d, span] : llvm::enumerate(spans)) {
    AffineExpr step = loops.add(span.steps());
    iterators.push_back(utils::IteratorType::reduction);
    xMap.append({step, yMap[3 + 2 * d]});
    xPlaces.push_back(yMap[2 + 2 * d] + step);
  }
  llvm::append_range(xMap, xPlaces);
  Value y = n.t.generic({x}, n.t.filled(result, n.element(0), 0), {loops.map(xMap), loops.map(yMap)}, iterators,
                        [](ScalarBuilder &s, ValueRange v) { return s.add(v[1], v[0]); });
  n.setOutput(0, cutSpans(n, y, {batch, channels}, spans));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::convTransposeLowerings() {
  static constexpr LoweringEntry table[] = {
      {"ConvTranspose", 1, lowerConvTranspose},
      {"Col2Im", 18, lowerCol2Im},
  };
  return table;
}
