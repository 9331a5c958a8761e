// The inverse of routing: what routes really do, found class by class.
//
// Routes are constant over areas, so wavelets from many sources share their fate for as long as they meet the same
// routes. The walk carries an area of sources, and where they all are: per coordinate either so far from the source, or
// all at one place. At each step the routes that are met there split the area into parts that have one route each, and
// each part goes on by itself, with all that it has heard so far. Where a route takes wavelets in and hands them on
// straight, over a dense area, they are at its far end next: a line of a thousand routers is one step, whatever the
// number of lines, and where in it each wavelet entered.
//
// A wavelet in a circle cannot walk for ever: the first router that it meets again takes one input, and it was met by
// that input before, or injects the wavelet. So it is stopped there. When a walk fails, the first source that fails is
// followed alone, which says where, and whether that router was met before.
//
// Cost: steps are the pairs of a part and a route that it passes, so shapes squared at the very worst, for parts that
// each pass all the routes; the channels of a region take a handful of steps whatever its size. Strided routes that
// hand straight on, and combs, which branch off at every router of a line, are walked router by router; neither the
// templates nor the router makes them.
#include "wafer/Dialect/Fabric/Flows.h"
#include "wafer/Dialect/Fabric/Channels.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::fabric;

static unsigned bit(Port port) { return static_cast<unsigned>(port); }

Turn wafer::fabric::turnOf(ChannelKind kind) {
  ChannelForm form = formOf(kind);
  if (form.channel != Channel::Gather)
    return Turn::None;
  return form.y ? Turn::AlongY : Turn::AlongX;
}

std::string Fault::text(const Injection &injection) const {
  std::string at = "color " + std::to_string(injection.color) + " at " + fabric::text(tile);
  std::string owner = "@" + injection.owner.str();
  switch (kind) {
  case NotSetUp:
    return owner + " has no route: " + at + " is not set up";
  case Foreign:
    return "a wavelet of " + owner + " reaches @" + other.str() + " with " + at;
  case Circle:
    return "a wavelet of " + owner + " runs in a circle: " + at;
  case Stopped:
    break;
  }
  return owner + " is stopped: " + at + " does not take wavelets from the " + stringifyPort(entry).str();
}

namespace {

/// Where wavelets are about to enter a router.
struct Branch {
  Coordinate x, y;
  Port entry;

  Tile at(Tile source) const { return {x.at(source.x), y.at(source.y)}; }

  /// The tiles entered by wavelets of `sources`.
  Area tiles(const Area &sources) const { return {image(x, sources.x), image(y, sources.y)}; }

  /// Those of `sources` whose wavelets enter `part` of these tiles.
  Area sourcesOf(const Area &part, const Area &sources) const {
    return {x.relative ? part.x.shifted(-x.offset) : sources.x, y.relative ? part.y.shifted(-y.offset) : sources.y};
  }

  Branch next(Port side) const {
    Tile step = neighbor({0, 0}, side);
    return {{x.relative, x.offset + step.x}, {y.relative, y.offset + step.y}, opposite(side)};
  }

private:
  static Progression image(Coordinate c, const Progression &sources) {
    return c.relative ? sources.shifted(c.offset) : Progression::range(c.offset, c.offset);
  }
};

/// Wavelets of one area of sources: what they reached, and where they have yet to go.
struct Wavelets {
  Flow flow;
  SmallVector<Branch, 2> branches;
};

class Walk {
public:
  Walk(Routers &routers, const Injection &injection) : routers(routers), injection(injection) {}

  std::optional<Fault> run(SmallVectorImpl<Flow> &flows) {
    constexpr Coordinate kSource{true, 0};
    work.push_back({{injection.sources, {}}, {{kSource, kSource, injection.port}}});
    while (!work.empty() && !fault) {
      Wavelets wavelets = std::move(work.back());
      work.pop_back();
      if (wavelets.branches.empty()) {
        flows.push_back(std::move(wavelets.flow));
        continue;
      }
      Branch branch = wavelets.branches.pop_back_val();
      enter(std::move(wavelets), branch);
    }
    return fault;
  }

private:
  void fail(Fault::Kind kind, Tile source, const Branch &branch, StringRef other = "") {
    fault = {kind, source, branch.at(source), branch.entry, other};
  }

