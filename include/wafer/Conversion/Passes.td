//===- Passes.td - Conversions between waferc's levels ---------------------===//
#ifndef WAFER_CONVERSION_PASSES_TD
#define WAFER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertWaferToFabric : Pass<"convert-wafer-to-fabric", "::mlir::ModuleOp"> {
  let summary = "Placed regions and streams to channels and nets of the fabric";
  let options = [Option<"target", "target", "std::string", "\"wse2\"", "target profile: a name or a JSON file">];
  let dependentDialects = ["::wafer::fabric::FabricDialect"];
}

def ConvertWaferToPe : Pass<"convert-wafer-to-pe", "::mlir::ModuleOp"> {
  let summary = "Regions to core programs: an op becomes a function, a tensor a buffer";
  let description = [{
    Wants nets with colors (fabric-route-nets). The programs' buffers have no addresses yet (pe-allocate-buffers), functions
    that are alike are not merged yet (pe-share-functions).
  }];
  let options = [Option<"target", "target", "std::string", "\"wse2\"", "target profile: a name or a JSON file">,
                 Option<"wholeSums", "whole-sums", "bool", "false",
                        "all-reduces are one function each, which is less code: what stands beside one waits for its end">];
  let statistics = [Statistic<"numRegions", "regions", "regions lowered">,
                    Statistic<"numFunctions", "functions", "functions made">];
  let dependentDialects = ["::wafer::pe::PeDialect", "::mlir::ml_program::MLProgramDialect"];
}

#endif // WAFER_CONVERSION_PASSES_TD
