#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Program/Isa.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace wafer::pe;

//===- Structure ----------------------------------------------------------===//

LogicalResult ProgramOp::verifyRegions() {
  auto mains = getBody().front().getOps<MainOp>();
  if (std::distance(mains.begin(), mains.end()) != 1)
    return emitOpError("must hold exactly one pe.main");
  return success();
}

LogicalResult BufferOp::verify() {
  if (getWords() < 0)
    return emitOpError("has a negative size");
  if (getSource().has_value() != getBox().has_value())
    return emitOpError("needs both a source and a box, or neither");
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
  return parser.parseRegion(*result.addRegion(), arguments);
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

LogicalResult CallOp::verify() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  if (!program)
    return emitOpError("must stand in a pe.program");
  if ((*this)->getParentOfType<FuncOp>())
    return emitOpError("functions do not call functions");
  auto callee = program.lookupSymbol<FuncOp>(getCallee());
  if (!callee)
    return emitOpError("calls unknown function @") << getCallee();
  if (callee.getBody().getNumArguments() != getOperands().size())
    return emitOpError("passes ") << getOperands().size() << " arguments to a function of "
                                  << callee.getBody().getNumArguments();
  if (getTable() && !program.lookupSymbol<TableOp>(*getTable()))
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
  if (parser.parseRegion(*result.addRegion(), {induction}))
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
  return success();
}

void IfOp::build(OpBuilder &builder, OperationState &state, Value condition, bool withElse) {
  state.addOperands(condition);
  state.addRegion()->emplaceBlock();
  Region *otherwise = state.addRegion();
  if (withElse)
    otherwise->emplaceBlock();
}

void IfOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  // A constant condition leaves one body.
  patterns.add(+[](IfOp op, PatternRewriter &rewriter) -> LogicalResult {
    auto condition = op.getCondition().getDefiningOp<ConstOp>();
    if (!condition)
      return rewriter.notifyMatchFailure(op, "condition is not a constant");
    Region &taken = condition.getValue() != 0 ? op.getThenRegion() : op.getElseRegion();
    if (!taken.empty())
      rewriter.inlineBlockBefore(&taken.front(), op);
    rewriter.eraseOp(op);
    return success();
  });
}

//===- Scalars ------------------------------------------------------------===//

void ConstOp::build(OpBuilder &builder, OperationState &state, int64_t value) {
  state.addAttribute("value", builder.getI32IntegerAttr(static_cast<int32_t>(value)));
  state.addTypes(builder.getI32Type());
}

OpFoldResult ConstOp::fold(FoldAdaptor) { return getValueAttr(); }

