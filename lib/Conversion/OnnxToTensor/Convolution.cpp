// Convolutions: an explicit tensor.pad, then one linalg.generic whose maps read the window.
//
//   y[n, g, f, o...] = sum over c, k... of x[n, g, c, o * stride + k * dilation ...] * w[g, f, c, k...]
//
// A group is a loop of its own, made by expand_shape of the channels; without groups it is absent. A depthwise
// convolution (one channel a group) has no c, and no f either if each channel gives one.
#include "Window.h"

#include <algorithm>

using namespace mlir;
using namespace wafer;

std::optional<Window> Window::read(NodeLowering &n, ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  Window w;
  w.kernel.assign(kernel.begin(), kernel.end());
  w.strides = n.intsAttr("strides", SmallVector<int64_t>(rank, 1));
  w.dilations = n.intsAttr("dilations", SmallVector<int64_t>(rank, 1));
  SmallVector<int64_t> pads = n.intsAttr("pads", SmallVector<int64_t>(2 * rank, 0));
  StringRef autoPad = n.stringAttr("auto_pad", "NOTSET");
  bool ceil = n.intAttr("ceil_mode", 0);
  auto refuse = [&](const Twine &why) {
    (void)n.invalid(why);
    return std::nullopt;
  };
  if (w.strides.size() != rank || w.dilations.size() != rank || pads.size() != 2 * rank)
    return refuse("strides, dilations or pads have the wrong length");
  constexpr int64_t limit = 1 << 30;
  for (ArrayRef<int64_t> values :
       {ArrayRef<int64_t>(w.kernel), ArrayRef<int64_t>(w.strides), ArrayRef<int64_t>(w.dilations)})
    if (llvm::any_of(values, [](int64_t v) { return v < 1 || v > limit; }))
      return refuse("kernel, strides and dilations must be positive");
  if (llvm::any_of(pads, [](int64_t v) { return v < 0 || v > limit; }))
    return refuse("pads must not be negative");
  for (size_t d = 0; d != rank; ++d) {
    int64_t input = n.shape(0)[2 + d], stride = w.strides[d];
    int64_t span = (w.kernel[d] - 1) * w.dilations[d] + 1;
    int64_t low = pads[d], high = pads[rank + d], output;
    if (autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER") {
      output = (input + stride - 1) / stride;
      int64_t total = std::max<int64_t>((output - 1) * stride + span - input, 0);
      low = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      high = total - low;
    } else {
      if (autoPad == "VALID")
        low = high = 0;
      else if (autoPad != "NOTSET")
        return refuse("auto_pad is '" + autoPad + "'");
      int64_t room = input + low + high - span;
      if (room < 0)
        return refuse("the window is larger than the padded input");
      output = room / stride + 1;
      // With ceil_mode a last window may start inside the input or its low padding only.
      if (ceil && room % stride != 0 && output * stride < input + low)
        ++output;
    }
    w.low.push_back(low);
    w.high.push_back(high);
    w.output.push_back(output);
  }
  return w;
}

SmallVector<int64_t> Window::padLow(size_t leading) const {
  SmallVector<int64_t> result(leading, 0);
  llvm::append_range(result, low);
  return result;
}

SmallVector<int64_t> Window::padHigh(size_t leading, ArrayRef<int64_t> input) const {
  SmallVector<int64_t> result(leading, 0);
  for (size_t d = 0; d != rank(); ++d) {
    int64_t reach = (output[d] - 1) * strides[d] + (kernel[d] - 1) * dilations[d] + 1;
    result.push_back(std::max(high[d], reach - input[d] - low[d]));
  }
  return result;
}

Value wafer::addChannelBias(NodeLowering &n, Value y, Value bias) {
  if (!bias)
    return y;
  SmallVector<int64_t> shape(tensorTypeOf(y).getRank() - 1, 1);
  shape[0] = shapeOf(y)[1];
  return n.t.add(y, n.t.reshape(bias, shape));
}

