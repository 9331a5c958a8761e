//===- Passes.td - Planning -------------------------------------------------===//
#ifndef WAFER_PLAN_PASSES_TD
#define WAFER_PLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def WaferPlan : Pass<"wafer-plan", "::mlir::ModuleOp"> {
  let summary = "Chooses regions, layouts and algorithms: tensor level to wafer.program";
  let description = [{
    Walks the ops of @main in topological order with a beam over layouts. Every candidate is priced with the resource
    model; SRAM per PE is counted with code, weights, live tensors and scratch. When a region is full the next is opened
    and streams carry what crosses. Regions are width x height PEs each, at most `regions` of them. Once their size is
    chosen, divisions of their sides into two logical axes are tried, which gives kernels of many short loops more PEs;
    last, for graphs of not too many nodes, a wider beam on what has been chosen. With `quick` only the size whose plans
    may be the fastest is searched, and others where that has none.
  }];
  let options = [Option<"target", "target", "std::string", "\"wse2\"", "target profile: a name or a JSON file">,
                 Option<"meshWidth", "mesh-width", "int64_t", "0", "mesh width (0: the target's)">,
                 Option<"meshHeight", "mesh-height", "int64_t", "0", "mesh height (0: the target's)">,
                 Option<"width", "width", "int64_t", "0", "width of every region (0: chosen by cost)">,
                 Option<"height", "height", "int64_t", "0", "height of every region (0: chosen by cost)">,
                 Option<"splitX", "split-x", "int64_t", "0", "minor axis of the width: x = x0 * split-x + x1 (0: chosen by cost)">,
                 Option<"splitY", "split-y", "int64_t", "0", "minor axis of the height (0: chosen by cost)">,
                 Option<"middleX", "middle-x", "int64_t", "1", "middle axis of a width that is divided: x = (x0 * middle-x + xm) * split-x + x1">,
                 Option<"middleY", "middle-y", "int64_t", "1", "middle axis of a height that is divided">,
                 Option<"regions", "regions", "int64_t", "0", "at most so many regions (0: as many as there is room for)">,
                 Option<"largestSide", "largest-side", "int64_t", "64", "no region is wider or higher">,
                 Option<"growTo", "grow-to", "int64_t", "0", "but up to that where no plan has regions so small (0: none is)">,
                 Option<"fill", "fill", "int64_t", "100", "percent of the usable SRAM that plans may count on">,
                 Option<"lanes", "lanes", "int64_t", "0", "lanes of a stream, at most (0: as many as rows, and as the host has)">,
                 Option<"first", "first", "bool", "false",
                        "the first plan that is found will do: whether there is one is the question">,
                 Option<"quick", "quick", "bool", "false",
                        "look at the size of regions that promises most, once">,
                 Option<"beam", "beam", "int64_t", "6", "width of the beam">];
  let statistics = [Statistic<"numRegions", "regions", "regions planned">,
                    Statistic<"numCandidates", "candidates", "candidates priced for the plan">];
  let dependentDialects = ["::wafer::wfr::WaferDialect"];
}

#endif // WAFER_PLAN_PASSES_TD
