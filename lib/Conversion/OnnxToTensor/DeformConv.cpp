// DeformConv: each element of the window reads the image at a place of its own, shifted by what the run computes. The
// samples are the columns of an ordinary contraction with the weight.
#include "Sampling.h"
#include "Window.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

LogicalResult lowerDeformConv(NodeLowering &n) {
  int64_t groups = n.intAttr("group", 1), offsetGroups = n.intAttr("offset_group", 1);
  if (n.rank(0) != 4 || n.rank(1) != 4 || n.rank(2) != 4 || !n.element(0).isF32())
    return n.unsupported("anything but images of f32 in two dimensions");
  int64_t batch = n.shape(0)[0], channels = n.shape(0)[1], filters = n.shape(1)[0];
  if (groups < 1 || offsetGroups < 1 || channels % groups || channels % offsetGroups || filters % groups ||
      n.shape(1)[1] * groups != channels)
    return n.invalid("channels, filters and groups do not go together");
  auto window = Window::read(n, n.shape(1).drop_front(2));
  if (!window)
    return failure();
  int64_t height = window->output[0], width = window->output[1], points = height * width;
  int64_t rows = window->kernel[0], columns = window->kernel[1], elements = rows * columns;
  if (n.shape(2) != ArrayRef<int64_t>{batch, offsetGroups * elements * 2, height, width} ||
      (n.operand(4) && n.shape(4) != ArrayRef<int64_t>{batch, offsetGroups * elements, height, width}) ||
      (n.operand(3) && n.shape(3) != ArrayRef<int64_t>{filters}))
    return n.invalid("offset, mask or bias has not the shape that follows from the others");
  // Images are those of one offset group: its channels move together.
  int64_t images = batch * offsetGroups, depth = channels / offsetGroups;
  Sampler sampler(n, n.t.reshape(n.operand(0), {images, depth, n.shape(0)[2], n.shape(0)[3]}));
  if (!sampler.ok())
    return failure();
  Type f32 = n.t.b.getF32Type();
  Value offsets = n.t.reshape(n.operand(2), {images, rows, columns, 2, height, width});
  SmallVector<SmallVector<SamplingTap>> taps;
  for (unsigned d = 0; d != 2; ++d) {
    Value shift = n.t.slice(offsets, {0, 0, 0, d, 0, 0}, {images, rows, columns, 1, height, width}, Ints(6, 1));
    shift = n.t.reshape(shift, {images, rows, columns, height, width});
    Value at = n.t.map({shift}, f32, [&](S &s, ValueRange v) {
      auto number = [&](int64_t value) { return s.constant(f32, static_cast<double>(value)); };
      Value start = s.sub(s.mul(s.index(3 + d, f32), number(window->strides[d])), number(window->low[d]));
      return s.add(s.add(start, s.mul(s.index(1 + d, f32), number(window->dilations[d]))), v[0]);
    });
    taps.push_back(
        sampler.taps(d, n.t.reshape(at, {images, elements * points}), {Interpolation::Linear, Outside::Zeros}));
  }
  Value samples = n.t.reshape(sampler.interpolate(sampler.ownImage(), taps), {images, elements, points, depth});
  if (n.operand(4))
    samples = n.t.mul(samples, n.t.reshape(n.operand(4), {images, elements, points, 1}));
  // [batch, channels, elements, points], then a product for each group of the weight.
  int64_t inner = channels / groups, outer = filters / groups;
  samples = n.t.transpose(n.t.reshape(samples, {batch, offsetGroups, elements, points, depth}), {0, 1, 4, 2, 3});
  samples = n.t.reshape(samples, {batch, groups, inner, elements, points});
  Value weight = n.t.reshape(n.operand(1), {groups, outer, inner, elements});
  AffineExpr b, g, f, p, c, k;
  bindDims(n.t.b.getContext(), b, g, f, p, c, k);
  auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(6, 0, exprs, n.t.b.getContext()); };
  Value y = n.t.contract(samples, weight, map({b, g, c, k, p}), map({g, f, c, k}), map({b, g, f, p}),
                         {batch, groups, outer, points, inner, elements});
  n.setOutput(0, addChannelBias(n, n.t.reshape(y, {batch, filters, height, width}), n.operand(3)));
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::deformConvLowerings() {
  static constexpr LoweringEntry table[] = {
      {"DeformConv", 19, lowerDeformConv},
  };
  return table;
}
