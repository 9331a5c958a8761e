//===- Passes.td - Passes on the wafer dialect ----------------------------===//
#ifndef WAFER_DIALECT_WAFER_PASSES_TD
#define WAFER_DIALECT_WAFER_PASSES_TD

include "mlir/Pass/PassBase.td"

def WaferPlace : Pass<"wafer-place", "::wafer::wfr::ProgramOp"> {
  let summary = "Gives every region a rectangle of the mesh";
  let description = [{
    Deterministic for a seed. Pins are honored, dead PEs avoided; streams are kept short. The seed moves places and
    nothing else.
  }];
  let options = [Option<"target", "target", "std::string", "\"wse2\"", "target profile: a name or a JSON file">,
                 Option<"seed", "seed", "int64_t", "0", "another seed gives another placement">];
  let statistics = [Statistic<"numPlaced", "placed", "regions placed">];
}

#endif // WAFER_DIALECT_WAFER_PASSES_TD
