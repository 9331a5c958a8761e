// Computing on the boxes that a PE holds: wafer.kernel, wafer.fill and wafer.gather.
//
// A kernel's body becomes vector instructions over a nest of up to four of its loops; the other loops stay loops. A
// body of one operation, or of one multiply and add, is a single instruction that reads its operands and writes the
// result in place, over as much of the iteration space as a nest can hold. A longer body is one instruction per
// operation with scratch buffers between them, over chunks that fit scratch: long enough to hide an instruction's
// set-up, short enough to leave the memory to tensors. Extents come from the PE's coordinates, so ragged edges cost
// nothing else.
#include "RegionCode.h"

#include "wafer/Dialect/Wafer/Instructions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

constexpr int64_t kScratchWords = 256; // per intermediate value

/// A value of the body while it is lowered.
struct Operand {
  enum Kind { Input, Result, Scalar, Scratch, Index } kind;
  int number = 0;   // input, scratch slot, loop
  int64_t bits = 0; // scalar
};

/// One vector instruction of the body.
struct Step {
  pe::VectorKind kind;
  pe::ElementType type;
  SmallVector<Operand, 3> operands;
  Operand result;
  Location loc;
};

bool isFloat(Type type) { return llvm::isa<FloatType>(type); }

/// The body of a kernel as vector instructions.
struct Body {
  SmallVector<Step> steps;
  int scratchSlots = 0;
  bool needsChunks() const { return scratchSlots > 0; }
};

class BodyBuilder {
public:
  explicit BodyBuilder(KernelOp kernel) : kernel(kernel) {}

  FailureOr<Body> build() {
    Block &block = kernel.getBody().front();
    size_t inputs = kernel.getInputs().size();
    for (size_t i = 0; i != inputs; ++i)
      values[block.getArgument(i)] = {Operand::Input, static_cast<int>(i)};
    values[block.getArgument(inputs)] = {Operand::Result};
    Value yielded = block.getTerminator()->getOperand(0);
    countUses(block);
    for (Operation &op : block.without_terminator())
      if (failed(lower(op, yielded)))
        return failure();
    auto known = values.find(yielded);
    if (known == values.end() || known->second.kind != Operand::Result || body.steps.empty()) {
      // The body yields an input, a constant or an index.
      FailureOr<Operand> from = operand(yielded);
      if (failed(from))
        return failure();
      emit(pe::VectorKind::Mov, yielded.getType(), {*from}, {Operand::Result}, kernel.getLoc());
    }
    return body;
  }

private:
  void countUses(Block &block) {
    for (Operation &op : block)
      for (Value value : op.getOperands())
        remaining[wordOf(value)]++;
  }

  FailureOr<Operand> operand(Value value) {
    value = wordOf(value);
    if (auto known = values.find(value); known != values.end())
      return known->second;
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant)))
      return Operand{Operand::Scalar, 0, wordBits(constant)};
    return kernel.emitOpError("body reads a value that is neither an operand nor computed in it");
  }

  void release(Value value) {
    value = wordOf(value);
    if (--remaining[value] == 0)
      if (auto it = values.find(value); it != values.end() && it->second.kind == Operand::Scratch)
        freeSlots.push_back(it->second.number);
  }

  Operand newScratch() {
    if (!freeSlots.empty())
      return {Operand::Scratch, freeSlots.pop_back_val()};
    return {Operand::Scratch, body.scratchSlots++};
  }

  void emit(pe::VectorKind kind, Type type, ArrayRef<Operand> operands, Operand result, Location loc) {
    body.steps.push_back({kind, isFloat(type) ? pe::ElementType::F32 : pe::ElementType::I32,
                          SmallVector<Operand, 3>(operands), result, loc});
  }

  LogicalResult lower(Operation &op, Value yielded) {
    Block &block = kernel.getBody().front();
    if (keepsWord(&op) || op.hasTrait<OpTrait::ConstantLike>() || isFusedProduct(&op, block))
      return success();
    if (auto index = dyn_cast<IndexOp>(op)) {
      values[index.getResult()] = {Operand::Index, static_cast<int>(index.getDim())};
      return success();
    }
    SmallVector<Value, 3> inputs(op.getOperands());
    std::optional<isa::VectorOp> kind = instructionOf(&op);
    if (llvm::isa<arith::AddFOp>(op))
      for (unsigned i = 0; i != 2; ++i)
        if (Operation *product = op.getOperand(i).getDefiningOp(); product && isFusedProduct(product, block)) {
          kind = isa::VectorOp::Fma;
          inputs = {product->getOperand(0), product->getOperand(1), op.getOperand(1 - i)};
        }
    if (!kind)
      return kernel.emitOpError("has no instruction for '") << op.getName().getStringRef() << "'";
    SmallVector<Operand, 3> operands;
    for (Value input : inputs) {
      FailureOr<Operand> lowered = operand(input);
      if (failed(lowered))
        return failure();
      operands.push_back(*lowered);
    }
    // The type of an instruction is that of what it computes on; comparisons and conversions read another than they
    // give.
    Type type = llvm::isa<arith::SelectOp>(op) ? op.getOperand(1).getType() : op.getOperand(0).getType();
    for (Value input : inputs)
      release(input);
    Operand result = wordOf(yielded) == op.getResult(0) ? Operand{Operand::Result} : newScratch();
    values[op.getResult(0)] = result;
    emit(static_cast<pe::VectorKind>(*kind), type, operands, result, op.getLoc());
    return success();
  }

  KernelOp kernel;
  Body body;
  llvm::DenseMap<Value, Operand> values;
  llvm::DenseMap<Value, int> remaining;
  SmallVector<int> freeSlots;
};

