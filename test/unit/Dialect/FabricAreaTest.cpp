// Set algebra of areas, held against sets of tiles.
#include "wafer/Dialect/Fabric/Area.h"

#include "wafer/Support/Random.h"

#include "gtest/gtest.h"

#include <set>

using namespace wafer;
using namespace wafer::fabric;

namespace {

std::set<Tile> tilesOf(const Area &area) {
  std::set<Tile> tiles;
  for (int64_t i = 0; i < area.x.count; ++i)
    for (int64_t j = 0; j < area.y.count; ++j)
      tiles.insert({area.x.first + i * area.x.step, area.y.first + j * area.y.step});
  return tiles;
}

struct RandomAreas {
  Random random;

  int64_t below(int64_t n) { return static_cast<int64_t>(random.next() % static_cast<uint64_t>(n)); }
  Progression progression() { return Progression::make(below(9) - 2, 1 + below(6), 1 + below(8)); }
  Area area() {
    Progression x = progression();
    return {x, progression()};
  }
};

TEST(FabricArea, IntersectionIsThatOfTiles) {
  RandomAreas areas{Random(1)};
  for (int i = 0; i != 3000; ++i) {
    Area a = areas.area(), b = areas.area();
    std::set<Tile> tiles = tilesOf(a), common;
    for (Tile tile : tilesOf(b))
      if (tiles.count(tile))
        common.insert(tile);
    Area both = intersect(a, b);
    EXPECT_EQ(tilesOf(both), common);
    EXPECT_EQ(both.size(), static_cast<int64_t>(common.size()));
  }
}

TEST(FabricArea, DifferenceIsThatOfTilesInDisjointAreas) {
  RandomAreas areas{Random(2)};
  for (int i = 0; i != 1000; ++i) {
    std::vector<Area> left{areas.area()};
    std::set<Tile> tiles = tilesOf(left.front());
    for (int taken = 0; taken != 3; ++taken) {
      Area away = areas.area();
      subtract(left, away);
      for (Tile tile : tilesOf(away))
        tiles.erase(tile);
    }
    std::set<Tile> found;
    int64_t size = 0;
    for (const Area &area : left) {
      EXPECT_FALSE(area.empty());
      found.merge(tilesOf(area));
      size += area.size();
    }
    EXPECT_EQ(found, tiles);
    EXPECT_EQ(size, static_cast<int64_t>(tiles.size()));
  }
}

TEST(FabricArea, IndexFindsWhatMeets) {
  RandomAreas areas{Random(3)};
  for (int count : {0, 1, 5, 200}) {
    std::vector<Area> all;
    for (int i = 0; i != count; ++i)
      all.push_back(areas.area().shifted(areas.below(60), areas.below(60)));
    AreaIndex index(all);
    for (int i = 0; i != 100; ++i) {
      Area query = areas.area().shifted(areas.below(60), areas.below(60));
      std::set<size_t> found, wanted;
      index.forEach(query, [&](size_t k, const Area &common) {
        EXPECT_TRUE(found.insert(k).second);
        EXPECT_EQ(common, intersect(all[k], query));
      });
      for (size_t k = 0; k != all.size(); ++k)
        if (!intersect(all[k], query).empty())
          wanted.insert(k);
      EXPECT_EQ(found, wanted);
    }
  }
}

} // namespace
