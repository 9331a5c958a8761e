#include "Frontend/Model/Isolation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace wafer;
using namespace wafer::frontend;

namespace {

std::string processId(const std::string &, WorkStep &) { return std::to_string(getpid()); }

std::string crash(const std::string &, WorkStep &step) {
  step.enter("the first");
  step.enter("node 'a' (B)");
  std::raise(SIGSEGV);
  return "";
}

std::string spin(const std::string &seconds, WorkStep &step) {
  step.enter("a loop");
  const clock_t end = clock() + static_cast<clock_t>(std::stod(seconds) * CLOCKS_PER_SEC);
  while (clock() < end)
    ;
  return "done";
}

std::string messageOf(const Result<std::string> &result) { return result ? "" : result.error().message; }

TEST(Isolation, ReturnsWhatTheWorkReturns) {
  std::string large(5'000'000, 'x');
  auto append = [](const std::string &request, WorkStep &) { return request + "y"; };
  auto result = runIsolated({}, append, large);
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(*result, large + "y");
  EXPECT_EQ(*runIsolated({}, append, ""), "y");
  EXPECT_EQ(*runIsolated({}, [](const std::string &, WorkStep &) { return std::string(); }, large), "");
}

TEST(Isolation, LeavesTheProcessAlone) {
  static int value = 1;
  ASSERT_TRUE(bool(runIsolated(
      {},
      [](const std::string &, WorkStep &) {
        value = 2;
        return std::string();
      },
      "")));
  EXPECT_EQ(value, 1);
}

/// In a process that has run no other test: children of large ones are not kept.
template <typename Body> void inFreshProcess(Body body) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto run = [&] {
    body();
    std::_Exit(::testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

TEST(Isolation, ChildIsKeptForTheNextRequest) {
  inFreshProcess([] {
    bool kept = false;
    for (int attempt = 0; attempt != 5 && !kept; ++attempt) { // a loaded machine may take longer than the child waits
      auto first = runIsolated({}, processId, ""), second = runIsolated({}, processId, "");
      ASSERT_TRUE(first && second);
      EXPECT_NE(*first, std::to_string(getpid()));
      kept = *first == *second;
    }
    EXPECT_TRUE(kept);
  });
}

TEST(Isolation, ChildWithoutWorkEnds) {
  inFreshProcess([] {
    Result<std::string> first = std::string();
    auto isRunning = [&] {
      std::ifstream file("/proc/" + *first + "/stat");
      std::string id, name, letter;
      return bool(file >> id >> name >> letter) && letter != "Z";
    };
    bool wasSeen = false;
    for (int attempt = 0; attempt != 5 && !wasSeen; ++attempt) { // a loaded machine may look later than the child waits
      first = runIsolated({}, processId, "");
      ASSERT_TRUE(bool(first));
      wasSeen = isRunning();
    }
    EXPECT_TRUE(wasSeen);
    for (int tenths = 0; tenths != 100 && isRunning(); ++tenths)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_FALSE(isRunning());
    auto second = runIsolated({}, processId, "");
    ASSERT_TRUE(bool(second));
    EXPECT_NE(*first, *second);
  });
}

TEST(Isolation, ChildHoldsNoneOfTheFilesOfTheHost) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  // One that is forked while the pipe is there.
  auto result = runIsolated({}, [](const std::string &, WorkStep &) { return std::string("done"); }, "");
  close(ends[1]);
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), 0);
  close(ends[0]);
  ASSERT_TRUE(bool(result));
}

