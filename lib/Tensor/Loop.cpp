// The rolled form carries tensors without unit dimensions: kernels inside lose theirs too (prepare-kernels), so that
// nothing is reshaped from step to step. Outputs are gathered in a carried tensor that the step writes a slice of.
#include "wafer/Tensor/Loop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <numeric>

using namespace mlir;
using namespace wafer;

static SmallVector<int64_t> withoutUnits(ArrayRef<int64_t> shape) {
  return llvm::filter_to_vector(shape, [](int64_t extent) { return extent != 1; });
}

/// Offsets, sizes and strides of slice number `offset` along `axis`.
static std::array<SmallVector<OpFoldResult>, 3> sliceOf(OpBuilder &b, ArrayRef<int64_t> shape, int64_t axis,
                                                        OpFoldResult offset) {
  SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0)), strides(shape.size(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(b.getContext(), shape);
  offsets[axis] = offset;
  sizes[axis] = b.getIndexAttr(1);
  return {offsets, sizes, strides};
}

/// Where a step's slice lies.
static OpFoldResult offsetOf(TensorBuilder &t, Value variable, int64_t trips, bool reversed) {
  if (!reversed)
    return variable;
  Value last = arith::ConstantIndexOp::create(t.b, t.loc, trips - 1);
  return arith::SubIOp::create(t.b, t.loc, last, variable).getResult();
}

//===- A step -------------------------------------------------------------===//

Value LoopStep::slice(TensorBuilder &t, Value x, int64_t axis, bool reversed) {
  SmallVector<int64_t> shape(shapeOf(x)), rest = shape;
  rest.erase(rest.begin() + axis);
  if (!variable) {
    SmallVector<int64_t> offsets(shape.size(), 0), sizes = shape, strides(shape.size(), 1);
    offsets[axis] = reversed ? trips - 1 - constant : constant;
    sizes[axis] = 1;
    return t.reshape(t.slice(x, offsets, sizes, strides), rest);
  }
  auto [offsets, sizes, strides] = sliceOf(t.b, shape, axis, offsetOf(t, variable, trips, reversed));
  auto type = RankedTensorType::get(withoutUnits(rest), elementTypeOf(x));
  return t.reshape(tensor::ExtractSliceOp::create(t.b, t.loc, type, x, offsets, sizes, strides), rest);
}

Value LoopStep::number(TensorBuilder &t) {
  if (!variable)
    return t.reshape(t.ints({constant}), {});
  SmallVector<int64_t> numbers(trips);
  std::iota(numbers.begin(), numbers.end(), 0);
  return slice(t, t.ints(numbers), 0);
}

//===- Loops --------------------------------------------------------------===//

namespace wafer {
class LoopBuilder {
public:
  LoopBuilder(TensorBuilder &t, int64_t trips, ArrayRef<Value> inits, LoopBody body)
      : t(t), trips(trips), inits(inits), body(body) {}

  std::optional<LoopResult> rolled();
  std::optional<LoopResult> unrolled();

private:
  scf::ForOp addOutputs(scf::ForOp loop, ArrayRef<StepOutput> outputs);

  TensorBuilder &t;
  int64_t trips;
  ArrayRef<Value> inits;
  LoopBody body;
};
} // namespace wafer

std::optional<LoopResult> LoopBuilder::unrolled() {
  LoopResult result{SmallVector<Value>(inits), {}};
  std::vector<SmallVector<Value>> slices; // by output
  for (int64_t i = 0; i != trips; ++i) {
    LoopStep step;
    step.trips = trips;
    step.constant = i;
    std::optional<StepResult> made = body(t, step, result.carried);
    if (!made)
      return std::nullopt;
    result.carried = made->carried;
    slices.resize(made->outputs.size());
    for (auto [output, parts] : llvm::zip_equal(made->outputs, slices)) {
      SmallVector<int64_t> shape{1};
      llvm::append_range(shape, shapeOf(output.value));
      Value part = t.reshape(output.value, shape);
      parts.insert(output.reversed ? parts.begin() : parts.end(), part);
    }
  }
  for (ArrayRef<Value> parts : slices)
    result.outputs.push_back(t.concat(parts, 0));
  return result;
}

std::optional<LoopResult> LoopBuilder::rolled() {
  SmallVector<Value> compact;
  for (Value init : inits)
    compact.push_back(t.reshape(init, withoutUnits(shapeOf(init))));
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(t.b, t.loc, value).getResult(); };
  auto loop = scf::ForOp::create(t.b, t.loc, index(0), index(trips), index(1), compact);
  std::optional<StepResult> made;
  {
    OpBuilder::InsertionGuard guard(t.b);
    if (inits.empty())
      loop.getBody()->getTerminator()->erase();
    t.b.setInsertionPointToEnd(loop.getBody());
    SmallVector<Value> carried;
    for (auto [argument, init] : llvm::zip_equal(loop.getRegionIterArgs(), inits))
      carried.push_back(t.reshape(argument, shapeOf(init)));
    LoopStep step;
    step.trips = trips;
    step.variable = loop.getInductionVar();
    made = body(t, step, carried);
    // Tensors without elements have no place on the machine, and none of the passes that drop them looks in here.
    auto isEmpty = [](Operation *op) {
      return llvm::any_of(op->getResultTypes(), [](Type type) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        return tensor && tensor.getNumElements() == 0;
      });
    };
    bool fits = made && made->carried.size() == inits.size() && !isEmpty(loop) &&
                llvm::none_of(*loop.getBody(), [&](Operation &op) { return isEmpty(&op); });
    for (size_t i = 0; fits && i != inits.size(); ++i)
      fits = made->carried[i].getType() == inits[i].getType();
    if (fits) {
      SmallVector<Value> next;
      for (Value value : made->carried)
        next.push_back(t.reshape(value, withoutUnits(shapeOf(value))));
      scf::YieldOp::create(t.b, t.loc, next);
    } else {
      made.reset();
    }
  }
  if (!made) {
    loop.erase();
    return std::nullopt;
  }
  // What a step hands out may be an argument of the body that is about to be replaced.
  SmallVector<SmallVector<int64_t>> shapes;
  for (const StepOutput &output : made->outputs) {
    shapes.push_back({trips});
    llvm::append_range(shapes.back(), shapeOf(output.value));
  }
  loop = addOutputs(loop, made->outputs);
  LoopResult result;
  for (auto [value, init] : llvm::zip(loop.getResults(), inits))
    result.carried.push_back(t.reshape(value, shapeOf(init)));
  for (auto [value, shape] : llvm::zip_equal(loop.getResults().drop_front(inits.size()), shapes))
    result.outputs.push_back(t.reshape(value, shape));
  return result;
}

