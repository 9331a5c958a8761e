#include "wafer/Support/ForkSafeMutex.h"

#include <gtest/gtest.h>

#if defined(__unix__)
#include <atomic>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace wafer;

namespace {

struct Guarded {};

TEST(ForkSafeMutex, CopyOfTheProcessFindsItOpen) {
  std::atomic<bool> over = false;
  std::thread holder([&] {
    while (!over)
      std::lock_guard lock(ForkSafeMutex<Guarded>::get());
  });
  for (int i = 0; i != 50; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30); // ends it if it waits
      std::lock_guard lock(ForkSafeMutex<Guarded>::get());
      _exit(0);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  over = true;
  holder.join();
}

} // namespace
#endif