TEST(Isolation, CopyOfTheHostHasItsOwnChild) {
  auto ours = runIsolated({}, processId, "");
  ASSERT_TRUE(bool(ours));
  const pid_t copy = fork();
  if (copy == 0) {
    auto its = runIsolated({}, processId, "");
    _exit(its && *its != *ours ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(waitpid(copy, &status, 0), copy);
  EXPECT_EQ(status, 0);
}

TEST(Isolation, ChildEndsWithItsHost) {
  const std::string path = testing::TempDir() + "wafer-isolation-" + std::to_string(getpid());
  const pid_t host = fork();
  if (host == 0) {
    std::thread([] {
      std::this_thread::sleep_for(std::chrono::seconds(2));
      std::raise(SIGKILL);
    }).detach();
    (void)runIsolated(
        {},
        [](const std::string &file, WorkStep &) -> std::string {
          std::ofstream(file) << getpid() << std::endl;
          for (;;)
            usleep(1000);
        },
        path);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(host, &status, 0), host);
  ASSERT_TRUE(WIFSIGNALED(status));
  pid_t child = 0;
  std::ifstream(path) >> child;
  unlink(path.c_str());
  ASSERT_GT(child, 0);
  for (int tenths = 0; tenths != 100 && kill(child, 0) == 0; ++tenths)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_NE(kill(child, 0), 0);
}

TEST(Isolation, WorksInTheFolderOfTheHost) {
  auto folder = [](const std::string &, WorkStep &) { return std::filesystem::current_path().string(); };
  const std::filesystem::path before = std::filesystem::current_path();
  for (const std::filesystem::path &path : {before, std::filesystem::path("/"), before}) {
    std::filesystem::current_path(path);
    EXPECT_EQ(*runIsolated({}, folder, ""), path.string());
  }
}

TEST(Isolation, CrashNamesTheStep) {
  auto result = runIsolated({}, crash, "");
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(result.error().code, ErrorCode::LibraryCrashed);
  EXPECT_EQ(result.error().message, "the ONNX library crashed with SIGSEGV at node 'a' (B)");
}

TEST(Isolation, CrashOfAKeptChildIsItsRequests) {
  auto work = [](const std::string &request, WorkStep &step) { return request == "crash" ? crash("", step) : request; };
  EXPECT_EQ(*runIsolated({}, work, "a"), "a");
  EXPECT_EQ(messageOf(runIsolated({}, work, "crash")), "the ONNX library crashed with SIGSEGV at node 'a' (B)");
  EXPECT_EQ(*runIsolated({}, work, "b"), "b");
}

TEST(Isolation, HandlersOfTheHostAreNotRun) {
  auto old = std::signal(SIGABRT, [](int) { _exit(0); });
  auto result = runIsolated({}, [](const std::string &, WorkStep &) -> std::string { std::abort(); }, "");
  std::signal(SIGABRT, old);
  EXPECT_EQ(messageOf(result), "the ONNX library crashed with SIGABRT");
}

TEST(Isolation, LongStepsAreCut) {
  auto result = runIsolated(
      {},
      [](const std::string &, WorkStep &step) {
        step.enter(std::string(10'000, 'n'));
        std::raise(SIGSEGV);
        return std::string();
      },
      "");
  ASSERT_FALSE(bool(result));
  EXPECT_LT(result.error().message.size(), 1000u);
}

TEST(Isolation, ProcessorTimeOfARequestIsLimited) {
  IsolationLimits limits;
  limits.seconds = 1;
  for (int request = 0; request != 3; ++request)
    EXPECT_TRUE(bool(runIsolated(limits, spin, "0.5"))) << request;
  auto result = runIsolated(limits, spin, "100");
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(result.error().code, ErrorCode::LibraryLimit);
  EXPECT_NE(result.error().message.find("1 s of processor time; it was stopped at a loop"), std::string::npos);
}

TEST(Isolation, MemoryIsLimited) {
#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
  GTEST_SKIP() << "sanitizers reserve memory as they like";
#endif
  IsolationLimits limits;
  limits.bytes = 64 << 20;
  auto allocate = [](const std::string &request, WorkStep &) -> std::string {
    void *(*volatile allocate)(size_t) = std::malloc; // a call that nothing optimizes away
    void *memory = allocate(std::stoul(request));
    std::free(memory);
    return memory ? "got it" : "none left";
  };
  EXPECT_EQ(*runIsolated(limits, allocate, std::to_string(size_t(1) << 30)), "none left");
  EXPECT_EQ(*runIsolated(limits, allocate, std::to_string(size_t(1) << 20)), "got it");
  limits.bytes = int64_t(2) << 30;
  EXPECT_EQ(*runIsolated(limits, allocate, std::to_string(size_t(1) << 30)), "got it");
}

} // namespace
