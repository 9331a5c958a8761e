#include "wafer/Route/ChannelColors.h"
#include "wafer/Target/ResourceModel.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <set>

using namespace wafer;

namespace {

/// A built-in profile's text with one piece of it replaced.
std::string edited(const std::string &from, const std::string &to) {
  std::string text = (*Profile::load("test4")).json;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string errorOf(const std::string &json) {
  Result<Profile> profile = Profile::parse(json);
  return profile ? "" : profile.error().str();
}

} // namespace

TEST(Profile, BuiltinsLoadAndAssignChannels) {
  for (const std::string &name : Profile::builtinNames()) {
    Result<Profile> profile = Profile::load(name);
    ASSERT_TRUE(profile) << profile.error().str();
    Result<ChannelColors> colors = ChannelColors::assign(*profile);
    ASSERT_TRUE(colors) << colors.error().str();
    std::set<int> distinct;
    for (int color : colors->all()) {
      EXPECT_FALSE(profile->isReserved(color));
      distinct.insert(color);
    }
    EXPECT_EQ(distinct.size(), 20u);
    EXPECT_TRUE(profile->canSwitch(colors->x.gather));
    EXPECT_TRUE(profile->canSwitch(colors->y.gather));
  }
}

TEST(Profile, Wse3KeepsSwitchableColorsForSwitches) {
  Profile profile = *Profile::load("wse3");
  ChannelColors colors = *ChannelColors::assign(profile);
  EXPECT_FALSE(profile.canSwitch(colors.x.broadcast));
}

TEST(Profile, DeadPartsAreKnown) {
  Profile profile = *Profile::load("dead16");
  EXPECT_TRUE(profile.isDead(5, 5));
  EXPECT_FALSE(profile.isDead(5, 6));
  EXPECT_TRUE(profile.isDead(3, 8, PortEast));
  EXPECT_FALSE(profile.isDead(3, 8, PortWest));
}

TEST(Profile, UnknownNameListsTheKnown) {
  Result<Profile> profile = Profile::load("wse9");
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().code, ErrorCode::ProfileUnknown);
  EXPECT_NE(profile.error().hint.find("wse2"), std::string::npos);
}

TEST(Profile, NotJsonIsRefused) { EXPECT_NE(errorOf("<html>").find("WF4001"), std::string::npos); }

TEST(Profile, MissingFieldIsNamed) {
  EXPECT_NE(errorOf(edited("\"hop_cycles\"", "\"hop\"")).find("fabric.hop_cycles"), std::string::npos);
}

TEST(Profile, RoutinesThatItDoesNotKnowAreAsOnWse2) {
  std::string text = (*Profile::load("test4")).json;
  size_t at = text.find("\"round_bf16_bytes\""), end = text.find('\n', at);
  ASSERT_NE(end, std::string::npos);
  Result<Profile> old = Profile::parse(text.erase(at, end - at));
  ASSERT_TRUE(old) << old.error().str();
  EXPECT_EQ(old->helperBytes, (*Profile::load("wse2")).helperBytes);
}

TEST(Profile, QueuesThatItDoesNotCountAreNoLimit) {
  std::string text = (*Profile::load("wse3")).json;
  for (const char *figure : {"\"fabric_inputs\"", "\"input_queues\"", "\"output_queues\""}) {
    size_t at = text.find(figure), begin = text.rfind(',', at), end = text.find('}', at);
    ASSERT_NE(at, std::string::npos) << figure;
    text.erase(begin, end + 1 - begin);
  }
  Result<Profile> old = Profile::parse(text);
  ASSERT_TRUE(old) << old.error().str();
  EXPECT_EQ(old->fabricInputs + old->inputQueues + old->outputQueues, 0);
  EXPECT_EQ((*Profile::load("wse3")).fabricInputs, 1);
  EXPECT_EQ((*Profile::load("wse2")).inputQueues, 6);
}

TEST(Profile, UnknownFieldIsNamed) {
  std::string error = errorOf(edited("\"host\": {", "\"host\": {\"speed\": 1,"));
  EXPECT_NE(error.find("'host.speed' is unknown"), std::string::npos) << error;
}

TEST(Profile, FigureWithoutSourceIsRefused) {
  std::string error = errorOf(edited("{\"value\": 49152, \"source\": ", "{\"value\": 49152, \"origin\": "));
  EXPECT_NE(error.find("value, source and confidence"), std::string::npos) << error;
}

