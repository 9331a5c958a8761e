// The pass convert-wafer-to-pe: every wafer.region becomes a pe.program. Each op becomes one function, called from main
// in order; tensors become buffers. Functions that come out alike are merged later (pe-share-functions), buffers get
// their addresses later (pe-allocate-buffers).
#include "RegionCode.h"
#include "wafer/Conversion/Passes.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/TypeSwitch.h"

#include <set>

#include "wafer/Dialect/Wafer/Steps.h"
#include "wafer/Target/LoadProfile.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace wafer {
#define GEN_PASS_DEF_CONVERTWAFERTOPE
#include "wafer/Conversion/Passes.h.inc"
#include "wafer/Support/MlirDiagnostic.h"
} // namespace wafer

pe::ElementType wafer::wfr::elementTypeOf(Type type) {
  return llvm::isa<FloatType>(type) ? pe::ElementType::F32 : pe::ElementType::I32;
}

pe::ElementType Tensor::elementType() const { return elementTypeOf(element); }

int64_t wafer::wfr::wordBits(Attribute value) {
  if (auto number = dyn_cast<FloatAttr>(value)) {
    bool lost;
    APFloat single = number.getValue();
    single.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &lost);
    return static_cast<int32_t>(single.bitcastToAPInt().getZExtValue());
  }
  if (auto number = dyn_cast<IntegerAttr>(value)) {
    // Booleans are 0 and 1.
    APInt bits = number.getValue();
    return bits.getBitWidth() == 1 ? static_cast<int64_t>(bits.getZExtValue())
                                   : static_cast<int64_t>(static_cast<int32_t>(bits.getSExtValue()));
  }
  return 0;
}

Tensor RegionCode::tensor(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return {buffers.lookup(value), SmallVector<int64_t>(type.getShape()), layoutOf(type), type.getElementType()};
}

std::string RegionCode::newBuffer(Location loc, StringRef kind, int64_t words) {
  std::string name = (kind.take_front(1) + Twine(names++)).str();
  pe::BufferOp::create(builder, loc, name, words, kind, /*address=*/IntegerAttr(), /*source=*/FlatSymbolRefAttr(),
                       /*box=*/pe::BoxAttr());
  return name;
}

std::string RegionCode::newWeight(Location loc, FlatSymbolRefAttr source, ArrayRef<int64_t> shape,
                                  const Layout &layout) {
  std::string name = ("w" + Twine(names++)).str();
  // The affine box of the layout, as the loader evaluates it.
  SmallVector<int64_t> dims;
  for (auto [dim, extent, stride] : llvm::zip(layout.dims, shape, layout.strides())) {
    const auto &step = dim.start.step;
    dims.append(
        {extent, dim.start.constant, dim.length, step[X0], step[XM], step[X1], step[Y0], step[YM], step[Y1], stride});
  }
  pe::BufferOp::create(builder, loc, name, layout.words(), "weight", IntegerAttr(), source,
                       pe::BoxAttr::get(loc.getContext(), layout.splitX.middle, layout.splitX.minor,
                                        layout.splitY.middle, layout.splitY.minor, dims));
  return name;
}

std::string RegionCode::newConstant(Location loc, ElementsAttr value, const Layout &layout) {
  auto global = ml_program::GlobalOp::create(builder, loc, "constant", value.getType(), /*is_mutable=*/false, value,
                                             builder.getStringAttr("private"));
  global->remove();
  StringAttr name = module.insert(global);
  return newWeight(loc, FlatSymbolRefAttr::get(name), value.getShapedType().getShape(), layout);
}