/// Carries a tensor for each output, of which a step writes its slice.
scf::ForOp LoopBuilder::addOutputs(scf::ForOp loop, ArrayRef<StepOutput> outputs) {
  if (outputs.empty())
    return loop;
  OpBuilder::InsertionGuard guard(t.b);
  t.b.setInsertionPoint(loop);
  SmallVector<Value> gathered;
  for (const StepOutput &output : outputs) {
    SmallVector<int64_t> shape{trips};
    llvm::append_range(shape, withoutUnits(shapeOf(output.value)));
    gathered.push_back(t.empty(shape, elementTypeOf(output.value)));
  }
  IRRewriter rewriter(t.b);
  // The body is still in the old loop when the new one has its arguments.
  auto write = [&](OpBuilder &, Location, ArrayRef<BlockArgument> arguments) {
    t.b.setInsertionPoint(loop.getBody()->getTerminator());
    SmallVector<Value> written;
    for (auto [argument, output] : llvm::zip_equal(arguments, outputs)) {
      Value slice = t.reshape(output.value, withoutUnits(shapeOf(output.value)));
      auto [offsets, sizes, strides] =
          sliceOf(t.b, shapeOf(argument), 0, offsetOf(t, loop.getInductionVar(), trips, output.reversed));
      written.push_back(tensor::InsertSliceOp::create(t.b, t.loc, slice, argument, offsets, sizes, strides));
    }
    return written;
  };
  FailureOr<LoopLikeOpInterface> made =
      loop.replaceWithAdditionalYields(rewriter, gathered, /*replaceInitOperandUsesInLoop=*/false, write);
  return cast<scf::ForOp>(made->getOperation());
}

bool wafer::insideLoop(TensorBuilder &t) {
  return t.b.getInsertionBlock() && isa_and_nonnull<scf::ForOp>(t.b.getInsertionBlock()->getParentOp());
}

std::optional<LoopResult> wafer::buildLoop(TensorBuilder &t, int64_t trips, ArrayRef<Value> inits, LoopBody body) {
  return LoopBuilder(t, trips, inits, body).rolled();
}

std::optional<LoopResult> wafer::buildSteps(TensorBuilder &t, int64_t trips, ArrayRef<Value> inits, LoopBody body) {
  return LoopBuilder(t, trips, inits, body).unrolled();
}
