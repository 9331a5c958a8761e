// If, Loop and Scan: nodes with graphs inside.
//
// The machine's programs have no data-dependent control flow between PEs, so both branches of an If on run-time data
// run, and each output is selected. What a branch that was not taken computes must not end the run: indices and
// divisors in it are replaced by harmless ones (guard()).
//
// A loop of few steps is its body so many times; one of many steps is rolled (wafer/Tensor/Loop.h) if its body is the
// same in every step: nothing in it may need the step's number at compile time, and the carried tensors keep their
// shapes. Else it is unrolled after all, within a bound on the nodes made. A condition that only the run decides turns
// the steps after the last into steps that change nothing.
#include "Lowering.h"
#include "Walk.h"

#include "wafer/Tensor/Loop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace wafer;

namespace {

/// Nodes that unrolling may make of one loop.
constexpr int64_t kMostUnrolledNodes = 4096;
/// A loop of more steps than this is taken for one that only its condition ends: exporters write the largest integer.
constexpr int64_t kMostSteps = 1 << 16;
/// A loop that makes no more nodes than this unrolled is cheap enough to be unrolled.
constexpr int64_t kCheapNodes = 32;

Block *bodyOf(onnx::NodeOp node, StringRef name) {
  for (auto [index, body] : llvm::enumerate(node.getBodies()))
    if (cast<StringAttr>((*node.getGraphs())[index]).strref() == name)
      return &body.front();
  return nullptr;
}

std::optional<bool> constantBool(Value value) {
  DenseElementsAttr attr = value ? constantOf(value) : DenseElementsAttr();
  if (!attr || attr.getNumElements() != 1 || !attr.getElementType().isInteger(1))
    return std::nullopt;
  return *attr.getValues<bool>().begin();
}

/// A tensor of one boolean without its dimensions; null if it is something else.
Value scalarBool(TensorBuilder &t, Value value) {
  if (!value || tensorTypeOf(value).getNumElements() != 1 || !elementTypeOf(value).isInteger(1))
    return {};
  return t.reshape(value, {});
}

//===- Guards -------------------------------------------------------------===//

/// An integer division in a kernel, by 1 where the guard is false.
void guardDivisions(linalg::GenericOp op, Value guard) {
  auto divides = [](Operation &inner) {
    return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::FloorDivSIOp, arith::CeilDivSIOp>(
        inner);
  };
  if (llvm::none_of(op.getRegion().front(), divides))
    return;
  OpBuilder b(op);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned place = op.getNumDpsInputs();
  maps.insert(maps.begin() + place, AffineMap::get(op.getNumLoops(), 0, b.getContext()));
  op.getInputsMutable().append(guard);
  op.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  Block &body = op.getRegion().front();
  Value runs = body.insertArgument(place, b.getI1Type(), op.getLoc());
  for (Operation &inner : body)
    if (divides(inner)) {
      b.setInsertionPoint(&inner);
      Value divisor = inner.getOperand(1);
      Value one = arith::ConstantOp::create(b, inner.getLoc(), b.getIntegerAttr(divisor.getType(), 1));
      inner.setOperand(1, arith::SelectOp::create(b, inner.getLoc(), runs, divisor, one));
    }
}

/// Rows gathered by index, by 0 where the guard is false.
void guardIndices(tensor::GatherOp op, Value guard) {
  Value indices = op.getIndices();
  if (constantOf(indices))
    return;
  OpBuilder b(op);
  FoldLimits limits;
  UnsignedValues none; // an index is what it is, whatever its sign
  TensorBuilder t(b, op.getLoc(), limits, none);
  Type type = elementTypeOf(indices);
  // The last dimension is the coordinate's: see TensorBuilder::gatherRows.
  ArrayRef<int64_t> rows = shapeOf(indices).drop_back();
  Value safe = t.mapInto(rows, {guard, t.reshape(indices, rows)}, type,
                         [&](ScalarBuilder &s, ValueRange v) { return s.select(v[0], v[1], s.constant(type, 0)); });
  op.getIndicesMutable().assign(t.reshape(safe, shapeOf(indices)));
}

/// Makes the ops between `before` (null: the block's begin) and the end of the block harmless where `guard` is false.
/// They stay the same ops: the walk knows their results.
void guardOps(Block *block, Operation *before, Value guard) {
  SmallVector<Operation *> ops;
  for (auto it = before ? std::next(before->getIterator()) : block->begin(); it != block->end(); ++it)
    it->walk([&](Operation *op) {
      if (isa<linalg::GenericOp, tensor::GatherOp>(op))
        ops.push_back(op);
    });
  for (Operation *op : ops) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      guardDivisions(generic, guard);
    else
      guardIndices(cast<tensor::GatherOp>(op), guard);
  }
}

