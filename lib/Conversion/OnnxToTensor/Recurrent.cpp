// RNN, GRU and LSTM.
//
// What a step takes from its input does not depend on other steps: one matrix product over all steps gives it, with
// the biases added (project()). The loop is left with the product with the state, whose weights stay where they are,
// and the gates. Both directions run in one loop, side by side: the backward one takes a projection of the reversed
// input, and its outputs are turned around at the end. In the loop, tensors are [direction, gate, batch, unit] and
// [direction, batch, unit], so that gates of one unit lie together however units are spread.
//
// With sequence lengths, steps past a sequence's end keep the state and give zeros. Backward, each sequence is turned
// around by itself: rows are gathered.
//
// DynamicQuantizeLSTM (domain com.microsoft) has weights of 8 bits with a scale for each direction or each of its rows,
// and its products are of integers: the whole input is quantized by its own range, and in each step each direction's
// state. (ONNX Runtime quantizes the state of a larger batch in as many parts as it has threads; here it is one.)
#include "Quantization.h"

#include "wafer/Tensor/Loop.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using V = Value;

/// Loops in a loop are unrolled, up to so many steps.
constexpr int64_t kMostNestedSteps = 64;
/// Constant inputs are computed step by step, up to so many.
constexpr int64_t kMostFoldedSteps = 512;

//===- Activations --------------------------------------------------------===//

struct Activation {
  std::string name; // lower case
  double alpha = 0, beta = 0;
  bool operator==(const Activation &) const = default;

  V operator()(S &s, V x) const;
};

struct KnownActivation {
  StringLiteral name;
  bool takesAlpha, takesBeta;
  double alpha, beta; // defaults
};

constexpr KnownActivation kActivations[] = {{"sigmoid", false, false, 0, 0},     {"tanh", false, false, 0, 0},
                                            {"relu", false, false, 0, 0},        {"softsign", false, false, 0, 0},
                                            {"softplus", false, false, 0, 0},    {"affine", true, true, 1, 0},
                                            {"leakyrelu", true, false, 0.01, 0}, {"thresholdedrelu", true, false, 1, 0},
                                            {"scaledtanh", true, true, 1, 1},    {"hardsigmoid", true, true, 0.2, 0.5},
                                            {"elu", true, false, 1, 0}};

V Activation::operator()(S &s, V x) const {
  auto number = [&](double value) { return s.constant(x.getType(), value); };
  V zero = number(0), one = number(1);
  auto tanh = [&](V v) { return s.op<math::TanhOp>(v); };
  auto line = [&] { return s.add(s.mul(number(alpha), x), number(beta)); };
  auto below = [&](V otherwise) { return s.select(s.cmp("lt", x, zero), otherwise, x); };
  if (name == "sigmoid")
    return s.div(one, s.add(one, s.op<math::ExpOp>(s.neg(x))));
  if (name == "tanh")
    return tanh(x);
  if (name == "relu")
    return s.max(x, zero);
  if (name == "softsign")
    return s.div(x, s.add(one, s.abs(x)));
  if (name == "softplus")
    return s.add(s.max(x, zero), s.op<math::LogOp>(s.add(one, s.op<math::ExpOp>(s.neg(s.abs(x))))));
  if (name == "affine")
    return line();
  if (name == "leakyrelu")
    return below(s.mul(number(alpha), x));
  if (name == "thresholdedrelu")
    return s.select(s.cmp("gt", x, number(alpha)), x, zero);
  if (name == "scaledtanh")
    return s.mul(number(alpha), tanh(s.mul(number(beta), x)));
  if (name == "hardsigmoid")
    return s.max(zero, s.min(one, line()));
  // elu
  return below(s.mul(number(alpha), s.sub(s.op<math::ExpOp>(s.min(x, zero)), one)));
}

//===- The operators ------------------------------------------------------===//

enum class Cell { Rnn, Gru, Lstm };

/// Which forms a cell has. Gates are in the order of the weights: update, reset, hidden; input, output, forget, cell.
struct CellForm {
  int64_t gates;
  int activations;
  const char *defaults[3];
};

