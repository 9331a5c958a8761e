// The pass fabric-verify-routes: from routes back to flows, and flows against intent.
//
// First every route is looked at alone: one entry per router and color, colors and switches that the profile allows,
// every output taken by the neighbor it leads to, every input given by the neighbor it comes from, nothing dead,
// nothing over the mesh's edge but at host ports. Then flows are extracted (lib/Dialect/Fabric/Flows.cpp): a wavelet is
// followed from each core or host port that may inject, through the switch positions that hold when it does, to all
// that hear it. They must be exactly what the channel or net says: a broadcast is heard by its whole line, a gather by
// the line's head from every PE, whoever's turn it is. Each router that a flow passes must belong to that flow's owner,
// and no router may be left that no flow passes.
//
// All of this is done on areas, never router by router, and exactly: "every router here meets one there" is "nothing is
// left when what is met is taken away". So time and memory follow the shapes of routes, whatever the size of the mesh.
//
// Deadlock: within a color, trees without loops and with one writer per segment cannot wait in a circle; colors have
// buffers of their own and share links fairly, so no color waits for another inside the fabric. What is left are
// circles through cores, which are the order of sends and receives: wafer-verify-order excludes them.
#include "CompareFlows.h"
#include "wafer/Dialect/Fabric/Channels.h"
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Target/Profile.h"

#include "wafer/Target/LoadProfile.h"

#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::fabric;

namespace wafer::fabric {
#define GEN_PASS_DEF_FABRICVERIFYROUTES
#include "wafer/Dialect/Fabric/Passes.h.inc"
} // namespace wafer::fabric

namespace {

unsigned bit(Port port) { return static_cast<unsigned>(port); }

Tile tileOf(RunAttr run, int64_t i) { return {run.getX() + i * run.getDx(), run.getY() + i * run.getDy()}; }

/// The tiles of a run as areas: one, or one for each where it goes aslant.
SmallVector<Area> areasOf(RunAttr run) {
  Tile first = tileOf(run, 0), last = tileOf(run, run.getCount() - 1);
  if (run.getDx() != 0 && run.getDy() != 0) {
    SmallVector<Area> tiles;
    for (int64_t i = 0; i != run.getCount(); ++i)
      tiles.push_back(Area::of(tileOf(run, i)));
    return tiles;
  }
  auto side = [&](int64_t a, int64_t b, int64_t step) {
    return step == 0 ? Progression::range(a, a) : Progression::make(std::min(a, b), std::abs(step), run.getCount());
  };
  return {Area{side(first.x, last.x, run.getDx()), side(first.y, last.y, run.getDy())}};
}

/// Tiles with a dead part of one kind.
class DeadTiles {
public:
  static DeadTiles pesOf(const Profile &profile) {
    std::vector<Area> tiles;
    for (auto [x, y] : profile.deadPes)
      tiles.push_back(Area::of(Tile{x, y}));
    return DeadTiles(std::move(tiles));
  }
  /// Those whose links to one side are dead.
  static DeadTiles linksOf(const Profile &profile, Port side) {
    std::vector<Area> tiles;
    for (const DeadLink &link : profile.deadLinks)
      if (static_cast<Port>(link.side) == side)
        tiles.push_back(Area::of(Tile{link.x, link.y}));
    return DeadTiles(std::move(tiles));
  }

  /// Row by row.
  std::optional<Tile> firstIn(const Area &area) const {
    std::optional<Tile> first;
    index.forEach(area, [&](size_t, const Area &common) {
      if (!first || rowByRow(common.first(), *first))
        first = common.first();
    });
    return first;
  }

private:
  explicit DeadTiles(std::vector<Area> tiles) : index(std::move(tiles)) {}

  AreaIndex index;
};

class Verifier {
public:
  Verifier(ProgramOp program, const Profile &profile)
      : program(program), profile(profile), routers(program), deadPes(DeadTiles::pesOf(profile)) {
    for (Port side : kSides)
      deadLinks.emplace(side, DeadTiles::linksOf(profile, side));
  }

  int64_t flows = 0;

  LogicalResult run() {
    for (NetOp net : program.getBody().getOps<NetOp>())
      if (failed(collectHostPorts(net)))
        return failure();
    auto each = [&](LogicalResult (Verifier::*check)(Routers::Shape &)) {
      return success(
          llvm::all_of(routers.all(), [&](Routers::Shape &shape) { return succeeded((this->*check)(shape)); }));
    };
    if (failed(each(&Verifier::checkLimits)) || failed(each(&Verifier::checkAlone)) ||
        failed(each(&Verifier::checkNeighbors)))
      return failure();
    for (ChannelOp channel : program.getBody().getOps<ChannelOp>())
      if (failed(checkChannel(channel)))
        return failure();
    for (NetOp net : program.getBody().getOps<NetOp>())
      if (failed(checkNet(net)))
        return failure();
    return each(&Verifier::checkUsed);
  }

private:
  LogicalResult error(Operation *op, const std::string &what) {
    wafer::emitError(op->getLoc(), ErrorCode::RouteIllegal, what, "this is a defect of the compiler: please report it");
    return failure();
  }

