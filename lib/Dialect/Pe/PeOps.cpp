#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Program/Instruction.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace wafer::pe;

//===- Structure ----------------------------------------------------------===//

/// The threads that are started, and those that are awaited, as bits.
static std::pair<unsigned, unsigned> threadsOf(Operation *code) {
  unsigned started = 0, awaited = 0;
  code->walk([&](Operation *op) {
    if (auto vec = dyn_cast<VecOp>(op))
      started |= 1u << vec.getThread();
    else if (auto wait = dyn_cast<WaitOp>(op))
      awaited |= 1u << wait.getThread();
  });
  return {started & ~1u, awaited};
}

/// Checks that what was started is awaited.
static LogicalResult verifyThreads(Operation *code) {
  auto [started, awaited] = threadsOf(code);
  for (unsigned thread = 1; thread != wafer::isa::kThreads; ++thread)
    if ((started & ~awaited) >> thread & 1)
      return code->emitOpError("starts thread ") << thread << " and never waits for it";
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  // What each function reads of its table.
  llvm::StringMap<int64_t> entries, sizes;
  llvm::StringMap<unsigned> open; // threads that a function leaves to main
  unsigned mains = 0;
  for (Operation &op : getBody().front()) {
    if (auto function = dyn_cast<FuncOp>(op)) {
      int64_t &count = entries[function.getSymName()];
      function.walk([&](ParamOp param) { count = std::max<int64_t>(count, param.getIndex() + 1); });
      open[function.getSymName()] = function.openThreads();
    } else if (auto table = dyn_cast<TableOp>(op)) {
      sizes[table.getSymName()] = table.getValues().size();
    } else if (llvm::isa<MainOp>(op)) {
      ++mains;
    } else if (!llvm::isa<BufferOp>(op)) {
      return op.emitOpError("cannot stand in a pe.program");
    }
  }
  if (mains != 1)
    return emitOpError("must hold exactly one pe.main");
  const unsigned awaitedInMain = threadsOf(*getBody().front().getOps<MainOp>().begin()).second;
  WalkResult result = walk([&](CallOp call) {
    if (open.lookup(call.getCallee()) & ~awaitedInMain) {
      call.emitOpError("calls @") << call.getCallee() << ", which leaves a thread open that main never waits for";
      return WalkResult::interrupt();
    }
    int64_t wanted = entries.lookup(call.getCallee());
    if (wanted == 0)
      return WalkResult::advance();
    if (!call.getTable()) {
      call.emitOpError("calls @") << call.getCallee() << ", which reads a table, without one";
      return WalkResult::interrupt();
    }
    if (sizes.lookup(*call.getTable()) < wanted) {
      call.emitOpError("calls @") << call.getCallee() << ", which reads " << wanted << " entries, with a table of "
                                  << sizes.lookup(*call.getTable());
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult BufferOp::verify() {
  if (static_cast<int64_t>(getWords()) < 0)
    return emitOpError("has a negative size");
  if (!llvm::is_contained({"weight", "activation", "scratch"}, getKind()))
    return emitOpError("kind must be weight, activation or scratch, got \"") << getKind() << '"';
  if (getSource().has_value() != getBox().has_value())
    return emitOpError("needs both a source and a box, or neither");
  if ((getKind() == "weight") != getSource().has_value())
    return emitOpError("a buffer is loaded from a source if and only if it is a weight");
  if (getAddress() && *getAddress() % isa::kWordBytes != 0)
    return emitOpError("address must be a multiple of ")
           << isa::kWordBytes << ", got " << static_cast<int64_t>(*getAddress());
  if (!getBox())
    return success();
  // The first and the last word that the largest clipped box can touch.
  int64_t first = 0, last = 0;
  for (unsigned d = 0; d != getBox()->getRank(); ++d) {
    int64_t length = std::min(getBox()->getLength(d), getBox()->getExtent(d));
    if (length == 0)
      return success();
    int64_t reach;
    if (llvm::MulOverflow(getBox()->getLength(d) - 1, getBox()->getStride(d), reach))
      return emitOpError("box reaches beyond any memory");
    (reach < 0 ? first : last) += reach;
  }
  if (first < 0 || last >= static_cast<int64_t>(getWords()))
    return emitOpError("of ") << getWords() << " words, but its box touches words " << first << " to " << last;
  return success();
}

/// A body, which may be written without a single op.
static ParseResult parseCode(OpAsmParser &parser, Region &region, ArrayRef<OpAsmParser::Argument> arguments) {
  if (parser.parseRegion(region, arguments))
    return failure();
  if (region.empty()) {
    Block &block = region.emplaceBlock();
    for (const OpAsmParser::Argument &argument : arguments)
      block.addArgument(argument.type, parser.getEncodedSourceLoc(argument.ssaName.location));
  }
  return success();
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  if (parser.parseSymbolName(name, "sym_name", result.attributes))
    return failure();
  SmallVector<OpAsmParser::Argument> arguments;
  if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren))
    return failure();
  for (OpAsmParser::Argument &argument : arguments)
    argument.type = parser.getBuilder().getI32Type();
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  return parseCode(parser, *result.addRegion(), arguments);
}

void FuncOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << '(';
  llvm::interleaveComma(getBody().getArguments(), printer, [&](BlockArgument a) { printer.printOperand(a); });
  printer << ')';
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"sym_name"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult FuncOp::verify() {
  if (getBody().getNumArguments() > isa::kMaxArguments)
    return emitOpError("takes at most ") << isa::kMaxArguments << " arguments";
  for (BlockArgument argument : getBody().getArguments())
    if (!argument.getType().isInteger(32))
      return emitOpError("arguments must be i32");
  return success();
}

unsigned FuncOp::openThreads() {
  auto [started, awaited] = threadsOf(*this);
  return getOpen() ? started & ~awaited : 0;
}

LogicalResult FuncOp::verifyRegions() {
  if (getReturning()) {
    WalkResult result = walk([](VecOp vec) -> WalkResult {
      if (vec.getDst() && llvm::isa<FabricType>(vec.getDst().getType()) && vec.getThread() == 0)
        return vec.emitOpError("sends and waits in a function whose words return: it must be asynchronous");
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return getOpen() ? success() : verifyThreads(*this);
}

LogicalResult MainOp::verifyRegions() { return verifyThreads(*this); }

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!(*this)->getParentOfType<MainOp>())
    return emitOpError("must stand in pe.main: functions do not call functions");
  auto callee = symbols.lookupNearestSymbolFrom<FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError("calls unknown function @") << getCallee();
  if (callee.getBody().getNumArguments() != getOperands().size())
    return emitOpError("passes ") << getOperands().size() << " arguments to a function of "
                                  << callee.getBody().getNumArguments();
  if (getTable() && !symbols.lookupNearestSymbolFrom<TableOp>(*this, getTableAttr()))
    return emitOpError("names unknown table @") << *getTable();
  return success();
}

//===- Control ------------------------------------------------------------===//

void ForOp::build(OpBuilder &builder, OperationState &state, Value lower, Value upper, Value step) {
  state.addOperands({lower, upper, step});
  Block &block = state.addRegion()->emplaceBlock();
  block.addArgument(builder.getI32Type(), state.location);
}

ParseResult ForOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::Argument induction;
  SmallVector<OpAsmParser::UnresolvedOperand, 3> bounds(3);
  Type i32 = parser.getBuilder().getI32Type();
  if (parser.parseArgument(induction) || parser.parseEqual() || parser.parseOperand(bounds[0]) ||
      parser.parseKeyword("to") || parser.parseOperand(bounds[1]) || parser.parseKeyword("step") ||
      parser.parseOperand(bounds[2]) || parser.resolveOperands(bounds, i32, result.operands))
    return failure();
  induction.type = i32;
  if (parseCode(parser, *result.addRegion(), {induction}))
    return failure();
  return parser.parseOptionalAttrDict(result.attributes);
}

void ForOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getInductionVar() << " = " << getLower() << " to " << getUpper() << " step " << getStep() << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  printer.printOptionalAttrDict((*this)->getAttrs());
}

LogicalResult ForOp::verify() {
  if (getBody().getNumArguments() != 1 || !getBody().getArgument(0).getType().isInteger(32))
    return emitOpError("has one i32 induction variable");
  if (auto step = constantOf(getStep()); step && *step <= 0)
    return emitOpError("step must be positive, got ") << *step;
  return success();
}

SmallVector<Region *> ForOp::getLoopRegions() { return {&getBody()}; }

void IfOp::build(OpBuilder &builder, OperationState &state, Value condition, bool withElse) {
  state.addOperands(condition);
  state.addRegion()->emplaceBlock();
  Region *otherwise = state.addRegion();
  if (withElse)
    otherwise->emplaceBlock();
}

//===- Scalars ------------------------------------------------------------===//

void ConstOp::build(OpBuilder &builder, OperationState &state, int64_t value) {
  state.addAttribute("value", builder.getI32IntegerAttr(static_cast<int32_t>(value)));
  state.addTypes(builder.getI32Type());
}

void AddrOp::build(OpBuilder &builder, OperationState &state, StringRef buffer, int64_t offset) {
  build(builder, state, builder.getI32Type(), buffer, offset);
}

LogicalResult AddrOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto buffer = symbols.lookupNearestSymbolFrom<BufferOp>(*this, getBufferAttr());
  if (!buffer)
    return emitOpError("names unknown buffer @") << getBuffer();
  if (getOffset() > buffer.getWords()) // unsigned: a negative one is large
    return emitOpError("offset ") << static_cast<int64_t>(getOffset()) << " lies outside of @" << getBuffer()
                                  << ", which has " << buffer.getWords() << " words";
  return success();
}

