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

def WaferVerifyOrder : Pass<"wafer-verify-order", "::wafer::wfr::ProgramOp"> {
  let summary = "Proves that regions cannot wait for one another in a circle, whatever the buffering";
  let description = [{
    Every stream is sent once by the region that it begins in, taken once by each region that it leads to, and by
    nobody else, outside of chunk loops; and the order in which regions use streams has no cycle, so that all regions
    follow one global order. Streams that share a net are therefore used in the same order at all ends, the host
    included. A failure is
    WF5201 or WF5200; the latter prints the circle by region, stream and ONNX node. Linear in the ops.
  }];
}

#endif // WAFER_DIALECT_WAFER_PASSES_TD
