// The pass fabric-verify-routes: from routes back to flows, and flows against intent.
//
// First every router in use is looked at alone: one entry per color, colors and switches that the profile allows, every
// output taken by the neighbor it leads to, every input given by the neighbor it comes from, nothing dead, nothing over
// the mesh's edge but at host ports. Then flows are extracted: a wavelet is followed from each core (or host port) that
// may inject, through the switch positions that hold when it does, to all cores that hear it. They must be exactly what
// the channel or net says: a broadcast is heard by its whole line, a gather by the line's head from every PE, whoever's
// turn it is. Each router that a flow passes must belong to that flow's owner, and no router may be left that no flow
// passes.
//
// Deadlock: within a color, trees without loops and with one writer per segment cannot wait in a circle; colors have
// buffers of their own and share links fairly, so no color waits for another inside the fabric. What is left are
// circles through cores, which are the order of sends and receives: wafer-verify-order excludes them.
//
// Time and memory follow the routers in use, not the mesh.
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Target/Profile.h"

#include <map>
#include <set>

#include "wafer/Target/LoadProfile.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::fabric;

namespace wafer::fabric {
#define GEN_PASS_DEF_FABRICVERIFYROUTES
#include "wafer/Dialect/Fabric/Passes.h.inc"
} // namespace wafer::fabric

namespace {

struct Tile {
  int64_t x, y;
  auto operator<=>(const Tile &) const = default;
};

constexpr Port kSides[] = {Port::North, Port::East, Port::South, Port::West};

Tile neighbor(Tile t, Port side) {
  switch (side) {
  case Port::North:
    return {t.x, t.y - 1};
  case Port::East:
    return {t.x + 1, t.y};
  case Port::South:
    return {t.x, t.y + 1};
  default:
    return {t.x - 1, t.y};
  }
}

Port opposite(Port side) {
  switch (side) {
  case Port::North:
    return Port::South;
  case Port::East:
    return Port::West;
  case Port::South:
    return Port::North;
  default:
    return Port::East;
  }
}

unsigned bit(Port port) { return static_cast<unsigned>(port); }

struct Router {
  RouteOp route;
  ArrayRef<Attribute> positions;
  bool passed = false; // by some flow
  PositionAttr at(size_t i) const { return cast<PositionAttr>(positions[std::min(i, positions.size() - 1)]); }
};

std::string text(Tile t) { return "(" + std::to_string(t.x) + ", " + std::to_string(t.y) + ")"; }

class Verifier {
public:
  Verifier(ProgramOp program, const Profile &profile) : program(program), profile(profile) {}

  int64_t flows = 0;

  LogicalResult run() {
    for (NetOp net : program.getBody().getOps<NetOp>())
      collectHostPorts(net);
    for (RouteOp route : program.getBody().getOps<RouteOp>())
      if (failed(addRoute(route)))
        return failure();
    for (auto &[key, router] : routers)
      if (failed(checkNeighbors(key.first, key.second, router)))
        return failure();
    for (ChannelOp channel : program.getBody().getOps<ChannelOp>())
      if (failed(checkChannel(channel)))
        return failure();
    for (NetOp net : program.getBody().getOps<NetOp>())
      if (failed(checkNet(net)))
        return failure();
    for (auto &[key, router] : routers)
      if (!router.passed)
        return error(router.route, "router " + text(key.second) + " has color " + std::to_string(key.first) +
                                       ", which no flow of @" + router.route.getOwner().str() + " uses");
    return success();
  }

private:
  using Key = std::pair<int64_t, Tile>; // color, router

  LogicalResult error(Operation *op, const std::string &what) {
    wafer::emitError(op->getLoc(), ErrorCode::RouteIllegal, what, "this is a defect of the compiler: please report it");
    return failure();
  }

  void collectHostPorts(NetOp net) {
    auto add = [&](RunAttr run) {
      if (run.getPort() == Port::Ramp)
        return;
      for (int64_t i = 0; i != run.getCount(); ++i)
        hostPorts.insert({{run.getX() + i * run.getDx(), run.getY() + i * run.getDy()}, run.getPort()});
    };
    add(net.getSource());
    for (RunAttr sink : net.getSinks().getAsRange<RunAttr>())
      add(sink);
  }

