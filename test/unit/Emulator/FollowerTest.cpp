// Threads of a run: jobs in their order, loops in parts.
#include "Emulator/Threads.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

using namespace wafer::emulator;

TEST(Follower, DoesJobsInTheirOrder) {
  for (bool threaded : {false, true}) {
    constexpr uint64_t kCount = 20000;
    std::vector<uint64_t> put(kCount), seen; // by the job; by its thread
    Team team;
    Follower follower(team, [&](uint64_t i) { seen.push_back(put[i]); });
    if (threaded)
      follower.start();
    EXPECT_EQ(follower.hasThread(), threaded);
    for (uint64_t i = 0; i != kCount; ++i) {
      put[i] = i * i;
      follower.put(i % 7);
      EXPECT_EQ(follower.jobsPut(), i + 1);
    }
    follower.waitFor(kCount);
    EXPECT_EQ(follower.jobsDone(), kCount);
    EXPECT_EQ(seen, put);
  }
}

TEST(Follower, GetsItsThreadInTheMiddle) {
  std::vector<std::thread::id> by;
  std::vector<uint64_t> seen;
  Team team;
  Follower follower(team, [&](uint64_t i) {
    seen.push_back(i);
    by.push_back(std::this_thread::get_id());
  });
  for (uint64_t i = 0; i != 100; ++i) {
    follower.put(1);
    EXPECT_EQ(follower.jobsDone(), i + 1);
  }
  follower.start();
  for (uint64_t i = 100; i != 200; ++i)
    follower.put(Follower::kWorthWaking);
  follower.waitFor(200);
  ASSERT_EQ(seen.size(), 200u);
  for (uint64_t i = 0; i != 200; ++i) {
    EXPECT_EQ(seen[i], i);
    EXPECT_EQ(by[i] == std::this_thread::get_id(), i < 100) << i;
  }
}

TEST(Follower, CanBeWaitedForInTheMiddle) {
  std::vector<int> words(64);
  Team team;
  Follower follower(team, [&](uint64_t i) { words[i % 64] += 1; });
  follower.start();
  for (uint64_t i = 1; i <= 3000; ++i) {
    follower.put(0); // too little to wake it for
    if (i % 5 == 0) {
      follower.waitFor(i);
      EXPECT_EQ(std::accumulate(words.begin(), words.end(), 0), int(i));
    }
  }
}

/// Whoever does them: its thread, or the caller while it waits.
TEST(Follower, DoesOneJobAtATime) {
  std::atomic<int> inside{0};
  uint64_t done = 0; // not atomic: jobs are ordered
  bool alone = true, ordered = true;
  Team team;
  Follower follower(team, [&](uint64_t i) {
    alone &= inside.fetch_add(1) == 0;
    ordered &= done++ == i;
    inside.fetch_sub(1);
  });
  follower.start();
  for (uint64_t i = 1; i <= 50000; ++i) {
    follower.put(i % 11 == 0 ? Follower::kWorthWaking : 1);
    if (i % 3 == 0 || i % 7 == 0) {
      follower.waitFor(i - i % 2);
      EXPECT_GE(follower.jobsDone(), i - i % 2);
    }
  }
  follower.waitFor(50000);
  EXPECT_EQ(done, 50000u);
  EXPECT_TRUE(alone);
  EXPECT_TRUE(ordered);
}

TEST(Follower, DoesWhatIsLeftBeforeItEnds) {
  int done = 0;
  {
    Team team;
    Follower follower(team, [&](uint64_t) { ++done; });
    follower.start();
    for (int i = 0; i != 1000; ++i)
      follower.put(1);
  }
  EXPECT_EQ(done, 1000);
}

TEST(Team, DoesEachPartOnce) {
  for (unsigned helpers : {0, 1, 3, 7}) {
    Team team;
    team.start(helpers);
    EXPECT_EQ(team.hasHelp(), helpers != 0);
    for (unsigned parts = 1; parts < 3000; parts = parts * 3 / 2 + 1) {
      std::vector<int> done(parts);
      team.forParts(parts, [&](unsigned part) { ++done[part]; });
      EXPECT_EQ(done, std::vector<int>(parts, 1));
    }
  }
}

TEST(Team, IsHelpedByWhoWaits) {
  Team team;
  std::atomic<int> parts{0};
  std::atomic<bool> over{false};
  std::thread::id by[2];
  std::thread worker([&] {
    while (!team.hasHelp())
      std::this_thread::yield();
    // Neither part ends before both have begun: two threads do them.
    team.forParts(2, [&](unsigned part) {
      by[part] = std::this_thread::get_id();
      ++parts;
      while (parts.load() != 2)
        std::this_thread::yield();
    });
    over.store(true);
    team.ring();
  });
  team.waitAndHelp([&] { return over.load(); });
  worker.join();
  EXPECT_NE(by[0], by[1]);
  EXPECT_FALSE(team.hasHelp());
}

TEST(Team, HelpsAFollowersJobs) {
  Team team;
  team.start(2);
  std::vector<uint64_t> sums(200);
  std::vector<std::vector<uint32_t>> words(sums.size());
  Follower follower(team, [&](uint64_t i) {
    words[i].resize(640);
    team.forParts(64, [&](unsigned part) {
      for (unsigned k = part * 10; k != part * 10 + 10; ++k)
        words[i][k] = i + (i ? words[i - 1][k] : 0);
    });
    sums[i] = std::accumulate(words[i].begin(), words[i].end(), uint64_t(0));
  });
  follower.start();
  for (size_t i = 0; i != sums.size(); ++i)
    follower.put(640);
  follower.waitFor(sums.size());
  for (size_t i = 0; i != sums.size(); ++i)
    EXPECT_EQ(sums[i], 640 * i * (i + 1) / 2);
}
