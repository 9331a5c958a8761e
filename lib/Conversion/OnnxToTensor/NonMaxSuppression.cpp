// NonMaxSuppression: of each batch and class the best box, then the best of those that do not overlap it too much, and
// so on. A step of the selection is two reductions over the boxes; the steps are a loop with the scores carried, where
// a box that is out has -infinity. What is selected is then brought together: how many there are, the run tells.
//
// As in ONNX Runtime of equal scores the earlier box comes first, and boxes without an area suppress nothing. A score
// of NaN or -infinity is never selected.
#include "DataDependent.h"

#include "wafer/Tensor/Loop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;

class Suppression {
public:
  explicit Suppression(NodeLowering &n) : n(n), t(n.t) {}
  LogicalResult lower();

private:
  /// The coordinates of corners, each [batch, 1, boxes].
  void readBoxes();
  /// The boxes' numbers that a step selects, [batch, class]; `boxes` where there is none.
  Value select(Value scores);
  /// Scores without the selected boxes and those that they suppress.
  Value suppress(Value scores, Value selected);
  Value scalarOperand(size_t i) { return t.reshape(n.operand(i), {}); }
  void setResult(Value selected, int64_t steps);

  NodeLowering &n;
  TensorBuilder &t;
  Type f32 = t.b.getF32Type(), i32 = t.b.getI32Type(), i64 = t.b.getI64Type();
  int64_t batches = 0, boxes = 0, classes = 0;
  Value low[2], high[2], area; // of corners: y, x
};

void Suppression::readBoxes() {
  auto coordinate = [&](int64_t i) {
    return t.reshape(t.slice(n.operand(0), {0, 0, i}, {batches, boxes, 1}, {1, 1, 1}), {batches, 1, boxes});
  };
  bool centers = n.intAttr("center_point_box", 0);
  for (int64_t d = 0; d != 2; ++d) {
    // Corners are y1, x1, y2, x2 in any order of each pair; centers are x, y, width, height.
    Value a = coordinate(centers ? 1 - d : d), b = coordinate(centers ? 3 - d : d + 2);
    low[d] = t.map({a, b}, f32, [&](S &s, ValueRange v) {
      return centers ? s.sub(v[0], s.mul(v[1], s.constant(f32, 0.5))) : s.min(v[0], v[1]);
    });
    high[d] = t.map({a, b}, f32, [&](S &s, ValueRange v) {
      return centers ? s.add(v[0], s.mul(v[1], s.constant(f32, 0.5))) : s.max(v[0], v[1]);
    });
  }
  area = t.map({low[0], high[0], low[1], high[1]}, f32,
               [](S &s, ValueRange v) { return s.mul(s.sub(v[1], v[0]), s.sub(v[3], v[2])); });
}

Value Suppression::select(Value scores) {
  Value best = t.reduce(scores, {2}, /*keep=*/true, ReduceKind::Max);
  Value places = t.mapInto(shapeOf(scores), {scores, best}, i32, [&](S &s, ValueRange v) {
    Value candidate = s.cmp("gt", v[0], s.constant(f32, -INFINITY));
    Value here = s.op<arith::AndIOp>(s.cmp("eq", v[0], v[1]), candidate);
    return s.select(here, s.index(2, i32), s.constant(i32, boxes));
  });
  return t.reduce(places, {2}, /*keep=*/true, ReduceKind::Min);
}

Value Suppression::suppress(Value scores, Value selected) {
  // The selected box's own numbers, [batch, class, 1].
  auto ofSelected = [&](Value all) {
    Value masked = t.mapInto({batches, classes, boxes}, {selected, all}, f32, [&](S &s, ValueRange v) {
      return s.select(s.cmp("eq", v[0], s.index(2, i32)), v[1], s.constant(f32, 0));
    });
    return t.reduce(masked, {2}, /*keep=*/true, ReduceKind::Add);
  };
  Value overlap;
  for (int64_t d = 0; d != 2; ++d) {
    Value both = t.map({low[d], high[d], ofSelected(low[d]), ofSelected(high[d])}, f32, [&](S &s, ValueRange v) {
      Value length = s.sub(s.min(v[1], v[3]), s.max(v[0], v[2]));
      return s.max(length, s.constant(f32, 0));
    });
    overlap = d == 0 ? both : t.mul(overlap, both);
  }
  SmallVector<Value> operands{scores, selected, overlap, area, ofSelected(area)};
  if (n.operand(3))
    operands.push_back(scalarOperand(3));
  return t.mapInto(shapeOf(scores), operands, f32, [&](S &s, ValueRange v) {
    Value zero = s.constant(f32, 0), common = v[2], unionArea = s.sub(s.add(v[3], v[4]), common);
    Value limit = v.size() == 6 ? v[5] : zero;
    auto both = [&](Value a, Value b) { return s.op<arith::AndIOp>(a, b); };
    Value areas = both(s.cmp("gt", v[3], zero), s.cmp("gt", v[4], zero));
    Value meets = both(both(areas, s.cmp("gt", common, zero)), s.cmp("gt", unionArea, zero));
    Value over = both(meets, s.cmp("gt", s.div(common, s.select(meets, unionArea, s.constant(f32, 1))), limit));
    Value out = s.op<arith::OrIOp>(over, s.cmp("eq", v[1], s.index(2, i32)));
    return s.select(out, s.constant(f32, -INFINITY), v[0]);
  });
}