LogicalResult RegionCode::function(Location loc, const Layout &splits, StringRef name,
                                   llvm::function_ref<LogicalResult(PeBuilder &)> body, Value argument) {
  std::string symbol = (name + Twine(functions++)).str();
  auto func = pe::FuncOp::create(builder, loc, symbol);
  Block &block = func.getBody().emplaceBlock();
  OpBuilder inner = OpBuilder::atBlockBegin(&block);
  AxisSizes sizes = axisSizes(size, splits.splitX, splits.splitY, chunks);
  PeBuilder b(inner, loc, sizes, splits.splitX, splits.splitY);
  SmallVector<Value> arguments;
  if (chunkIndex) {
    b.bind(T, block.addArgument(builder.getI32Type(), loc));
    arguments.push_back(chunkIndex);
  }
  if (argument) {
    block.addArgument(builder.getI32Type(), loc);
    arguments.push_back(argument);
  }
  if (failed(body(b)))
    return failure();
  open |= func.openThreads();
  auto call = pe::CallOp::create(mainBuilder, loc, symbol, FlatSymbolRefAttr(), arguments);
  if (!step->hasAttr("step"))
    step->setAttr("step", builder.getI64IntegerAttr(steps++));
  call->setAttr("step", step->getAttr("step"));
  return success();
}

namespace {

class RegionLowering {
public:
  RegionLowering(RegionOp region, pe::ProgramOp program, pe::MainOp main, const ChannelColors &colors,
                 SymbolTable &streams, SymbolTable &module,
                 std::function<SmallVector<StreamPart, 1>(StringRef)> streamParts, bool wholeSums)
      : streams(streams), wholeSums(wholeSums), code{region,          program,
                                                     OpBuilder(main), OpBuilder::atBlockEnd(&main.getBody().front()),
                                                     colors,          std::move(streamParts),
                                                     module,          region.size()} {}

  LogicalResult run() {
    // What is combined at a time lies together.
    code.region.walk([&](AllReduceOp op) {
      bool free = llvm::none_of(op.getSources(), [&](Value source) { return code.buffers.contains(source); });
      if (op.getSources().size() > 1 && free)
        placeTogether(op.getSources(), "activation");
    });
    if (failed(lowerBlock(code.region.getBody().front())))
      return failure();
    await(code.open, code.step); // it is part of the last step
    return success();
  }

private:
  /// Main waits for threads that are left at work on what the op reads or writes: as part of the steps that left them.
  void awaitThreadsOn(Operation *op) {
    std::set<std::string> touched;
    for (Value value : llvm::concat<const Value>(op->getOperands(), op->getResults()))
      touched.insert(code.buffers.lookup(value).name);
    awaitThreads([&](const AtWork &work) { return llvm::isa<ChunksOp>(op) || touched.count(work.buffer); });
  }

  void awaitThreads(llvm::function_ref<bool(const AtWork &)> which) {
    for (const AtWork &work : SmallVector<AtWork>(code.atWork))
      if (which(work))
        await(work.threads & code.open, work.step);
  }

  void await(unsigned threads, Operation *step) {
    for (unsigned thread = 1; thread != isa::kThreads; ++thread) {
      if (!(threads >> thread & 1))
        continue;
      auto wait = pe::WaitOp::create(code.mainBuilder, step ? step->getLoc() : code.region.getLoc(), thread);
      if (Attribute number = step ? step->getAttr("step") : Attribute())
        wait->setAttr("step", number);
    }
    code.open &= ~threads;
    llvm::erase_if(code.atWork, [&](const AtWork &work) { return (work.threads & ~threads) == 0; });
  }

  LogicalResult lowerBlock(Block &block) {
    for (auto op = block.begin(); op != block.end(); ++op) {
      auto sum = dyn_cast<AllReduceOp>(*op);
      const auto end = sum ? endOfWorkBeside(sum) : std::next(op);
      if (end == std::next(op)) {
        if (failed(lower(&*op)))
          return failure();
        continue;
      }
      if (failed(lowerSum(sum, AllReducePart::Start)))
        return failure();
      for (op = std::next(op); op != end; ++op)
        if (failed(lower(&*op)))
          return failure();
      if (failed(lowerSum(sum, AllReducePart::Finish)))
        return failure();
      --op;
    }
    return success();
  }

  /// What stands directly behind an all-reduce and computes on each PE, neither on its terms nor on its sums, is done
  /// while it is under way, as are columns dealt that are neither.
  Block::iterator endOfWorkBeside(AllReduceOp sum) {
    const std::string terms = code.buffers.lookup(sum.getSources().front()).name;
    auto end = std::next(sum->getIterator());
    if (code.chunkIndex || wholeSums)
      return end;
    for (auto op = end; op != sum->getBlock()->end() && mayStandBeside(*op); ++op) {
      for (Value operand : op->getOperands())
        if (operand.getDefiningOp() == sum || code.buffers.lookup(operand).name == terms)
          return end;
      if (hasCode(*op))
        end = std::next(op);
    }
    return end;
  }

