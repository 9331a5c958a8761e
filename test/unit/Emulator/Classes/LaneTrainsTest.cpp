// Which record of a train a lane's wavelet is of.
#include "Emulator/Classes/LaneFabric.h"

#include <gtest/gtest.h>

#include <random>

using namespace wafer::emulator;

namespace {

TEST(LaneTrain, FindsARecordFromAnyOther) {
  constexpr uint32_t lanes = 5;
  constexpr size_t records = 40;
  std::mt19937 random;
  LaneTrain train;
  train.lanes = Indices::all(lanes);
  std::vector<size_t> recordOf[lanes]; // by wavelet
  for (size_t i = 0; i != records; ++i) {
    PerLane start, count;
    for (uint32_t lane = 0; lane != lanes; ++lane) {
      const size_t length = random() % 2 ? 0 : 1 + random() % 3; // none of some lanes'
      start.spread(lanes)[lane] = recordOf[lane].size();
      count.spread(lanes)[lane] = length;
      recordOf[lane].insert(recordOf[lane].end(), length, i);
    }
    train.addRecord(train.lanes, LanePace(start, count, 0, 1));
  }
  for (uint32_t lane = 0; lane != lanes; ++lane)
    for (size_t k = 0; k != recordOf[lane].size(); ++k)
      for (size_t known = 0; known != records; ++known)
        EXPECT_EQ(train.recordOf(lane, k, known), recordOf[lane][k]);
}

} // namespace