/// How one tensor is addressed by the kernel's loops: word offset = base + sum of loop index * stride.
struct Access {
  std::string buffer;
  Affine base;
  SmallVector<int64_t> strides; // per loop
};

FailureOr<Access> accessOf(KernelOp kernel, const Tensor &tensor, AffineMap map, const Layout &iteration) {
  Access access;
  access.buffer = tensor.buffer;
  access.strides.assign(iteration.dims.size(), 0);
  SmallVector<int64_t> tensorStrides = tensor.strides();
  for (auto [k, expression] : llvm::enumerate(map.getResults())) {
    std::optional<SmallVector<int64_t>> linear = linearForm(expression, map.getNumDims());
    if (!linear)
      return kernel.emitOpError("has an index expression that is not affine");
    ArrayRef<int64_t> flat = *linear;
    Affine position(flat.back());
    for (size_t d = 0; d != iteration.dims.size(); ++d) {
      position = position + iteration.dims[d].start * flat[d];
      access.strides[d] += tensorStrides[k] * flat[d];
    }
    access.base = access.base + (position - tensor.layout.dims[k].start) * tensorStrides[k];
  }
  return access;
}

/// Which loops stay loops and which become the nest of the vector instructions.
struct Schedule {
  SmallVector<unsigned> loops, nest; // outermost first
  int64_t stripe = 0;                // > 0: the nest's last loop is cut in pieces of so many
};

Schedule scheduleOf(KernelOp kernel, const Layout &iteration, const Access &result, ArrayRef<Access> inputs,
                    bool chunked) {
  SmallVector<unsigned> parallel, reduction;
  for (auto [d, kind] : llvm::enumerate(kernel.getIterators().getAsValueRange<StringAttr>()))
    if (iteration.dims[d].length > 1)
      (kind == "parallel" ? parallel : reduction).push_back(d);
  // The innermost loop should run along memory: prefer unit stride of the result, then of the inputs.
  auto unitStrides = [&](unsigned d) {
    int score = 4 * (result.strides[d] == 1);
    for (const Access &input : inputs)
      score += input.strides[d] == 1 ? 2 : input.strides[d] == 0 ? 1 : 0;
    return std::make_pair(score, iteration.dims[d].length);
  };
  SmallVector<unsigned> order;
  if (parallel.empty()) {
    order = reduction;
  } else {
    unsigned inner =
        *llvm::max_element(parallel, [&](unsigned a, unsigned b) { return unitStrides(a) < unitStrides(b); });
    // A long sum into a few results is better summed in place than strided over.
    for (unsigned d : parallel)
      if (d != inner)
        order.push_back(d);
    order.append(reduction);
    order.push_back(inner);
  }
  Schedule schedule;
  if (!chunked) {
    // The four innermost loops that hold most of the work; the rest stays outside.
    SmallVector<unsigned> byWork(order);
    if (order.size() > isa::kMaxRank) {
      unsigned inner = order.back();
      llvm::sort(byWork, [&](unsigned a, unsigned b) {
        if ((a == inner) != (b == inner))
          return a == inner;
        if (iteration.dims[a].length != iteration.dims[b].length)
          return iteration.dims[a].length > iteration.dims[b].length;
        return a < b;
      });
      byWork.resize(isa::kMaxRank);
    }
    for (unsigned d : order)
      (llvm::is_contained(byWork, d) ? schedule.nest : schedule.loops).push_back(d);
    return schedule;
  }
  int64_t volume = 1;
  size_t first = order.size();
  while (first > 0 && order.size() - first < isa::kMaxRank) {
    int64_t length = iteration.dims[order[first - 1]].length;
    if (volume * length > kScratchWords)
      break;
    volume *= length;
    --first;
  }
  if (first == order.size() && !order.empty()) {
    --first; // even the innermost loop is too long: cut it
    schedule.stripe = kScratchWords;
  }
  schedule.loops.assign(order.begin(), order.begin() + first);
  schedule.nest.assign(order.begin() + first, order.end());
  return schedule;
}

