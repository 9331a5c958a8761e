#include "wafer/Place/FreeSpace.h"

#include "wafer/Support/Random.h"

#include <gtest/gtest.h>

using namespace wafer;

namespace {

Profile withDeadParts(int width, int height, int pes, int links, uint64_t seed) {
  Profile profile = *Profile::load("wse2");
  Random random(seed);
  for (int i = 0; i != pes; ++i)
    profile.deadPes.push_back({static_cast<int>(random.below(width)), static_cast<int>(random.below(height))});
  constexpr PortBits kSides[] = {PortNorth, PortEast, PortSouth, PortWest};
  for (int i = 0; i != links; ++i)
    profile.deadLinks.push_back(
        {static_cast<int>(random.below(width)), static_cast<int>(random.below(height)), kSides[random.below(4)]});
  return profile;
}

/// By looking at every PE and link.
bool freeByLooking(const Profile &profile, const Rect &rect) {
  auto inside = [&](int x, int y) { return x >= rect.x && x < rect.x + rect.w && y >= rect.y && y < rect.y + rect.h; };
  for (const auto &[x, y] : profile.deadPes)
    if (inside(x, y))
      return false;
  for (const DeadLink &link : profile.deadLinks) {
    int dx = (link.side == PortEast) - (link.side == PortWest),
        dy = (link.side == PortSouth) - (link.side == PortNorth);
    if (inside(link.x, link.y) && inside(link.x + dx, link.y + dy))
      return false;
  }
  return true;
}

} // namespace

TEST(FreeSpace, CleanMeshIsFree) {
  FreeSpace space(*Profile::load("wse2"), 20, 10);
  EXPECT_FALSE(space.hasDeadParts());
  EXPECT_TRUE(space.isFree({0, 0, 20, 10}));
  EXPECT_EQ(space.largest(), (Rect{0, 0, 20, 10}));
}

TEST(FreeSpace, FreeIsWhatLookingSays) {
  for (uint64_t seed = 0; seed != 20; ++seed) {
    Profile profile = withDeadParts(14, 11, 4, 5, seed);
    FreeSpace space(profile, 14, 11);
    for (int y = 0; y != 11; ++y)
      for (int x = 0; x != 14; ++x)
        for (int h = 1; y + h <= 11; ++h)
          for (int w = 1; x + w <= 14; ++w)
            ASSERT_EQ(space.isFree({x, y, w, h}), freeByLooking(profile, {x, y, w, h})) << seed;
  }
}

TEST(FreeSpace, WideMeshesAreFreeWhereLookingSays) {
  constexpr int kWidth = 200, kHeight = 70;
  for (uint64_t seed = 0; seed != 10; ++seed) {
    Profile profile = withDeadParts(kWidth, kHeight, 12, 12, seed);
    FreeSpace space(profile, kWidth, kHeight);
    Random random(seed + 100);
    int free = 0;
    for (int i = 0; i != 2000; ++i) {
      const int w = 1 + static_cast<int>(random.below(150)), h = 1 + static_cast<int>(random.below(66)),
                x = static_cast<int>(random.below(kWidth - w + 1)), y = static_cast<int>(random.below(kHeight - h + 1));
      ASSERT_EQ(space.isFree({x, y, w, h}), freeByLooking(profile, {x, y, w, h})) << seed;
      free += space.isFree({x, y, w, h});
    }
    EXPECT_GT(free, 100);
    EXPECT_LT(free, 1900);
  }
}

TEST(FreeSpace, WhatBlocksIsLeftBehind) {
  for (uint64_t seed = 0; seed != 20; ++seed) {
    Profile profile = withDeadParts(20, 8, 6, 6, seed);
    FreeSpace space(profile, 20, 8);
    for (int x = 0; x != 16; ++x)
      if (std::optional<int> until = space.blockedUntil({x, 2, 4, 5})) {
        ASSERT_GT(*until, x);
        for (int skipped = x; skipped < *until && skipped <= 16; ++skipped)
          EXPECT_FALSE(freeByLooking(profile, {skipped, 2, 4, 5}));
      }
  }
}

