// Lanes of a bus must not meet, and must step around a dead router together: where one gives way, its neighbors give
// way too. Lanes that are routed one after the other wall one another in, whatever the order. Seen as a flow they do
// not: every lane is a unit from a source to a sink, every router lets one unit pass, and the cheapest flow of all
// lanes (successive shortest paths; each may push back what earlier ones took) is the bus that bends least. It is
// exact: where the flow is smaller than the bus, no router could do better, and its size is the number of lanes that
// can go.
//
// A flow does not know which source belongs to which sink. Disjoint paths in the plane keep their order, so with ends
// that stand in one order the pairs come out right, unless the flow wraps around an end of the bus: then there is no
// answer.
//
// The graph has two nodes for a tile, its entry and its exit, with one unit between them. Prices are not negative and
// potentials keep reduced prices so (Johnson); the first potentials are the distance to the nearest end, which makes
// the search A*: a straight bus looks at little more than its own tiles.
#include "DisjointPaths.h"

#include "TileMap.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <queue>

using namespace wafer;

namespace {

class Flow {
public:
  explicit Flow(const PathsRequest &request)
      : request(request), tiles(static_cast<int64_t>(request.width) * request.height) {
    for (int64_t tile : request.from)
      tiles[tile].isSource = true;
    for (int64_t tile : request.to)
      tiles[tile].isSink = true;
    box = {request.width, request.height, 0, 0};
    for (int64_t tile : request.to) {
      int x = column(tile), y = row(tile);
      box = {std::min(box[0], x), std::min(box[1], y), std::max(box[2], x), std::max(box[3], y)};
    }
  }

  PathsAnswer run() {
    PathsAnswer answer{0, true, {}, 0};
    for (int64_t tile : request.from)
      if (!isFree(tiles[tile], tile))
        return answer;
    while (answer.most != request.from.size()) {
      if (!augment()) {
        answer.complete = *request.steps > 0;
        return answer;
      }
      ++answer.most;
    }
    std::vector<std::vector<int64_t>> paths;
    for (size_t i = 0; i != request.from.size(); ++i) {
      std::vector<int64_t> path{request.from[i]};
      for (int64_t next = tiles[path.back()].next; next != kNone; next = tiles[next].next) {
        answer.cost += stepPrice(path.back(), next);
        path.push_back(next);
      }
      if (path.back() != request.to[i])
        return answer; // wrapped around
      paths.push_back(std::move(path));
    }
    answer.paths = std::move(paths);
    return answer;
  }

private:
  using Node = int64_t; // 2 * tile, and 1 more for its exit
  static constexpr int64_t kNone = -1;
  static Node entry(int64_t tile) { return 2 * tile; }
  static Node exitOf(int64_t tile) { return 2 * tile + 1; }

  int column(int64_t tile) const { return static_cast<int>(tile % request.width); }
  int row(int64_t tile) const { return static_cast<int>(tile / request.width); }

  /// Of an entry or an exit.
  struct NodeState {
    int64_t potential = 0;
    int64_t distance = 0; // of the last search that came here
    Node before = kNone;  // a source, if there is none
    int search = 0;
    bool done = false, hasPotential = false;
  };

  struct Tile {
    std::array<NodeState, 2> nodes;
    int64_t next = kNone, previous = kNone; // where a path goes on to, and where it comes from
    std::array<int, 4> prices{};            // of the steps north, east, south, west
    bool isPriced = false, isFree = false, isAsked = false;
    bool isSource = false, isSink = false;
    bool isStarted = false, isEnded = false; // by a path
  };

  /// What others take of the mesh is asked for once.
  bool isFree(Tile &at, int64_t tile) {
    if (!at.isAsked)
      at.isFree = request.free(tile);
    at.isAsked = true;
    return at.isFree;
  }

  const std::array<int, 4> &pricesFrom(Tile &at, int64_t tile) {
    if (!at.isPriced)
      for (int direction = 0; direction != 4; ++direction)
        if (isInside(tile, direction))
          at.prices[direction] = request.price(tile, direction);
    at.isPriced = true;
    return at.prices;
  }

  bool isInside(int64_t tile, int direction) const {
    return direction == 0   ? row(tile) != 0
           : direction == 1 ? column(tile) != request.width - 1
           : direction == 2 ? row(tile) != request.height - 1
                            : column(tile) != 0;
  }

  int64_t stepPrice(int64_t from, int64_t to) {
    int64_t d = to - from;
    int direction = d == -request.width ? 0 : d == request.width ? 2 : d == 1 ? 1 : 3;
    return pricesFrom(tiles[from], from)[direction];
  }

  NodeState &stateOf(Node node) { return tiles[node / 2].nodes[node % 2]; }

