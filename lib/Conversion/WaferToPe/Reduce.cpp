// Combining partial terms along a line of PEs: wafer.reduce, by the algorithm that it names. The order of the additions
// is part of the algorithm, so results depend on the choice but never on timing.
#include "RegionCode.h"

#include "wafer/Collectives/Reduce.h"

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

LogicalResult wafer::wfr::lowerReduce(ReduceOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  Side side = op.getSide();
  ReduceTask task = ReduceTask::of(source.layout, side, code.size);
  pe::ElementType type = source.layout.kind == PartialKind::Pick ? pe::ElementType::I32 : source.elementType();
  // Terms are combined over whole boxes: what lies beyond a ragged edge holds the identity.
  return code.function(op.getLoc(), source.layout, ("reduce_" + stringifySide(side)).str(), [&](PeBuilder &b) {
    ReduceCode reduce{b, code.lineColors(side), source.buffer, combiner(source.layout.kind), type};
    collectiveOf(op.getAlgorithm()).build(task, reduce);
    return success();
  });
}