void ParamOp::build(OpBuilder &builder, OperationState &state, int64_t index) {
  build(builder, state, builder.getI32Type(), index);
}

LogicalResult ParamOp::verify() {
  if (!(*this)->getParentOfType<FuncOp>())
    return emitOpError("must stand in a function: main has no table");
  if (static_cast<int64_t>(getIndex()) < 0)
    return emitOpError("index must not be negative, got ") << static_cast<int64_t>(getIndex());
  return success();
}

void CoordOp::build(OpBuilder &builder, OperationState &state, Axis axis) {
  build(builder, state, builder.getI32Type(), axis);
}

void ScalarOp::build(OpBuilder &builder, OperationState &state, ScalarKind kind, Value a, Value b) {
  build(builder, state, builder.getI32Type(), kind, a, b);
}

Speculation::Speculatability ScalarOp::getSpeculatability() {
  if (getKind() != ScalarKind::Div && getKind() != ScalarKind::Rem)
    return Speculation::Speculatable;
  std::optional<int32_t> divisor = constantOf(getB());
  return divisor && *divisor != 0 ? Speculation::Speculatable : Speculation::NotSpeculatable;
}

static LogicalResult verifyWordOffset(Operation *op, int64_t offset) {
  if (offset % wafer::isa::kWordBytes != 0 || !llvm::isInt<32>(offset))
    return op->emitOpError("offset must be a multiple of ") << wafer::isa::kWordBytes << " of 32 bits, got " << offset;
  return success();
}