  static std::string nameOf(Routers::Shape &shape) {
    return "color " + std::to_string(shape.route.getColor()) + " of @" + shape.route.getOwner().str();
  }

  LogicalResult collectHostPorts(NetOp net) {
    SmallVector<RunAttr> runs(net.getSinks().getAsRange<RunAttr>());
    runs.push_back(net.getSource());
    for (RunAttr run : runs) {
      if (run.getPort() == Port::Ramp)
        continue;
      for (const Area &area : areasOf(run)) {
        std::vector<Area> away{area};
        subtract(away, routers.beyond(run.getPort()).shifted(opposite(run.getPort())));
        if (!away.empty())
          return error(net, "@" + net.getSymName().str() + " has a host port at " + text(away.front().first()) +
                                ", which is not at the mesh's edge to the " + stringifyPort(run.getPort()).str());
        hostPorts.push_back({run.getPort(), area});
      }
    }
    return success();
  }

  //===- Routes alone -----------------------------------------------------===//

  LogicalResult checkLimits(Routers::Shape &shape) {
    int color = static_cast<int>(shape.route.getColor());
    std::string name = nameOf(shape);
    if (color >= profile.colors || profile.isReserved(color))
      return error(shape.route, name + " is not routable on '" + profile.name + "'");
    size_t positions = shape.positions.size();
    if (static_cast<int>(positions) > profile.switchPositions)
      return error(shape.route, name + " has " + std::to_string(positions) + " switch positions; the router has " +
                                    std::to_string(profile.switchPositions));
    if (positions > 1 && !profile.canSwitch(color))
      return error(shape.route, name + " has switch positions, and this color cannot switch on '" + profile.name + "'");
    PositionAttr first = shape.positions.front();
    for (PositionAttr position : shape.positions)
      if (!profile.switchChangesBoth && position.getInput() != first.getInput() &&
          position.getOutputs() != first.getOutputs())
        return error(shape.route,
                     name + " changes input and outputs with one switch, which '" + profile.name + "' cannot");
    return success();
  }

  /// No dead PE, and no other route of the color, in the route's area.
  LogicalResult checkAlone(Routers::Shape &shape) {
    if (std::optional<Tile> dead = deadPes.firstIn(shape.area))
      return error(shape.route, nameOf(shape) + " goes through the dead PE " + text(*dead));
    if (auto [tile, other] = routers.findTwice(shape); other)
      return error(shape.route, "router " + text(tile) + " has two set-ups for color " +
                                    std::to_string(shape.route.getColor()) + ": of @" + other->route.getOwner().str() +
                                    " and of @" + shape.route.getOwner().str());
    return success();
  }

  LogicalResult checkNeighbors(Routers::Shape &shape) {
    for (PositionAttr position : shape.positions)
      for (Port side : kSides) {
        bool out = position.getOutputs() & bit(side), in = position.getInput() == side;
        if ((out || in) && failed(checkSide(shape, side, out)))
          return failure();
      }
    return success();
  }

  LogicalResult checkSide(Routers::Shape &shape, Port side, bool out) {
    auto wrong = [&](Tile tile, const std::string &what) {
      return error(shape.route, nameOf(shape) + " at " + text(tile) + what);
    };
    std::string sideName = stringifyPort(side).str();
    std::vector<Area> inner{shape.area}, open;
    Area edge = routers.beyond(side).shifted(opposite(side));
    subtract(inner, edge);
    if (Area outer = intersect(shape.area, edge); !outer.empty()) {
      open = {outer};
      for (const auto &[port, area] : hostPorts)
        if (port == side)
          subtract(open, area);
    }
    if (!open.empty())
      return wrong(open.front().first(), " leads over the mesh's edge to the " + sideName);
    if (std::optional<Tile> tile = deadLinks.at(side).firstIn(intersect(shape.area, edge)))
      return wrong(*tile, " uses the dead host port to the " + sideName);
    for (const Area &area : inner) {
      Area others = area.shifted(side);
      if (std::optional<Tile> from =
              out ? deadLinks.at(side).firstIn(area) : deadLinks.at(opposite(side)).firstIn(others))
        return wrong(out ? *from : neighbor(*from, opposite(side)), " uses the dead link to the " + sideName);
      std::vector<Area> unmet{others};
      routers.forEach(shape.route.getColor(), others, [&](Routers::Shape &other, const Area &common) {
        if (llvm::any_of(other.positions, [&](PositionAttr p) {
              return out ? p.getInput() == opposite(side) : (p.getOutputs() & bit(opposite(side))) != 0;
            }))
          subtract(unmet, common);
      });
      if (!unmet.empty()) {
        Tile other = unmet.front().first();
        return wrong(neighbor(other, opposite(side)), (out ? " sends to the " : " receives from the ") + sideName +
                                                          ", where router " + text(other) +
                                                          (out ? " does not take it" : " does not send it"));
      }
    }
    return success();
  }

