// The pass fabric-expand-channels: the template of each channel, over the rectangle of its region. Lines of one PE need
// no channel; the first and the last PE of a line differ from those between.
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

class Template {
public:
  Template(ChannelOp channel, OpBuilder &builder) : channel(channel), builder(builder) {}

  int64_t expand() {
    switch (channel.getKind()) {
    case ChannelKind::GatherX:
      gather(false);
      break;
    case ChannelKind::GatherY:
      gather(true);
      break;
    case ChannelKind::BroadcastX:
      broadcast(false);
      break;
    case ChannelKind::BroadcastY:
      broadcast(true);
      break;
    case ChannelKind::ChainXEven:
      links(false, 0, /*away=*/false);
      break;
    case ChannelKind::ChainXOdd:
      links(false, 1, /*away=*/false);
      break;
    case ChannelKind::ChainYEven:
      links(true, 0, /*away=*/false);
      break;
    case ChannelKind::ChainYOdd:
      links(true, 1, /*away=*/false);
      break;
    case ChannelKind::AwayXEven:
      links(false, 0, /*away=*/true);
      break;
    case ChannelKind::AwayXOdd:
      links(false, 1, /*away=*/true);
      break;
    case ChannelKind::AwayYEven:
      links(true, 0, /*away=*/true);
      break;
    case ChannelKind::AwayYOdd:
      links(true, 1, /*away=*/true);
      break;
    }
    return made;
  }

private:
  using Positions = SmallVector<std::pair<Port, unsigned>, 2>;

  static unsigned bits(std::initializer_list<Port> ports) {
    unsigned mask = 0;
    for (Port port : ports)
      mask |= static_cast<unsigned>(port);
    return mask;
  }

  /// Routers first, first + step, ... below end along the line, on all lines.
  void route(bool y, int64_t first, int64_t end, int64_t step, const Positions &positions) {
    if (first >= end)
      return;
    AreaAttr area = channel.getArea();
    MLIRContext *context = builder.getContext();
    AreaAttr part = y ? AreaAttr::get(context, area.getX(), area.getY() + first, area.getW(), end - first, 1, step)
                      : AreaAttr::get(context, area.getX() + first, area.getY(), end - first, area.getH(), step, 1);
    SmallVector<Attribute> attributes;
    for (auto [input, outputs] : positions)
      attributes.push_back(PositionAttr::get(context, input, outputs));
    RouteOp::create(builder, channel.getLoc(), channel.getSymName(), channel.getColor(), part,
                    builder.getArrayAttr(attributes));
    ++made;
  }

  int64_t lineLength(bool y) { return y ? channel.getArea().getH() : channel.getArea().getW(); }

  void gather(bool y) {
    int64_t n = lineLength(y);
    Port toHead = y ? Port::North : Port::West, fromTail = y ? Port::South : Port::East;
    if (n < 2)
      return;
    route(y, 0, 1, 1, {{Port::Ramp, bits({Port::Ramp})}, {fromTail, bits({Port::Ramp})}});
    route(y, 1, n - 1, 1, {{Port::Ramp, bits({toHead})}, {fromTail, bits({toHead})}});
    route(y, n - 1, n, 1, {{Port::Ramp, bits({toHead})}});
  }

  void broadcast(bool y) {
    int64_t n = lineLength(y);
    Port toTail = y ? Port::South : Port::East, fromHead = y ? Port::North : Port::West;
    if (n < 2)
      return;
    route(y, 0, 1, 1, {{Port::Ramp, bits({toTail, Port::Ramp})}});
    route(y, 1, n - 1, 1, {{fromHead, bits({toTail, Port::Ramp})}});
    route(y, n - 1, n, 1, {{fromHead, bits({Port::Ramp})}});
  }

  /// Links between neighbors, into those of one parity: toward the head or away from it.
  void links(bool y, int64_t parity, bool away) {
    int64_t n = lineLength(y);
    Port ahead = y ? Port::North : Port::West, behind = y ? Port::South : Port::East;
    Port from = away ? ahead : behind, to = away ? behind : ahead;
    int64_t taker = away && !parity ? 2 : parity, giver = away ? taker - 1 : taker + 1;
    route(y, taker, away ? n : n - 1, 2, {{from, bits({Port::Ramp})}});
    route(y, giver, away ? n - 1 : n, 2, {{Port::Ramp, bits({to})}});
  }

  ChannelOp channel;
  OpBuilder &builder;
  int64_t made = 0;
};

struct FabricExpandChannelsPass : fabric::impl::FabricExpandChannelsBase<FabricExpandChannelsPass> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    for (ChannelOp channel : llvm::make_early_inc_range(program.getBody().getOps<ChannelOp>()))
      numRoutes += Template(channel, builder).expand();
  }
};

} // namespace
