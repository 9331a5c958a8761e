#include "wafer/Dialect/Wafer/Steps.h"

using namespace mlir;
using namespace wafer;

wfr::StepEstimate wfr::estimateOf(Operation *step) {
  StepEstimate estimate;
  if (auto parts = step->getAttrOfType<DictionaryAttr>("estimated_cycles"))
    for (NamedAttribute part : parts) {
      const int64_t spent = cast<IntegerAttr>(part.getValue()).getInt();
      estimate.cycles += spent;
      if (spent > estimate.boundCycles) {
        estimate.boundCycles = spent;
        estimate.bound = part.getName();
      }
    }
  return estimate;
}

bool wfr::hasCode(Operation &op) { return !llvm::isa<WeightOp, ConstantOp, EmptyOp, ReshapeOp>(op); }

bool wfr::computesOnEachPe(Operation &op) {
  if (auto move = dyn_cast<RedistributeOp>(op))
    return !move.getSide();
  return !hasCode(op) || llvm::isa<FillOp, TermsOp, KernelOp, GatherOp>(op);
}

std::string wfr::nodeOf(Location location) {
  auto name = location->findInstanceOf<NameLoc>();
  return name ? name.getName().str() : "";
}

std::set<std::string> wfr::nodesOf(Operation *step) {
  std::set<std::string> nodes;
  step->walk([&](Operation *op) {
    if (std::string name = nodeOf(op->getLoc()); !name.empty())
      nodes.insert(std::move(name));
  });
  return nodes;
}