//===- Selection ----------------------------------------------------------===//

/// `whenTrue` or `whenFalse`; nothing if they differ in more than their numbers.
std::optional<Lowered> choose(TensorBuilder &t, Value condition, const Lowered &whenTrue, const Lowered &whenFalse) {
  if (whenTrue.kind != whenFalse.kind)
    return std::nullopt;
  auto chosen = [&](Value x, Value y) -> Value {
    if (x == y)
      return x;
    if (x.getType() != y.getType() || !elementTypeOf(x).isIntOrFloat())
      return {};
    return t.mapInto(shapeOf(x), {condition, x, y}, elementTypeOf(x),
                     [](ScalarBuilder &s, ValueRange v) { return s.select(v[0], v[1], v[2]); });
  };
  bool tainted = whenTrue.tainted || whenFalse.tainted;
  if (whenTrue.kind == Lowered::Tensor) {
    Value value = chosen(whenTrue.tensor, whenFalse.tensor);
    return value ? std::optional(Lowered::of(value, tainted)) : std::nullopt;
  }
  if (whenTrue.kind != Lowered::Sequence)
    return whenTrue;
  if (whenTrue.items->size() != whenFalse.items->size())
    return std::nullopt;
  Lowered::Items items;
  for (auto [x, y] : llvm::zip(*whenTrue.items, *whenFalse.items)) {
    items.push_back(chosen(x, y));
    if (!items.back())
      return std::nullopt;
  }
  return Lowered::list(std::move(items), tainted);
}

//===- If -----------------------------------------------------------------===//

LogicalResult lowerIf(Walk &walk, onnx::NodeOp node) {
  Lowered given = walk.lookup(node.getInputs().front());
  Block *thenBody = bodyOf(node, "then_branch"), *elseBody = bodyOf(node, "else_branch");
  auto yields = [&](Block *body) { return body && body->getTerminator()->getNumOperands() == node.getNumResults(); };
  if (!yields(thenBody) || !yields(elseBody))
    return walk.refuse(node, ErrorCode::NodeInvalid, "its graphs yield another number of values", "");
  if (given.kind != Lowered::Tensor)
    return walk.refuseNoTensor(node, node.getInputs().front(), "the condition");
  if (std::optional<bool> known = constantBool(given.tensor)) {
    Block *body = *known ? thenBody : elseBody;
    if (failed(walk.convertBlock(*body)))
      return failure();
    for (auto [result, yielded] : llvm::zip(node.getResults(), body->getTerminator()->getOperands()))
      walk.define(result, walk.lookup(yielded));
    return success();
  }
  TensorBuilder t = walk.at(node.getLoc());
  Value condition = scalarBool(t, given.tensor);
  if (!condition)
    return walk.refuse(node, ErrorCode::NodeInvalid, "the condition is not one boolean", "");
  Value otherwise = t.map({condition}, walk.b.getI1Type(), [](ScalarBuilder &s, ValueRange v) {
    return s.cmp("eq", v[0], s.constant(v[0].getType(), 0));
  });
  Block *block = walk.b.getInsertionBlock();
  for (auto [body, guard] : {std::pair{thenBody, condition}, {elseBody, otherwise}}) {
    Operation *before = block->empty() ? nullptr : &block->back();
    walk.conditions.push_back(condition);
    LogicalResult converted = walk.convertBlock(*body);
    walk.conditions.pop_back();
    if (failed(converted))
      return failure();
    guardOps(block, before, guard);
  }
  for (size_t i = 0; i != node.getNumResults(); ++i) {
    Lowered whenTrue = walk.lookup(thenBody->getTerminator()->getOperand(i)),
            whenFalse = walk.lookup(elseBody->getTerminator()->getOperand(i));
    if (whenTrue.kind == Lowered::Unknown || whenFalse.kind == Lowered::Unknown) {
      walk.define(node.getResult(i), {});
      continue;
    }
    std::optional<Lowered> chosen = choose(t, condition, whenTrue, whenFalse);
    if (!chosen)
      return walk.unsupported(node,
                              "the condition is computed from run-time data, and output " + Twine(i) +
                                  " differs in shape or type between the branches",
                              "fix the input that the condition depends on with --const", condition);
    walk.define(node.getResult(i), *chosen);
  }
  return success();
}

