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

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <queue>
#include <unordered_map>
#include <unordered_set>

using namespace wafer;

namespace {

class Flow {
public:
  explicit Flow(const PathsRequest &request) : request(request) {
    for (size_t i = 0; i != request.from.size(); ++i)
      sources[request.from[i]] = i;
    for (size_t i = 0; i != request.to.size(); ++i)
      sinks[request.to[i]] = i;
    box = {request.width, request.height, 0, 0};
    for (int64_t tile : request.to) {
      int x = column(tile), y = row(tile);
      box = {std::min(box[0], x), std::min(box[1], y), std::max(box[2], x), std::max(box[3], y)};
    }
  }

  PathsAnswer run() {
    PathsAnswer answer{0, true, {}, 0};
    for (int64_t tile : request.from)
      if (!request.free(tile))
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
      for (auto it = next.find(path.back()); it != next.end(); it = next.find(path.back())) {
        answer.cost += stepPrice(path.back(), it->second);
        path.push_back(it->second);
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
  static Node entry(int64_t tile) { return 2 * tile; }
  static Node exitOf(int64_t tile) { return 2 * tile + 1; }

  int column(int64_t tile) const { return static_cast<int>(tile % request.width); }
  int row(int64_t tile) const { return static_cast<int>(tile / request.width); }

  int64_t stepPrice(int64_t from, int64_t to) const {
    int64_t d = to - from;
    int direction = d == -request.width ? 0 : d == request.width ? 2 : d == 1 ? 1 : 3;
    return request.price(from, direction);
  }

  /// Of a node, in such a way that price + potential(from) - potential(to) is never negative.
  int64_t potential(Node node) const {
    auto it = potentials.find(node);
    if (it != potentials.end())
      return it->second;
    int64_t tile = node / 2;
    int dx = std::max({box[0] - column(tile), column(tile) - box[2], 0}),
        dy = std::max({box[1] - row(tile), row(tile) - box[3], 0});
    return -int64_t(dx) - dy;
  }

  struct Reached {
    int64_t distance;
    Node before; // -1: a source
    bool done = false;
  };
  struct Entry {
    int64_t distance, order;
    Node node;
    bool operator>(const Entry &o) const { return distance != o.distance ? distance > o.distance : order < o.order; }
  };

  /// One more path, or false.
  bool augment() {
    std::unordered_map<Node, Reached> reached;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    int64_t pushed = 0;
    // Among equals the newest first: straight on instead of in breadth.
    auto reach = [&](Node node, int64_t distance, Node before) {
      auto [it, fresh] = reached.try_emplace(node, Reached{distance, before});
      if (!fresh) {
        if (it->second.done || it->second.distance <= distance)
          return;
        it->second = {distance, before};
      }
      queue.push({distance, pushed++, node});
    };
    // The potential of what all sources hang on moves with the others, so only differences between sources count.
    int64_t base = std::numeric_limits<int64_t>::min();
    for (int64_t tile : request.from)
      if (!started.count(tile))
        base = std::max(base, potential(exitOf(tile)));
    for (int64_t tile : request.from)
      if (!started.count(tile))
        reach(exitOf(tile), base - potential(exitOf(tile)), -1);
    Node end = -1;
    int64_t endDistance = 0;
    while (!queue.empty() && --*request.steps > 0) {
      Node node = queue.top().node;
      int64_t distance = queue.top().distance;
      queue.pop();
      Reached &here = reached[node];
      if (here.done)
        continue;
      if (end >= 0 && distance >= endDistance)
        break;
      here.done = true;
      expand(node, distance, reach);
      // Of the ends, each at a price of its own by its potential, the nearest.
      int64_t tile = node / 2;
      bool mayEnd = sinks.count(tile) && !ended.count(tile) && (node % 2 == 0 || sources.count(tile));
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
    for (const auto &[node, at] : reached)
      if (at.done && at.distance < endDistance)
        potentials[node] = potential(node) + at.distance - endDistance;
    apply(end, reached);
    return true;
  }

  template <typename Reach> void expand(Node node, int64_t distance, const Reach &reach) {
    int64_t tile = node / 2, mine = potential(node);
    auto go = [&](Node to, int64_t price) { reach(to, distance + price + mine - potential(to), node); };
    auto before = previous.find(tile);
    bool used = before != previous.end();
    if (node % 2 == 0) {
      if (used)
        go(exitOf(before->second), -stepPrice(before->second, tile)); // what came this way goes another
      else if (!sinks.count(tile))
        go(exitOf(tile), 0);
      return;
    }
    if (used)
      go(entry(tile), 0); // nothing passes here any more
    auto after = next.find(tile);
    const std::array<int64_t, 4> offset{-request.width, 1, request.width, -1};
    for (int direction = 0; direction != 4; ++direction) {
      if ((direction == 0 && row(tile) == 0) || (direction == 1 && column(tile) == request.width - 1) ||
          (direction == 2 && row(tile) == request.height - 1) || (direction == 3 && column(tile) == 0))
        continue;
      int64_t to = tile + offset[direction];
      if ((after != next.end() && after->second == to) || sources.count(to) || !request.free(to))
        continue;
      int64_t price = request.price(tile, direction);
      if (price >= 0)
        go(entry(to), price);
    }
  }

  /// Takes the way back from `end`: what it goes against is undone, the rest is new.
  void apply(Node end, const std::unordered_map<Node, Reached> &reached) {
    std::vector<std::pair<int64_t, int64_t>> added;
    Node node = end;
    ended.insert(end / 2);
    for (Node before = reached.at(node).before; before >= 0; node = before, before = reached.at(node).before) {
      if (before / 2 == node / 2)
        continue;
      if (before % 2 == 1) {
        added.push_back({before / 2, node / 2});
      } else { // from an entry to the exit before it
        next.erase(node / 2);
        previous.erase(before / 2);
      }
    }
    started.insert(node / 2);
    for (const auto &[from, to] : added) {
      next[from] = to;
      previous[to] = from;
    }
  }

  const PathsRequest &request;
  std::unordered_map<int64_t, size_t> sources, sinks;
  std::array<int, 4> box;                              // around the sinks
  std::unordered_map<int64_t, int64_t> next, previous; // of the tiles that paths use
  std::unordered_set<int64_t> started, ended;
  std::unordered_map<Node, int64_t> potentials;
  static constexpr int64_t endPotential = 0;
};

} // namespace

PathsAnswer wafer::disjointPaths(const PathsRequest &request) { return Flow(request).run(); }
