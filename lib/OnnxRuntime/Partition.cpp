// Every node gets a level: how often the longest way to it, from an input of the graph, goes from a node that is taken
// to one that is not. Levels never fall along an edge, and rise on every way that leaves the taken nodes. So the taken
// nodes of one level are a convex group, and groups cannot wait for each other. There cannot be fewer: on the way that
// gave a node the highest level, no two stretches of taken nodes can be in one group.
//
// Any level between those of its producers and those of its consumers is right for a node. It gets the highest, the one
// of its consumers, so that fewer values go from group to group: a constant folds only where its consumer is.
#include "Partition.h"

#include <algorithm>
#include <cstdint>
#include <map>

using namespace wafer::ort;

std::vector<std::vector<size_t>> wafer::ort::convexGroups(const std::vector<std::vector<size_t>> &producers,
                                                          const std::vector<bool> &taken) {
  const size_t count = producers.size();
  std::vector<size_t> level(count, 0);
  for (size_t node = 0; node != count; ++node)
    for (size_t producer : producers[node])
      level[node] = std::max(level[node], level[producer] + (taken[producer] && !taken[node]));

  // From the consumers back: as late as they all allow. One without consumers stays where it is.
  std::vector<size_t> latest(count, SIZE_MAX);
  for (size_t node = count; node-- > 0;) {
    if (taken[node] && latest[node] != SIZE_MAX)
      level[node] = std::max(level[node], latest[node]);
    for (size_t producer : producers[node]) {
      // An outside consumer of level n reads groups up to n - 1.
      size_t bound = taken[node] || !taken[producer] ? level[node] : level[node] - 1;
      latest[producer] = std::min(latest[producer], bound);
    }
  }

  std::map<size_t, std::vector<size_t>> groups;
  for (size_t node = 0; node != count; ++node)
    if (taken[node])
      groups[level[node]].push_back(node);
  std::vector<std::vector<size_t>> result;
  for (auto &[_, nodes] : groups)
    result.push_back(std::move(nodes));
  return result;
}