class KernelLowering {
public:
  KernelLowering(KernelOp kernel, RegionCode &code)
      : kernel(kernel), code(code), iteration(Layout::get(kernel.getIteration())) {}

  LogicalResult run() {
    FailureOr<Body> built = BodyBuilder(kernel).build();
    if (failed(built))
      return failure();
    body = std::move(*built);
    auto maps = llvm::to_vector(kernel.getIndexingMaps().getAsValueRange<AffineMapAttr>());
    SmallVector<Tensor> operands;
    for (Value value : kernel.getInputs())
      operands.push_back(code.tensor(value));
    Tensor output = code.tensor(kernel.getResult());
    SmallVector<Layout *> layouts{&iteration, &output.layout};
    for (Tensor &operand : operands)
      layouts.push_back(&operand.layout);
    alignSplits(layouts);
    for (auto [operand, map] : llvm::zip(operands, maps)) {
      FailureOr<Access> access = accessOf(kernel, operand, map, iteration);
      if (failed(access))
        return failure();
      inputs.push_back(*access);
    }
    FailureOr<Access> access = accessOf(kernel, output, maps.back(), iteration);
    if (failed(access))
      return failure();
    result = *access;
    Schedule schedule = scheduleOf(kernel, iteration, result, inputs, body.needsChunks());
    int64_t chunk = 1;
    for (unsigned d : schedule.nest)
      chunk *= iteration.dims[d].length;
    if (schedule.stripe)
      chunk = schedule.stripe;
    for (int i = 0; i != body.scratchSlots; ++i)
      scratch.push_back(code.newBuffer(kernel.getLoc(), "scratch", chunk));
    bool fresh = kernel.getIdentity() && !kernel.getInto();
    return code.function(kernel.getLoc(), iteration, "kernel", [&](PeBuilder &b) {
      if (fresh)
        b.vec(pe::VectorKind::Mov, output.elementType(), b.constant(output.layout.words()),
              b.desc(b.address(output.buffer), {1}), b.constant(wordBits(*kernel.getIdentity())));
      offsets.assign(iteration.dims.size(), Value());
      emitLoops(b, schedule, 0);
      return success();
    });
  }

private:
  Value extent(PeBuilder &b, unsigned d) {
    const LayoutDim &dim = iteration.dims[d];
    Span range{{dim.start}, {dim.start + Affine(dim.length), Affine(kernel.getExtents()[d])}};
    return b.extent(range);
  }

  void emitLoops(PeBuilder &b, const Schedule &schedule, size_t depth) {
    if (depth < schedule.loops.size()) {
      unsigned d = schedule.loops[depth];
      b.loop(extent(b, d), 1, [&](Value i) {
        offsets[d] = i;
        emitLoops(b, schedule, depth + 1);
        offsets[d] = {};
      });
      return;
    }
    if (schedule.stripe) {
      unsigned d = schedule.nest.back();
      Value whole = extent(b, d);
      b.loop(whole, schedule.stripe, [&](Value i) {
        offsets[d] = i;
        emitSteps(b, schedule, b.scalar(pe::ScalarKind::Min, b.sub(whole, i), b.constant(schedule.stripe)));
        offsets[d] = {};
      });
      return;
    }
    emitSteps(b, schedule, {});
  }