  LogicalResult addRoute(RouteOp route) {
    int color = static_cast<int>(route.getColor());
    std::string name = "color " + std::to_string(color) + " of @" + route.getOwner().str();
    if (color >= profile.colors || profile.isReserved(color))
      return error(route, name + " is not routable on '" + profile.name + "'");
    ArrayRef<Attribute> positions = route.getPositions().getValue();
    if (static_cast<int>(positions.size()) > profile.switchPositions)
      return error(route, name + " has " + std::to_string(positions.size()) + " switch positions; the router has " +
                              std::to_string(profile.switchPositions));
    if (positions.size() > 1 && !profile.canSwitch(color))
      return error(route, name + " has switch positions, and this color cannot switch on '" + profile.name + "'");
    auto first = cast<PositionAttr>(positions.front());
    for (Attribute attribute : positions) {
      auto position = cast<PositionAttr>(attribute);
      if (!profile.switchChangesBoth && position.getInput() != first.getInput() &&
          position.getOutputs() != first.getOutputs())
        return error(route, name + " changes input and outputs with one switch, which '" + profile.name + "' cannot");
    }
    AreaAttr area = route.getArea();
    for (int64_t y = area.getY(); y < area.getY() + area.getH(); y += area.getStepY())
      for (int64_t x = area.getX(); x < area.getX() + area.getW(); x += area.getStepX()) {
        if (profile.isDead(static_cast<int>(x), static_cast<int>(y)))
          return error(route, name + " goes through the dead PE " + text({x, y}));
        auto [it, inserted] = routers.try_emplace(Key{color, {x, y}}, Router{route, positions});
        if (!inserted)
          return error(route, "router " + text({x, y}) + " has two set-ups for color " + std::to_string(color) +
                                  ": of @" + it->second.route.getOwner().str() + " and of @" + route.getOwner().str());
      }
    return success();
  }

  Router *find(int64_t color, Tile tile) {
    auto it = routers.find({color, tile});
    return it == routers.end() ? nullptr : &it->second;
  }

  bool inside(Tile t) {
    return t.x >= 0 && t.y >= 0 && t.x < static_cast<int64_t>(program.getMeshWidth()) &&
           t.y < static_cast<int64_t>(program.getMeshHeight());
  }

  LogicalResult checkNeighbors(int64_t color, Tile tile, Router &router) {
    std::string name = "color " + std::to_string(color) + " of @" + router.route.getOwner().str() + " at " + text(tile);
    for (Attribute attribute : router.positions) {
      auto position = cast<PositionAttr>(attribute);
      for (Port side : kSides) {
        bool out = position.getOutputs() & bit(side), in = position.getInput() == side;
        if (!out && !in)
          continue;
        if (hostPorts.count({tile, side}))
          continue;
        Tile other = neighbor(tile, side);
        if (!inside(other))
          return error(router.route, name + " leads over the mesh's edge to the " + stringifyPort(side).str());
        bool dead = out ? profile.isDead(tile.x, tile.y, static_cast<PortBits>(side))
                        : profile.isDead(other.x, other.y, static_cast<PortBits>(opposite(side)));
        if (dead)
          return error(router.route, name + " uses the dead link to the " + stringifyPort(side).str());
        Router *next = find(color, other);
        bool meets = next && llvm::any_of(next->positions, [&](Attribute a) {
                       auto p = cast<PositionAttr>(a);
                       return out ? p.getInput() == opposite(side) : (p.getOutputs() & bit(opposite(side))) != 0;
                     });
        if (!meets)
          return error(router.route, name + (out ? " sends to the " : " receives from the ") +
                                         stringifyPort(side).str() + ", where router " + text(other) +
                                         (out ? " does not take it" : " does not send it"));
      }
    }
    return success();
  }

  /// Follows a wavelet that enters router `from` by `input`. `position` says which switch position holds at a router.
  LogicalResult follow(int64_t color, Tile from, Port input, StringRef owner, Operation *intent,
                       llvm::function_ref<size_t(Tile)> position, std::set<std::pair<Tile, Port>> &heard) {
    ++flows;
    std::set<Tile> seen;
    SmallVector<std::pair<Tile, Port>> work{{from, input}};
    while (!work.empty()) {
      auto [tile, entry] = work.pop_back_val();
      Router *router = find(color, tile);
      std::string name = "color " + std::to_string(color) + " at " + text(tile);
      if (!router)
        return error(intent, "@" + owner.str() + " has no route: " + name + " is not set up");
      if (router->route.getOwner() != owner)
        return error(intent,
                     "a wavelet of @" + owner.str() + " reaches @" + router->route.getOwner().str() + " with " + name);
      if (!seen.insert(tile).second)
        return error(intent, "a wavelet of @" + owner.str() + " runs in a circle: " + name);
      PositionAttr set = router->at(position(tile));
      if (set.getInput() != entry)
        return error(intent, "@" + owner.str() + " is stopped: " + name + " does not take wavelets from the " +
                                 stringifyPort(entry).str());
      router->passed = true;
      if (set.getOutputs() & bit(Port::Ramp))
        heard.insert({tile, Port::Ramp});
      for (Port side : kSides) {
        if (!(set.getOutputs() & bit(side)))
          continue;
        if (hostPorts.count({tile, side}))
          heard.insert({tile, side});
        else
          work.push_back({neighbor(tile, side), opposite(side)});
      }
    }
    return success();
  }

