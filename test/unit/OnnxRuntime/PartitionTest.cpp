#include "OnnxRuntime/Partition.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cstdint>
#include <random>

using namespace wafer::ort;

using Producers = std::vector<std::vector<size_t>>;
using Groups = std::vector<std::vector<size_t>>;

TEST(Partition, EverythingIsOneGroup) {
  EXPECT_EQ(convexGroups({{}, {0}, {}, {1, 2}}, {true, true, true, true}), (Groups{{0, 1, 2, 3}}));
  EXPECT_EQ(convexGroups({{}, {0}}, {false, false}), Groups());
  EXPECT_EQ(convexGroups({}, {}), Groups());
}

TEST(Partition, ANodeOutsideDivides) {
  EXPECT_EQ(convexGroups({{}, {0}, {1}}, {true, false, true}), (Groups{{0}, {2}}));
  // A way around it does not help: 3 waits for 2, which waits for 0.
  EXPECT_EQ(convexGroups({{}, {0}, {0}, {1, 2}}, {true, true, false, true}), (Groups{{0}, {1, 3}}));
}

TEST(Partition, NodesGoWhereTheirConsumersAre) {
  // 3 makes what only 4 reads, behind the outside node 2.
  EXPECT_EQ(convexGroups({{}, {0}, {1}, {}, {2, 3}}, {true, true, false, true, true}), (Groups{{0, 1}, {3, 4}}));
  // 1 is read outside, too.
  EXPECT_EQ(convexGroups({{}, {}, {0}, {1, 2}, {1}}, {true, true, false, true, false}), (Groups{{0, 1}, {3}}));
}

/// Which groups a node comes after, by any way.
static std::vector<std::vector<bool>> reachable(const Producers &producers) {
  std::vector<std::vector<bool>> from(producers.size(), std::vector<bool>(producers.size()));
  for (size_t node = 0; node != producers.size(); ++node)
    for (size_t producer : producers[node]) {
      from[node][producer] = true;
      for (size_t before = 0; before != producer; ++before)
        if (from[producer][before])
          from[node][before] = true;
    }
  return from;
}

TEST(Partition, RandomGraphsAreDividedIntoFewConvexGroups) {
  std::mt19937 random(5);
  for (int round = 0; round != 400; ++round) {
    size_t count = 1 + random() % 24;
    Producers producers(count);
    std::vector<bool> taken(count);
    for (size_t node = 0; node != count; ++node) {
      taken[node] = random() % 4 != 0;
      for (size_t producer = 0; producer != node; ++producer)
        if (random() % 6 == 0)
          producers[node].push_back(producer);
    }
    const Groups groups = convexGroups(producers, taken);
    const auto from = reachable(producers);
    std::vector<size_t> groupOf(count, SIZE_MAX);
    for (size_t i = 0; i != groups.size(); ++i) {
      EXPECT_TRUE(std::is_sorted(groups[i].begin(), groups[i].end()));
      for (size_t node : groups[i]) {
        EXPECT_TRUE(taken[node]);
        EXPECT_EQ(groupOf[node], SIZE_MAX);
        groupOf[node] = i;
      }
    }
    // The most parts that one way through the graph has to have.
    std::vector<size_t> parts(count, 0);
    size_t most = 0;
    for (size_t node = 0; node != count; ++node) {
      EXPECT_EQ(groupOf[node] != SIZE_MAX, static_cast<bool>(taken[node]));
      parts[node] = 0;
      for (size_t producer : producers[node])
        parts[node] = std::max(parts[node], parts[producer] + (taken[producer] && !taken[node]));
      if (taken[node])
        most = std::max(most, parts[node] + 1);
      for (size_t before = 0; before != node; ++before) {
        if (!from[node][before] || !taken[node] || !taken[before])
          continue;
        EXPECT_LE(groupOf[before], groupOf[node]); // no group waits for a later one
        for (size_t between = before + 1; between < node; ++between)
          if (from[node][between] && from[between][before] && groupOf[before] == groupOf[node])
            EXPECT_EQ(groupOf[between], groupOf[node]); // convex
      }
    }
    EXPECT_LE(groups.size(), most);
  }
}
