//===- Passes.td - Passes on the fabric dialect ----------------------------===//
#ifndef WAFER_DIALECT_FABRIC_PASSES_TD
#define WAFER_DIALECT_FABRIC_PASSES_TD

include "mlir/Pass/PassBase.td"

def FabricRouteNets : Pass<"fabric-route-nets", "::wafer::fabric::ProgramOp"> {
  let summary = "Gives every net a color and routes";
  let options = [Option<"target", "target", "std::string", "\"wse2\"", "target profile: a name or a JSON file">,
                 Option<"seed", "seed", "int64_t", "0", "another seed may give other routes">];
  let statistics = [Statistic<"numNets", "nets", "nets routed">, Statistic<"numRoutes", "routes", "route shapes made">];
}

def FabricExpandChannels : Pass<"fabric-expand-channels", "::wafer::fabric::ProgramOp"> {
  let summary = "Makes the routes of region channels";
  let statistics = [Statistic<"numRoutes", "routes", "route shapes made">];
}

def FabricExtractFlows : Pass<"fabric-extract-flows", "::wafer::fabric::ProgramOp"> {
  let summary = "Says what routes really do: a remark for each flow that they carry";
  let description = [{
    To look at routes that were made or written wrongly; changes nothing. At each fabric.route whose routers take
    wavelets from their cores, or from a host port, there is a remark for each class of flows that begins there:

        color 8 of @n: <0, 3, 1, 4> by ramp to (x + 2, y) by ramp, (x + 3 .. 9, y) by ramp

    (x, y) is the source, any of the area before `by`. A flow that does not end is a remark too and says where it stops.
    Only first turns are followed: wavelets that a router takes from its core after others are those of no channel.
  }];
}

def FabricVerifyRoutes : Pass<"fabric-verify-routes", "::wafer::fabric::ProgramOp"> {
  let summary = "Proves that the routes implement the channels and nets, and nothing else";
  let description = [{
    Flows are extracted back from the routes and compared with the intent. Also checked: at most one entry per router and
    color, every output accepted by its neighbor, no loop, nothing through dead PEs and links or over the mesh's edge except at host
    ports, and the profile's limits on colors, switches and inputs. Time follows the route shapes, not the routers.
  }];
  let options = [Option<"target", "target", "std::string", "\"wse2\"", "target profile: a name or a JSON file">];
  let statistics = [Statistic<"numFlows", "flows", "classes of flows extracted">];
}

#endif // WAFER_DIALECT_FABRIC_PASSES_TD