  static Wavelets restrictedTo(const Wavelets &wavelets, const Area &sources) {
    return {{sources, wavelets.flow.ends}, wavelets.branches};
  }

  /// One part for each route that is met.
  void enter(Wavelets wavelets, const Branch &branch) {
    const Area &sources = wavelets.flow.sources;
    Area tiles = branch.tiles(sources);
    std::vector<Area> left{sources};
    if (branch.entry != Port::Ramp)
      if (Area outside = intersect(tiles, routers.beyond(opposite(branch.entry))); !outside.empty()) {
        Area part = branch.sourcesOf(outside, sources);
        leave(restrictedTo(wavelets, part), branch);
        subtract(left, part);
      }
    routers.forEach(injection.color, tiles, [&](Routers::Shape &shape, const Area &met) {
      Area part = branch.sourcesOf(met, sources);
      takeTurn(restrictedTo(wavelets, part), branch, shape);
      subtract(left, part);
    });
    if (!left.empty())
      fail(Fault::NotSetUp, left.front().first(), branch);
  }

  /// Over the edge: the host port that the last router leads to.
  void leave(Wavelets wavelets, const Branch &branch) {
    Branch last = branch.next(branch.entry);
    wavelets.flow.ends.push_back({last.x, last.x, last.y, last.y, opposite(branch.entry)});
    work.push_back(std::move(wavelets));
  }

  /// One part for each switch position that holds.
  void takeTurn(Wavelets wavelets, const Branch &branch, Routers::Shape &shape) {
    const Area &sources = wavelets.flow.sources;
    if (shape.route.getOwner() != injection.owner)
      return fail(Fault::Foreign, sources.first(), branch, shape.route.getOwner());
    if (injection.turn == Turn::None || shape.positions.size() == 1)
      return pass(std::move(wavelets), branch, shape, 0);
    bool alongY = injection.turn == Turn::AlongY;
    Coordinate here = alongY ? branch.y : branch.x;
    if (here.relative)
      return pass(std::move(wavelets), branch, shape, here.offset < 0 ? 1 : 0);
    for (bool before : {false, true}) {
      Progression turn =
          before ? Progression::range(here.offset + 1, INT32_MAX) : Progression::range(INT32_MIN, here.offset);
      Area part = alongY ? Area{sources.x, intersect(sources.y, turn)} : Area{intersect(sources.x, turn), sources.y};
      if (!part.empty())
        pass(restrictedTo(wavelets, part), branch, shape, before ? 1 : 0);
    }
  }

  void pass(Wavelets wavelets, const Branch &branch, Routers::Shape &shape, size_t turn) {
    PositionAttr position = shape.at(turn);
    const Area &sources = wavelets.flow.sources;
    if (position.getInput() != branch.entry) {
      Area tile = Area::of(branch.at(sources.first()));
      bool before = llvm::any_of(passed, [&](const Area &area) { return !intersect(area, tile).empty(); });
      return fail(before ? Fault::Circle : Fault::Stopped, sources.first(), branch);
    }
    Branch far = runsThrough(branch, shape, turn) ? farEnd(branch, shape.area) : branch;
    Ends way = span(branch, far);
    notePassed(way, sources, shape);
    if (position.getOutputs() & bit(Port::Ramp))
      wavelets.flow.ends.push_back(way);
    for (Port side : kSides)
      if (position.getOutputs() & bit(side))
        wavelets.branches.push_back(far.next(side));
    work.push_back(std::move(wavelets));
  }

  /// Whether the shape's routers hand wavelets straight on from one to the next, and to nowhere else but their cores.
  bool runsThrough(const Branch &branch, const Routers::Shape &shape, size_t turn) {
    if (branch.entry == Port::Ramp || (shape.at(turn).getOutputs() & ~bit(Port::Ramp)) != bit(opposite(branch.entry)))
      return false;
    bool y = alongY(branch.entry);
    if ((y ? shape.area.y : shape.area.x).step != 1)
      return false;
    if (injection.turn == Turn::None || shape.positions.size() == 1 || (injection.turn == Turn::AlongY) != y)
      return true;
    // Away from its source a wavelet meets routers of one side of it only.
    bool towardHead = branch.entry == Port::East || branch.entry == Port::South;
    return towardHead == (turn == 1);
  }