CellForm formOf(Cell cell) {
  switch (cell) {
  case Cell::Rnn:
    return {1, 1, {"tanh", nullptr, nullptr}};
  case Cell::Gru:
    return {3, 2, {"sigmoid", "tanh", nullptr}};
  case Cell::Lstm:
    return {4, 3, {"sigmoid", "tanh", "tanh"}};
  }
  return {};
}

class Recurrent {
public:
  Recurrent(NodeLowering &n, Cell cell) : n(n), t(n.t), cell(cell), form(formOf(cell)) {}

  LogicalResult lower();

private:
  using Shape = SmallVector<int64_t>;

  bool quantized() { return n.op() == "DynamicQuantizeLSTM"; }
  LogicalResult readShapes();
  LogicalResult readWeights();
  Value integerWeights(size_t operand, size_t zeroPoint);
  Value weightScales(size_t operand);
  LogicalResult readActivations();
  LogicalResult readLengths();
  Value state(size_t operand);

  /// What a run of the loop gives: outputs of all steps [step, direction, batch, unit], turned around; final states.
  struct Run {
    Value all;
    SmallVector<Value> last;
  };
  std::optional<Run> run();
  Value ofRun(Value all);
  Value project();
  Value projectOne(int64_t direction);
  Value scaled(Value product, Value scales, AffineMap scaleMap, Value operandScale, AffineMap operandMap);
  Value turnAround(Value all);
  Value gatherTurned(Value x);

  SmallVector<Value> step(Value in, ValueRange states);
  Value stepRnn(Value in, Value h);
  Value stepGru(Value in, Value h);
  SmallVector<Value> stepLstm(Value in, Value h, Value c);
  /// A GRU that resets after the product with the state, not the state before it.
  bool resetsAfter() { return cell == Cell::Gru && n.intAttr("linear_before_reset", 0) != 0; }
  Value product(Value weights, Value h);
  /// `recurrence` times a state, in floats.
  Value recurrent(Value h);
  /// Elementwise over [direction, batch, unit].
  Value gate(ArrayRef<Value> operands, ArrayRef<AffineMap> maps, TensorBuilder::Body body);
  V clipped(S &s, V x);

  AffineExpr dim(unsigned d) { return getAffineDimExpr(d, t.b.getContext()); }
  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, t.b.getContext()); }
  AffineMap map(unsigned loops, ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(loops, 0, exprs, t.b.getContext());
  }
  // Maps of loops direction, batch, unit.
  AffineMap ofState() { return map(3, {dim(0), dim(1), dim(2)}); }
  AffineMap ofGate(int64_t g) { return map(3, {dim(0), number(g), dim(1), dim(2)}); }
  AffineMap ofPeephole(int64_t g) { return map(3, {dim(0), number(g), dim(2)}); }
  AffineMap ofBias(int64_t g) { return map(3, {dim(0), number(1), number(g), dim(2)}); }
  AffineMap ofMask() { return map(3, {dim(1)}); }

  /// Of a direction of the run.
  bool reversed(int64_t d) { return directions == 2 ? first + d == 1 : backward; }
  const Activation &activation(int which) { return activations[first * form.activations + which]; }

  NodeLowering &n;
  TensorBuilder &t;
  Cell cell;
  CellForm form;
  int64_t steps = 0, batch = 0, inputs = 0, units = 0, directions = 1;
  int64_t first = 0, count = 1; // directions of the run
  bool backward = false, batchFirst = false;
  std::optional<double> clip;
  Value x;                            // [steps, batch, inputs]
  Value weights, recurrence;          // [directions, gates, units, inputs or units]
  Value weightScale, recurrenceScale; // [directions, gates, units], null: weights are floats
  Value xScale;                       // of a quantized x, a scalar
  Value bias, peepholes;      // [directions, of weights or recurrence, gates, units], [directions, gates, units]
  Value firstGates, lastGate; // of a GRU's recurrence
  Value mask;                 // [steps, batch], null: all steps count
  Value turned;               // with a mask: rows of [steps * batch] backward, [steps, batch]
  SmallVector<Activation> activations; // per direction
};

