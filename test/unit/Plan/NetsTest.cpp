#include "Plan/Nets.h"
#include "wafer/Support/Random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

using namespace wafer::wfr;

namespace {

using Ways = std::vector<llvm::SmallVector<Hop, 1>>;

std::set<Net> netsOf(const Ways &ways) {
  std::set<Net> nets;
  for (const auto &way : ways)
    for (const Hop &hop : way)
      nets.insert(hop.net);
  return nets;
}

/// The most nets that lie over a region.
int mostOver(const Ways &ways, Rows rows) {
  std::vector<int> over(rows.regions, 0);
  for (const Net &net : netsOf(ways))
    for (auto [r, last] = rows.under(net); r <= last; ++r)
      ++over[r];
  return *std::max_element(over.begin(), over.end());
}

/// Every end that wants the crossing gets it once, from one that has it; what is relayed goes on at once, and to those
/// that only relay nothing else leads.
void expectDelivers(const Crossing &crossing, llvm::ArrayRef<Hop> way) {
  std::set<int> has{crossing.ends.from};
  int relaying = kHost - 1;
  for (const Hop &hop : way) {
    if (hop.relayed)
      EXPECT_EQ(hop.net.from, relaying);
    else
      EXPECT_TRUE(has.count(hop.net.from));
    relaying = kHost - 1;
    for (int to : hop.net.to) {
      bool wants = std::count(crossing.ends.to.begin(), crossing.ends.to.end(), to);
      if (wants)
        EXPECT_TRUE(has.insert(to).second) << to << " gets it twice";
      else
        relaying = to;
    }
    EXPECT_NE(relaying, kHost);
    EXPECT_TRUE(relaying < kHost || hop.net.to.size() == 1);
  }
  EXPECT_EQ(relaying, kHost - 1);
  EXPECT_EQ(has.size(), crossing.ends.to.size() + 1);
}

} // namespace

TEST(Nets, GoStraightWhereColorsSuffice) {
  std::vector<Crossing> crossings;
  for (int i = 0; i != 64; ++i)
    crossings.push_back({{kHost, {0}}, 4, 100});
  crossings.push_back({{kHost, {0, 1, 2}}, 4, 100});
  crossings.push_back({{0, {1, 2}}, 4, 100});
  crossings.push_back({{0, {2}}, 1, 100});
  for (int i = 0; i != 64; ++i)
    crossings.push_back({{2, {kHost}}, 2, 100});
  Ways ways = chooseNets(crossings, {3, 3}, 9);
  for (auto [crossing, way] : llvm::zip(crossings, ways)) {
    ASSERT_EQ(way.size(), 1u);
    EXPECT_EQ(way[0].net, crossing.ends);
  }
  EXPECT_EQ(netsOf(ways).size(), 5u);
}

TEST(Nets, OfSeveralLanesStayInARow) {
  // Three regions in a row: lanes to the second row are a net of their own, a single lane leads anywhere.
  Ways ways = chooseNets({{{kHost, {0, 1, 3, 5}}, 8, 1}, {{1, {2, 4}}, 1, 1}}, {6, 3}, 9);
  ASSERT_EQ(ways[0].size(), 2u);
  EXPECT_EQ(ways[0][0].net, (Net{kHost, {0, 1}}));
  EXPECT_EQ(ways[0][1].net, (Net{kHost, {3, 5}}));
  EXPECT_FALSE(ways[0][1].relayed);
  ASSERT_EQ(ways[1].size(), 1u);
}

TEST(Nets, NeverTakeMoreColorsThanThereAre) {
  wafer::Random random(1);
  for (int round = 0; round != 200; ++round) {
    const int regions = 1 + random.below(40), colors = 4 + random.below(8);
    const Rows rows{regions, static_cast<int>(1 + random.below(regions))};
    std::vector<Crossing> crossings;
    for (int i = 0; i != 200; ++i) {
      Crossing crossing{{static_cast<int>(random.below(regions + 1)) - 1, {}},
                        static_cast<int64_t>(1 + random.below(2)),
                        1.0 + random.below(1000)};
      int readers = random.below(3) ? 1 : 1 + random.below(6);
      for (int r = 0; r != readers; ++r) {
        int to = random.below(regions);
        if (to != crossing.ends.from && !llvm::is_contained(crossing.ends.to, to))
          crossing.ends.to.push_back(to);
      }
      if (crossing.ends.to.empty()) {
        if (crossing.ends.from == kHost)
          continue;
        crossing.ends.to.push_back(kHost);
      }
      std::sort(crossing.ends.to.begin(), crossing.ends.to.end());
      crossings.push_back(crossing);
    }
    Ways ways = chooseNets(crossings, rows, colors);
    ASSERT_EQ(ways.size(), crossings.size());
    for (auto [crossing, way] : llvm::zip(crossings, ways))
      expectDelivers(crossing, way);
    EXPECT_LE(mostOver(ways, rows), colors) << regions << " regions, in rows of " << rows.perRow;
  }
}

TEST(Nets, GoToThoseThatSaveMost) {
  // Seven regions all to all: more than eight colors. The heaviest pair keeps its own net.
  std::vector<Crossing> crossings;
  for (int from = 0; from != 7; ++from)
    for (int to = 0; to != 7; ++to)
      if (from != to)
        crossings.push_back({{from, {to}}, 1, from == 1 && to == 5 ? 10000.0 : 10.0});
  Ways ways = chooseNets(crossings, {7, 7}, 8);
  EXPECT_TRUE(netsOf(ways).count({1, {5}}));
  EXPECT_LE(mostOver(ways, {7, 7}), 8);
  // A reader on the way sends on; others relay.
  Ways line = chooseNets({{{0, {2, 4}}, 1, 1}}, {5, 5}, 0);
  ASSERT_EQ(line[0].size(), 4u);
  EXPECT_EQ(line[0][1].net, (Net{1, {2}}));
  EXPECT_TRUE(line[0][1].relayed);
  EXPECT_FALSE(line[0][2].relayed);
  EXPECT_TRUE(line[0][3].relayed);
}