  static bool alongY(Port entry) { return entry == Port::North || entry == Port::South; }

  static Branch farEnd(const Branch &branch, const Area &area) {
    bool backward = branch.entry == Port::East || branch.entry == Port::South;
    Branch far = branch;
    if (alongY(branch.entry))
      far.y = {false, backward ? area.y.first : area.y.last()};
    else
      far.x = {false, backward ? area.x.first : area.x.last()};
    return far;
  }

  static Ends span(const Branch &near, const Branch &far) {
    bool backward = near.entry == Port::East || near.entry == Port::South;
    const Branch &low = backward ? far : near, &high = backward ? near : far;
    return {low.x, high.x, low.y, high.y, Port::Ramp};
  }

  void notePassed(const Ends &way, const Area &sources, Routers::Shape &shape) {
    // Ways along a line end at one place, so that together they are one interval.
    auto all = [](Coordinate low, Coordinate high, const Progression &from) {
      if (low == high)
        return low.relative ? from.shifted(low.offset) : Progression::range(low.offset, low.offset);
      return Progression::range(low.at(from.first), high.at(from.last()));
    };
    Area area{all(way.xLow, way.xHigh, sources.x), all(way.yLow, way.yHigh, sources.y)};
    if (!shape.unused.empty())
      subtract(shape.unused, area);
    if (injection.sources.size() == 1)
      passed.push_back(area);
  }

  Routers &routers;
  const Injection &injection;
  std::vector<Wavelets> work;
  std::vector<Area> passed; // of a single source
  std::optional<Fault> fault;
};

} // namespace

Routers::Routers(ProgramOp program)
    : width(static_cast<int64_t>(program.getMeshWidth())), height(static_cast<int64_t>(program.getMeshHeight())) {
  std::map<int64_t, std::vector<Area>> areas;
  for (RouteOp route : program.getBody().getOps<RouteOp>()) {
    Area area = Area::of(route.getArea());
    SmallVector<PositionAttr, 2> positions(route.getPositions().getAsRange<PositionAttr>());
    int64_t color = static_cast<int64_t>(route.getColor());
    colors[color].shapes.push_back(shapes.size());
    areas[color].push_back(area);
    shapes.push_back({route, area, std::move(positions), {area}});
  }
  for (auto &[color, list] : areas)
    colors[color].index = AreaIndex(std::move(list));
}

void Routers::forEach(int64_t color, const Area &area, llvm::function_ref<void(Shape &, const Area &)> found) {
  auto it = colors.find(color);
  if (it != colors.end())
    it->second.index.forEach(area, [&](size_t i, const Area &met) { found(shapes[it->second.shapes[i]], met); });
}

std::pair<Tile, Routers::Shape *> Routers::findTwice(Shape &shape) {
  std::pair<Tile, Shape *> first{{}, nullptr};
  forEach(static_cast<int64_t>(shape.route.getColor()), shape.area, [&](Shape &other, const Area &common) {
    if (&other < &shape && (!first.second || rowByRow(common.first(), first.first)))
      first = {common.first(), &other};
  });
  return first;
}

Area Routers::beyond(Port side) const {
  Progression columns = Progression::range(0, width - 1), rows = Progression::range(0, height - 1);
  switch (side) {
  case Port::North:
    return {columns, Progression::range(-1, -1)};
  case Port::East:
    return {Progression::range(width, width), rows};
  case Port::South:
    return {columns, Progression::range(height, height)};
  default:
    return {Progression::range(-1, -1), rows};
  }
}

std::optional<Fault> Routers::follow(const Injection &injection, SmallVectorImpl<Flow> &flows) {
  std::optional<Fault> fault = Walk(*this, injection).run(flows);
  if (!fault || injection.sources.size() == 1)
    return fault;
  Injection alone = injection;
  alone.sources = Area::of(fault->source);
  std::optional<Fault> exact = Walk(*this, alone).run(flows);
  return exact ? exact : fault;
}