constexpr const char *kOtherTypes = "its graph takes or yields other element types than it is given";

/// The argument of a graph is declared with the element type of `value`; ONNX's library does not look.
bool takes(BlockArgument argument, Value value) {
  return !isa<TensorType>(argument.getType()) ||
         storedType(getElementTypeOrSelf(argument.getType())) == elementTypeOf(value);
}

//===- Loops --------------------------------------------------------------===//

int64_t nodesIn(Block &body) {
  int64_t count = 0;
  body.walk([&](onnx::NodeOp) { ++count; });
  return count;
}

/// All that a graph reads from around it is constant.
bool readsConstantsOnly(const Walk &walk, Block &body) {
  return !body.walk([&](Operation *op) {
                for (Value operand : op->getOperands()) {
                  Operation *owner = operand.getParentBlock()->getParentOp();
                  if (owner == body.getParentOp() || body.getParentOp()->isProperAncestor(owner))
                    continue;
                  Lowered outside = walk.lookup(operand);
                  if (outside.kind == Lowered::Tensor && !constantOf(outside.tensor))
                    return WalkResult::interrupt();
                }
                return WalkResult::advance();
              })
              .wasInterrupted();
}

bool isConstant(const Lowered &value) {
  auto known = [](Value tensor) { return constantOf(tensor) != nullptr; };
  return value.kind == Lowered::Tensor     ? known(value.tensor)
         : value.kind == Lowered::Sequence ? llvm::all_of(*value.items, known)
                                           : true;
}

/// Few steps, cheap ones, or nothing but constants.
bool unrollsBetter(Walk &walk, Block &body, int64_t trips, ArrayRef<Lowered> inputs) {
  int64_t made = trips * std::max<int64_t>(nodesIn(body), 1);
  if (trips <= kUnrolledSteps || made <= kCheapNodes)
    return true;
  return made <= kMostUnrolledNodes && llvm::all_of(inputs, isConstant) && readsConstantsOnly(walk, body);
}

/// A graph's argument of one number, which may be declared with a dimension.
Value asArgument(TensorBuilder &t, Value scalar, Value argument) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  return type && type.getRank() == 1 ? t.reshape(scalar, {1}) : scalar;
}

std::string tooManyNodes() { return "unrolled it makes more than " + std::to_string(kMostUnrolledNodes) + " nodes"; }

//===- Loop ---------------------------------------------------------------===//

class LoopLowering {
public:
  LoopLowering(Walk &walk, onnx::NodeOp node)
      : walk(walk), node(node), body(*bodyOf(node, "body")), t(walk.at(node.getLoc())),
        numCarried(body.getNumArguments() - 2), numOutputs(node.getNumResults() - numCarried) {}