namespace {

using Ints = SmallVector<int64_t>;

Ints concat(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  Ints result(a);
  llvm::append_range(result, b);
  return result;
}

/// The convolution of an already padded [N, G*C, spatial...] with [G*F, C, kernel...]: [N, G*F, output...].
Value convolve(NodeLowering &n, Value x, Value weight, const Window &w, int64_t groups) {
  MLIRContext *context = n.t.b.getContext();
  ArrayRef<int64_t> padded = shapeOf(x), filter = shapeOf(weight);
  int64_t batch = padded[0], c = filter[1], f = filter[0] / groups;
  bool hasG = groups > 1, hasC = !(hasG && c == 1), hasF = !(hasG && f == 1);
  ArrayRef<int64_t> spatial = padded.drop_front(2), kernel = filter.drop_front(2);

  // Loops in the order n, g, f, output..., c, kernel...
  Ints loops, xShape{batch}, wShape;
  SmallVector<AffineExpr> xMap, wMap, yMap;
  auto addLoop = [&](int64_t extent) {
    loops.push_back(extent);
    return getAffineDimExpr(loops.size() - 1, context);
  };
  AffineExpr dn = addLoop(batch);
  xMap.push_back(dn);
  yMap.push_back(dn);
  if (hasG) {
    AffineExpr g = addLoop(groups);
    xMap.push_back(g);
    wMap.push_back(g);
    yMap.push_back(g);
    xShape.push_back(groups);
    wShape.push_back(groups);
  }
  if (hasF) {
    AffineExpr df = addLoop(f);
    wMap.push_back(df);
    yMap.push_back(df);
    wShape.push_back(f);
  }
  SmallVector<AffineExpr> outputs;
  for (int64_t extent : w.output) {
    outputs.push_back(addLoop(extent));
    yMap.push_back(outputs.back());
  }
  if (hasC) {
    AffineExpr dc = addLoop(c);
    xMap.push_back(dc);
    wMap.push_back(dc);
    xShape.push_back(c);
    wShape.push_back(c);
  }
  for (size_t d = 0; d != w.rank(); ++d) {
    // A kernel of one element still is a dimension of the weight; its loop has one step.
    AffineExpr k = addLoop(kernel[d]);
    wMap.push_back(k);
    wShape.push_back(kernel[d]);
    xMap.push_back(outputs[d] * w.strides[d] + k * w.dilations[d]);
    xShape.push_back(spatial[d]);
  }
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(loops.size(), 0, exprs, context); };
  Value y = n.t.contract(n.t.reshape(x, xShape), n.t.reshape(weight, wShape), map(xMap), map(wMap), map(yMap), loops);
  return n.t.reshape(y, concat({batch, groups * f}, w.output));
}

} // namespace

LogicalResult wafer::lowerConv(NodeLowering &n) {
  if (n.operand(2) && (n.rank(2) != 1 || n.rank(1) < 1 || n.shape(2)[0] != n.shape(1)[0]))
    return n.invalid("the bias must have one element per output channel");
  FailureOr<Value> y = convolution(n, n.operand(0), n.operand(1));
  if (failed(y))
    return failure();
  n.setOutput(0, addChannelBias(n, *y, n.operand(2)));
  return success();
}

FailureOr<Value> wafer::convolution(NodeLowering &n, Value x, Value weight) {
  ArrayRef<int64_t> input = shapeOf(x), filter = shapeOf(weight);
  int64_t groups = n.intAttr("group", 1);
  if (input.size() < 3 || filter.size() != input.size())
    return n.invalid("operand and weight must have batch, channel and the same spatial dimensions");
  if (groups < 1 || filter[0] % groups != 0 || input[1] != filter[1] * groups)
    return n.invalid(Twine(input[1]) + " channels do not fit a weight of " + Twine(filter[1]) + " channels in " +
                     Twine(groups) + " groups");
  if (n.intsAttr("kernel_shape", filter.drop_front(2)) != Ints(filter.drop_front(2)))
    return n.invalid("kernel_shape is not the weight's");
  auto window = Window::read(n, filter.drop_front(2));
  if (!window)
    return failure();
  Value padded = n.t.padZero(x, window->padLow(2), window->padHigh(2, input.drop_front(2)));
  return convolve(n, padded, weight, *window, groups);
}

ArrayRef<LoweringEntry> wafer::convolutionLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Conv", 1, lowerConv},
  };
  return table;
}