  /// Byte address of an access at the current loop indices.
  Value addressOf(PeBuilder &b, const Access &access) {
    Value address = b.add(b.address(access.buffer), b.value(access.base * 4));
    for (auto [d, offset] : llvm::enumerate(offsets))
      if (offset && access.strides[d] != 0)
        address = b.add(address, b.mul(offset, b.constant(4 * access.strides[d])));
    return address;
  }

  void emitSteps(PeBuilder &b, const Schedule &schedule, Value lastExtent) {
    SmallVector<Value> nest;
    for (unsigned d : schedule.nest)
      nest.push_back(extent(b, d));
    if (lastExtent)
      nest.back() = lastExtent;
    if (nest.empty()) {
      // A PE beyond the edge of a one-element dimension has nothing to do: the extent of some loop says so.
      Value one = b.constant(1);
      for (unsigned d = 0; d != iteration.dims.size(); ++d)
        one = b.scalar(pe::ScalarKind::Min, one, extent(b, d));
      nest.push_back(one);
    } else {
      // Loops of one iteration are left out of the nest, but on PEs beyond the edge they have none.
      for (unsigned d = 0; d != iteration.dims.size(); ++d)
        if (iteration.dims[d].length == 1 && !iteration.dims[d].start.isConstant())
          nest.front() = b.mul(nest.front(), b.scalar(pe::ScalarKind::Max, extent(b, d), b.constant(0)));
    }
    auto descriptor = [&](const Access &access) {
      SmallVector<int64_t> strides;
      for (unsigned d : schedule.nest)
        strides.push_back(access.strides[d]);
      if (strides.empty())
        strides.push_back(0);
      return b.desc(addressOf(b, access), strides);
    };
    llvm::DenseMap<int, Value> inputDescs, scratchDescs;
    Value resultDesc;
    auto lower = [&](const Operand &operand) -> Value {
      switch (operand.kind) {
      case Operand::Input: {
        Value &desc = inputDescs[operand.number];
        return desc ? desc : desc = descriptor(inputs[operand.number]);
      }
      case Operand::Result:
        return resultDesc ? resultDesc : resultDesc = descriptor(result);
      case Operand::Scalar:
        return b.constant(operand.bits);
      case Operand::Scratch: {
        Value &desc = scratchDescs[operand.number];
        return desc ? desc : desc = scratchDescriptor(b, schedule, operand.number);
      }
      case Operand::Index:
        return {};
      }
      return {};
    };
    for (const Step &step : body.steps) {
      b.loc = step.loc;
      SmallVector<Value, 3> operands;
      for (const Operand &operand : step.operands)
        operands.push_back(operand.kind == Operand::Index ? indexVector(b, schedule, nest, operand.number)
                                                          : lower(operand));
      operands.resize(3);
      b.vec(step.kind, step.type, nest, lower(step.result), operands[0], operands[1], operands[2]);
    }
    b.loc = kernel.getLoc();
  }

  Value scratchDescriptor(PeBuilder &b, const Schedule &schedule, int slot) {
    SmallVector<int64_t> strides(std::max<size_t>(schedule.nest.size(), 1), 1);
    for (int i = static_cast<int>(schedule.nest.size()) - 2; i >= 0; --i)
      strides[i] = strides[i + 1] * iteration.dims[schedule.nest[i + 1]].length;
    return b.desc(b.address(scratch[slot]), strides);
  }

  /// The loop's index as a vector, in scratch of its own.
  Value indexVector(PeBuilder &b, const Schedule &schedule, ArrayRef<Value> nest, int loop) {
    int slot = static_cast<int>(scratch.size());
    int64_t words = 1;
    for (unsigned d : schedule.nest)
      words *= iteration.dims[d].length;
    if (schedule.stripe)
      words = schedule.stripe;
    scratch.push_back(code.newBuffer(kernel.getLoc(), "scratch", words));
    Value to = scratchDescriptor(b, schedule, slot);
    Value first = b.mul(b.value(iteration.dims[loop].start), b.constant(4));
    if (offsets[loop])
      first = b.add(first, b.mul(offsets[loop], b.constant(4)));
    SmallVector<int64_t> strides;
    for (unsigned d : schedule.nest)
      strides.push_back(static_cast<int>(d) == loop ? 1 : 0);
    if (strides.empty())
      strides.push_back(0);
    b.vec(pe::VectorKind::Iota, pe::ElementType::I32, nest, to, b.desc(first, strides));
    return to;
  }