LogicalResult Recurrent::readShapes() {
  if (n.operandCount() < 3 || !n.operand(0) || !n.operand(1) || !n.operand(2))
    return n.invalid("it needs an input, weights and recurrence weights");
  if (!isa<FloatType>(n.element(0)))
    return n.unsupported("the operand is not of floats");
  if (n.rank(0) != 3 || n.rank(1) != 3 || n.rank(2) != 3)
    return n.invalid("input, weights and recurrence weights must have three dimensions");
  batchFirst = n.intAttr("layout", 0) != 0;
  x = batchFirst ? t.transpose(n.operand(0), {1, 0, 2}) : n.operand(0);
  steps = shapeOf(x)[0], batch = shapeOf(x)[1], inputs = shapeOf(x)[2];
  StringRef direction = n.stringAttr("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return n.invalid("the direction is '" + direction + "'");
  directions = direction == "bidirectional" ? 2 : 1;
  backward = direction == "reverse";
  units = n.shape(2)[quantized() ? 1 : 2];
  int64_t rows = form.gates * units;
  Shape weightShape{directions, rows, inputs}, recurrenceShape{directions, rows, units};
  if (quantized()) { // transposed
    std::swap(weightShape[1], weightShape[2]);
    std::swap(recurrenceShape[1], recurrenceShape[2]);
  }
  if (n.shape(1) != ArrayRef<int64_t>(weightShape) || n.shape(2) != ArrayRef<int64_t>(recurrenceShape))
    return n.invalid("the weights' shapes do not fit the input and the direction");
  if (steps == 0 || batch == 0 || units == 0)
    return n.unsupported("there are no steps, no batch or no units");
  if (failed(readWeights()))
    return failure();
  auto fits = [&](size_t i, ArrayRef<int64_t> shape) { return !n.operand(i) || n.shape(i) == shape; };
  Shape stateShape = batchFirst ? Shape{batch, directions, units} : Shape{directions, batch, units};
  if (!fits(3, {directions, 2 * rows}) || !fits(4, {batch}) || !fits(5, stateShape) ||
      (cell == Cell::Lstm && (!fits(6, stateShape) || !fits(7, {directions, 3 * units}))))
    return n.invalid("the shapes of bias, lengths, initial states or peepholes do not fit the input");
  if (n.operand(3))
    bias = t.reshape(n.operand(3), {directions, 2, form.gates, units});
  if (cell == Cell::Lstm && n.operand(7))
    peepholes = t.reshape(n.operand(7), {directions, 3, units});
  if (n.hasAttr("clip"))
    clip = n.floatAttr("clip", 0);
  return success();
}

LogicalResult Recurrent::readWeights() {
  if (!quantized()) {
    weights = t.reshape(n.operand(1), {directions, form.gates, units, inputs});
    recurrence = t.reshape(n.operand(2), {directions, form.gates, units, units});
    return success();
  }
  if (!n.element(0).isF32() || inputs == 0)
    return n.unsupported("the operand is not of float32, or has no columns");
  if (!n.declared(1).isInteger(8) || !n.declared(2).isInteger(8))
    return n.unsupported("the weights are not of int8 or uint8");
  if ((n.operand(9) && n.declared(9) != n.declared(1)) || (n.operand(11) && n.declared(11) != n.declared(2)))
    return n.invalid("a zero point is not of its weights' type");
  int64_t rows = form.gates * units;
  for (size_t i : {8, 9, 10, 11})
    if (n.shape(i) != ArrayRef<int64_t>{directions} && n.shape(i) != ArrayRef<int64_t>{directions, rows})
      return n.invalid("operand " + Twine(i) + " has neither one element for each direction nor one for each row");
  weights = integerWeights(1, 9);
  recurrence = integerWeights(2, 11);
  weightScale = weightScales(8);
  recurrenceScale = weightScales(10);
  // All steps of both directions have one range.
  DynamicallyQuantized q = quantizeDynamically(t, x, {0, 1, 2});
  x = t.sub(q.values, q.zeroPoint);
  xScale = t.reshape(q.scale, {});
  return success();
}

/// Weights of integers less their zero points: [directions, gates, units, inputs or units].
Value Recurrent::integerWeights(size_t operand, size_t zeroPoint) {
  int64_t rows = form.gates * units, columns = n.shape(operand)[1];
  Value all = n.operand(operand);
  auto zeros = n.constantInts(zeroPoint);
  if (!zeros || !llvm::all_of(*zeros, [](int64_t zero) { return zero == 0; })) {
    int64_t each = n.rank(zeroPoint) == 2 ? rows : 1;
    all = t.sub(all, t.reshape(n.operand(zeroPoint), {directions, 1, each}));
  }
  return t.transpose(t.reshape(all, {directions, columns, form.gates, units}), {0, 2, 3, 1});
}

/// [directions, gates, units]
Value Recurrent::weightScales(size_t operand) {
  Shape shape{directions, form.gates, units};
  if (n.rank(operand) == 2)
    return t.reshape(n.operand(operand), shape);
  return t.broadcast(t.reshape(n.operand(operand), {directions, 1, 1}), shape);
}

LogicalResult Recurrent::readActivations() {
  SmallVector<std::string> names;
  if (auto given = dyn_cast_or_null<ArrayAttr>(n.attr("activations")))
    for (StringRef name : given.getAsValueRange<StringAttr>())
      names.push_back(name.lower());
  for (int64_t d = 0; d != directions && !n.hasAttr("activations"); ++d)
    names.append(form.defaults, form.defaults + form.activations);
  if (static_cast<int64_t>(names.size()) != form.activations * directions)
    return n.invalid("it needs " + Twine(form.activations * directions) + " activations");
  auto numbers = [&](StringRef name) {
    auto attr = dyn_cast_or_null<DenseF32ArrayAttr>(n.attr(name));
    return attr ? SmallVector<float>(attr.asArrayRef()) : SmallVector<float>();
  };
  SmallVector<float> alphas = numbers("activation_alpha"), betas = numbers("activation_beta");
  size_t alpha = 0, beta = 0;
  for (const std::string &name : names) {
    const auto *known = llvm::find_if(kActivations, [&](const KnownActivation &a) { return a.name == name; });
    if (known == std::end(kActivations))
      return n.unsupported("the activation '" + name + "' is unknown");
    Activation activation{name, known->alpha, known->beta};
    // Only functions that have a parameter take one from the list.
    if (known->takesAlpha && alpha < alphas.size())
      activation.alpha = alphas[alpha++];
    if (known->takesBeta && beta < betas.size())
      activation.beta = betas[beta++];
    activations.push_back(activation);
  }
  return success();
}

LogicalResult Recurrent::readLengths() {
  Value lengths = n.operand(4);
  if (!lengths)
    return success();
  if (auto known = n.constantInts(4); known && llvm::all_of(*known, [&](int64_t l) { return l >= steps; }))
    return success();
  if (quantized()) // what is past the end must not count in the ranges
    return n.unsupported("sequences that end before the last step", "leave sequence_lens out, or give constant ones");
  Type i32 = t.b.getI32Type();
  auto counts = [&](int64_t count) {
    SmallVector<int32_t> values(count);
    std::iota(values.begin(), values.end(), 0);
    return t.constant(DenseElementsAttr::get(RankedTensorType::get({count}, i32), ArrayRef<int32_t>(values)));
  };
  lengths = t.cast(lengths, i32);
  Value step = t.reshape(counts(steps), {steps, 1});
  mask = t.map({step, lengths}, t.b.getI1Type(), [](S &s, ValueRange v) { return s.cmp("lt", v[0], v[1]); });
  turned = t.map({step, lengths, counts(batch)}, i32, [&](S &s, ValueRange v) {
    V from = s.sub(s.sub(v[1], s.constant(i32, 1)), v[0]);
    V place = s.select(s.cmp("lt", v[0], v[1]), from, v[0]);
    return s.add(s.mul(place, s.constant(i32, static_cast<double>(batch))), v[2]);
  });
  return success();
}

/// An initial state, zeros if it is absent.
Value Recurrent::state(size_t operand) {
  if (!n.operand(operand))
    return t.splat({directions, batch, units}, n.element(0), 0);
  return batchFirst ? t.transpose(n.operand(operand), {1, 0, 2}) : n.operand(operand);
}

//===- Before and after the loop ------------------------------------------===//

/// Rows of [steps, batch, ...] in the order of the backward direction, by the sequences' lengths.
Value Recurrent::gatherTurned(Value rows) {
  int64_t width = shapeOf(rows).back();
  return t.gatherRows(t.reshape(rows, {steps * batch, width}), turned);
}

/// [steps, gates, batch, units]: the input's part of one direction's gates.
Value Recurrent::projectOne(int64_t d) {
  bool back = reversed(d);
  Value from = back && mask ? gatherTurned(x) : x;
  // Loops: step, gate, batch, unit, input.
  AffineExpr place = back && !mask ? number(steps - 1) - dim(0) : dim(0);
  Value product =
      t.contract(from, weights, map(5, {place, dim(2), dim(4)}), map(5, {number(d), dim(1), dim(3), dim(4)}),
                 map(5, {dim(0), dim(1), dim(2), dim(3)}), {steps, form.gates, batch, units, inputs});
  if (!quantized())
    return product;
  return scaled(product, weightScale, map(4, {number(d), dim(1), dim(3)}), xScale, map(4, {}));
}

/// A product of integers as floats, by the scales of the weights' rows and of the other operand.
Value Recurrent::scaled(Value product, Value scales, AffineMap scaleMap, Value operandScale, AffineMap operandMap) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(4, t.b.getContext());
  SmallVector<utils::IteratorType> iterators(4, utils::IteratorType::parallel);
  return t.generic({product, scales, operandScale}, t.empty(shapeOf(product), n.element(0)),
                   {identity, scaleMap, operandMap, identity}, iterators,
                   [](S &s, ValueRange v) { return s.mul(s.cast(v[0], v[1].getType()), s.mul(v[2], v[1])); });
}