LogicalResult LoadOp::verify() { return verifyWordOffset(*this, getOffset()); }
LogicalResult StoreOp::verify() { return verifyWordOffset(*this, getOffset()); }

//===- Vectors ------------------------------------------------------------===//

static LogicalResult verifyThread(Operation *op, int64_t thread, int64_t least) {
  if (thread < least || thread >= static_cast<int64_t>(wafer::isa::kThreads))
    return op->emitOpError("thread must lie in ") << least << ".." << wafer::isa::kThreads - 1 << ", got " << thread;
  return success();
}

static LogicalResult verifyRank(Operation *op, Value descriptor, size_t rank) {
  auto desc = descriptor ? descriptor.getDefiningOp<DescOp>() : DescOp();
  if (desc && desc.getStrides().size() != rank)
    return op->emitOpError("a descriptor of rank ") << desc.getStrides().size() << " in a nest of rank " << rank;
  return success();
}

static LogicalResult verifyNest(Operation *op, size_t rank) {
  if (rank < 1 || rank > wafer::isa::kMaxRank)
    return op->emitOpError("has a nest of rank ") << rank << "; 1 to " << wafer::isa::kMaxRank << " are possible";
  return success();
}

static LogicalResult verifyColor(Operation *op, int64_t color) {
  if (color < 0 || color >= static_cast<int64_t>(wafer::isa::kMaxColors))
    return op->emitOpError("color must lie in 0..") << wafer::isa::kMaxColors - 1 << ", got " << color;
  return success();
}

