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
#include "wafer/Support/MlirDiagnostic.h"

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
    auto known = values.find(wordOf(yielded));
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
    return wafer::emitUnsupported(kernel, "body reads a value that is neither an operand nor computed in it");
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
    if (std::optional<FusedSum> fused = fusedSum(&op, block)) {
      kind = fused->op;
      inputs = {fused->a, fused->b, fused->c};
    }
    if (!kind)
      return wafer::emitUnsupported(kernel, "has no instruction for '") << op.getName().getStringRef() << "'";
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
    emit(*kind, type, operands, result, op.getLoc());
    if (std::optional<isa::VectorOp> rounding = roundingOf(&op))
      emit(*rounding, op.getResult(0).getType(), {result}, result, op.getLoc());
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
  BufferPart buffer;
  Affine base;
  SmallVector<int64_t> strides; // per loop
};

FailureOr<Access> accessOf(KernelOp kernel, const Tensor &tensor, AffineMap map, const Layout &iteration) {
  Access access;
  access.buffer = tensor.buffer;
  access.strides.assign(iteration.dims.size(), 0);
  SmallVector<int64_t> tensorStrides = tensor.layout.strides();
  for (auto [k, expression] : llvm::enumerate(map.getResults())) {
    std::optional<SmallVector<int64_t>> linear = linearForm(expression, map.getNumDims());
    if (!linear)
      return wafer::emitUnsupported(kernel, "has an index expression that is not affine");
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

/// A sum of many terms: several accumulators (lanes) for each result, added pairwise once all terms are in.
struct LongSum {
  Schedule schedule;   // the nest is a results' loop if several have lanes at a time, then loops of the sum
  size_t outside = 0;  // how many of the schedule's loops go over results
  bool tiled = false;  // the nest's first loop goes over results
  int64_t results = 1; // that have lanes at a time
  int64_t lanes = 0;   // per result
};

/// The loops of a kernel that adds up many terms per result. Contractions are left as they are: their terms have both
/// signs, and their one instruction runs over results and terms alike.
std::optional<LongSum> longSumOf(KernelOp kernel, const Body &body, const Layout &iteration, ArrayRef<Access> inputs) {
  if (body.steps.empty() || !kernel.getIdentity())
    return std::nullopt;
  const Step &last = body.steps.back();
  auto isAccumulator = [](const Operand &operand) { return operand.kind == Operand::Result; };
  if (last.kind != pe::VectorKind::Add || last.type != pe::ElementType::F32 || !isAccumulator(last.result) ||
      llvm::count_if(last.operands, isAccumulator) != 1)
    return std::nullopt;
  SmallVector<unsigned> results, terms;
  int64_t count = 1;
  for (auto [d, kind] : llvm::enumerate(kernel.getIterators().getAsValueRange<StringAttr>())) {
    int64_t length = iteration.dims[d].length;
    if (length > 1)
      (kind == "parallel" ? results : terms).push_back(d);
    if (kind != "parallel")
      count *= length;
  }
  LongSum sum;
  sum.lanes = lanesOfSum(count);
  if (sum.lanes == 0)
    return std::nullopt;
  auto length = [&](unsigned d) { return iteration.dims[d].length; };
  // Lanes lie along memory, if they can.
  auto score = [&](unsigned d) {
    return std::make_pair(llvm::count_if(inputs, [&](const Access &input) { return input.strides[d] == 1; }),
                          length(d));
  };
  unsigned along = *llvm::max_element(terms, [&](unsigned a, unsigned b) { return score(a) < score(b); });
  llvm::erase(terms, along);
  Schedule &schedule = sum.schedule;
  if (body.needsChunks()) {
    // A chunk is as long as scratch is, and every element of it a lane.
    schedule.nest = {along};
    sum.lanes = length(along);
    if (sum.lanes > kScratchWords)
      schedule.stripe = sum.lanes = kScratchWords;
    while (!terms.empty() && sum.lanes * length(terms.back()) <= kScratchWords) {
      sum.lanes *= length(terms.back());
      schedule.nest.insert(schedule.nest.begin(), terms.pop_back_val());
      if (schedule.nest.size() == isa::kMaxRank)
        break;
    }
  } else {
    sum.lanes = std::min(sum.lanes, length(along));
    schedule.nest = {along};
    if (!terms.empty()) {
      unsigned rows = *llvm::max_element(terms, [&](unsigned a, unsigned b) { return length(a) < length(b); });
      llvm::erase(terms, rows);
      schedule.nest.insert(schedule.nest.begin(), rows);
    }
    unsigned *tile = nullptr;
    for (unsigned &d : results)
      if (length(d) * sum.lanes <= kScratchWords && (!tile || length(d) > length(*tile)))
        tile = &d;
    if (tile) {
      sum.tiled = true;
      sum.results = length(*tile);
      schedule.nest.insert(schedule.nest.begin(), *tile);
      results.erase(tile);
    }
  }
  sum.outside = results.size();
  schedule.loops = results;
  schedule.loops.append(terms);
  return sum;
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
    SmallVector<Tensor, 4> operands;
    for (Value value : kernel.getInputs())
      operands.push_back(code.tensor(value));
    Tensor output = code.tensor(kernel.getResult());
    SmallVector<Layout *> layouts{&iteration, &output.layout};
    for (Tensor &operand : operands)
      layouts.push_back(&operand.layout);
    alignSplits(layouts);
    if (kernel.getShared())
      share(output.layout);
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
    std::optional<LongSum> sum = longSumOf(kernel, body, iteration, inputs);
    Schedule schedule = sum ? sum->schedule : scheduleOf(kernel, iteration, result, inputs, body.needsChunks());
    int64_t chunk = 1;
    for (unsigned d : schedule.nest)
      chunk *= iteration.dims[d].length;
    if (schedule.stripe)
      chunk = schedule.stripe;
    for (int i = 0; i != body.scratchSlots; ++i)
      scratch.push_back(code.newBuffer(kernel.getLoc(), "scratch", chunk));
    if (sum)
      lanes = code.newBuffer(kernel.getLoc(), "scratch", sum->results * sum->lanes);
    std::optional<int64_t> initial; // of all that this PE has of the result
    if (kernel.getShared())
      initial = 0;
    else if (kernel.getIdentity() && !kernel.getInto())
      initial = wordBits(*kernel.getIdentity());
    return code.function(kernel.getLoc(), iteration, "kernel", [&](PeBuilder &b) {
      if (initial)
        b.vec(pe::VectorKind::Mov, output.elementType(), b.constant(output.layout.words()),
              b.desc(b.address(output.buffer), {1}), b.constant(*initial));
      offsets.assign(iteration.dims.size(), Value());
      if (sum)
        emitLongSum(b, *sum);
      else
        emitLoops(b, schedule, 0);
      return success();
    });
  }

private:
  /// From here on the iteration is this PE's share of the box that it has in common with others.
  void share(const Layout &result) {
    const Side side = result.isPartialAlong(Side::X) ? Side::X : Side::Y;
    const int64_t pes = reducedGroup(result, side, code.size);
    const Split split = result.split(side);
    Affine place;
    if (split.minor > 1)
      place.step[minorAxis(side)] = 1;
    if (pes == code.size.along(side)) {
      if (split.middle > 1)
        place.step[middleAxis(side)] = split.minor;
      place.step[majorAxis(side)] = split.inner();
    }
    LayoutDim &dim = iteration.dims[*kernel.getShared()];
    endOfBox = dim.start + Affine(dim.length);
    dim.length = llvm::divideCeil(dim.length, pes);
    dim.start = dim.start + place * dim.length;
  }

  Value extent(PeBuilder &b, unsigned d) {
    const LayoutDim &dim = iteration.dims[d];
    Span range{{dim.start}, {dim.start + Affine(dim.length), Affine(kernel.getExtents()[d])}};
    if (kernel.getShared() == d)
      range.upper.push_back(endOfBox);
    return b.extent(range);
  }

  void emitLoops(PeBuilder &b, const Schedule &schedule, size_t depth) {
    eachIndex(b, ArrayRef(schedule.loops).drop_front(depth), [&] { emitNest(b, schedule); });
  }

  /// Builds `body` inside loops over these dimensions.
  void eachIndex(PeBuilder &b, ArrayRef<unsigned> loops, llvm::function_ref<void()> body) {
    if (loops.empty())
      return body();
    unsigned d = loops.front();
    b.loop(extent(b, d), 1, [&](Value i) {
      offsets[d] = i;
      eachIndex(b, loops.drop_front(), body);
      offsets[d] = {};
    });
  }

  /// What the innermost loops do, `accumulator` in the place of the result if it is given.
  void emitNest(PeBuilder &b, const Schedule &schedule, Value accumulator = {}) {
    if (!schedule.stripe)
      return emitSteps(b, schedule, {}, accumulator);
    unsigned d = schedule.nest.back();
    Value whole = extent(b, d);
    b.loop(whole, schedule.stripe, [&](Value i) {
      offsets[d] = i;
      emitSteps(b, schedule, b.scalar(pe::ScalarKind::Min, b.sub(whole, i), b.constant(schedule.stripe)), accumulator);
      offsets[d] = {};
    });
  }

  void emitLongSum(PeBuilder &b, const LongSum &sum) {
    const Schedule &schedule = sum.schedule;
    ArrayRef<unsigned> loops = schedule.loops;
    eachIndex(b, loops.take_front(sum.outside), [&] {
      b.vec(pe::VectorKind::Mov, pe::ElementType::F32, b.constant(sum.results * sum.lanes),
            b.desc(b.address(lanes), {1}), b.constant(wordBits(*kernel.getIdentity())));
      eachIndex(b, loops.drop_front(sum.outside), [&] {
        if (body.needsChunks())
          emitNest(b, schedule, bufferDescriptor(b, schedule, lanes));
        else
          emitTerms(b, sum);
      });
      addLanes(b, sum);
    });
  }

  /// All terms of a body of one instruction: term i goes to lane i modulo their number.
  void emitTerms(PeBuilder &b, const LongSum &sum) {
    unsigned along = sum.schedule.nest.back();
    auto emit = [&](Value rows, Value last) {
      Nest nest;
      SmallVector<int64_t> strides;
      for (unsigned d : sum.schedule.nest) {
        if (d == along && rows)
          nest.add(rows, d, sum.lanes);
        nest.add(d == along ? last : extent(b, d), d);
      }
      strides.assign(nest.loops.size(), 0);
      strides.back() = 1;
      if (sum.tiled)
        strides.front() = sum.lanes;
      nest.extents.front() = withinEdge(b, nest.extents.front());
      emitBody(b, sum.schedule, nest, b.desc(b.address(lanes), strides));
    };
    Value whole = extent(b, along);
    if (iteration.dims[along].length <= sum.lanes)
      return emit({}, whole);
    int64_t bits = llvm::Log2_64(sum.lanes);
    whole = b.scalar(pe::ScalarKind::Max, whole, b.constant(0));
    Value rows = b.scalar(pe::ScalarKind::Shr, whole, b.constant(bits)),
          rest = b.scalar(pe::ScalarKind::And, whole, b.constant(sum.lanes - 1));
    emit(rows, b.constant(sum.lanes));
    offsets[along] = b.scalar(pe::ScalarKind::Shl, rows, b.constant(bits));
    emit({}, rest);
    offsets[along] = {};
  }

  /// Adds up each result's lanes, the upper half to the lower one until there is one, and that to the result.
  void addLanes(PeBuilder &b, const LongSum &sum) {
    Value results = b.constant(sum.results);
    for (int64_t left = sum.lanes; left > 1; left -= left / 2) {
      int64_t half = left / 2;
      Value low = b.desc(b.address(lanes), {sum.lanes, 1}),
            high = b.desc(b.address(lanes, left - half), {sum.lanes, 1});
      b.vec(pe::VectorKind::Add, pe::ElementType::F32, {results, b.constant(half)}, low, low, high);
    }
    int64_t stride = 0;
    if (sum.tiled) {
      results = extent(b, sum.schedule.nest.front());
      stride = result.strides[sum.schedule.nest.front()];
    }
    Value to = b.desc(addressOf(b, result), {stride});
    b.vec(pe::VectorKind::Add, pe::ElementType::F32, results, to, to, b.desc(b.address(lanes), {sum.lanes}));
  }

  /// Byte address of an access at the current loop indices.
  Value addressOf(PeBuilder &b, const Access &access) {
    Value address = b.add(b.address(access.buffer), b.value(access.base * 4));
    for (auto [d, offset] : llvm::enumerate(offsets))
      if (offset && access.strides[d] != 0)
        address = b.add(address, b.mul(offset, b.constant(4 * access.strides[d])));
    return address;
  }

  /// The nest of an instruction: of each dimension its extent, and the loop it goes along by so many steps at a time.
  struct Nest {
    SmallVector<Value> extents;
    SmallVector<unsigned> loops;
    SmallVector<int64_t> steps;

    void add(Value extent, unsigned loop, int64_t step = 1) {
      extents.push_back(extent);
      loops.push_back(loop);
      steps.push_back(step);
    }
  };

  /// An extent of a nest, or none: loops of one iteration are left out of the nest, but on PEs beyond the edge they
  /// have none.
  Value withinEdge(PeBuilder &b, Value extent) {
    for (unsigned d = 0; d != iteration.dims.size(); ++d)
      if (iteration.dims[d].length == 1 && !iteration.dims[d].start.isConstant())
        extent = b.mul(extent, b.scalar(pe::ScalarKind::Max, this->extent(b, d), b.constant(0)));
    return extent;
  }

  void emitSteps(PeBuilder &b, const Schedule &schedule, Value lastExtent, Value accumulator = {}) {
    Nest nest;
    for (unsigned d : schedule.nest)
      nest.add(extent(b, d), d);
    if (lastExtent)
      nest.extents.back() = lastExtent;
    if (nest.extents.empty()) {
      // A PE beyond the edge of a one-element dimension has nothing to do: the extent of some loop says so.
      Value one = b.constant(1);
      for (unsigned d = 0; d != iteration.dims.size(); ++d)
        one = b.scalar(pe::ScalarKind::Min, one, extent(b, d));
      nest.extents.push_back(one);
    } else {
      nest.extents.front() = withinEdge(b, nest.extents.front());
    }
    emitBody(b, schedule, nest, accumulator);
  }

  void emitBody(PeBuilder &b, const Schedule &schedule, const Nest &nest, Value accumulator) {
    auto descriptor = [&](const Access &access) {
      SmallVector<int64_t> strides;
      for (auto [d, step] : llvm::zip(nest.loops, nest.steps))
        strides.push_back(access.strides[d] * step);
      if (strides.empty())
        strides.push_back(0);
      return b.desc(addressOf(b, access), strides);
    };
    llvm::DenseMap<int, Value> inputDescs, scratchDescs;
    Value resultDesc = accumulator;
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
        return desc ? desc : desc = bufferDescriptor(b, schedule, scratch[operand.number]);
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
        operands.push_back(operand.kind == Operand::Index ? indexVector(b, schedule, nest.extents, operand.number)
                                                          : lower(operand));
      operands.resize(3);
      b.vec(step.kind, step.type, nest.extents, lower(step.result), operands[0], operands[1], operands[2]);
    }
    b.loc = kernel.getLoc();
  }

  /// A buffer that holds the nest's elements one after the other.
  Value bufferDescriptor(PeBuilder &b, const Schedule &schedule, const BufferPart &buffer) {
    SmallVector<int64_t> strides(std::max<size_t>(schedule.nest.size(), 1), 1);
    for (int i = static_cast<int>(schedule.nest.size()) - 2; i >= 0; --i)
      strides[i] = strides[i + 1] * iteration.dims[schedule.nest[i + 1]].length;
    return b.desc(b.address(buffer), strides);
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
    Value to = bufferDescriptor(b, schedule, scratch[slot]);
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
  Affine endOfBox; // of the shared loop
  Body body;
  SmallVector<Access> inputs;
  Access result;
  SmallVector<std::string> scratch;
  std::string lanes;          // of a long sum
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
  SmallVector<int64_t> tableStrides = table.layout.strides(), indexStrides = indices.layout.strides(),
                       resultStrides = result.layout.strides();
  return code.function(op.getLoc(), result.layout, "gather", [&](PeBuilder &b) {
    // Rows that this PE does not own stay zero bits: the term that changes nothing.
    b.vec(pe::VectorKind::Mov, pe::ElementType::I32, b.constant(result.layout.words()),
          b.desc(b.address(result.buffer), {1}), b.constant(0));
    SmallVector<Value> nest, outer; // extents of a row's dimensions; those beyond a nest's are loops
    SmallVector<int64_t> from, to, outerFrom, outerTo;
    Value source = b.address(table.buffer), target = b.address(result.buffer);
    for (size_t k = 1; k != table.shape.size(); ++k) {
      const LayoutDim &dim = result.layout.dims[rank + k - 1], &row = table.layout.dims[k];
      Value extent = b.extent({{dim.start}, {dim.start + Affine(dim.length), Affine(table.shape[k])}});
      source = b.add(source, b.value((dim.start - row.start) * (4 * tableStrides[k])));
      if (k + isa::kMaxRank < table.shape.size()) {
        outer.push_back(extent);
        outerFrom.push_back(4 * tableStrides[k]);
        outerTo.push_back(4 * resultStrides[rank + k - 1]);
        continue;
      }
      nest.push_back(extent);
      from.push_back(tableStrides[k]);
      to.push_back(resultStrides[rank + k - 1]);
    }
    if (nest.empty()) {
      nest.push_back(b.constant(1));
      from.push_back(0);
      to.push_back(0);
    }
    std::function<void(size_t, Value, Value)> moveRow = [&](size_t k, Value out, Value at) {
      if (k == outer.size())
        return (void)b.vec(pe::VectorKind::Mov, pe::ElementType::I32, nest, b.desc(out, to), b.desc(at, from));
      b.loop(outer[k], 1, [&](Value i) {
        moveRow(k + 1, b.add(out, b.mul(i, b.constant(outerTo[k]))), b.add(at, b.mul(i, b.constant(outerFrom[k]))));
      });
    };
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
      auto move = [&] { moveRow(0, out, b.add(source, b.mul(local, b.constant(4 * tableStrides[0])))); };
      b.when(b.less(b.constant(-1), local),
             [&] { b.when(b.less(local, b.constant(table.layout.dims[0].length)), move); });
    };
    rows(0, b.address(indices.buffer), target);
    return success();
  });
}