/// [steps, directions of the run, gates, batch, units], with biases.
Value Recurrent::project() {
  SmallVector<Value> parts;
  for (int64_t d = 0; d != count; ++d)
    parts.push_back(t.reshape(projectOne(d), {steps, 1, form.gates, batch, units}));
  Value all = t.concat(parts, 1);
  if (!bias)
    return all;
  // Loops: step, direction, gate, batch, unit.
  auto part = [&](int64_t i) { return map(5, {dim(1), number(i), dim(2), dim(4)}); };
  AffineMap identity = AffineMap::getMultiDimIdentityMap(5, t.b.getContext());
  SmallVector<Value> operands{all, bias};
  SmallVector<AffineMap> maps{identity, part(0)};
  if (!resetsAfter())
    operands.push_back(bias), maps.push_back(part(1));
  maps.push_back(identity);
  SmallVector<utils::IteratorType> iterators(5, utils::IteratorType::parallel);
  return t.generic(operands, t.empty(shapeOf(all), n.element(0)), maps, iterators, [&](S &s, ValueRange v) {
    V sum = s.add(v[0], v[1]);
    return v.size() == 4 ? s.add(sum, v[2]) : sum;
  });
}

/// Outputs of backward directions in the order of the input.
Value Recurrent::turnAround(Value all) {
  SmallVector<Value> parts;
  for (int64_t d = 0; d != count; ++d) {
    Value part = t.slice(all, {0, d, 0, 0}, {steps, 1, batch, units}, {1, 1, 1, 1});
    if (reversed(d))
      part = mask ? t.reshape(gatherTurned(t.reshape(part, {steps, batch, units})), {steps, 1, batch, units})
                  : t.slice(part, {steps - 1, 0, 0, 0}, {steps, 1, batch, units}, {-1, 1, 1, 1});
    parts.push_back(part);
  }
  return t.concat(parts, 1);
}

