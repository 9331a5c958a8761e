#include "EmitState.h"

using namespace mlir;
using namespace wafer::wfr;

EmitState::EmitState(const Graph &graph, const Plan &plan, OpBuilder &builder, Location loc, int64_t meshWidth,
                     int64_t meshHeight)
    : graph(graph), plan(plan), program(ProgramOp::create(builder, loc, "main", meshWidth, meshHeight)),
      streamBuilder(OpBuilder::atBlockEnd(&program.getBody().emplaceBlock())) {
  for (int r = 0; r != plan.regions; ++r) {
    auto region = RegionOp::create(streamBuilder, loc, ("r" + Twine(r)).str(), plan.region.width, plan.region.height,
                                   RectAttr(), DenseI64ArrayAttr());
    region->setAttr("estimated_bytes", streamBuilder.getI64IntegerAttr(plan.bytes[r]));
    regions.emplace_back(region);
  }
}

RankedTensorType EmitState::typeOf(int tensor, const Layout &layout) const {
  return wafer::wfr::typeOf(graph.tensors[tensor].shape, graph.tensors[tensor].element, layout);
}

RankedTensorType wafer::wfr::typeOf(ArrayRef<int64_t> shape, Type element, const Layout &layout) {
  return RankedTensorType::get(shape, element, layout.simplified().attr(element.getContext()));
}

void wafer::wfr::noteEstimate(Operation *op, const NodePlan &plan) {
  Builder builder(op->getContext());
  auto before = op->getAttrOfType<DictionaryAttr>("estimated_cycles");
  SmallVector<NamedAttribute> cycles;
  for (auto [what, spent] : {std::pair{"compute", plan.cycles.compute},
                             {"host", plan.cycles.host},
                             {"moves", plan.cycles.moves},
                             {"reductions", plan.cycles.reductions}}) {
    auto known = before ? before.getAs<IntegerAttr>(what) : IntegerAttr();
    if (int64_t sum = std::llround(spent) + (known ? known.getInt() : 0))
      cycles.push_back(builder.getNamedAttr(what, builder.getI64IntegerAttr(sum)));
  }
  if (!cycles.empty())
    op->setAttr("estimated_cycles", builder.getDictionaryAttr(cycles));
}