  LogicalResult run() {
    if (failed(readInputs()))
      return success();
    if (trips && !insideLoop(t) && !unrollsBetter(walk, body, *trips, carried) && rolled())
      return success();
    return unrolled();
  }

private:
  LogicalResult readInputs() {
    auto operand = [&](size_t i) {
      return i < node.getInputs().size() ? walk.lookup(node.getInputs()[i]) : Lowered::absent();
    };
    Lowered most = operand(0), condition = operand(1);
    for (size_t i = 0; i != numCarried; ++i)
      carried.push_back(operand(2 + i));
    if (most.kind == Lowered::Unknown || condition.kind == Lowered::Unknown ||
        llvm::any_of(carried, [](const Lowered &value) { return value.kind == Lowered::Unknown; })) {
      (void)walk.poison(node);
      return failure();
    }
    for (size_t i : {0, 1})
      if (operand(i).kind == Lowered::Sequence) {
        (void)walk.refuseNoTensor(node, node.getInputs()[i], i == 0 ? "the number of steps" : "the condition");
        return failure();
      }
    if (most.kind == Lowered::Tensor) {
      DenseElementsAttr count = constantOf(most.tensor);
      if (!count || count.getNumElements() != 1 || !count.getElementType().isInteger()) {
        (void)walk.refuse(node, ErrorCode::ShapeUnknown, "the number of steps is computed from run-time data",
                          "fix the input that it depends on with --const", most.tensor);
        return failure();
      }
      trips = std::max<int64_t>(0, (*count.getValues<APInt>().begin()).getSExtValue());
      if (*trips > kMostSteps)
        trips.reset();
    }
    if (condition.kind == Lowered::Tensor) {
      std::optional<bool> known = constantBool(condition.tensor);
      if (known && !*known)
        trips = 0;
      if (!known && !(active = scalarBool(t, condition.tensor))) {
        (void)walk.refuse(node, ErrorCode::NodeInvalid, "the condition is not one boolean", "");
        return failure();
      }
    }
    return checkCarried();
  }

  /// What is carried has the element types that the graph takes.
  LogicalResult checkCarried() {
    for (auto [argument, value] : llvm::zip_equal(body.getArguments().drop_front(2), carried))
      if (value.kind == Lowered::Tensor && !takes(argument, value.tensor)) {
        (void)walk.refuse(node, ErrorCode::NodeInvalid, kOtherTypes, "");
        return failure();
      }
    return success();
  }

  void defineArguments(Value number, Value runs, ArrayRef<Lowered> values) {
    walk.define(body.getArgument(0), Lowered::of(asArgument(t, number, body.getArgument(0))));
    if (!runs)
      runs = t.splat({}, walk.b.getI1Type(), 1);
    walk.define(body.getArgument(1), Lowered::of(asArgument(t, runs, body.getArgument(1))));
    for (auto [argument, value] : llvm::zip_equal(body.getArguments().drop_front(2), values))
      walk.define(argument, value);
  }

  Lowered yielded(size_t i) { return walk.lookup(body.getTerminator()->getOperand(i)); }

  /// A step that only happens where `runs` is true (null: it does). Fails if the walk cannot go on; nothing if what is
  /// carried changes in more than its numbers.
  FailureOr<std::optional<SmallVector<Lowered>>> step(Value number, Value runs, ArrayRef<Lowered> values) {
    defineArguments(number, runs, values);
    Block *block = walk.b.getInsertionBlock();
    Operation *before = block->empty() ? nullptr : &block->back();
    if (failed(walk.convertBlock(body)))
      return failure();
    if (runs)
      guardOps(block, before, runs);
    SmallVector<Lowered> next;
    for (size_t i = 0; i != numCarried; ++i) {
      Lowered value = yielded(1 + i);
      std::optional<Lowered> kept = runs ? choose(t, runs, value, values[i]) : value;
      if (!kept)
        return std::optional<SmallVector<Lowered>>();
      next.push_back(*kept);
    }
    return std::optional(next);
  }

  Value both(Value x, Value y) {
    if (!x)
      return y;
    return t.map({x, y}, walk.b.getI1Type(), [](ScalarBuilder &s, ValueRange v) { return s.min(v[0], v[1]); });
  }

  /// As a loop of the tensor level. False, and nothing left behind, if the body is not of that kind.
  bool rolled() {
    if (llvm::any_of(carried, [](const Lowered &value) { return value.kind != Lowered::Tensor; }))
      return false;
    // First as if every step ran; if the condition is not constant, with steps that may change nothing.
    if (!active && tryRolled(/*masked=*/false))
      return true;
    return numOutputs == 0 && tryRolled(/*masked=*/true);
  }

