// Combining partial terms along a line of PEs: wafer.reduce, by the algorithm that it names, and wafer.all_reduce. The
// order of the additions is part of the algorithm, so results depend on the choice but never on timing.
#include "RegionCode.h"

#include "wafer/Collectives/AllReduce.h"
#include "wafer/Support/MlirDiagnostic.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

static pe::VectorKind combiner(PartialKind kind) {
  switch (kind) {
  case PartialKind::Mul:
    return pe::VectorKind::Mul;
  case PartialKind::Min:
    return pe::VectorKind::Min;
  case PartialKind::Max:
    return pe::VectorKind::Max;
  case PartialKind::Pick:
    return pe::VectorKind::Or; // one contributor, others hold zero bits
  case PartialKind::AddChecked:
    return pe::VectorKind::AddChecked;
  case PartialKind::MulChecked:
    return pe::VectorKind::MulChecked;
  case PartialKind::Add:
  case PartialKind::None:
    break;
  }
  return pe::VectorKind::Add;
}

/// What is picked are bits.
static pe::ElementType termType(const Tensor &term) {
  return term.layout.kind == PartialKind::Pick ? pe::ElementType::I32 : term.elementType();
}

LogicalResult wafer::wfr::lowerReduce(ReduceOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  Side side = op.getSide();
  ReduceTask task = ReduceTask::of(source.layout, side, code.size);
  // Terms are combined over whole boxes: what lies beyond a ragged edge holds the identity.
  return code.function(op.getLoc(), source.layout, ("reduce_" + stringifySide(side)).str(), [&](PeBuilder &b) {
    ReduceCode reduce{b, code.lineColors(side), source.buffer, combiner(source.layout.kind), termType(source)};
    collectiveOf(op.getAlgorithm()).build(task, reduce);
    return success();
  });
}

/// The PE's role on a line, in main: a word that the loader fills and the program reads once. The roles of all PEs of a
/// line are a constant as long as the line.
static Value roleOn(Side side, LineAttr attr, const LineShape &line, RegionCode &code) {
  Value &role = code.roles[{side, attr}];
  if (!role) {
    SmallVector<int32_t> numbers;
    for (int64_t p = 0; p != code.size.along(side); ++p)
      numbers.push_back(static_cast<int32_t>(line.roleAt(p).number()));
    Layout layout = Layout::replicated({1});
    layout.dims.front().start.step[majorAxis(side)] = 1;
    Location loc = code.region.getLoc();
    auto type = RankedTensorType::get({code.size.along(side)}, code.builder.getI32Type());
    std::string buffer = code.newConstant(loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)), layout);
    auto main = *code.program.getBody().getOps<pe::MainOp>().begin();
    OpBuilder atStart = OpBuilder::atBlockBegin(&main.getBody().front());
    Value address = pe::AddrOp::create(atStart, loc, atStart.getI32Type(), buffer, 0);
    role = pe::LoadOp::create(atStart, loc, atStart.getI32Type(), address, 0);
  }
  return role;
}

LogicalResult wafer::wfr::lowerAllReduce(AllReduceOp op, RegionCode &code, AllReducePart part) {
  // Of several tensors the first: they lie one after the other.
  Tensor source = code.tensor(op.getSources().front()), result = code.tensor(op.getSums().front());
  Side side = op.getSide();
  ReduceTask task = ReduceTask::of(source.layout, side, code.size);
  task.words = 0;
  for (Value each : op.getSources()) {
    BufferPart due(source.buffer.name, source.buffer.offsetWords + task.words);
    if (!(code.tensor(each).buffer == due))
      return wafer::emitUnsupported(op, "combines tensors at a time that are not made for it alone");
    task.words += layoutOf(each.getType()).words();
  }
  LineShape line = LineShape::of(op.getLine(), task.line);
  auto body = [&](PeBuilder &b) {
    AllReduceCode reduce{{b, code.lineColors(side), source.buffer, combiner(source.layout.kind), termType(source)},
                         result.buffer,
                         b.builder.getInsertionBlock()->getArguments().back()};
    buildAllReduce(task, line, reduce, part);
    return success();
  };
  const StringRef name = part == AllReducePart::Whole   ? "all_reduce_"
                         : part == AllReducePart::Start ? "start_all_reduce_"
                                                        : "finish_all_reduce_";
  return code.function(op.getLoc(), source.layout, (name + stringifySide(side)).str(), body,
                       roleOn(side, op.getLine(), line, code));
}