  static bool mayStandBeside(Operation &op) {
    auto send = dyn_cast<SendOp>(op);
    return send ? send.getDealt() : computesOnEachPe(op);
  }

  void newTensor(Value value, StringRef kind) {
    BufferPart &buffer = code.buffers[value];
    if (buffer.name.empty()) // else it has its place beside others
      buffer = code.newBuffer(value.getLoc(), kind, layoutOf(value.getType()).words());
  }

  /// One buffer for tensors, one after the other.
  void placeTogether(ValueRange tensors, StringRef kind) {
    int64_t words = 0;
    for (Value tensor : tensors)
      words += layoutOf(tensor.getType()).words();
    std::string name = code.newBuffer(tensors.front().getLoc(), kind, words);
    words = 0;
    for (Value tensor : tensors) {
      code.buffers[tensor] = BufferPart(name, words);
      words += layoutOf(tensor.getType()).words();
    }
  }

  LogicalResult lower(Operation *op) {
    awaitThreadsOn(op);
    code.step = op;
    return TypeSwitch<Operation *, LogicalResult>(op)
        .Case<WeightOp>([&](WeightOp op) {
          Tensor tensor = code.tensor(op.getResult());
          code.buffers[op.getResult()] = code.newWeight(op.getLoc(), op.getSourceAttr(), tensor.shape, tensor.layout);
          return success();
        })
        .Case<ConstantOp>([&](ConstantOp op) {
          code.buffers[op.getResult()] =
              code.newConstant(op.getLoc(), cast<ElementsAttr>(op.getValue()), layoutOf(op.getType()));
          return success();
        })
        .Case<EmptyOp>([&](EmptyOp op) {
          newTensor(op.getResult(), "activation");
          return success();
        })
        .Case<FillOp>([&](FillOp op) {
          newTensor(op.getResult(), "activation");
          return lowerFill(op, code);
        })
        .Case<ReshapeOp>([&](ReshapeOp op) { return alias(op.getResult(), op.getSource()); })
        .Case<ReduceOp>([&](ReduceOp op) {
          (void)alias(op.getResult(), op.getSource());
          return lowerReduce(op, code);
        })
        .Case<TermsOp>([&](TermsOp op) {
          newTensor(op.getResult(), "activation");
          return lowerTerms(op, code);
        })
        .Case<AllReduceOp>([&](AllReduceOp op) {
          placeTogether(op.getSums(), "activation");
          return lowerAllReduce(op, code, AllReducePart::Whole);
        })
        .Case<RedistributeOp>([&](RedistributeOp op) {
          resultBuffer(op.getResult(), op.getInto());
          return lowerRedistribute(op, code);
        })
        .Case<KernelOp>([&](KernelOp op) {
          resultBuffer(op.getResult(), op.getInto());
          return lowerKernel(op, code);
        })
        .Case<GatherOp>([&](GatherOp op) {
          newTensor(op.getResult(), "activation");
          return lowerGather(op, code);
        })
        .Case<SendOp>([&](SendOp op) { return lowerSend(op, stream(op.getStream()), code); })
        .Case<ReceiveOp>([&](ReceiveOp op) {
          newTensor(op.getResult(), "activation");
          return lowerReceive(op, stream(op.getStream()), code);
        })
        .Case<RelayOp>([&](RelayOp op) { return lowerRelay(op, stream(op.getSource()), stream(op.getTarget()), code); })
        .Case<ChunksOp>([&](ChunksOp op) { return lowerChunks(op); })
        .Case<YieldOp>([](YieldOp) { return success(); })
        .Default([](Operation *op) { return op->emitOpError("cannot stand in a wafer.region"); });
  }

  LogicalResult lowerSum(AllReduceOp op, AllReducePart part) {
    code.step = op;
    if (part == AllReducePart::Start) {
      awaitThreadsOn(op);
      placeTogether(op.getSums(), "activation");
    }
    if (failed(lowerAllReduce(op, code, part)))
      return failure();
    if (part == AllReducePart::Finish)
      await(1u << kSumThread | 1u << kResultThread, op);
    return success();
  }