  bool tryRolled(bool masked) {
    SmallVector<Value> inits;
    for (const Lowered &value : carried)
      inits.push_back(value.tensor);
    if (masked)
      inits.push_back(active ? active : t.splat({}, walk.b.getI1Type(), 1));
    std::optional<LoopResult> loop;
    bool tainted = walk.readsTainted(node);
    bool done = walk.tries([&] {
      loop = buildLoop(t, *trips, inits, [&](TensorBuilder &, LoopStep &at, ValueRange values) {
        return rolledStep(at, values, masked);
      });
      return loop.has_value();
    });
    if (!done)
      return false;
    for (size_t i = 0; i != node.getNumResults(); ++i)
      walk.define(node.getResult(i),
                  Lowered::of(i < numCarried ? loop->carried[i] : loop->outputs[i - numCarried], tainted));
    return true;
  }

  std::optional<StepResult> rolledStep(LoopStep &at, ValueRange values, bool masked) {
    SmallVector<Lowered> now;
    for (Value value : values.take_front(numCarried))
      now.push_back(Lowered::of(value));
    Value runs = masked ? values.back() : Value();
    auto next = step(at.number(t), runs, now);
    if (failed(next) || !*next)
      return std::nullopt;
    StepResult result;
    for (const Lowered &value : **next) {
      if (value.kind != Lowered::Tensor)
        return std::nullopt;
      result.carried.push_back(value.tensor);
    }
    Value condition = scalarBool(t, walk.tensor(body.getTerminator()->getOperand(0)));
    if (!condition || (!masked && constantBool(condition) != true))
      return std::nullopt;
    if (masked)
      result.carried.push_back(both(runs, condition));
    for (size_t i = 0; i != numOutputs; ++i) {
      Value output = walk.tensor(body.getTerminator()->getOperand(1 + numCarried + i));
      if (!output)
        return std::nullopt;
      result.outputs.push_back({output});
    }
    return result;
  }

  LogicalResult unrolled() {
    bool tainted = walk.readsTainted(node);
    std::vector<SmallVector<Value>> outputs(numOutputs);
    int64_t before = walk.nodes;
    for (int64_t i = 0; !trips || i < *trips; ++i) {
      if (walk.nodes - before > kMostUnrolledNodes || i > kMostUnrolledNodes)
        return walk.unsupported(node,
                                (trips ? "its " + std::to_string(*trips) + " steps differ in more than numbers, and "
                                       : std::string("it does not end at compile time: ")) +
                                    tooManyNodes(),
                                "give it fewer steps, or a body of fixed shapes");
      if (active && numOutputs)
        return walk.unsupported(node,
                                "how many steps it makes, and with that the shape of its outputs, is computed "
                                "from run-time data",
                                "fix the input that the condition depends on with --const", active);
      auto next = step(t.reshape(t.ints({i}), {}), active, carried);
      if (failed(next))
        return failure();
      if (!*next)
        return walk.unsupported(node, "a step that may not run changes the shape of what is carried",
                                "fix the input that the condition depends on with --const");
      carried = **next;
      if (failed(checkCarried()))
        return success(); // it has been refused
      for (size_t k = 0; k != numOutputs; ++k) {
        Value output = walk.tensor(body.getTerminator()->getOperand(1 + numCarried + k));
        if (!output && yielded(1 + numCarried + k).kind != Lowered::Unknown)
          return walk.refuse(node, ErrorCode::ValueTypeUnsupported, "output " + Twine(k) + " stacks what is no tensor",
                             "");
        if (!output)
          return walk.poison(node);
        SmallVector<int64_t> shape{1};
        llvm::append_range(shape, shapeOf(output));
        outputs[k].push_back(t.reshape(output, shape));
        if (shapeOf(outputs[k].front()) != shapeOf(outputs[k].back()))
          return walk.unsupported(node, "the shape of output " + Twine(k) + " changes from step to step");
      }
      Value condition = walk.tensor(body.getTerminator()->getOperand(0));
      std::optional<bool> known = condition ? constantBool(condition) : std::nullopt;
      if (known && !*known)
        break;
      if (known || (trips && i + 1 == *trips))
        continue;
      if (!trips)
        return walk.unsupported(node,
                                "it ends on a condition that is computed from run-time data, and has no largest "
                                "number of steps",
                                "give the loop a trip count, or fix the input that the condition depends on with "
                                "--const");
      if (!condition)
        return walk.refuseNoTensor(node, body.getTerminator()->getOperand(0), "its graph's condition");
      condition = scalarBool(t, condition);
      if (!condition)
        return walk.refuse(node, ErrorCode::NodeInvalid, "its graph's condition is not one boolean", "");
      active = both(active, condition);
    }
    for (size_t i = 0; i != numCarried; ++i)
      walk.define(node.getResult(i), carried[i]);
    for (size_t k = 0; k != numOutputs; ++k) {
      Value result = node.getResult(numCarried + k);
      if (!outputs[k].empty()) {
        walk.define(result, Lowered::of(t.concat(outputs[k], 0), tainted));
        continue;
      }
      auto type = dyn_cast<RankedTensorType>(body.getTerminator()->getOperand(1 + numCarried + k).getType());
      if (!type || !type.hasStaticShape() || !isDeclarable(type.getElementType()))
        return walk.refuse(node, ErrorCode::ShapeUnknown,
                           "it makes no step, and the shape of output " + Twine(k) + " is not declared", "");
      SmallVector<int64_t> shape{0};
      llvm::append_range(shape, type.getShape());
      walk.define(result, Lowered::of(t.constant(DenseElementsAttr::get(
                              RankedTensorType::get(shape, type.getElementType()), ArrayRef<Attribute>()))));
    }
    return success();
  }

