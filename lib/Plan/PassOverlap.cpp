#include "PassOverlap.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

void wafer::wfr::overlapPasses(Plan &plan, const ResourceModel &model) {
  for (NodePlan &node : plan.nodes) {
    if (node.candidate.steps != 1)
      continue;                 // what no step changes moves before a loop
    std::optional<Side> before; // of the last pass
    for (const OperandPlan &operand : node.operands) {
      if (operand.direct || operand.gathersElsewhere())
        continue;
      for (const Movement &movement : operand.pieces)
        for (const MoveStep &step : movement.steps) {
          if (!step.along)
            continue;
          const bool passes = !step.line && step.algorithm == MoveAlgorithm::Pass;
          if (passes && before == step.along) {
            const double hops = model.broadcastCycles(0, static_cast<int>(plan.region.along(*step.along)));
            node.cycles.moves -= hops;
            plan.cycles -= hops;
          }
          before = passes ? step.along : std::nullopt;
        }
    }
  }
}