/// `selected` is [steps, batch, class]. Of a batch and class the selected boxes come in the first steps.
void Suppression::setResult(Value selected, int64_t steps) {
  int64_t places = batches * classes * steps;
  Value flat = t.reshape(t.transpose(selected, {1, 2, 0}), {places});
  Value holds =
      t.map({flat}, t.b.getI1Type(), [&](S &s, ValueRange v) { return s.cmp("lt", v[0], s.constant(i32, boxes)); });
  Compacted found = compact(n, holds);
  auto column = [&](auto value) {
    Value numbers = t.mapInto({places}, {found.numbers, found.count, t.gatherRows(flat, found.numbers)}, i32,
                              [&](S &s, ValueRange v) {
                                Value counts = s.cmp("lt", s.index(0, i32), s.cast(v[1], i32));
                                return s.select(counts, value(s, v), s.constant(i32, 0));
                              });
    return t.reshape(numbers, {places, 1});
  };
  auto quotient = [&](S &s, Value x, int64_t divisor) { return s.div(x, s.constant(i32, divisor)); };
  Value batch = column([&](S &s, ValueRange v) { return quotient(s, v[0], classes * steps); });
  Value kind = column([&](S &s, ValueRange v) {
    Value above = s.mul(quotient(s, v[0], classes * steps), s.constant(i32, classes));
    return s.sub(quotient(s, v[0], steps), above);
  });
  Value box = column([](S &, ValueRange v) { return v[2]; });
  n.setOutput(0, t.cast(t.concat({batch, kind, box}, 1), i64), RuntimeExtent{0, found.count});
}

LogicalResult Suppression::lower() {
  if (n.rank(0) != 3 || n.rank(1) != 3 || n.shape(0)[2] != 4 || n.shape(0)[0] != n.shape(1)[0] ||
      n.shape(0)[1] != n.shape(1)[2])
    return n.invalid("boxes are [batches, boxes, 4] and scores [batches, classes, boxes]");
  for (size_t i = 2; i != std::min<size_t>(n.operandCount(), 5); ++i)
    if (n.operand(i) && tensorTypeOf(n.operand(i)).getNumElements() != 1)
      return n.invalid("operand " + Twine(i) + " is not one number");
  batches = n.shape(0)[0], boxes = n.shape(0)[1], classes = n.shape(1)[1];
  int64_t steps = n.operand(2) ? boxes : 0;
  std::optional<SmallVector<int64_t>> most = n.constantInts(2);
  if (most)
    steps = std::clamp<int64_t>(most->front(), 0, boxes);
  int64_t places = batches * classes * steps;
  if (places == 0) {
    n.setOutput(0, t.splat({0, 3}, i64, 0));
    return success();
  }
  if (places > int64_t(1) << 16)
    return n.unsupported("there is room for " + Twine(places) + " selected boxes, more than 65536",
                         most ? "lower max_output_boxes_per_class"
                              : "make max_output_boxes_per_class constant (--const)");
  readBoxes();
  SmallVector<Value> operands{n.operand(1)};
  if (n.operand(4))
    operands.push_back(scalarOperand(4));
  Value scores = t.map(operands, f32, [&](S &s, ValueRange v) {
    Value never = s.constant(f32, -INFINITY);
    Value limit = v.size() == 2 ? v[1] : never;
    return s.select(s.cmp("gt", v[0], limit), v[0], never);
  });
  auto body = [&](TensorBuilder &, LoopStep &, ValueRange carried) -> std::optional<StepResult> {
    Value selected = select(carried[0]);
    return StepResult{{suppress(carried[0], selected)}, {{t.reshape(selected, {batches, classes})}}};
  };
  bool unroll = steps <= kUnrolledSteps;
  if (!unroll && insideLoop(t))
    return n.unsupported("is in a loop and selects more than " + Twine(kUnrolledSteps) + " boxes of a class");
  std::optional<LoopResult> loop = unroll ? buildSteps(t, steps, {scores}, body) : buildLoop(t, steps, {scores}, body);
  if (!loop)
    return n.unsupported("its loop cannot be built");
  Value selected = loop->outputs[0];
  if (!most) // of so many steps only the first few count
    selected = t.mapInto(shapeOf(selected), {selected, scalarOperand(2)}, i32, [&](S &s, ValueRange v) {
      Value counts = s.cmp("lt", s.index(0, i32), s.cast(v[1], i32));
      return s.select(counts, v[0], s.constant(i32, boxes));
    });
  setResult(selected, steps);
  return success();
}

} // namespace

LogicalResult wafer::lowerNonMaxSuppression(NodeLowering &n) { return Suppression(n).lower(); }