  Walk &walk;
  onnx::NodeOp node;
  Block &body;
  TensorBuilder t;
  size_t numCarried, numOutputs;
  SmallVector<Lowered> carried;
  std::optional<int64_t> trips; // at most
  Value active;                 // the next step runs, if only the run knows; null: it does
};

LogicalResult lowerLoop(Walk &walk, onnx::NodeOp node) {
  Block *body = bodyOf(node, "body");
  if (!body || body->getNumArguments() < 2 || node.getNumResults() + 2 < body->getNumArguments() ||
      body->getTerminator()->getNumOperands() != node.getNumResults() + 1)
    return walk.refuse(node, ErrorCode::NodeInvalid, "its graph takes or yields another number of values", "");
  return LoopLowering(walk, node).run();
}

//===- Scan ---------------------------------------------------------------===//

SmallVector<int64_t> numbersOf(onnx::NodeOp node, StringRef name, size_t count) {
  auto attr = dyn_cast_or_null<DenseI64ArrayAttr>(node.getNodeAttr(name));
  SmallVector<int64_t> numbers(count, 0);
  if (attr && attr.size() == static_cast<int64_t>(count))
    numbers.assign(attr.asArrayRef().begin(), attr.asArrayRef().end());
  return numbers;
}

/// The stacked dimension moved from the front to `axis`.
Value moveFrontTo(TensorBuilder &t, Value x, int64_t axis) {
  SmallVector<int64_t> permutation;
  for (int64_t d = 1; d != static_cast<int64_t>(shapeOf(x).size()); ++d)
    permutation.push_back(d);
  permutation.insert(permutation.begin() + axis, 0);
  return t.transpose(x, permutation);
}

