// The pass fabric-expand-channels: the template of each channel, over the rectangle of its region.
#include "wafer/Dialect/Fabric/Channels.h"
#include "wafer/Dialect/Fabric/Passes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::fabric;

namespace wafer::fabric {
#define GEN_PASS_DEF_FABRICEXPANDCHANNELS
#include "wafer/Dialect/Fabric/Passes.h.inc"
} // namespace wafer::fabric

namespace {

/// Routes of a channel on all its lines; returns how many.
int64_t expand(ChannelOp channel, OpBuilder &builder) {
  const SmallVector<LineRoute> routes = routesOf(channel);
  for (const LineRoute &route : routes) {
    SmallVector<Attribute> positions;
    for (auto [input, outputs] : route.positions)
      positions.push_back(PositionAttr::get(builder.getContext(), input, outputs));
    RouteOp::create(builder, channel.getLoc(), channel.getSymName(), channel.getColor(), areaOf(channel, route),
                    builder.getArrayAttr(positions));
  }
  return static_cast<int64_t>(routes.size());
}

struct FabricExpandChannelsPass : fabric::impl::FabricExpandChannelsBase<FabricExpandChannelsPass> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    for (ChannelOp channel : llvm::make_early_inc_range(program.getBody().getOps<ChannelOp>()))
      numRoutes += expand(channel, builder);
  }
};

} // namespace