  LogicalResult expect(Operation *intent, StringRef owner, Tile from, const std::set<std::pair<Tile, Port>> &heard,
                       const std::set<std::pair<Tile, Port>> &wanted) {
    if (heard == wanted)
      return success();
    for (const auto &end : wanted)
      if (!heard.count(end))
        return error(intent,
                     "what @" + owner.str() + " sends from " + text(from) + " never reaches " + text(end.first));
    for (const auto &end : heard)
      if (!wanted.count(end))
        return error(intent, "what @" + owner.str() + " sends from " + text(from) + " also reaches " + text(end.first));
    return success();
  }

  LogicalResult checkChannel(ChannelOp channel) {
    AreaAttr area = channel.getArea();
    bool y = llvm::is_contained(
        {ChannelKind::GatherY, ChannelKind::BroadcastY, ChannelKind::ChainYEven, ChannelKind::ChainYOdd},
        channel.getKind());
    int64_t line = y ? area.getH() : area.getW(), lines = y ? area.getW() : area.getH();
    auto tile = [&](int64_t i, int64_t l) {
      return y ? Tile{area.getX() + l, area.getY() + i} : Tile{area.getX() + i, area.getY() + l};
    };
    auto index = [&](Tile t) { return y ? t.y - area.getY() : t.x - area.getX(); };
    if (line < 2)
      return success();
    int64_t color = channel.getColor();
    StringRef name = channel.getSymName();
    for (int64_t l = 0; l != lines; ++l) {
      auto check = [&](int64_t from, const std::set<std::pair<Tile, Port>> &wanted,
                       llvm::function_ref<size_t(Tile)> position) {
        std::set<std::pair<Tile, Port>> heard;
        if (failed(follow(color, tile(from, l), Port::Ramp, name, channel, position, heard)))
          return failure();
        return expect(channel, name, tile(from, l), heard, wanted);
      };
      auto still = [](Tile) -> size_t { return 0; };
      switch (channel.getKind()) {
      case ChannelKind::GatherX:
      case ChannelKind::GatherY:
        for (int64_t i = 0; i != line; ++i)
          // In PE i's turn, those before it have had theirs.
          if (failed(check(i, {{tile(0, l), Port::Ramp}}, [&](Tile t) -> size_t { return index(t) < i ? 1 : 0; })))
            return failure();
        break;
      case ChannelKind::BroadcastX:
      case ChannelKind::BroadcastY: {
        std::set<std::pair<Tile, Port>> all;
        for (int64_t i = 0; i != line; ++i)
          all.insert({tile(i, l), Port::Ramp});
        if (failed(check(0, all, still)))
          return failure();
        break;
      }
      default: {
        bool odd = channel.getKind() == ChannelKind::ChainXOdd || channel.getKind() == ChannelKind::ChainYOdd;
        for (int64_t i = odd ? 1 : 0; i + 1 < line; i += 2)
          if (failed(check(i + 1, {{tile(i, l), Port::Ramp}}, still)))
            return failure();
        break;
      }
      }
    }
    return success();
  }

  LogicalResult checkNet(NetOp net) {
    if (!net.getColor())
      return error(net, "net @" + net.getSymName().str() + " has no color");
    RunAttr source = net.getSource();
    for (int64_t i = 0; i != source.getCount(); ++i) {
      Tile from{source.getX() + i * source.getDx(), source.getY() + i * source.getDy()};
      std::set<std::pair<Tile, Port>> heard, wanted;
      for (RunAttr sink : net.getSinks().getAsRange<RunAttr>())
        wanted.insert({{sink.getX() + i * sink.getDx(), sink.getY() + i * sink.getDy()}, sink.getPort()});
      auto still = [](Tile) -> size_t { return 0; };
      if (failed(follow(*net.getColor(), from, source.getPort(), net.getSymName(), net, still, heard)) ||
          failed(expect(net, net.getSymName(), from, heard, wanted)))
        return failure();
    }
    return success();
  }

  ProgramOp program;
  const Profile &profile;
  std::map<Key, Router> routers;
  std::set<std::pair<Tile, Port>> hostPorts;
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
