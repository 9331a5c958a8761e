// The pass convert-wafer-to-fabric: what placed regions and their streams ask of the fabric. Every region has the same
// channels, whatever its kernels use. Streams become nets, from the heads (x = 0) of the producer's rows to those of
// the consumer, or to and from the mesh's west edge in the region's own rows. All streams from one region to another
// share one net: both ends use them in the same order, and colors at a head's router are scarce. Every stream with the
// host is a net of its own.
#include "wafer/Conversion/Passes.h"
#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Route/ChannelColors.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

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
      llvm::MapVector<Attribute, SmallVector<wfr::StreamOp>> groups;
      for (wfr::StreamOp stream : program.getBody().getOps<wfr::StreamOp>()) {
        Attribute key = stream.getSymNameAttr();
        if (!stream.getHostName())
          key = builder.getArrayAttr({stream.getFromAttr(), stream.getTo()});
        groups[key].push_back(stream);
      }
      for (auto &[key, streams] : groups)
        addNet(streams, regions, builder);
    }
  }

  void addChannels(wfr::RegionOp region, const ChannelColors &colors, OpBuilder &builder) {
    wfr::RectAttr rect = *region.getRect();
    auto area = fabric::AreaAttr::get(&getContext(), rect.getX(), rect.getY(), rect.getW(), rect.getH(), 1, 1);
    auto add = [&](fabric::ChannelKind kind, int color) {
      fabric::ChannelOp::create(builder, region.getLoc(),
                                (region.getSymName() + "." + fabric::stringifyChannelKind(kind)).str(), kind, color,
                                area);
    };
    auto exchanges = [&](StringRef axis) {
      return region
          .walk([&](wfr::RedistributeOp op) {
            return op.byNeighbors() && op.getAxis() == axis ? WalkResult::interrupt() : WalkResult::advance();
          })
          .wasInterrupted();
    };
    if (rect.getW() > 1) {
      add(fabric::ChannelKind::GatherX, colors.gatherX);
      add(fabric::ChannelKind::BroadcastX, colors.broadcastX);
      add(fabric::ChannelKind::ChainXEven, colors.chainX[0]);
      add(fabric::ChannelKind::ChainXOdd, colors.chainX[1]);
      if (exchanges("x")) {
        add(fabric::ChannelKind::AwayXEven, colors.awayX[0]);
        add(fabric::ChannelKind::AwayXOdd, colors.awayX[1]);
      }
    }
    if (rect.getH() > 1) {
      add(fabric::ChannelKind::GatherY, colors.gatherY);
      add(fabric::ChannelKind::BroadcastY, colors.broadcastY);
      add(fabric::ChannelKind::ChainYEven, colors.chainY[0]);
      add(fabric::ChannelKind::ChainYOdd, colors.chainY[1]);
      if (exchanges("y")) {
        add(fabric::ChannelKind::AwayYEven, colors.awayY[0]);
        add(fabric::ChannelKind::AwayYOdd, colors.awayY[1]);
      }
    }
  }

  void addNet(ArrayRef<wfr::StreamOp> streams, SymbolTable &regions, OpBuilder &builder) {
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
      return fabric::RunAttr::get(&getContext(), 0, rect.getY(), 0, 1, lanes, fabric::Port::West);
    };
    SmallVector<Attribute> sinks;
    for (auto to : stream.getTo().getAsRange<FlatSymbolRefAttr>())
      sinks.push_back(heads(rectOf(to.getValue())));
    fabric::RunAttr source = stream.getFrom() ? heads(rectOf(*stream.getFrom()))
                                              : edge(rectOf(cast<FlatSymbolRefAttr>(stream.getTo()[0]).getValue()));
    if (sinks.empty())
      sinks.push_back(edge(rectOf(*stream.getFrom())));
    std::string name = stream.getHostName()
                           ? stream.getSymName().str()
                           : (*stream.getFrom() + "_to_" + cast<FlatSymbolRefAttr>(stream.getTo()[0]).getValue()).str();
    fabric::NetOp::create(builder, stream.getLoc(), name, source, builder.getArrayAttr(sinks), /*color=*/IntegerAttr(),
                          /*hops=*/IntegerAttr(), builder.getStrArrayAttr(carries));
  }
};

} // namespace
