#include "Frontend/Model/Isolation.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <unistd.h>

using namespace wafer;
using namespace wafer::frontend;

namespace {

TEST(Isolation, ReturnsWhatTheWorkReturns) {
  std::string large(5'000'000, 'x');
  auto result = runIsolated({}, [&](WorkStep &) { return large + "y"; });
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(*result, large + "y");
  EXPECT_EQ(*runIsolated({}, [](WorkStep &) { return std::string(); }), "");
}

TEST(Isolation, LeavesTheProcessAlone) {
  int value = 1;
  ASSERT_TRUE(bool(runIsolated({}, [&](WorkStep &) {
    value = 2;
    return std::string();
  })));
  EXPECT_EQ(value, 1);
}

TEST(Isolation, CrashNamesTheStep) {
  auto result = runIsolated({}, [](WorkStep &step) {
    step.enter("the first");
    step.enter("node 'a' (B)");
    std::raise(SIGSEGV);
    return std::string();
  });
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(result.error().code, ErrorCode::LibraryCrashed);
  EXPECT_EQ(result.error().message, "the ONNX library crashed with SIGSEGV at node 'a' (B)");
}

TEST(Isolation, HandlersOfTheHostAreNotRun) {
  auto old = std::signal(SIGABRT, [](int) { _exit(0); });
  auto result = runIsolated({}, [](WorkStep &) -> std::string { std::abort(); });
  std::signal(SIGABRT, old);
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(result.error().message, "the ONNX library crashed with SIGABRT");
}

TEST(Isolation, LongStepsAreCut) {
  auto result = runIsolated({}, [](WorkStep &step) {
    step.enter(std::string(10'000, 'n'));
    std::raise(SIGSEGV);
    return std::string();
  });
  ASSERT_FALSE(bool(result));
  EXPECT_LT(result.error().message.size(), 1000u);
}

TEST(Isolation, ProcessorTimeIsLimited) {
  IsolationLimits limits;
  limits.seconds = 1;
  auto result = runIsolated(limits, [](WorkStep &step) -> std::string {
    step.enter("a loop");
    for (volatile int i = 0;; i = i + 1)
      ;
  });
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
  auto result = runIsolated(limits, [](WorkStep &) -> std::string {
    void *(*volatile allocate)(size_t) = std::malloc; // a call that nothing optimizes away
    return allocate(size_t(1) << 30) ? "got it" : "none left";
  });
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(*result, "none left");
}

} // namespace