OpFoldResult ScalarOp::fold(FoldAdaptor adaptor) {
  auto a = dyn_cast_or_null<IntegerAttr>(adaptor.getA());
  auto b = dyn_cast_or_null<IntegerAttr>(adaptor.getB());
  ScalarKind kind = getKind();
  // Identities that need one constant.
  if (b && b.getInt() == 0 &&
      llvm::is_contained(
          {ScalarKind::Add, ScalarKind::Sub, ScalarKind::Or, ScalarKind::Xor, ScalarKind::Shl, ScalarKind::Shr}, kind))
    return getA();
  if (a && a.getInt() == 0 && llvm::is_contained({ScalarKind::Add, ScalarKind::Or, ScalarKind::Xor}, kind))
    return getB();
  if (b && b.getInt() == 1 && llvm::is_contained({ScalarKind::Mul, ScalarKind::Div}, kind))
    return getA();
  if (a && a.getInt() == 1 && kind == ScalarKind::Mul)
    return getB();
  Builder builder(getContext());
  if (kind == ScalarKind::Mul && ((a && a.getInt() == 0) || (b && b.getInt() == 0)))
    return builder.getI32IntegerAttr(0);
  if (kind == ScalarKind::Rem && b && b.getInt() == 1)
    return builder.getI32IntegerAttr(0);
  if (!a || !b)
    return {};
  int32_t x = a.getInt(), y = b.getInt();
  uint32_t ux = x, uy = y;
  switch (kind) {
  case ScalarKind::Add:
    return builder.getI32IntegerAttr(ux + uy);
  case ScalarKind::Sub:
    return builder.getI32IntegerAttr(ux - uy);
  case ScalarKind::Mul:
    return builder.getI32IntegerAttr(ux * uy);
  case ScalarKind::Min:
    return builder.getI32IntegerAttr(std::min(x, y));
  case ScalarKind::Max:
    return builder.getI32IntegerAttr(std::max(x, y));
  case ScalarKind::And:
    return builder.getI32IntegerAttr(x & y);
  case ScalarKind::Or:
    return builder.getI32IntegerAttr(x | y);
  case ScalarKind::Xor:
    return builder.getI32IntegerAttr(x ^ y);
  case ScalarKind::Shl:
    return uy < 32 ? OpFoldResult(builder.getI32IntegerAttr(ux << uy)) : OpFoldResult();
  case ScalarKind::Shr:
    return uy < 32 ? OpFoldResult(builder.getI32IntegerAttr(x >> uy)) : OpFoldResult();
  case ScalarKind::Div:
    return y > 0 ? OpFoldResult(builder.getI32IntegerAttr(x / y)) : OpFoldResult();
  case ScalarKind::Rem:
    return y > 0 ? OpFoldResult(builder.getI32IntegerAttr(x % y)) : OpFoldResult();
  case ScalarKind::Slt:
    return builder.getI32IntegerAttr(x < y);
  case ScalarKind::Seq:
    return builder.getI32IntegerAttr(x == y);
  }
  return {};
}

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

/// Operands that an operation reads.
static unsigned arity(VectorKind kind) {
  switch (kind) {
  case VectorKind::Fma:
  case VectorKind::Select:
    return 3;
  case VectorKind::Add:
  case VectorKind::Sub:
  case VectorKind::Mul:
  case VectorKind::Min:
  case VectorKind::Max:
  case VectorKind::And:
  case VectorKind::Or:
  case VectorKind::Xor:
  case VectorKind::Shl:
  case VectorKind::Shr:
  case VectorKind::Div:
  case VectorKind::Rem:
  case VectorKind::CmpEq:
  case VectorKind::CmpNe:
  case VectorKind::CmpLt:
  case VectorKind::CmpLe:
  case VectorKind::CmpGt:
  case VectorKind::CmpGe:
  case VectorKind::Pow:
    return 2;
  default:
    return 1;
  }
}

LogicalResult VecOp::verify() {
  size_t rank = getNest().size();
  if (rank < 1 || rank > isa::kMaxRank)
    return emitOpError("has a nest of rank ") << rank << "; 1 to " << isa::kMaxRank << " are possible";
  unsigned given = 1 + (getB() ? 1 : 0) + (getC() ? 1 : 0);
  if (given != arity(getKind()))
    return emitOpError() << stringifyVectorKind(getKind()) << " reads " << arity(getKind()) << " operands, got "
                         << given;
  if (getControl() != Control::None && !(getDst() && llvm::isa<FabricType>(getDst().getType())))
    return emitOpError("only a send can be followed by a control wavelet");
  for (Value operand : {getDst(), getA(), getB(), getC()})
    if (failed(verifyRank(*this, operand, rank)))
      return failure();
  return verifyThread(*this, getThread(), 0);
}

LogicalResult RecvWindowOp::verify() {
  size_t rank = getNest().size();
  if (rank < 1 || rank > isa::kMaxRank)
    return emitOpError("has a nest of rank ") << rank << "; 1 to " << isa::kMaxRank << " are possible";
  if (getBlock().size() != rank || getLower().size() != rank)
    return emitOpError("block, box and lower corner must have one rank");
  return verifyRank(*this, getDst(), rank);
}

LogicalResult WaitOp::verify() { return verifyThread(*this, getThread(), 1); }

#define GET_OP_CLASSES
#include "wafer/Dialect/Pe/PeOps.cpp.inc"