//===- A step -------------------------------------------------------------===//

V Recurrent::clipped(S &s, V v) {
  if (!clip)
    return v;
  return s.max(s.constant(v.getType(), -*clip), s.min(s.constant(v.getType(), *clip), v));
}

Value Recurrent::gate(ArrayRef<Value> operands, ArrayRef<AffineMap> maps, TensorBuilder::Body body) {
  SmallVector<AffineMap> all(maps);
  all.push_back(ofState());
  SmallVector<utils::IteratorType> iterators(3, utils::IteratorType::parallel);
  return t.generic(operands, t.empty({count, batch, units}, n.element(0)), all, iterators, body);
}

/// [direction, gate, batch, unit]: weights [direction, gate, unit, state's unit] times a state.
Value Recurrent::product(Value by, Value h) {
  // Loops: direction, gate, batch, unit, state's unit.
  return t.contract(by, h, map(5, {dim(0), dim(1), dim(3), dim(4)}), map(5, {dim(0), dim(2), dim(4)}),
                    map(5, {dim(0), dim(1), dim(2), dim(3)}), {count, shapeOf(by)[1], batch, units, units});
}

Value Recurrent::recurrent(Value h) {
  if (!quantized())
    return product(recurrence, h);
  DynamicallyQuantized q = quantizeDynamically(t, h, {1, 2});
  Value sums = product(recurrence, t.sub(q.values, q.zeroPoint));
  return scaled(sums, recurrenceScale, map(4, {dim(0), dim(1), dim(3)}), t.reshape(q.scale, {count}), map(4, {dim(0)}));
}

