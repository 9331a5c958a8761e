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
  MLIRContext *context = builder.getContext();
  AreaAttr area = channel.getArea();
  ChannelForm form = formOf(channel);
  int64_t made = 0;
  for (const LineRoute &route : routesOf(form, form.y ? area.getH() : area.getW())) {
    if (route.first >= route.end)
      continue;
    int64_t length = route.end - route.first;
    AreaAttr part =
        form.y ? AreaAttr::get(context, area.getX(), area.getY() + route.first, area.getW(), length, 1, route.step)
               : AreaAttr::get(context, area.getX() + route.first, area.getY(), length, area.getH(), route.step, 1);
    SmallVector<Attribute> positions;
    for (auto [input, outputs] : route.positions)
      positions.push_back(PositionAttr::get(context, input, outputs));
    RouteOp::create(builder, channel.getLoc(), channel.getSymName(), channel.getColor(), part,
                    builder.getArrayAttr(positions));
    ++made;
  }
  return made;
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
