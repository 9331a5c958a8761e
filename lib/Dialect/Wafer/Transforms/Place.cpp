// The pass wafer-place: gives every region its rectangle. The placer (lib/Place) decides; here are only the translation
// and the weights of its links: a link for all streams between two ends, by how much its lanes carry.
#include "wafer/Collectives/Channels.h"
#include "wafer/Dialect/Wafer/Layout.h"
#include "wafer/Dialect/Wafer/Passes.h"
#include "wafer/Place/Placer.h"

#include "wafer/Target/LoadProfile.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace wafer {
#define GEN_PASS_DEF_WAFERPLACE
#include "wafer/Dialect/Wafer/Passes.h.inc"
} // namespace wafer

namespace {

struct WaferPlacePass : wafer::impl::WaferPlaceBase<WaferPlacePass> {
  using WaferPlaceBase::WaferPlaceBase;

  /// Colors that the channels of regions leave for nets.
  static int netColors(const Profile &profile, ArrayRef<RegionOp> regions) {
    ChannelSet channels[]{kChannelsOfAll, kChannelsOfAll};
    for (auto [side, set] : llvm::zip_equal(kSides, channels))
      for (RegionOp region : regions)
        set |= channelsAlong(side, region);
    return std::max(wfr::netColors(profile, channels[0], channels[1], static_cast<int>(regions.size())), 1);
  }

  void runOnOperation() override {
    ProgramOp program = getOperation();
    FailureOr<Profile> profile = loadProfile(program.getLoc(), target);
    if (failed(profile))
      return signalPassFailure();
    PlaceRequest request{.profile = *profile,
                         .width = static_cast<int>(program.getMeshWidth()),
                         .height = static_cast<int>(program.getMeshHeight()),
                         .items = {},
                         .links = {},
                         .seed = static_cast<uint64_t>(seed)};
    SmallVector<RegionOp> regions(program.getBody().getOps<RegionOp>());
    llvm::StringMap<int> numbers;
    for (auto [i, region] : llvm::enumerate(regions)) {
      PlaceItem item{region.getSymName().str(), static_cast<int>(region.getWidth()),
                     static_cast<int>(region.getHeight()), std::nullopt, std::nullopt};
      if (auto pin = region.getPin(); pin && pin->size() == 2) {
        if ((*pin)[0] >= 0)
          item.pinX = static_cast<int>((*pin)[0]);
        if ((*pin)[1] >= 0)
          item.pinY = static_cast<int>((*pin)[1]);
      }
      request.items.push_back(item);
      numbers[region.getSymName()] = static_cast<int>(i);
    }
    constexpr int kHost = PlaceLink::kHost;
    llvm::MapVector<std::pair<int, int>, PlaceLink> links;
    llvm::MapVector<std::pair<Attribute, Attribute>, PlaceNet> nets;
    for (StreamOp stream : program.getBody().getOps<StreamOp>()) {
      auto type = cast<RankedTensorType>(stream.getType());
      double words = static_cast<double>(type.getNumElements()) / static_cast<double>(stream.getLanes());
      auto add = [&](int from, int to) {
        PlaceLink &link = links.try_emplace({from, to}, PlaceLink{from, to, 0, 0}).first->second;
        link.lanes = std::max(link.lanes, static_cast<int>(stream.getLanes()));
        link.weight += words;
      };
      PlaceNet &net = nets[{stream.getFromAttr(), stream.getTo()}];
      const bool isNew = net.ends.empty();
      net.lanes = std::max(net.lanes, static_cast<int>(stream.getLanes()));
      int from = stream.getFrom() ? numbers.lookup(*stream.getFrom()) : kHost;
      if (isNew)
        net.ends.push_back(from);
      if (stream.getTo().empty())
        add(from, kHost);
      // Lanes to several regions go on from each to the next.
      for (auto to : stream.getTo().getAsRange<FlatSymbolRefAttr>()) {
        int next = numbers.lookup(to.getValue());
        add(from, next);
        if (isNew)
          net.ends.push_back(next);
        from = next;
      }
    }
    for (auto &[ends, link] : links)
      request.links.push_back(link);
    for (auto &[ends, net] : nets)
      request.nets.push_back(net);
    request.colors = netColors(*profile, regions);
    Result<std::vector<Point>> places = place(request);
    if (!places) {
      wafer::emitError(program.getLoc(), places.error());
      return signalPassFailure();
    }
    for (auto [region, at] : llvm::zip(regions, *places))
      region.setRectAttr(RectAttr::get(&getContext(), at.x, at.y, region.getWidth(), region.getHeight()));
    numPlaced += regions.size();
  }
};

} // namespace