LogicalResult lowerScan(Walk &walk, onnx::NodeOp node) {
  Block *body = bodyOf(node, "body");
  auto scanned = dyn_cast_or_null<IntegerAttr>(node.getNodeAttr("num_scan_inputs"));
  size_t inputs = node.getInputs().size(), numScanned = scanned ? scanned.getInt() : 0;
  if (!body || numScanned < 1 || numScanned > inputs || body->getNumArguments() != inputs ||
      body->getTerminator()->getNumOperands() != node.getNumResults() || node.getNumResults() < inputs - numScanned)
    return walk.refuse(node, ErrorCode::NodeInvalid, "its graph takes or yields another number of values", "");
  size_t numStates = inputs - numScanned, numOutputs = node.getNumResults() - numStates;
  SmallVector<int64_t> axes = numbersOf(node, "scan_input_axes", numScanned),
                       directions = numbersOf(node, "scan_input_directions", numScanned),
                       outputAxes = numbersOf(node, "scan_output_axes", numOutputs),
                       outputDirections = numbersOf(node, "scan_output_directions", numOutputs);
  SmallVector<Value> states, slices;
  SmallVector<Lowered> all;
  int64_t trips = -1;
  for (auto [i, operand] : llvm::enumerate(node.getInputs())) {
    Value value = walk.tensor(operand);
    if (!value)
      return walk.refuseNoTensor(node, operand, "operand " + Twine(i));
    all.push_back(Lowered::of(value));
    if (!takes(body->getArgument(i), value))
      return walk.refuse(node, ErrorCode::NodeInvalid, kOtherTypes, "");
    if (i < numStates) {
      states.push_back(value);
      continue;
    }
    int64_t &axis = axes[i - numStates];
    auto normal = NodeLowering::normalizeAxis(axis, shapeOf(value).size());
    if (!normal || (trips >= 0 && shapeOf(value)[*normal] != trips))
      return walk.refuse(node, ErrorCode::NodeInvalid, "the scanned inputs do not have one length along their axes",
                         "");
    axis = *normal;
    trips = shapeOf(value)[axis];
    slices.push_back(value);
  }
  if (trips == 0)
    return walk.unsupported(node, "it scans nothing");
  TensorBuilder t = walk.at(node.getLoc());
  bool stopped = false;
  auto step = [&](TensorBuilder &, LoopStep &at, ValueRange values) -> std::optional<StepResult> {
    for (auto [argument, value] : llvm::zip(body->getArguments(), values))
      walk.define(argument, Lowered::of(value));
    for (size_t i = 0; i != numScanned; ++i)
      walk.define(body->getArgument(numStates + i), Lowered::of(at.slice(t, slices[i], axes[i], directions[i] == 1)));
    if (failed(walk.convertBlock(*body))) {
      stopped = true;
      return std::nullopt;
    }
    StepResult result;
    for (auto [i, yielded] : llvm::enumerate(body->getTerminator()->getOperands())) {
      Value value = walk.tensor(yielded);
      if (!value) {
        (void)walk.refuseNoTensor(node, yielded, "what its graph yields");
        return std::nullopt;
      }
      if (i < numStates && elementTypeOf(value) != elementTypeOf(states[i])) {
        (void)walk.refuse(node, ErrorCode::NodeInvalid, kOtherTypes, "");
        return std::nullopt;
      }
      if (i < numStates)
        result.carried.push_back(value);
      else
        result.outputs.push_back({value, outputDirections[i - numStates] == 1});
    }
    return result;
  };
  bool tainted = walk.readsTainted(node);
  std::optional<LoopResult> result;
  if (!insideLoop(t) && !unrollsBetter(walk, *body, trips, all))
    (void)walk.tries([&] { return (result = buildLoop(t, trips, states, step)).has_value(); });
  if (!result) {
    if (trips * nodesIn(*body) > kMostUnrolledNodes)
      return walk.unsupported(node, "its " + Twine(trips) + " steps differ in more than numbers, and " + tooManyNodes(),
                              "give it fewer steps, or a body of fixed shapes");
    stopped = false;
    result = buildSteps(t, trips, states, step);
    if (stopped)
      return failure();
    if (!result)
      return walk.poison(node);
  }
  for (size_t i = 0; i != numStates; ++i)
    walk.define(node.getResult(i), Lowered::of(result->carried[i], tainted));
  for (size_t i = 0; i != numOutputs; ++i) {
    Value stacked = result->outputs[i];
    auto axis = NodeLowering::normalizeAxis(outputAxes[i], shapeOf(stacked).size());
    if (!axis)
      return walk.refuse(node, ErrorCode::NodeInvalid, "an output's axis is out of range", "");
    walk.define(node.getResult(numStates + i), Lowered::of(moveFrontTo(t, stacked, *axis), tainted));
  }
  return success();
}

} // namespace

ArrayRef<WalkEntry> wafer::controlFlowLowerings() {
  static constexpr WalkEntry table[] = {
      {"If", 1, lowerIf},
      {"Loop", 1, lowerLoop},
      {"Scan", 9, lowerScan},
  };
  return table;
}
