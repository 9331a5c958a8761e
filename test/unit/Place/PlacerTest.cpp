#include "wafer/Place/Placer.h"

#include <gtest/gtest.h>

using namespace wafer;

namespace {

std::vector<PlaceItem> items(int count, int w, int h) {
  std::vector<PlaceItem> result;
  for (int i = 0; i != count; ++i)
    result.push_back({"r" + std::to_string(i), w, h, std::nullopt, std::nullopt});
  return result;
}

void expectLegal(const PlaceRequest &request, const std::vector<Point> &at) {
  ASSERT_EQ(at.size(), request.items.size());
  for (size_t i = 0; i != at.size(); ++i) {
    const PlaceItem &a = request.items[i];
    EXPECT_GE(at[i].x, 0);
    EXPECT_GE(at[i].y, 0);
    EXPECT_LE(at[i].x + a.w, request.width);
    EXPECT_LE(at[i].y + a.h, request.height);
    for (const auto &[x, y] : request.profile.deadPes)
      EXPECT_FALSE(x >= at[i].x && x < at[i].x + a.w && y >= at[i].y && y < at[i].y + a.h)
          << "dead PE inside " << a.name;
    for (size_t j = 0; j != i; ++j) {
      const PlaceItem &b = request.items[j];
      EXPECT_FALSE(at[i].x < at[j].x + b.w && at[j].x < at[i].x + a.w && at[i].y < at[j].y + b.h &&
                   at[j].y < at[i].y + a.h)
          << a.name << " overlaps " << b.name;
    }
  }
}

} // namespace

TEST(Placer, FillsAMeshToTheBrim) {
  Profile profile = *Profile::load("test16");
  PlaceRequest request{profile, 16, 16, items(16, 4, 4), {{0, 15, 4, 100}}, 3};
  Result<std::vector<Point>> at = place(request);
  ASSERT_TRUE(at) << at.error().str();
  expectLegal(request, *at);
}

TEST(Placer, EverySeedIsLegal) {
  Profile profile = *Profile::load("dead16");
  for (uint64_t seed = 0; seed != 25; ++seed) {
    PlaceRequest request{profile, 16, 16, items(4, 5, 4), {{-1, 0, 4, 9}, {0, 1, 4, 9}, {1, 2, 4, 9}, {2, 3, 4, 9}},
                         seed};
    Result<std::vector<Point>> at = place(request);
    ASSERT_TRUE(at) << at.error().str();
    expectLegal(request, *at);
  }
}

TEST(Placer, SameSeedSamePlaces) {
  Profile profile = *Profile::load("wse2");
  PlaceRequest request{profile, 750, 994, items(5, 16, 16), {{0, 1, 16, 9}, {1, 4, 16, 2}, {2, 3, 16, 1}}, 7};
  EXPECT_EQ(*place(request), *place(request));
}

TEST(Placer, ASeedGivesThesePlacesInAnyBinary) {
  // Written down, so that another build, library or machine that would place otherwise is noticed.
  Profile profile = *Profile::load("dead16");
  PlaceRequest request{profile, 16, 16, items(4, 5, 4), {{-1, 0, 4, 9}, {0, 1, 4, 9}, {1, 2, 4, 9}, {2, 3, 4, 9}}, 11};
  EXPECT_EQ(*place(request), (std::vector<Point>{{10, 11}, {5, 11}, {0, 11}, {9, 7}}));
}

TEST(Placer, OtherSeedsMove) {
  Profile profile = *Profile::load("wse2");
  PlaceRequest request{profile, 750, 994, items(5, 16, 16), {{0, 1, 16, 9}, {1, 4, 16, 2}, {2, 3, 16, 1}}, 1};
  std::vector<Point> first = *place(request);
  request.seed = 2;
  EXPECT_NE(*place(request), first);
}

TEST(Placer, HeadsLieUnderNoMoreNetsThanThereAreColors) {
  // Two items at the ends of a row have a net; a third stands best between them, under that net beside its own two.
  Profile profile = *Profile::load("test16");
  PlaceRequest request{profile, 16, 8, items(3, 4, 4), {{0, 1, 2, 9}, {0, 2, 2, 9}, {1, 2, 2, 9}}, 0};
  request.items[1].pinX = request.items[1].pinY = request.items[2].pinY = 0;
  request.items[2].pinX = 12;
  EXPECT_EQ((*place(request))[0].y, 0);
  request.nets = {{{0, 1}, 2}, {{0, 2}, 2}, {{1, 2}, 2}};
  request.colors = 2;
  Result<std::vector<Point>> at = place(request);
  ASSERT_TRUE(at) << at.error().str();
  expectLegal(request, *at);
  EXPECT_GE((*at)[0].y, 2) << "in the rows of the net between the others";
}

TEST(Placer, ReadersOfOneNetStandInTheSameRows) {
  // The links alone would have the second reader below the first, beside what it talks to.
  Profile profile = *Profile::load("test16");
  PlaceRequest request{profile, 8, 8, items(4, 4, 4), {{0, 1, 4, 9}, {1, 2, 4, 1}, {2, 3, 4, 90}, {0, 3, 4, 90}}, 0};
  EXPECT_NE((*place(request))[1].y, (*place(request))[2].y);
  request.nets = {{{0, 1, 2}, 4}, {{2, 3}, 4}, {{0, 3}, 4}};
  request.colors = 2;
  Result<std::vector<Point>> at = place(request);
  ASSERT_TRUE(at) << at.error().str();
  expectLegal(request, *at);
  EXPECT_EQ((*at)[1].y, (*at)[2].y);
}

TEST(Placer, HonorsPins) {
  Profile profile = *Profile::load("test16");
  PlaceRequest request{profile, 16, 16, items(3, 5, 5), {{0, 1, 5, 9}}, 4};
  request.items[1].pinX = 11;
  request.items[2].pinX = 0;
  request.items[2].pinY = 8;
  Result<std::vector<Point>> at = place(request);
  ASSERT_TRUE(at) << at.error().str();
  expectLegal(request, *at);
  EXPECT_EQ((*at)[1].x, 11);
  EXPECT_EQ((*at)[2], (Point{0, 8}));
}

TEST(Placer, SaysImpossibleWithTheShortfall) {
  Profile profile = *Profile::load("test16");
  Result<std::vector<Point>> at = place({profile, 16, 16, items(5, 8, 8), {}, 0});
  ASSERT_FALSE(at);
  EXPECT_EQ(at.error().code, ErrorCode::PlaceNoRoom);
  EXPECT_NE(at.error().message.find("320 PEs and 256 are alive: impossible"), std::string::npos) << at.error().message;
}

TEST(Placer, NamesARegionLargerThanTheMesh) {
  Profile profile = *Profile::load("test4");
  Result<std::vector<Point>> at = place({profile, 4, 4, items(1, 5, 2), {}, 0});
  ASSERT_FALSE(at);
  EXPECT_EQ(at.error().code, ErrorCode::PlaceTooLarge);
}

TEST(Placer, RoomCountsAroundDeadPes) {
  EXPECT_EQ(packingRoom(FreeSpace(*Profile::load("test16"), 16, 16), 16, 16, 8, 8, 99), 4);
  EXPECT_LT(packingRoom(FreeSpace(*Profile::load("dead16"), 16, 16), 16, 16, 8, 8, 99), 4);
}
