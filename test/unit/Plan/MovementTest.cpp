#include "Plan/Movement.h"
#include "wafer/Dialect/Wafer/Sharding.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

/// From every layout of one dimension a side, in all rows or in the first two, to every other.
template <typename Check> void forAllMovements(RegionShape region, Check check) {
  const Profile profile = *Profile::load("wse2");
  ResourceModel model(profile);
  LinePlanner lines(model);
  MovementPlanner movements(region, model, lines);
  const llvm::SmallVector<int64_t> shape{6, 1, 7, 12};
  for (int64_t rows : {0, 2})
    for (const Layout &from : plainLayouts(shape, region, rows))
      for (const Layout &to : plainLayouts(shape, region))
        for (Ending ending : {Ending::Anywhere, Ending::Own, Ending::Given})
          check(movements, MoveRequest{from, shape, to, {}, ending}, model);
}

} // namespace

TEST(Movement, TakesAtLeastItsBound) {
  int moving = 0;
  for (RegionShape region : {RegionShape{{5, 4}}, RegionShape{{1, 4}}, RegionShape{{8, 3}, 4, 1}})
    forAllMovements(region, [&](MovementPlanner &movements, const MoveRequest &request, const ResourceModel &) {
      const Movement *movement = movements.plan(request, 1);
      MoveBound bound = movements.bound(request, 1);
      EXPECT_EQ(bound.cycles == INFINITY, !movement);
      if (!movement)
        return;
      EXPECT_LE(bound.cycles, movement->cycles);
      EXPECT_LE(bound.steps, static_cast<int64_t>(movement->steps.size()));
      if (bound.steps == 0)
        EXPECT_TRUE(movement->steps.empty());
      if (bound.steps == 0 || request.ending != Ending::Anywhere)
        return;
      ++moving;
      EXPECT_GE(bound.cycles, movements.leastCycles());
    });
  EXPECT_GT(moving, 100);
}

TEST(Movement, InPlaceCostsACopyAtMost) {
  int inPlace = 0;
  forAllMovements({{5, 4}}, [&](MovementPlanner &movements, const MoveRequest &request, const ResourceModel &model) {
    if (movements.bound({request.from, request.fromShape, request.to, {}, Ending::Anywhere}, 1).steps > 0)
      return;
    ++inPlace;
    const Movement *movement = movements.plan(request, 1);
    ASSERT_TRUE(movement);
    EXPECT_EQ(movement->steps.size(), request.ending != Ending::Anywhere ? 1u : 0u);
    EXPECT_EQ(movement->cycles,
              request.ending != Ending::Anywhere ? model.vectorCycles(isa::VectorOp::Mov, request.to.words()) : 0);
  });
  EXPECT_GT(inPlace, 20);
}

TEST(Movement, GathersPartsOfGroupsByASum) {
  // Four parts in groups of 32: by a pass 8 groups would speak in turn on each line.
  const Profile profile = *Profile::load("wse2");
  ResourceModel model(profile);
  LinePlanner lines(model);
  RegionShape region{{16, 256}, 1, 32};
  MovementPlanner movements(region, model, lines);
  const llvm::SmallVector<int64_t> shape{8, 4, 64};
  Layout from = shardLayout(shape, 2, {0, 1}, region), to = shardLayout(shape, 2, {0, kNoDim}, region);
  const Movement *movement = movements.plan({from, shape, to, {}, Ending::Anywhere}, 1);
  ASSERT_TRUE(movement);
  ASSERT_EQ(movement->steps.size(), 1u);
  const MoveStep &step = movement->steps.front();
  ASSERT_TRUE(step.line);
  EXPECT_TRUE(step.line->grouped);
  EXPECT_EQ(step.line->pes, 32);
  EXPECT_EQ(step.along, Side::Y);
  EXPECT_EQ(step.result, to);
  EXPECT_LT(movement->cycles, 400);
  // Sums are in memory of their own.
  movement = movements.plan({from, shape, to, {}, Ending::Own}, 1);
  EXPECT_EQ(movement->steps.size(), 1u);
  // Among what else is in memory that is given: a copy behind it.
  movement = movements.plan({from, shape, to, {}, Ending::Given}, 1);
  ASSERT_EQ(movement->steps.size(), 2u);
  EXPECT_FALSE(movement->steps.back().along);
}

TEST(Movement, PassesToAllOfARowWhatASumGathersAlongColumns) {
  // Two columns have halves of a vector, every row its pairs. It is to leave from columns.
  const Profile profile = *Profile::load("wse2");
  ResourceModel model(profile);
  LinePlanner lines(model);
  RegionShape region{{256, 256}};
  MovementPlanner movements(region, model, lines);
  const llvm::SmallVector<int64_t> shape{2, 512};
  Layout from = shardLayout(shape, 0, 1, region), to = shardLayout(shape, 1, {}, region);
  const Movement *movement = movements.plan({from, shape, to, {}, Ending::Own}, 1);
  ASSERT_TRUE(movement);
  ASSERT_EQ(movement->steps.size(), 2u);
  EXPECT_EQ(movement->steps.front().along, Side::X);
  EXPECT_FALSE(movement->steps.front().line);
  EXPECT_EQ(movement->steps.back().along, Side::Y);
  EXPECT_TRUE(movement->steps.back().line);
  EXPECT_EQ(movement->steps.back().result, to);
}
