// Lines of all-reduces: that every PE's term gets to the root once, and that choices are what they claim to be.
#include "wafer/Collectives/AllReduce.h"

#include "gtest/gtest.h"

using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Terms that come to the root of a line if every PE does as its role says and each has a term of one; -1 if one sends
/// what the other does not take, or the other way about.
int64_t termsAtRoot(const LineShape &line) {
  int64_t total = 1;
  for (Wing wing : kWings) {
    int64_t outward = wing == Wing::Before ? -1 : 1, chain = 0, far = 0;
    bool sends = false; // the PE before, to its neighbor
    for (int64_t distance = line.reach(wing); distance > 0; --distance) {
      LineRole role = line.roleAt(line.root + outward * distance);
      if (role.wing != wing || role.kind == LineRole::Root)
        return -1;
      bool takes = role.kind == LineRole::Leader ? distance != line.reach(wing) : !role.last;
      if (takes != sends)
        return -1;
      if (role.kind == LineRole::Member) {
        chain = 1 + (takes ? chain : 0);
        sends = true;
      } else {
        if (role.last != (far == 0))
          return -1;
        far += 1 + (takes ? chain : 0);
        chain = 0;
        sends = false;
      }
    }
    total += chain + far;
    if (line.reach(wing) > 0 && !sends)
      return -1;
  }
  return total;
}

const ResourceModel &machine(const char *name) {
  static std::map<std::string, std::unique_ptr<Profile>> profiles;
  static std::map<std::string, std::unique_ptr<ResourceModel>> models;
  if (!profiles.count(name)) {
    profiles[name] = std::make_unique<Profile>(*Profile::load(name));
    models[name] = std::make_unique<ResourceModel>(*profiles[name]);
  }
  return *models[name];
}

TEST(Line, EveryTermGetsToTheRootOnce) {
  for (const char *name : {"wse2", "wse3"})
    for (int64_t pes : {2, 3, 4, 5, 7, 8, 13, 16, 31, 64, 97, 200, 420, 750})
      for (int64_t words : {1, 10, 71, 1024}) {
        llvm::SmallVector<LineShape> lines;
        for (LineChoice choose : lineChoices())
          choose(pes, words, machine(name), lines);
        for (const LineShape &line : lines)
          EXPECT_EQ(termsAtRoot(line), pes) << name << " " << pes << " " << words << " root " << line.root;
      }
}

TEST(Line, GroupsHaveTheRolesOfALine) {
  for (int64_t group : {2, 3, 8, 31})
    for (int64_t words : {1, 68, 1024}) {
      LineShape line = fastestLine(group, words, ~0u, machine("wse2"), LineExtent::Group).first, whole = line;
      EXPECT_TRUE(line.grouped);
      EXPECT_TRUE(line.leaders.empty());
      EXPECT_EQ(line.channels() & (only(Channel::Cast) | only(Channel::Broadcast)), 0u);
      EXPECT_EQ(line.period(), group % 2 ? 2 * group : group);
      whole.grouped = false;
      for (int64_t p = 0; p != 4 * group; ++p) {
        LineRole role = line.roleAt(p), same = whole.roleAt(p % group);
        EXPECT_EQ(role.kind, same.kind);
        EXPECT_EQ(role.last, same.last);
        EXPECT_EQ(role.wing, same.wing);
        EXPECT_EQ(role.parity, (role.kind == LineRole::Root ? p - p % group : p) % 2);
        EXPECT_EQ(role.number(), line.roleAt(p % line.period()).number());
        if (role.kind == LineRole::Member)
          EXPECT_EQ(line.urgency(p) % 2, whole.urgency(p % group) % 2);
      }
    }
}

TEST(Line, LeadersStandAnEvenWayFromTheRoot) {
  for (int64_t pes : {16, 33, 128, 421})
    for (int64_t leader : fastestLine(pes, 4, ~0u, machine("wse2")).first.leaders)
      EXPECT_EQ((leader - fastestLine(pes, 4, ~0u, machine("wse2")).first.root) % 2, 0);
}

TEST(Line, TakesNoOtherChannelsThanThereAre) {
  const ResourceModel &model = machine("wse2");
  EXPECT_EQ(fastestLine(420, 10, kChannelsNeeded, model).first.root, 0);
  EXPECT_TRUE(fastestLine(420, 10, kChannelsNeeded, model).first.leaders.empty());
  EXPECT_FALSE(fastestLine(420, 10, ~0u, model).first.leaders.empty());
}

TEST(Line, ManyWordsGoToTheHead) {
  // At least two words enter a core for each word of the result, and there no more do.
  auto [line, cycles] = fastestLine(64, 4096, ~0u, machine("wse2"));
  EXPECT_EQ(line, LineShape{64});
  EXPECT_GT(cycles, 2 * 4096);
}

TEST(Line, TenWordsOver420) {
  EXPECT_LT(fastestLine(420, 10, ~0u, machine("wse2")).second, 620);
  EXPECT_LT(fastestLine(420, 10, ~0u, machine("wse3")).second, 1020);
}

} // namespace