/// The new states, h first, from the step's part of the projection [direction, gate, batch, unit].
SmallVector<Value> Recurrent::step(Value in, ValueRange states) {
  switch (cell) {
  case Cell::Rnn:
    return {stepRnn(in, states[0])};
  case Cell::Gru:
    return {stepGru(in, states[0])};
  case Cell::Lstm:
    return stepLstm(in, states[0], states[1]);
  }
  return {};
}

Value Recurrent::stepRnn(Value in, Value h) {
  Value z = product(recurrence, h);
  return gate({in, z}, {ofGate(0), ofGate(0)},
              [&](S &s, ValueRange v) { return activation(0)(s, clipped(s, s.add(v[0], v[1]))); });
}

// h' = (1 - z) * g(...) + z * h
Value Recurrent::stepGru(Value in, Value h) {
  enum { Update, Reset, Hidden };
  auto blend = [](S &s, V update, V fresh, V old) {
    return s.add(s.mul(s.sub(s.constant(old.getType(), 1), update), fresh), s.mul(update, old));
  };
  if (resetsAfter()) {
    Value z = product(recurrence, h);
    SmallVector<Value> operands{h, in, z, in, z, in, z};
    SmallVector<AffineMap> maps{ofState()};
    for (int64_t g : {Update, Reset, Hidden})
      maps.append({ofGate(g), ofGate(g)});
    if (bias)
      for (int64_t g : {Update, Reset, Hidden})
        operands.push_back(bias), maps.push_back(ofBias(g));
    return gate(operands, maps, [&](S &s, ValueRange v) {
      auto recurrent = [&](int g) { return bias ? s.add(v[2 + 2 * g], v[7 + g]) : v[2 + 2 * g]; };
      auto sum = [&](int g) { return activation(0)(s, clipped(s, s.add(v[1 + 2 * g], recurrent(g)))); };
      V fresh = s.add(v[1 + 2 * Hidden], s.mul(sum(Reset), recurrent(Hidden)));
      return blend(s, sum(Update), activation(1)(s, clipped(s, fresh)), v[0]);
    });
  }
  Value z = product(firstGates, h);
  Value kept = gate({h, in, z}, {ofState(), ofGate(Reset), ofGate(Reset)},
                    [&](S &s, ValueRange v) { return s.mul(v[0], activation(0)(s, clipped(s, s.add(v[1], v[2])))); });
  Value hidden = product(lastGate, kept);
  return gate({h, in, z, in, hidden}, {ofState(), ofGate(Update), ofGate(Update), ofGate(Hidden), ofGate(0)},
              [&](S &s, ValueRange v) {
                V update = activation(0)(s, clipped(s, s.add(v[1], v[2])));
                return blend(s, update, activation(1)(s, clipped(s, s.add(v[3], v[4]))), v[0]);
              });
}