  KernelOp kernel;
  RegionCode &code;
  Layout iteration;
  Body body;
  SmallVector<Access> inputs;
  Access result;
  SmallVector<std::string> scratch;
  SmallVector<Value> offsets; // per loop: its index, while inside it
};

} // namespace

LogicalResult wafer::wfr::lowerKernel(KernelOp op, RegionCode &code) { return KernelLowering(op, code).run(); }

LogicalResult wafer::wfr::lowerFill(FillOp op, RegionCode &code) {
  Tensor result = code.tensor(op.getResult());
  return code.function(op.getLoc(), result.layout, "fill", [&](PeBuilder &b) {
    b.vec(pe::VectorKind::Mov, result.elementType(), b.constant(result.layout.words()),
          b.desc(b.address(result.buffer), {1}), b.constant(wordBits(op.getValue())));
    return success();
  });
}

LogicalResult wafer::wfr::lowerGather(GatherOp op, RegionCode &code) {
  Tensor table = code.tensor(op.getTable()), indices = code.tensor(op.getIndices()),
         result = code.tensor(op.getResult());
  alignSplits({&table.layout, &indices.layout, &result.layout});
  size_t rank = indices.shape.size();
  SmallVector<int64_t> tableStrides = table.strides(), indexStrides = indices.strides(),
                       resultStrides = result.strides();
  if (table.shape.size() - 1 > isa::kMaxRank)
    return op.emitOpError("gathers rows of more than four dimensions");
  return code.function(op.getLoc(), result.layout, "gather", [&](PeBuilder &b) {
    // Rows that this PE does not own stay zero bits: the term that changes nothing.
    b.vec(pe::VectorKind::Mov, pe::ElementType::I32, b.constant(result.layout.words()),
          b.desc(b.address(result.buffer), {1}), b.constant(0));
    SmallVector<Value> nest;
    SmallVector<int64_t> from, to;
    Value source = b.address(table.buffer), target = b.address(result.buffer);
    for (size_t k = 1; k != table.shape.size(); ++k) {
      const LayoutDim &dim = result.layout.dims[rank + k - 1], &row = table.layout.dims[k];
      nest.push_back(b.extent({{dim.start}, {dim.start + Affine(dim.length), Affine(table.shape[k])}}));
      from.push_back(tableStrides[k]);
      to.push_back(resultStrides[rank + k - 1]);
      source = b.add(source, b.value((dim.start - row.start) * (4 * tableStrides[k])));
    }
    if (nest.empty()) {
      nest.push_back(b.constant(1));
      from.push_back(0);
      to.push_back(0);
    }
    std::function<void(size_t, Value, Value)> rows = [&](size_t d, Value index, Value out) {
      if (d < rank) {
        const LayoutDim &dim = result.layout.dims[d];
        Value count = b.extent({{dim.start}, {dim.start + Affine(dim.length), Affine(indices.shape[d])}});
        Value first = b.value((dim.start - indices.layout.dims[d].start) * (4 * indexStrides[d]));
        Value base = b.add(index, first);
        b.loop(count, 1, [&](Value i) {
          rows(d + 1, b.add(base, b.mul(i, b.constant(4 * indexStrides[d]))),
               b.add(out, b.mul(i, b.constant(4 * resultStrides[d]))));
        });
        return;
      }
      Value row = pe::LoadOp::create(b.builder, b.loc, b.builder.getI32Type(), index, 0);
      Value outside =
          b.scalar(pe::ScalarKind::Or, b.less(row, b.constant(0)), b.less(b.constant(table.shape[0] - 1), row));
      pe::TrapOp::create(b.builder, b.loc, outside, "index outside the gathered dimension");
      Value local = b.sub(row, b.value(table.layout.dims[0].start));
      auto move = [&] {
        Value at = b.add(source, b.mul(local, b.constant(4 * tableStrides[0])));
        b.vec(pe::VectorKind::Mov, pe::ElementType::I32, nest, b.desc(out, to), b.desc(at, from));
      };
      b.when(b.less(b.constant(-1), local),
             [&] { b.when(b.less(local, b.constant(table.layout.dims[0].length)), move); });
    };
    rows(0, b.address(indices.buffer), target);
    return success();
  });
}
