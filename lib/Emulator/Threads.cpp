#include "Threads.h"

#include <algorithm>
#include <cfenv>
#include <csignal>
#include <sched.h>
#include <thread>

using namespace wafer::emulator;

static unsigned hardwareThreads() {
#ifdef CPU_COUNT
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

unsigned wafer::emulator::threadsFor(unsigned wanted) {
  constexpr unsigned kMost = 256; // beyond, they only take memory
  return std::min(wanted ? wanted : hardwareThreads(), kMost);
}

void Doorbell::pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

//===- Thread -------------------------------------------------------------===//

// Not std::thread, which ends the process where there is no room for another one.
bool Thread::start(const char *name, std::function<void()> what) {
  body = std::move(what);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); // it inherits this: signals are for the host's own threads
  running = pthread_create(
                &handle, nullptr,
                [](void *self) -> void * {
                  std::fesetenv(FE_DFL_ENV);
                  static_cast<Thread *>(self)->body();
                  return nullptr;
                },
                this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (running)
    pthread_setname_np(handle, name);
  return running;
}

void Thread::join() {
  if (running)
    pthread_join(handle, nullptr);
  running = false;
}

//===- Team ---------------------------------------------------------------===//

void Team::start(unsigned helpers) {
  for (unsigned i = 0; i != helpers; ++i) {
    auto thread = std::make_unique<Thread>();
    if (!thread->start("wafer-helper", [this] {
          while (!over.load()) {
            bell.wait([this] { return hasParts() || over.load(); });
            help();
          }
        }))
      break;
    threads.push_back(std::move(thread));
  }
}

Team::~Team() {
  over.store(true);
  bell.ring();
}

void Team::help() {
  uint64_t now = turn.load();
  while (nextOf(now) < partsOf(now)) {
    if (!turn.compare_exchange_weak(now, now + 1))
      continue;
    // The loop goes on at least until this part is finished.
    part(context, nextOf(now));
    finished.fetch_add(1);
    now = turn.load();
  }
}

void Team::share(unsigned parts, Part what, void *with) {
  part = what;
  context = with;
  finished.store(0);
  turn.store(((turn.load() >> 32) + 1) << 32 | uint64_t(parts) << 16);
  bell.ring();
  help();
  for (unsigned look = 0; finished.load() != parts; ++look)
    look < 1000 ? Doorbell::pause() : std::this_thread::yield();
}

//===- Follower -----------------------------------------------------------===//

void Follower::start() {
  published.store(putCount);
  threaded = thread.start("wafer-follower", [this] { follow(); });
}

Follower::~Follower() {
  if (!threaded)
    return;
  over.store(true);
  bell.ring();
  thread.join();
}

void Follower::follow() {
  for (;;) {
    bell.wait([&] { return (published.load() > doneCount.load() && !busy.load()) || over.load(); });
    if (busy.exchange(true))
      continue;
    while (published.load() > doneCount.load())
      work(published.load());
    busy.store(false);
    if (over.load())
      return;
  }
}

void Follower::work(uint64_t end) {
  for (uint64_t next = doneCount.load(); next < end; ++next) {
    job(next);
    doneCount.store(next + 1);
    if (awaited.load() == next + 1)
      team.ring();
  }
}

void Follower::put(uint64_t weight) {
  ++putCount;
  if (!threaded) {
    job(putCount - 1);
    doneCount.store(putCount, std::memory_order_relaxed);
    return;
  }
  published.store(putCount);
  unrung += weight;
  if (unrung >= kWorthWaking) {
    unrung = 0;
    wokenFor = putCount;
    bell.ring();
  }
}

void Follower::waitFor(uint64_t jobs) {
  if (jobsDone() >= jobs)
    return;
  if (jobs == putCount && jobsDone() >= wokenFor && !busy.exchange(true)) {
    work(jobs);
    busy.store(false);
    return;
  }
  unrung = 0;
  wokenFor = putCount;
  awaited.store(jobs);
  bell.ring();
  team.waitAndHelp([&] { return doneCount.load() >= jobs; });
}