// c' = f * c + i * g(...), h' = o * h(c')
SmallVector<Value> Recurrent::stepLstm(Value in, Value h, Value c) {
  enum { Input, Output, Forget, Fresh };
  Value z = recurrent(h);
  bool coupled = n.intAttr("input_forget", 0) != 0;
  SmallVector<Value> operands{c};
  SmallVector<AffineMap> maps{ofState()};
  auto add = [&](int64_t g) {
    operands.append({in, z});
    maps.append({ofGate(g), ofGate(g)});
    if (peepholes && g != Fresh)
      operands.push_back(peepholes), maps.push_back(ofPeephole(g));
  };
  // The sum of a gate whose operands start at `place`, looking at the cell `seen`.
  auto sum = [&](S &s, ValueRange v, size_t place, bool looks, V seen) {
    V all = s.add(v[place], v[place + 1]);
    return clipped(s, looks ? s.add(all, s.mul(v[place + 2], seen)) : all);
  };
  size_t gateOperands = peepholes ? 3 : 2;
  bool looks = peepholes != nullptr;
  add(Input), add(Fresh);
  if (!coupled)
    add(Forget);
  Value cell = gate(operands, maps, [&](S &s, ValueRange v) {
    V input = activation(0)(s, sum(s, v, 1, looks, v[0]));
    V fresh = activation(1)(s, sum(s, v, 1 + gateOperands, false, {}));
    V forget = coupled ? s.sub(s.constant(input.getType(), 1), input)
                       : activation(0)(s, sum(s, v, 3 + gateOperands, looks, v[0]));
    return s.add(s.mul(forget, v[0]), s.mul(input, fresh));
  });
  operands = {cell};
  maps = {ofState()};
  add(Output);
  Value out = gate(operands, maps, [&](S &s, ValueRange v) {
    return s.mul(activation(0)(s, sum(s, v, 1, looks, v[0])), activation(2)(s, v[0]));
  });
  return {out, cell};
}

//===- The loop -----------------------------------------------------------===//

std::optional<Recurrent::Run> Recurrent::run() {
  if (cell == Cell::Gru && !resetsAfter()) {
    firstGates = t.slice(recurrence, {0, 0, 0, 0}, {count, 2, units, units}, {1, 1, 1, 1});
    lastGate = t.slice(recurrence, {0, 2, 0, 0}, {count, 1, units, units}, {1, 1, 1, 1});
  }
  Value in = project();
  SmallVector<Value> states;
  for (size_t operand : {5, 6})
    if (operand == 5 || cell == Cell::Lstm)
      states.push_back(ofRun(state(operand)));
  bool wantsAll = n.outputUsed(0);
  auto body = [&](TensorBuilder &, LoopStep &at, ValueRange old) -> std::optional<StepResult> {
    StepResult result;
    result.carried = step(at.slice(t, in, 0), old);
    Value runs = mask ? at.slice(t, mask, 0) : Value();
    if (runs)
      for (auto [next, before] : llvm::zip(result.carried, old))
        next = gate({next, before, runs}, {ofState(), ofState(), ofMask()},
                    [](S &s, ValueRange v) { return s.select(v[2], v[0], v[1]); });
    Value out = result.carried[0];
    if (runs && wantsAll)
      out = gate({out, runs}, {ofState(), ofMask()},
                 [](S &s, ValueRange v) { return s.select(v[1], v[0], s.constant(v[0].getType(), 0)); });
    if (wantsAll)
      result.outputs.push_back({out});
    return result;
  };
  auto known = [](Value value) { return constantOf(value) != nullptr; };
  bool nested = insideLoop(t);
  bool folds = steps <= kMostFoldedSteps && known(in) && known(recurrence) && llvm::all_of(states, known);
  if (nested && steps > kMostNestedSteps && !folds)
    return std::nullopt;
  std::optional<LoopResult> loop = steps <= kUnrolledSteps || nested || folds ? buildSteps(t, steps, states, body)
                                                                              : buildLoop(t, steps, states, body);
  Run result{wantsAll ? turnAround(loop->outputs[0]) : Value(), loop->carried};
  return result;
}