TEST(Profile, OutOfRangeIsRefused) {
  EXPECT_NE(errorOf(edited("\"value\": 49152", "\"value\": -1")).find("out of range"), std::string::npos);
}

TEST(Profile, WrongTypeIsRefused) {
  EXPECT_NE(errorOf(edited("\"value\": 49152", "\"value\": \"many\"")).find("is not a number"), std::string::npos);
}

TEST(Profile, TooFewColorsForChannels) {
  Profile profile = *Profile::load("test4");
  profile.colors = 7;
  Result<ChannelColors> colors = ChannelColors::assign(profile);
  ASSERT_FALSE(colors);
  EXPECT_EQ(colors.error().code, ErrorCode::TooFewColors);
}

TEST(Profile, AllReducesDoWithFewerColors) {
  Profile profile = *Profile::load("test4");
  profile.colors = 14; // those that regions cannot do without
  Result<ChannelColors> colors = ChannelColors::assign(profile);
  ASSERT_TRUE(colors) << colors.error().str();
  EXPECT_EQ(colors->available(), kChannelsNeeded | only(Channel::Cast));
  EXPECT_EQ(colors->all().size(), 14u);
}

TEST(Profile, MachinesWithoutWhatChannelsTakeAreRefused) {
  for (auto [positions, threads] : {std::pair{1, 7}, {4, 1}}) {
    Profile profile = *Profile::load("test4");
    profile.switchPositions = positions;
    profile.asyncThreads = threads;
    Result<ChannelColors> colors = ChannelColors::assign(profile);
    ASSERT_FALSE(colors);
    EXPECT_EQ(colors.error().code, ErrorCode::ProfileInvalid);
    EXPECT_EQ(colors.error().message, "profile 'test4' has " + std::to_string(positions) + " switch positions and " +
                                          std::to_string(threads) + " asynchronous threads; regions take 2 and 2");
  }
}

TEST(Profile, MemoryIsMadeOfWords) {
  EXPECT_NE(errorOf(edited("\"value\": 49152", "\"value\": 49153")).find("core.sram_bytes' is not a multiple of 4"),
            std::string::npos);
}

// docs/machine.md, "Queues": there and back. Shallower ones would pace every transfer.
TEST(Profile, QueuesOfTheBuiltInMachinesKeepRampsAndLinksBusy) {
  for (const std::string &name : Profile::builtinNames()) {
    const Profile profile = *Profile::load(name);
    EXPECT_GE(profile.linkBufferWavelets, profile.hopCycles + 1) << name;
    EXPECT_GE(profile.linkBufferWavelets, profile.rampCycles) << name;
    EXPECT_GE(profile.inputQueueWavelets, profile.rampCycles) << name;
    EXPECT_GE(profile.outputQueueWavelets, 2) << name;
  }
}

TEST(Profile, FileThatChangesIsReadAnew) {
  const std::string path = testing::TempDir() + "changing-profile.json";
  auto colorsOf = [&](const std::string &json) {
    std::ofstream(path) << json;
    Result<Profile> profile = Profile::load(path);
    return profile ? (*profile).colors : -1;
  };
  const std::string text = (*Profile::load("test4")).json;
  EXPECT_EQ(colorsOf(text), 24);
  EXPECT_EQ(colorsOf(edited(R"("colors": {"value": 24)", R"("colors": {"value": 25)")), 25);
  EXPECT_EQ(colorsOf("{}"), -1);
  EXPECT_EQ(colorsOf(text), 24);
  std::remove(path.c_str());
}

TEST(Profile, OnlyFilesAreRead) {
  for (const char *path : {"", "/", "/dev/zero", "/nonexistent.json"}) {
    Result<Profile> profile = Profile::load(path);
    ASSERT_FALSE(profile) << path;
    EXPECT_EQ(profile.error().code, ErrorCode::ProfileUnknown);
  }
}

TEST(ResourceModel, FormulasOfThePaper) {
  Profile profile = *Profile::load("wse2");
  ResourceModel model(profile);
  // The paper's model at P = 512, B = 64: broadcast 580, chain 3130, star 32709.
  EXPECT_NEAR(model.broadcastCycles(64, 512), 580, 2);
  EXPECT_NEAR(model.reduceChainCycles(64, 512), 3130, 1);
  EXPECT_NEAR(model.reduceStarCycles(64, 512), 32709, 1);
}