  /// Of a node, in such a way that price + potential(from) - potential(to) is never negative.
  int64_t potential(Node node) {
    NodeState &state = stateOf(node);
    if (!state.hasPotential) {
      int64_t tile = node / 2;
      int dx = std::max({box[0] - column(tile), column(tile) - box[2], 0}),
          dy = std::max({box[1] - row(tile), row(tile) - box[3], 0});
      state.potential = -int64_t(dx) - dy;
      state.hasPotential = true;
    }
    return state.potential;
  }

  struct Entry {
    int64_t distance, order;
    Node node;
    bool operator>(const Entry &o) const { return distance != o.distance ? distance > o.distance : order < o.order; }
  };

  /// One more path, or false.
  bool augment() {
    ++search;
    reached.clear();
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    int64_t pushed = 0;
    // Among equals the newest first: straight on instead of in breadth.
    auto reach = [&](Node node, int64_t distance, Node before) {
      NodeState &state = stateOf(node);
      if (state.search == search && (state.done || state.distance <= distance))
        return;
      if (state.search != search)
        reached.push_back(node);
      state.search = search;
      state.done = false;
      state.distance = distance;
      state.before = before;
      queue.push({distance, pushed++, node});
    };
    // The potential of what all sources hang on moves with the others, so only differences between sources count.
    int64_t base = std::numeric_limits<int64_t>::min();
    for (int64_t tile : request.from)
      if (!tiles[tile].isStarted)
        base = std::max(base, potential(exitOf(tile)));
    for (int64_t tile : request.from)
      if (!tiles[tile].isStarted)
        reach(exitOf(tile), base - potential(exitOf(tile)), kNone);
    Node end = kNone;
    int64_t endDistance = 0;
    while (!queue.empty() && --*request.steps > 0) {
      Node node = queue.top().node;
      int64_t distance = queue.top().distance;
      queue.pop();
      NodeState &here = stateOf(node);
      if (here.done)
        continue;
      if (end >= 0 && distance >= endDistance)
        break;
      here.done = true;
      expand(node, distance, reach);
      // Of the ends, each at a price of its own by its potential, the nearest.
      const Tile &tile = tiles[node / 2];
      bool mayEnd = tile.isSink && !tile.isEnded && (node % 2 == 0 || tile.isSource);
      if (mayEnd) {
        int64_t there = distance + potential(node) - endPotential;
        if (end < 0 || there < endDistance) {
          end = node;
          endDistance = there;
        }
      }
    }
    if (end < 0)
      return false;
    for (Node node : reached)
      if (NodeState &state = stateOf(node); state.done && state.distance < endDistance)
        state.potential += state.distance - endDistance;
    apply(end);
    return true;
  }

  template <typename Reach> void expand(Node node, int64_t distance, const Reach &reach) {
    int64_t tile = node / 2, mine = potential(node);
    Tile &here = tiles[tile];
    auto go = [&](Node to, int64_t price) { reach(to, distance + price + mine - potential(to), node); };
    const bool used = here.previous != kNone;
    if (node % 2 == 0) {
      if (used)
        go(exitOf(here.previous), -stepPrice(here.previous, tile)); // what came this way goes another
      else if (!here.isSink)
        go(exitOf(tile), 0);
      return;
    }
    if (used)
      go(entry(tile), 0); // nothing passes here any more
    const std::array<int64_t, 4> offset{-request.width, 1, request.width, -1};
    const std::array<int, 4> &prices = pricesFrom(here, tile);
    for (int direction = 0; direction != 4; ++direction) {
      if (!isInside(tile, direction))
        continue;
      int64_t to = tile + offset[direction];
      if (here.next == to)
        continue;
      if (Tile &there = tiles[to]; there.isSource || !isFree(there, to))
        continue;
      if (prices[direction] >= 0)
        go(entry(to), prices[direction]);
    }
  }

  /// Takes the way back from `end`: what it goes against is undone, the rest is new.
  void apply(Node end) {
    std::vector<std::pair<int64_t, int64_t>> added;
    Node node = end;
    tiles[end / 2].isEnded = true;
    for (Node before = stateOf(node).before; before >= 0; node = before, before = stateOf(node).before) {
      if (before / 2 == node / 2)
        continue;
      if (before % 2 == 1) {
        added.push_back({before / 2, node / 2});
      } else { // from an entry to the exit before it
        tiles[node / 2].next = kNone;
        tiles[before / 2].previous = kNone;
      }
    }
    tiles[node / 2].isStarted = true;
    for (const auto &[from, to] : added) {
      tiles[from].next = to;
      tiles[to].previous = from;
    }
  }

  const PathsRequest &request;
  TileMap<Tile> tiles;
  std::array<int, 4> box;    // around the sinks
  std::vector<Node> reached; // by the current search
  int search = 0;
  static constexpr int64_t endPotential = 0;
};

} // namespace

PathsAnswer wafer::disjointPaths(const PathsRequest &request) { return Flow(request).run(); }