  StreamOp stream(StringRef name) { return streams.lookup<StreamOp>(name); }

  LogicalResult alias(Value result, Value source) {
    code.buffers[result] = code.buffers.lookup(source);
    return success();
  }

  void resultBuffer(Value result, Value into) {
    if (into)
      (void)alias(result, into);
    else
      newTensor(result, "activation");
  }

  LogicalResult lowerChunks(ChunksOp op) {
    if (code.chunkIndex)
      return wafer::emitUnsupported(op, "chunk loops do not nest");
    Block &body = op.getBody().front();
    for (auto [argument, init] : llvm::zip(body.getArguments(), op.getInits()))
      (void)alias(argument, init);
    Location loc = op.getLoc();
    Value zero = pe::ConstOp::create(code.mainBuilder, loc, 0), one = pe::ConstOp::create(code.mainBuilder, loc, 1),
          count = pe::ConstOp::create(code.mainBuilder, loc, op.getCount());
    auto loop = pe::ForOp::create(code.mainBuilder, loc, zero, count, one);
    OpBuilder outside = code.mainBuilder;
    code.mainBuilder = OpBuilder::atBlockEnd(&loop.getBody().front());
    code.chunks = op.getCount();
    code.chunkIndex = loop.getInductionVar();
    LogicalResult result = lowerBlock(body);
    awaitThreads([](const AtWork &) { return true; });
    code.chunkIndex = {};
    code.chunks = 1;
    code.mainBuilder = outside;
    if (failed(result))
      return failure();
    // What is carried stays where it is: every yielded tensor is its carried one, changed in place.
    for (auto [yielded, argument] : llvm::zip(body.getTerminator()->getOperands(), body.getArguments()))
      if (code.buffers.lookup(yielded) != code.buffers.lookup(argument))
        return op.emitOpError("must change what it carries in place");
    for (auto [result, init] : llvm::zip(op.getResults(), op.getInits()))
      (void)alias(result, init);
    return success();
  }

  SymbolTable &streams;
  const bool wholeSums; // all-reduces are not parted for what stands beside them
  RegionCode code;
};

struct ConvertWaferToPe : wafer::impl::ConvertWaferToPeBase<ConvertWaferToPe> {
  using ConvertWaferToPeBase::ConvertWaferToPeBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Profile> profile = loadProfile(module.getLoc(), target);
    if (failed(profile))
      return signalPassFailure();
    Result<ChannelColors> colors = ChannelColors::assign(*profile);
    if (!colors) {
      wafer::emitError(module.getLoc(), colors.error());
      return signalPassFailure();
    }
    SymbolTable moduleSymbols(module);
    const auto nets = fabric::netsByStream(module);
    auto streamParts = [&](StringRef name) {
      SmallVector<StreamPart, 1> parts;
      for (fabric::NetOp net : nets.lookup(name))
        if (net.getColor())
          parts.push_back(
              {static_cast<int64_t>(net.getFirst() + net.getSource().getCount()), static_cast<int>(*net.getColor())});
      return parts;
    };
    for (ProgramOp program : llvm::make_early_inc_range(module.getOps<ProgramOp>())) {
      SymbolTable streams(program);
      OpBuilder builder(program);
      builder.setInsertionPointAfter(program);
      for (RegionOp region : program.getBody().getOps<RegionOp>()) {
        auto code = pe::ProgramOp::create(builder, region.getLoc(), (region.getSymName() + "_pe").str(),
                                          FlatSymbolRefAttr::get(region.getSymNameAttr()));
        Block &body = code.getBody().emplaceBlock();
        OpBuilder inner = OpBuilder::atBlockEnd(&body);
        auto main = pe::MainOp::create(inner, region.getLoc());
        main.getBody().emplaceBlock();
        ++numRegions;
        if (failed(RegionLowering(region, code, main, *colors, streams, moduleSymbols, streamParts, wholeSums).run()))
          return signalPassFailure();
        numFunctions += std::distance(body.getOps<pe::FuncOp>().begin(), body.getOps<pe::FuncOp>().end());
      }
    }
  }
};

} // namespace