TEST(FreeSpace, StraightLanesAreThoseOfTheBestPlace) {
  for (uint64_t seed = 0; seed != 40; ++seed) {
    FreeSpace space(withDeadParts(20, 16, 8, 8, seed), 20, 16);
    for (int h : {4, 8, 12})
      for (int w : {1, 3, 6}) {
        int best = 0;
        for (int lanes : {1, 2, 4, 8})
          for (int y = 0; y + h <= 16 && lanes <= h; ++y)
            if (space.besideClearRows(y, w, h, lanes))
              best = lanes;
        int found = space.straightLanes(w, h, 8)[0], most = std::min(h, 8);
        EXPECT_EQ(found, best > most ? most : best) << seed;
      }
  }
}

TEST(FreeSpace, StraightLanesOfSeveralPlacesAreInRowsOfTheirOwn) {
  Profile profile = *Profile::load("wse2");
  EXPECT_EQ(FreeSpace(profile, 8, 8).straightLanes(4, 4, 4)[1], 4);
  EXPECT_EQ(FreeSpace(profile, 8, 7).straightLanes(4, 4, 4)[1], 0) << "no room below one another";
  profile.deadPes = {{0, 6}};
  EXPECT_EQ(FreeSpace(profile, 8, 8).straightLanes(4, 4, 4)[0], 4);
  EXPECT_EQ(FreeSpace(profile, 8, 8).straightLanes(4, 4, 4)[1], 2) << "the third row of the second is closed";
}

TEST(FreeSpace, LanesBesideAreThoseBetweenNeighborsInTheSameRows) {
  Profile profile = *Profile::load("wse2");
  EXPECT_EQ(FreeSpace(profile, 8, 4).lanesBeside(4, 4), 4);
  EXPECT_EQ(FreeSpace(profile, 7, 4).lanesBeside(4, 4), 0) << "no room beside one another";
  profile.deadPes = {{4, 2}};
  EXPECT_EQ(FreeSpace(profile, 9, 4).lanesBeside(4, 4), 2) << "the third row is blocked between them";
  profile.deadPes = {};
  profile.deadLinks = {{3, 1, PortEast}};
  EXPECT_EQ(FreeSpace(profile, 8, 4).lanesBeside(4, 4), 1);
}

TEST(FreeSpace, OpenLanesAreRowsInARow) {
  Profile profile = *Profile::load("wse2");
  EXPECT_EQ(FreeSpace(profile, 8, 10).openLanes(16), 10);
  profile.deadPes = {{0, 3}, {1, 7}};
  profile.deadLinks = {{0, 9, PortWest}};
  EXPECT_EQ(FreeSpace(profile, 8, 10).openLanes(16), 5);
  EXPECT_EQ(FreeSpace(profile, 8, 10).openLanes(4), 4);
  profile.deadPes.clear();
  for (int y = 0; y != 10; ++y)
    profile.deadPes.push_back({0, y});
  EXPECT_EQ(FreeSpace(profile, 8, 10).openLanes(16), 0);
}

TEST(FreeSpace, WidestOfEveryHeightIsWhatLookingFinds) {
  for (uint64_t seed = 0; seed != 20; ++seed) {
    Profile profile = withDeadParts(13, 10, 5, 6, seed);
    FreeSpace space(profile, 13, 10);
    std::vector<Rect> widest = space.widest();
    ASSERT_EQ(widest.size(), 10u);
    for (int h = 1; h <= 10; ++h) {
      int best = 0;
      for (int y = 0; y + h <= 10; ++y)
        for (int x = 0; x != 13; ++x)
          for (int w = best + 1; x + w <= 13; ++w)
            if (freeByLooking(profile, {x, y, w, h}))
              best = w;
      EXPECT_EQ(widest[h - 1].w, best) << "height " << h << ", seed " << seed;
      EXPECT_EQ(widest[h - 1].h, h);
      if (best > 0) {
        EXPECT_TRUE(freeByLooking(profile, widest[h - 1]));
      }
    }
  }
}

TEST(FreeSpace, AWholeWaferWithOneInAHundredDeadIsSearchedAtOnce) {
  Profile profile = withDeadParts(750, 994, 7455, 7455, 1);
  FreeSpace space(profile, 750, 994);
  Rect largest = space.largest();
  EXPECT_TRUE(freeByLooking(profile, largest));
  EXPECT_GT(largest.area(), 300);
  EXPECT_LT(largest.area(), 3000);
}
