// The pass convert-wafer-to-fabric: what placed regions and their streams ask of the fabric. Every region has
// the channels that streams take, and those of its collectives. Streams become nets, from the heads (x = 0) of the
// producer's rows to those of the consumers, or to and from the mesh's west edge: in the region's own rows, or the
// nearest that no dead part closes. All streams with the same ends share one net, be it between regions or with the
// host: all ends use them in the same order, and colors at a head's router are scarce.
#include "wafer/Collectives/Channels.h"
#include "wafer/Conversion/Passes.h"
#include "wafer/Dialect/Fabric/Channels.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

#include "wafer/Target/DeadParts.h"
#include "wafer/Target/LoadProfile.h"

using namespace mlir;
using namespace wafer;

namespace wafer {
#define GEN_PASS_DEF_CONVERTWAFERTOFABRIC
#include "wafer/Conversion/Passes.h.inc"
} // namespace wafer

namespace {

struct ConvertWaferToFabricPass : wafer::impl::ConvertWaferToFabricBase<ConvertWaferToFabricPass> {
  using ConvertWaferToFabricBase::ConvertWaferToFabricBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Profile> profile = loadProfile(module.getLoc(), target);
    if (failed(profile))
      return signalPassFailure();
    Result<ChannelColors> colors = ChannelColors::assign(*profile);
    if (!colors) {
      wafer::emitError(module.getLoc(), colors.error());
      return signalPassFailure();
    }
    const DeadParts dead(*profile);
    for (wfr::ProgramOp program : llvm::make_early_inc_range(module.getOps<wfr::ProgramOp>())) {
      OpBuilder builder(program);
      builder.setInsertionPointAfter(program);
      auto fabric = fabric::ProgramOp::create(builder, program.getLoc(), (program.getSymName() + "_fabric").str(),
                                              program.getMeshWidth(), program.getMeshHeight());
      builder.setInsertionPointToStart(&fabric.getBody().emplaceBlock());
      for (wfr::RegionOp region : program.getBody().getOps<wfr::RegionOp>()) {
        if (!region.getRect()) {
          region.emitError("is not placed");
          return signalPassFailure();
        }
        addChannels(region, *colors, builder);
      }
      SymbolTable regions(program);
      // In the order of their first streams.
      llvm::MapVector<std::pair<Attribute, Attribute>, SmallVector<wfr::StreamOp>> groups;
      for (wfr::StreamOp stream : program.getBody().getOps<wfr::StreamOp>()) {
        groups[{stream.getFromAttr(), stream.getTo()}].push_back(stream);
      }
      for (auto &[key, streams] : groups)
        addNet(streams, regions, dead, program.getMeshHeight(), builder);
    }
  }

  void addChannels(wfr::RegionOp region, const ChannelColors &colors, OpBuilder &builder) {
    wfr::RectAttr rect = *region.getRect();
    auto area = fabric::AreaAttr::get(&getContext(), rect.getX(), rect.getY(), rect.getW(), rect.getH(), 1, 1);
    for (wfr::Side side : wfr::kSides) {
      if (region.size().along(side) == 1)
        continue;
      ChannelSet wanted = kChannelsOfAll | wfr::channelsAlong(side, region);
      const wfr::RoutedLines lines = wfr::linesAlong(side, region);
      const LineColors &line = side == wfr::Side::X ? colors.x : colors.y;
      for (Channel channel : kChannels)
        if (has(wanted, channel))
          for (auto [parity, color] : llvm::enumerate(line.of(channel))) {
            fabric::ChannelKind kind = fabric::kindOf(channel, side == wfr::Side::Y, parity);
            auto op = fabric::ChannelOp::create(
                builder, region.getLoc(), (region.getSymName() + "." + fabric::stringifyChannelKind(kind)).str(), kind,
                color, area, /*root=*/IntegerAttr(), /*group=*/IntegerAttr(), /*leaders=*/DenseI64ArrayAttr());
            if (channel == Channel::Cast)
              op.setRoot(lines.root);
            if (channel == Channel::GroupCast) {
              op.setRoot(lines.grouped.getRoot());
              op.setGroup(lines.grouped.getGroup());
            }
            if (channel == Channel::Far) {
              op.setRoot(lines.led.getRoot());
              op.setLeaders(lines.led.getLeaders());
            }
          }
    }
  }

  /// The first row of the ports nearest to row y, all of them open in both directions. Where there are none, the router
  /// says what is dead in row y.
  static int64_t portRows(int64_t y, int64_t lanes, const DeadParts &dead, int64_t meshHeight) {
    auto open = [&](int64_t row) {
      return !dead.pe(0, static_cast<int>(row)) && !dead.link(0, static_cast<int>(row), PortWest);
    };
    for (int64_t away = 0; away != meshHeight; ++away)
      for (int64_t first : {y - away, y + away})
        if (first >= 0 && first + lanes <= meshHeight && llvm::all_of(llvm::seq(first, first + lanes), open))
          return first;
    return y;
  }

  void addNet(ArrayRef<wfr::StreamOp> streams, SymbolTable &regions, const DeadParts &dead, int64_t meshHeight,
              OpBuilder &builder) {
    wfr::StreamOp stream = streams.front();
    int64_t lanes = 0;
    SmallVector<StringRef> carries;
    for (wfr::StreamOp each : streams) {
      lanes = std::max<int64_t>(lanes, each.getLanes());
      carries.push_back(each.getSymName());
    }
    auto rectOf = [&](StringRef name) { return *regions.lookup<wfr::RegionOp>(name).getRect(); };
    auto heads = [&](wfr::RectAttr rect) {
      return fabric::RunAttr::get(&getContext(), rect.getX(), rect.getY(), 0, 1, lanes, fabric::Port::Ramp);
    };
    auto edge = [&](wfr::RectAttr rect) {
      return fabric::RunAttr::get(&getContext(), 0, portRows(rect.getY(), lanes, dead, meshHeight), 0, 1, lanes,
                                  fabric::Port::West);
    };
    std::string name = (stream.getFrom() ? *stream.getFrom() : "host").str() + "_to";
    SmallVector<Attribute> sinks;
    // The host's lanes to several regions enter in the rows of the one that is nearest to the edge.
    std::optional<wfr::RectAttr> nearest;
    for (auto to : stream.getTo().getAsRange<FlatSymbolRefAttr>()) {
      wfr::RectAttr rect = rectOf(to.getValue());
      sinks.push_back(heads(rect));
      name += ("_" + to.getValue()).str();
      if (!nearest || rect.getX() < nearest->getX())
        nearest = rect;
    }
    if (sinks.empty()) {
      sinks.push_back(edge(rectOf(*stream.getFrom())));
      name += "_host";
    }
    fabric::RunAttr source = stream.getFrom() ? heads(rectOf(*stream.getFrom())) : edge(*nearest);
    fabric::NetOp::create(builder, stream.getLoc(), name, source, builder.getArrayAttr(sinks), /*color=*/IntegerAttr(),
                          /*hops=*/IntegerAttr(), builder.getStrArrayAttr(carries));
  }
};

} // namespace