LogicalResult DescOp::verify() {
  size_t rank = getStrides().size();
  if (rank < 1 || rank > isa::kMaxRank)
    return emitOpError("has ") << rank << " strides; 1 to " << isa::kMaxRank << " are possible";
  return success();
}

void FabricOp::build(OpBuilder &builder, OperationState &state, int64_t color) {
  build(builder, state, FabricType::get(builder.getContext()), color);
}

LogicalResult FabricOp::verify() { return verifyColor(*this, getColor()); }

LogicalResult VecOp::verify() {
  size_t rank = getNest().size();
  if (failed(verifyNest(*this, rank)))
    return failure();
  unsigned given = 1 + (getB() ? 1 : 0) + (getC() ? 1 : 0);
  const wafer::isa::VectorOpInfo &info = *wafer::isa::vectorOpInfo(getKind());
  if (given != info.arity)
    return emitOpError() << info.name << " reads " << info.arity << " operands, got " << given;
  auto isFabric = [](Value value) { return value && llvm::isa<FabricType>(value.getType()); };
  if (getControl() != Control::None && !isFabric(getDst()))
    return emitOpError("only a send can be followed by a control wavelet");
  if (!getDst() && !isFabric(getA()) && !isFabric(getB()) && !isFabric(getC()))
    return emitOpError("drops its result and receives nothing");
  if (!wafer::isa::isDefinedOn(info.op, static_cast<wafer::isa::ElementType>(getType())))
    return emitOpError() << info.name << " is not of " << stringifyElementType(getType());
  uint32_t received = 0;
  for (Value operand : {getA(), getB(), getC()})
    if (auto fabric = operand ? operand.getDefiningOp<FabricOp>() : FabricOp()) {
      uint32_t bit = 1u << (fabric.getColor() & 31);
      if (received & bit)
        return emitOpError("receives color ") << fabric.getColor() << " twice";
      received |= bit;
    }
  if (getKind() == VectorKind::Iota && !llvm::isa<DescType>(getA().getType()))
    return emitOpError("iota takes a descriptor");
  for (Value operand : {getDst(), getA(), getB(), getC()})
    if (failed(verifyRank(*this, operand, rank)))
      return failure();
  return verifyThread(*this, getThread(), 0);
}

LogicalResult RecvWindowOp::verify() {
  size_t rank = getNest().size();
  if (failed(verifyNest(*this, rank)) || failed(verifyColor(*this, getColor())))
    return failure();
  if (getBlock().size() != rank || getLower().size() != rank)
    return emitOpError("block, box and lower corner must have one rank");
  return verifyRank(*this, getDst(), rank);
}

LogicalResult WaitOp::verify() { return verifyThread(*this, getThread(), 1); }

#define GET_OP_CLASSES
#include "wafer/Dialect/Pe/PeOps.cpp.inc"