  //===- Flows against intent ---------------------------------------------===//

  LogicalResult checkFlows(Operation *intent, const Injection &injection, Wanted wanted) {
    SmallVector<Flow> found;
    if (std::optional<Fault> fault = routers.follow(injection, found))
      return error(intent, fault->text(injection));
    flows += found.size();
    for (Flow &flow : found)
      if (std::optional<Difference> difference = compare(flow, wanted))
        return error(intent, "what @" + injection.owner.str() + " sends from " + text(difference->source) +
                                 (difference->missing ? " never reaches " : " also reaches ") + text(difference->end));
    return success();
  }

  LogicalResult checkChannel(ChannelOp channel) {
    const ChannelForm form = formOf(channel);
    const Area area = Area::of(channel.getArea());
    const Progression &line = form.y ? area.y : area.x;
    for (const LineIntent &intent : intentsOf(form, line.count)) {
      if (intent.count == 0)
        continue;
      Area sources = area;
      (form.y ? sources.y : sources.x) = Progression::make(line.first + intent.first, intent.step, intent.count);
      auto hears = [&](Tile source) -> SmallVector<Box> {
        int64_t from = intent.relative ? (form.y ? source.y : source.x) : line.first, low = from + intent.low,
                high = from + intent.high;
        if (form.y)
          return {Box{source.x, source.x, low, high, Port::Ramp}};
        return {Box{low, high, source.y, source.y, Port::Ramp}};
      };
      if (failed(checkFlows(channel,
                            {channel.getSymName(), static_cast<int64_t>(channel.getColor()), sources, Port::Ramp,
                             turnOf(channel.getKind())},
                            hears)))
        return failure();
    }
    return success();
  }

  LogicalResult checkNet(NetOp net) {
    if (!net.getColor())
      return error(net, "net @" + net.getSymName().str() + " has no color");
    RunAttr source = net.getSource();
    auto wanted = [&](Tile tile) {
      int64_t lane = source.getDx() != 0   ? (tile.x - source.getX()) / source.getDx()
                     : source.getDy() != 0 ? (tile.y - source.getY()) / source.getDy()
                                           : 0;
      SmallVector<Box> ends;
      for (RunAttr sink : net.getSinks().getAsRange<RunAttr>())
        ends.push_back(Box::of(tileOf(sink, lane), sink.getPort()));
      return ends;
    };
    for (const Area &sources : areasOf(source))
      if (failed(checkFlows(
              net, {net.getSymName(), static_cast<int64_t>(*net.getColor()), sources, source.getPort(), Turn::None},
              wanted)))
        return failure();
    return success();
  }

  LogicalResult checkUsed(Routers::Shape &shape) {
    if (shape.unused.empty())
      return success();
    Tile tile = shape.unused.front().first();
    for (const Area &area : shape.unused)
      tile = std::min(tile, area.first());
    return error(shape.route, "router " + text(tile) + " has color " + std::to_string(shape.route.getColor()) +
                                  ", which no flow of @" + shape.route.getOwner().str() + " uses");
  }

  ProgramOp program;
  const Profile &profile;
  Routers routers;
  DeadTiles deadPes;
  std::map<Port, DeadTiles> deadLinks; // by the side that they lead to
  std::vector<std::pair<Port, Area>> hostPorts;
};

struct FabricVerifyRoutesPass : fabric::impl::FabricVerifyRoutesBase<FabricVerifyRoutesPass> {
  using FabricVerifyRoutesBase::FabricVerifyRoutesBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    FailureOr<Profile> profile = loadProfile(program.getLoc(), target);
    if (failed(profile))
      return signalPassFailure();
    Verifier verifier(program, *profile);
    if (failed(verifier.run()))
      return signalPassFailure();
    numFlows += verifier.flows;
  }
};

} // namespace