/// The directions of the run, of a tensor whose first dimension they are.
Value Recurrent::ofRun(Value all) {
  if (!all || count == directions)
    return all;
  SmallVector<int64_t> offsets(shapeOf(all).size(), 0), sizes(shapeOf(all)), strides(shapeOf(all).size(), 1);
  offsets[0] = first, sizes[0] = count;
  return t.slice(all, offsets, sizes, strides);
}

LogicalResult Recurrent::lower() {
  if (failed(readShapes()) || failed(readActivations()) || failed(readLengths()))
    return failure();
  // Directions with different activations are different kernels: they run one after the other.
  ArrayRef<Activation> functions(activations);
  bool alike = directions == 1 || functions.take_front(form.activations) == functions.drop_front(form.activations);
  Value allWeights = weights, allRecurrence = recurrence, allBias = bias, allPeepholes = peepholes,
        allWeightScales = weightScale, allRecurrenceScales = recurrenceScale;
  SmallVector<Value> outputs;
  SmallVector<SmallVector<Value>> last(2);
  count = alike ? directions : 1;
  for (first = 0; first < directions; first += count) {
    weights = ofRun(allWeights), recurrence = ofRun(allRecurrence), bias = ofRun(allBias),
    peepholes = ofRun(allPeepholes), weightScale = ofRun(allWeightScales), recurrenceScale = ofRun(allRecurrenceScales);
    std::optional<Run> made = run();
    if (!made)
      return n.unsupported("a recurrence of " + Twine(steps) + " steps inside of a loop that runs on the machine",
                           "give it at most " + Twine(kMostNestedSteps) + " steps, or the loop around it fewer");
    outputs.push_back(made->all);
    for (auto [i, value] : llvm::enumerate(made->last))
      last[i].push_back(value);
  }
  if (n.outputUsed(0)) {
    Value all = t.concat(outputs, 1);
    n.setOutput(0, batchFirst ? t.transpose(all, {2, 0, 1, 3}) : all);
  }
  for (size_t i = 0; i != 2; ++i)
    if (n.outputUsed(1 + i) && !last[i].empty()) {
      Value states = t.concat(last[i], 0);
      n.setOutput(1 + i, batchFirst ? t.transpose(states, {1, 0, 2}) : states);
    }
  return success();
}

LogicalResult lowerRnn(NodeLowering &n) { return Recurrent(n, Cell::Rnn).lower(); }
LogicalResult lowerGru(NodeLowering &n) { return Recurrent(n, Cell::Gru).lower(); }
LogicalResult lowerLstm(NodeLowering &n) { return Recurrent(n, Cell::Lstm).lower(); }

} // namespace

ArrayRef<LoweringEntry> wafer::recurrentLowerings() {
  static constexpr LoweringEntry table[] = {
      {"RNN", 7, lowerRnn},
      {"GRU", 7, lowerGru},
      {"LSTM", 7, lowerLstm},
      // Operands 8 to 11: W_scale, W_zero_point, R_scale, R_zero_point.
      {"DynamicQuantizeLSTM", 1, lowerLstm, "com.microsoft", "FIIfifffFIFI"},
  };
  return table;
}
