// The pass fabric-route-nets: asks the router (lib/Route) and writes its answer as colors and routes.
#include "wafer/Dialect/Fabric/Channels.h"
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Route/Router.h"

#include "mlir/IR/Builders.h"

#include "wafer/Target/LoadProfile.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::fabric;

namespace wafer::fabric {
#define GEN_PASS_DEF_FABRICROUTENETS
#include "wafer/Dialect/Fabric/Passes.h.inc"
} // namespace wafer::fabric

namespace {

Terminal terminalOf(RunAttr run, int64_t i) {
  return {{static_cast<int>(run.getX() + i * run.getDx()), static_cast<int>(run.getY() + i * run.getDy())},
          static_cast<PortBits>(run.getPort())};
}

RoutedChannel routed(ChannelOp op) {
  auto number = [](int64_t n) { return static_cast<int>(n); };
  const AreaAttr all = op.getArea();
  RoutedChannel channel{static_cast<int>(op.getColor()),
                        {number(all.getX()), number(all.getY()), number(all.getW()), number(all.getH())},
                        {}};
  for (const LineRoute &route : routesOf(op)) {
    const AreaAttr area = areaOf(op, route);
    channel.routers.push_back({number(area.getX()), number(area.getY()), number(area.getW()), number(area.getH()),
                               number(area.getStepX()), number(area.getStepY())});
  }
  return channel;
}

/// The net, or a new one of some of its lanes.
NetOp partOf(NetOp whole, const RoutedNet &routed) {
  if (routed.lanes == whole.getSource().getCount())
    return whole;
  auto lanesOf = [&](RunAttr run) {
    return RunAttr::get(whole.getContext(), run.getX() + routed.firstLane * run.getDx(),
                        run.getY() + routed.firstLane * run.getDy(), run.getDx(), run.getDy(), routed.lanes,
                        run.getPort());
  };
  OpBuilder builder(whole);
  auto part = cast<NetOp>(builder.clone(*whole));
  part.setSymName((whole.getSymName() + ".lane" + Twine(routed.firstLane)).str());
  part.setSourceAttr(lanesOf(whole.getSource()));
  SmallVector<Attribute> sinks;
  for (RunAttr run : whole.getSinks().getAsRange<RunAttr>())
    sinks.push_back(lanesOf(run));
  part.setSinksAttr(builder.getArrayAttr(sinks));
  part.setFirst(routed.firstLane);
  return part;
}

struct FabricRouteNetsPass : fabric::impl::FabricRouteNetsBase<FabricRouteNetsPass> {
  using FabricRouteNetsBase::FabricRouteNetsBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    FailureOr<Profile> profile = loadProfile(program.getLoc(), target);
    if (failed(profile))
      return signalPassFailure();
    RouteRequest request{*profile,
                         {},
                         static_cast<int>(program.getMeshWidth()),
                         static_cast<int>(program.getMeshHeight()),
                         {},
                         static_cast<uint64_t>(seed)};
    for (ChannelOp channel : program.getBody().getOps<ChannelOp>())
      request.channels.push_back(routed(channel));
    SmallVector<NetOp> nets(program.getBody().getOps<NetOp>());
    for (NetOp op : nets) {
      Net net{op.getSymName().str(), {}};
      for (int64_t i = 0; i != op.getSource().getCount(); ++i) {
        Lane lane{terminalOf(op.getSource(), i), {}};
        for (RunAttr sink : op.getSinks().getAsRange<RunAttr>())
          lane.sinks.push_back(terminalOf(sink, i));
        net.lanes.push_back(std::move(lane));
      }
      request.nets.push_back(std::move(net));
    }
    int unrouted = 0;
    Result<RouteSolution> solution = route(request, &unrouted);
    if (!solution) {
      wafer::emitError(program.getLoc(), solution.error(),
                       Shortfall{unrouted, static_cast<int64_t>(std::max<size_t>(nets.size(), 1))});
      return signalPassFailure();
    }
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    MLIRContext *context = &getContext();
    for (const RoutedNet &routed : solution->nets) {
      NetOp whole = nets[routed.net], op = partOf(whole, routed);
      op.setColor(routed.color);
      op.setHops(routed.hops);
      ++numNets;
      for (const RouteShape &shape : routed.shapes) {
        auto position = PositionAttr::get(context, static_cast<Port>(shape.input), shape.outputs);
        RouteOp::create(builder, op.getLoc(), op.getSymName(), routed.color,
                        AreaAttr::get(context, shape.x, shape.y, shape.w, shape.h, 1, 1),
                        builder.getArrayAttr({position}));
        ++numRoutes;
      }
    }
    for (NetOp op : nets)
      if (!op.getColor()) // its parts have theirs
        op.erase();
  }
};

} // namespace
