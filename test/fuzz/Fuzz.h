// What the targets share. A target is a library call on arbitrary bytes: it returns, or the process ends, which is a
// finding. Beside crashes, sanitizers and time, require() turns broken promises into findings.
#ifndef WAFER_TEST_FUZZ_FUZZ_H
#define WAFER_TEST_FUZZ_FUZZ_H

#include "wafer/Support/Diagnostic.h"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/time.h>
#include <unistd.h>

namespace wafer::fuzz {

/// Ends the process if `good` is false.
inline void require(bool good, const char *promise, const std::string &detail = "") {
  if (good)
    return;
  std::fprintf(stderr, "broken promise: %s\n%s\n", promise, detail.c_str());
  std::abort();
}

/// Every refusal has a code of ErrorCodes.def and says something.
inline void requireCoded(const Diagnostic &diagnostic) {
  require(codeSummary(diagnostic.code) != "unknown error" && !diagnostic.message.empty(),
          "a refusal has a code and a message", diagnostic.str());
}

/// A number that an input decides, for checks that cost too much to make for each: FNV-1a.
inline uint64_t hashOf(const uint8_t *data, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i != size; ++i)
    hash = (hash ^ data[i]) * 0x100000001b3;
  return hash;
}

/// Ends the process if it lives through 5 s of processor time. libFuzzer's own limit is of a clock on the wall, which a
/// busy host lets pass too.
class TimeLimit {
public:
  TimeLimit() {
    std::signal(SIGPROF, [](int) {
      constexpr char text[] = "broken promise: an input takes at most 5 s\n";
      (void)!write(2, text, sizeof text - 1);
      std::abort();
    });
    set(5);
  }
  TimeLimit(const TimeLimit &) = delete;
  TimeLimit &operator=(const TimeLimit &) = delete;
  ~TimeLimit() { set(0); }

private:
  static void set(time_t seconds) {
    itimerval timer{{0, 0}, {seconds, 0}};
    setitimer(ITIMER_PROF, &timer, nullptr);
  }
};

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_FUZZ_H
