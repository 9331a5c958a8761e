// Threads of one run beside the caller's.
//
// A Follower does jobs in the order in which they are put, on a thread that follows the caller's; a Team shares the
// parts of one loop among all threads that have nothing else to do, the caller's too while it waits. Which thread does
// what decides no result: jobs are done one after the other, and parts of a loop must not depend on each other.
//
// Who waits looks for a while, since most waits are short, and then sleeps.
#ifndef WAFER_LIB_EMULATOR_THREADS_H
#define WAFER_LIB_EMULATOR_THREADS_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <vector>

namespace wafer::emulator {

/// As many threads as a run that may use `wanted` should have; 0: as this process may run at once.
unsigned threadsFor(unsigned wanted);

/// Waits for what atomics say. Whoever changes them, in sequential consistency, rings.
class Doorbell {
public:
  template <typename Ready> void wait(Ready ready) {
    for (unsigned look = 0; look != kLooks; ++look) {
      if (ready())
        return;
      pause();
    }
    std::unique_lock lock(mutex);
    sleepers.fetch_add(1);
    rung.wait(lock, ready);
    sleepers.fetch_sub(1);
  }
  void ring() {
    if (sleepers.load() == 0)
      return;
    {
      std::lock_guard lock(mutex);
    } // not between a sleeper's look and its sleep
    rung.notify_all();
  }
  static void pause();

private:
  static constexpr unsigned kLooks = 400; // some ten microseconds
  std::atomic<unsigned> sleepers{0};
  std::mutex mutex;
  std::condition_variable rung;
};

/// A thread that takes no signals and computes as the machine does: denormals, to the nearest.
class Thread {
public:
  ~Thread() { join(); }
  /// False if this host has no room for another one. The name, of 15 letters at most, is for profilers.
  bool start(const char *name, std::function<void()> body);
  void join();

private:
  std::function<void()> body;
  pthread_t handle = {};
  bool running = false;
};

class Team {
public:
  ~Team();

  /// From now on, so many threads only help. By the thread that shares, or before it does.
  void start(unsigned helpers);

  /// Whether anyone would take a part of a loop.
  bool hasHelp() const { return !threads.empty() || guests.load(std::memory_order_relaxed) != 0; }

  static constexpr unsigned kMostParts = 1u << 15;
  /// Calls body(part) for each part below `parts`, at most kMostParts, and returns when all are done. By one thread at
  /// a time.
  template <typename Body> void forParts(unsigned parts, Body &&body) {
    share(
        parts, [](void *context, unsigned part) { (*static_cast<std::remove_reference_t<Body> *>(context))(part); },
        &body);
  }

  /// Waits for what atomics say, and helps meanwhile. Whoever changes them rings.
  template <typename Ready> void waitAndHelp(Ready ready) {
    guests.fetch_add(1);
    while (!ready()) {
      bell.wait([&] { return hasParts() || ready(); });
      help();
    }
    guests.fetch_sub(1);
  }
  void ring() { bell.ring(); }

private:
  using Part = void (*)(void *context, unsigned part);
  // The loop's number, its parts, the next part.
  static unsigned partsOf(uint64_t turn) { return turn >> 16 & 0xffff; }
  static unsigned nextOf(uint64_t turn) { return turn & 0xffff; }
  bool hasParts() const {
    const uint64_t now = turn.load();
    return nextOf(now) < partsOf(now);
  }
  void share(unsigned parts, Part part, void *context);
  /// Does parts while there are any.
  void help();

  alignas(64) std::atomic<uint64_t> turn{0};
  alignas(64) std::atomic<unsigned> finished{0};
  std::atomic<unsigned> guests{0};
  std::atomic<bool> over{false};
  Part part = nullptr; // of the loop that is shared
  void *context = nullptr;
  Doorbell bell;
  std::vector<std::unique_ptr<Thread>> threads;
};

class Follower {
public:
  /// `work(i)` does job i, counted from 0. Before it has a thread of its own, put() does it.
  Follower(Team &team, std::function<void(uint64_t)> work) : team(team), job(std::move(work)) {}
  /// What has been put is done.
  ~Follower();

  /// From the next job on it has a thread, if this host has room for another one.
  void start();
  bool hasThread() const { return threaded; }
  /// One more job may be done. A sleeping thread is woken when that is worth it: when jobs that weigh `kWorthWaking`
  /// together are waiting, or somebody waits for one.
  void put(uint64_t weight);
  static constexpr uint64_t kWorthWaking = 1u << 14;

  uint64_t jobsPut() const { return putCount; }
  uint64_t jobsDone() const { return doneCount.load(std::memory_order_acquire); }
  /// Returns when that many jobs are done. If these are all, and nobody was woken for what is left, does it itself: to
  /// hand over that little takes longer. Else helps.
  void waitFor(uint64_t jobs);

private:
  void follow();
  /// Does jobs up to one of that number. By who has set `busy`.
  void work(uint64_t end);

  Team &team;
  std::function<void(uint64_t)> job;
  bool threaded = false;
  uint64_t putCount = 0, wokenFor = 0, unrung = 0;
  alignas(64) std::atomic<uint64_t> published{0};
  alignas(64) std::atomic<uint64_t> doneCount{0};
  std::atomic<uint64_t> awaited{0};
  std::atomic<bool> busy{false}; // somebody does jobs
  std::atomic<bool> over{false};
  Doorbell bell;
  Thread thread;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_THREADS_H
